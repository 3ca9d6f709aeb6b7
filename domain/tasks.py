"""Tasks and claims: a piece of work, and one member's hold on one place of it. Source: docs/rules.md §4.

A task comes from a request or from a pairing's visit; both are worked the same way, so the claim's life cycle is
here and what its end means for the request or the visit is asked of ``Work``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain.base import (
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
    Subject,
    ToMembers,
    says_something,
)
from domain.lanes import Lane
from domain.permissions import Permission
from domain.rulebook import Rulebook


class TaskState(StrEnum):
    """Where the task as a whole stands; each claim on it has a state of its own."""

    OFFERED = "offered"
    DONE = "done"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class ClaimState(StrEnum):
    """One member's hold. The first three and ``rework`` hold a place."""

    CLAIMED = "claimed"
    STARTED = "started"
    REPORTED = "reported"
    REWORK = "rework"
    ACCEPTED = "accepted"
    RELEASED = "released"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


AT_WORK = frozenset({ClaimState.CLAIMED, ClaimState.STARTED, ClaimState.REWORK})
"""The member has something left to do, and sees name, address and phone."""

HOLDING = AT_WORK | {ClaimState.REPORTED}
"""The claim keeps its place from others."""


@dataclass(frozen=True, slots=True)
class Task(Entity):
    """``circle_unit_id`` is the part of the tree in which it is offered; ``taken`` of ``places`` are held.

    ``next_at`` is when the clock looks at it next (``unstarted.py``). ``widened_at`` and ``listed_at``: nobody took it on,
    so it was offered more widely, and laid before the secretary. ``agreed_minutes``: so much of each helper's work counts
    at most, where it was agreed on before (``agreed.py``).
    """

    kind: str
    unit_id: int
    circle_unit_id: int
    category: str
    urgency: str
    state: TaskState
    places: int
    taken: int
    offered_at: datetime
    request_id: int | None = None
    pairing_id: int | None = None
    for_person_id: int | None = None
    skill: str | None = None
    next_at: datetime | None = None
    widened_at: datetime | None = None
    listed_at: datetime | None = None
    agreed_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Claim(Entity):
    """``place`` counts from 1; a place is held by one claim at a time. ``minutes`` as reported by the member.

    ``warned_at``: they were told that they have not started.
    """

    task_id: int
    member_id: int
    place: int
    state: ClaimState
    claimed_at: datetime
    started_at: datetime | None = None
    reported_at: datetime | None = None
    ended_at: datetime | None = None
    minutes: int | None = None
    warned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A task with all that a decision about it needs. ``whole`` is the request or visit it serves."""

    task: Task
    claims: tuple[Claim, ...]
    whole: Whole
    path: str
    circle: str
    owners: frozenset[int] = frozenset()
    household_id: int | None = None
    open_claims: int = 0
    new_claim_id: int = 0
    wellbeing: int | None = None
    skills: frozenset[str] = frozenset()

    @property
    def subject(self) -> Subject:
        """For the permission check: the helpers of the circle, and those at work on it."""
        return Subject(path=self.path, circle=self.circle, owners=self.owners, workers=self.workers)

    @property
    def workers(self) -> frozenset[int]:
        """Everyone who holds a place now."""
        return frozenset(claim.member_id for claim in self.claims if claim.state in HOLDING)

    def held_by(self, person_id: int) -> Claim | None:
        """The claim this person holds now, or None."""
        return next((c for c in self.claims if c.member_id == person_id and c.state in HOLDING), None)


class Whole(ABC):
    """What a task serves. Requests and visits say what the start, the end and a release of work mean for them."""

    @property
    @abstractmethod
    def card(self) -> Refresh:
        """The card of whom the work is for."""

    @abstractmethod
    def begin(self, work: Work, *, now: datetime) -> Decision:
        """The first claim has been made."""

    @abstractmethod
    def finish(self, work: Work, *, now: datetime) -> Decision:
        """Every held claim is reported, at least one."""

    @abstractmethod
    def idle(self, work: Work) -> Decision:
        """Nobody holds a place any more, and nothing was reported."""

    @abstractmethod
    def tell(
        self, kind: str, *, lane: Lane = Lane.CLAIM, **params: str | int | bool | None
    ) -> tuple[Notice, ...]:
        """A word to whom the work is for."""


@dataclass(frozen=True, slots=True)
class ClaimTask(Action):
    """Take one place. ``places`` are first come, first served."""

    permission: ClassVar[str] = Permission.CLAIM_TASK
    task_id: int


@dataclass(frozen=True, slots=True)
class StartClaim(Action):
    """On the way, or begun."""

    permission: ClassVar[str] = Permission.WORK_CLAIM
    task_id: int


@dataclass(frozen=True, slots=True)
class ReleaseClaim(Action):
    """Give the place back, with a reason. Never cancels what was asked for."""

    permission: ClassVar[str] = Permission.WORK_CLAIM
    task_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReportClaim(Action):
    """The work is done: minutes spent, a note, pictures; for a visit how the person was (0–4)."""

    permission: ClassVar[str] = Permission.WORK_CLAIM
    task_id: int
    minutes: int
    contents: tuple[Content, ...] = ()
    wellbeing: int | None = None


MAX_MINUTES = 24 * 60


def _event(name: str, work: Work, **data: int | str | None) -> Event:
    task = work.task
    return Event(name, "task", task.id, data, request_id=task.request_id, unit_id=task.unit_id)


def _cards(work: Work) -> tuple[Refresh, ...]:
    """Every card that shows this work: the pool's, the helpers' and that of whom it is for."""
    task = work.task
    desk = () if task.request_id is None else (Refresh("desk.card", task.request_id),)
    return (Refresh("task.card", task.id), Refresh("task.group", task.id), work.whole.card, *desk)


def claim(work: Work, action: ClaimTask, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """First come, first served among those who may. Source: docs/rules.md §4."""
    task = work.task
    if work.held_by(actor.person_id):
        raise Refused("task.already_yours")
    if task.state is not TaskState.OFFERED:
        raise Refused("task.over")
    if task.taken >= task.places:
        raise Refused("task.taken")
    if actor.person_id in work.owners or (work.household_id and work.household_id == actor.household_id):
        raise Refused("task.your_own")
    if work.open_claims >= rules.max_open_claims:
        raise Refused("task.too_many", count=rules.max_open_claims)
    if task.skill and task.skill not in work.skills:
        raise Refused("task.skill_needed", skill=task.skill)
    used = {c.place for c in work.claims if c.state in HOLDING}
    place = next(number for number in range(1, task.places + 1) if number not in used)
    taken = Claim(
        id=work.new_claim_id,
        version=0,
        task_id=task.id,
        member_id=actor.person_id,
        place=place,
        state=ClaimState.CLAIMED,
        claimed_at=now,
    )
    changed = replace(task, taken=task.taken + 1, next_at=_looked_at(task, now))
    after = replace(work, task=changed, claims=(*work.claims, taken))
    begun = work.whole.begin(after, now=now)
    return Decision(
        saves=(changed, taken, *begun.saves),
        events=(
            _event("task.claimed", work, claim_id=taken.id, member_id=actor.person_id, place=place),
            *begun.events,
        ),
        notices=(*work.whole.tell("claimed", member=actor.name), *begun.notices),
        refreshes=_cards(work),
        result={"task_id": task.id},
    )


def start(work: Work, action: StartClaim, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The helper is on the way. Telling it twice changes nothing."""
    held = work.held_by(actor.person_id)
    if held is None:
        raise Refused("task.not_yours")
    if held.state not in (ClaimState.CLAIMED, ClaimState.REWORK):
        raise Refused("task.started_already")
    return Decision(
        saves=(replace(held, state=ClaimState.STARTED, started_at=now),),
        events=(_event("task.started", work, claim_id=held.id, member_id=actor.person_id),),
        notices=work.whole.tell("started", member=actor.name),
        refreshes=_cards(work),
        result={"task_id": work.task.id},
    )


def release(work: Work, action: ReleaseClaim, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The place goes back into the pool; when others have reported and nobody is left at work, the whole is done."""
    held = work.held_by(actor.person_id)
    if held is None:
        raise Refused("task.not_yours")
    if held.state not in AT_WORK:
        raise Refused("task.reported_already")
    reason = action.reason.strip()
    if not says_something(reason):
        raise Refused("form.words_needed")
    category = rules.category(work.task.category)
    if category is not None and category.sensitive:
        # Given back, it would be offered to those it is about.
        raise Refused("task.stays_with_you")
    return given_back(
        work,
        held,
        name=actor.name,
        now=now,
        remarks=(
            Remark("claim", held.id, Purpose.WITHDRAW_REASON, actor.person_id, Content("text", reason)),
        ),
    )


def given_back(
    work: Work,
    held: Claim,
    *,
    name: str,
    now: datetime,
    remarks: tuple[Remark, ...] = (),
    expired: bool = False,
) -> Decision:
    """A claim at work leaves its place, whoever decided so (``expired``: the clock did); ``name`` is what its member is
    called."""
    task = work.task
    released = replace(held, state=ClaimState.EXPIRED if expired else ClaimState.RELEASED, ended_at=now)
    changed = replace(
        task,
        taken=task.taken - 1,
        circle_unit_id=task.circle_unit_id or task.unit_id,
        next_at=_looked_at(task, now),
    )
    after = replace(work, task=changed, claims=tuple(released if c.id == held.id else c for c in work.claims))
    ended = _finish_if_all_reported(after, now=now)
    saves = (*_newest(changed, ended.saves), released)
    return Decision(
        saves=saves,
        events=(
            _event(
                "task.expired" if expired else "task.released",
                work,
                claim_id=held.id,
                member_id=held.member_id,
            ),
            *ended.events,
        ),
        remarks=remarks,
        notices=(
            *work.whole.tell("expired" if expired else "released", member=name),
            *(_offered_again(work) if changed in saves else ()),
            *ended.notices,
        ),
        refreshes=_cards(work),
        result={"task_id": task.id},
    )


def _looked_at(task: Task, now: datetime) -> datetime | None:
    """A step of a request's work is looked at by the clock at once; a visit belongs to its pairing's member."""
    return now if task.kind == "request" else None


def _offered_again(work: Work) -> tuple[Notice, ...]:
    return (
        Notice(
            ToMembers(
                work.task.circle_unit_id,
                without=work.owners | work.workers,
                without_household_id=work.household_id,
            ),
            "task.card",
            work.task.id,
            card=True,
            lane=Lane.REMINDER,
        ),
    )


def report(work: Work, action: ReportClaim, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The helper says it is done; who asked is asked. The helper is never the one who confirms."""
    held = work.held_by(actor.person_id)
    if held is None:
        raise Refused("task.not_yours")
    if held.state not in AT_WORK:
        raise Refused("task.reported_already")
    if not 1 <= action.minutes <= MAX_MINUTES:
        raise Refused("task.minutes_wrong", most=MAX_MINUTES)
    if action.wellbeing is not None and not 0 <= action.wellbeing <= 4:
        raise Refused("task.wellbeing_wrong")
    if work.task.kind == "visit" and action.wellbeing is None:
        raise Refused("task.wellbeing_wrong")
    category = rules.category(work.task.category)
    if (
        category is not None
        and category.photo_on_report
        and not any(c.kind == "photo" for c in action.contents)
    ):
        raise Refused("task.photo_needed")
    reported = replace(held, state=ClaimState.REPORTED, reported_at=now, minutes=action.minutes)
    after = replace(work, claims=tuple(reported if c.id == held.id else c for c in work.claims))
    ended = _finish_if_all_reported(after, now=now, wellbeing=action.wellbeing)
    return Decision(
        saves=(reported, *ended.saves),
        events=(
            _event(
                "task.reported", work, claim_id=held.id, member_id=actor.person_id, minutes=action.minutes
            ),
            *ended.events,
        ),
        remarks=tuple(
            Remark("claim", held.id, Purpose.REPORT, actor.person_id, content) for content in action.contents
        ),
        notices=ended.notices,
        refreshes=_cards(work),
        result={"task_id": work.task.id},
    )


def _finish_if_all_reported(work: Work, *, now: datetime, wellbeing: int | None = None) -> Decision:
    """Done when every place that is still held is reported, and at least one is. Source: docs/rules.md §3."""
    held = [claim for claim in work.claims if claim.state in HOLDING]
    if not held:
        return work.whole.idle(work)
    if any(claim.state is not ClaimState.REPORTED for claim in held):
        return Decision()
    done = replace(work.task, state=TaskState.DONE)
    ended = work.whole.finish(replace(work, task=done, wellbeing=wellbeing), now=now)
    return replace(ended, saves=(done, *ended.saves))


def _newest(changed: Task, later: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """One save of the task: the later state already contains the earlier change."""
    return later if any(isinstance(entity, Task) for entity in later) else (changed, *later)


def send_back(work: Work, *, now: datetime) -> tuple[Task, tuple[Claim, ...]]:
    """The work was not good: reported claims are at work again; with nobody left it is offered again."""
    again = tuple(
        replace(claim, state=ClaimState.REWORK) for claim in work.claims if claim.state is ClaimState.REPORTED
    )
    return replace(work.task, state=TaskState.OFFERED), again


def end_claims(work: Work, *, state: ClaimState, now: datetime) -> tuple[Claim, ...]:
    """Every held claim ends in ``state``."""
    return tuple(replace(claim, state=state, ended_at=now) for claim in work.claims if claim.state in HOLDING)


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    ClaimTask: claim,
    StartClaim: start,
    ReleaseClaim: release,
    ReportClaim: report,
}
