"""Rows and the frozen dataclasses of the rules: how one becomes the other, and versioned saves.

A dataclass's fields are its table's columns, by name. Loading gives the row's values in the order of the fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, bindparam, select
from sqlalchemy.sql.elements import ColumnElement

from domain.alarms import Alarm
from domain.base import Entity
from domain.checkins.shapes import Checkin
from domain.groups import Group
from domain.imports import ImportBatch
from domain.jobs import JobState
from domain.lessons.series import Series
from domain.lessons.shapes import Lesson
from domain.lessons.templates import LessonTemplate
from domain.meetings.shapes import Followup, Meeting
from domain.notices.shapes import Mailing, PublicNotice
from domain.pairings import Pairing, Visit
from domain.people import Appointment, Person
from domain.requests import Request
from domain.tasks import Claim, Task
from domain.templates import Template
from domain.threads import Thread
from domain.units import Unit
from storage import schema, schema_lessons, schema_meetings, schema_notices
from storage.areas import AREA, hold
from storage.dialect import upserting
from storage.prepared import Prepared

E = TypeVar("E", bound=Entity)

TABLES: dict[type[Entity], Table] = {
    Unit: schema.unit,
    Person: schema.person,
    Appointment: schema.appointment,
    Checkin: schema.checkin,
    Group: schema.chat_group,
    Request: schema.request,
    Task: schema.task,
    Claim: schema.claim,
    Pairing: schema.pairing,
    Visit: schema.visit,
    Alarm: schema.alarm,
    ImportBatch: schema.import_batch,
    PublicNotice: schema_notices.notice,
    Mailing: schema_notices.mailing,
    Thread: schema_notices.thread,
    Template: schema_notices.notice_template,
    JobState: schema.job,
    Lesson: schema_lessons.lesson,
    Series: schema_lessons.lesson_series,
    LessonTemplate: schema_lessons.lesson_template,
    Meeting: schema_meetings.meeting,
    Followup: schema_meetings.followup,
}


class StaleVersionError(Exception):
    """Somebody else saved the row since it was loaded. Nothing was written; the unit may be run again."""


@dataclass(frozen=True, slots=True)
class _Statements:
    """An entity's statements, built once: SQLAlchemy compiles an object it has seen before from its cache."""

    names: tuple[str, ...]
    columns: tuple[ColumnElement[Any], ...]
    by_id: Prepared
    locking: Prepared
    insert: Prepared
    update: Prepared

    @classmethod
    def of(cls, entity: type[Entity], table: Table) -> _Statements:
        names = tuple(field.name for field in fields(entity))
        columns = tuple(table.c[name] for name in names)
        by_id = select(*columns).where(table.c.id == bindparam("id"))
        # Beside what the entity says, a person's row says in which community the home is.
        made = {"area_id": AREA} if entity is Person else {}
        return cls(
            names=names,
            columns=columns,
            by_id=Prepared(by_id),
            locking=Prepared(by_id.with_for_update()),
            insert=Prepared(table.insert().values({name: bindparam(name) for name in names} | made)),
            update=Prepared(
                table.update()
                .where(table.c.id == bindparam("_id"), table.c.version == bindparam("_version"))
                .values({name: bindparam(name) for name in names if name != "id"} | made)
            ),
        )


_STATEMENTS = {entity: _Statements.of(entity, table) for entity, table in TABLES.items()}


def columns(entity: type[Entity]) -> tuple[ColumnElement[Any], ...]:
    """The entity's columns in the order of its fields, so that ``entity(*row)`` rebuilds it."""
    return _STATEMENTS[entity].columns


def selection(entity: type[Entity]) -> Select[Any]:
    """SELECT the entity's columns."""
    return select(*columns(entity))


def load(connection: Connection, entity: type[E], entity_id: int, *, lock: bool = True) -> E | None:
    """The row with this id, locked against other writers until the commit (PostgreSQL; SQLite has one writer)."""
    statements = _STATEMENTS[entity]
    row = (statements.locking if lock else statements.by_id).first(connection, {"id": entity_id})
    return None if row is None else entity(*row)


def only(connection: Connection, entity: type[E], statement: Select[Any], **params: Any) -> E | None:
    """The one row of a prepared ``selection(entity)``, or None."""
    row = connection.execute(statement, params).first()
    return None if row is None else entity(*row)


def every(connection: Connection, entity: type[E], statement: Select[Any], **params: Any) -> tuple[E, ...]:
    """All rows of a prepared ``selection(entity)``."""
    return tuple(entity(*row) for row in connection.execute(statement, params))


def save(connection: Connection, entities: Iterable[Entity]) -> None:
    """Insert what has version 0, update the rest by version. Raises StaleVersionError when a row has moved on."""
    for entity in entities:
        statements = _STATEMENTS[type(entity)]
        values = {name: getattr(entity, name) for name in statements.names}
        version = values["version"]
        values["version"] = version + 1
        if isinstance(entity, Person):
            hold(connection, entity.home_unit_id)
            values["lives_at"] = entity.home_unit_id
        if version == 0:
            statements.insert.insert(connection, [values])
            continue
        values["_id"] = values.pop("id")
        values["_version"] = version
        if statements.update.run(connection, values) != 1:
            raise StaleVersionError(f"{type(entity).__name__} {entity.id} is no longer at version {version}")


_NEXT = Prepared(
    schema.counter.update()
    .where(schema.counter.c.name == bindparam("counter"))
    .values(value=schema.counter.c.value + bindparam("how_many", type_=schema.counter.c.value.type))
    .returning(schema.counter.c.value)
)


def next_id(connection: Connection, entity: type[Entity]) -> int:
    """A fresh id for an entity: dealt from a row, so that a rule knows it before anything is stored."""
    return next_number(connection, TABLES[entity].name)


def next_number(connection: Connection, name: str) -> int:
    """The next number of a named counter, from 1."""
    return next_numbers(connection, name, 1)[0]


def next_numbers(connection: Connection, name: str, how_many: int) -> range:
    """The next numbers of a named counter, all at once."""
    found = _NEXT.first(connection, {"counter": name, "how_many": how_many})
    if found is None:
        connection.execute(
            upserting(connection, schema.counter)
            .values(name=name, value=0)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        found = _NEXT.first(connection, {"counter": name, "how_many": how_many})
    if found is None:
        raise AssertionError("the counter has just been made")
    last = int(found[0])
    return range(last - how_many + 1, last + 1)
