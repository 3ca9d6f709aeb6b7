"""A clock that stands still until a test moves it, and the only sleep that a program under test knows.

What sleeps wakes when the clock has been moved far enough, in the order of its time; nothing here waits for real.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday, 2 March 2026, ten in the morning in Shanghai."""


class Clock:
    """``now`` and ``sleep`` for the bot, ``seconds`` and ``sleep`` for the sandbox."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self._now = at
        self._sleepers: dict[asyncio.Future[None], datetime] = {}

    def now(self) -> datetime:
        """The present instant."""
        return self._now

    def seconds(self) -> float:
        """The same as seconds since the epoch."""
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Return when the clock has been moved on by so much."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers[alarm] = self._now + timedelta(seconds=seconds)
        try:
            await alarm
        finally:
            self._sleepers.pop(alarm, None)

    def move(self, span: timedelta) -> None:
        """Move on at once, and wake whoever is due."""
        self._now += span
        due = sorted((at, number) for number, at in enumerate(self._sleepers.values()) if at <= self._now)
        alarms = list(self._sleepers)
        for _, number in due:
            if not alarms[number].done():
                alarms[number].set_result(None)
