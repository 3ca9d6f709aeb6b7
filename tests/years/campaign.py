"""Years of the clock in a few minutes: jobs of every cadence in a zone, with everything that may go wrong with time.

Two processes tick at once on one database. They are down for hours or days, are killed in the middle of a period, and
their clock is put forward and back. Each item that a job does is a row of the audit trail, written by a real action; at
the end every period there was must be on record once, and its items must be there once or, where it was skipped, not
at all.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, select

from domain.base import Action, Actor, Decision, Event, Subject
from domain.clock import ByCalendar, Daily, Missed, Monthly, Weekly, Yearly, periods
from domain.jobs import Run
from domain.permissions import Permission
from domain.rulebook import Rulebook
from jobs.clock import Job
from jobs.items import Items
from jobs.ticker import Ticker
from storage import actions
from storage.database import Location, open_engine
from storage.schema import audit, job_run
from storage.unit import Hooks, Store

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
)
BEGINS = datetime(2014, 9, 20, 1, 23, tzinfo=UTC)
"""Long enough ago for zones that have given up moving their clocks since, and shortly before all of them do."""
HOUR = timedelta(hours=1)
PROCESSES = 2
ITEMS = 2


@dataclass(frozen=True, slots=True)
class Touch(Action):
    """Do an item, visibly."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    item: int


@dataclass(frozen=True, slots=True)
class _Case:
    subject: Subject = field(default_factory=Subject)


def _load(connection: Connection, action: Touch, actor: Actor, rules: Rulebook) -> _Case:
    return _Case()


def _touch(case: _Case, action: Touch, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    return Decision(events=(Event("item.touched", "item", action.item),))


@contextmanager
def touching() -> Any:
    """While this lasts the store knows how to do an item."""
    decide: Any = actions.DECIDE
    load: Any = actions.LOAD
    decide[Touch], load[Touch] = _touch, _load
    try:
        yield
    finally:
        del decide[Touch], load[Touch]


def items_of(job: str, period: str) -> range:
    """The numbers of a period's items: those of no two periods are alike."""
    if "W" in period:
        year, week = period.split("-W")
        number = date.fromisocalendar(int(year), int(week), 1).toordinal()
    else:
        number = date.fromisoformat(
            {4: f"{period}-01-01", 7: f"{period}-01"}.get(len(period), period)
        ).toordinal()
    return range(number * 10 + 1, number * 10 + 1 + ITEMS)


async def _find(store: Store, run: Run, after: int) -> Sequence[int]:
    return [item for item in items_of(run.job, run.period) if item > after]


WORK = Items(_find, Touch)
JOBS = (
    Job("morning", Daily(time(8, 30)), WORK, too_late=12 * HOUR),
    Job("night", Daily(time(2, 30)), WORK, too_late=100 * HOUR, missed=Missed.EACH),
    Job("midnight", Daily(time(0)), WORK, too_late=6 * HOUR),
    Job("week", Weekly(7, time(1, 45)), WORK, too_late=48 * HOUR),
    Job("month", Monthly(31, time(23, 59)), WORK, too_late=100 * HOUR, missed=Missed.EACH),
    Job("year", Yearly(2, 29, time(0)), WORK, too_late=100 * HOUR),
)


@dataclass(slots=True)
class Report:
    """``found`` is everything that went wrong; empty when each period was run once or skipped."""

    zone: str
    found: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        outcomes = ", ".join(f"{name} {count}" for name, count in sorted(self.outcomes.items()))
        events = ", ".join(f"{name} {count}" for name, count in sorted(self.events.items()))
        lines = [f"{self.zone}: {outcomes} ({events})", *(f"FOUND {problem}" for problem in self.found[:20])]
        return "\n".join(lines)


class Years:
    """One zone on one database. ``now`` is what its processes' clock tells."""

    def __init__(self, location: Location, *, zone: str, seed: int) -> None:
        self.zone = ZoneInfo(zone)
        self.report = Report(zone)
        self._random = Random(f"{seed} {zone}")
        self._true = BEGINS
        self._off = timedelta()
        rules = Rulebook(time_zone=zone)
        # One writes a SQLite file, so that there both are one process with two of everything above it.
        engines = [open_engine(location) for _ in range(1 if location.path is not None else PROCESSES)]
        self._engines = engines
        self._stores = [
            Store(engines[number % len(engines)], rules=rules, hooks=Hooks(reached=self._reached))
            for number in range(PROCESSES)
        ]
        self._tickers: list[Ticker] = []
        self._fuse = 0
        self._ticking: asyncio.Future[None] | None = None

    def now(self) -> datetime:
        """The present instant, as far as anybody knows."""
        return self._true + self._off

    async def pass_by(self, *, days: int) -> Report:
        """Let so many days go by, then judge."""
        try:
            await self._start()
            while self._true < BEGINS + timedelta(days=days):
                await self._something()
            self._off = timedelta()
            await self._start()
            await self._tick()
            await self._judge()
        finally:
            for engine in self._engines:
                await engine.close()
        return self.report

    async def _start(self) -> None:
        self._tickers = [Ticker(store, now=self.now, jobs=JOBS) for store in self._stores]
        for ticker in self._tickers:
            await ticker.know()

    async def _something(self) -> None:
        happens = self._random.choices(
            ("goes on", "down", "put forward", "put back", "killed"), (70, 10, 5, 5, 10)
        )[0]
        self.report.events[happens] += 1
        match happens:
            case "goes on":
                self._true += self._random.random() * 12 * HOUR
            case "down":
                self._true += self._random.random() * 72 * HOUR
                await self._start()
            case "put forward":
                self._off = self._random.choice((HOUR, timedelta()))
            case "put back":
                self._off = self._random.choice((-HOUR, timedelta()))
            case "killed":
                self._true += self._random.random() * 12 * HOUR
                self._fuse = self._random.randint(1, 2 * ITEMS)
                self._ticking = asyncio.ensure_future(self._tick())
                await asyncio.gather(self._ticking, return_exceptions=True)
                self.report.events["cut short"] += self._fuse == 0
                self._fuse = 0
                await self._start()
                return
        await self._tick()

    def _reached(self, point: str) -> None:
        """End both processes when so many items more have been done."""
        if point == "perform.committed" and self._fuse:
            self._fuse -= 1
            if not self._fuse and self._ticking is not None:
                self._ticking.cancel()

    async def _tick(self) -> None:
        await asyncio.gather(*(ticker.tick(job) for job in JOBS for ticker in self._tickers))

    async def _judge(self) -> None:
        def rows(connection: Connection) -> tuple[Sequence[Any], Sequence[Any]]:
            runs = connection.execute(select(job_run.c.job, job_run.c.period, job_run.c.outcome)).all()
            done = connection.execute(
                select(audit.c.job, audit.c.subject_id).where(audit.c.event == "item.touched")
            ).all()
            return runs, done

        runs, done = await self._engines[0].read(rows)
        outcomes = {(row[0], row[1]): row[2] for row in runs}
        times = Counter((row[0], row[1]) for row in done)
        reached = {state.name: state.reached for state in await self._stores[0].jobs.all()}
        for job in JOBS:
            assert isinstance(job.when, ByCalendar)
            for period in periods(job.when, after=BEGINS, zone=self.zone):
                if period.due > max(self.now(), reached[job.name]):
                    break
                outcome = outcomes.pop((job.name, period.key), None)
                self.report.outcomes[str(outcome)] += 1
                each = [times.pop((job.name, item), 0) for item in items_of(job.name, period.key)]
                wanted = {
                    "done": each == [1] * ITEMS,
                    "skipped": each == [0] * ITEMS,
                    # Cut short at its very end it may have done them all.
                    "partly": max(each) == 1,
                }
                if not wanted.get(str(outcome), False):
                    self.report.found.append(
                        f"{job.name} {period.key} is {outcome}, its items were done {each}"
                    )
        self.report.found += [f"{key} is {outcome} and no period" for key, outcome in outcomes.items()]
        self.report.found += [f"{key} was done {count} times for nothing" for key, count in times.items()]


async def campaign(location: Location, *, zone: str, days: int, seed: int) -> Report:
    """What so many days in a zone come to, on a fresh migrated database."""
    with touching(), structlog.testing.capture_logs():
        return await Years(location, zone=zone, seed=seed).pass_by(days=days)
