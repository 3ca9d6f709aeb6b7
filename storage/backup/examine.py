"""What a copy is held to once it lies restored: whole, nothing pointing nowhere, every balance the sum of its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from storage import points
from storage.backup.archive import BackupError
from storage.database import current_revision
from storage.identity import identity_of
from storage.schema import metadata

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a copy that is in order."""

    revision: str
    identity: str
    rows: Mapping[str, int]


def examine(connection: Connection) -> Examined:
    """Look through a restored copy, on either database. Raises BackupError with what is wrong."""
    revision = current_revision(connection)
    if revision is None:
        raise BackupError("there is nothing in the database yet: start the bot once, or run linli migrate")
    there = set(inspect(connection).get_table_names())
    tables = [table for table in metadata.sorted_tables if table.name in there]
    rows = {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in tables
    }
    # The bindings of the tables above are this program's; the ledger's have not changed since the first revision.
    if problems := points.differences(connection):
        raise BackupError(_wrong("the ledger does not add up", problems))
    return Examined(revision, identity_of(connection), rows)


def examine_file(path: Path) -> Examined:
    """The same for a SQLite file, with what SQLite can tell of it. Takes as long as reading all of it."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            told = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            if told != ["ok"]:
                raise BackupError(_wrong("the file is damaged", told))
            astray = [
                f"row {row[1]} of {row[0]} points to none of {row[2]}"
                for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
            ]
            if astray:
                raise BackupError(_wrong("rows point to what is not there", astray))
            return examine(connection)
    except DBAPIError as error:
        raise BackupError(f"the copy is no database that can be read: {error.orig}") from error
    finally:
        engine.dispose()


def _wrong(what: str, told: list[str]) -> str:
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return f"{what}: {'; '.join(told[:SHOWN])}{more}"
