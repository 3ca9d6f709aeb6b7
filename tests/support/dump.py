"""A whole database as plain data, so that "nothing else changed" is one comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from storage.engine import Engine
from storage.schema import metadata

Dump = Mapping[str, list[str]]
"""Each table's rows, as text, in an order of their own."""


_SELECTS = [
    (table.name, f'SELECT * FROM "{table.name}"')  # noqa: S608 - our own names
    for table in metadata.sorted_tables
]


def _of_sqlite(connection: Connection) -> list[tuple[str, str]]:
    # The driver's own rows: this is done after each of thousands of faults.
    driver: Any = connection.connection.driver_connection
    return [
        (table, repr(row)) for table, statement in _SELECTS for row in driver.execute(statement).fetchall()
    ]


def _of_postgres(connection: Connection) -> list[tuple[str, str]]:
    # One statement for all: a round trip for each table would be most of the tests' time.
    parts = (f"SELECT '{t.name}', t::text FROM \"{t.name}\" t" for t in metadata.sorted_tables)  # noqa: S608
    return [(row[0], row[1]) for row in connection.execute(text(" UNION ALL ".join(parts)))]


async def dump(engine: Engine) -> Dump:
    """Every row of every table."""

    def unit(connection: Connection) -> list[tuple[str, str]]:
        return _of_sqlite(connection) if engine.dialect == "sqlite" else _of_postgres(connection)

    tables: dict[str, list[str]] = {table.name: [] for table in metadata.sorted_tables}
    for name, row in await engine.read(unit):
        tables[name].append(row)
    return {name: sorted(rows) for name, rows in tables.items()}


def differences(before: Dump, after: Dump) -> dict[str, tuple[list[str], list[str]]]:
    """Tables that differ, with the rows that went and the rows that came."""
    return {
        name: (
            list((Counter(before[name]) - Counter(after[name])).elements()),
            list((Counter(after[name]) - Counter(before[name])).elements()),
        )
        for name in before
        if before[name] != after[name]
    }


async def rows(engine: Engine, table: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    """The columns of a table's rows as stored, in the order of the first column."""
    names = ", ".join(columns)
    statement = text(f"SELECT {names} FROM {table} WHERE {where} ORDER BY {columns[0]}")  # noqa: S608

    def unit(connection: Connection) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.execute(statement)]

    return await engine.read(unit)


async def count(engine: Engine, table: str, where: str = "true") -> int:
    """How many rows there are."""
    statement = text(f"SELECT count(*) FROM {table} WHERE {where}")  # noqa: S608
    return int(await engine.read(lambda c: c.execute(statement).scalar_one()))


async def say(engine: Engine, statement: str) -> None:
    """Run one statement past all rules."""

    def unit(connection: Connection) -> None:
        connection.execute(text(statement))

    await engine.write(unit)
