"""getUpdates: handing out what waits, confirming by offset, the long poll, and its quarrels with other pollers."""

from __future__ import annotations

import asyncio
from itertools import islice

from sandbox.errors import ApiError
from sandbox.faults import Faults
from sandbox.world import Json, World

_TOO_FAR = 10


class Polling:
    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self.turn = 0
        self._ended_by = ""
        self._bell = asyncio.Event()
        world.queue_listeners.append(lambda _update_id, _update: self._bell.set())

    def end(self, reason: str) -> None:
        """End the long poll that is open, if any: with a conflict naming `reason`, or with nothing when it is empty."""
        self.turn += 1
        self._ended_by = reason
        self._bell.set()

    def begin(self, params: Json) -> list[Json]:
        """Confirm by the offset and give what there is now. Raises ApiError 409 while a webhook is set."""
        if (self._world.settings.get("webhook") or {}).get("url"):
            raise _conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self.end("other getUpdates request; make sure that only one bot instance is running")
        if "allowed_updates" in params:
            self._world.tables.put("settings", "allowed_updates", params["allowed_updates"])
        self._world.expire()
        self._confirm(params.get("offset", 0))
        return self._batch(params)

    async def wait(self, params: Json, *, turn: int) -> list[Json]:
        """After an empty `begin` in this `turn`: the next updates, or none when the timeout is over.

        Raises ApiError 409 when another poller or a webhook takes over.
        """
        try:
            async with asyncio.timeout(min(params.get("timeout", 0), 50)):
                while turn == self.turn:
                    batch = self._batch(params)
                    if batch:
                        return batch
                    self._bell.clear()
                    await self._bell.wait()
        except TimeoutError:
            return []
        if self._ended_by:
            raise _conflict(f"terminated by {self._ended_by}")
        return []

    def _confirm(self, offset: int) -> None:
        updates = self._world.updates
        if offset < 0:
            for update_id in list(islice(updates, max(len(updates) + offset, 0))):
                self._world.forget_update(int(update_id))
            return
        newest = next(reversed(updates), None)
        # An offset far beyond the newest is of an older numbering (ids jumped since): it confirms nothing.
        if newest is None or offset > int(newest) + _TOO_FAR:
            return
        while updates:
            oldest = int(next(iter(updates)))
            if oldest >= offset:
                return
            self._world.forget_update(oldest)

    def _batch(self, params: Json) -> list[Json]:
        limit = min(max(params.get("limit", 100), 1), 100)
        waiting = list(islice(self._world.pending(), limit))
        return self._faults.batch(waiting) if waiting or self._faults.has_more else []


def _conflict(reason: str) -> ApiError:
    return ApiError(409, f"Conflict: {reason}")
