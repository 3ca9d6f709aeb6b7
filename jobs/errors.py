"""Errors that the transport raises and delivery understands.

They stand here, and not beside the transport, because `bot` may import `jobs` and not the other way round.
"""

from __future__ import annotations

from telegram.error import NetworkError


class SurelyUnsent(NetworkError):
    """Nothing of the request reached the server: sending it again cannot repeat it.

    A subclass of `NetworkError`, so that code that does not know the difference still sees a network failure.
    """
