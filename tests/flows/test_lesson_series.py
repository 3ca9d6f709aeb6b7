"""Lessons that come again: kept as templates, one each week in a series; and the terms of one before it is assigned."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.flows.test_lessons import QUESTIONS, composed, lesson_of
from tests.support.databases import on_sqlite
from tests.support.program import Program

pytestmark = on_sqlite


def today(program: Program) -> date:
    """The community's."""
    return program.clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()


async def test_a_template_is_kept_used_and_given_up(program: Program) -> None:
    zhao, wang = program.zhao, program.wang
    await composed(program, title="党章 <第一章>")
    await zhao.presses("lessontemplate.save")
    await zhao.says("党章 <学习>")
    zhao.reads("lessontemplate.saved", "党章 <学习>")
    await zhao.says("/study")
    await zhao.presses("lessons.page", "lessontemplate.page")
    zhao.reads("lessontemplate.title", "党章 <第一章>")
    await zhao.presses("lessontemplate.see", "lessontemplate.rename")
    await zhao.says("党课")
    zhao.reads("template.renamed", "党课")
    await zhao.forged("lessontemplate.use:1")
    zhao.reads("lesson.next_draft", "党章 <第一章>")
    made = await lesson_of(program, 2)
    assert (made.minutes, made.due_on, made.addressees) == (
        20,
        today(program) + timedelta(days=7),
        (await lesson_of(program)).addressees,
    )
    for data in ("page", "see", "use", "rename", "drop", "dropyes", "save"):
        await wang.forged(f"lessontemplate.{data}:1")
        wang.reads("refused.not_found")
    await zhao.says("/study")
    await zhao.presses("lessons.page", "lessontemplate.page", "lessontemplate.see", "lessontemplate.drop")
    await zhao.presses("lessontemplate.dropyes")
    zhao.reads("template.deleted")
    await zhao.forged("lessontemplate.use:1")
    zhao.reads("refused.not_found")


async def test_a_series_is_filled_handed_out_week_by_week_and_stopped(program: Program) -> None:
    zhao, wang = program.zhao, program.wang
    await composed(program, minutes="2", title="第一讲")
    await zhao.presses("lessontemplate.save")
    await zhao.says("每周一讲")
    await zhao.says("/study")
    await zhao.presses("lessons.page", "series.page")
    zhao.reads("series.none")
    await zhao.presses("series.new")
    await zhao.says("党章三讲", "一百周")
    zhao.reads("series.weeks_wrong")
    await zhao.says("3")
    await zhao.says("7天后")
    zhao.reads("series.named", "党章三讲")
    await zhao.presses("series.drafts", "series.put")
    zhao.reads("series.week_planned", "第一讲")
    await zhao.presses("series.templates", "series.fill")
    zhao.reads("series.named", "第一讲（3/3）")
    for data in ("see:1", "drafts:1", "templates:1", "put:1:1", "fill:1:1", "take:2", "stop:1", "stopyes:1"):
        await wang.forged(f"series.{data}")
        wang.reads("refused.not_found")
    # The first begins a week before its last day, in the morning, and the others wait for theirs.
    assert await program.ticks("lessons") == 0
    begins = (await lesson_of(program)).starts_on
    assert begins == today(program) + timedelta(days=1)
    await _morning_after(program, days=1)
    assert await program.ticks("lessons") == 2
    wang.reads("lesson.assigned", "第一讲")
    assert await program.ticks("lessons") == 0
    await zhao.says("/study")
    await zhao.presses("lessons.page", "series.page", "series.see", "lesson.card:3")
    zhao.reads("lesson.next_planned", "第 3 周")
    await zhao.presses("series.take")
    zhao.reads("lesson.next_draft")
    await zhao.says("/study")
    await zhao.presses("lessons.page", "series.page", "series.see", "series.stop", "series.stopyes")
    zhao.reads("series.stopped")
    await _morning_after(program, days=7)
    assert await program.ticks("lessons") == 0
    await zhao.forged("series.put:1:3")
    zhao.reads("series.stopped_already")
    # Taken up again, its next lesson goes out in its next week, and what is out stays out.
    await wang.forged("series.resume:1")
    wang.reads("refused.not_found")
    await zhao.presses("series.resume")
    zhao.reads("series.how")
    await _morning_after(program, days=7)
    assert await program.ticks("lessons") == 2
    wang.reads("lesson.assigned", "第一讲（2/3）")
    await zhao.forged("series.resume:1")
    zhao.reads("series.goes_on_already")


async def _morning_after(program: Program, *, days: int) -> None:
    """Half past nine in Shanghai, so many days on."""
    now = program.clock.now()
    day = today(program) + timedelta(days=days)
    wanted = datetime(day.year, day.month, day.day, 1, 30, tzinfo=UTC)
    await program.passes(minutes=(wanted - now).total_seconds() / 60)


async def test_pass_mark_tries_skills_and_tags_are_the_lesson_s_own(program: Program) -> None:
    zhao, wang = program.zhao, program.wang
    await composed(program)
    await zhao.presses("lesson.passing")
    await zhao.says("101")
    zhao.reads("lesson.mark_wrong")
    await zhao.presses("lesson.mark")
    zhao.reads("ask.lesson_tries")
    await zhao.says("21")
    zhao.reads("lesson.tries_wrong")
    await zhao.presses("lesson.tries")
    lesson = await lesson_of(program)
    assert (lesson.pass_mark, lesson.tries) == (60, 1)
    await zhao.presses("lesson.quiz", "lesson.ask")
    await zhao.says(*QUESTIONS)
    await zhao.presses("lesson.asked")
    zhao.reads("lesson.tries_a_day", "1 次")
    await zhao.presses(
        "lesson.whom", "lesson.skills", "lesson.skill:1:medical", "lesson.tag:1:volunteer_core"
    )
    zhao.reads("lesson.skills_how", "现在共 0 人")
    assert (await lesson_of(program)).whom.tags == ("volunteer_core",)
    for forged in ("lesson.skill:1:nonsense", "lesson.tag:1:nonsense"):
        await zhao.forged(forged)
        zhao.reads("refused.not_found")
    await wang.forged("lesson.tag:1:volunteer_core")
    wang.reads("refused.not_found")
    await zhao.presses("lesson.skill:1:medical", "lesson.tag:1:volunteer_core", "lesson.whom", "lesson.see")
    zhao.reads("lesson.reaches", "2 人")
    await zhao.presses("lesson.confirm")
    await zhao.forged("lesson.passing:1")
    zhao.reads("lesson.not_now")


async def test_an_album_is_one_lesson_s_material(program: Program) -> None:
    zhao, wang = program.zhao, program.wang
    await zhao.says("/study")
    await zhao.presses("lessons.page", "lesson.new")
    await zhao.says("党史图片")
    for n in range(3):
        caption = "" if n else "请看三张图片"
        await zhao.does(zhao.sends_photo(f"photo {n}".encode(), caption=caption, media_group_id="7"))
    await zhao.presses("form.done")
    await zhao.says("2")
    await zhao.presses("lesson.day", "lesson.confirm")
    await program.ticks("lessons")
    lesson = await lesson_of(program)
    assert [kind for kind, _ in lesson.media] == ["photo"] * 3
    await wang.presses("lesson.open")
    assert "请看三张图片" in wang.reads("lesson.wait").text
    assert sum("photo" in raw for raw in wang._world.messages(wang.user_id).values()) == 3
    await program.passes(minutes=1)
    await wang.presses("lesson.done")
    wang.reads("lesson.is_done")
