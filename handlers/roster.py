"""People as staff see them: the search and the cards. What changes somebody's record is ``persons.py``'s.

The search is a form of one step that is asked again with every filter, page and word, so it survives a restart and a
name can simply be typed.
"""

from __future__ import annotations

from typing import Any

from domain.base import NOT_FOUND, Refused
from domain.people_seen import Found, ListSkills, SearchPeople, UnitsBelow
from domain.permissions import Permission
from domain.queries import SeeCard, UnitLevel, UnitsInCharge
from domain.roster import MAX_WORDS, ROLES
from handlers import forms, parsing, persons, raising, steps
from handlers.forms import CONTENTS, Answers, Form, Said, Step, Taken
from handlers.people import payload_of
from handlers.turn import Answer, Do, Say, Show, Turn
from storage.drafts import CLEAR, KEEP, Draft
from views import roster as screens

PANES = ("unit", "role", "skill", "tag")


async def people(turn: Turn) -> Answer:
    """``/people``, maybe with a name after it. Who serves in several places says first as whom they look."""
    own: UnitLevel = await turn.read(UnitsInCharge(to=Permission.SEE_PEOPLE))
    if not own.rows:
        raise Refused(NOT_FOUND)
    words = parsing.plain(payload_of(turn))[:MAX_WORDS]
    unit_id = own.rows[0].id if len(own.rows) == 1 else None
    return await forms.begin(turn, SEARCH, {"unit_id": unit_id, "words": words or None})


async def see(turn: Turn) -> Answer:
    """``person.see:<id>``."""
    await turn.read(SeeCard("person.card", turn.pressed.id))
    return Show(replies=(turn.new_card("person.card", turn.pressed.id),))


async def close(turn: Turn) -> Answer:
    """``people.close:<version>``: whatever is typed next is no search any more."""
    draft = (await turn.opening()).draft
    searching = draft is not None and draft.form == SEARCH.name
    message = screens.closed(voice=await turn.voice())
    return Show((Say(message, edit=turn.pressed.message_id),), draft=CLEAR if searching else KEEP)


# --- the form of one step -----------------------------------------------------------------------------------------------


async def _choices(turn: Turn, answers: Answers) -> Any:
    """What the screen shows: units, skills, or people."""
    pane, unit_id = answers.get("pane"), answers.get("unit_id")
    if pane == "unit" or not unit_id:
        return await _units(turn, answers)
    if pane == "skill":
        return await turn.read(ListSkills())
    return None if pane in ("role", "tag") else await _found(turn, answers)


async def _units(turn: Turn, answers: Answers) -> UnitLevel:
    own: UnitLevel = await turn.read(UnitsInCharge(to=Permission.SEE_PEOPLE))
    level = answers.get("level") or ([own.rows[0].id] if len(own.rows) == 1 else None)
    if not level:
        return own
    below: UnitLevel = await turn.read(UnitsBelow(*level))
    return below


async def _found(turn: Turn, answers: Answers) -> Found:
    trail = answers.get("trail") or ()
    found: Found = await turn.read(
        SearchPeople(
            int(answers["unit_id"]),
            role=str(answers.get("role") or ""),
            skill=str(answers.get("skill") or ""),
            tag=str(answers.get("tag") or ""),
            words=str(answers.get("words") or ""),
            after=(str(trail[-1][0]), int(trail[-1][1])) if trail else None,
        )
    )
    return found


async def _take(turn: Turn, said: Said, answers: Answers) -> Taken:
    return Taken({CONTENTS: None, **await _taken(turn, said, answers)}, stay=True)


async def _taken(turn: Turn, said: Said, answers: Answers) -> Answers:
    """What changes of the search. A new filter begins at the first page."""
    again = {"pane": None, "level": None, "trail": None}
    match said.verb:
        case "":
            return {**again, "words": parsing.plain(said.text)[:MAX_WORDS] or None}
        case "people.pane" if said.arg in PANES:
            return {"pane": said.arg, "level": None}
        case "people.pane" if said.arg == "clear":
            return {**again, "words": None, "role": None, "skill": None, "tag": None}
        case "people.pane":
            return {"pane": None, "level": None}
        case "people.role" if said.arg in ROLES:
            return {**again, "role": said.arg}
        case "people.skill":
            skills = await turn.read(ListSkills())
            place = parsing.number(said.arg, least=0, most=max(0, len(skills) - 1), key=NOT_FOUND)
            return {**again, "skill": skills[place]} if skills else again
        case "people.tag" if turn.rules.tag(said.arg):
            return {**again, "tag": said.arg}
        case "people.unit":
            return {"pane": "unit", "level": steps.level_asked(said.arg)}
        case "people.here":
            return {**again, "unit_id": _unit(said)}
        case "people.page" if answers.get("unit_id"):
            return {"trail": await _turned(turn, said, answers)}
    raise Refused(NOT_FOUND)


def _unit(said: Said) -> int:
    if not said.arg.isdigit():
        raise Refused(NOT_FOUND)
    return int(said.arg)


async def _turned(turn: Turn, said: Said, answers: Answers) -> list[Any]:
    """Where the pages so far ended: one entry for each page that lies behind."""
    trail = list(answers.get("trail") or ())
    if said.arg != "after":
        return trail[:-1]
    found = await _found(turn, answers)
    return trail if found.goes_on is None else [*trail, [*found.goes_on]]


def _never(turn: Turn, answers: Answers, draft: Draft) -> Do:
    raise AssertionError("a search has no end")


SEARCH = Form(
    "people",
    (
        raising.danger_step(),
        Step(
            "search",
            take=_take,
            verbs=(
                "people.page",
                "people.pane",
                "people.role",
                "people.skill",
                "people.tag",
                "people.unit",
                "people.here",
            ),
            screen=screens.search,
            choices=_choices,
        ),
    ),
    submit=_never,
    # Whoever leaves a search open and then writes that the house is on fire is heard.
    rings=True,
)

FORMS: tuple[Form, ...] = (SEARCH, *persons.FORMS)
