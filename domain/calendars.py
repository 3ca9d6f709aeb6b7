"""Which days are worked: weekends by the office's week, public holidays, and days worked to make up for them.

Knows one country's days as they were given to it; where they come from (a library, a file of one's own) is the
program's business. Source: docs/rules.md §10.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

WEEKENDS = "weekends"
"""The name of the calendar without any holidays, for a unit that keeps weekends only."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """``off`` are days off besides the weekend, ``work`` days worked although they are in it (make-up days)."""

    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()

    def works(self, day: date, *, weekdays: Collection[int]) -> bool:
        """Whether the office works that day; ``weekdays`` are the ISO numbers of its usual week."""
        return day in self.work or (day not in self.off and day.isoweekday() in weekdays)

    def with_own(self, days: WorkingCalendar) -> WorkingCalendar:
        """The same where ``days`` have the last word.

        >>> new_year = date(2026, 1, 1)
        >>> WorkingCalendar(frozenset({new_year})).with_own(WorkingCalendar(work=frozenset({new_year}))).off
        frozenset()
        """
        return WorkingCalendar((self.off - days.work) | days.off, (self.work - days.off) | days.work)
