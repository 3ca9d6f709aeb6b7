"""Digests on their way over a real store: everybody once in a period, wherever it is cut off and whoever else walks."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Select, select

from domain.base import Role
from domain.digests import KINDS, ChooseDigest, Digest, HomeDigest, Rhythm
from domain.lanes import Lane
from domain.people import ChooseHome
from domain.privacy import ForgetMe
from domain.rulebook import Rulebook
from domain.units import SetCalendar, SetZone
from jobs.digests import send
from storage import digests, facts
from storage.engine import Engine
from storage.facts import digests as facts_of_digests
from storage.outbox import Sent
from storage.people import load_actor
from storage.schema import outbox
from storage.schema_digests import digest
from storage.unit import Store
from tests.support.databases import on_sqlite
from tests.support.delivery import deliver, fence, lease
from tests.support.village import CLI, Soul, Village, appointed, arrived, asked, do, village

DAY = timedelta(days=1)


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    """Everybody in building 1 gets one daily; the stranger in building 2 weekly. The first look was on Monday at ten."""
    found = await village(store, now=now)
    for soul in (found.resident, found.neighbour):
        await chooses(store, soul, Rhythm.DAILY, now=now)
    await chooses(store, found.stranger, Rhythm.WEEKLY, now=now)
    assert await send(store, now) == 0
    return found


@pytest.fixture
def eight(now: datetime) -> datetime:
    """Tuesday at eight in Shanghai."""
    return now + timedelta(hours=22)


async def chooses(
    store: Store, soul: Soul, rhythm: Rhythm, *, now: datetime, of: Digest = Digest.HOME
) -> None:
    await do(store, ChooseDigest(of, rhythm), soul.who, now=now)


async def waiting(store: Store) -> list[tuple[str, int, int]]:
    """Kind, chat and lane of each digest in the outbox, by chat."""

    def unit(connection: Connection) -> list[tuple[str, int, int]]:
        rows = select(outbox.c.kind, outbox.c.chat_id, outbox.c.lane).where(outbox.c.kind.in_(KINDS))
        return sorted((tuple(row) for row in connection.execute(rows)), key=lambda row: (row[1], row[0]))

    found: list[tuple[str, int, int]] = await store._engine.read(unit)
    return found


async def chats(store: Store) -> list[int]:
    return [chat for _, chat, _ in await waiting(store)]


async def emptied(store: Store, *, now: datetime) -> None:
    """Whatever waits has left."""
    await deliver(store, held=await fence(store, now=now, holder=str(now)), now=now + DAY)


async def test_a_period_comes_by_everybody_once_in_portions(
    store: Store, place: Village, eight: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "PORTION", 1)
    assert await send(store, eight - timedelta(seconds=1)) == 0
    assert await send(store, eight) == 4
    assert await waiting(store) == [
        ("digest.desk", 11, Lane.REMINDER),
        ("digest.desk", 12, Lane.REMINDER),
        ("digest.home", 21, Lane.BROADCAST),
        ("digest.home", 22, Lane.BROADCAST),
    ]
    assert await send(store, eight + timedelta(minutes=1)) == 0
    await emptied(store, now=eight)
    assert await waiting(store) == [], "what has left is not kept"
    assert await send(store, eight + DAY) == 4
    monday = eight + 6 * DAY
    assert await send(store, monday) == 5
    assert (await chats(store)).count(23) == 1


class Cut(Exception):
    """The process dies here."""


@on_sqlite
async def test_a_unit_of_work_that_is_cut_off_leaves_nothing_and_is_made_up_for(
    store: Store, place: Village, eight: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "PORTION", 1)
    cuts = iter([False, True, False, False, True])

    def cut(point: str) -> None:
        if point == "digest.walked" and next(cuts, False):
            raise Cut

    store.hooks.reached = cut
    for _ in range(2):
        with pytest.raises(Cut):
            await send(store, eight)
    await send(store, eight)
    assert await chats(store) == [11, 12, 21, 22]


async def test_two_processes_at_once_send_what_one_would(
    store: Store,
    engine: Engine,
    rules: Rulebook,
    place: Village,
    eight: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digests, "PORTION", 1)
    other = Store(engine, rules=rules)
    await asyncio.gather(*(send(one, eight) for one in (store, other, store, other)))
    await send(store, eight)
    assert await chats(store) == [11, 12, 21, 22]


@on_sqlite
async def test_who_has_read_where_it_stands_too_early_does_nothing(
    store: Store, place: Village, eight: datetime
) -> None:
    walk = next(found for found in await store.digests.due(now=eight) if found.digest is Digest.HOME)
    first, _ = await store.digests.step(walk, now=eight)
    again, onward = await store.digests.step(walk, now=eight)
    assert (first, again, onward) == (2, 0, None)


@on_sqlite
async def test_no_more_wait_than_can_leave_and_the_rest_follow(
    store: Store, place: Village, now: datetime, eight: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "PORTION", 2)
    monkeypatch.setattr(digests, "MOST_WAITING", 3)
    for number in range(9):
        soul = await arrived(store, 300 + number, name="邻居", home=place.building, now=now)
        await chooses(store, soul, Rhythm.DAILY, now=now)
    met: Counter[int] = Counter()
    for look in range(10):
        await send(store, eight + timedelta(minutes=look))
        here = [chat for kind, chat, _ in await waiting(store) if kind == "digest.home"]
        assert len(here) <= 4
        met.update(here)
        await emptied(store, now=eight + timedelta(minutes=look))
    assert met == Counter([21, 22, *range(300, 309)])


@on_sqlite
async def test_a_day_without_the_program_is_not_made_up_for_and_a_week_is(
    store: Store, place: Village, eight: datetime
) -> None:
    assert await send(store, eight + timedelta(hours=13, minutes=59)) == 4
    await emptied(store, now=eight)
    assert await send(store, eight + DAY + timedelta(hours=14)) == 0, "it is ten at night"
    assert await send(store, eight + 2 * DAY - timedelta(minutes=1)) == 0, "yesterday's is late"
    wednesday = eight + 8 * DAY
    assert await send(store, wednesday) == 5
    assert 23 in await chats(store)


@on_sqlite
async def test_each_place_has_its_own_morning_and_nobody_two_of_them(
    store: Store, place: Village, now: datetime, eight: datetime
) -> None:
    await store.perform(SetZone(place.units["b2"], "Europe/Berlin"), CLI, now=now)
    admin = await appointed(store, 13, name="管理员", role=Role.LEADER, unit_id=place.units["b2"], now=now)
    await chooses(store, place.stranger, Rhythm.DAILY, now=now)
    await send(store, now)
    assert await send(store, eight) == 4
    await do(store, ChooseHome(place.units["b2"]), place.neighbour.who, now=eight)
    await emptied(store, now=eight)
    berlin = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
    assert await send(store, berlin - timedelta(seconds=1)) == 0
    assert await send(store, berlin) == 2
    assert await chats(store) == [admin.chat, place.stranger.chat], "who moved here had today's already"


@on_sqlite
async def test_working_days_are_those_of_the_place_and_residents_have_no_days_off(
    store: Store, place: Village, now: datetime, eight: datetime, engine: Engine
) -> None:
    await do(store, SetCalendar(place.units["b1"], "weekends"), CLI, now=now)
    holiday = replace(
        store.rules, calendars={"CN": replace(store.rules.working_calendar(), off=frozenset({eight.date()}))}
    )
    other = Store(engine, rules=holiday)
    await send(other, eight)
    assert await chats(store) == [11, 21, 22], "the community has a holiday, building 1 keeps weekends only"
    await emptied(store, now=eight)
    saturday = eight + 4 * DAY
    await send(other, saturday)
    assert await chats(store) == [21, 22]


@on_sqlite
async def test_what_perhaps_left_does_not_leave_again(store: Store, place: Village, eight: datetime) -> None:
    await send(store, eight)
    await lease(store, held=await fence(store, now=eight), now=eight)
    later = eight + timedelta(minutes=5)
    held = await fence(store, now=later, holder="two")
    await store.settle_orphans(fence=held, resends=lambda kind: kind not in KINDS, now=later)
    assert await waiting(store) == []
    assert await send(store, later) == 0
    await send(store, eight + DAY)
    batch = await lease(store, held=held, now=eight + DAY)
    unknown = [Sent(row, "unknown", error="perhaps sent") for row in batch.rows]
    await store.record_sent(unknown, fence=held, now=eight + DAY)
    assert await waiting(store) == []


@on_sqlite
async def test_who_is_out_of_reach_or_suspended_or_gone_is_passed_by(
    store: Store, place: Village, now: datetime, eight: datetime
) -> None:
    await store.person_left(None, telegram_id=place.neighbour.chat, now=now)
    await do(store, ForgetMe(), place.resident.who, now=now)
    await chooses(store, place.leader, Rhythm.NEVER, now=now, of=Digest.DESK)
    await send(store, eight)
    assert await chats(store) == [12]


async def test_nothing_of_who_is_forgotten_is_left_and_a_merged_record_takes_its_choice_along(
    store: Store, place: Village, now: datetime, engine: Engine
) -> None:
    async def rows() -> set[tuple[str, int]]:
        chosen = select(digest.c.kind, digest.c.person_id)
        found = await engine.read(lambda c: {(str(row[0]), row[1]) for row in c.execute(chosen)})
        return set(found)

    await do(store, ForgetMe(), place.neighbour.who, now=now)
    assert await rows() == {("home", place.resident.id), ("home", place.stranger.id)}
    await chooses(store, place.leader, Rhythm.NEVER, now=now, of=Digest.DESK)

    def merged(connection: Connection) -> None:
        digests.move(connection, place.resident.id, place.leader.id)
        digests.move(connection, place.stranger.id, place.leader.id)

    await engine.write(merged)
    assert await rows() == {("home", place.leader.id), ("desk", place.leader.id)}


# --- what is in one -------------------------------------------------------------------------------------------------------


async def read_by(store: Store, soul: Soul, *, now: datetime, kind: str = "digest.home") -> HomeDigest | None:
    """What the digest that waits for somebody would say."""

    def unit(connection: Connection) -> HomeDigest | None:
        reader = load_actor(connection, now, telegram_id=soul.chat)
        assert reader is not None
        found: HomeDigest | None = facts.load(connection, kind, 0, reader, now=now, rules=store.rules)
        return found

    found: HomeDigest | None = await store._engine.read(unit)
    return found


async def test_each_request_is_told_of_once_and_private_ones_never(
    store: Store, place: Village, now: datetime, eight: datetime
) -> None:
    raised = 0
    for morning in range(3):
        before = eight + morning * DAY
        for hour in (-20, -1, 0):
            await asked(store, place.resident, now=max(now, before + timedelta(hours=hour)))
            raised += 1
        await asked(store, place.resident, now=before, category="elder_help")
        await asked(store, place.stranger, now=before, category="parking")
    told = 0
    for morning in range(4):
        at = eight + morning * DAY + timedelta(minutes=1)
        await send(store, at)
        found = await read_by(store, place.neighbour, now=at + timedelta(hours=2))
        assert found is None or [one.category for one in found.news] == ["lift"]
        told += sum(one.raised for one in found.news) if found else 0
        await emptied(store, now=at)
    assert told == raised


@on_sqlite
async def test_it_is_said_only_to_who_still_wants_it(
    store: Store, place: Village, now: datetime, eight: datetime
) -> None:
    await asked(store, place.resident, now=now)
    assert await read_by(store, place.neighbour, now=now) is None, "none has been sent yet"
    await send(store, eight)
    assert await read_by(store, place.neighbour, now=eight)
    assert await read_by(store, place.leader, now=eight, kind="digest.desk")
    assert await read_by(store, place.stranger, now=eight) is None
    assert await read_by(store, place.resident, now=eight, kind="digest.desk") is None
    await chooses(store, place.neighbour, Rhythm.NEVER, now=eight)
    await chooses(store, place.leader, Rhythm.NEVER, now=eight, of=Digest.DESK)
    assert await read_by(store, place.neighbour, now=eight) is None
    assert await read_by(store, place.leader, now=eight, kind="digest.desk") is None


@on_sqlite
async def test_what_is_looked_for_often_is_found_by_an_index(engine: Engine) -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    values = {"unit": 1, "since": moment, "until": moment, "open_ones": ["lift"], "reader": 1, "now": moment}

    def plan(connection: Connection, statement: Select[Any]) -> str:
        text = statement.params({name: values[name] for name in statement.compile().params if name in values})
        made = text.compile(connection, compile_kwargs={"literal_binds": True, "render_postcompile": True})
        return "\n".join(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {made}"))

    for statement, index in (
        (digests._OWN_HOURS, "ix_unit_own_hours"),
        (facts_of_digests._NEWS, "ix_request_unit_id_closed_at"),
        (facts_of_digests._SECOND, "ix_notice_asked"),
    ):
        assert index in await engine.read(lambda c, found=statement: plan(c, found)), index
