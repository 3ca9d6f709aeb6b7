"""Changes of the tree's shape: a unit moved, merged into another, or closed. Source: docs/rules.md §1, §2.

A unit that moves takes everything below along in one statement; one that is merged or closed stays where somebody keeps
authority over what happened there. The tree itself, its names and settings are ``units.py``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.base import NOT_FOUND, Action, Actor, Decision, Notice, Refused, Subject, Sweep, ToPerson
from domain.lanes import Lane
from domain.people import Phase
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook
from domain.units import MOST_AT_ONCE, Unit, UnitCase, event_of, free_name, kinds_below, saved, still_open


def moved_path(path: str, *, old: str, new: str) -> str:
    """The path of a unit at or below ``old`` when that one stands at ``new``.

    >>> moved_path("1.4.12.", old="1.4.", new="2.4.")
    '2.4.12.'
    """
    return new + path.removeprefix(old)


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
class FreeGroups(Sweep):
    """The groups bound to a unit are bound to nothing."""

    unit_id: int


# --- actions ----------------------------------------------------------------------------------------------------


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


# --- rules ------------------------------------------------------------------------------------------------------


def _other(case: UnitCase, actor: Actor) -> Unit:
    """The unit an action names besides; one's authority must reach it too."""
    if case.other is None or not allowed(actor, Permission.MANAGE_UNITS, Subject(path=case.other.path)):
        raise Refused(NOT_FOUND)
    return still_open(case.other)


def _as_asked(case: UnitCase, version: int) -> Unit:
    if still_open(case.unit).version != version:
        raise Refused("unit.changed")
    return case.unit


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
    free_name(case, unit.name, unit.name_en)
    if case.below.units > MOST_AT_ONCE:
        raise Refused("unit.too_many_below", most=MOST_AT_ONCE)
    moved = replace(unit, parent_id=parent.id, path=f"{parent.path}{unit.id}.")
    return saved(
        moved,
        event_of("unit.moved", unit, from_id=unit.parent_id, to_id=parent.id),
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
        saved(shell, event_of("unit.merged", unit, into_id=into.id), HandOver(unit, into, now)),
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
        events=(event_of("unit.closed", unit, appointments=len(ended)),),
        notices=tuple(Notice(ToPerson(holder), "commands", lane=Lane.PERSON) for holder in holders),
        result={"unit_id": unit.parent_id},
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    MoveUnit: move,
    MergeUnit: merge,
    CloseUnit: close,
}
