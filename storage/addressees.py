"""Whom a notice is for, as a statement over all people: the same rule as ``domain/addressees.py`` for one.

A person is looked at by way of their id, a stretch at a time, so that no look takes longer than another; only the
units of an audience are ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from domain.addressees import RESIDENT, WHOM, Addressees
from storage.imports import there
from storage.people import below as bounds
from storage.people import in_force
from storage.schema import (
    appointment,
    person,
    person_skill,
    person_tag,
    unit,
)

home = unit.alias("addressee_home")
_served = unit.alias("addressee_served")
_there = unit.alias("addressee_there")
SOMEBODY = person.outerjoin(home, home.c.id == person.c.home_unit_id)
"""People with where they live."""


def paths_of(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The paths of open units, by id."""
    rows = connection.execute(
        select(unit.c.id, unit.c.path).where(unit.c.id.in_(ids), unit.c.closed_at.is_(None), there(unit))
    )
    return {row.id: row.path for row in rows}


def _below(path: ColumnElement[str], units: Sequence[str]) -> ColumnElement[bool]:
    ranges = [bounds(above) for above in units]
    return or_(false(), *(and_(path >= literal(low), path < literal(high)) for low, high in ranges))


def _serves(units: Sequence[str], roles: Sequence[str]) -> ColumnElement[bool]:
    return exists(
        select(appointment.c.id)
        .select_from(appointment.join(_served, _served.c.id == appointment.c.unit_id))
        .where(
            appointment.c.person_id == person.c.id,
            appointment.c.role.in_(roles),
            in_force(appointment),
            there(appointment),
            _below(_served.c.path, units),
        )
    )


def _others(
    wanted: Addressees, units: Sequence[str], without: Sequence[str]
) -> tuple[ColumnElement[bool], ...]:
    """What has to be true of whoever lives or serves there: is somebody, and is not left out."""
    conditions = [
        person.c.merged_into_id.is_(None),
        person.c.erased_at.is_(None),
        there(person),
        ~person.c.suspended,
    ]
    if wanted.skills or wanted.tags:
        skill, tag = person_skill.c.skill.in_(wanted.skills), person_tag.c.tag.in_(wanted.tags)
        conditions.append(
            or_(
                exists().where(person_skill.c.person_id == person.c.id, skill) if wanted.skills else false(),
                exists().where(person_tag.c.person_id == person.c.id, tag) if wanted.tags else false(),
            )
        )
    if wanted.language:
        conditions.append(person.c.language == wanted.language)
    if without:
        conditions.append(or_(home.c.path.is_(None), ~_below(home.c.path, without)))
    if wanted.without_roles:
        conditions.append(~_serves(units, wanted.without_roles))
    return tuple(conditions)


def _ranges(wanted: Addressees, paths: dict[int, str]) -> tuple[list[str], list[str]]:
    """The paths of the units it is for and of those left out; closed ones reach nobody."""
    return (
        [paths[unit_id] for unit_id in wanted.units if unit_id in paths],
        [paths[unit_id] for unit_id in wanted.without_units if unit_id in paths],
    )


def chosen(wanted: Addressees, paths: dict[int, str], *columns: Any) -> Select[Any]:
    """Those people, by way of all people, not in any order. ``paths`` of its units."""
    units, without = _ranges(wanted, paths)
    ways = wanted.roles or WHOM
    roles = [role for role in ways if role != RESIDENT]
    belongs = or_(
        _below(home.c.path, units) if RESIDENT in ways else false(),
        _serves(units, roles) if roles else false(),
    )
    return select(*columns).select_from(SOMEBODY).where(belongs, *_others(wanted, units, without))


def found(wanted: Addressees, paths: dict[int, str], *columns: Any) -> tuple[Select[Any], ...]:
    """The same people by way of the units, in parts that have nobody in common: who lives there, who only serves."""
    units, without = _ranges(wanted, paths)
    ways = wanted.roles or WHOM
    roles = [role for role in ways if role != RESIDENT]
    others = _others(wanted, units, without)
    parts = []
    if RESIDENT in ways:
        in_units = select(_there.c.id).where(_below(_there.c.path, units))
        parts.append(
            select(*columns).select_from(SOMEBODY).where(person.c.home_unit_id.in_(in_units), *others)
        )
    if roles:
        serving = (
            select(appointment.c.person_id)
            .select_from(appointment.join(_served, _served.c.id == appointment.c.unit_id))
            .where(
                _below(_served.c.path, units),
                appointment.c.role.in_(roles),
                in_force(appointment),
                there(appointment),
            )
        )
        elsewhere = or_(home.c.path.is_(None), ~_below(home.c.path, units)) if RESIDENT in ways else true()
        parts.append(
            select(*columns).select_from(SOMEBODY).where(person.c.id.in_(serving), elsewhere, *others)
        )
    return tuple(parts)


def counted(
    connection: Connection, wanted: Addressees, paths: dict[int, str], *, now: datetime, most: int
) -> int:
    """How many they are, counted no further than ``most``."""
    total = 0
    for part in found(wanted, paths, person.c.id):
        rows = part.limit(most).subquery()
        total += connection.execute(select(func.count()).select_from(rows), {"now": now}).scalar_one()
        if total >= most:
            # Who serves there and lives elsewhere is found by looking through all who serve: not for nothing.
            break
    return min(total, most)
