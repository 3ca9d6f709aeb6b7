"""Telegram's limits, kept for every sequence of requests, and people first."""

from __future__ import annotations

import asyncio
import itertools
from asyncio import run
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.limiter import Gate, Limiter, Limits
from domain.lanes import Lane


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> Limiter:
    return Limiter(Limits(), now=clock)


def _busiest(times: list[float], seconds: float) -> int:
    """The largest number of `times` (sorted) in any closed stretch of `seconds`."""
    start = most = 0
    for end, time in enumerate(times):
        while time - times[start] > seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


def _drain(limiter: Limiter, clock: Clock, *, lane: Lane, seconds: float) -> list[float]:
    """Send to ever new people as fast as allowed; the times of departure."""
    left, until = [], clock.now + seconds
    chats = itertools.count(1)
    while clock.now < until:
        wait = limiter.try_acquire(next(chats), lane=lane, is_group=False)
        if wait == 0:
            left.append(clock.now)
        clock.now += wait
    return left


_asks = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.02, 0.3, 1.0]),
        st.sampled_from(Lane),
        st.integers(min_value=-4, max_value=30),
    ),
    min_size=50,
    max_size=400,
)


@settings(deadline=None, max_examples=40)
@given(_asks)
@example([(0.0, Lane.PERSON, chat % 30) for chat in range(400)])
@example([(0.02, Lane.CLAIM, -1)] * 400)
def test_no_sequence_of_requests_leaves_faster_than_telegram_allows(
    asks: list[tuple[float, Lane, int]],
) -> None:
    clock, limits = Clock(), Limits()
    limiter = Limiter(limits, now=clock)
    every: list[float] = []
    by_chat: dict[int, list[float]] = defaultdict(list)
    for pause, lane, chat_id in asks:
        clock.now += pause
        if limiter.try_acquire(chat_id, lane=lane, is_group=chat_id < 0) > 0:
            continue
        every.append(clock.now)
        by_chat[chat_id].append(clock.now)
        if lane.is_bulk:
            in_a_second = sum(at > clock.now - 1.0 for at in every)
            assert in_a_second <= limits.bulk_per_second < limits.overall_per_second

    assert _busiest(every, 1.0) <= limits.overall_per_second == 30
    for chat_id, times in by_chat.items():
        for first, last in itertools.combinations(range(len(times)), 2):
            elapsed = times[last] - times[first]
            assert last - first + 1 <= limits.chat_burst + elapsed * limits.chat_per_second + 1e-3
        if chat_id < 0:
            assert _busiest(times, 60.0) <= 20


@settings(deadline=None, max_examples=40)
@given(_asks)
def test_a_request_that_comes_back_when_it_was_told_is_let_through_if_nobody_else_came(
    asks: list[tuple[float, Lane, int]],
) -> None:
    clock = Clock()
    limiter = Limiter(Limits(), now=clock)
    for pause, lane, chat_id in asks:
        clock.now += pause
        # A place kept for a better lane may still stand when the first wait is over, so twice at most.
        for _ in range(3):
            wait = limiter.try_acquire(chat_id, lane=lane, is_group=chat_id < 0)
            clock.now += wait
            if wait == 0:
                break
        else:
            pytest.fail(f"lane {lane} to chat {chat_id} was sent away three times")


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(min_value=0.0, max_value=0.4), min_size=1, max_size=60),
    st.sampled_from([Lane.REMINDER, Lane.BROADCAST]),
)
def test_a_person_is_never_delayed_by_bulk_beyond_the_next_free_place(
    pauses: list[float], bulk: Lane
) -> None:
    """Bulk asks every 5 ms and always just before the person; the person keeps to the times told."""
    clock = Clock()
    limiter = Limiter(Limits(), now=clock)
    bulk_chats, people = itertools.count(1_000_000), itertools.count(1)

    def bulk_presses_until(moment: float) -> None:
        while clock.now < moment:
            limiter.try_acquire(next(bulk_chats), lane=bulk, is_group=False)
            clock.now = min(clock.now + 0.005, moment)
        limiter.try_acquire(next(bulk_chats), lane=bulk, is_group=False)

    for pause in pauses:
        bulk_presses_until(clock.now + pause)
        person, asked = next(people), clock.now
        while (wait := limiter.try_acquire(person, lane=Lane.PERSON, is_group=False)) > 0:
            bulk_presses_until(clock.now + wait)
        assert clock.now - asked <= 1.002 + 1e-3


@pytest.mark.parametrize("every_ms", [250, 165, 50])
def test_a_few_people_a_second_hardly_feel_a_broadcast_that_takes_all_that_is_left(
    limiter: Limiter, clock: Clock, every_ms: int
) -> None:
    waits: list[float] = []
    left = 0
    for step in range(4000):
        left += limiter.try_acquire(step, lane=Lane.BROADCAST, is_group=False) == 0
        if step * 5 % every_ms == 0:
            waits.append(limiter.try_acquire(1_000_000 + step, lane=Lane.PERSON, is_group=False))
            left += waits[-1] == 0
        clock.now += 0.005

    assert len(waits) >= 80
    assert max(waits) <= 1.01 / 29 + 1e-6, "no more than one place"
    assert left >= 20 * 28


def test_somebody_alone_does_not_wait_for_a_broadcast_at_all(limiter: Limiter, clock: Clock) -> None:
    for second in range(30):
        _drain(limiter, clock, lane=Lane.BROADCAST, seconds=1.1)
        assert limiter.try_acquire(-second - 1, lane=Lane.PERSON, is_group=False) == 0


def test_the_place_that_falls_free_goes_to_the_person_who_waits(limiter: Limiter, clock: Clock) -> None:
    for person in range(30):
        assert limiter.try_acquire(person, lane=Lane.PERSON, is_group=False) == 0
    wait = limiter.try_acquire(100, lane=Lane.PERSON, is_group=False)
    clock.now += wait

    assert limiter.try_acquire(200, lane=Lane.BROADCAST, is_group=False) > 0
    assert limiter.try_acquire(100, lane=Lane.PERSON, is_group=False) == 0


def test_a_place_kept_for_somebody_who_never_comes_back_is_given_away(limiter: Limiter, clock: Clock) -> None:
    for person in range(31):
        wait = limiter.try_acquire(person, lane=Lane.PERSON, is_group=False)
    clock.now += wait

    kept = limiter.try_acquire(200, lane=Lane.BROADCAST, is_group=False)
    clock.now += kept

    assert 0 < kept <= Limits().grace_seconds + 1e-6
    assert limiter.try_acquire(200, lane=Lane.BROADCAST, is_group=False) == 0


def test_a_broadcast_alone_leaves_evenly_at_nearly_the_whole_rate(limiter: Limiter, clock: Clock) -> None:
    left = _drain(limiter, clock, lane=Lane.BROADCAST, seconds=20)

    assert len(left) == pytest.approx(29 * 20 / 1.01, abs=3)
    assert len(left) / 20 >= 28.5
    assert _busiest(left, 0.1) <= 6


def test_people_alone_may_use_the_whole_token(limiter: Limiter, clock: Clock) -> None:
    left = _drain(limiter, clock, lane=Lane.PERSON, seconds=21)

    assert len(left) == pytest.approx(21 * 30 / 1.002, abs=30)


def test_a_chat_takes_a_short_burst_and_then_one_a_second(limiter: Limiter, clock: Clock) -> None:
    waits = [limiter.try_acquire(7, lane=Lane.PERSON, is_group=False) for _ in range(4)]

    assert waits == [0, 0, 0, pytest.approx(1.05)]
    assert limiter.try_acquire(8, lane=Lane.PERSON, is_group=False) == 0


def test_a_group_takes_twenty_in_a_minute(limiter: Limiter, clock: Clock) -> None:
    left = 0
    for _ in range(59):
        left += limiter.try_acquire(-7, lane=Lane.CLAIM, is_group=True) == 0
        clock.now += 1.0

    assert left == 20
    clock.now += 1.1
    assert limiter.try_acquire(-7, lane=Lane.CLAIM, is_group=True) == 0


def test_a_429_freezes_its_own_chat_only(limiter: Limiter, clock: Clock) -> None:
    limiter.frozen(7, 30)

    assert limiter.try_acquire(7, lane=Lane.PERSON, is_group=False) == pytest.approx(30)
    assert limiter.try_acquire(8, lane=Lane.PERSON, is_group=False) == 0
    clock.now += 30
    assert limiter.try_acquire(7, lane=Lane.PERSON, is_group=False) == 0


def test_a_second_429_for_the_same_chat_still_freezes_only_that_chat(limiter: Limiter) -> None:
    limiter.frozen(7, 30)
    limiter.frozen(7, 60)

    assert limiter.try_acquire(7, lane=Lane.PERSON, is_group=False) == pytest.approx(60)
    assert limiter.try_acquire(8, lane=Lane.PERSON, is_group=False) == 0


def test_two_chats_frozen_at_once_freeze_everyone_until_only_one_of_them_is_left(
    limiter: Limiter, clock: Clock
) -> None:
    limiter.frozen(-7, 3600)
    limiter.frozen(8, 5)

    assert limiter.try_acquire(9, lane=Lane.PERSON, is_group=False) == pytest.approx(5)
    clock.now += 5
    assert limiter.try_acquire(9, lane=Lane.PERSON, is_group=False) == 0
    assert limiter.try_acquire(-7, lane=Lane.PERSON, is_group=True) == pytest.approx(3595)


def test_two_chats_frozen_one_after_the_other_do_not_freeze_everyone(limiter: Limiter, clock: Clock) -> None:
    limiter.frozen(7, 5)
    clock.now += 6
    limiter.frozen(8, 5)

    assert limiter.try_acquire(9, lane=Lane.PERSON, is_group=False) == 0


def test_switched_off_it_lets_everything_through_but_what_telegram_froze(clock: Clock) -> None:
    limiter = Limiter(replace(Limits(), enabled=False), now=clock)
    waits = {limiter.try_acquire(7, lane=Lane.BROADCAST, is_group=True) for _ in range(1000)}
    limiter.frozen(7, 5)

    assert waits == {0.0}
    assert limiter.try_acquire(7, lane=Lane.BROADCAST, is_group=True) == pytest.approx(5)


def test_chats_that_are_idle_are_forgotten(limiter: Limiter, clock: Clock) -> None:
    _drain(limiter, clock, lane=Lane.BROADCAST, seconds=600)

    assert len(limiter) < 600


def test_frozen_chats_of_the_past_are_forgotten(limiter: Limiter, clock: Clock) -> None:
    for chat_id in range(1000):
        limiter.frozen(chat_id, 1)
        clock.now += 1

    assert len(limiter) == 1


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.02, 0.3]), min_size=40, max_size=200))
def test_however_they_were_let_go_no_more_pass_the_wire_in_a_second_than_telegram_allows(
    pauses: list[float],
) -> None:
    clock = Clock()

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    gate = Gate(Limits(), now=clock, sleep=sleep)
    left = []
    for pause in pauses:
        clock.now += pause
        run(gate.passed())
        left.append(clock.now)

    assert _busiest(left, 1.0) <= 30


def test_an_album_passes_the_wire_when_all_of_it_fits(clock: Clock) -> None:
    async def sleep(seconds: float) -> None:
        clock.now += seconds

    gate = Gate(Limits(), now=clock, sleep=sleep)
    begun = clock.now
    for _ in range(3):
        run(gate.passed(10))
    assert clock.now == begun
    run(gate.passed(10))
    assert clock.now >= begun + 1


@pytest.mark.parametrize(("bulk", "first"), [(False, "last come"), (True, "one")])
def test_at_the_wire_too_a_person_goes_before_bulk_that_came_earlier(
    clock: Clock, bulk: bool, first: str
) -> None:
    passed: list[str] = []
    alarms: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(seconds: float) -> None:
        alarms.append((clock.now + seconds, asyncio.get_running_loop().create_future()))
        await alarms[-1][1]

    async def passes(gate: Gate, name: str, *, bulk: bool) -> None:
        await gate.passed(bulk=bulk)
        passed.append(name)

    async def scene() -> None:
        gate = Gate(Limits(), now=clock, sleep=sleep)
        for _ in range(30):
            await gate.passed(bulk=True)
            clock.now += 0.01
        waiting = [
            asyncio.ensure_future(passes(gate, "one", bulk=True)),
            asyncio.ensure_future(passes(gate, "two", bulk=True)),
            asyncio.ensure_future(passes(gate, "last come", bulk=bulk)),
        ]
        while len(passed) < 3:
            await asyncio.sleep(0)
            if not alarms:
                continue
            at, alarm = min(alarms, key=lambda each: each[0])
            alarms.remove((at, alarm))
            clock.now = max(clock.now, at)
            alarm.set_result(None)
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    run(scene())
    assert passed[0] == first


def test_the_gate_is_open_when_limits_are_switched_off(clock: Clock) -> None:
    async def sleep(seconds: float) -> None:
        pytest.fail("it waited")

    gate = Gate(replace(Limits(), enabled=False), now=clock, sleep=sleep)
    for _ in range(100):
        run(gate.passed())
