"""The audit trail is sealed batch by batch, a change past the program shows, and retention drops whole batches only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from domain.seals import BEGINNING, LAG, ROWS
from jobs.clock import JOBS, seal
from storage.engine import Engine
from storage.schema import audit
from storage.unit import Store
from tests.support.dump import count, rows, say

UNGUARDED = {
    "sqlite": ("DROP TRIGGER audit_refuses_update", "DROP TRIGGER audit_refuses_delete"),
    "postgresql": ("ALTER TABLE audit DISABLE TRIGGER USER",),
}


async def written(engine: Engine, *numbers: int, at: datetime) -> None:
    """Rows of the trail with these numbers."""
    found: list[dict[str, Any]] = [
        {
            "id": number,
            "at": at,
            "event": "request.raised",
            "subject_kind": "request",
            "subject_id": number,
            "data": {"b": number, "a": None},
        }
        for number in numbers
    ]

    def unit(connection: Connection) -> None:
        connection.execute(audit.insert(), found)

    await engine.write(unit)


@pytest.fixture
async def sealed(store: Store, engine: Engine, now: datetime) -> Store:
    """Ten rows in two seals."""
    await written(engine, *range(1, 6), at=now - timedelta(hours=2))
    assert await store.seal_trail(now=now - timedelta(hours=1)) == 5
    await written(engine, *range(7, 12), at=now - timedelta(minutes=5))
    assert await store.seal_trail(now=now) == 5
    return store


async def past_the_program(engine: Engine, *statements: str) -> None:
    """What somebody does to the trail who can write the database."""
    for statement in (*UNGUARDED[engine.dialect], *statements):
        await say(engine, statement)


async def test_rows_are_sealed_when_they_are_a_minute_old_and_each_once(
    store: Store, engine: Engine, now: datetime
) -> None:
    await written(engine, 1, 2, at=now - LAG)
    await written(engine, 3, at=now - LAG + timedelta(seconds=1))
    assert await store.seal_trail(now=now) == 2
    assert await store.seal_trail(now=now) == 0
    assert await store.seal_trail(now=now + timedelta(seconds=2)) == 1
    found = await rows(engine, "audit_seal", "first_id", "last_id", "rows", "previous", "digest")
    assert [row[:3] for row in found] == [(1, 2, 2), (3, 3, 1)]
    assert found[0][3] == BEGINNING
    assert found[1][3] == found[0][4]
    assert await store.trail_differences() == []


async def test_no_row_is_passed_over_because_an_earlier_one_is_younger(
    store: Store, engine: Engine, now: datetime
) -> None:
    await written(engine, 1, at=now)
    await written(engine, 2, at=now - timedelta(days=1))
    assert await store.seal_trail(now=now) == 0


async def test_the_job_seals_all_there_is_in_batches(store: Store, engine: Engine, now: datetime) -> None:
    await written(engine, *range(1, ROWS + 4), at=now - timedelta(hours=1))
    assert next(job for job in JOBS if job.name == "seal").run is seal
    assert await seal(store, now) == ROWS + 3
    assert [row[1] for row in await rows(engine, "audit_seal", "id", "rows")] == [ROWS, 3]
    assert await store.trail_differences() == []


CHANGES = (
    ("UPDATE audit SET actor_id = 9 WHERE id = 8", "UPDATE audit SET actor_id = NULL WHERE id = 8"),
    ("UPDATE audit SET at = at + 1 WHERE id = 8", "UPDATE audit SET at = at - 1 WHERE id = 8"),
    (
        "UPDATE audit SET event = 'request.done' WHERE id = 8",
        "UPDATE audit SET event = 'request.raised' WHERE id = 8",
    ),
    (
        "UPDATE audit SET data = '{}' WHERE id = 8",
        """UPDATE audit SET data = '{"a": null, "b": 8}' WHERE id = 8""",
    ),
    ("UPDATE audit SET id = 6 WHERE id = 8", "UPDATE audit SET id = 8 WHERE id = 6"),
)
"""What somebody may do to one row of the second seal, and how it is as it was."""


async def test_a_change_past_the_program_is_told_until_it_is_undone(sealed: Store, engine: Engine) -> None:
    await past_the_program(engine)
    for change, back in CHANGES:
        await say(engine, change)
        [told] = await sealed.trail_differences()
        assert told == "seal 2 (rows 7 to 11): a row was changed, or replaced by another", change
        await say(engine, back)
        assert await sealed.trail_differences() == [], back


async def test_rows_that_are_missing_or_added_are_counted(
    sealed: Store, engine: Engine, now: datetime
) -> None:
    await written(engine, 12, at=now)
    await past_the_program(engine, "DELETE FROM audit WHERE id IN (1, 5)")
    assert await sealed.trail_differences() == ["seal 1 (rows 1 to 5): missing rows: 2"]
    await say(engine, "UPDATE audit SET id = 6 WHERE id = 12")
    assert (await sealed.trail_differences())[1] == "seal 2 (rows 7 to 11): added rows: 1"
    await say(engine, "UPDATE audit SET id = 5 WHERE id = 6")
    await written(engine, 1, at=now)
    assert await sealed.trail_differences() == [
        "seal 1 (rows 1 to 5): a row was changed, or replaced by another"
    ]


async def test_a_row_that_was_committed_late_shows_as_added(
    sealed: Store, engine: Engine, now: datetime
) -> None:
    await written(engine, 6, at=now - timedelta(hours=2))
    assert await sealed.trail_differences() == ["seal 2 (rows 7 to 11): added rows: 1"]


async def test_a_seal_made_anew_breaks_the_chain(sealed: Store, engine: Engine) -> None:
    off = (
        "DROP TRIGGER audit_seal_refuses_update"
        if engine.dialect == "sqlite"
        else "ALTER TABLE audit_seal DISABLE TRIGGER USER"
    )
    await say(engine, off)
    await say(engine, "UPDATE audit_seal SET digest = 'of another trail' WHERE id = 1")
    told = await sealed.trail_differences()
    assert told[0].startswith("seal 1")
    assert told[1] == "seal 2 (rows 7 to 11): the chain is broken, it does not follow on the seal before it"


async def test_more_seals_than_one_look_takes_are_all_looked_at(
    store: Store, engine: Engine, now: datetime
) -> None:
    for number in range(1, 43):
        await written(engine, number, at=now)
        await store.seal_trail(now=now + LAG)
    assert await store.trail_differences() == []
    await past_the_program(engine, "DELETE FROM audit WHERE id IN (20, 21, 40)")
    assert [line.partition(" (")[0] for line in await store.trail_differences()] == [
        "seal 20",
        "seal 21",
        "seal 40",
    ]


# --- retention ------------------------------------------------------------------------------------------------------------


async def test_retention_drops_one_batch_at_a_time_and_the_chain_stays(
    sealed: Store, engine: Engine, now: datetime
) -> None:
    before = now - timedelta(minutes=30)
    assert await sealed.drop_sealed(before=before, now=now) == 5
    assert await sealed.drop_sealed(before=before, now=now) == 0
    assert [row[0] for row in await rows(engine, "audit", "id")] == [7, 8, 9, 10, 11]
    assert await sealed.trail_differences() == []
    assert await sealed.drop_sealed(before=now + timedelta(days=1), now=now) == 5
    assert await count(engine, "audit") == 0
    await written(engine, 12, at=now)
    assert await sealed.seal_trail(now=now + LAG) == 1
    assert await sealed.trail_differences() == []


async def test_what_is_not_sealed_is_never_dropped(store: Store, engine: Engine, now: datetime) -> None:
    await written(engine, 1, at=now - timedelta(days=9))
    assert await store.drop_sealed(before=now, now=now) == 0
    assert await count(engine, "audit") == 1


async def test_a_row_put_back_into_a_dropped_batch_is_told(
    sealed: Store, engine: Engine, now: datetime
) -> None:
    await sealed.drop_sealed(before=now, now=now)
    await written(engine, 2, at=now - timedelta(hours=2))
    assert await sealed.trail_differences() == ["seal 1 (rows 1 to 5): added rows: 1"]


async def test_what_retention_has_not_dropped_stays_and_a_seal_is_dropped_once(
    sealed: Store, engine: Engine, now: datetime
) -> None:
    await sealed.drop_sealed(before=now - timedelta(minutes=30), now=now)
    await written(engine, 2, 12, at=now)
    for statement in (
        "DELETE FROM audit WHERE id = 7",
        "DELETE FROM audit WHERE id = 12",
        "DELETE FROM audit",
        "UPDATE audit_seal SET dropped_at = NULL WHERE id = 1",
        "UPDATE audit_seal SET dropped_at = 7 WHERE id = 1",
        "UPDATE audit_seal SET dropped_at = 7, digest = 'x' WHERE id = 2",
        "UPDATE audit_seal SET dropped_at = 7, last_id = 99 WHERE id = 2",
        "UPDATE audit_seal SET rows = 1 WHERE id = 2",
        "DELETE FROM audit_seal WHERE id = 1",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            await say(engine, statement)


async def test_the_trail_can_be_neither_unsealed_nor_migrated_back_with_its_guards_lost(
    engine: Engine,
) -> None:
    """The table of seals goes with the way back; the trail refuses every DELETE again before."""
    from storage import triggers

    back = (
        triggers.sqlite_unsealed_triggers()
        if engine.dialect == "sqlite"
        else triggers.postgresql_unsealed_triggers()
    )
    for statement in (*back, "DROP TABLE audit_seal"):
        await say(engine, statement)
    await written(engine, 1, at=datetime.fromisoformat("2026-03-02T00:00:00+00:00"))
    with pytest.raises(DBAPIError, match="append-only"):
        await say(engine, "DELETE FROM audit")
