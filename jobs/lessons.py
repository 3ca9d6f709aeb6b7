"""Lessons of the clock: people are written down and get what was assigned to them, and are reminded of what is due."""

from __future__ import annotations

from datetime import datetime

import structlog

from domain.base import Actor
from domain.lessons.series import StartPlanned
from domain.lessons.shapes import LessonState
from storage.study import Walk
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)


async def hand_out(store: Store, now: datetime) -> int:
    """Begin what begins today, and go on with every lesson that is on its way, as far as delivery has room. Returns how
    many were handed over."""
    await _start(store, now)
    total = 0
    for lesson_id, state in await store.study.moving():
        if state is LessonState.FREEZING:
            while (await store.study.freeze(lesson_id, now=now)).more:
                pass
        more = True
        while more:
            step = await store.study.hand_out(lesson_id, now=now)
            total, more = total + step.count, step.more
    for lesson_id, unit_id in await store.study.nudges():
        more = True
        while more:
            step = await store.study.nudge(lesson_id, unit_id, now=now)
            total, more = total + step.count, step.more
    return total


async def _start(store: Store, now: datetime) -> None:
    """Each week of a series on its first day, once."""
    actor = Actor.system("lessons")
    tried: set[int] = set()
    while due := set(await store.study.to_start(now=now)) - tried:
        for lesson_id in sorted(due):
            outcome = await store.perform(StartPlanned(lesson_id), actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("lesson not begun", lesson=lesson_id, reason=outcome.key)
        tried |= due


async def remind(store: Store, now: datetime) -> int:
    """Remind everybody whose last day is near, once a day and in one message. Returns how many."""
    total = 0
    for found in await store.study.reminders_due(now=now):
        walk: Walk | None = found
        while walk is not None:
            count, walk = await store.study.remind(walk, now=now)
            total += count
    return total
