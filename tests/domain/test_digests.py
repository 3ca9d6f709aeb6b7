"""Which period of a digest is due: once each, never two at once, whatever the clocks of a zone do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.base import NOT_FOUND, Actor, Refused
from domain.digests import ChooseDigest, Digest, DigestCase, PutRhythm, Rhythm, begun, choose, due
from domain.rulebook import DigestRules, Rulebook

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = st.sampled_from(
    [
        SHANGHAI,
        ZoneInfo("Europe/Berlin"),
        # Half an hour of summer time, and summer time that begins at midnight.
        ZoneInfo("Australia/Lord_Howe"),
        ZoneInfo("America/Sao_Paulo"),
    ]
)
MOMENTS = st.datetimes(
    datetime(2008, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
NO_QUIET = replace(Rulebook().notices, quiet_from=time(0), quiet_to=time(0))
RULES = st.builds(
    lambda at, weekday: Rulebook(digests=DigestRules(at, weekday), notices=NO_QUIET),
    # Where clocks are changed, and the ends of a day.
    st.sampled_from([time(0), time(0, 30), time(1, 45), time(2), time(2, 30), time(8), time(23, 59)]),
    st.integers(1, 7),
)
RHYTHMS = st.sampled_from([Rhythm.DAILY, Rhythm.WEEKLY])
STEPS = {Rhythm.DAILY: timedelta(days=1), Rhythm.WEEKLY: timedelta(days=7)}


def at(rules: Rulebook, day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, rules.digests.at, zone).astimezone(UTC)


@given(MOMENTS, ZONES, RULES, RHYTHMS)
def test_the_newest_period_has_begun_and_the_next_has_not(
    now: datetime, zone: ZoneInfo, rules: Rulebook, rhythm: Rhythm
) -> None:
    day = begun(rhythm, now=now, zone=zone, rules=rules)
    assert at(rules, day, zone) <= now < at(rules, day + STEPS[rhythm], zone)
    assert rhythm is Rhythm.DAILY or day.isoweekday() == rules.digests.weekday


@given(MOMENTS, ZONES, RULES, RHYTHMS, st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), max_size=30))
def test_a_clock_that_looks_now_and_then_never_goes_back_and_never_skips_what_it_could_send(
    now: datetime, zone: ZoneInfo, rules: Rulebook, rhythm: Rhythm, looks: list[timedelta]
) -> None:
    last = begun(rhythm, now=now, zone=zone, rules=rules)
    for step in looks:
        now += step
        day = begun(rhythm, now=now, zone=zone, rules=rules)
        assert day >= last
        assert (day - last) % STEPS[rhythm] == timedelta(0)
        last = day


@given(MOMENTS, ZONES, RULES)
def test_each_minute_of_a_day_of_changed_clocks_belongs_to_one_period(
    now: datetime, zone: ZoneInfo, rules: Rulebook
) -> None:
    days = [
        begun(Rhythm.DAILY, now=now + timedelta(minutes=15 * count), zone=zone, rules=rules)
        for count in range(4 * 30)
    ]
    assert days == sorted(days)
    assert len(set(days)) in (2, 3), "thirty hours hold one or two beginnings"


@given(MOMENTS, ZONES, RULES)
def test_a_daily_one_is_sent_on_its_own_day_or_not_at_all(
    now: datetime, zone: ZoneInfo, rules: Rulebook
) -> None:
    day = due(Rhythm.DAILY, now=now, zone=zone, rules=rules)
    assert day in (None, now.astimezone(zone).date())
    assert (day is None) == (now < at(rules, now.astimezone(zone).date(), zone))


@pytest.mark.parametrize(
    ("clock", "daily", "weekly"),
    [
        ("2026-03-02 07:59", None, date(2026, 2, 23)),
        ("2026-03-02 08:00", date(2026, 3, 2), date(2026, 3, 2)),
        ("2026-03-02 21:59", date(2026, 3, 2), date(2026, 3, 2)),
        ("2026-03-02 22:00", None, None),
        ("2026-03-03 07:29", None, None),
        ("2026-03-03 07:30", None, date(2026, 3, 2)),
        ("2026-03-05 12:00", date(2026, 3, 5), date(2026, 3, 2)),
    ],
)
def test_nobody_is_woken_by_one(clock: str, daily: date | None, weekly: date | None) -> None:
    now = datetime.fromisoformat(clock).replace(tzinfo=SHANGHAI)
    rules = Rulebook()
    assert due(Rhythm.DAILY, now=now, zone=SHANGHAI, rules=rules) == daily
    assert due(Rhythm.WEEKLY, now=now, zone=SHANGHAI, rules=rules) == weekly


# --- choosing ---------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ACTOR = Actor(7, home_unit_id=5)
LIVES = DigestCase(7, Rhythm.NEVER, has_home=True)


def chosen(case: DigestCase, digest: Digest, rhythm: Rhythm, *, now: datetime = NOW) -> tuple[PutRhythm, ...]:
    decision = choose(case, ChooseDigest(digest, rhythm), actor=ACTOR, now=now, rules=Rulebook())
    assert len(decision.events) == len(decision.sweeps)
    return tuple(sweep for sweep in decision.sweeps if isinstance(sweep, PutRhythm))


def refusal(case: DigestCase, digest: Digest, rhythm: Rhythm) -> str:
    with pytest.raises(Refused) as caught:
        chosen(case, digest, rhythm)
    return caught.value.key


def test_what_is_chosen_begins_with_the_next_period() -> None:
    (daily,) = chosen(LIVES, Digest.HOME, Rhythm.DAILY)
    assert daily.last_on == date(2026, 3, 2), "it is past eight: tomorrow's is the first"
    (early,) = chosen(LIVES, Digest.HOME, Rhythm.DAILY, now=NOW - timedelta(hours=3))
    assert early.last_on == date(2026, 3, 1)
    (weekly,) = chosen(LIVES, Digest.HOME, Rhythm.WEEKLY, now=NOW + timedelta(days=2))
    assert weekly.last_on == date(2026, 3, 2)
    elsewhere = replace(LIVES, zone="America/Sao_Paulo")
    assert chosen(elsewhere, Digest.HOME, Rhythm.DAILY)[0].last_on == date(2026, 3, 1)


def test_the_same_once_more_changes_nothing() -> None:
    assert chosen(replace(LIVES, rhythm=Rhythm.DAILY), Digest.HOME, Rhythm.DAILY) == ()


def test_what_one_cannot_get_cannot_be_chosen() -> None:
    assert refusal(replace(LIVES, has_home=False), Digest.HOME, Rhythm.DAILY) == "digest.no_home"
    assert refusal(LIVES, Digest.DESK, Rhythm.NEVER) == NOT_FOUND
    serves = DigestCase(7, Rhythm.DAILY, serves=True)
    assert refusal(serves, Digest.DESK, Rhythm.WEEKLY) == NOT_FOUND
    assert chosen(serves, Digest.DESK, Rhythm.NEVER)
    gone = DigestCase(7, Rhythm.DAILY)
    assert chosen(gone, Digest.HOME, Rhythm.NEVER), "whoever has no home any more may still turn it off"
