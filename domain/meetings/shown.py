"""What is shown of meetings: to whoever is invited, and to whoever plans them. Whose eyes see what is decided where rows
are read. The secret of a meeting is in none of these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from domain.base import Query
from domain.meetings.duties import Owed
from domain.meetings.shapes import Answer, MeetingKind, MeetingState, Presence, Walking
from domain.permissions import Permission
from domain.queries import Page, Part, Place

MOST_COUNTED = 2000
GUEST_ROWS = 8
SHEET_ROWS = 1000
SHEET_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A meeting as anybody who has to do with it may know it."""

    id: int
    kind: MeetingKind
    state: MeetingState
    topic: str
    where: str
    starts_at: datetime
    minutes: int
    place: Place
    edition: int = 1
    agenda: str = ""
    was_at: datetime | None = None
    pinned: bool = False
    was_place: str = ""

    @property
    def ends_at(self) -> datetime:
        """When it is meant to be over."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class MeetingForGuest:
    """A meeting in the eyes of somebody who is invited. ``opens_at`` to ``closes_at``: when people check in.
    ``has_minutes``: there is something to read."""

    meeting: Shown
    answer: Answer
    reason: str
    opens_at: datetime
    closes_at: datetime
    checked_in_at: datetime | None = None
    presence: Presence = Presence.NONE
    has_minutes: bool = False


@dataclass(frozen=True, slots=True)
class GuestCounts:
    """How many are invited, and what has become of them. Who is ``here`` is ``coming`` as well, whatever they answered."""

    total: int = 0
    coming: int = 0
    leave: int = 0
    here: int = 0

    @property
    def silent(self) -> int:
        """Who has not answered."""
        return self.total - self.coming - self.leave


@dataclass(frozen=True, slots=True)
class MeetingCard:
    """A meeting in the eyes of who may plan it. ``parts`` of minutes; ``open_followups`` of all that was decided;
    ``amends``: it is closed, and its list can be put right."""

    meeting: Shown
    author: str
    counts: GuestCounts
    walking: Walking
    opens_at: datetime
    closes_at: datetime
    parts: int = 0
    followups: int = 0
    open_followups: int = 0
    amends: bool = False

    def correctable(self, now: datetime) -> bool:
        """Whether its words may still be written otherwise."""
        meeting = self.meeting
        return meeting.state is MeetingState.PLANNED and now < meeting.ends_at


@dataclass(frozen=True, slots=True)
class MyMeeting:
    """A line of one's own list."""

    id: int
    kind: MeetingKind
    state: MeetingState
    topic: str
    starts_at: datetime
    answer: Answer
    here: bool


@dataclass(frozen=True, slots=True)
class OwnFollowup:
    """What the reader has to do."""

    id: int
    what: str
    due_on: date


@dataclass(frozen=True, slots=True)
class MyMeetings:
    """One's own: those to come or (``past``) this year's, with how often one was there, of how many, and on leave."""

    page: Page[MyMeeting]
    past: bool
    year: int
    held: int = 0
    here: int = 0
    leave: int = 0
    followups: tuple[OwnFollowup, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A meeting in the list of who plans them."""

    id: int
    kind: MeetingKind
    state: MeetingState
    topic: str
    starts_at: datetime
    place: Place
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class GuestLine:
    """One of a meeting's people. ``reachable``: the bot can write to them."""

    person_id: int
    name: str
    answer: Answer
    reason: str
    checked_in_at: datetime | None
    presence: Presence
    reachable: bool


@dataclass(frozen=True, slots=True)
class GuestPage:
    """Some of a meeting's people, those who are ``here`` or those who are not, in the order of their numbers.
    ``after``: where they begin, ``next_after``: where the next ones do. ``open``: the list may be changed; ``amends``: with
    a reason, after it was closed. ``to_come``: nobody may check in yet."""

    meeting_id: int
    topic: str
    here: bool
    open: bool
    rows: tuple[GuestLine, ...]
    next_after: int | None = None
    unit_id: int = 0
    after: int = 0
    amends: bool = False
    to_come: bool = False


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is shown on the spot. ``seconds``: how long it is shown for."""

    meeting_id: int
    topic: str
    code: str
    seconds: int
    counts: GuestCounts


@dataclass(frozen=True, slots=True)
class CheckInFacts:
    """A code that is right. ``asks_place``: where one is has to be shown as well."""

    meeting_id: int
    asks_place: bool


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What a meeting would be: of which unit, and how many would be invited, counted no further than
    ``MOST_COUNTED``."""

    unit_id: int
    place: Place
    unit_kind: str
    count: int


@dataclass(frozen=True, slots=True)
class MinutesFacts:
    """What was kept of a meeting, in the order in which it came."""

    meeting: Shown
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class FollowupLine:
    """Something that was decided."""

    id: int
    what: str
    owner: str
    due_on: date
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class FollowupPage:
    """What a meeting decided."""

    meeting_id: int
    topic: str
    page: Page[FollowupLine]
    may_add: bool


@dataclass(frozen=True, slots=True)
class FollowupFacts:
    """One of them, as a message. ``own``: the reader is who does it."""

    line: FollowupLine
    meeting_id: int
    topic: str
    place: Place
    own: bool


@dataclass(frozen=True, slots=True)
class DutyFacts:
    """What a unit owes. ``owed`` of the periods under way, or of those that a message is about."""

    unit_id: int
    place: Place
    unit_kind: str
    year: int
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class YearDuties:
    """The same of a whole year, period by period."""

    facts: DutyFacts
    today: date


@dataclass(frozen=True, slots=True)
class HeldMeeting:
    """A meeting that was held: a column of the year's sheet."""

    id: int
    kind: MeetingKind
    topic: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Attendance:
    """A row of it. ``marks``: by meeting, whether they were there (True), took leave (None) or were absent (False).
    ``group_of`` and ``group_here``: meetings below the unit that they were invited to, and were at."""

    person_id: int
    name: str
    marks: tuple[tuple[int, bool | None], ...]
    group_of: int = 0
    group_here: int = 0


@dataclass(frozen=True, slots=True)
class AttendancePage:
    """Some of the year's people, in the order of their numbers."""

    unit_id: int
    place: Place
    year: int
    meetings: tuple[HeldMeeting, ...]
    rows: tuple[Attendance, ...]
    next_after: int | None = None


# --- queries --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListMyMeetings(Query):
    """The reader's own: ``MyMeetings``."""

    permission: ClassVar[str] = Permission.ATTEND_MEETING
    page: int = 1
    past: bool = False


@dataclass(frozen=True, slots=True)
class SeeCheckIn(Query):
    """Whether the reader may check in to a meeting, with ``code`` or ("") at all: ``CheckInFacts``. Raises Refused with
    the reason."""

    permission: ClassVar[str] = Permission.ATTEND_MEETING
    meeting_id: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class SeeMinutes(Query):
    """The minutes, for who was invited or may plan it: ``MinutesFacts``."""

    permission: ClassVar[str] = Permission.ATTEND_MEETING
    meeting_id: int


@dataclass(frozen=True, slots=True)
class ListMeetings(Query):
    """Meetings of units that the reader answers for, the latest first: ``Page[PlannedLine]``."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeePlan(Query):
    """What a meeting of a kind would be at a unit: ``PlanFacts``. Refuses a unit that does not hold such ones."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    unit_id: int
    meeting_kind: MeetingKind


@dataclass(frozen=True, slots=True)
class SeeGuests(Query):
    """A meeting's people, those who have checked in (``here``) or those who have not: ``GuestPage``."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    bulk: ClassVar[bool] = True
    meeting_id: int
    after: int = 0
    here: bool = False


@dataclass(frozen=True, slots=True)
class FindOwners(Query):
    """Who may be given something to do after a meeting: ``Page[PersonRow]``."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeeCode(Query):
    """The code of this moment: ``CodeFacts``. Refuses while nobody may check in."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int


@dataclass(frozen=True, slots=True)
class SeeFollowups(Query):
    """What a meeting decided: ``FollowupPage``."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeeDuties(Query):
    """What a unit owes this year: ``YearDuties``."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    unit_id: int


@dataclass(frozen=True, slots=True)
class SeeAttendance(Query):
    """The year's sheet of a unit: ``AttendancePage``. ``year`` 0: the present one."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    bulk: ClassVar[bool] = True
    unit_id: int
    year: int = 0
    after: int = 0
