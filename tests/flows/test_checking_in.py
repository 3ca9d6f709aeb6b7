"""Check-in: asked for, asked back, approved, kept up to date, renewed, lapsed and left, with both sides played."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.base import Actor, Role
from domain.people import Appoint, ChooseHome
from jobs.clock import JOBS
from sandbox.asking import commands_for
from storage.schema import appointment, person, task
from storage.unit import Who
from tests.support.databases import on_sqlite
from tests.support.dump import count
from tests.support.paths import accepted
from tests.support.player import Player
from tests.support.program import Program
from views.paper import Paper

pytestmark = on_sqlite

BRANCH = "市供电公司第三党支部"
CHOICES = {
    "zh": (("医疗护理", "开车接送"), ("周六全天", "按天选 ›", "周一晚上")),
    "en": (("Medical care", "Driving"), ("Saturdays", "By day ›", "Mon evening")),
}
SUMMARY = {
    "zh": ("医疗护理、开车接送", "周六全天、周一晚上"),
    "en": ("Medical care, Driving", "Saturdays, Mon evening"),
}


async def fills_in(player: Player, *, branch: str = BRANCH) -> None:
    """The form, up to its summary."""
    skills, times = CHOICES[player.language or "zh"]
    await player.says("/checkin")
    player.reads("ask.checkin_unit")
    await player.presses("checkin.unit")
    player.reads("ask.checkin_branch")
    await player.says(branch)
    player.reads("ask.checkin_skills")
    await player.presses(*skills, "checkin.enough")
    player.reads("ask.checkin_free")
    await player.presses(*times, "checkin.enough")
    for part in SUMMARY[player.language or "zh"]:
        player.reads("check.checkin", part)


async def checks_in(program: Program, player: Player) -> None:
    """Asked for and approved."""
    await fills_in(player)
    await player.presses("form.submit")
    player.reads("checkin.sent")
    await program.zhao.presses("checkin.approve")
    player.reads("checkin.approved")


def menu_of(program: Program, player: Player) -> set[str]:
    return {row["command"] for row in commands_for(program.sandbox.world, player.user_id)}


async def ticks_at_nine(program: Program, *, days: float) -> int:
    """So many days on, at ten in the morning, the clock looks what is due."""
    await program.passes(days=days)
    return await program.ticks("checkins")


@pytest.mark.parametrize("who", ["lan", "emily"])
async def test_a_resident_checks_in_is_approved_and_finds_a_member_s_menu(program: Program, who: str) -> None:
    zhao, member = program.zhao, getattr(program, who)
    if who == "emily":
        await zhao.switches("en")
    assert "tasks" not in menu_of(program, member)
    await fills_in(member)
    await member.presses("form.submit")
    zhao.reads("checkin.title", member.name, BRANCH, *SUMMARY[zhao.language or ""])
    await zhao.says("/desk")
    zhao.reads("desk.row_checkin", "Building 1" if who == "emily" else "1号楼")
    await zhao.presses("checkin.see")
    zhao.reads("checkin.asked")
    await zhao.presses("checkin.approve")
    zhao.reads("checkin.approved_by", "赵敏")
    welcome = member.reads("checkin.approved").text
    assert program.texts.say(member.language, "may.claim_task") in welcome
    assert program.texts.say(member.language, "rights.duty") in welcome
    assert {"tasks", "mytasks", "pairs"} <= menu_of(program, member)
    await zhao.says("/desk")
    zhao.reads("desk.none")
    await member.says("/checkin")
    member.reads("checkin.term", "2027")


async def test_what_is_asked_back_is_answered_with_the_form_filled_in_and_the_old_approval_is_void(
    program: Program,
) -> None:
    zhao, lan = program.zhao, program.lan
    await fills_in(lan)
    await lan.presses("form.submit")
    old = zhao.shown("checkin.approve")
    old_press = next(data for _, data in old.buttons if data.startswith("checkin.approve"))
    await zhao.presses("checkin.sendback")
    zhao.reads("ask.checkin_return")
    await zhao.says("请写清楚是哪个支部 <b>全称</b>")
    zhao.reads("checkin.asked_back")
    assert "<b>全称</b>" in lan.reads("checkin.returned").text
    await zhao.forged(old_press, message_id=old.id)
    zhao.reads("checkin.not_now")

    await lan.presses("menu.open:0:checkin")
    lan.reads("checkin.returned", "全称")
    await lan.presses("checkin.unit")
    lan.reads("ask.checkin_branch")
    assert f"没变：{BRANCH}" in [label for label, _ in lan.shown("checkin.branch").buttons]
    await lan.says("国网供电公司第三党支部")
    assert "✓ 医疗护理" in [label for label, _ in lan.shown("checkin.skill").buttons]
    await lan.presses("checkin.enough", "checkin.enough", "form.submit")
    zhao.reads("checkin.asked_before", "全称")
    await zhao.forged(old_press, message_id=old.id)
    zhao.reads("checkin.has_changed")
    assert "tasks" not in menu_of(program, lan)
    await zhao.presses("checkin.approve")
    lan.reads("checkin.approved")
    zhao.reads("checkin.approved_by")


async def test_a_member_changes_skills_times_and_branch_without_anybody_s_leave(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    await checks_in(program, lan)
    await lan.says("/checkin")
    await lan.presses("checkin.change:1:skills", "✓ 医疗护理", "理发", "checkin.enough")
    assert "开车接送、理发" in lan.reads("checkin.term").text
    await lan.presses("checkin.change:1:free", "工作日晚上", "checkin.enough")
    assert "工作日晚上、周六全天" in lan.reads("checkin.term").text
    await lan.presses("checkin.change:1:branch", "checkin.branch")
    await lan.presses("checkin.change:1:branch")
    await lan.says("一" * 65)
    lan.reads("checkin.branch_wrong", "64")
    await lan.presses("就在本社区")
    lan.reads("checkin.branch_here")
    assert not lan.offers("checkin.letter")
    assert not zhao.offers("checkin.approve")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every line that is printed on paper, besides being printed."""
    lines: list[str] = []
    draw = Paper.line

    def line(self: Paper, text: str, **look: Any) -> None:
        lines.append(text)
        draw(self, text, **look)

    monkeypatch.setattr(Paper, "line", line)
    return lines


async def test_the_letter_to_the_branch_goes_out_as_a_file_and_comes_back_signed(
    program: Program, written: list[str]
) -> None:
    zhao, lan = program.zhao, program.lan
    await checks_in(program, lan)
    await lan.says("/checkin")
    await lan.presses("checkin.letter")
    lan.reads("checkin.letter_sent")
    name, content = lan.file() or ("", b"")
    assert (name, content[:5]) == ("checkin-confirmation.pdf", b"%PDF-")
    letter = "\n".join(written)
    assert f"{BRANCH}党组织：" in letter
    assert "李桂兰同志，已于2026年3月2日到幸福社区（1号楼）报到" in letter
    assert "2027年3月2日" in letter

    await lan.presses("checkin.confirm")
    lan.reads("ask.confirmation")
    await lan.says("盖好了")
    await lan.presses("form.done")
    lan.reads("checkin.paper_needed")
    await lan.does(lan.sends_photo(b"signed"))
    await lan.presses("form.done")
    lan.reads("checkin.paper_kept")
    zhao.reads("checkin.paper_came")
    await zhao.presses("checkin.papers")
    zhao.reads("checkin.paper")
    await program.chen.forged("checkin.papers:1")
    program.chen.reads("refused.not_found")


async def test_an_english_letter_stands_below_the_chinese_one(program: Program, written: list[str]) -> None:
    emily = program.emily
    await checks_in(program, emily)
    await emily.says("/checkin")
    await emily.presses("checkin.letter")
    letter = "\n".join(written)
    assert letter.index("党员到社区报到确认函") < letter.index("has checked in with Happiness Community")


async def test_before_the_end_there_are_two_reminders_and_one_press_renews(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    await checks_in(program, lan)
    await lan.says("/checkin")
    assert not lan.offers("checkin.renew")
    await lan.forged("checkin.renew:1")
    await lan.presses("checkin.branch")
    lan.reads("checkin.renew_early")
    await lan.says("/cancel")
    assert await ticks_at_nine(program, days=334) == 0
    assert await ticks_at_nine(program, days=1) == 1
    lan.reads("checkin.ending", "3月2日")
    assert await program.ticks("checkins") == 0
    assert await ticks_at_nine(program, days=22) == 0
    assert await ticks_at_nine(program, days=1) == 1
    lan.reads("checkin.ending")
    await lan.presses("checkin.renew")
    lan.reads("ask.checkin_renew")
    await lan.presses("checkin.branch")
    lan.reads("checkin.term", "2028")
    zhao.reads("checkin.renewed", "李桂兰", "2028")
    assert await ticks_at_nine(program, days=30) == 0


async def test_a_renewal_with_another_branch_is_approved_first_and_the_member_serves_on(
    program: Program,
) -> None:
    zhao, lan = program.zhao, program.lan
    await checks_in(program, lan)
    await program.passes(days=340)
    await lan.says("/checkin")
    await lan.presses("checkin.renew")
    await lan.says("新单位党支部")
    lan.reads("checkin.next_renewal")
    zhao.reads("checkin.is_renewal", "新单位党支部")
    assert "tasks" in menu_of(program, lan)
    await lan.presses("checkin.withdraw")
    lan.reads("checkin.next_renew")
    await lan.presses("checkin.renew")
    await lan.says("另一个党支部")
    await zhao.presses("checkin.approve")
    zhao.reads("checkin.approved_by")
    await lan.says("/checkin")
    lan.reads("checkin.term", "2028")
    await program.passes(days=60)
    await lan.says("/tasks")
    lan.reads("tasks.none")


async def test_a_check_in_that_nobody_renews_lapses_and_its_work_stays(program: Program) -> None:
    zhao, lan, emily = program.zhao, program.lan, program.emily
    await checks_in(program, emily)
    await accepted(program)
    await emily.presses("task.claim")
    await program.passes(days=366)
    assert await program.ticks("checkins") == 1
    emily.reads("checkin.lapsed")
    emily.reads("checkin.lapsed_tasks")
    zhao.reads("checkin.lapsed_member", "Emily")
    assert "tasks" not in menu_of(program, emily)
    assert await program.ticks("checkins") == 0
    await emily.presses("task.start")
    lan.reads("request.started")
    await emily.presses("menu.open:0:checkin")
    emily.reads("ask.checkin_unit")
    await emily.presses("checkin.unit", "checkin.branch", "checkin.enough", "checkin.enough", "form.submit")
    zhao.reads("checkin.title", BRANCH)


async def test_who_leaves_gives_back_what_has_not_begun_and_finishes_what_has(program: Program) -> None:
    zhao, lan, emily = program.zhao, program.lan, program.emily
    await checks_in(program, emily)
    await accepted(program)
    await emily.presses("task.claim", "task.start")
    await emily.says("/checkin")
    await emily.presses("checkin.leave")
    emily.reads("checkin.leave_sure")
    await emily.presses("checkin.leaveyes")
    emily.reads("checkin.tasks_open")
    await emily.presses("task.release")
    await emily.says("ill")
    await program.wang.presses("task.claim")
    await program.wang.presses("task.release")
    await program.wang.says("出差")
    await emily.presses("task.claim")
    await emily.says("/checkin")
    await emily.presses("checkin.leave", "checkin.stay", "checkin.leave", "checkin.leaveyes")
    emily.reads("state.checkin.left")
    lan.reads("request.released", "Emily")
    program.wang.reads("task.free")
    zhao.reads("checkin.left", "Emily")
    assert "tasks" not in menu_of(program, emily)
    await emily.forged("checkin.leaveyes:1")
    emily.reads("checkin.not_in_force")


async def test_who_takes_it_back_waits_no_longer_and_cannot_be_approved(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    await fills_in(lan)
    await lan.presses("form.submit")
    await lan.says("/checkin")
    lan.reads("checkin.next_asked")
    press = next(data for _, data in zhao.shown("checkin.approve").buttons)
    await lan.presses("checkin.withdraw")
    zhao.reads("state.checkin.withdrawn")
    await zhao.forged(press, message_id=zhao.messages[-1].id)
    zhao.reads("checkin.not_now")
    assert "tasks" not in menu_of(program, lan)


async def test_who_moved_away_is_asked_back_and_chooses_again(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    await fills_in(lan)
    await lan.presses("form.submit")
    await program.performs(ChooseHome(program.units["b2"]), Who(lan.user_id))
    await zhao.presses("checkin.approve")
    zhao.reads("checkin.moved_away")
    await zhao.presses("checkin.sendback")
    await zhao.says("您搬家了，请重新选")
    await lan.presses("menu.open:0:checkin", "2号楼", "checkin.branch", "checkin.enough", "checkin.enough")
    await lan.presses("form.submit")
    await zhao.presses("checkin.approve")
    lan.reads("checkin.approved", "2号楼")


async def test_who_has_no_home_is_led_there_and_who_is_suspended_is_told_so(program: Program) -> None:
    hua, lan = program.person("小华", language="zh"), program.lan
    hua.expects(None)
    await hua.says("/checkin")
    hua.reads("start.hello")
    await program.store._engine.write(
        lambda c: c.execute(update(person).where(person.c.telegram_id == lan.user_id).values(suspended=True))
    )
    await lan.says("/checkin")
    lan.reads("refused.suspended")


async def test_nobody_approves_their_own_nor_from_outside_nor_by_a_forged_press(program: Program) -> None:
    zhao, lan, chen = program.zhao, program.lan, program.chen
    root = Appoint(telegram_id=program.qiang.user_id, role=Role.ADMIN, unit_id=program.units["street"])
    await program.performs(root, Actor.system("command-line"))
    await fills_in(zhao)
    await zhao.presses("form.submit")
    program.qiang.reads("checkin.title", "赵敏")
    assert not zhao.offers("checkin.approve")
    for player in (zhao, chen, lan):
        await player.says("/menu")
        for press in ("checkin.approve:1:1", "checkin.sendback:1:1", "checkin.see:1"):
            await player.forged(press, message_id=player.messages[-1].id)
            player.reads("refused.not_found")
    for press in ("checkin.change:1:skills", "checkin.renew:1", "checkin.letter:1", "checkin.confirm:1"):
        await lan.forged(press, message_id=lan.messages[-1].id)
        lan.reads("refused.not_found")
    await program.qiang.says("/desk")
    program.qiang.reads("desk.row_checkin")
    await program.qiang.presses("checkin.see", "checkin.approve")
    zhao.reads("checkin.approved")


async def test_a_member_by_appointment_keeps_it_and_markup_in_a_branch_is_only_words(
    program: Program,
) -> None:
    zhao, wang = program.zhao, program.wang
    await fills_in(wang, branch="<a href='x'>支部</a> {name}")
    await wang.presses("form.submit")
    assert "<a href='x'>支部</a> {name}" in zhao.reads("checkin.title").text
    await zhao.presses("checkin.approve")
    wang.reads("checkin.approved")
    held = await program.store._engine.read(
        lambda c: c.execute(select(appointment.c.id).where(appointment.c.role == Role.MEMBER)).all()
    )
    assert len(held) == 2, "wang's and qiang's, as they were"


async def test_a_task_that_asks_for_a_skill_is_claimed_by_who_has_it(program: Program) -> None:
    lan, emily, wang = program.lan, program.emily, program.wang
    await checks_in(program, emily)
    await accepted(program)
    await program.store._engine.write(lambda c: c.execute(update(task).values(skill="medical")))
    await wang.presses("task.claim")
    wang.reads("task.skill_needed", "医疗护理")
    await emily.presses("task.claim")
    assert "Medical care" in emily.reads("task.skill").text
    lan.reads("request.claimed", "Emily")


async def test_a_member_tells_when_they_joined_and_is_congratulated_on_the_day(program: Program) -> None:
    emily, lan = program.emily, program.lan
    await checks_in(program, emily)
    for wrong in ("when I was young", "3-2", "1920-03-02", "2027-03-02", "2007-02-30"):
        await emily.says("/checkin")
        await emily.presses("checkin.change:1:joined")
        emily.reads("ask.checkin_joined")
        await emily.says(wrong)
        emily.reads("checkin.joined_wrong")
    await emily.says("2008-03-03")
    emily.reads("toast.saved")
    emily.reads("label.joined", "2008")
    await lan.says("/checkin")
    await lan.forged("checkin.change:1:joined", message_id=lan.messages[-1].id)
    lan.reads("refused.not_found")

    (job,) = (one for one in JOBS if one.name == "greetings")
    await program.app.ticker.tick(job)
    await program.passes(hours=22, minutes=30)
    await asyncio.gather(*(program.app.ticker.tick(job) for _ in range(2)))
    await program.quiet()
    emily.reads("checkin.greeting", "Emily", "18 years")
    assert await count(program.store._engine, "outbox", "kind = 'checkin.greeting'") == 1

    await emily.says("/checkin")
    await emily.presses("checkin.change:1:joined", "checkin.joined")
    emily.reads("toast.saved")
    await program.passes(hours=24 * 365)
    await program.app.ticker.tick(job)
    assert await count(program.store._engine, "outbox", "kind = 'checkin.greeting'") == 1
