"""Notices on their way: planned ones begin at their time, recipients are written down, and walks hand them to delivery.

Looks what there is to do each time anew, so that a restart goes on where the last run stood. Woken when somebody
confirms or delivery has room; looking by the clock is only the net under it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from domain.base import Actor
from domain.notices.shapes import RemindNotice, StartNotice
from storage.engine import DatabaseAwayError
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
PROGRESS = timedelta(seconds=5)
"""How often a sender's card shows how far it has come."""


class Mailer:
    """Runs until cancelled. ``wake`` may be called at any time from the loop's own thread."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        bot_username: str = "",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._now = now
        self._bot = bot_username
        self._sleep = sleep
        self._woken = asyncio.Event()
        self._shown: dict[int, datetime] = {}
        self._resting = False

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do until something else has happened."""
        return self._resting and not self._woken.is_set()

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    async def run(self) -> None:
        """Carry notices out until cancelled."""
        while True:
            self._woken.clear()
            try:
                busy = await self.step()
            except DatabaseAwayError as error:
                log.warning("notices wait for the database", reason=str(error))
                busy = False
            if not busy:
                await self._rest()

    async def _rest(self) -> None:
        sleeper = asyncio.ensure_future(self._sleep(LOOK_SECONDS))
        waker = asyncio.ensure_future(self._woken.wait())
        self._resting = True
        try:
            await asyncio.wait((sleeper, waker), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._resting = False
            sleeper.cancel()
            waker.cancel()

    async def step(self) -> bool:
        """Do the next of everything there is to do. Returns whether there is more at once."""
        mailings, busy = self._store.mailings, False
        for notice_id in await mailings.due(now=self._now()):
            outcome = await self._store.perform(
                StartNotice(notice_id), Actor.system("notices"), now=self._now()
            )
            if isinstance(outcome, Refusal):
                log.warning("notice not begun", notice=notice_id, reason=outcome.key)
        for notice_id in await mailings.to_remind(now=self._now()):
            outcome = await self._store.perform(
                RemindNotice(notice_id), Actor.system("notices"), now=self._now()
            )
            if isinstance(outcome, Refusal):
                log.warning("notice not reminded of", notice=notice_id, reason=outcome.key)
        for notice_id in await mailings.freezing():
            found = await mailings.freeze(notice_id, now=self._now(), bot=self._bot)
            busy = busy or found.more
        walking = await mailings.walking()
        for walk in walking:
            moved = await mailings.walk(walk.id, now=self._now())
            busy = busy or moved.more
            await self._show(walk.notice_id)
        self._shown = {
            notice_id: at
            for notice_id, at in self._shown.items()
            if notice_id in {walk.notice_id for walk in walking}
        }
        return busy

    async def _show(self, notice_id: int) -> None:
        """The sender's card, not more often than somebody can follow."""
        now = self._now()
        shown = self._shown.setdefault(notice_id, now)
        if now - shown >= PROGRESS:
            self._shown[notice_id] = now
            await self._store.mailings.progress(notice_id, now=now)
