"""The tree of units: how it is browsed and changed. Source: DOMAIN §1, §2."""

from __future__ import annotations

from handlers.forms import Form
from handlers.turn import Answer, Nothing, Turn

FORMS: tuple[Form, ...] = ()


async def org(turn: Turn) -> Answer:
    """``/org``."""
    return Nothing()
