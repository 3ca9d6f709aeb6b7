"""The tree in a reader's eyes: pages of units, what is below them, what a change would take along, and gaps.

Each asks for authority over the very unit. Counts stop where a page says "1000+", so that none grows with the city.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, case, exists, or_, select

from domain.base import NOT_FOUND, Refused, Role, Subject
from domain.permissions import GRANTS, Permission, allowed
from domain.queries import Page, UnitFacts
from domain.unit_pages import (
    MOST_CHECKED,
    MOST_COUNTED,
    UNITS_PAGE,
    Alias,
    BrowseUnits,
    Consequences,
    Gap,
    Node,
    SeeGaps,
    SeeUnit,
    Staff,
    UnitCard,
    UnitLine,
    UnitList,
    WhatChanges,
    gaps,
)
from domain.units import Unit
from storage import tree
from storage.areas import COMMUNITY, DIVIDED
from storage.entities import load
from storage.facts.rows import Look, page_of, paged, place
from storage.imports import there
from storage.people import ancestors, below, in_force
from storage.prepared import Prepared
from storage.schema import (
    appointment,
    chat_group,
    person,
    unit,
    unit_alias,
)
from storage.unit_changes import capped, counted, standing_below

GAPS_PAGE = 10
MOST_NAMED = 8
_NAMED_ROLES = (Role.LEADER, Role.SECRETARY, Role.ADMIN)
_ID: BindParameter[int] = bindparam("id")

_child = unit.alias("child_unit")
_LINE = select(
    unit.c.id,
    unit.c.kind,
    unit.c.name,
    unit.c.name_en,
    exists().where(_child.c.parent_id == unit.c.id, _child.c.closed_at.is_(None)).label("has_children"),
).where(unit.c.closed_at.is_(None), there(unit))
_OF_KINDS = or_(bindparam("all_kinds"), unit.c.kind.in_(bindparam("kinds", expanding=True)))
CHILDREN = paged(_LINE.where(unit.c.parent_id == _ID, _OF_KINDS).order_by(unit.c.id))
OWN = paged(_LINE.where(unit.c.id.in_(bindparam("ids", expanding=True)), _OF_KINDS).order_by(unit.c.path))
_ANY_CHILD = select(unit.c.id).where(unit.c.parent_id == _ID, unit.c.closed_at.is_(None)).limit(1)

_LIVING = (person.c.merged_into_id.is_(None), person.c.erased_at.is_(None), there(person))
_INSIDE = (unit.c.path > bindparam("low")) & (unit.c.path < bindparam("high"))
_MORE = MOST_COUNTED + 1
_COUNTS: Mapping[str, Select[Any]] = {
    "children": capped(
        select(unit.c.id).where(unit.c.parent_id == _ID, unit.c.closed_at.is_(None), there(unit)), _MORE
    ),
    "below": capped(select(unit.c.id).where(_INSIDE, unit.c.closed_at.is_(None), there(unit)), _MORE),
    # From place to place, so that nobody begins with a million people to find the first thousand.
    "people": capped(
        select(person.c.id)
        .select_from(unit.join(person, person.c.home_unit_id == unit.c.id))
        .where(unit.c.path >= bindparam("low"), unit.c.path < bindparam("high"), *_LIVING)
        .order_by(unit.c.path),
        _MORE,
    ),
    "groups": capped(
        select(chat_group.c.id).where(chat_group.c.unit_id == _ID, chat_group.c.left_at.is_(None)), _MORE
    ),
}
_ROLES_HERE = capped(
    select(appointment.c.id).where(appointment.c.unit_id == _ID, in_force(appointment), there(appointment)),
    _MORE,
)
_ALIASES = Prepared(
    select(unit_alias.c.id, unit_alias.c.alias).where(unit_alias.c.unit_id == _ID).order_by(unit_alias.c.id)
)
_STAFF = Prepared(
    select(appointment.c.role, person.c.name)
    .select_from(appointment.join(person, person.c.id == appointment.c.person_id))
    .where(
        appointment.c.unit_id == _ID,
        or_(*(appointment.c.role == role for role in _NAMED_ROLES)),
        in_force(appointment),
        there(appointment),
    )
    .order_by(
        case({role: rank for rank, role in enumerate(reversed(_NAMED_ROLES))}, value=appointment.c.role),
        person.c.name,
        person.c.id,
    )
    .limit(_MORE)
)
_MEMBERS = capped(
    select(appointment.c.id).where(
        appointment.c.unit_id == _ID,
        appointment.c.role == Role.MEMBER,
        in_force(appointment),
        there(appointment),
    ),
    _MORE,
)
_IN_AREA = capped(select(person.c.id).where(person.c.area_id == _ID, *_LIVING), _MORE)
_people = _COUNTS["people"].scalar_subquery()


def _counting(people: ColumnElement[Any]) -> Prepared:
    """All in one statement: what takes time on a page of counts is asking for each."""
    numbers: dict[str, ColumnElement[Any]] = {
        name: statement.scalar_subquery() for name, statement in _COUNTS.items()
    }
    numbers |= {"people": people, "members": _MEMBERS.scalar_subquery()}
    return Prepared(select(*(number.label(name) for name, number in numbers.items())))


_COUNTED = _counting(_people)
_COUNTED_IN_AREA = _counting(case((DIVIDED, _people), else_=_IN_AREA.scalar_subquery()))
"""Of a community, whose people are kept together."""


def _seen(connection: Connection, unit_id: int, look: Look, permission: Permission) -> Unit:
    """The unit, if the reader's authority reaches it."""
    found = load(connection, Unit, unit_id, lock=False)
    if found is None or not allowed(look.reader, permission, Subject(path=found.path)):
        raise Refused(NOT_FOUND)
    return found


def _line(connection: Connection, found: Unit) -> UnitLine:
    children = connection.execute(_ANY_CHILD, {"id": found.id}).first() is not None
    return UnitLine(found.id, found.kind, place(found.name, found.name_en), children)


def _parent(connection: Connection, found: Unit, look: Look) -> UnitLine | None:
    """The unit above, as far as the reader's authority goes."""
    above = None if found.parent_id is None else load(connection, Unit, found.parent_id, lock=False)
    if above is None or not allowed(look.reader, Permission.SEE_UNITS, Subject(path=above.path)):
        return None
    return _line(connection, above)


def _staff(connection: Connection, unit_id: int, look: Look, *, members: int) -> tuple[Staff, ...]:
    here = {"id": unit_id, "now": look.now}
    rows = _STAFF.all(connection, here)
    named = [
        Staff(role, tuple(names[:MOST_NAMED]), more=len(names[MOST_NAMED:]))
        for role, group in groupby(rows, key=attrgetter("role"))
        if (names := [row.name for row in group])
    ]
    return (*named, *((Staff(Role.MEMBER, (), more=members),) if members else ()))


def unit_card(connection: Connection, unit_id: int, look: Look) -> UnitCard | None:
    """A unit's page, or None for whom it is not."""
    try:
        return see_unit(connection, SeeUnit(unit_id), look)
    except Refused:
        return None


def see_unit(connection: Connection, query: SeeUnit, look: Look) -> UnitCard:
    """One unit's page."""
    found = _seen(connection, query.unit_id, look, Permission.SEE_UNITS)
    low, high = below(found.path)
    counting = _COUNTED_IN_AREA if found.kind == COMMUNITY else _COUNTED
    counts = counting.all(connection, {"id": found.id, "low": low, "high": high, "now": look.now})[0]
    office = tree.office_of(connection, found.path)
    into = None if found.merged_into_id is None else load(connection, Unit, found.merged_into_id, lock=False)
    return UnitCard(
        id=found.id,
        version=found.version,
        kind=found.kind,
        place=place(found.name, found.name_en),
        code=found.code,
        zone=office.zone or look.rules.time_zone,
        calendar=office.calendar or look.rules.calendar,
        own_zone=found.zone is not None,
        own_calendar=found.calendar is not None,
        parent=_parent(connection, found, look),
        aliases=tuple(Alias(row.id, row.alias) for row in _ALIASES.all(connection, {"id": found.id})),
        staff=_staff(connection, found.id, look, members=counts.members),
        **{name: getattr(counts, name) for name in _COUNTS},
        closed=found.closed_at is not None,
        merged_into=None if into is None else place(into.name, into.name_en),
        may_manage=found.closed_at is None
        and allowed(look.reader, Permission.MANAGE_UNITS, Subject(path=found.path)),
    )


def browse(connection: Connection, query: BrowseUnits, look: Look) -> UnitList:
    """One level of the tree, from the units one holds a role at downwards."""
    kinds = {"all_kinds": not query.kinds, "kinds": list(query.kinds)}
    above: UnitLine | None = None
    parent_id = 0
    if query.unit_id:
        found = _seen(connection, query.unit_id, look, Permission.SEE_UNITS)
        if found.closed_at is not None:
            raise Refused(NOT_FOUND)
        above = _line(connection, found)
        parent = _parent(connection, found, look)
        parent_id = parent.id if parent else 0
        rows, page = page_of(
            connection, CHILDREN, {"id": found.id, **kinds}, page=query.page, size=UNITS_PAGE
        )
    else:
        roles = GRANTS[Permission.SEE_UNITS].roles
        ids = sorted({held.unit_id for held in look.reader.held if held.role in roles})
        rows, page = page_of(connection, OWN, {"ids": ids, **kinds}, page=query.page, size=UNITS_PAGE)
    lines = tuple(
        UnitLine(row.id, row.kind, place(row.name, row.name_en), bool(row.has_children)) for row in rows
    )
    return UnitList(replace(page, rows=lines), above, parent_id)


def what_changes(connection: Connection, query: WhatChanges, look: Look) -> Consequences:
    """What would go along, or keep it from going, counted as it is now."""
    found = _seen(connection, query.unit_id, look, Permission.MANAGE_UNITS)
    other = _seen(connection, query.other_id, look, Permission.MANAGE_UNITS) if query.other_id else None
    if found.closed_at is not None or (other is not None and other.closed_at is not None):
        raise Refused(NOT_FOUND)
    hanging = standing_below(connection, found)
    if query.change != "close":
        # Everybody below goes along, not only who lives at the unit itself.
        low, high = below(found.path)
        hanging = replace(hanging, people=counted(connection, _COUNTS["people"], low=low, high=high))
    return Consequences(
        query.change,
        _line(connection, found),
        found.version,
        hanging,
        roles=counted(connection, _ROLES_HERE, id=found.id, now=look.now),
        groups=counted(connection, _COUNTS["groups"], id=found.id),
        other=None if other is None else _line(connection, other),
    )


# --- gaps ---------------------------------------------------------------------------------------------------------------

_WITHIN = (unit.c.path >= bindparam("low")) & (unit.c.path < bindparam("high"))
_SCOPE = _WITHIN | unit.c.path.in_(bindparam("paths", expanding=True))
_NODES = (
    select(unit.c.id, unit.c.kind, unit.c.name, unit.c.name_en, unit.c.path)
    .where(_SCOPE, unit.c.closed_at.is_(None), there(unit))
    .order_by(unit.c.path)
)
_HOW_MANY = capped(select(unit.c.id).where(_WITHIN, unit.c.closed_at.is_(None)), MOST_CHECKED + 1)
_NODE_ALIASES = (
    select(unit_alias.c.unit_id, unit_alias.c.alias)
    .join_from(unit_alias, unit, unit.c.id == unit_alias.c.unit_id)
    .where(_WITHIN)
    .order_by(unit_alias.c.id)
)
_SERVED = (
    select(appointment.c.unit_id, appointment.c.role)
    .distinct()
    .join_from(appointment, unit, unit.c.id == appointment.c.unit_id)
    .where(
        _SCOPE,
        appointment.c.role.in_((Role.LEADER, Role.SECRETARY)),
        in_force(appointment),
        there(appointment),
    )
)


def see_gaps(connection: Connection, query: SeeGaps, look: Look) -> Page[Gap]:
    """Where homes are in no grid or in two, or nobody is there for them. Refuses to look at a whole city at once."""
    found = _seen(connection, query.unit_id, look, Permission.SEE_UNITS)
    low, high = below(found.path)
    inside = {"low": low, "high": high}
    if counted(connection, _HOW_MANY, **inside) > MOST_CHECKED:
        raise Refused("org.check_parts", most=MOST_CHECKED)
    values = {**inside, "paths": ancestors(found.path)}
    aliases: dict[int, list[str]] = {}
    for row in connection.execute(_NODE_ALIASES, inside):
        aliases.setdefault(row.unit_id, []).append(row.alias)
    served: dict[int, set[Role]] = {}
    for row in connection.execute(_SERVED, {**values, "now": look.now}):
        served.setdefault(row.unit_id, set()).add(row.role)
    nodes = [
        Node(
            row.id,
            row.kind,
            place(row.name, row.name_en),
            row.path,
            tuple(aliases.get(row.id, ())),
            frozenset(served.get(row.id, ())),
        )
        for row in connection.execute(_NODES, values)
    ]
    every = gaps(nodes, scope=found.path)
    pages = max(1, -(-len(every) // GAPS_PAGE))
    page = max(1, min(query.page, pages))
    return Page(every[(page - 1) * GAPS_PAGE : page * GAPS_PAGE], page, pages, len(every))


def unit_name(connection: Connection, unit_id: int, look: Look) -> UnitFacts | None:
    """A unit by name, for who is told something about it."""
    found = load(connection, Unit, unit_id, lock=False)
    return None if found is None else UnitFacts(found.id, place(found.name, found.name_en))


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "unit.card": unit_card,
    "group.left": unit_name,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeUnit: see_unit,
    BrowseUnits: browse,
    WhatChanges: what_changes,
    SeeGaps: see_gaps,
}
