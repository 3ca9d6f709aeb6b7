"""The political birthday: which days are kept today, and what may be told as one."""

from __future__ import annotations

from calendar import isleap
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.checkins.joined import FOUNDED, joined_days


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(st.dates(FOUNDED, date(2026, 12, 31)), st.integers(1, 60))
def test_each_day_is_kept_exactly_once_in_every_later_year(joined: date, years: int) -> None:
    year = joined.year + years
    leapt = (joined.month, joined.day) == (2, 29) and not isleap(year)
    its_day = date(year, 2, 28) if leapt else joined.replace(year=year)
    near = [its_day + timedelta(days=days) for days in range(-2, 3)]
    assert [day for day in near if joined in joined_days(day)] == [its_day]


def test_the_year_of_joining_is_no_anniversary() -> None:
    assert date(2026, 3, 2) not in joined_days(date(2026, 3, 2))
