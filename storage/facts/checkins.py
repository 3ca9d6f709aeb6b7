"""Check-ins in the eyes of the member, and of who approves them: name, address and phone are for the latter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from domain.base import NOT_FOUND, Purpose, Refused, Subject
from domain.checkins.shapes import RENEWAL_OPENS, CheckinState
from domain.checkins.shown import CheckinFacts, CheckinPapers, PlacesToServe, SeeOwnCheckin
from domain.clocks import local_day
from domain.permissions import Permission, allowed
from domain.queries import Contact, Part, UnitLevel, UnitRow
from storage.checkins import SERVED
from storage.facts.rows import Look, Said, last_words, place, said_about
from storage.people import ancestors
from storage.schema import (
    appointment,
    checkin,
    household,
    person,
    unit,
)

_decider = person.alias("decider")
_home = unit.alias("home")
_CHECKIN = (
    select(
        checkin,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        unit.c.path,
        person.c.name.label("who"),
        person.c.phone,
        household.c.flat,
        _home.c.name.label("home"),
        _home.c.name_en.label("home_en"),
        _decider.c.name.label("decider"),
        appointment.c.starts_at,
        appointment.c.ends_at,
    )
    .select_from(
        checkin.join(unit, unit.c.id == checkin.c.unit_id)
        .join(person, person.c.id == checkin.c.person_id)
        .outerjoin(household, household.c.id == person.c.household_id)
        .outerjoin(_home, _home.c.id == person.c.home_unit_id)
        .outerjoin(_decider, _decider.c.id == checkin.c.decided_by)
        .outerjoin(appointment, appointment.c.id == checkin.c.appointment_id)
    )
    .where(checkin.c.id == bindparam("id"))
)
_NEWEST = select(func.max(checkin.c.id)).where(checkin.c.person_id == bindparam("person_id"))
_ABOVE = (
    select(unit.c.name, unit.c.name_en)
    .where(unit.c.path.in_(bindparam("paths", expanding=True)), unit.c.kind.in_(("street", "community")))
    .order_by(func.length(unit.c.path).desc())
    .limit(1)
)
_SERVED_NAMED = SERVED.add_columns(unit.c.kind, unit.c.name, unit.c.name_en)


def _facts(connection: Connection, row: Any, said: tuple[Said, ...], look: Look) -> CheckinFacts:
    """What both sides may know. One query for the community, which stands on the member's papers."""
    above = connection.execute(_ABOVE, {"paths": ancestors(row.path)}).first()
    serving = (
        row.starts_at is not None
        and row.starts_at <= look.now
        and (row.ends_at is None or row.ends_at > look.now)
    )
    return CheckinFacts(
        row.id,
        row.version,
        row.person_id,
        row.state,
        row.who,
        place(row.place, row.place_en),
        place(above.name, above.name_en) if above else place(row.place, row.place_en),
        row.branch,
        row.asked_at,
        unit_id=row.unit_id,
        skills=row.skills,
        free=row.free,
        serving=serving,
        since=row.starts_at,
        valid_until=row.valid_until,
        decided_by=row.decider or "",
        question=last_words(said, Purpose.QUESTION).text,
        papers=sum(item.purpose is Purpose.CONFIRMATION for item in said),
        joined_on=row.joined_on,
        may_renew=row.state is CheckinState.APPROVED
        and serving
        and row.valid_until is not None
        and local_day(look.now, look.rules) >= row.valid_until - RENEWAL_OPENS,
    )


def _found(connection: Connection, checkin_id: int) -> tuple[Any | None, tuple[Said, ...]]:
    row = connection.execute(_CHECKIN, {"id": checkin_id}).first()
    return row, said_about(connection, "checkin", checkin_id) if row is not None else ()


def _approves(row: Any, look: Look) -> bool:
    subject = Subject(path=row.path, owners=frozenset({row.person_id}))
    return allowed(look.reader, Permission.APPROVE_CHECK_IN, subject)


def mine(connection: Connection, checkin_id: int, look: Look) -> CheckinFacts | None:
    """For the member themself."""
    row, said = _found(connection, checkin_id)
    if row is None or row.person_id != look.reader.person_id:
        return None
    return _facts(connection, row, said, look)


def greeted(connection: Connection, checkin_id: int, look: Look) -> CheckinFacts | None:
    """For a member who still serves and still wants to be congratulated."""
    found = mine(connection, checkin_id, look)
    return found if found is not None and found.serving and found.joined_on is not None else None


def to_approve(connection: Connection, checkin_id: int, look: Look) -> CheckinFacts | None:
    """For who may approve it: also who it is and how to reach them."""
    row, said = _found(connection, checkin_id)
    if row is None or not _approves(row, look):
        return None
    return replace(
        _facts(connection, row, said, look),
        home=place(row.home, row.home_en),
        contact=Contact(row.who, row.flat or "", row.phone or ""),
    )


def see_own(connection: Connection, query: SeeOwnCheckin, look: Look) -> CheckinFacts | None:
    """The newest: the one under way, if there is one, is the newest."""
    newest = connection.execute(_NEWEST, {"person_id": look.reader.person_id}).scalar()
    return mine(connection, newest, look) if newest else None


def places_to_serve(connection: Connection, query: PlacesToServe, look: Look) -> UnitLevel:
    """The home building and the grids above it."""
    if not look.reader.home_path:
        return UnitLevel(())
    rows = connection.execute(_SERVED_NAMED, {"paths": ancestors(look.reader.home_path)})
    return UnitLevel(tuple(UnitRow(row.id, row.kind, place(row.name, row.name_en)) for row in rows))


def papers(connection: Connection, query: CheckinPapers, look: Look) -> tuple[Part, ...]:
    """For the member and for who approves."""
    row, said = _found(connection, query.checkin_id)
    if row is None or not (row.person_id == look.reader.person_id or _approves(row, look)):
        raise Refused(NOT_FOUND)
    return tuple(
        Part(item.kind, item.text, item.file_id, item.album, purpose=item.purpose, at=item.at)
        for item in said
        if item.purpose is Purpose.CONFIRMATION
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "checkin.card": to_approve,
    "checkin.mine": mine,
    "checkin.approved": mine,
    "checkin.returned": mine,
    "checkin.ending": mine,
    "checkin.greeting": greeted,
    "checkin.lapsed": mine,
    "checkin.renewed": to_approve,
    "checkin.left": to_approve,
    "checkin.lapsed_member": to_approve,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeOwnCheckin: see_own,
    PlacesToServe: places_to_serve,
    CheckinPapers: papers,
}
