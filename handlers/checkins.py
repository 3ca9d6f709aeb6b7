"""Check-in 双报到: a member who lives here says so, and the secretary approves. Source: DOMAIN §1, §2."""

from __future__ import annotations

from handlers.forms import Form
from handlers.turn import Answer, Nothing, Turn

FORMS: tuple[Form, ...] = ()


async def checkin(turn: Turn) -> Answer:
    """``/checkin``."""
    return Nothing()
