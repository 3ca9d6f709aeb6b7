"""Meetings from the plan to the year's sheet: invited, answered, moved, checked in to, minuted, followed up, counted."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.settings_model import MeetingsSettings
from domain.base import Actor, Role
from domain.meetings.codes import code_at
from domain.meetings.shapes import AddFollowup, LookAtDuty, Meeting
from storage.database import Location
from storage.entities import load
from storage.facts import meeting_guests
from storage.unit import Who
from tests.support.databases import on_sqlite
from tests.support.meetings import long_since
from tests.support.player import Player
from tests.support.program import Program, running

pytestmark = on_sqlite


async def meeting_of(program: Program, number: int = 1) -> Meeting:
    found = await program.store._engine.read(lambda c: load(c, Meeting, number, lock=False))
    assert found is not None
    return found


async def planned(
    program: Program, who: Player, kind: str, unit: str, *, topic: str = "学习讨论", clock: str = "19:00"
) -> None:
    """A meeting of a unit tomorrow evening."""
    await who.says("/meetings")
    await who.presses("meetings.desk", "meeting.new", f"meeting.kind:1:{kind}")
    await who.does(_down_to(program, who, unit))
    await who.says(topic, "党群服务中心二楼")
    await who.presses("meeting.day")
    await who.says(clock)
    who.reads("ask.meeting_agenda")
    await who.presses("form.skip")


async def _down_to(program: Program, who: Player, unit: str) -> None:
    for step in ("community", "grid", unit) if unit in ("b1", "b2") else ("community", unit):
        target = program.units[step]
        here = [d for _, d in who.shown("form.cancel").buttons if d.endswith(f":{target}")]
        if here:
            await who.presses(here[0])
    at = [d for _, d in who.shown("form.cancel").buttons if d.startswith("meeting.here:")]
    if at:
        await who.presses(at[0])


async def test_a_branch_meeting_goes_from_the_plan_to_the_years_sheet(program: Program) -> None:
    zhao, wang, qiang, chen = program.zhao, program.wang, program.qiang, program.chen
    await planned(program, zhao, "branch", "grid")
    zhao.reads("check.meeting", "第一网格", "3 人")
    await zhao.presses("form.submit")
    zhao.reads("meeting.next_leaving")
    assert await program.ticks("meetings") == 3
    assert await program.ticks("meetings") == 0
    wang.reads("meeting.invited", "学习讨论", "党群服务中心二楼")
    assert not program.lan.saw("meeting.invited")
    await wang.presses("meeting.come")
    wang.reads("meeting.is_coming")
    await qiang.presses("meeting.leave")
    await qiang.says("出差 <b>一周</b>")
    # What looks like markup is what they wrote.
    assert "<b>一周</b>" in qiang.reads("meeting.is_on_leave").text
    await zhao.says("/meetings")
    await zhao.presses("meetings.desk", "meeting.card")
    zhao.reads("meeting.answers", "参加 1，请假 1，未回复 1")

    await wang.presses("meeting.checkin")
    wang.reads("meeting.too_early")
    await zhao.presses("meeting.move", "meeting.day")
    await zhao.says("20:00")
    await zhao.presses("form.skip")
    zhao.reads("meeting.answers", "参加 0，请假 0，未回复 3")
    await program.ticks("meetings")
    wang.reads("meeting.moved_told", "19:00，党群服务中心二楼", "20:00，党群服务中心二楼")
    await wang.presses("meeting.come")
    await qiang.presses("meeting.leave")
    await qiang.says("出差")
    await _until(program, 119)
    await program.ticks("meetings")
    wang.reads("meeting.reminded")
    assert not qiang.saw("meeting.reminded")

    await zhao.presses("meeting.absent")
    zhao.reads("meeting.list_title", "李强")
    await _until(program, 10)
    # What stood below the card is the card again.
    await zhao.presses("meeting.back", "meeting.absent", "meeting.back", "meeting.code")
    code = code_at((await meeting_of(program)).secret, program.clock.now())
    zhao.reads("meeting.code_title", code)
    await wang.presses("meeting.checkin")
    await wang.says("abc")
    wang.reads("meeting.code_shape")
    await wang.says(wrong(code))
    wang.reads("meeting.code_wrong")
    await wang.says(code)
    wang.reads("meeting.is_here")
    await wang.forged("meeting.checkin:1")
    wang.reads("meeting.checked_in_already")
    # Somebody who is not invited has scanned it from a friend's screen; an old code is no use to anybody.
    await program.lan.says(f"/start m-1-{code}")
    program.lan.reads("meeting.not_invited")
    await program.passes(minutes=2)
    await chen.says(f"/start m-1-{code}")
    chen.reads("meeting.code_wrong")
    await zhao.presses("meeting.qr")
    assert any("photo" in raw for raw in program.sandbox.world.messages(zhao.user_id).values())
    code = code_at((await meeting_of(program)).secret, program.clock.now())
    await chen.says(f"/start m-1-{code}")
    await chen.presses("meeting.scan")
    chen.reads("meeting.is_here")

    await zhao.presses("meeting.back", "meeting.present")
    assert "陈芳" in zhao.reads("meeting.here_title").text
    strike = [d for label, d in zhao.shown("meeting.strike").buttons if "陈芳" in label]
    await zhao.presses(strike[0])
    zhao.reads("toast.saved")
    chen.reads("meeting.is_struck")
    await chen.says(f"/start m-1-{code}")
    chen.reads("meeting.you_were_struck")
    await zhao.presses("meeting.back", "meeting.absent")
    assert "签到已取消" in zhao.reads("meeting.absent_title").text

    await program.passes(minutes=30)
    await zhao.presses("meeting.back", "meeting.write")
    zhao.reads("ask.meeting_minutes", "说完了，下一步")
    await zhao.says("一、学习了 <i>章程</i>")
    await zhao.does(zhao.sends_photo(caption="会场"))
    await zhao.presses("form.done")
    zhao.reads("meeting.kept_minutes", "会议记录 2 份")
    await wang.says("/meetings")
    await wang.presses("meeting.open", "meeting.minutes")
    assert "<i>章程</i>" in wang.card("一、学习了").text
    await zhao.presses("meeting.follows", "meeting.follow")
    await zhao.says("联系物业修路灯")
    owner = [d for label, d in zhao.shown("meeting.owner").buttons if "王建国" in label]
    await zhao.presses(owner[0], "meeting.dueday")
    wang.reads("followup.given", "联系物业修路灯")
    zhao.reads("followup.title", "联系物业修路灯：王建国")
    await wang.presses("followup.done")
    # The open list changes where it is, and who planned the meeting hears of it.
    zhao.reads("followup.finished", "王建国", "联系物业修路灯")
    assert "✅ 联系物业修路灯" in zhao.card("落实事项（1 件）").text
    await zhao.presses("meeting.back", "meeting.close", "meeting.closeyes")
    zhao.reads("meeting.closed_now")
    zhao.reads("meeting.next_held_open")
    assert await program.ticks("meetings") == 1
    await program.ticks("settlement")
    await wang.says("/points")
    wang.reads("points.title", "组织生活")
    await wang.says("/meetings")
    await wang.presses("meetings.past")
    wang.reads("meeting.year", "应到 1 场，实到 1 场")

    await zhao.says("/meetings")
    await zhao.presses("meetings.desk", "meetings.places")
    await zhao.presses(f"meetings.places:{program.units['community']}")
    await zhao.presses(f"meetings.places:{program.units['grid']}", "meetings.duty")
    zhao.reads("duty.title", "支部党员大会：1/4", "党课：0/4")
    await zhao.presses("meetings.sheet")
    name, content = zhao.file() or ("", b"")
    assert name == f"第一网格{program.clock.now().year}年考勤表.xlsx"
    book = load_workbook(io.BytesIO(content))
    rows = {row[0]: row for row in book.worksheets[0].values}
    assert rows["王建国"][1:7] == ("✓", 1, 1, 0, 0, 1)
    assert rows["李强"][1:7] == ("请假", 1, 0, 1, 0, 0)
    assert rows["陈芳"][1:7] == ("缺席", 1, 0, 0, 1, 0)
    assert ("党课", "第 1 季度", 0) in [row[:3] for row in book.worksheets[1].values]


@pytest.mark.parametrize("sections", [{"meetings": MeetingsSettings(ask_place=True)}])
async def test_a_leader_holds_the_group_s_meeting_where_who_checks_in_shows_where_they_are(
    location: Location, sections: dict[str, Any]
) -> None:
    async with running(location, sections=sections) as program:
        chen, wang, qiang = program.chen, program.wang, program.qiang
        await chen.says("/meetings")
        await chen.presses("meetings.desk", "meeting.new")
        # A leader plans what the group holds: nothing else is offered, nor taken.
        assert [d for _, d in chen.shown("meeting.kind").buttons if "kind" in d] == ["meeting.kind:1:group"]
        await chen.forged("meeting.kind:1:lecture")
        assert not chen.saw("ask.meeting_unit")
        await chen.presses("meeting.kind:2:group", f"meeting.unit:3:{program.units['b1']}")
        await chen.says("小组学习", "1号楼活动室")
        await chen.presses("meeting.day")
        await chen.says("25点")
        chen.reads("meeting.clock_wrong")
        await chen.presses("meeting.clock")
        await chen.says("一、读 <文件>")
        chen.reads("check.meeting", "<文件>", "3 人")
        await chen.presses("form.submit")
        await program.ticks("meetings")
        wang.reads("meeting.invited", "小组学习")
        await chen.presses("meeting.pin")
        await chen.says("活动室")
        chen.reads("meeting.place_needed")
        await chen.does(chen.sends_location(31.2304, 121.4737))
        await _until(program, 5)
        meeting = await meeting_of(program)
        code = code_at(meeting.secret, program.clock.now())
        await wang.presses("meeting.checkin")
        await wang.says(code)
        wang.reads("ask.meeting_spot")
        await wang.does(wang.sends_location(31.2504, 121.4737))
        wang.reads("meeting.far_away")
        await wang.does(wang.sends_location(31.2305, 121.4738))
        wang.reads("meeting.is_here")
        # Scanned, it asks for the place as well; whoever guesses is stopped, and is ticked off by hand.
        await qiang.says(f"/start m-1-{code}")
        await qiang.presses("meeting.scan")
        qiang.reads("ask.meeting_spot")
        await qiang.presses("form.cancel", "meeting.checkin")
        for _ in range(10):
            await qiang.says(wrong(code))
        await qiang.says(code)
        qiang.reads("meeting.codes_tried")
        await qiang.presses("form.cancel")
        await chen.presses("meeting.absent")
        tick = [d for label, d in chen.shown("meeting.tick").buttons if "李强" in label]
        await chen.presses(tick[0])
        assert "李强" not in chen.reads("meeting.absent_title").text
        await chen.forged("meeting.tick:1:5")
        chen.reads("refused.not_found")
        await chen.presses("meeting.back", "meeting.cancel", "meeting.cancelyes")
        await program.ticks("meetings")
        wang.reads("meeting.cancelled_told")


async def test_what_is_missing_is_said_and_planned_with_one_press(program: Program) -> None:
    chen = program.chen
    await long_since(program.store)
    for unit_id in await program.store.meetings.owing(now=program.clock.now(), after=0):
        await program.performs(LookAtDuty(unit_id), Actor.system("meeting_duties"))
    await program.quiet()
    chen.reads("duty.was_missing", "党小组会")
    await chen.presses("meetings.duty")
    chen.reads("duty.missing", "3 月还没安排")
    await chen.presses(f"meeting.new:{program.units['b1']}:group")
    chen.reads("ask.meeting_topic")
    await chen.says("小组学习", "活动室")
    await chen.presses("meeting.day", "meeting.clock", "form.skip", "form.submit")
    await chen.forged(f"meetings.duty:{program.units['b1']}")
    assert "3 月还没安排" not in chen.reads("duty.title").text
    # One that was held without being planned here is put on record, and nobody is invited to it.
    await chen.says("/meetings")
    await chen.presses("meetings.desk", "meeting.record", "meeting.kind:1:group")
    await chen.presses(f"meeting.unit:2:{program.units['b1']}")
    await chen.says("二月小组会", "活动室")
    await chen.says("明天")
    chen.reads("trail.day_wrong")
    await chen.says("2月26日", "19:00")
    await chen.presses("form.skip")
    chen.reads("meeting.writes_down")
    await chen.presses("form.submit")
    await program.ticks("meetings")
    assert not any("二月小组会" in text for text in program.wang.news)
    chen.reads("meeting.ended", "二月小组会")
    await chen.presses("meeting.absent")
    tick = [d for label, d in chen.shown("meeting.tick").buttons if "王建国" in label]
    await chen.presses(tick[0], "meeting.back", "meeting.close", "meeting.closeyes")
    chen.reads("meeting.next_held_open")
    assert await program.ticks("meetings") == 1
    # Nobody looks into another building's.
    await chen.forged(f"meetings.duty:{program.units['b2']}")
    chen.reads("refused.not_found")
    await chen.forged(f"meetings.sheet:{program.units['grid']}:2026")
    chen.reads("refused.not_found")


async def test_what_was_written_of_a_meeting_is_put_right_before_it_and_its_list_after_it(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhao, wang, qiang = program.zhao, program.wang, program.qiang
    monkeypatch.setattr(meeting_guests, "GUEST_ROWS", 1)
    monkeypatch.setattr(meeting_guests, "_ABSENT", meeting_guests._ABSENT.limit(2))
    await planned(program, zhao, "group", "b1")
    await zhao.presses("form.submit")
    await program.ticks("meetings")
    await wang.presses("meeting.come")
    # Who joins a day before it hears of it in the morning.
    await program.settles(program.lan, role=Role.MEMBER)
    await zhao.presses("meeting.correct", "meeting.what:1:where")
    zhao.reads("ask.meeting_where")
    await zhao.says("三楼 <会议室>")
    zhao.reads("meeting.corrected_now")
    await program.ticks("meetings")
    wang.reads("meeting.corrected_told", "三楼 <会议室>")
    wang.reads("meeting.is_coming")
    program.lan.reads("meeting.invited", "三楼 <会议室>")
    assert not program.lan.saw("meeting.corrected_told")
    await wang.forged("meeting.correct:1")
    wang.reads("refused.not_found")
    await zhao.forged("meeting.puton:1:3_0")
    zhao.reads("meeting.list_fixed")
    for forged in ("meeting.puton:1:99_0", "meeting.takeoff:1:x", "meeting.tick:1:3_x"):
        await zhao.forged(forged)
        zhao.reads("refused.not_found")

    await _until(program, 5)
    # A list that is longer than a screen goes on where it was.
    await zhao.presses("meeting.absent", "meeting.absent:1:1")
    assert "王建国" in zhao.reads("meeting.absent_title").text
    await zhao.presses("meeting.tick")
    assert "李强" in zhao.reads("meeting.absent_title").text
    await program.passes(minutes=30)
    today = program.clock.now().date()
    for number in range(9):
        decided = AddFollowup(1, f"第{number}件事", 3, today + timedelta(days=7))
        await program.performs(decided, Who(zhao.user_id))
    await zhao.presses("meeting.back", "meeting.follows")
    await zhao.presses("meeting.follows:1:2")
    await zhao.presses("followup.settle")
    zhao.reads("followup.title", "第8件事")
    await zhao.presses("meeting.back", "meeting.close", "meeting.closeyes")
    await program.ticks("meetings")
    await program.ticks("settlement")

    await zhao.presses("meeting.absent", "meeting.absent:1:1")
    zhao.reads("meeting.amend_how")
    await zhao.presses("meeting.puton")
    zhao.reads("ask.meeting_amend_in", "李强")
    await zhao.says("到了 <b>忘签</b>")
    qiang.reads("meeting.amended_here")
    await zhao.presses("meeting.back", "meeting.present")
    out = [d for label, d in zhao.shown("meeting.takeoff").buttons if "王建国" in label]
    await zhao.presses(out[0])
    await zhao.says("别人代扫的码")
    wang.reads("meeting.amended_away", "记为未到会")
    await program.ticks("settlement")
    await wang.says("/points")
    wang.reads("points.title", "会议签到更正：-1")
    await qiang.says("/points")
    qiang.reads("points.title", "+1")
    await wang.forged("meeting.puton:1:3_0")
    wang.reads("refused.not_found")
    # One's own list stays what it was as well.
    await wang.says("/meetings")
    await wang.presses("followup.done")
    wang.reads("followup.mine")
    assert await program.store.ledger_differences() == []


def wrong(code: str) -> str:
    """Six digits that are not these."""
    return f"{(int(code) + 1) % 10**6:06}"


async def _until(program: Program, minutes_before: int) -> None:
    """So many minutes before the first meeting begins."""
    starts_at = (await meeting_of(program)).starts_at
    span = (starts_at - program.clock.now()).total_seconds() / 60 - minutes_before
    await program.passes(minutes=span)
