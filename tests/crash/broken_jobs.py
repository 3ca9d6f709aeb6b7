"""Builds whose jobs are wrong on purpose, to show that the campaign sees it: only the process under test has them.

``period-first`` writes down that a period is done before its work; ``item-after`` writes down in a commit of its own
that an item of a period is done. Both behave well as long as nobody kills them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.jobs import Run
from storage.jobs import Jobs, Opened, Plan
from storage.unit import Done, Outcome, Store


class _ClosesFirst(Jobs):
    """The period is over as soon as it is opened."""

    async def open(self, plan: Plan, *, now: datetime) -> Opened:
        """As it is, and then closed."""
        opened = await super().open(plan, now=now)
        if opened.run is not None:
            await super().close(opened.run, now=now, count=0)
        return opened

    async def close(self, run: Run, *, now: datetime, count: int) -> None:
        """It is."""


class PeriodFirst(Store):
    """Writes down that a period is done, then does its work."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.jobs = _ClosesFirst(self._engine.read, self._commit, self.rules)


class ItemAfter(Store):
    """Does an item of a period, then writes down that it is done."""

    async def perform(self, *args: Any, **named: Any) -> Outcome:
        """The action, and only then its step."""
        step = named.pop("step", None)
        outcome = await super().perform(*args, **named)
        if step is not None and isinstance(outcome, Done):
            await self.jobs.pass_over(step)
        return outcome


BUILDS: Mapping[str, type[Store]] = {"": Store, "period-first": PeriodFirst, "item-after": ItemAfter}
"""Which store a build has, by its name; the empty name is the honest one."""
