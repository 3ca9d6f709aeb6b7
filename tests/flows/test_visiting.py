"""Pairings: made by the leader, the due visit as the member's task, done, confirmed, or released into the pool."""

from __future__ import annotations

from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite

NOTES = "耳背，敲门要重"


async def paired(program: Program, *, known: Player | None = None, member: str = "王建国") -> None:
    """The leader pairs a member with somebody, the first visit today."""
    chen = program.chen
    await chen.says("/pairs")
    await chen.presses("pairing.new")
    chen.reads("ask.pairing_resident")
    if known is not None:
        await chen.says(known.name)
        await chen.presses("pairing.resident")
    else:
        await chen.says("钱爷爷")
        chen.reads("nobody_found", "钱爷爷")
        await chen.presses("pairing.unit")
        await chen.says("2-202")
    chen.reads("ask.pairing_member")
    await chen.presses(
        next(label for label, data in chen.shown("pairing.member:").buttons if member in label)
    )
    chen.reads("ask.pairing_need")
    await chen.presses("pairing.need")
    await chen.says("7", "今天", NOTES)
    assert NOTES in chen.reads("check.pairing", member).text
    await chen.presses("form.submit")
    chen.reads("pairing.made")


async def visited(helper: Player) -> None:
    """The visit in this helper's hands is reported."""
    await helper.presses("task.start", "task.done", "task.minutes")
    helper.reads("ask.wellbeing")
    await helper.presses("task.wellbeing")
    await helper.says("聊了半小时，精神不错")
    await helper.presses("form.done")
    helper.reads("report.sent")


async def test_a_visit_comes_due_is_made_and_confirmed_by_the_household(program: Program) -> None:
    lan, wang, chen = program.lan, program.wang, program.chen
    await paired(program, known=lan)
    wang.reads("pairing.made_member", "李桂兰")
    lan.reads("pairing.made_resident", "王建国")

    assert await program.ticks("visits") == 1
    wang.reads("task.due_on")
    wang.reads("task.notes", NOTES)
    await visited(wang)
    lan.reads("visit.household_asked", "王建国")
    chen.reads("visit.leader_asked", "李桂兰", "聊了半小时")
    await lan.presses("visit.rate:1:5")
    lan.reads("visit.rated")
    chen.reads("visit.rated")
    wang.reads("visit.confirmed", "★★★★★")
    assert await program.ticks("settlement") == 1
    assert await program.ticks("visits") == 0


async def test_an_offline_household_is_confirmed_for_by_the_leader_from_the_desk(program: Program) -> None:
    wang, chen = program.wang, program.chen
    await paired(program)
    await program.ticks("visits")
    wang.reads("contact.address", "2-202")
    await visited(wang)
    await chen.says("/desk")
    chen.reads("desk.row_visit")
    await chen.presses("visit.see", "visit.rate:1:4")
    chen.reads("visit.rated")
    await wang.forged("visit.rate:1:5", message_id=wang.messages[-1].id)
    wang.reads("refused.not_found")


async def test_a_member_who_cannot_go_releases_one_visit_and_another_claims_it(program: Program) -> None:
    lan, wang, qiang = program.lan, program.wang, program.qiang
    await paired(program, known=lan)
    await program.ticks("visits")
    await wang.presses("task.release")
    await wang.says("出差")
    wang.reads("release.sent")
    lan.reads("visit.released", "王建国")
    qiang.reads("task.title_visit")
    await qiang.presses("task.claim")
    lan.reads("visit.claimed", "李强")
    await visited(qiang)
    await lan.presses("visit.rate:1:5")
    qiang.reads("visit.confirmed")

    await wang.says("/pairs")
    wang.reads("pairs.title", "李桂兰")
    await program.passes(days=7)
    assert await program.ticks("visits") == 1
    wang.reads("task.due_on")


async def test_the_next_visit_comes_due_after_its_days_and_not_before(program: Program) -> None:
    await paired(program)
    assert await program.ticks("visits") == 1
    await visited(program.wang)
    await program.chen.presses("visit.rate:1:5")
    await program.passes(days=6)
    assert await program.ticks("visits") == 0
    await program.passes(days=1)
    assert await program.ticks("visits") == 1


async def test_who_may_not_pair_finds_no_button_and_no_way_round(program: Program) -> None:
    wang = program.wang
    await wang.says("/pairs")
    wang.reads("pairs.none")
    assert not wang.offers("pairing.new")
    await wang.forged("pairing.new:0", message_id=wang.messages[-1].id)
    wang.reads("refused.not_found")


async def test_the_same_two_are_not_paired_twice(program: Program) -> None:
    chen = program.chen
    await paired(program, known=program.lan)
    await chen.says("/pairs")
    await chen.presses("pairing.new")
    await chen.says("李桂兰")
    await chen.presses("pairing.resident")
    await chen.presses(next(label for label, _ in chen.shown("pairing.member:").buttons if "王建国" in label))
    await chen.presses("pairing.need", "pairing.cadence", "pairing.day", "form.skip", "form.submit")
    chen.reads("pairing.already")
