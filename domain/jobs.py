"""The jobs of the clock as rows: how each fares, what is told when one fails, and how one is asked for by hand.

When a job is due is ``clock.py``'s; what each does is in ``jobs/``. Source: docs/rules.md §10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from domain.base import Action, Actor, Decision, Entity, Event, Notice, Query, Refused, Subject, ToPerson
from domain.clock import Cadence, Daily, Every, back_off, cadence_of, next_period
from domain.clocks import after_quiet
from domain.lanes import Lane
from domain.permissions import Permission
from domain.rulebook import Rulebook

AGAIN_AND_AGAIN = (
    "settlement",
    "visits",
    "deadlines",
    "tasks",
    "appointments",
    "imports",
    "blocked",
    "erasures",
    "admins",
    "digests",
    "lessons",
    "lesson_reminders",
    "meetings",
    "erasure_log",
    "seal",
    "backup",
    "disk",
)
BY_CALENDAR = (
    "ledger_proof",
    "greetings",
    "checkins",
    "meeting_duties",
    "appointment_reminders",
    "retention",
    "optimize",
)
NAMES = (*AGAIN_AND_AGAIN, *BY_CALENDAR)
"""Every job there is, as people are shown them. Which of the two it is never changes; how often, the operator says."""
DAY_BY_DAY = frozenset({"greetings"})
"""Jobs that look for what belongs to the day of their period."""

TOLD_AFTER = 2
"""So many failures in a row are told to the admins: one alone mends itself more often than not."""
NOTED_EVERY = timedelta(minutes=5)
"""How often it is written down that a job which looks again and again has looked, as long as all is well."""
GRACE = timedelta(minutes=10)
"""How much later than expected a job may be seen to have run without being called late."""


def cadence_for(name: str, text: str) -> Cadence:
    """The cadence that is wanted for a job. Raises ValueError with what is wrong with it.

    >>> str(cadence_for("retention", "weekly 7 04:00"))
    'weekly 7 04:00'
    """
    cadence = cadence_of(text)
    if name in AGAIN_AND_AGAIN and not isinstance(cadence, Every):
        raise ValueError('it looks again and again: write it as "every 5 minutes"')
    if name in BY_CALENDAR and isinstance(cadence, Every):
        raise ValueError('it goes by the calendar: write it as "daily 03:30"')
    if name in DAY_BY_DAY and not isinstance(cadence, Daily):
        raise ValueError('it is about one day each time: write it as "daily 08:30"')
    return cadence


@dataclass(frozen=True, slots=True)
class JobState(Entity):
    """How a job fares. All periods that came due up to ``reached`` are decided about; ``period`` is the one under way.

    ``cadence`` is as ``domain.clock.cadence_of`` reads it. ``error`` names the kind of the last failure, never its
    words; ``told``: the admins know. ``asked_at``: somebody wants it run now.
    """

    name: str
    cadence: str
    reached: datetime
    period: str | None = None
    period_due: datetime | None = None
    last_at: datetime | None = None
    last_count: int = 0
    failures: int = 0
    error: str | None = None
    retry_at: datetime | None = None
    told: bool = False
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A period of a job that is under way, and the last item it has done."""

    job: str
    period: str
    due: datetime
    after: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One item of a period, done in the commit of its action: the run goes on from ``after`` to ``item``, once."""

    job: str
    period: str
    after: int
    item: int


# --- as it is shown -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job in a list. ``next_at`` is when it is looked at or tried next; ``late``: it should have been by now."""

    id: int
    name: str
    cadence: str
    last_at: datetime | None
    last_count: int
    next_at: datetime
    late: bool
    failures: int
    error: str | None
    asked: bool


def shown(state: JobState, *, now: datetime, zone: ZoneInfo) -> JobRow:
    """The row as it is at ``now``."""
    cadence = cadence_of(state.cadence)
    if isinstance(cadence, Every):
        due = (state.last_at or state.reached) + cadence.span
        late = now - due > NOTED_EVERY + GRACE
    else:
        due = state.period_due or next_period(cadence, after=state.reached, zone=zone).due
        late = now - due > GRACE
    return JobRow(
        state.id,
        state.name,
        state.cadence,
        state.last_at,
        state.last_count,
        max(due, state.retry_at) if state.failures and state.retry_at else due,
        late and not state.failures,
        state.failures,
        state.error,
        state.asked_at is not None,
    )


@dataclass(frozen=True, slots=True)
class SeeJobs(Query):
    """Every job: a tuple of ``JobRow`` in the order of ``NAMES``."""

    permission: ClassVar[str] = Permission.MANAGE_JOBS


@dataclass(frozen=True, slots=True)
class SeeJob(Query):
    """One job: ``JobRow``."""

    permission: ClassVar[str] = Permission.MANAGE_JOBS
    job_id: int


# --- actions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobCase:
    """A job with what a decision needs. ``path``: where the actor is admin, if anywhere: jobs belong to no place.

    ``admins`` answer for the tops of the tree, the first of which is ``unit_id``.
    """

    state: JobState
    path: str = ""
    unit_id: int | None = None
    admins: tuple[int, ...] = ()

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class RunJob(Action):
    """Run it now, whatever its time."""

    permission: ClassVar[str] = Permission.MANAGE_JOBS
    job_id: int


@dataclass(frozen=True, slots=True)
class NoteFailure(Action):
    """The clock: a run ended in an error of this kind."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    job: str
    error: str


@dataclass(frozen=True, slots=True)
class NoteRun(Action):
    """The clock: a run that was asked for, or the first after failures, went well."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    job: str
    count: int


def ask(case: JobCase, action: RunJob, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """It is begun by whoever runs the clock. Asked for twice it is run once."""
    if case.state.asked_at is not None:
        raise Refused("job.asked_already")
    asked = replace(case.state, asked_at=now)
    return Decision(
        saves=(asked,), events=(_event("job.asked", case),), result={"job_id": asked.id, "job": asked.name}
    )


def fail(case: JobCase, action: NoteFailure, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Tried again after a while that grows. The admins hear of it once, not at night."""
    failures = case.state.failures + 1
    tells = failures >= TOLD_AFTER and not case.state.told and bool(case.admins) and not _quiet(now, rules)
    failing = replace(
        case.state,
        failures=failures,
        error=action.error,
        retry_at=now + back_off(failures),
        told=case.state.told or tells,
        asked_at=None,
    )
    return Decision(
        saves=(failing,),
        events=(_event("job.failed", case, failures=failures),),
        notices=_to_admins("job.failing", case) if tells else (),
    )


def note(case: JobCase, action: NoteRun, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Who was told of the failure is told that it is over."""
    state = case.state
    well = replace(
        state,
        failures=0,
        error=None,
        retry_at=None,
        told=False,
        asked_at=None,
        last_at=now,
        last_count=action.count,
    )
    name = "job.recovered" if state.failures else "job.ran"
    return Decision(
        saves=(well,),
        events=(_event(name, case, count=action.count),),
        notices=_to_admins("job.recovered", case) if state.told else (),
    )


def _quiet(now: datetime, rules: Rulebook) -> bool:
    over = after_quiet(
        now,
        zone=ZoneInfo(rules.time_zone),
        quiet_from=rules.notices.quiet_from,
        quiet_to=rules.notices.quiet_to,
    )
    return over > now


def _to_admins(kind: str, case: JobCase) -> tuple[Notice, ...]:
    return tuple(
        Notice(ToPerson(admin), kind, params={"job": case.state.name}, lane=Lane.REMINDER)
        for admin in case.admins
    )


def _event(name: str, case: JobCase, **data: int) -> Event:
    return Event(name, "job", case.state.id, data, unit_id=case.unit_id)


DECIDE: dict[type[Action], Callable[..., Decision]] = {RunJob: ask, NoteFailure: fail, NoteRun: note}
