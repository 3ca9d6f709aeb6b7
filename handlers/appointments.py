"""Appointments: the form that grants one from somebody's card, its end, and the deputy one names while away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.appointments import EndAppointment, GrantRole
from domain.base import NOT_FOUND, Actor, Refused, Role
from domain.deputies import NameDeputy, RecallDeputy
from domain.people_seen import AppointmentFacts, ListDeputies, SeeAppointment, UnitsBelow
from domain.permissions import Permission
from domain.queries import UnitLevel, UnitsInCharge
from domain.rank import may_reach
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Said, Step, Take, Taken
from handlers.persons import chosen, seen, words_for_search
from handlers.steps import UNIT_LEVEL
from handlers.turn import Answer, Do, Turn, sent
from storage.drafts import Draft
from views import appointments as screens
from views import rosterforms

TERMS = {"1y": 1, "3y": 3}
MAX_DAYS = 366


# --- granting -----------------------------------------------------------------------------------------------------------


async def appoint(turn: Turn) -> Answer:
    """``person.appoint:<id>``."""
    facts = await seen(turn, "appoint")
    return await forms.begin(turn, APPOINT, {"person_id": facts.id, "who": facts.name})


def _roles(actor: Actor) -> Collection[str]:
    """What may be given at all: below one's own unit."""
    if actor.holds(Role.ADMIN):
        return tuple(Role)
    return (Role.MEMBER, Role.LEADER, Role.SECRETARY)


async def _role_choices(turn: Turn, answers: Answers) -> Any:
    return tuple(_roles(await turn.actor()))


async def _role(turn: Turn, said: Said, answers: Answers) -> Taken:
    if not said.verb:
        raise Refused("form.choose_button")
    if said.arg not in _roles(await turn.actor()):
        raise Refused(NOT_FOUND)
    return Taken({"role": said.arg})


async def _units(turn: Turn, answers: Answers) -> UnitLevel:
    below = answers.get(UNIT_LEVEL)
    level: UnitLevel = await turn.read(UnitsBelow(*below) if below else UnitsInCharge(to=Permission.APPOINT))
    return level


async def _unit(turn: Turn, said: Said, answers: Answers) -> Taken:
    """Down the tree, or this one. What cannot be given at one's own unit is said here already."""
    if not said.verb:
        raise Refused("form.choose_button")
    asked = steps.level_asked(said.arg)
    if asked is None:
        return Taken({UNIT_LEVEL: None}, stay=True)
    level: UnitLevel = await turn.read(UnitsBelow(*asked))
    if level.above is None:
        raise Refused(NOT_FOUND)
    if (level.rows or level.is_later) and said.verb != "appoint.here":
        return Taken({UNIT_LEVEL: asked}, stay=True)
    actor, role = await turn.actor(), Role(str(answers["role"]))
    own = [held.path for held in actor.held if held.unit_id == level.above.id]
    if own and not may_reach(actor, role, own[0]):
        raise Refused("appoint.not_yours_to_give")
    place = level.above.place
    return Taken({"unit_id": level.above.id, "unit_zh": place.zh, "unit_en": place.en})


def starting(verb: str) -> Take:
    """From a day on: today or tomorrow by button, any day from today by words."""

    async def take(turn: Turn, said: Said, answers: Answers) -> Taken:
        if said.verb == verb:
            days = parsing.number(said.arg, least=0, most=MAX_DAYS, key=NOT_FOUND)
            day = turn.today + timedelta(days=days)
        else:
            day = parsing.day(said.text, today=turn.today)
        # From today on means from now on.
        return Taken({"from": None if day == turn.today else day.isoformat()})

    return take


async def _until(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        if said.arg == "none":
            return Taken({"until": None})
        if said.arg not in TERMS:
            raise Refused(NOT_FOUND)
        return Taken({"until": _later(_first_day(turn, answers), TERMS[said.arg]).isoformat()})
    return Taken({"until": _typed_end(turn, said, answers)})


def _typed_end(turn: Turn, said: Said, answers: Answers) -> str:
    day = parsing.day(said.text, today=turn.today)
    if day < _first_day(turn, answers):
        raise Refused("appoint.ends_too_early")
    return day.isoformat()


def _first_day(turn: Turn, answers: Answers) -> date:
    return date.fromisoformat(str(answers["from"])) if answers.get("from") else turn.today


def _later(day: date, years: int) -> date:
    """The last day of a term of whole years; one that begins on 29 February ends on the 28th."""
    try:
        return day.replace(year=day.year + years) - timedelta(days=1)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _begins(turn: Turn, answers: Answers) -> datetime | None:
    return midnight(turn, date.fromisoformat(str(answers["from"]))) if answers.get("from") else None


def _is_over(turn: Turn, answers: Answers) -> datetime | None:
    """The midnight after the last day."""
    if not answers.get("until"):
        return None
    return midnight(turn, date.fromisoformat(str(answers["until"])) + timedelta(days=1))


def midnight(turn: Turn, day: date) -> datetime:
    """When a day begins in the community."""
    return datetime.combine(day, time(), ZoneInfo(turn.rules.time_zone))


def _appoint(turn: Turn, answers: Answers, draft: Draft) -> Do:
    person_id = int(answers["person_id"])
    return Do(
        GrantRole(
            person_id,
            Role(str(answers["role"])),
            int(answers["unit_id"]),
            starts_at=_begins(turn, answers),
            ends_at=_is_over(turn, answers),
        ),
        replies=(
            turn.words("appoint.done", edit=draft.message_id, name=str(answers["who"])),
            turn.new_card("person.card", person_id),
        ),
        toast="toast.saved",
    )


APPOINT = Form(
    "appoint",
    (
        Step(
            "role",
            take=_role,
            verbs=("appoint.role",),
            choices=_role_choices,
            screen=rosterforms.asks("ask.appoint_role", screens.roles),
        ),
        Step(
            "unit",
            take=_unit,
            verbs=("appoint.unit", "appoint.here"),
            choices=_units,
            screen=rosterforms.asks("ask.appoint_unit", rosterforms.units),
        ),
        Step(
            "from",
            take=starting("appoint.from"),
            verbs=("appoint.from",),
            screen=rosterforms.asks("ask.appoint_from", screens.starts),
        ),
        Step(
            "until",
            take=_until,
            verbs=("appoint.until",),
            screen=rosterforms.asks("ask.appoint_until", screens.ends),
        ),
        Step("check", submits=("form.submit",), screen=screens.summary),
    ),
    submit=_appoint,
)


# --- ending -------------------------------------------------------------------------------------------------------------


async def end(turn: Turn) -> Answer:
    """``person.end:<appointment>``: asked once more, with what follows."""
    facts: AppointmentFacts = await turn.read(SeeAppointment(turn.pressed.id))
    if not facts.may_end:
        raise Refused(NOT_FOUND)
    return sent(screens.sure_to_end(facts, voice=await turn.voice()))


async def end_yes(turn: Turn) -> Answer:
    """``person.endyes:<appointment>``."""
    facts: AppointmentFacts = await turn.read(SeeAppointment(turn.pressed.id))
    return Do(
        EndAppointment(turn.pressed.id),
        replies=(
            turn.words("appoint.ended", edit=turn.pressed.message_id, name=facts.name),
            turn.new_card("person.card", facts.person_id),
        ),
        toast="toast.saved",
    )


# --- while one is away --------------------------------------------------------------------------------------------------


async def away(turn: Turn) -> Answer:
    """``person.away:<appointment>``, on one's own card."""
    facts: AppointmentFacts = await turn.read(SeeAppointment(turn.pressed.id))
    if facts.person_id != (await turn.actor()).person_id:
        raise Refused(NOT_FOUND)
    return await forms.begin(turn, DEPUTY, {"appointment_id": facts.id})


async def recall(turn: Turn) -> Answer:
    """``person.recall:<appointment>``: the deputy's."""
    card = turn.card("person.card", (await turn.actor()).person_id)
    return Do(RecallDeputy(turn.pressed.id), replies=(card,), if_refused=card, toast="toast.saved")


async def _deputies(turn: Turn, answers: Answers) -> Any:
    return await turn.read(ListDeputies(int(answers["appointment_id"]), str(answers.get("words") or "")))


async def _who(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        row = chosen(said, await _deputies(turn, answers))
        return Taken({"person_id": row.id, "deputy": row.name})
    words = words_for_search(said)
    if not await _deputies(turn, {**answers, "words": words}):
        raise Refused("roster.nobody_like_that", text=words)
    return Taken({"words": words}, stay=True)


async def _back(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        days = parsing.number(said.arg, least=1, most=MAX_DAYS, key=NOT_FOUND)
        return Taken({"until": (_first_day(turn, answers) + timedelta(days=days - 1)).isoformat()})
    return Taken({"until": _typed_end(turn, said, answers)})


def _name_deputy(turn: Turn, answers: Answers, draft: Draft) -> Do:
    ends_at = _is_over(turn, answers)
    if ends_at is None:
        raise Refused("form.day_wrong")
    return Do(
        NameDeputy(
            int(answers["appointment_id"]),
            int(answers["person_id"]),
            starts_at=_begins(turn, answers) or turn.now,
            ends_at=ends_at,
        ),
        replies=(turn.words("deputy.named", edit=draft.message_id, name=str(answers["deputy"])),),
        toast="toast.saved",
    )


DEPUTY = Form(
    "deputy",
    (
        Step(
            "who",
            take=_who,
            verbs=("deputy.who",),
            choices=_deputies,
            screen=rosterforms.asks("ask.deputy_who", rosterforms.people("deputy.who")),
        ),
        Step(
            "from",
            take=starting("deputy.from"),
            verbs=("deputy.from",),
            screen=rosterforms.asks("ask.deputy_from", screens.starts),
        ),
        Step(
            "until",
            take=_back,
            verbs=("deputy.until",),
            screen=rosterforms.asks("ask.deputy_until", screens.away_until),
        ),
        Step("check", submits=("form.submit",), screen=screens.deputy_summary),
    ),
    submit=_name_deputy,
)

FORMS: tuple[Form, ...] = (APPOINT, DEPUTY)
