"""What the clock asks: the table of jobs, in one place, with when each runs and how late is too late.

Most look again and again for what is due in tables. The others have periods by the calendar, of which each is run once
or skipped on record (``storage/jobs.py``). Running them is ``ticker.py``'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

import structlog

from domain.base import Actor
from domain.clock import Cadence, Daily, Every, Missed, cadence_of
from domain.jobs import Run
from domain.pairings import OpenVisit
from domain.seals import ROWS
from jobs import appointments, checkins, deadlines, digests, ledger, lessons, meetings, retention
from jobs.greetings import GREETINGS
from jobs.items import Items
from storage.jobs import Plan
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
    imports = store.imports
    if await imports.waiting() is None:
        return 0
    async with imports.sweeping:
        fence = await imports.take_lease(
            holder="clock", now=now, span=timedelta(minutes=1), is_dead=lambda holder: False
        )
        if fence is None:
            return 0
        try:
            return await imports.sweep(now=now)
        finally:
            await imports.keep_lease(fence, now=now, span=timedelta())


async def optimize(store: Store, now: datetime) -> int:
    """The database looks at its own statistics. Nothing of it is worth telling."""
    await store.optimize()
    return 0


Sweep = Callable[[Store, datetime], Awaitable[int]]
"""Looks what there is to do and does it. Returns how much that was; done again, it finds nothing."""

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the clock: its name, when it runs, and what it does.

    With a cadence by the calendar also how late a period may still be run, and what is made up for after a silence.
    """

    name: str
    when: Cadence
    run: Sweep | Items
    too_late: timedelta = timedelta(hours=7)
    missed: Missed = Missed.LATEST

    @property
    def plan(self) -> Plan:
        """When it is due, as the store keeps it."""
        return Plan(self.name, self.when, self.too_late, self.missed)

    async def work(self, store: Store, now: datetime, run: Run | None = None) -> int:
        """Do it, for a period where it has one. Returns how much was done; items without a period are none."""
        if isinstance(self.run, Items):
            return 0 if run is None else await self.run.each(store, run, now)
        return await self.run(store, now)


JOBS: tuple[Job, ...] = (
    Job("settlement", Every(MINUTE), settle),
    Job("visits", Every(MINUTE), open_visits),
    Job("deadlines", Every(MINUTE), deadlines.requests),
    Job("tasks", Every(MINUTE), deadlines.tasks),
    Job("appointments", Every(MINUTE), appointments.turn),
    Job("digests", Every(MINUTE), digests.send),
    Job("lessons", Every(MINUTE), lessons.hand_out),
    Job("lesson_reminders", Every(MINUTE), lessons.remind),
    Job("meetings", Every(MINUTE), meetings.go_on),
    Job("imports", Every(MINUTE), sweep_imports),
    Job("blocked", Every(MINUTE), blocked),
    Job("erasures", Every(MINUTE), retention.erase),
    Job("seal", Every(5 * MINUTE), seal),
    Job("ledger_proof", Daily(time(2, 30)), ledger.prove, too_late=timedelta(hours=23)),
    # People are told by day: what is not said in the afternoon waits for the next morning.
    Job("greetings", Daily(time(8, 30)), GREETINGS),
    Job("checkins", Daily(time(9)), checkins.run),
    Job("meeting_duties", Daily(time(9)), meetings.DUTIES),
    Job("appointment_reminders", Daily(time(9, 30)), appointments.remind),
    Job("retention", Daily(time(3, 30)), retention.forget, too_late=timedelta(hours=23)),
    Job("optimize", Daily(time(4)), optimize, too_late=timedelta(hours=23)),
)
"""Each once. A period that is missed is made up for by the latest: they look for whatever is due by then, and birthdays are
celebrated on the day or not at all."""


def as_set(jobs: Iterable[Job], cadences: Mapping[str, str]) -> tuple[Job, ...]:
    """The jobs with the operator's own cadences, which have been checked (``domain.jobs.cadence_for``)."""
    return tuple(
        replace(job, when=cadence_of(cadences[job.name])) if job.name in cadences else job for job in jobs
    )
