"""What a unit owes in a year: which meetings how often, and which is missing. Source: docs/rules.md §9.

The usual rule of 三会一课 stands in the settings; here is what a period is, and when its end is near.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.meetings.shapes import MeetingKind

WARN_DAYS = 7
"""So many days before a period's end what is missing is said, and so many after it what was."""

OWED: Mapping[str, tuple[MeetingKind, ...]] = {
    "grid": (MeetingKind.BRANCH, MeetingKind.COMMITTEE, MeetingKind.LECTURE, MeetingKind.THEME_DAY),
    "branch": (MeetingKind.BRANCH, MeetingKind.COMMITTEE, MeetingKind.LECTURE, MeetingKind.THEME_DAY),
    "building": (MeetingKind.GROUP,),
}
"""Which of them a unit of each kind owes: a committee of many branches holds its own as it likes."""


class Often(StrEnum):
    """How often a meeting is owed."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    NEVER = "never"


_MONTHS = {Often.MONTHLY: 1, Often.QUARTERLY: 3, Often.HALF_YEARLY: 6, Often.YEARLY: 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A period of a year: ``number`` of those of its length, from 1, and its first and last day."""

    often: Often
    year: int
    number: int
    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether a day is in it."""
        return self.first <= day <= self.last


def period_of(often: Often, day: date) -> Period:
    """The period in which a day is. Raises KeyError for what is never owed.

    >>> period_of(Often.QUARTERLY, date(2026, 11, 22)).last.isoformat()
    '2026-12-31'
    """
    months = _MONTHS[often]
    number = (day.month - 1) // months
    first = date(day.year, number * months + 1, 1)
    after = (number + 1) * months + 1
    last = date(day.year + (after > 12), (after - 1) % 12 + 1, 1) - timedelta(days=1)
    return Period(often, day.year, number + 1, first, last)


def periods_of(often: Often, year: int) -> tuple[Period, ...]:
    """All periods of a year, in order; none of what is never owed."""
    if often is Often.NEVER:
        return ()
    months = _MONTHS[often]
    return tuple(period_of(often, date(year, month, 1)) for month in range(1, 13, months))


@dataclass(frozen=True, slots=True)
class Owed:
    """A meeting that is owed for a period, and how many of them are planned or were held in it; ``held`` of them were."""

    kind: MeetingKind
    period: Period
    count: int = 0
    held: int = 0


def owed_at(
    unit_kind: str,
    often: Mapping[str, str],
    days: Iterable[tuple[MeetingKind, date]],
    *,
    periods: Mapping[Often, tuple[Period, ...]],
    held: Iterable[tuple[MeetingKind, date]] = (),
    since: date | None = None,
) -> tuple[Owed, ...]:
    """What a unit of this kind owes for the ``periods`` of each length; ``days``: when its meetings are or were, ``held``:
    when those that were held. It has been there ``since`` that day: of a period before it nothing is owed."""
    there, over = list(days), list(held)
    return tuple(
        Owed(
            kind,
            period,
            sum(one is kind and period.holds(day) for one, day in there),
            sum(one is kind and period.holds(day) for one, day in over),
        )
        for kind in OWED.get(unit_kind, ())
        for period in periods.get(Often(often.get(kind, Often.NEVER)), ())
        if since is None or since <= period.last
    )


@dataclass(frozen=True, slots=True)
class Look:
    """A day on which something is said of periods that end on ``last``; ``over``: it has come."""

    last: date
    over: bool

    @property
    def stamp(self) -> str:
        """Under which it is noted that it was said; later ones are greater."""
        return f"{self.last:%Y-%m}:{2 if self.over else 1}"

    @property
    def periods(self) -> dict[Often, tuple[Period, ...]]:
        """Those that end then, by their length."""
        found = {often: period_of(often, self.last) for often in _MONTHS}
        return {often: (one,) for often, one in found.items() if one.last == self.last}


def look_on(day: date) -> Look | None:
    """What is to be said on a day, None for most.

    >>> look_on(date(2026, 12, 25)).stamp, look_on(date(2027, 1, 3)).stamp, look_on(date(2027, 1, 15))
    ('2026-12:1', '2026-12:2', None)
    """
    last = period_of(Often.MONTHLY, day).last
    if day > last - timedelta(days=WARN_DAYS):
        return Look(last, over=False)
    before = day.replace(day=1) - timedelta(days=1)
    return Look(before, over=True) if day <= before + timedelta(days=WARN_DAYS) else None
