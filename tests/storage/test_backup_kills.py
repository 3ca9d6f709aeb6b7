"""A backup of PostgreSQL whose process is killed while one of the server's tools is at work: the next one is whole, and
what the killed one left goes once the tool that has outlived it is gone."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from time import monotonic

import asyncpg
import pytest

from storage.backup import making
from storage.backup.making import is_whole, kept
from storage.database import Location
from storage.unit import Store
from tests.support.backups import databases, tools_path
from tests.support.databases import on_postgres
from tests.support.village import village

LONGEST = 60.0
END = 2000
"""Bytes of the copy that the held tool never gets: it is in the middle of bringing it in."""

HELD = """#!/bin/bash
# Reads the copy to near its end, and then waits for more of it.
case "$*" in *--version*) exec {real} "$@";; esac
source="${{@: -1}}"
mkfifo {folder}/part
(head -c -{end} "$source"; cat {folder}/go) > {folder}/part 2> /dev/null &
exec {real} "${{@:1:$#-1}}" < {folder}/part
"""


async def until(true: Callable[[], Awaitable[object]]) -> None:
    """Wait for what another process does."""
    deadline = monotonic() + LONGEST
    while not await true():
        assert monotonic() < deadline, "it never came to that"
        await asyncio.sleep(0.02)


@pytest.fixture
async def server(location: Location) -> AsyncIterator[asyncpg.Connection]:
    """The server behind the database, beside everything."""
    connection = await asyncpg.connect(location.url.render_as_string(hide_password=False))
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
async def _town(store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is backed up, and the tools of the server that it lies on."""
    monkeypatch.setenv("PATH", tools_path())
    await village(store, now=now)


async def _begun(location: Location, folder: Path, path: str) -> asyncio.subprocess.Process:
    variables = {
        "LINLI_DATABASE__URL": location.url.render_as_string(hide_password=False),
        "LINLI_BACKUP__DIRECTORY": str(folder / "backups"),
        "PATH": path,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.cli",
        "backup",
        cwd=folder,
        env=os.environ | variables,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _killed(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


def _left(location: Location) -> list[Path]:
    prefix = making.work_prefix(location, "backup")
    return list(making.work_folder(location).glob(f"{prefix}-*"))


async def _is_good_again(location: Location, folder: Path, now: datetime) -> None:
    made = await making.make(location, folder / "backups", now=now, program="test")
    assert kept(folder / "backups") == [made.path]
    assert is_whole(made.path)
    assert _left(location) == []


@on_postgres
async def test_killed_while_the_database_is_copied(
    location: Location, server: asyncpg.Connection, tmp_path: Path, now: datetime
) -> None:
    copying = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pg_dump'"
    )
    holder = await asyncpg.connect(location.url.render_as_string(hide_password=False))
    async with holder.transaction():
        # Whoever copies the table waits until this is over.
        await holder.execute("LOCK TABLE request IN ACCESS EXCLUSIVE MODE")
        process = await _begun(location, tmp_path, tools_path())
        await until(lambda: server.fetchval(f"{copying} AND wait_event_type = 'Lock'"))
        await _killed(process)
        assert _left(location) != []
    await holder.close()
    await _is_good_again(location, tmp_path, now)


@on_postgres
async def test_killed_while_the_copy_is_brought_back_for_a_check(
    location: Location, server: asyncpg.Connection, tmp_path: Path, now: datetime
) -> None:
    real = shutil.which("pg_restore")
    held = tmp_path / "held" / "pg_restore"
    held.parent.mkdir()
    held.write_text(HELD.format(real=real, folder=held.parent, end=END))
    held.chmod(0o700)
    os.mkfifo(held.parent / "go")
    mine = f"{location.url.database}_check_%"
    at_work = "SELECT 1 FROM pg_stat_activity WHERE datname LIKE $1 AND application_name = 'pg_restore'"

    process = await _begun(location, tmp_path, f"{held.parent}:{tools_path()}")
    await until(lambda: server.fetchval(f"{at_work} AND wait_event = 'ClientRead'", mine))
    await _killed(process)
    # The tool has outlived it, and holds its database.
    assert await server.fetchval(at_work, mine)
    assert [name for name in await databases(location) if "_check_" in name] != []
    # No more of the copy comes, and it ends.
    os.close(os.open(held.parent / "go", os.O_WRONLY | os.O_NONBLOCK))

    async def ended() -> bool:
        return not await server.fetchval(at_work, mine)

    await until(ended)
    await _is_good_again(location, tmp_path, now)
    assert [name for name in await databases(location) if "_check_" in name] == []
