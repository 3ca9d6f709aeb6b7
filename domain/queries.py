"""What people may look at: the queries, and the shapes of what they are shown.

Knows names and types only. Who is shown what is decided where the rows are read (``storage/facts``), by the same
permission table that guards every change; how it reads is ``views``'. Times are aware UTC instants, days are dates,
points are hundredths. A field that the reader may not see is empty here already: views hide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Generic, TypeVar

from domain.base import Purpose, Query, Role, Scalar
from domain.pairings import VisitState
from domain.permissions import Permission
from domain.requests import RequestState
from domain.tasks import ClaimState, TaskState

PAGE_ROWS = 6

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list. ``page`` counts from 1 and is the nearest that exists; ``pages`` is at least 1."""

    rows: tuple[Row, ...]
    page: int = 1
    pages: int = 1
    total: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A unit's name in both languages; ``en`` is empty where nobody has given one."""

    zh: str = ""
    en: str = ""


def words_in(texts: Mapping[str, str], language: str) -> str:
    """What is read in a language, of words kept by language; where there are none, in the other one."""
    return texts.get(language) or next(iter(texts.values()), "")


# --- what cards show ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """What was said about a thing: the words, and how many pictures, voices, files or places came with them."""

    text: str = ""
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """Name, flat and phone of whom the work is for: filled only for a reader who may have them now."""

    name: str = ""
    flat: str = ""
    phone: str = ""
    name_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody at work on it. ``neighbour``: lives in, or serves, the very unit the request comes from."""

    name: str
    state: ClaimState
    neighbour: bool = False


TOLD_STEPS = (
    "request.raised",
    "request.corrected",
    "request.accepted",
    "request.declined",
    "request.added",
    "request.withdrawn",
    "request.done",
    "request.confirmed",
    "request.returned",
    "request.asked",
    "request.answered",
    "request.closed_silent",
    "request.closed_no_answer",
    "request.verified",
    "task.claimed",
    "task.started",
    "task.released",
    "task.expired",
    "task.reported",
)
"""The events of the audit trail that a request's own card tells as its steps."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a request: ``event`` as in the audit trail, ``who`` the helper's or handler's name if there is one."""

    at: datetime
    event: str
    who: str = ""
    stars: int | None = None


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """A request in the eyes of who asked, or asked for somebody (``for_name``).

    ``closes_at``: when it closes unless they say something. ``question``: what they were asked last.
    """

    id: int
    version: int
    category: str
    urgency: str
    state: RequestState
    private: bool
    name_hidden: bool
    raised_at: datetime
    answer_due_at: datetime
    place: Place
    words: Words = Words()
    added: Words = Words()
    for_name: str = ""
    closed_at: datetime | None = None
    stars: int | None = None
    redo: int = 0
    reason: str = ""
    report: Words = Words()
    helpers: tuple[Helper, ...] = ()
    steps: tuple[Step, ...] = ()
    may_confirm: bool = False
    solve_due_at: datetime | None = None
    closes_at: datetime | None = None
    question: str = ""


@dataclass(frozen=True, slots=True)
class DeskFacts:
    """A request in the eyes of staff who may triage it."""

    id: int
    version: int
    category: str
    urgency: str
    state: RequestState
    private: bool
    sensitive: bool
    raised_at: datetime
    answer_due_at: datetime
    place: Place
    contact: Contact
    words: Words = Words()
    added: Words = Words()
    proxy: str = ""
    handler: str = ""
    helpers: tuple[Helper, ...] = ()
    stars: int | None = None
    redo: int = 0
    reason: str = ""
    may_decline: bool = False
    task_id: int | None = None
    solve_due_at: datetime | None = None
    question: str = ""
    may_verify: bool = False
    agreed_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task in the eyes of a helper: in the pool, or holding a place (``mine``).

    ``kind`` is "request" or "visit". ``contact``, ``words`` of what is private, ``need`` and ``notes`` are there only
    while the reader is at work on it. ``reason`` is why it came back. ``skill``: the one it asks for.
    """

    id: int
    version: int
    kind: str
    category: str
    urgency: str
    state: TaskState
    places: int
    taken: int
    place: Place
    private: bool
    offered_at: datetime
    request_id: int | None = None
    visit_id: int | None = None
    words: Words = Words()
    mine: ClaimState | None = None
    minutes: int | None = None
    contact: Contact = Contact()
    due_on: date | None = None
    need: str = ""
    notes: str = ""
    reason: str = ""
    may_claim: bool = False
    can_write: bool = False
    skill: str = ""


@dataclass(frozen=True, slots=True)
class GroupTaskFacts:
    """A task as a group sees it: nothing of any person, no words."""

    id: int
    version: int
    category: str
    urgency: str
    state: TaskState
    places: int
    taken: int
    place: Place


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """A visit that was made, in the eyes of the household (``resident`` empty) or of a leader."""

    id: int
    task_id: int
    state: VisitState
    due_on: date
    helper: str
    place: Place
    done_at: datetime | None = None
    minutes: int = 0
    wellbeing: int | None = None
    report: Words = Words()
    resident: str = ""
    flat: str = ""
    stars: int | None = None
    may_rate: bool = False


@dataclass(frozen=True, slots=True)
class PairingFacts:
    """A pairing in the eyes of its member (all) or its resident (``resident``, ``flat`` and ``notes`` empty)."""

    id: int
    member: str
    need: str
    cadence_days: int
    next_due_on: date
    place: Place
    resident: str = ""
    flat: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """Somebody in danger, in the eyes of who was rung."""

    id: int
    place: Place
    contact: Contact
    words: str
    raised_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class RequestNews:
    """What a short word about a request needs: which one it is, and what was said."""

    id: int
    category: str
    state: RequestState
    words: Words = Words()
    added: Words = Words()
    reason: str = ""
    redo: int = 0
    answer_due_at: datetime | None = None
    helpers: tuple[Helper, ...] = ()
    urgency: str = ""
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of content, to be shown again. ``mine``: the reader sent it."""

    kind: str
    text: str = ""
    file_id: str = ""
    album: str = ""
    latitude: float | None = None
    longitude: float | None = None
    purpose: Purpose = Purpose.DESCRIPTION
    at: datetime | None = None
    mine: bool = False


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """What a letter is about. Its words travel with the notice."""

    request_id: int
    category: str


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A unit by name."""

    id: int
    place: Place


@dataclass(frozen=True, slots=True)
class Card:
    """A card as the reader may see it now: what ``views.render(kind, params, facts, …)`` takes."""

    kind: str
    subject_id: int
    facts: object
    params: Mapping[str, Scalar]


# --- rows of lists --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One of the reader's own requests."""

    id: int
    category: str
    state: RequestState
    raised_at: datetime
    text: str = ""
    for_name: str = ""


@dataclass(frozen=True, slots=True)
class DeskRow:
    """Something that waits for staff; ``due_at`` only for requests. ``kind``: alarm, request (to be answered), overdue,
    unclaimed, silent (to be verified), visit or checkin."""

    kind: str
    subject_id: int
    at: datetime
    place: Place
    category: str = ""
    urgency: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in a list; ``mine`` is the state of the reader's claim."""

    id: int
    kind: str
    category: str
    urgency: str
    place: Place
    places: int
    taken: int
    offered_at: datetime
    text: str = ""
    mine: ClaimState | None = None


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pairing in a list: the reader's own (``mine``), or one of the units they lead."""

    id: int
    resident: str
    member: str
    place: Place
    flat: str
    need: str
    cadence_days: int
    next_due_on: date
    mine: bool
    last_done_at: datetime | None = None
    last_wellbeing: int | None = None
    task_id: int | None = None


@dataclass(frozen=True, slots=True)
class PointRow:
    """What was earned: ``amount`` hundredths for ``minutes`` of ``kind``; ``factor`` percent by the stars given. ``cut``: what
    the cap ``cap`` has cut off. What nobody earned has the source of its posting as its ``kind``."""

    at: datetime
    kind: str
    minutes: int
    factor: int
    amount: int
    request_id: int | None = None
    cut: int = 0
    cap: str = ""


@dataclass(frozen=True, slots=True)
class PointsFacts:
    """Both numbers in hundredths, the newest postings, and what is confirmed but not posted yet. ``stopped``: nothing is
    posted until somebody has looked into the ledger."""

    honour: int
    spendable: int
    entries: tuple[PointRow, ...] = ()
    waiting: tuple[PointRow, ...] = ()
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Appointed:
    """A role that the reader holds, and where."""

    role: Role
    place: Place


@dataclass(frozen=True, slots=True)
class RightsFacts:
    """What the reader may do comes from these appointments, highest place first."""

    held: tuple[Appointed, ...] = ()
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit to choose. ``kind``: street, community, grid, building or branch."""

    id: int
    kind: str
    place: Place
    has_children: bool = False
    has_homes: bool = True


@dataclass(frozen=True, slots=True)
class UnitLevel:
    """Units under ``above`` (None: the top); ``parent_id`` is one level up from ``above``, 0 for the top.

    ``is_later``: others come before them. ``goes_on``: others come after them, which are asked for ``after`` this id.
    """

    rows: tuple[UnitRow, ...]
    above: UnitRow | None = None
    parent_id: int = 0
    is_later: bool = False
    goes_on: int | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person to choose."""

    id: int
    name: str
    place: Place
    flat: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that was sent about a request, oldest first."""

    request_id: int
    parts: tuple[Part, ...]


# --- the queries: each says what it gives; all raise Refused(NOT_FOUND) for what the reader may not see -------------


@dataclass(frozen=True, slots=True)
class ListMine(Query):
    """Own requests and those asked for others, newest first: ``Page[RequestRow]``."""

    permission: ClassVar[str] = Permission.RAISE_REQUEST
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeeRequest(Query):
    """A request as the reader's part in it allows: ``Card`` of kind request.card, task.card or desk.card."""

    permission: ClassVar[str] = Permission.ARRIVE
    request_id: int


@dataclass(frozen=True, slots=True)
class SeeCard(Query):
    """Any card: ``Card``."""

    permission: ClassVar[str] = Permission.ARRIVE
    kind: str
    subject_id: int


@dataclass(frozen=True, slots=True)
class RequestContents(Query):
    """Words, pictures and voices of a request: ``Contents``."""

    permission: ClassVar[str] = Permission.ARRIVE
    request_id: int


@dataclass(frozen=True, slots=True)
class ListDesk(Query):
    """What waits for the reader as staff, alarms first, then by age: ``Page[DeskRow]``."""

    permission: ClassVar[str] = Permission.SEE_DESK
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListTasks(Query):
    """Open tasks with a free place that the reader could take: ``Page[TaskRow]``."""

    permission: ClassVar[str] = Permission.SEE_TASKS
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListMyTasks(Query):
    """Tasks on which the reader holds a place: ``Page[TaskRow]``."""

    permission: ClassVar[str] = Permission.SEE_TASKS
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListPairs(Query):
    """The reader's own pairings, and those in the units they lead: ``Page[PairRow]``."""

    permission: ClassVar[str] = Permission.SEE_PAIRINGS
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeePoints(Query):
    """The reader's own points: ``PointsFacts``."""

    permission: ClassVar[str] = Permission.SEE_OWN_POINTS


@dataclass(frozen=True, slots=True)
class SeeRights(Query):
    """The reader's own appointments: ``RightsFacts``."""

    permission: ClassVar[str] = Permission.KEEP_OWN_SETTINGS


@dataclass(frozen=True, slots=True)
class UnitChildren(Query):
    """Open units under one, or the top: ``UnitLevel``. ``after``: those of them whose ids are greater."""

    permission: ClassVar[str] = Permission.ARRIVE
    unit_id: int | None = None
    after: int = 0


@dataclass(frozen=True, slots=True)
class UnitByCode(Query):
    """The open unit with this printed code: ``UnitRow``."""

    permission: ClassVar[str] = Permission.ARRIVE
    code: str


@dataclass(frozen=True, slots=True)
class UnitsInCharge(Query):
    """The units at which the reader holds a role that may do ``to``: ``UnitLevel`` without ``above``."""

    permission: ClassVar[str] = Permission.ARRIVE
    to: str = Permission.PAIR


@dataclass(frozen=True, slots=True)
class ListMembers(Query):
    """Those who serve in the units the reader leads: ``Page[PersonRow]``."""

    permission: ClassVar[str] = Permission.PAIR
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListResidents(Query):
    """Residents of the units the reader leads whose name holds ``text``: ``Page[PersonRow]``."""

    permission: ClassVar[str] = Permission.PAIR
    searches: ClassVar[bool] = True
    text: str
    page: int = 1
