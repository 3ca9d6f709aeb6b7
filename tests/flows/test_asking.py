"""Raising a request, step by step: every way in, every step, back and skip, wrong input explained, albums, proxies."""

from __future__ import annotations

import pytest

from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, latest, raised, words_of
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite

WORDS = "楼道灯坏了"


async def to_flat(player: Player, words: str = WORDS) -> None:
    """As far as the question for the flat."""
    await player.says("/request", words)
    await player.presses("request.category", "request.urgency", "request.private", "request.hide")
    player.reads("ask.flat")


# --- ways in -------------------------------------------------------------------------------------------------------


async def test_the_menu_leads_into_the_form(program: Program) -> None:
    await program.lan.says("/menu")
    await program.lan.presses("menu.open:0:request")
    program.lan.reads("ask.words")


async def test_a_message_out_of_the_blue_is_offered_to_be_passed_on(program: Program) -> None:
    lan = program.lan
    await lan.says(WORDS)
    lan.reads("ask.pass_on", WORDS)
    await lan.presses("request.pass")
    lan.reads("ask.category")


async def test_not_now_forgets_what_was_said_out_of_the_blue(program: Program) -> None:
    lan = program.lan
    await lan.says(WORDS)
    await lan.presses("form.cancel")
    lan.reads("cancel.done")
    await lan.says("/mine")
    lan.reads("mine.none")


@pytest.mark.parametrize("kind", ["photo", "voice", "video", "document", "location"])
async def test_anything_out_of_the_blue_becomes_the_first_step_and_reaches_the_leader(
    program: Program, kind: str
) -> None:
    lan, chen = program.lan, program.chen
    await lan.does(getattr(lan, f"sends_{kind}")())
    lan.reads("ask.pass_on")
    await lan.presses(
        "request.pass", "request.category", "request.urgency", "request.private", "request.hide"
    )
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact())
    await lan.presses("request.submit")
    request_id = latest(lan)
    chen.reads("desk.due")
    await chen.presses(f"request.photos:{request_id}")
    assert any(kind in message for message in chen.messages if message.from_bot)


async def test_an_album_is_one_request_with_all_its_pictures(program: Program) -> None:
    lan = program.lan
    await program.at_once(
        lan.sends_photo(caption="到处是水", media_group_id="7"),
        lan.sends_photo(media_group_id="7"),
        lan.sends_photo(media_group_id="7"),
    )
    offers = [m for m in lan.messages if any(data.startswith("request.pass") for _, data in m.buttons)]
    assert len(offers) == 1
    assert "到处是水" in offers[0].text
    assert "3" in offers[0].text
    await lan.presses(
        "request.pass", "request.category", "request.urgency", "request.private", "request.hide"
    )
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact())
    await lan.presses("request.submit")
    await program.chen.presses("request.photos")
    pictures = [m for m in program.chen.messages if "photo" in m]
    assert len(pictures) == 3
    assert len({m["media_group_id"] for m in pictures}) == 1


# --- the steps -----------------------------------------------------------------------------------------------------


async def test_the_summary_shows_every_answer_before_it_is_passed_on(program: Program) -> None:
    lan = program.lan
    await lan.says("/request", WORDS)
    await lan.presses("request.category:2:hygiene")
    lan.reads("ask.urgency")
    await lan.presses("request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name, "138-0000-1111")
    summary = lan.reads("check.request").text
    for answer in (WORDS, "环境卫生", FLAT, lan.name, "13800001111"):
        assert answer in summary


async def test_back_and_forth_through_the_whole_form_keeps_what_was_said(program: Program) -> None:
    lan = program.lan
    await to_flat(lan)
    for key in ("ask.hide", "ask.private", "ask.urgency", "ask.category"):
        await lan.presses("form.back")
        lan.reads(key)
    await lan.presses("form.back")
    lan.reads("ask.more", WORDS)
    await lan.says("还有蚊子")
    lan.reads("ask.category")
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name)
    await lan.says("返回")
    lan.reads("ask.name")
    await lan.says(lan.name)
    await lan.does(lan.shares_contact())
    assert "还有蚊子" in lan.reads("check.request").text
    await lan.presses("form.back")
    lan.reads("ask.phone")
    await lan.says("跳过")
    lan.reads("check.request")


async def test_the_phone_may_be_skipped_and_its_keyboard_goes_away(program: Program) -> None:
    lan = program.lan
    await to_flat(lan)
    await lan.says(FLAT, lan.name)
    assert any(lan.keyboard)
    await lan.says("跳过")
    assert lan.keyboard == []
    await lan.presses("request.submit")
    lan.reads("request.sent")


async def test_cancel_by_button_and_by_word_leaves_nothing(program: Program) -> None:
    lan = program.lan
    await to_flat(lan)
    await lan.presses("form.cancel")
    lan.reads("cancel.done")
    await to_flat(lan)
    await lan.says(FLAT, lan.name, "取消")
    lan.reads("cancel.done")
    assert lan.keyboard == []
    assert not program.chen.saw("desk.due")


async def test_flat_name_and_phone_are_asked_the_first_time_only(program: Program) -> None:
    lan = program.lan
    await raised(lan)
    await lan.says("/request", "又坏了")
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    lan.reads("check.request")
    await lan.presses("request.submit")
    program.chen.reads("desk.due", "又坏了", FLAT)


async def test_several_messages_and_a_picture_become_one_request(program: Program) -> None:
    lan = program.lan
    await lan.says("/request")
    await lan.does(lan.sends_photo(caption="第一张"))
    lan.reads("ask.more", "第一张")
    await lan.does(lan.sends_voice())
    await lan.presses("form.done")
    lan.reads("ask.category")


# --- wrong input ---------------------------------------------------------------------------------------------------


async def test_nothing_at_all_is_asked_for_once_more(program: Program) -> None:
    lan = program.lan
    await lan.says("/request", "\u200b\u200b")
    lan.reads("form.words_needed")


async def test_words_where_a_button_is_wanted_are_explained(program: Program) -> None:
    lan = program.lan
    await lan.says("/request", WORDS)
    await lan.does(lan.sends_sticker())
    lan.reads("form.not_here")
    lan.reads("ask.category")


async def test_a_flat_that_is_too_long_is_explained_and_asked_again(program: Program) -> None:
    lan = program.lan
    await to_flat(lan)
    await lan.says("三" * 41)
    lan.reads("form.flat_wrong", "40")
    await lan.does(lan.sends_photo())
    lan.reads("ask.flat")
    await lan.says(FLAT)
    lan.reads("ask.name")


@pytest.mark.parametrize("typed", ["没有", "12", "abcdefg", "+86", "138 0000 11119999 8888 7777"])
async def test_what_is_no_phone_number_is_explained(program: Program, typed: str) -> None:
    lan = program.lan
    await to_flat(lan)
    await lan.says(FLAT, lan.name, typed)
    lan.reads("form.phone_wrong")


@pytest.mark.parametrize("whose", [None, 1003])
async def test_somebody_elses_contact_is_not_taken(program: Program, whose: int | None) -> None:
    lan = program.lan
    await to_flat(lan)
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact(own=False, phone_number="+8613999999999", contact_user_id=whose))
    lan.reads("form.contact_not_own")
    await lan.does(lan.shares_contact())
    assert "13999999999" not in lan.reads("check.request").text


async def test_a_button_of_an_earlier_question_shows_the_present_one(program: Program) -> None:
    lan = program.lan
    await lan.says("/request", WORDS)
    asked = lan.shown("request.category")
    await lan.presses("request.category")
    await lan.does(lan.forges("request.category:2:noise", asked.id))
    lan.reads("toast.stale")
    lan.reads("ask.urgency")


async def test_a_form_that_is_over_says_so(program: Program) -> None:
    lan = program.lan
    await raised(lan)
    await lan.forged("request.submit:9", message_id=lan.messages[-1].id)
    lan.reads("form.too_late")


async def test_a_second_form_does_not_push_aside_the_words_of_the_first(program: Program) -> None:
    lan = program.lan
    request_id = await raised(lan)
    await lan.says("/request", WORDS)
    await lan.presses(f"request.add:{request_id}")
    lan.reads("form.going_on")
    lan.reads("ask.category")


# --- for somebody else -----------------------------------------------------------------------------------------------


async def test_a_member_asks_for_an_elder_without_a_phone_and_hears_of_every_step(program: Program) -> None:
    wang, chen, qiang = program.wang, program.chen, program.qiang
    await wang.says("/request")
    await wang.presses("proxy.new")
    await wang.says("孙奶奶")
    wang.reads("ask.proxy_unit")
    await wang.presses("proxy.unit")
    await wang.says("2-102")
    wang.reads("ask.proxy_phone")
    await wang.presses("form.skip")
    await wang.says("厨房水龙头漏水")
    await wang.presses("request.category", "request.urgency", "request.private", "request.hide")
    assert "孙奶奶" in wang.reads("check.request").text
    await wang.presses("request.submit")
    wang.reads("request.for_whom", "孙奶奶")
    chen.reads("desk.proxy", "王建国")
    chen.reads("desk.due", "孙奶奶", "2-102")

    await chen.presses("request.accept")
    wang.reads("request.accepted")
    assert not wang.saw("task.free"), "nobody is offered what they asked for"
    await qiang.presses("task.claim")
    wang.reads("request.claimed", "李强")
    qiang.reads("state.claim.claimed", "孙奶奶")


async def test_a_resident_is_not_offered_to_ask_for_others(program: Program) -> None:
    await program.lan.says("/request")
    assert not program.lan.offers("proxy.new")
    await program.lan.forged("proxy.new:0", message_id=program.lan.messages[-1].id)
    program.lan.reads("refused.not_found")


# --- about the staff ---------------------------------------------------------------------------------------------------


async def test_what_is_about_a_leader_goes_past_the_leader(program: Program) -> None:
    lan, chen, zhao, wang = program.lan, program.chen, program.zhao, program.wang
    request_id = await raised(
        lan, words="组长不理人", category="sensitive", urgency=None, private=None, about="leader"
    )
    zhao.reads("desk.sensitive", "组长不理人")
    assert chen.news == []
    await chen.says("/desk")
    chen.reads("desk.none")
    await chen.forged(f"desk.open:{request_id}", message_id=chen.messages[-1].id)
    chen.reads("refused.not_found")

    await zhao.presses(f"request.accept:{request_id}")
    lan.reads("request.accepted_in_hand")
    assert not wang.saw("task.free")
    assert not chen.saw("task.free")


async def test_a_private_request_shows_members_only_kind_and_building_until_they_take_it_on(
    program: Program,
) -> None:
    lan, chen, wang = program.lan, program.chen, program.wang
    await raised(lan, private="yes", hide="yes")
    await chen.presses("request.accept")
    offer = wang.reads("task.free").text
    assert words_of(lan) not in offer
    assert FLAT not in offer
    wang.reads("task.private")
    await wang.presses("task.claim")
    mine = wang.reads("state.claim.claimed", words_of(lan), FLAT).text
    assert lan.name not in mine
    wang.reads("contact.name_hidden")
