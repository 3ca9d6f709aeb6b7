"""PostgreSQL: the same units of work by ``run_sync`` over asyncpg, each in a transaction of its own.

READ COMMITTED with row locks; a serialization failure or a deadlock runs the unit again, at most three times. Each
unit is a task of its own, strongly held and shielded, so that a cancelled caller leaves it wholly done and no
connection goes back to the pool with an open transaction.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFreeError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.engine import DatabaseAwayError, DatabaseClosedError, Observe, UnitOfWork, unobserved

T = TypeVar("T")

TRIES = 3
RUN_AGAIN = frozenset({"40001", "40P01"})
AWAY = ("08", "53", "57P", "58")
"""Classes of SQLSTATE that say the server cannot take this now: connection, resources, operator, system."""


class PostgresEngine:
    """Runs units of work on a PostgreSQL database."""

    dialect = "postgresql"

    def __init__(self, url: URL, *, pool_size: int = 10, observe: Observe = unobserved) -> None:
        self._observe = observe
        self._closed = False
        self._running: set[asyncio.Task[Any]] = set()
        # Units wait here, for as long as it takes: a long queue is no reason to believe that the server is away.
        self._free = asyncio.Semaphore(pool_size)
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=False,
            connect_args={
                # Behind a transaction pooler two clients may share a session: names must not collide.
                "prepared_statement_name_func": lambda: f"__linli_{uuid4()}__",
                "server_settings": {"application_name": "linli", "jit": "off"},
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
                    connected = True
                    if read_only:
                        await connection.execution_options(
                            isolation_level="REPEATABLE READ", postgresql_readonly=True
                        )
                    return await self._once(connection, unit)
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None) or ""
                if state in RUN_AGAIN and attempt < TRIES:
                    continue
                if (
                    # Whatever a server says instead of letting us in: the work itself has not been looked at.
                    not connected
                    or error.connection_invalidated
                    or isinstance(error, InterfaceError)
                    or state.startswith(AWAY)
                ):
                    raise DatabaseAwayError(f"the database server refuses: {error.orig}") from error
                if isinstance(error, OperationalError):
                    raise DatabaseAwayError(f"the database server refuses: {error.orig}") from error
                raise
            except (OSError, TimeoutError, NoConnectionFreeError) as error:
                raise DatabaseAwayError(f"the database server cannot be reached: {error}") from error
            finally:
                self._observe("read" if read_only else "write", perf_counter() - started)
        raise AssertionError("the last try either returns or raises")

    @staticmethod
    async def _once(connection: AsyncConnection, unit: UnitOfWork[T]) -> T:
        def whole(sync: Connection) -> T:
            return unit(sync)

        async with connection.begin():
            return await connection.run_sync(whole)
