"""Words of danger: numbers at once, leader and secretary rung, calm goes on, somebody says that they act."""

from __future__ import annotations

from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, raised
from tests.support.program import Program

pytestmark = on_sqlite


async def test_danger_out_of_the_blue_rings_leader_and_secretary_and_shows_the_numbers(
    program: Program,
) -> None:
    lan, chen, zhao = program.lan, program.chen, program.zhao
    await lan.says("厨房冒烟了")
    lan.reads("alarm.danger", "119")
    for staff in (chen, zhao):
        assert "厨房冒烟了" in staff.reads("alarm.title").text
    assert not program.wang.news

    await chen.presses("alarm.seen")
    chen.reads("alarm.seen_by", "陈芳")
    zhao.reads("alarm.seen_by", "陈芳")
    lan.reads("alarm.acknowledged", "陈芳")
    await zhao.forged("alarm.seen:1", message_id=zhao.messages[-1].id)
    zhao.reads("alarm.acknowledged_already")


async def test_danger_in_the_middle_of_the_form_rings_and_calm_goes_on_with_it(program: Program) -> None:
    lan, chen = program.lan, program.chen
    await lan.says("/request", "楼上有人打人")
    lan.reads("alarm.danger")
    chen.reads("alarm.title")
    await lan.presses("request.calm")
    lan.reads("ask.category")
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact())
    lan.reads("check.request", "楼上有人打人")
    await lan.presses("request.submit")
    chen.reads("desk.due", "楼上有人打人")


async def test_what_is_said_after_the_alarm_is_kept_with_it(program: Program) -> None:
    lan = program.lan
    await lan.says("着火了", "在四楼")
    lan.reads("alarm.danger")
    await lan.presses("request.calm")
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact())
    summary = lan.reads("check.request").text
    assert "着火了" in summary
    assert "在四楼" in summary


async def test_an_english_speaker_reads_the_numbers_in_english(program: Program) -> None:
    emily = program.emily
    await emily.says("I can smell gas in the stairway")
    emily.reads("alarm.danger", "110")
    program.chen.reads("alarm.title", "I can smell gas in the stairway")


async def test_an_open_alarm_stands_first_on_the_desk_until_somebody_acts(program: Program) -> None:
    lan, zhao = program.lan, program.zhao
    await raised(lan)
    await lan.says("有人晕倒了")
    await zhao.says("/desk")
    rows = zhao.reads("desk.title").buttons
    assert rows[0][1].startswith("alarm.see:")
    await zhao.presses("alarm.see")
    zhao.reads("alarm.what_to_do")
    await zhao.presses("alarm.seen")
    await zhao.says("/desk")
    assert not any(data.startswith("alarm.see:") for _, data in zhao.reads("desk.title").buttons)
