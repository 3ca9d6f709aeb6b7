"""The driver's own look into the bot's database: what has been dealt with, and what is under way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection, select

from sandbox import Sandbox
from storage.engine import Engine
from storage.schema import earning, inbox, outbox
from tests.crash.process import Life

LOOK_SECONDS = 0.02


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
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once."""

        def unit(connection: Connection) -> tuple[dict[str, set[int]], frozenset[int], int]:
            states: dict[str, set[int]] = {"waiting": set(), "done": set(), "quarantined": set()}
            for update_id, state in connection.execute(select(inbox.c.update_id, inbox.c.state)):
                states[state].add(update_id)
            leaving = select(outbox.c.chat_id).where(outbox.c.state.in_(["waiting", "leased"]))
            unposted = select(earning.c.id).where(earning.c.posted_at.is_(None))
            return (
                states,
                frozenset(connection.execute(leaving).scalars()),
                len(connection.execute(unposted).all()),
            )

        states, self.chats, self._unposted = await self._engine.read(unit)
        # What was set aside is dealt with too; that it was is for the judge to say.
        self._done = frozenset(states["done"] | states["quarantined"])
        self._open = len(states["waiting"])
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
