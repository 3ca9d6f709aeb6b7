"""The job that carries notices out: what it begins, when it rests, and what it shows of how far it has come."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.notices.shapes import NoticeState, SetTime
from jobs.mailings import PROGRESS, Mailer
from storage import mailings
from storage.engine import DatabaseAwayError
from storage.unit import Store
from tests.support.databases import on_sqlite
from tests.support.delivery import deliver, fence
from tests.support.notices import composed, confirmed, say_yes, seen
from tests.support.village import Village, do, village

pytestmark = on_sqlite


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def test_it_works_step_by_step_until_there_is_nothing_to_do(
    store: Store, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "STRETCH", 3)
    held = await fence(store, now=now)
    mailer = Mailer(store, now=lambda: now)
    assert not await mailer.step()
    number = await confirmed(store, place.leader, place.building, now=now)
    assert await mailer.step()
    while await mailer.step():
        pass
    assert (await seen(store, number)).state is NoticeState.SENDING
    await deliver(store, held=held, now=now)
    assert not await mailer.step()
    assert (await seen(store, number)).state is NoticeState.SENT
    assert not await mailer.step()


async def test_a_planned_one_begins_at_its_time_and_not_before(
    store: Store, place: Village, now: datetime
) -> None:
    clock = [now]
    mailer = Mailer(store, now=lambda: clock[0])
    number = await composed(store, place.leader, place.building, now=now)
    await do(store, SetTime(number, now + timedelta(hours=1)), place.leader.who, now=now)
    await say_yes(store, place.leader, number, now=now)
    await mailer.step()
    assert (await seen(store, number)).state is NoticeState.PLANNED
    clock[0] += timedelta(hours=1)
    await mailer.step()
    assert (await seen(store, number)).state is not NoticeState.PLANNED


async def test_its_card_shows_how_far_it_has_come_now_and_then(
    store: Store, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, shown = [now], []

    async def noting(notice_id: int, *, now: datetime) -> None:
        shown.append(now)

    monkeypatch.setattr(store.mailings, "progress", noting)
    mailer = Mailer(store, now=lambda: clock[0])
    await confirmed(store, place.leader, place.building, now=now)
    for seconds in (0, 0, 4, 5, 9, 10):
        clock[0] = now + timedelta(seconds=seconds)
        await mailer.step()
    assert shown == [now + PROGRESS, now + 2 * PROGRESS]


async def test_while_the_database_is_away_it_waits_and_goes_on_afterwards(
    store: Store, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await confirmed(store, place.leader, place.building, now=now)
    rested, away = asyncio.Event(), [True]
    due = store.mailings.due

    async def maybe(*, now: datetime) -> Any:
        if away[0]:
            raise DatabaseAwayError("gone for now")
        return await due(now=now)

    async def sleep(seconds: float) -> None:
        rested.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(store.mailings, "due", maybe)
    mailer = Mailer(store, now=lambda: now, sleep=sleep)
    running = asyncio.create_task(mailer.run())
    try:
        async with asyncio.timeout(10):
            await rested.wait()
            assert (await seen(store, number)).state is NoticeState.FREEZING
            away[0] = False
            rested.clear()
            mailer.wake()
            await rested.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert (await seen(store, number)).state is NoticeState.SENDING
