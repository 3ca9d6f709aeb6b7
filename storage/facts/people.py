"""Units and people to choose from: homes, the units one leads, members and residents in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select

from domain.base import NOT_FOUND, Refused
from domain.people_seen import UnitsBelow
from domain.permissions import GRANTS, Permission
from domain.queries import (
    Appointed,
    ListMembers,
    ListResidents,
    Page,
    PersonRow,
    RightsFacts,
    SeeRights,
    UnitByCode,
    UnitChildren,
    UnitFacts,
    UnitLevel,
    UnitRow,
    UnitsInCharge,
)
from storage import tree
from storage.facts.rows import HELPER_ROLES, STAFF_ROLES, Look, covered, page_of, paged, place
from storage.imports import there
from storage.people import HOME_KINDS, in_force
from storage.schema import (
    appointment,
    household,
    person,
    unit,
)

MOST_UNITS = 90
"""A keyboard holds a hundred buttons, and some are for turning."""
LEVEL_ROWS = 60
"""Units of a level that are shown at once; further ones stand on a page of their own."""

_child = unit.alias("child_unit")
_UNIT = select(
    unit.c.id,
    unit.c.kind,
    unit.c.name,
    unit.c.name_en,
    unit.c.parent_id,
    exists()
    .where(_child.c.parent_id == unit.c.id, _child.c.closed_at.is_(None), there(_child))
    .label("has_children"),
).where(unit.c.closed_at.is_(None), there(unit))
_ONE = _UNIT.where(unit.c.id == bindparam("id"))
_NEXT = _UNIT.where(unit.c.id > bindparam("after")).order_by(unit.c.id).limit(LEVEL_ROWS + 1)
_TOP = _NEXT.where(unit.c.parent_id.is_(None))
_CHILDREN = _NEXT.where(unit.c.parent_id == bindparam("id"))
_SOME = _UNIT.where(unit.c.id.in_(bindparam("ids", expanding=True))).order_by(unit.c.path).limit(MOST_UNITS)


def _row(row: Any) -> UnitRow:
    return UnitRow(
        row.id, row.kind, place(row.name, row.name_en), bool(row.has_children), row.kind in HOME_KINDS
    )


def level(
    connection: Connection, unit_id: int | None, *, after: int = 0, homes: bool = True
) -> UnitLevel | None:
    """A page of what is directly under a unit, or at the top. With ``homes``, units that lead to none are left out."""
    if not unit_id:
        found = connection.execute(_TOP, {"after": after}).all()
        above = None
    else:
        above = connection.execute(_ONE, {"id": unit_id}).first()
        if above is None:
            return None
        found = connection.execute(_CHILDREN, {"id": unit_id, "after": after}).all()
    shown = found[:LEVEL_ROWS]
    units = tuple(row for row in map(_row, shown) if not homes or row.has_children or row.has_homes)
    return UnitLevel(
        units,
        None if above is None else _row(above),
        (above.parent_id or 0) if above else 0,
        is_later=bool(after),
        goes_on=shown[-1].id if len(found) > LEVEL_ROWS else None,
    )


def home_picker(connection: Connection, unit_id: int, look: Look) -> UnitLevel | None:
    """For anyone: where people live is not a secret, who lives there is."""
    return level(connection, unit_id)


def unit_children(connection: Connection, query: UnitChildren, look: Look) -> UnitLevel:
    """The same as a screen."""
    found = level(connection, query.unit_id, after=query.after)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def units_below(connection: Connection, query: UnitsBelow, look: Look) -> UnitLevel:
    """For staff who choose where somebody serves: branches have no homes."""
    found = level(connection, query.unit_id, after=query.after, homes=False)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def unit_by_code(connection: Connection, query: UnitByCode, look: Look) -> UnitRow:
    """The open unit to which this printed code leads."""
    row = connection.execute(_ONE, {"id": tree.by_code(connection, query.code)}).first()
    if row is None:
        raise Refused(NOT_FOUND)
    return _row(row)


def units_in_charge(connection: Connection, query: UnitsInCharge, look: Look) -> UnitLevel:
    """The units at which the reader holds a role that may do ``query.to``, highest first."""
    grant = GRANTS[Permission(query.to)]
    ids = sorted({held.unit_id for held in look.reader.held if held.role in grant.roles})
    return UnitLevel(tuple(_row(row) for row in connection.execute(_SOME, {"ids": ids})))


def see_rights(connection: Connection, query: SeeRights, look: Look) -> RightsFacts:
    """One's own appointments in force, by the places as they are called now."""
    held = sorted(look.reader.held, key=lambda one: (one.path, one.role))
    ids = sorted({one.unit_id for one in held})
    names = {row.id: place(row.name, row.name_en) for row in connection.execute(_SOME, {"ids": ids})}
    return RightsFacts(
        tuple(Appointed(one.role, names[one.unit_id]) for one in held if one.unit_id in names),
        suspended=look.reader.suspended,
    )


def appointed(connection: Connection, unit_id: int, look: Look) -> UnitFacts | None:
    """For who holds a role there, as long as they do."""
    if all(held.unit_id != unit_id for held in look.reader.held):
        return None
    row = connection.execute(_ONE, {"id": unit_id}).first()
    return None if row is None else UnitFacts(row.id, place(row.name, row.name_en))


# Somebody may serve in several units of the reader's: the first of them stands for all.
_serving = (
    select(appointment.c.person_id, func.min(appointment.c.unit_id).label("unit_id"))
    .where(
        appointment.c.role.in_(HELPER_ROLES),
        in_force(appointment),
        appointment.c.unit_id.in_(covered(*STAFF_ROLES)),
    )
    .group_by(appointment.c.person_id)
    .subquery("serving")
)
_MEMBERS = paged(
    select(person.c.id, person.c.name, unit.c.name.label("place"), unit.c.name_en.label("place_en"))
    .select_from(
        _serving.join(person, person.c.id == _serving.c.person_id).join(unit, unit.c.id == _serving.c.unit_id)
    )
    .where(person.c.suspended.is_(False), there(person))
    .order_by(unit.c.path, person.c.name, person.c.id)
)
_RESIDENTS = paged(
    select(
        person.c.id,
        person.c.name,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        household.c.flat,
    )
    .select_from(
        person.join(unit, unit.c.id == person.c.home_unit_id).outerjoin(
            household, household.c.id == person.c.household_id
        )
    )
    .where(
        person.c.home_unit_id.in_(covered(*STAFF_ROLES)),
        func.lower(person.c.name).like(bindparam("pattern"), escape="\\"),
        there(person),
    )
    .order_by(person.c.name, person.c.id)
)


def list_members(connection: Connection, query: ListMembers, look: Look) -> Page[PersonRow]:
    """Those who serve in the units the reader leads."""
    rows, page = page_of(
        connection, _MEMBERS, {"reader": look.reader.person_id, "now": look.now}, page=query.page
    )
    return replace(
        page, rows=tuple(PersonRow(row.id, row.name, place(row.place, row.place_en)) for row in rows)
    )


def list_residents(connection: Connection, query: ListResidents, look: Look) -> Page[PersonRow]:
    """Residents of the units the reader leads whose name holds the text; nothing for an empty one."""
    text = query.text.strip().lower()
    if not text:
        return Page(())
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows, page = page_of(
        connection,
        _RESIDENTS,
        {"reader": look.reader.person_id, "now": look.now, "pattern": f"%{escaped}%"},
        page=query.page,
    )
    return replace(
        page,
        rows=tuple(
            PersonRow(row.id, row.name, place(row.place, row.place_en), row.flat or "") for row in rows
        ),
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "home.picker": home_picker,
    "person.appointed": appointed,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeRights: see_rights,
    UnitChildren: unit_children,
    UnitsBelow: units_below,
    UnitByCode: unit_by_code,
    UnitsInCharge: units_in_charge,
    ListMembers: list_members,
    ListResidents: list_residents,
}
