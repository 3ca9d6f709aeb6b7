"""The answer of staff to an alarm. How one is raised is with the forms in which somebody tells what is wrong."""

from __future__ import annotations

from domain.alarms import AcknowledgeAlarm
from domain.queries import SeeCard
from handlers.turn import Answer, Do, Show, Turn


async def seen(turn: Turn) -> Answer:
    """``alarm.seen:<id>``: somebody acts."""
    card = turn.card("alarm.card", turn.pressed.id)
    return Do(AcknowledgeAlarm(turn.pressed.id), replies=(card,), if_refused=card, toast="toast.seen")


async def see(turn: Turn) -> Answer:
    """``alarm.see:<id>``, from the desk's list."""
    await turn.read(SeeCard("alarm.card", turn.pressed.id))
    return Show(replies=(turn.new_card("alarm.card", turn.pressed.id),))
