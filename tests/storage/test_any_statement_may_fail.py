"""Whatever statement of whatever change fails, and however: nothing of it stays, everything beside it does."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from domain.rulebook import Rulebook
from storage import leases
from storage.actions import DECIDE
from storage.database import Location, open_engine
from storage.engine import DatabaseAwayError, Engine
from storage.sqlite import SqliteEngine
from storage.unit import Store
from tests.support.databases import SQLITE
from tests.support.dump import differences, dump
from tests.support.faults import EVERYWHERE, HERE_AND_THERE, Fault, FaultyEngine, Unwound, mined
from tests.support.held import held_writer
from tests.support.scenes import Scene, Step, actions, busy, other_steps, performing

HEARD: dict[Fault, tuple[type[Exception], ...]] = {
    Fault.STATEMENT: (DBAPIError, sqlite3.OperationalError, asyncpg.UndefinedTableError),
    Fault.CONSTRAINT: (IntegrityError, sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError),
    Fault.ENDED: (IntegrityError, sqlite3.IntegrityError),
    Fault.FULL: (DatabaseAwayError,),
    Fault.TERMINATED: (DatabaseAwayError,),
}
"""What the caller is told: the driver's own error where the statement was prepared."""

A_FEW = (1, 4, 9)
ON_BOTH = ("requests", "tasks", "people", "pairings", "alarms", "groups", "privacy", "imports")
"""On PostgreSQL each unit is a transaction of its own, whatever the noun: those that write most ways are enough."""
NOUNS = tuple(sorted({action.__module__.removeprefix("domain.") for action in DECIDE}))


@pytest.fixture
async def engine(location: Location) -> AsyncIterator[Engine]:
    opened: Engine = (
        open_engine(location) if location.path is None else SqliteEngine(location.path, connect=mined)
    )
    yield opened
    await opened.close()


@pytest.fixture
async def scene(store: Store, now: datetime) -> Scene:
    return await busy(store, now=now)


async def side_by_side(engine: Engine, middle: Awaitable[Any], *, key: str, now: datetime) -> Any:
    """Run ``middle`` between two other units, on SQLite in one batch. Returns its result or its exception."""

    def beside(name: str) -> Awaitable[bool]:
        return engine.write(lambda c: leases.begin_run(c, "beside", f"{key}-{name}", now=now))

    async with held_writer(engine) as waiting:
        first_task, step = asyncio.ensure_future(beside("first")), asyncio.ensure_future(middle)
        # A step that looks beside the writer first hands its unit over after that, or not at all when the look fails.
        while engine.dialect == "sqlite" and waiting() < 2 and not step.done():  # noqa: ASYNC110 - a thread's queue tells nobody
            await asyncio.sleep(0)
        batch = asyncio.gather(first_task, step, beside("last"), return_exceptions=True)
        await asyncio.sleep(0)
        assert engine.dialect != "sqlite" or waiting() == 3 - step.done()
    first, result, last = await batch
    assert (first, last) == (True, True)
    return result


async def fails_only_wholly(
    engine: Engine, steps: Mapping[str, Step], *, rules: Rulebook, now: datetime
) -> dict[str, int]:
    """Let each statement of each step fail. Returns how many statements each had."""
    statements = {}
    before = await dump(engine)
    for name, step in steps.items():
        for at in count(1):
            faults = EVERYWHERE[engine.dialect] + (HERE_AND_THERE[engine.dialect] if at in A_FEW else ())
            for fault in faults:
                case = f"{name}, statement {at}, {fault}"
                faulty = FaultyEngine(engine, fault=fault, at=at)
                result = await side_by_side(engine, step(Store(faulty, rules=rules)), key=case, now=now)
                assert isinstance(result, HEARD[fault] if faulty.struck else (Unwound,)), (case, result)
                after = await dump(engine)
                changed = differences(before, after)
                assert set(changed) == {"job_run"}, (case, changed)
                gone, come = changed["job_run"]
                assert (len(gone), len(come)) == (0, 2), (case, changed)
                before = after
            if not faulty.struck:
                statements[name] = at - 1
                break
    return statements


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("database", "noun"),
    [
        *((SQLITE, noun) for noun in NOUNS),
        *(pytest.param("postgres", noun, marks=pytest.mark.postgres) for noun in ON_BOTH),
    ],
    indirect=["database"],
)
async def test_an_action_that_fails_anywhere_leaves_nothing_and_harms_nobody(
    noun: str, scene: Scene, engine: Engine, rules: Rulebook, now: datetime
) -> None:
    table = actions(scene)
    assert {type(action) for action, _ in table.values()} == set(DECIDE)
    steps = {
        name: performing(scene, name, now=now)
        for name, (action, _) in table.items()
        if type(action).__module__ == f"domain.{noun}"
    }
    statements = await fails_only_wholly(engine, steps, rules=rules, now=now)
    assert min(statements.values()) >= 6, statements


@pytest.mark.timeout(400)
async def test_any_other_step_that_fails_anywhere_leaves_nothing_and_harms_nobody(
    scene: Scene, engine: Engine, rules: Rulebook, now: datetime
) -> None:
    statements = await fails_only_wholly(engine, other_steps(scene, now=now), rules=rules, now=now)
    assert min(statements.values()) >= 1, statements
