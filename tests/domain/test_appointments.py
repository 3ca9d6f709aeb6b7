"""Who may give which role where, for how long, and what an end leaves behind: the rules alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import appointments, deputies, roster
from domain.appointments import (
    MAX_TERM,
    EndAppointment,
    EndCase,
    GrantCase,
    GrantRole,
    RemindOfEnd,
    TurnAppointment,
)
from domain.base import NOT_FOUND, Action, Actor, Decision, Held, Refused, Role, ToChat
from domain.deputies import MAX_AWAY, NameDeputy, RecallDeputy
from domain.merging import MergeCase, MergePeople, OwnCase, ShareOwnPhone, kept_and_gone
from domain.people import Appointment, Person, Phase
from domain.rank import RosterCase, Standing, in_force, outranks, reaches
from domain.roster import CorrectPerson, EnterPerson, SuspendPerson
from domain.rulebook import Rulebook
from tests.domain.lifecycle import START

DECIDE = {**appointments.DECIDE, **deputies.DECIDE, **roster.DECIDE}
HERE, BELOW, BESIDE, ABOVE = "1.2.", "1.2.3.", "1.4.", "1."
SECRETARY = Actor(9, 90, held=(Held(Role.SECRETARY, 2, HERE),), name="赵敏")
LEADER = Actor(7, 70, held=(Held(Role.LEADER, 3, BELOW),))
LI = Person(3, 1, 30, "李", "zh", home_unit_id=3, consent_version=1, consent_at=START)
DAY = timedelta(days=1)


def decided(case: Any, action: Action, *, actor: Actor = SECRETARY, now: datetime = START) -> Decision:
    return DECIDE[type(action)](case, action, actor=actor, now=now, rules=Rulebook())


def refusal(case: Any, action: Action, *, actor: Actor = SECRETARY) -> str:
    with pytest.raises(Refused) as refused:
        decided(case, action, actor=actor)
    return refused.value.key


def held(role: Role = Role.LEADER, *, person_id: int = 3, number: int = 5, **more: Any) -> Appointment:
    return Appointment(number, 1, person_id=person_id, role=role, unit_id=3, starts_at=START - DAY, **more)


def granting(**more: Any) -> GrantCase:
    return replace(GrantCase(LI, 3, BELOW, 5, places=(BELOW,)), **more)


# --- who stands above whom ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "given"),
    [
        (
            Role.ADMIN,
            {HERE: {"member", "leader", "secretary"}, BELOW: {"member", "leader", "secretary", "admin"}},
        ),
        (Role.SECRETARY, {HERE: {"member"}, BELOW: {"member", "leader", "secretary"}}),
        (Role.LEADER, {HERE: set(), BELOW: set()}),
        (Role.MEMBER, {HERE: set(), BELOW: set()}),
    ],
)
def test_what_each_role_may_give_and_where(role: Role, given: dict[str, set[str]]) -> None:
    for path in (HERE, BELOW, BESIDE, ABOVE):
        found = {str(one) for one in Role if reaches(Held(role, 2, HERE), one, path)}
        assert found == given.get(path, set()), path


def test_to_be_a_member_is_no_rank_and_what_is_over_is_none_either() -> None:
    above = Standing(held(Role.SECRETARY), ABOVE)
    assert not outranks(SECRETARY, (above,), START)
    assert outranks(SECRETARY, (Standing(held(Role.MEMBER), ABOVE),), START)
    assert outranks(SECRETARY, (Standing(held(Role.SECRETARY, ends_at=START), ABOVE),), START)


def test_authority_follows_the_two_times_and_not_what_was_told() -> None:
    late = held(ends_at=START, phase=Phase.RUNNING)
    early = replace(held(), starts_at=START, phase=Phase.COMING)
    assert [one.unit_id for one in in_force((Standing(late, BELOW), Standing(early, BELOW)), START)] == [3]


# --- terms ----------------------------------------------------------------------------------------------------------


def test_an_appointment_from_tomorrow_comes_and_one_from_now_runs() -> None:
    now = decided(granting(), GrantRole(3, Role.LEADER, 3)).saves[0]
    assert isinstance(now, Appointment)
    assert (now.phase, now.starts_at, now.granted_by) == (Phase.RUNNING, START, 9)
    later = decided(granting(), GrantRole(3, Role.LEADER, 3, starts_at=START + DAY)).saves[0]
    assert isinstance(later, Appointment)
    assert later.phase is Phase.COMING
    past = decided(granting(), GrantRole(3, Role.LEADER, 3, starts_at=START - 9 * DAY)).saves[0]
    assert isinstance(past, Appointment)
    assert past.starts_at == START, "nobody did yesterday what they may do from today on"


@pytest.mark.parametrize(
    ("starts", "ends", "key"),
    [
        (None, -DAY, "appoint.ends_too_early"),
        (2 * DAY, DAY, "appoint.ends_too_early"),
        (DAY, DAY, "appoint.ends_too_early"),
        (None, MAX_TERM + DAY, "appoint.too_long"),
        (400 * DAY, None, "appoint.starts_too_late"),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    starts: timedelta | None, ends: timedelta | None, key: str
) -> None:
    action = GrantRole(
        3,
        Role.LEADER,
        3,
        starts_at=None if starts is None else START + starts,
        ends_at=None if ends is None else START + ends,
    )
    assert refusal(granting(), action) == key


def test_nobody_is_appointed_who_is_not_there_suspended_out_of_sight_or_holds_it_already() -> None:
    action = GrantRole(3, Role.LEADER, 3)
    assert refusal(granting(person=replace(LI, merged_into_id=4)), action) == NOT_FOUND
    assert refusal(granting(person=replace(LI, erased_at=START)), action) == NOT_FOUND
    assert refusal(granting(person=replace(LI, suspended=True)), action) == "appoint.suspended"
    assert refusal(granting(places=(BESIDE,)), action) == NOT_FOUND
    assert refusal(granting(standing=(Standing(held(), BELOW),)), action) == "appoint.already"
    over = Standing(held(ends_at=START), BELOW)
    assert decided(granting(standing=(over,)), action).saves
    assert refusal(granting(), replace(action, role=Role.ADMIN)) == "appoint.not_yours_to_give"


def test_who_has_not_said_yes_to_the_bot_is_appointed_without_a_word() -> None:
    offline = replace(LI, telegram_id=None, consent_version=None)
    decision = decided(granting(person=offline), GrantRole(3, Role.LEADER, 3))
    assert decision.saves
    assert not decision.notices


def test_one_that_has_not_begun_can_be_ended_and_never_was() -> None:
    coming = replace(held(), starts_at=START + DAY, phase=Phase.COMING)
    ended = decided(EndCase(coming, BELOW, LI), EndAppointment(5)).saves[0]
    assert isinstance(ended, Appointment)
    assert (ended.ends_at, ended.phase) == (START + DAY, Phase.ENDED)
    assert refusal(EndCase(ended, BELOW, LI), EndAppointment(5)) == "appoint.over"


def test_the_clock_changes_nothing_twice_and_nothing_early() -> None:
    clock = Actor.system("appointments")
    for quiet in (
        held(),
        held(phase=Phase.ENDED),
        replace(held(), starts_at=START + DAY, phase=Phase.COMING),
    ):
        assert decided(EndCase(quiet, BELOW, LI), TurnAppointment(5), actor=clock) == Decision()
    slept = replace(held(phase=Phase.COMING), ends_at=START)
    turned = decided(EndCase(slept, BELOW, LI), TurnAppointment(5), actor=clock).saves[0]
    assert isinstance(turned, Appointment)
    assert turned.phase is Phase.ENDED, "begun and over while nobody looked"


def test_an_end_is_told_once_to_the_holder_and_to_who_granted_it() -> None:
    case = EndCase(held(ends_at=START + 5 * DAY, granted_by=9), BELOW, LI)
    clock = Actor.system("appointment_reminders")
    told = decided(case, RemindOfEnd(5, 7), actor=clock)
    assert [notice.params["what"] for notice in told.notices] == ["ending", "ending_other"]
    assert decided(replace(case, told_before=True), RemindOfEnd(5, 7), actor=clock) == Decision()


# --- deputies ---------------------------------------------------------------------------------------------------------


def away(**more: Any) -> GrantCase:
    member = Standing(held(Role.MEMBER, number=6), BELOW)
    own = Standing(held(person_id=7), BELOW)
    return replace(GrantCase(LI, 3, BELOW, 8, standing=(member,), original=own), **more)


LEAVE = NameDeputy(5, 3, START, START + 7 * DAY)


def test_a_deputy_holds_the_same_role_and_no_longer_than_the_one_who_is_away() -> None:
    made = decided(away(), LEAVE, actor=LEADER).saves[0]
    assert isinstance(made, Appointment)
    assert (made.person_id, made.role, made.unit_id, made.deputy_for_id) == (3, Role.LEADER, 3, 5)
    own = Standing(held(person_id=7, ends_at=START + DAY), BELOW)
    made = decided(away(original=own), LEAVE, actor=LEADER).saves[0]
    assert isinstance(made, Appointment)
    assert made.ends_at == START + DAY


def test_only_one_s_own_role_is_stood_in_for_by_one_who_serves_around_there() -> None:
    assert refusal(away(), LEAVE) == NOT_FOUND
    of_a_deputy = Standing(held(person_id=7, deputy_for_id=4), BELOW)
    assert refusal(away(original=of_a_deputy), LEAVE, actor=LEADER) == "deputy.of_a_deputy"
    assert refusal(away(standing=()), LEAVE, actor=LEADER) == "deputy.not_from_here"
    assert refusal(away(deputies=(held(number=9),)), LEAVE, actor=LEADER) == "deputy.there_is_one"
    silent = replace(LI, telegram_id=None)
    assert refusal(away(person=silent), LEAVE, actor=LEADER) == "deputy.not_on_telegram"
    long = replace(LEAVE, ends_at=START + MAX_AWAY + DAY)
    assert refusal(away(), long, actor=LEADER) == "deputy.too_long"


def test_a_deputy_is_recalled_by_the_one_they_stand_in_for_and_by_nobody_else() -> None:
    case = EndCase(held(deputy_for_id=6), BELOW, LI, original=held(person_id=7, number=6))
    assert decided(case, RecallDeputy(5), actor=LEADER).saves
    assert refusal(case, RecallDeputy(5)) == NOT_FOUND
    assert refusal(replace(case, original=None), RecallDeputy(5), actor=LEADER) == NOT_FOUND


# --- records ------------------------------------------------------------------------------------------------------------


def test_the_record_with_the_account_stays_and_of_two_the_newer_consent() -> None:
    offline, newer = (
        replace(LI, id=2, telegram_id=None, consent_at=None),
        replace(LI, id=4, consent_at=START + DAY),
    )
    assert kept_and_gone(offline, LI) == kept_and_gone(LI, offline) == (LI, offline)
    assert kept_and_gone(LI, newer) == (newer, LI)


def test_a_merge_is_no_way_out_of_a_suspension_and_both_accounts_hear_of_it() -> None:
    other = replace(LI, id=4, telegram_id=40, suspended=True, consent_at=START - DAY, number="A1")
    case = MergeCase(RosterCase(LI, BELOW), RosterCase(other, BELOW), path=BELOW)
    decision = decided(case, MergePeople(3, 4))
    tombstone, kept = (entity for entity in decision.saves if isinstance(entity, Person))
    assert (tombstone.id, tombstone.telegram_id, tombstone.merged_into_id, tombstone.number) == (
        4,
        None,
        3,
        None,
    )
    assert (kept.suspended, kept.number) == (True, "A1")
    assert ToChat(40) in [notice.to for notice in decision.notices]


def test_a_new_account_takes_over_a_record_with_its_roles_and_its_home() -> None:
    known = Person(
        2, 3, None, "李桂兰", "zh", home_unit_id=6, household_id=7, phone="1", number="A1", proxy_id=4
    )
    decision = decided(OwnCase(LI, (known,), is_new=True), ShareOwnPhone("1"))
    gone, taken = decision.saves
    assert isinstance(taken, Person)
    assert (taken.id, taken.telegram_id, taken.home_unit_id, taken.household_id) == (2, 30, 6, 7)
    assert (taken.name, taken.number, taken.proxy_id, taken.consent_version) == ("李桂兰", "A1", None, 1)
    assert isinstance(gone, Person)
    assert (gone.telegram_id, gone.merged_into_id) == (None, 2)
    for unsure in (OwnCase(LI, (known,)), OwnCase(LI, (known, known), is_new=True)):
        kept = decided(unsure, ShareOwnPhone("1"))
        assert not kept.moved
        assert [notice.kind for notice in kept.notices] == ["person.maybe_same"]


def test_a_person_is_put_right_by_those_above_them_and_told() -> None:
    case = RosterCase(LI, BELOW, household_id=7)
    assert [notice.kind for notice in decided(case, CorrectPerson(3, flat="1"), actor=LEADER).notices]
    ranked = replace(case, standing=(Standing(held(Role.SECRETARY), BELOW),))
    assert refusal(ranked, CorrectPerson(3, phone="1"), actor=LEADER) == "roster.above_you"
    assert refusal(case, CorrectPerson(3, name=LI.name), actor=LEADER) == "roster.as_it_is"
    assert refusal(case, CorrectPerson(3, name="123"), actor=LEADER) == "form.name_wrong"
    homeless = RosterCase(replace(LI, home_unit_id=None), BELOW)
    assert refusal(homeless, CorrectPerson(3, flat="1"), actor=LEADER) == "roster.no_home"


def test_who_is_entered_needs_a_home_a_name_and_a_proxy_from_next_door() -> None:
    new = replace(LI, version=0, telegram_id=None, consent_version=None)
    entry = EnterPerson(3, "李", "5-1")
    assert decided(RosterCase(new, BELOW), entry, actor=LEADER).saves == (new,)
    assert refusal(RosterCase(new, BELOW, unit_has_homes=False), entry) == "unit.unknown"
    assert refusal(RosterCase(new, BELOW, twins=True), entry) == "roster.known_already"
    assert refusal(RosterCase(new, BELOW), replace(entry, flat=" ")) == "form.flat_wrong"
    assert refusal(RosterCase(new, BELOW, proxy=LI), replace(entry, proxy_id=3)) == "roster.proxy_not_near"


def test_a_suspension_needs_a_reason_that_says_something() -> None:
    case = RosterCase(LI, BELOW)
    assert refusal(case, SuspendPerson(3, "\u200b ")) == "form.words_needed"
    assert refusal(case, SuspendPerson(3, "x" * 501)) == "request.too_long"
    assert (
        refusal(replace(case, person=replace(LI, suspended=True)), SuspendPerson(3, "x"))
        == "roster.suspended_already"
    )
    assert (
        refusal(RosterCase(LI, BELOW, (Standing(held(Role.ADMIN), BELOW),)), SuspendPerson(3, "x"))
        == "roster.above_you"
    )
