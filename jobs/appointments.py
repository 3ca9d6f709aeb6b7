"""Appointments by the clock: who begins and who is over is told, and ends are announced in good time.

Authority does not wait for this: it follows the times themselves. What is late here is only the word of it.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from domain.appointments import RemindOfEnd, TurnAppointment
from domain.base import Actor
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)


async def turn(store: Store, now: datetime) -> int:
    """Each appointment that has begun, or is over by its time, is turned once. Returns how many."""
    actor = Actor.system("appointments")
    turned: set[int] = set()
    while due := set(await store.due_appointments(now=now)) - turned:
        for appointment_id in sorted(due):
            outcome = await store.perform(TurnAppointment(appointment_id), actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("appointment not turned", appointment=appointment_id, reason=outcome.key)
        turned |= due
    return len(turned)


async def remind(store: Store, now: datetime) -> int:
    """Each end that comes near is told once at each distance. Returns how many."""
    actor = Actor.system("appointment_reminders")
    told: set[tuple[int, int]] = set()
    while due := set(await store.ending_appointments(now=now)) - told:
        for appointment_id, days in sorted(due):
            outcome = await store.perform(RemindOfEnd(appointment_id, days), actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("end not told", appointment=appointment_id, reason=outcome.key)
        told |= due
    return len(told)
