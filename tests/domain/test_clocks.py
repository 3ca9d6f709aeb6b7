"""Deadlines in working hours: weekends, changes of the clocks, and what must hold for any span."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clocks import add_working_hours, after_quiet, answer_due
from domain.rulebook import Rulebook, WorkingHours

same_each_time = settings(derandomize=True, database=None)

CHINA = ZoneInfo("Asia/Shanghai")
OFFICE = WorkingHours()
NIGHTS = WorkingHours(opens=time(0, 0), closes=time(8, 0), weekdays=frozenset(range(1, 8)))

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Asia/Shanghai",
            "Asia/Urumqi",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "UTC",
        )
    ]
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
HOURS = st.floats(0.01, 90) | st.integers(1, 90).map(float)
OFFICES = st.sampled_from([OFFICE, NIGHTS, WorkingHours(time(22, 0), time(23, 30), frozenset({6, 7}))])


def china(*when: int) -> datetime:
    """A moment by the clock on the wall in China."""
    year, month, day, hour, minute = when
    return datetime(year, month, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (china(2026, 3, 2, 9, 0), 4, china(2026, 3, 2, 13, 0)),  # a Monday morning
        (china(2026, 3, 2, 7, 30), 4, china(2026, 3, 2, 13, 0)),  # before opening
        (china(2026, 3, 2, 15, 0), 4, china(2026, 3, 3, 11, 0)),  # over the night
        (china(2026, 3, 2, 9, 0), 8, china(2026, 3, 2, 17, 0)),  # exactly until closing
        (china(2026, 3, 2, 17, 0), 1, china(2026, 3, 3, 10, 0)),  # at closing
        (china(2026, 3, 6, 16, 0), 4, china(2026, 3, 9, 12, 0)),  # Friday, over the weekend
        (china(2026, 3, 7, 12, 0), 4, china(2026, 3, 9, 13, 0)),  # raised on a Saturday
        (china(2026, 3, 8, 23, 59), 8, china(2026, 3, 9, 17, 0)),  # late on a Sunday
        (china(2026, 3, 6, 16, 30), 80, china(2026, 3, 20, 16, 30)),  # ten working days are two weeks
    ],
)
def test_office_hours_alone_count(start: datetime, hours: float, due: datetime) -> None:
    assert add_working_hours(start, hours=hours, zone=CHINA, office=OFFICE) == due


def test_the_answer_comes_in_the_zone_of_the_question() -> None:
    due = add_working_hours(china(2026, 3, 2, 9, 0).astimezone(UTC), hours=4, zone=CHINA, office=OFFICE)
    assert due == china(2026, 3, 2, 13, 0)
    assert due.tzinfo is UTC


@pytest.mark.parametrize("zone_of_start", [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")])
def test_an_hour_that_the_clocks_skip_is_not_worked(zone_of_start: ZoneInfo | timezone) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 29, 0, 0, tzinfo=berlin).astimezone(zone_of_start)  # 02:00 becomes 03:00
    due = add_working_hours(start, hours=4, zone=berlin, office=NIGHTS)
    assert due.astimezone(UTC) == datetime(2026, 3, 29, 3, 0, tzinfo=UTC)
    assert due.astimezone(berlin).hour == 5


@pytest.mark.parametrize("zone_of_start", [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")])
def test_an_hour_that_comes_twice_is_worked_twice(zone_of_start: ZoneInfo | timezone) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 25, 0, 0, tzinfo=berlin).astimezone(zone_of_start)  # 03:00 becomes 02:00
    due = add_working_hours(start, hours=4, zone=berlin, office=NIGHTS)
    assert due.astimezone(UTC) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)
    assert due.astimezone(berlin).hour == 3


def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for midnight, next_day in (
        (datetime(2026, 3, 29, tzinfo=berlin), datetime(2026, 3, 30, 1, 0, tzinfo=berlin)),  # seven hours
        (datetime(2026, 10, 25, tzinfo=berlin), datetime(2026, 10, 25, 7, 0, tzinfo=berlin)),  # nine
    ):
        assert add_working_hours(midnight, hours=8, zone=berlin, office=NIGHTS) == next_day


def test_a_naive_time_is_a_bug() -> None:
    naive = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        add_working_hours(naive, hours=1, zone=CHINA, office=OFFICE)
    for urgency in ("urgent", "ordinary"):
        with pytest.raises(ValueError, match="time zone"):
            answer_due(urgency, raised_at=naive, rules=Rulebook())


def in_office(moment: datetime, zone: ZoneInfo, office: WorkingHours) -> bool:
    """Within the hours, the moments of opening and closing included."""
    local = moment.astimezone(zone)
    return local.isoweekday() in office.weekdays and office.opens <= local.time() <= office.closes


@same_each_time
@given(start=MOMENTS, hours=HOURS, zone=ZONES, office=OFFICES)
def test_what_is_due_is_due_in_office_hours(
    start: datetime, hours: float, zone: ZoneInfo, office: WorkingHours
) -> None:
    due = add_working_hours(start, hours=hours, zone=zone, office=office)
    assert in_office(due, zone, office)
    assert due - start >= timedelta(hours=hours)


@same_each_time
@given(start=MOMENTS, later=st.floats(0, 200), hours=HOURS, more=st.floats(0, 40), zone=ZONES, office=OFFICES)
def test_later_or_longer_is_never_due_sooner(
    start: datetime, later: float, hours: float, more: float, zone: ZoneInfo, office: WorkingHours
) -> None:
    due = add_working_hours(start, hours=hours, zone=zone, office=office)
    assert add_working_hours(start, hours=hours + more, zone=zone, office=office) >= due
    assert add_working_hours(start + timedelta(hours=later), hours=hours, zone=zone, office=office) >= due


@same_each_time
@given(start=MOMENTS, first=st.integers(1, 40), then=st.integers(1, 40), zone=ZONES, office=OFFICES)
def test_two_spans_after_one_another_are_one_span(
    start: datetime, first: int, then: int, zone: ZoneInfo, office: WorkingHours
) -> None:
    halfway = add_working_hours(start, hours=first, zone=zone, office=office)
    whole = add_working_hours(start, hours=first + then, zone=zone, office=office)
    assert add_working_hours(halfway, hours=then, zone=zone, office=office) == whole


@same_each_time
@given(start=MOMENTS, hours=HOURS, zone=ZONES, office=OFFICES, asked_in=ZONES)
def test_the_zone_in_which_the_start_is_told_does_not_matter(
    start: datetime, hours: float, zone: ZoneInfo, office: WorkingHours, asked_in: ZoneInfo
) -> None:
    due = add_working_hours(start, hours=hours, zone=zone, office=office)
    told_otherwise = add_working_hours(start.astimezone(asked_in), hours=hours, zone=zone, office=office)
    assert told_otherwise.astimezone(UTC) == due


@pytest.mark.parametrize(
    ("urgency", "due"),
    [
        ("urgent", china(2026, 3, 6, 23, 30)),  # two hours, round the clock
        ("timely", china(2026, 3, 9, 13, 0)),  # four working hours
        ("ordinary", china(2026, 3, 9, 17, 0)),  # one working day
        ("complex", china(2026, 3, 9, 17, 0)),
    ],
)
def test_each_urgency_has_its_first_answer(urgency: str, due: datetime) -> None:
    friday_night = china(2026, 3, 6, 21, 30)
    assert answer_due(urgency, raised_at=friday_night.astimezone(UTC), rules=Rulebook()) == due


# --- quiet hours ----------------------------------------------------------------------------------------------------

NIGHT = {"quiet_from": time(22, 0), "quiet_to": time(7, 30)}
SIESTA = {"quiet_from": time(12, 0), "quiet_to": time(14, 0)}
NONE = {"quiet_from": time(7, 30), "quiet_to": time(7, 30)}


@pytest.mark.parametrize(
    ("moment", "quiet", "leaves"),
    [
        (china(2026, 3, 2, 21, 59), NIGHT, china(2026, 3, 2, 21, 59)),
        (china(2026, 3, 2, 22, 0), NIGHT, china(2026, 3, 3, 7, 30)),
        (china(2026, 2, 28, 23, 59), NIGHT, china(2026, 3, 1, 7, 30)),  # over the end of a month
        (china(2026, 3, 3, 0, 0), NIGHT, china(2026, 3, 3, 7, 30)),
        (china(2026, 3, 3, 7, 29), NIGHT, china(2026, 3, 3, 7, 30)),
        (china(2026, 3, 3, 7, 30), NIGHT, china(2026, 3, 3, 7, 30)),
        (china(2026, 3, 3, 12, 0), SIESTA, china(2026, 3, 3, 14, 0)),
        (china(2026, 3, 3, 14, 0), SIESTA, china(2026, 3, 3, 14, 0)),
        (china(2026, 3, 3, 11, 59), SIESTA, china(2026, 3, 3, 11, 59)),
        (china(2026, 3, 3, 7, 30), NONE, china(2026, 3, 3, 7, 30)),
        (china(2026, 3, 3, 3, 0), NONE, china(2026, 3, 3, 3, 0)),
    ],
)
def test_what_is_routine_leaves_when_the_quiet_hours_are_over(
    moment: datetime, quiet: dict[str, time], leaves: datetime
) -> None:
    found = after_quiet(moment.astimezone(UTC), zone=CHINA, **quiet)
    assert (found, found.tzinfo) == (leaves, UTC)


def test_quiet_hours_are_those_of_the_wall_on_days_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    # In the night to 29 March an hour is missing, in that to 25 October one comes twice: 07:30 stays 07:30.
    for evening, hours in (
        (datetime(2026, 3, 28, 22, 0, tzinfo=berlin), 8.5),
        (datetime(2026, 10, 24, 22, 0, tzinfo=berlin), 10.5),
    ):
        left = after_quiet(evening.astimezone(UTC), zone=berlin, **NIGHT)
        assert left - evening.astimezone(UTC) == timedelta(hours=hours)
        assert left.astimezone(berlin).time() == time(7, 30)


@same_each_time
@given(moment=MOMENTS, zone=ZONES, quiet=st.sampled_from([NIGHT, SIESTA, NONE]))
def test_whatever_the_hour_nothing_leaves_in_quiet_hours_nor_sooner_nor_a_day_later(
    moment: datetime, zone: ZoneInfo, quiet: dict[str, time]
) -> None:
    left = after_quiet(moment, zone=zone, **quiet)
    assert moment <= left <= moment + timedelta(hours=11)
    assert after_quiet(left, zone=zone, **quiet) == left


def test_quiet_hours_of_a_naive_time_are_a_bug() -> None:
    with pytest.raises(ValueError, match="time zone"):
        after_quiet(datetime(2026, 3, 2, 9, 0), zone=CHINA, **NIGHT)  # noqa: DTZ001 - it is what is refused
