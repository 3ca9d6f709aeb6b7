"""The block list, from a person's card. What is heard of who stands on it is ``gate.py``'s."""

from __future__ import annotations

from domain.blocks import BlockPerson, UnblockPerson
from handlers.turn import Answer, Do, Turn


async def add(turn: Turn) -> Answer:
    """``block.add:<person_id>``."""
    card = turn.card("person.card", turn.pressed.id)
    return Do(BlockPerson(turn.pressed.id), replies=(card,), if_refused=card, toast="toast.blocked")


async def remove(turn: Turn) -> Answer:
    """``block.remove:<person_id>``."""
    card = turn.card("person.card", turn.pressed.id)
    return Do(UnblockPerson(turn.pressed.id), replies=(card,), if_refused=card, toast="toast.unblocked")
