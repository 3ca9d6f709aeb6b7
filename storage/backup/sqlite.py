"""Copying a SQLite database while others write it, and putting one in another's place."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from time import sleep

import aiosqlite

from storage.backup.archive import BackupError, own_file, settle_folder

PAGES = 256
"""Copied in one step, 1 MiB: between two steps the disk and the interpreter are everybody's."""
BREATH = 0.002
"""Seconds of rest after each step."""
BESIDE = ("", "-wal", "-shm")


async def copy(source: Path, target: Path, *, tell: Callable[[int, int], None]) -> None:
    """Copy ``source`` as it is at this moment into a new file. ``tell`` hears pages done and pages in all.

    A connection of its own reads one snapshot from the first page to the last: the writer goes on beside it, and what it
    commits meanwhile neither gets into the copy nor makes it begin anew. Raises BackupError.
    """
    own_file(target).close()

    ended = threading.Event()

    def step(status: int, remaining: int, total: int) -> None:
        if ended.is_set():
            raise BackupError("the program ends before the copy is whole")
        tell(total - remaining, total)
        sleep(BREATH)

    try:
        async with (
            aiosqlite.connect(source, isolation_level=None, timeout=30) as reading,
            aiosqlite.connect(target, isolation_level=None) as writing,
        ):
            # The bot's writer alone checkpoints.
            for pragma in ("wal_autocheckpoint=0", "query_only=ON"):
                await reading.execute_fetchall(f"PRAGMA {pragma}")
            await writing.execute_fetchall("PRAGMA synchronous=OFF")
            await reading.execute("BEGIN")
            # A snapshot begins with the first read.
            await reading.execute_fetchall("SELECT count(*) FROM sqlite_master")
            try:
                await reading.backup(writing, pages=PAGES, progress=step)
            except asyncio.CancelledError:
                # The thread that copies knows nothing of tasks, and whoever ends the program would wait for it.
                ended.set()
                raise
            await reading.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise BackupError(
            f"{source} cannot be copied: {error}. Look at the disk and at linli check."
        ) from error


def settle(path: Path) -> None:
    """Bring what waits in the write-ahead log into the file. Nobody else may use it. Raises sqlite3.Error."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def swap(fresh: Path, place: Path, *, aside: Path) -> None:
    """Put ``fresh`` where ``place`` is, which is kept as ``aside``. The writer's lock is held. Raises OSError.

    What the old one has in its log is brought into it first where it still can be read; where not, log and file go
    aside together. A log must never lie beside a file that it does not belong to.
    """
    if place.exists():
        with suppress(sqlite3.Error):
            settle(place)
    for ending in BESIDE:
        part = place.with_name(place.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    # Flushed before it gets its name, and the name after it.
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.rename(place)
    settle_folder(place.parent)
