"""The tree of units: what may stand where, and how it is changed. Source: DOMAIN §1, §2.

A unit's ``path`` is made of the ids above it ("1.4.12."), and authority follows the path: so a unit that moves takes
everything below along in one statement, and one that is merged or closed stays where somebody keeps authority over
what happened there. What people are shown of the tree is ``unit_pages.py``'s.
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
    Notice,
    Refused,
    Scalar,
    Subject,
    Sweep,
    ToPerson,
)
from domain.calendars import WEEKENDS
from domain.lanes import Lane
from domain.people import Appointment, Phase
from domain.permissions import Permission, allowed
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


def moved_path(path: str, *, old: str, new: str) -> str:
    """The path of a unit at or below ``old`` when that one stands at ``new``.

    >>> moved_path("1.4.12.", old="1.4.", new="2.4.")
    '2.4.12.'
    """
    return new + path.removeprefix(old)


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
class MoveBelow(Sweep):
    """Every unit below the path ``old``, that one itself not among them, stands below ``new`` instead."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class HandOver(Sweep):
    """All that unit ``old`` has goes to unit ``new``: units below, people, households, roles, groups, aliases."""

    old: Unit
    new: Unit
    at: datetime


@dataclass(frozen=True, slots=True)
class PutAlias(Sweep):
    """One more name by which an address is known."""

    unit_id: int
    alias: str


@dataclass(frozen=True, slots=True)
class DropAlias(Sweep):
    """One name less."""

    alias_id: int


@dataclass(frozen=True, slots=True)
class FreeGroups(Sweep):
    """The groups bound to a unit are bound to nothing."""

    unit_id: int


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


@dataclass(frozen=True, slots=True)
class MoveUnit(Action):
    """Stand below another unit, with everything below. ``version`` is the unit's when it was asked "really?"."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    unit_id: int
    parent_id: int
    version: int


@dataclass(frozen=True, slots=True)
class MergeUnit(Action):
    """Become part of another unit of the same kind."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    unit_id: int
    into_id: int
    version: int


@dataclass(frozen=True, slots=True)
class CloseUnit(Action):
    """Be no more."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    unit_id: int
    version: int


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


def _open(unit: Unit) -> Unit:
    if unit.closed_at is not None:
        raise Refused("unit.closed_already")
    return unit


def _free_name(case: UnitCase, *names: str) -> None:
    taken = {name.casefold() for name in case.names}
    clash = next((name for name in names if name and name.casefold() in taken), None)
    if clash is not None:
        raise Refused("unit.name_taken", name=clash)


def _other(case: UnitCase, actor: Actor) -> Unit:
    """The unit an action names besides; one's authority must reach it too."""
    if case.other is None or not allowed(actor, Permission.MANAGE_UNITS, Subject(path=case.other.path)):
        raise Refused(NOT_FOUND)
    return _open(case.other)


def _as_asked(case: UnitCase, version: int) -> Unit:
    if _open(case.unit).version != version:
        raise Refused("unit.changed")
    return case.unit


def _event(name: str, unit: Unit, **data: Scalar) -> Event:
    return Event(name, "unit", unit.id, data, unit_id=unit.id)


def _saved(unit: Unit, event: Event, *sweeps: Sweep) -> Decision:
    return Decision(saves=(unit,), sweeps=sweeps, events=(event,), result={"unit_id": unit.id})


def add(case: UnitCase, action: AddUnit, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A new unit below an open one of a larger kind, with a name and a code nobody has beside it."""
    parent = _open(case.unit)
    if action.kind not in kinds_below(parent.kind):
        raise Refused("unit.kind_wrong")
    name = checked_name(action.name)
    name_en = checked_name(action.name_en) if action.name_en else ""
    _free_name(case, name, name_en)
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
    return _saved(unit, _event("unit.added", unit, kind=unit.kind, parent_id=parent.id))


def rename(case: UnitCase, action: RenameUnit, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Other names, as long as no open unit beside it has them."""
    unit = _open(case.unit)
    name = unit.name if action.name is None else checked_name(action.name)
    name_en = unit.name_en if not action.name_en else checked_name(action.name_en)
    # A name left as it is may have clashed all along: that is no reason to refuse the other one.
    _free_name(
        case,
        *(
            new
            for new, old in ((name, unit.name), (name_en, unit.name_en))
            if new.casefold() != old.casefold()
        ),
    )
    renamed = replace(unit, name=name, name_en=name_en)
    return _saved(renamed, _event("unit.renamed", unit))


def set_alias(case: UnitCase, action: SetAlias, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A few other ways to write the address; the same twice changes nothing and is said."""
    unit = _open(case.unit)
    alias = checked_name(action.alias)
    if alias in case.aliases:
        raise Refused("unit.alias_there")
    if len(case.aliases) >= MOST_ALIASES:
        raise Refused("unit.too_many_aliases", most=MOST_ALIASES)
    return _saved(unit, _event("unit.alias_added", unit), PutAlias(unit.id, alias))


def remove_alias(
    case: UnitCase, action: RemoveAlias, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only one of this unit's own."""
    unit = _open(case.unit)
    if not case.alias_known:
        raise Refused(NOT_FOUND)
    return _saved(
        unit, _event("unit.alias_removed", unit, alias_id=action.alias_id), DropAlias(action.alias_id)
    )


def set_zone(case: UnitCase, action: SetZone, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Deadlines of requests raised from here on follow it, here and below."""
    unit = replace(_open(case.unit), zone=None if action.zone is None else checked_zone(action.zone))
    return _saved(unit, _event("unit.zone_set", unit, zone=unit.zone))


def set_calendar(
    case: UnitCase, action: SetCalendar, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The same with the days of work."""
    if action.calendar not in (None, WEEKENDS, *rules.calendars):
        raise Refused(NOT_FOUND)
    unit = replace(_open(case.unit), calendar=action.calendar)
    return _saved(unit, _event("unit.calendar_set", unit, calendar=unit.calendar))


def move(case: UnitCase, action: MoveUnit, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Stand elsewhere: never below itself, only below a larger kind, and only where one has authority too."""
    unit = _as_asked(case, action.version)
    parent = _other(case, actor)
    if parent.path.startswith(unit.path):
        raise Refused("unit.below_itself")
    if parent.id == unit.parent_id:
        raise Refused("unit.there_already")
    if unit.kind not in kinds_below(parent.kind):
        raise Refused("unit.kind_wrong")
    _free_name(case, unit.name, unit.name_en)
    if case.below.units > MOST_AT_ONCE:
        raise Refused("unit.too_many_below", most=MOST_AT_ONCE)
    moved = replace(unit, parent_id=parent.id, path=f"{parent.path}{unit.id}.")
    return _saved(
        moved,
        _event("unit.moved", unit, from_id=unit.parent_id, to_id=parent.id),
        MoveBelow(unit.path, moved.path),
    )


def merge(case: UnitCase, action: MergeUnit, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Everything alive goes to the other unit; the closed shell stands below it, with its history."""
    unit = _as_asked(case, action.version)
    into = _other(case, actor)
    if into.id == unit.id or into.path.startswith(unit.path):
        raise Refused("unit.below_itself")
    if into.kind != unit.kind:
        raise Refused("unit.merge_kinds")
    if case.names:
        raise Refused("unit.merge_names", name=min(case.names))
    if case.below.units > MOST_AT_ONCE or case.below.people > MOST_AT_ONCE:
        raise Refused("unit.too_many_below", most=MOST_AT_ONCE)
    shell = replace(
        unit, parent_id=into.id, path=f"{into.path}{unit.id}.", closed_at=now, merged_into_id=into.id
    )
    return replace(
        _saved(shell, _event("unit.merged", unit, into_id=into.id), HandOver(unit, into, now)),
        result={"unit_id": into.id},
    )


def close(case: UnitCase, action: CloseUnit, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Only what is empty can go; whoever served there serves there no longer."""
    unit = _as_asked(case, action.version)
    if unit.parent_id is None:
        raise Refused("unit.top_stays")
    if any(case.below.counts.values()):
        raise Refused("unit.not_empty", **case.below.counts)
    ended = tuple(
        replace(held, ends_at=max(now, held.starts_at), phase=Phase.ENDED)
        for held in case.appointments
        if held.ends_at is None or held.ends_at > now
    )
    holders = dict.fromkeys(held.person_id for held in ended)
    return Decision(
        saves=(replace(unit, closed_at=now), *ended),
        sweeps=(FreeGroups(unit.id),),
        events=(_event("unit.closed", unit, appointments=len(ended)),),
        notices=tuple(Notice(ToPerson(holder), "commands", lane=Lane.PERSON) for holder in holders),
        result={"unit_id": unit.parent_id},
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    AddUnit: add,
    RenameUnit: rename,
    SetAlias: set_alias,
    RemoveAlias: remove_alias,
    SetZone: set_zone,
    SetCalendar: set_calendar,
    MoveUnit: move,
    MergeUnit: merge,
    CloseUnit: close,
}
