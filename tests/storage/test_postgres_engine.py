"""PostgreSQL's engine: transactions that collide are run again, and a server that goes away is said to be away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from storage import leases
from storage.database import Location, open_engine
from storage.engine import DatabaseAwayError, DatabaseClosedError, Engine
from storage.postgres import TRIES, PostgresEngine
from tests.support.databases import on_postgres
from tests.support.dump import count, rows

pytestmark = on_postgres


def runs(name: str, now: datetime) -> Callable[[Connection], bool]:
    return lambda connection: leases.begin_run(connection, "job", name, now=now)


def raising(state: str, *, times: int, now: datetime) -> tuple[Callable[[Connection], bool], list[int]]:
    """A unit that the server aborts with this SQLSTATE so many times."""
    tries: list[int] = []

    def unit(connection: Connection) -> bool:
        tries.append(1)
        done = leases.begin_run(connection, "job", f"try {len(tries)}", now=now)
        if len(tries) <= times:
            connection.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{state}'; END $$")
            )
        return done

    return unit, tries


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_transaction_that_collided_is_run_again_whole(
    state: str, engine: Engine, now: datetime
) -> None:
    unit, tries = raising(state, times=TRIES - 1, now=now)
    assert await engine.write(unit)
    assert len(tries) == TRIES
    assert await rows(engine, "job_run", "period") == [(f"try {TRIES}",)]


async def test_it_is_not_run_for_ever(engine: Engine, now: datetime) -> None:
    unit, tries = raising("40001", times=TRIES, now=now)
    with pytest.raises(DBAPIError, match="made up"):
        await engine.write(unit)
    assert len(tries) == TRIES
    assert await count(engine, "job_run") == 0


async def test_any_other_error_is_heard_at_once(engine: Engine, now: datetime) -> None:
    unit, tries = raising("22012", times=1, now=now)
    with pytest.raises(DBAPIError, match="made up"):
        await engine.write(unit)
    assert len(tries) == 1
    assert await count(engine, "job_run") == 0


@pytest.mark.parametrize("state", ["53300", "57P03", "08006", "58030"])
async def test_a_server_that_cannot_take_it_now_is_away(state: str, engine: Engine, now: datetime) -> None:
    unit, tries = raising(state, times=1, now=now)
    with pytest.raises(DatabaseAwayError, match="made up"):
        await engine.write(unit)
    assert len(tries) == 1


async def test_two_that_wait_for_each_other_both_get_through(engine: Engine, now: datetime) -> None:
    def prepare(connection: Connection) -> None:
        connection.execute(text("INSERT INTO counter VALUES ('a', 0), ('b', 0)"))
        # Found at once instead of after a second.
        connection.execute(text("ALTER ROLE postgres SET deadlock_timeout = '10ms'"))

    await engine.write(prepare)
    raised = "UPDATE counter SET value = value + 1 WHERE name = :name"

    def both(first: str, second: str) -> Callable[[Connection], None]:
        def unit(connection: Connection) -> None:
            connection.execute(text(raised), {"name": first})
            connection.execute(text("SELECT pg_sleep(0.02)"))
            connection.execute(text(raised), {"name": second})

        return unit

    await asyncio.gather(engine.write(both("a", "b")), engine.write(both("b", "a")))
    counted = await rows(engine, "counter", "name", "value", where="name IN ('a', 'b')")
    assert counted == [("a", 2), ("b", 2)]


async def test_a_commit_that_fails_is_no_success(engine: Engine, now: datetime) -> None:
    def prepare(connection: Connection) -> None:
        connection.execute(
            text(
                "CREATE FUNCTION bomb() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'gone off at commit'; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER bomb AFTER INSERT ON job_run DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW WHEN (NEW.period = 'bomb') EXECUTE FUNCTION bomb()"
            )
        )

    await engine.write(prepare)
    heard = await asyncio.gather(
        *(engine.write(runs(name, now)) for name in ("a", "bomb", "b")), return_exceptions=True
    )
    assert (heard[0], heard[2]) == (True, True)
    assert isinstance(heard[1], asyncpg.PostgresError)
    assert "gone off at commit" in str(heard[1])
    assert await rows(engine, "job_run", "period") == [("a",), ("b",)]


async def test_connections_that_died_while_idle_cost_one_answer_at_most(
    engine: Engine, location: Location, now: datetime
) -> None:
    await asyncio.gather(*(engine.write(runs(str(n), now)) for n in range(10)))
    other = open_engine(location)
    await other.write(
        lambda c: c.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).all()
    )
    await other.close()
    heard: list[Any] = []
    for n in range(10, 20):
        heard += await asyncio.gather(engine.write(runs(str(n), now)), return_exceptions=True)
    assert {type(found) for found in heard} <= {bool, DatabaseAwayError}
    assert heard.count(True) >= 9
    assert await count(engine, "job_run") == 10 + heard.count(True)


async def test_a_server_that_is_not_there_is_away(database: str) -> None:
    engine = open_engine(Location.of("postgresql://postgres@127.0.0.1:1/none"))
    with pytest.raises(DatabaseAwayError):
        await engine.write(lambda connection: None)
    with pytest.raises(DatabaseAwayError):
        await engine.read(lambda connection: None)
    await engine.close()


async def test_closing_finishes_what_runs_and_refuses_what_comes_later(
    location: Location, now: datetime
) -> None:
    engine = open_engine(location)
    running = [asyncio.ensure_future(engine.write(runs(str(n), now))) for n in range(20)]
    await asyncio.sleep(0)
    await engine.close()
    with pytest.raises(DatabaseClosedError):
        await engine.write(runs("late", now))
    assert await asyncio.gather(*running) == [True] * 20
    await engine.close()
    again = open_engine(location)
    assert await count(again, "job_run") == 20
    await again.close()


async def test_it_is_told_apart_from_sqlite(engine: Engine) -> None:
    assert isinstance(engine, PostgresEngine)
    assert engine.dialect == "postgresql"
