"""Digests from the choice to the message: what is in one, when it comes, and that it comes once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from domain.base import Actor
from storage.engine import DatabaseAwayError
from storage.outbox import Leased
from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, PHONE, claimed, raised, reports, words_of
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite


async def chooses(player: Player, choice: str) -> None:
    """From the menu to a press on the card."""
    await player.says("/menu")
    await player.presses("digest.see", choice)


async def test_a_resident_reads_each_morning_what_became_of_the_building(program: Program) -> None:
    lan, emily, chen = program.lan, program.emily, program.chen
    await emily.says("/menu")
    await emily.presses("digest.see")
    emily.reads("digest.home_now.never")
    assert not emily.offers("digest.desk:"), "who serves nowhere is not asked about it"
    await emily.presses("digest.home:0:daily")
    emily.reads("digest.home_now.daily", "08:00")
    number = await claimed(program)
    await raised(lan, category="parking", urgency="ordinary")
    private = await raised(lan, category="elder_help", urgency="timely", private=None)
    await raised(lan, category="noise", urgency=None, private="yes")
    await chen.says("/notice")
    await chen.presses("notice.new")
    await chen.says("<b>明天</b>停水")
    await chen.presses("notice.confirm")
    emily.listens()
    await program.passes(hours=21)
    assert await program.ticks("digests") == 0, "it is seven in the morning"
    await program.passes(hours=1)
    await program.ticks("digests")
    digest = emily.reads("digest.home_title", "Building 1")
    emily.reads("digest.news_row", "Lift: 1 new, 1 being worked on")
    emily.reads("digest.news_row", "Parking and passages: 1 new")
    for secret in ("李桂兰", FLAT, PHONE, words_of(lan), "elder", "Noise", str(private)):
        assert secret not in digest.text
    assert "&lt;b&gt;" not in digest.text
    assert not lan.saw("digest.home_title"), "nobody gets it who has not asked for it"
    await emily.presses("notices.see")
    emily.reads("notice.head", "停水")
    await emily.presses("notice.read")
    await reports(program.wang)
    await lan.presses(f"request.solved:{number}", f"request.rate:{number}:5")
    emily.listens()
    await program.passes(days=1)
    await program.ticks("digests")
    second = emily.reads("digest.home_title")
    assert "Lift: 1 solved" in second.text
    assert "停水" not in second.text, "it has been read"
    await program.passes(days=1)
    emily.listens()
    await program.ticks("digests")
    assert not emily.saw("digest.home_title"), "nothing new is nothing to say"


async def test_who_serves_hears_of_what_waits_on_working_days_until_they_turn_it_off(
    program: Program,
) -> None:
    lan, chen, zhao = program.lan, program.chen, program.zhao
    await raised(lan)
    await program.passes(hours=22)
    assert await program.ticks("digests") == 2
    chen.reads("digest.desk_row", "诉求 1 件，已超时")
    zhao.reads("digest.desk_title", "1")
    assert not program.wang.saw("digest.desk_title")
    await chen.presses("menu.open:0:desk")
    chen.reads("desk.title")
    await chooses(chen, "digest.desk:0:never")
    chen.reads("digest.desk_now.never")
    chen.listens()
    zhao.listens()
    await program.passes(days=1)
    await program.ticks("digests")
    assert not chen.saw("digest.desk_title")
    zhao.reads("digest.desk_title")
    zhao.listens()
    for _ in range(4):  # Thursday to Sunday
        await program.passes(days=1)
        await program.ticks("digests")
    assert sum("待办简报" in text for text in zhao.news) == 2, "on Thursday and on Friday"


async def test_a_restart_a_second_look_and_a_day_of_silence_send_nothing_twice_or_late(
    program: Program,
) -> None:
    lan, zhao = program.lan, program.zhao
    await raised(lan)
    await program.passes(hours=22)
    await program.ticks("digests")
    assert await program.ticks("digests") == 0
    await program.kills()
    await program.starts()
    await program.ticks("digests")
    assert sum("待办简报" in text for text in zhao.news) == 1
    await program.stops()
    await program.passes(days=2, hours=3)  # Thursday, eleven o'clock
    zhao.listens()
    await program.starts()
    await program.ticks("digests")
    assert sum("待办简报" in text for text in zhao.news) == 1
    await program.stops()
    await program.passes(hours=12)
    zhao.listens()
    await program.starts()
    await program.ticks("digests")
    assert not zhao.saw("digest.desk_title"), "a day that is over is over"


async def test_what_cannot_be_read_at_that_moment_is_read_a_little_later(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    await raised(program.lan)
    await program.passes(hours=22)
    truly, away = program.store.facts_of, iter([True, True])

    async def facts_of(row: Leased, reader: Actor | None, *, now: datetime) -> Mapping[str, Any] | None:
        if next(away, False):
            raise DatabaseAwayError
        return await truly(row, reader, now=now)

    monkeypatch.setattr(program.store, "facts_of", facts_of)
    await program.ticks("digests")
    assert not program.zhao.saw("digest.desk_title")
    await program.passes(seconds=2)
    await program.quiet()
    program.zhao.reads("digest.desk_title")
    program.chen.reads("digest.desk_title")


async def test_a_weekly_one_and_presses_that_no_button_made(program: Program) -> None:
    lan, emily = program.lan, program.emily
    await chooses(lan, "digest.home:0:weekly")
    lan.reads("digest.home_now.weekly", "周一 08:00")
    for data in ("digest.desk:0:daily", "digest.home:0:hourly", "digest.home:0", "digest.desk:1:weekly"):
        await lan.forged(data)
        lan.reads("refused.not_found")
    await raised(emily)
    lan.listens()
    for _ in range(7):
        await program.passes(days=1)
        await program.ticks("digests")
    assert sum("邻里简报" in text for text in lan.news) == 1
    await chooses(lan, "digest.home:0:never")
    lan.reads("digest.home_now.never")
    stranger = program.person("路人", started=True)
    await stranger.forged("digest.see:0")
    await stranger.forged("digest.home:0:daily")
    assert not stranger.offers("digest.home")
