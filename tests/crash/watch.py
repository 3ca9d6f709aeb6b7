"""The driver's own look into the bot's database: what has been dealt with, and what is under way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from time import monotonic

from sqlalchemy import Connection, literal, select, union_all

from sandbox import Sandbox
from storage.engine import Engine
from storage.schema import earning, inbox, outbox
from tests.crash.process import Life

LOOK_SECONDS = 0.02

# What was set aside is dealt with too; that it was is for the judge to say. One statement, for it is made all the time.
_ALL = union_all(
    select(literal("done"), inbox.c.update_id).where(inbox.c.state != "waiting"),
    select(literal("open"), inbox.c.update_id).where(inbox.c.state == "waiting"),
    select(literal("leaving"), outbox.c.chat_id).where(outbox.c.state.in_(["waiting", "leased"])),
    select(literal("unposted"), earning.c.id).where(earning.c.posted_at.is_(None)),
)


class Watch:
    """Looks again and again while it runs. Only ever reads, so it is no second writer."""

    def __init__(self, engine: Engine, sandbox: Sandbox) -> None:
        self._engine = engine
        self._sandbox = sandbox
        self._looked = asyncio.Condition()
        self._done: frozenset[int] = frozenset()
        self._open = 0
        self._unposted = 0
        self.chats: frozenset[int] = frozenset()
        """Chats to which something waits to be sent, or is being sent."""

        self.life: Life | None = None
        """The present bot. While it is not up, nothing is quiet."""

    def has_done(self, updates: Iterable[int]) -> bool:
        """Whether all of these have been dealt with."""
        return self._done.issuperset(updates)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits anywhere and the bot is there to do it if it did."""
        is_up = self.life is not None and self.life.ready.is_set() and not self.life.ended.is_set()
        return is_up and not (self._sandbox.pending_updates or self._open or self.chats)

    @property
    def is_settled(self) -> bool:
        """Quiet, and every earning has been posted."""
        return self.is_quiet and not self._unposted

    async def run(self) -> None:
        """Look until cancelled; on a busy machine less often, so that looking does not hold up what is looked at."""
        while True:
            began = monotonic()
            await self.look()
            await asyncio.sleep(max(LOOK_SECONDS, 2 * (monotonic() - began)))

    async def look(self) -> None:
        """Look once."""

        def unit(connection: Connection) -> dict[str, list[int]]:
            found: dict[str, list[int]] = {"done": [], "open": [], "leaving": [], "unposted": []}
            for what, number in connection.execute(_ALL):
                found[what].append(number)
            return found

        found = await self._engine.read(unit)
        self._done = frozenset(found["done"])
        self._open = len(found["open"])
        self.chats = frozenset(found["leaving"])
        self._unposted = len(found["unposted"])
        async with self._looked:
            self._looked.notify_all()

    async def next_look(self) -> None:
        """Wait for the next look to be over."""
        async with self._looked:
            await self._looked.wait()

    async def leased(self) -> Counter[int]:
        """How many messages are in flight to each chat, as the database says."""

        def unit(connection: Connection) -> Counter[int]:
            return Counter(
                connection.execute(select(outbox.c.chat_id).where(outbox.c.state == "leased")).scalars()
            )

        return await self._engine.read(unit)
