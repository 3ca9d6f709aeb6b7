"""What staff look at when they look for people: the queries of the roster and the shapes of their answers.

Who is shown what is decided where the rows are read; a field that the reader may not see is empty here already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from domain.base import Query, Role
from domain.permissions import Permission
from domain.queries import Place

MOST_COUNTED = 200
"""Beyond this a list says "more than": nobody turns that many pages, and counting on would cost."""

Cursor = tuple[str, int]
"""Where a page of people goes on: after this name (of holders of a role: after this path), and id."""


@dataclass(frozen=True, slots=True)
class RoleAt:
    """A role somebody holds, and where. ``appointment_id`` 0: only to be read."""

    role: Role
    place: Place


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody in a list."""

    id: int
    name: str
    place: Place
    flat: str = ""
    roles: tuple[RoleAt, ...] = ()
    suspended: bool = False
    on_telegram: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search at and below ``place``. ``count`` is capped just above ``MOST_COUNTED``; ``goes_on`` says where
    the next page begins, None where there is none.

    ``wide``: so many units that a name is looked for by its beginning, and a number only when it is whole.
    """

    rows: tuple[FoundPerson, ...]
    place: Place
    goes_on: Cursor | None = None
    count: int = 0
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """An appointment on somebody's card. ``ends_on`` is its last day. What the reader may do with it is said here."""

    appointment_id: int
    role: Role
    place: Place
    starts_on: date
    ends_on: date | None = None
    coming: bool = False
    stands_in_for: str = ""
    may_end: bool = False
    may_name_deputy: bool = False
    deputy_id: int = 0
    deputy: str = ""


@dataclass(frozen=True, slots=True)
class PersonCard:
    """Somebody, as far as the reader may see them. ``may`` names what the reader may do, as the buttons are called.

    Flat and household are there for who answers for the home, the phone and the tags for leaders and secretaries.
    """

    id: int
    version: int
    name: str
    place: Place
    own: bool = False
    flat: str = ""
    phone: str = ""
    number: str = ""
    household: tuple[str, ...] = ()
    held: tuple[Held, ...] = ()
    skills: tuple[str, ...] = ()
    on_telegram: bool = True
    proxy: str = ""
    speaks_for: tuple[str, ...] = ()
    suspended: bool = False
    pairings: int = 0
    requests: int = 0
    tasks: int = 0
    checkin: str = ""
    checkin_on: date | None = None
    twins: int = 0
    may: frozenset[str] = frozenset()
    blocked: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """One thing in the hands of somebody who has left: a task that was begun, or a pairing."""

    kind: str
    id: int
    place: Place
    category: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """What somebody still has in hand, in the eyes of who is responsible there."""

    person_id: int
    name: str
    items: tuple[WorkLeft, ...] = ()


@dataclass(frozen=True, slots=True)
class Twins:
    """Two records that may be one human. ``keeps``: the first is the one that would stay."""

    first: FoundPerson
    second: FoundPerson
    since: tuple[datetime | None, datetime | None] = (None, None)


@dataclass(frozen=True, slots=True)
class AppointmentFacts:
    """An appointment by its names. ``ends_on`` is its last day; ``stands_in_for`` whose deputy it is."""

    id: int
    person_id: int
    name: str
    role: Role
    place: Place
    starts_on: date
    ends_on: date | None = None
    stands_in_for: str = ""
    may_end: bool = False


@dataclass(frozen=True, slots=True)
class SearchPeople(Query):
    """People at and below one of the reader's units, page by page: ``Found``.

    ``role`` one of ``domain.roster.ROLES``; ``tag`` finds somebody for leaders and secretaries only;
    ``words`` a part of a name, the end of a phone or roster number, or a flat.
    """

    permission: ClassVar[str] = Permission.SEE_PEOPLE
    bulk: ClassVar[bool] = True
    unit_id: int
    role: str = ""
    skill: str = ""
    tag: str = ""
    words: str = ""
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class UnitsBelow(Query):
    """As ``UnitChildren``, those without homes too."""

    permission: ClassVar[str] = Permission.SEE_PEOPLE
    unit_id: int | None = None
    after: int = 0


@dataclass(frozen=True, slots=True)
class ListSkills(Query):
    """The skills that anybody has: a tuple of codes."""

    permission: ClassVar[str] = Permission.SEE_PEOPLE


@dataclass(frozen=True, slots=True)
class LikeThem(Query):
    """People known already with this name in this flat, or with this phone: a tuple of ``PersonRow``."""

    permission: ClassVar[str] = Permission.ENTER_PERSON
    unit_id: int
    name: str
    flat: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class ListProxies(Query):
    """People with the bot in the same building by a part of their name: a tuple of ``PersonRow``."""

    permission: ClassVar[str] = Permission.ENTER_PERSON
    unit_id: int
    words: str


@dataclass(frozen=True, slots=True)
class TwinsOf(Query):
    """Records that may be the same human as this one, or those whose name holds ``words``: ``tuple[PersonRow, ...]``."""

    permission: ClassVar[str] = Permission.MERGE_PEOPLE
    person_id: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class SeeTwins(Query):
    """Both records side by side, the one that would stay first: ``Twins``."""

    permission: ClassVar[str] = Permission.MERGE_PEOPLE
    person_id: int
    other_id: int


@dataclass(frozen=True, slots=True)
class SeeAppointment(Query):
    """An appointment that the reader may end, or whose deputy is theirs to recall: ``AppointmentFacts``."""

    permission: ClassVar[str] = Permission.SEE_PEOPLE
    appointment_id: int


@dataclass(frozen=True, slots=True)
class ListDeputies(Query):
    """Who may stand in for one's own appointment, by a part of the name: at most twenty ``PersonRow``."""

    permission: ClassVar[str] = Permission.NAME_DEPUTY
    appointment_id: int
    words: str = ""
