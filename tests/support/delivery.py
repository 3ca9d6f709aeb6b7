"""Delivery without Telegram: what waits is leased and recorded as sent, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from storage.cards import topic_of
from storage.outbox import Leased, Sent
from storage.unit import LeasedBatch, Store

LEASE = "bot"
SPAN = timedelta(seconds=30)


def nobody_is_dead(holder: str) -> bool:
    """Every other holder is believed to live until its lease runs out."""
    return False


async def fence(store: Store, *, now: datetime, holder: str = "one") -> int:
    """Take the lease; the fence."""
    taken = await store.acquire_lease(LEASE, holder=holder, now=now, span=SPAN, is_dead=nobody_is_dead)
    assert taken is not None
    return taken[0]


async def lease(store: Store, *, held: int, now: datetime, most: int = 1000) -> LeasedBatch:
    """Lease all that waits."""
    waiting = await store.candidates(now=now, most=most)
    return await store.lease_rows(
        [row.id for row in waiting], lease=LEASE, fence=held, now=now, needs_facts=lambda kind: False
    )


def sent(batch: LeasedBatch, rows: Sequence[Leased] | None = None) -> list[Sent]:
    """Outcomes as if every row had arrived; a message's id is that of its row, and an edit keeps the message's."""
    return [
        Sent(
            row,
            "sent",
            message_id=row.edit_message_id or row.id,
            open=row.card,
            shown=batch.wanted.get((row.chat_id, topic_of(row.kind, row.subject_id or 0)), 0),
        )
        for row in (batch.rows if rows is None else rows)
    ]


async def deliver(store: Store, *, held: int, now: datetime) -> tuple[Leased, ...]:
    """Lease all that waits and record it as sent. Returns the rows."""
    batch = await lease(store, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    return batch.rows
