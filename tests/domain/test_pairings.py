"""Pairings: who may be paired, when visits come due, and who hears of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.base import NOT_FOUND, Actor, Decision, Refused, ToPerson, ToResponsible
from domain.pairings import (
    MAX_CADENCE_DAYS,
    OpenVisit,
    Pairing,
    PairingCase,
    PairUp,
    Visit,
    open_visit,
    pair_up,
)
from domain.people import Person
from domain.rulebook import Rulebook
from domain.tasks import Claim, ClaimState, Task
from tests.domain.lifecycle import START
from tests.domain.pure_world import PERSON_IDS, UNIT_IDS, PureWorld

same_each_time = settings(derandomize=True, database=None)

CLOCK = Actor.system("visits")
LEADER = Actor(person_id=8, name="leader")
RESIDENT = Person(3, 1, 30, "Wang", "zh", home_unit_id=5, household_id=9)
CASE = PairingCase(RESIDENT, member_id=4, unit_id=5, path="1.5.", new_pairing_id=1)


def paired(action: PairUp, case: PairingCase = CASE) -> Decision:
    return pair_up(case, action, actor=LEADER, now=START, rules=Rulebook())


def weekly(*, need: str = "living_alone", days: int = 7, notes: str = "") -> PairUp:
    return PairUp(4, need, days, date(2026, 3, 2), notes=notes, resident_id=3)


def opened(pairing: Pairing | None, *, now: datetime, open_already: bool = False) -> Decision:
    case = replace(
        CASE, pairing=pairing, open_visit=open_already, new_task_id=5, new_claim_id=6, new_visit_id=7
    )
    return open_visit(case, OpenVisit(1), actor=CLOCK, now=now, rules=Rulebook())


def pairing(*, due: date, days: int = 7) -> Pairing:
    return Pairing(1, 1, 5, 3, 4, "living_alone", days, due, START)


def next_due(pair: Pairing, *, now: datetime) -> date:
    saved = next(entity for entity in opened(pair, now=now).saves if isinstance(entity, Pairing))
    return saved.next_due_on


def china(*when: int) -> datetime:
    year, month, day, hour = when
    return datetime(year, month, day, hour, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


# --- pairing up ----------------------------------------------------------------------------------------------------


def test_both_hear_of_a_new_pairing_and_the_notes_stay_out_of_the_audit_trail() -> None:
    decision = paired(weekly(notes="hard of hearing"))
    assert {notice.to for notice in decision.notices} == {ToPerson(3), ToPerson(4)}
    assert [remark.content.text for remark in decision.remarks] == ["hard of hearing"]
    assert "hard of hearing" not in str(decision.events)
    assert not paired(weekly(notes="  ")).remarks


def test_a_resident_whom_the_bot_did_not_know_is_written_down_with_the_pairing() -> None:
    unknown = replace(CASE, resident=replace(RESIDENT, version=0, telegram_id=None))
    assert [type(entity) for entity in paired(weekly(), unknown).saves] == [Person, Pairing]
    assert [type(entity) for entity in paired(weekly()).saves] == [Pairing]


@pytest.mark.parametrize(
    ("case", "action", "key"),
    [
        (CASE, weekly(need="boredom"), "pairing.need_unknown"),
        (CASE, weekly(days=0), "pairing.cadence_wrong"),
        (CASE, weekly(days=MAX_CADENCE_DAYS + 1), "pairing.cadence_wrong"),
        (replace(CASE, member_serves=False), weekly(), "pairing.not_a_member"),
        (replace(CASE, member_id=3), weekly(), "pairing.oneself"),
        (replace(CASE, same_household=True), weekly(), "task.your_own"),
        (replace(CASE, already_paired=True), weekly(), "pairing.already"),
    ],
)
def test_a_pairing_that_makes_no_sense_is_refused(case: PairingCase, action: PairUp, key: str) -> None:
    with pytest.raises(Refused) as refused:
        paired(action, case)
    assert refused.value.key == key


# --- coming due ----------------------------------------------------------------------------------------------------


def test_a_due_visit_is_a_task_that_the_member_holds_already() -> None:
    decision = opened(pairing(due=date(2026, 3, 2)), now=china(2026, 3, 2, 9))
    saved = {type(entity): entity for entity in decision.saves}
    task, claim, visit = saved[Task], saved[Claim], saved[Visit]
    assert isinstance(task, Task)
    assert isinstance(claim, Claim)
    assert isinstance(visit, Visit)
    assert (task.places, task.taken, task.for_person_id) == (1, 1, 3)
    assert (claim.member_id, claim.state, claim.task_id) == (4, ClaimState.CLAIMED, task.id)
    assert (visit.task_id, visit.due_on) == (task.id, date(2026, 3, 2))
    assert [notice.to for notice in decision.notices] == [ToPerson(4)]


@pytest.mark.parametrize(
    ("pair", "open_already"),
    [
        (None, False),
        (replace(pairing(due=date(2026, 3, 2)), ended_at=START), False),
        (pairing(due=date(2026, 3, 2)), True),
    ],
)
def test_what_has_ended_or_is_open_brings_no_visit(pair: Pairing | None, *, open_already: bool) -> None:
    assert opened(pair, now=START, open_already=open_already) == Decision()


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (china(2026, 3, 2, 9), date(2026, 3, 9)),  # on the day
        (china(2026, 3, 5, 9), date(2026, 3, 9)),  # some days late
        (china(2026, 3, 9, 9), date(2026, 3, 16)),  # a whole turn late: never due again the same day
        (china(2026, 3, 9, 7), date(2026, 3, 16)),  # nor when in UTC it is still the day before
        (china(2026, 5, 1, 9), date(2026, 5, 4)),  # after a long silence, on the old weekday
    ],
)
def test_the_next_visit_is_the_next_day_of_the_cadence(now: datetime, due: date) -> None:
    assert next_due(pairing(due=date(2026, 3, 2)), now=now) == due


@same_each_time
@given(
    due=st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    days=st.integers(1, MAX_CADENCE_DAYS),
    late=st.integers(0, 2000),
    hour=st.integers(0, 23),
)
def test_the_next_visit_is_ahead_keeps_the_rhythm_and_skips_no_turn(
    due: date, days: int, late: int, hour: int
) -> None:
    today = due + timedelta(days=late)
    now = datetime(today.year, today.month, today.day, hour, tzinfo=ZoneInfo("Asia/Shanghai"))
    following = next_due(pairing(due=due, days=days), now=now.astimezone(UTC))
    assert following > today
    assert (following - due).days % days == 0
    assert following - timedelta(days=days) <= max(today, due)


# --- a visit's life, on the pure rules -----------------------------------------------------------------------------


@pytest.fixture
def world() -> PureWorld:
    world = PureWorld()
    world.pair("leader", member="bob", resident="resident")
    world.open_visit("clock", 1)
    return world


def kinds_to(world: PureWorld, act: Callable[[], object], to: object) -> list[str]:
    before = len(world.notices)
    act()
    return [notice.kind for notice in world.notices[before:] if notice.to == to]


def test_the_household_hears_of_each_step_and_a_leader_is_asked_too(world: PureWorld) -> None:
    resident, bob = ToPerson(PERSON_IDS["resident"]), PERSON_IDS["bob"]
    assert kinds_to(world, lambda: world.start("bob", 1), resident) == ["visit.started"]
    before = len(world.notices)
    world.report("bob", 1, wellbeing=3)
    asked = {notice.to: notice.kind for notice in world.notices[before:]}
    assert asked == {
        resident: "visit.confirm",
        ToResponsible(UNIT_IDS["b1"], passing_over=frozenset({bob})): "visit.confirm",
    }


def test_a_visit_says_how_the_person_was(world: PureWorld) -> None:
    assert world.report("bob", 1).refused == "task.wellbeing_wrong"
    assert world.report("bob", 1, wellbeing=5).refused == "task.wellbeing_wrong"
    assert world.report("bob", 1, wellbeing=0).refused is None


def test_a_leader_who_made_the_visit_does_not_confirm_it(world: PureWorld) -> None:
    world.pair("secretary", member="leader", resident="ann")
    visit = world.open_visit("clock", 2)
    world.report("leader", visit.number("task_id"), wellbeing=3)
    assert world.confirm_visit("leader", visit.number("visit_id")).refused == NOT_FOUND
    assert world.confirm_visit("bob", visit.number("visit_id")).refused == NOT_FOUND
    assert world.confirm_visit("head", visit.number("visit_id")).refused is None
    assert world.confirm_visit("ann", visit.number("visit_id")).refused == "visit.not_now"


def test_a_leader_who_gave_a_visit_back_may_confirm_it(world: PureWorld) -> None:
    world.pair("secretary", member="leader", resident="ann")
    visit = world.open_visit("clock", 2)
    world.release("leader", visit.number("task_id"))
    world.claim("walker", visit.number("task_id"))
    world.report("walker", visit.number("task_id"), wellbeing=3)
    assert world.confirm_visit("leader", visit.number("visit_id")).refused is None


def test_a_visit_released_for_once_goes_to_another_and_the_pairing_stays(world: PureWorld) -> None:
    assert world.release("bob", 1).refused is None
    assert world.claim("walker", 1).refused is None
    world.report("walker", 1, minutes=30, wellbeing=4)
    assert world.confirm_visit("leader", 1, stars=4).refused is None
    assert [(e.member, e.amount) for e in world.read_state().earnings] == [("walker", 750)]
    assert world.open_visit("clock", 1).result["visit_id"] == 2
    assert world.read_state().tasks[2].claims == (("bob", "claimed"),)
