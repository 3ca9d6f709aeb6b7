"""People of an import brought in: unseen at first, there all at once, or taken back.

Works on a portion of the staged rows by statements over all of them; what a row comes to has been found by
``import_people.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    String,
    bindparam,
    column,
    exists,
    func,
    literal,
    select,
    true,
)

from domain.people import Person, Phase
from storage import tree
from storage.areas import area_at
from storage.dialect import elements, insert_for
from storage.entities import load, next_numbers, save
from storage.import_rows import (
    ACCOUNT,
    CHANGE,
    MORE,
    NEW,
    SKILLS,
    Lines,
    Staged,
    has,
    numbered,
    rows_with,
    said,
    within,
)
from storage.people import household_at
from storage.prepared import Prepared
from storage.schema import (
    appointment,
    household,
    import_row,
    person,
    person_skill,
)
from storage.types import EPOCH

_is_new = has(NEW) & ~has(MORE)
_SAID: Mapping[str, type[BigInteger] | type[String]] = {
    "name": String, "language": String, "unit_id": BigInteger, "flat": String, "phone": String, "number": String,
}  # fmt: skip


def _new(dialect: str) -> tuple[FromClause, Mapping[str, ColumnElement[Any]]]:
    """Staged rows, and what they say of somebody new. PostgreSQL unfolds it once for all values, not for each anew."""
    if dialect != "postgresql":
        found = {
            name: numbered(NEW, name) if kind is BigInteger else said(NEW, name)
            for name, kind in _SAID.items()
        }
        return import_row, found
    record = func.json_to_record(import_row.c.data[NEW]).table_valued(
        *(column(name, kind) for name, kind in _SAID.items())
    )
    record = record.render_derived(with_types=True)
    return import_row.join(record, true()), dict(record.c)


@cache
def _making_homes(dialect: str) -> Any:
    rows, new = _new(dialect)
    # In order, so that of two portions with the same homes neither waits for the other in a ring.
    homes = (
        select(new["unit_id"].label("home"), new["flat"].label("flat"))
        .select_from(rows)
        .where(within(), _is_new, new["flat"].is_not(None))
        .distinct()
        .order_by("home", "flat")
    )
    making = insert_for(dialect, household).from_select(["unit_id", "flat"], homes)
    return making.on_conflict_do_nothing(index_elements=["unit_id", "flat"])


@cache
def _making_people(dialect: str) -> Any:
    rows, new = _new(dialect)
    at_home = (household.c.unit_id == new["unit_id"]) & (household.c.flat == new["flat"])
    values = {
        "id": import_row.c.row_id,
        "version": literal(1),
        "name": new["name"],
        "language": new["language"],
        "home_unit_id": new["unit_id"],
        "area_id": area_at(new["unit_id"]),
        "household_id": household.c.id,
        "phone": new["phone"],
        "number": new["number"],
        "batch_id": import_row.c.batch_id,
    }
    made = select(*values.values()).select_from(rows.outerjoin(household, at_home)).where(within(), _is_new)
    return person.insert().from_select(list(values), made)


_serves = said(NEW, "service", "role").is_not(None)
_HOW_MANY_SERVE = select(func.count()).where(within(), has(NEW), _serves)
_SERVICES_OF_NEW = appointment.insert().from_select(
    ["id", "version", "person_id", "role", "unit_id", "starts_at", "ends_at", "phase", "batch_id"],
    select(
        bindparam("before_first", type_=BigInteger) + func.row_number().over(order_by=import_row.c.line),
        literal(1),
        import_row.c.row_id,
        said(NEW, "service", "role"),
        numbered(NEW, "service", "unit_id"),
        numbered(NEW, "service", "starts_at"),
        numbered(NEW, "service", "ends_at"),
        said(NEW, "service", "phase"),
        import_row.c.batch_id,
    ).where(within(), has(NEW), _serves),
)
_APPOINTMENT = Prepared(appointment.insert())
_SKILL = Prepared(person_skill.insert())


@cache
def _skills_of_new(dialect: str) -> Any:
    skill = elements(dialect, import_row.c.data, NEW, SKILLS)
    found = select(import_row.c.row_id, skill.c.value).select_from(import_row.join(skill, true()))
    return person_skill.insert().from_select(
        ["person_id", "skill"], found.where(within(), has(NEW), has(SKILLS))
    )


def bring_in(connection: Connection, lines: Lines) -> int:
    """Make the new people of these rows, unseen. Returns how many."""
    rows = lines._asdict()
    # Nobody moves a home while its people come in.
    tree.keep(connection)
    dialect = connection.dialect.name
    connection.execute(_making_homes(dialect), rows)
    made = connection.execute(_making_people(dialect), rows).rowcount
    connection.execute(_skills_of_new(dialect), rows)
    if serve := connection.execute(_HOW_MANY_SERVE, rows).scalar_one():
        numbers = next_numbers(connection, appointment.name, serve)
        connection.execute(_SERVICES_OF_NEW, {**rows, "before_first": numbers[0] - 1})
    return made


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


# --- once it is live ----------------------------------------------------------------------------------------------------

_ITS_IDS = select(import_row.c.row_id).where(within(), has(NEW))
_OWN = (
    person.update()
    .where(person.c.id.in_(_ITS_IDS), person.c.batch_id == bindparam("batch"))
    .values(batch_id=None)
)
_OWN_ROLES = (
    appointment.update()
    .where(appointment.c.person_id.in_(_ITS_IDS), appointment.c.batch_id == bindparam("batch"))
    .values(batch_id=None)
)
_other = person.alias("other_person")
_WITH_ACCOUNT = Prepared(
    person.update()
    .where(
        person.c.id == bindparam("row"),
        person.c.telegram_id.is_(None),
        ~exists().where(_other.c.telegram_id == bindparam("account")),
    )
    .values(telegram_id=bindparam("account"))
)
_CORRECT = Prepared(
    appointment.update()
    .where(appointment.c.id == bindparam("row"))
    .values(
        starts_at=bindparam("starts"),
        ends_at=bindparam("ends"),
        phase=bindparam("told"),
        version=appointment.c.version + 1,
    )
)
_NO_SKILLS = Prepared(person_skill.delete().where(person_skill.c.person_id == bindparam("row")))
_TAKEN = Prepared(
    select(person.c.id).where(
        (person.c.number == bindparam("number")) | (person.c.telegram_id == bindparam("account"))
    )
)


def settle(connection: Connection, lines: Lines) -> None:
    """Once the import is live: its people are like all others, and have their accounts."""
    rows = lines._asdict()
    connection.execute(_OWN, rows)
    connection.execute(_OWN_ROLES, rows)
    accounts = [
        {"row": row.row_id, "account": row.data[NEW][ACCOUNT]}
        for row in rows_with(connection, ACCOUNT, lines)
        if ACCOUNT in row.data.get(NEW, {})
    ]
    if accounts:
        # Who has arrived by themselves meanwhile keeps the account; the two records may be merged by hand.
        _WITH_ACCOUNT.run_all(connection, accounts)


def change(connection: Connection, row: Staged) -> None:
    """What the row says of somebody who was there before takes effect."""
    person_id, changed = row.row_id or 0, row.data[CHANGE]
    known = load(connection, Person, person_id)
    if known is None or known.merged_into_id or known.erased_at:
        return
    values = {name: changed[name] for name in ("name", "phone", "language") if name in changed}
    unique = {name: changed[name] for name in ("number", ACCOUNT) if name in changed}
    wanted = {"number": unique.get("number"), "account": unique.get(ACCOUNT)}
    if unique and all(found.id == person_id for found in _TAKEN.all(connection, wanted)):
        values |= unique
    if "unit_id" in changed:
        values["home_unit_id"] = changed["unit_id"]
        values["household_id"] = (
            household_at(connection, changed["unit_id"], changed["flat"]) if changed["flat"] else None
        )
    if values:
        save(connection, (replace(known, **values),))
    if SKILLS in changed:
        _NO_SKILLS.run(connection, {"row": person_id})
        _SKILL.insert(connection, [{"person_id": person_id, "skill": skill} for skill in changed[SKILLS]])
    if service := changed.get("service"):
        _serve(connection, person_id, service)


def _serve(connection: Connection, person_id: int, service: Mapping[str, Any]) -> None:
    starts, ends = _instant(service["starts_at"]), _instant(service["ends_at"])
    if "id" in service:
        _CORRECT.run(
            connection, {"row": service["id"], "starts": starts, "ends": ends, "told": service["phase"]}
        )
        return
    new = {
        "id": next_numbers(connection, appointment.name, 1)[0],
        "version": 1,
        "person_id": person_id,
        "role": service["role"],
        "unit_id": service["unit_id"],
        "starts_at": starts,
        "ends_at": ends,
        "phase": service["phase"],
    }
    _APPOINTMENT.insert(connection, [new])


# --- when it comes to nothing --------------------------------------------------------------------------------------------

_OURS = (person.c.id.in_(_ITS_IDS), person.c.batch_id == bindparam("batch"))
_THEIR_HOMES = select(person.c.household_id).where(*_OURS, person.c.household_id.is_not(None)).distinct()
_EMPTY = (
    person.update()
    .where(*_OURS)
    .values(
        name="",
        number=None,
        phone=None,
        household_id=None,
        home_unit_id=None,
        area_id=None,
        erased_at=bindparam("now", type_=person.c.erased_at.type),
    )
)
_NEVER = (
    appointment.update()
    .where(appointment.c.person_id.in_(_ITS_IDS), appointment.c.batch_id == bindparam("batch"))
    .values(ends_at=appointment.c.starts_at, phase=Phase.ENDED)
)
_THEIR_SKILLS = person_skill.delete().where(person_skill.c.person_id.in_(select(person.c.id).where(*_OURS)))
_EMPTY_HOMES = household.delete().where(
    household.c.id.in_(bindparam("values", expanding=True)),
    ~exists().where(person.c.household_id == household.c.id),
)


def take_back(connection: Connection, lines: Lines, *, now: datetime) -> None:
    """Nothing of the new people is left but empty tombstones, which were never there for anybody.

    They are not deleted: the database would look through every table that may point at a person for each of them.
    """
    rows = lines._asdict()
    homes = [row[0] for row in connection.execute(_THEIR_HOMES, rows)]
    connection.execute(_THEIR_SKILLS, rows)
    connection.execute(_NEVER, rows)
    connection.execute(_EMPTY, {**rows, "now": now})
    if homes:
        connection.execute(_EMPTY_HOMES, {"values": homes})
