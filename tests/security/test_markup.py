"""Markup typed by people stays text wherever it is shown again, and Telegram takes every message with it."""

from __future__ import annotations

import re

from domain.base import Actor
from domain.pairings import OpenVisit, PairUp
from sandbox.people import Message
from storage.unit import Who
from storage.units import UnitRow
from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, latest
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite

LINK = "tg://user?id=1"
MARKED = re.compile("bold|italic|text_link|text_mention|code|pre|spoiler|blockquote|custom_emoji")


def attack(mark: str) -> str:
    """Something short that is markup to Telegram, to Python's formats and to our own catalogue; ``mark`` finds it."""
    return f'{mark}<b>&amp;</i><a href="{LINK}">{{name}} %s *_`'


def read_by(player: Player) -> list[Message]:
    """Everything the bot ever showed this person."""
    sights = player._world.sights.get(player.user_id, [])
    return [Message(sight.message) for sight in sights if sight.message and sight.message["from"]["is_bot"]]


def judge(program: Program, *readers: tuple[Player, str]) -> None:
    """Each reader saw the attack with this mark word for word, and nobody's text became a mark or a link."""
    refused = [call for call in program.sandbox.record if call.error_code == 400]
    assert not refused, refused
    for reader, mark in readers:
        texts = [message for message in read_by(reader) if mark in message.text]
        assert texts, f"{reader} never saw {mark}"
        for message in texts:
            assert attack(mark)[:30] in message.text
    for player in program.players.values():
        for message in read_by(player):
            for entity in message.get("entities", []):
                assert entity.get("url") != LINK
                covered = _covered(message.text, entity)
                assert not (MARKED.match(entity["type"]) and covered == "&"), message.text


def _covered(text: str, entity: dict[str, int]) -> str:
    raw = text.encode("utf-16-le")
    return raw[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode(
        "utf-16-le", "replace"
    )


async def test_markup_in_everything_a_resident_fills_in_stays_text(program: Program) -> None:
    lan, chen, wang = program.lan, program.chen, program.wang
    await lan.says("/request", attack("W1"))
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(attack("F2")[:20], attack("N3")[:20], "13800001111")
    await lan.presses("request.submit")
    number = latest(lan)
    await lan.presses(f"request.add:{number}")
    await lan.does(lan.sends_photo(caption=attack("C4")))
    await lan.presses("form.done")
    await chen.presses(f"desk.open:{number}") if chen.offers("desk.open") else await chen.says("/desk")
    await chen.presses(f"request.accept:{number}")
    await wang.presses("task.claim")
    await wang.presses(f"request.write:{number}")
    await wang.says(attack("L5"))
    await wang.presses("task.done", "task.minutes")
    await wang.says(attack("R6"))
    await wang.presses("form.done")
    await lan.presses(f"request.unsolved:{number}")
    await lan.says(attack("U7"))
    await wang.presses("task.release")
    await wang.says(attack("X8"))
    judge(program, (chen, "W1"), (wang, "W1"), (lan, "W1"), (lan, "L5"), (lan, "R6"), (wang, "U7"))
    assert any(attack("F2")[:20] in message.text for message in read_by(wang))
    assert any(attack("N3")[:20] in message.text for message in read_by(wang))
    assert any(attack("F2")[:20] in message.text for message in read_by(chen))


async def test_markup_in_a_reason_and_in_a_name_that_telegram_gives_stays_text(program: Program) -> None:
    zhao = program.zhao
    newcomer = program.person(attack("T1"), user_id=3001)
    await newcomer.does(newcomer.start("u-b2"))
    await newcomer.presses("language.pick:0:zh", "consent.yes", "unit.here")
    await newcomer.says("/start")
    await newcomer.says(attack("W2"))
    await newcomer.presses(
        "request.pass", "request.category", "request.urgency", "request.private", "request.hide"
    )
    await newcomer.says("9-1", "张三", "13800001111")
    await newcomer.presses("request.submit")
    await zhao.presses("request.decline")
    await zhao.says(attack("D3"))
    judge(program, (newcomer, "T1"), (zhao, "W2"), (newcomer, "D3"))


async def test_markup_in_the_notes_of_a_pairing_and_in_an_alarm_stays_text(program: Program) -> None:
    chen, wang, lan = program.chen, program.wang, program.lan
    now, units = program.clock.now(), program.units
    opening = await program.store.opening(Who(wang.user_id), now=now)
    pair = PairUp(
        opening.actor.person_id,
        "living_alone",
        7,
        now.date(),
        attack("P1"),
        unit_id=units["b1"],
        name=attack("P2")[:20],
        flat=attack("P3")[:16],
    )
    done = await program.performs(pair, Who(chen.user_id))
    await program.performs(OpenVisit(int(done.result["pairing_id"] or 0)), Actor.system("visits"))
    program.app.delivery.wake()
    await program.quiet()
    await wang.says("/pairs", "/mytasks")
    await wang.presses("task.see")
    await lan.says(f"着火了 {attack('A4')}")
    await chen.says("/desk")
    judge(program, (wang, "P1"), (chen, "A4"))


async def test_markup_in_the_names_of_units_stays_text(program: Program) -> None:
    rows = (
        UnitRow(2, "b5", "building", attack("Z1"), attack("E2"), "grid"),
        UnitRow(3, "b6", "building", "6号楼", "", "grid"),
    )
    assert not (await program.store.import_units(rows, dry_run=False)).problems
    for number, language in ((3001, "zh"), (3002, "en")):
        newcomer = program.person("新人", user_id=number, language=language)
        await newcomer.does(newcomer.start("u-b5"))
        await newcomer.presses(f"language.pick:0:{language}", "consent.yes", "unit.here")
        await newcomer.says("水管漏了")
        await newcomer.presses("request.pass", "request.category")
        judge(program, (newcomer, "Z1" if language == "zh" else "E2"))


async def test_letters_that_are_all_markup_arrive_word_for_word(program: Program) -> None:
    words = "<tg-spoiler>" * 5 + "&#0;&bogus;</" + "<" * 20
    await program.lan.says(words)
    assert any(words in message.text for message in read_by(program.lan))
    judge(program)


async def test_words_that_grow_when_they_are_escaped_still_fit(program: Program) -> None:
    lan, chen = program.lan, program.chen
    await lan.says("/request", "&<>" * 1300)
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name, "13800001111")
    await lan.presses("request.submit")
    await chen.presses(f"request.accept:{latest(lan)}")
    assert any("&<>" * 50 in message.text for message in read_by(program.wang))
    judge(program)
