"""When something is due: spans of working hours laid over a calendar. Source: docs/rules.md §10."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.base import require_aware
from domain.calendars import WorkingCalendar
from domain.rulebook import Rulebook, WorkingHours


def add_working_hours(
    start: datetime,
    *,
    hours: float,
    zone: ZoneInfo,
    office: WorkingHours,
    calendar: WorkingCalendar | None = None,
) -> datetime:
    """The instant at which ``hours`` of office time have gone by since ``start``. Returned in the zone of ``start``.

    ``calendar`` tells holidays and make-up days; without one, only the office's week counts.
    """
    calendar = calendar or WorkingCalendar()
    remaining = timedelta(hours=hours)
    local = require_aware(start).astimezone(zone)
    while True:
        opens = datetime.combine(local.date(), office.opens, zone)
        closes = datetime.combine(local.date(), office.closes, zone)
        begin = max(local, opens)
        if calendar.works(local.date(), weekdays=office.weekdays) and begin < closes:
            # Counted in UTC: across a change of the clocks, wall-clock arithmetic would be an hour off.
            left = closes.astimezone(UTC) - begin.astimezone(UTC)
            if remaining <= left:
                return (begin.astimezone(UTC) + remaining).astimezone(start.tzinfo)
            remaining -= left
        local = datetime.combine(local.date() + timedelta(days=1), office.opens, zone)


def take_working_hours(
    end: datetime,
    *,
    hours: float,
    zone: ZoneInfo,
    office: WorkingHours,
    calendar: WorkingCalendar | None = None,
) -> datetime:
    """The last instant from which ``hours`` of office time go by until ``end``. Returned in the zone of ``end``."""
    calendar = calendar or WorkingCalendar()
    remaining = timedelta(hours=hours)
    local = require_aware(end).astimezone(zone)
    while True:
        opens = datetime.combine(local.date(), office.opens, zone)
        until = min(local, datetime.combine(local.date(), office.closes, zone))
        if calendar.works(local.date(), weekdays=office.weekdays) and opens < until:
            there = until.astimezone(UTC) - opens.astimezone(UTC)
            if remaining <= there:
                return (until.astimezone(UTC) - remaining).astimezone(end.tzinfo)
            remaining -= there
        local = datetime.combine(local.date() - timedelta(days=1), office.closes, zone)


def working_hours_between(
    start: datetime,
    end: datetime,
    *,
    zone: ZoneInfo,
    office: WorkingHours,
    calendar: WorkingCalendar | None = None,
) -> float:
    """How many hours of office time go by from ``start`` to ``end``; none where it ends before it starts."""
    calendar = calendar or WorkingCalendar()
    total = timedelta()
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        if calendar.works(day, weekdays=office.weekdays):
            opens = max(start, datetime.combine(day, office.opens, zone).astimezone(UTC))
            closes = min(end, datetime.combine(day, office.closes, zone).astimezone(UTC))
            total += max(closes - opens, timedelta())
        day += timedelta(days=1)
    return total / timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Counting:
    """How the time of one request counts: an urgent one's round the clock, the others' in working hours.

    ``zone`` and ``calendar`` are those of the request's unit; where it has none, the community's count.
    """

    urgency: str
    rules: Rulebook
    zone: str = ""
    calendar: str = ""

    @property
    def urgent(self) -> bool:
        """Whether it counts round the clock."""
        return self.urgency == "urgent"

    @property
    def place(self) -> ZoneInfo:
        """The zone whose clock it goes by."""
        return ZoneInfo(self.zone or self.rules.time_zone)

    def after(self, moment: datetime, *, hours: float) -> datetime:
        """When ``hours`` of it have gone by."""
        if self.urgent:
            return require_aware(moment) + timedelta(hours=hours)
        return add_working_hours(
            moment, hours=hours, zone=self.place, office=self.rules.working_hours, calendar=self._days
        )

    def before(self, moment: datetime, *, hours: float) -> datetime:
        """From when on ``hours`` of it go by."""
        if self.urgent:
            return require_aware(moment) - timedelta(hours=hours)
        return take_working_hours(
            moment, hours=hours, zone=self.place, office=self.rules.working_hours, calendar=self._days
        )

    def between(self, start: datetime, end: datetime) -> float:
        """How many hours of it lie between two instants."""
        if self.urgent:
            return max(end - start, timedelta()) / timedelta(hours=1)
        return working_hours_between(
            start, end, zone=self.place, office=self.rules.working_hours, calendar=self._days
        )

    def answer_due(self, raised_at: datetime) -> datetime:
        """By when somebody answers."""
        return self.after(raised_at, hours=self.rules.answer_hours[self.urgency])

    def solution_due(self, raised_at: datetime) -> datetime:
        """By when it is solved."""
        return self.after(raised_at, hours=self.rules.deadlines.solution_hours[self.urgency])

    def awake(self, moment: datetime) -> datetime:
        """``moment`` itself, or the end of the quiet hours it falls into."""
        quiet = self.rules.notices
        return after_quiet(moment, zone=self.place, quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to)

    @property
    def _days(self) -> WorkingCalendar:
        return self.rules.working_calendar(self.calendar)


def answer_due(
    urgency: str, *, raised_at: datetime, rules: Rulebook, zone: str = "", calendar: str = ""
) -> datetime:
    """By when somebody answers a request of this urgency."""
    return Counting(urgency, rules, zone, calendar).answer_due(raised_at)


def local_day(now: datetime, rules: Rulebook) -> date:
    """The community's day."""
    return now.astimezone(ZoneInfo(rules.time_zone)).date()


def end_of_day(day: date, rules: Rulebook) -> datetime:
    """The midnight after the community's day, in UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(rules.time_zone))
    return midnight.astimezone(UTC)


def is_quiet(clock: time, *, quiet_from: time, quiet_to: time) -> bool:
    """Whether a time of day lies in the quiet hours. They may go over midnight; equal times are none at all.

    >>> is_quiet(time(7, 29), quiet_from=time(22), quiet_to=time(7, 30))
    True
    """
    if quiet_from > quiet_to:
        return clock >= quiet_from or clock < quiet_to
    return quiet_from <= clock < quiet_to


def after_quiet(moment: datetime, *, zone: ZoneInfo, quiet_from: time, quiet_to: time) -> datetime:
    """``moment`` itself, or the end of the quiet hours it falls into, by the clock of ``zone``. Returned in UTC.

    Source: docs/rules.md §10.
    """
    local = require_aware(moment).astimezone(zone)
    clock = local.time()
    if not is_quiet(clock, quiet_from=quiet_from, quiet_to=quiet_to):
        return moment.astimezone(UTC)
    day = local.date() + timedelta(days=1 if quiet_to < quiet_from <= clock else 0)
    return datetime.combine(day, quiet_to, zone).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that is too short.

    >>> add_months(date(2027, 1, 31), 13).isoformat()
    '2028-02-29'
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
