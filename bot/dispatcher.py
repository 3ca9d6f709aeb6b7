"""Works the inbox off: one person's updates one after the other, different people side by side.

An update whose handling fails is tried again after 1, 5 and 30 seconds and then set aside, without stopping anyone
else. A database or a Telegram that is away is nobody's fault: then the update simply waits.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from telegram import Bot, Update
from telegram.error import TelegramError

from domain.lanes import Lane
from handlers.updates import parsed
from jobs.classify import Drop, classify
from jobs.telegram import is_id
from storage.engine import DatabaseAwayError
from storage.inbox import Waiting
from storage.outbox import Reply
from storage.unit import Store

log = structlog.get_logger(__name__)

RETRY_SECONDS = (1.0, 5.0, 30.0)
PAGE = 200
MOST_IN_MEMORY = 1000
AWAY_SECONDS = 1.0
LONGEST_AWAY_SECONDS = 15.0

Process = Callable[[Update], Awaitable[None]]
"""Handles one update to its end. Whatever it raises, the update is not done."""


class Dispatcher:
    """Runs until cancelled; ``wake`` after each intake, ``rescan`` when older rows wait again."""

    def __init__(
        self,
        store: Store,
        process: Process,
        *,
        bot: Bot,
        now: Callable[[], datetime],
        at_once: int = 32,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        finished: Callable[[str], None] = lambda outcome: None,
    ) -> None:
        self._store = store
        self._process = process
        self._bot = bot
        self._now = now
        self._sleep = sleep
        self._finished = finished
        self._slots = asyncio.Semaphore(at_once)
        self._woken = asyncio.Event()
        self._cursor = 0
        self._known: set[int] = set()
        self._queues: dict[int, deque[Waiting]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Whether nothing is in memory to be worked on."""
        return not self._known

    def wake(self) -> None:
        """There may be new rows."""
        self._woken.set()

    def rescan(self) -> None:
        """Look at the whole inbox again: rows that had been set aside wait again."""
        self._cursor = 0
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled. What is in hand goes on until ``drain``."""
        self._woken.set()
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                while await self._fill():
                    pass
            except DatabaseAwayError as error:
                log.warning("dispatch waits for the database", reason=str(error))
                await self._sleep(AWAY_SECONDS)
                self._woken.set()

    async def drain(self) -> None:
        """Let each person's present update end, begin no further ones, and return when all have ended."""
        self._stopping.set()
        while self._workers:
            await asyncio.wait(self._workers)

    async def _fill(self) -> bool:
        """Take the next page into memory. False when there is nothing further now."""
        if self._stopping.is_set() or len(self._known) >= MOST_IN_MEMORY:
            return False
        rows = await self._store.waiting(after=self._cursor, most=PAGE)
        for row in rows:
            self._cursor = max(self._cursor, row.row)
            if row.update_id in self._known:
                continue
            self._known.add(row.update_id)
            queue = self._queues.get(row.sender)
            if queue is None:
                self._queues[row.sender] = queue = deque()
                worker = asyncio.create_task(self._work(row.sender, queue))
                self._workers.add(worker)
                worker.add_done_callback(self._workers.discard)
            queue.append(row)
        return len(rows) == PAGE

    async def _work(self, sender: int, queue: deque[Waiting]) -> None:
        while queue and not self._stopping.is_set():
            row = queue[0]
            with structlog.contextvars.bound_contextvars(update_id=row.update_id):
                await self._until_done(row)
            queue.popleft()
            self._known.discard(row.update_id)
            if len(self._known) == MOST_IN_MEMORY - 1:
                # There is room again for what was left in the table.
                self._woken.set()
        del self._queues[sender]

    async def _until_done(self, row: Waiting) -> None:
        attempts = row.attempts
        away = AWAY_SECONDS
        while True:
            try:
                async with self._slots:
                    await self._once(row)
            except DatabaseAwayError as error:
                log.warning("update waits for the database", reason=str(error))
            except TelegramError as error:
                if isinstance(classify(error), Drop):
                    if await self._gave_up(row, error, attempts):
                        return
                    attempts += 1
                    continue
                log.warning("update waits for Telegram", reason=type(error).__name__)
            except Exception as error:
                if await self._gave_up(row, error, attempts):
                    return
                attempts += 1
                continue
            else:
                self._finished("done")
                return
            if self._stopping.is_set():
                return
            await self._pause(away)
            away = min(away * 2, LONGEST_AWAY_SECONDS)

    async def _once(self, row: Waiting) -> None:
        await self._process(parsed(json.loads(row.payload), self._bot))

    async def _gave_up(self, row: Waiting, error: Exception, attempts: int) -> bool:
        """Count the failure and wait; True when the update was set aside, or must wait for the next start."""
        quarantine = attempts >= len(RETRY_SECONDS)
        log.error("update failed", attempt=attempts + 1, quarantined=quarantine, exc_info=error)
        # What an error says may be made of what broke it: no database takes half characters or zero bytes.
        said = f"{type(error).__name__}: {error}".encode(errors="replace").decode().replace("\0", "")
        try:
            await self._store.failed(
                row.update_id,
                reason=said[:500],
                quarantine=quarantine,
                now=self._now(),
                replies=self._noted(row) if quarantine else (),
            )
        except DatabaseAwayError:
            await self._pause(AWAY_SECONDS)
            return self._stopping.is_set()
        if quarantine:
            self._finished("quarantined")
            return True
        if self._stopping.is_set():
            return True
        await self._pause(RETRY_SECONDS[attempts])
        return self._stopping.is_set()

    async def _pause(self, seconds: float) -> None:
        """Sleep before the next try, but no longer than the program runs."""
        waits = {asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._stopping.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    @staticmethod
    def _noted(row: Waiting) -> tuple[Reply, ...]:
        """The person is told that it was noted, with a number they can give. Only in private: a user's id is a chat's."""
        update: dict[str, Any] = json.loads(row.payload)
        body = _table(update, "message") or _table(update, "callback_query")
        chat = _table(body, "chat") or _table(_table(body, "message"), "chat")
        if chat.get("type") != "private" or not is_id(chat.get("id")):
            return ()
        params = {"key": "error.noted", "number": str(row.update_id)}
        return (Reply("said", chat["id"], params=params, lane=Lane.PERSON),)


def _table(of: dict[str, Any], name: str) -> dict[str, Any]:
    """A table within raw JSON; an empty one where something else stands, or nothing."""
    found = of.get(name)
    return found if isinstance(found, dict) else {}
