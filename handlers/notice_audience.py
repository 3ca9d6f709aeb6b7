"""Whom a notice is for, chosen by buttons: roles, languages, skills, tags, and places put in or left out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from domain.addressees import MOST_UNITS, WHOM, Addressees, above_of, leave_out, put_in
from domain.base import NOT_FOUND, Refused
from domain.notices.shapes import (
    CARD,
    LANGUAGES,
    Address,
)
from domain.notices.shown import (
    UnitsToAddress,
)
from domain.unit_pages import UnitLine
from handlers.notices import WHOM_CARD, own_card
from handlers.turn import Answer, Do, Turn, turned
from storage.outbox import Reply
from views import notice_audience
from views.audience import CHOSEN

_PLACE = re.compile(r"([0-9]{1,18})(?:_([0-9]{1,6}))?")


async def whom(turn: Turn) -> Answer:
    """``notice.whom:<id>``."""
    return turned(turn, notice_audience.whom(await own_card(turn), voice=await turn.voice()))


async def skills(turn: Turn) -> Answer:
    """``notice.skills:<id>``."""
    return turned(turn, notice_audience.skills(await own_card(turn), voice=await turn.voice()))


def _address(turn: Turn, wanted: Addressees, *, screen: str = "", at: int = 0) -> Do:
    shown = Reply(
        WHOM_CARD,
        turn.who.telegram_id,
        subject_id=turn.pressed.id,
        params={"screen": screen, "at": at} if screen else {},
        edit_message_id=turn.pressed.message_id,
    )
    return Do(Address(turn.pressed.id, wanted), replies=(shown,), if_refused=turn.card(CARD, turn.pressed.id))


T = TypeVar("T")


def _turned(chosen: tuple[T, ...], one: T) -> tuple[T, ...]:
    return tuple(other for other in chosen if other != one) if one in chosen else (*chosen, one)


async def role(turn: Turn) -> Answer:
    """``notice.role:<id>:<role>``."""
    wanted = (await own_card(turn)).notice.whom
    if turn.pressed.arg not in WHOM:
        raise Refused(NOT_FOUND)
    return _address(turn, replace(wanted, roles=_turned(wanted.roles, turn.pressed.arg)))


async def reads(turn: Turn) -> Answer:
    """``notice.reads:<id>:<zh|en>``."""
    wanted, language = (await own_card(turn)).notice.whom, turn.pressed.arg
    if language not in LANGUAGES:
        raise Refused(NOT_FOUND)
    return _address(turn, replace(wanted, language="" if wanted.language == language else language))


async def skill(turn: Turn) -> Answer:
    """``notice.skill:<id>:<code>``."""
    wanted = (await own_card(turn)).notice.whom
    if turn.rules.skill(turn.pressed.arg) is None:
        raise Refused(NOT_FOUND)
    changed = replace(wanted, skills=_turned(wanted.skills, turn.pressed.arg))
    return _address(turn, changed, screen="skills")


async def tag(turn: Turn) -> Answer:
    """``notice.tag:<id>:<code>``."""
    wanted = (await own_card(turn)).notice.whom
    if turn.rules.tag(turn.pressed.arg) is None:
        raise Refused(NOT_FOUND)
    return _address(turn, replace(wanted, tags=_turned(wanted.tags, turn.pressed.arg)), screen="skills")


async def places(turn: Turn) -> Answer:
    """``notice.places:<id>:<unit>[_<page>]``: one level of the tree."""
    found = _PLACE.fullmatch(turn.pressed.arg)
    if found is None:
        raise Refused(NOT_FOUND)
    facts = await own_card(turn)
    above, below = await turn.read(UnitsToAddress(int(found[1]), int(found[2] or 1)))
    parent = await parent_of(turn, above) if above else 0
    return turned(
        turn, notice_audience.places(facts, above, below, parent_id=parent, voice=await turn.voice())
    )


async def parent_of(turn: Turn, unit: UnitLine) -> int:
    """Where "up" leads from a unit: 0 is the reader's own units."""
    actor = await turn.actor()
    above = above_of(unit.path)
    own = any(held.unit_id == unit.id for held in actor.held)
    return 0 if own or not above else above[-1]


async def put_place(turn: Turn, wanted: Addressees) -> tuple[Addressees, int]:
    """The audience with the pressed unit, or without it again, and where "up" leads from there. Raises Refused."""
    unit = await _pressed_unit(turn)
    changed = put_in(wanted, unit.id, unit.path)
    return _checked(changed, changed.units), await parent_of(turn, unit)


async def leave_out_place(turn: Turn, wanted: Addressees) -> tuple[Addressees, int]:
    """The same with everybody of the pressed unit left out, or no longer."""
    unit = await _pressed_unit(turn)
    changed = leave_out(wanted, unit.id)
    return _checked(changed, changed.without_units), await parent_of(turn, unit)


async def _pressed_unit(turn: Turn) -> UnitLine:
    found: UnitLine | None = (await turn.read(UnitsToAddress(turn.pressed.count)))[0]
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def _checked(changed: Addressees, named: tuple[int, ...]) -> Addressees:
    if len(named) > MOST_UNITS:
        raise Refused("notice.too_many_places", most=MOST_UNITS)
    return changed


async def put(turn: Turn) -> Answer:
    """``notice.put:<id>:<unit>``: for everybody there and below, or no longer."""
    wanted, above = await put_place(turn, (await own_card(turn)).notice.whom)
    return _address(turn, wanted, screen=CHOSEN, at=above)


async def out(turn: Turn) -> Answer:
    """``notice.out:<id>:<unit>``: not for who lives there or below, or for them again."""
    wanted, above = await leave_out_place(turn, (await own_card(turn)).notice.whom)
    return _address(turn, wanted, screen=CHOSEN, at=above)
