"""The tree of units: where a printed code leads, and how it is changed by whole parts.

Knows the statements for paths of everything below, and for all that one unit hands over to another; whether they may
run is decided by ``domain/reshaping.py``. Each stands for rows that nobody loads
one by one, so each raises the version of those it changes: whoever holds an older copy finds out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, case, delete, exists, func, or_, select, update

from domain.base import Sweep
from domain.people import Phase
from domain.reshaping import FreeGroups, HandOver, MoveBelow
from domain.units import DropAlias, PutAlias
from storage.areas import COMMUNITY, area_at, relabel
from storage.dialect import upserting
from storage.imports import there
from storage.people import below
from storage.prepared import Prepared, one_of, some
from storage.schema import (
    appointment,
    chat_group,
    checkin,
    counter,
    household,
    person,
    unit,
    unit_alias,
)
from storage.types import Instant

_SHAPE = select(counter.c.value).where(counter.c.name == unit.name)
_LOCK = _SHAPE.with_for_update()


def lock(connection: Connection) -> None:
    """One change of the tree's shape after the other (PostgreSQL; SQLite has one writer).

    The counter that deals out units' numbers is held until the commit, so that nobody moves what one has just read.
    """
    connection.execute(_LOCK)


_KEEP = _SHAPE.with_for_update(read=True)


def keep(connection: Connection) -> None:
    """The tree stays in its shape until the commit, for as many as ask for it at once."""
    connection.execute(_KEEP)


_BY_CODE = select(unit.c.id, unit.c.closed_at, unit.c.merged_into_id).where(
    unit.c.code == bindparam("code"), there(unit)
)
_STANDING = select(unit.c.id, unit.c.closed_at, unit.c.merged_into_id).where(unit.c.id == bindparam("id"))


def by_code(connection: Connection, code: str) -> int | None:
    """The open unit to which this code leads, or None: what was merged has its printed codes lead on."""
    row = connection.execute(_BY_CODE, {"code": code}).first()
    while row is not None and row.closed_at is not None and row.merged_into_id is not None:
        # A shell stands below what it was merged into and is never opened again, so this goes round nowhere.
        row = connection.execute(_STANDING, {"id": row.merged_into_id}).first()
    return None if row is None or row.closed_at is not None else int(row.id)


class Office(NamedTuple):
    """What a unit's deadlines follow: the nearest zone and calendar at or above it, "" where nobody set any."""

    zone: str = ""
    calendar: str = ""
    closed: bool = False


_KEPT = Prepared(
    select(unit.c.path, unit.c.zone, unit.c.calendar, unit.c.closed_at).where(one_of(unit.c.id, "id"))
)


def office_of(connection: Connection, path: str) -> Office:
    """The office hours of the unit at ``path``, and whether it is closed."""
    ids = [int(part) for part in path.split(".")[:-1]]
    rows = [row for portion in some("id", ids) for row in _KEPT.all(connection, portion)]
    nearest = sorted(rows, key=lambda row: len(row.path), reverse=True)
    return Office(
        next((row.zone for row in nearest if row.zone), ""),
        next((row.calendar for row in nearest if row.calendar), ""),
        closed=bool(nearest) and nearest[0].closed_at is not None,
    )


_MOVE_BELOW = (
    update(unit)
    .where(unit.c.path > bindparam("low"), unit.c.path < bindparam("high"))
    .values(path=bindparam("new", type_=unit.c.path.type) + func.substr(unit.c.path, bindparam("rest")))
)
_KIND = select(unit.c.kind).where(unit.c.path == bindparam("path"))
_TAKES_ITS_AREA = ("street", COMMUNITY)
"""Moved or merged, whoever lives below stays where they were: in the same community, or in the shell of one."""
_STAND = update(unit).where(unit.c.id == bindparam("shell")).values(path=bindparam("back"))
_OLD: BindParameter[int] = bindparam("old")
_NEW: BindParameter[int] = bindparam("new")
_CLOSED_CHILDREN = select(unit.c.id).where(unit.c.parent_id == _OLD, unit.c.closed_at.is_not(None))
_ADOPT = (
    update(unit)
    .where(unit.c.parent_id == _OLD, unit.c.closed_at.is_(None))
    .values(parent_id=_NEW, version=unit.c.version + 1)
)

_theirs = household.alias("their_household")
_FLATS_THERE = select(_theirs.c.flat).where(_theirs.c.unit_id == _NEW)
_TWICE = select(household.c.id).where(household.c.unit_id == _OLD, household.c.flat.in_(_FLATS_THERE))
_SAME_DOOR = (
    select(_theirs.c.id)
    .join(household, household.c.flat == _theirs.c.flat)
    .where(_theirs.c.unit_id == _NEW, household.c.id == person.c.household_id)
    .correlate(person)
    .scalar_subquery()
)

_also = appointment.alias("also_held")
_now = bindparam("now", type_=Instant())


def _lasting(held: Any) -> Any:
    return or_(held.c.ends_at.is_(None), held.c.ends_at > _now)


_held_there_as_long = exists(_also.c.id).where(
    _also.c.unit_id == _NEW,
    _also.c.person_id == appointment.c.person_id,
    _also.c.role == appointment.c.role,
    _also.c.starts_at <= _now,
    _lasting(_also),
    or_(_also.c.ends_at.is_(None), _also.c.ends_at >= appointment.c.ends_at),
)
_same_alias = unit_alias.alias("same_alias")

_HAND_OVER = (
    _ADOPT,
    # The same flat twice becomes one household; every other door goes along.
    update(person)
    .where(person.c.home_unit_id == _OLD)
    .values(
        home_unit_id=_NEW,
        household_id=func.coalesce(_SAME_DOOR, person.c.household_id),
        area_id=area_at(_NEW),
        version=person.c.version + 1,
    ),
    # Whoever is kept in a household there without living there: the tombstones of those who were merged.
    update(person)
    .where(person.c.household_id.in_(_TWICE))
    .values(household_id=_SAME_DOOR, version=person.c.version + 1),
    delete(household).where(household.c.id.in_(_TWICE)),
    update(household).where(household.c.unit_id == _OLD).values(unit_id=_NEW),
    # Nobody holds one role at one unit twice; a role that the other one outlives is no loss.
    update(appointment)
    .where(appointment.c.unit_id == _OLD, _lasting(appointment), _held_there_as_long)
    .values(
        ends_at=case((appointment.c.starts_at > _now, appointment.c.starts_at), else_=_now),
        phase=Phase.ENDED,
        version=appointment.c.version + 1,
    ),
    update(appointment)
    .where(appointment.c.unit_id == _OLD, _lasting(appointment))
    .values(unit_id=_NEW, version=appointment.c.version + 1),
    update(checkin)
    .where(checkin.c.unit_id == _OLD, checkin.c.state.in_(("asked", "returned", "approved")))
    .values(unit_id=_NEW, version=checkin.c.version + 1),
    update(chat_group)
    .where(chat_group.c.unit_id == _OLD)
    .values(unit_id=_NEW, version=chat_group.c.version + 1),
    delete(unit_alias).where(
        unit_alias.c.unit_id == _OLD,
        unit_alias.c.alias.in_(select(_same_alias.c.alias).where(_same_alias.c.unit_id == _NEW)),
    ),
    update(unit_alias).where(unit_alias.c.unit_id == _OLD).values(unit_id=_NEW),
)
"""In this order: the closed shell keeps what has ended, everything alive belongs to the other unit afterwards."""
_DROP_ALIAS = delete(unit_alias).where(unit_alias.c.id == bindparam("id"))
_FREE_GROUPS = (
    update(chat_group)
    .where(chat_group.c.unit_id == _OLD)
    .values(unit_id=None, version=chat_group.c.version + 1)
)


def move_below(connection: Connection, change: MoveBelow) -> None:
    """Every path below ``old`` begins with ``new``; the unit at ``old`` itself was saved already."""
    _move_paths(connection, change.old, change.new)
    if connection.execute(_KIND, {"path": change.new}).scalar() not in _TAKES_ITS_AREA:
        relabel(connection, *below(change.new))


def _move_paths(connection: Connection, old: str, new: str) -> None:
    low, high = below(old)
    connection.execute(_MOVE_BELOW, {"low": low, "high": high, "new": new, "rest": len(old) + 1})


def hand_over(connection: Connection, change: HandOver) -> None:
    """Open units below go along; closed ones stay with the shell, which was saved at its new place already."""
    old, new = change.old, change.new
    closed = connection.execute(_CLOSED_CHILDREN, {"old": old.id}).scalars().all()
    _move_paths(connection, old.path, new.path)
    for shell in closed:
        back = f"{new.path}{old.id}.{shell}."
        connection.execute(_STAND, {"shell": shell, "back": back})
        _move_paths(connection, f"{new.path}{shell}.", back)
    if old.kind not in _TAKES_ITS_AREA:
        relabel(connection, *below(new.path))
    for statement in _HAND_OVER:
        connection.execute(statement, {"old": old.id, "new": new.id, "now": change.at})


def put_alias(connection: Connection, change: PutAlias) -> None:
    """Once, however often it is put."""
    connection.execute(
        upserting(connection, unit_alias)
        .values(unit_id=change.unit_id, alias=change.alias)
        .on_conflict_do_nothing(index_elements=["unit_id", "alias"])
    )


def drop_alias(connection: Connection, change: DropAlias) -> None:
    """It is no more."""
    connection.execute(_DROP_ALIAS, {"id": change.alias_id})


def free_groups(connection: Connection, change: FreeGroups) -> None:
    """They are bound to nothing."""
    connection.execute(_FREE_GROUPS, {"old": change.unit_id})


SWEEPS: Mapping[type[Sweep], Callable[[Connection, Any], None]] = {
    MoveBelow: move_below,
    HandOver: hand_over,
    PutAlias: put_alias,
    DropAlias: drop_alias,
    FreeGroups: free_groups,
}
