"""SQLite's one writer held in its place, so that a test says which units meet in one batch."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import Connection

from storage.engine import Engine
from storage.sqlite import SqliteEngine

PATIENCE = 10


@asynccontextmanager
async def held_writer(engine: Engine) -> AsyncIterator[Callable[[], int]]:
    """Inside, nothing is written; what was handed in meanwhile is one batch afterwards. On PostgreSQL it does nothing.

    Gives a function that tells how many units wait.
    """
    if not isinstance(engine, SqliteEngine):
        yield lambda: 0
        return
    entered, leave = threading.Event(), threading.Event()

    def stay(connection: Connection) -> None:
        entered.set()
        leave.wait(PATIENCE)

    held = asyncio.ensure_future(engine.write(stay))
    await asyncio.to_thread(entered.wait, PATIENCE)
    try:
        yield engine._writes.qsize
    finally:
        leave.set()
        await asyncio.gather(held, return_exceptions=True)
