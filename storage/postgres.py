"""PostgreSQL: the same units of work by ``run_sync`` over asyncpg, each in a transaction of its own.

READ COMMITTED with row locks; a serialization failure or a deadlock runs the unit again, at most three times. Each
unit is a task of its own, strongly held and shielded, so that a cancelled caller leaves it wholly done and no
connection goes back to the pool with an open transaction.

As on SQLite, SQLAlchemy knows nothing of transactions: BEGIN, COMMIT and ROLLBACK are said on the driver's own
connection, on which prepared statements run too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFreeError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.util import await_only

from storage.engine import DatabaseAwayError, DatabaseClosedError, Observe, UnitOfWork, unobserved
from storage.prepared import RAW

T = TypeVar("T")

TRIES = 3
RUN_AGAIN = frozenset({"40001", "40P01"})
BEGIN_WRITE = "BEGIN"
BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
OF_THE_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""All that asyncpg raises, which have nothing in common."""
AWAY = ("08", "53", "57P", "58")
"""Classes of SQLSTATE that say the server cannot take this now: connection, resources, operator, system."""


def _statement_name() -> str:
    # Behind a transaction pooler two clients may share a session: names must not collide.
    return f"__linli_{uuid4()}__"


class _Raw:
    """What prepared statements run on (``prepared.Raw``), each prepared once for the life of the connection."""

    __slots__ = ("_driver", "_prepared")

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver
        self._prepared: dict[str, PreparedStatement] = {}

    def all(self, text: str, values: Sequence[Any]) -> Sequence[Any]:
        return await_only(self._fetch(text, values))

    def plan_by_values(self) -> None:
        await_only(self._driver.execute("SET LOCAL plan_cache_mode = force_custom_plan"))

    def run(self, text: str, values: Sequence[Any]) -> int:
        return await_only(self._run(text, values))

    def run_all(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        await_only(self._run_all(text, rows))

    async def _fetch(self, text: str, values: Sequence[Any]) -> Sequence[Any]:
        statement = self._prepared.get(text) or await self._prepare(text)
        rows: Sequence[Any] = await statement.fetch(*values)
        return rows

    async def _run(self, text: str, values: Sequence[Any]) -> int:
        statement = self._prepared.get(text) or await self._prepare(text)
        await statement.fetch(*values)
        # "UPDATE 1": the last word is the number of rows.
        return int(statement.get_statusmsg().rsplit(maxsplit=1)[-1])

    async def _run_all(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        statement = self._prepared.get(text) or await self._prepare(text)
        if len(rows) == 1:
            await statement.fetch(*rows[0])
        else:
            await statement.executemany(rows)

    async def _prepare(self, text: str) -> PreparedStatement:
        statement = await self._driver.prepare(text, name=_statement_name())
        self._prepared[text] = statement
        return statement


class PostgresEngine:
    """Runs units of work on a PostgreSQL database."""

    dialect = "postgresql"

    def __init__(self, url: URL, *, pool_size: int = 10, observe: Observe = unobserved) -> None:
        self._observe = observe
        self._closed = False
        self._pool_size = pool_size
        self._running: set[asyncio.Task[Any]] = set()
        # Units wait here, for as long as it takes: a long queue is no reason to believe that the server is away.
        self._free = asyncio.Semaphore(pool_size)
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=False,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "prepared_statement_name_func": _statement_name,
                # Nothing here runs for long enough to be worth compiling or helpers, and no disk is a turning one any more.
                "server_settings": {
                    "application_name": "linli",
                    "jit": "off",
                    "max_parallel_workers_per_gather": "0",
                    "random_page_cost": "1.1",
                },
                "timeout": 10,
            },
        )

    async def write(self, unit: UnitOfWork[T], /) -> T:
        """Run ``unit`` and commit. Raises whatever the unit raises; DatabaseAwayError when the server is not there."""
        return await self._shielded(unit, read_only=False)

    async def read(self, unit: UnitOfWork[T], /) -> T:
        """Run ``unit`` in one snapshot that cannot write."""
        return await self._shielded(unit, read_only=True)

    async def close(self) -> None:
        """Finish what runs, then close the pool. Calling it again changes nothing."""
        self._closed = True
        if self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
        await self._engine.dispose()

    async def _shielded(self, unit: UnitOfWork[T], *, read_only: bool) -> T:
        if self._closed:
            raise DatabaseClosedError("the database has been closed")
        task = asyncio.create_task(self._run(unit, read_only=read_only))
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Asked for, so that an error whose caller was cancelled is not reported as never retrieved.
            task.exception()

    async def _run(self, unit: UnitOfWork[T], *, read_only: bool) -> T:
        for attempt in range(1, TRIES + 1):
            started = perf_counter()
            connected = False
            try:
                async with self._free, self._engine.connect() as connection:
                    driver = await self._begun(connection, BEGIN_READ if read_only else BEGIN_WRITE)
                    connected = True
                    return await self._once(connection, driver, unit)
            except (DBAPIError, *OF_THE_DRIVER) as error:
                if not connected:
                    # Whatever a server says instead of letting us in: the work itself has not been looked at.
                    raise _away(error) from error
                # A plan made before the tables were changed has gone with its connection: the next one is good.
                again = _state(error) in RUN_AGAIN or _is_outdated(error)
                if again and attempt < TRIES:
                    continue
                if _is_away(error):
                    raise _away(error) from error
                raise
            except (OSError, TimeoutError, NoConnectionFreeError) as error:
                raise DatabaseAwayError(f"the database server cannot be reached: {error}") from error
            finally:
                self._observe("read" if read_only else "write", perf_counter() - started)
        raise AssertionError("the last try either returns or raises")

    @staticmethod
    async def _once(connection: AsyncConnection, driver: asyncpg.Connection, unit: UnitOfWork[T]) -> T:
        def whole(sync: Connection) -> T:
            if RAW not in sync.info:
                sync.info[RAW] = _Raw(driver)
            return unit(sync)

        try:
            result = await connection.run_sync(whole)
            await driver.execute("COMMIT")
        except BaseException as error:
            with suppress(OSError, *OF_THE_DRIVER):
                await driver.execute("ROLLBACK")
            if driver.is_closed() or driver.is_in_transaction() or _is_outdated(error) or _is_away(error):
                await connection.invalidate()
            raise
        return result

    async def _begun(self, connection: AsyncConnection, begin: str) -> asyncpg.Connection:
        """The driver's connection, in a transaction. Those that died while they lay in the pool are replaced."""
        left = self._pool_size
        while True:
            driver: asyncpg.Connection = (await connection.get_raw_connection()).driver_connection
            try:
                await driver.execute(begin)
            except (OSError, *OF_THE_DRIVER) as error:
                # "Internal": the server's good-bye has come, and has not been read to its end.
                is_dead = driver.is_closed() or isinstance(error, asyncpg.InternalClientError)
                if not is_dead or not left:
                    raise
                left -= 1
                await connection.invalidate()
            else:
                return driver


def _original(error: BaseException) -> Any:
    """The driver's own error, which SQLAlchemy's adapter wraps, and SQLAlchemy wraps again."""
    if not isinstance(error, DBAPIError):
        return error
    return getattr(error.orig, "__cause__", None) or error.orig


def _state(error: BaseException) -> str:
    return getattr(_original(error), "sqlstate", None) or ""


def _is_outdated(error: BaseException) -> bool:
    return isinstance(_original(error), asyncpg.InvalidCachedStatementError)


def _is_away(error: BaseException) -> bool:
    """Whether the server, not the statement, was at fault."""
    original = _original(error)
    return (
        (isinstance(error, DBAPIError) and error.connection_invalidated)
        or isinstance(error, InterfaceError | OperationalError)
        # A value that the driver cannot encode is an InterfaceError too, and a bug of ours.
        or isinstance(original, asyncpg.InternalClientError)
        or (isinstance(original, asyncpg.InterfaceError) and not isinstance(original, ValueError))
        or _state(error).startswith(AWAY)
    )


def _away(error: BaseException) -> DatabaseAwayError:
    return DatabaseAwayError(f"the database server refuses: {_original(error)}")
