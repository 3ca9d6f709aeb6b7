"""``/points``: one's own."""

from __future__ import annotations

from domain.queries import SeePoints
from handlers.turn import Answer, Turn, sent
from views import points as screens


async def points(turn: Turn) -> Answer:
    """``/points``."""
    return sent(screens.points(await turn.read(SeePoints()), voice=await turn.voice()))
