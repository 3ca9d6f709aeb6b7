"""The audit trail in the chat: the newest page, narrowed by person, request, place, kind and day, and who may look."""

from __future__ import annotations

import pytest

from tests.support.databases import on_sqlite
from tests.support.paths import accepted, claimed, raised
from tests.support.program import Program

pytestmark = on_sqlite

NEXT_DAY = 24


async def test_a_secretary_reads_who_did_what_and_narrows_it(program: Program) -> None:
    zhao = program.zhao
    number = await claimed(program)
    await program.passes(hours=NEXT_DAY)
    second = await raised(program.emily)
    await zhao.says("/audit")
    zhao.reads("trail.title", "Emily")
    zhao.reads("event.request.raised")

    await zhao.presses("audit.request")
    zhao.reads("ask.trail_request")
    await zhao.says("几号来着")
    zhao.reads("trail.number_wrong")
    await zhao.says(str(number))
    page = zhao.reads("trail.only", "王建国", "李桂兰", "陈芳")
    assert "Emily" not in page.text
    zhao.reads("event.task.claimed")

    await zhao.presses("audit.kind", "audit.what:1:task")
    page = zhao.reads("event_kind.task", "王建国")
    assert "陈芳" not in page.text

    await zhao.presses("看全部")
    zhao.reads("trail.title", "Emily", "陈芳")
    await zhao.presses("audit.person")
    await zhao.says("查无此人")
    zhao.reads("trail.nobody", "查无此人")
    await zhao.says("王建")
    await zhao.presses("audit.who")
    page = zhao.reads("trail.only", "王建国")
    assert "陈芳" not in page.text

    await zhao.says("/audit")
    await zhao.presses("audit.day")
    await zhao.says("昨天")
    assert "今天" not in zhao.reads("day.yesterday", "王建国").text
    await zhao.presses("audit.day", "audit.on")
    page = zhao.reads("day.today", "Emily")
    assert "王建国" not in page.text
    assert second != number


async def test_a_page_is_turned_to_what_came_before_and_back(program: Program) -> None:
    zhao = program.zhao
    for _ in range(2):
        await accepted(program)
    for _ in range(4):
        await zhao.switches("en")
        await zhao.switches("zh")
    await zhao.says("/audit")
    zhao.reads("trail.title")
    first = zhao.card("操作记录").text
    await zhao.presses("audit.unit")
    for _ in range(3):
        await zhao.presses("audit.where")
    zhao.reads("trail.only", "1号楼")
    await zhao.presses("看全部")
    again = zhao.card("操作记录").text
    # Looking is written down too, and pushes the rest down.
    assert "批量查看资料" in again
    assert first.split("\n\n")[1] in again


async def test_only_who_answers_for_a_unit_may_look(program: Program) -> None:
    await accepted(program)
    for player in (program.lan, program.wang, program.chen):
        await player.says("/audit")
        player.reads("refused.not_found")
        await player.forged("audit.page:0", message_id=player.messages[-1].id)
        player.reads("refused.not_found")
        await player.forged("audit.person:0:p1", message_id=player.messages[-1].id)
        player.reads("refused.not_found")


@pytest.mark.parametrize(
    "data", ["audit.page:0:x1", "audit.page:0:p", "audit.page:0:d9zzzzzzz", "audit.page:0:eno"]
)
async def test_what_no_button_looks_for_is_not_found(program: Program, data: str) -> None:
    await program.zhao.forged(data)
    program.zhao.reads("refused.not_found")


async def test_a_number_that_nobody_has_finds_nothing(program: Program) -> None:
    zhao = program.zhao
    await zhao.forged("audit.page:0:pzzzzz")
    zhao.reads("trail.none")
    await zhao.forged("audit.page:999999999999999999")
    zhao.reads("trail.title")


async def test_the_name_of_a_unit_of_others_is_not_told(program: Program) -> None:
    street = program.units["street"]
    await program.zhao.forged(f"audit.page:0:u{street}")
    program.zhao.reads("refused.not_found")
