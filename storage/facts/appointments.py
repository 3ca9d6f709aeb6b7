"""Appointments by their names: for the holder, for who granted them, and for who answers for the unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from domain.base import NOT_FOUND, Refused, Subject
from domain.people import Phase
from domain.people_seen import AppointmentFacts, ListDeputies, SeeAppointment
from domain.permissions import Permission, allowed
from domain.queries import PersonRow
from domain.rank import may_reach
from storage.facts.persons import day_of, last_day
from storage.facts.rows import HELPER_ROLES, Look, place
from storage.imports import there
from storage.people import ancestors, in_force
from storage.people import below as bounds
from storage.roster import alive
from storage.schema import appointment, person, unit

MOST_DEPUTIES = 8

_original = appointment.alias("original")
_absent = person.alias("absent")
_ONE = (
    select(
        appointment.c.id,
        appointment.c.person_id,
        appointment.c.role,
        appointment.c.starts_at,
        appointment.c.ends_at,
        appointment.c.granted_by,
        appointment.c.phase,
        person.c.name,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        unit.c.path,
        _absent.c.id.label("absent_id"),
        _absent.c.name.label("absent"),
    )
    .select_from(
        appointment.join(person, person.c.id == appointment.c.person_id)
        .join(unit, unit.c.id == appointment.c.unit_id)
        .outerjoin(_original, _original.c.id == appointment.c.deputy_for_id)
        .outerjoin(_absent, _absent.c.id == _original.c.person_id)
    )
    .where(appointment.c.id == bindparam("id"))
)


def _facts(row: Any, look: Look, *, may_end: bool = False) -> AppointmentFacts:
    return AppointmentFacts(
        row.id,
        row.person_id,
        row.name,
        row.role,
        place(row.place, row.place_en),
        day_of(row.starts_at, look),
        None if row.ends_at is None else last_day(row.ends_at, look),
        row.absent or "",
        may_end,
    )


def told(connection: Connection, appointment_id: int, look: Look) -> AppointmentFacts | None:
    """For its holder, who granted it, whose deputy it is, and staff of its unit."""
    row = connection.execute(_ONE, {"id": appointment_id}).first()
    if row is None:
        return None
    concerned = look.reader.person_id in (row.person_id, row.granted_by, row.absent_id)
    if not concerned and not allowed(look.reader, Permission.SEE_PEOPLE, Subject(path=row.path)):
        return None
    return _facts(row, look)


def see_appointment(connection: Connection, query: SeeAppointment, look: Look) -> AppointmentFacts:
    """One that the reader may end, or their own, or one that stands in for theirs."""
    row = connection.execute(_ONE, {"id": query.appointment_id}).first()
    if row is None or row.phase is Phase.ENDED or (row.ends_at is not None and row.ends_at <= look.now):
        raise Refused(NOT_FOUND)
    subject = Subject(path=row.path, owners=frozenset({row.person_id}))
    may_end = allowed(look.reader, Permission.APPOINT, subject) and may_reach(look.reader, row.role, row.path)
    if not may_end and look.reader.person_id not in (row.person_id, row.absent_id):
        raise Refused(NOT_FOUND)
    return _facts(row, look, may_end=may_end)


_DEPUTIES = (
    select(person.c.id, person.c.name, unit.c.name.label("place"), unit.c.name_en.label("place_en"))
    .select_from(
        appointment.join(unit, unit.c.id == appointment.c.unit_id).join(
            person, person.c.id == appointment.c.person_id
        )
    )
    .where(
        or_(
            unit.c.path.in_(bindparam("paths", expanding=True)),
            (unit.c.path >= bindparam("low")) & (unit.c.path < bindparam("high")),
        ),
        appointment.c.role.in_(HELPER_ROLES),
        in_force(appointment),
        there(appointment),
        alive,
        person.c.telegram_id.is_not(None),
        person.c.consent_version.is_not(None),
        person.c.suspended.is_(False),
        person.c.id != bindparam("reader"),
        func.lower(person.c.name).like(bindparam("pattern"), escape="\\"),
    )
    .order_by(func.length(unit.c.path).desc(), unit.c.path, person.c.id)
    .limit(MOST_DEPUTIES * 3)
)


def list_deputies(connection: Connection, query: ListDeputies, look: Look) -> tuple[PersonRow, ...]:
    """Who helps or leads at, above or below the unit, those nearest to the homes first."""
    row = connection.execute(_ONE, {"id": query.appointment_id}).first()
    if row is None or row.person_id != look.reader.person_id:
        raise Refused(NOT_FOUND)
    low, high = bounds(row.path)
    escaped = query.words.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = connection.execute(
        _DEPUTIES,
        {
            "paths": ancestors(row.path),
            "low": low,
            "high": high,
            "now": look.now,
            "reader": look.reader.person_id,
            "pattern": f"%{escaped}%",
        },
    )
    found = {one.id: PersonRow(one.id, one.name, place(one.place, one.place_en)) for one in rows}
    return tuple(found.values())[:MOST_DEPUTIES]


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {"appointment.told": told}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeAppointment: see_appointment,
    ListDeputies: list_deputies,
}
