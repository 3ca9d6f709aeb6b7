"""Alarms in the eyes of who was rung."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.base import Purpose, Subject
from domain.permissions import Permission, allowed
from domain.queries import AlarmFacts, Contact
from storage.facts.rows import Look, place, said_about, words_of
from storage.schema import (
    alarm,
    household,
    person,
    unit,
)

_seen_by = person.alias("seen_by")
_ALARM = (
    select(
        alarm,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        unit.c.path,
        person.c.name,
        person.c.phone,
        household.c.flat,
        _seen_by.c.name.label("seen_by"),
    )
    .select_from(
        alarm.join(unit, unit.c.id == alarm.c.unit_id)
        .join(person, person.c.id == alarm.c.person_id)
        .outerjoin(household, household.c.id == person.c.household_id)
        .outerjoin(_seen_by, _seen_by.c.id == alarm.c.acknowledged_by)
    )
    .where(alarm.c.id == bindparam("id"))
)


def alarm_card(connection: Connection, alarm_id: int, look: Look) -> AlarmFacts | None:
    """For leaders and secretaries of the place: who, where, how to reach them."""
    row = connection.execute(_ALARM, {"id": alarm_id}).first()
    if row is None or not allowed(look.reader, Permission.ACKNOWLEDGE_ALARM, Subject(path=row.path)):
        return None
    return AlarmFacts(
        id=row.id,
        place=place(row.place, row.place_en),
        contact=Contact(row.name, row.flat or "", row.phone or ""),
        words=words_of(said_about(connection, "alarm", alarm_id), Purpose.ALARM).text,
        raised_at=row.raised_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.seen_by or "",
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {"alarm.card": alarm_card}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {}
