"""People as staff see them: searched for, entered, corrected, suspended, merged; and nobody finds more than is theirs."""

from __future__ import annotations

from typing import Any

from sandbox.asking import commands_for
from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite


def menu_of(program: Program, player: Player) -> set[str]:
    """The commands that Telegram shows this person now."""
    return {row["command"] for row in commands_for(program.sandbox.world, player.user_id)}


async def found(player: Player, words: str) -> Any:
    """A name is searched for; the screen."""
    await player.says(f"/people {words}")
    return player.reads("people.how_to_search")


async def opens(player: Player, name: str) -> Any:
    """The card of the only one whose name holds these words."""
    screen = await found(player, name)
    await player.presses(
        next(data for label, data in screen.buttons if data.startswith("person.see") and name in label)
    )
    return player.card(name)


async def test_a_leader_finds_the_people_of_the_building_by_any_part_of_a_name(program: Program) -> None:
    chen = program.chen
    await chen.says("/people")
    screen = chen.reads("people.title", "1号楼", "5")
    assert "李桂兰" in screen.text
    assert "赵敏" not in screen.text
    await chen.says("桂")
    assert "李桂兰" in chen.reads("people.filters", "桂").text
    assert "王建国" not in chen.reads("people.filters").text
    await chen.presses("身份", "组长")
    assert "陈芳" not in chen.reads("people.nobody").text
    await chen.presses("清除条件", "身份", "组长")
    assert "陈芳" in chen.reads("people.filters").text
    await chen.presses("people.close")
    chen.reads("people.closed")


async def test_the_card_shows_what_a_leader_may_know_and_offers_what_a_leader_may_do(
    program: Program,
) -> None:
    card = await opens(program.chen, "李桂兰")
    assert "1号楼" in card.text
    data = {data.split(":")[0] for _, data in card.buttons}
    assert data == {"person.correct", "person.tags"}
    card = await opens(program.zhao, "李桂兰")
    data = {data.split(":")[0] for _, data in card.buttons}
    assert data == {"person.correct", "person.appoint", "person.suspend", "person.merge", "person.tags"}


async def test_cards_of_people_elsewhere_are_not_found_whoever_forges_the_button(program: Program) -> None:
    zhao = await program.store.opening(_who(program.zhao), now=program.clock.now())
    number = zhao.actor.person_id
    for press in (
        "person.see",
        "person.tags",
        "person.back",
        "person.correct",
        "person.suspend",
        "person.appoint",
        "person.merge",
        "person.restore",
    ):
        await program.chen.forged(f"{press}:{number}")
        program.chen.reads("refused.not_found")
    await program.lan.forged(f"person.see:{number}")
    program.lan.reads("refused.not_found")
    await program.lan.says("/people")
    program.lan.reads("refused.not_found")


def _who(player: Player) -> Any:
    from storage.unit import Who

    return Who(player.user_id)


async def test_signs_of_a_pattern_are_looked_for_as_they_are(program: Program) -> None:
    await program.chen.says("/people")
    for words in ("%", "_", "\\", "'", "<b>"):
        await program.chen.says(words)
        program.chen.reads("people.nobody")


async def test_somebody_without_a_phone_is_entered_once_and_spoken_for(program: Program) -> None:
    chen = program.chen
    await chen.says("/people")
    await chen.presses("person.new", "person.unit")
    await chen.says("5-101", "吴<b>秀英", "13800001234")
    await chen.says("李桂")
    await chen.presses("person.proxy")
    text = chen.reads("check.person", "5-101", "13800001234", "李桂兰").text
    assert "吴<b>秀英" in text
    await chen.presses("form.submit")
    chen.reads("roster.entered")
    program.lan.reads("person.proxy", "吴<b>秀英")
    card = await opens(chen, "秀英")
    assert "13800001234" in card.text

    await chen.presses("person.correct", "person.what:")
    await chen.says("吴秀英")
    assert "吴秀英" in chen.card("吴秀英").text

    await chen.says("/people")
    await chen.presses("person.new", "person.unit")
    await chen.says("5-102", "别人", "138 0000 1234")
    await chen.presses("form.skip")
    assert any("吴秀英" in label for label, _ in chen.reads("ask.person_known").buttons)


async def test_digits_find_the_end_of_a_phone_and_a_flat(program: Program) -> None:
    await test_somebody_without_a_phone_is_entered_once_and_spoken_for(program)
    for words in ("1234", "101"):
        assert "吴秀英" in (await found(program.chen, words)).text
    assert "吴秀英" not in (await found(program.chen, "99")).text


async def test_a_suspended_member_is_told_loses_the_menu_and_gets_it_back(program: Program) -> None:
    zhao, wang = program.zhao, program.wang
    await opens(zhao, "王建国")
    await zhao.presses("person.suspend")
    await zhao.says("长期失联")
    zhao.reads("roster.suspended", "王建国")
    wang.reads("person.suspended", "赵敏")
    assert "长期失联" not in "".join(wang.news)
    assert "tasks" not in menu_of(program, wang)
    program.chen.reads("work.suspended", "王建国")
    await wang.says("/tasks")
    wang.reads("refused.not_found")
    await zhao.presses("person.restore")
    wang.reads("person.restored")
    assert "tasks" in menu_of(program, wang)


async def test_nobody_is_suspended_by_who_stands_below_them_nor_by_themselves(program: Program) -> None:
    zhao = program.zhao
    own = (await program.store.opening(_who(zhao), now=program.clock.now())).actor.person_id
    await zhao.forged(f"person.suspend:{own}")
    zhao.reads("refused.not_found")
    chen = (await program.store.opening(_who(program.chen), now=program.clock.now())).actor.person_id
    await program.wang.forged(f"person.suspend:{chen}")
    program.wang.reads("refused.not_found")


async def test_a_record_entered_before_is_taken_over_by_who_shares_its_number(program: Program) -> None:
    chen = program.chen
    wu = program.person("小吴", language="zh")
    number = program.sandbox.acts._person(wu.user_id)["phone"]
    await chen.says("/people")
    await chen.presses("person.new", "person.unit")
    await chen.says("5-101", "吴秀英", number)
    await chen.presses("form.skip", "form.submit")
    await wu.does(wu.start())
    await wu.presses("language.pick:0:zh", "consent.yes")
    await wu.presses("unit.pick", "unit.pick", "unit.pick", "unit.pick")
    wu.reads("home.set")
    await wu.does(wu.shares_contact())
    wu.reads("person.recognised")
    assert (await program.store.opening(_who(wu), now=program.clock.now())).actor.name == "吴秀英"
    screen = await found(chen, "吴")
    assert "小吴" not in screen.text


async def test_a_number_shared_with_the_first_request_joins_the_records_too(program: Program) -> None:
    chen, lan = program.chen, program.lan
    number = program.sandbox.acts._person(lan.user_id)["phone"]
    await chen.says("/people")
    await chen.presses("person.new", "person.unit")
    await chen.says("3-201", "李大娘", number)
    await chen.presses("form.skip", "form.submit")
    await lan.says("/request", "电梯坏了")
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says("3-201", "李桂兰")
    await lan.does(lan.shares_contact())
    await lan.presses("request.submit")
    lan.reads("person.recognised")
    lan.reads("number")
    await lan.says("/mine")
    assert "电梯坏了" in lan.reads("mine.title").text
    assert "李大娘" in (await found(chen, "李大娘")).text
    await found(chen, "李桂兰")
    chen.reads("people.nobody")


async def test_a_secretary_merges_two_records_after_seeing_both(program: Program) -> None:
    chen, zhao = program.chen, program.zhao
    await chen.says("/people")
    await chen.presses("person.new", "person.unit")
    await chen.says("3-201", "李大娘", "跳过", "跳过")
    await chen.presses("form.submit")
    await opens(zhao, "李桂兰")
    await zhao.presses("person.merge")
    await zhao.says("没有这个人")
    zhao.reads("roster.nobody_like_that")
    await zhao.says("李大")
    await zhao.presses("person.other")
    text = zhao.reads("check.merge").text
    assert text.index("李桂兰") < text.index("李大娘"), "the one with the account stays"
    await zhao.presses("form.submit")
    zhao.reads("roster.merged")
    program.lan.reads("person.merged")
    await found(zhao, "李大娘")
    zhao.reads("people.nobody")
    await zhao.forged("person.see:7")
    zhao.reads("refused.not_found")


async def test_nothing_is_found_out_about_people_beside_by_pages_and_units_that_were_not_shown(
    program: Program,
) -> None:
    chen = program.chen
    await chen.says("/people")
    version = chen.shown("people.pane").buttons[-1][1].split(":")[1]
    message_id = chen.shown("people.pane").id
    other = program.units["b2"]
    await chen.forged(f"people.here:{version}:{other}", message_id=message_id)
    chen.reads("refused.not_found")
    for data in ("people.page:{}:x", "people.role:{}:king", "people.skill:{}:99", "people.pane:{}:x"):
        await chen.forged(data.format(version), message_id=message_id)
        assert "赵敏" not in "".join(chen.news)
