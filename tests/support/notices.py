"""Notices as they live: composed, confirmed and carried out, in one call each; and what must always be true of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from domain.notices.shapes import (
    AGAIN,
    FOLLOWING_UP,
    GONE,
    OF_NOTICES,
    REMINDED,
    REMINDER,
    BeginNotice,
    ConfirmNotice,
    PublicNotice,
    Switch,
)
from domain.notices.shown import Fares, NoticeCopy
from storage.engine import Engine
from storage.entities import load
from storage.outbox import Leased, Sent
from storage.receipts import SUMS
from storage.schema import outbox
from storage.schema_notices import receipt, tally
from storage.unit import Store
from tests.support.delivery import LEASE, deliver, sent
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
            **{name: by_state[name] for name in SUMS if name not in ("total", "read", "reminded", "called")},
            read=sum(row.read_at is not None for row in rows),
            reminded=sum(row.reminded_at is not None for row in rows),
            called=sum(row.called_at is not None for row in rows),
        )
        return Fares(*(getattr(kept, name) for name in SUMS)), counted

    kept, counted = await engine.read(unit)
    assert kept == counted
    return counted


class Phones:
    """What the chats of recipients show of notices: Telegram, as far as it matters here.

    ``gone`` have blocked the bot. Nobody ever gets a first copy of a notice twice.
    """

    def __init__(self, store: Store, *, held: int) -> None:
        self._store = store
        self._held = held
        self.gone: set[int] = set()
        self.got: list[tuple[int, int]] = []
        self.shows: dict[tuple[int, int], str] = {}
        self.reminders: list[int] = []
        self.quotes: dict[tuple[int, int], str] = {}
        """What reminders and the like say of it, by chat and message."""
        self.asked_again: list[tuple[int, str]] = []
        self._wire: list[tuple[Leased, str | None]] = []

    @property
    def on_the_wire(self) -> bool:
        """Whether anything is."""
        return bool(self._wire)

    async def take(self, *, now: datetime, most: int = 1000) -> list[Leased]:
        """Up to ``most`` of notices that may leave are rendered and go on the wire, returned here; other messages arrive."""
        waiting = [row.id for row in await self._store.candidates(now=now, most=1000)]
        of_notices = select(outbox.c.id).where(outbox.c.kind.in_(OF_NOTICES), outbox.c.state == "waiting")
        theirs = set(await self._store._engine.read(lambda c: c.execute(of_notices).scalars().all()))
        first = [row_id for row_id in waiting if row_id in theirs][:most]
        batch = await self._store.lease_rows(
            [*first, *(row_id for row_id in waiting if row_id not in theirs)],
            lease=LEASE,
            fence=self._held,
            now=now,
            needs_facts=lambda kind: kind in OF_NOTICES and kind != GONE,
        )
        others = [row for row in batch.rows if row.kind not in OF_NOTICES]
        await self._store.record_sent(sent(batch, others), fence=self._held, now=now)
        taken = [row for row in batch.rows if row.kind in OF_NOTICES]
        for row in taken:
            facts = batch.facts.get(row.id)
            text = facts.notice.texts["zh"] if isinstance(facts, NoticeCopy) else None
            self._wire.append((row, "" if row.kind == GONE else text))
        return taken

    async def arrive(self, *, now: datetime, fates: Mapping[int, str] | None = None) -> None:
        """What is on the wire arrives, or by chat has another end: "failed", or "waiting" for another try."""
        wire, self._wire = self._wire, []
        outcomes = [
            self._arrived(row, text, (fates or {}).get(row.chat_id, "sent"), now) for row, text in wire
        ]
        await self._store.record_sent(outcomes, fence=self._held, now=now)

    def _arrived(self, row: Leased, text: str | None, fate: str, now: datetime) -> Sent:
        if text is None:
            return Sent(row, "dropped", error="no longer true")
        if row.chat_id in self.gone:
            return Sent(row, "failed", error="Forbidden", unreachable=True)
        if fate == "waiting":
            return Sent(row, "waiting", not_before=now)
        if fate != "sent":
            return Sent(row, fate, error="BadRequest")
        message = (row.chat_id, row.edit_message_id or row.id)
        if row.edit_message_id is None and row.kind == REMINDER:
            self.reminders.append(row.chat_id)
        if row.edit_message_id is None and row.kind == AGAIN:
            self.asked_again.append((row.chat_id, text))
        if row.kind in (*FOLLOWING_UP, REMINDED):
            self.quotes[message] = text
        elif row.kind == GONE and message in self.quotes:
            del self.quotes[message]
        elif row.kind == GONE:
            self.shows.pop((row.subject_id or 0, row.chat_id), None)
        else:
            if row.edit_message_id is None:
                key = (row.subject_id or 0, row.chat_id)
                assert key not in self.got, "nobody gets it twice"
                self.got.append(key)
            self.shows[row.subject_id or 0, row.chat_id] = text
        return Sent(row, "sent", message_id=row.edit_message_id or row.id)

    async def settle(self, *, now: datetime) -> None:
        """Everything that has begun comes to its end, as far as it may leave by now."""
        await self.arrive(now=now)
        for _ in range(MANY):
            for notice_id in await self._store.mailings.freezing():
                await frozen(self._store, notice_id, now=now)
            await walked(self._store, now=now)
            taken = await self.take(now=now)
            await self.arrive(now=now)
            if not taken:
                return
        raise AssertionError("it never ends")
