"""The resident along the way: adding, taking back, letters both ways, stars, "not solved", and the list with its steps."""

from __future__ import annotations

from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, accepted, claimed, raised, rates, reported, reports, words_of
from tests.support.program import Program

pytestmark = on_sqlite

PHONES = ("13800001005", "13800001003")


async def test_words_and_photos_are_added_at_any_time_and_reach_whoever_is_on_it(program: Program) -> None:
    lan, chen, wang = program.lan, program.chen, program.wang
    request_id = await raised(lan)
    await lan.presses(f"request.add:{request_id}")
    await lan.says("今天又关了一个人")
    lan.reads("request.added_thanks", str(request_id))
    chen.reads("request.added", "今天又关了一个人")
    await chen.presses(f"request.accept:{request_id}")
    await wang.presses("task.claim")
    await lan.presses(f"request.add:{request_id}")
    await lan.does(lan.sends_photo(caption="看这里"))
    await lan.presses("form.done")
    wang.reads("request.added", "看这里")
    await wang.presses(f"request.photos:{request_id}")
    assert any("photo" in message for message in wang.messages)


async def test_a_helper_on_the_way_is_told_when_the_resident_takes_it_back(program: Program) -> None:
    lan, wang, qiang = program.lan, program.wang, program.qiang
    request_id = await claimed(program)
    await wang.presses("task.start")
    await lan.presses(f"request.withdraw:{request_id}")
    lan.reads("request.sure_to_withdraw")
    await lan.presses(f"request.keep:{request_id}")
    lan.reads("toast.kept")
    await lan.presses(f"request.withdraw:{request_id}", f"request.withdrawyes:{request_id}")
    lan.reads("withdrawn", str(request_id))
    wang.reads("request.withdrawn_helper")
    assert FLAT not in wang.card("任务 ·").text
    assert not qiang.offers("task.claim")


async def test_a_request_nobody_has_accepted_yet_is_taken_back_and_leaves_the_desk(program: Program) -> None:
    lan, chen = program.lan, program.chen
    request_id = await raised(lan)
    await lan.presses(f"request.withdraw:{request_id}", f"request.withdrawyes:{request_id}")
    chen.reads("desk.withdrawn")
    await chen.says("/desk")
    chen.reads("desk.none")


async def test_letters_go_both_ways_without_anybodys_number(program: Program) -> None:
    lan, wang = program.lan, program.wang
    request_id = await claimed(program)
    await wang.presses(f"request.write:{request_id}")
    wang.reads("ask.letter")
    await wang.says("我六点到，方便吗？")
    wang.reads("letter.sent")
    assert lan.reads("letter.from_helper", "我六点到，方便吗？")
    await lan.presses(f"request.write:{request_id}")
    await lan.does(lan.sends_voice())
    lan.reads("letter.sent")
    wang.reads("letter.from_requester")
    assert any("voice" in message for message in wang.messages if message.from_bot)
    read = "".join([*lan.news, *(m.text for m in lan.messages if m.from_bot)])
    assert PHONES[1] not in read


async def test_an_album_as_a_letter_arrives_whole_and_once(program: Program) -> None:
    lan, wang = program.lan, program.wang
    request_id = await claimed(program)
    await lan.presses(f"request.write:{request_id}")
    wang.listens()
    await program.at_once(
        *(lan.sends_photo(media_group_id="9", caption="" if n else "三处漏水") for n in range(3))
    )
    assert len([m for m in wang.messages if "photo" in m and m.from_bot]) == 3
    wang.reads("letter.from_requester", "三处漏水")


async def test_nobody_can_write_before_anybody_is_on_it_or_after_it_is_done(program: Program) -> None:
    lan = program.lan
    request_id = await accepted(program)
    assert not lan.offers(f"request.write:{request_id}")
    await lan.forged(f"request.write:{request_id}", message_id=lan.messages[-1].id)
    await lan.says("在吗？")
    lan.reads("request.nobody_on_it")


async def test_one_or_two_stars_are_asked_about_once_more(program: Program) -> None:
    lan, wang = program.lan, program.wang
    request_id = await reported(program)
    await rates(lan, request_id, stars=2)
    lan.reads("request.really_solved", "★★☆☆☆")
    assert not wang.saw("task.confirmed")
    await lan.presses(f"request.surely:{request_id}")
    lan.reads("state.request.closed_confirmed")
    wang.reads("task.confirmed", "★★☆☆☆")
    wang.reads("points.none_this_time")


async def test_asked_once_more_it_may_turn_out_not_to_be_solved(program: Program) -> None:
    lan = program.lan
    request_id = await reported(program)
    await rates(lan, request_id, stars=1)
    await lan.presses(f"request.unsolved:{request_id}")
    lan.reads("ask.unsolved_reason")


async def test_not_solved_goes_back_to_work_with_the_reason_as_often_as_it_takes(program: Program) -> None:
    lan, wang, chen = program.lan, program.wang, program.chen
    request_id = await reported(program)
    for time in ("一", "二"):
        await lan.presses(f"request.unsolved:{request_id}")
        await lan.says(f"第{time}次：三楼还是停")
        lan.reads("unsolved.sent")
        wang.reads("task.rework")
        wang.reads("state.claim.rework", f"第{time}次：三楼还是停", FLAT)
        chen.reads("desk.returned", f"第{time}次：三楼还是停")
        await reports(wang)
        lan.reads("request.done")
    await rates(lan, request_id)
    lan.reads("state.request.closed_confirmed")
    await program.ticks("settlement")
    assert await program.store.ledger_differences() == []
    await wang.says("/points")
    assert wang.reads("points.title").text.count("号诉求") == 1


async def test_confirming_twice_changes_nothing(program: Program) -> None:
    lan, wang = program.lan, program.wang
    request_id = await reported(program)
    await rates(lan, request_id)
    wang.listens()
    await lan.forged(f"request.rate:{request_id}:5", message_id=lan.messages[-1].id)
    lan.reads("request.not_now")
    assert not wang.saw("task.confirmed")
    assert await program.ticks("settlement") == 1


async def test_the_helper_does_not_confirm_their_own_work(program: Program) -> None:
    wang = program.wang
    request_id = await reported(program)
    await wang.forged(f"request.rate:{request_id}:5", message_id=wang.messages[-1].id)
    wang.reads("refused.not_found")
    assert not wang.saw("task.confirmed")


async def test_mine_lists_the_newest_first_with_states_and_opens_the_card_with_every_step(
    program: Program,
) -> None:
    lan = program.lan
    first = await reported(program)
    await rates(lan, first)
    second = await claimed(program)
    third = await raised(lan)
    await lan.says("/mine")
    listed = lan.reads("mine.title", "3")
    assert [data for _, data in listed.buttons if data.startswith("request.see:")] == [
        f"request.see:{number}" for number in (third, second, first)
    ]
    for state in ("submitted", "in_progress", "closed_confirmed"):
        lan.reads(f"state.request.{state}")
    await lan.presses(f"request.see:{second}")
    lan.reads("step.task.claimed", "王建国")


async def test_what_is_over_takes_no_more_words(program: Program) -> None:
    lan = program.lan
    request_id = await reported(program)
    await rates(lan, request_id)
    assert not lan.offers(f"request.add:{request_id}")
    await lan.forged(f"request.add:{request_id}", message_id=lan.messages[-1].id)
    lan.reads("request.over")


async def test_an_english_resident_and_chinese_staff_each_read_their_own_language(program: Program) -> None:
    emily, wang = program.emily, program.wang
    request_id = await claimed(program, by=emily)
    wang.reads("state.claim.claimed", words_of(emily))
    await reports(wang)
    emily.reads("request.done")
    await rates(emily, request_id, stars=4)
    emily.reads("state.request.closed_confirmed")
    wang.reads("task.confirmed", "★★★★☆")
