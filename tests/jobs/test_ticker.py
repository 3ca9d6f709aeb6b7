"""The ticker: what a job meets when it fails, when it is asked for, and when the program ends under it."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, time, timedelta
from typing import Any, cast

import pytest
from structlog.testing import CapturingLogger

from domain.base import Role
from domain.clock import Daily, Every
from domain.jobs import NOTED_EVERY, JobState, NoteFailure, RunJob
from jobs import ticker as module
from jobs.clock import MINUTE, Job
from jobs.ticker import CLOCK, Ticker
from storage.engine import DatabaseAwayError, DatabaseClosedError, Engine
from storage.unit import Store, Who
from tests.support.clock import Clock
from tests.support.databases import on_sqlite
from tests.support.dump import rows
from tests.support.village import appointed, do, village

pytestmark = on_sqlite

NEVER = timedelta(days=400)


class Work:
    """A job that does whatever the test wants of it."""

    def __init__(self, *ends: BaseException | int) -> None:
        self.ends = list(ends)
        self.at: list[datetime] = []

    async def __call__(self, store: Store, now: datetime) -> int:
        """The next end."""
        self.at.append(now)
        end = self.ends.pop(0) if self.ends else 0
        if isinstance(end, BaseException):
            raise end
        return end


async def ticking(store: Store, work: Any, clock: Clock, *, when: Any = None) -> tuple[Ticker, Job]:
    """A ticker that knows one job and does not tick by itself."""
    job = Job("settlement", when or Every(MINUTE), work)
    ticker = Ticker(store, now=clock.now, jobs=(job,))
    await ticker.know()
    return ticker, job


async def state(store: Store) -> JobState:
    (found,) = await store.jobs.all()
    return found


async def told(engine: Engine) -> list[Any]:
    return [row[0] for row in await rows(engine, "outbox", "kind", where="kind LIKE 'job.%'")]


async def end_of_the_program(ticker: Ticker) -> None:
    """The ticker stops; then whatever still runs is cancelled, as ``asyncio.run`` does at its end."""
    others = asyncio.all_tasks() - {cast(asyncio.Task[Any], asyncio.current_task())}
    ticker.stop()
    await asyncio.sleep(0)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def test_a_job_cut_short_by_the_end_of_the_program_is_no_error(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()

    async def forever(store: Store, now: datetime) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    ticker = Ticker(store, now=Clock().now, jobs=(Job("forever", Every(MINUTE), forever),))
    await ticker.start()
    await begun.wait()
    await end_of_the_program(ticker)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DatabaseClosedError("the database has been closed"), ("info", ("job cut short",))),
        (DatabaseAwayError("no disk"), ("warning", ("job waits for the database",))),
    ],
)
async def test_a_job_that_finds_no_database_ends_quietly_and_does_not_count_as_failing(
    store: Store, error: Exception, said: tuple[str, tuple[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(module, "log", log)
    work, clock = Work(error), Clock()
    ticker, job = await ticking(store, work, clock)
    await ticker.tick(job)
    assert [(call.method_name, call.args) for call in log.calls] == [said]
    await ticker.tick(job)
    assert len(work.at) == 2
    assert (await state(store)).failures == 0


async def test_a_failing_job_is_tried_again_after_a_while_that_grows_and_admins_hear_of_it_once(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    await appointed(store, 90, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    clock = Clock(now)
    work = Work(*(ValueError("a secret") for _ in range(4)), 7)
    ticker, job = await ticking(store, work, clock)
    for _ in range(20):
        await ticker.tick(job)
        clock.move(MINUTE)
    assert [at - now for at in work.at] == [minutes * MINUTE for minutes in (0, 1, 3, 7, 15, 16, 17, 18, 19)]
    assert await told(engine) == ["job.failing", "job.recovered"]
    found = await state(store)
    assert (found.failures, found.error, found.told, found.last_count) == (0, None, False, 7)
    trail = await rows(engine, "audit", "event", "data", where="event LIKE 'job.%'")
    assert [row[0] for row in trail] == ["job.failed"] * 4 + ["job.recovered"]
    assert "secret" not in repr(trail)


async def test_at_night_the_failure_waits_for_the_morning(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    await appointed(store, 90, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    await ticking(store, Work(), Clock(now))
    at_three = now.replace(hour=19)
    for hours in (0, 1, 2, 4):
        await do(store, NoteFailure("settlement", "ValueError"), CLOCK, now=at_three + timedelta(hours=hours))
        assert await told(engine) == []
    await do(store, NoteFailure("settlement", "ValueError"), CLOCK, now=at_three + timedelta(hours=5))
    assert await told(engine) == ["job.failing"]


async def test_a_restart_does_not_forget_that_a_job_is_to_wait(store: Store, now: datetime) -> None:
    work, clock = Work(ValueError(), ValueError(), ValueError()), Clock(now)
    ticker, job = await ticking(store, work, clock)
    for minutes in (1, 2):
        await ticker.tick(job)
        clock.move(minutes * MINUTE)
    clock.move(-MINUTE)
    again, job = await ticking(store, work, clock)
    await again.tick(job)
    assert len(work.at) == 2
    clock.move(MINUTE)
    await again.tick(job)
    assert (await state(store)).failures == 3


async def test_a_clock_that_is_put_back_does_not_make_a_failing_job_wait(store: Store, now: datetime) -> None:
    work, clock = Work(ValueError()), Clock(now)
    ticker, job = await ticking(store, work, clock)
    await ticker.tick(job)
    clock.move(-timedelta(hours=5))
    await ticker.tick(job)
    assert len(work.at) == 2


async def test_a_job_that_looks_all_the_time_does_not_write_all_the_time(store: Store, now: datetime) -> None:
    clock = Clock(now)
    ticker, job = await ticking(store, Work(), clock)
    noted = set()
    for _ in range(11):
        await ticker.tick(job)
        noted.add((await state(store)).last_at)
        clock.move(MINUTE)
    assert noted == {now, now + NOTED_EVERY, now + 2 * NOTED_EVERY}


async def test_a_period_that_fails_is_tried_again_and_then_over(
    store: Store, engine: Engine, now: datetime
) -> None:
    clock = Clock(now)
    work = Work(ValueError(), 5)
    ticker, job = await ticking(store, work, clock, when=Daily(time(10, 30)))
    for _ in range(40):
        await ticker.tick(job)
        clock.move(MINUTE)
    assert [at - now for at in work.at] == [30 * MINUTE, 31 * MINUTE]
    assert await rows(engine, "job_run", "job", "period", "outcome") == [("settlement", "2026-03-02", "done")]
    assert (await state(store)).last_count == 5


async def test_what_is_asked_for_runs_once_and_at_once(store: Store, engine: Engine, now: datetime) -> None:
    place = await village(store, now=now)
    admin = await appointed(store, 90, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    clock, work = Clock(now), Work(3)
    ticker, _ = await ticking(store, work, clock, when=Daily(time(3, 30)))
    number = (await state(store)).id
    await do(store, RunJob(number), admin.who, now=now)
    refused = await store.perform(RunJob(number), admin.who, now=now)
    assert refused.key == "job.asked_already"  # type: ignore[union-attr]
    await asyncio.gather(ticker.run_asked(), ticker.run_now("settlement"))
    assert work.at == [now]
    found = await state(store)
    assert (found.asked_at, found.last_at, found.last_count) == (None, now, 3)
    assert await rows(engine, "job_run", "period") == [], "its own time is still to come"
    trail = await rows(engine, "audit", "event", where="event LIKE 'job.%'")
    assert trail == [("job.asked",), ("job.ran",)]


async def test_who_is_no_admin_cannot_have_a_job_run(store: Store, now: datetime) -> None:
    place = await village(store, now=now)
    await ticking(store, Work(), Clock(now))
    for who in (place.secretary.who, place.leader.who, place.resident.who, Who(999, "陌生人", "zh")):
        refused = await store.perform(RunJob((await state(store)).id), who, now=now)
        assert refused.key == "refused.not_found"  # type: ignore[union-attr]
    assert (await state(store)).asked_at is None


async def test_a_job_that_is_no_more_is_not_shown_and_a_new_one_begins_with_what_comes(
    store: Store, now: datetime
) -> None:
    clock = Clock(now)
    await ticking(store, Work(), clock)
    other = Job("retention", Daily(time(3, 30)), Work(), too_late=NEVER)
    ticker = Ticker(store, now=clock.now, jobs=(other,))
    await ticker.know()
    found = await state(store)
    assert (found.name, found.reached) == ("retention", now)
    await ticker.tick(other)
    assert (await state(store)).last_at is None
