"""Whom a lesson is for, chosen by buttons: roles, skills, tags, and places put in or left out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from domain.addressees import WHOM, Addressees
from domain.base import NOT_FOUND, Refused
from domain.lessons.shapes import CARD, AddressLesson
from domain.notices.shown import UnitsToAddress
from handlers.lesson_desk import own_card
from handlers.notice_audience import leave_out_place, parent_of, put_place
from handlers.turn import Answer, Do, Turn, turned
from storage.outbox import Reply
from views import lesson_audience as screens
from views.audience import CHOSEN

WHOM_CARD = "lesson.whom"
T = TypeVar("T")
_PLACE = re.compile(r"([0-9]{1,18})(?:_([0-9]{1,6}))?")


async def whom(turn: Turn) -> Answer:
    """``lesson.whom:<id>``."""
    return turned(turn, screens.whom({}, await own_card(turn), await turn.voice()))


def _address(turn: Turn, wanted: Addressees, *, screen: str = "", at: int = 0) -> Do:
    shown = Reply(
        WHOM_CARD,
        turn.who.telegram_id,
        subject_id=turn.pressed.id,
        params={"screen": screen, "at": at} if screen else {},
        edit_message_id=turn.pressed.message_id,
    )
    return Do(
        AddressLesson(turn.pressed.id, wanted), replies=(shown,), if_refused=turn.card(CARD, turn.pressed.id)
    )


def _turned(chosen: tuple[T, ...], one: T) -> tuple[T, ...]:
    return tuple(other for other in chosen if other != one) if one in chosen else (*chosen, one)


async def role(turn: Turn) -> Answer:
    """``lesson.role:<id>:<role>``."""
    wanted, pressed = (await own_card(turn)).lesson.whom, turn.pressed.arg
    if pressed not in WHOM:
        raise Refused(NOT_FOUND)
    kept = tuple(one for one in WHOM if (one in wanted.roles) is not (one == pressed))
    if not kept:
        raise Refused("lesson.to_nobody")
    return _address(turn, replace(wanted, roles=kept))


async def skills(turn: Turn) -> Answer:
    """``lesson.skills:<id>``."""
    return turned(turn, screens.skills(await own_card(turn), voice=await turn.voice()))


async def skill(turn: Turn) -> Answer:
    """``lesson.skill:<id>:<code>``."""
    wanted, code = (await own_card(turn)).lesson.whom, turn.pressed.arg
    if turn.rules.skill(code) is None:
        raise Refused(NOT_FOUND)
    return _address(turn, replace(wanted, skills=_turned(wanted.skills, code)), screen=screens.SKILLS)


async def tag(turn: Turn) -> Answer:
    """``lesson.tag:<id>:<code>``."""
    wanted, code = (await own_card(turn)).lesson.whom, turn.pressed.arg
    if turn.rules.tag(code) is None:
        raise Refused(NOT_FOUND)
    return _address(turn, replace(wanted, tags=_turned(wanted.tags, code)), screen=screens.SKILLS)


async def places(turn: Turn) -> Answer:
    """``lesson.places:<id>:<unit>[_<page>]``: one level of the tree."""
    found = _PLACE.fullmatch(turn.pressed.arg)
    if found is None:
        raise Refused(NOT_FOUND)
    facts = await own_card(turn)
    above, below = await turn.read(UnitsToAddress(int(found[1]), int(found[2] or 1)))
    parent = await parent_of(turn, above) if above else 0
    return turned(turn, screens.places(facts, above, below, parent_id=parent, voice=await turn.voice()))


async def put(turn: Turn) -> Answer:
    """``lesson.put:<id>:<unit>``: for everybody there and below, or no longer."""
    wanted, above = await put_place(turn, (await own_card(turn)).lesson.whom)
    return _address(turn, wanted, screen=CHOSEN, at=above)


async def out(turn: Turn) -> Answer:
    """``lesson.out:<id>:<unit>``: not for who lives there or below, or for them again."""
    wanted, above = await leave_out_place(turn, (await own_card(turn)).lesson.whom)
    return _address(turn, wanted, screen=CHOSEN, at=above)
