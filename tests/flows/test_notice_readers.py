"""Notices in the eyes of those whom they concern: what is muted, what is still valid, and who arrives later."""

from __future__ import annotations

from tests.flows.test_notices import WORDS, composed
from tests.flows.test_roster import opens
from tests.support.databases import on_sqlite
from tests.support.program import Program

pytestmark = on_sqlite


async def test_who_has_muted_a_kind_finds_it_without_being_messaged_and_hears_what_is_urgent(
    program: Program,
) -> None:
    chen, lan, emily = program.chen, program.lan, program.emily
    await lan.says("/notices")
    await lan.presses("notices.mutes")
    assert "🔔 文体活动" in [label for label, _ in lan.reads("notices.mutes").buttons]
    await lan.presses("notices.mute:1:culture")
    assert "🔕 文体活动" in [label for label, _ in lan.reads("notices.mutes").buttons]
    await lan.forged("notices.mute:1:nothing")
    lan.reads("refused.not_found")

    await composed(chen, "周六晚上<b>广场舞</b>")
    await chen.presses("notice.kinds")
    chen.reads("notice.which_kind")
    await chen.presses("notice.kind:1:culture")
    chen.reads("notice.kind", "文体活动")
    lan.listens()
    await chen.presses("notice.confirm")
    emily.reads("notice.head", "广场舞")
    assert not lan.saw("notice.head")
    chen.reads("notice.fared", "4 / 5")
    chen.reads("notice.fared_muted", "1 人")
    await chen.presses("notice.calls")
    chen.reads("notice.calls_none")

    await lan.says("/notices")
    lan.reads("notices.row_new", "广场舞", "文体活动")
    await lan.presses("notices.see")
    lan.reads("notice.head", "<b>广场舞</b>")
    await lan.presses("notice.read")
    lan.reads("notice.read_at")

    await composed(chen, "广场塌陷，请绕行")
    await chen.presses("notice.kinds:2", "notice.kind:2:culture", "notice.switch:2:urgent", "notice.confirm")
    lan.reads("notice.head_urgent", "塌陷")

    await lan.says("/notices")
    await lan.presses("notices.mutes", "notices.mute:0:culture")
    assert "🔔 文体活动" in [label for label, _ in lan.reads("notices.mutes").buttons]


async def test_who_moves_in_finds_what_is_still_valid_and_nobody_else_does(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await composed(chen)
    await chen.presses("notice.valid")
    chen.reads("ask.notice_valid")
    await chen.says("昨天")
    chen.reads("form.day_wrong")
    await chen.says("后天")
    chen.reads("notice.valid_until")
    await chen.presses("notice.confirm")
    await composed(chen, "值班电话改为 65529988")
    await chen.presses("notice.valid", "notice.validfor:1:0")
    chen.reads("notice.valid_always")
    await chen.presses("notice.confirm")

    hua = program.person("小华")
    await hua.does(hua.start("u-b1"))
    await hua.presses("language.pick:0:zh", "consent.yes", "unit.here")
    hua.reads("home.set", "1号楼")
    hua.reads("notices.waiting", "2 条")
    await hua.presses("notices.page")
    hua.reads("notices.title", "停水", "65529988")
    await hua.presses("notices.see:1")
    copy = hua.reads("notice.late", WORDS)
    assert not copy.buttons
    await hua.forged("notice.read:1")
    hua.reads("refused.not_found")
    chen.listens()
    await chen.says("/notice")
    await chen.presses("notice.open:1")
    chen.reads("notice.fared", "5 / 5")

    await program.zhao.does(program.zhao.start("n-1"))
    program.zhao.reads("refused.not_found")
    next_door = program.person("小明")
    await next_door.does(next_door.start("u-b2"))
    await next_door.presses("language.pick:0:zh", "consent.yes", "unit.here")
    assert not next_door.saw("notices.waiting")

    await program.passes(days=3)
    await hua.does(hua.start("n-1"))
    hua.reads("refused.not_found")
    await hua.says("/notices")
    assert "停水" not in hua.reads("notices.title", "65529988").text
    await lan.says("/notices")
    assert "停水" not in lan.reads("notices.title", "65529988").text
    await lan.presses("notices.old")
    lan.reads("notices.title_old", "停水")
    await lan.presses("notices.see:1")
    lan.reads("notice.over", WORDS)


async def test_a_tag_is_noted_seen_by_its_person_and_reaches_them_alone(program: Program) -> None:
    chen, lan = program.chen, program.lan
    await opens(chen, "李桂兰")
    await chen.presses("person.tags")
    chen.reads("tags.title", "李桂兰")
    await chen.presses("▫️ 独居老人")
    assert "✅ 独居老人" in [label for label, _ in chen.reads("tags.how").buttons]
    await chen.presses("person.back")
    assert "独居老人" in chen.card("李桂兰").text
    number = next(data for _, data in chen.card("李桂兰").buttons if data.startswith("person.tags"))
    person = number.partition(":")[2]
    # A button can be forged, by whoever has no right to it and about oneself too.
    for stranger in (program.qiang, lan):
        for press in (f"person.tag:{person}:mobility", f"person.untag:{person}:living_alone", number):
            await stranger.forged(press)
            stranger.reads("refused.not_found")

    await lan.says("/privacy")
    lan.reads("privacy.tags", "独居老人")

    await chen.says("/people")
    await chen.presses("标签")
    chen.reads("people.which_tag")
    await chen.presses("独居老人")
    shown = chen.reads("people.filters", "独居老人").text
    assert "李桂兰" in shown
    assert "Emily" not in shown
    await chen.presses("people.close")

    await composed(chen, "本周六上门量血压")
    await chen.presses("notice.whom", "notice.skills", "notice.tag:1:living_alone")
    chen.reads("notice.only", "独居老人", "1 人")
    await chen.presses("notice.whom", "notice.see:1", "notice.confirm")
    lan.reads("notice.head", "量血压")
    assert not program.emily.saw("notice.head")
