"""What a job has left behind, as plain data that is alike however often its process was killed on the way.

Ids have gaps after a kill: on PostgreSQL those that the database deals out, and everywhere one that was dealt to what
turned out to be there already. So each is replaced by its place among those that are there. A restart comes some seconds
later, so instants are cut to the minute. Nothing else is forgiven but how much the last run alone has done, the fence of
a lease, and seals, which are computed from those ids: whether they hold is asked separately.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, select, text

from storage import points, seals
from storage.engine import Engine
from storage.schema import audit, audit_seal, counter, job, lease, metadata

NOT_COMPARED = frozenset({lease})
LEFT_OUT = frozenset({job.c.last_count, audit_seal.c.digest, audit_seal.c.previous})
POINTING = {audit_seal.c.first_id: audit, audit_seal.c.last_id: audit}
"""Columns that name a row whose id was dealt out, without a foreign key that says so."""
MARKS = "forgotten."
"""Counters that say how far something has come; the others deal ids out."""
BESIDE = re.compile(r"\.db(-wal|-shm)?$")
"""The database itself is no file that a job has written."""
UNLIKE = re.compile(r"(?<=\.linli-backup-)[0-9a-f]{8}(-\w{8})?|(?<=_check_)[0-9a-f]{8}|(?<=T\d{4})\d\d(?=Z)")
"""Whose name has what was drawn in it, or which database it is, or the second of a backup."""
CONTENT = ".log"


class State(NamedTuple):
    """Rows by table, files with what is to be said of them, and what does not hold."""

    tables: Mapping[str, list[str]]
    files: tuple[str, ...]
    faults: tuple[str, ...]


_BESIDE = text(r"SELECT datname FROM pg_database WHERE datname LIKE current_database() || '\_check\_%'")
_TABLES = [table for table in metadata.sorted_tables if table not in NOT_COMPARED]
_SELECTS = {table: select(table).order_by(*table.primary_key) for table in _TABLES}


def _pointers(table: Table) -> dict[str, Table]:
    found = {column.name: target for column, target in POINTING.items() if column.table is table}
    for column in table.c:
        for key in column.foreign_keys:
            if key.column.name == "id":
                found[column.name] = key.column.table
    return found


_POINTERS = {table: _pointers(table) for table in _TABLES}


def _plain(value: Any) -> Any:
    return value.replace(second=0, microsecond=0) if isinstance(value, datetime) else value


def _rows(connection: Connection) -> dict[str, list[str]]:
    found = {table: connection.execute(select_all).all() for table, select_all in _SELECTS.items()}
    places = {
        table: {row.id: place for place, row in enumerate(rows, 1)}
        for table, rows in found.items()
        if "id" in table.c
    }
    found[counter] = [row for row in found[counter] if row.name.startswith(MARKS)]
    told: dict[str, list[str]] = {}
    for table, rows in found.items():
        names = [column.name for column in table.c if column not in LEFT_OUT]
        pointers = _POINTERS[table] | ({"id": table} if table in places else {})
        lines = []
        for row in rows:
            values = row._mapping
            said = [
                f"{name}={places[pointers[name]].get(values[name]) if name in pointers else _plain(values[name])!r}"
                for name in names
            ]
            lines.append(" ".join(said))
        told[table.name] = sorted(lines)
    return told


def _files_in(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(
            f"{UNLIKE.sub('*', str(path.relative_to(folder)))} {_told(path)}".strip()
            for path in folder.rglob("*")
            if not BESIDE.search(path.name)
        )
    )


def _told(path: Path) -> str:
    if path.suffix == CONTENT:
        return path.read_text()
    return f"{path.stat().st_size > 0}" if path.is_file() else ""


async def state_of(engine: Engine, folder: Path) -> State:
    """Everything that is there now: in the database, and below a folder on disk."""

    def unit(connection: Connection) -> tuple[dict[str, list[str]], list[str]]:
        return _rows(connection), [*points.differences(connection), *_broken_seals(connection)]

    tables, faults = await engine.read(unit)
    return State(tables, await files_of(engine, folder), tuple(faults))


async def files_of(engine: Engine, folder: Path) -> tuple[str, ...]:
    """What lies below a folder, without the database, and on PostgreSQL what databases have been made beside it."""
    return (*_files_in(folder), *await engine.read(_databases_beside))


def _databases_beside(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        return []
    names = connection.execute(_BESIDE).scalars()
    return sorted(UNLIKE.sub("*", name.removeprefix(name.split("_check_")[0])) for name in names)


def _broken_seals(connection: Connection) -> list[str]:
    told: list[str] = []
    after = 0
    while True:
        after, more = seals.differences(connection, after=after)
        told += more
        if not after:
            return told
