"""What every kind of message is tried with: params and facts at their longest and nastiest, and what any message must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.addressees import WHOM
from domain.base import Actor, Held, Purpose, Role, Scalar
from domain.checkins.shapes import CheckinState
from domain.checkins.shown import CheckinFacts
from domain.desk import DeskCall
from domain.digests import (
    MOST_NOTICES,
    CategoryNews,
    DeskDigest,
    DigestSettings,
    HomeDigest,
    Rhythm,
    Waiting,
)
from domain.imports import ImportFacts, ImportState
from domain.lessons.quiz import Feedback, QuizFacts
from domain.lessons.series import Series, SeriesFacts, SeriesWeek
from domain.lessons.shapes import (
    MAX_EXPLANATION,
    MAX_OPTION,
    MAX_OPTIONS,
    MAX_QUESTION,
    Due,
    Lesson,
    LessonState,
    Question,
    stored_questions,
)
from domain.lessons.shown import (
    Counts,
    DueLine,
    DueSoon,
    LessonCard,
    LessonForMember,
)
from domain.meetings.duties import Often, Owed, periods_of
from domain.meetings.shapes import Answer as MeetingAnswer
from domain.meetings.shapes import MeetingKind, MeetingState, Presence, Walking
from domain.meetings.shown import (
    DutyFacts,
    FollowupFacts,
    FollowupLine,
    FollowupPage,
    GuestCounts,
    GuestLine,
    GuestPage,
    MeetingCard,
    MeetingForGuest,
    MyMeetings,
    OwnFollowup,
    Shown,
)
from domain.notices.shapes import NoticeState, PublicNotice
from domain.notices.shown import (
    CallList,
    Fares,
    MuteCard,
    NoticeCard,
    NoticeCopy,
    NoticeLine,
    ToCall,
)
from domain.pairings import VisitState
from domain.people_seen import AppointmentFacts, PersonCard, WorkFacts, WorkLeft
from domain.people_seen import Held as HeldRole
from domain.queries import (
    AlarmFacts,
    Contact,
    DeskFacts,
    GroupTaskFacts,
    Helper,
    LetterFacts,
    Page,
    PairingFacts,
    Part,
    PersonRow,
    Place,
    RequestFacts,
    RequestNews,
    Step,
    TaskFacts,
    UnitFacts,
    UnitLevel,
    UnitRow,
    VisitFacts,
    Words,
)
from domain.requests import RequestState
from domain.rulebook import Rulebook
from domain.sheet_columns import ImportKind
from domain.spare_time import SLOTS
from domain.tasks import ClaimState, TaskState
from domain.threads import Thread, ThreadFacts, ThreadWords
from domain.unit_pages import Alias, Staff, UnitCard, UnitLine
from views.catalogue import Texts
from views.families import FAMILIES
from views.kinds import render
from views.message import MAX_DATA, MAX_TEXT, Message, Reader
from views.safe import visible_length
from views.voice import Voice

TEXTS = Texts.load()
RULES = Rulebook()
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DATA = re.compile(r"[a-z]+\.[a-z]+:\d+(:[A-Za-z0-9_]+)?")
TAG = re.compile(r"<(/?)([a-z-]+)>")
BIG = 2**62
NASTY = "<b>&\u202e{x}</a>😀"
LONG = Words(NASTY * 600, 20)
NAME = NASTY * 20
PLACE = Place(NASTY * 9, NASTY * 9)
CONTACT = Contact(NAME, NAME, NAME)
STAFF = Actor(5, held=(Held(Role.SECRETARY, 1, "1."), Held(Role.LEADER, 1, "1."), Held(Role.MEMBER, 1, "1.")))
HELPERS = tuple(Helper(NAME, ClaimState.STARTED, neighbour) for neighbour in (True, False)) * 5
STEPS = tuple(Step(NOW - timedelta(days=400), event, NAME, 5) for event in FAMILIES["step"])

REQUEST = RequestFacts(
    BIG, 9, "lift", "timely", RequestState.IN_PROGRESS, True, True, NOW, NOW, PLACE, LONG, LONG, NAME,
    reason=NASTY * 600, report=LONG, helpers=HELPERS, steps=STEPS, may_confirm=True, stars=5,
)  # fmt: skip
DESK = DeskFacts(
    BIG, 9, "lift", "urgent", RequestState.SUBMITTED, True, False, NOW, NOW, PLACE, CONTACT, LONG, LONG, NAME, NAME,
    HELPERS, 5, 3, NASTY * 600, True, BIG,
)  # fmt: skip
TASK = TaskFacts(
    BIG, 9, "request", "lift", "timely", TaskState.OFFERED, 20, 3, PLACE, True, NOW, BIG, words=LONG, minutes=75,
    contact=CONTACT, notes=NASTY * 600, reason=NASTY * 600, need="illness", may_claim=True, can_write=True,
    skill="medical",
)  # fmt: skip
VISIT = VisitFacts(
    BIG, BIG, VisitState.DONE, NOW.date(), NAME, PLACE, NOW, 90, 3, LONG, NAME, NAME, None, True
)  # fmt: skip
NEWS = RequestNews(BIG, "lift", RequestState.OPEN, LONG, LONG, NASTY * 600, 3, NOW, HELPERS, "timely")
PAIRING = PairingFacts(BIG, NAME, "living_alone", 7, NOW.date(), PLACE, NAME, NAME, NASTY * 600)
ALARM = AlarmFacts(BIG, PLACE, CONTACT, NASTY * 600, NOW, NOW, NAME)
CHECKIN = CheckinFacts(
    BIG, 9, 7, CheckinState.APPROVED, NAME, PLACE, PLACE, NAME, NOW, home=PLACE, contact=CONTACT,
    skills=tuple(skill.code for skill in RULES.skills), free=SLOTS[::2], serving=True, since=NOW,
    valid_until=NOW.date(), decided_by=NAME, question=NASTY * 90, papers=3, may_renew=True,
)  # fmt: skip
PART = Part("text", NASTY * 400, at=NOW)
PHOTO = Part("photo", file_id="f", at=NOW, purpose=Purpose.ADDITION)
UNIT = UnitRow(BIG, "building", PLACE)
IMPORT = ImportFacts(BIG, ImportKind.PEOPLE, ImportState.CHECKED, NASTY * 600, 99, 99, 90, 9)
LEVEL = UnitLevel((UNIT, replace(UNIT, id=2, has_children=True)), replace(UNIT, id=3), 4)

UNIT_LINE = UnitLine(BIG, "grid", PLACE, has_children=True)
UNIT_CARD = UnitCard(
    BIG, 999_999, "grid", PLACE, "c" * 60, "Asia/Shanghai", "CN", parent=UNIT_LINE, below=1001, people=1001, groups=2,
    aliases=tuple(Alias(number, NASTY * 8) for number in range(1, 21)),
    staff=(Staff(Role.ADMIN, (NAME,) * 8, 1001), Staff(Role.SECRETARY, (NAME,)), Staff(Role.MEMBER, (), 12)),
    children=1001, merged_into=PLACE, may_manage=True,
)  # fmt: skip
HELD = HeldRole(BIG, Role.LEADER, PLACE, NOW.date(), NOW.date(), True, NAME, True, True, BIG, NAME)
PERSON = PersonCard(
    BIG, 9, NAME, PLACE, False, NAME, NAME, NAME, (NAME,) * 12, tuple(replace(HELD, appointment_id=BIG - n, deputy_id=BIG - n) for n in range(4)), (NAME,) * 12, False, NAME, (NAME,) * 12, True,
    9, 9, 9, "approved", NOW.date(), 3, frozenset({"appoint", "tag", "correct", "suspend", "restore", "merge"}),
    tags=tuple(tag.code for tag in RULES.tags),
)  # fmt: skip
LEFT = (WorkLeft("task", BIG, PLACE, "lift"), WorkLeft("pairing", BIG, PLACE, name=NAME)) * 10
APPOINTED = AppointmentFacts(BIG, BIG, NAME, Role.SECRETARY, PLACE, NOW.date(), NOW.date(), NAME, True)

NOTICE = PublicNotice(
    BIG, 9, BIG, BIG, NoticeState.ASKED, NOW, texts={"zh": "<b>" + "停" * 3490 + "</b>", "en": "<i>" + "x" * 3490 + "</i>"},
    media=(("photo", "f"),) * 10, urgent=True, wants_read=True, answerable=True, to_groups=True, send_at=NOW, expected=9,
    addressees={"units": [BIG], "roles": list(WHOM), "skills": [skill.code for skill in RULES.skills],
    "tags": [tag.code for tag in RULES.tags], "language": "en",
    "without_units": [BIG - 1], "without_roles": ["member"]}, begun_at=NOW - timedelta(hours=1), kind="works", valid_until=NOW,
)  # fmt: skip
NOTICE_CARD = NoticeCard(
    NOTICE, PLACE, NAME, (PLACE,) * 50, (PLACE,) * 6, NAME, NAME, 2001, 9, second=True, needs_mine=True,
    fares=Fares(999_999, 9, 9_999, 9, 9, 9, 9, 9, 99, 9, 5), walking=("correct", "remind", "again"), answers=99,
)  # fmt: skip
NOTICE_COPY = NoticeCopy(NOTICE, PLACE, NOW)
HOME_DIGEST = HomeDigest(
    PLACE,
    NOW - timedelta(days=400),
    tuple(CategoryNews(found.code, 9_999, 9_999, 9_999) for found in RULES.categories),
    tuple(
        NoticeLine(BIG - number, NoticeState.SENT, NASTY * 90, PLACE, NOW) for number in range(MOST_NOTICES)
    ),
)
DESK_DIGEST = DeskDigest(
    tuple(Waiting(kind, 99_999, 9_999) for kind in (*FAMILIES["desk.kind"], "answers", "calls", "second"))
)
CALLS = CallList(
    BIG,
    Page((ToCall(BIG, NAME, PLACE, NAME, NAME),) * 2 + (ToCall(7, NAME, PLACE, called_at=NOW),), 2, 3, 24),
)

SAID = tuple(
    ThreadWords(
        theirs, NAME, NOW, text, files=(Part("photo", file_id="f", purpose=Purpose.ANSWER, at=NOW),) * 9
    )
    for theirs, text in ((True, "&" * 4000), (False, NASTY * 90), (True, ""))
)
THREAD = ThreadFacts(
    Thread(BIG, BIG, BIG, BIG, BIG, NOW, NOW, NOW, 9, BIG), NOTICE, PLACE, SAID, NAME, PLACE, NAME, NAME,
    reachable=False, handler=NAME,
)  # fmt: skip
DESK_CALLS = Page(
    tuple(
        DeskCall(BIG, NASTY * 90, BIG - number, NAME, PLACE, NAME, NAME if number else "")
        for number in range(8)
    ),
    2,
    3,
    9,
)

TITLES = {"zh": NASTY * 5, "en": NASTY * 5}
ASKED = Question(
    "问" * MAX_QUESTION,
    tuple(f"{n}{'&' * (MAX_OPTION - 1)}" for n in range(MAX_OPTIONS)),
    (0, 1),
    "解" * MAX_EXPLANATION,
)
LESSON = Lesson(
    BIG, 9, BIG, BIG, LessonState.OPEN, NOW, NOW.date(), TITLES, {"zh": "学" * 3000, "en": "x" * 3000}, (("photo", "f"),),
    600, {"units": [BIG], "roles": list(WHOM), "without_units": [9]}, 10_000, stored_questions((ASKED,) * 50),
)  # fmt: skip
LESSON_MINE = LessonForMember(LESSON, PLACE, Due(BIG, 5, opened_at=NOW), wait=300)
LESSON_CARD = LessonCard(
    LESSON, PLACE, NAME, (PLACE,) * 50, (PLACE,) * 6, 2001, Counts(999_999, 99_999, 9_999)
)
SERIES = SeriesFacts(
    Series(BIG, 1, 5, 1, NAME, 52, NOW.date(), NOW),
    PLACE,
    tuple(SeriesWeek(week, BIG - week, TITLES, LessonState.FREEZING, NOW.date()) for week in range(1, 40)),
    tuple(range(40, 53)),
)
MEETING = Shown(
    BIG,
    MeetingKind.THEME_DAY,
    MeetingState.PLANNED,
    NASTY * 10,
    NASTY * 10,
    NOW,
    600,
    PLACE,
    99,
    NASTY * 100,
    NOW,
    True,
)
MEETING_MINE = MeetingForGuest(MEETING, MeetingAnswer.LEAVE, NASTY * 20, NOW, NOW, has_minutes=True)
MEETING_COUNTS = GuestCounts(999_999, 99_999, 99_999, 99_999)
MEETING_CARD = MeetingCard(MEETING, NAME, MEETING_COUNTS, Walking.RESTING, NOW, NOW, 99, 30, 30)
GUEST_LINE = GuestLine(BIG, NAME, MeetingAnswer.LEAVE, NASTY * 20, None, Presence.NONE, True)
MEETING_GUESTS = GuestPage(
    BIG, NASTY * 10, False, True, tuple(replace(GUEST_LINE, person_id=BIG - n) for n in range(8)), BIG
)
OWED = tuple(
    Owed(kind, one)
    for kind in MeetingKind
    for one in (*periods_of(Often.MONTHLY, 2026), *periods_of(Often.QUARTERLY, 2026))
)
DUTY = DutyFacts(BIG, PLACE, "grid", 2026, OWED)
DECISION = FollowupLine(BIG, NASTY * 20, NAME, NOW.date(), None)
FOLLOWUP = FollowupFacts(DECISION, BIG, NASTY * 10, PLACE, own=True)
LESSON_QUIZ = QuizFacts(
    BIG, TITLES, 999, 50, 60, 10_000, 3, done=False, number=50, text=ASKED.text, options=tuple(enumerate(ASKED.options)),
    multiple=True, picked=(0, 7), feedback=Feedback(False, ASKED.options[:7], ASKED.explanation),
)  # fmt: skip

SAMPLES: Mapping[str, tuple[Mapping[str, Scalar], Any]] = {
    "request.card": ({"note": "request.done"}, REQUEST),
    "desk.card": ({"note": "refused.not_found"}, DESK),
    "task.card": ({"note": "task.rework"}, TASK),
    "task.group": ({}, GroupTaskFacts(BIG, 9, "lift", "timely", TaskState.OFFERED, 3, 1, PLACE)),
    "visit.confirm": ({"note": "card.back_again"}, VISIT),
    "alarm.card": ({}, ALARM),
    "request.accepted": ({}, NEWS),
    "request.declined": ({}, NEWS),
    "request.claimed": ({"member": NAME}, NEWS),
    "request.started": ({"member": ""}, NEWS),
    "request.released": ({"member": NAME}, NEWS),
    "request.expired": ({"member": NAME}, NEWS),
    "request.added": ({}, NEWS),
    "request.withdrawn_helper": ({}, NEWS),
    "request.confirmed_other": ({"stars": 4}, NEWS),
    "letter.arrived": (
        {"from_helper": True, "kind": "photo", "text": NASTY * 400, "file_id": "f"},
        LetterFacts(BIG, "lift"),
    ),
    "desk.returned": ({}, NEWS),
    "task.agreed": ({"number": BIG, "hours": 24}, None),
    "task.confirmed": ({"stars": 5, "amount": 1440, "number": BIG}, None),
    "task.verified": ({"amount": 1440, "number": BIG}, None),
    "visit.claimed": ({"member": NAME}, None),
    "lesson.card": ({"note": "card.back_again"}, LESSON_CARD),
    "lesson.whom": ({}, LESSON_CARD),
    "lesson.questions": ({"page": 9}, LESSON_CARD),
    "lesson.copy": ({}, LESSON_MINE),
    "lesson.nudge": ({}, LESSON_MINE),
    "lesson.page": ({}, LESSON_MINE),
    "lesson.quiz": ({}, LESSON_QUIZ),
    "lesson.due": ({}, DueSoon(tuple(DueLine(BIG - n, TITLES, NOW.date()) for n in range(8)))),
    "meeting.card": ({"note": "card.back_again"}, MEETING_CARD),
    "meeting.close": ({}, MEETING_CARD),
    "meeting.mine": ({"note": "meeting.leave_noted"}, MEETING_MINE),
    "meeting.copy": ({}, MEETING_MINE),
    "meeting.moved": ({}, MEETING_MINE),
    "meeting.corrected": ({}, MEETING_MINE),
    "meeting.list": (
        {},
        MyMeetings(Page((), 2, 3, 24), False, 2026, followups=(OwnFollowup(BIG, NASTY * 20, NOW.date()),)),
    ),
    "meeting.cancelled": ({}, MEETING_MINE),
    "meeting.reminder": ({}, MEETING_MINE),
    "meeting.absent": ({"after": 7}, MEETING_GUESTS),
    "meeting.present": ({}, replace(MEETING_GUESTS, here=True)),
    "meeting.follows": ({}, FollowupPage(BIG, NASTY * 10, Page((DECISION,), 2, 3, 24), may_add=True)),
    "meeting.duty": ({"last": "2026-03-31", "over": True}, DUTY),
    "followup.given": ({}, FOLLOWUP),
    "followup.due": ({}, replace(FOLLOWUP, own=False)),
    "followup.finished": ({}, replace(FOLLOWUP, own=False)),
    "followup.late": ({}, FOLLOWUP),
    "lesson.capped": ({"posted": 0, "cut": 10_000, "cap": 1000}, None),
    "series.page": ({"page": 1}, SERIES),
    "points.capped": ({"posted": 1000, "cut": 10_000, "cap": "home", "most": 168, "over": 1439}, None),
    "visit.started": ({"member": NAME}, None),
    "visit.released": ({"member": NAME}, None),
    "visit.confirmed": ({"stars": 2, "amount": 0}, None),
    "pairing.made_member": ({}, PAIRING),
    "pairing.made_resident": ({}, PAIRING),
    "checkin.card": ({"note": "checkin.paper_came"}, CHECKIN),
    "checkin.mine": ({"note": "checkin.not_in_force"}, CHECKIN),
    "checkin.approved": ({}, CHECKIN),
    "checkin.returned": ({}, replace(CHECKIN, state=CheckinState.RETURNED)),
    "checkin.ending": ({}, CHECKIN),
    "checkin.greeting": ({"count": 58}, CHECKIN),
    "checkin.lapsed": ({"count": 2}, CHECKIN),
    "checkin.renewed": ({}, CHECKIN),
    "checkin.left": ({"pairs": 1}, CHECKIN),
    "checkin.lapsed_member": ({"pairs": 0}, CHECKIN),
    "person.card": ({"note": "roster.above_you"}, PERSON),
    "person.work": ({"why": "left", "returned": 2, "handled": 3}, WorkFacts(BIG, NAME, LEFT)),
    "person.tags": ({"note": "refused.not_found"}, PERSON),
    "person.suspended": ({"by": NAME}, None),
    "person.restored": ({}, None),
    "person.corrected": ({"what": "phone", "by": NAME}, None),
    "person.proxy": ({"name": NAME}, None),
    "person.recognised": ({}, None),
    "person.merged": ({}, None),
    "person.merged_away": ({"language": "en"}, None),
    "person.maybe_same": ({}, PersonRow(BIG, NAME, PLACE, NAME)),
    "appointment.told": ({"what": "deputy_other"}, APPOINTED),
    "person.appointed": ({"role": "leader"}, UnitFacts(BIG, PLACE)),
    "unit.card": ({"note": "org.saved", "bot": "linli_bot"}, UNIT_CARD),
    "group.left": ({}, UnitFacts(BIG, PLACE)),
    "home.picker": ({"note": "consent.thanks"}, LEVEL),
    "menu": ({"note": "home.set", "place": NAME}, None),
    "hello": ({}, None),
    "request.pass_on": ({"version": 7}, None),
    "notice.card": ({"note": "notice.not_now"}, NOTICE_CARD),
    "notice.second": ({}, NOTICE_CARD),
    "notice.whom": ({"screen": "skills"}, NOTICE_CARD),
    "notice.copy": ({}, NOTICE_COPY),
    "notice.reminder": ({}, NOTICE_COPY),
    "notice.reminded": ({}, NOTICE_COPY),
    "notice.again": ({}, NOTICE_COPY),
    "notice.gone": ({}, None),
    "notice.group": ({"bot": "linli_bot"}, NOTICE_COPY),
    "notice.waiting": ({}, 999_999),
    "notice.mutes": ({}, MuteCard(frozenset({"party", "gone"}))),
    "notice.calls": ({}, replace(CALLS, rows=replace(CALLS.rows, rows=CALLS.rows.rows[1:]))),
    "thread.card": ({"note": "thread.changed"}, THREAD),
    "thread.mine": ({}, THREAD),
    "desk.calls": ({}, DESK_CALLS),
    "digest.home": ({}, HOME_DIGEST),
    "digest.desk": ({}, DESK_DIGEST),
    "digest.settings": ({"note": "toast.saved"}, DigestSettings(Rhythm.WEEKLY, Rhythm.NEVER)),
    "consent": ({"note": "card.back_again"}, None),
    "consent.go_on": ({}, None),
    "import.card": ({}, IMPORT),
    "import.refused": (
        {"key": "import.columns_missing", "kind": "people", "columns": "name,unit"},
        None,
    ),
    "trouble.told": ({"told": "backup_on", "number": 12}, None),
    "alarm.acknowledged": ({"leader": NAME}, None),
    "danger": ({"version": 3}, None),
    "job.asked": ({"job": "appointment_reminders"}, None),
    "job.failing": ({"job": "appointment_reminders"}, None),
    "job.recovered": ({"job": "of_another_time"}, None),
    "said": ({"key": "start.known", "name": NAME}, None),
    "refused": ({"key": "task.too_many", "count": 3}, None),
}


def voice(language: str = "zh", *, actor: Actor = STAFF) -> Voice:
    return Voice(TEXTS, Reader(language, "李", actor.person_id, actor), RULES, NOW)


def shown(kind: str, params: Mapping[str, Scalar], facts: Any, language: str = "zh") -> Message:
    reader = Reader(language, "李", STAFF.person_id, STAFF)
    message = render(kind, params, facts, reader=reader, rules=RULES, texts=TEXTS, now=NOW)
    assert message is not None
    return message


def check(message: Message) -> None:
    """What Telegram would refuse, and what would break when it is pressed."""
    assert message.text.strip()
    assert visible_length(message.text) <= MAX_TEXT
    opened: list[str] = []
    for closing, tag in TAG.findall(message.text):
        if closing:
            assert opened.pop() == tag
        else:
            opened.append(tag)
    assert not opened
    bare = TAG.sub("", message.text)
    assert "<" not in bare
    assert "\u202e" not in bare
    message.text.encode("utf-8")
    assert sum(len(row) for row in message.keyboard) <= 100
    for row in message.keyboard:
        assert 1 <= len(row) <= 8
        for button in row:
            assert button.text
            assert button.url or DATA.fullmatch(button.data), button
            assert len(button.data.encode()) <= MAX_DATA
    assert not (message.keyboard and message.contact_button)
    labels = [button.data for row in message.keyboard for button in row if button.data]
    assert len(labels) == len(set(labels))


def data_of(message: Message) -> set[str]:
    return {button.data.rsplit(":", 1)[0] if button.data.count(":") > 1 else button.data
            for row in message.keyboard for button in row}  # fmt: skip
