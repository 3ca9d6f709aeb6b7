"""When something is due: spans of working hours laid over a calendar. Source: DOMAIN §10."""

from __future__ import annotations

from calendar import monthrange
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


def answer_due(
    urgency: str, *, raised_at: datetime, rules: Rulebook, zone: str = "", calendar: str = ""
) -> datetime:
    """By when somebody answers a request: urgent ones round the clock, all others in working hours.

    ``zone`` and ``calendar`` are those of the request's unit; where it has none, the community's count.
    """
    hours = rules.answer_hours[urgency]
    if urgency == "urgent":
        return require_aware(raised_at) + timedelta(hours=hours)
    return add_working_hours(
        raised_at,
        hours=hours,
        zone=ZoneInfo(zone or rules.time_zone),
        office=rules.working_hours,
        calendar=rules.working_calendar(calendar),
    )


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

    Source: DOMAIN §10.
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
