"""The audit trail: searched, sealed and checked. Source: DOMAIN §12."""

from __future__ import annotations

from handlers.forms import Form
from handlers.turn import Answer, Nothing, Turn

FORMS: tuple[Form, ...] = ()


async def audit(turn: Turn) -> Answer:
    """``/audit``."""
    return Nothing()
