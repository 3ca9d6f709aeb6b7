"""What the clock does about a request: deadlines that are told as they come near and pass, and people who say nothing.

Each look takes the newest turn that has come and says when to look next, so that a look too many does nothing and one
that comes late says once what is true by then. What is due when is counted by ``clocks.py``.
Source: docs/rules.md §3, §10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.base import Action, Actor, Decision, Event, Notice, Refresh, Scalar, ToPerson, ToResponsible
from domain.clocks import Counting
from domain.lanes import Lane
from domain.permissions import Permission
from domain.requests import Case, Request, RequestState
from domain.rulebook import DeadlineRules, Rulebook
from domain.tasks import AT_WORK, ClaimState, TaskState, end_claims


class Deadline(StrEnum):
    """The two things a request is owed by a certain time."""

    ANSWER = "answer"
    SOLUTION = "solution"


WARNED, LEADER = 1, 2
"""How far a deadline has been told: who is at it was warned; it has passed, level 1. Each higher level is one more."""

_SOON = {Deadline.ANSWER: "desk.answer_soon", Deadline.SOLUTION: "desk.solution_soon"}
_LATE = {Deadline.ANSWER: "desk.answer_overdue", Deadline.SOLUTION: "desk.solution_overdue"}

CLOSES_AFTER = timedelta(hours=24)
"""Nothing closes in silence sooner than this after the last reminder, however late that one came."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Something to be done at an instant. ``step``: how far a deadline is told then, or which reminder it is."""

    at: datetime
    act: Callable[[Case, Turn, datetime, Rulebook], Decision]
    step: int = 0
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True)
class LookAtRequest(Action):
    """The clock: see what time has done to it."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    request_id: int


def closes_at(
    since: datetime | None, *, reminded_at: datetime | None, rules: DeadlineRules
) -> datetime | None:
    """When what waits for its resident's word ``since`` then closes without it."""
    if since is None:
        return None
    end = since + timedelta(days=rules.silent_days)
    return end if reminded_at is None else max(end, reminded_at + CLOSES_AFTER)


def turns(request: Request, counting: Counting, rules: Rulebook) -> tuple[Turn, ...]:
    """What lies ahead of a request as it stands now, in the order of its time."""
    match request.state:
        case RequestState.SUBMITTED:
            hours = rules.answer_hours[request.urgency]
            return _of_deadline(
                Deadline.ANSWER, request.answer_due_at, request.answer_told, hours, counting, rules
            )
        case RequestState.OPEN | RequestState.IN_PROGRESS if request.solve_due_at is not None:
            hours = rules.deadlines.solution_hours[request.urgency]
            return _of_deadline(
                Deadline.SOLUTION, request.solve_due_at, request.solve_told, hours, counting, rules
            )
        case RequestState.DONE if request.done_at is not None:
            return _of_silence(request, request.done_at, _close_silent, rules.deadlines)
        case RequestState.WAITING if request.stopped_at is not None:
            return _of_silence(request, request.stopped_at, _close_without_answer, rules.deadlines)
    return ()


def _of_deadline(
    deadline: Deadline, due: datetime, told: int, hours: int, counting: Counting, rules: Rulebook
) -> tuple[Turn, ...]:
    if counting.urgent:
        warned = due - timedelta(minutes=rules.deadlines.urgent_warn_minutes)
    else:
        warned = counting.before(due, hours=hours * rules.deadlines.warn_percent / 100)
    every = (Turn(warned, _warn, WARNED, deadline), Turn(due, _escalate, LEADER, deadline))
    return tuple(turn for turn in every if turn.step > told)


def _of_silence(
    request: Request,
    since: datetime,
    close: Callable[[Case, Turn, datetime, Rulebook], Decision],
    rules: DeadlineRules,
) -> tuple[Turn, ...]:
    reminders = tuple(
        Turn(since + timedelta(hours=hours), _remind, number)
        for number, hours in enumerate(rules.remind_hours, 1)
        if number > request.reminded
    )
    end = closes_at(since, reminded_at=request.reminded_at, rules=rules)
    # Nobody is closed upon who has not been reminded, however long the bot was away.
    closing = (Turn(end, close),) if end is not None and (request.reminded or not rules.remind_hours) else ()
    return tuple(sorted((*reminders, *closing), key=lambda turn: turn.at))


def look(case: Case, action: LookAtRequest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Take the newest turn that has come; all before it are said with it. What is routine waits for the morning."""
    request, counting = case.request, case.counting(rules)
    if request.next_at is None or request.next_at > now:
        return Decision()
    ahead = turns(request, counting, rules)
    come = [turn for turn in ahead if turn.at <= now]
    if not come:
        return Decision(saves=(replace(request, next_at=ahead[0].at if ahead else None),))
    turn = come[-1]
    presses = turn.deadline is not None and counting.urgent
    if not presses and (morning := counting.awake(now)) > now:
        return Decision(saves=(replace(request, next_at=morning),))
    done = turn.act(case, turn, now, rules)
    changed = next(entity for entity in done.saves if isinstance(entity, Request))
    later = turns(changed, counting, rules)
    looked = replace(changed, next_at=later[0].at if later else None)
    return replace(
        done,
        saves=tuple(looked if entity is changed else entity for entity in done.saves),
        refreshes=(*done.refreshes, *_cards(case)),
        result={"request_id": request.id},
    )


# --- deadlines ------------------------------------------------------------------------------------------------------


def _told(request: Request, turn: Turn, now: datetime) -> Request:
    if turn.deadline is Deadline.ANSWER:
        return replace(request, answer_told=turn.step)
    late = now if turn.step >= LEADER else None
    return replace(request, solve_told=turn.step, overdue_at=request.overdue_at or late)


def _warn(case: Case, turn: Turn, now: datetime, rules: Rulebook) -> Decision:
    """Who is at it hears that time is running out: who decides, or who works on it, else who accepted it."""
    request = case.request
    note = _SOON[turn.deadline or Deadline.ANSWER]
    if turn.deadline is Deadline.ANSWER:
        told: tuple[Notice, ...] = (_desk(case, case.responsible, note),)
    elif case.work is not None and (working := _at_work(case)):
        told = tuple(
            Notice(
                ToPerson(worker),
                "task.card",
                case.work.task.id,
                {"note": "task.solution_soon"},
                lane=Lane.REMINDER,
                card=True,
            )
            for worker in working
        )
    elif request.handler_id is not None:
        told = (_desk(case, ToPerson(request.handler_id), note),)
    else:
        told = (_desk(case, case.responsible, note),)
    return Decision(
        saves=(_told(request, turn, now),),
        events=(_event("request.warned", request, deadline=str(turn.deadline)),),
        notices=told,
    )


def _at_work(case: Case) -> tuple[int, ...]:
    claims = () if case.work is None else case.work.claims
    return tuple(claim.member_id for claim in claims if claim.state in AT_WORK)


def _escalate(case: Case, turn: Turn, now: datetime, rules: Rulebook) -> Decision:
    """It has passed: the leader is told, once for this level."""
    return Decision(
        saves=(_told(case.request, turn, now),),
        events=(
            _event("request.overdue", case.request, deadline=str(turn.deadline), level=turn.step - WARNED),
        ),
        notices=(_desk(case, case.responsible, _LATE[turn.deadline or Deadline.ANSWER]),),
    )


def _desk(case: Case, to: ToPerson | ToResponsible, note: str) -> Notice:
    return Notice(to, "desk.card", case.request.id, {"note": note}, lane=Lane.REMINDER, card=True)


# --- silence --------------------------------------------------------------------------------------------------------


def _remind(case: Case, turn: Turn, now: datetime, rules: Rulebook) -> Decision:
    request = case.request
    waits = request.state is RequestState.WAITING
    return Decision(
        saves=(replace(request, reminded=turn.step, reminded_at=now),),
        events=(_event("request.reminded", request, number=turn.step),),
        notices=_followers(case, "request.remind_answer" if waits else "request.remind_done"),
    )


def _followers(case: Case, note: str) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            ToPerson(follower),
            "request.card",
            case.request.id,
            {"note": note},
            lane=Lane.REMINDER,
            card=True,
        )
        for follower in case.request.followers
    )


def _close_silent(case: Case, turn: Turn, now: datetime, rules: Rulebook) -> Decision:
    """Nobody said it is solved: somebody who did not help has to look before it is rewarded."""
    closed = replace(case.request, state=RequestState.CLOSED_SILENT, closed_at=now)
    responsible = replace(
        case.responsible, passing_over=case.subject.workers | frozenset(case.request.followers)
    )
    return Decision(
        saves=(closed,),
        events=(_event("request.closed_silent", closed),),
        notices=(
            *_followers(case, "request.closed_silently"),
            _desk(case, responsible, "desk.verify_wanted"),
        ),
    )


def _close_without_answer(case: Case, turn: Turn, now: datetime, rules: Rulebook) -> Decision:
    """What was asked stays unanswered, so the work ends undone."""
    closed = replace(case.request, state=RequestState.CLOSED_NO_ANSWER, closed_at=now, stopped_at=None)
    told = _followers(case, "request.closed_unanswered")
    if case.work is None:
        return Decision(saves=(closed,), events=(_event("request.closed_no_answer", closed),), notices=told)
    ended = end_claims(case.work, state=ClaimState.CANCELLED, now=now)
    task = replace(case.work.task, state=TaskState.CANCELLED, taken=0, next_at=None)
    return Decision(
        saves=(closed, task, *ended),
        events=(_event("request.closed_no_answer", closed),),
        notices=(
            *told,
            *(
                Notice(
                    ToPerson(claim.member_id),
                    "task.card",
                    task.id,
                    {"note": "task.no_answer"},
                    lane=Lane.REMINDER,
                    card=True,
                )
                for claim in ended
            ),
        ),
    )


def _event(name: str, request: Request, **data: Scalar) -> Event:
    return Event(name, "request", request.id, data, request_id=request.id, unit_id=request.unit_id)


def _cards(case: Case) -> tuple[Refresh, ...]:
    cards = (Refresh("request.card", case.request.id), Refresh("desk.card", case.request.id))
    if case.work is None:
        return cards
    return (*cards, Refresh("task.card", case.work.task.id), Refresh("task.group", case.work.task.id))


DECIDE: dict[type[Action], Callable[..., Decision]] = {LookAtRequest: look}
