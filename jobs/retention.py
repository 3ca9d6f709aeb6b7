"""What the clock forgets: by age, as the settings say, and the words of who asked to be forgotten.

Each portion is a commit of its own, so that nobody who writes meanwhile waits for long, and a restart goes on from it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from storage.retention import FORGET
from storage.unit import Store

log = structlog.get_logger(__name__)


async def forget(store: Store, now: datetime) -> int:
    """Forget whatever has come of age. Returns how much that was."""
    total = 0
    for what in FORGET:
        count, more = 0, True
        while more:
            portion = await store.forget(what, now=now)
            count, more = count + portion.count, portion.more
        if count:
            log.info("forgotten by age", what=what, count=count)
        total += count
    return total + await _drop_audit(store, now)


async def _drop_audit(store: Store, now: datetime) -> int:
    """The audit trail goes by whole sealed batches, whose seals stay, so that the chain still holds."""
    days = store.rules.retention.audit
    total = 0
    while days and (count := await store.drop_sealed(before=now - timedelta(days=days), now=now)):
        total += count
    if total:
        log.info("forgotten by age", what="audit", count=total)
    return total


async def erase(store: Store, now: datetime) -> int:
    """Empty the words of everybody who asked for it, except what is on its way just now: that is for a later tick.

    Returns how many people were finished with.
    """
    done = after = 0
    while (step := await store.erase_further(after=after)) is not None:
        if step.waits:
            after = step.person_id
        if step.finished:
            log.info("person forgotten", person=step.person_id)
            done += 1
    return done
