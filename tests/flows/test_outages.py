"""What the bot lives through: its database locked, full or gone, the Bot API away, handlers with bugs, poison."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.requests import AcceptRequest
from storage.database import Location
from storage.sqlite import SqliteEngine, open_connection
from storage.unit import Who
from tests.support.databases import on_postgres, on_sqlite
from tests.support.paths import FLAT, accepted, claimed, raised, rates, reported, reports
from tests.support.player import Player
from tests.support.program import Program, running
from views import requests as screens

WORDS = "楼道灯坏了"


class Disk:
    """SQLite connections whose file can be declared full, and locked by somebody else for a while."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._full = False
        self._writers: list[sqlite3.Connection] = []

    def engine(self, location: Location, **options: Any) -> SqliteEngine:
        """In place of ``open_engine``: one that does not wait five seconds for a lock."""
        return SqliteEngine(self._path, readers=1, busy_seconds=0.02, connect=self.connect)

    def connect(self, path: Path, *, query_only: bool, busy_seconds: float) -> sqlite3.Connection:
        """A connection as the engine opens it."""
        connection = open_connection(path, query_only=query_only, busy_seconds=busy_seconds)
        if not query_only:
            self._writers.append(connection)
            self._limit(connection)
        return connection

    def fills(self, *, full: bool) -> None:
        """From now on no page can be added, or can again."""
        self._full = full
        for connection in self._writers:
            self._limit(connection)

    def locked(self) -> sqlite3.Connection:
        """Somebody else's transaction; ends with its ``close``."""
        other = sqlite3.connect(self._path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        return other

    def _limit(self, connection: sqlite3.Connection) -> None:
        try:
            # A limit below the present size means the present size.
            connection.execute(f"PRAGMA max_page_count = {1 if self._full else 2**30}").fetchall()
        except sqlite3.ProgrammingError:
            self._writers.remove(connection)


@pytest.fixture
def disk(location: Location, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """What the program's SQLite file lies on."""
    assert location.path is not None
    made = Disk(location.path)
    monkeypatch.setattr("bot.app.open_engine", made.engine)
    return made


@pytest.fixture
async def program(request: pytest.FixtureRequest, location: Location) -> AsyncIterator[Program]:
    """The program, on a disk of the test's if it asks for one."""
    if "disk" in request.fixturenames:
        request.getfixturevalue("disk")
    async with running(location) as ready:
        yield ready


async def wrote(player: Player, words: str = WORDS) -> None:
    """Something is on its way to a bot that cannot take it now."""
    await player.sends(words)
    await asyncio.sleep(0.1)


# --- the database --------------------------------------------------------------------------------------------------


@on_sqlite
async def test_a_locked_database_only_makes_people_wait(disk: Disk, program: Program) -> None:
    lan = program.lan
    other = disk.locked()
    await wrote(lan)
    assert program.sandbox.pending_updates, "the offset has not moved"
    await program.passes(seconds=20, steps=4)
    assert lan.news == []
    other.close()
    await program.passes(seconds=60, steps=6)
    await program.quiet()
    lan.reads("ask.pass_on", WORDS)
    assert await program.store.stuck() == ([], [])


@on_sqlite
async def test_a_full_disk_loses_nothing_and_all_goes_on_when_there_is_room(
    disk: Disk, program: Program
) -> None:
    lan = program.lan
    long = "灯" * 3000
    disk.fills(full=True)
    for _ in range(4):
        await wrote(lan, long)
        await program.passes(seconds=30)
    disk.fills(full=False)
    await program.passes(seconds=90, steps=6)
    await program.quiet()
    lan.reads("ask.pass_on")
    assert await program.store.stuck() == ([], [])
    await lan.presses("form.cancel")
    assert await raised(lan)


@on_postgres
async def test_postgres_away_for_a_while_loses_nothing(program: Program) -> None:
    lan, wang = program.lan, program.wang
    request_id = await accepted(program)
    url = program.location.url
    admin = await asyncpg.connect(url.set(database="postgres").render_as_string(hide_password=False))
    try:
        await admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", url.database
        )
        await wang.press("task.claim")
        await asyncio.sleep(0.1)
        await program.passes(seconds=20, steps=4)
        assert not wang.saw("toast.claimed")
        await admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")
    finally:
        await admin.close()
    await program.passes(seconds=90, steps=6)
    await program.quiet()
    wang.reads("state.claim.claimed", FLAT)
    lan.reads("request.claimed", "王建国")
    await reports(wang)
    await rates(lan, request_id)
    assert await program.ticks("settlement") == 1
    assert await program.store.ledger_differences() == []


@on_postgres
async def test_postgres_that_cut_every_connection_is_simply_asked_again(program: Program) -> None:
    url = program.location.url
    admin = await asyncpg.connect(url.set(database="postgres").render_as_string(hide_password=False))
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", url.database
    )
    await admin.close()
    await program.lan.sends("/menu")
    await asyncio.sleep(0.1)
    await program.passes(seconds=30, steps=6)
    await program.quiet()
    program.lan.reads("menu.title")


# --- the Bot API -----------------------------------------------------------------------------------------------------


@on_sqlite
async def test_the_bot_api_away_for_ten_minutes_loses_nothing_and_repeats_nothing(program: Program) -> None:
    lan, wang, chen = program.lan, program.wang, program.chen
    request_id = await raised(lan)
    program.sandbox.dies(600)
    await wrote(program.emily, "the light is broken")
    await program.performs(AcceptRequest(request_id), Who(chen.user_id))
    await program.passes(minutes=9.9, steps=40)
    assert not wang.saw("task.free")
    assert program.emily.news == []
    await program.passes(minutes=5, steps=20)
    await program.quiet()
    wang.reads("task.free")
    lan.reads("request.accepted")
    program.emily.reads("ask.pass_on")
    told = program.phrases.pattern("zh", "request.accepted")
    assert len([m for m in lan.messages if told.search(m.text)]) == 1
    assert await program.store.stuck() == ([], [])


@on_sqlite
async def test_a_bot_that_starts_while_the_bot_api_is_away_waits_for_it(program: Program) -> None:
    await program.stops()
    program.sandbox.dies(60)
    starting = asyncio.create_task(program.starts())
    await program.passes(seconds=50, steps=10)
    assert not starting.done()
    await program.passes(seconds=60, steps=10)
    async with asyncio.timeout(5):
        await starting
    await program.lan.says("/menu")
    program.lan.reads("menu.title")


# --- bugs and poison ---------------------------------------------------------------------------------------------------


async def through_the_tries(program: Program) -> None:
    """The oldest update fails, and fails three times more, and is set aside."""
    for failed, seconds in enumerate((1, 5, 30), start=1):

        async def has_failed(times: int = failed) -> bool:
            rows = await program.store.waiting(after=0, most=1)
            return bool(rows) and rows[0].attempts == times

        await program.until(has_failed)
        # It is written down before it waits: moved before that, the clock would make it wait once more.
        await program.passes(seconds=0, steps=10)
        await program.passes(seconds=seconds)
    await program.quiet()


def number_of(program: Program) -> int:
    """The update that comes next."""
    return int(program.sandbox.world.tables.table("next").get("update", 100_000))


@on_sqlite
async def test_a_handler_that_raises_is_tried_again_three_times_and_then_set_aside(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    lan, emily = program.lan, program.emily
    tries: list[float] = []
    whole = screens.mine

    def broken(*args: Any, **named: Any) -> Any:
        tries.append(program.clock.seconds())
        raise RuntimeError("a bug")

    monkeypatch.setattr(screens, "mine", broken)
    update_id = number_of(program)
    await lan.sends("/mine")
    await lan.sends("/menu")
    await through_the_tries(program)
    assert [later - earlier for earlier, later in pairwise(tries)] == [1, 5, 30]
    lan.reads("error.noted", str(update_id))
    lan.reads("menu.title")
    assert [row["update_id"] for row in (await program.store.stuck())[0]] == [update_id]

    monkeypatch.setattr(screens, "mine", whole)
    lan.listens()
    assert await program.app.commands.answer("retry", {"ids": [update_id]}) == {"count": 1}
    await program.until(lambda: lan.saw("mine.none"))
    await program.quiet()
    assert await program.store.stuck() == ([], [])
    assert emily.news == []


@on_sqlite
async def test_somebody_elses_bug_keeps_nobody_waiting(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **named: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(screens, "mine", broken)
    await program.lan.sends("/mine")
    await program.emily.sends("/menu")
    await program.until(lambda: program.emily.saw("menu.title"))
    assert program.lan.news == []


@on_sqlite
async def test_poison_is_set_aside_and_the_person_is_told_its_number(program: Program) -> None:
    lan = program.lan
    user, chat = program.sandbox.world.user(lan.user_id), program.sandbox.world.chat(lan.user_id)
    update_id = program.sandbox.emit(
        {
            "message": {
                "message_id": 1,
                "date": "never",
                "chat": chat,
                "from": user,
                "text": "x",
                "entities": [{}],
            }
        }
    )
    await through_the_tries(program)
    lan.reads("error.noted", str(update_id))
    assert [row["update_id"] for row in (await program.store.stuck())[0]] == [update_id]
    await lan.says("/menu")
    lan.reads("menu.title")


@on_sqlite
async def test_an_end_in_the_middle_of_the_tries_waits_for_none_of_them(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = screens.mine

    def broken(*args: Any, **named: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(screens, "mine", broken)
    await program.lan.sends("/mine")
    await asyncio.sleep(0.05)
    async with asyncio.timeout(3):
        await program.stops()
    monkeypatch.setattr(screens, "mine", whole)
    await program.starts()
    await program.quiet()
    program.lan.reads("mine.none")


@on_sqlite
async def test_a_view_that_cannot_be_made_is_stuck_and_seen_and_stops_nobody(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    lan, wang = program.lan, program.wang
    request_id = await claimed(program)

    def broken(*args: Any, **named: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(screens, "title", broken)
    await wang.presses("task.start")
    monkeypatch.undo()
    _, out = await program.store.stuck()
    assert any(row["kind"] == "request.started" for row in out)
    await reports(wang)
    await rates(lan, request_id)
    lan.reads("state.request.closed_confirmed")


@on_sqlite
async def test_a_database_that_comes_and_goes_all_the_way_earns_the_points_once(
    disk: Disk, program: Program
) -> None:
    lan, wang = program.lan, program.wang

    async def disturbed() -> None:
        while True:
            other = disk.locked()
            try:
                await asyncio.sleep(0.05)
            finally:
                other.close()
            program.clock.move(program.app._span / 2)
            await asyncio.sleep(0.05)

    disturbance = asyncio.create_task(disturbed())
    try:
        request_id = await reported(program)
        await rates(lan, request_id)
    finally:
        disturbance.cancel()
        await asyncio.gather(disturbance, return_exceptions=True)
    await program.passes(seconds=60, steps=4)
    await program.quiet()
    wang.reads("task.confirmed")
    assert await program.ticks("settlement") == 1
    assert await program.store.ledger_differences() == []
