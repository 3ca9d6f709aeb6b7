"""Check-ins by the calendar: a reminder before the last day, and the end after it. In the community's day, not at night."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import structlog

from domain.base import Actor
from domain.checkins.shapes import LapseCheckIn, RemindCheckIn
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)

EARLIEST, LATEST = time(9), time(21)
"""When people are told, by the community's clock."""
AT_ONCE = 100


async def run(store: Store, now: datetime) -> int:
    """Remind, and let lapse, whoever it is time for. Returns how many."""
    hour = now.astimezone(ZoneInfo(store.rules.time_zone)).time()
    if not EARLIEST <= hour < LATEST:
        return 0
    actor = Actor.system("checkins")
    count = after = 0
    while due := await store.due_checkins(now=now, after=after, most=AT_ONCE):
        for checkin_id, over in due:
            action = LapseCheckIn(checkin_id) if over else RemindCheckIn(checkin_id)
            outcome = await store.perform(action, actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("check-in not looked after", checkin=checkin_id, reason=outcome.key)
        count += len(due)
        after = due[-1][0]
    return count
