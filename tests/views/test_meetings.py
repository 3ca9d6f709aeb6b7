"""Meetings as people read them: every screen at its longest, who sees which button when, and the year's sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from openpyxl import load_workbook

from domain.meetings.duties import Often, Owed, periods_of
from domain.meetings.shapes import Answer, MeetingKind, MeetingState, Presence, Walking
from domain.meetings.shown import (
    Attendance,
    CodeFacts,
    FollowupPage,
    GuestPage,
    HeldMeeting,
    MinutesFacts,
    MyMeeting,
    MyMeetings,
    OwnFollowup,
    PlanFacts,
    PlannedLine,
    YearDuties,
)
from domain.queries import Page, Part, PersonRow, Place
from tests.views.samples import (
    BIG,
    DECISION,
    DUTY,
    GUEST_LINE,
    MEETING,
    MEETING_CARD,
    MEETING_COUNTS,
    MEETING_GUESTS,
    MEETING_MINE,
    NAME,
    NASTY,
    NOW,
    PLACE,
    UNIT_LINE,
    check,
    voice,
)
from views import meeting_desk, meeting_duties, meeting_guests, meetings
from views.catalogue import LANGUAGES
from views.forms import Prompt
from views.meeting_sheet import AttendanceBook
from views.message import Message
from views.voice import Voice


def meeting_screens(spoken: Voice) -> Iterator[Message]:
    later, before = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
    yield Message("x", keyboard=meeting_desk.what_to_correct(Prompt("meeting_correct", "what", 7), spoken))
    held = replace(MEETING_CARD, meeting=replace(MEETING, state=MeetingState.HELD), amends=True)
    yield meeting_desk.meeting_card({}, held, spoken)
    for state, starts_at in product(MeetingState, (before, later)):
        one = replace(MEETING, state=state, starts_at=starts_at)
        for walking in Walking:
            yield meeting_desk.meeting_card({}, replace(MEETING_CARD, meeting=one, walking=walking), spoken)
        for given, presence in product(Answer, Presence):
            here = NOW if presence in (Presence.CODE, Presence.HAND) else None
            mine = replace(
                MEETING_MINE,
                meeting=one,
                answer=given,
                presence=presence,
                checked_in_at=here,
                closes_at=later,
            )
            yield meetings.mine({}, mine, spoken)
        lines = tuple(
            MyMeeting(BIG - n, MeetingKind.LECTURE, state, NASTY * 10, starts_at, Answer.COMING, n == 1)
            for n in range(8)
        )
        own = tuple(OwnFollowup(BIG - n, NASTY * 20, NOW.date()) for n in range(5))
        for past in (True, False):
            yield meetings.my_meetings(
                MyMeetings(Page(lines, 2, 3, 24), past, 2026, 99, 50, 9, own), voice=spoken
            )
    yield meetings.my_meetings(MyMeetings(Page(()), True, 2026), voice=spoken)
    yield meetings.my_meetings(MyMeetings(Page(()), False, 2026), voice=spoken)
    yield meetings.scanned(MEETING_MINE, "123456", voice=spoken)
    parts = (Part("text", NASTY * 400), Part("photo", NASTY * 400, "f"))
    for kept in ((), parts):
        yield from meetings.minutes(MinutesFacts(MEETING, kept), voice=spoken)
    rows = tuple(
        PlannedLine(BIG - n, MeetingKind.BRANCH, MeetingState.HELD, NASTY * 10, NOW, PLACE) for n in range(8)
    )
    yield meeting_desk.desk(Page(rows, 2, 3, 24), voice=spoken)
    yield meeting_desk.desk(Page(()), voice=spoken)
    yield meeting_desk.surely_cancel(MEETING_CARD, voice=spoken)
    yield meeting_desk.surely_close(MEETING_CARD, voice=spoken)
    for presence, reachable in product(Presence, (True, False)):
        here = NOW if presence in (Presence.CODE, Presence.HAND) else None
        for given in Answer:
            guest = replace(
                GUEST_LINE, presence=presence, answer=given, checked_in_at=here, reachable=reachable
            )
            yield meeting_guests.guests(replace(MEETING_GUESTS, rows=(guest,)), voice=spoken)
    for is_here in (True, False):
        closed = replace(MEETING_GUESTS, here=is_here, open=False, amends=True, after=BIG - 10**7)
        yield meeting_guests.guests(closed, voice=spoken)
        why = Prompt("meeting_amend", "amend_reason", 7, {"who": NASTY * 10, "here": is_here})
        yield meeting_guests.asks_why(why, spoken)
        yield meeting_guests.guests(GuestPage(BIG, NASTY, is_here, False, ()), voice=spoken)
    shown_code = CodeFacts(BIG, NASTY * 10, "012345", 60, MEETING_COUNTS)
    yield meeting_guests.code(shown_code, voice=spoken)
    yield meeting_guests.below_qr(shown_code, voice=spoken)
    decided = tuple(replace(DECISION, id=BIG - n, done_at=NOW if n % 2 else None) for n in range(8))
    for found in (Page(decided, 2, 3, 24), Page(())):
        yield meeting_desk.follows(FollowupPage(BIG, NASTY * 10, found, may_add=True), voice=spoken)
    for today in (date(2026, 1, 1), date(2026, 12, 31)):
        yield meeting_duties.duties(YearDuties(DUTY, today), voice=spoken)
    yield meeting_duties.duties(YearDuties(replace(DUTY, owed=()), NOW.date()), voice=spoken)
    yield meeting_duties.duty_told({"over": False}, DUTY, spoken)
    lines_ = tuple(replace(UNIT_LINE, id=BIG - number) for number in range(1, 21))
    yield meeting_duties.places(UNIT_LINE, Page(lines_, 2, 3, 60), parent_id=7, voice=spoken)
    yield meeting_duties.places(None, Page(()), parent_id=0, voice=spoken)
    answers = {
        "kind": "branch",
        "topic": NASTY * 10,
        "where": NASTY * 10,
        "starts_at": NOW.isoformat(),
        "agenda": NASTY * 60,
    }
    for count in (0, 1, 2001):
        asked = Prompt("meeting", "meeting_check", 7, answers, choices=PlanFacts(BIG, PLACE, "grid", count))
        yield meeting_desk.check(asked, spoken)
    owners = Page(tuple(PersonRow(BIG - n, NAME, PLACE) for n in range(8)), 2, 3, 24)
    for choices in (meeting_desk.kinds, meeting_desk.days, meeting_desk.clocks, meeting_desk.due_days):
        yield Message("x", keyboard=choices(Prompt("meeting", "x", 7), spoken))
    yield Message("x", keyboard=meeting_desk.owners(Prompt("meeting_follow", "x", 7, choices=owners), spoken))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_can_be_sent_at_its_longest(language: str) -> None:
    for message in meeting_screens(voice(language)):
        check(message)


def pressed(message: Message) -> set[str]:
    return {button.data.partition(":")[0] for row in message.keyboard for button in row}


def test_where_there_is_nobody_to_invite_no_button_plans_it() -> None:
    def checked(count: int) -> Message:
        facts = PlanFacts(7, PLACE, "grid", count)
        return meeting_desk.check(
            Prompt("meeting", "meeting_check", 7, {"kind": "branch"}, choices=facts), voice()
        )

    assert "form.submit" in pressed(checked(1))
    assert "form.submit" not in pressed(checked(0))
    assert "还没有可以邀请的党员" in checked(0).text


def test_nobody_answers_or_checks_in_to_what_is_over() -> None:
    spoken = voice("zh")
    to_come = replace(MEETING, starts_at=NOW + timedelta(hours=1))
    open_ = replace(MEETING_MINE, closes_at=NOW + timedelta(hours=3))
    answering = {"meeting.come", "meeting.leave", "meeting.checkin"}
    asked = replace(open_, meeting=to_come, answer=Answer.NONE)
    assert answering <= pressed(meetings.copy({}, asked, spoken))
    begun = replace(open_, meeting=replace(MEETING, starts_at=NOW - timedelta(minutes=1)))
    assert pressed(meetings.mine({}, begun, spoken)) & answering == {"meeting.checkin"}
    for state in (MeetingState.HELD, MeetingState.CANCELLED):
        over = replace(open_, meeting=replace(to_come, state=state))
        assert not pressed(meetings.mine({}, over, spoken)) & answering


def test_the_card_offers_what_may_be_done_at_the_time() -> None:
    spoken = voice("zh")

    def at(minutes: int, state: MeetingState = MeetingState.PLANNED) -> set[str]:
        starts_at = NOW + timedelta(minutes=minutes)
        card = replace(
            MEETING_CARD,
            meeting=replace(MEETING, state=state, starts_at=starts_at),
            opens_at=starts_at - timedelta(minutes=15),
            closes_at=starts_at + timedelta(minutes=120),
        )
        return pressed(meeting_desk.meeting_card({}, card, spoken))

    assert "meeting.move" in at(60)
    assert not {"meeting.code", "meeting.close"} & at(60)
    assert {"meeting.code", "meeting.qr"} <= at(10)
    assert not {"meeting.move", "meeting.close"} & at(10)
    assert {"meeting.code", "meeting.close", "meeting.write"} <= at(-10)
    assert "meeting.close" in at(-200)
    assert "meeting.code" not in at(-200)
    assert "meeting.close" not in at(-200, MeetingState.HELD)
    assert "meeting.correct" in at(60) & at(10)
    assert "meeting.correct" not in at(-700) | at(-10, MeetingState.HELD)
    assert at(60, MeetingState.CANCELLED) == set()


def test_the_year_s_sheet_says_who_was_where_and_nothing_in_it_is_a_formula() -> None:
    held = (
        HeldMeeting(1, MeetingKind.BRANCH, "第一季度", NOW),
        HeldMeeting(2, MeetingKind.LECTURE, "党课", NOW),
    )
    book = AttendanceBook(held, voice=voice("zh"))
    book.add(
        [
            Attendance(7, "=1+1", ((1, True), (2, None)), group_of=3, group_here=2),
            Attendance(8, "李强", ((2, False),)),
        ]
    )
    first, *others = DUTY.owed
    book.duties(YearDuties(replace(DUTY, owed=(replace(first, count=1, held=1), *others)), date(2026, 7, 1)))
    sheets = load_workbook(io.BytesIO(book.content())).worksheets
    rows = [tuple(cell.value for cell in row) for row in sheets[0].rows]
    assert rows[1] == ("=1+1", "✓", "请假", 2, 1, 1, 0, 0.5, "2/3")
    assert rows[2] == ("李强", None, "缺席", 1, 0, 0, 1, 0, None)
    assert sheets[0].cell(2, 1).data_type == "s"
    states = {row[3] for row in sheets[1].values}
    assert {"缺", "待开", "已开"} <= states
    name = meeting_duties.sheet_name(Place("一/二网格", ""), 2026, voice("zh"))
    assert name == "一二网格2026年考勤表.xlsx"


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("zh", ["主题党日：1–4 月、6 月没有开", "主题党日：7 月还没安排"]),
        ("en", ["none held in Jan–Apr, Jun", "not planned yet for Jul"]),
    ],
)
def test_what_is_missing_stands_in_a_line_for_each_kind(language: str, lines: list[str]) -> None:
    months = periods_of(Often.MONTHLY, 2026)
    owed = tuple(Owed(MeetingKind.THEME_DAY, one, count=int(one.number == 5)) for one in months)
    spoken = replace(voice(language), now=datetime(2026, 7, 9, 4, 0, tzinfo=UTC))
    text = meeting_duties.duties(YearDuties(replace(DUTY, owed=owed), spoken.today), voice=spoken).text
    assert all(one in text for one in lines), text


def test_a_meeting_says_that_it_is_on_and_what_is_due_says_until_when() -> None:
    spoken = voice("zh")
    for minutes, said in ((-60, "待结束"), (-10, "正在进行"), (10, "已安排")):
        one = replace(MEETING, starts_at=NOW + timedelta(minutes=minutes), minutes=30)
        assert meetings.state_of(one, spoken) == said
    for days, said in ((-9, "已到期"), (0, "今天之内完成"), (9, "前完成")):
        assert meetings.until(spoken.today + timedelta(days=days), spoken).endswith(said)


def test_only_before_the_doors_open_the_list_is_of_who_is_invited() -> None:
    spoken = voice("zh")
    assert "应到名单" in meeting_guests.guests(replace(MEETING_GUESTS, to_come=True), voice=spoken).text
    assert "未签到名单" in meeting_guests.guests(MEETING_GUESTS, voice=spoken).text
