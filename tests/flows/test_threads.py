"""Answers to notices: a thread between a resident and the organisation, worked through from the desk; and whom to call."""

from __future__ import annotations

from domain.base import Role
from tests.flows.test_notices import composed
from tests.support.databases import on_sqlite
from tests.support.program import Program

pytestmark = on_sqlite


async def test_an_answer_becomes_a_thread_that_is_worked_through_from_the_desk(program: Program) -> None:
    chen, zhao, lan = program.chen, program.zhao, program.lan
    await composed(chen)
    await chen.presses("notice.switch:1:answerable", "notice.confirm")
    await lan.presses("notice.answer")
    await lan.says("\u200b")
    lan.reads("form.words_needed")
    await lan.says("问" * 4090)
    lan.reads("request.too_long")
    await lan.says("<b>几点来水？</b>")
    lan.reads("notice.answer_sent")
    chen.reads("thread.title", "李桂兰", "<b>几点来水？</b>")
    assert not zhao.saw("thread.title")

    # More words while the first wait: the card that is there shows them, nothing rings anew.
    cards = sum("thread" in repr(message.buttons) for message in chen.messages)
    await lan.presses("notice.answer")
    await lan.says("热水也停吗？")
    chen.reads("thread.waiting", "热水也停吗？")
    assert sum("thread" in repr(message.buttons) for message in chen.messages) == cards

    # The secretary above finds it on the desk and writes back; who leads the building sees who did.
    await zhao.says("/desk")
    zhao.reads("desk.only_beside")
    await zhao.presses("desk.answers")
    zhao.reads("thread.waiting_title", "李桂兰", "热水也停吗？")
    await zhao.presses("thread.see", "thread.reply")
    zhao.reads("ask.thread")
    await zhao.says("答" * 2001)
    zhao.reads("request.too_long")
    await zhao.says("下午<两点>，热水不停。")
    zhao.reads("thread.sent")
    mine = lan.reads("thread.mine", "下午<两点>，热水不停。", "几点来水")
    assert any("notice.answer:1" in data for _, data in mine.buttons)
    chen.reads("thread.done", "赵敏")
    await zhao.says("/desk")
    zhao.reads("desk.none")

    # What the resident says next is back on the desk of both, and is done with unless more came in meanwhile.
    await lan.presses("notice.answer")
    await lan.does(lan.sends_photo(b"a tap", caption="谢谢，你们看，水还是黄的"))
    await lan.presses("form.done")
    zhao.reads("thread.waiting", "水还是黄的")
    await chen.says("/desk")
    await chen.presses("desk.answers", "thread.see")
    await chen.presses("thread.files")
    assert "photo" in chen.messages[-1]
    stale = next(data for _, data in chen.card("水还是黄的").buttons if data.startswith("thread.close"))
    await lan.presses("notice.answer")
    await lan.says("已经好了")
    await chen.forged(stale)
    chen.reads("thread.changed")
    await chen.presses("thread.close")
    chen.reads("toast.thread_closed")
    await zhao.says("/desk")
    zhao.reads("desk.none")

    # Whom it is none of, forged or not.
    for press in ("see:1", "reply:1:1", "close:1:1", "files:1", "page:1:1", "see:9", "page:1:x"):
        await lan.forged(f"thread.{press}")
        lan.reads("refused.not_found")
    await lan.forged("desk.answers:1")
    lan.reads("refused.not_found")
    await chen.presses("notice.open:1", "notice.withdraw", "notice.withdrawyes")
    await program.emily.forged("notice.answer:1")
    program.emily.reads("notice.withdrawn")
    await zhao.forged("notice.answer:1")
    zhao.reads("refused.not_found")
    await lan.presses("notice.answer:1")
    await lan.says("通知撤了，还停水吗？")
    chen.reads("thread.waiting", "还停水吗")


async def test_whom_notices_did_not_reach_are_called_from_the_desk(program: Program) -> None:
    chen, zhao, lan, emily = program.chen, program.zhao, program.lan, program.emily
    beside = program.person("钱楼长", started=True)
    await program.settles(beside, home="b2", role=Role.LEADER, at="b2")
    for one in (lan, emily):
        await one.does(one.blocks())
    await composed(chen)
    await chen.presses("notice.confirm")
    await beside.says("/desk")
    beside.reads("desk.none")
    await beside.forged("desk.called:1:5_1")
    beside.reads("refused.not_found")
    await zhao.says("/desk")
    await zhao.presses("desk.calls")
    zhao.reads("desk.calls_title", "李桂兰", "Emily", "1号楼", "停水")
    await zhao.presses("desk.called")
    zhao.reads("toast.notice_called")
    left = zhao.card("要打电话的")
    assert ("李桂兰" in left.text) != ("Emily" in left.text)
    assert "已电话通知 1 人" in chen.card("要打电话的").text
    await chen.says("/desk")
    await chen.presses("desk.calls", "desk.called")
    chen.reads("desk.calls_none")
    await chen.presses("desk.page")
    chen.reads("desk.none")
    await chen.says("/notice")
    await chen.presses("notice.open", "notice.calls")
    chen.reads("notice.called_at", "李桂兰", "Emily")
