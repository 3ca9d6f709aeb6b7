"""Check-ins as rows, and everything that can be asked of one: the entity, what a decision needs, the actions.

Which of them is allowed when is in the modules beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.base import Action, Content, Entity, Subject
from domain.people import Appointment, Person
from domain.permissions import Permission
from domain.tasks import Work

MAX_BRANCH = 64
MAX_QUESTION = 1000
MAX_PAPERS = 10
RENEWAL_OPENS = timedelta(days=60)
REMINDERS = (timedelta(days=30), timedelta(days=7))
"""How long before the last day there is a reminder, the earliest first."""

SERVED_KINDS = ("building", "grid")
"""Where one checks in: the building one lives in, or the grid above it. Source: docs/rules.md §2."""


class CheckinState(StrEnum):
    """``returned``: asked back with a question. ``left`` by the member's own word, ``lapsed`` by time."""

    ASKED = "asked"
    RETURNED = "returned"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    LEFT = "left"
    LAPSED = "lapsed"


UNDER_WAY = frozenset({CheckinState.ASKED, CheckinState.RETURNED, CheckinState.APPROVED})
"""One of these at a time for each person."""


@dataclass(frozen=True, slots=True)
class Checkin(Entity):
    """``branch`` is the member's own, in their words; empty: right here. ``skills`` are the rulebook's codes, ``free``
    slots of ``spare_time``. ``valid_until`` is the last day; set again while a renewal waits for approval.
    ``joined_on``: when they joined the Party, if they like to be congratulated on it.
    """

    person_id: int
    unit_id: int
    state: CheckinState
    branch: str
    skills: tuple[str, ...]
    free: tuple[str, ...]
    asked_at: datetime
    decided_at: datetime | None = None
    decided_by: int | None = None
    valid_until: date | None = None
    reminded_on: date | None = None
    appointment_id: int | None = None
    joined_on: date | None = None


@dataclass(frozen=True, slots=True)
class CheckinCase:
    """A check-in with what a decision about it needs.

    ``path``: where its unit stands, ``home_path``: where the person lives now, ``units``: where they may serve.
    ``appointments``: all they ever had as a member. ``works``: the tasks on which they hold a place; only for leaving.
    """

    person: Person
    checkin: Checkin | None = None
    path: str = ""
    home_path: str = ""
    units: frozenset[int] = frozenset()
    appointments: tuple[Appointment, ...] = ()
    works: tuple[Work, ...] = ()
    at_work: int = 0
    pairings: int = 0
    papers: int = 0
    new_id: int = 0
    new_appointment_id: int = 0

    @property
    def subject(self) -> Subject:
        """For the permission check: nobody decides on their own."""
        return Subject(path=self.path, owners=frozenset({self.person.id}))

    def serving(self, now: datetime) -> Appointment | None:
        """The appointment in force that the check-in gave or took over; None when it has ended, by whatever cause."""
        linked = self.checkin.appointment_id if self.checkin else None
        return next((one for one in self.appointments if one.id == linked and one.in_force(now)), None)


# --- actions ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskCheckIn(Action):
    """Check in, or answer what was asked back. Each speaks for themselves only."""

    permission: ClassVar[str] = Permission.CHECK_IN
    unit_id: int
    branch: str
    skills: tuple[str, ...] = ()
    free: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApproveCheckIn(Action):
    """Yes, to what was read in this ``version``."""

    permission: ClassVar[str] = Permission.APPROVE_CHECK_IN
    checkin_id: int
    version: int


@dataclass(frozen=True, slots=True)
class ReturnCheckIn(Action):
    """Something is missing: ``question`` goes to the person word for word."""

    permission: ClassVar[str] = Permission.APPROVE_CHECK_IN
    checkin_id: int
    version: int
    question: str


@dataclass(frozen=True, slots=True)
class WithdrawCheckIn(Action):
    """Take back what nobody has approved yet."""

    permission: ClassVar[str] = Permission.CHECK_IN


@dataclass(frozen=True, slots=True)
class ChangeCheckIn(Action):
    """Put one's own answers right; None leaves one as it is. Takes effect at once."""

    permission: ClassVar[str] = Permission.CHECK_IN
    branch: str | None = None
    skills: tuple[str, ...] | None = None
    free: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TellJoined(Action):
    """When one joined the Party, so as to be congratulated on that day; None takes it back.

    Source: docs/rules.md §9.
    """

    permission: ClassVar[str] = Permission.CHECK_IN
    joined_on: date | None


@dataclass(frozen=True, slots=True)
class RenewCheckIn(Action):
    """Go on for another term, with the same branch or another one."""

    permission: ClassVar[str] = Permission.CHECK_IN
    branch: str


@dataclass(frozen=True, slots=True)
class LeaveCheckIn(Action):
    """Serve here no longer."""

    permission: ClassVar[str] = Permission.CHECK_IN


@dataclass(frozen=True, slots=True)
class KeepConfirmation(Action):
    """The home branch's signed confirmation, as pictures or documents."""

    permission: ClassVar[str] = Permission.CHECK_IN
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class RemindCheckIn(Action):
    """The clock: the end is near."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    checkin_id: int


@dataclass(frozen=True, slots=True)
class LapseCheckIn(Action):
    """The clock: the last day is over."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    checkin_id: int


@dataclass(frozen=True, slots=True)
class GreetMember(Action):
    """The clock: today is their political birthday."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    checkin_id: int
