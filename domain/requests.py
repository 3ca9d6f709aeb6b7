"""Requests: what a resident asks for, from the first word to the stars. Source: docs/rules.md §3.

Knows the request's own states and who hears of each step. The work on it is a task's (``tasks.py``), the points it
earns are ``points.py``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain import points
from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Content,
    Decision,
    Earning,
    Entity,
    Event,
    Notice,
    Purpose,
    Refresh,
    Refused,
    Remark,
    Role,
    Scalar,
    Subject,
    ToGroup,
    ToMembers,
    ToPerson,
    ToResponsible,
    says_something,
)
from domain.clocks import Counting
from domain.lanes import Lane
from domain.merging import OwnCase, maybe_the_same, recognised
from domain.people import Person
from domain.permissions import Permission
from domain.rulebook import Category, Rulebook
from domain.tasks import (
    AT_WORK,
    Claim,
    ClaimState,
    Task,
    TaskState,
    Whole,
    Work,
    end_claims,
    send_back,
)


class RequestState(StrEnum):
    """Where a request stands. Source: docs/rules.md §3."""

    SUBMITTED = "submitted"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    DONE = "done"
    CLOSED_CONFIRMED = "closed_confirmed"
    CLOSED_SILENT = "closed_silent"
    CLOSED_NO_ANSWER = "closed_no_answer"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


FINAL = frozenset(
    {
        RequestState.CLOSED_CONFIRMED,
        RequestState.CLOSED_SILENT,
        RequestState.CLOSED_NO_ANSWER,
        RequestState.DECLINED,
        RequestState.WITHDRAWN,
    }
)
MAX_CONTENTS = 20
MAX_WORDS = 4000


@dataclass(frozen=True, slots=True)
class Request(Entity):
    """``handling_unit_id`` is where it is triaged: the home's unit, or higher up when it is about its staff.

    ``stars`` 1–5 once confirmed; ``redo`` counts how often the resident sent the work back.

    ``next_at`` is when the clock looks at it next (``deadlines.py``): at once after each step, since only the look knows
    what comes then; None when nothing does. ``answer_told`` and ``solve_told`` are how far each deadline has been told,
    and only rise. ``stopped_at``: the clock stands still, the resident has been asked. ``reminded`` counts the reminders
    of who is asked, the last of them ``reminded_at``. ``overdue_at``: when it was seen that the solution is late.
    ``verified_at``: what closed in silence has been looked at and was done.
    """

    unit_id: int
    handling_unit_id: int
    requester_id: int
    category: str
    urgency: str
    private: bool
    name_hidden: bool
    state: RequestState
    raised_at: datetime
    answer_due_at: datetime
    proxy_id: int | None = None
    answered_at: datetime | None = None
    handler_id: int | None = None
    done_at: datetime | None = None
    closed_at: datetime | None = None
    stars: int | None = None
    redo: int = 0
    solve_due_at: datetime | None = None
    next_at: datetime | None = None
    answer_told: int = 0
    solve_told: int = 0
    stopped_at: datetime | None = None
    reminded: int = 0
    reminded_at: datetime | None = None
    overdue_at: datetime | None = None
    verified_at: datetime | None = None

    @property
    def followers(self) -> tuple[int, ...]:
        """Who hears of every step: the one who asked, and who asked for them."""
        return (self.requester_id,) if self.proxy_id is None else (self.requester_id, self.proxy_id)


@dataclass(frozen=True, slots=True)
class Case:
    """A request with all that a decision about it needs. ``work`` is None before it is accepted.

    ``zone`` and ``calendar`` are those its unit keeps, loaded where time is counted; "" the community's.
    """

    request: Request
    path: str
    work: Work | None = None
    circle_unit_id: int = 0
    new_task_id: int = 0
    new_claim_id: int = 0
    sensitive: bool = False
    household_id: int | None = None
    zone: str = ""
    calendar: str = ""

    @property
    def responsible(self) -> ToResponsible:
        """Who decides on it: leaders and secretaries; about staff secretaries alone."""
        return ToResponsible(
            self.request.handling_unit_id,
            roles=(Role.SECRETARY,) if self.sensitive else (Role.LEADER, Role.SECRETARY),
        )

    def counting(self, rules: Rulebook, *, urgency: str | None = None) -> Counting:
        """How its time counts."""
        return Counting(urgency or self.request.urgency, rules, self.zone, self.calendar)

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(
            path=self.path,
            circle="",
            owners=frozenset(self.request.followers),
            workers=frozenset() if self.work is None else self.work.workers,
            only=frozenset({Role.SECRETARY}) if self.sensitive else None,
        )


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is needed to take a request in: its new number, where it belongs, and the person it is for.

    ``zone`` and ``calendar`` are those the unit keeps; "" the community's.
    ``own`` is there when a number came with it that Telegram vouches for: the person may be known by it.
    """

    request_id: int
    unit_id: int
    handling_unit_id: int
    path: str
    person: Person
    household_id: int | None = None
    owners: frozenset[int] = frozenset()
    zone: str = ""
    calendar: str = ""
    own: OwnCase | None = None

    @property
    def subject(self) -> Subject:
        """For the permission check: a proxy needs a role that reaches the home."""
        return Subject(path=self.path, owners=self.owners)


# --- actions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RaiseRequest(Action):
    """Pass on what is wrong. ``about`` tells whom a sensitive one concerns: "leader" or "secretary".

    ``name``, ``flat`` and ``phone`` are given the first time only and None afterwards. ``phone_shared``: it is one's own
    by Telegram's word, and not typed.
    """

    permission: ClassVar[str] = Permission.RAISE_REQUEST
    category: str
    urgency: str
    private: bool
    name_hidden: bool
    contents: tuple[Content, ...]
    about: str | None = None
    name: str | None = None
    flat: str | None = None
    phone: str | None = None
    phone_shared: bool = False


@dataclass(frozen=True, slots=True)
class RaiseForOther(RaiseRequest):
    """The same for somebody without a phone; the actor speaks for them as their proxy."""

    permission: ClassVar[str] = Permission.RAISE_FOR_OTHER
    unit_id: int = 0


@dataclass(frozen=True, slots=True)
class AcceptRequest(Action):
    """Accept, with category and urgency as the handler sees them, and offer it as a task."""

    permission: ClassVar[str] = Permission.TRIAGE_REQUEST
    request_id: int
    category: str | None = None
    urgency: str | None = None
    places: int = 1


@dataclass(frozen=True, slots=True)
class CorrectRequest(Action):
    """Correct category or urgency before accepting."""

    permission: ClassVar[str] = Permission.TRIAGE_REQUEST
    request_id: int
    category: str | None = None
    urgency: str | None = None


@dataclass(frozen=True, slots=True)
class DeclineRequest(Action):
    """Decline with a reason, which the resident reads."""

    permission: ClassVar[str] = Permission.DECLINE_REQUEST
    request_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class AskResident(Action):
    """Ask who raised it something without which it cannot go on; until they answer its clock stands still."""

    permission: ClassVar[str] = Permission.TRIAGE_REQUEST
    request_id: int
    question: str


@dataclass(frozen=True, slots=True)
class VerifyRequest(Action):
    """What closed in silence is done: somebody who had no hand in it has looked. Only now is it rewarded."""

    permission: ClassVar[str] = Permission.VERIFY_REQUEST
    request_id: int


@dataclass(frozen=True, slots=True)
class AddToRequest(Action):
    """More words or pictures from the resident."""

    permission: ClassVar[str] = Permission.FOLLOW_OWN_REQUEST
    request_id: int
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class WithdrawRequest(Action):
    """The resident no longer needs it. A helper on the way is told."""

    permission: ClassVar[str] = Permission.FOLLOW_OWN_REQUEST
    request_id: int


@dataclass(frozen=True, slots=True)
class ConfirmRequest(Action):
    """Solved, with 1–5 stars. One or two stars count only when ``sure``: the person is asked once more."""

    permission: ClassVar[str] = Permission.CONFIRM_REQUEST
    request_id: int
    stars: int
    sure: bool = False


@dataclass(frozen=True, slots=True)
class ReturnRequest(Action):
    """Not solved, with a reason: back to work."""

    permission: ClassVar[str] = Permission.CONFIRM_REQUEST
    request_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class WriteLetter(Action):
    """Resident and helper write to each other through the bot while the claim is held; numbers stay hidden."""

    permission: ClassVar[str] = Permission.WRITE_LETTER
    request_id: int
    content: Content


# --- what a request says of the work done on it ------------------------------------------------------------------


class RequestWhole(Whole):
    """A request as what a task serves."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @property
    def card(self) -> Refresh:
        """The requester's card."""
        return Refresh("request.card", self.request.id)

    def begin(self, work: Work, *, now: datetime) -> Decision:
        """First claim: the request is in progress."""
        if self.request.state is not RequestState.OPEN:
            return Decision()
        return Decision(saves=(replace(self.request, state=RequestState.IN_PROGRESS),))

    def finish(self, work: Work, *, now: datetime) -> Decision:
        """All reported: who asked is asked whether it is solved."""
        done = asking(self.request, RequestState.DONE, now=now)
        return Decision(
            saves=(done,),
            events=(_event("request.done", done),),
            notices=tuple(
                Notice(ToPerson(follower), "request.card", done.id, {"note": "request.done"}, card=True)
                for follower in done.followers
            ),
        )

    def idle(self, work: Work) -> Decision:
        """Nobody is on it: it waits in the pool again."""
        if self.request.state is not RequestState.IN_PROGRESS:
            return Decision()
        return Decision(saves=(replace(self.request, state=RequestState.OPEN),))

    def tell(self, kind: str, *, lane: Lane = Lane.CLAIM, **params: Scalar) -> tuple[Notice, ...]:
        """Every step reaches the requester in plain words."""
        return tuple(
            Notice(ToPerson(follower), f"request.{kind}", self.request.id, params, lane=lane)
            for follower in self.request.followers
        )


# --- rules -------------------------------------------------------------------------------------------------------


def _event(name: str, request: Request, data: Mapping[str, Scalar] | None = None) -> Event:
    return Event(name, "request", request.id, data or {}, request_id=request.id, unit_id=request.unit_id)


def checked_contents(contents: tuple[Content, ...]) -> tuple[Content, ...]:
    """``contents`` themselves. Refuses nothing at all, too many parts, and more words than a message holds."""
    if not any(says_something(content.text) or content.kind != "text" for content in contents):
        raise Refused("form.words_needed")
    if len(contents) > MAX_CONTENTS:
        raise Refused("request.too_many_parts", most=MAX_CONTENTS)
    if sum(len(content.text) for content in contents) > MAX_WORDS:
        raise Refused("request.too_long", most=MAX_WORDS)
    return contents


def checked_category(code: str, urgency: str, *, rules: Rulebook, staff: bool = False) -> Category:
    """The category. Refuses an unknown one, and an urgency that it does not allow (staff may set any)."""
    category = rules.category(code)
    if category is None:
        raise Refused("request.category_unknown")
    if urgency not in (rules.answer_hours if staff else category.urgencies):
        raise Refused("request.urgency_unknown")
    return category


def raise_request(
    arrival: Arrival, action: RaiseRequest, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Take a request in: a number, who sees it, and by when someone answers."""
    contents = checked_contents(action.contents)
    category = checked_category(action.category, action.urgency, rules=rules)
    person = arrival.person
    for_other = person.id != actor.person_id
    counting = Counting(action.urgency, rules, arrival.zone, arrival.calendar)
    request = Request(
        id=arrival.request_id,
        version=0,
        unit_id=arrival.unit_id,
        handling_unit_id=arrival.handling_unit_id,
        requester_id=person.id,
        category=category.code,
        urgency=action.urgency,
        private=action.private or category.always_private,
        name_hidden=action.name_hidden,
        state=RequestState.SUBMITTED,
        raised_at=now,
        answer_due_at=counting.answer_due(now),
        solve_due_at=counting.solution_due(now),
        next_at=now,
        proxy_id=actor.person_id if for_other else None,
    )
    known = replace(
        person,
        name=action.name or person.name,
        phone=action.phone or person.phone,
        household_id=arrival.household_id or person.household_id,
    )
    saves: tuple[Entity, ...] = (known,) if known != person or not person.version else ()
    met, sender = None, actor
    if arrival.own is not None:
        met, known = recognised(arrival.own, known, now=now)
    if met is not None:
        # Entered by a leader long since: from here on they are that person, and so is this request.
        saves = met.saves
        sender, request = replace(actor, person_id=known.id), replace(request, requester_id=known.id)
    alike = () if arrival.own is None or met is not None else maybe_the_same(arrival.own, known)
    return Decision(
        saves=(*saves, request),
        events=(
            _event("request.raised", request, {"category": request.category, "urgency": request.urgency}),
            *(met.events if met else ()),
        ),
        remarks=_remarks(request, Purpose.DESCRIPTION, sender, contents),
        moved=met.moved if met else (),
        notices=(
            *(met.notices if met else alike),
            Notice(ToPerson(sender.person_id), "request.card", request.id, lane=Lane.PERSON, card=True),
            Notice(
                ToResponsible(
                    request.handling_unit_id,
                    roles=(Role.SECRETARY,) if category.sensitive else (Role.LEADER, Role.SECRETARY),
                ),
                "desk.card",
                request.id,
                card=True,
            ),
        ),
        result={"request_id": request.id},
    )


def correct(case: Case, action: CorrectRequest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The handler puts category or urgency right before accepting."""
    request = case.request
    _require(request, RequestState.SUBMITTED)
    changed = _corrected(case, action.category, action.urgency, now=now, rules=rules)
    if changed.urgency != request.urgency:
        due = case.counting(rules, urgency=changed.urgency).answer_due(request.raised_at)
        changed = replace(changed, answer_due_at=due)
    return Decision(
        saves=(changed,),
        events=(
            _event("request.corrected", changed, {"category": changed.category, "urgency": changed.urgency}),
        ),
        refreshes=_cards(request),
        result={"request_id": request.id},
    )


def _corrected(
    case: Case, category: str | None, urgency: str | None, *, now: datetime, rules: Rulebook
) -> Request:
    """As the handler sees it. What the urgency says about the solution is counted anew from the raising."""
    request = case.request
    found = checked_category(
        category or request.category, urgency or request.urgency, rules=rules, staff=True
    )
    if found.sensitive != rules_sensitive(request, rules):
        # Making it sensitive, or not, would move it past other people than those who decided so.
        raise Refused("request.category_unknown")
    seen = urgency or request.urgency
    due = request.solve_due_at
    if due is None or seen != request.urgency:
        due = case.counting(rules, urgency=seen).solution_due(request.raised_at)
    return replace(
        request,
        category=found.code,
        urgency=seen,
        private=request.private or found.always_private,
        solve_due_at=due,
        next_at=now,
    )


def rules_sensitive(request: Request, rules: Rulebook) -> bool:
    """Whether the request is about a person of the organisation."""
    category = rules.category(request.category)
    return category is not None and category.sensitive


def accept(case: Case, action: AcceptRequest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Accept and offer it to the members of the unit. What is about staff is not offered: the handler keeps it."""
    _require(case.request, RequestState.SUBMITTED)
    if not 1 <= action.places <= rules.max_places:
        raise Refused("task.places_wrong", most=rules.max_places)
    if case.sensitive and _is_own(case, actor):
        # Whoever accepts what is about staff also does it, and nobody does their own.
        raise Refused("task.your_own")
    request = replace(
        _corrected(case, action.category, action.urgency, now=now, rules=rules),
        state=RequestState.OPEN,
        answered_at=now,
        handler_id=actor.person_id,
    )
    task = Task(
        id=case.new_task_id,
        version=0,
        kind="request",
        unit_id=request.unit_id,
        circle_unit_id=case.circle_unit_id,
        category=request.category,
        urgency=request.urgency,
        state=TaskState.OFFERED,
        places=action.places,
        taken=0,
        offered_at=now,
        next_at=None if case.sensitive else now,
        request_id=request.id,
        for_person_id=request.requester_id,
    )
    saves: tuple[Entity, ...] = (request, task)
    offers: tuple[Notice, ...] = ()
    if case.sensitive:
        request = replace(request, state=RequestState.IN_PROGRESS)
        kept = Claim(
            case.new_claim_id,
            0,
            task_id=task.id,
            member_id=actor.person_id,
            place=1,
            state=ClaimState.CLAIMED,
            claimed_at=now,
        )
        saves = (request, replace(task, places=1, taken=1), kept)
        offers = (Notice(ToPerson(actor.person_id), "task.card", task.id, card=True),)
    else:
        offers = (
            Notice(
                ToMembers(
                    case.circle_unit_id,
                    without=frozenset(request.followers),
                    without_household_id=case.household_id,
                ),
                "task.card",
                task.id,
                card=True,
            ),
        )
        if not request.private:
            offers = (*offers, Notice(ToGroup(request.unit_id), "task.group", task.id, card=True))
    return Decision(
        saves=saves,
        events=(
            _event(
                "request.accepted",
                request,
                {"task_id": task.id, "category": request.category, "urgency": request.urgency},
            ),
        ),
        notices=(*_tell(request, "request.accepted"), *offers),
        refreshes=_cards(request),
        result={"request_id": request.id, "task_id": task.id},
    )


def _is_own(case: Case, actor: Actor) -> bool:
    household = case.household_id is not None and case.household_id == actor.household_id
    return household or actor.person_id in case.request.followers


def decline(case: Case, action: DeclineRequest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Decline; the reason goes to the resident word for word."""
    _require(case.request, RequestState.SUBMITTED)
    reason = _words(action.reason)
    request = replace(
        case.request,
        state=RequestState.DECLINED,
        answered_at=now,
        closed_at=now,
        handler_id=actor.person_id,
        next_at=None,
    )
    return Decision(
        saves=(request,),
        events=(_event("request.declined", request),),
        remarks=_remarks(request, Purpose.DECLINE_REASON, actor, (reason,)),
        notices=_tell(request, "request.declined"),
        refreshes=_cards(request),
        result={"request_id": request.id},
    )


def add(case: Case, action: AddToRequest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """More from the resident: whoever is on it is told."""
    request = case.request
    if request.state in FINAL:
        raise Refused("request.over")
    contents = checked_contents(action.contents)
    told: tuple[Notice, ...] = tuple(
        Notice(ToPerson(worker), "request.added", request.id) for worker in sorted(case.subject.workers)
    )
    asked = request.state is RequestState.WAITING
    if asked or (not told and request.state is RequestState.SUBMITTED):
        told = (*told, Notice(case.responsible, "request.added", request.id))
    return Decision(
        saves=_gone_on(case, now=now, rules=rules) if asked else (),
        events=(_event("request.answered" if asked else "request.added", request, {"parts": len(contents)}),),
        remarks=_remarks(request, Purpose.ADDITION, actor, contents),
        notices=told,
        refreshes=_cards(request),
        result={"request_id": request.id},
    )


def asking(request: Request, state: RequestState, *, now: datetime) -> Request:
    """It waits for a word of who raised it: whether it is done, or what they were asked. Reminders count from here."""
    return replace(
        request,
        state=state,
        done_at=now if state is RequestState.DONE else request.done_at,
        stopped_at=now if state is RequestState.WAITING else None,
        reminded=0,
        reminded_at=None,
        next_at=now,
    )


def ask(case: Case, action: AskResident, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A question to who raised it. Whoever is at work keeps their place; the clock stands still."""
    request = case.request
    _require(request, RequestState.OPEN, RequestState.IN_PROGRESS)
    question = _words(action.question)
    changed = asking(request, RequestState.WAITING, now=now)
    return Decision(
        saves=(changed,),
        events=(_event("request.asked", changed),),
        remarks=_remarks(request, Purpose.QUESTION, actor, (question,)),
        notices=tuple(
            Notice(ToPerson(follower), "request.card", request.id, {"note": "request.asked"}, card=True)
            for follower in request.followers
        ),
        refreshes=_cards(request, case.work),
        result={"request_id": request.id},
    )


def _gone_on(case: Case, *, now: datetime, rules: Rulebook) -> tuple[Entity, ...]:
    """The answer is there: the clock goes on with as much time as was left when it stopped."""
    request, counting = case.request, case.counting(rules)
    due, stopped = request.solve_due_at, request.stopped_at
    if due is not None and stopped is not None and stopped < due:
        due = counting.after(now, hours=counting.between(stopped, due))
    at_work = case.work is not None and any(c.state in AT_WORK for c in case.work.claims)
    changed = replace(
        request,
        state=RequestState.IN_PROGRESS if at_work else RequestState.OPEN,
        solve_due_at=due,
        stopped_at=None,
        reminded=0,
        reminded_at=None,
        next_at=now,
    )
    return (changed,) if case.work is None else (changed, replace(case.work.task, next_at=now))


def withdraw(
    case: Case, action: WithdrawRequest, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The resident takes it back, as long as nobody says it is done."""
    request = case.request
    _require(
        request,
        RequestState.SUBMITTED,
        RequestState.OPEN,
        RequestState.IN_PROGRESS,
        RequestState.WAITING,
    )
    changed = replace(request, state=RequestState.WITHDRAWN, closed_at=now, next_at=None, stopped_at=None)
    saves: tuple[Entity, ...] = (changed,)
    told: tuple[Notice, ...] = ()
    if case.work is not None:
        ended = end_claims(case.work, state=ClaimState.CANCELLED, now=now)
        saves = (changed, replace(case.work.task, state=TaskState.CANCELLED, taken=0), *ended)
        told = tuple(Notice(ToPerson(c.member_id), "request.withdrawn_helper", request.id) for c in ended)
    return Decision(
        saves=saves,
        events=(_event("request.withdrawn", changed),),
        notices=told,
        refreshes=_cards(request, case.work),
        result={"request_id": request.id},
    )


def confirm(case: Case, action: ConfirmRequest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Solved and rated: the claims are accepted and earn their points."""
    request = case.request
    _require(request, RequestState.DONE)
    if action.stars not in rules.points.factors:
        raise Refused("request.stars_wrong")
    if action.stars <= 2 and not action.sure:
        raise Refused("request.really_solved", request_id=request.id, stars=action.stars)
    if case.work is None:
        raise Refused(NOT_FOUND)
    closed = replace(
        request, state=RequestState.CLOSED_CONFIRMED, stars=action.stars, closed_at=now, next_at=None
    )
    earnings = _earned(case.request, case.work, stars=action.stars, rules=rules)
    return Decision(
        saves=(
            closed,
            replace(case.work.task, state=TaskState.CLOSED, taken=0),
            *end_claims(case.work, state=ClaimState.ACCEPTED, now=now),
        ),
        events=(_event("request.confirmed", closed, {"stars": action.stars}),),
        earnings=earnings,
        notices=(
            *(
                Notice(
                    ToPerson(earning.person_id),
                    "task.confirmed",
                    case.work.task.id,
                    {"stars": action.stars, "amount": earning.amount, "number": request.id},
                )
                for earning in earnings
            ),
            *(
                Notice(ToPerson(other), "request.confirmed_other", request.id, {"stars": action.stars})
                for other in request.followers
                if other != actor.person_id
            ),
        ),
        refreshes=_cards(request, case.work),
        result={"request_id": request.id, "stars": action.stars},
    )


def _earned(request: Request, work: Work, *, stars: int, rules: Rulebook) -> tuple[Earning, ...]:
    category = rules.category(request.category)
    return tuple(
        points.earned(
            claim,
            kind=category.kind if category else "errand",
            stars=stars,
            request_id=request.id,
            rules=rules.points,
        )
        for claim in work.claims
        if claim.state is ClaimState.REPORTED
    )


UNRATED_STARS = 4
"""What work counts for that nobody has rated: neither more nor less than its time."""


def verify(case: Case, action: VerifyRequest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Looked at and done: the helpers earn what unrated work earns. It stays closed in silence, never "satisfied"."""
    request = case.request
    _require(request, RequestState.CLOSED_SILENT)
    if request.verified_at is not None or case.work is None:
        raise Refused("request.verified_already")
    verified = replace(request, verified_at=now)
    earnings = _earned(request, case.work, stars=UNRATED_STARS, rules=rules)
    return Decision(
        saves=(
            verified,
            replace(case.work.task, state=TaskState.CLOSED, taken=0),
            *end_claims(case.work, state=ClaimState.ACCEPTED, now=now),
        ),
        events=(_event("request.verified", verified),),
        earnings=earnings,
        notices=tuple(
            Notice(
                ToPerson(earning.person_id),
                "task.verified",
                case.work.task.id,
                {"amount": earning.amount, "number": request.id},
            )
            for earning in earnings
        ),
        refreshes=_cards(request, case.work),
        result={"request_id": request.id},
    )


def give_back(case: Case, action: ReturnRequest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Not solved: the helpers are told why and the work goes on; nothing is earned yet."""
    request = case.request
    _require(request, RequestState.DONE)
    reason = _words(action.reason)
    if case.work is None:
        raise Refused(NOT_FOUND)
    task, again = send_back(case.work, now=now)
    changed = replace(
        request,
        state=RequestState.IN_PROGRESS if again else RequestState.OPEN,
        redo=request.redo + 1,
        done_at=None,
        next_at=now,
    )
    return Decision(
        saves=(changed, task, *again),
        events=(_event("request.returned", changed, {"redo": changed.redo}),),
        remarks=_remarks(request, Purpose.UNSOLVED_REASON, actor, (reason,)),
        notices=(
            *(
                Notice(ToPerson(claim.member_id), "task.card", task.id, {"note": "task.rework"}, card=True)
                for claim in again
            ),
            Notice(case.responsible, "desk.returned", request.id),
        ),
        refreshes=_cards(request, case.work),
        result={"request_id": request.id},
    )


def write_letter(
    case: Case, action: WriteLetter, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """A line to the other side. Only while somebody is at work on it."""
    request = case.request
    helpers = (
        frozenset(c.member_id for c in case.work.claims if c.state in AT_WORK) if case.work else frozenset()
    )
    if not helpers:
        raise Refused("request.nobody_on_it")
    checked_contents((action.content,))
    # Not "is at work": a helper who has reported still holds the claim, and is no resident for that.
    from_helper = actor.person_id not in request.followers
    readers = frozenset(request.followers) if from_helper else helpers
    return Decision(
        events=(_event("request.letter_sent", request, {"from_helper": from_helper}),),
        remarks=_remarks(request, Purpose.LETTER, actor, (action.content,)),
        notices=tuple(
            Notice(
                ToPerson(reader),
                "letter.arrived",
                request.id,
                letter_params(action.content, from_helper=from_helper),
                lane=Lane.PERSON,
            )
            for reader in sorted(readers - {actor.person_id})
        ),
        result={"request_id": request.id},
    )


def letter_params(content: Content, *, from_helper: bool) -> dict[str, Scalar]:
    """A letter's own content travels with its notice, so that each arrives once and by itself.

    The parameters of what was sent are emptied after a week, and with the words when somebody is erased.
    """
    return {
        "from_helper": from_helper,
        "kind": content.kind,
        "text": content.text,
        "file_id": content.file_id,
        "latitude": None if content.latitude is None else str(content.latitude),
        "longitude": None if content.longitude is None else str(content.longitude),
    }


def _require(request: Request, *states: RequestState) -> None:
    if request.state not in states:
        raise Refused("request.not_now", state=str(request.state))


def _words(text: str) -> Content:
    if not says_something(text):
        raise Refused("form.words_needed")
    if len(text) > MAX_WORDS:
        raise Refused("request.too_long", most=MAX_WORDS)
    return Content("text", text)


def _remarks(
    request: Request, purpose: Purpose, actor: Actor, contents: tuple[Content, ...]
) -> tuple[Remark, ...]:
    return tuple(Remark("request", request.id, purpose, actor.person_id, content) for content in contents)


def _tell(request: Request, kind: str) -> tuple[Notice, ...]:
    return tuple(Notice(ToPerson(follower), kind, request.id) for follower in request.followers)


def _cards(request: Request, work: Work | None = None) -> tuple[Refresh, ...]:
    cards = (Refresh("request.card", request.id), Refresh("desk.card", request.id))
    if work is None:
        return cards
    return (*cards, Refresh("task.card", work.task.id), Refresh("task.group", work.task.id))


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    RaiseRequest: raise_request,
    RaiseForOther: raise_request,
    CorrectRequest: correct,
    AcceptRequest: accept,
    DeclineRequest: decline,
    AskResident: ask,
    VerifyRequest: verify,
    AddToRequest: add,
    WithdrawRequest: withdraw,
    ConfirmRequest: confirm,
    ReturnRequest: give_back,
    WriteLetter: write_letter,
}
