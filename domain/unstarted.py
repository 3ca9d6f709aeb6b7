"""What the clock does about work that does not begin: claims nobody starts on, and tasks nobody takes on.

Like ``deadlines.py`` for requests: each look takes one turn that has come and says when to look next. While the resident
is asked something, nothing of it runs. Source: docs/rules.md §4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from domain.base import (
    Action,
    Actor,
    Decision,
    Event,
    Notice,
    Refresh,
    Role,
    Subject,
    ToMembers,
    ToPerson,
    ToResponsible,
)
from domain.clocks import Counting
from domain.lanes import Lane
from domain.permissions import Permission
from domain.requests import RequestState, RequestWhole
from domain.rulebook import DeadlineRules, Rulebook
from domain.tasks import Claim, ClaimState, Task, TaskState, Work, given_back


@dataclass(frozen=True, slots=True)
class LookAtTask(Action):
    """The clock: see whether its work has begun."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    task_id: int


@dataclass(frozen=True, slots=True)
class TaskCase:
    """A task with its work. ``wider_unit_id`` is one level above the circle in which it is offered, None at the top;
    ``names`` what the members are called. ``zone`` and ``calendar`` as a request's."""

    work: Work
    wider_unit_id: int | None = None
    names: tuple[tuple[int, str], ...] = ()
    zone: str = ""
    calendar: str = ""

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return self.work.subject


@dataclass(frozen=True, slots=True)
class Turn:
    """Something to be done at an instant, with a claim where it is about one."""

    at: datetime
    act: Callable[[TaskCase, Claim | None, datetime, Rulebook], Decision]
    claim: Claim | None = None


def start_by(claim: Claim, *, urgency: str, rules: DeadlineRules) -> datetime:
    """Until when a claim has to be started: it is warned of that, and after the warning a last time."""
    span = timedelta(minutes=rules.urgent_start_minutes if urgency == "urgent" else rules.start_minutes)
    return claim.claimed_at + span if claim.warned_at is None else claim.warned_at + span / 2


def turns(case: TaskCase, rules: Rulebook) -> tuple[Turn, ...]:
    """What lies ahead of the work as it stands now, in the order of its time."""
    work, task = case.work, case.work.task
    category = rules.category(task.category)
    if (
        not isinstance(work.whole, RequestWhole)
        or task.state is not TaskState.OFFERED
        or (category is not None and category.sensitive)
        or work.whole.request.state is RequestState.WAITING
    ):
        return ()
    found = [
        Turn(
            start_by(claim, urgency=task.urgency, rules=rules.deadlines),
            _warn if claim.warned_at is None else _expire,
            claim,
        )
        for claim in work.claims
        if claim.state is ClaimState.CLAIMED
    ]
    if not task.taken:
        counting = _counting(case, rules)
        hours = rules.deadlines.solution_hours[task.urgency] / 100
        if task.widened_at is None and case.wider_unit_id is not None:
            at = counting.after(task.offered_at, hours=hours * rules.deadlines.widen_percent)
            found.append(Turn(at, _widen))
        if task.listed_at is None:
            at = counting.after(task.offered_at, hours=hours * rules.deadlines.list_percent)
            found.append(Turn(at, _list))
    return tuple(sorted(found, key=lambda turn: turn.at))


def _counting(case: TaskCase, rules: Rulebook) -> Counting:
    return Counting(case.work.task.urgency, rules, case.zone, case.calendar)


def look(case: TaskCase, action: LookAtTask, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Take the first turn that has come. What is not urgent waits for the morning."""
    task, counting = case.work.task, _counting(case, rules)
    if task.next_at is None or task.next_at > now:
        return Decision()
    ahead = turns(case, rules)
    if not ahead or ahead[0].at > now:
        return Decision(saves=(replace(task, next_at=ahead[0].at if ahead else None),))
    if not counting.urgent and (morning := counting.awake(now)) > now:
        return Decision(saves=(replace(task, next_at=morning),))
    return ahead[0].act(case, ahead[0].claim, now, rules)


def _warn(case: TaskCase, claim: Claim | None, now: datetime, rules: Rulebook) -> Decision:
    if claim is None:
        return Decision()
    task = case.work.task
    # Looked at anew at once, as after any other step.
    return Decision(
        saves=(replace(task, next_at=now), replace(claim, warned_at=now)),
        events=(_event("task.warned", task, claim_id=claim.id, member_id=claim.member_id),),
        notices=(_to_member(claim, task, "task.not_started"),),
    )


def _expire(case: TaskCase, claim: Claim | None, now: datetime, rules: Rulebook) -> Decision:
    if claim is None:
        return Decision()
    name = dict(case.names).get(claim.member_id, "")
    back = given_back(case.work, claim, name=name, now=now, expired=True)
    return replace(back, notices=(*back.notices, _to_member(claim, case.work.task, "task.expired")))


def _to_member(claim: Claim, task: Task, note: str) -> Notice:
    return Notice(
        ToPerson(claim.member_id), "task.card", task.id, {"note": note}, lane=Lane.REMINDER, card=True
    )


def _widen(case: TaskCase, claim: Claim | None, now: datetime, rules: Rulebook) -> Decision:
    """Those one level further are asked too; who was asked before is left in peace."""
    work, task = case.work, case.work.task
    wider = case.wider_unit_id or task.circle_unit_id
    return Decision(
        saves=(replace(task, circle_unit_id=wider, widened_at=now, next_at=now),),
        events=(_event("task.widened", task, circle_unit_id=wider),),
        notices=(
            Notice(
                ToMembers(
                    wider,
                    without=work.owners | work.workers,
                    without_household_id=work.household_id,
                    beyond_unit_id=task.circle_unit_id,
                ),
                "task.card",
                task.id,
                card=True,
                lane=Lane.REMINDER,
            ),
        ),
        refreshes=(Refresh("task.card", task.id),),
    )


def _list(case: TaskCase, claim: Claim | None, now: datetime, rules: Rulebook) -> Decision:
    """Half the time is gone and nobody has come: it is for the secretary to find somebody."""
    task = case.work.task
    return Decision(
        saves=(replace(task, listed_at=now, next_at=now),),
        events=(_event("task.listed", task),),
        notices=(
            Notice(
                ToResponsible(task.unit_id, roles=(Role.SECRETARY,)),
                "desk.card",
                task.request_id,
                {"note": "desk.nobody_claims"},
                lane=Lane.REMINDER,
                card=True,
            ),
        ),
    )


def _event(name: str, task: Task, **data: int) -> Event:
    return Event(name, "task", task.id, data, request_id=task.request_id, unit_id=task.unit_id)


DECIDE: dict[type[Action], Callable[..., Decision]] = {LookAtTask: look}
