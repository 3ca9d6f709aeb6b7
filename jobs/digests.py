"""The digests of the period that is due, as many as delivery has room for; the next look goes on."""

from __future__ import annotations

from datetime import datetime

from storage.digests import Walk
from storage.unit import Store


async def send(store: Store, now: datetime) -> int:
    """Hand digests to delivery. Returns how many."""
    total = 0
    for found in await store.digests.due(now=now):
        walk: Walk | None = found
        while walk is not None:
            count, walk = await store.digests.step(walk, now=now)
            total += count
    return total
