"""When a message may leave: Telegram's limits for the whole token, and who goes first.

Knows numbers, chats and lanes. It sends nothing, sleeps nowhere and reads no clock of its own: delivery asks
before each send or edit (`answerCallbackQuery` and the like do not count) and, told to wait, asks again.

Two kinds of bookkeeping are needed. A token bucket alone allows its burst on top of a second's refill, so it
cannot promise "never more than 30 in any second"; a list of the last 30 departures can. Such a list alone lets
29 broadcasts leave in one instant each second; a bucket spaces them. aiolimiter has the bucket only, waits inside
`acquire`, and knows neither lanes nor how long is still to wait, so it does not serve here.

Bulk takes what nobody else does, but for the last place of each second: that is for the next person, who need not
wait at all. A person waiting goes first: whoever is told to wait for the whole token keeps the lanes behind from
taking the place that falls free next, until they have it.

Between being let go and leaving, a message is committed and rendered, which takes a varying time and may press
many into one second again. So there is a second door, at the wire (`Gate`), where hardly anybody ever waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domain.lanes import Lane

# Sums of floats miss their mark by less than this; Telegram's clock is coarser by far.
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Telegram's limits as it tolerates them (30/s, 1/s in a chat after a short burst, 20/min in a group).

    `bulk_per_second`: bulk leaves only while, with it, no more than so many have left in the last second, whoever
    they were for; `bulk_burst` of it at once. The guards lengthen what is counted, for two departures a second apart
    may arrive closer: `guard_seconds` the second of the whole token, `bulk_guard_seconds` the one over which bulk is
    spread (so that it can catch up when it came late), `chat_guard_seconds` those of a chat and a group's minute,
    `wire_guard_seconds` the second at the wire. `grace_seconds` is how long a place is kept for a
    waiting lane after the moment it was told. `enabled=False` counts nothing; what Telegram itself has frozen stays
    frozen.
    """

    enabled: bool = True
    overall_per_second: int = 30
    bulk_per_second: int = 29
    bulk_burst: int = 3
    chat_per_second: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20
    guard_seconds: float = 0.002
    bulk_guard_seconds: float = 0.01
    chat_guard_seconds: float = 0.05
    wire_guard_seconds: float = 0.04
    grace_seconds: float = 0.1


class Limiter:
    """One for each token. `now` is a monotonic clock in seconds; not for use from several threads."""

    def __init__(self, limits: Limits, *, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._all = _Window(limits.overall_per_second, seconds=1.0 + limits.guard_seconds)
        bulk = min(limits.bulk_per_second, limits.overall_per_second)
        self._bulk_most = bulk
        self._bulk_pace = _Bucket((1.0 + limits.bulk_guard_seconds) / bulk, burst=limits.bulk_burst)
        self._chats: dict[int, _Chat] = {}
        self._frozen: dict[int, float] = {}
        self._frozen_all = float("-inf")
        self._kept: dict[Lane, dict[int, float]] = {lane: {} for lane in Lane}
        self._sweep_at = _SWEEP_FLOOR

    def __len__(self) -> int:
        """How many chats it remembers: those that were written to lately or are frozen."""
        return len(self._chats.keys() | self._frozen.keys())

    def try_acquire(self, chat_id: int, *, lane: Lane, is_group: bool) -> float:
        """0.0 if a message may leave now, and it is counted; else the seconds after which to ask again.

        A refusal counts nothing. In the lanes before the last it keeps the next free place of the whole token
        from the lanes behind, until `grace_seconds` after the moment told.
        """
        now = self._now()
        frozen = self._frozen_for(chat_id, now=now)
        if frozen > 0 or not self._limits.enabled:
            return frozen
        chat = self._chats.get(chat_id)
        if chat is None:
            chat = _Chat.new(self._limits, is_group=is_group)
        if wait := chat.wait(now):
            return wait
        if wait := self._token_wait(chat_id, lane, now=now):
            return wait
        self._kept[lane].pop(chat_id, None)
        self._all.take(now)
        self._bulk_pace.take(now)
        chat.take(now)
        self._chats[chat_id] = chat
        if len(self._chats) >= self._sweep_at:
            self._forget_idle(now)
        return 0.0

    def frozen(self, chat_id: int, seconds: float) -> None:
        """Telegram answered 429 for this chat and wants `seconds` of silence there.

        While a second chat is frozen too, it is the token that is limited: then nothing leaves until only one
        of them is left frozen. So one group shut out for an hour does not silence everyone for an hour.
        """
        now = self._now()
        self._frozen = {chat: until for chat, until in self._frozen.items() if until > now}
        self._frozen[chat_id] = max(now + seconds, self._frozen.get(chat_id, now))
        if len(self._frozen) > 1:
            self._frozen_all = max(self._frozen_all, sorted(self._frozen.values())[-2])

    def _frozen_for(self, chat_id: int, *, now: float) -> float:
        until = max(self._frozen_all, self._frozen.get(chat_id, now))
        return max(until - now, 0.0)

    def _token_wait(self, chat_id: int, lane: Lane, *, now: float) -> float:
        """Seconds until the whole token has a place for this lane; keeps it from the lanes behind."""
        ahead = (until for other in Lane if other < lane for until in self._kept[other].values())
        own = self._all.wait(now)
        if lane.is_bulk:
            own = max(own, self._all.wait(now, most=self._bulk_most), self._bulk_pace.wait(now))
        wait = max(max(ahead, default=now) - now, own, 0.0)
        if wait:
            kept = self._kept[lane]
            kept[chat_id] = now + wait + self._limits.grace_seconds
            if len(kept) > _MOST_KEPT:
                self._kept[lane] = {chat: until for chat, until in kept.items() if until > now}
        return wait

    def _forget_idle(self, now: float) -> None:
        """Drop the chats that would be answered like new ones; at most a minute's sends are left."""
        self._chats = {chat_id: chat for chat_id, chat in self._chats.items() if not chat.is_idle(now)}
        self._sweep_at = max(_SWEEP_FLOOR, 2 * len(self._chats))


class Gate:
    """The wire's own count of what leaves. One for each token, not for use from several threads.

    Whoever sits waiting goes first here too: bulk lets the places be for which they wait.
    """

    def __init__(
        self, limits: Limits, *, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._enabled = limits.enabled
        self._most = limits.overall_per_second
        self._all = _Window(limits.overall_per_second, seconds=1.0 + limits.wire_guard_seconds)
        self._now = now
        self._sleep = sleep
        self._awaited = 0

    async def passed(self, count: int = 1, *, bulk: bool = False) -> None:
        """Wait until so many more may leave together; they are counted."""
        if not bulk:
            self._awaited += count
        try:
            while self._enabled and (wait := self._wait(count, bulk=bulk)) > 0:
                await self._sleep(wait)
        finally:
            if not bulk:
                self._awaited -= count
        for _ in range(count):
            self._all.take(self._now())

    def _wait(self, count: int, *, bulk: bool) -> float:
        taken = count + (self._awaited if bulk else 0)
        return self._all.wait(self._now(), most=max(self._most - taken + 1, 1))


_SWEEP_FLOOR = 512
_MOST_KEPT = 64
"""Places kept of one lane before those are forgotten that nobody came for."""


class _Window:
    """At most `count` in any half-open stretch of `seconds`."""

    __slots__ = ("_departures", "_seconds")

    def __init__(self, count: int, *, seconds: float) -> None:
        self._departures: deque[float] = deque(maxlen=count)
        self._seconds = seconds

    def wait(self, now: float, *, most: int = 0) -> float:
        """Seconds until one more may leave; with `most`, until it is no more than so many."""
        most = most or self._departures.maxlen or 0
        if len(self._departures) < most:
            return 0.0
        left = self._departures[-most] + self._seconds - now
        return left if left > _TOLERANCE else 0.0

    def take(self, now: float) -> None:
        self._departures.append(now)

    def is_idle(self, now: float) -> bool:
        return not self._departures or self._departures[-1] + self._seconds <= now


class _Bucket:
    """`burst` at once, then one each `step` seconds; holds one number, the moment it will be full again."""

    __slots__ = ("_ahead", "_full_at", "_step")

    def __init__(self, step: float, *, burst: int) -> None:
        self._step = step
        self._ahead = self._step * (burst - 1)
        self._full_at = float("-inf")

    def wait(self, now: float) -> float:
        left = self._full_at - self._ahead - now
        return left if left > _TOLERANCE else 0.0

    def take(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + self._step

    def is_idle(self, now: float) -> bool:
        return self._full_at <= now


@dataclass(slots=True)
class _Chat:
    pace: _Bucket
    minute: _Window | None = None

    @classmethod
    def new(cls, limits: Limits, *, is_group: bool) -> _Chat:
        step = 1.0 / limits.chat_per_second + limits.chat_guard_seconds
        pace = _Bucket(step, burst=limits.chat_burst)
        if not is_group:
            return cls(pace)
        return cls(pace, _Window(limits.group_per_minute, seconds=60.0 + limits.chat_guard_seconds))

    def wait(self, now: float) -> float:
        wait = self.pace.wait(now)
        return wait if self.minute is None else max(wait, self.minute.wait(now))

    def take(self, now: float) -> None:
        self.pace.take(now)
        if self.minute is not None:
            self.minute.take(now)

    def is_idle(self, now: float) -> bool:
        return self.pace.is_idle(now) and (self.minute is None or self.minute.is_idle(now))
