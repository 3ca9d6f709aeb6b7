"""What confirmed work earns: amounts against an exact reckoning, rounding, and double entries."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.points import (
    ISSUED,
    Cap,
    Counted,
    Currency,
    Had,
    amount,
    counted,
    earned,
    posting,
    rounded_minutes,
)
from domain.rulebook import DEFAULT_CATEGORIES, PointRules
from domain.tasks import Claim, ClaimState
from tests.domain.lifecycle import START

same_each_time = settings(derandomize=True, database=None)


def claim(minutes: int | None) -> Claim:
    """A reported claim."""
    return Claim(
        4, 2, task_id=3, member_id=9, place=1, state=ClaimState.REPORTED, claimed_at=START, minutes=minutes
    )


@pytest.mark.parametrize(
    ("minutes", "kind", "stars", "hundredths"),
    [
        (60, "errand", 4, 1000),  # an hour is ten points
        (60, "errand", 5, 1200),
        (60, "errand", 3, 800),
        (60, "errand", 2, 0),
        (60, "errand", 1, 0),
        (90, "elder_help", 5, 2700),
        (50, "repair_help", 4, 900),  # 45 minutes
        (53, "repair_help", 4, 1200),  # 60 minutes
        (1, "visit", 4, 375),  # never down to nothing
    ],
)
def test_points_are_minutes_times_weight_times_factor(
    minutes: int, kind: str, stars: int, hundredths: int
) -> None:
    result = earned(claim(minutes), kind=kind, stars=stars, request_id=12, rules=PointRules())
    assert result.amount == hundredths
    assert (result.person_id, result.source_kind, result.source_id, result.request_id) == (9, "claim", 4, 12)
    assert (result.minutes, result.kind, result.rulebook) == (minutes, kind, 1)


@same_each_time
@given(
    minutes=st.integers(1, 1440),
    weight=st.integers(0, 5000),
    factor=st.integers(0, 300),
    rounding=st.sampled_from([1, 5, 10, 15, 30, 60]),
)
def test_the_amount_is_the_exact_one_rounded_half_up(
    minutes: int, weight: int, factor: int, rounding: int
) -> None:
    spans = max(Fraction(1), Fraction(int(Fraction(minutes, rounding) + Fraction(1, 2))))
    exact = spans * rounding / 60 * weight * factor / 100
    assert amount(minutes, weight=weight, factor=factor, rounding=rounding) == int(exact + Fraction(1, 2))


@same_each_time
@given(minutes=st.integers(1, 1440), to=st.integers(1, 120))
def test_minutes_are_rounded_to_the_nearest_multiple(minutes: int, to: int) -> None:
    rounded = rounded_minutes(minutes, to=to)
    assert rounded % to == 0
    assert rounded >= to
    assert abs(rounded - minutes) * 2 <= to or rounded == to


@same_each_time
@given(shorter=st.integers(1, 1440), longer=st.integers(1, 1440), stars=st.integers(1, 5))
def test_more_work_or_a_better_rating_never_earns_less(shorter: int, longer: int, stars: int) -> None:
    shorter, longer = sorted((shorter, longer))
    rules = PointRules()

    def of(minutes: int, rating: int) -> int:
        return earned(claim(minutes), kind="visit", stars=rating, request_id=None, rules=rules).amount

    assert 0 <= of(shorter, stars) <= of(longer, stars)
    assert of(shorter, max(1, stars - 1)) <= of(shorter, stars)


def test_a_kind_without_a_weight_counts_as_an_errand() -> None:
    rules = PointRules()
    unheard_of = earned(claim(60), kind="unheard_of", stars=4, request_id=None, rules=rules)
    assert unheard_of.weight == rules.weights["errand"]


def test_every_category_is_of_a_kind_that_has_a_weight() -> None:
    assert {category.kind for category in DEFAULT_CATEGORIES} <= set(PointRules().weights)


def test_every_number_of_stars_has_a_factor() -> None:
    assert set(PointRules().factors) == {1, 2, 3, 4, 5}


@same_each_time
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(-(10**9), 10**9)), max_size=20))
def test_double_entries_sum_to_zero_and_raise_both_numbers_alike(earnings: list[tuple[int, int]]) -> None:
    sums: Counter[str] = Counter()
    balances: Counter[tuple[str, Currency]] = Counter()
    for person_id, hundredths in earnings:
        for line in posting(person_id, hundredths):
            sums[line.currency] += line.amount
            balances[line.account, line.currency] += line.amount
    assert not any(sums.values())
    for person_id in range(1, 6):
        due = sum(hundredths for person, hundredths in earnings if person == person_id)
        for currency in Currency:
            assert balances[f"person:{person_id}", currency] == due
    assert balances[ISSUED, Currency.HONOUR] == -sum(hundredths for _, hundredths in earnings)


@same_each_time
@given(
    minutes=st.integers(1, 1440),
    day=st.integers(0, 1000),
    home=st.none() | st.integers(0, 1000),
    task=st.none() | st.integers(60, 600),
    factor=st.sampled_from([0, 80, 100, 120]),
)
def test_no_more_counts_than_there_is_room_for_and_what_is_cut_is_named(
    minutes: int, day: int, home: int | None, task: int | None, factor: int
) -> None:
    rules = PointRules()
    whole = rounded_minutes(minutes, to=rules.rounding)
    before = amount(minutes, weight=1000, factor=factor, rounding=rules.rounding)
    found = counted(
        before, minutes=minutes, weight=1000, factor=factor, had=Had(task, day, home), rules=rules
    )
    rooms = [480 - day, *([240 - home] if home is not None else []), *([task] if task is not None else [])]
    if not factor:
        assert found == Counted(0, 0)
        return
    assert found.minutes == min(whole, max(0, min(rooms)))
    assert 0 <= found.amount <= before
    assert (found.cap is None) == (found.minutes == whole)
    assert found.cap is not None or found.amount == before
    if found.cap is Cap.HOME:
        assert home is not None
        assert 240 - home < 480 - day


def test_a_referral_of_the_same_request_counts_once() -> None:
    had = Had(referred=True)
    found = counted(1000, minutes=60, weight=1000, factor=100, had=had, rules=PointRules())
    assert found == Counted(0, 0, Cap.REFERRAL)
