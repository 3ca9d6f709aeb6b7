"""Time as people see it: a question that stops the clock, silence that closes, and what a leader verifies after it."""

from __future__ import annotations

from tests.support.databases import on_sqlite
from tests.support.paths import accepted, raised, reported
from tests.support.program import Program

pytestmark = on_sqlite


async def test_an_answer_that_is_late_rings_at_the_leaders_and_is_said_to_the_resident(
    program: Program,
) -> None:
    lan, chen = program.lan, program.chen
    request_id = await raised(lan)
    await program.ticks("deadlines")
    await program.passes(hours=5)
    await program.ticks("deadlines")
    chen.reads("desk.answer_overdue")
    assert chen.offers(f"request.accept:{request_id}")
    lan.reads("request.next_answer_late")
    await chen.presses(f"request.accept:{request_id}")
    lan.reads("request.solve_by")


async def test_a_question_stops_the_clock_until_the_resident_has_answered(program: Program) -> None:
    lan, chen = program.lan, program.chen
    request_id = await accepted(program)
    await chen.presses(f"request.ask:{request_id}")
    chen.reads("ask.resident_question", str(request_id))
    await chen.says("几点<b>方便</b>上门？")
    chen.reads("ask_resident.sent")
    lan.reads("request.asked", "几点<b>方便</b>上门？")
    chen.reads("desk.waits")
    await program.ticks("deadlines")
    await program.passes(hours=25)
    await program.ticks("deadlines")
    lan.reads("request.remind_answer")
    await lan.presses(f"request.add:{request_id}")
    await lan.says("晚上七点以后")
    chen.reads("request.added", "晚上七点以后")
    lan.reads("request.next_claim")
    assert chen.offers(f"request.ask:{request_id}")


async def test_silence_closes_and_the_helper_earns_when_a_leader_has_verified_it(program: Program) -> None:
    lan, chen, wang = program.lan, program.chen, program.wang
    request_id = await reported(program)
    await program.ticks("deadlines")
    lan.reads("request.closes_silently")
    for hours in (24, 48):
        await program.passes(hours=hours)
        await program.ticks("deadlines")
        lan.reads("request.remind_done")
    await program.passes(days=4)
    await program.ticks("deadlines")
    lan.reads("request.closed_silently")
    lan.reads("request.was_silent")
    assert not lan.offers(f"request.solved:{request_id}")
    chen.reads("desk.verify_wanted")
    await wang.forged(f"request.verify:{request_id}:1")
    wang.reads("refused.not_found")
    await chen.says("/desk")
    chen.reads("desk.row_silent")
    await chen.presses(f"request.verify:{request_id}")
    wang.reads("task.verified", str(request_id))
    assert await program.ticks("settlement") == 1
    await wang.forged("request.verify:999999:1")


async def test_who_does_not_set_out_is_warned_and_makes_room(program: Program) -> None:
    lan, wang, qiang = program.lan, program.wang, program.qiang
    await accepted(program)
    await wang.presses("task.claim")
    await program.ticks("tasks")
    await program.passes(hours=24)
    await program.ticks("tasks")
    wang.reads("task.not_started")
    # Half a day later it is night, and nobody is woken for it.
    await program.passes(hours=12)
    await program.ticks("tasks")
    assert not lan.saw("request.expired")
    await program.passes(hours=10)
    await program.ticks("tasks")
    lan.reads("request.expired")
    wang.reads("task.expired")
    assert qiang.offers("task.claim")
