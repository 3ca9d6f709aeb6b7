"""Roles by the chat: given for a term, begun and ended by the clock, handed over, stood in for, and never by oneself."""

from __future__ import annotations

from domain.base import Actor, Role
from domain.people import Appoint
from storage.unit import Who
from storage.units import UnitRow
from tests.flows.test_roster import found, menu_of, opens
from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite


async def appoints(
    program: Program, by: Player, name: str, role: str, *, until: str, since: str = "今天"
) -> None:
    """Somebody is given a role at building 1 from their card."""
    await opens(by, name)
    await by.presses("person.appoint", role)
    by.reads("ask.appoint_unit")
    await by.presses("appoint.unit", "第一网格 ›", "1号楼")
    await by.says(since, until) if until else await by.says(since)
    if not until:
        await by.presses("不设期限")
    by.reads("check.appointment", name)
    await by.presses("form.submit")
    by.reads("appoint.done", name)


async def ends(by: Player, name: str) -> None:
    """The only appointment on the card is ended."""
    await opens(by, name)
    await by.presses("person.end:")
    by.reads("appoint.sure_to_end", name)
    await by.presses("person.endyes")
    by.reads("appoint.ended", name)


async def raised(program: Program) -> None:
    """A request of lan's that the leader has accepted."""
    lan, chen = program.lan, program.chen
    await lan.says("/request", "楼道灯不亮")
    await lan.presses("公共设施维修", "request.urgency", "request.private", "request.hide")
    await lan.says("3-201", "李桂兰", "跳过")
    await lan.presses("request.submit")
    await chen.presses("request.accept")


async def test_a_secretary_appoints_for_a_term_that_begins_and_ends_by_itself(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    await appoints(program, zhao, "李桂兰", "组长", since="明天", until="2026-03-12")
    lan.reads("appointment_told.coming", "组长")
    assert "desk" not in menu_of(program, lan)
    assert await program.ticks("appointments") == 0
    await program.passes(days=1)
    assert await program.ticks("appointments") == 1
    lan.reads("appointment_told.granted", "1号楼")
    assert "desk" in menu_of(program, lan)
    await program.passes(days=10)
    assert "组长" not in (await found(zhao, "李桂兰")).text, (
        "authority is over at midnight, whether told or not"
    )
    assert await program.ticks("appointments") == 1
    lan.reads("appointment_told.ended", "组长")
    zhao.reads("appointment_told.ended_other", "李桂兰")
    assert "desk" not in menu_of(program, lan)
    assert await program.ticks("appointments") == 0


async def test_an_old_button_of_a_leader_whose_time_is_over_finds_nothing(program: Program) -> None:
    lan, chen = program.lan, program.chen
    await lan.says("/request", "楼道灯不亮")
    await lan.presses("公共设施维修", "request.urgency", "request.private", "request.hide")
    await lan.says("3-201", "李桂兰", "跳过")
    await lan.presses("request.submit")
    chen.shown("request.accept")
    await ends(program.zhao, "陈芳")
    chen.reads("appointment_told.ended", "组长")
    await chen.presses("request.accept")
    chen.reads("refused.not_found")
    await chen.says("/desk")
    chen.reads("refused.not_found")
    assert "people" not in menu_of(program, chen)


async def test_what_was_not_begun_goes_back_and_what_was_is_listed_for_who_is_responsible(
    program: Program,
) -> None:
    wang, qiang, chen = program.wang, program.qiang, program.chen
    await raised(program)
    await wang.presses("task.claim")
    await ends(program.zhao, "王建国")
    program.lan.reads("request.released", "王建国")
    chen.reads("work.returned")
    assert qiang.offers("task.claim")

    await qiang.presses("task.claim", "task.start")
    await ends(program.zhao, "李强")
    chen.reads("work.in_hand", "公共设施维修")
    await qiang.presses("task.done", "task.minutes")
    await qiang.says("换好了")
    await qiang.presses("form.done")
    qiang.reads("report.sent")


async def test_a_leader_who_leaves_is_no_longer_the_handler_and_pairings_are_listed(program: Program) -> None:
    await raised(program)
    chen = program.chen
    await chen.says("/pairs")
    await chen.presses("pairing.new")
    await chen.says("李桂兰")
    await chen.presses("pairing.resident")
    await chen.presses(next(label for label, _ in chen.shown("pairing.member:").buttons if "王建国" in label))
    await chen.presses("pairing.need", "pairing.cadence", "pairing.day", "form.skip", "form.submit")
    await ends(program.zhao, "王建国")
    chen.reads("work.pairing", "李桂兰")
    await ends(program.zhao, "陈芳")
    program.zhao.reads("work.handled")


async def test_nobody_gives_a_role_beside_or_above_their_own_and_none_to_themselves(program: Program) -> None:
    zhao = program.zhao
    await opens(zhao, "李桂兰")
    await zhao.presses("person.appoint", "书记", "appoint.unit", "appoint.here")
    zhao.reads("appoint.not_yours_to_give")
    assert not any(data.endswith(":admin") for message in zhao.messages for _, data in message.buttons)
    await zhao.says("取消")
    own = (await program.store.opening(Who(zhao.user_id), now=program.clock.now())).actor.person_id
    await zhao.forged(f"person.appoint:{own}")
    zhao.reads("refused.not_found")
    await program.chen.forged(f"person.appoint:{own}")
    program.chen.reads("refused.not_found")
    await program.chen.forged("person.endyes:2")
    program.chen.reads("refused.not_found")


async def test_an_end_before_the_beginning_and_absurd_days_are_refused_in_words(program: Program) -> None:
    zhao = program.zhao
    await opens(zhao, "李桂兰")
    await zhao.presses("person.appoint", "组长", "appoint.unit", "第一网格 ›", "1号楼")
    await zhao.says("2026-02-30")
    zhao.reads("form.day_wrong")
    await zhao.says("2025-01-01")
    zhao.reads("form.day_wrong")
    await zhao.says("2026-03-09", "2026-03-08")
    zhao.reads("appoint.ends_too_early")
    await zhao.says("2099-01-01")
    await zhao.presses("form.submit")
    zhao.reads("appoint.too_long")


async def test_a_deputy_stands_in_until_the_holder_is_back(program: Program) -> None:
    chen, wang, zhao = program.chen, program.wang, program.zhao
    await chen.says("/people")
    await chen.presses("我的名片", "person.away")
    chen.reads("ask.deputy_who")
    assert not any("李桂兰" in label for label, _ in chen.reads("ask.deputy_who").buttons)
    await chen.presses("王建国 · 1号楼", "deputy.from", "deputy.until")
    chen.reads("check.deputy", "王建国")
    await chen.presses("form.submit")
    chen.reads("deputy.named", "王建国")
    chen.reads("appointment_told.deputised", "王建国")
    wang.reads("appointment_told.deputy", "陈芳")
    zhao.reads("appointment_told.deputy_other", "陈芳", "王建国")
    assert {"desk", "people"} <= menu_of(program, wang)
    await wang.says("/people")
    await wang.presses("我的名片")
    assert not wang.offers("person.away"), "no deputy of a deputy"
    await chen.says("/people")
    await chen.presses("我的名片", "person.recall")
    wang.reads("appointment_told.ended", "组长")
    assert "desk" not in menu_of(program, wang)
    assert "tasks" in menu_of(program, wang)


async def test_a_deputy_is_over_with_the_one_who_is_away(program: Program) -> None:
    chen, wang = program.chen, program.wang
    await chen.says("/people")
    await chen.presses("我的名片", "person.away", "王建国 · 1号楼", "deputy.from")
    await chen.says("2027-01-01")
    await chen.presses("form.submit")
    chen.reads("deputy.too_long")
    await chen.says("返回")
    await chen.presses("deputy.until", "form.submit")
    await ends(program.zhao, "陈芳")
    await wang.says("/desk")
    wang.reads("refused.not_found")
    assert await program.ticks("appointments") == 1
    wang.reads("appointment_told.ended")


async def test_ends_are_told_once_a_month_and_once_a_week_ahead(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    await appoints(program, zhao, "李桂兰", "组长", until="2026-12-31")
    assert await program.ticks("appointment_reminders") == 0
    await program.passes(days=280)
    assert await program.ticks("appointment_reminders") == 1
    lan.reads("appointment_told.ending", "12月31日")
    zhao.reads("appointment_told.ending_other", "李桂兰")
    assert await program.ticks("appointment_reminders") == 0
    await program.passes(days=20)
    assert await program.ticks("appointment_reminders") == 1
    assert await program.ticks("appointment_reminders") == 0


async def test_who_serves_in_two_places_says_first_as_whom_they_look(program: Program) -> None:
    chen = program.chen
    second = Appoint(chen.user_id, Role.LEADER, program.units["b2"])
    await program.performs(second, Actor.system("command-line"))
    await program.quiet()
    await chen.says("/people")
    chen.reads("people.as_which_unit")
    await chen.presses("2号楼")
    assert "赵敏" in chen.reads("people.title", "2号楼").text
    await chen.says("/people 赵")
    await chen.presses("1号楼")
    chen.reads("people.nobody")


async def test_a_building_on_a_later_page_is_served_too(program: Program) -> None:
    many = tuple(UnitRow(9 + n, f"t{n}", "building", f"塔楼{n}", "", "grid") for n in range(61))
    assert not (await program.store.import_units(many, dry_run=False)).problems
    await opens(program.zhao, "李桂兰")
    await program.zhao.presses("person.appoint", "组长", "appoint.unit", "第一网格 ›", "下一页 ›")
    labels = [label for label, _ in program.zhao.shown("appoint.unit").buttons]
    assert "« 从头看" in labels
    assert "下一页 ›" not in labels
    await program.zhao.presses("塔楼60")
    await program.zhao.says("今天")
    await program.zhao.presses("不设期限")
    program.zhao.reads("check.appointment", "塔楼60")
