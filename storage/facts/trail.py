"""The audit trail in the eyes of who answers for a unit, and of the operator.

The trail may hold ten million rows, and what belongs to a reader's units may lie anywhere in it. So one look reads a
stretch: the newest rows below a number, by the index of what is looked for, and no more of them than ``STRETCH``. What
is left of them when everything else has been asked is the page; where to go on stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    true,
)

from domain.base import NOT_FOUND, Actor, Refused, Role, Subject
from domain.permissions import GRANTS, Permission, allowed
from domain.queries import PAGE_ROWS, Page, PersonRow, Place
from domain.trail import MOST_ROWS, FindTrailPeople, SearchTrail, TrailFilter, TrailPage, TrailRow
from storage.facts.rows import Look, place
from storage.imports import there
from storage.people import below, unit_path
from storage.schema import (
    audit,
    person,
    request,
    unit,
)

STRETCH = 5000
"""How many rows one look reads at most."""
MOST_NAMES = 500
"""How many names one search looks at, from the first that may fit."""

_NEWEST = select(func.max(audit.c.id))
_NOT_BEFORE = (
    select(audit.c.id, audit.c.at).where(audit.c.id >= bindparam("id")).order_by(audit.c.id).limit(1)
)
_NAMES = select(person.c.id, person.c.name).where(person.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What one look read: rows that fit, newest first, and down to which number it has read everything (0: to the end)."""

    rows: list[Any]
    floor: int
    reached: datetime | None = None


def search_trail(connection: Connection, query: SearchTrail, look: Look) -> TrailPage:
    """A page of the trail, each of its rows held against the permission table."""
    wanted = query.wanted
    shown = _shown_place(connection, wanted, look)
    most = max(1, min(query.most, MOST_ROWS))
    low, high = _span(connection, wanted, look)
    if query.before:
        high = min(high, query.before)
    conditions = [*_conditions(connection, wanted), _within(look.reader)]
    looks = [
        _stretch(connection, by, conditions, low=low, high=high, most=most, look=look)
        for by in _indexed(wanted)
    ]
    # Below the highest floor one of them has not looked yet: what another found there waits for the next page.
    floor = max(found.floor for found in looks)
    rows = sorted((row for found in looks for row in found.rows if row.id >= floor), key=lambda row: -row.id)
    more = rows[most:]
    rows = rows[:most]
    older = rows[-1].id if more else floor if floor > low else 0
    ended = next((found.reached for found in looks if found.floor == floor), None)
    return TrailPage(_named(connection, rows), older, None if more else ended if older else None, shown)


def _indexed(wanted: TrailFilter) -> list[ColumnElement[bool] | None]:
    """By which indexes the rows are read; the rows of each are none of the other's."""
    if wanted.request_id is not None:
        return [audit.c.request_id == wanted.request_id]
    if wanted.person_id is not None:
        about = (audit.c.subject_kind == "person") & (audit.c.subject_id == wanted.person_id)
        return [
            audit.c.actor_id == wanted.person_id,
            about & audit.c.actor_id.is_distinct_from(wanted.person_id),
        ]
    return [None]


def _conditions(connection: Connection, wanted: TrailFilter) -> list[ColumnElement[bool]]:
    """What else is asked of each row that was read."""
    asked: list[ColumnElement[bool]] = []
    if wanted.event:
        asked.append(
            audit.c.event.startswith(wanted.event, autoescape=True)
            if wanted.event.endswith(".")
            else audit.c.event == wanted.event
        )
    if wanted.person_id is not None and wanted.request_id is not None:
        asked.append(audit.c.actor_id == wanted.person_id)
    if wanted.unit_id is not None:
        asked.append(_under(unit_path(connection, wanted.unit_id)))
    return asked


def _under(path: str) -> ColumnElement[bool]:
    if not path:
        return false()
    low, high = below(path)
    return and_(unit.c.path >= low, unit.c.path < high)


def _within(reader: Actor) -> ColumnElement[bool]:
    """The part of the tree to look in at all; each row is asked about once more when it was found."""
    if reader.job is not None or _sees_what_has_no_place(reader):
        return true()
    roles = GRANTS[Permission.SEE_AUDIT].roles
    return or_(false(), *(_under(held.path) for held in reader.held if held.role in roles))


def _sees_what_has_no_place(reader: Actor) -> bool:
    """What belongs to no unit (who came, who chose a language) is for who sets up the whole tree."""
    return any(held.role is Role.ADMIN and held.path.count(".") == 1 for held in reader.held)


def _stretch(
    connection: Connection,
    by: ColumnElement[bool] | None,
    conditions: list[ColumnElement[bool]],
    *,
    low: int,
    high: int,
    most: int,
    look: Look,
) -> _Stretch:
    read = select(audit.c.id).where(audit.c.id < high, audit.c.id >= low)
    if by is not None:
        read = read.where(by)
    read = read.order_by(audit.c.id.desc()).limit(STRETCH)
    found = connection.execute(_rows(read, conditions, look, most=most + 1)).all()
    rows = [row for row in found if _may_see(row, look)]
    if len(found) > most:
        return _Stretch(rows, found[-1].id)
    part = read.subquery()
    count, lowest = connection.execute(select(func.count(), func.min(part.c.id))).one()
    if count < STRETCH:
        return _Stretch(rows, 0)
    reached = connection.execute(_NOT_BEFORE, {"id": lowest}).one().at
    return _Stretch(rows, lowest, reached)


def _rows(read: Select[Any], conditions: list[ColumnElement[bool]], look: Look, *, most: int) -> Select[Any]:
    part = read.subquery("part")
    # What is about staff belongs to where it is handled: above the one it is about.
    where = case(
        (request.c.category.in_(look.sensitive), request.c.handling_unit_id),
        else_=func.coalesce(audit.c.unit_id, request.c.unit_id),
    )
    return (
        select(
            *audit.c,
            unit.c.path,
            unit.c.name.label("place"),
            unit.c.name_en.label("place_en"),
            request.c.category,
        )
        .select_from(
            part.join(audit, audit.c.id == part.c.id)
            .outerjoin(request, request.c.id == audit.c.request_id)
            .outerjoin(unit, unit.c.id == where)
        )
        .where(*conditions)
        .order_by(part.c.id.desc())
        .limit(most)
    )


def _may_see(row: Any, look: Look) -> bool:
    """Whether the reader answers for where it happened. What is about staff goes past them, here as everywhere."""
    if row.path is None:
        return look.reader.job is not None or _sees_what_has_no_place(look.reader)
    about_staff = row.category is not None and look.is_sensitive(row.category)
    only = frozenset({Role.SECRETARY}) if about_staff else None
    return allowed(look.reader, Permission.SEE_AUDIT, Subject(path=row.path, only=only))


def _shown_place(connection: Connection, wanted: TrailFilter, look: Look) -> Place:
    """The name of the unit that is looked in. Raises Refused for one the reader does not answer for."""
    if wanted.unit_id is None:
        return Place()
    row = connection.execute(
        select(unit.c.path, unit.c.name, unit.c.name_en).where(unit.c.id == wanted.unit_id)
    ).first()
    if row is None or not allowed(look.reader, Permission.SEE_AUDIT, Subject(path=row.path)):
        raise Refused(NOT_FOUND)
    return place(row.name, row.name_en)


def _named(connection: Connection, rows: list[Any]) -> tuple[TrailRow, ...]:
    ids = {row.actor_id for row in rows if row.actor_id is not None}
    names: dict[int, str] = (
        {row.id: row.name for row in connection.execute(_NAMES, {"ids": sorted(ids)})} if ids else {}
    )
    return tuple(
        TrailRow(
            id=row.id,
            at=row.at,
            event=row.event,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            actor_id=row.actor_id,
            actor=names.get(row.actor_id, ""),
            job=row.job,
            request_id=row.request_id,
            unit_id=row.unit_id,
            update_id=row.update_id,
            place=place(row.place, row.place_en),
            data=row.data,
        )
        for row in rows
    )


# --- days -----------------------------------------------------------------------------------------------------------


def _span(connection: Connection, wanted: TrailFilter, look: Look) -> tuple[int, int]:
    """Between which numbers the days lie: the first one, and the first one after."""
    newest = connection.execute(_NEWEST).scalar_one() or 0
    low, high = 1, newest + 1
    if wanted.since is not None:
        low = _first_since(connection, _midnight(wanted.since, look), newest)
    if wanted.until is not None and wanted.until < date.max:
        high = _first_since(connection, _midnight(wanted.until + timedelta(days=1), look), newest)
    return low, high


def _midnight(day: date, look: Look) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(look.rules.time_zone))


def _first_since(connection: Connection, moment: datetime, newest: int) -> int:
    """The smallest number at or after a moment: times rise with the numbers, so by halves, in a few dozen steps."""
    low, high = 1, newest + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(_NOT_BEFORE, {"id": middle}).first()
        if row is not None and row.at < moment:
            low = row.id + 1
        else:
            high = middle
    return low


# --- people ---------------------------------------------------------------------------------------------------------


def find_trail_people(connection: Connection, query: FindTrailPeople, look: Look) -> Page[PersonRow]:
    """People whose name begins so and who live in the reader's units. Whoever is not among the first has to be named in full."""
    text = query.text.strip()
    if not text:
        return Page(())
    first = (
        select(person.c.id, person.c.name, person.c.home_unit_id)
        .where(person.c.name >= text, person.c.merged_into_id.is_(None), there(person))
        .order_by(person.c.name, person.c.id)
        .limit(MOST_NAMES)
        .subquery("first")
    )
    rows = connection.execute(
        select(first.c.id, first.c.name, unit.c.name.label("place"), unit.c.name_en.label("place_en"))
        .select_from(first.join(unit, unit.c.id == first.c.home_unit_id))
        .where(first.c.name.startswith(text, autoescape=True), _within(look.reader))
        .order_by(first.c.name, first.c.id)
        .limit(PAGE_ROWS)
    ).all()
    found = tuple(PersonRow(row.id, row.name, place(row.place, row.place_en)) for row in rows)
    return replace(Page(found), total=len(found))


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SearchTrail: search_trail,
    FindTrailPeople: find_trail_people,
}
