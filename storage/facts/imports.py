"""Imports of units and people from a sheet, and their export. Source: docs/rules.md §1.

Exports are read page by page, in an order that a page can go on from: units from the top down, people by their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select, union
from sqlalchemy.sql.elements import BindParameter

from domain.base import NOT_FOUND, Refused, Subject
from domain.imports import (
    CARD,
    ExportedPerson,
    ExportedUnit,
    ExportPage,
    ExportRows,
    ImportBatch,
    ImportFacts,
    MayImport,
)
from domain.permissions import allowed
from domain.sheet_columns import ROLES, ImportKind
from storage.entities import load
from storage.facts.rows import Look, below
from storage.imports import there
from storage.people import unit_path
from storage.schema import (
    appointment,
    household,
    person,
    person_skill,
    unit,
    unit_alias,
)

_MICROSECOND = timedelta(microseconds=1)
_VALUES: BindParameter[Any] = bindparam("values", expanding=True)
_ROOT: BindParameter[Any] = bindparam("root")
_MOST: BindParameter[Any] = bindparam("most")

_above = unit.alias("above_unit")
_UNITS = (
    select(
        unit.c.id,
        unit.c.path,
        unit.c.code,
        unit.c.kind,
        unit.c.name,
        unit.c.name_en,
        _above.c.code.label("parent"),
        unit.c.zone,
        unit.c.calendar,
    )
    .select_from(unit.outerjoin(_above, _above.c.id == unit.c.parent_id))
    .where(
        unit.c.path > bindparam("after"),
        unit.c.closed_at.is_(None),
        unit.c.merged_into_id.is_(None),
        there(unit),
    )
    .order_by(unit.c.path)
    .limit(_MOST)
)
_UNITS_BELOW = _UNITS.where(below(unit.c.path, _ROOT))
_ALIASES = (
    select(unit_alias.c.unit_id, unit_alias.c.alias)
    .where(unit_alias.c.unit_id.in_(_VALUES))
    .order_by(unit_alias.c.id)
)

_PEOPLE = (
    select(
        person.c.id,
        person.c.number,
        person.c.name,
        person.c.phone,
        unit.c.code.label("unit"),
        unit.c.path,
        household.c.flat,
        person.c.language,
        person.c.telegram_id,
    )
    .select_from(
        person.outerjoin(unit, unit.c.id == person.c.home_unit_id).outerjoin(
            household, household.c.id == person.c.household_id
        )
    )
    .where(
        person.c.id > bindparam("after"),
        person.c.merged_into_id.is_(None),
        person.c.erased_at.is_(None),
        there(person),
    )
    .order_by(person.c.id)
    .limit(_MOST)
)
_under = unit.alias("under_unit")
_BELOW = union(
    select(person.c.id)
    .join(_under, _under.c.id == person.c.home_unit_id)
    .where(below(_under.c.path, _ROOT), person.c.id > bindparam("after")),
    select(appointment.c.person_id)
    .join(_under, _under.c.id == appointment.c.unit_id)
    .where(below(_under.c.path, _ROOT), appointment.c.person_id > bindparam("after")),
)
_PEOPLE_BELOW = _PEOPLE.where(person.c.id.in_(_BELOW))
_ROLES = (
    select(
        appointment.c.person_id,
        appointment.c.role,
        _under.c.code,
        _under.c.path,
        appointment.c.starts_at,
        appointment.c.ends_at,
    )
    .join(_under, _under.c.id == appointment.c.unit_id)
    .where(
        appointment.c.person_id.in_(_VALUES),
        appointment.c.role.in_([role.value for role in ROLES]),
        appointment.c.deputy_for_id.is_(None),
        appointment.c.ends_at.is_(None)
        | (appointment.c.ends_at > bindparam("now", type_=appointment.c.ends_at.type)),
    )
    .order_by(appointment.c.id)
)
_SKILLS = (
    select(person_skill.c.person_id, person_skill.c.skill)
    .where(person_skill.c.person_id.in_(_VALUES))
    .order_by(person_skill.c.skill)
)


def card(connection: Connection, batch_id: int, look: Look) -> ImportFacts | None:
    """For who began it."""
    batch = load(connection, ImportBatch, batch_id, lock=False)
    if batch is None or batch.by_id is None or batch.by_id != look.reader.person_id:
        return None
    return ImportFacts(
        batch.id,
        batch.kind,
        batch.state,
        batch.file.get("name", ""),
        batch.done,
        batch.rows,
        batch.added,
        batch.changed,
        batch.problems,
    )


def may_import(connection: Connection, query: MayImport, look: Look) -> None:
    """Asked before this is called."""


def export_rows(connection: Connection, query: ExportRows, look: Look) -> ExportPage:
    """Units or people at and below a unit over which the reader has authority."""
    root = unit_path(connection, query.unit_id) if query.unit_id else ""
    everywhere = not query.unit_id and look.reader.job is not None
    if not everywhere and not (root and allowed(look.reader, query.permission, Subject(path=root))):
        raise Refused(NOT_FOUND)
    read = _units if query.kind is ImportKind.UNITS else _people
    return read(connection, query, root, look)


def _units(connection: Connection, query: ExportRows, root: str, look: Look) -> ExportPage:
    wanted = {"after": query.after, "most": query.most}
    rows = (
        connection.execute(_UNITS_BELOW, {**wanted, "root": root})
        if root
        else connection.execute(_UNITS, wanted)
    ).all()
    aliases: dict[int, list[str]] = {}
    if rows:
        for row in connection.execute(_ALIASES, {"values": [row.id for row in rows]}):
            aliases.setdefault(row.unit_id, []).append(row.alias)
    return ExportPage(
        tuple(
            ExportedUnit(
                row.code,
                row.kind,
                row.name,
                row.name_en,
                row.parent or "",
                tuple(aliases.get(row.id, ())),
                row.zone or "",
                row.calendar or "",
            )
            for row in rows
        ),
        rows[-1].path if len(rows) == query.most else None,
    )


def _people(connection: Connection, query: ExportRows, root: str, look: Look) -> ExportPage:
    wanted = {"after": int(query.after or 0), "most": query.most}
    rows = (
        connection.execute(_PEOPLE_BELOW, {**wanted, "root": root})
        if root
        else connection.execute(_PEOPLE, wanted)
    ).all()
    ids = [row.id for row in rows]
    roles: dict[int, list[Any]] = {}
    skills: dict[int, list[str]] = {}
    if ids:
        for found in connection.execute(_ROLES, {"values": ids, "now": look.now}):
            # Roles and homes elsewhere are elsewhere's to know.
            if found.path.startswith(root):
                roles.setdefault(found.person_id, []).append(found)
        for skill in connection.execute(_SKILLS, {"values": ids}):
            skills.setdefault(skill.person_id, []).append(_named(skill.skill, look))
    zone = ZoneInfo(look.rules.time_zone)
    return ExportPage(
        tuple(
            _person(row, role, tuple(skills.get(row.id, ())), zone, root)
            for row in rows
            for role in roles.get(row.id, [None])
        ),
        str(rows[-1].id) if len(rows) == query.most else None,
    )


def _named(code: str, look: Look) -> str:
    """A skill as people call it; a sheet that comes back is read by any of its words."""
    found = look.rules.skill(code)
    return code if found is None else found.en if look.reader.language == "en" else found.zh


def _person(row: Any, role: Any, skills: tuple[str, ...], zone: ZoneInfo, root: str) -> ExportedPerson:
    lives_here = (row.path or "").startswith(root)
    return ExportedPerson(
        row.number or "",
        row.name,
        row.phone or "",
        (row.unit or "") if lives_here else "",
        (row.flat or "") if lives_here else "",
        row.language,
        row.telegram_id or 0,
        role=role.role if role else None,
        role_unit=role.code if role else "",
        begins=_day(role.starts_at, zone) if role else "",
        ends=_day(role.ends_at - _MICROSECOND, zone) if role and role.ends_at else "",
        skills=skills,
    )


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {CARD: card}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    MayImport: may_import,
    ExportRows: export_rows,
}
