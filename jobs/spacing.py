"""The calls that one message takes, each when Telegram's limits let it go: a file and its words are two messages there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from jobs.telegram import Call, places


def spaced(call: Call, acquire: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> Call:
    """Calls for one message whose first place has been taken: an album leaves at once but counts by its files, and what
    comes after it waits until they and it have theirs. Refused half-way, all of it would be sent again.

    ``acquire`` takes a place: 0, or the seconds after which to ask again.
    """
    owed = -1

    async def when_there_is_room(method: str, params: Mapping[str, Any]) -> Any:
        nonlocal owed
        count = places(method, params)
        owed += min(count, 1)
        while owed > 0:
            wait = acquire()
            if wait > 0:
                await sleep(wait)
            else:
                owed -= 1
        owed += max(count - 1, 0)
        return await call(method, params)

    return when_there_is_room


class Resumed:
    """The calls of a message that was refused half-way: those that went through are not made again.

    Each of ``attempt``'s calls makes all of them, in the same order.
    """

    def __init__(self) -> None:
        self._results: list[Any] = []

    def attempt(self, call: Call) -> Call:
        """For one more go at it."""
        made = 0

        async def unless_made(method: str, params: Mapping[str, Any]) -> Any:
            nonlocal made
            if made == len(self._results):
                self._results.append(await call(method, params))
            made += 1
            return self._results[made - 1]

        return unless_made
