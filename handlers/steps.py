"""Ways of taking an answer that many forms share: typed words, one of some buttons, yes or no, a unit of the tree.

Each makes a ``Take`` for a step. Knows nothing of any particular form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from domain.base import NOT_FOUND, Refused, says_something
from domain.queries import UnitChildren, UnitLevel, UnitRow, UnitsInCharge
from handlers import parsing
from handlers.forms import Answers, Said, Take, Taken
from handlers.turn import Turn

UNIT_LEVEL = "unit_level"
"""The level of the tree that is shown at a unit step, as ``level_asked`` reads it; nothing: the person's own units."""


_LEVEL = re.compile(r"(?P<unit>\d{1,18})(a(?P<after>\d{1,18}))?", re.ASCII)


def typed(key: str, read: Callable[[str], Any]) -> Take:
    """Words, read by ``read``, which refuses what it cannot read."""

    async def take(turn: Turn, said: Said, answers: Answers) -> Taken:
        return Taken({key: read(said.text)})

    return take


def one_of(key: str, allowed: Callable[[Turn, Answers], Collection[str]]) -> Take:
    """A button's argument, if it is one of those ``allowed`` now."""

    async def take(turn: Turn, said: Said, answers: Answers) -> Taken:
        return Taken({key: chosen(said, allowed(turn, answers))})

    return take


def chosen(said: Said, allowed: Collection[str]) -> str:
    """The argument of a press. Refuses words, and an argument that is no choice (a forged one reads as not found)."""
    if not said.verb:
        raise Refused("form.choose_button")
    if said.arg not in allowed:
        raise Refused(NOT_FOUND)
    return said.arg


def yes_no(key: str) -> Take:
    """A button's "yes" or "no", kept as a truth value."""

    async def take(turn: Turn, said: Said, answers: Answers) -> Taken:
        return Taken({key: chosen(said, ("yes", "no")) == "yes"})

    return take


def counted(key: str, read: Callable[[str], int]) -> Take:
    """A number, typed or as a button's argument; both are read by ``read``."""

    async def take(turn: Turn, said: Said, answers: Answers) -> Taken:
        return Taken({key: read(said.arg if said.verb else said.text)})

    return take


def words(key: str, *, most: int) -> Take:
    """A few words, at most ``most`` characters."""

    async def take(turn: Turn, said: Said, answers: Answers) -> Taken:
        text = said.text.strip()
        if not says_something(text):
            raise Refused("form.words_needed")
        if len(text) > most:
            raise Refused("request.too_long", most=most)
        return Taken({key: text})

    return take


async def phone(turn: Turn, said: Said, answers: Answers) -> Taken:
    """A shared number of one's own, or a typed one."""
    return Taken({"phone": said.phone or parsing.phone(said.text), "phone_shared": bool(said.phone)})


# --- a unit of the tree -------------------------------------------------------------------------------------------------


def unit_choices(permission: str) -> Callable[[Turn, Answers], Any]:
    """What a unit step shows: the units in which the person may do ``permission``, or those under one of them."""

    async def choices(turn: Turn, answers: Answers) -> UnitLevel:
        below = answers.get(UNIT_LEVEL)
        level: UnitLevel = await turn.read(UnitChildren(*below) if below else UnitsInCharge(to=permission))
        return level

    return choices


def level_asked(argument: str) -> list[int] | None:
    """The unit whose children a button asks for, and after which of them; None: one's own units.

    Refuses what no button of ours says.
    """
    found = _LEVEL.fullmatch(argument)
    if found is None:
        raise Refused(NOT_FOUND)
    unit_id = int(found["unit"])
    return [unit_id, int(found["after"] or 0)] if unit_id else None


async def unit(turn: Turn, said: Said, answers: Answers) -> Taken:
    """``<form>.unit`` goes down, or takes a unit with nothing under it; ``<form>.here`` takes the one shown.

    Whether the person may act there is the rules' to say, when they do.
    """
    if not said.verb:
        raise Refused("form.choose_button")
    asked = level_asked(said.arg)
    if asked is None:
        return Taken({UNIT_LEVEL: None}, stay=True)
    level: UnitLevel = await turn.read(UnitChildren(*asked))
    if level.above is None:
        raise Refused(NOT_FOUND)
    is_page = bool(level.rows or level.is_later)
    if is_page and not said.verb.endswith(".here"):
        return Taken({UNIT_LEVEL: asked}, stay=True)
    return Taken(_named(level.above))


def _named(row: UnitRow) -> Answers:
    return {"unit_id": row.id, "unit_zh": row.place.zh, "unit_en": row.place.en}
