"""How much one person may ask of the bot: counted in memory, before anything costs. Source: docs/rules.md §11.

Each kind has its number in a span that moves along. Nothing of it survives a restart, which forgives everybody once.
What is done with whoever is too fast is ``gate.py``'s.

The library ``limits`` looks through every key it holds for each hit, in a thread of its own, and reads the machine's
clock; here a hit is a look at one queue, by the clock that comes in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil

from domain.limits import Counted, Rates

_SWEEP = 10_000
"""How many keys there may be before those that are over are looked for."""


OFF = Rates(enabled=False)


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


class Limits:
    """The counts of everybody. Used by one thread alone."""

    def __init__(self, rates: Rates = OFF, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._most = {
            counted: (most, span)
            for counted in Counted
            for most, span in (rates.most(counted),)
            if rates.enabled and most
        }
        self._hits: dict[tuple[Counted, int], deque[float]] = {}
        self._newest: dict[tuple[Counted, int], int] = {}
        self._told: dict[tuple[Counted, int], tuple[float, int]] = {}
        self._sweep_at = _SWEEP

    @property
    def any(self) -> bool:
        """Whether anything is counted at all."""
        return bool(self._most)

    def wait(self, counted: Counted, key: int) -> float:
        """Seconds until this one may do it again; 0.0 when they may now. Nothing is counted."""
        limit = self._most.get(counted)
        hits = self._hits.get((counted, key))
        if limit is None or hits is None:
            return 0.0
        most, span = limit
        now = self._now().timestamp()
        while hits and hits[0] <= now - span:
            hits.popleft()
        return 0.0 if len(hits) < most else hits[0] + span - now

    def count(self, counted: Counted, key: int) -> None:
        """They did it once more."""
        if counted not in self._most:
            return
        hits = self._hits.get((counted, key))
        if hits is None:
            if len(self._hits) >= self._sweep_at:
                self._sweep()
            hits = self._hits[counted, key] = deque()
        hits.append(self._now().timestamp())

    def take(self, counted: Counted, key: int, *, update_id: int = 0) -> float:
        """Count it if they may; seconds to wait if not, and then nothing is counted.

        An update that is tried again, because something of ours was away, counts once.
        """
        if update_id and self._newest.get((counted, key)) == update_id:
            return 0.0
        seconds = self.wait(counted, key)
        if not seconds:
            self.count(counted, key)
            self._newest[counted, key] = update_id
        return seconds

    def tells(self, counted: Counted, key: int, *, update_id: int) -> bool:
        """Whether to tell them now: once in a span, and again for an update that is tried again."""
        now = self._now().timestamp()
        until, told = self._told.get((counted, key), (0.0, 0))
        if now < until:
            return told == update_id
        self._told[counted, key] = (now + self._most[counted][1], update_id)
        return True

    def _sweep(self) -> None:
        """Forget who has not been here for a span."""
        now = self._now().timestamp()
        self._hits = {key: hits for key, hits in self._hits.items() if hits[-1] > now - self._most[key[0]][1]}
        self._newest = {key: number for key, number in self._newest.items() if key in self._hits}
        self._told = {key: told for key, told in self._told.items() if told[0] > now}
        self._sweep_at = max(_SWEEP, 2 * len(self._hits))


def minutes(seconds: float) -> int:
    """A wait as people are told it: whole minutes, at least one.

    >>> minutes(0.2), minutes(60.0), minutes(61.0)
    (1, 1, 2)
    """
    return max(1, ceil(seconds / 60))


def hours(seconds: float) -> int:
    """A long wait: whole hours, at least one."""
    return max(1, ceil(seconds / 3600))
