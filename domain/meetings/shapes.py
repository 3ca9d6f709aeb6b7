"""What meetings are made of: one that is planned, somebody's part in it, what was decided there, and what may be done.

Source: docs/rules.md §9 (三会一课, 主题党日).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.base import Action, Content, Entity, Role, Subject, Sweep
from domain.permissions import Permission

CARD = "meeting.card"
"""The card of who planned it: who is coming, who is there, what was decided."""
MINE = "meeting.mine"
"""The same meeting in the eyes of somebody who is invited."""
COPY = "meeting.copy"
MOVED = "meeting.moved"
CORRECTED = "meeting.corrected"
"""Its topic or its place is another, its time and what was answered stand."""
CANCELLED = "meeting.cancelled"
REMINDER = "meeting.reminder"
CLOSE = "meeting.close"
PASSING = (COPY, MOVED, CORRECTED, CANCELLED, REMINDER)
"""What goes to many at once: once it has left, nothing of it is kept in the outbox."""
FOLLOWS = "meeting.follows"
"""The list of what was decided there, of who planned it."""
GIVEN, DUE, LATE = "followup.given", "followup.due", "followup.late"
FINISHED = "followup.finished"
"""Something that was decided is done, in the eyes of who planned the meeting."""
EARNS = "meeting"
"""The kind of service that taking part in a meeting is, in points; also what such an earning comes from."""

MAX_TOPIC = 80
MAX_PLACE = 60
MAX_AGENDA = 600
MAX_REASON = 200
MAX_FOLLOWUP = 200
MOST_FOLLOWUPS = 30
MAX_AHEAD = timedelta(days=366)
MAX_BACK = timedelta(days=92)
"""A meeting that was held without being planned here may be put on record for so long."""
AMEND_DAYS = 31
"""So long after it was closed a list of the year before may still be put right; one of this year at any time."""
SECRET_BYTES = 16
CODE_GRACE = timedelta(minutes=5)
"""How long after the code was typed somebody may still share where they are."""


class MeetingKind(StrEnum):
    """支部党员大会, 支部委员会, 党小组会, 党课, 主题党日."""

    BRANCH = "branch"
    COMMITTEE = "committee"
    GROUP = "group"
    LECTURE = "lecture"
    THEME_DAY = "theme_day"


HELD_AT: Mapping[str, tuple[MeetingKind, ...]] = {
    "street": (MeetingKind.COMMITTEE, MeetingKind.LECTURE, MeetingKind.THEME_DAY),
    "community": (
        MeetingKind.BRANCH,
        MeetingKind.COMMITTEE,
        MeetingKind.LECTURE,
        MeetingKind.THEME_DAY,
    ),
    "grid": (MeetingKind.BRANCH, MeetingKind.COMMITTEE, MeetingKind.LECTURE, MeetingKind.THEME_DAY),
    "branch": (MeetingKind.BRANCH, MeetingKind.COMMITTEE, MeetingKind.LECTURE, MeetingKind.THEME_DAY),
    "building": (MeetingKind.GROUP, MeetingKind.THEME_DAY),
}
"""Which meetings a unit of each kind holds: a grid is a branch, a building a group of one.

Source: docs/rules.md §1, §9.
"""


def planners(kind: MeetingKind) -> frozenset[Role] | None:
    """Which roles plan such a meeting, None for all that may plan any: a leader plans the meeting of the group."""
    return None if kind is MeetingKind.GROUP else frozenset({Role.SECRETARY})


class MeetingState(StrEnum):
    """Planned, over and recorded, or called off."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


class Walking(StrEnum):
    """What the clock is doing with a meeting's people: writing them down, telling them what is new, reminding them,
    crediting who was there; or nothing."""

    FREEZING = "freezing"
    TELLING = "telling"
    REMINDING = "reminding"
    CREDITING = "crediting"
    RESTING = "resting"


class Answer(StrEnum):
    """What somebody has answered to an invitation."""

    NONE = "none"
    COMING = "coming"
    LEAVE = "leave"


class Presence(StrEnum):
    """How it is known whether somebody was there: by the code, by the hand of who keeps the list, or struck from it."""

    NONE = ""
    CODE = "code"
    HAND = "hand"
    STRUCK = "struck"


@dataclass(frozen=True, slots=True)
class Meeting(Entity):
    """A meeting of a unit. ``starts_at`` and how many ``minutes`` it takes; ``was_at`` and ``was_place``: when and where it was
    before it was moved.

    ``edition`` rises with each change that everybody is told of; ``asked``: the edition since which answers count.
    ``secret`` makes the codes. ``walking`` and ``reached``: what is being done with its people, and the last one done.
    ``reminded``: how many reminders are behind it; ``next_at``: when the clock has to look again.
    """

    author_id: int
    unit_id: int
    kind: MeetingKind
    state: MeetingState
    topic: str
    place: str
    starts_at: datetime
    minutes: int
    created_at: datetime
    secret: str = field(repr=False)
    agenda: str = ""
    edition: int = 1
    asked: int = 1
    was_at: datetime | None = None
    was_place: str = ""
    walking: Walking = Walking.FREEZING
    reached: int = 0
    reminded: int = 0
    next_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    closed_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is meant to be over."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Guest:
    """One person's part in a meeting. ``answer`` counts while the meeting asks for ``edition``; ``reason``: of somebody
    who takes leave."""

    meeting_id: int
    person_id: int
    answer: Answer = Answer.NONE
    edition: int = 0
    reason: str = ""
    checked_in_at: datetime | None = None
    presence: Presence = Presence.NONE

    def answer_to(self, meeting: Meeting) -> Answer:
        """The answer to the meeting as it is planned now."""
        return self.answer if self.edition == meeting.asked else Answer.NONE


@dataclass(frozen=True, slots=True)
class Followup(Entity):
    """Something that was decided: ``what`` its owner does until ``due_on``. ``told``: reminders behind it."""

    meeting_id: int
    owner_id: int
    author_id: int
    what: str
    due_on: date
    created_at: datetime
    done_at: datetime | None = None
    told: int = 0
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PutGuest(Sweep):
    """A person's part is as this from now on."""

    guest: Guest


@dataclass(frozen=True, slots=True)
class Earned:
    """What somebody has earned by having been there. ``amount``: hundredths that it comes to in the ledger now, 0 once it
    was taken back; None while it waits to be posted."""

    amount: int | None


@dataclass(frozen=True, slots=True)
class TurnEarning(Sweep):
    """What somebody has earned by a meeting is taken back, or is theirs again after it was: the opposite of what its
    newest posting says. One that waits to be posted is dropped."""

    meeting_id: int
    person_id: int
    rulebook: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NoteDuty(Sweep):
    """A unit has been told at ``stamp`` what it owes (``duties.stamp``)."""

    unit_id: int
    stamp: str


# --- what an action needs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewMeetingCase:
    """A new meeting's id and secret, and the unit that it is of. ``somebody``: at least one would be invited."""

    new_id: int
    secret: str = field(repr=False)
    path: str
    unit_kind: str
    kind: MeetingKind
    zone: str = ""
    somebody: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path, only=planners(self.kind))


@dataclass(frozen=True, slots=True)
class MeetingCase:
    """A meeting and where its unit stands. ``new_id``: of what is added to it; ``guest``: the part that it is about;
    ``followups``: how many there are. ``earned``: by who it is about, None for nothing; ``stopped``: nothing is posted,
    because the ledger does not add up."""

    meeting: Meeting
    path: str
    zone: str = ""
    new_id: int = 0
    guest: Guest | None = None
    followups: int = 0
    earned: Earned | None = None
    stopped: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path, only=planners(self.meeting.kind))


@dataclass(frozen=True, slots=True)
class GuestCase:
    """A meeting and the actor's own part in it."""

    meeting: Meeting
    guest: Guest

    @property
    def subject(self) -> Subject:
        """A part is its person's own."""
        return Subject(owners=frozenset({self.guest.person_id}))


@dataclass(frozen=True, slots=True)
class FollowupCase:
    """What was decided, in which meeting. ``own``: it is asked for as one's own, and not as who keeps the list."""

    followup: Followup
    meeting: Meeting
    path: str
    zone: str = ""
    own: bool = True

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        if self.own:
            return Subject(owners=frozenset({self.followup.owner_id}))
        return Subject(path=self.path, only=planners(self.meeting.kind))


@dataclass(frozen=True, slots=True)
class DutyCase:
    """A unit and when its meetings of the last and this period were or are, as (kind, when). ``since``: it has been there."""

    unit_id: int
    unit_kind: str
    planned: tuple[tuple[MeetingKind, datetime], ...] = ()
    told: str = ""
    since: date | None = None

    @property
    def subject(self) -> Subject:
        """The clock alone asks."""
        return Subject()


# --- actions: planning ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanMeeting(Action):
    """Plan a meeting of a unit; everybody who belongs there is invited. One that is over is put on record: its people are
    written down, to be ticked off by hand, and nobody is invited."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    unit_id: int
    kind: MeetingKind
    topic: str
    place: str
    starts_at: datetime
    agenda: str = ""


@dataclass(frozen=True, slots=True)
class MoveMeeting(Action):
    """To another time, and with ``place`` to another place; everybody is told and asked anew."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    starts_at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class CorrectMeeting(Action):
    """Its topic, its place or its agenda is written otherwise; None: as it was. The time and all answers stand."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    topic: str | None = None
    place: str | None = None
    agenda: str | None = None


@dataclass(frozen=True, slots=True)
class CancelMeeting(Action):
    """It will not take place; everybody who knows of it is told."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int


@dataclass(frozen=True, slots=True)
class PinPlace(Action):
    """Where on the map it is; who checks in may be asked to be near."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class TickGuest(Action):
    """Somebody was there (``here``), or was not whatever the code says."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    person_id: int
    here: bool


@dataclass(frozen=True, slots=True)
class CloseMeeting(Action):
    """It has taken place: the list of who was there is final, and who was there earns."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int


@dataclass(frozen=True, slots=True)
class AmendList(Action):
    """The list of a meeting that was closed is put right: somebody was there (``here``) or was not, and why it is changed."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    person_id: int
    here: bool
    reason: str


@dataclass(frozen=True, slots=True)
class KeepMinutes(Action):
    """Words and pictures of what was said there."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class AddFollowup(Action):
    """Something was decided: who does what by when."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    meeting_id: int
    what: str
    owner_id: int
    due_on: date


@dataclass(frozen=True, slots=True)
class SettleFollowup(Action):
    """Who keeps the list says that it is done."""

    permission: ClassVar[str] = Permission.PLAN_MEETING
    followup_id: int


# --- actions: taking part -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerMeeting(Action):
    """Coming, or not for a reason, as an answer to ``edition`` of the invitation."""

    permission: ClassVar[str] = Permission.ATTEND_MEETING
    meeting_id: int
    edition: int
    coming: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CheckInMeeting(Action):
    """I am here: ``code`` as it was seen on the spot at ``seen_at``, and where I am if that is asked."""

    permission: ClassVar[str] = Permission.ATTEND_MEETING
    meeting_id: int
    code: str
    seen_at: datetime
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class FinishFollowup(Action):
    """What I had to do is done."""

    permission: ClassVar[str] = Permission.ATTEND_MEETING
    followup_id: int


# --- actions: the clock ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LookAtMeeting(Action):
    """It is time to remind people, or who planned it, or to see who belongs there by now. ``joined``: there is somebody
    who does not know of it yet."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    meeting_id: int
    joined: bool = False


@dataclass(frozen=True, slots=True)
class LookAtFollowup(Action):
    """It is time to remind its owner."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    followup_id: int


@dataclass(frozen=True, slots=True)
class LookAtDuty(Action):
    """A period comes to its end, or has: is a meeting of the unit missing?"""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    unit_id: int
