"""Faults at a chosen statement of a unit of work, on either database, made by the database itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, event

from storage.engine import Engine, UnitOfWork
from storage.prepared import RAW, Raw
from storage.sqlite import open_connection

T = TypeVar("T")


class Fault(StrEnum):
    """What happens instead of the statement.

    STATEMENT and CONSTRAINT fail it and leave the transaction. ENDED is a RAISE(ROLLBACK), FULL a full disk: on SQLite
    both end the whole transaction. TERMINATED: PostgreSQL loses the connection.
    """

    STATEMENT = "statement"
    CONSTRAINT = "constraint"
    ENDED = "ended"
    FULL = "full"
    TERMINATED = "terminated"


INSTEAD = {
    Fault.STATEMENT: "INSERT INTO no_such_table VALUES (1)",
    Fault.CONSTRAINT: "INSERT INTO job_run (job) VALUES (NULL)",
    Fault.ENDED: "INSERT INTO temp.bomb VALUES (1)",
    Fault.FULL: "INSERT INTO temp.ballast VALUES (randomblob(1000000))",
    Fault.TERMINATED: "SELECT pg_terminate_backend(pg_backend_pid())",
}

EVERYWHERE = {"sqlite": (Fault.CONSTRAINT, Fault.ENDED), "postgresql": (Fault.CONSTRAINT,)}
"""Worth trying at every statement."""

HERE_AND_THERE = {"sqlite": (Fault.STATEMENT, Fault.FULL), "postgresql": (Fault.STATEMENT, Fault.TERMINATED)}
"""The same to the engine as one of the above, or dear: worth trying at a few."""


class Unwound(Exception):
    """The unit met no fault and would have been committed; it is taken back, so that the next may be tried."""


def mined(path: Path, *, query_only: bool, busy_seconds: float) -> sqlite3.Connection:
    """A connection on which ENDED and FULL can be set off; for ``SqliteEngine(connect=…)``."""
    connection = open_connection(path, query_only=query_only, busy_seconds=busy_seconds)
    if not query_only:
        connection.execute("CREATE TEMP TABLE bomb (id)")
        connection.execute(
            "CREATE TEMP TRIGGER goes_off BEFORE INSERT ON bomb BEGIN SELECT RAISE(ROLLBACK, 'gone off'); END"
        )
        connection.execute("CREATE TEMP TABLE ballast (stuff)")
        connection.execute("PRAGMA temp.max_page_count = 10").fetchall()
    return connection


class Waylaid:
    """What prepared statements run on (``prepared.Raw``), with something in the way of each statement."""

    def __init__(self, raw: Raw, before: Callable[[str, Any, bool], tuple[str, Any]]) -> None:
        self._raw = raw
        self._before = before

    def all(self, text: str, values: Any) -> Any:
        """One statement that returns rows."""
        return self._raw.all(*self._before(text, values, False))

    def plan_by_values(self) -> None:
        """No statement of ours."""
        self._raw.plan_by_values()

    def run(self, text: str, values: Any) -> int:
        """One change."""
        return self._raw.run(*self._before(text, values, False))

    def run_all(self, text: str, rows: Any) -> None:
        """One change for many rows."""
        self._raw.run_all(*self._before(text, rows, True))


class FaultyEngine:
    """An engine whose units meet a fault at their ``at``-th statement, each time they are run.

    ``struck`` counts how often that came to pass. A unit with fewer statements raises Unwound at its end.
    """

    def __init__(self, inner: Engine, *, fault: Fault, at: int) -> None:
        self.dialect = inner.dialect
        self._inner = inner
        self._fault = fault
        self._at = at
        self.struck = 0

    async def write(self, unit: UnitOfWork[T], /) -> T:
        """Run the unit with the fault in its way."""
        return await self._inner.write(self._faulty(unit))

    async def read(self, unit: UnitOfWork[T], /) -> T:
        """Reads meet no fault."""
        return await self._inner.read(unit)

    async def close(self) -> None:
        """The inner engine is closed by whoever opened it."""

    def _faulty(self, unit: UnitOfWork[T]) -> Callable[[Connection], T]:
        def run(connection: Connection) -> T:
            statements = 0

            def before(
                conn: Connection,
                cursor: Any,
                statement: str,
                parameters: Any,
                context: Any,
                executemany: bool,
            ) -> tuple[str, Any]:
                nonlocal statements
                statements += 1
                if statements != self._at:
                    return statement, parameters
                self.struck += 1
                return INSTEAD[self._fault], [()] if executemany else ()

            # Kept, because a connection that is lost under way gives none any more.
            info = connection.info
            raw = info[RAW]
            event.listen(connection, "before_cursor_execute", before, retval=True)
            # Prepared statements go past SQLAlchemy's events, straight to the driver: they are met there.
            info[RAW] = Waylaid(
                raw, lambda sql, values, many: before(connection, None, sql, values, None, many)
            )
            try:
                unit(connection)
                raise Unwound
            finally:
                event.remove(connection, "before_cursor_execute", before)
                info[RAW] = raw

        return run
