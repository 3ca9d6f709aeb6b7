"""Jobs of the clock under kills on each database, and the proof that the campaign sees what it is there to see."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from domain.jobs import NAMES
from tests.crash.chores import CHORES, MAILINGS
from tests.crash.hamlet import PostgresVillages, SqliteVillages, Villages
from tests.crash.jobs import TARGET, Chores, drawn
from tests.crash.jobs_target import AFTER
from tests.crash.process import Nursery
from tests.crash.workday import settle
from tests.support.databases import SQLITE

pytestmark = pytest.mark.timeout(600)  # a busy machine makes a kill ten times as long

CHORE = {chore.name: chore for chore in CHORES}
KILLED = {SQLITE: "settlement", "postgres": "greetings"}
"""One that looks again and again, and one by the calendar, item by item; the campaign kills all, at every step."""
MOST, EVERY = 4, 100
BROKEN = (("period-first", "checkins", "rows are missing"), ("item-after", "greetings", "are too many"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    """One for both databases: what it imports is most of what it costs."""
    async with Nursery(tmp_path_factory.mktemp("nursery"), target=TARGET) as made:
        yield made


@pytest.fixture
def villages(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Villages:
    """Where jobs are killed, on either database."""
    settling = partial(settle, files=tmp_path)
    if database == SQLITE:
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), tmp_path / SqliteVillages.TEMPLATE)
        return SqliteVillages(tmp_path, settling=settling)
    return PostgresVillages(request.getfixturevalue("postgres"), settling=settling)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_job_that_is_killed_at_any_step_does_its_work_once_and_a_build_that_does_not_is_seen(
    database: str, villages: Villages, nursery: Nursery, tmp_path: Path
) -> None:
    await villages.prepare()
    honest = Chores(villages, nursery, folder=tmp_path, seed=1, most=MOST)
    result = await honest.chore(CHORE[KILLED[database]])
    assert result.kills == MOST < result.steps
    assert result.restarts > 0
    assert honest.tally.violations == []
    for build, name, seen in BROKEN if database == SQLITE else ():
        broken = Chores(villages, nursery, folder=tmp_path, seed=1, most=EVERY, broken=build)
        await broken.chore(CHORE[name], only=AFTER)
        *found, _log = broken.tally.violations
        assert any(seen in violation for violation in found), (build, found)
        assert all("killed at step" in violation for violation in found), "it is wrong without a kill"


def test_every_job_of_the_clock_is_killed() -> None:
    assert {chore.job for chore in CHORES} == {*NAMES, MAILINGS}
    assert len(CHORE) == len(CHORES)


def test_all_steps_are_drawn_or_as_many_as_there_may_be_with_the_last_among_them() -> None:
    steps = ["read", "write"] * 25
    assert drawn(steps[:5], most=5, seed=1, name="any") == [1, 2, 3, 4, 5]
    assert drawn(steps[:5], most=5, seed=1, name="any", only="write") == [2, 4]
    some = drawn(steps, most=5, seed=1, name="any")
    assert len(set(some)) == 5
    assert (some[-1], min(some) > 0) == (50, True)
    assert some == drawn(steps, most=5, seed=1, name="any") != drawn(steps, most=5, seed=2, name="any")
