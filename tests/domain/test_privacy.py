"""Forgetting by the rules alone: what is ended, what holds it back, and what is left of a person."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.base import Actor, Refused, Role
from domain.people import Appointment, Person, Phase
from domain.permissions import WITHOUT_CONSENT, Permission, asked_again
from domain.privacy import (
    DECIDE,
    CorrectOwnData,
    ForgetMe,
    ForgetPerson,
    Leaving,
    OwnCase,
    tombstone,
)
from domain.rulebook import Rulebook

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HER = Person(
    7, 3, 77, "李桂兰", "en", home_unit_id=5, household_id=9, phone="138", consent_version=1, consent_at=NOW,
    number="N1", proxy_id=4, unreachable_since=NOW,
)  # fmt: skip
SHE = Actor(person_id=7, telegram_id=77, name="李桂兰", home_unit_id=5)
RULES = Rulebook()


def decided(action: ForgetMe | ForgetPerson, case: Leaving, actor: Actor = SHE) -> Leaving:
    decision = DECIDE[type(action)](case, action, actor=actor, now=NOW, rules=RULES)
    assert decision.forgets == (7,)
    [person] = [entity for entity in decision.saves if isinstance(entity, Person)]
    ended = tuple(entity for entity in decision.saves if isinstance(entity, Appointment))
    return Leaving(person, appointments=ended)


def test_of_a_person_only_number_language_and_the_hour_are_left() -> None:
    left = tombstone(HER, now=NOW)
    kept = {field.name for field in fields(left) if getattr(left, field.name) not in (None, "", False)}
    assert kept == {"id", "version", "language", "erased_at"}


def test_an_appointment_to_come_ends_before_it_begins_and_one_that_is_over_stays_as_it_was() -> None:
    running = Appointment(1, 1, 7, Role.LEADER, 5, NOW - timedelta(days=9))
    coming = replace(running, id=2, starts_at=NOW + timedelta(days=1), phase=Phase.COMING)
    over = replace(running, id=3, ends_at=NOW - timedelta(days=1))
    after = decided(ForgetMe(), Leaving(HER, appointments=(running, coming, over))).appointments
    assert [(one.id, one.ends_at, one.phase) for one in after] == [
        (1, NOW, Phase.ENDED),
        (2, coming.starts_at, Phase.ENDED),
    ]


def test_staff_forget_nobody_with_a_chat_or_an_office_but_the_operator_does() -> None:
    offline = replace(HER, telegram_id=None)
    leader = Appointment(1, 1, 7, Role.LEADER, 5, NOW)
    staff = Actor(person_id=2, telegram_id=22)
    decided(ForgetPerson(7), Leaving(offline), staff)
    for case in (Leaving(HER), Leaving(offline, appointments=(leader,))):
        with pytest.raises(Refused, match=r"privacy\.they_can_themselves"):
            decided(ForgetPerson(7), case, staff)
        decided(ForgetPerson(7), case, Actor.system("command-line"))


def test_whoever_would_leave_nobody_in_charge_stays() -> None:
    with pytest.raises(Refused, match=r"privacy\.only_admin"):
        decided(ForgetMe(), Leaving(HER, only_admin=True))


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        (CorrectOwnData(name="x" * 65), "form.name_wrong"),
        (CorrectOwnData(name="\u200b"), "form.name_wrong"),
        (CorrectOwnData(phone="1" * 33), "form.phone_wrong"),
        (CorrectOwnData(flat=" "), "form.flat_wrong"),
    ],
)
def test_what_says_nothing_or_too_much_corrects_nothing(wrong: CorrectOwnData, key: str) -> None:
    with pytest.raises(Refused) as caught:
        DECIDE[CorrectOwnData](OwnCase(HER), wrong, actor=SHE, now=NOW, rules=RULES)
    assert caught.value.key == key


def test_a_flat_needs_its_building_and_the_record_holds_no_words() -> None:
    nowhere = OwnCase(replace(HER, home_unit_id=None))
    with pytest.raises(Refused, match=r"unit\.needed"):
        DECIDE[CorrectOwnData](nowhere, CorrectOwnData(flat="1"), actor=SHE, now=NOW, rules=RULES)
    action = CorrectOwnData(name="李奶奶", phone="139")
    decision = DECIDE[CorrectOwnData](OwnCase(HER), action, actor=SHE, now=NOW, rules=RULES)
    assert [dict(event.data) for event in decision.events] == [{"name": True, "phone": True}]


@pytest.mark.parametrize(
    ("agreed", "asked"), [(None, False), (1, True), (2, False), (3, False)], ids=["never", "1", "2", "3"]
)
def test_only_an_older_yes_is_asked_again(agreed: int | None, asked: bool) -> None:
    rules = replace(RULES, consent_version=2)
    assert asked_again(replace(SHE, consent_version=agreed), rules) is asked
    assert not asked_again(Actor.system("visits"), rules)


def test_without_consent_there_is_the_way_in_ones_own_and_danger() -> None:
    assert {
        Permission.ARRIVE,
        Permission.KEEP_OWN_SETTINGS,
        Permission.KEEP_OWN_DATA,
        Permission.RAISE_ALARM,
    } == WITHOUT_CONSENT
