"""Political birthdays: each member who has told the day is congratulated on it, once. Source: docs/rules.md §9."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from domain.checkins.shapes import GreetMember
from domain.jobs import Run
from jobs.items import Items
from storage.unit import Store


async def _of_the_day(store: Store, run: Run, after: int) -> Sequence[int]:
    return await store.joined_on(date.fromisoformat(run.period), after=after)


GREETINGS = Items(_of_the_day, GreetMember)
