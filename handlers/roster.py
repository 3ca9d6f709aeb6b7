"""People as staff see them: search, cards, entering, suspending, merging. Source: DOMAIN §1, §2."""

from __future__ import annotations

from handlers.forms import Form
from handlers.turn import Answer, Nothing, Turn

FORMS: tuple[Form, ...] = ()


async def people(turn: Turn) -> Answer:
    """``/people``."""
    return Nothing()
