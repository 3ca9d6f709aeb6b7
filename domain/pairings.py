"""Pairing assistance: a standing tie between a member and a household, and the visits it brings.
Source: docs/rules.md §5.

A due visit is a task of the member's own, so starting, releasing and reporting it is ``tasks.py``'s; here is what
is particular: the pairing, when a visit comes due, and who confirms it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from domain import points
from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Content,
    Decision,
    Entity,
    Event,
    Notice,
    Purpose,
    Refresh,
    Refused,
    Remark,
    Scalar,
    Subject,
    ToPerson,
    ToResponsible,
)
from domain.lanes import Lane
from domain.people import Person
from domain.permissions import Permission
from domain.rulebook import Rulebook
from domain.tasks import Claim, ClaimState, Task, TaskState, Whole, Work, end_claims

NEEDS = ("living_alone", "disability", "hardship", "left_behind_child", "illness", "other")
MAX_CADENCE_DAYS = 366


class VisitState(StrEnum):
    """A visit waits for its helper, has been made, or was confirmed by the household or a leader."""

    DUE = "due"
    DONE = "done"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Pairing(Entity):
    """``resident_id`` is looked after by ``member_id`` every ``cadence_days``; ``next_due_on`` is the next visit's day."""

    unit_id: int
    resident_id: int
    member_id: int
    need: str
    cadence_days: int
    next_due_on: date
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Visit(Entity):
    """One visit of a pairing. ``wellbeing`` 0 (bad) to 4 (very well), as the helper found the person."""

    pairing_id: int
    task_id: int
    due_on: date
    state: VisitState
    done_at: datetime | None = None
    wellbeing: int | None = None
    stars: int | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PairingCase:
    """What a new pairing, or a visit that comes due, needs to be decided."""

    resident: Person
    member_id: int
    unit_id: int
    path: str
    member_serves: bool = True
    same_household: bool = False
    pairing: Pairing | None = None
    open_visit: bool = False
    new_pairing_id: int = 0
    new_task_id: int = 0
    new_claim_id: int = 0
    new_visit_id: int = 0
    already_paired: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check: leaders of the unit in which the household lives."""
        return Subject(
            path=self.path, owners=frozenset({self.resident.id}), workers=frozenset({self.member_id})
        )


@dataclass(frozen=True, slots=True)
class VisitCase:
    """A visit that is to be confirmed."""

    visit: Visit
    pairing: Pairing
    work: Work

    @property
    def subject(self) -> Subject:
        """For the permission check: the household or a leader, never who made the visit."""
        helpers = frozenset(c.member_id for c in self.work.claims if c.state is not ClaimState.RELEASED)
        return Subject(path=self.work.path, owners=frozenset({self.pairing.resident_id}), workers=helpers)


@dataclass(frozen=True, slots=True)
class PairUp(Action):
    """Pair a member with a person who needs looking after; the first visit is due on ``first_due_on``.

    The person is either known (``resident_id``) or new (``name`` and ``flat`` in the unit).
    """

    permission: ClassVar[str] = Permission.PAIR
    member_id: int
    need: str
    cadence_days: int
    first_due_on: date
    notes: str = ""
    resident_id: int | None = None
    unit_id: int | None = None
    name: str | None = None
    flat: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class OpenVisit(Action):
    """The clock: a pairing's visit has come due."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    pairing_id: int


@dataclass(frozen=True, slots=True)
class ConfirmVisit(Action):
    """The household, or a leader who did not make the visit, says that it was made, and how it was (1–5)."""

    permission: ClassVar[str] = Permission.CONFIRM_VISIT
    visit_id: int
    stars: int


class VisitWhole(Whole):
    """A visit as what a task serves."""

    def __init__(self, visit: Visit, pairing: Pairing) -> None:
        self.visit = visit
        self.pairing = pairing

    @property
    def card(self) -> Refresh:
        """The card on which the visit is confirmed."""
        return Refresh("visit.confirm", self.visit.id)

    def begin(self, work: Work, *, now: datetime) -> Decision:
        """A claim changes nothing for the visit itself."""
        return Decision()

    def idle(self, work: Work) -> Decision:
        """Released: it stays due, in the pool."""
        return Decision()

    def finish(self, work: Work, *, now: datetime) -> Decision:
        """Logged: the household is asked, and a leader when it cannot be reached through the bot."""
        done = replace(self.visit, state=VisitState.DONE, done_at=now, wellbeing=work.wellbeing)
        return Decision(
            saves=(done,),
            events=(
                Event(
                    "visit.done",
                    "visit",
                    done.id,
                    {"wellbeing": work.wellbeing, "task_id": work.task.id},
                    unit_id=work.task.unit_id,
                ),
            ),
            notices=(
                Notice(ToPerson(self.pairing.resident_id), "visit.confirm", done.id, card=True),
                Notice(
                    ToResponsible(work.task.unit_id, passing_over=work.workers),
                    "visit.confirm",
                    done.id,
                    card=True,
                ),
            ),
        )

    def tell(self, kind: str, *, lane: Lane = Lane.CLAIM, **params: Scalar) -> tuple[Notice, ...]:
        """The household hears who comes."""
        return (
            Notice(ToPerson(self.pairing.resident_id), f"visit.{kind}", self.visit.id, params, lane=lane),
        )


def pair_up(case: PairingCase, action: PairUp, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A new tie. The member must serve here, and nobody is paired with themselves or twice with the same person."""
    if action.need not in NEEDS:
        raise Refused("pairing.need_unknown")
    if not 1 <= action.cadence_days <= MAX_CADENCE_DAYS:
        raise Refused("pairing.cadence_wrong", most=MAX_CADENCE_DAYS)
    if not case.member_serves:
        raise Refused("pairing.not_a_member")
    if case.member_id == case.resident.id:
        raise Refused("pairing.oneself")
    if case.same_household:
        raise Refused("task.your_own")
    if case.already_paired:
        raise Refused("pairing.already")
    pairing = Pairing(
        case.new_pairing_id,
        0,
        unit_id=case.unit_id,
        resident_id=case.resident.id,
        member_id=case.member_id,
        need=action.need,
        cadence_days=action.cadence_days,
        next_due_on=action.first_due_on,
        started_at=now,
    )
    return Decision(
        saves=(*(() if case.resident.version else (case.resident,)), pairing),
        events=(
            Event(
                "pairing.made",
                "pairing",
                pairing.id,
                {
                    "member_id": case.member_id,
                    "resident_id": case.resident.id,
                    "cadence_days": action.cadence_days,
                },
                unit_id=case.unit_id,
            ),
        ),
        remarks=(
            Remark("pairing", pairing.id, Purpose.NOTES, actor.person_id, Content("text", action.notes)),
        )
        if action.notes.strip()
        else (),
        notices=(
            Notice(ToPerson(case.member_id), "pairing.made_member", pairing.id),
            Notice(ToPerson(case.resident.id), "pairing.made_resident", pairing.id),
        ),
        result={"pairing_id": pairing.id},
    )


def open_visit(
    case: PairingCase, action: OpenVisit, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """A due visit is a task the paired member already holds. While one is open, no second is opened."""
    pairing = case.pairing
    if pairing is None or pairing.ended_at is not None or case.open_visit:
        return Decision()
    task = Task(
        case.new_task_id,
        0,
        kind="visit",
        unit_id=pairing.unit_id,
        circle_unit_id=pairing.unit_id,
        category="visit",
        urgency="ordinary",
        state=TaskState.OFFERED,
        places=1,
        taken=1,
        offered_at=now,
        pairing_id=pairing.id,
        for_person_id=pairing.resident_id,
    )
    claim = Claim(
        case.new_claim_id,
        0,
        task_id=task.id,
        member_id=pairing.member_id,
        place=1,
        state=ClaimState.CLAIMED,
        claimed_at=now,
    )
    visit = Visit(
        case.new_visit_id,
        0,
        pairing_id=pairing.id,
        task_id=task.id,
        due_on=pairing.next_due_on,
        state=VisitState.DUE,
    )
    # A day is the community's: before 08:00 in China it is still yesterday in UTC, and the visit would come due twice.
    today = now.astimezone(ZoneInfo(rules.time_zone)).date()
    later = replace(pairing, next_due_on=_next_due(pairing, today))
    return Decision(
        saves=(later, task, claim, visit),
        events=(
            Event(
                "visit.due",
                "visit",
                visit.id,
                {"pairing_id": pairing.id, "task_id": task.id},
                unit_id=task.unit_id,
            ),
        ),
        notices=(Notice(ToPerson(pairing.member_id), "task.card", task.id, card=True, lane=Lane.REMINDER),),
        result={"visit_id": visit.id, "task_id": task.id},
    )


def _next_due(pairing: Pairing, today: date) -> date:
    """The next day of the cadence after today: visits missed in a long silence are not all made up for."""
    due = pairing.next_due_on + timedelta(days=pairing.cadence_days)
    if due <= today:
        behind = (today - due).days // pairing.cadence_days + 1
        due += timedelta(days=behind * pairing.cadence_days)
    return due


def confirm_visit(
    case: VisitCase, action: ConfirmVisit, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Confirmed by someone else than the helper: the points are earned."""
    if case.visit.state is not VisitState.DONE:
        raise Refused("visit.not_now")
    if action.stars not in rules.points.factors:
        raise Refused("request.stars_wrong")
    confirmed = replace(case.visit, state=VisitState.CONFIRMED, stars=action.stars, confirmed_at=now)
    earnings = tuple(
        points.earned(claim, kind="visit", stars=action.stars, request_id=None, rules=rules.points)
        for claim in case.work.claims
        if claim.state is ClaimState.REPORTED
    )
    if not earnings:
        raise Refused(NOT_FOUND)
    return Decision(
        saves=(
            confirmed,
            replace(case.work.task, state=TaskState.CLOSED, taken=0),
            *end_claims(case.work, state=ClaimState.ACCEPTED, now=now),
        ),
        events=(
            Event(
                "visit.confirmed",
                "visit",
                confirmed.id,
                {"stars": action.stars},
                unit_id=case.work.task.unit_id,
            ),
        ),
        earnings=earnings,
        notices=tuple(
            Notice(
                ToPerson(earning.person_id),
                "visit.confirmed",
                confirmed.id,
                {"stars": action.stars, "amount": earning.amount},
            )
            for earning in earnings
        ),
        refreshes=(Refresh("visit.confirm", confirmed.id), Refresh("task.card", case.work.task.id)),
        result={"visit_id": confirmed.id, "stars": action.stars},
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    PairUp: pair_up,
    OpenVisit: open_visit,
    ConfirmVisit: confirm_visit,
}
