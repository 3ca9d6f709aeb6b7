"""Who is too fast is told once and then left alone; danger always passes; what a form holds stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.settings_model import LimitsSettings
from handlers import people
from storage.database import Location
from tests.support.databases import on_sqlite
from tests.support.dump import count, rows
from tests.support.logs import heard
from tests.support.paths import raised
from tests.support.program import Program, running

pytestmark = on_sqlite

FEW = LimitsSettings(
    updates_per_minute=20,
    requests_per_day=2,
    uploads_per_hour=3,
    searches_per_hour=4,
    unknown_codes_per_hour=3,
)


@pytest.fixture
async def program(location: Location) -> AsyncIterator[Program]:
    async with running(location, sections={"limits": FEW}) as ready:
        await ready.passes(minutes=2)
        yield ready


async def finished(program: Program) -> None:
    """Every update was finished, and none failed."""
    assert not await rows(program.store._engine, "inbox", "update_id", where="state <> 'done'")


async def test_who_is_too_fast_is_told_once_and_heard_again_a_minute_later(program: Program) -> None:
    lan = program.lan
    for _ in range(20):
        await lan.says("/menu")
        lan.reads("menu.title")
    await lan.says("/menu")
    lan.reads("limits.updates")
    await lan.says("/menu")
    assert lan.news == []
    await lan.presses("menu.open")
    assert [text for text in lan.news if text] == []
    await program.emily.says("/menu")
    program.emily.reads("menu.title")
    await program.passes(seconds=61)
    await lan.says("/menu")
    lan.reads("menu.title")
    await finished(program)


async def test_a_press_that_is_too_fast_is_answered_in_a_window(program: Program) -> None:
    lan = program.lan
    for _ in range(20):
        await lan.says("/menu")
    await lan.presses("menu.open")
    lan.reads("limits.updates")


async def test_words_of_danger_ring_however_fast_they_come(program: Program) -> None:
    lan = program.lan
    for _ in range(22):
        await lan.says("/menu")
    await lan.says("着火了")
    lan.reads("alarm.danger")
    program.chen.reads("alarm.title")


async def test_who_answers_an_alarm_is_never_too_fast(program: Program) -> None:
    await program.lan.says("着火了")
    for _ in range(22):
        await program.chen.says("/menu")
    await program.chen.presses("alarm.seen")
    program.chen.reads("toast.seen")


async def test_a_day_has_so_many_requests_and_the_next_one_waits_in_its_form(program: Program) -> None:
    lan = program.lan
    for _ in range(2):
        await raised(lan)
        await program.passes(minutes=1)
    await lan.says("/request", "楼道灯坏了")
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.presses("request.submit")
    lan.reads("limits.requests")
    assert await count(program.store._engine, "request") == 2
    await program.passes(hours=24)
    await lan.presses("request.submit")
    lan.reads("request.sent")
    assert await count(program.store._engine, "request") == 3


async def test_what_the_rules_refused_is_not_counted(program: Program) -> None:
    wang, lan = program.wang, program.lan
    await raised(lan)
    await raised(lan, category="repair", urgency="ordinary")
    await raised(wang)
    wang.reads("request.next_answer")


async def test_files_have_a_number_of_their_own_and_words_go_on(program: Program) -> None:
    lan = program.lan
    for _ in range(3):
        await lan.does(lan.sends_photo())
    await lan.does(lan.sends_photo())
    lan.reads("limits.uploads")
    await lan.says("/menu")
    lan.reads("menu.title")


async def test_searches_for_people_are_counted(program: Program) -> None:
    chen = program.chen
    await chen.says("/pairs")
    await chen.presses("pairing.new")
    for name in ("李", "王", "赵", "钱"):
        await chen.says(name)
        if chen.saw("limits.searches"):
            break
    chen.reads("limits.searches")


async def test_guessed_codes_are_counted_logged_and_not_looked_up(program: Program) -> None:
    lan = program.lan
    with heard(people) as logs:
        for number in range(3):
            await lan.does(lan.start(f"u-guess{number}"))
            lan.reads("refused.not_found")
        assert [entry["event"] for entry in logs if "guess" in entry["event"]] == [
            "join codes are being guessed"
        ]
        assert not any("guess0" in str(entry) for entry in logs)
    await lan.does(lan.start("u-b2"))
    lan.reads("limits.codes")
    await program.passes(hours=1)
    await lan.does(lan.start("u-b2"))
    lan.reads("home.is_it_here", "2号楼")


async def test_codes_that_are_known_are_never_too_many(program: Program) -> None:
    for _ in range(5):
        await program.lan.does(program.lan.start("u-b2"))
        program.lan.reads("home.is_it_here", "2号楼")


async def test_talk_in_a_group_is_not_counted_and_commands_are(program: Program) -> None:
    lan = program.lan
    group = program.group("1号楼", program.zhao, lan)
    for _ in range(25):
        await lan.does(lan.sends("今天天气真好", chat=group))
    await lan.says("/menu")
    lan.reads("menu.title")
    for _ in range(19):
        await lan.does(lan.sends("/menu", chat=group))
    lan.reads("group.only_private", chat=group)
    await lan.does(lan.sends("/menu", chat=group))
    lan.reads("limits.updates", chat=group)
    await lan.does(lan.sends("/menu", chat=group))
    assert not lan.saw("limits.updates", chat=group)
    await finished(program)


async def test_switched_off_nothing_is_counted(location: Location) -> None:
    off: dict[str, Any] = {"limits": LimitsSettings(enabled=False, updates_per_minute=1)}
    async with running(location, sections=off) as program:
        for _ in range(5):
            await program.lan.says("/menu")
            program.lan.reads("menu.title")
