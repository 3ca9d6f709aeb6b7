"""The audit trail as it is searched: by whom, about what, of which kind, when. Source: docs/rules.md §11.

How its rows are sealed is ``seals.py``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from domain.base import Query, Scalar
from domain.permissions import Permission
from domain.queries import Place

_NOWHERE = Place()
TRAIL_ROWS = 8
MOST_ROWS = 1000
"""How many rows one look may ask for."""

KINDS = (
    "request",
    "task",
    "visit",
    "pairing",
    "alarm",
    "person",
    "appointment",
    "checkin",
    "unit",
    "notice",
    "lesson",
    "meeting",
    "import",
    "privacy",
    "group",
    "job",
)
"""The kinds of event people choose from: what stands before the point in an event's name."""

EVENTS = (
    "request.raised",
    "request.corrected",
    "request.accepted",
    "request.declined",
    "request.added",
    "request.letter_sent",
    "request.withdrawn",
    "request.done",
    "request.confirmed",
    "request.returned",
    "request.asked",
    "request.answered",
    "request.warned",
    "request.overdue",
    "request.reminded",
    "request.closed_silent",
    "request.closed_no_answer",
    "request.verified",
    "request.hours_agreed",
    "task.claimed",
    "task.started",
    "task.released",
    "task.warned",
    "task.expired",
    "task.widened",
    "task.listed",
    "task.reported",
    "pairing.made",
    "visit.due",
    "visit.done",
    "visit.confirmed",
    "alarm.raised",
    "alarm.acknowledged",
    "person.consented",
    "person.moved",
    "person.language_chosen",
    "person.digest_chosen",
    "person.appointed",
    "person.blocked",
    "person.unblocked",
    "group.bound",
    "group.unbound",
    "group.left",
    "request.handler_left",
    "checkin.asked",
    "checkin.returned",
    "checkin.approved",
    "checkin.withdrawn",
    "checkin.changed",
    "checkin.confirmed",
    "checkin.renewed",
    "checkin.reminded",
    "checkin.left",
    "checkin.lapsed",
    "checkin.greeted",
    "appointment.granted",
    "appointment.ended",
    "appointment.begun",
    "appointment.told",
    "appointment.deputy_named",
    "person.entered",
    "person.corrected",
    "person.kind_muted",
    "person.tagged",
    "person.untagged",
    "person.suspended",
    "person.restored",
    "person.merged",
    "person.points_corrected",
    "person.recognised",
    "person.phone_shared",
    "unit.added",
    "unit.renamed",
    "unit.moved",
    "unit.merged",
    "unit.closed",
    "unit.changed",
    "unit.alias_added",
    "unit.alias_removed",
    "unit.zone_set",
    "unit.calendar_set",
    "notice.composed",
    "notice.changed",
    "notice.corrected",
    "notice.asked",
    "notice.planned",
    "notice.begun",
    "notice.frozen",
    "notice.held",
    "notice.went_on",
    "notice.sent",
    "notice.cancelled",
    "notice.withdrawn",
    "notice.dropped",
    "notice.reminded",
    "notice.asked_again",
    "notice.walked",
    "notice.answered",
    "notice.replied",
    "notice.answer_closed",
    "notice.template_saved",
    "notice.template_renamed",
    "notice.template_deleted",
    "notice.called",
    "lesson.composed",
    "lesson.changed",
    "lesson.assigned",
    "lesson.frozen",
    "lesson.handed_out",
    "lesson.withdrawn",
    "lesson.dropped",
    "lesson.nudged",
    "lesson.opened",
    "lesson.tried",
    "lesson.answered",
    "lesson.failed",
    "lesson.passed",
    "lesson.template_saved",
    "lesson.template_renamed",
    "lesson.template_deleted",
    "lesson.series_begun",
    "lesson.series_put",
    "lesson.series_filled",
    "lesson.series_taken",
    "lesson.series_stopped",
    "lesson.series_resumed",
    "meeting.planned",
    "meeting.frozen",
    "meeting.moved",
    "meeting.corrected",
    "meeting.joined",
    "meeting.ticked_late",
    "meeting.struck_late",
    "meeting.cancelled",
    "meeting.pinned",
    "meeting.answered",
    "meeting.leave_taken",
    "meeting.reminded",
    "meeting.checked_in",
    "meeting.ticked",
    "meeting.struck",
    "meeting.ended",
    "meeting.held",
    "meeting.minuted",
    "meeting.decided",
    "meeting.followup_done",
    "meeting.followup_reminded",
    "meeting.missed",
    "import.begun",
    "import.confirmed",
    "import.cancelled",
    "import.checked",
    "import.live",
    "import.dropped",
    "privacy.exported",
    "privacy.erased",
    "job.asked",
    "job.ran",
    "job.failed",
    "job.recovered",
    "bulk.read",
    "trouble.backup_on",
    "trouble.backup_over",
    "trouble.disk_on",
    "trouble.disk_over",
    "trouble.ledger_on",
    "trouble.ledger_over",
)
"""The events that have words of their own; any other is shown by its name."""
THINGS = (
    "request",
    "task",
    "claim",
    "visit",
    "pairing",
    "alarm",
    "person",
    "account",
    "appointment",
    "checkin",
    "unit",
    "notice",
    "lesson",
    "lesson_template",
    "series",
    "meeting",
    "template",
    "import",
    "group",
    "program",
    "job",
)
"""What events are about, as far as it has a word."""


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What is looked for; nothing said: everything. ``person_id`` did it, or it was done to them.

    ``event`` is an event's name, or with a point at its end every name that begins so. ``since`` and ``until`` are days
    of the community, both included.
    """

    person_id: int | None = None
    request_id: int | None = None
    unit_id: int | None = None
    event: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class TrailRow:
    """One thing that happened. ``actor`` is what they are called now; ``job`` the clock's job, or the program's part.

    ``data`` holds ids, keys and numbers only.
    """

    id: int
    at: datetime
    event: str
    subject_kind: str
    subject_id: int
    actor_id: int | None = None
    actor: str = ""
    job: str | None = None
    request_id: int | None = None
    unit_id: int | None = None
    update_id: int | None = None
    place: Place = _NOWHERE
    data: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Rows, newest first. ``older``: there may be more below this number, 0 when there is nothing further.

    One look reads a stretch of the trail and no more, so a page may hold few rows, or none, and there are older ones.
    ``reached`` is the time of the last row read, where the look ended before the trail did.
    """

    rows: tuple[TrailRow, ...]
    older: int = 0
    reached: datetime | None = None
    place: Place = _NOWHERE


@dataclass(frozen=True, slots=True)
class SearchTrail(Query):
    """What happened in the units the reader answers for: ``TrailPage``. Only rows with a number below ``before``."""

    permission: ClassVar[str] = Permission.SEE_AUDIT
    bulk: ClassVar[bool] = True
    wanted: TrailFilter = TrailFilter()
    before: int = 0
    most: int = TRAIL_ROWS

    @property
    def unit_id(self) -> int:
        """The unit that was looked in, for the record of who looked; 0 for all of the reader's own."""
        return self.wanted.unit_id or 0


@dataclass(frozen=True, slots=True)
class FindTrailPeople(Query):
    """People of the reader's units whose name begins with ``text``: ``Page[PersonRow]``, at most one page of them."""

    permission: ClassVar[str] = Permission.SEE_AUDIT
    searches: ClassVar[bool] = True
    text: str
