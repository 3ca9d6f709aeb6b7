"""What the clock asks: a table of jobs, and a ticker that only ticks. What is due is found in tables, so a restart,
a late tick or a second tick at once changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from domain.base import Actor
from domain.pairings import OpenVisit
from domain.seals import ROWS
from jobs import appointments, checkins, digests, retention
from storage.engine import DatabaseAwayError, DatabaseClosedError
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)


async def settle(store: Store, now: datetime) -> int:
    """Post earnings into the ledger until none waits. Returns how many."""
    total = 0
    while count := await store.settle_points(now=now):
        total += count
    return total


async def open_visits(store: Store, now: datetime) -> int:
    """Each pairing whose visit has come due gets it as a task of its member's. Returns how many."""
    actor = Actor.system("visits")
    opened: set[int] = set()
    while due := set(await store.due_pairings(now=now)) - opened:
        for pairing_id in sorted(due):
            outcome = await store.perform(OpenVisit(pairing_id), actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("visit not opened", pairing=pairing_id, reason=outcome.key)
        opened |= due
    return len(opened)


async def seal(store: Store, now: datetime) -> int:
    """Bind what has been written down to all before it, batch by batch. Returns how many rows."""
    total = 0
    while count := await store.seal_trail(now=now):
        total += count
        if count < ROWS:
            break
    return total


async def blocked(store: Store, now: datetime) -> int:
    """Take over what another process has changed in the block list. Nothing of it is worth telling."""
    await store.load_blocked()
    return 0


async def sweep_imports(store: Store, now: datetime) -> int:
    """An import that nobody works on any more is dropped or finished; one that waits for a yes too long is let go."""
    if await store.imports.waiting() is None:
        return 0
    fence = await store.imports.take_lease(
        holder="clock", now=now, span=timedelta(minutes=1), is_dead=lambda holder: False
    )
    if fence is None:
        return 0
    try:
        return await store.imports.sweep(now=now)
    finally:
        await store.imports.keep_lease(fence, now=now, span=timedelta())


async def optimize(store: Store, now: datetime) -> int:
    """The database looks at its own statistics, once a day. Nothing of it is worth telling."""
    await store.optimize(now=now)
    return 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the clock: its name, how often the ticker looks, and what it does."""

    name: str
    every: timedelta
    run: Callable[[Store, datetime], Awaitable[int]]


JOBS: tuple[Job, ...] = (
    Job("settlement", timedelta(minutes=1), settle),
    Job("visits", timedelta(minutes=1), open_visits),
    Job("checkins", timedelta(minutes=10), checkins.run),
    Job("appointments", timedelta(minutes=1), appointments.turn),
    Job("appointment_reminders", timedelta(hours=1), appointments.remind),
    Job("digests", timedelta(minutes=1), digests.send),
    Job("imports", timedelta(minutes=1), sweep_imports),
    Job("seal", timedelta(minutes=5), seal),
    Job("blocked", timedelta(minutes=1), blocked),
    Job("retention", timedelta(hours=1), retention.forget),
    Job("erasures", timedelta(minutes=1), retention.erase),
    Job("optimize", timedelta(hours=1), optimize),
)


class _Executor(AsyncIOExecutor):  # type: ignore[misc] # APScheduler brings no types.
    """Leaves jobs alone at the end: the scheduler's own would cancel them, and log each as an error."""

    def shutdown(self, wait: bool = True) -> None:
        """The store that closes after this waits for what a job has handed to it and refuses the rest."""


class Ticker:
    """Ticks the jobs. A failing job is logged and looked at again with the next tick."""

    def __init__(self, store: Store, *, now: Callable[[], datetime], jobs: tuple[Job, ...] = JOBS) -> None:
        self._store = store
        self._now = now
        self._jobs = jobs
        self._scheduler = AsyncIOScheduler(timezone="UTC", executors={"default": _Executor()})

    def start(self) -> None:
        """Begin to tick. A tick that comes late still counts, and several missed ones count once."""
        for job in self._jobs:
            self._scheduler.add_job(
                self.tick,
                "interval",
                args=(job,),
                seconds=job.every.total_seconds(),
                id=job.name,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
                # The scheduler's own clock is the machine's, whatever ``now`` tells.
                next_run_time=datetime.now(UTC),
            )
        self._scheduler.start()

    def stop(self) -> None:
        """No further ticks."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def tick(self, job: Job) -> None:
        """Run one job now."""
        try:
            count = await job.run(self._store, self._now())
        except (asyncio.CancelledError, DatabaseClosedError):
            # The program ends; the next start goes on from there. Raised any further, the scheduler would call it an
            # error.
            log.info("job cut short", job=job.name)
        except DatabaseAwayError as error:
            log.warning("job waits for the database", job=job.name, reason=str(error))
        except Exception:
            log.exception("job failed", job=job.name)
        else:
            if count:
                log.info("job done", job=job.name, count=count)
