"""What staff note of a person, chosen by buttons on a screen that stands in the card's place."""

from __future__ import annotations

from domain.tags import TagPerson
from handlers.persons import seen
from handlers.turn import Answer, Do, Show, Turn, turned
from storage.outbox import Reply
from views import tags as screens


async def see(turn: Turn) -> Answer:
    """``person.tags:<id>``."""
    return turned(turn, screens.person_tags({}, await seen(turn, "tag"), await turn.voice()))


async def put(turn: Turn) -> Answer:
    """``person.tag:<id>:<tag>``."""
    return _change(turn, on=True)


async def take_off(turn: Turn) -> Answer:
    """``person.untag:<id>:<tag>``."""
    return _change(turn, on=False)


def _change(turn: Turn, *, on: bool) -> Do:
    shown = Reply(
        "person.tags",
        turn.who.telegram_id,
        subject_id=turn.pressed.id,
        edit_message_id=turn.pressed.message_id,
    )
    return Do(TagPerson(turn.pressed.id, turn.pressed.arg, on), replies=(shown,), toast="toast.saved")


async def back(turn: Turn) -> Answer:
    """``person.back:<id>``: the card again, in the same message."""
    await seen(turn, "tag")
    return Show(replies=(turn.card("person.card", turn.pressed.id),))
