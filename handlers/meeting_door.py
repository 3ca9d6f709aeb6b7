"""Who is at a meeting: the code and the QR code on the spot, the lists, and putting a closed one right."""

from __future__ import annotations

import asyncio
import re

from domain.base import NOT_FOUND, Refused
from domain.meetings.shapes import MAX_REASON, AmendList, TickGuest
from domain.meetings.shown import CodeFacts, GuestPage, SeeCode, SeeGuests
from handlers import forms, steps
from handlers.forms import Answers, Form, Step
from handlers.meeting_desk import beside_card
from handlers.turn import Answer, Do, Say, Show, Turn
from storage.drafts import Draft
from storage.outbox import Reply
from views import meeting_guests as screens
from views.message import Message, Upload

ABSENT, PRESENT = "meeting.absent", "meeting.present"
_PERSON = re.compile(r"([0-9]{1,18})(?:_([0-9]{1,18}))?", flags=re.ASCII)

# --- the lists ------------------------------------------------------------------------------------------------------------


async def _guests(turn: Turn, *, here: bool) -> Answer:
    after = turn.pressed.count if turn.pressed.arg else 0
    found = await turn.read(SeeGuests(turn.pressed.id, after, here=here))
    return beside_card(turn, screens.guests(found, voice=await turn.voice()))


async def absent(turn: Turn) -> Answer:
    """``meeting.absent:<id>[:<after>]``: who is not there."""
    return await _guests(turn, here=False)


async def present(turn: Turn) -> Answer:
    """``meeting.present:<id>[:<after>]``: who is."""
    return await _guests(turn, here=True)


def _pressed(turn: Turn) -> tuple[int, int]:
    """The person on the button, and after whom the page begins that it stands on: so many numbers ``back``."""
    found = _PERSON.fullmatch(turn.pressed.arg)
    if found is None:
        raise Refused(NOT_FOUND)
    return int(found[1]), max(0, int(found[1]) - int(found[2] or found[1]))


def _list(turn: Turn, meeting_id: int, *, here: bool, after: int, edit: int | None) -> Reply:
    return Reply(
        PRESENT if here else ABSENT,
        turn.who.telegram_id,
        subject_id=meeting_id,
        params={"after": after},
        edit_message_id=edit,
    )


def _ticked(turn: Turn, *, here: bool) -> Do:
    person_id, after = _pressed(turn)
    number = turn.pressed.id
    shown = _list(turn, number, here=not here, after=after, edit=turn.pressed.message_id)
    action = TickGuest(number, person_id, here=here)
    return Do(action, replies=(shown,), if_refused=shown, toast="toast.saved")


async def tick(turn: Turn) -> Answer:
    """``meeting.tick:<id>:<person>_<back>``: they are there; the list goes on where it is."""
    return _ticked(turn, here=True)


async def strike(turn: Turn) -> Answer:
    """``meeting.strike:<id>:<person>_<back>``: they are not."""
    return _ticked(turn, here=False)


# --- after it was closed --------------------------------------------------------------------------------------------------


def _amend(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number, here = int(answers["meeting_id"]), bool(answers["here"])
    return Do(
        AmendList(number, int(answers["person_id"]), here=here, reason=str(answers["reason"])),
        replies=(_list(turn, number, here=not here, after=int(answers["after"]), edit=draft.message_id),),
    )


AMEND = Form(
    "meeting_amend",
    (
        Step(
            "amend_reason",
            take=steps.words("reason", most=MAX_REASON),
            screen=screens.asks_why,
        ),
    ),
    submit=_amend,
)


async def _begin(turn: Turn, *, here: bool) -> Answer:
    person_id, after = _pressed(turn)
    found: GuestPage = await turn.read(SeeGuests(turn.pressed.id, max(0, person_id - 1), here=not here))
    who = [one.name for one in found.rows if one.person_id == person_id]
    if not who:
        raise Refused(NOT_FOUND)
    if not found.amends:
        raise Refused("meeting.list_fixed")
    answers = {"meeting_id": found.meeting_id, "person_id": person_id, "after": after, "here": here}
    return await forms.begin(turn, AMEND, {**answers, "who": who[0]})


async def put_on(turn: Turn) -> Answer:
    """``meeting.puton:<id>:<person>_<back>``: they were there after all; why?"""
    return await _begin(turn, here=True)


async def take_off(turn: Turn) -> Answer:
    """``meeting.takeoff:<id>:<person>_<back>``: they were not."""
    return await _begin(turn, here=False)


# --- the code -------------------------------------------------------------------------------------------------------------


async def code(turn: Turn) -> Answer:
    """``meeting.code:<id>``: the code of this minute."""
    found = await turn.read(SeeCode(turn.pressed.id))
    return beside_card(turn, screens.code(found, voice=await turn.voice()))


async def qr(turn: Turn) -> Answer:
    """``meeting.qr:<id>``: the same to be scanned."""
    found: CodeFacts = await turn.read(SeeCode(turn.pressed.id))
    words = screens.below_qr(found, voice=await turn.voice())

    async def drawn() -> Message:
        link = screens.link_of(turn.bot_username, found)
        content = await asyncio.to_thread(screens.picture, link)
        return Message(
            words.text,
            keyboard=words.keyboard,
            upload=Upload(f"meeting-{found.meeting_id}.png", content, picture=True),
        )

    return Show((Say(drawn),), toast="toast.making")


FORMS: tuple[Form, ...] = (AMEND,)
