"""What notices are made of: their states, rows, actions and what follows in many rows. Source: docs/rules.md §7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from domain.addressees import Addressees
from domain.base import (
    Action,
    Entity,
    Subject,
    Sweep,
)
from domain.permissions import Permission
from domain.rulebook import OTHER_KIND

CARD = "notice.card"
"""The sender's own card: what is being composed, then how it fares."""
COPY = "notice.copy"
"""What a recipient gets."""
GONE = "notice.gone"
"""Takes a recipient's copy away."""
REMINDER = "notice.reminder"
AGAIN = "notice.again"
"""Asks whoever has it to look again: it was corrected."""
REMINDED = "notice.reminded"
"""What a message of either kind is once its reader has read the notice."""
FOLLOWING_UP = (REMINDER, AGAIN)
"""Further messages about a notice that somebody has: they quote it, so they are corrected and taken back with it."""
GROUP = "notice.group"
"""What stands in a group."""
OF_NOTICES = (COPY, GONE, *FOLLOWING_UP, REMINDED)
"""What recipients get."""

LANGUAGES = ("zh", "en")
MAX_TEXT = 3500
"""Characters of a notice in one language, as they are read. The rest of Telegram's 4,096 is for who sent it, and when."""
MAX_CAPTION = 900
"""The same under a picture or a file, of Telegram's 1,024."""
MAX_MEDIA = 10
MAX_AHEAD = timedelta(days=366)
OPTIONS = ("urgent", "wants_read", "remind", "answerable", "link_preview", "to_people", "to_groups")
REPEATS = ("", "weekly", "monthly")


class NoticeState(StrEnum):
    """Being composed (draft), waiting for a second yes (asked) or for its time (planned), its recipients being written
    down (freezing), leaving (sending), held (paused), all gone out (sent), stopped half-way (cancelled), taken back
    (withdrawn), or given up before anything left (dropped)."""

    DRAFT = "draft"
    ASKED = "asked"
    PLANNED = "planned"
    FREEZING = "freezing"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"


BEFORE = (NoticeState.DRAFT, NoticeState.ASKED, NoticeState.PLANNED)
"""Nothing of it has left: it may be changed."""
ON_ITS_WAY = (NoticeState.FREEZING, NoticeState.SENDING, NoticeState.PAUSED)
OUT = (NoticeState.SENDING, NoticeState.PAUSED, NoticeState.SENT, NoticeState.CANCELLED)
"""Some have it."""
STANDING = (NoticeState.SENDING, NoticeState.SENT)
"""Nobody has held, stopped or taken it back: who arrives while it is valid finds it too."""


class Errand(StrEnum):
    """Why recipients are walked through: to send, correct, take back, remind, or ask to look again."""

    SEND = "send"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    REMIND = "remind"
    AGAIN = "again"


def addressees_of(stored: Mapping[str, Any]) -> Addressees:
    """An audience as a notice's row has it."""
    fields: dict[str, Any] = {
        name: value if isinstance(value, str) else tuple(value) for name, value in stored.items()
    }
    return Addressees(**fields)


@dataclass(frozen=True, slots=True)
class PublicNotice(Entity):
    """A notice. ``unit_id``: in whose name. ``texts``: Telegram HTML by language. ``media``: what stays with Telegram,
    as (kind, file id). ``addressees``: the fields of ``Addressees``. ``expected``: how many it was confirmed for.

    ``remind``: those who have not read it are reminded once by themselves, at ``nudged_at``; ``reminded_at`` is the last
    time, by itself or by hand. ``repeat``: of ``REPEATS``; ``repeat_day`` is the
    day of the month that is meant, also in months that are too short for it.

    ``kind``: what it is about, by the rulebook's codes. ``valid_days``: how long it is valid from the day on which it
    begins to leave, 0 for without an end. ``valid_until``: the midnight after its last day, once that is known; a day that
    was chosen is known before.
    ``corrected_at``: when its words were last changed after it began to leave; ``uncorrected``: the language in which they
    still stand as before, "" for none; ``again_at``: when everybody was asked to look again.
    ``frozen_to`` is the last person looked at while recipients are written down.
    """

    author_id: int
    unit_id: int
    state: NoticeState
    created_at: datetime
    texts: Mapping[str, str] = field(default_factory=dict)
    media: tuple[tuple[str, str], ...] = ()
    addressees: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False
    wants_read: bool = True
    answerable: bool = False
    link_preview: bool = False
    to_people: bool = True
    to_groups: bool = False
    send_at: datetime | None = None
    expected: int = 0
    confirmed_by: int | None = None
    seconded_by: int | None = None
    begun_at: datetime | None = None
    finished_at: datetime | None = None
    frozen_to: int = 0
    reminded_at: datetime | None = None
    remind: bool = False
    repeat: str = ""
    repeat_day: int = 0
    kind: str = OTHER_KIND
    valid_days: int = 0
    valid_until: datetime | None = None
    nudged_at: datetime | None = None
    corrected_at: datetime | None = None
    uncorrected: str = ""
    again_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Whether its last day is not over."""
        return self.valid_until is None or now < self.valid_until

    @property
    def whom(self) -> Addressees:
        """Whom it is for."""
        return addressees_of(self.addressees)


@dataclass(frozen=True, slots=True)
class Mailing(Entity):
    """One walk through a notice's recipients. ``reached``: the last person walked past. ``held``: not going on."""

    notice_id: int
    errand: Errand
    created_at: datetime
    reached: int = 0
    held: bool = False
    finished_at: datetime | None = None


# --- what follows in many rows, or in rows that are no entities -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MarkRead(Sweep):
    """A recipient has read it; the first moment counts."""

    notice_id: int
    person_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class MarkCalled(Sweep):
    """Somebody whom the bot could not reach has been told by a person."""

    notice_id: int
    person_id: int
    by: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TakeBack(Sweep):
    """What has been handed to delivery and has not left does not leave. ``again``: it will, when the walk goes on."""

    notice_id: int
    again: bool


# --- what an action needs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeginCase:
    """A new notice's id, and the unit in whose name it will be."""

    new_id: int
    path: str

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class NoticeCase:
    """A notice, the path of its unit, those of the units it is for and of those left out, by id.

    ``count``: whom it would reach, counted no further than just above what needs a second yes; ``groups`` likewise.
    ``mailings``: those that are not finished. ``new_mailing`` and ``new_notice``: the ids of the next. ``zone``: of the unit.
    """

    notice: PublicNotice
    path: str
    paths: Mapping[int, str] = field(default_factory=dict)
    new_notice: int = 0
    zone: str = ""
    count: int = 0
    groups: int = 0
    top: bool = False
    mailings: tuple[Mailing, ...] = ()
    new_mailing: int = 0
    author_may: bool = True

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class CopyCase:
    """One recipient's copy of a notice. ``read_at``: when they pressed. ``person_id`` is 0 for who never got one."""

    notice: PublicNotice
    person_id: int
    read_at: datetime | None = None

    @property
    def subject(self) -> Subject:
        """A copy is its recipient's own."""
        return Subject(owners=frozenset({self.person_id}))


@dataclass(frozen=True, slots=True)
class CallCase:
    """Somebody whom a notice did not reach, and the path of where they lived. ``author_id``: who sent it. ``called``: they
    were told already."""

    notice_id: int
    person_id: int
    path: str
    author_id: int = 0
    called: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check: who leads the place calls."""
        return Subject(path=self.path)


# --- actions: composing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeginNotice(Action):
    """Compose a notice in the name of a unit, for everybody there. ``html``: escaped already, with Telegram's tags;
    ``length``: how many characters of it are read."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    unit_id: int
    language: str
    html: str
    length: int
    media: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PutText(Action):
    """Say it so in one language; with no ``html``, not at all in this one. After it has gone out, all copies follow."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    language: str
    html: str
    length: int


@dataclass(frozen=True, slots=True)
class PutMedia(Action):
    """These pictures or this file go with it, in place of any before."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    media: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Switch(Action):
    """Turn one of ``OPTIONS`` to the other side."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    option: str


@dataclass(frozen=True, slots=True)
class Address(Action):
    """Be for these people."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    addressees: Addressees


@dataclass(frozen=True, slots=True)
class SetTime(Action):
    """Leave at a time, once or again each week or month; None: as soon as it is confirmed."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    at: datetime | None
    repeat: str = ""


@dataclass(frozen=True, slots=True)
class CopyNotice(Action):
    """A new draft with everything of an earlier one."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


# --- actions: sending -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConfirmNotice(Action):
    """Send what was previewed as ``version``. Many recipients, or the whole community, need a second person's yes."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    version: int


@dataclass(frozen=True, slots=True)
class StartNotice(Action):
    """The clock's: a planned notice's time has come."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    notice_id: int


@dataclass(frozen=True, slots=True)
class HoldNotice(Action):
    """Nothing further leaves, until it goes on."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class GoOnNotice(Action):
    """Go on with one that is held."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class StopNotice(Action):
    """Before anything left, drop it; half-way, reach nobody further."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class WithdrawNotice(Action):
    """Take every copy back."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class RemindNotice(Action):
    """Remind those who have it and have not pressed "read"."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


# --- actions: recipients --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadNotice(Action):
    """I have read it. Counts once."""

    permission: ClassVar[str] = Permission.READ_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class TickOffCall(Action):
    """I have told them myself."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    person_id: int
