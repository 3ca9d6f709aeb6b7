"""Arrival, home, language and appointments; danger, whose words must not be missed; groups; the shape of refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain import alarms, groups, people
from domain.alarms import AcknowledgeAlarm, Alarm, AlarmCase, RaiseAlarm, has_danger
from domain.base import (
    Action,
    Actor,
    Decision,
    Purpose,
    Refused,
    Role,
    ToPerson,
    ToResponsible,
    require_aware,
)
from domain.groups import BindGroup, Group, GroupCase
from domain.lanes import Lane
from domain.people import (
    MAX_NAME,
    Appoint,
    Appointment,
    ChooseHome,
    ChooseLanguage,
    GiveConsent,
    Person,
    PersonCase,
)
from domain.rulebook import DEFAULT_DANGER_WORDS, Rulebook
from tests.domain.lifecycle import START

DECIDE = {**people.DECIDE, **alarms.DECIDE, **groups.DECIDE}
ACTOR = Actor(person_id=3, name="Li", home_unit_id=5)
NEW = Person(3, 0, 30, "", "zh")
KNOWN = Person(3, 1, 30, "Li", "zh", home_unit_id=5, household_id=9, consent_version=1)


def decided(case: Any, action: Action, *, actor: Actor = ACTOR) -> Decision:
    return DECIDE[type(action)](case, action, actor=actor, now=START, rules=Rulebook(consent_version=2))


def refusal(case: Any, action: Action) -> str:
    with pytest.raises(Refused) as refused:
        decided(case, action)
    return refused.value.key


def saved_person(decision: Decision) -> Person:
    return next(entity for entity in decision.saves if isinstance(entity, Person))


# --- people --------------------------------------------------------------------------------------------------------


def test_consent_is_kept_with_its_version_and_time() -> None:
    person = saved_person(decided(PersonCase(NEW), GiveConsent(30, "Li", "en")))
    assert (person.consent_version, person.consent_at) == (2, START)
    assert (person.name, person.language) == ("Li", "en")


def test_a_name_given_before_is_kept_and_a_long_one_cut() -> None:
    assert saved_person(decided(PersonCase(KNOWN), GiveConsent(30, "Telegram's", "zh"))).name == "Li"
    long = saved_person(decided(PersonCase(NEW), GiveConsent(30, "x" * 200, "zh")))
    assert len(long.name) == MAX_NAME


def test_an_unknown_language_is_refused() -> None:
    assert refusal(PersonCase(NEW), GiveConsent(30, "Li", "tlh")) == "language.unknown"
    assert refusal(PersonCase(KNOWN), ChooseLanguage("tlh")) == "language.unknown"
    assert saved_person(decided(PersonCase(KNOWN), ChooseLanguage("en"))).language == "en"


def test_a_new_home_asks_for_the_flat_again_and_the_old_one_does_not() -> None:
    moved = saved_person(decided(PersonCase(KNOWN, unit_id=6, unit_path="1.6."), ChooseHome(6)))
    assert (moved.home_unit_id, moved.household_id) == (6, None)
    stayed = saved_person(decided(PersonCase(KNOWN, unit_id=5, unit_path="1.5."), ChooseHome(5)))
    assert (stayed.home_unit_id, stayed.household_id) == (5, 9)


@pytest.mark.parametrize(
    "case", [PersonCase(KNOWN, unit_id=6), PersonCase(KNOWN, 6, "1.6.", unit_has_homes=False)]
)
def test_nobody_lives_where_there_are_no_homes(case: PersonCase) -> None:
    assert refusal(case, ChooseHome(6)) == "unit.unknown"


def test_an_appointment_is_told_to_those_who_said_yes_to_the_bot() -> None:
    case = PersonCase(KNOWN, unit_id=5, unit_path="1.5.", new_id=8)
    decision = decided(case, Appoint(30, Role.LEADER, 5))
    assert Appointment(8, 0, 3, Role.LEADER, 5, START) in decision.saves
    assert [(notice.to, notice.kind) for notice in decision.notices] == [
        (ToPerson(3), "person.appointed"),
        (ToPerson(3), "commands"),
    ]
    silent = decided(replace(case, person=NEW), Appoint(30, Role.LEADER, 5))
    assert not silent.notices
    assert saved_person(silent).name == "30"


def test_the_same_appointment_twice_changes_nothing() -> None:
    standing = (Appointment(8, 1, 3, Role.LEADER, 5, START),)
    case = PersonCase(KNOWN, unit_id=5, unit_path="1.5.", new_id=9, standing=standing)
    assert not decided(case, Appoint(30, Role.LEADER, 5)).saves
    assert decided(case, Appoint(30, Role.SECRETARY, 5)).saves


def test_nobody_is_appointed_to_a_unit_that_is_not_there() -> None:
    assert refusal(PersonCase(KNOWN, unit_id=6), Appoint(30, Role.LEADER, 6)) == "unit.unknown"


# --- danger --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", DEFAULT_DANGER_WORDS)
def test_every_danger_word_is_heard_in_a_sentence(word: str) -> None:
    assert has_danger(f"快来 {word.upper()}!!", Rulebook())


@pytest.mark.parametrize(
    "text", ["Help, GAS\n  LEAK in the kitchen", "楼上着火了", "my father is Not  Breathing"]
)
def test_case_and_spaces_hide_no_danger(text: str) -> None:
    assert has_danger(text, Rulebook())


@pytest.mark.parametrize("text", ["", "电梯坏了", "The lift is stuck on the third floor", "火锅很好吃"])
def test_ordinary_words_ring_nobody(text: str) -> None:
    assert not has_danger(text, Rulebook())


def test_an_alarm_rings_leader_and_secretary_at_once_and_is_no_task() -> None:
    decision = decided(AlarmCase(path="1.5.", new_id=2), RaiseAlarm("着火了"))
    assert [notice.to for notice in decision.notices] == [
        ToResponsible(5, (Role.LEADER,)),
        ToResponsible(5, (Role.SECRETARY,)),
    ]
    assert {notice.lane for notice in decision.notices} == {Lane.PERSON}
    assert decision.saves == (Alarm(2, 0, 5, 3, START),)
    assert [remark.purpose for remark in decision.remarks] == [Purpose.ALARM]
    assert "着火" not in str(decision.events)


def test_an_alarm_from_somebody_without_a_home_is_kept() -> None:
    decision = decided(
        AlarmCase(path="", new_id=2), RaiseAlarm("着火了"), actor=replace(ACTOR, home_unit_id=None)
    )
    assert decision.saves
    assert not decision.notices


def test_the_first_acknowledgement_counts_and_is_told_to_who_rang() -> None:
    ringing = Alarm(2, 1, 5, 3, START)
    leader = Actor(person_id=8, name="Chen")
    decision = decided(AlarmCase("1.5.", ringing), AcknowledgeAlarm(2), actor=leader)
    seen = decision.saves[0]
    assert seen == replace(ringing, acknowledged_at=START, acknowledged_by=8)
    assert [(notice.to, notice.params) for notice in decision.notices] == [(ToPerson(3), {"leader": "Chen"})]
    assert isinstance(seen, Alarm)
    assert refusal(AlarmCase("1.5.", seen), AcknowledgeAlarm(2)) == "alarm.acknowledged_already"


# --- groups and refusals -------------------------------------------------------------------------------------------


def test_the_newest_binding_of_a_group_counts() -> None:
    left = Group(1, 4, chat_id=-100, unit_id=5, bound_by=8, bound_at=START, left_at=START)
    bound = decided(GroupCase(left, 6, "1.6."), BindGroup(-100, 6)).saves[0]
    assert bound == Group(1, 4, chat_id=-100, unit_id=6, bound_by=3, bound_at=START, left_at=None)
    assert refusal(GroupCase(left, 6, ""), BindGroup(-100, 6)) == "unit.unknown"


def test_a_refusal_carries_a_key_and_values_and_no_sentence() -> None:
    refused = Refused("task.too_many", count=3)
    assert (refused.key, refused.params, str(refused)) == ("task.too_many", {"count": 3}, "task.too_many")


def test_a_moment_without_a_zone_is_a_bug() -> None:
    assert require_aware(START) is START
    with pytest.raises(ValueError, match="time zone"):
        require_aware(START.replace(tzinfo=None))
