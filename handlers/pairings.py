"""Pairings: the list, a new one by staff, and the word of household or leader on a visit that was made."""

from __future__ import annotations

from datetime import date, timedelta

from domain.base import NOT_FOUND, Refused
from domain.pairings import MAX_CADENCE_DAYS, NEEDS, ConfirmVisit, PairUp
from domain.permissions import Permission
from domain.queries import ListMembers, ListPairs, ListResidents, Page, PersonRow, SeeCard
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Do, Show, Turn, sent, turned
from storage.drafts import Draft
from views import pairings as screens

MAX_NOTES = 1000
MAX_DAYS_AHEAD = 366
LOOKED_FOR = "looked_for"
MEMBERS_PAGE = "members_page"


async def pairs(turn: Turn) -> Answer:
    """``/pairs``."""
    return sent(screens.pairs(await turn.read(ListPairs()), voice=await turn.voice()))


async def pairs_page(turn: Turn) -> Answer:
    """``pairs.page:<n>``."""
    return turned(turn, screens.pairs(await turn.read(ListPairs(turn.pressed.id)), voice=await turn.voice()))


# --- a visit that was made --------------------------------------------------------------------------------------------


async def see_visit(turn: Turn) -> Answer:
    """``visit.see:<id>``, from the desk's list."""
    await turn.read(SeeCard("visit.confirm", turn.pressed.id))
    return Show(replies=(turn.new_card("visit.confirm", turn.pressed.id),))


async def rate(turn: Turn) -> Answer:
    """``visit.rate:<id>:<stars>``."""
    card = turn.card("visit.confirm", turn.pressed.id)
    action = ConfirmVisit(turn.pressed.id, turn.pressed.count)
    return Do(action, replies=(card,), if_refused=card, toast="toast.thanks")


# --- a new pairing ----------------------------------------------------------------------------------------------------


async def _resident_choices(turn: Turn, answers: Answers) -> Page[PersonRow] | None:
    looked_for = answers.get(LOOKED_FOR)
    if not looked_for:
        return None
    page: Page[PersonRow] = await turn.read(ListResidents(str(looked_for)))
    return page


async def _resident(turn: Turn, said: Said, answers: Answers) -> Taken:
    """A typed name is looked for; one that nobody has, or the same once more, is somebody new."""
    if said.verb:
        row = _row(said.arg, await _resident_choices(turn, answers))
        return Taken(
            {"resident_id": row.id, "resident_name": row.name, "flat": None, "unit_zh": None, "unit_en": None}
        )
    name = parsing.name(said.text)
    new = {"resident_id": None, "resident_name": name, LOOKED_FOR: name}
    page = await _resident_choices(turn, new)
    known = page is not None and bool(page.rows)
    if known:
        return Taken(new, stay=name != answers.get(LOOKED_FOR))
    return Taken(new, note="nobody_found", params={"text": name})


async def _member_choices(turn: Turn, answers: Answers) -> Page[PersonRow]:
    page: Page[PersonRow] = await turn.read(ListMembers(int(answers.get(MEMBERS_PAGE) or 1)))
    return page


async def _member(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb == "pairing.members":
        page = parsing.number(said.arg, least=1, most=10**6, key=NOT_FOUND)
        return Taken({MEMBERS_PAGE: page}, stay=True)
    if not said.verb:
        raise Refused("form.choose_button")
    row = _row(said.arg, await _member_choices(turn, answers))
    return Taken({"member_id": row.id, "member_name": row.name})


def _row(arg: str, page: Page[PersonRow] | None) -> PersonRow:
    """The chosen one of those shown. A forged choice is not found."""
    found = next((row for row in page.rows if str(row.id) == arg), None) if page else None
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def _cadence(text: str) -> int:
    return parsing.number(text, least=1, most=MAX_CADENCE_DAYS, key="form.cadence_wrong")


async def _day(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        ahead = parsing.number(said.arg, least=0, most=MAX_DAYS_AHEAD, key=NOT_FOUND)
        return Taken({"first_due_on": (turn.today + timedelta(days=ahead)).isoformat()})
    return Taken({"first_due_on": parsing.day(said.text, today=turn.today).isoformat()})


def _pair_up(turn: Turn, answers: Answers, draft: Draft) -> Do:
    known = answers.get("resident_id")
    return Do(
        PairUp(
            member_id=int(answers["member_id"]),
            need=str(answers["need"]),
            cadence_days=int(answers["cadence_days"]),
            first_due_on=date.fromisoformat(str(answers["first_due_on"])),
            notes=str(answers.get("notes") or ""),
            resident_id=known,
            unit_id=None if known else int(answers["unit_id"]),
            name=None if known else str(answers["resident_name"]),
            flat=None if known else str(answers["flat"]),
        ),
        replies=(turn.words("pairing.made", edit=draft.message_id, name=str(answers["resident_name"])),),
        toast="toast.saved",
    )


def _is_new(answers: Answers) -> bool:
    return not answers.get("resident_id")


PAIRING = Form(
    "pairing",
    (
        Step("resident", take=_resident, verbs=("pairing.resident",), choices=_resident_choices),
        Step(
            "unit",
            take=steps.unit,
            verbs=("pairing.unit", "pairing.here"),
            when=_is_new,
            choices=steps.unit_choices(Permission.PAIR),
        ),
        Step("flat", take=steps.typed("flat", parsing.flat), when=_is_new),
        Step("member", take=_member, verbs=("pairing.member", "pairing.members"), choices=_member_choices),
        Step("need", take=steps.one_of("need", lambda turn, answers: NEEDS), verbs=("pairing.need",)),
        Step("cadence", take=steps.counted("cadence_days", _cadence), verbs=("pairing.cadence",)),
        Step("day", take=_day, verbs=("pairing.day",)),
        Step("notes", take=steps.words("notes", most=MAX_NOTES), skippable=True),
        Step("check", submits=("form.submit",), screen=forms.summary, explains=False),
    ),
    submit=_pair_up,
)


async def new(turn: Turn) -> Answer:
    """``pairing.new:0``."""
    await turn.read(ListMembers())  # says no to who may not
    return await forms.begin(turn, PAIRING, {})


FORMS = (PAIRING,)
