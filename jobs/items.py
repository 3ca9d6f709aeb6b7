"""Work that a period does item by item, each exactly once: the period moves on in the commit of the item's action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.base import Action, Actor
from domain.jobs import Run, Step
from storage.unit import Refusal, Repeat, Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Items:
    """``find``: the numbers of a period's next items above one, in rising order, none when there are no more.
    ``action``: what is done about one of them."""

    find: Callable[[Store, Run, int], Awaitable[Sequence[int]]]
    action: Callable[[int], Action]

    async def each(self, store: Store, run: Run, now: datetime) -> int:
        """Go on with a period from where it stands, to its end. Returns how many items were done here."""
        actor = Actor.system(run.job)
        count, after = 0, run.after
        while found := await self.find(store, run, after):
            for item in found:
                step = Step(run.job, run.period, after, item)
                outcome = await store.perform(self.action(item), actor, now=now, step=step)
                if isinstance(outcome, Refusal):
                    log.warning("item passed over", job=run.job, item=item, reason=outcome.key)
                    await store.jobs.pass_over(step)
                elif isinstance(outcome, Repeat):
                    # Another process is at the same period.
                    break
                else:
                    count += 1
                after = item
            reached = await store.jobs.reached(run)
            if reached is None:
                break
            after = reached
        return count
