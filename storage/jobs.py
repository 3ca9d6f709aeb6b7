"""The jobs of the clock as rows, and their periods: each is run once, whoever tries it and however often.

The row of a job is locked while it is decided what is due, and says which period is under way; the row of a period says
how far that has come, and moves on in the commit of each item. What is due is ``domain.clock``'s, what a job does its
own module's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, bindparam, select

from domain.base import NOT_FOUND, Actor, Refused, Role, ToResponsible
from domain.clock import ByCalendar, Cadence, Missed, what_is_due
from domain.jobs import JobCase, JobState, NoteFailure, NoteRun, Run, RunJob, Step
from domain.rulebook import Rulebook
from storage.entities import every, load, next_id, only, save, selection
from storage.leases import begin_run
from storage.people import recipients
from storage.schema import job, job_run
from storage.types import Instant
from storage.units import tops

T = TypeVar("T")
Unit = Callable[[Callable[[Connection], T]], Awaitable[T]]

_BY_NAME = selection(JobState).where(job.c.name == bindparam("job_name"))
_LOCKED = _BY_NAME.with_for_update()
_ALL = selection(JobState)
_ASKED = select(job.c.name).where(job.c.asked_at.is_not(None))
_RUN = select(job_run.c.outcome, job_run.c.reached).where(
    job_run.c.job == bindparam("job_name"), job_run.c.period == bindparam("run_period")
)
_THE_RUN = (
    job_run.update()
    .where(job_run.c.job == bindparam("job_name"), job_run.c.period == bindparam("run_period"))
    .where(job_run.c.outcome == "running")
)
_ADVANCE = _THE_RUN.where(job_run.c.reached == bindparam("run_after", type_=BigInteger)).values(
    reached=bindparam("run_item", type_=BigInteger)
)
_LOOKED = (
    job.update()
    .where(job.c.name == bindparam("job_name"))
    .values(last_at=bindparam("at", type_=Instant()), last_count=bindparam("count"))
)
_CLOSE = _THE_RUN.values(outcome=bindparam("run_outcome"))


@dataclass(frozen=True, slots=True)
class Opened:
    """What to run now, if anything, and up to when everything is decided about."""

    run: Run | None
    reached: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """When a job is due: its cadence, how late is too late, and what is made up for."""

    name: str
    cadence: Cadence
    too_late: timedelta
    missed: Missed


def states(connection: Connection) -> tuple[JobState, ...]:
    """Every job that the clock knows."""
    return every(connection, JobState, _ALL)


def advance(connection: Connection, step: Step) -> bool:
    """One item of a period is done, in the transaction of its work. False when it was before, or the period is over."""
    values = {
        "job_name": step.job,
        "run_period": step.period,
        "run_after": step.after,
        "run_item": step.item,
    }
    return connection.execute(_ADVANCE, values).rowcount == 1


def _close(connection: Connection, name: str, period: str, outcome: str) -> None:
    values = {"job_name": name, "run_period": period, "run_outcome": outcome}
    connection.execute(_CLOSE, values)


def _under_way(connection: Connection, state: JobState) -> Run | None:
    if state.period is None or state.period_due is None:
        return None
    row = connection.execute(_RUN, {"job_name": state.name, "run_period": state.period}).first()
    if row is None or row.outcome != "running":
        return None
    return Run(state.name, state.period, state.period_due, row.reached)


class Jobs:
    """The jobs over one database. ``read`` and ``commit`` are the store's."""

    def __init__(self, read: Callable[..., Any], commit: Callable[..., Any], rules: Rulebook) -> None:
        self._read: Unit[Any] = read
        self._commit: Unit[Any] = commit
        self._zone = ZoneInfo(rules.time_zone)

    async def know(self, plans: Iterable[Plan], *, now: datetime) -> None:
        """These are the jobs from now on. A new one begins with the periods after ``now``."""
        cadences = {plan.name: str(plan.cadence) for plan in plans}

        def unit(connection: Connection) -> None:
            known = {state.name: state for state in states(connection)}
            for name, cadence in cadences.items():
                state = known.get(name)
                if state is None:
                    number = next_id(connection, JobState)
                    save(connection, [JobState(number, 0, name, cadence, now)])
                elif state.cadence != cadence:
                    save(connection, [replace(state, cadence=cadence)])
            gone = [name for name in known if name not in cadences]
            connection.execute(job.delete().where(job.c.name.in_(gone)))

        await self._commit(unit)

    async def all(self) -> tuple[JobState, ...]:
        """Every job, for the command line and the clock itself."""
        found: tuple[JobState, ...] = await self._read(states)
        return found

    async def asked(self) -> tuple[str, ...]:
        """Jobs that somebody wants run now."""
        found: tuple[str, ...] = await self._read(lambda c: tuple(c.execute(_ASKED).scalars()))
        return found

    async def open(self, plan: Plan, *, now: datetime) -> Opened:
        """The period to run now: the one under way, or else the next that is due. What is too late is skipped on record.

        The plan's cadence is one by the calendar.
        """
        cadence = plan.cadence
        assert isinstance(cadence, ByCalendar)  # noqa: S101 - the caller's to know

        def unit(connection: Connection) -> Opened:
            state = only(connection, JobState, _LOCKED, job_name=plan.name)
            if state is None:
                return Opened(None, now)
            if run := _under_way(connection, state):
                if now - run.due <= plan.too_late:
                    return Opened(run, state.reached)
                _close(connection, plan.name, run.period, "partly" if run.after else "skipped")
            found = what_is_due(
                cadence,
                reached=state.reached,
                now=now,
                zone=self._zone,
                too_late=plan.too_late,
                missed=plan.missed,
            )
            for period in found.skipped:
                begin_run(connection, plan.name, period.key, now=now, outcome="skipped")
            run = None
            reached = found.skipped[-1].due if found.skipped else state.reached
            if found.run is not None:
                reached = found.run.due
                if begin_run(connection, plan.name, found.run.key, now=now, outcome="running"):
                    run = Run(plan.name, found.run.key, found.run.due)
            moved = replace(
                state,
                reached=reached,
                period=run.period if run else None,
                period_due=run.due if run else None,
            )
            if moved != state:
                save(connection, [moved])
            return Opened(run, reached)

        opened: Opened = await self._commit(unit)
        return opened

    async def reached(self, run: Run) -> int | None:
        """The last item of a period that is done; None when the period is over."""

        def unit(connection: Connection) -> int | None:
            row = connection.execute(_RUN, {"job_name": run.job, "run_period": run.period}).first()
            return row.reached if row is not None and row.outcome == "running" else None

        found: int | None = await self._read(unit)
        return found

    async def pass_over(self, step: Step) -> bool:
        """Go on without an item that the rules refuse."""
        moved: bool = await self._commit(lambda connection: advance(connection, step))
        return moved

    async def close(self, run: Run, *, now: datetime, count: int) -> None:
        """A period is done."""

        def unit(connection: Connection) -> None:
            _close(connection, run.job, run.period, "done")
            state = only(connection, JobState, _LOCKED, job_name=run.job)
            if state is not None and state.period == run.period:
                done = replace(state, period=None, period_due=None, last_at=now, last_count=count)
                save(connection, [done])

        await self._commit(unit)

    async def looked(self, last: Mapping[str, tuple[datetime, int]]) -> None:
        """When jobs have looked last, and how much they did then."""

        def unit(connection: Connection) -> None:
            for name, (at, count) in last.items():
                connection.execute(_LOOKED, {"job_name": name, "at": at, "count": count})

        await self._commit(unit)


# --- decisions ------------------------------------------------------------------------------------------------------


def _case(connection: Connection, state: JobState | None, actor: Actor, now: datetime) -> JobCase:
    if state is None:
        raise Refused(NOT_FOUND)
    units = tops(connection)
    admins = {
        found.person_id
        for unit_id in units
        for found in recipients(connection, ToResponsible(unit_id, (Role.ADMIN,)), now)
        if found.person_id is not None
    }
    return JobCase(
        state,
        path=next((held.path for held in actor.held if held.role is Role.ADMIN), ""),
        unit_id=units[0] if units else None,
        admins=tuple(sorted(admins)),
    )


def load_for_asking(
    connection: Connection, action: RunJob, actor: Actor, rules: Rulebook, now: datetime
) -> JobCase:
    """The job by its number."""
    return _case(connection, load(connection, JobState, action.job_id), actor, now)


def load_for_noting(
    connection: Connection, action: NoteFailure | NoteRun, actor: Actor, rules: Rulebook, now: datetime
) -> JobCase:
    """The job by its name."""
    return _case(connection, only(connection, JobState, _LOCKED, job_name=action.job), actor, now)


LOADERS_AT: dict[type[Any], Any] = {
    RunJob: load_for_asking,
    NoteFailure: load_for_noting,
    NoteRun: load_for_noting,
}
