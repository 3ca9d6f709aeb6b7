"""A caller that is cancelled leaves its unit wholly done or never begun, and no lock behind."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
from contextlib import suppress
from datetime import datetime

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from domain.alarms import RaiseAlarm
from domain.people import ChooseLanguage
from domain.rulebook import Rulebook
from storage import leases
from storage.database import Location, open_engine
from storage.engine import Engine
from storage.inbox import Arrived
from storage.sqlite import SqliteEngine
from storage.unit import Done, Store
from tests.support.databases import on_postgres, on_sqlite
from tests.support.dump import count, dump, rows
from tests.support.held import held_writer
from tests.support.village import village

CANCELS = 200
AT_ONCE = 20


@on_sqlite
async def test_a_caller_cancelled_before_its_turn_leaves_nothing(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    before = await dump(engine)
    async with held_writer(engine):
        task = asyncio.ensure_future(store.perform(RaiseAlarm("着火了"), place.resident.who, now=now))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert isinstance(await store.perform(ChooseLanguage("zh"), place.neighbour.who, now=now), Done)
    assert await count(engine, "alarm") == 0
    assert (await dump(engine))["request"] == before["request"]


@on_sqlite
async def test_a_caller_cancelled_under_way_leaves_its_unit_wholly_done(
    engine: Engine, now: datetime
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def unit(connection: Connection) -> None:
        leases.begin_run(connection, "half", "1", now=now)
        begun.set()
        go_on.wait(5)
        leases.begin_run(connection, "half", "2", now=now)

    task = asyncio.ensure_future(engine.write(unit))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await engine.write(lambda c: leases.begin_run(c, "next", "1", now=now))
    assert await count(engine, "job_run") == 3


@on_postgres
async def test_a_caller_cancelled_while_its_unit_waits_for_a_row_leaves_it_wholly_done(
    store: Store, engine: Engine, location: Location, now: datetime
) -> None:
    place = await village(store, now=now)
    other = open_engine(location)
    locked, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def wait() -> None:
        await asyncio.to_thread(go_on.wait, 5)

    def hold(connection: Connection) -> None:
        connection.execute(text("SELECT 1 FROM person WHERE id = :id FOR UPDATE"), {"id": place.resident.id})
        loop.call_soon(locked.set)
        await_only(wait())

    holding = asyncio.ensure_future(other.write(hold))
    await locked.wait()
    task = asyncio.ensure_future(store.perform(ChooseLanguage("en"), place.resident.who, now=now))
    while not await count(engine, "pg_locks", "NOT granted"):
        pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await holding
    await engine.close()
    assert await rows(other, "person", "language", where=f"id = {place.resident.id}") == [("en",)]
    assert await count(other, "pg_stat_activity", "state LIKE 'idle in transaction%'") == 0
    await other.close()


@pytest.mark.parametrize("seed", range(2))
async def test_two_hundred_callers_cancelled_at_random_leave_only_whole_units(
    store: Store, engine: Engine, location: Location, rules: Rulebook, now: datetime, seed: int
) -> None:
    place = await village(store, now=now)
    chance = random.Random(seed)
    updates = list(range(1, CANCELS + 1))
    await store.receive([Arrived(number, place.resident.chat, "{}") for number in updates], now=now)
    done: set[int] = set()

    async def alarm(number: int) -> None:
        outcome = await store.perform(RaiseAlarm("着火了"), place.resident.who, now=now, update_id=number)
        assert isinstance(outcome, Done)
        done.add(number)

    async def cancelled(number: int) -> None:
        task = asyncio.ensure_future(alarm(number))
        for _ in range(chance.choice((0, 1, 2, 5, 20, 60, 200))):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    for start in range(0, CANCELS, AT_ONCE):
        await asyncio.gather(*(cancelled(number) for number in updates[start : start + AT_ONCE]))

    # No lock is left behind: the next write works at once, from here and from outside.
    await asyncio.wait_for(engine.write(lambda c: leases.begin_run(c, "next", "1", now=now)), 5)
    await engine.close()
    if isinstance(engine, SqliteEngine):
        outside = sqlite3.connect(engine.path, isolation_level=None, timeout=0)
        outside.execute("BEGIN IMMEDIATE")
        outside.execute("ROLLBACK")
        outside.close()
    again = open_engine(location)
    marked = {row[0] for row in await rows(again, "inbox", "update_id", where="state = 'done'")}
    audited = [row[0] for row in await rows(again, "audit", "update_id", where="event = 'alarm.raised'")]
    assert done <= marked
    assert sorted(audited) == sorted(marked)
    assert await count(again, "alarm") == len(marked)
    assert await count(again, "remark") == len(marked)
    assert await count(again, "outbox", "kind = 'alarm.card'") == 2 * len(marked)
    assert len(marked) < CANCELS
    if again.dialect == "postgresql":
        assert await count(again, "pg_stat_activity", "state LIKE 'idle in transaction%'") == 0
    await again.close()
