"""``/meetings`` for who plans them: planning, moving, correcting, calling off and closing. Who is there
is in ``meeting_door.py``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.base import NOT_FOUND, Action, Refused
from domain.meetings.offers import is_offered, planned_by
from domain.meetings.planning import check_time
from domain.meetings.shapes import (
    CARD,
    FOLLOWS,
    MAX_AGENDA,
    MAX_BACK,
    MAX_PLACE,
    MAX_TOPIC,
    CancelMeeting,
    CloseMeeting,
    CorrectMeeting,
    MeetingKind,
    MoveMeeting,
    PinPlace,
    PlanMeeting,
)
from domain.meetings.shown import (
    ListMeetings,
    MeetingCard,
    PlanFacts,
    SeePlan,
)
from domain.people_seen import UnitsBelow
from domain.permissions import Permission
from domain.queries import SeeCard, UnitLevel, UnitsInCharge
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Do, Show, Turn, sent, turned
from storage.drafts import Draft
from views import meeting_desk as screens
from views.message import Message

_CLOCK = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])", flags=re.ASCII)

# --- looking ------------------------------------------------------------------------------------------------------------


async def desk(turn: Turn) -> Answer:
    """``meetings.desk:<page>``."""
    found = await turn.read(ListMeetings(max(1, turn.pressed.id)))
    return turned(turn, screens.desk(found, voice=await turn.voice()))


async def own_card(turn: Turn) -> MeetingCard:
    """The pressed meeting, for who may plan it. Raises Refused for everyone else."""
    seen = await turn.read(SeeCard(CARD, turn.pressed.id))
    if not isinstance(seen.facts, MeetingCard):
        raise Refused(NOT_FOUND)
    return seen.facts


async def show_card(turn: Turn) -> Answer:
    """``meeting.card:<id>``: the card at the bottom of the chat."""
    return Show(replies=(turn.new_card(CARD, (await own_card(turn)).meeting.id),))


async def back_to_card(turn: Turn) -> Answer:
    """``meeting.back:<id>``: a screen below the card becomes the card."""
    number = (await own_card(turn)).meeting.id
    return Show(replies=(replace(turn.card(CARD, number), instead_of=FOLLOWS),))


def beside_card(turn: Turn, message: Message) -> Show:
    """A screen below the card, which goes on changing while people answer and check in; on such a screen in its place."""
    return turned(turn, message) if turn.beside("meeting.back") else sent(message)


# --- planning -----------------------------------------------------------------------------------------------------------


def _kind(value: object) -> MeetingKind:
    try:
        return MeetingKind(str(value))
    except ValueError:
        raise Refused(NOT_FOUND) from None


async def _take_kind(turn: Turn, said: Said, answers: Answers) -> Taken:
    """One that the person plans somewhere."""
    roles = {held.role for held in (await turn.actor()).held}
    return Taken({"kind": steps.chosen(said, planned_by(roles))})


async def _units(turn: Turn, answers: Answers) -> UnitLevel:
    """The person's own units, or those under one, as far as such a meeting is held there or further down."""
    kind, below = _kind(answers["kind"]), answers.get(steps.UNIT_LEVEL)
    level: UnitLevel = await turn.read(
        UnitsBelow(*below) if below else UnitsInCharge(to=Permission.PLAN_MEETING)
    )
    offered = tuple(row for row in level.rows if is_offered(row.kind, kind, goes_on=row.has_children))
    return replace(level, rows=offered)


async def _unit(turn: Turn, said: Said, answers: Answers) -> Taken:
    """Down the tree, or this one; one that holds no such meetings is not taken."""
    if not said.verb:
        raise Refused("form.choose_button")
    asked = steps.level_asked(said.arg)
    if asked is None:
        return Taken({steps.UNIT_LEVEL: None}, stay=True)
    level = await _units(turn, {**answers, steps.UNIT_LEVEL: asked})
    if level.above is None:
        raise Refused(NOT_FOUND)
    further = bool(level.rows or level.is_later or level.goes_on)
    if further and not said.verb.endswith(".here"):
        return Taken({steps.UNIT_LEVEL: asked}, stay=True)
    await turn.read(SeePlan(level.above.id, _kind(answers["kind"])))
    return Taken({"unit_id": level.above.id})


async def _day(turn: Turn, said: Said, answers: Answers) -> Taken:
    """From today on, or (``past``) up to today."""
    sign = -1 if answers.get("past") else 1
    if said.verb:
        days = parsing.number(said.arg, least=0, most=366, key=NOT_FOUND)
        return Taken({"day": (turn.today + sign * timedelta(days=days)).isoformat()})
    read = parsing.past_day if answers.get("past") else parsing.day
    return Taken({"day": read(said.text, today=turn.today).isoformat()})


async def _clock(turn: Turn, said: Said, answers: Answers) -> Taken:
    """A time of the day that was chosen, by the community's clock."""
    if said.verb:
        pressed = _CLOCK.fullmatch(said.arg)
        if pressed is None:
            raise Refused(NOT_FOUND)
        typed = f"{pressed[1]}:{pressed[2]}"
    else:
        typed = said.text
    zone, day = ZoneInfo(turn.rules.time_zone), date.fromisoformat(str(answers["day"]))
    eve = datetime.combine(day, time(), zone) - timedelta(seconds=1)
    try:
        starts_at = parsing.moment(typed, now=eve, zone=zone)
    except Refused:
        raise Refused("meeting.clock_wrong") from None
    if starts_at.astimezone(zone).date() != day:
        raise Refused("meeting.clock_wrong")
    check_time(starts_at, turn.now, back=MAX_BACK if answers.get("past") else timedelta(0))
    if answers.get("past") and starts_at > turn.now:
        raise Refused("meeting.not_over")
    return Taken({"starts_at": starts_at.isoformat()})


async def _plan_facts(turn: Turn, answers: Answers) -> PlanFacts:
    found: PlanFacts = await turn.read(SeePlan(int(answers["unit_id"]), _kind(answers["kind"])))
    return found


def _plan(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        PlanMeeting(
            int(answers["unit_id"]),
            _kind(answers["kind"]),
            str(answers["topic"]),
            str(answers["where"]),
            datetime.fromisoformat(str(answers["starts_at"])),
            str(answers.get("agenda") or ""),
        ),
        replies=(
            turn.words(
                "meeting.recorded_now" if answers.get("past") else "meeting.planned_now",
                edit=draft.message_id,
            ),
        ),
    )


def _open(answers: Answers) -> bool:
    return not answers.get("fixed")


_DAY = Step(
    "meeting_day", take=_day, verbs=("meeting.day",), screen=screens.asks("ask.meeting_day", screens.days)
)
_TIME = Step(
    "meeting_clock",
    take=_clock,
    verbs=("meeting.clock",),
    screen=screens.asks("ask.meeting_clock", screens.clocks),
)
NEW = Form(
    "meeting",
    (
        Step(
            "kind",
            take=_take_kind,
            verbs=("meeting.kind",),
            when=_open,
            screen=screens.asks("ask.meeting_kind", screens.kinds),
        ),
        Step(
            "meeting_unit",
            take=_unit,
            verbs=("meeting.unit", "meeting.here"),
            when=_open,
            choices=_units,
            screen=screens.asks("ask.meeting_unit", screens.units),
        ),
        Step("topic", take=steps.words("topic", most=MAX_TOPIC), screen=screens.asks("ask.meeting_topic")),
        Step("where", take=steps.words("where", most=MAX_PLACE), screen=screens.asks("ask.meeting_where")),
        _DAY,
        _TIME,
        Step(
            "agenda",
            take=steps.words("agenda", most=MAX_AGENDA),
            skippable=True,
            screen=screens.asks("ask.meeting_agenda"),
        ),
        Step("meeting_check", submits=("form.submit",), choices=_plan_facts, screen=screens.check),
    ),
    submit=_plan,
)


async def new(turn: Turn) -> Answer:
    """``meeting.new:0``, or ``meeting.new:<unit>:<kind>`` for what is missing there."""
    await turn.read(ListMeetings())  # says no to who may not
    if not turn.pressed.id:
        return await forms.begin(turn, NEW, {})
    kind = _kind(turn.pressed.arg)
    await turn.read(SeePlan(turn.pressed.id, kind))
    return await forms.begin(turn, NEW, {"unit_id": turn.pressed.id, "kind": kind.value, "fixed": True})


async def record(turn: Turn) -> Answer:
    """``meeting.record:0``: one that was held without being planned here."""
    await turn.read(ListMeetings())  # says no to who may not
    return await forms.begin(turn, NEW, {"past": True})


def _move(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["meeting_id"])
    return Do(
        MoveMeeting(
            number, datetime.fromisoformat(str(answers["starts_at"])), str(answers.get("where") or "")
        ),
        replies=(turn.words("meeting.moved_now", edit=draft.message_id), turn.new_card(CARD, number)),
    )


MOVE = Form(
    "meeting_move",
    (
        _DAY,
        _TIME,
        Step(
            "where",
            take=steps.words("where", most=MAX_PLACE),
            skippable=True,
            screen=screens.asks("ask.meeting_elsewhere"),
        ),
    ),
    submit=_move,
)


async def move(turn: Turn) -> Answer:
    """``meeting.move:<id>``."""
    return await forms.begin(turn, MOVE, {"meeting_id": (await own_card(turn)).meeting.id})


WORDS = ("topic", "where", "agenda")
"""What may be written otherwise without moving it."""


def _correct(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["meeting_id"])
    return Do(
        CorrectMeeting(
            number, topic=answers.get("topic"), place=answers.get("where"), agenda=answers.get("agenda")
        ),
        replies=(
            turn.words(
                "toast.saved" if answers["what"] == "agenda" else "meeting.corrected_now",
                edit=draft.message_id,
            ),
            turn.new_card(CARD, number),
        ),
    )


def _when(what: str) -> Callable[[Answers], bool]:
    return lambda answers: answers.get("what") == what


CORRECT = Form(
    "meeting_correct",
    (
        Step(
            "what",
            take=steps.one_of("what", lambda turn, answers: WORDS),
            verbs=("meeting.what",),
            screen=screens.asks("ask.meeting_what", screens.what_to_correct),
        ),
        *(
            Step(what, take=steps.words(what, most=most), when=_when(what), screen=screens.asks(key))
            for what, most, key in (
                ("topic", MAX_TOPIC, "ask.meeting_topic"),
                ("where", MAX_PLACE, "ask.meeting_where"),
                ("agenda", MAX_AGENDA, "ask.meeting_new_agenda"),
            )
        ),
    ),
    submit=_correct,
)


async def correct(turn: Turn) -> Answer:
    """``meeting.correct:<id>``: topic, place or agenda."""
    facts = await own_card(turn)
    if not facts.correctable(turn.now):
        raise Refused("meeting.over")
    return await forms.begin(turn, CORRECT, {"meeting_id": facts.meeting.id})


async def _pin(turn: Turn, said: Said, answers: Answers) -> Taken:
    content = said.content
    if content is None or content.kind != "location":
        raise Refused("meeting.place_needed")
    return Taken({"latitude": content.latitude, "longitude": content.longitude})


def _put_pin(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["meeting_id"])
    return Do(
        PinPlace(number, float(answers["latitude"]), float(answers["longitude"])),
        replies=(turn.words("toast.saved", edit=draft.message_id), turn.new_card(CARD, number)),
    )


PIN = Form(
    "meeting_pin",
    (Step("pin", take=_pin, screen=screens.asks("ask.meeting_pin")),),
    submit=_put_pin,
)


async def pin(turn: Turn) -> Answer:
    """``meeting.pin:<id>``."""
    return await forms.begin(turn, PIN, {"meeting_id": (await own_card(turn)).meeting.id})


# --- from button to button ------------------------------------------------------------------------------------------------


def _change(turn: Turn, action: Action, *, told: str) -> Do:
    card = replace(turn.card(CARD, turn.pressed.id), instead_of=FOLLOWS)
    return Do(action, replies=(replace(card, params={"note": told}),), if_refused=card)


async def cancel(turn: Turn) -> Answer:
    """``meeting.cancel:<id>``: asked once more."""
    return beside_card(turn, screens.surely_cancel(await own_card(turn), voice=await turn.voice()))


async def cancel_yes(turn: Turn) -> Answer:
    """``meeting.cancelyes:<id>``."""
    return _change(turn, CancelMeeting(turn.pressed.id), told="meeting.cancelled_now")


async def close(turn: Turn) -> Answer:
    """``meeting.close:<id>``: what will stand on the sheet."""
    return beside_card(turn, screens.surely_close(await own_card(turn), voice=await turn.voice()))


async def close_yes(turn: Turn) -> Answer:
    """``meeting.closeyes:<id>``."""
    return _change(turn, CloseMeeting(turn.pressed.id), told="meeting.closed_now")


FORMS: tuple[Form, ...] = (NEW, MOVE, CORRECT, PIN)
