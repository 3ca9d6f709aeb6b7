"""Whom a notice is for, chosen by buttons: roles, languages, skills, tags, and places put in or left out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from domain.addressees import MOST_UNITS, WHOM, Addressees
from domain.base import NOT_FOUND, Refused
from domain.notices.shapes import (
    CARD,
    LANGUAGES,
    Address,
)
from domain.notices.shown import (
    UnitsToAddress,
)
from handlers.notices import WHOM_CARD, own_card
from handlers.turn import Answer, Do, Turn, turned
from storage.outbox import Reply
from views import notice_audience

_PLACE = re.compile(r"([0-9]{1,18})(?:_([0-9]{1,6}))?")


async def whom(turn: Turn) -> Answer:
    """``notice.whom:<id>``."""
    return turned(turn, notice_audience.whom(await own_card(turn), voice=await turn.voice()))


async def skills(turn: Turn) -> Answer:
    """``notice.skills:<id>``."""
    return turned(turn, notice_audience.skills(await own_card(turn), voice=await turn.voice()))


def _address(turn: Turn, wanted: Addressees, *, screen: str = "") -> Do:
    shown = Reply(
        WHOM_CARD,
        turn.who.telegram_id,
        subject_id=turn.pressed.id,
        params={"screen": screen} if screen else {},
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
    parent = await _parent(turn, above.id) if above else 0
    return turned(
        turn, notice_audience.places(facts, above, below, parent_id=parent, voice=await turn.voice())
    )


async def _parent(turn: Turn, unit_id: int) -> int:
    """Where "up" leads: 0 is the reader's own units."""
    actor = await turn.actor()
    if any(held.unit_id == unit_id for held in actor.held):
        return 0
    path = (await turn.read(UnitsToAddress(unit_id)))[0].path
    parts = path.split(".")[:-1]
    return int(parts[-2]) if len(parts) > 1 else 0


async def put(turn: Turn) -> Answer:
    """``notice.put:<id>:<unit>``: for everybody there and below, or no longer."""
    wanted = (await own_card(turn)).notice.whom
    units = _turned(wanted.units, turn.pressed.count)
    if len(units) > MOST_UNITS:
        raise Refused("notice.too_many_places", most=MOST_UNITS)
    without = tuple(unit for unit in wanted.without_units if unit != turn.pressed.count)
    return _address(turn, replace(wanted, units=units, without_units=without))


async def leave_out(turn: Turn) -> Answer:
    """``notice.out:<id>:<unit>``: not for who lives there or below."""
    wanted = (await own_card(turn)).notice.whom
    without = _turned(wanted.without_units, turn.pressed.count)
    if len(without) > MOST_UNITS:
        raise Refused("notice.too_many_places", most=MOST_UNITS)
    units = tuple(unit for unit in wanted.units if unit != turn.pressed.count)
    return _address(turn, replace(wanted, units=units or wanted.units, without_units=without))
