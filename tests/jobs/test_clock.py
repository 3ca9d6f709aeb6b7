"""The ticker: what a job meets when it fails or when the program ends under it."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from structlog.testing import CapturingLogger

from jobs import clock
from jobs.clock import Job, Ticker
from storage.engine import DatabaseClosedError
from storage.unit import Store

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NO_STORE = cast(Store, None)


async def end_of_the_program(ticker: Ticker) -> None:
    """The ticker stops; then whatever still runs is cancelled, as ``asyncio.run`` does at its end."""
    others = asyncio.all_tasks() - {cast(asyncio.Task[Any], asyncio.current_task())}
    ticker.stop()
    await asyncio.sleep(0)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.mark.parametrize("begins", [True, False])
async def test_a_job_cut_short_by_the_end_of_the_program_is_no_error(
    begins: bool, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()

    async def forever(store: Store, now: datetime) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    ticker = Ticker(NO_STORE, now=lambda: NOW, jobs=(Job("forever", timedelta(minutes=1), forever),))
    ticker.start()
    if begins:
        await begun.wait()
    await end_of_the_program(ticker)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_job_that_finds_the_store_closed_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(clock, "log", log)

    async def late(store: Store, now: datetime) -> int:
        raise DatabaseClosedError("the database has been closed")

    job = Job("late", timedelta(minutes=1), late)
    await Ticker(NO_STORE, now=lambda: NOW, jobs=(job,)).tick(job)
    assert [(call.method_name, call.args) for call in log.calls] == [("info", ("job cut short",))]


async def test_a_job_that_fails_is_looked_at_again_with_the_next_tick() -> None:
    seen: list[datetime] = []

    async def failing(store: Store, now: datetime) -> int:
        seen.append(now)
        raise ValueError("a bug")

    job = Job("failing", timedelta(minutes=1), failing)
    ticker = Ticker(NO_STORE, now=lambda: NOW, jobs=(job,))
    for _ in range(2):
        await ticker.tick(job)
    assert seen == [NOW, NOW]
