"""Digests: what became of a building for who lives there, and what waits for who serves; who gets one, and when.

Which period is due at a moment is answered here, purely; that each is sent once is seen to by ``storage/digests.py``.
A digest says what is true when it leaves, so nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from domain.base import NOT_FOUND, Action, Actor, Decision, Event, Query, Refused, Role, Subject, Sweep
from domain.clocks import is_quiet
from domain.notices.shown import NoticeLine
from domain.permissions import Permission
from domain.queries import Place
from domain.rulebook import Rulebook

STAFF_ROLES = (Role.LEADER, Role.SECRETARY)
"""Who gets the digest of what waits, unless they have turned it off."""
OPEN_DAYS = 14
"""Days for which an unread notice is called to mind."""
MOST_NOTICES = 5


class Digest(StrEnum):
    """Of the building one lives in (home), or of what waits where one serves (desk)."""

    HOME = "home"
    DESK = "desk"


class Rhythm(StrEnum):
    """How often."""

    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


SPANS = {Rhythm.DAILY: timedelta(days=1), Rhythm.WEEKLY: timedelta(days=7)}
"""How far back the first digest looks; each later one goes on where the last one ended."""
WALKS = (
    (Digest.DESK, Rhythm.DAILY),
    (Digest.HOME, Rhythm.DAILY),
    (Digest.HOME, Rhythm.WEEKLY),
)
"""What is sent, each with a period of its own."""


def kind_of(digest: Digest) -> str:
    """The kind of its message."""
    return f"digest.{digest}"


KINDS = tuple(kind_of(digest) for digest in Digest)


# --- when -------------------------------------------------------------------------------------------------------------


def begun(rhythm: Rhythm, *, now: datetime, zone: ZoneInfo, rules: Rulebook) -> date:
    """The day of the newest period that has begun by the clock of ``zone``.

    A time of day that the clocks skip is the one they skip to; of one that comes twice, the first counts.
    """
    day = now.astimezone(zone).date()
    if datetime.combine(day, rules.digests.at, zone) > now:
        day -= timedelta(days=1)
    if rhythm is Rhythm.WEEKLY:
        day -= timedelta(days=(day.isoweekday() - rules.digests.weekday) % 7)
    return day


def due(rhythm: Rhythm, *, now: datetime, zone: ZoneInfo, rules: Rulebook) -> date | None:
    """The day of the period to be sent at ``now``, or None: in the quiet hours, and once the day of a daily one is over.

    Only the newest is ever sent; what was missed before it is not sent late.
    """
    local = now.astimezone(zone)
    quiet = rules.notices
    if is_quiet(local.time(), quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to):
        return None
    day = begun(rhythm, now=now, zone=zone, rules=rules)
    if rhythm is Rhythm.DAILY and day != local.date():
        return None
    return day


# --- what is shown ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """What a person has chosen. ``desk`` is None for who serves nowhere."""

    home: Rhythm
    desk: Rhythm | None = None


@dataclass(frozen=True, slots=True)
class CategoryNews:
    """Requests of one category in a building: raised and solved since the last digest, and at work now."""

    category: str
    raised: int
    in_work: int
    solved: int


@dataclass(frozen=True, slots=True)
class HomeDigest:
    """What became of the reader's building, and the newest notices they have not read. Nothing of any person."""

    place: Place
    since: datetime
    news: tuple[CategoryNews, ...] = ()
    notices: tuple[NoticeLine, ...] = ()


SECOND = "second"
"""Notices that need a second person's yes: they are opened from the notices, and not from the desk."""
ANSWERS, CALLS = "answers", "calls"
"""What stands beside the desk's own list: people who wait for a word back, and people whom a notice did not reach."""


OVERDUE = "overdue"
"""What waits for nothing but that somebody sees to it: all of it is past its time."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of one kind of thing wait for the reader; ``late`` of them are past their time."""

    kind: str
    count: int
    late: int = 0


@dataclass(frozen=True, slots=True)
class DeskDigest:
    """What waits for the reader, in the order of the desk."""

    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class SeeDigests(Query):
    """What the reader has chosen: ``DigestSettings``."""

    permission: ClassVar[str] = Permission.KEEP_OWN_SETTINGS


# --- choosing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChooseDigest(Action):
    """Get this digest in this rhythm from its next period on, or never."""

    permission: ClassVar[str] = Permission.KEEP_OWN_SETTINGS
    digest: Digest
    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class DigestCase:
    """Somebody and what they have chosen so far. ``zone``: where they live or serve; "" is the community's."""

    person_id: int
    rhythm: Rhythm
    has_home: bool = False
    serves: bool = False
    zone: str = ""

    @property
    def subject(self) -> Subject:
        """What one gets to read is one's own."""
        return Subject(owners=frozenset({self.person_id}))


@dataclass(frozen=True, slots=True)
class PutRhythm(Sweep):
    """What somebody has chosen. ``last_on``: the period that has begun already and is not theirs any more."""

    digest: Digest
    person_id: int
    rhythm: Rhythm
    last_on: date


def choose(
    case: DigestCase, action: ChooseDigest, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The same once more changes nothing."""
    digest, rhythm = action.digest, action.rhythm
    if digest is Digest.DESK and (not case.serves or rhythm is Rhythm.WEEKLY):
        raise Refused(NOT_FOUND)
    if digest is Digest.HOME and rhythm is not Rhythm.NEVER and not case.has_home:
        raise Refused("digest.no_home")
    if rhythm is case.rhythm:
        return Decision()
    counted = Rhythm.DAILY if rhythm is Rhythm.NEVER else rhythm
    last_on = begun(counted, now=now, zone=ZoneInfo(case.zone or rules.time_zone), rules=rules)
    return Decision(
        sweeps=(PutRhythm(digest, case.person_id, rhythm, last_on),),
        events=(
            Event(
                "person.digest_chosen",
                "person",
                case.person_id,
                {"digest": digest.value, "rhythm": rhythm.value},
            ),
        ),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {ChooseDigest: choose}
