"""Lessons of the clock: people are written down and get what was assigned to them, and are reminded of what is due."""

from __future__ import annotations

from datetime import datetime

from domain.lessons.shapes import LessonState
from storage.study import Walk
from storage.unit import Store


async def hand_out(store: Store, now: datetime) -> int:
    """Go on with every lesson that is on its way, as far as delivery has room. Returns how many were handed over."""
    total = 0
    for lesson_id, state in await store.study.moving():
        if state is LessonState.FREEZING:
            while (await store.study.freeze(lesson_id, now=now)).more:
                pass
        more = True
        while more:
            step = await store.study.hand_out(lesson_id, now=now)
            total, more = total + step.count, step.more
    return total


async def remind(store: Store, now: datetime) -> int:
    """Remind everybody whose last day is near, once a day and in one message. Returns how many."""
    total = 0
    for found in await store.study.reminders_due(now=now):
        walk: Walk | None = found
        while walk is not None:
            count, walk = await store.study.remind(walk, now=now)
            total += count
    return total
