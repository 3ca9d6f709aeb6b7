"""Study, points and digests as they are read: what a lesson's card says as it stands, and what its workbooks hold."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from domain.digests import OVERDUE, DeskDigest, Waiting
from domain.lessons.shapes import LessonState
from domain.lessons.shown import AssignedLine, Learner
from domain.lessons.years import StudyYear
from domain.queries import Page, PointRow, PointsFacts
from tests.views.samples import LESSON, LESSON_CARD, NOW, PLACE, TITLES, shown, voice
from views import lesson_desk, points
from views.lesson_sheet import LearnerBook, StudyYearBook
from views.safe import file_name


def test_a_lesson_is_not_counted_before_its_people_are_listed_nor_sent_when_they_are_reminded() -> None:
    for state, nudged, says, never in (
        (LessonState.FREEZING, None, "正在整理名单", "应学"),
        (LessonState.SENDING, None, "正在发送", "提醒"),
        (LessonState.SENDING, NOW, "（正在提醒）", "发送"),
        (LessonState.OPEN, NOW, "进行中", "正在"),
    ):
        stands = replace(LESSON, state=state, nudged_at=nudged)
        text = shown("lesson.card", {}, replace(LESSON_CARD, lesson=stands)).text
        assert says in text
        assert never not in text
    line = AssignedLine(1, TITLES, LessonState.SENDING, NOW.date(), PLACE, reminding=True)
    assert "正在提醒" in lesson_desk.assigned(Page((line,)), voice=voice("zh")).text


def test_a_formula_is_a_text_and_a_share_a_number_on_a_lesson_s_sheets() -> None:
    book = LearnerBook(voice=voice("zh"))
    book.add((Learner(1, "=1+1", PLACE, NOW, None, 50), Learner(2, "李强", PLACE, None, None, None)))
    header, first, second = load_workbook(io.BytesIO(book.content())).worksheets[0].values
    assert header == ("姓名", "楼栋", "情况", "开始时间", "完成时间", "正确率")
    assert (first[0], first[2], first[5], second[2]) == ("=1+1", "学习中", 0.5, "未打开")
    year = StudyYearBook(voice=voice("en"))
    year.add((StudyYear(1, "=HYPERLINK(1)", PLACE, 3, 2, 1, 40, 250, NOW),))
    sheet = load_workbook(io.BytesIO(year.content())).worksheets[0]
    assert sheet["A2"].data_type == "s"
    header, row = sheet.values
    assert header == (
        "Name",
        "Building",
        "Lessons due",
        "Done",
        "Of them late",
        "Minutes",
        "Points",
        "Last done",
    )
    assert (row[0], *row[2:7]) == ("=HYPERLINK(1)", 3, 2, 1, 40, 2.5)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("a/b\\c:\nd*?", "a b c d.xlsx"), ("..", "xlsx.xlsx"), ("字" * 99, f"{'字' * 59}….xlsx")],
)
def test_a_file_is_called_what_any_system_takes(words: str, expected: str) -> None:
    assert file_name(words, "xlsx") == expected


def test_what_waits_to_be_posted_is_not_followed_by_nothing_there() -> None:
    waiting = PointsFacts(0, 0, waiting=(PointRow(NOW, "study", 20, 100, 100),))
    for facts, empty in ((waiting, False), (PointsFacts(0, 0), True)):
        assert ("还没有积分记录" in points.points(facts, voice=voice("zh")).text) == empty


def test_a_digest_says_late_once() -> None:
    facts = DeskDigest((Waiting("request", 1, 1), Waiting("visit", 3, 1), Waiting(OVERDUE, 2, 2)))
    for language, lines in (
        ("zh", ("📮 诉求 1 件，<b>已超时</b>", "❤️ 走访 3 件，其中 1 件<b>已超时</b>", "🔴 超时 2 件")),
        ("en", ("📮 Request: 1 (<b>late</b>)", "❤️ Visits: 3, 1 of them <b>late</b>", "🔴 Late: 2")),
    ):
        text = shown("digest.desk", {}, facts, language).text
        assert tuple(text.splitlines()[-3:]) == lines
