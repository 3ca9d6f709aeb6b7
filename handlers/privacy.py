"""What is held about somebody: shown, exported, forgotten. Source: DOMAIN §12."""

from __future__ import annotations

from handlers.forms import Form
from handlers.turn import Answer, Nothing, Turn

FORMS: tuple[Form, ...] = ()


async def privacy(turn: Turn) -> Answer:
    """``/privacy``."""
    return Nothing()
