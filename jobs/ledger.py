"""The nightly proof of the ledger: what does not add up stops all posting until somebody has looked into it.

It is told to the admins once and mended by nobody but them: a program that mends its own books hides what spoiled them.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from domain.backup import ReportTrouble, Trouble
from domain.base import Actor
from storage.unit import Store

log = structlog.get_logger(__name__)


async def prove(store: Store, now: datetime) -> int:
    """Balances equal sums, the ledger sums to zero, confirmed work is posted. Returns how many places do not agree."""
    found = await store.ledger_differences()
    for difference in found:
        log.error("the ledger does not add up", difference=difference)
    if found and not await store.is_known(Trouble.LEDGER):
        await store.perform(
            ReportTrouble(Trouble.LEDGER, True, len(found)), Actor.system("ledger_proof"), now=now
        )
    return len(found)
