"""Counting: so many in a span that moves along, told once in it, and nothing kept of who has gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.limits import Counted, Rates
from handlers import limits as counting
from handlers.limits import Limits, hours, minutes

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ME, YOU = 1, 2


class Clock:
    """A clock to be moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(Rates(updates_per_minute=3, uploads_per_hour=0), now=clock.now)


def test_the_window_moves_along(limits: Limits, clock: Clock) -> None:
    for seconds in (0.0, 10.0, 20.0):
        clock.seconds = seconds
        assert limits.take(Counted.UPDATES, ME) == 0.0
    clock.seconds = 30.0
    assert limits.take(Counted.UPDATES, ME) == 30.0
    assert limits.take(Counted.UPDATES, YOU) == 0.0
    clock.seconds = 60.0
    assert limits.take(Counted.UPDATES, ME) == 0.0
    assert limits.take(Counted.UPDATES, ME) == 10.0
    clock.seconds = 200.0
    assert [limits.take(Counted.UPDATES, ME) for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]


def test_who_waits_is_not_counted_meanwhile(limits: Limits, clock: Clock) -> None:
    for _ in range(10):
        limits.take(Counted.UPDATES, ME)
    clock.seconds = 60.0
    assert limits.wait(Counted.UPDATES, ME) == 0.0


def test_a_number_of_nothing_is_no_limit(limits: Limits) -> None:
    assert [limits.take(Counted.UPLOADS, ME) for _ in range(1000)] == [0.0] * 1000


def test_switched_off_nothing_is_limited(clock: Clock) -> None:
    off = Limits(Rates(enabled=False, updates_per_minute=1), now=clock.now)
    assert not off.any
    assert [off.take(Counted.UPDATES, ME) for _ in range(5)] == [0.0] * 5


def test_one_is_told_once_in_a_span_and_again_for_the_same_update(limits: Limits, clock: Clock) -> None:
    assert limits.tells(Counted.UPDATES, ME, update_id=7)
    assert limits.tells(Counted.UPDATES, ME, update_id=7)
    assert not limits.tells(Counted.UPDATES, ME, update_id=8)
    assert limits.tells(Counted.UPDATES, YOU, update_id=8)
    clock.seconds = 61.0
    assert limits.tells(Counted.UPDATES, ME, update_id=9)


def test_who_has_gone_is_forgotten(limits: Limits, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_SWEEP", 10)
    small = Limits(Rates(updates_per_minute=3), now=clock.now)
    for key in range(10):
        clock.seconds = float(key)
        small.take(Counted.UPDATES, key)
    clock.seconds = 65.0
    small.take(Counted.UPDATES, 99)
    assert {key for _, key in small._hits} == {6, 7, 8, 9, 99}


@pytest.mark.parametrize(
    ("seconds", "told", "long"), [(0.1, 1, 1), (60.0, 1, 1), (60.5, 2, 1), (3601.0, 61, 2)]
)
def test_a_wait_is_told_in_whole_minutes_or_hours(seconds: float, told: int, long: int) -> None:
    assert (minutes(seconds), hours(seconds)) == (told, long)


def test_every_kind_has_its_number_and_its_span() -> None:
    assert {counted: Rates().most(counted) for counted in Counted} == {
        Counted.UPDATES: (60, 60.0),
        Counted.GROUP: (300, 60.0),
        Counted.REQUESTS: (20, 86400.0),
        Counted.UPLOADS: (60, 3600.0),
        Counted.SEARCHES: (300, 3600.0),
        Counted.CODES: (10, 3600.0),
    }


def test_an_update_that_is_tried_again_counts_once() -> None:
    limits = Limits(Rates(updates_per_minute=2), now=lambda: BEGIN)
    assert [limits.take(Counted.UPDATES, 7, update_id=5) for _ in range(9)] == [0.0] * 9
    assert not limits.take(Counted.UPDATES, 7, update_id=6)
    assert limits.take(Counted.UPDATES, 7, update_id=8)
