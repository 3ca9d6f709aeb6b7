"""What people are shown of a check-in, and the queries that ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from domain.base import Query
from domain.checkins.shapes import CheckinState
from domain.permissions import Permission
from domain.queries import Contact, Place


@dataclass(frozen=True, slots=True)
class CheckinFacts:
    """A check-in in the eyes of the member, or of who approves it (then with ``contact`` and ``home``).

    ``serving``: a membership stands on it now, since ``since``. ``question`` is what was asked back last. ``papers``:
    how many confirmations of their branch the member has handed in. ``community`` is what the unit belongs to.
    """

    id: int
    version: int
    person_id: int
    state: CheckinState
    name: str
    place: Place
    community: Place
    branch: str
    asked_at: datetime
    unit_id: int = 0
    home: Place = field(default_factory=Place)
    contact: Contact = field(default_factory=Contact)
    skills: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    serving: bool = False
    since: datetime | None = None
    valid_until: date | None = None
    decided_by: str = ""
    question: str = ""
    papers: int = 0
    may_renew: bool = False
    joined_on: date | None = None


@dataclass(frozen=True, slots=True)
class SeeOwnCheckin(Query):
    """The reader's newest check-in, whatever became of it: ``CheckinFacts``, or None when there never was one."""

    permission: ClassVar[str] = Permission.CHECK_IN


@dataclass(frozen=True, slots=True)
class PlacesToServe(Query):
    """Where the reader may check in, their own building first: ``UnitLevel`` without ``above``."""

    permission: ClassVar[str] = Permission.CHECK_IN


@dataclass(frozen=True, slots=True)
class CheckinPapers(Query):
    """The confirmations handed in, for the member and for who approves: a tuple of ``Part``, oldest first."""

    permission: ClassVar[str] = Permission.ARRIVE
    checkin_id: int
