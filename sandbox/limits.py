"""Telegram's limits on how fast a bot may write. Pure: the clock comes in.

Counted are messages sent and edited, an album by its items. Not counted: questions (getX), answers to presses, settings,
deletions, chat actions.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Mode = Literal["bucket", "window"]

_COUNTED = ("send", "edit", "forward", "copy")
_FREE = frozenset({"sendChatAction", "editForumTopic", "editGeneralForumTopic", "editChatInviteLink"})


@dataclass(frozen=True, slots=True)
class Limits:
    """bucket: allowances refill steadily, so short bursts pass. window: never more in any such stretch of time,
    overall (any second) and in a group (any minute); a single chat keeps its bucket in both.

    `chat_burst` messages may go to a chat at once, then one each 1/`chat_per_second` seconds.
    """

    on: bool = True
    mode: Mode = "bucket"
    overall_per_second: int = 30
    chat_per_second: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20

    def switched(self, *, on: bool, mode: Mode | None = None) -> Limits:
        return replace(self, on=on, mode=mode or self.mode)


class _Bucket:
    def __init__(self, *, size: float, per_second: float, now: float) -> None:
        self._size, self._rate = size, per_second
        self._left, self._at = size, now

    def wait(self, *, count: int, now: float) -> float:
        """Seconds until `count` may go; 0 when now. More than fits goes when the bucket is full."""
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (min(count, self._size) - self._left) / self._rate)

    def take(self, *, count: int, now: float) -> None:
        self._left -= count


class _Window:
    def __init__(self, *, size: int, seconds: float) -> None:
        self._size, self._seconds = size, seconds
        self._times: deque[float] = deque()

    def wait(self, *, count: int, now: float) -> float:
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        over = len(self._times) + min(count, self._size) - self._size
        return self._times[over - 1] + self._seconds - now if over > 0 else 0.0

    def take(self, *, count: int, now: float) -> None:
        self._times.extend([now] * count)


class Limiter:
    """Counts what the bot writes and says when it must wait. `clock` gives seconds."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.set(limits)

    def set(self, limits: Limits) -> None:
        """Take other limits into force; what was counted is forgotten."""
        self.limits = limits
        self._overall = self._meter(limits.overall_per_second, 1.0)
        self._chats: dict[int, _Bucket] = {}
        self._groups: dict[int, _Bucket | _Window] = {}
        self._frozen: dict[int, tuple[float, int]] = {}

    def retry_after(self, method: str, *, chat_id: int | None, count: int = 1) -> int:
        """0 when the call may pass (it is counted then), else the whole seconds to wait.

        Whoever writes to a chat before that time is over waits from then on again.
        """
        if not self.limits.on or not method.startswith(_COUNTED) or method in _FREE:
            return 0
        now = self._clock()
        if chat_id is not None and chat_id in self._frozen:
            until, seconds = self._frozen.pop(chat_id)
            if now < until:
                self._frozen[chat_id] = (now + seconds, seconds)
                return seconds
        meters = [self._overall, *self._meters_of(chat_id, now)]
        wait = max(meter.wait(count=count, now=now) for meter in meters)
        if wait > 1e-9:
            seconds = math.ceil(wait)
            if chat_id is not None:
                self._frozen[chat_id] = (now + seconds, seconds)
            return seconds
        for meter in meters:
            meter.take(count=count, now=now)
        return 0

    def _meters_of(self, chat_id: int | None, now: float) -> list[_Bucket | _Window]:
        if chat_id is None:
            return []
        limits = self.limits
        chat = self._chats.get(chat_id)
        if chat is None:
            chat = self._chats[chat_id] = _Bucket(
                size=limits.chat_burst, per_second=limits.chat_per_second, now=now
            )
        if chat_id > 0:
            return [chat]
        group = self._groups.get(chat_id)
        if group is None:
            group = self._groups[chat_id] = self._meter(limits.group_per_minute, 60.0)
        return [chat, group]

    def _meter(self, size: int, seconds: float) -> _Bucket | _Window:
        if self.limits.mode == "window":
            return _Window(size=size, seconds=seconds)
        return _Bucket(size=size, per_second=size / seconds, now=self._clock())
