"""Lessons from the first word to the points: composed, assigned, read, answered, reminded of, and who has not."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

from openpyxl import Workbook, load_workbook

from domain.lessons.quiz import order
from domain.lessons.shapes import Lesson
from storage.entities import load
from storage.unit import Who
from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite

QUESTIONS = (
    "入党须年满几岁？\n16 岁\n*18 岁\n解析：见党章第一条",
    "哪些是党员的义务？\n*学习\n*服务群众\n只缴费",
    "党支部每月开一次主题党日。\n*对\n错",
)


async def composed(program: Program, *, minutes: str = "20", title: str = "党章第一章") -> None:
    """A draft of the secretary's, for all members of the community."""
    zhao = program.zhao
    await zhao.says("/study")
    await zhao.presses("lessons.page", "lesson.new")
    await zhao.says(title)
    zhao.reads("ask.lesson_text")
    await zhao.says("请读 <b>第一章</b> 全文。", minutes)
    await zhao.presses("lesson.day")
    zhao.reads("lesson.next_draft", title)


async def lesson_of(program: Program, number: int = 1) -> Lesson:
    found = await program.store._engine.read(lambda c: load(c, Lesson, number, lock=False))
    assert found is not None
    return found


async def answers(program: Program, player: Player, *, right: bool) -> None:
    """Every question of the first lesson, right or wrong; whichever stands first for this person."""
    lesson = await lesson_of(program)
    who = Who(player.user_id, player.name, "zh")
    me = (await program.store.opening(who, now=program.clock.now())).actor.person_id
    for place in order(lesson, me):
        question = lesson.quiz[place]
        chosen = question.right if right else tuple({*range(len(question.options))} - {*question.right})[:1]
        for option in chosen:
            data = [d for _, d in player.reads("lesson.question").buttons if d.endswith(f"_{option}")]
            await player.presses(data[0])
        if question.multiple:
            submit = [d for _, d in player.reads("lesson.question").buttons if d.endswith("_s")]
            await player.presses(submit[0])


async def test_a_lesson_is_assigned_read_and_its_questions_earn_points(program: Program) -> None:
    zhao, wang = program.zhao, program.wang
    await composed(program)
    await zhao.presses("lesson.quiz", "lesson.ask")
    await zhao.says("只有题目\n一个选项")
    zhao.reads("lesson.options_wrong")
    await zhao.says("没标答案\n甲\n乙")
    zhao.reads("lesson.no_right")
    await zhao.says(*QUESTIONS)
    zhao.reads("lesson.questions_kept", "3 道")
    await zhao.presses("lesson.asked")
    zhao.reads("lesson.has_quiz", "2 人")
    await zhao.presses("lesson.confirm")
    assert "应学" not in zhao.reads("lesson.next_listing").text
    assert await program.ticks("lessons") == 2
    zhao.reads("lesson.fared", "应学 2 人")
    wang.reads("lesson.assigned", "党章第一章")
    assert not program.lan.saw("lesson.assigned")

    await wang.presses("lesson.open")
    # What looks like markup is what they wrote.
    assert "<b>第一章</b>" in wang.reads("lesson.wait").text
    await wang.presses("lesson.done")
    wang.reads("lesson.too_early")
    await program.passes(minutes=10)
    await wang.presses("lesson.done")
    first = wang.reads("lesson.question", "第 1 题，共 3 题").buttons[0][1]
    await answers(program, wang, right=False)
    wang.reads("lesson.not_passed", "还可以答 2 次")
    await wang.forged(first)
    wang.reads("lesson.not_passed")
    await wang.presses("lesson.again")
    await answers(program, wang, right=True)
    wang.reads("lesson.passed", "100%")
    # The secretary's card follows by itself, a little later.
    zhao.listens()
    await program.passes(seconds=5)
    await program.quiet()
    zhao.reads("lesson.fared", "已学完 1 人")
    await program.ticks("settlement")
    await wang.says("/points")
    wang.reads("points.title", "学习")
    await wang.says("/study")
    wang.reads("lesson.nothing_to_do", "学完 1 课")
    await wang.presses("study.done")
    wang.reads("lesson.row_done", "党章第一章")

    await zhao.says("/study")
    await zhao.presses("lessons.page", "lesson.card")
    zhao.reads("lesson.fared", "已学完 1 人", "未完成 1 人")
    await zhao.presses("lesson.who")
    assert "李强" in zhao.reads("lesson.who_title").text
    await zhao.presses("lesson.see", "lesson.nudge")
    zhao.reads("lesson.next_reminding")
    await program.ticks("lessons")
    program.qiang.reads("lesson.nudge_told")
    assert not wang.saw("lesson.nudge_told")
    await zhao.presses("lesson.nudge")
    zhao.reads("lesson.nudged")
    await zhao.presses("lesson.sheet")
    name, content = zhao.file() or ("", b"")
    assert name == "党章第一章 学习情况.xlsx"
    states = {row[0]: row[2] for sheet in load_workbook(io.BytesIO(content)) for row in sheet.values}
    assert (states["王建国"], states["李强"]) == ("已学完", "未打开")
    await zhao.says("/study")
    await zhao.presses("lessons.page", "study.years")
    assert str(program.units["grid"]) in repr(zhao.reads("study.place_here").buttons)
    await zhao.presses("study.sheet")
    name, content = zhao.file() or ("", b"")
    assert name.endswith("2026年度学习表.xlsx")
    (sheet,) = load_workbook(io.BytesIO(content))
    rows = {row[0]: row[2:7] for row in sheet.values}
    assert rows["王建国"] == (1, 1, 0, 20, 1)
    assert rows["李强"] == (1, 0, 0, 0, 0)
    for forged in ("study.years:0", f"study.sheet:{program.units['community']}:2026"):
        await program.chen.forged(forged)
        program.chen.reads("refused.not_found")
    await zhao.says("/study")
    await zhao.presses("lessons.page", "lesson.card", "lesson.withdraw", "lesson.withdrawyes")
    await program.qiang.says("/study")
    program.qiang.reads("lesson.nothing_to_do")


async def test_without_questions_it_is_done_when_it_is_read_and_reminded_of_until_then(
    program: Program,
) -> None:
    zhao, wang, qiang = program.zhao, program.wang, program.qiang
    await composed(program, minutes="2")
    await composed(program, minutes="2", title="主题党日材料")
    await zhao.presses("lesson.points")
    await zhao.says("100")
    await zhao.presses("lesson.confirm")
    await zhao.says("/study")
    await zhao.presses("lessons.page", "lesson.card:1", "lesson.confirm")
    await program.ticks("lessons")
    # Links from a poster or a message open it too, for its people alone.
    await wang.says("/start l-1")
    wang.reads("lesson.assigned")
    await wang.presses("lesson.open")
    await program.passes(minutes=1)
    await wang.presses("lesson.done")
    wang.reads("lesson.is_done")
    await wang.says("/start l-2")
    await wang.presses("lesson.open")
    await program.passes(minutes=1)
    await wang.presses("lesson.done")
    await program.ticks("settlement")
    wang.reads("lesson.capped")
    await wang.says("/points")
    wang.reads("points.cut")
    await program.lan.says("/start l-1")
    program.lan.reads("refused.not_found")
    due = (await lesson_of(program)).due_on
    await _until_morning_of(program, due - timedelta(days=1))
    assert await program.ticks("lesson_reminders") == 1
    reminder = qiang.reads("lesson.due_title", "2 课")
    assert "党章第一章" in reminder.text
    assert await program.ticks("lesson_reminders") == 0
    assert not wang.saw("lesson.due_title")
    assert len(reminder.buttons) == 2


async def _until_morning_of(program: Program, day: date) -> None:
    """Half past nine of a day in Shanghai."""
    now = program.clock.now()
    wanted = datetime(day.year, day.month, day.day, 1, 30, tzinfo=UTC)
    await program.passes(minutes=(wanted - now).total_seconds() / 60)


async def test_questions_come_from_a_sheet_with_each_mistake_by_its_row(program: Program) -> None:
    zhao = program.zhao
    await composed(program)
    await zhao.presses("lesson.quiz", "lesson.template")
    name, content = zhao.file() or ("", b"")
    assert name == "题库模板.xlsx"
    book = load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    sheet.append(["没有答案的题", "甲", "乙"])
    sheet.append(["=1+1 等于几？", "一", "二", None, None, None, None, "B"])
    await zhao.presses("lesson.bank")
    await zhao.does(zhao.sends_document(_bytes(book), name="题库.xlsx"))
    zhao.reads("lesson.bank_wrong", "第 3 行", "第 4 行")
    sheet.delete_rows(3, 2)
    sheet.append(["多选题", "甲", "乙", "丙", None, None, None, "A、C", "看第二章"])
    await zhao.does(zhao.sends_document(_bytes(book), name="题库.xlsx"))
    zhao.reads("lesson.has_quiz", "2 道题")
    assert (await lesson_of(program)).quiz[1].right == (0, 2)
    # Each of them can be put right or taken out, as it was seen.
    await zhao.presses("lesson.quiz")
    old = zhao.reads("lesson.questions_title", "看第二章").buttons
    second = next(data for _, data in old if data.startswith("lesson.question:") and data.endswith("_1"))
    await zhao.presses(second, "lesson.reword")
    assert "*甲\n乙\n*丙\n解析：看第二章" in zhao.reads("ask.lesson_reword").text
    await zhao.says("多选题\n甲")
    zhao.reads("lesson.options_wrong")
    await zhao.says("哪个 <对>？\n甲\n*乙")
    zhao.reads("lesson.questions_title", "哪个 <对>？")
    await zhao.forged(second.replace("lesson.question", "lesson.unask"))
    zhao.reads("lesson.questions_moved")
    await zhao.presses("lesson.question:1:3_0", "lesson.unask")
    (left,) = (await lesson_of(program)).quiz
    assert (left.text, left.right) == ("哪个 <对>？", (1,))
    await program.wang.forged("lesson.unask:1:4_0")
    program.wang.reads("refused.not_found")
    await zhao.presses("lesson.see", "lesson.text:1:en")
    zhao.reads("ask.lesson_named.in_en")


def _bytes(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
