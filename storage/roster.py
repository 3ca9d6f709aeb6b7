"""People as staff see them: search, cards, entering, suspending, merging. Source: DOMAIN §1, §2."""

from __future__ import annotations

from typing import Any

LOADERS: dict[type[Any], Any] = {}
