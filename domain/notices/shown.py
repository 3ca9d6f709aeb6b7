"""What is shown of notices: the sender's card, a recipient's copy, who is meant, how it fares, and what was answered.

Whose eyes see what is decided where rows are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from domain.base import Query
from domain.notices.shapes import NoticeState, PublicNotice
from domain.permissions import Permission
from domain.queries import Page, Place

LIST_ROWS = 8
RECEIPT_STATES = ("waiting", "queued", "sent", "failed", "unreachable", "left", "stopped", "muted")
"""What became of a notice for one recipient, as it is written down; ``Fares`` sums them up."""


@dataclass(frozen=True, slots=True)
class Fares:
    """How a notice fares. ``total``: its recipients; of these are on their way (``waiting``, ``queued``), have it
    (``sent``), or do not (``failed``, ``unreachable``, ``left``, ``stopped``, ``muted``: they asked not to be messaged, and
    find it in their list). ``read`` and ``reminded`` are among those who have it, ``called`` among those who do not: somebody
    has told them."""

    total: int = 0
    queued: int = 0
    sent: int = 0
    failed: int = 0
    unreachable: int = 0
    left: int = 0
    stopped: int = 0
    muted: int = 0
    read: int = 0
    reminded: int = 0
    called: int = 0

    @property
    def done(self) -> int:
        """Of whom it is known what became of it."""
        return self.sent + self.failed + self.unreachable + self.left + self.stopped + self.muted

    @property
    def ahead(self) -> int:
        """Who is still to get it."""
        return max(0, self.total - self.done)


@dataclass(frozen=True, slots=True)
class NoticeCard:
    """A notice in the eyes of who may send it. ``place``: in whose name. ``units`` and ``without``: by name.

    ``count``: whom it would reach as it is now, capped just above what needs a second yes; None once it is known who.
    ``second``: one person's yes is not enough; ``alone``: and there is nobody who could say the other. ``needs_mine``: it waits for this reader's. ``walking``: the errands
    under way.
    """

    notice: PublicNotice
    place: Place
    author: str
    units: tuple[Place, ...] = ()
    without: tuple[Place, ...] = ()
    confirmed_by: str = ""
    seconded_by: str = ""
    count: int | None = None
    groups: int = 0
    second: bool = False
    alone: bool = False
    needs_mine: bool = False
    fares: Fares = field(default_factory=Fares)
    walking: tuple[str, ...] = ()
    answers: int = 0


@dataclass(frozen=True, slots=True)
class NoticeCopy:
    """A notice as its recipient has it. ``notice`` is what all of them get; ``read_at`` their own. ``late``: they were not
    there when it was sent, so nobody waits for their press."""

    notice: PublicNotice
    place: Place
    read_at: datetime | None = None
    preview: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice in a list. ``until``: when its last day is over. ``corrected_at``: when its words were last put right."""

    id: int
    state: NoticeState
    words: str
    place: Place
    at: datetime
    urgent: bool = False
    read: bool = False
    fares: Fares = field(default_factory=Fares)
    kind: str = ""
    until: datetime | None = None
    corrected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    """A page of the reader's notices: those that are valid, or with ``old`` those that are no longer.

    ``others``: how many there are on the other side.
    """

    rows: Page[NoticeLine]
    old: bool = False
    others: int = 0


@dataclass(frozen=True, slots=True)
class MuteCard:
    """Of which kinds the reader wants no routine messages."""

    muted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Meant:
    """Somebody who would get a notice."""

    id: int
    name: str
    place: Place
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class MeantPage:
    """A page of them (``rows``), and the whole by building: (place, how many), the largest first, the first twenty."""

    notice_id: int
    rows: tuple[Meant, ...]
    more: bool = False
    count: int = 0
    by_unit: tuple[tuple[Place, int], ...] = ()
    unit_id: int = 0


@dataclass(frozen=True, slots=True)
class UnitFares:
    """How a notice fares in one building."""

    unit_id: int
    place: Place
    fares: Fares


@dataclass(frozen=True, slots=True)
class ToCall:
    """Somebody whom a notice did not reach. ``phone`` only for who leads the place. ``called_at``: it was ticked off."""

    person_id: int
    name: str
    place: Place
    flat: str = ""
    phone: str = ""
    state: str = "unreachable"
    called_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallList:
    """Whom to call about a notice, page by page."""

    notice_id: int
    rows: Page[ToCall]


@dataclass(frozen=True, slots=True)
class Reading:
    """One recipient's line of a report's sheet. ``state``: of ``RECEIPT_STATES``. ``reason``: delivery's word for why not."""

    name: str
    place: str
    state: str
    sent_at: datetime | None
    read_at: datetime | None
    reason: str = ""
    place_en: str = ""
    called_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All of a notice's report: the whole, by building, and the moments at which it was read, by building."""

    card: NoticeCard
    by_unit: tuple[UnitFares, ...]
    reads: tuple[tuple[int, datetime], ...] = ()


# --- queries --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlacesToSpeakFor(Query):
    """The units in whose name the reader may send a notice: ``tuple[UnitLine, ...]``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE


@dataclass(frozen=True, slots=True)
class UnitsToAddress(Query):
    """What is directly below a unit that the reader may address (0: where they hold a role): the unit and
    ``Page[UnitLine]``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    unit_id: int = 0
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListSent(Query):
    """Notices in the name of the reader's units and below, newest first: ``Page[NoticeLine]``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListReceived(Query):
    """Notices that concern the reader, newest first: ``ReceivedPage``. With ``words`` all that have them, valid or not;
    otherwise those that are valid, or with ``old`` those that are no longer."""

    permission: ClassVar[str] = Permission.SEE_NOTICES
    page: int = 1
    words: str = ""
    old: bool = False


@dataclass(frozen=True, slots=True)
class SeeMuted(Query):
    """Of which kinds the reader wants no routine messages: ``MuteCard``."""

    permission: ClassVar[str] = Permission.SEE_NOTICES


@dataclass(frozen=True, slots=True)
class SeePreview(Query):
    """A notice exactly as a recipient will see it: ``NoticeCopy``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class SeeMeant(Query):
    """Who would get a notice as things are now: ``MeantPage``. Whoever joins or leaves before it is sent changes that."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    bulk: ClassVar[bool] = True
    notice_id: int
    after: int = 0


@dataclass(frozen=True, slots=True)
class SeeReport(Query):
    """How a notice fares, by building: ``Report``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class ExportReadings(Query):
    """Who has a notice and who has read it, recipient by recipient: ``ReadingPage``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    bulk: ClassVar[bool] = True
    notice_id: int
    after: int = 0
    most: int = 2000


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """Some lines of the sheet, and after which recipient the next ones come (None: these are the last)."""

    rows: tuple[Reading, ...]
    next_after: int | None = None
    unit_id: int = 0


@dataclass(frozen=True, slots=True)
class SeeCalls(Query):
    """Whom a notice did not reach, in the part of the tree that the reader leads: ``CallList``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    page: int = 1
