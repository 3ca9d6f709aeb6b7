"""Notices from the first word to the last press: composed, confirmed, sent, read, reminded of, corrected, withdrawn."""

from __future__ import annotations

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
    assert "1号楼" in card.text and "5 人" in card.text
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
