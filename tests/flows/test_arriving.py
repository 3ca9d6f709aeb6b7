"""Arriving and finding one's way: language, consent, home, menu, help, changing one's mind."""

from __future__ import annotations

import pytest

from sandbox.asking import commands_for
from storage.unit import Opening, Who
from storage.units import UnitRow
from tests.support.databases import on_sqlite
from tests.support.paths import raised, words_of
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite


async def opening(program: Program, player: Player) -> Opening:
    """What the store knows of this person."""
    return await program.store.opening(Who(player.user_id), now=program.clock.now())


def menu_of(program: Program, player: Player) -> dict[str, str]:
    """The commands that Telegram shows this person, with what they are said to be for."""
    rows = commands_for(program.sandbox.world, player.user_id)
    return {row["command"]: row["description"] for row in rows}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_newcomer_chooses_language_consents_and_finds_home_by_buttons(
    program: Program, language: str
) -> None:
    hua = program.person("小华", language="de")
    hua.expects(None)
    await hua.does(hua.start())
    hua.reads("start.hello")
    hua.expects(language)
    await hua.presses(f"language.pick:0:{language}")
    hua.reads("consent.ask")
    assert (await opening(program, hua)).person is None

    await hua.presses("consent.yes")
    hua.reads("consent.thanks")
    hua.reads("home.which_first")
    for code in ("street", "community", "grid"):
        await hua.presses(f"unit.pick:{program.units[code]}")
        hua.reads("home.which_building")
    await hua.presses(f"unit.pick:{program.units['b2']}")
    hua.reads("home.set", "2号楼" if language == "zh" else "Building 2")
    hua.reads("menu.title")
    found = (await opening(program, hua)).actor
    assert (found.language, found.home_unit_id, found.name) == (language, program.units["b2"], "小华")


async def test_a_printed_code_leads_straight_to_the_building(program: Program) -> None:
    hua = program.person("小华")
    await hua.does(hua.start("u-b2"))
    await hua.presses("language.pick:0:zh", "consent.yes")
    hua.reads("home.is_it_here", "2号楼")
    await hua.says("门口的灯不亮")
    hua.reads("stray.kept")
    hua.reads("home.is_it_here", "2号楼")
    await hua.presses("unit.here")
    hua.reads("home.set", "2号楼")
    hua.reads("ask.pass_on_kept")


async def test_a_printed_code_of_a_grid_asks_for_the_building(program: Program) -> None:
    hua = program.person("小华")
    await hua.does(hua.start("u-grid"))
    await hua.presses("language.pick:0:zh", "consent.yes")
    assert [label for label, _ in hua.reads("home.which_building", "第一网格").buttons][:2] == [
        "1号楼",
        "2号楼",
    ]


async def test_a_code_that_is_gone_leads_to_the_tree_instead(program: Program) -> None:
    hua = program.person("小华")
    await hua.does(hua.start("u-demolished"))
    await hua.presses("language.pick:0:zh", "consent.yes")
    hua.reads("home.unknown_code")
    assert hua.offers(f"unit.pick:{program.units['street']}")


async def test_who_does_not_consent_leaves_nothing_behind(program: Program) -> None:
    hua = program.person("小华")
    await hua.says("门口的灯不亮")
    hua.reads("stray.kept")
    await hua.presses("language.pick:0:zh", "consent.no")
    hua.reads("consent.refused")
    left = await opening(program, hua)
    assert (left.person, left.draft) == (None, None)
    await hua.does(hua.start())
    hua.reads("start.hello")


async def test_words_sent_before_arriving_are_kept_and_offered_afterwards(program: Program) -> None:
    hua = program.person("小华")
    await hua.says("门口的灯不亮", "已经三天了")
    hua.reads("stray.kept")
    await hua.presses("language.pick:0:zh", "consent.yes")
    for code in ("street", "community", "grid", "b1"):
        await hua.presses(f"unit.pick:{program.units[code]}")
    hua.reads("home.set")
    hua.reads("ask.pass_on_kept")
    await hua.presses("request.pass")
    hua.reads("ask.category")
    await hua.presses("request.category", "request.urgency", "request.private", "request.hide")
    await hua.says("101", "小华")
    await hua.does(hua.shares_contact())
    assert "门口的灯不亮" in hua.reads("check.request").text
    await hua.presses("request.submit")
    program.chen.reads("desk.due", "门口的灯不亮\n已经三天了")


async def test_danger_from_a_stranger_shows_the_numbers_at_once(program: Program) -> None:
    hua = program.person("小华")
    await hua.says("厨房着火了")
    hua.reads("alarm.numbers")
    assert not program.chen.saw("alarm.title")


async def test_starting_again_welcomes_who_is_known(program: Program) -> None:
    await program.lan.does(program.lan.start())
    program.lan.reads("start.known", "李桂兰")
    program.lan.reads("menu.title")


async def test_a_known_person_moves_house_by_the_printed_code(program: Program) -> None:
    await program.lan.does(program.lan.start("u-b2"))
    await program.lan.presses("unit.here")
    program.lan.reads("home.set", "2号楼")
    assert (await opening(program, program.lan)).actor.home_unit_id == program.units["b2"]


async def test_a_link_to_what_is_not_theirs_shows_nothing_of_it(program: Program) -> None:
    await raised(program.lan)
    for payload in ("r-1", "t-1", "r-99999", "u-", "r-x", "1", "🙂", "u-b1'; DROP TABLE unit"):
        await program.emily.does(program.emily.start(payload))
        assert program.emily.news, payload
        assert words_of(program.lan) not in "".join(program.emily.news), payload


async def test_a_link_to_ones_own_request_opens_its_card(program: Program) -> None:
    request_id = await raised(program.lan)
    await program.lan.does(program.lan.start(f"r-{request_id}"))
    program.lan.reads("request.next_answer", str(request_id))


async def test_the_menu_and_help_show_what_each_may_do(program: Program) -> None:
    offered = {
        program.lan: {
            "request",
            "mine",
            "notices",
            "points",
            "checkin",
            "rights",
            "privacy",
            "language",
            "help",
        },
        program.wang: {
            "request",
            "mine",
            "notices",
            "tasks",
            "mytasks",
            "pairs",
            "study",
            "meetings",
            "points",
            "checkin",
            "rights",
            "privacy",
            "language",
            "help",
        },
        program.chen: {
            "request",
            "mine",
            "notices",
            "desk",
            "notice",
            "people",
            "tasks",
            "mytasks",
            "pairs",
            "study",
            "meetings",
            "points",
            "checkin",
            "rights",
            "privacy",
            "language",
            "help",
        },
    }
    for player, commands in offered.items():
        await player.says("/menu")
        buttons = {data for _, data in player.reads("menu.title").buttons}
        assert buttons == {f"menu.open:0:{command}" for command in commands} | {"digest.see:0"}
        assert set(menu_of(program, player)) == commands | {"menu", "start", "cancel"}
        await player.says("/help")
        listed = player.reads("help.title").text
        assert all(f"/{command} " in listed for command in commands)
        assert ("/desk" in listed) == ("desk" in commands)


async def test_every_button_of_the_menu_opens_something(program: Program) -> None:
    for player in (program.lan, program.wang, program.chen, program.emily):
        await player.says("/menu")
        for _, data in player.reads("menu.title").buttons:
            await player.presses(data)
            assert any(player.news), data
            await player.says("/cancel", "/menu")


async def test_another_language_holds_for_everything_from_then_on(program: Program) -> None:
    await program.lan.switches("en")
    program.lan.reads("language.set")
    request_id = await raised(program.lan, words="The light is broken", category="repair", urgency="ordinary")
    await program.chen.presses(f"request.accept:{request_id}")
    program.lan.reads("request.accepted")
    assert menu_of(program, program.lan)["request"] == "raise a request"


async def test_cancel_leaves_the_form_and_says_so_when_there_is_none(program: Program) -> None:
    lan = program.lan
    await lan.says("/request", "电梯坏了", "/cancel")
    lan.reads("cancel.done")
    assert (await opening(program, lan)).draft is None
    await lan.says("/cancel")
    lan.reads("cancel.nothing")
    await lan.says("/mine")
    lan.reads("mine.none")


async def test_help_in_the_middle_of_a_form_leaves_it_open(program: Program) -> None:
    lan = program.lan
    await lan.says("/request", "电梯坏了", "/help")
    lan.reads("help.title")
    await lan.presses("request.category")
    lan.reads("ask.urgency")


async def test_who_has_no_home_yet_is_asked_for_it_before_a_request(program: Program) -> None:
    hua = program.person("小华")
    await hua.says("/request")
    hua.reads("start.hello")
    await hua.presses("language.pick:0:zh", "consent.yes")
    await hua.says("/request")
    assert hua.saw("home.which_first") or hua.saw("unit.needed")


async def test_every_building_of_a_big_community_can_be_found(program: Program) -> None:
    many = tuple(UnitRow(9 + n, f"t{n}", "building", f"塔楼{n}", "", "grid") for n in range(130))
    assert not (await program.store.import_units(many, dry_run=False)).problems
    last = await program.store.unit_by_code("t129")
    hua = program.person("小华")
    await hua.does(hua.start("u-grid"))
    await hua.presses("language.pick:0:zh", "consent.yes")
    assert not hua.offers(f"unit.pick:{last}")
    await hua.presses("下一页 ›", "下一页 ›")
    assert "下一页 ›" not in [label for label, _ in hua.shown("unit.pick").buttons]
    await hua.presses("« 从头看")
    hua.reads("home.which_building", "第一网格")
    assert hua.offers(f"unit.pick:{program.units['b1']}")
    for page in ("9" * 18, "9" * 40, "x"):
        await hua.forged(f"unit.pick:{program.units['grid']}:{page}")
    await hua.presses("下一页 ›", "下一页 ›", f"unit.pick:{last}")
    hua.reads("home.set", "塔楼129")
