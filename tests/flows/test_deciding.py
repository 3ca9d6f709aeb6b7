"""The desk: what waits, oldest first; put right, accepted with places, declined with a reason."""

from __future__ import annotations

from domain.base import Role
from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, claimed, raised, words_of
from tests.support.program import Program

pytestmark = on_sqlite


async def test_the_desk_lists_the_oldest_first_and_turns_its_pages(program: Program) -> None:
    lan, emily, chen = program.lan, program.emily, program.chen
    numbers = []
    for number in range(7):
        numbers.append(await raised(lan if number % 2 else emily))
        await program.passes(minutes=5)
    await chen.says("/desk")
    seen: list[int] = []
    while True:
        page = chen.reads("desk.title", "7")
        seen += [int(data.split(":")[1]) for _, data in page.buttons if data.startswith("desk.open:")]
        onward = [data for _, data in page.buttons if data.startswith("desk.page:")]
        following = f"desk.page:{len(seen) // 5 + 1}"
        if following not in onward or len(seen) == len(numbers):
            break
        await chen.presses(following)
    assert seen == numbers
    await chen.presses(f"desk.open:{numbers[-1]}")
    chen.reads("desk.due", str(numbers[-1]))


async def test_category_and_urgency_are_put_right_and_the_resident_sees_it(program: Program) -> None:
    lan, chen, wang = program.lan, program.chen, program.wang
    request_id = await raised(lan)
    await chen.presses(f"request.correct:{request_id}")
    chen.reads("desk.choose_category")
    await chen.presses(f"request.setcat:{request_id}:elder_help")
    assert "老人照料" in chen.card("待受理").text
    await chen.presses(f"request.correct:{request_id}", f"request.correct:{request_id}:u")
    chen.reads("desk.choose_urgency")
    await chen.presses(f"request.seturg:{request_id}:urgent")
    lan.reads("step.request.corrected", "陈芳")
    await chen.presses(f"request.accept:{request_id}")
    assert "老人照料" in wang.reads("task.free").text
    assert words_of(lan) not in wang.reads("task.free").text, "help for an elder is always private"


async def test_a_leader_steps_out_of_a_correction_without_changing_anything(program: Program) -> None:
    request_id = await raised(program.lan)
    await program.chen.presses(f"request.correct:{request_id}", f"desk.open:{request_id}")
    program.chen.reads("desk.due", "电梯故障")


async def test_two_places_are_claimed_by_two_and_both_have_to_report(program: Program) -> None:
    lan, wang, qiang = program.lan, program.wang, program.qiang
    await claimed(program, wang, qiang)
    for helper in (wang, qiang):
        helper.reads("state.claim.claimed", FLAT)
    lan.reads("request.claimed", "李强")
    await wang.presses("task.done", "task.minutes")
    await wang.says("修好了")
    await wang.presses("form.done")
    assert not lan.saw("request.done")
    await qiang.presses("task.done", "task.minutes", "form.skip")
    lan.reads("request.done")


async def test_a_secretary_declines_with_a_reason_that_the_resident_reads_word_for_word(
    program: Program,
) -> None:
    lan, zhao, chen = program.lan, program.zhao, program.chen
    request_id = await raised(lan)
    assert not chen.offers(f"request.decline:{request_id}"), "that is for a secretary"
    await zhao.says("/desk")
    await zhao.presses(f"desk.open:{request_id}", f"request.decline:{request_id}")
    zhao.reads("ask.decline_reason", str(request_id))
    await zhao.says("这部电梯归物业，已转告，电话 12345 & <b>急</b>")
    zhao.reads("decline.sent")
    lan.reads("request.declined", "已转告，电话 12345 & <b>急</b>")
    lan.reads("state.request.declined")
    await zhao.says("/desk")
    zhao.reads("desk.none")


async def test_who_comes_second_sees_how_it_stands_now(program: Program) -> None:
    chen, zhao = program.chen, program.zhao
    request_id = await raised(program.lan)
    version = chen.shown(f"request.accept:{request_id}").buttons[0][1]
    await chen.presses(f"request.accept:{request_id}")
    await zhao.forged(version, message_id=zhao.messages[-1].id)
    zhao.reads("request.not_now")
    zhao.reads("desk.accepted_by", "陈芳")
    assert not zhao.offers(f"request.accept:{request_id}")


async def test_a_leader_of_another_building_finds_nothing(program: Program) -> None:
    hui = program.person("孙慧", started=True)
    await program.settles(hui, home="b2", role=Role.LEADER, at="b2")
    request_id = await raised(program.lan)
    await hui.says("/desk")
    hui.reads("desk.none")
    for data in (f"desk.open:{request_id}", f"request.accept:{request_id}:1", f"request.photos:{request_id}"):
        await hui.forged(data, message_id=hui.messages[-1].id)
        hui.reads("refused.not_found")
    assert program.lan.offers("request.withdraw")
