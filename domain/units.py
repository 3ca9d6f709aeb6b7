"""The tree of units: what may stand where, what it is called, and by which clock and calendar it works.
Source: docs/rules.md §1, §2.

A unit's ``path`` is made of the ids above it ("1.4.12."), and authority follows the path. How the tree's shape changes
is ``reshaping.py``'s, what people are shown of it ``unit_pages.py``'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Decision,
    Entity,
    Event,
    Refused,
    Scalar,
    Subject,
    Sweep,
)
from domain.calendars import WEEKENDS
from domain.people import Appointment
from domain.permissions import Permission
from domain.rulebook import Rulebook

BRANCH = "branch"
KINDS = ("street", "community", "grid", "building", BRANCH)
RANK = {kind: rank for rank, kind in enumerate(KINDS) if kind != BRANCH}
MOST_NAME = 64
MOST_ALIASES = 20
MOST_AT_ONCE = 5000
"""Units below, or people, that one change may take along: what is more would keep everybody else waiting."""

_CODE = re.compile(r"[A-Za-z0-9_-]{1,60}")


def kinds_below(kind: str) -> tuple[str, ...]:
    """What may stand directly below a unit of this kind: a smaller area, or a branch; below a branch only branches.

    >>> kinds_below("grid")
    ('building', 'branch')
    """
    if kind == BRANCH:
        return (BRANCH,)
    return tuple(other for other in KINDS if other == BRANCH or RANK[other] > RANK[kind])


# --- what is stored ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unit(Entity):
    """A node of the tree. ``name`` is the Chinese one; ``zone`` and ``calendar`` None: as the unit above says.

    A merged unit is closed, stands below the one it was merged into, and its code leads there.
    """

    kind: str
    name: str
    name_en: str
    parent_id: int | None
    path: str
    code: str
    closed_at: datetime | None = None
    zone: str | None = None
    calendar: str | None = None
    merged_into_id: int | None = None


@dataclass(frozen=True, slots=True)
class Below:
    """What still hangs on a unit: open units below, people who live there, and what is under way there."""

    units: int = 0
    people: int = 0
    requests: int = 0
    tasks: int = 0
    pairings: int = 0
    checkins: int = 0

    @property
    def counts(self) -> Mapping[str, Scalar]:
        """The numbers by name, for a sentence."""
        return {
            "units": self.units,
            "people": self.people,
            "requests": self.requests,
            "tasks": self.tasks,
            "pairings": self.pairings,
            "checkins": self.checkins,
        }


@dataclass(frozen=True, slots=True)
class PutAlias(Sweep):
    """One more name by which an address is known."""

    unit_id: int
    alias: str


@dataclass(frozen=True, slots=True)
class DropAlias(Sweep):
    """One name less."""

    alias_id: int


# --- what a decision needs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnitCase:
    """A unit, and the other one an action names: the new parent, or the one to merge into.

    ``names``: names of open units that would stand beside it, of those it might clash with. ``below``: what hangs on
    it; of ``units`` and ``people`` at most one more than ``MOST_AT_ONCE`` is counted.
    """

    unit: Unit
    other: Unit | None = None
    names: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()
    below: Below = Below()
    appointments: tuple[Appointment, ...] = ()
    new_id: int = 0
    free_code: str = ""
    code_taken: bool = False
    alias_known: bool = True

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.unit.path)


# --- actions --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddUnit(Action):
    """A new unit below ``parent_id``. ``code`` "" takes a free one."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    parent_id: int
    kind: str
    name: str
    name_en: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class RenameUnit(Action):
    """Other names; None keeps one as it is."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    unit_id: int
    name: str | None = None
    name_en: str | None = None


@dataclass(frozen=True, slots=True)
class SetAlias(Action):
    """One more way in which people write this address."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    unit_id: int
    alias: str


@dataclass(frozen=True, slots=True)
class RemoveAlias(Action):
    """One way less."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    unit_id: int
    alias_id: int


@dataclass(frozen=True, slots=True)
class SetZone(Action):
    """An IANA time zone of its own; None: as the unit above."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    unit_id: int
    zone: str | None


@dataclass(frozen=True, slots=True)
class SetCalendar(Action):
    """A working calendar of its own (a country that was loaded, or weekends only); None: as the unit above."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    unit_id: int
    calendar: str | None


# --- rules ----------------------------------------------------------------------------------------------------------------


def checked_name(name: str) -> str:
    """``name`` itself. Refuses an empty one, one that is too long, and what cannot be printed."""
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable() or name != " ".join(name.split()):
        raise Refused("unit.name_wrong", most=MOST_NAME)
    return name


def checked_zone(zone: str) -> str:
    """``zone`` itself. Refuses what is no IANA time zone."""
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):  # "not found" is a KeyError, a folder's name an OSError
        raise Refused("unit.zone_unknown") from None
    return zone


def still_open(unit: Unit) -> Unit:
    """``unit`` itself. Refuses one that is closed."""
    if unit.closed_at is not None:
        raise Refused("unit.closed_already")
    return unit


def free_name(case: UnitCase, *names: str) -> None:
    """Refuses a name that an open unit beside it has already."""
    taken = {name.casefold() for name in case.names}
    clash = next((name for name in names if name and name.casefold() in taken), None)
    if clash is not None:
        raise Refused("unit.name_taken", name=clash)


def event_of(name: str, unit: Unit, **data: Scalar) -> Event:
    """A fact about a unit."""
    return Event(name, "unit", unit.id, data, unit_id=unit.id)


def saved(unit: Unit, event: Event, *sweeps: Sweep) -> Decision:
    """The unit as it shall be, with what goes along."""
    return Decision(saves=(unit,), sweeps=sweeps, events=(event,), result={"unit_id": unit.id})


def add(case: UnitCase, action: AddUnit, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A new unit below an open one of a larger kind, with a name and a code nobody has beside it."""
    parent = still_open(case.unit)
    if action.kind not in kinds_below(parent.kind):
        raise Refused("unit.kind_wrong")
    name = checked_name(action.name)
    name_en = checked_name(action.name_en) if action.name_en else ""
    free_name(case, name, name_en)
    if action.code and not _CODE.fullmatch(action.code):
        raise Refused("unit.code_wrong")
    if case.code_taken:
        raise Refused("unit.code_taken", code=action.code)
    unit = Unit(
        case.new_id,
        0,
        kind=action.kind,
        name=name,
        name_en=name_en,
        parent_id=parent.id,
        path=f"{parent.path}{case.new_id}.",
        code=action.code or case.free_code,
    )
    return saved(unit, event_of("unit.added", unit, kind=unit.kind, parent_id=parent.id))


def rename(case: UnitCase, action: RenameUnit, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Other names, as long as no open unit beside it has them."""
    unit = still_open(case.unit)
    name = unit.name if action.name is None else checked_name(action.name)
    name_en = unit.name_en if not action.name_en else checked_name(action.name_en)
    # A name left as it is may have clashed all along: that is no reason to refuse the other one.
    free_name(
        case,
        *(
            new
            for new, old in ((name, unit.name), (name_en, unit.name_en))
            if new.casefold() != old.casefold()
        ),
    )
    renamed = replace(unit, name=name, name_en=name_en)
    return saved(renamed, event_of("unit.renamed", unit))


def set_alias(case: UnitCase, action: SetAlias, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A few other ways to write the address; the same twice changes nothing and is said."""
    unit = still_open(case.unit)
    alias = checked_name(action.alias)
    if alias in case.aliases:
        raise Refused("unit.alias_there")
    if len(case.aliases) >= MOST_ALIASES:
        raise Refused("unit.too_many_aliases", most=MOST_ALIASES)
    return saved(unit, event_of("unit.alias_added", unit), PutAlias(unit.id, alias))


def remove_alias(
    case: UnitCase, action: RemoveAlias, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only one of this unit's own."""
    unit = still_open(case.unit)
    if not case.alias_known:
        raise Refused(NOT_FOUND)
    return saved(
        unit, event_of("unit.alias_removed", unit, alias_id=action.alias_id), DropAlias(action.alias_id)
    )


def set_zone(case: UnitCase, action: SetZone, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Deadlines of requests raised from here on follow it, here and below."""
    unit = replace(still_open(case.unit), zone=None if action.zone is None else checked_zone(action.zone))
    return saved(unit, event_of("unit.zone_set", unit, zone=unit.zone))


def set_calendar(
    case: UnitCase, action: SetCalendar, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The same with the days of work."""
    if action.calendar not in (None, WEEKENDS, *rules.calendars):
        raise Refused(NOT_FOUND)
    unit = replace(still_open(case.unit), calendar=action.calendar)
    return saved(unit, event_of("unit.calendar_set", unit, calendar=unit.calendar))


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    AddUnit: add,
    RenameUnit: rename,
    SetAlias: set_alias,
    RemoveAlias: remove_alias,
    SetZone: set_zone,
    SetCalendar: set_calendar,
}
