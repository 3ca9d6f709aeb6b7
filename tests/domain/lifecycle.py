"""A small community and the ways to act in it: what the life-cycle machine drives, whatever stands underneath.

Knows who lives and serves where, how an action is put to a ``World``, and the shape in which a world shows its state.
What is expected of it is the model's (``lifecycle_model.py``); the worlds are the pure rules (``pure_world.py``) and
the store on each database (``tests/storage/test_lifecycle_on_databases.py``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain.base import Action, Content, Role, Scalar
from domain.pairings import ConfirmVisit, OpenVisit, PairUp
from domain.points import Line
from domain.requests import (
    AcceptRequest,
    AddToRequest,
    ConfirmRequest,
    DeclineRequest,
    RaiseForOther,
    RaiseRequest,
    ReturnRequest,
    WithdrawRequest,
    WriteLetter,
)
from domain.tasks import ClaimTask, ReleaseClaim, ReportClaim, StartClaim


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody of the community: ``role`` held at ``at``; at home in ``home`` at ``flat``, or nowhere ("")."""

    role: Role | None = None
    at: str = ""
    home: str = ""
    flat: str = ""


PARENTS = {"street": "", "community": "street", "grid": "community", "b1": "grid", "b2": "grid"}
"""The tree: one street, one community, one grid, two buildings."""

CAST: dict[str, Character] = {
    "resident": Character(home="b1", flat="101"),
    "spouse": Character(Role.MEMBER, "b1", home="b1", flat="101"),
    "ann": Character(Role.MEMBER, "b1", home="b1", flat="102"),
    "bob": Character(Role.MEMBER, "b1"),
    "walker": Character(Role.MEMBER, "grid"),
    "far": Character(Role.MEMBER, "b2"),
    "leader": Character(Role.LEADER, "b1", home="b1", flat="201"),
    "head": Character(Role.LEADER, "community"),
    "other_leader": Character(Role.LEADER, "b2"),
    "secretary": Character(Role.SECRETARY, "community", home="b1", flat="301"),
    "upper_secretary": Character(Role.SECRETARY, "street"),
    "admin": Character(Role.ADMIN, "street"),
}

STRANGER = "stranger"
"""Has never said yes to the bot."""

CLOCK = "clock"
"""A job."""

EVERYONE = (*CAST, STRANGER)


def above(unit: str) -> tuple[str, ...]:
    """``unit`` and all it belongs to, nearest first.

    >>> above("b1")
    ('b1', 'grid', 'community', 'street')
    """
    return (unit, *above(PARENTS[unit])) if unit else ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an action: ``refused`` is the key of the refusal, None when it took effect."""

    refused: str | None = None
    result: Mapping[str, Scalar] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """An id in the result."""
        value = self.result[name]
        assert isinstance(value, int)
        return value


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """A request as a world holds it."""

    state: str
    category: str
    private: bool
    redo: int = 0
    stars: int | None = None


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """A task with its claims in the order they were made: (member, state)."""

    state: str
    places: int
    taken: int
    request_id: int | None
    claims: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class VisitSeen:
    """A visit as a world holds it."""

    state: str
    task_id: int
    wellbeing: int | None = None
    stars: int | None = None


@dataclass(frozen=True, slots=True)
class EarningSeen:
    """What a member earned with their claim on a task; ``amount`` in hundredths of a point."""

    task_id: int
    member: str
    minutes: int
    amount: int


@dataclass(frozen=True, slots=True)
class State:
    """Everything the machine compares, by id."""

    requests: Mapping[int, RequestSeen] = field(default_factory=dict)
    tasks: Mapping[int, TaskSeen] = field(default_factory=dict)
    visits: Mapping[int, VisitSeen] = field(default_factory=dict)
    earnings: tuple[EarningSeen, ...] = ()


START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday morning in China."""


def said(words: str) -> tuple[Content, ...]:
    """Words as somebody sent them."""
    return (Content("text", words),)


class World(ABC):
    """A place where actions take effect. Each one happens a minute after the last."""

    def __init__(self) -> None:
        self.now = START

    @abstractmethod
    def unit_id(self, unit: str) -> int:
        """The id of a unit of ``PARENTS``."""

    @abstractmethod
    def person_id(self, who: str) -> int:
        """The id of somebody of ``CAST``."""

    @abstractmethod
    def put(self, who: str, action: Action) -> Answer:
        """Do it as ``who`` (anyone of ``EVERYONE``, or ``CLOCK``), through the same checks as everybody."""

    @abstractmethod
    def read_state(self) -> State:
        """All there is now."""

    @abstractmethod
    def settle(self) -> tuple[Line, ...]:
        """Post what was earned into the ledger, and return all its lines; people's accounts are "person:<name>"."""

    def perform(self, who: str, action: Action) -> Answer:
        """``put``, a minute later."""
        self.now += timedelta(minutes=1)
        return self.put(who, action)

    def raise_request(
        self, who: str, *, category: str, words: str = "please", about: str | None = None
    ) -> Answer:
        """Ask for something; the result holds ``request_id``."""
        return self.perform(
            who, RaiseRequest(category, self._urgency(category), False, False, said(words), about=about)
        )

    def raise_for_other(self, who: str, *, category: str, unit: str) -> Answer:
        """Ask for an elder without a telephone who lives in ``unit``."""
        action = RaiseForOther(
            category,
            self._urgency(category),
            False,
            False,
            said("please"),
            name="elder",
            unit_id=self.unit_id(unit),
        )
        return self.perform(who, action)

    @staticmethod
    def _urgency(category: str) -> str:
        return "timely" if category in ("lift", "elder_help") else "ordinary"

    def accept(self, who: str, request_id: int, *, category: str | None = None, places: int = 1) -> Answer:
        """Accept; the result holds ``task_id``."""
        return self.perform(who, AcceptRequest(request_id, category=category, places=places))

    def decline(self, who: str, request_id: int, *, reason: str = "not ours") -> Answer:
        """Decline with a reason."""
        return self.perform(who, DeclineRequest(request_id, reason))

    def add(self, who: str, request_id: int, *, words: str = "and more") -> Answer:
        """Add words to a request."""
        return self.perform(who, AddToRequest(request_id, said(words)))

    def withdraw(self, who: str, request_id: int) -> Answer:
        """Take a request back."""
        return self.perform(who, WithdrawRequest(request_id))

    def confirm(self, who: str, request_id: int, *, stars: int = 5, sure: bool = False) -> Answer:
        """Solved."""
        return self.perform(who, ConfirmRequest(request_id, stars, sure=sure))

    def give_back(self, who: str, request_id: int, *, reason: str = "it still drips") -> Answer:
        """Not solved."""
        return self.perform(who, ReturnRequest(request_id, reason))

    def letter(self, who: str, request_id: int, *, words: str = "when?") -> Answer:
        """A line to the other side."""
        return self.perform(who, WriteLetter(request_id, said(words)[0]))

    def claim(self, who: str, task_id: int) -> Answer:
        """Take a place."""
        return self.perform(who, ClaimTask(task_id))

    def start(self, who: str, task_id: int) -> Answer:
        """On the way."""
        return self.perform(who, StartClaim(task_id))

    def release(self, who: str, task_id: int, *, reason: str = "ill") -> Answer:
        """Give the place back."""
        return self.perform(who, ReleaseClaim(task_id, reason))

    def report(self, who: str, task_id: int, *, minutes: int = 60, wellbeing: int | None = None) -> Answer:
        """Done."""
        return self.perform(who, ReportClaim(task_id, minutes, said("done"), wellbeing=wellbeing))

    def pair(self, who: str, *, member: str, resident: str) -> Answer:
        """Pair a member with a resident for weekly visits; the result holds ``pairing_id``."""
        action = PairUp(
            self.person_id(member), "living_alone", 7, self.now.date(), resident_id=self.person_id(resident)
        )
        return self.perform(who, action)

    def open_visit(self, who: str, pairing_id: int) -> Answer:
        """A visit comes due; the result holds ``visit_id`` and ``task_id`` unless one is open already."""
        return self.perform(who, OpenVisit(pairing_id))

    def confirm_visit(self, who: str, visit_id: int, *, stars: int = 5) -> Answer:
        """The visit was made."""
        return self.perform(who, ConfirmVisit(visit_id, stars))
