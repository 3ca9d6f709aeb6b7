"""SQLite: one writer thread with group commit, and reader threads that cannot write.

The writer takes every unit of work that waits, runs each in a SAVEPOINT and commits them together; callers hear
back after the COMMIT. A savepoint is no wall: a full disk, an I/O error or RAISE(ROLLBACK) end the whole transaction,
earlier released savepoints included. So after each unit the transaction is checked to be still open, and if it is
not, or COMMIT fails, nobody has heard anything yet and each unit is run again alone.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy import Engine as AlchemyEngine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool

from storage.engine import DatabaseAwayError, DatabaseClosedError, Observe, UnitOfWork, unobserved
from storage.prepared import RAW

T = TypeVar("T")

BATCH_SECONDS = 0.05
"""The writer stops taking further units into one COMMIT after this long, so that none waits for a whole crowd."""

BUSY_SECONDS = 5.0


class _Job:
    """A unit of work and the future of whoever waits for it."""

    __slots__ = ("future", "unit")

    def __init__(self, unit: UnitOfWork[Any]) -> None:
        self.unit = unit
        self.future: Future[Any] = Future()


def open_connection(
    path: Path, *, query_only: bool, busy_seconds: float = BUSY_SECONDS
) -> sqlite3.Connection:
    """One connection with the pragmas that the design relies on, its transactions left to us."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=busy_seconds)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "temp_store=MEMORY",
        # KiB each; the operating system keeps the file's pages too, so more here is only more memory.
        # Four times as much made an import of 50,000 people no faster, and its memory grow.
        "cache_size=-4096",
        *(("query_only=ON", "wal_autocheckpoint=0") if query_only else ()),
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


class SqliteEngine:
    """Runs units of work on one SQLite file. Only one process may own it (``lockfile.py``)."""

    dialect = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        readers: int = 2,
        observe: Observe = unobserved,
        busy_seconds: float = BUSY_SECONDS,
        connect: Callable[..., sqlite3.Connection] = open_connection,
    ) -> None:
        self.path = path
        self._observe = observe
        self._busy_seconds = busy_seconds
        self._connect = connect
        self._writes: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._threads = [threading.Thread(target=self._write_loop, name="linli-writer", daemon=True)]
        self._threads += [
            threading.Thread(target=self._read_loop, name=f"linli-reader-{number}", daemon=True)
            for number in range(readers)
        ]
        for thread in self._threads:
            thread.start()

    async def write(self, unit: UnitOfWork[T], /) -> T:
        """Run ``unit`` and commit. Raises whatever the unit raises; DatabaseAwayError when the file refuses.

        A cancelled caller leaves the unit wholly done, or never begun.
        """
        return await self._hand_over(self._writes, unit)

    async def read(self, unit: UnitOfWork[T], /) -> T:
        """Run ``unit`` in one snapshot on a connection that cannot write."""
        return await self._hand_over(self._reads, unit)

    async def close(self) -> None:
        """Finish what waits, then close. Calling it again changes nothing."""
        if self._closed:
            return
        self._closed = True
        self._writes.put(None)
        for _ in self._threads[1:]:
            self._reads.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    async def _hand_over(self, jobs: queue.SimpleQueue[_Job | None], unit: UnitOfWork[T]) -> T:
        if self._closed:
            raise DatabaseClosedError("the database has been closed")
        job = _Job(unit)
        jobs.put(job)
        # A cancelled waiter cancels the future, and a worker skips a job whose future was cancelled before it
        # began; one that has begun runs to its end, because its future no longer can be cancelled.
        return await asyncio.wrap_future(job.future)

    # --- the writer ---------------------------------------------------------------------------------------------

    def _write_loop(self) -> None:
        writer = _Writer(lambda: self._connect(self.path, query_only=False, busy_seconds=self._busy_seconds))
        more = True
        while more:
            first = self._writes.get()
            if first is None:
                break
            batch = [first]
            started = perf_counter()
            while perf_counter() - started < BATCH_SECONDS:
                try:
                    job = self._writes.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    more = False
                    break
                batch.append(job)
            running = [job for job in batch if job.future.set_running_or_notify_cancel()]
            if running:
                writer.run(running)
                self._tell("write", perf_counter() - started)
        writer.close()

    # --- the readers --------------------------------------------------------------------------------------------

    def _read_loop(self) -> None:
        reader = _Borrowed(lambda: self._connect(self.path, query_only=True, busy_seconds=self._busy_seconds))
        while (job := self._reads.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            started = perf_counter()
            try:
                raw, connection = reader.get()
                raw.execute("BEGIN")
                try:
                    result = job.unit(connection)
                finally:
                    if raw.in_transaction:
                        raw.execute("ROLLBACK")
            except BaseException as error:
                if _is_of_the_file(error):
                    reader.throw_away()
                job.future.set_exception(_translated(error))
            else:
                job.future.set_result(result)
            self._tell("read", perf_counter() - started)
        reader.throw_away()

    def _tell(self, kind: str, seconds: float) -> None:
        # A measurement that fails must not end the thread on which everybody waits.
        with suppress(Exception):
            self._observe(kind, seconds)


class _Raw:
    """What prepared statements run on (``prepared.Raw``)."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, text: str, values: Sequence[Any]) -> Sequence[Any]:
        return self._connection.execute(text, values).fetchall()

    def plan_by_values(self) -> None:
        """SQLite plans by its statistics alone."""

    def run(self, text: str, values: Sequence[Any]) -> int:
        return self._connection.execute(text, values).rowcount

    def run_all(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(text, rows)


class _Borrowed:
    """A raw connection and SQLAlchemy's Connection over it, opened when first needed and again after an error.

    SQLAlchemy believes itself inside one endless transaction: BEGIN, SAVEPOINT and COMMIT are said on the raw
    connection, which is both exact and several times cheaper.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._engine: AlchemyEngine | None = None
        self._pair: tuple[sqlite3.Connection, Connection] | None = None

    def get(self) -> tuple[sqlite3.Connection, Connection]:
        """The pair, opened if it is not."""
        if self._pair is None:
            raw = self._connect()
            self._engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool, future=True)
            connection = self._engine.connect()
            connection.info[RAW] = _Raw(raw)
            self._pair = (raw, connection)
        return self._pair

    def throw_away(self) -> None:
        """Close it; the next ``get`` opens anew."""
        if self._pair is None:
            return
        raw, connection = self._pair
        self._pair = None
        for close in (connection.close, raw.close):
            try:
                close()
            except (sqlite3.Error, DBAPIError):
                continue
        if self._engine is not None:
            self._engine.dispose()


class _Writer:
    """Runs batches of jobs on the one writing connection."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._borrowed = _Borrowed(connect)

    def close(self) -> None:
        """Close the connection."""
        self._borrowed.throw_away()

    def run(self, jobs: Sequence[_Job]) -> None:
        """Run all in one transaction; when it does not hold, each alone. Every job's future is resolved."""
        results = self._together(jobs)
        if results is None:
            for job in jobs:
                self._alone(job)
            return
        for job, (ok, value) in zip(jobs, results, strict=True):
            if ok:
                job.future.set_result(value)
            else:
                job.future.set_exception(value)

    def _together(self, jobs: Sequence[_Job]) -> list[tuple[bool, Any]] | None:
        """The outcome of each job after a common COMMIT, or None when the transaction was lost under way."""
        if len(jobs) == 1:
            return None
        try:
            raw, connection = self._borrowed.get()
            raw.execute("BEGIN IMMEDIATE")
        except Exception:
            # Whatever it was, each is run alone, and hears it there if it is still so.
            self._borrowed.throw_away()
            return None
        results: list[tuple[bool, Any]] = []
        try:
            for job in jobs:
                raw.execute("SAVEPOINT unit")
                try:
                    results.append((True, job.unit(connection)))
                except BaseException as error:
                    if not raw.in_transaction or _is_of_the_file(error):
                        self._abandon(raw, error)
                        return None
                    raw.execute("ROLLBACK TO unit")
                    results.append((False, _translated(error)))
                if not raw.in_transaction:
                    return None
                raw.execute("RELEASE unit")
            raw.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon(raw, error)
            return None
        return results

    def _alone(self, job: _Job) -> None:
        """One job in a transaction of its own."""
        try:
            raw, connection = self._borrowed.get()
            raw.execute("BEGIN IMMEDIATE")
        except Exception as error:
            self._borrowed.throw_away()
            job.future.set_exception(_translated(error))
            return
        try:
            result = job.unit(connection)
            if not raw.in_transaction:
                raise DatabaseAwayError("the transaction was ended from within the unit of work")
            raw.execute("COMMIT")
        except BaseException as error:
            self._abandon(raw, error)
            job.future.set_exception(_translated(error))
        else:
            job.future.set_result(result)

    def _abandon(self, raw: sqlite3.Connection, error: BaseException) -> None:
        """Roll back whatever is open. After an error of the file the connection is thrown away: what it holds in
        memory may no longer be what the file says."""
        try:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
        except sqlite3.Error:
            self._borrowed.throw_away()
        if _is_of_the_file(error):
            self._borrowed.throw_away()


_FILE_ERRORS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


def _is_of_the_file(error: BaseException) -> bool:
    """Whether the file, not the statement, was at fault: locked, full, unreadable."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    return isinstance(original, sqlite3.Error) and code is not None and (code & 0xFF) in _FILE_ERRORS


def _translated(error: BaseException) -> BaseException:
    """Errors of the file become DatabaseAwayError; every other error stays itself."""
    if _is_of_the_file(error):
        reason = error.orig if isinstance(error, OperationalError) else error
        away = DatabaseAwayError(f"the database file refuses: {reason}")
        away.__cause__ = error
        return away
    return error
