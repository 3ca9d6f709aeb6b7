"""The families of keys that are put together from a value: one word for each value of an enumeration.

``Voice.term("state.request", state)`` says "state.request.open" and so on. The test of the catalogue holds every
member of every family to have its text, and no others to exist.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.addressees import WHOM
from domain.appointments import TOLD as APPOINTMENT_TOLD
from domain.backup import TOLD as TROUBLES_TOLD
from domain.base import Role
from domain.checkins.shapes import CheckinState
from domain.digests import OVERDUE, Rhythm
from domain.jobs import NAMES as JOBS
from domain.lessons.learning import EARNS
from domain.lessons.shapes import LessonState
from domain.meetings.shapes import EARNS as AT_MEETINGS
from domain.meetings.shapes import MeetingKind, MeetingState
from domain.notices.shapes import LANGUAGES, Errand, NoticeState
from domain.notices.shown import RECEIPT_STATES
from domain.pairings import NEEDS
from domain.permissions import COMMANDS, OWN_TOO, TOLD
from domain.points import MOVED, Cap, Currency
from domain.queries import TOLD_STEPS
from domain.requests import RequestState
from domain.roster import ROLES
from domain.rulebook import URGENCIES, PointRules
from domain.sheet_columns import KEYS, Fault, ImportKind
from domain.spare_time import DAYS, PARTS, SETS
from domain.tasks import ClaimState
from domain.trail import EVENTS, THINGS
from domain.trail import KINDS as EVENT_KINDS
from domain.unit_pages import GAPS
from domain.units import KINDS
from views.notice_sheet import WHYS
from views.points import CAPS_OF_SERVICE

_COMMANDS = tuple(name for name, _ in COMMANDS)
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "state.request": tuple(RequestState),
    "state.claim": tuple(ClaimState),
    "urgency": URGENCIES,
    "urgency_why": URGENCIES,
    "need": NEEDS,
    "role": tuple(Role),
    "may": TOLD,
    "may_own": OWN_TOO,
    "command": _COMMANDS,
    "menu": _COMMANDS,
    "service": (*PointRules().weights, EARNS, AT_MEETINGS),
    "wellbeing": ("0", "1", "2", "3", "4"),
    "step": TOLD_STEPS,
    "desk.kind": ("alarm", "request", "overdue", "unclaimed", "silent", "visit", "checkin"),
    "digest.kind": ("alarm", "request", OVERDUE, "unclaimed", "silent", "visit", "checkin"),
    "free": tuple(SETS),
    "digest.home_now": tuple(Rhythm),
    "digest.desk_now": (Rhythm.DAILY, Rhythm.NEVER),
    "button.digest_home": tuple(Rhythm),
    "button.digest_desk": (Rhythm.DAILY, Rhythm.NEVER),
    "weekday": DAYS,
    "daypart": PARTS,
    "state.checkin": tuple(CheckinState),
    "people.who": ROLES,
    "person.what": ("name", "phone", "flat"),
    "person.checkin_state": ("asked", "returned", "approved", "withdrawn", "left", "lapsed"),
    "appointment_told": APPOINTMENT_TOLD,
    "about": ("leader", "secretary"),
    "unit_kind": KINDS,
    "gap": GAPS,
    "event": EVENTS,
    "event_kind": EVENT_KINDS,
    "thing": THINGS,
    "import.kind": tuple(ImportKind),
    "import.template": tuple(ImportKind),
    "import.fault": tuple(Fault),
    "import.column.units": KEYS[ImportKind.UNITS],
    "import.column.people": KEYS[ImportKind.PEOPLE],
    "account": tuple(Currency),
    "points.above": tuple(Cap),
    "points.capped": CAPS_OF_SERVICE,
    "points.moved": MOVED,
    "state.notice": tuple(NoticeState),
    "state.lesson": tuple(LessonState),
    "lesson.cell": ("not_opened", "begun", "done"),
    "ask.lesson_named": tuple(f"in_{language}" for language in LANGUAGES),
    "ask.lesson_said": tuple(f"in_{language}" for language in LANGUAGES),
    "state.meeting": tuple(MeetingState),
    "meeting_kind": tuple(MeetingKind),
    "notice.uncorrected": tuple(f"in_{language}" for language in LANGUAGES),
    "ask.notice_text": tuple(f"in_{language}" for language in LANGUAGES),
    "errand": tuple(errand for errand in Errand if errand is not Errand.SEND),
    "whom": WHOM,
    "reads": tuple(f"in_{language}" for language in LANGUAGES),
    "report.state": RECEIPT_STATES,
    "report.why": WHYS,
    "trouble": TROUBLES_TOLD,
    "job": JOBS,
    "job_does": JOBS,
}
"""``command`` is the short line in Telegram's own menu and in the help, ``menu`` the label of the button."""
