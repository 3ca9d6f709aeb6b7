"""Audit and ledger take rows and nothing else, and a unit that tries costs only itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from storage import leases
from storage.engine import Engine
from storage.triggers import APPEND_ONLY
from storage.unit import Store
from tests.support.databases import on_postgres
from tests.support.dump import differences, dump
from tests.support.held import held_writer
from tests.support.scenes import busy

VERBS = {
    "sqlite": ("UPDATE {} SET id = id", "DELETE FROM {}", "DELETE FROM {} WHERE id = 1"),
    "postgresql": (
        "UPDATE {} SET id = id",
        "DELETE FROM {}",
        "DELETE FROM {} WHERE id = 1",
        "TRUNCATE {} CASCADE",
    ),
}


async def test_what_has_been_written_down_cannot_be_changed(
    store: Store, engine: Engine, now: datetime, subtests: pytest.Subtests
) -> None:
    await busy(store, now=now)
    assert await store.settle_points(now=now)
    before = await dump(engine)
    assert all(before[table] for table in APPEND_ONLY)

    def runs(name: str) -> Callable[[Connection], bool]:
        return lambda connection: leases.begin_run(connection, "job", name, now=now)

    def tries(statement: str) -> Callable[[Connection], None]:
        def unit(connection: Connection) -> None:
            runs("of the one that tries")(connection)
            connection.execute(text(statement))

        return unit

    for statement in (verb.format(table) for verb in VERBS[engine.dialect] for table in APPEND_ONLY):
        with subtests.test(statement):
            async with held_writer(engine):
                batch = asyncio.gather(
                    engine.write(runs(f"before {statement}")),
                    engine.write(tries(statement)),
                    engine.write(runs(f"after {statement}")),
                    return_exceptions=True,
                )
                await asyncio.sleep(0)
            first, tried, last = await batch
            assert (first, last) == (True, True)
            assert isinstance(tried, DBAPIError)
            assert "append-only" in str(tried)
            changed = differences(before, await dump(engine))
            assert set(changed) == {"job_run"}
            assert not any("of the one that tries" in row for row in changed["job_run"][1])


@on_postgres
async def test_the_ledger_cannot_be_emptied_by_way_of_what_it_points_to(
    store: Store, engine: Engine, now: datetime
) -> None:
    await busy(store, now=now)
    await store.settle_points(now=now)
    before = await dump(engine)
    with pytest.raises(DBAPIError, match="append-only"):
        await engine.write(lambda c: c.execute(text("TRUNCATE earning CASCADE")).rowcount)
    assert await dump(engine) == before
