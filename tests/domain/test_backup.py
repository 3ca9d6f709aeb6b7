"""When a backup is due, which may go, and what is told once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.backup import (
    Keep,
    MarkTrouble,
    ReportTrouble,
    Trouble,
    TroubleCase,
    expendable,
    is_due,
    is_low,
    last_due,
    name_of,
    parsed,
    report,
)
from domain.base import Actor, Decision, Role, ToResponsible
from domain.rulebook import Rulebook

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.integers(1_420_070_400, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
keeps = st.builds(Keep, st.integers(0, 9), st.integers(0, 6), st.integers(0, 8))
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@given(st.lists(moments, max_size=60), keeps, zones)
def test_the_newest_backup_is_never_deleted_and_only_what_is_there_is(
    made: list[datetime], keep: Keep, zone: ZoneInfo
) -> None:
    gone = expendable(made, keep, zone)
    assert set(gone) <= set(made)
    assert list(gone) == sorted(gone)
    if made:
        assert max(made) not in gone


@given(st.lists(moments, max_size=60, unique=True), keeps, zones)
def test_what_is_deleted_once_leaves_nothing_more_to_delete(
    made: list[datetime], keep: Keep, zone: ZoneInfo
) -> None:
    left = set(made) - set(expendable(made, keep, zone))
    assert expendable(left, keep, zone) == ()
    assert len(left) <= max(1, keep.daily + keep.weekly + keep.monthly)


def test_a_year_of_nights_leaves_a_week_a_month_and_half_a_year() -> None:
    left: list[datetime] = []
    for night in range(400):
        left.append(datetime(2026, 1, 1, 19, 0, tzinfo=UTC) + timedelta(days=night))
        gone = set(expendable(left, Keep(7, 4, 6), SHANGHAI))
        left = [one for one in left if one not in gone]
    days = [one.astimezone(SHANGHAI).date() for one in left]
    last = days[-1]
    assert days[-7:] == [last - timedelta(days=back) for back in range(6, -1, -1)]
    assert len({day.isocalendar()[:2] for day in days}) >= 4
    assert len({(day.year, day.month) for day in days}) == 6
    assert len(days) <= 17
    # Of months gone by their last night stays.
    assert all(
        (day + timedelta(days=1)).month != day.month for day in days if day < last - timedelta(days=60)
    )


@given(moments, zones, st.times().map(lambda one: one.replace(microsecond=0)))
def test_a_backup_is_due_until_there_is_one_and_once_a_day(now: datetime, zone: ZoneInfo, at: time) -> None:
    due = last_due(now, at, zone)
    assert due <= now
    assert now - due < timedelta(hours=26)
    assert is_due(now, at=at, zone=zone, newest=None)
    assert is_due(now, at=at, zone=zone, newest=due - timedelta(seconds=1))
    assert not is_due(now, at=at, zone=zone, newest=due)


@pytest.mark.parametrize("zone", ZONES)
def test_looked_at_each_hour_of_a_year_every_day_has_one_backup(zone: str) -> None:
    here, newest, made = ZoneInfo(zone), None, []
    now = datetime(2018, 1, 1, tzinfo=UTC)
    while now < datetime(2019, 1, 1, tzinfo=UTC):
        if is_due(now, at=time(0, 30), zone=here, newest=newest):
            newest = now
            made.append(now.astimezone(here).date())
        now += timedelta(hours=1)
    assert all(b - a == timedelta(days=1) for a, b in pairwise(made[1:]))
    assert date(2018, 11, 4) in made


@given(moments, st.integers(0, 2**32 - 1))
def test_a_name_tells_database_and_time(moment: datetime, identity: int) -> None:
    assert parsed(name_of(f"{identity:08x}", moment)) == (f"{identity:08x}", moment)


@pytest.mark.parametrize(
    "name", ["linli-0badcafe-20261399T020000Z.tar", "linli.db", "linli-0badcafe-20260302T020000Z.tar.part"]
)
def test_no_other_file_is_taken_for_a_backup(name: str) -> None:
    assert parsed(name) is None


def test_little_room_stays_little_until_there_is_a_tenth_more() -> None:
    crossings, low = [], False
    for free in (120, 101, 99, 101, 105, 99, 111, 109, 101, 99):
        was, low = low, is_low(free, warn=100, was_low=low)
        if was != low:
            crossings.append(free)
    assert crossings == [99, 111, 99]


def decided(on: bool, known: bool) -> Decision:
    return report(
        TroubleCase(known, (1, 7)),
        ReportTrouble(Trouble.DISK, on, 12),
        actor=Actor.system("backup"),
        now=NOW,
        rules=Rulebook(),
    )


@pytest.mark.parametrize(("on", "told"), [(True, "disk_on"), (False, "disk_over")])
def test_each_crossing_is_told_to_the_admins_of_every_top(on: bool, told: str) -> None:
    decision = decided(on, known=not on)
    assert [notice.to for notice in decision.notices] == [
        ToResponsible(1, roles=(Role.ADMIN,)),
        ToResponsible(7, roles=(Role.ADMIN,)),
    ]
    assert {notice.params["told"] for notice in decision.notices} == {told}
    assert [(event.name, event.data) for event in decision.events] == [(f"trouble.{told}", {"number": 12})]
    assert decision.sweeps == (MarkTrouble(Trouble.DISK, on),)
    assert decided(on, known=on) == Decision()
