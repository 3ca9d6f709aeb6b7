"""What the program counts and times, as Prometheus text.

Knows the names, labels and buckets. Counting is done by those who do the work, through the methods here; the depths
of the queues are read from the database by a snapshot function at scrape time, so nothing keeps them up to date in
between. Each `Metrics` has a registry of its own: two programs in one process (tests) do not meet.
"""

import asyncio
import math
import platform
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SEND_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_DATABASE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, and for how many seconds the oldest has (0 when none waits)."""

    depth: float
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The queues at one moment; `outbox` by lane."""

    inbox: Queue
    outbox: Mapping[str, Queue] = field(default_factory=dict)


_UNKNOWN = Queue(depth=math.nan, oldest_seconds=math.nan)

TakeSnapshot = Callable[[], Awaitable[Snapshot]]


class Metrics:
    """Counters and timings of one program.

    `keep_seconds` is how long a snapshot serves further scrapes, so that scraping cannot load the database.
    """

    def __init__(
        self, *, version: str, keep_seconds: float = 5.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.registry = CollectorRegistry()
        self._keep_seconds = keep_seconds
        self._monotonic = monotonic
        self._taken_at: float | None = None
        self._scraping = asyncio.Lock()

        registry = self.registry
        ProcessCollector(registry=registry)
        Info("linli_build", "Which build is running", registry=registry).info(
            {"version": version, "python": platform.python_version()}
        )
        self._inbox_depth = Gauge("linli_inbox_depth", "Updates not finished", registry=registry)
        self._inbox_oldest = Gauge(
            "linli_inbox_oldest_seconds", "Age of the oldest update not finished", registry=registry
        )
        self._outbox_depth = Gauge("linli_outbox_depth", "Messages not sent", ["lane"], registry=registry)
        self._outbox_oldest = Gauge(
            "linli_outbox_oldest_seconds", "Age of the oldest message not sent", ["lane"], registry=registry
        )
        self._snapshot_failures = Counter(
            "linli_snapshot_failures", "Scrapes that could not read the queues", registry=registry
        )
        self._updates = Counter("linli_updates", "Updates finished", ["outcome"], registry=registry)
        self._actions = Counter("linli_actions", "Actions decided", ["action", "outcome"], registry=registry)
        self._sends = Histogram(
            "linli_send_seconds", "Calls to Telegram", ["lane"], buckets=_SEND_BUCKETS, registry=registry
        )
        self._limited = Counter("linli_telegram_429", "Calls Telegram refused as too many", registry=registry)
        self._database = Histogram(
            "linli_database_seconds",
            "Units of work, waiting included",
            ["kind"],
            buckets=_DATABASE_BUCKETS,
            registry=registry,
        )

    def update_finished(self, outcome: str) -> None:
        """One update is out of the inbox: "done", "refused", "quarantined"…"""
        self._updates.labels(outcome).inc()

    def action_decided(self, action: str, *, outcome: str) -> None:
        """One action was decided: its class's name, and "done", "refused", "repeat" or "failed"."""
        self._actions.labels(action, outcome).inc()

    def sent(self, seconds: float, *, lane: str) -> None:
        """One call to Telegram took this long, whatever came of it."""
        self._sends.labels(lane).observe(seconds)

    def limited(self) -> None:
        """Telegram answered 429."""
        self._limited.inc()

    def database_took(self, seconds: float, *, kind: Literal["read", "write"]) -> None:
        """One unit of work took this long from being asked for to its answer."""
        self._database.labels(kind).observe(seconds)

    async def render(self, snapshot: TakeSnapshot) -> bytes:
        """Prometheus text (`CONTENT_TYPE`). When `snapshot` fails, the inbox is NaN, the lanes are absent, the rest is told."""
        async with self._scraping:
            now = self._monotonic()
            if self._taken_at is None or now - self._taken_at >= self._keep_seconds:
                await self._take(snapshot)
                self._taken_at = now
        return generate_latest(self.registry)

    async def _take(self, snapshot: TakeSnapshot) -> None:
        try:
            taken = await snapshot()
        except Exception:  # whatever it is: a scrape must still tell what the process knows
            _log.warning("the queues could not be read for a scrape", exc_info=True)
            self._snapshot_failures.inc()
            taken = Snapshot(inbox=_UNKNOWN)
        self._inbox_depth.set(taken.inbox.depth)
        self._inbox_oldest.set(taken.inbox.oldest_seconds)
        # A lane that is gone must not keep its last depth.
        self._outbox_depth.clear()
        self._outbox_oldest.clear()
        for lane, queue in taken.outbox.items():
            self._outbox_depth.labels(lane).set(queue.depth)
            self._outbox_oldest.labels(lane).set(queue.oldest_seconds)
