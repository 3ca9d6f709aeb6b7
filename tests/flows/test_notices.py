"""Notices from the first word to the last press: composed, confirmed, sent, read, reminded of, corrected, withdrawn."""

from __future__ import annotations

import io
import re

from openpyxl import load_workbook

from domain.base import Role
from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite

WORDS = "明天上午九点到十一点停水，请提前储水。"
ENGLISH = "No water tomorrow from nine to eleven."


async def composed(sender: Player, words: str = WORDS) -> None:
    """A draft in the sender's chat."""
    await sender.says("/notice")
    await sender.presses("notice.new")
    sender.reads("ask.notice_words")
    await sender.says(words)
    sender.reads("notice.next_draft")


async def test_a_notice_goes_to_everybody_below_and_is_read(program: Program) -> None:
    chen, lan, emily = program.chen, program.lan, program.emily
    await composed(chen)
    card = chen.reads("notice.next_draft")
    assert "1号楼" in card.text
    assert "5 人" in card.text
    await chen.presses("notice.preview")
    chen.reads("notice.preview_buttons")
    await chen.presses("notice.see", "notice.list")
    chen.reads("notice.meant_title", "5", "李桂兰")
    await chen.presses("notice.see")
    await chen.presses("notice.confirm")
    lan.reads("notice.head", "1号楼", WORDS)
    emily.reads("notice.head", WORDS)
    assert not program.zhao.saw("notice.head")
    chen.reads("notice.fared", "5 / 5")
    await lan.presses("notice.read")
    lan.reads("notice.read_at")
    lan_has = len(lan.messages)
    await chen.says("/notice")
    await chen.presses("notice.open")
    await chen.presses("notice.remind")
    assert len(lan.messages) == lan_has
    emily.reads("notice.remind")
    await emily.presses("notice.seen")
    emily.reads("notice.read_at", WORDS)
    await chen.presses("notice.report")
    chen.reads("notice.report_row", "1号楼")
    await chen.presses("notice.sheet")
    name, content = chen.file() or ("", b"")
    assert re.fullmatch(r"通知 1 送达和已阅 \d{4}-\d\d-\d\d\.xlsx", name)
    rows = [row for sheet in load_workbook(io.BytesIO(content)) for row in sheet.values]
    assert any(row[0] == "李桂兰" for row in rows)
    await chen.presses("notice.chart")
    name, content = chen.file() or ("", b"")
    assert re.fullmatch(r"通知 1 已阅进度 \d{4}-\d\d-\d\d\.png", name)
    assert content.startswith(b"\x89PNG")


async def test_a_photo_with_words_is_corrected_in_place_and_withdrawn(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await chen.says("/notice")
    await chen.presses("notice.new")
    await chen.does(chen.sends_photo(b"a tap", caption=WORDS))
    await chen.presses("notice.confirm")
    copy = lan.reads("notice.head", WORDS)
    assert "photo" in copy
    await chen.presses("notice.write", "notice.text:1:zh")
    await chen.says("改到后天上午九点停水。")
    edited = lan.reads("notice.head", "改到后天")
    assert edited.id == copy.id
    lan.reads("notice.corrected_at", "今天 10:00 更正过")
    await lan.presses("notice.read")
    assert "改到后天" in lan.reads("notice.read_at").text
    await lan.says("/notices")
    lan.reads("notices.corrected")

    # Who has it is asked to look again, once, whether they had read it or not.
    emily = program.emily
    emily.listens()
    await emily.forged("notice.again:1")
    emily.reads("refused.not_found")
    card = chen.card("更正过")
    assert "notice.again:1" in dict(card.buttons).values()
    await chen.presses("notice.again")
    assert "notice.seen" not in str(lan.reads("notice.look_again", "改到后天").buttons)
    emily.reads("notice.look_again", "改到后天")
    await emily.presses("notice.seen")
    emily.reads("notice.read_at", "改到后天")
    await chen.forged("notice.again:1")
    chen.reads("notice.asked_again_before")
    await chen.presses("notice.withdraw", "notice.withdrawyes")
    assert copy.id not in {message.id for message in lan.messages}
    chen.reads("state.notice.withdrawn")


async def test_at_night_the_card_says_when_it_is_delivered(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await program.passes(hours=13)
    await composed(chen)
    await chen.presses("notice.confirm")
    assert "明天 07:30 起送达" in chen.card("🌙").text
    assert not lan.saw("notice.head")
    await program.passes(hours=8, minutes=29)
    await program.quiet()
    assert not lan.saw("notice.head")
    await program.passes(minutes=2)
    await program.quiet()
    lan.reads("notice.head", WORDS)
    chen.reads("notice.fared_read", "0 人")
    assert "🌙" not in chen.card("已送达").text


async def test_what_quotes_a_notice_is_corrected_and_taken_back_with_it(program: Program) -> None:
    chen, lan, emily = program.chen, program.lan, program.emily
    await composed(chen)
    await chen.presses("notice.confirm")
    await chen.presses("notice.remind")
    reminder = lan.reads("notice.remind", WORDS)
    seen = emily.reads("notice.remind", WORDS)
    await emily.presses("notice.seen")
    had = {reminder.id, seen.id}
    await chen.presses("notice.write", "notice.text:1:zh")
    await chen.says("改到后天上午九点停水。")
    assert lan.reads("notice.remind", "改到后天").id == reminder.id
    assert seen.id in {message.id for message in emily.messages if "改到后天" in message.text}
    await chen.presses("notice.again")
    again = lan.reads("notice.look_again", "改到后天")
    await chen.presses("notice.write", "notice.text:1:zh")
    await chen.says("改到大后天上午九点停水。")
    assert {message.id for message in lan.messages if "改到大后天" in message.text} >= {reminder.id, again.id}
    for reader in (lan, emily):
        assert not [message.text for message in reader.messages if "改到后天" in message.text]
    await chen.presses("notice.withdraw", "notice.withdrawyes")
    for reader in (lan, emily):
        left = [message for message in reader.messages if "停水" in message.text or message.id in had]
        assert left == [], [message.text for message in left]


async def test_the_whole_community_needs_a_second_person(program: Program) -> None:
    zhao, other = program.zhao, program.person("孙书记", started=True)
    await program.settles(other, home="b2", role=Role.SECRETARY, at="street")
    await program.quiet()
    other.listens()
    await other.says("/notice")
    await other.presses("notice.new")
    await other.says(WORDS)
    other.reads("notice.next_alone", "安民街道")
    await other.presses("notice.confirm")
    other.reads("notice.next_alone", "孙书记")
    assert not program.lan.saw("notice.head")
    assert not zhao.saw("notice.second_asked")
    third = program.person("周书记", started=True)
    await program.settles(third, home="b2", role=Role.SECRETARY, at="street")
    await other.presses("notice.switch:1:urgent")
    other.reads("notice.next_second")
    await other.presses("notice.confirm")
    asked = next(
        data for _, data in third.reads("notice.second_asked", "孙书记").buttons if "confirm" in data
    )
    await other.forged(asked)
    other.reads("notice.not_twice")
    assert not program.lan.saw("notice.head")
    await third.presses("notice.confirm")
    program.lan.reads("notice.head_urgent", WORDS)


async def test_who_it_is_for_is_chosen_by_buttons(program: Program) -> None:
    zhao = program.zhao
    await composed(zhao)
    assert "6 人" in zhao.reads("notice.next_draft").text
    await zhao.presses("notice.whom", "notice.role:1:member")
    zhao.reads("notice.whom_how", "党员", "2 人")
    await zhao.presses("notice.role:1:member", "notice.reads:1:en")
    zhao.reads("notice.whom_how", "1 人")
    await zhao.presses(
        "notice.reads:1:en", "notice.places:1:0", f"notice.places:1:{program.units['community']}"
    )
    zhao.reads("notice.place_here", "幸福社区")
    await zhao.presses(
        f"notice.places:1:{program.units['grid']}", f"notice.places:1:{program.units['b1']}", "notice.out"
    )
    zhao.reads("notice.place_chosen", "1号楼", "1 人")
    # Another place is two presses away, and one below what is in takes its place.
    await zhao.presses("notice.places", f"notice.places:1:{program.units['b2']}")
    zhao.reads("notice.place_covered", "2号楼")
    await zhao.presses("notice.put")
    zhao.reads("notice.place_chosen", "2号楼")
    await zhao.presses("notice.places", f"notice.places:1:{program.units['b2']}")
    assert "✅ 已在名单" in dict(zhao.reads("notice.place_here").buttons)
    await zhao.forged(f"notice.put:1:{program.units['street']}")
    zhao.reads("refused.not_found")
    await zhao.presses("notice.whom", "notice.see", "notice.confirm")
    zhao.reads("notice.head", WORDS)
    assert not program.lan.saw("notice.head")


async def test_nobody_is_refused_and_so_is_too_much(program: Program) -> None:
    chen = program.chen
    await chen.says("/notice")
    await chen.presses("notice.new")
    await chen.says("长" * 3501)
    chen.reads("notice.too_long", "3500")
    await chen.says("短")
    await chen.presses("notice.whom", "notice.role:1:secretary", "notice.see", "notice.confirm")
    chen.reads("notice.nobody")
    assert not program.lan.saw("notice.head")


async def test_a_time_is_set_and_kept_to(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await composed(chen)
    await chen.presses("notice.time")
    await chen.says("昨天")
    chen.reads("notice.time_wrong")
    await chen.says("今天 9:00")
    chen.reads("notice.time_past")
    await chen.says("明天 9:00")
    chen.reads("ask.notice_repeat")
    await chen.presses("notice.repeat:4:weekly")
    chen.reads("notice.at_weekly", "明天 09:00")
    await chen.presses("notice.confirm")
    chen.reads("notice.next_planned")
    assert not lan.saw("notice.head")
    for _ in range(2):
        await program.passes(hours=25)
        program.app.mailer.wake()
        await program.quiet()
        lan.reads("notice.head", WORDS)
        lan.listens()
        await program.passes(days=6)
    await chen.says("/notice")
    chen.reads("notice.sent_title", "3", "已定时")


async def test_who_has_not_read_is_reminded_once_after_a_day_if_the_sender_wants_it(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await composed(chen)
    await chen.presses("notice.switch:1:remind", "notice.confirm")
    lan.reads("notice.head", WORDS)
    chen.reads("notice.reminds_next")
    # One by hand puts it off and does not take its place.
    await program.passes(hours=22)
    lan.listens()
    await chen.presses("notice.remind")
    lan.reads("notice.remind")
    chen.reads("notice.reminded_at")
    for hours, reminded in ((23, False), (2, True), (24, False), (24, False)):
        lan.listens()
        await program.passes(hours=hours)
        program.app.mailer.wake()
        await program.quiet()
        assert lan.saw("notice.remind") == reminded


async def test_an_earlier_notice_is_the_beginning_of_the_next(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await composed(chen)
    await chen.presses("notice.switch:1:urgent", "notice.confirm")
    lan.listens()
    await chen.presses("notice.copy")
    chen.reads("notice.title", "2", WORDS)
    assert not lan.saw("notice.head_urgent")
    await chen.presses("notice.confirm:2")
    lan.reads("notice.head_urgent", WORDS)


async def test_what_is_routine_waits_for_the_morning_and_what_is_urgent_does_not(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await program.passes(hours=13)
    await composed(chen)
    await chen.presses("notice.confirm")
    assert not lan.saw("notice.head")
    await chen.says("/notice")
    await chen.presses("notice.new")
    await chen.says("燃气泄漏，请开窗，下楼")
    await chen.presses("notice.switch:2:urgent", "notice.confirm")
    lan.reads("notice.head_urgent")
    assert not lan.saw("notice.head")
    await program.passes(hours=10)
    await program.quiet()
    lan.reads("notice.head", WORDS)


async def test_who_cannot_be_reached_is_called_and_ticked_off(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await lan.does(lan.blocks())
    await composed(chen)
    await chen.presses("notice.confirm")
    chen.reads("notice.fared_unreached")
    await chen.presses("notice.calls")
    chen.reads("notice.call_row", "李桂兰")
    await chen.presses("notice.called")
    chen.reads("notice.called_at", "李桂兰")
    await chen.presses("notice.see")
    chen.reads("notice.fared_all_called", "送不到 1 人，已电话通知 1 人")


async def test_an_answer_reaches_who_sent_it(program: Program) -> None:
    chen, emily = program.chen, program.emily
    await composed(chen)
    await chen.presses("notice.switch:1:answerable", "notice.confirm")
    await emily.presses("notice.answer")
    emily.reads("ask.notice_answer")
    await emily.says("<b>Is hot water off too?</b>")
    emily.reads("notice.answer_sent")
    emily.reads("notice.read_at", WORDS)
    chen.reads("notice.fared_read", "1")
    assert "<b>Is hot water off too?</b>" in chen.reads("thread.title", "Emily").text
    await chen.presses("notice.open", "notice.answers")
    assert "<b>Is hot water off too?</b>" in chen.reads("notice.answers_title", "Emily").text


async def test_a_group_gets_it_with_a_way_to_read_it_in_private(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    group = program.group("幸福社区群", zhao, lan)
    await zhao.does(zhao.sends("/bind", chat=group))
    await zhao.presses("group.bind", chat=group)
    await composed(zhao)
    await zhao.presses("notice.switch:1:to_groups", "notice.switch:1:to_people")
    zhao.reads("notice.groups", "1")
    await zhao.presses("notice.confirm")
    zhao.reads("notice.head", WORDS, chat=group)
    assert not lan.saw("notice.head")
    await zhao.presses("notice.withdraw", "notice.withdrawyes")
    zhao.reads("notice.gone", chat=group)


async def test_residents_find_their_notices_again(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await lan.says("/notices")
    lan.reads("notices.none")
    await composed(chen)
    await chen.presses("notice.confirm")
    await lan.says("/notices")
    lan.reads("notices.row_new", "停水")
    await lan.presses("notices.search")
    await lan.says("停电")
    lan.reads("notices.none_found", "停电")
    await lan.presses("notices.search")
    await lan.says("储水")
    await lan.presses("notices.see")
    lan.reads("notice.head", WORDS)
    await program.zhao.says("/notices")
    program.zhao.reads("notices.none")
    await program.zhao.does(program.zhao.start("n-1"))
    program.zhao.reads("refused.not_found")
    await lan.does(lan.start("n-1"))
    lan.reads("notice.head", WORDS)


async def test_a_stranger_to_a_notice_can_do_nothing_with_it(program: Program) -> None:
    chen, lan, qiang = program.chen, program.lan, program.qiang
    await composed(chen)
    for press in (
        "see",
        "confirm",
        "stop",
        "report",
        "calls",
        "answers",
        "withdrawyes",
        "preview",
        "list",
        "whom",
        "put",
    ):
        argument = ":1" if press in ("confirm", "put") else ""
        await qiang.forged(f"notice.{press}:1{argument}")
        qiang.reads("refused.not_found")
    await lan.forged("notice.read:1")
    lan.reads("refused.not_found")
    await chen.presses("notice.confirm")
    lan.reads("notice.head", WORDS)
