"""``python -m bot.permissions_page``: the permission table as a page of the documentation, on standard output."""

from __future__ import annotations

import sys

from views.catalogue import Texts
from views.rights import permissions_page

if __name__ == "__main__":
    sys.stdout.write(permissions_page(Texts.load()))
