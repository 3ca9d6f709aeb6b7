"""Members at work: offers in private and in the group, claims, giving back, reporting, and what is seen when."""

from __future__ import annotations

from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, NOTE, accepted, claimed, reported, reports, words_of
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite

PHONE = "13800001005"
"""What Lan's own card says."""


def visible(player: Player, number: int) -> set[str]:
    """Which of name, flat and phone this helper's card of the request shows now."""
    text = player.card(f"{number} 号诉求").text
    return {part for part in ("李桂兰", FLAT, PHONE) if part in text}


async def test_name_flat_and_phone_are_seen_while_the_claim_is_held_and_only_then(program: Program) -> None:
    wang = program.wang
    request_id = await accepted(program)
    assert visible(wang, request_id) == set()
    await wang.presses("task.claim")
    assert visible(wang, request_id) == {"李桂兰", FLAT, PHONE}
    await wang.presses("task.start")
    assert visible(wang, request_id) == {"李桂兰", FLAT, PHONE}
    await reports(wang)
    assert visible(wang, request_id) == set()
    await wang.says("/mytasks")
    assert FLAT not in "".join(wang.news)


async def test_a_card_opened_once_more_is_the_only_one_with_buttons(program: Program) -> None:
    wang = program.wang
    request_id = await claimed(program)
    old = wang.card(f"{request_id} 号诉求")
    await wang.says("/mytasks")
    await wang.presses("task.see")
    now = {message.id: message for message in wang.messages}
    assert now[old.id].buttons == []
    assert program.phrases.pattern("zh", "card.older_copy").search(now[old.id].text)
    assert wang.shown("task.start").id > old.id
    await wang.presses("task.start")
    assert wang.shown("task.done").id > old.id
    assert now[old.id].text == next(message.text for message in wang.messages if message.id == old.id)


async def test_an_old_card_that_somebody_deleted_is_not_posted_again(program: Program) -> None:
    wang = program.wang
    request_id = await claimed(program)
    old = wang.card(f"{request_id} 号诉求")
    program.sandbox.world.remove(wang.user_id, old.id)
    await wang.says("/mytasks")
    await wang.presses("task.see")
    cards = [message for message in wang.messages if f"{request_id} 号诉求" in message.text]
    assert len(cards) == 1
    assert wang.offers("task.start")


async def test_a_claim_from_the_group_leaves_one_card_with_buttons_in_private(program: Program) -> None:
    wang, zhao = program.wang, program.zhao
    group = program.group("一号楼党员群", zhao, wang)
    await zhao.does(zhao.sends("/bind", chat=group))
    await zhao.presses("group.bind", chat=group)
    request_id = await accepted(program)
    await wang.presses("task.claim", chat=group)
    with_buttons = [
        message for message in wang.messages if message.buttons and f"{request_id} 号诉求" in message.text
    ]
    assert len(with_buttons) == 1
    assert wang.shown("task.start").id == with_buttons[0].id
    await wang.presses("task.release")
    await wang.says("孩子发烧，来不了")
    assert not wang.offers("task.start")


async def test_what_is_given_back_is_hidden_again_and_offered_to_others(program: Program) -> None:
    lan, wang, qiang = program.lan, program.wang, program.qiang
    request_id = await claimed(program)
    await wang.presses("task.release")
    wang.reads("ask.release_reason")
    await wang.says("孩子发烧，来不了")
    wang.reads("release.sent")
    assert visible(wang, request_id) == set()
    lan.reads("request.released", "王建国")
    qiang.reads("task.free")
    await qiang.presses("task.claim")
    lan.reads("request.claimed", "李强")
    await wang.presses("task.claim") if wang.offers("task.claim") else None
    assert visible(wang, request_id) == set()


async def test_the_work_is_reported_with_minutes_note_and_photo_which_the_resident_sees(
    program: Program,
) -> None:
    lan, wang = program.lan, program.wang
    request_id = await claimed(program)
    await wang.presses("task.start", "task.done")
    wang.reads("ask.minutes")
    await wang.says("很久")
    wang.reads("form.minutes_wrong")
    await wang.says("1小时20分", NOTE)
    await wang.does(wang.sends_photo())
    await wang.presses("form.done")
    wang.reads("report.sent")
    lan.reads("request.done", NOTE)
    await lan.presses(f"request.photos:{request_id}")
    assert any("photo" in message for message in lan.messages)


async def test_pool_and_own_tasks_are_listed_and_open_from_the_list(program: Program) -> None:
    wang = program.wang
    await wang.says("/tasks")
    wang.reads("tasks.none")
    await wang.says("/mytasks")
    wang.reads("mytasks.none")
    await accepted(program)
    await wang.says("/tasks")
    wang.reads("tasks.title")
    await wang.presses("task.see")
    wang.reads("task.free", words_of(program.lan))
    await wang.presses("task.claim")
    await wang.says("/mytasks")
    wang.reads("mytasks.title")
    await wang.presses("task.see")
    wang.reads("state.claim.claimed", FLAT)
    await program.qiang.says("/tasks")
    program.qiang.reads("tasks.none")


async def test_nobody_claims_more_than_three_and_is_told_why(program: Program) -> None:
    wang = program.wang
    for _ in range(4):
        await accepted(program)
    for _ in range(3):
        await wang.presses("task.claim")
    await wang.presses("task.claim")
    wang.reads("task.too_many", "3")


async def test_a_member_does_not_take_on_their_own_request(program: Program) -> None:
    wang, qiang = program.wang, program.qiang
    await accepted(program, wang)
    assert not wang.saw("task.free")
    offer = qiang.shown("task.claim").buttons[0][1]
    await wang.forged(offer, message_id=wang.messages[-1].id)
    wang.reads("task.your_own")


async def test_a_second_press_of_the_same_button_changes_nothing(program: Program) -> None:
    wang = program.wang
    await accepted(program)
    button = wang.shown("task.claim")
    data = button.buttons[0][1]
    await program.at_once(wang.forges(data, button.id), wang.forges(data, button.id))
    wang.reads("toast.claimed")
    wang.reads("task.already_yours")
    await wang.presses("task.start")
    assert (
        len(
            [
                m
                for m in program.lan.messages
                if program.phrases.pattern("zh", "request.claimed").search(m.text)
            ]
        )
        == 1
    )


async def test_a_bound_group_is_offered_the_task_without_anything_of_the_person(program: Program) -> None:
    zhao, wang, qiang, lan = program.zhao, program.wang, program.qiang, program.lan
    group = program.group("一号楼党员群", zhao, wang, qiang)
    await zhao.does(zhao.sends("/bind", chat=group))
    zhao.reads("group.which_below", "幸福社区", chat=group)
    await zhao.presses("group.bind", chat=group)
    zhao.reads("group.bound", chat=group)

    request_id = await accepted(program)
    posted = group.messages[-1].text
    for part in (lan.name, FLAT, PHONE, words_of(lan)):
        assert part not in posted
    assert "电梯故障" in posted
    await wang.presses("task.claim", chat=group)
    assert "已有人认领" in group.messages[-1].text
    assert visible(wang, request_id) == {"李桂兰", FLAT, PHONE}
    assert not any(data.startswith("task.claim") for _, data in group.messages[-1].buttons)
    qiang.reads("task.is_taken")


async def test_several_claims_race_in_the_group_and_the_losers_are_told(program: Program) -> None:
    zhao, wang, qiang, chen = program.zhao, program.wang, program.qiang, program.chen
    group = program.group("一号楼党员群", zhao, wang, qiang, chen)
    await zhao.does(zhao.sends("/bind", chat=group))
    await zhao.presses("group.bind", chat=group)
    await accepted(program)
    card = group.messages[-1]
    data = card.buttons[0][1]
    crew = (wang, qiang, chen, zhao)
    await program.at_once(*(helper.forges(data, card.id, chat=group) for helper in crew))
    assert sum(helper.saw("toast.claimed") for helper in crew) == 1
    assert sum(helper.saw("task.taken") for helper in crew) == 3


async def test_a_private_request_never_appears_in_the_group(program: Program) -> None:
    zhao, wang = program.zhao, program.wang
    group = program.group("一号楼党员群", zhao, wang)
    await zhao.does(zhao.sends("/bind", chat=group))
    await zhao.presses("group.bind", chat=group)
    before = len(group.messages)
    await accepted(program, private="yes")
    assert len(group.messages) == before


async def test_personal_commands_in_a_group_are_answered_with_the_way_to_the_private_chat(
    program: Program,
) -> None:
    lan = program.lan
    group = program.group("邻居群", lan, program.wang)
    await lan.does(lan.sends("/mine", chat=group))
    hint = lan.reads("group.only_private", chat=group)
    assert hint.buttons[0][1].startswith("https://t.me/linli_bot")
    await lan.does(lan.sends("/bind", chat=group))
    lan.reads("group.no_unit", chat=group)
    await lan.does(lan.sends("大家好", chat=group))
    assert not any(m.from_bot for m in group.messages[-1:])


async def test_done_work_is_no_longer_offered_anywhere(program: Program) -> None:
    await reported(program)
    assert not program.qiang.offers("task.claim")
    assert not program.wang.offers("task.done")


async def test_hours_are_agreed_on_before_and_the_helper_hears_of_them(program: Program) -> None:
    wang, chen, lan = program.wang, program.chen, program.lan
    request_id = await claimed(program)
    await chen.presses("request.hours")
    chen.reads("ask.agree_hours", "2 小时")
    await chen.says("九小时")
    chen.reads("hours.wrong")
    await chen.presses("request.agree")
    chen.reads("desk.agreed", "3 小时")
    wang.reads("task.agreed", f"{request_id} 号", "3 小时")
    for stranger in (wang, lan):
        await stranger.forged(f"request.hours:{request_id}")
        stranger.reads("refused.not_found")
    await wang.presses("task.start")
    await reports(wang)
    # Afterwards the press shows the card as it is.
    await chen.forged(f"request.hours:{request_id}")
    assert not chen.saw("ask.agree_hours")
