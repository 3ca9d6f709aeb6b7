"""What only one process may do: the lease, its fence, and periods that run once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage import leases
from storage.database import Location
from storage.engine import Engine
from storage.unit import Store
from tests.support.databases import on_postgres
from tests.support.dump import count, dump, rows

SPAN = timedelta(seconds=30)


async def acquire(
    store: Store, holder: str, *, now: datetime, dead: str = ""
) -> tuple[int, datetime | None] | None:
    return await store.acquire_lease(
        "bot", holder=holder, now=now, span=SPAN, is_dead=lambda other: other == dead
    )


async def test_the_first_holder_keeps_others_out_until_the_lease_runs_out(
    store: Store, now: datetime
) -> None:
    assert await acquire(store, "one", now=now) == (1, None)
    assert await acquire(store, "two", now=now + SPAN - timedelta(microseconds=1)) is None
    assert await acquire(store, "two", now=now + SPAN) == (2, now)


async def test_a_renewed_lease_is_held_from_then_on(store: Store, now: datetime) -> None:
    await acquire(store, "one", now=now)
    later = now + timedelta(seconds=20)
    assert await store.renew_lease("bot", fence=1, now=later, span=SPAN)
    assert await acquire(store, "two", now=now + SPAN) is None
    assert await acquire(store, "two", now=later + SPAN) == (2, later)


async def test_who_lost_the_lease_cannot_renew_it(store: Store, engine: Engine, now: datetime) -> None:
    await acquire(store, "one", now=now)
    await acquire(store, "two", now=now + SPAN)
    before = await dump(engine)
    assert not await store.renew_lease("bot", fence=1, now=now + SPAN, span=SPAN)
    assert await dump(engine) == before
    assert await store.renew_lease("bot", fence=2, now=now + SPAN, span=SPAN)


async def test_a_holder_known_to_be_dead_is_not_waited_for(store: Store, now: datetime) -> None:
    await acquire(store, "one", now=now)
    assert await acquire(store, "two", now=now, dead="somebody else") is None
    assert await acquire(store, "two", now=now, dead="one") == (2, now)


async def test_every_new_hold_has_a_higher_fence_even_the_same_holders(store: Store, now: datetime) -> None:
    fences = [await acquire(store, "one", now=now) for _ in range(3)]
    assert [found and found[0] for found in fences] == [1, 2, 3]
    assert not await store.renew_lease("bot", fence=2, now=now, span=SPAN)


async def test_leases_of_different_names_do_not_meet(store: Store, now: datetime) -> None:
    assert await acquire(store, "one", now=now) == (1, None)
    other = await store.acquire_lease(
        "backup", holder="two", now=now, span=SPAN, is_dead=lambda holder: False
    )
    assert other == (1, None)


async def test_of_many_that_start_at_once_one_holds_the_lease(store: Store, now: datetime) -> None:
    taken = await asyncio.gather(*(acquire(store, f"process {n}", now=now) for n in range(8)))
    assert [found for found in taken if found] == [(1, None)]


@on_postgres
async def test_of_two_that_come_first_in_the_same_instant_only_one_holds_the_lease(
    location: Location, now: datetime
) -> None:
    engine = create_async_engine(location.url.set(drivername="postgresql+asyncpg"))

    def take(holder: str) -> Callable[[Connection], tuple[int, datetime | None] | None]:
        return lambda c: leases.acquire(
            c, "bot", holder=holder, now=now, span=SPAN, is_dead=lambda other: False
        )

    async with engine.connect() as one, engine.connect() as two, engine.connect() as watcher:
        assert await one.run_sync(take("one")) == (1, None)
        second = asyncio.ensure_future(two.run_sync(take("two")))
        while not (await watcher.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))).scalar():
            await watcher.rollback()
        await one.commit()
        assert await second is None
        await two.commit()
    await engine.dispose()


async def test_a_period_runs_once_whoever_asks_and_together_with_its_work(
    engine: Engine, now: datetime
) -> None:
    def run(connection: Connection) -> bool:
        if not leases.begin_run(connection, "digest", "2026-03-02", now=now):
            return False
        connection.execute(text("INSERT INTO counter VALUES ('work', 1)"))
        return True

    ran = await asyncio.gather(*(engine.write(run) for _ in range(6)))
    assert sorted(ran) == [False] * 5 + [True]
    assert await count(engine, "counter", "name = 'work'") == 1


async def test_a_period_whose_work_failed_is_run_again(engine: Engine, now: datetime) -> None:
    def fails(connection: Connection) -> None:
        assert leases.begin_run(connection, "digest", "2026-03-02", now=now)
        raise ZeroDivisionError

    assert isinstance(
        (await asyncio.gather(engine.write(fails), return_exceptions=True))[0], ZeroDivisionError
    )
    assert await engine.write(
        lambda c: leases.begin_run(c, "digest", "2026-03-02", now=now, outcome="skipped")
    )
    assert await rows(engine, "job_run", "job", "period", "outcome") == [("digest", "2026-03-02", "skipped")]
