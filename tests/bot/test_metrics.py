"""Metrics: what a scrape tells, and what it costs."""

import asyncio
import math

from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import Metrics, Queue, Snapshot


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Queues:
    """A snapshot function that counts how often it was asked."""

    def __init__(self, *snapshots: Snapshot | Exception) -> None:
        self.snapshots = list(snapshots)
        self.asked = 0

    async def __call__(self) -> Snapshot:
        self.asked += 1
        taken = self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]
        await asyncio.sleep(0)
        if isinstance(taken, Exception):
            raise taken
        return taken


EMPTY = Snapshot(inbox=Queue(depth=0, oldest_seconds=0.0))


async def samples(metrics: Metrics, queues: Queues) -> dict[tuple[str, ...], float]:
    text = (await metrics.render(queues)).decode()
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_queues_are_read_when_scraped() -> None:
    queues = Queues(
        Snapshot(
            inbox=Queue(depth=3, oldest_seconds=1.5), outbox={"bulk": Queue(depth=1500, oldest_seconds=60.0)}
        )
    )
    told = await samples(Metrics(version="1"), queues)
    assert told["linli_inbox_depth",] == 3
    assert told["linli_inbox_oldest_seconds",] == 1.5
    assert told["linli_outbox_depth", "lane=bulk"] == 1500
    assert told["linli_outbox_oldest_seconds", "lane=bulk"] == 60.0


async def test_what_was_counted_is_told_by_its_labels() -> None:
    metrics = Metrics(version="0.1.0")
    metrics.update_finished("done")
    metrics.action_decided("ClaimTask", outcome="refused")
    metrics.action_decided("ClaimTask", outcome="refused")
    metrics.sent(0.2, lane="waiting")
    metrics.limited()
    metrics.database_took(0.003, kind="write")
    told = await samples(metrics, Queues(EMPTY))
    assert told["linli_updates_total", "outcome=done"] == 1
    assert told["linli_actions_total", "action=ClaimTask", "outcome=refused"] == 2
    assert told["linli_send_seconds_count", "lane=waiting"] == 1
    assert told["linli_send_seconds_bucket", "lane=waiting", "le=0.25"] == 1
    assert told["linli_send_seconds_bucket", "lane=waiting", "le=0.1"] == 0
    assert told["linli_telegram_429_total",] == 1
    assert told["linli_database_seconds_sum", "kind=write"] == 0.003
    assert [key for key in told if key[0] == "linli_build_info" and "version=0.1.0" in key]


async def test_a_snapshot_serves_the_scrapes_of_a_few_seconds() -> None:
    clock, queues = Clock(), Queues(EMPTY)
    metrics = Metrics(version="1", keep_seconds=5, monotonic=clock)
    await asyncio.gather(*(metrics.render(queues) for _ in range(10)))
    assert queues.asked == 1
    clock.now += 4.9
    await metrics.render(queues)
    assert queues.asked == 1
    clock.now += 0.1
    await metrics.render(queues)
    assert queues.asked == 2


async def test_a_lane_that_emptied_does_not_keep_its_last_depth() -> None:
    queues = Queues(Snapshot(inbox=EMPTY.inbox, outbox={"bulk": Queue(depth=9, oldest_seconds=1.0)}), EMPTY)
    metrics = Metrics(version="1", keep_seconds=0)
    assert ("linli_outbox_depth", "lane=bulk") in await samples(metrics, queues)
    assert ("linli_outbox_depth", "lane=bulk") not in await samples(metrics, queues)


async def test_without_the_database_a_scrape_tells_the_rest() -> None:
    metrics = Metrics(version="1", keep_seconds=0)
    metrics.limited()
    told = await samples(metrics, Queues(OSError("database away")))
    assert math.isnan(told["linli_inbox_depth",])
    assert told["linli_snapshot_failures_total",] == 1
    assert told["linli_telegram_429_total",] == 1


async def test_two_programs_in_one_process_do_not_meet() -> None:
    first, second = Metrics(version="1"), Metrics(version="2")
    first.limited()
    assert (await samples(second, Queues(EMPTY)))["linli_telegram_429_total",] == 0
