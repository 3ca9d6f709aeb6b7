"""SQLite's writer when the file refuses: nobody hears success that was none, and it works again when the file does."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from domain.rulebook import Rulebook
from storage import leases
from storage.database import Location
from storage.engine import DatabaseAwayError, DatabaseClosedError
from storage.sqlite import SqliteEngine, open_connection
from storage.unit import Store
from tests.support.databases import on_sqlite
from tests.support.dump import count, dump, rows
from tests.support.held import held_writer
from tests.support.village import village

pytestmark = on_sqlite


class Disk:
    """Opens connections to a file. ``most_pages``: how much fits. ``failing_commits``: so many more COMMITs fail."""

    def __init__(self) -> None:
        self.opened = 0
        self.most_pages = 0
        self.failing_commits = 0

    def connect(self, path: Path, *, query_only: bool, busy_seconds: float) -> sqlite3.Connection:
        """For ``SqliteEngine(connect=…)``."""
        if query_only:
            return open_connection(path, query_only=True, busy_seconds=busy_seconds)
        self.opened += 1
        connection = Refusing(path, isolation_level=None, check_same_thread=False, timeout=busy_seconds)
        connection.disk = self
        connection.execute("PRAGMA foreign_keys=ON").fetchall()
        if self.most_pages:
            connection.execute(f"PRAGMA max_page_count = {self.most_pages}").fetchall()
        return connection


class Refusing(sqlite3.Connection):
    """A connection whose COMMIT fails as a dying disk would make it."""

    disk: Disk

    def execute(self, statement: str, *args: Any) -> sqlite3.Cursor:
        if statement == "COMMIT" and self.disk.failing_commits:
            self.disk.failing_commits -= 1
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return super().execute(statement, *args)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def path(location: Location) -> Path:
    assert location.path is not None
    return location.path


@pytest.fixture
async def engine(path: Path, disk: Disk) -> AsyncIterator[SqliteEngine]:
    opened = SqliteEngine(path, connect=disk.connect, busy_seconds=0.05)
    yield opened
    await opened.close()


def runs(name: str, now: datetime) -> Callable[[Connection], bool]:
    return lambda connection: leases.begin_run(connection, "job", name, now=now)


async def periods(engine: SqliteEngine) -> list[str]:
    return [row[0] for row in await rows(engine, "job_run", "period")]


async def in_one_batch(engine: SqliteEngine, *units: Callable[[Connection], Any]) -> list[Any]:
    async with held_writer(engine) as waiting:
        batch = asyncio.gather(*(engine.write(unit) for unit in units), return_exceptions=True)
        await asyncio.sleep(0)
        assert waiting() == len(units)
    return await batch


def breaks_at_commit(connection: Connection) -> None:
    # A foreign key that is looked at only by COMMIT: every statement before it passes.
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql("INSERT INTO household (unit_id, flat) VALUES (4711, '1')")


async def test_units_that_wait_are_committed_together(engine: SqliteEngine, now: datetime) -> None:
    statements: list[str] = []
    await engine.write(lambda c: c.connection.driver_connection.set_trace_callback(statements.append))  # type: ignore[union-attr]
    statements.clear()
    heard = await in_one_batch(engine, *(runs(str(number), now) for number in range(20)))
    assert heard == [True] * 20
    kinds = [s.split()[0] for s in statements]
    assert kinds.count("SAVEPOINT") == 20
    # One for the unit that held the writer, one for all the others.
    assert kinds.count("COMMIT") == 2


async def test_a_unit_that_raises_leaves_the_others_of_its_batch(engine: SqliteEngine, now: datetime) -> None:
    def fails(connection: Connection) -> None:
        runs("half", now)(connection)
        raise ZeroDivisionError("a bug")

    first, second, third = await in_one_batch(engine, runs("a", now), fails, runs("b", now))
    assert (first, third) == (True, True)
    assert isinstance(second, ZeroDivisionError)
    assert await periods(engine) == ["a", "b"]


async def test_a_commit_that_fails_for_one_is_said_to_that_one_alone(
    engine: SqliteEngine, now: datetime
) -> None:
    first, second, third = await in_one_batch(engine, runs("a", now), breaks_at_commit, runs("b", now))
    assert (first, third) == (True, True)
    assert isinstance(second, sqlite3.IntegrityError | IntegrityError)
    assert await periods(engine) == ["a", "b"]
    assert await count(engine, "household") == 0


async def test_a_unit_that_ends_the_transaction_itself_is_no_success(
    engine: SqliteEngine, now: datetime
) -> None:
    def ends(connection: Connection) -> None:
        runs("half", now)(connection)
        connection.exec_driver_sql("ROLLBACK")

    first, second, third = await in_one_batch(engine, runs("a", now), ends, runs("b", now))
    assert (first, third) == (True, True)
    assert isinstance(second, DatabaseAwayError)
    assert await periods(engine) == ["a", "b"]


async def test_a_disk_that_dies_at_commit_is_heard_by_everybody_and_then_forgotten(
    engine: SqliteEngine, disk: Disk, now: datetime
) -> None:
    # That of the unit that holds the writer, the common one, and those of the first two alone; the third passes.
    disk.failing_commits = 4
    heard = await in_one_batch(engine, runs("a", now), runs("b", now), runs("c", now))
    assert [isinstance(h, DatabaseAwayError) for h in heard[:2]] == [True, True]
    assert heard[2] is True
    assert await periods(engine) == ["c"]
    assert disk.opened > 1
    assert await engine.write(runs("a", now))


async def test_a_full_disk_writes_nothing_by_halves_and_works_again_when_there_is_room(
    engine: SqliteEngine, disk: Disk, rules: Rulebook, now: datetime
) -> None:
    store = Store(engine, rules=rules)
    await village(store, now=now)
    before = await dump(engine)
    disk.most_pages = await engine.read(lambda c: int(c.execute(text("PRAGMA page_count")).scalar_one()))
    await engine.close()
    full = SqliteEngine(engine.path, connect=disk.connect)

    def much(connection: Connection) -> None:
        for number in range(200):
            connection.execute(
                text(
                    "INSERT INTO inbox (update_id, sender, payload, state, received_at) VALUES (:n, 1, :p, 'waiting', 1)"
                ),
                {"n": number, "p": "x" * 4000},
            )

    async with held_writer(full) as waiting:
        batch = asyncio.gather(
            full.write(runs("a", now)), full.write(much), full.write(runs("b", now)), return_exceptions=True
        )
        await asyncio.sleep(0)
        assert waiting() == 3
    first, second, third = await batch
    assert isinstance(second, DatabaseAwayError)
    assert "full" in str(second)
    assert await periods(full) == [n for n, h in (("a", first), ("b", third)) if h is True]
    after = await dump(full)
    assert {name: found for name, found in after.items() if name != "job_run"} == {
        name: found for name, found in before.items() if name != "job_run"
    }
    await full.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000").fetchall())
    await full.write(much)
    assert await count(full, "inbox") == 200
    await full.close()


async def test_a_file_locked_by_another_program_is_away_and_comes_back(
    engine: SqliteEngine, path: Path, now: datetime
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    heard = await in_one_batch_of_two(engine, now)
    assert [type(h) for h in heard] == [DatabaseAwayError, DatabaseAwayError]
    assert "locked" in str(heard[0])
    # Whoever only reads is not disturbed.
    assert await periods(engine) == []
    other.execute("ROLLBACK")
    other.close()
    assert await engine.write(runs("a", now))


async def in_one_batch_of_two(engine: SqliteEngine, now: datetime) -> list[Any]:
    return list(
        await asyncio.gather(
            engine.write(runs("a", now)), engine.write(runs("b", now)), return_exceptions=True
        )
    )


def spoiled(path: Path) -> Path:
    path.write_bytes(b"no database at all " * 1000)
    return path


async def test_a_file_that_turned_to_garbage_is_away_for_writing_and_reading(
    path: Path, now: datetime
) -> None:
    engine = SqliteEngine(spoiled(path))
    heard = await in_one_batch_of_two(engine, now)
    assert [type(h) for h in heard] == [DatabaseAwayError, DatabaseAwayError]
    for _ in range(2):
        with pytest.raises(DatabaseAwayError, match="not a database"):
            await engine.write(runs("a", now))
        with pytest.raises(DatabaseAwayError, match="not a database"):
            await periods(engine)
    await engine.close()


async def test_a_file_that_cannot_be_opened_is_away_until_it_can(
    tmp_path: Path, path: Path, now: datetime
) -> None:
    folder = tmp_path / "later"
    engine = SqliteEngine(folder / "linli.db")
    heard = await in_one_batch_of_two(engine, now)
    assert [type(h) for h in heard] == [DatabaseAwayError, DatabaseAwayError]
    with pytest.raises(DatabaseAwayError):
        await periods(engine)
    folder.mkdir()
    shutil.copyfile(path, folder / "linli.db")
    assert await engine.write(runs("a", now))
    assert await periods(engine) == ["a"]
    await engine.close()


async def test_whatever_opening_raises_is_heard_and_the_writer_lives(path: Path, now: datetime) -> None:
    troubles: list[Exception] = [
        MemoryError("no memory"),
        PermissionError("not yours"),
        PermissionError("no"),
    ]

    def connect(path: Path, *, query_only: bool, busy_seconds: float) -> sqlite3.Connection:
        if troubles and not query_only:
            raise troubles.pop()
        return open_connection(path, query_only=query_only, busy_seconds=busy_seconds)

    engine = SqliteEngine(path, connect=connect)
    heard = await in_one_batch_of_two(engine, now)
    while troubles:
        with pytest.raises(Exception, match=r"not yours|no memory|no"):
            await asyncio.wait_for(engine.write(runs("c", now)), 5)
    assert all(h is True or isinstance(h, Exception) for h in heard)
    assert await asyncio.wait_for(engine.write(runs("d", now)), 5)
    await engine.close()


async def test_an_observer_that_fails_stops_nobody(path: Path, now: datetime) -> None:
    def observe(kind: str, seconds: float) -> None:
        raise ZeroDivisionError("a metric")

    engine = SqliteEngine(path, observe=observe)
    for name in ("a", "b", "c"):
        assert await asyncio.wait_for(engine.write(runs(name, now)), 5)
        assert await asyncio.wait_for(periods(engine), 5)
    await engine.close()


async def test_closing_finishes_what_waits_and_refuses_what_comes_later(
    engine: SqliteEngine, path: Path, now: datetime
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(connection: Connection) -> bool:
        entered.set()
        leave.wait(5)
        return runs("slow", now)(connection)

    waiting = [asyncio.ensure_future(engine.write(unit)) for unit in (slow, runs("a", now), runs("b", now))]
    await asyncio.to_thread(entered.wait, 5)
    closing = asyncio.ensure_future(engine.close())
    await asyncio.sleep(0)
    with pytest.raises(DatabaseClosedError):
        await engine.write(runs("late", now))
    leave.set()
    assert await asyncio.gather(*waiting) == [True, True, True]
    await closing
    await engine.close()
    again = SqliteEngine(path)
    assert await periods(again) == ["a", "b", "slow"]
    await again.close()


async def test_a_read_sees_one_moment_however_long_it_takes(engine: SqliteEngine, now: datetime) -> None:
    begun, written = threading.Event(), threading.Event()

    def twice(connection: Connection) -> tuple[int, int]:
        counting = text("SELECT count(*) FROM job_run")
        first = connection.execute(counting).scalar_one()
        begun.set()
        written.wait(5)
        return first, connection.execute(counting).scalar_one()

    reading = asyncio.ensure_future(engine.read(twice))
    await asyncio.to_thread(begun.wait, 5)
    await engine.write(runs("meanwhile", now))
    written.set()
    assert await reading == (0, 0)
    assert await periods(engine) == ["meanwhile"]
