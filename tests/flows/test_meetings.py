"""Meetings from the plan to the year's sheet: invited, answered, moved, checked in to, minuted, followed up, counted."""

from __future__ import annotations

import io

from openpyxl import load_workbook

from domain.meetings.codes import code_at
from domain.meetings.shapes import Meeting
from storage.entities import load
from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program

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
    zhao.reads("meeting.answers", "参加 0，请假 0，未回复 3")
    await program.ticks("meetings")
    wang.reads("meeting.moved_told", "19:00", "20:00")
    await wang.presses("meeting.come")
    await qiang.presses("meeting.leave")
    await qiang.says("出差")
    await _until(program, 24 * 60 - 120)
    await program.ticks("meetings")
    wang.reads("meeting.reminded")
    assert not qiang.saw("meeting.reminded")

    await _until(program, 10)
    await zhao.presses("meeting.see", "meeting.code")


async def _until(program: Program, minutes_before: int) -> None:
    """So many minutes before the first meeting begins."""
    starts_at = (await meeting_of(program)).starts_at
    span = (starts_at - program.clock.now()).total_seconds() / 60 - minutes_before
    await program.passes(minutes=span)
