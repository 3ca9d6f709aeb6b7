"""``/meetings`` for whoever is invited: the list, the answer, checking in on the spot, the minutes, what one has taken on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import structlog

from domain.base import NOT_FOUND, Refused
from domain.limits import Counted
from domain.meetings.codes import DIGITS
from domain.meetings.shapes import (
    MAX_REASON,
    MINE,
    AnswerMeeting,
    CheckInMeeting,
    FinishFollowup,
)
from domain.meetings.shown import CheckInFacts, ListMyMeetings, MeetingForGuest, SeeCheckIn, SeeMinutes
from domain.queries import SeeCard
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.limits import minutes as in_minutes
from handlers.turn import Answer, Do, Say, Show, Turn, sent, turned
from storage.drafts import Draft
from storage.outbox import Reply
from views import meetings as screens

log = structlog.get_logger(__name__)

_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", flags=re.ASCII)
_LINK = re.compile(rf"([0-9]{{1,18}})-([0-9]{{{DIGITS}}})", flags=re.ASCII)


async def meetings(turn: Turn) -> Answer:
    """``/meetings``: what is to come."""
    return sent(screens.my_meetings(await turn.read(ListMyMeetings()), voice=await turn.voice()))


async def page(turn: Turn) -> Answer:
    """``meetings.page:<page>``."""
    found = await turn.read(ListMyMeetings(turn.pressed.id))
    return turned(turn, screens.my_meetings(found, voice=await turn.voice()))


async def past(turn: Turn) -> Answer:
    """``meetings.past:<page>``: this year's record."""
    found = await turn.read(ListMyMeetings(turn.pressed.id, past=True))
    return turned(turn, screens.my_meetings(found, voice=await turn.voice()))


async def _own(turn: Turn, meeting_id: int) -> MeetingForGuest:
    seen = await turn.read(SeeCard(MINE, meeting_id))
    if not isinstance(seen.facts, MeetingForGuest):
        raise Refused(NOT_FOUND)
    return seen.facts


async def open_meeting(turn: Turn) -> Answer:
    """``meeting.open:<id>``, from the list."""
    facts = await _own(turn, turn.pressed.id)
    return Show(replies=(turn.new_card(MINE, facts.meeting.id),))


# --- answering ----------------------------------------------------------------------------------------------------------


async def come(turn: Turn) -> Answer:
    """``meeting.come:<id>:<edition>``."""
    # On an older invitation, or too late, it shows what is true now.
    card = turn.card(MINE, turn.pressed.id)
    return Do(
        AnswerMeeting(turn.pressed.id, turn.pressed.count, coming=True),
        replies=(card,),
        if_refused=card,
        toast="toast.meeting_coming",
    )


def _take_leave(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["meeting_id"])
    return Do(
        AnswerMeeting(number, int(answers["edition"]), coming=False, reason=str(answers["reason"])),
        replies=(turn.new_card(MINE, number, note="meeting.leave_noted"),),
    )


LEAVE = Form(
    "meeting_leave",
    (
        Step(
            "leave_reason",
            take=steps.words("reason", most=MAX_REASON),
            screen=screens.asks("ask.meeting_leave"),
        ),
    ),
    submit=_take_leave,
)


async def leave(turn: Turn) -> Answer:
    """``meeting.leave:<id>:<edition>``: why."""
    facts = await _own(turn, turn.pressed.id)
    if facts.meeting.edition != turn.pressed.count:
        raise Refused("meeting.was_moved")
    if turn.now >= facts.meeting.starts_at:
        raise Refused("meeting.too_late")
    return await forms.begin(turn, LEAVE, {"meeting_id": facts.meeting.id, "edition": facts.meeting.edition})


# --- checking in --------------------------------------------------------------------------------------------------------


async def _right(turn: Turn, meeting_id: int, code: str) -> CheckInFacts:
    """Whether the code is right. Who has tried many that were not is guessing: then none is looked at."""
    who = turn.who.telegram_id
    if seconds := turn.limits.wait(Counted.CODES, who):
        raise Refused("meeting.codes_tried", count=in_minutes(seconds))
    try:
        found: CheckInFacts = await turn.read(SeeCheckIn(meeting_id, code))
    except Refused as refused:
        if refused.key == "meeting.code_wrong":
            turn.limits.count(Counted.CODES, who)
            if turn.limits.wait(Counted.CODES, who):
                log.warning("meeting codes are being guessed", telegram_id=who, meeting=meeting_id)
        elif refused.key == NOT_FOUND:
            # Who holds no role at all, and a meeting that there is none of: no more is told, in words that help.
            raise Refused("meeting.not_invited") from None
        raise
    return found


async def _code(turn: Turn, said: Said, answers: Answers) -> Taken:
    typed = parsing.plain(said.text).replace(" ", "")
    if _CODE.fullmatch(typed) is None:
        raise Refused("meeting.code_shape", count=DIGITS)
    found = await _right(turn, int(answers["meeting_id"]), typed)
    return Taken({"code": typed, "seen_at": turn.now.isoformat(), "asks_place": found.asks_place})


async def _spot(turn: Turn, said: Said, answers: Answers) -> Taken:
    content = said.content
    if content is None or content.kind != "location":
        raise Refused("meeting.place_needed")
    return Taken({"latitude": content.latitude, "longitude": content.longitude})


def _check_in(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["meeting_id"])
    return Do(
        CheckInMeeting(
            number,
            str(answers["code"]),
            datetime.fromisoformat(str(answers["seen_at"])),
            answers.get("latitude"),
            answers.get("longitude"),
        ),
        replies=(turn.new_card(MINE, number),),
    )


CODE = Form(
    "meeting_code",
    (
        Step("code", take=_code, screen=screens.asks("ask.meeting_code")),
        Step(
            "spot",
            take=_spot,
            when=lambda answers: bool(answers.get("asks_place")),
            screen=screens.asks("ask.meeting_spot"),
        ),
    ),
    submit=_check_in,
)


async def check_in(turn: Turn) -> Answer:
    """``meeting.checkin:<id>``: the code is asked for, if it is the time for it."""
    await turn.read(SeeCheckIn(turn.pressed.id))
    return await forms.begin(turn, CODE, {"meeting_id": turn.pressed.id})


async def linked(turn: Turn, link: str) -> Answer:
    """``/start m-<id>-<code>``: scanned on the spot; one press checks in."""
    parts = _LINK.fullmatch(link)
    if parts is None:
        raise Refused(NOT_FOUND)
    meeting_id, code = int(parts[1]), parts[2]
    await _right(turn, meeting_id, code)
    return sent(screens.scanned(await _own(turn, meeting_id), code, voice=await turn.voice()))


async def scanned(turn: Turn) -> Answer:
    """``meeting.scan:<id>:<code>``: the press below what was scanned."""
    meeting_id, code = turn.pressed.id, turn.pressed.arg
    found = await _right(turn, meeting_id, code)
    answers = {"meeting_id": meeting_id, "code": code, "seen_at": turn.now.isoformat()}
    if not found.asks_place:
        card = turn.card(MINE, meeting_id)
        return replace(_check_in(turn, answers, Draft(CODE.name, "code")), replies=(card,), if_refused=card)
    return await forms.show(turn, CODE, CODE.step("spot"), {**answers, "asks_place": True})


# --- what is kept, and what one has taken on ------------------------------------------------------------------------------


async def minutes(turn: Turn) -> Answer:
    """``meeting.minutes:<id>``."""
    found = await turn.read(SeeMinutes(turn.pressed.id))
    return Show(tuple(Say(one) for one in screens.minutes(found, voice=await turn.voice())))


async def done(turn: Turn) -> Answer:
    """``followup.done:<id>[:<page>]``: mine is done; pressed on one's own list that goes on where it is."""
    if turn.pressed.arg:
        shown = Reply(
            "meeting.list",
            turn.who.telegram_id,
            subject_id=(await turn.actor()).person_id,
            params={"page": turn.pressed.count},
            edit_message_id=turn.pressed.message_id,
        )
        return Do(FinishFollowup(turn.pressed.id), replies=(shown,), toast="toast.followup_done")
    gone = Reply(
        "said",
        turn.who.telegram_id,
        params={"key": "followup.thanks"},
        edit_message_id=turn.pressed.message_id,
    )
    return Do(FinishFollowup(turn.pressed.id), replies=(gone,), toast="toast.followup_done")


FORMS: tuple[Form, ...] = (LEAVE, CODE)
