"""The organisation in chat: an admin walks the tree and changes it, a secretary reads it, and nobody else gets in."""

from __future__ import annotations

import pytest

from domain.base import Role
from sandbox.people import Group
from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite


@pytest.fixture
async def admin(program: Program) -> Player:
    """Sun, admin of the street."""
    sun = program.person("孙立", started=True)
    await program.settles(sun, home="b2", role=Role.ADMIN, at="street")
    await program.quiet()
    sun.listens()
    return sun


async def goes(player: Player, *names: str, chat: Group | None = None) -> None:
    """Press one button after the other that names a unit, in the newest message with any."""
    for name in names:
        shown = next(message for message in reversed(player.messages_in(chat)) if message.buttons)
        await player.presses(next(data for label, data in shown.buttons if label.startswith(name)), chat=chat)


async def opened(player: Player, *names: str) -> None:
    """The page of a unit, from the own one down by these names."""
    await player.says("/org")
    for name in names:
        await player.presses("org.below")
        await goes(player, name)


async def test_an_admin_adds_renames_and_sets_up_a_unit(program: Program, admin: Player) -> None:
    await opened(admin, "幸福社区", "第一网格")
    admin.reads("org.title", "第一网格")
    await admin.presses("org.add")
    admin.reads("ask.unit_kind")
    await admin.presses("org.kind")
    await admin.says("1号楼")
    await admin.presses("form.skip", "form.skip")
    admin.reads("unit.name_taken", "1号楼")
    await admin.presses("form.back", "form.back")
    await admin.says("3号楼", "Building 3", "b1")
    admin.reads("unit.code_taken", "b1")
    await admin.says("b3")
    admin.reads("org.added", "3号楼")

    await admin.presses("org.below")
    await goes(admin, "3号楼")
    assert "https://t.me/linli_bot?start=u-b3" in admin.reads("org.code").text
    await admin.presses("org.rename", "form.skip")
    await admin.says("East 3")
    admin.reads("org.other_name", "East 3")
    await admin.presses("org.aliases", "org.alias")
    await admin.says("幸福里3栋")
    admin.reads("org.aliases", "幸福里3栋")
    await admin.presses("org.aliases", "org.unalias")
    admin.reads("org.alias_removed")
    await admin.presses("org.zone")
    await admin.says("Mars/Base")
    admin.reads("unit.zone_unknown")
    await admin.presses("org.pickzone")
    admin.reads("org.zone", "Asia/Shanghai")
    await admin.presses("org.calendar")
    await goes(admin, "只休周末")
    admin.reads("org.calendar", "只休周末")


async def test_a_newcomer_comes_by_the_link_of_a_new_unit(program: Program, admin: Player) -> None:
    await opened(admin, "幸福社区", "第一网格")
    await admin.presses("org.add", "org.kind")
    await admin.says("3号楼")
    await admin.presses("form.skip", "form.skip", "org.below")
    await goes(admin, "3号楼")
    [link] = [word for word in admin.reads("org.code").text.split() if "start=" in word]
    code = link.partition("start=")[2]
    fresh = program.person("新邻居", started=True)
    await fresh.says(f"/start {code}")
    await fresh.presses("language.pick:0:zh", "consent.yes")
    fresh.reads("home.is_it_here", "3号楼")


async def test_a_building_moves_to_another_grid_after_it_was_asked_once_more(
    program: Program, admin: Player
) -> None:
    await opened(admin, "幸福社区")
    await admin.presses("org.add", "org.kind")
    await admin.says("第二网格")
    await admin.presses("form.skip", "form.skip")
    await opened(admin, "幸福社区", "第一网格", "1号楼")
    await admin.presses("org.move")
    admin.reads("org.move_where", "1号楼")
    await goes(admin, "安民街道", "幸福社区", "第二网格")
    await admin.presses("org.moveto")
    admin.reads("org.really_move", "1号楼", "第二网格")
    old = admin.shown("org.moveyes")
    await admin.presses("org.moveyes")
    admin.reads("org.moved")
    admin.reads("org.parent", "第二网格")
    # The same question pressed once more, from memory: it was about what was true then.
    data = next(data for _, data in old.buttons if data.startswith("org.moveyes"))
    await admin.forged(data, message_id=old.id)
    admin.reads("unit.changed")


async def test_two_buildings_become_one_with_people_staff_and_links(program: Program, admin: Player) -> None:
    units, lan = program.units, program.lan
    await opened(admin, "幸福社区", "第一网格", "1号楼")
    await admin.presses("org.merge")
    await goes(admin, "安民街道", "幸福社区", "第一网格", "2号楼")
    admin.reads("org.really_merge", "2号楼", "居民 5 人", "任职 3 项")
    await admin.presses("org.mergeyes")
    admin.reads("org.merged")
    admin.reads("org.title", "2号楼")
    assert await program.store.unit_by_code("b1") == units["b2"]
    # Who led building 1 leads what it became, and somebody from there still reaches them.
    program.chen.listens()
    await lan.says("/start")
    await program.chen.says("/pairs")
    assert program.chen.offers("pairing.new")


async def test_a_unit_that_is_not_empty_is_not_closed_and_an_empty_one_is(
    program: Program, admin: Player
) -> None:
    await opened(admin, "幸福社区", "第一网格", "1号楼")
    await admin.presses("org.close")
    admin.reads("org.not_yet", "居民 5 人")
    await admin.forged(f"org.closeyes:{program.units['b1']}:1", message_id=admin.messages[-1].id)
    admin.reads("unit.not_empty")
    await opened(admin, "幸福社区", "第一网格")
    await admin.presses("org.add", "org.kind")
    await admin.says("9号楼")
    await admin.presses("form.skip", "form.skip", "org.below")
    await goes(admin, "9号楼")
    await admin.presses("org.close")
    admin.reads("org.really_close", "9号楼")
    await admin.presses("org.closeyes")
    admin.reads("org.has_closed", "9号楼")


async def test_a_secretary_reads_the_tree_and_has_no_button_that_changes_it(program: Program) -> None:
    zhao, units = program.zhao, program.units
    await zhao.says("/org")
    zhao.reads("org.title", "幸福社区")
    assert zhao.offers("org.below")
    assert not zhao.offers("org.add")
    for verb in ("add", "rename", "aliases", "alias", "zone", "calendar", "move", "merge", "close"):
        await zhao.forged(f"org.{verb}:{units['b1']}", message_id=zhao.messages[-1].id)
        zhao.reads("refused.not_found")
    for data in (
        f"org.setcal:{units['b1']}:weekends",
        f"org.unalias:{units['b1']}:1",
        f"org.moveyes:{units['b1']}:{units['community']}_1",
        f"org.mergeyes:{units['b1']}:{units['b2']}_1",
        f"org.closeyes:{units['b1']}:1",
        f"org.see:{units['street']}",
        f"org.below:{units['street']}",
        f"org.gaps:{units['street']}",
        "org.see:4711",
    ):
        await zhao.forged(data, message_id=zhao.messages[-1].id)
        zhao.reads("refused.not_found")


async def test_residents_and_leaders_find_no_door_to_it(program: Program) -> None:
    for player in (program.lan, program.chen):
        await player.says("/org")
        player.reads("refused.not_found")
        await player.forged(f"org.see:{program.units['b1']}", message_id=player.messages[-1].id)
        player.reads("refused.not_found")


async def test_gaps_in_the_grids_are_listed(program: Program, admin: Player) -> None:
    await opened(admin, "幸福社区")
    await admin.presses("org.gaps")
    admin.reads("gap.grid_no_leader", "第一网格")
    admin.reads("gap.grid_no_secretary", "第一网格")
    admin.reads("gap.no_leader", "2号楼")
    await program.settles(program.chen, role=Role.LEADER, at="grid")
    await program.settles(program.wang, role=Role.SECRETARY, at="grid")
    await admin.presses("org.page" if admin.offers("org.page") else "org.see", "org.gaps")
    admin.reads("org.no_gaps")


async def test_markup_in_a_name_is_words_and_a_name_too_long_is_refused(
    program: Program, admin: Player
) -> None:
    await opened(admin, "幸福社区", "第一网格")
    await admin.presses("org.add", "org.kind")
    await admin.says("长" * 65)
    admin.reads("unit.name_wrong")
    await admin.says("<b>{x}</b>楼")
    await admin.presses("form.skip", "form.skip")
    assert "<b>{x}</b>楼" in admin.reads("org.added").text


# --- groups ---------------------------------------------------------------------------------------------------------------


async def test_a_group_is_bound_to_a_unit_below_and_its_loss_is_told_once(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    group = program.group("1号楼邻居群", zhao, lan)
    await zhao.does(zhao.sends("/bind", chat=group))
    zhao.reads("group.which_below", "幸福社区", chat=group)
    await goes(lan, "第一网格", chat=group)
    lan.reads("refused.not_found")
    await goes(zhao, "第一网格", "1号楼", chat=group)
    zhao.reads("group.bound", "1号楼", chat=group)
    await zhao.says("/org")
    await zhao.presses("org.below")
    await goes(zhao, "第一网格")
    await zhao.presses("org.below")
    await goes(zhao, "1号楼")
    zhao.reads("org.counts", "1 个")

    group.removes_bot()
    await program.quiet()
    zhao.reads("group.left", "1号楼")
    assert sum("移出" in text for text in zhao.news) == 1
    assert not lan.saw("group.left")


async def test_only_who_may_bind_ends_a_binding(program: Program) -> None:
    zhao, lan = program.zhao, program.lan
    group = program.group("邻居群", zhao, lan)
    await zhao.does(zhao.sends("/unbind", chat=group))
    zhao.reads("group.not_bound", chat=group)
    await zhao.does(zhao.sends("/bind", chat=group))
    await zhao.presses("group.bind", chat=group)
    await lan.does(lan.sends("/unbind", chat=group))
    assert not lan.saw("group.unbound", chat=group)
    await zhao.does(zhao.sends("/unbind", chat=group))
    zhao.reads("group.unbound", chat=group)
