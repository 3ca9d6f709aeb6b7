"""Meetings of the clock: people are invited, told what has changed, reminded and credited; what was decided comes due; and
who leads a unit hears which of its meetings is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from domain.base import Action, Actor
from domain.jobs import Run
from domain.meetings.shapes import LookAtDuty, LookAtFollowup, LookAtMeeting
from jobs.items import Items
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)


async def go_on(store: Store, now: datetime) -> int:
    """Look at what is due, and go on with every meeting with whose people something is being done, as far as delivery
    has room. Returns how many people were told or credited."""

    async def at_meeting(number: int) -> Action:
        # Seen beside the writer: of a wide part of the tree it takes longer than anybody may hold it.
        return LookAtMeeting(number, joined=await store.meetings.joined(number, now=now))

    async def at_followup(number: int) -> Action:
        return LookAtFollowup(number)

    await _look(store, now, store.meetings.due, at_meeting)
    await _look(store, now, store.meetings.due_followups, at_followup)
    total = 0
    for meeting_id in await store.meetings.moving():
        more = True
        while more:
            step = await store.meetings.step(meeting_id, now=now)
            total, more = total + step.count, step.more
    return total


async def _look(
    store: Store,
    now: datetime,
    due: Callable[..., Awaitable[Sequence[int]]],
    action: Callable[[int], Awaitable[Action]],
) -> None:
    actor = Actor.system("meetings")
    seen: set[int] = set()
    while found := set(await due(now=now)) - seen:
        for number in sorted(found):
            wanted = await action(number)
            outcome = await store.perform(wanted, actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("passed over", action=wanted, reason=outcome.key)
        seen |= found


async def _owing(store: Store, run: Run, after: int) -> Sequence[int]:
    return await store.meetings.owing(now=run.due, after=after)


DUTIES = Items(_owing, LookAtDuty)
