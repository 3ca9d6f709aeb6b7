"""What arrives is kept before it is worked on, once, in order, until it is done or set aside."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from storage.engine import Engine
from storage.inbox import Arrived
from storage.outbox import Reply
from storage.unit import Store
from tests.support.dump import count, dump


def arrived(*numbers: int) -> list[Arrived]:
    return [Arrived(number, 21, f'{{"update_id": {number}}}') for number in numbers]


async def test_updates_are_worked_on_in_the_order_they_were_kept(store: Store, now: datetime) -> None:
    await store.receive(arrived(900, 3, 512), now=now)
    waiting = await store.waiting(after=0, most=10)
    assert [item.update_id for item in waiting] == [900, 3, 512]
    assert waiting[0].payload == '{"update_id": 900}'
    rest = await store.waiting(after=waiting[0].row, most=1)
    assert [item.update_id for item in rest] == [3]


async def test_the_same_update_is_kept_once_whoever_brings_it(
    store: Store, engine: Engine, now: datetime
) -> None:
    await asyncio.gather(*(store.receive(arrived(1, 2, 3), now=now) for _ in range(6)))
    assert await count(engine, "inbox") == 3
    await store.finish(2, now=now)
    await store.receive(arrived(1, 2, 3, 4), now=now)
    assert [item.update_id for item in await store.waiting(after=0, most=10)] == [1, 3, 4]


async def test_receiving_nothing_is_no_trouble(store: Store, engine: Engine, now: datetime) -> None:
    before = await dump(engine)
    await store.receive([], now=now)
    assert await dump(engine) == before


async def test_recording_nothing_is_no_trouble(store: Store, engine: Engine, now: datetime) -> None:
    before = await dump(engine)
    await store.record_sent([], fence=1, now=now)
    await store.lease_rows([], lease="bot", fence=1, now=now, needs_facts=lambda kind: False)
    assert await store.decide_stuck([], resend=True, now=now) == 0
    assert await dump(engine) == before


async def test_a_failed_try_is_counted_and_the_last_sets_it_aside(store: Store, now: datetime) -> None:
    await store.receive(arrived(1, 2), now=now)
    for tries in (1, 2):
        await store.failed(1, reason="KeyError", quarantine=False, now=now)
        assert (await store.waiting(after=0, most=10))[0].attempts == tries
    await store.failed(1, reason="KeyError", quarantine=True, now=now, replies=(Reply("refused", 21),))
    assert [item.update_id for item in await store.waiting(after=0, most=10)] == [2]
    (aside,) = (await store.stuck())[0]
    assert (aside["update_id"], aside["attempts"], aside["error"]) == (1, 3, "KeyError")
    assert [row.chat_id for row in await store.candidates(now=now)] == [21]


async def test_what_was_set_aside_has_no_effect_until_it_is_released(store: Store, now: datetime) -> None:
    await store.receive(arrived(1), now=now)
    await store.failed(1, reason="bug", quarantine=True, now=now)
    assert await store.finish(1, now=now) is False
    assert await store.retry_updates([1, 99]) == 1
    assert [item.attempts for item in await store.waiting(after=0, most=10)] == [0]
    assert await store.finish(1, now=now) is True


async def test_a_finished_update_cannot_be_set_aside_or_released(
    store: Store, engine: Engine, now: datetime
) -> None:
    await store.receive(arrived(1), now=now)
    await store.finish(1, now=now)
    before = await dump(engine)
    await store.failed(1, reason="late", quarantine=True, now=now)
    assert await store.retry_updates([1]) == 0
    assert await dump(engine) == before


@pytest.mark.parametrize("number", [2**31, 2**53, 2**62])
async def test_telegrams_numbers_may_be_large(number: int, store: Store, now: datetime) -> None:
    await store.receive([Arrived(number, -(10**12) - number // 2**20, "{}")], now=now)
    (kept,) = await store.waiting(after=0, most=10)
    assert kept.update_id == number
    assert kept.sender < -(10**12)


async def test_depth_and_age_are_those_of_what_waits(store: Store, now: datetime) -> None:
    assert (await store.depths())[0] == (0, None)
    await store.receive(arrived(1, 2), now=now)
    await store.finish(1, now=now)
    assert (await store.depths())[0] == (1, now)
