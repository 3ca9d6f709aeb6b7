"""Check-ins by the calendar: a reminder before the last day, and the end after it."""

from __future__ import annotations

from datetime import datetime

import structlog

from domain.base import Actor
from domain.checkins.shapes import LapseCheckIn, RemindCheckIn
from domain.clocks import local_day
from storage.checkins import NONE_YET
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)

AT_ONCE = 100


async def run(store: Store, now: datetime) -> int:
    """Remind, and let lapse, whoever it is time for. Returns how many."""
    today = local_day(now, store.rules)
    actor = Actor.system("checkins")
    count, last = 0, NONE_YET
    while due := await store.due_checkins(now=now, after=last, most=AT_ONCE):
        for found in due:
            over = found.valid_until < today
            action = LapseCheckIn(found.id) if over else RemindCheckIn(found.id)
            outcome = await store.perform(action, actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("check-in not looked after", checkin=found.id, reason=outcome.key)
        count += len(due)
        last = due[-1]
    return count
