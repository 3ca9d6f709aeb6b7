"""Notices as they live: composed, confirmed and carried out, in one call each; and what must always be true of them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import Connection, select

from domain.notices import BeginNotice, ConfirmNotice, PublicNotice, Switch
from domain.notices_seen import Fares
from storage.engine import Engine
from storage.entities import load
from storage.receipts import SUMS
from storage.schema import receipt, tally
from storage.unit import Store
from tests.support.delivery import deliver
from tests.support.village import Soul, do

TEXT = "明天上午停水"
MANY = 1000
"""More steps than any notice of a test takes: past it, something goes round in circles."""


async def composed(store: Store, soul: Soul, unit_id: int, *, now: datetime, text: str = TEXT) -> int:
    """A draft for everybody at and below a unit; its number."""
    done = await do(store, BeginNotice(unit_id, "zh", text, len(text)), soul.who, now=now)
    return int(done["notice_id"] or 0)


async def seen(store: Store, notice_id: int) -> PublicNotice:
    """A notice as it stands."""

    def unit(connection: Connection) -> PublicNotice:
        found = load(connection, PublicNotice, notice_id, lock=False)
        assert found is not None
        return found

    found: PublicNotice = await store._engine.read(unit)
    return found


async def confirmed(
    store: Store, soul: Soul, unit_id: int, *, now: datetime, on: tuple[str, ...] = ()
) -> int:
    """The same with some options turned, previewed and confirmed."""
    number = await composed(store, soul, unit_id, now=now)
    for option in on:
        await do(store, Switch(number, option), soul.who, now=now)
    await say_yes(store, soul, number, now=now)
    return number


async def say_yes(store: Store, soul: Soul, notice_id: int, *, now: datetime) -> None:
    """Confirm a notice as it stands."""
    version = (await seen(store, notice_id)).version
    await do(store, ConfirmNotice(notice_id, version), soul.who, now=now)


async def frozen(store: Store, notice_id: int, *, now: datetime) -> None:
    """All its recipients are written down."""
    for _ in range(MANY):
        if not (await store.mailings.freeze(notice_id, now=now)).more:
            return
    raise AssertionError("it never ends")


async def walked(store: Store, *, now: datetime) -> None:
    """Every walk goes as far as it can without anything leaving."""
    for _ in range(MANY):
        steps = [await store.mailings.walk(walk.id, now=now) for walk in await store.mailings.walking()]
        if not any(step.count or step.more for step in steps):
            return
    raise AssertionError("it never ends")


async def carried_out(store: Store, *, held: int, now: datetime) -> None:
    """Everything that has begun comes to its end, as far as it may leave by now."""
    for _ in range(MANY):
        for notice_id in await store.mailings.freezing():
            await frozen(store, notice_id, now=now)
        await walked(store, now=now)
        if not await deliver(store, held=held, now=now):
            return
    raise AssertionError("it never ends")


async def states(engine: Engine, notice_id: int) -> dict[int, str]:
    """What became of each recipient, by person."""
    rows = await engine.read(
        lambda c: c.execute(
            select(receipt.c.person_id, receipt.c.state).where(receipt.c.notice_id == notice_id)
        ).all()
    )
    return {row.person_id: row.state for row in rows}


async def sums(engine: Engine, notice_id: int) -> Fares:
    """What was summed up as it happened, which has to be what counting the recipients says."""

    def unit(connection: Connection) -> tuple[Fares, Fares]:
        kept = connection.execute(select(tally).where(tally.c.notice_id == notice_id)).one()
        rows = connection.execute(select(receipt).where(receipt.c.notice_id == notice_id)).all()
        by_state = Counter(row.state for row in rows)
        counted = Fares(
            total=len(rows),
            **{name: by_state[name] for name in SUMS if name not in ("total", "read", "reminded")},
            read=sum(row.read_at is not None for row in rows),
            reminded=sum(row.reminded_at is not None for row in rows),
        )
        return Fares(*(getattr(kept, name) for name in SUMS)), counted

    kept, counted = await engine.read(unit)
    assert kept == counted
    return counted
