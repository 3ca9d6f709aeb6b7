"""Check-ins on the pure rules: who may ask and approve, terms and reminders, renewing, leaving, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.base import Actor, Content, Held, Notice, Refused, Role, Skills, ToPerson, ToResponsible
from domain.checkins import DECIDE
from domain.checkins.shapes import (
    MAX_PAPERS,
    ApproveCheckIn,
    AskCheckIn,
    ChangeCheckIn,
    Checkin,
    CheckinCase,
    CheckinState,
    KeepConfirmation,
    LapseCheckIn,
    LeaveCheckIn,
    RemindCheckIn,
    RenewCheckIn,
    ReturnCheckIn,
    WithdrawCheckIn,
)
from domain.checkins.shared import reminder_due
from domain.people import Appointment, Person, Phase
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook, Skill
from domain.spare_time import SETS, SLOTS, toggled

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
UNTIL = date(2027, 3, 2)
RULES = Rulebook()
HOME = "1.2.3.5."
ME = Actor(7, 21, name="李桂兰", home_path=HOME, held=(Held(Role.MEMBER, 5, HOME),))
SECRETARY = Actor(3, 23, name="周书记", held=(Held(Role.SECRETARY, 2, "1.2."),))
PERSON = Person(7, 1, 21, "李桂兰", "zh", home_unit_id=5, consent_version=1)
ASKED = Checkin(1, 1, 7, 5, CheckinState.ASKED, "三支部", ("medical",), ("sat_morning",), NOW)
MEMBER = Appointment(40, 1, 7, Role.MEMBER, 5, NOW - timedelta(days=9))
IN_FORCE = replace(ASKED, state=CheckinState.APPROVED, valid_until=UNTIL, appointment_id=40)
CASE = CheckinCase(
    PERSON, ASKED, path=HOME, home_path=HOME, units=frozenset({4, 5}), new_id=2, new_appointment_id=41
)
SERVING = replace(CASE, checkin=IN_FORCE, appointments=(MEMBER,))
ASK = AskCheckIn(5, "三支部", ("driving", "medical"), ("sun_morning", "sat_morning"))


def decide(
    case: CheckinCase, action: Any, *, actor: Actor = ME, now: datetime = NOW, rules: Rulebook = RULES
) -> Any:
    return DECIDE[type(action)](case, action, actor=actor, now=now, rules=rules)


def refusal(case: CheckinCase, action: Any, **how: Any) -> str:
    with pytest.raises(Refused) as refused:
        decide(case, action, **how)
    return refused.value.key


def saved(decision: Any, kind: Callable[..., Any]) -> Any:
    [found] = [entity for entity in decision.saves if isinstance(entity, kind)]  # type: ignore[arg-type]
    return found


def kinds(decision: Any) -> list[str]:
    return [notice.kind for notice in decision.notices]


def at(day: date) -> datetime:
    """Ten in the morning in Shanghai."""
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC)


# --- asking -----------------------------------------------------------------------------------------------------------


def test_what_is_asked_goes_to_the_secretary_past_the_person_and_to_the_admins_where_there_is_none() -> None:
    decision = decide(replace(CASE, checkin=None), ASK)
    asked = saved(decision, Checkin)
    assert (asked.id, asked.state, asked.skills, asked.free) == (
        2,
        CheckinState.ASKED,
        ("medical", "driving"),
        ("sat_morning", "sun_morning"),
    )
    [notice] = decision.notices
    assert notice.to == ToResponsible(5, (Role.SECRETARY,), frozenset({7}), otherwise=(Role.ADMIN,))
    assert notice.card


@pytest.mark.parametrize(
    ("action", "key"),
    [
        (replace(ASK, unit_id=6), "checkin.unit_wrong"),
        (replace(ASK, skills=("medical", "magic")), "checkin.skill_unknown"),
        (replace(ASK, free=("sat_night",)), "refused.not_found"),
        (replace(ASK, branch="一" * 65), "checkin.branch_wrong"),
        (replace(ASK, branch="\u200b\u200b"), "checkin.branch_wrong"),
    ],
)
def test_bad_answers_are_refused(action: AskCheckIn, key: str) -> None:
    assert refusal(replace(CASE, checkin=None), action) == key


def test_one_check_in_at_a_time() -> None:
    assert refusal(CASE, ASK) == "checkin.waiting"
    assert refusal(SERVING, ASK) == "checkin.already"


def test_who_was_dismissed_may_ask_again_on_the_same_row() -> None:
    gone = replace(SERVING, appointments=(replace(MEMBER, ends_at=NOW),))
    asked = saved(decide(gone, ASK), Checkin)
    assert (asked.id, asked.version, asked.appointment_id, asked.valid_until) == (1, 1, None, None)


# --- approving --------------------------------------------------------------------------------------------------------


def test_approved_one_is_a_member_for_a_year_with_the_skills_named() -> None:
    decision = decide(CASE, ApproveCheckIn(1, 1), actor=SECRETARY)
    approved, appointment = saved(decision, Checkin), saved(decision, Appointment)
    assert (approved.valid_until, approved.decided_by, approved.appointment_id) == (UNTIL, 3, 41)
    assert (appointment.role, appointment.unit_id, appointment.granted_by) == (Role.MEMBER, 5, 3)
    assert appointment.ends_at is None
    assert decision.skills == (Skills(7, ("medical",)),)
    assert kinds(decision) == ["checkin.approved", "commands"]
    assert all(notice.to == ToPerson(7) for notice in decision.notices)


def test_the_last_day_follows_the_months_that_are_set_and_the_length_of_the_month() -> None:
    half = replace(RULES, checkin_months=6)
    end_of_august = datetime(2026, 8, 30, 17, 0, tzinfo=UTC)  # already the 31st in Shanghai
    decision = decide(CASE, ApproveCheckIn(1, 1), actor=SECRETARY, now=end_of_august, rules=half)
    assert saved(decision, Checkin).valid_until == date(2027, 2, 28)


def test_who_is_a_member_there_already_keeps_that_appointment() -> None:
    case = replace(CASE, appointments=(MEMBER,))
    decision = decide(case, ApproveCheckIn(1, 1), actor=SECRETARY)
    assert [type(entity) for entity in decision.saves] == [Checkin]
    assert saved(decision, Checkin).appointment_id == 40


def test_checked_in_at_another_unit_one_is_no_longer_a_member_at_the_first() -> None:
    moved = replace(ASKED, unit_id=4, appointment_id=40, valid_until=UNTIL)
    case = replace(CASE, checkin=moved, path="1.2.3.", appointments=(MEMBER,))
    decision = decide(case, ApproveCheckIn(1, 1), actor=SECRETARY)
    new, old = sorted(
        (entity for entity in decision.saves if isinstance(entity, Appointment)), key=lambda one: -one.id
    )
    assert (new.id, new.unit_id, new.ends_at) == (41, 4, None)
    assert (old.id, old.ends_at, old.phase) == (40, NOW, Phase.ENDED)


@pytest.mark.parametrize("state", [state for state in CheckinState if state is not CheckinState.ASKED])
def test_only_what_waits_is_decided_on(state: CheckinState) -> None:
    case = replace(CASE, checkin=replace(ASKED, state=state))
    assert refusal(case, ApproveCheckIn(1, 1), actor=SECRETARY) == "checkin.not_now"
    assert refusal(case, ReturnCheckIn(1, 1, "?"), actor=SECRETARY) == "checkin.not_now"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"checkin": replace(ASKED, version=3)}, "checkin.has_changed"),
        ({"person": replace(PERSON, suspended=True)}, "checkin.person_suspended"),
        ({"home_path": "1.2.3.6."}, "checkin.moved_away"),
        ({"home_path": ""}, "checkin.moved_away"),
        ({"person": replace(PERSON, erased_at=NOW)}, "checkin.not_now"),
        ({"person": replace(PERSON, merged_into_id=9)}, "checkin.not_now"),
    ],
)
def test_what_was_not_read_or_is_not_true_any_more_is_not_approved(change: dict[str, Any], key: str) -> None:
    assert refusal(replace(CASE, **change), ApproveCheckIn(1, 1), actor=SECRETARY) == key


def test_nobody_decides_on_their_own_and_nobody_from_beside() -> None:
    own = replace(SECRETARY, person_id=7)
    beside = replace(SECRETARY, held=(Held(Role.SECRETARY, 9, "1.9."),))
    leader = replace(SECRETARY, held=(Held(Role.LEADER, 5, HOME),))
    reach = [
        allowed(who, Permission.APPROVE_CHECK_IN, CASE.subject) for who in (SECRETARY, own, beside, leader)
    ]
    assert reach == [True, False, False, False]


def test_a_question_needs_words_and_goes_to_the_person_alone() -> None:
    assert refusal(CASE, ReturnCheckIn(1, 1, " \u200b"), actor=SECRETARY) == "form.words_needed"
    decision = decide(CASE, ReturnCheckIn(1, 1, "哪个支部？"), actor=SECRETARY)
    assert saved(decision, Checkin).state is CheckinState.RETURNED
    assert decision.notices == (Notice(ToPerson(7), "checkin.returned", 1),)
    assert all("支部" not in str(event) for event in decision.events)


def test_a_skill_that_left_the_list_meanwhile_is_not_given() -> None:
    rules = replace(RULES, skills=(Skill("driving", "开车", "Driving"),))
    assert decide(CASE, ApproveCheckIn(1, 1), actor=SECRETARY, rules=rules).skills == (Skills(7, ()),)


# --- in force ---------------------------------------------------------------------------------------------------------


def test_changes_take_effect_at_once_and_only_while_it_is_in_force() -> None:
    decision = decide(SERVING, ChangeCheckIn(skills=("arts",)))
    assert decision.skills == (Skills(7, ("arts",)),)
    assert decision.notices == ()
    assert decide(SERVING, ChangeCheckIn(branch="")).skills == ()
    for case in (CASE, replace(SERVING, appointments=())):
        assert refusal(case, ChangeCheckIn(branch="")) == "checkin.not_in_force"


def test_renewing_opens_sixty_days_before_and_starts_where_the_term_ends() -> None:
    early = at(UNTIL - timedelta(days=61))
    with pytest.raises(Refused) as refused:
        decide(SERVING, RenewCheckIn("三支部"), now=early)
    assert (refused.value.key, refused.value.params) == ("checkin.renew_early", {"count": 1})
    decision = decide(SERVING, RenewCheckIn("三支部"), now=at(UNTIL - timedelta(days=60)))
    renewed = saved(decision, Checkin)
    assert (renewed.valid_until, renewed.state) == (date(2028, 3, 2), CheckinState.APPROVED)
    assert kinds(decision) == ["checkin.renewed"]
    assert refusal(replace(SERVING, checkin=renewed), RenewCheckIn("三支部"), now=at(UNTIL)) == (
        "checkin.renew_early"
    )


def test_who_moved_away_does_not_renew_where_they_no_longer_live() -> None:
    moved = replace(SERVING, home_path="1.2.3.6.")
    assert refusal(moved, RenewCheckIn("三支部"), now=at(UNTIL)) == "checkin.moved_yourself"


def test_another_branch_is_approved_first_and_the_membership_ends_on_its_day_if_nobody_does() -> None:
    now = at(UNTIL - timedelta(days=10))
    decision = decide(SERVING, RenewCheckIn("新支部"), now=now)
    asked, limited = saved(decision, Checkin), saved(decision, Appointment)
    assert (asked.state, asked.branch, asked.valid_until) == (CheckinState.ASKED, "新支部", UNTIL)
    assert limited.ends_at == datetime(2027, 3, 2, 16, 0, tzinfo=UTC)
    waiting = replace(SERVING, checkin=asked, appointments=(limited,))
    approval = decide(waiting, ApproveCheckIn(1, 1), actor=SECRETARY, now=now)
    assert saved(approval, Checkin).valid_until == date(2028, 3, 2)
    assert saved(approval, Appointment).ends_at is None
    taken_back = decide(waiting, WithdrawCheckIn(), now=now)
    assert saved(taken_back, Checkin).state is CheckinState.APPROVED
    assert saved(taken_back, Appointment).ends_at is None
    late = decide(waiting, ApproveCheckIn(1, 1), actor=SECRETARY, now=at(UNTIL + timedelta(days=9)))
    assert saved(late, Appointment).id == 41
    assert saved(late, Checkin).valid_until == date(2028, 3, 11)


def test_an_end_that_somebody_else_set_is_not_taken_away_by_a_renewal() -> None:
    leaving = replace(MEMBER, ends_at=at(UNTIL + timedelta(days=30)))
    now = at(UNTIL - timedelta(days=10))
    case = replace(SERVING, appointments=(leaving,))
    asked = decide(case, RenewCheckIn("新支部"), now=now)
    assert [type(entity) for entity in asked.saves] == [Checkin]
    waiting = replace(case, checkin=saved(asked, Checkin))
    approval = decide(waiting, ApproveCheckIn(1, 1), actor=SECRETARY, now=now)
    assert [type(entity) for entity in approval.saves] == [Checkin]


def test_what_nobody_approved_yet_is_taken_back_and_nothing_else() -> None:
    assert saved(decide(CASE, WithdrawCheckIn()), Checkin).state is CheckinState.WITHDRAWN
    assert refusal(SERVING, WithdrawCheckIn()) == "checkin.nothing_waits"
    assert refusal(replace(CASE, checkin=None), WithdrawCheckIn()) == "checkin.nothing_waits"


def test_who_leaves_is_no_member_from_that_moment_and_their_skills_are_forgotten() -> None:
    decision = decide(replace(SERVING, pairings=2), LeaveCheckIn())
    ended = saved(decision, Appointment)
    assert (ended.ends_at, ended.phase) == (NOW, Phase.ENDED)
    assert decision.skills == (Skills(7, ()),)
    assert kinds(decision) == ["commands", "checkin.left"]
    assert decision.notices[1].params == {"pairs": 2}
    assert refusal(CASE, LeaveCheckIn()) == "checkin.not_in_force"


def test_papers_are_pictures_or_documents_and_not_without_end() -> None:
    photo = Content("photo", file_id="p")
    assert refusal(SERVING, KeepConfirmation((Content("text", "盖好了"),))) == "checkin.paper_needed"
    full = replace(SERVING, papers=MAX_PAPERS - 1)
    assert refusal(full, KeepConfirmation((photo, photo))) == "checkin.too_many_papers"
    decision = decide(full, KeepConfirmation((Content("text", "盖好了"), photo)))
    assert [remark.content for remark in decision.remarks] == [photo]


# --- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_left", "reminded", "due"),
    [
        (31, None, False),
        (30, None, True),
        (30, 30, False),
        (8, 30, False),
        (8, None, True),
        (7, 30, True),
        (7, 8, True),
        (7, 7, False),
        (0, 7, False),
        (0, None, True),
        (0, 30, True),
        (-1, None, False),
    ],
)
def test_a_reminder_is_owed_once_for_each_span(days_left: int, reminded: int | None, due: bool) -> None:
    on = None if reminded is None else UNTIL - timedelta(days=reminded)
    checkin = replace(IN_FORCE, reminded_on=on)
    assert reminder_due(checkin, today=UNTIL - timedelta(days=days_left)) is due


def test_with_short_terms_approval_itself_counts_as_the_first_reminder() -> None:
    rules = replace(RULES, checkin_months=1)
    approved = saved(decide(CASE, ApproveCheckIn(1, 1), actor=SECRETARY, rules=rules), Checkin)
    assert approved.valid_until == date(2026, 4, 2)
    assert not reminder_due(approved, today=TODAY)
    short = replace(RULES, checkin_months=1)
    february = datetime(2026, 2, 2, 2, 0, tzinfo=UTC)
    near = saved(decide(CASE, ApproveCheckIn(1, 1), actor=SECRETARY, now=february, rules=short), Checkin)
    assert near.reminded_on == date(2026, 2, 2)
    assert reminder_due(near, today=date(2026, 2, 23))


def test_it_lapses_after_its_last_day_by_the_community_s_calendar_and_not_on_it() -> None:
    job = Actor.system("checkins")
    last_minute = datetime(2027, 3, 2, 15, 59, tzinfo=UTC)
    assert decide(SERVING, LapseCheckIn(1), actor=job, now=last_minute).saves == ()
    decision = decide(
        replace(SERVING, at_work=2), LapseCheckIn(1), actor=job, now=last_minute + timedelta(minutes=1)
    )
    assert saved(decision, Checkin).state is CheckinState.LAPSED
    assert saved(decision, Appointment).phase is Phase.ENDED
    assert kinds(decision) == ["checkin.lapsed", "commands", "checkin.lapsed_member"]
    assert decision.notices[0].params == {"count": 2}
    lapsed = replace(SERVING, checkin=saved(decision, Checkin))
    assert decide(lapsed, LapseCheckIn(1), actor=job, now=at(UNTIL + timedelta(days=2))).saves == ()


@pytest.mark.parametrize("action", [LapseCheckIn(1), RemindCheckIn(1)])
def test_who_was_dismissed_hears_nothing_more_of_the_check_in(action: Any) -> None:
    dismissed = replace(SERVING, appointments=(replace(MEMBER, ends_at=NOW),))
    days = 1 if isinstance(action, LapseCheckIn) else -7
    decision = decide(dismissed, action, actor=Actor.system("checkins"), now=at(UNTIL + timedelta(days=days)))
    assert saved(decision, Checkin).state is CheckinState.LAPSED
    assert decision.notices == ()


# --- when people are free -----------------------------------------------------------------------------------------------


def test_a_set_is_put_in_whole_and_taken_out_whole() -> None:
    part = ("sat_morning",)
    assert toggled(part, "saturday") == SETS["saturday"]
    assert toggled(SETS["saturday"], "saturday") == ()
    assert toggled(SETS["saturday"], "sat_morning") == SETS["saturday"][1:]
    for forged in ("", "sat", "saturday_morning", "days"):
        with pytest.raises(Refused):
            toggled((), forged)
    assert len(SLOTS) == len(set(SLOTS)) == 21
