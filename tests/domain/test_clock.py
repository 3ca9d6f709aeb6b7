"""Cadences and their periods: nothing twice, nothing left out, whatever the clocks of a zone do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import (
    ByCalendar,
    Daily,
    Every,
    Missed,
    Monthly,
    Weekly,
    Yearly,
    cadence_of,
    instant,
    next_period,
    periods,
    what_is_due,
)
from domain.jobs import AGAIN_AND_AGAIN, BY_CALENDAR, JobState, cadence_for, shown

same_each_time = settings(derandomize=True, database=None, deadline=None, max_examples=40)

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Asia/Shanghai",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "America/Sao_Paulo",
            "Asia/Kathmandu",
        )
    ]
)
TIMES = st.sampled_from([time(0, 0), time(0, 30), time(1, 45), time(2, 30), time(8, 30), time(23, 59)])
CADENCES = st.one_of(
    st.builds(Daily, TIMES),
    st.builds(Weekly, st.integers(1, 7), TIMES),
    st.builds(Monthly, st.integers(1, 31), TIMES),
    st.builds(
        lambda day, at: Yearly(day.month, day.day, at), st.dates(date(2024, 1, 1), date(2024, 12, 31)), TIMES
    ),
)
# Until 2019 São Paulo's clocks leapt over midnight.
MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SPANS = st.timedeltas(timedelta(), timedelta(days=800))
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
HALF_AN_HOUR = ZoneInfo("Australia/Lord_Howe")
CHINA = ZoneInfo("Asia/Shanghai")


def between(
    cadence: ByCalendar, start: datetime, end: datetime, zone: ZoneInfo
) -> list[tuple[str, datetime]]:
    found = takewhile(lambda one: one.due <= end, periods(cadence, after=start, zone=zone))
    return [(one.key, one.due) for one in found]


@same_each_time
@given(CADENCES, ZONES, MOMENTS, SPANS, SPANS)
def test_a_span_cut_in_two_has_the_periods_of_the_whole(
    cadence: ByCalendar, zone: ZoneInfo, start: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = start + first, start + first + second
    whole = between(cadence, start, end, zone)
    assert whole == between(cadence, start, middle, zone) + between(cadence, middle, end, zone)


@same_each_time
@given(CADENCES, ZONES, MOMENTS)
def test_names_never_come_twice_and_times_only_go_forward(
    cadence: ByCalendar, zone: ZoneInfo, start: datetime
) -> None:
    found = list(islice(periods(cadence, after=start, zone=zone), 400 if isinstance(cadence, Daily) else 40))
    assert found[0].due > start
    assert all(one.due < other.due for one, other in pairwise(found))
    assert len({one.key for one in found}) == len(found)


@same_each_time
@given(TIMES, ZONES, MOMENTS)
def test_each_day_of_a_year_is_one_period_at_its_time_by_the_clock_on_the_wall(
    at: time, zone: ZoneInfo, start: datetime
) -> None:
    found = list(islice(periods(Daily(at), after=start, zone=zone), 370))
    days = [date.fromisoformat(one.key) for one in found]
    assert all(other - one == timedelta(days=1) for one, other in pairwise(days))
    for one, day in zip(found, days, strict=True):
        local = one.due.astimezone(zone)
        assert local.date() == day
        # Leapt over, it is later by the leap and no more.
        assert at <= local.time() <= (datetime.combine(day, at) + timedelta(hours=1)).time() or at > time(23)


@same_each_time
@given(CADENCES, ZONES, MOMENTS, SPANS, st.timedeltas(timedelta(), timedelta(days=40)))
def test_whatever_is_due_is_run_or_skipped_and_nothing_else(
    cadence: ByCalendar, zone: ZoneInfo, reached: datetime, span: timedelta, too_late: timedelta
) -> None:
    now = reached + span
    expected = [key for key, _ in between(cadence, reached, now, zone)]
    for missed in Missed:
        run: list[str] = []
        skipped: list[str] = []
        at = reached
        while True:
            found = what_is_due(cadence, reached=at, now=now, zone=zone, too_late=too_late, missed=missed)
            skipped += [one.key for one in found.skipped]
            if found.run is None:
                break
            assert found.run.due <= now <= found.run.due + too_late
            run.append(found.run.key)
            at = found.run.due
        assert sorted(run + skipped) == sorted(expected)
        if missed is Missed.LATEST:
            assert run in ([], expected[-1:])


def test_a_time_that_comes_twice_is_one_period_and_one_that_is_leapt_over_is_not_lost() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    autumn = between(
        Daily(time(2, 30)),
        datetime(2026, 10, 24, 12, tzinfo=UTC),
        datetime(2026, 10, 26, 12, tzinfo=UTC),
        berlin,
    )
    assert [f"{due:%d %H:%M}" for _, due in autumn] == ["25 00:30", "26 01:30"]
    spring = between(
        Daily(time(2, 30)),
        datetime(2026, 3, 28, 12, tzinfo=UTC),
        datetime(2026, 3, 30, 12, tzinfo=UTC),
        berlin,
    )
    assert [f"{due:%d %H:%M}" for _, due in spring] == ["29 01:30", "30 00:30"]


def test_a_midnight_that_is_not_there_is_the_first_moment_of_its_day() -> None:
    due = instant(date(2017, 10, 15), time(0), SAO_PAULO)
    assert f"{due.astimezone(SAO_PAULO):%d %H:%M}" == "15 01:00"
    (found,) = between(Daily(time(0)), due - timedelta(hours=1), due, SAO_PAULO)
    assert found == ("2017-10-15", due)


def test_clocks_that_move_by_half_an_hour_are_followed() -> None:
    before = instant(date(2026, 10, 3), time(8, 30), HALF_AN_HOUR)
    after = instant(date(2026, 10, 5), time(8, 30), HALF_AN_HOUR)
    assert after - before == timedelta(days=2) - timedelta(minutes=30)


def test_a_day_that_a_zone_left_out_has_no_period() -> None:
    samoa = ZoneInfo("Pacific/Apia")
    start = datetime(2011, 12, 29, 0, tzinfo=UTC)
    found = [one.key for one in islice(periods(Daily(time(9)), after=start, zone=samoa), 4)]
    assert found == ["2011-12-29", "2011-12-31", "2012-01-01", "2012-01-02"]


def test_short_months_leap_years_and_the_turn_of_the_year() -> None:
    start = datetime(2027, 12, 28, tzinfo=UTC)
    ends = islice(periods(Monthly(31, time(9)), after=start, zone=CHINA), 4)
    assert [f"{one.due:%Y-%m-%d}" for one in ends] == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"]
    leaps = islice(periods(Yearly(2, 29, time(9)), after=start, zone=CHINA), 3)
    assert [f"{one.due:%Y-%m-%d}" for one in leaps] == ["2028-02-29", "2029-02-28", "2030-02-28"]
    weeks = islice(periods(Weekly(5, time(9)), after=start, zone=CHINA), 2)
    assert [one.key for one in weeks] == ["2027-W52", "2028-W01"]


def test_far_ahead_there_is_an_end_and_no_error() -> None:
    last = datetime(9998, 12, 30, tzinfo=UTC)
    assert next_period(Daily(time(9)), after=last, zone=CHINA).key == "9998-12-30"


@pytest.mark.parametrize(
    "text",
    ["", "hourly", "every 0 minutes", "every 25 hours", "daily 24:00", "daily 9:00", "weekly 8 09:00", "weekly 09:00",
     "monthly 0 09:00", "monthly 32 09:00", "yearly 02-30 09:00", "yearly 13-01 09:00", "daily 03:30\n;", "每天 03:30"],
)  # fmt: skip
def test_what_is_no_cadence_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cadence|calendar|once a day"):
        cadence_of(text)


@same_each_time
@given(CADENCES | st.builds(Every, st.integers(1, 1440).map(lambda minutes: timedelta(minutes=minutes))))
def test_a_cadence_is_read_as_it_is_written(cadence: ByCalendar | Every) -> None:
    assert cadence_of(f"  {str(cadence).upper()} ") == cadence


@pytest.mark.parametrize("name", AGAIN_AND_AGAIN)
def test_what_looks_again_and_again_goes_on_doing_so(name: str) -> None:
    with pytest.raises(ValueError, match="every 5 minutes"):
        cadence_for(name, "daily 09:00")


@pytest.mark.parametrize("name", BY_CALENDAR)
def test_what_goes_by_the_calendar_does_not_look_all_the_time(name: str) -> None:
    with pytest.raises(ValueError, match=r"daily 03:30"):
        cadence_for(name, "every 5 minutes")


def test_a_job_is_late_only_after_some_grace(now: datetime) -> None:
    daily = JobState(1, 1, "retention", "daily 03:30", now - timedelta(days=1))
    due = next_period(Daily(time(3, 30)), after=daily.reached, zone=CHINA).due
    rows = [shown(daily, now=due + timedelta(minutes=minutes), zone=CHINA) for minutes in (-1, 9, 11)]
    assert [(row.late, row.next_at) for row in rows] == [(False, due), (False, due), (True, due)]
    often = JobState(2, 1, "settlement", "every 1 minute", now, last_at=now)
    assert [shown(often, now=now + timedelta(minutes=m), zone=CHINA).late for m in (1, 15, 17)] == [
        False,
        False,
        True,
    ]
