"""``/org``: the tree page by page, and what an admin changes in it. Source: docs/rules.md §1, §2.

Pages are made of what the queries let this person see; a change that cannot be taken back is asked once more, with
what it would take along, and carries the unit's version, so that an old question answers nothing new.
"""

from __future__ import annotations

import re

from domain.base import NOT_FOUND, Action, Refused, Scalar
from domain.queries import Page
from domain.reshaping import CloseUnit, MergeUnit, MoveUnit
from domain.unit_pages import (
    BrowseUnits,
    Consequences,
    Gap,
    SeeGaps,
    SeeUnit,
    UnitCard,
    UnitList,
    WhatChanges,
)
from domain.units import (
    BRANCH,
    KINDS,
    MOST_NAME,
    AddUnit,
    RemoveAlias,
    RenameUnit,
    SetAlias,
    SetCalendar,
    SetZone,
    checked_zone,
    kinds_below,
)
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Do, Turn, sent, turned
from storage.drafts import Draft
from storage.outbox import Reply
from views import units as screens
from views.safe import plain

ABOVE = "above"
"""A zone or calendar of no own: as the unit above has it."""
MOST_CODE = 60
_PAIR = re.compile(r"([0-9]{1,18})_([0-9]{1,9})")


# --- looking around -----------------------------------------------------------------------------------------------------


async def org(turn: Turn) -> Answer:
    """``/org``: who is responsible for one unit only sees it at once, others choose."""
    own: UnitList = await turn.read(BrowseUnits())
    if len(own.rows.rows) == 1 and own.rows.total == 1:
        unit = await turn.read(SeeUnit(own.rows.rows[0].id))
        return sent(screens.unit_card({"bot": turn.bot_username}, unit, await turn.voice()))
    return sent(screens.unit_list(own, voice=await turn.voice()))


async def top(turn: Turn) -> Answer:
    """``org.top:0[:<page>]``: the units one holds a role at."""
    page = turn.pressed.count if turn.pressed.arg else 1
    own = await turn.read(BrowseUnits(page=page))
    return turned(turn, screens.unit_list(own, voice=await turn.voice()))


async def see(turn: Turn) -> Answer:
    """``org.see:<id>``."""
    unit = await turn.read(SeeUnit(turn.pressed.id))
    return turned(turn, screens.unit_card({"bot": turn.bot_username}, unit, await turn.voice()))


async def below(turn: Turn) -> Answer:
    """``org.below:<id>[:<page>]``."""
    page = turn.pressed.count if turn.pressed.arg else 1
    found = await turn.read(BrowseUnits(turn.pressed.id, page))
    return turned(turn, screens.unit_list(found, voice=await turn.voice()))


async def gaps(turn: Turn) -> Answer:
    """``org.gaps:<id>[:<page>]``: is every home in one grid, and somebody there for it?"""
    page = turn.pressed.count if turn.pressed.arg else 1
    unit: UnitCard = await turn.read(SeeUnit(turn.pressed.id))
    found: Page[Gap] = await turn.read(SeeGaps(unit.id, page))
    return turned(turn, screens.gaps(unit, found, voice=await turn.voice()))


# --- changing one thing -------------------------------------------------------------------------------------------------


async def _managed(turn: Turn) -> UnitCard:
    """The pressed unit, for who may change it."""
    unit: UnitCard = await turn.read(SeeUnit(turn.pressed.id))
    if not unit.may_manage:
        raise Refused(NOT_FOUND)
    return unit


def _page(turn: Turn, unit_id: int, *, edit: int | None, note: str, **params: Scalar) -> Reply:
    """The unit's page as it is after the change, in place of the question."""
    return Reply(
        "unit.card",
        turn.who.telegram_id,
        subject_id=unit_id,
        params={"bot": turn.bot_username, **params, "note": note},
        edit_message_id=edit,
    )


def _changed(turn: Turn, action: Action, unit_id: int, *, note: str = "org.saved") -> Do:
    page = _page(turn, unit_id, edit=turn.pressed.message_id, note=note)
    return Do(action, replies=(page,), toast="toast.saved")


async def aliases(turn: Turn) -> Answer:
    """``org.aliases:<id>``."""
    return turned(turn, screens.aliases(await _managed(turn), voice=await turn.voice()))


async def unalias(turn: Turn) -> Answer:
    """``org.unalias:<id>:<alias_id>``."""
    action = RemoveAlias(turn.pressed.id, turn.pressed.count)
    return _changed(turn, action, turn.pressed.id, note="org.alias_removed")


async def calendar(turn: Turn) -> Answer:
    """``org.calendar:<id>``."""
    return turned(turn, screens.calendars(await _managed(turn), voice=await turn.voice()))


async def set_calendar(turn: Turn) -> Answer:
    """``org.setcal:<id>:<code>``, or "above"."""
    code = None if turn.pressed.arg == ABOVE else turn.pressed.arg
    return _changed(turn, SetCalendar(turn.pressed.id, code), turn.pressed.id)


# --- what cannot be taken back --------------------------------------------------------------------------------------------


def _pair(arg: str) -> tuple[int, int]:
    """Two numbers of an argument: a unit and a page, or a unit and a version."""
    found = _PAIR.fullmatch(arg)
    if found is None:
        raise Refused(NOT_FOUND)
    return int(found[1]), int(found[2])


async def _asks(turn: Turn, change: str, other_id: int = 0) -> Answer:
    facts: Consequences = await turn.read(WhatChanges(change, turn.pressed.id, other_id))
    return turned(turn, screens.really(facts, voice=await turn.voice()))


async def _where_to_move(turn: Turn, at: int, page: int) -> Answer:
    unit = await _managed(turn)
    kinds = tuple(kind for kind in KINDS if unit.kind in kinds_below(kind))
    found = await turn.read(BrowseUnits(at, page, kinds))
    return turned(turn, screens.where_to_move(unit, found, voice=await turn.voice()))


async def _where_to_merge(turn: Turn, at: int, page: int) -> Answer:
    unit = await _managed(turn)
    kinds = KINDS if unit.kind == BRANCH else KINDS[: KINDS.index(unit.kind) + 1]
    found = await turn.read(BrowseUnits(at, page, kinds))
    return turned(turn, screens.where_to_merge(unit, found, voice=await turn.voice()))


async def move(turn: Turn) -> Answer:
    """``org.move:<id>``: below which unit?"""
    return await _where_to_move(turn, 0, 1)


async def move_in(turn: Turn) -> Answer:
    """``org.movein:<id>:<unit>_<page>``: one level of the tree."""
    return await _where_to_move(turn, *_pair(turn.pressed.arg))


async def move_to(turn: Turn) -> Answer:
    """``org.moveto:<id>:<unit>``: really?"""
    return await _asks(turn, "move", turn.pressed.count)


async def move_yes(turn: Turn) -> Answer:
    """``org.moveyes:<id>:<unit>_<version>``."""
    parent_id, version = _pair(turn.pressed.arg)
    return _changed(turn, MoveUnit(turn.pressed.id, parent_id, version), turn.pressed.id, note="org.moved")


async def merge(turn: Turn) -> Answer:
    """``org.merge:<id>``: into which unit?"""
    return await _where_to_merge(turn, 0, 1)


async def merge_in(turn: Turn) -> Answer:
    """``org.mergein:<id>:<unit>_<page>``: one level of the tree."""
    return await _where_to_merge(turn, *_pair(turn.pressed.arg))


async def merge_to(turn: Turn) -> Answer:
    """``org.mergeto:<id>:<unit>``: really?"""
    return await _asks(turn, "merge", turn.pressed.count)


async def merge_yes(turn: Turn) -> Answer:
    """``org.mergeyes:<id>:<unit>_<version>``."""
    into_id, version = _pair(turn.pressed.arg)
    return _changed(turn, MergeUnit(turn.pressed.id, into_id, version), into_id, note="org.merged")


async def close(turn: Turn) -> Answer:
    """``org.close:<id>``: really, or what is still there."""
    return await _asks(turn, "close")


async def close_yes(turn: Turn) -> Answer:
    """``org.closeyes:<id>:<version>``. Words alone: who held a role only there has no page left to see."""
    unit = await _managed(turn)
    place = plain((await turn.voice()).place(unit.place))
    words = turn.words("org.has_closed", edit=turn.pressed.message_id, place=place)
    return Do(CloseUnit(unit.id, turn.pressed.count), replies=(words,), toast="toast.saved")


# --- forms ----------------------------------------------------------------------------------------------------------------


def _name(text: str) -> str:
    return parsing.one_line(text, most=MOST_NAME, key="unit.name_wrong")


def _code(text: str) -> str:
    return parsing.one_line(text, most=MOST_CODE, key="unit.code_wrong")


async def _zone(turn: Turn, said: Said, answers: Answers) -> Taken:
    if not said.verb:
        return Taken({"zone": checked_zone(parsing.plain(said.text))})
    if said.arg == ABOVE:
        return Taken({"zone": None})
    place = parsing.number(said.arg, least=0, most=len(screens.ZONES) - 1, key=NOT_FOUND)
    return Taken({"zone": screens.ZONES[place]})


def _submitted(turn: Turn, action: Action, unit_id: int, draft: Draft, *, note: str, **params: Scalar) -> Do:
    page = _page(turn, unit_id, edit=draft.message_id, note=note, **params)
    return Do(action, replies=(page,), toast="toast.saved")


def _add(turn: Turn, answers: Answers, draft: Draft) -> Do:
    parent_id, name = int(answers["unit_id"]), str(answers["name"])
    action = AddUnit(
        parent_id,
        str(answers["kind"]),
        name,
        name_en=str(answers.get("name_en") or ""),
        code=str(answers.get("code") or ""),
    )
    return _submitted(turn, action, parent_id, draft, note="org.added", name=name)


def _rename(turn: Turn, answers: Answers, draft: Draft) -> Do:
    unit_id = int(answers["unit_id"])
    action = RenameUnit(unit_id, answers.get("name"), answers.get("name_en"))
    return _submitted(turn, action, unit_id, draft, note="org.saved")


def _alias(turn: Turn, answers: Answers, draft: Draft) -> Do:
    unit_id = int(answers["unit_id"])
    return _submitted(turn, SetAlias(unit_id, str(answers["alias"])), unit_id, draft, note="org.saved")


def _set_zone(turn: Turn, answers: Answers, draft: Draft) -> Do:
    unit_id = int(answers["unit_id"])
    return _submitted(turn, SetZone(unit_id, answers.get("zone")), unit_id, draft, note="org.saved")


def _kinds(turn: Turn, answers: Answers) -> tuple[str, ...]:
    return kinds_below(str(answers["parent_kind"]))


ADD = Form(
    "unit",
    (
        Step("unit_kind", take=steps.one_of("kind", _kinds), verbs=("org.kind",)),
        Step("unit_name", take=steps.typed("name", _name)),
        Step("unit_name_en", take=steps.typed("name_en", _name), skippable=True),
        Step("unit_code", take=steps.typed("code", _code), skippable=True),
    ),
    submit=_add,
)
RENAME = Form(
    "unit_name",
    (
        Step("unit_name", take=steps.typed("name", _name), skippable=True),
        Step("unit_name_en", take=steps.typed("name_en", _name), skippable=True),
    ),
    submit=_rename,
)
ALIAS = Form("unit_alias", (Step("unit_alias", take=steps.typed("alias", _name)),), submit=_alias)
ZONE = Form("unit_zone", (Step("unit_zone", take=_zone, verbs=("org.pickzone",)),), submit=_set_zone)


async def add(turn: Turn) -> Answer:
    """``org.add:<id>``."""
    unit = await _managed(turn)
    return await forms.begin(turn, ADD, {"unit_id": unit.id, "parent_kind": unit.kind})


async def rename(turn: Turn) -> Answer:
    """``org.rename:<id>``."""
    return await forms.begin(turn, RENAME, {"unit_id": (await _managed(turn)).id})


async def alias(turn: Turn) -> Answer:
    """``org.alias:<id>``."""
    return await forms.begin(turn, ALIAS, {"unit_id": (await _managed(turn)).id})


async def zone(turn: Turn) -> Answer:
    """``org.zone:<id>``."""
    return await forms.begin(turn, ZONE, {"unit_id": (await _managed(turn)).id})


FORMS = (ADD, RENAME, ALIAS, ZONE)
