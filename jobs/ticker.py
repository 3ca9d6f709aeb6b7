"""Runs the jobs: APScheduler only ticks, and a restart, a late tick, a second tick or a second process changes nothing.

A job that fails is tried again after a while that grows, and its admins are told once (``domain/jobs.py``). What is kept
here in memory spares looking at the database each minute; all of it is found there again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from domain.base import Actor
from domain.clock import Every, back_off, next_period
from domain.jobs import NOTED_EVERY, JobState, NoteFailure, NoteRun
from jobs.clock import MINUTE, Job
from storage.engine import DatabaseAwayError, DatabaseClosedError
from storage.unit import Store

log = structlog.get_logger(__name__)

CLOCK = Actor.system("clock")


class _Executor(AsyncIOExecutor):  # type: ignore[misc] # APScheduler brings no types.
    """Leaves jobs alone at the end: the scheduler's own would cancel them, and log each as an error."""

    def shutdown(self, wait: bool = True) -> None:
        """The store that closes after this waits for what a job has handed to it and refuses the rest."""


@dataclass(slots=True)
class _Fares:
    """How a job fares in this process. ``failed_at``: a clock that was put back must not make it wait for long."""

    failures: int = 0
    failed_at: datetime | None = None
    retry_at: datetime | None = None
    next_at: datetime | None = None
    noted_at: datetime | None = None

    def waits(self, now: datetime) -> bool:
        """Whether it is too early to try again after a failure."""
        if self.retry_at is None or now >= self.retry_at:
            return False
        return self.failed_at is None or now >= self.failed_at


class Ticker:
    """Ticks the jobs of one process."""

    def __init__(self, store: Store, *, now: Callable[[], datetime], jobs: Iterable[Job]) -> None:
        self._store = store
        self._now = now
        self._jobs = {job.name: job for job in jobs}
        self._zone = ZoneInfo(store.rules.time_zone)
        self._fares = {name: _Fares() for name in self._jobs}
        self._locks = {name: asyncio.Lock() for name in self._jobs}
        self._looked: dict[str, tuple[datetime, int]] = {}
        self._scheduler = AsyncIOScheduler(timezone="UTC", executors={"default": _Executor()})

    async def start(self) -> None:
        """Begin to tick. A tick that comes late still counts, and several missed ones count once."""
        await self.know()
        for job in self._jobs.values():
            every = job.when.span if isinstance(job.when, Every) else MINUTE
            self._tick_every(every.total_seconds(), self.tick, job, name=job.name)
        # Whoever asks wakes it; looking is the net under that, and for another process's asking.
        self._tick_every(MINUTE.total_seconds(), self.run_asked, name="asked")
        self._scheduler.start()

    def _tick_every(self, seconds: float, work: Callable[..., object], *args: object, name: str) -> None:
        self._scheduler.add_job(
            work,
            "interval",
            args=args,
            seconds=seconds,
            id=name,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
            # The scheduler's own clock is the machine's, whatever ``now`` tells.
            next_run_time=datetime.now(UTC),
        )

    def stop(self) -> None:
        """No further ticks."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def wake(self) -> None:
        """Somebody has asked for a job."""
        if self._scheduler.running:
            self._scheduler.add_job(self.run_asked, misfire_grace_time=None)

    async def know(self) -> None:
        """Put the jobs on record, and take over how they fared before."""
        await self._store.jobs.know([job.plan for job in self._jobs.values()], now=self._now())
        for state in await self._store.jobs.all():
            fares = self._fares[state.name]
            fares.failures, fares.retry_at = state.failures, state.retry_at

    # --- one job ----------------------------------------------------------------------------------------------------

    async def tick(self, job: Job) -> None:
        """Look now whether it has something to do."""
        async with self._locks[job.name]:
            now = self._now()
            if not self._fares[job.name].waits(now):
                await self._try(job, now, asked=False)

    async def run_asked(self) -> None:
        """Run whatever somebody wants run now."""
        try:
            for name in await self._store.jobs.asked():
                if name in self._jobs:
                    await self.run_now(name)
        except (asyncio.CancelledError, DatabaseClosedError):
            log.info("asked jobs cut short")
        except DatabaseAwayError as error:
            log.warning("asked jobs wait for the database", reason=str(error))

    async def run_now(self, name: str) -> JobState | None:
        """Run one that was asked for, if nobody has meanwhile. Returns how it fares then."""
        async with self._locks[name]:
            if name in await self._store.jobs.asked():
                await self._try(self._jobs[name], self._now(), asked=True)
        return next((state for state in await self._store.jobs.all() if state.name == name), None)

    async def _try(self, job: Job, now: datetime, *, asked: bool) -> None:
        fares = self._fares[job.name]
        try:
            try:
                count = await self._run(job, now, asked=asked)
            except (asyncio.CancelledError, DatabaseClosedError, DatabaseAwayError):
                raise
            except Exception as error:
                log.exception("job failed", job=job.name)
                fares.failures += 1
                fares.failed_at, fares.retry_at = now, now + back_off(fares.failures)
                await self._store.perform(NoteFailure(job.name, type(error).__name__), CLOCK, now=now)
            else:
                await self._note(job, now, count, asked=asked)
        except (asyncio.CancelledError, DatabaseClosedError):
            # The program ends; the next start goes on from there. Raised any further, the scheduler would call it an
            # error.
            log.info("job cut short", job=job.name)
        except DatabaseAwayError as error:
            log.warning("job waits for the database", job=job.name, reason=str(error))

    async def _run(self, job: Job, now: datetime, *, asked: bool) -> int:
        if isinstance(job.when, Every):
            return await job.work(self._store, now)
        fares = self._fares[job.name]
        total = await job.work(self._store, now) if asked else 0
        if fares.next_at is not None and now < fares.next_at:
            return total
        fares.next_at = None
        while (opened := await self._store.jobs.open(job.plan, now=now)).run is not None:
            count = await job.work(self._store, now, opened.run)
            await self._store.jobs.close(opened.run, now=now, count=count)
            total += count
        fares.next_at = next_period(job.when, after=opened.reached, zone=self._zone).due
        return total

    async def _note(self, job: Job, now: datetime, count: int, *, asked: bool) -> None:
        """Write down that it went well: at once where somebody waits for it, else now and then."""
        if count:
            log.info("job done", job=job.name, count=count)
        fares = self._fares[job.name]
        if asked or fares.failures:
            await self._store.perform(NoteRun(job.name, count), CLOCK, now=now)
            fares.failures, fares.failed_at, fares.retry_at, fares.noted_at = 0, None, None, now
        elif isinstance(job.when, Every):
            self._looked[job.name] = (now, count)
            if fares.noted_at is None or not fares.noted_at <= now < fares.noted_at + NOTED_EVERY:
                # All of them at once: a commit for each would be most of what an idle bot writes.
                looked, self._looked = self._looked, {}
                await self._store.jobs.looked(looked)
                for name in looked:
                    self._fares[name].noted_at = now
