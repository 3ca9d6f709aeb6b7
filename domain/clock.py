"""When a job of the clock is due: cadences, their periods, and which of them are to be run now.

A cadence by the calendar has periods: each has a name that never comes twice ("2026-03-02") and the instant from which
it is due, by the clock of a zone. Knows nothing of what a job does, nor where it is written down that a period was run.
Source: docs/rules.md §10.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain
from zoneinfo import ZoneInfo

from domain.base import require_aware

MOST_EVERY = timedelta(days=1)
"""What is looked at less often than that is for the calendar."""


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, so long after one another, whatever the time: what is due is found in tables."""

    span: timedelta

    def __str__(self) -> str:
        minutes = self.span // timedelta(minutes=1)
        return f"every {minutes} {'minute' if minutes == 1 else 'minutes'}"


@dataclass(frozen=True, slots=True)
class Daily:
    """Each day of the calendar, at a local time."""

    at: time

    def __str__(self) -> str:
        return f"daily {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Weekly:
    """On one day of each week, by its ISO number (Monday 1)."""

    weekday: int
    at: time

    def __str__(self) -> str:
        return f"weekly {self.weekday} {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Monthly:
    """On one day of each month, or on the last of a month that is too short."""

    day: int
    at: time

    def __str__(self) -> str:
        return f"monthly {self.day} {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Yearly:
    """On one day of each year; the 29th of February is the 28th where there is none."""

    month: int
    day: int
    at: time

    def __str__(self) -> str:
        return f"yearly {self.month:02}-{self.day:02} {self.at:%H:%M}"


ByCalendar = Daily | Weekly | Monthly | Yearly
Cadence = Every | ByCalendar


class Missed(StrEnum):
    """What is made up for after a silence: ``each`` period in its order, or the ``latest`` for all of them."""

    EACH = "each"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Period:
    """One turn of a cadence: its name, and the instant (UTC) from which it is due."""

    key: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """What to do now: the period to run, and those that are let go of, in their order and all before it."""

    run: Period | None = None
    skipped: tuple[Period, ...] = ()


# --- the calendar ---------------------------------------------------------------------------------------------------


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When a local clock shows a time, in UTC. Shown twice, the first counts; leapt over, it is as much later.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> [f"{instant(date(2026, 3, 29), time(2, minute), berlin):%H:%M}" for minute in (0, 30)]
    ['01:00', '01:30']
    >>> f"{instant(date(2026, 10, 25), time(2, 30), berlin):%H:%M}"
    '00:30'
    """
    return datetime.combine(day, at, zone).astimezone(UTC)


def _days(cadence: ByCalendar, around: date) -> Iterator[tuple[str, date]]:
    """Names and days of the periods from the one before ``around`` on, without end."""
    match cadence:
        case Daily():
            for ago in range(-1, (date.max - around).days):
                day = around + timedelta(days=ago)
                yield day.isoformat(), day
        case Weekly(weekday=weekday):
            monday = around - timedelta(days=around.isoweekday() - 1)
            for weeks in range(-1, (date.max - around).days // 7 - 1):
                day = monday + timedelta(weeks=weeks, days=weekday - 1)
                year, week, _ = day.isocalendar()
                yield f"{year}-W{week:02}", day
        case Monthly(day=number):
            for month in range(around.year * 12 + around.month - 2, date.max.year * 12):
                yield f"{month // 12}-{month % 12 + 1:02}", _in_month(month // 12, month % 12 + 1, number)
        case Yearly(month=month, day=number):
            for year in range(around.year - 1, date.max.year):
                yield f"{year}", _in_month(year, month, number)


def _in_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def periods(cadence: ByCalendar, *, after: datetime, zone: ZoneInfo) -> Iterator[Period]:
    """The periods that come due after an instant, in their order, without end.

    A day that a zone left out altogether (when it moved across the date line) has none of a daily cadence.
    """
    around = require_aware(after).astimezone(zone).date()
    for key, day in _days(cadence, around):
        due = instant(day, cadence.at, zone)
        left_out = isinstance(cadence, Daily) and due.astimezone(zone).date() != day
        if due > after and not left_out:
            yield Period(key, due)


def next_period(cadence: ByCalendar, *, after: datetime, zone: ZoneInfo) -> Period:
    """The first that comes due after an instant."""
    return next(periods(cadence, after=after, zone=zone))


def what_is_due(
    cadence: ByCalendar,
    *,
    reached: datetime,
    now: datetime,
    zone: ZoneInfo,
    too_late: timedelta,
    missed: Missed,
) -> Due:
    """What is to be run of the periods after ``reached`` (the last one decided about), and what is let go of.

    A period is run at most ``too_late`` after it came due; one that is later is skipped, and so is with ``latest`` each
    that another one has come after.
    """
    found: list[Period] = []
    for period in periods(cadence, after=reached, zone=zone):
        if period.due > now:
            break
        found.append(period)
    late = [period for period in found if now - period.due > too_late]
    timely = found[len(late) :]
    if not timely:
        return Due(None, tuple(late))
    if missed is Missed.EACH:
        return Due(timely[0], tuple(late))
    return Due(timely[-1], tuple(chain(late, timely[:-1])))


# --- failures -------------------------------------------------------------------------------------------------------

LONGEST_BACK_OFF = timedelta(hours=1)


def back_off(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: 1, 2, 4 … 32 minutes, then an hour.

    >>> [int(back_off(failures).total_seconds() // 60) for failures in (1, 2, 3, 6, 7, 1000)]
    [1, 2, 4, 32, 60, 60]
    """
    return min(timedelta(minutes=2 ** (min(failures, 7) - 1)), LONGEST_BACK_OFF)


# --- as it is written -----------------------------------------------------------------------------------------------

_AT = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
_EVERY = re.compile(r"every (?P<number>[0-9]{1,4}) ?(?P<unit>minutes?|hours?)")
_DAILY = re.compile(rf"daily {_AT}")
_WEEKLY = re.compile(rf"weekly (?P<weekday>[1-7]) {_AT}")
_MONTHLY = re.compile(rf"monthly (?P<day>[0-9]{{1,2}}) {_AT}")
_YEARLY = re.compile(rf"yearly (?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}}) {_AT}")


def cadence_of(text: str) -> Cadence:
    """A cadence as people write it, and as ``str`` of one does. Raises ValueError with what is wrong with it.

    >>> str(cadence_of("every 2 hours")), str(cadence_of("yearly 02-29 08:30"))
    ('every 120 minutes', 'yearly 02-29 08:30')
    """
    words = " ".join(text.lower().split())
    if found := _EVERY.fullmatch(words):
        hours = found["unit"].startswith("hour")
        span = int(found["number"]) * timedelta(hours=1 if hours else 0, minutes=0 if hours else 1)
        if not timedelta() < span <= MOST_EVERY:
            raise ValueError("neither never nor less than once a day: at least 1 minute, at most 24 hours")
        return Every(span)
    if found := _DAILY.fullmatch(words):
        return Daily(_time(found))
    if found := _WEEKLY.fullmatch(words):
        return Weekly(int(found["weekday"]), _time(found))
    if found := _MONTHLY.fullmatch(words):
        return Monthly(_day_of(2024, 1, int(found["day"])).day, _time(found))
    if found := _YEARLY.fullmatch(words):
        day = _day_of(2024, int(found["month"]), int(found["day"]))
        return Yearly(day.month, day.day, _time(found))
    raise ValueError("no cadence that is known")


def _time(found: re.Match[str]) -> time:
    return time(int(found["hour"]), int(found["minute"]))


def _day_of(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("no day of the calendar") from None
