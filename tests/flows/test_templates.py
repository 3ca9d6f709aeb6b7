"""What a notice may begin with: templates that are saved and used again, and drafts that wait for who left them."""

from __future__ import annotations

from tests.flows.test_notices import WORDS, composed
from tests.support.databases import on_sqlite
from tests.support.program import Program

pytestmark = on_sqlite


async def test_a_template_is_saved_used_renamed_and_deleted(program: Program) -> None:
    chen, zhao, lan = program.chen, program.zhao, program.lan
    await composed(chen)
    await chen.presses("notice.switch:1:urgent", "template.save")
    chen.reads("ask.template_name")
    await chen.says("名" * 31)
    chen.reads("request.too_long")
    await chen.says(" 停水 <通知> ")
    chen.reads("template.saved", "停水 <通知>")
    await chen.presses("template.save:1")
    await chen.says("停水  <通知>")
    chen.reads("template.taken")
    await chen.says("/cancel")

    # The draft is where it was left, for whoever leads there; another community has neither.
    await zhao.says("/notice")
    assert zhao.offers("notice.drafts")
    await zhao.presses("notice.drafts")
    zhao.reads("template.drafts", "停水", "1号楼")
    await zhao.presses("notice.open:1", "notice.stop")
    await zhao.says("/notice")
    assert not zhao.offers("notice.drafts")

    # Used by the secretary, it is a draft in the building's name.
    await zhao.presses("template.page", "template.see", "template.use")
    zhao.reads("notice.title", "2", WORDS, "1号楼")
    zhao.reads("notice.is_urgent")
    assert not lan.saw("notice.head_urgent")
    await zhao.presses("notice.confirm:2")
    lan.reads("notice.head_urgent", WORDS)
    # A notice that was sent can be kept as well.
    await zhao.presses("template.save:2")
    await zhao.says("第二个")
    zhao.reads("template.saved")

    await chen.says("/notice")
    await chen.presses("template.page", "template.see:1", "template.rename")
    await chen.says("第二个")
    chen.reads("template.taken")
    await chen.says("停电通知")
    chen.reads("template.renamed")
    await chen.says("/notice")
    await chen.presses("template.page", "template.see:1", "template.drop")
    chen.reads("template.sure", "停电通知")
    await chen.presses("template.see:1", "template.drop", "template.dropyes")
    chen.reads("template.deleted")
    for press in ("see", "use", "rename", "drop", "dropyes"):
        await chen.forged(f"template.{press}:1")
        chen.reads("refused.not_found")
        await lan.forged(f"template.{press}:2")
        lan.reads("refused.not_found")
    await lan.forged("template.save:2")
    lan.reads("refused.not_found")
    await lan.forged("notice.drafts:1")
    lan.reads("refused.not_found")
