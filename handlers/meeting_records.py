"""What is kept of meetings, for who plans them: minutes, what was decided, what a unit owes, and the year's sheet."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import date, timedelta

from domain.base import NOT_FOUND, Refused
from domain.meetings.shapes import (
    CARD,
    FOLLOWS,
    MAX_FOLLOWUP,
    AddFollowup,
    KeepMinutes,
    SettleFollowup,
)
from domain.meetings.shown import (
    AttendancePage,
    FindOwners,
    SeeAttendance,
    SeeDuties,
    SeeFollowups,
    YearDuties,
)
from domain.notices.shown import UnitsToAddress
from domain.queries import Page, PersonRow
from handlers import forms, parsing, steps
from handlers.contents import restored
from handlers.forms import CONTENTS, Answers, Form, Said, Step, Taken
from handlers.meeting_desk import own_card
from handlers.turn import Answer, Do, Show, Turn, made, turned
from storage.drafts import Draft
from views import meeting_desk as screens
from views import meeting_duties
from views.message import Message, Upload

_ON_LIST = re.compile(r"([0-9]{1,18})(?:_([0-9]{1,18}))?", flags=re.ASCII)

# --- minutes ------------------------------------------------------------------------------------------------------------


def _keep(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["meeting_id"])
    return Do(
        KeepMinutes(number, restored(answers.get(CONTENTS) or ())),
        replies=(turn.words("toast.saved", edit=draft.message_id), turn.new_card(CARD, number)),
    )


WRITE = Form(
    "meeting_minutes",
    (Step("words", gathers=True, goes_on=("form.done",)),),
    submit=_keep,
)


async def write(turn: Turn) -> Answer:
    """``meeting.write:<id>``: words and pictures, as many as they like."""
    facts = await own_card(turn)
    if turn.now < facts.meeting.starts_at:
        raise Refused("meeting.not_yet")
    return await forms.begin(turn, WRITE, {"meeting_id": facts.meeting.id})


# --- what was decided -----------------------------------------------------------------------------------------------------


async def follows(turn: Turn) -> Answer:
    """``meeting.follows:<id>[:<page>]``: below the card; it goes on changing as things are done."""
    page = turn.pressed.count if turn.pressed.arg else 1
    found = await turn.read(SeeFollowups(turn.pressed.id, page))
    if turn.pressed.arg:
        return turned(turn, screens.follows(found, voice=await turn.voice()))
    return Show(replies=(turn.new_card(FOLLOWS, found.meeting_id),))


async def _owners(turn: Turn, answers: Answers) -> Page[PersonRow]:
    found: Page[PersonRow] = await turn.read(
        FindOwners(int(answers["meeting_id"]), int(answers.get("page") or 1))
    )
    return found


async def _owner(turn: Turn, said: Said, answers: Answers) -> Taken:
    """One of those shown, or another page of them."""
    if not said.verb:
        raise Refused("form.choose_button")
    number = parsing.number(said.arg, least=1, most=10**9, key=NOT_FOUND)
    if said.verb == "meeting.owners":
        return Taken({"page": number}, stay=True)
    steps.chosen(said, {str(row.id) for row in (await _owners(turn, answers)).rows})
    return Taken({"owner_id": number})


async def _due(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        ahead = parsing.number(said.arg, least=0, most=366, key=NOT_FOUND)
        return Taken({"due_on": (turn.today + timedelta(days=ahead)).isoformat()})
    return Taken({"due_on": parsing.day(said.text, today=turn.today).isoformat()})


def _add(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["meeting_id"])
    return Do(
        AddFollowup(
            number,
            str(answers["what"]),
            int(answers["owner_id"]),
            date.fromisoformat(str(answers["due_on"])),
        ),
        replies=(turn.words("followup.noted", edit=draft.message_id), turn.new_card(FOLLOWS, number)),
    )


FOLLOW = Form(
    "meeting_follow",
    (
        Step("what", take=steps.words("what", most=MAX_FOLLOWUP), screen=screens.asks("ask.followup_what")),
        Step(
            "owner",
            take=_owner,
            verbs=("meeting.owner", "meeting.owners"),
            choices=_owners,
            screen=screens.asks("ask.followup_owner", screens.owners),
        ),
        Step(
            "due_day",
            take=_due,
            verbs=("meeting.dueday",),
            screen=screens.asks("ask.followup_due", screens.due_days),
        ),
    ),
    submit=_add,
)


async def follow(turn: Turn) -> Answer:
    """``meeting.follow:<id>``: one more."""
    facts = await own_card(turn)
    if turn.now < facts.meeting.starts_at:
        raise Refused("meeting.not_yet")
    return await forms.begin(turn, FOLLOW, {"meeting_id": facts.meeting.id})


async def settle(turn: Turn) -> Answer:
    """``followup.settle:<id>[:<meeting>_<page>]``: it is done, whoever did it; pressed on a meeting's list that goes on where
    it is."""
    here = turn.pressed.message_id
    if turn.pressed.arg:
        listed = _ON_LIST.fullmatch(turn.pressed.arg)
        if listed is None:
            raise Refused(NOT_FOUND)
        shown = turn.card(FOLLOWS, int(listed[1]), page=int(listed[2] or 1))
        # Its owner may have been faster: the list shows it.
        return Do(
            SettleFollowup(turn.pressed.id), replies=(shown,), if_refused=shown, toast="toast.followup_done"
        )
    shown = turn.words("followup.settled", edit=here)
    return Do(SettleFollowup(turn.pressed.id), replies=(shown,), toast="toast.followup_done")


# --- what is owed, and the year's sheet -----------------------------------------------------------------------------------


async def places(turn: Turn) -> Answer:
    """``meetings.places:<unit>[:<page>]``: down the tree to a unit."""
    page = turn.pressed.count if turn.pressed.arg else 1
    above, found = await turn.read(UnitsToAddress(turn.pressed.id, page))
    actor = await turn.actor()
    parent = 0
    if above is not None and above.path not in {held.path for held in actor.held}:
        parts = above.path.split(".")[:-2]
        parent = int(parts[-1]) if parts else 0
    return turned(turn, meeting_duties.places(above, found, parent_id=parent, voice=await turn.voice()))


async def duty(turn: Turn) -> Answer:
    """``meetings.duty:<unit>``: what it owes this year."""
    found: YearDuties = await turn.read(SeeDuties(turn.pressed.id))
    return turned(turn, meeting_duties.duties(found, voice=await turn.voice()))


async def sheet(turn: Turn) -> Answer:
    """``meetings.sheet:<unit>:<year>``: everybody's attendance, as a workbook."""
    unit_id, year = turn.pressed.id, turn.pressed.count
    first: AttendancePage = await turn.read(SeeAttendance(unit_id, year))
    duties: YearDuties = await turn.read(SeeDuties(unit_id))
    voice = await turn.voice()
    named = {"place": voice.place(first.place), "year": str(first.year)}
    words = await turn.say("meeting.sheet_sent", **named)

    async def written() -> Message:
        from views.meeting_sheet import AttendanceBook

        book, found = AttendanceBook(first.meetings, voice=voice), first
        await asyncio.to_thread(book.add, found.rows)
        while found.next_after is not None:
            found = await turn.read(SeeAttendance(unit_id, year, found.next_after))
            await asyncio.to_thread(book.add, found.rows)
        if first.year == duties.facts.year:
            await asyncio.to_thread(book.duties, duties)
        content = await asyncio.to_thread(book.content)
        return replace(
            words, upload=Upload(meeting_duties.sheet_name(first.place, first.year, voice), content)
        )

    return made(written)


FORMS: tuple[Form, ...] = (WRITE, FOLLOW)
