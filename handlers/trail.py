"""The audit trail: the newest page at once, and questions that narrow it. Source: docs/rules.md §11.

Each question is a form of one step that ends in a page; what was looked for before goes with it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.base import NOT_FOUND, Refused
from domain.permissions import Permission, allowed
from domain.queries import Page, PersonRow, UnitLevel
from domain.trail import KINDS, FindTrailPeople, SearchTrail, TrailFilter, TrailPage
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Show, Turn, sent, turned
from storage.drafts import Draft
from views import trail as screens
from views.message import Message

BY = "by"
WANTED = "wanted"
NAME = "name"
_NUMBER = re.compile(r"[0-9]{1,9}")


async def audit(turn: Turn) -> Answer:
    """``/audit``."""
    return sent(await _page(turn, TrailFilter()))


async def page(turn: Turn) -> Answer:
    """``audit.page:<below this number, 0 for the newest>:<what is looked for>``."""
    return turned(turn, await _page(turn, _wanted(turn.pressed.arg), before=turn.pressed.id))


async def _page(turn: Turn, wanted: TrailFilter, *, before: int = 0) -> Message:
    found: TrailPage = await turn.read(SearchTrail(wanted, before))
    return screens.page(found, wanted, before=before, voice=await turn.voice())


def _wanted(argument: str) -> TrailFilter:
    found = screens.read(argument)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


# --- narrowing ------------------------------------------------------------------------------------------------------


async def ask(turn: Turn) -> Answer:
    """``audit.person:0:<what is looked for>`` and the like: one question, then the page."""
    wanted = _wanted(turn.pressed.arg)
    if not allowed(await turn.actor(), Permission.SEE_AUDIT, None):
        raise Refused(NOT_FOUND)
    return await forms.begin(turn, TRAIL, {BY: turn.pressed.verb, WANTED: screens.written(wanted)})


def _by(what: str) -> Any:
    return lambda answers: answers.get(BY) == what


def _narrowed(answers: Answers, **found: Any) -> Taken:
    wanted = screens.read(str(answers.get(WANTED) or "")) or TrailFilter()
    return Taken({WANTED: screens.written(replace(wanted, **found))})


def _number(text: str) -> int:
    words = parsing.plain(text)
    if not _NUMBER.fullmatch(words):
        raise Refused("trail.number_wrong")
    return int(words)


async def _people(turn: Turn, answers: Answers) -> Page[PersonRow] | None:
    name = answers.get(NAME)
    if not name:
        return None
    found: Page[PersonRow] = await turn.read(FindTrailPeople(str(name)))
    return found


async def _who(turn: Turn, said: Said, answers: Answers) -> Taken:
    """A number is taken as it is; a name is looked for, and one of those found is pressed."""
    if said.verb:
        return _narrowed(answers, person_id=_number(said.arg))
    if _NUMBER.fullmatch(parsing.plain(said.text)):
        return _narrowed(answers, person_id=_number(said.text))
    name = parsing.name(said.text)
    found = await _people(turn, {NAME: name})
    if found is None or not found.rows:
        raise Refused("trail.nobody", text=name)
    return Taken({NAME: name}, stay=True)


async def _request(turn: Turn, said: Said, answers: Answers) -> Taken:
    return _narrowed(answers, request_id=_number(said.text))


async def _where(turn: Turn, said: Said, answers: Answers) -> Taken:
    taken = await steps.unit(turn, said, answers)
    unit_id = taken.answers.get("unit_id")
    return taken if unit_id is None else _narrowed(answers, unit_id=unit_id)


async def _levels(turn: Turn, answers: Answers) -> UnitLevel:
    level: UnitLevel = await steps.unit_choices(Permission.SEE_AUDIT)(turn, answers)
    return level


async def _what(turn: Turn, said: Said, answers: Answers) -> Taken:
    return _narrowed(answers, event=f"{steps.chosen(said, KINDS)}.")


async def _on(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        ago = parsing.number(said.arg, least=0, most=max(screens.DAYS), key=NOT_FOUND)
        day = turn.today - timedelta(days=ago)
    else:
        day = parsing.past_day(said.text, today=turn.today)
    return _narrowed(answers, since=day, until=day)


async def _shows(turn: Turn, answers: Answers, draft: Draft) -> Show:
    message = await _page(turn, _wanted(str(answers[WANTED])))
    return turned(turn, message) if turn.press else sent(message)


TRAIL = Form(
    "trail",
    (
        Step("who", take=_who, when=_by("person"), verbs=("audit.who",), choices=_people),
        Step("request", take=_request, when=_by("request")),
        Step("where", take=_where, when=_by("unit"), verbs=("audit.where", "audit.here"), choices=_levels),
        Step("what", take=_what, when=_by("kind"), verbs=("audit.what",)),
        Step("on", take=_on, when=_by("day"), verbs=("audit.on",)),
    ),
    shows=_shows,
)

FORMS: tuple[Form, ...] = (TRAIL,)
