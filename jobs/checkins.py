"""Check-ins by the calendar: a reminder before the last day, and the end after it. In the community's day, not at night."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import structlog

from domain.base import Actor
from domain.checkins.shapes import LapseCheckIn, RemindCheckIn
from storage.checkins import NONE_YET
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)

EARLIEST, LATEST = time(9), time(21)
"""When people are told, by the community's clock."""
AT_ONCE = 100


async def run(store: Store, now: datetime) -> int:
    """Remind, and let lapse, whoever it is time for. Returns how many."""
    local = now.astimezone(ZoneInfo(store.rules.time_zone))
    if not EARLIEST <= local.time() < LATEST:
        return 0
    actor = Actor.system("checkins")
    count, last = 0, NONE_YET
    while due := await store.due_checkins(now=now, after=last, most=AT_ONCE):
        for found in due:
            over = found.valid_until < local.date()
            action = LapseCheckIn(found.id) if over else RemindCheckIn(found.id)
            outcome = await store.perform(action, actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("check-in not looked after", checkin=found.id, reason=outcome.key)
        count += len(due)
        last = due[-1]
    return count
