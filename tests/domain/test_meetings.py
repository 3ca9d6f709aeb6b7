"""The rules of meetings: codes, answers, the door, reminders, what was decided, and what a branch owes in a year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.base import Actor, Decision, Refresh, Refused, Role, ToPerson
from domain.meetings import amending, attending, following, planning, reminding
from domain.meetings.codes import code_at, is_code, seconds_left
from domain.meetings.duties import OWED, Often, look_on, owed_at, period_of, periods_of
from domain.meetings.offers import is_offered
from domain.meetings.shapes import (
    HELD_AT,
    AddFollowup,
    AmendList,
    Answer,
    AnswerMeeting,
    CancelMeeting,
    CheckInMeeting,
    CloseMeeting,
    CorrectMeeting,
    DutyCase,
    Earned,
    FinishFollowup,
    Followup,
    FollowupCase,
    Guest,
    GuestCase,
    LookAtDuty,
    LookAtFollowup,
    LookAtMeeting,
    Meeting,
    MeetingCase,
    MeetingKind,
    MeetingState,
    MoveMeeting,
    NewMeetingCase,
    PlanMeeting,
    Presence,
    PutGuest,
    SettleFollowup,
    TickGuest,
    TurnEarning,
    Walking,
    planners,
)
from domain.rulebook import MeetingRules, Rulebook

# Ten in the morning of a Monday in Shanghai; the meeting is at seven in the evening of the next day.
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
STARTS = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)
RULES = Rulebook()
ME = Actor(person_id=7)
SECRET = "a" * 32
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MEETING = Meeting(
    1, 3, 9, 4, MeetingKind.BRANCH, MeetingState.PLANNED, "学习", "二楼", STARTS, 90, NOW, SECRET, walking=Walking.RESTING
)  # fmt: skip
GUEST = Guest(1, 7)


def decided(rule: Callable[..., Decision], case: Any, action: Any, *, now: datetime = NOW, rules: Rulebook = RULES) -> Decision:  # fmt: skip
    return rule(case, action, actor=ME, now=now, rules=rules)


def refusal(rule: Callable[..., Decision], case: Any, action: Any, *, now: datetime = NOW, rules: Rulebook = RULES) -> str:  # fmt: skip
    with pytest.raises(Refused) as refused:
        decided(rule, case, action, now=now, rules=rules)
    return refused.value.key


def part(decision: Decision) -> Guest:
    """Somebody's part as it was decided."""
    (sweep,) = decision.sweeps
    assert isinstance(sweep, PutGuest)
    return sweep.guest


def saved(decision: Decision) -> Meeting:
    (found,) = decision.saves
    assert isinstance(found, Meeting)
    return found


# --- planning -----------------------------------------------------------------------------------------------------------


def plan(kind: MeetingKind = MeetingKind.BRANCH, *, at: datetime = STARTS, **words: str) -> PlanMeeting:
    return PlanMeeting(4, kind, words.get("topic", "学习"), words.get("where", "二楼"), at)


NEW = NewMeetingCase(1, SECRET, "1.2.4.", "grid", MeetingKind.BRANCH, somebody=True)


def test_a_meeting_is_planned_with_its_reminders_and_asks_for_its_words() -> None:
    planned = saved(decided(planning.plan, NEW, plan()))
    assert (planned.walking, planned.edition) == (Walking.FREEZING, 1)
    # Planned after nine, the reminder of the day before is over; who belongs there by then is seen at nine.
    assert (planned.reminded, planned.next_at) == (1, datetime(2026, 3, 3, 1, 0, tzinfo=UTC))
    assert refusal(planning.plan, NEW, plan(topic=" \u200b")) == "form.words_needed"
    assert refusal(planning.plan, NEW, plan(where="x" * 61)) == "request.too_long"
    assert refusal(planning.plan, NEW, plan(at=NOW - 93 * DAY)) == "meeting.time_past"
    assert refusal(planning.plan, NEW, plan(at=NOW + 367 * DAY)) == "meeting.time_far"
    assert refusal(planning.plan, replace(NEW, somebody=False), plan()) == "meeting.nobody"
    assert refusal(planning.plan, NEW, plan(MeetingKind.GROUP)) == "meeting.not_held_here"


def test_the_secret_of_the_codes_is_in_no_log() -> None:
    assert SECRET not in repr((MEETING, NEW, MeetingCase(MEETING, "1."), GuestCase(MEETING, GUEST)))


def test_what_a_unit_owes_it_may_hold_and_a_leader_plans_the_group_s_alone() -> None:
    for kind, owed in OWED.items():
        assert set(owed) <= set(HELD_AT[kind])
    assert [kind for kind in MeetingKind if planners(kind) is None] == [MeetingKind.GROUP]
    assert planners(MeetingKind.LECTURE) == {Role.SECRETARY}


def test_a_moved_meeting_asks_anew_until_the_doors_open() -> None:
    case = MeetingCase(replace(MEETING, reminded=1), "1.2.4.")
    moved = saved(decided(planning.move, case, MoveMeeting(1, STARTS + DAY)))
    assert (moved.edition, moved.asked, moved.was_at, moved.reminded) == (2, 2, STARTS, 0)
    assert (moved.walking, moved.reached) == (Walking.FREEZING, 0)
    # Nine o'clock of the day before the new one.
    assert moved.next_at == datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    answered = replace(GUEST, answer=Answer.LEAVE, edition=1, reason="出差")
    assert answered.answer_to(MEETING) is Answer.LEAVE
    assert answered.answer_to(moved) is Answer.NONE
    assert refusal(planning.move, case, MoveMeeting(1, STARTS)) == "meeting.same_time"
    pinned = MeetingCase(replace(MEETING, latitude=31.2, longitude=121.4), "1.2.4.")
    elsewhere = saved(decided(planning.move, pinned, MoveMeeting(1, STARTS, "三楼")))
    assert (elsewhere.place, elsewhere.latitude, elsewhere.edition) == ("三楼", None, 2)
    assert refusal(planning.move, case, MoveMeeting(1, NOW - HOUR)) == "meeting.time_past"
    late = STARTS - 15 * MINUTE
    assert refusal(planning.move, case, MoveMeeting(1, STARTS + DAY), now=late) == "meeting.begun"


def test_what_is_called_off_or_closed_stays_so() -> None:
    off = saved(decided(planning.cancel, MeetingCase(MEETING, "1."), CancelMeeting(1)))
    assert (off.state, off.walking, off.next_at, off.edition) == (
        MeetingState.CANCELLED, Walking.TELLING, None, 2,
    )  # fmt: skip
    assert refusal(planning.close, MeetingCase(MEETING, "1."), CloseMeeting(1)) == "meeting.not_yet"
    held = saved(decided(planning.close, MeetingCase(MEETING, "1."), CloseMeeting(1), now=STARTS))
    assert (held.state, held.walking) == (MeetingState.HELD, Walking.CREDITING)
    free = replace(RULES, meetings=MeetingRules(points=0))
    held = saved(decided(planning.close, MeetingCase(MEETING, "1."), CloseMeeting(1), now=STARTS, rules=free))
    assert held.walking is Walking.RESTING
    for over in (off, held):
        for rule, action in (
            (planning.move, MoveMeeting(1, STARTS + DAY)),
            (planning.cancel, CancelMeeting(1)),
            (planning.close, CloseMeeting(1)),
            (planning.tick, TickGuest(1, 7, here=True)),
        ):
            case = MeetingCase(over, "1.", guest=GUEST)
            assert refusal(rule, case, action, now=STARTS) == "meeting.over"


# --- answering ----------------------------------------------------------------------------------------------------------


def test_the_last_of_two_answers_counts_and_the_same_twice_changes_nothing() -> None:
    case = GuestCase(MEETING, GUEST)
    coming = part(decided(attending.answer, case, AnswerMeeting(1, 1, coming=True)))
    assert coming.answer_to(MEETING) is Answer.COMING
    again = decided(attending.answer, GuestCase(MEETING, coming), AnswerMeeting(1, 1, coming=True))
    assert again == Decision()
    leave = AnswerMeeting(1, 1, coming=False, reason=" 出差 ")
    away = part(decided(attending.answer, GuestCase(MEETING, coming), leave))
    assert (away.answer, away.reason) == (Answer.LEAVE, "出差")
    back = part(decided(attending.answer, GuestCase(MEETING, away), AnswerMeeting(1, 1, coming=True)))
    assert back.reason == ""


def test_leave_wants_a_reason_and_no_answer_is_taken_too_late_or_for_another_time() -> None:
    case = GuestCase(MEETING, GUEST)
    coming = AnswerMeeting(1, 1, coming=True)
    assert (
        refusal(attending.answer, case, AnswerMeeting(1, 1, coming=False, reason=" ")) == "form.words_needed"
    )
    long = AnswerMeeting(1, 1, coming=False, reason="x" * 201)
    assert refusal(attending.answer, case, long) == "request.too_long"
    assert refusal(attending.answer, case, coming, now=STARTS) == "meeting.too_late"
    moved = GuestCase(replace(MEETING, edition=2, asked=2), GUEST)
    assert refusal(attending.answer, moved, coming) == "meeting.was_moved"


# --- the code and the door ------------------------------------------------------------------------------------------------


@given(st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_a_code_is_taken_for_its_minute_and_the_next_one_and_no_longer(moment: datetime) -> None:
    code = code_at(SECRET, moment)
    assert len(code) == 6
    assert code.isdigit()
    assert 1 <= seconds_left(moment) <= 60
    left = timedelta(seconds=seconds_left(moment))
    assert is_code(SECRET, code, moment + left + timedelta(seconds=58))
    # By chance one in half a million of the later ones is the same.
    later = [moment + left + MINUTE + n * HOUR for n in range(3)]
    assert not all(is_code(SECRET, code, one) for one in later)
    assert not all(is_code("b" * 32, code, moment + n * HOUR) for n in range(2))


def check_in(code: str | None = None, *, at: datetime = STARTS, **place: float) -> CheckInMeeting:
    return CheckInMeeting(1, code or code_at(SECRET, at), at, **place)


def test_the_door_opens_a_little_before_and_closes_a_little_after() -> None:
    case = GuestCase(MEETING, GUEST)
    opens, closes = STARTS - 15 * MINUTE, STARTS + 120 * MINUTE
    for at in (opens, closes):
        there = part(decided(attending.check_in, case, check_in(at=at), now=at))
        assert (there.checked_in_at, there.presence) == (at, Presence.CODE)
    second = timedelta(seconds=1)
    early, late = opens - second, closes + second
    assert refusal(attending.check_in, case, check_in(at=early), now=early) == "meeting.too_early"
    assert refusal(attending.check_in, case, check_in(at=late), now=late) == "meeting.checkin_over"
    off = GuestCase(replace(MEETING, state=MeetingState.CANCELLED), GUEST)
    assert refusal(attending.check_in, off, check_in(), now=STARTS) == "meeting.over"


def test_a_code_that_is_wrong_old_from_the_future_or_used_twice_opens_nothing() -> None:
    case = GuestCase(MEETING, GUEST)
    wrong = f"{(int(code_at(SECRET, STARTS)) + 1) % 10**6:06}"
    assert refusal(attending.check_in, case, check_in(wrong), now=STARTS) == "meeting.code_wrong"
    for jumped in (STARTS + 6 * MINUTE, STARTS - MINUTE):
        # The clock has leapt since the code was typed, either way.
        assert refusal(attending.check_in, case, check_in(), now=jumped) == "meeting.code_wrong"
    there = part(decided(attending.check_in, case, check_in(), now=STARTS))
    twice = GuestCase(MEETING, there)
    with pytest.raises(Refused) as refused:
        decided(attending.check_in, twice, check_in(), now=STARTS + MINUTE)
    assert (refused.value.key, refused.value.params) == ("meeting.checked_in_already", {"at": "19:00"})


def test_who_was_struck_comes_back_by_the_secretary_s_hand_alone() -> None:
    there = part(decided(attending.check_in, GuestCase(MEETING, GUEST), check_in(), now=STARTS))
    case = MeetingCase(MEETING, "1.", guest=there)
    struck = part(decided(planning.tick, case, TickGuest(1, 7, here=False), now=STARTS))
    assert (struck.checked_in_at, struck.presence) == (None, Presence.STRUCK)
    again = GuestCase(MEETING, struck)
    assert refusal(attending.check_in, again, check_in(), now=STARTS) == "meeting.you_were_struck"
    case = replace(case, guest=struck)
    back = part(decided(planning.tick, case, TickGuest(1, 7, here=True), now=STARTS))
    assert back.presence is Presence.HAND
    assert (
        decided(planning.tick, replace(case, guest=back), TickGuest(1, 7, here=True), now=STARTS)
        == Decision()
    )
    early = STARTS - HOUR
    assert refusal(planning.tick, case, TickGuest(1, 7, here=True), now=early) == "meeting.not_yet"


def test_where_the_place_counts_a_friend_elsewhere_cannot_check_in() -> None:
    near = replace(RULES, meetings=MeetingRules(ask_place=True, place_metres=200))
    pinned = GuestCase(replace(MEETING, latitude=31.2304, longitude=121.4737), GUEST)
    assert refusal(attending.check_in, pinned, check_in(), now=STARTS, rules=near) == "meeting.place_needed"
    far = check_in(latitude=31.2404, longitude=121.4737)
    assert refusal(attending.check_in, pinned, far, now=STARTS, rules=near) == "meeting.far_away"
    here = check_in(latitude=31.2310, longitude=121.4740)
    assert part(decided(attending.check_in, pinned, here, now=STARTS, rules=near)).checked_in_at == STARTS
    # Where nobody has pinned it, or it is not asked, the code is enough.
    assert part(decided(attending.check_in, GuestCase(MEETING, GUEST), check_in(), now=STARTS, rules=near))
    assert part(decided(attending.check_in, pinned, far, now=STARTS))


# --- reminders ------------------------------------------------------------------------------------------------------------


def look(meeting: Meeting, *, now: datetime) -> Meeting:
    found = decided(reminding.look_at_meeting, MeetingCase(meeting, "1."), LookAtMeeting(1), now=now)
    return saved(found)


def test_people_are_reminded_the_day_before_and_two_hours_before_and_then_it_wants_closing() -> None:
    later = replace(MEETING, starts_at=STARTS + DAY)
    meeting = reminding.next_look(later, now=NOW, zone="", rules=RULES)
    seen = []
    while meeting.next_at is not None:
        at = meeting.next_at
        meeting = look(replace(meeting, walking=Walking.RESTING), now=at)
        seen.append((at, meeting.walking))
    assert seen == [
        (datetime(2026, 3, 3, 1, 0, tzinfo=UTC), Walking.REMINDING),
        (datetime(2026, 3, 4, 1, 0, tzinfo=UTC), Walking.RESTING),
        (STARTS + DAY - 2 * HOUR, Walking.REMINDING),
        (STARTS + DAY - 15 * MINUTE, Walking.RESTING),
        (STARTS + DAY + 120 * MINUTE, Walking.RESTING),
    ]
    assert decided(reminding.look_at_meeting, MeetingCase(meeting, "1."), LookAtMeeting(1)) == Decision()


def test_each_day_it_is_seen_who_has_joined_and_they_are_written_down_while_it_is_to_come() -> None:
    week = replace(MEETING, starts_at=STARTS + 6 * DAY)
    meeting = reminding.next_look(week, now=NOW, zone="", rules=RULES)
    assert (meeting.reminded, meeting.next_at) == (0, datetime(2026, 3, 3, 1, 0, tzinfo=UTC))
    joined = LookAtMeeting(1, joined=True)
    nine = meeting.next_at
    assert nine is not None

    def seen(one: Meeting, now: datetime) -> Meeting:
        return saved(decided(reminding.look_at_meeting, MeetingCase(one, "1."), joined, now=now))

    gathered = seen(meeting, nine)
    assert (gathered.walking, gathered.reminded, gathered.edition) == (Walking.FREEZING, 0, 1)
    assert gathered.next_at == nine + DAY
    assert saved(
        decided(reminding.look_at_meeting, MeetingCase(meeting, "1."), LookAtMeeting(1), now=nine)
    ) == (replace(meeting, next_at=nine + DAY))
    # Those who are being told anyway are told as well, and once it has begun nobody is invited.
    busy = replace(meeting, walking=Walking.TELLING, reached=7)
    assert (seen(busy, nine).walking, seen(busy, nine).reached) == (Walking.TELLING, 7)
    late = replace(meeting, reminded=2)
    assert seen(late, week.starts_at + MINUTE).walking is Walking.RESTING
    assert seen(late, week.starts_at + MINUTE).next_at == week.ends_at + 30 * MINUTE


def test_a_clock_that_leapt_ahead_reminds_once_and_one_put_back_not_again() -> None:
    meeting = reminding.next_look(replace(MEETING, starts_at=STARTS + DAY), now=NOW, zone="", rules=RULES)
    leapt = look(meeting, now=STARTS + DAY - HOUR)
    assert (leapt.reminded, leapt.walking) == (2, Walking.REMINDING)
    back = MeetingCase(replace(leapt, walking=Walking.RESTING), "1.")
    assert decided(reminding.look_at_meeting, back, LookAtMeeting(1), now=NOW) == Decision()
    over = look(meeting, now=STARTS + 2 * DAY)
    assert over.walking is Walking.RESTING


def test_nothing_is_said_in_the_quiet_hours() -> None:
    # At eight in the morning: two hours before it is still quiet, so it is half past seven.
    early = datetime(2026, 3, 4, 0, 0, tzinfo=UTC)
    day_before, shortly, _ = reminding.looks(replace(MEETING, starts_at=early), zone="", rules=RULES)
    assert (day_before, shortly) == (early - 23 * HOUR, early - 30 * MINUTE)
    # At seven it has begun by then: that reminder is left out.
    earlier = early - HOUR
    meeting = replace(MEETING, starts_at=earlier, reminded=1)
    assert reminding.next_look(meeting, now=NOW, zone="", rules=RULES).reminded == 2
    # The bot was down until the night: it waits for the morning.
    night = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
    due = replace(MEETING, reminded=2, next_at=night - HOUR)
    woken = look(due, now=night)
    assert (woken.reminded, woken.next_at) == (2, datetime(2026, 3, 3, 23, 30, tzinfo=UTC))


# --- putting right ------------------------------------------------------------------------------------------------------------


def test_words_are_corrected_until_it_has_ended_and_answers_stand() -> None:
    pinned = replace(MEETING, latitude=31.2, longitude=121.4, agenda="一、学习")
    case = MeetingCase(pinned, "1.2.4.")
    answered = replace(GUEST, answer=Answer.LEAVE, edition=1, reason="出差")
    elsewhere = saved(decided(amending.correct, case, CorrectMeeting(1, place=" 三楼 ")))
    assert (elsewhere.place, elsewhere.latitude, elsewhere.starts_at) == ("三楼", None, STARTS)
    assert (elsewhere.edition, elsewhere.asked, elsewhere.walking) == (2, 1, Walking.FREEZING)
    assert answered.answer_to(elsewhere) is Answer.LEAVE
    renamed = saved(decided(amending.correct, case, CorrectMeeting(1, topic="讨论"), now=STARTS))
    assert (renamed.topic, renamed.latitude, renamed.edition) == ("讨论", 31.2, 2)
    # After a correction a move asks anew, and an answer to what was before it counts no more.
    moved = saved(decided(planning.move, MeetingCase(elsewhere, "1."), MoveMeeting(1, STARTS + DAY)))
    assert (moved.edition, moved.asked) == (3, 3)
    assert answered.answer_to(moved) is Answer.NONE
    # Of another agenda nobody is told.
    agenda = saved(decided(amending.correct, case, CorrectMeeting(1, agenda="二、讨论")))
    assert agenda == replace(pinned, agenda="二、讨论")
    for action, key in (
        (CorrectMeeting(1, topic=" 学习 "), "meeting.same_words"),
        (CorrectMeeting(1), "meeting.same_words"),
        (CorrectMeeting(1, place="\u200b"), "form.words_needed"),
        (CorrectMeeting(1, topic="x" * 81), "request.too_long"),
        (CorrectMeeting(1, agenda="x" * 601), "request.too_long"),
    ):
        assert refusal(amending.correct, case, action) == key
    late = STARTS + 90 * MINUTE
    assert refusal(amending.correct, case, CorrectMeeting(1, topic="讨论"), now=late) == "meeting.over"
    held = MeetingCase(replace(MEETING, state=MeetingState.HELD), "1.")
    assert refusal(amending.correct, held, CorrectMeeting(1, topic="讨论")) == "meeting.over"


HELD = replace(MEETING, state=MeetingState.HELD, closed_at=STARTS + 2 * HOUR)
LATER = STARTS + DAY


def amended(
    here: bool, earned: Earned | None, meeting: Meeting = HELD, *, rules: Rulebook = RULES
) -> Decision:
    there = GUEST if here else replace(GUEST, checked_in_at=STARTS, presence=Presence.CODE)
    case = MeetingCase(meeting, "1.", guest=there, earned=earned)
    return decided(
        amending.amend, case, AmendList(1, 7, here=here, reason="忘了签到"), now=LATER, rules=rules
    )


@pytest.mark.parametrize(
    ("here", "earned", "turns", "earns"),
    [
        (True, None, False, True),
        (True, Earned(0), True, False),
        (False, Earned(100), True, False),
        (False, Earned(None), True, False),
        (False, Earned(0), False, False),
        (False, None, False, False),
    ],
)
def test_points_follow_a_list_that_is_put_right(
    here: bool, earned: Earned | None, turns: bool, earns: bool
) -> None:
    decision = amended(here, earned)
    put, *turned = decision.sweeps
    assert isinstance(put, PutGuest)
    assert put.guest.presence is (Presence.HAND if here else Presence.STRUCK)
    assert turned == ([TurnEarning(1, 7, RULES.points.version, LATER)] if turns else [])
    assert [(one.source_kind, one.source_id, one.amount) for one in decision.earnings] == (
        [("meeting", 1, 100)] if earns else []
    )
    (remark,) = decision.remarks
    assert (remark.subject_kind, remark.content.text) == ("attendance", "忘了签到")
    (event,) = decision.events
    assert event.data == {"person_id": 7, "turned": turns}
    (notice,) = decision.notices
    assert notice.to == ToPerson(7)


def test_who_has_not_been_credited_yet_is_credited_with_the_others_or_not_at_all() -> None:
    crediting = replace(HELD, walking=Walking.CREDITING, reached=6)
    for here in (True, False):
        decision = amended(here, None, crediting)
        assert (len(decision.sweeps), decision.earnings) == (1, ())
    assert len(amended(True, None, replace(crediting, reached=7)).earnings) == 1
    free = replace(RULES, meetings=MeetingRules(points=0))
    assert amended(True, None, rules=free).earnings == ()


def test_a_closed_list_is_changed_with_a_reason_once_and_while_it_is_on_the_year_s_sheet() -> None:
    case = MeetingCase(HELD, "1.", guest=GUEST)
    tick = AmendList(1, 7, here=True, reason="忘了签到")
    assert refusal(amending.amend, case, replace(tick, reason=" "), now=LATER) == "form.words_needed"
    assert refusal(amending.amend, case, replace(tick, reason="x" * 201), now=LATER) == "request.too_long"
    assert refusal(amending.amend, replace(case, guest=None), tick, now=LATER) == "refused.not_found"
    assert decided(amending.amend, case, replace(tick, here=False), now=LATER) == Decision()
    for state in (MeetingState.PLANNED, MeetingState.CANCELLED):
        other = replace(case, meeting=replace(HELD, state=state))
        assert refusal(amending.amend, other, tick, now=LATER) == "meeting.list_fixed"
    december = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    assert amending.may_amend(HELD, now=december, rules=RULES)
    # In January only what was closed within a month.
    assert not amending.may_amend(HELD, now=december + MINUTE, rules=RULES)
    lately = replace(HELD, starts_at=december - DAY, closed_at=december)
    assert amending.may_amend(lately, now=december + 31 * DAY, rules=RULES)
    assert not amending.may_amend(lately, now=december + 32 * DAY, rules=RULES)


# --- what was decided -------------------------------------------------------------------------------------------------------


def test_what_was_decided_comes_due_and_is_late_once() -> None:
    case = MeetingCase(MEETING, "1.", new_id=5, guest=Guest(1, 8))
    add = AddFollowup(1, "修路灯", 8, date(2026, 3, 6))
    assert refusal(following.add, case, add) == "meeting.not_yet"
    (made,) = decided(following.add, case, add, now=STARTS).saves
    assert isinstance(made, Followup)
    assert made.next_at == datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    told = []
    while made.next_at is not None:
        asked = FollowupCase(made, MEETING, "1.")
        decision = decided(reminding.look_at_followup, asked, LookAtFollowup(5), now=made.next_at)
        told.append([(notice.kind, notice.to) for notice in decision.notices])
        (made,) = decision.saves
        assert isinstance(made, Followup)
    assert told == [
        [("followup.due", ToPerson(8))],
        [("followup.late", ToPerson(8)), ("followup.late", ToPerson(9))],
    ]
    finished = decided(following.finish, FollowupCase(made, MEETING, "1."), FinishFollowup(5))
    # Who planned the meeting hears of it, and whose list is open sees it; who says it of their own meeting hears nothing.
    assert [(one.kind, one.to) for one in finished.notices] == [("followup.finished", ToPerson(9))]
    assert Refresh("meeting.follows", 1) in finished.refreshes
    theirs = FollowupCase(made, replace(MEETING, author_id=ME.person_id), "1.")
    assert decided(following.finish, theirs, SettleFollowup(5)).notices == ()
    (done,) = finished.saves
    assert isinstance(done, Followup)
    again = FollowupCase(done, MEETING, "1.")
    assert refusal(following.finish, again, FinishFollowup(5)) == "followup.done_already"


def test_only_who_was_invited_is_given_something_to_do_and_not_without_end() -> None:
    case = MeetingCase(MEETING, "1.", new_id=5, guest=Guest(1, 8))
    add = AddFollowup(1, "修路灯", 8, date(2026, 3, 6))
    assert refusal(following.add, replace(case, guest=None), add, now=STARTS) == "refused.not_found"
    assert refusal(following.add, replace(case, followups=30), add, now=STARTS) == "followup.too_many"
    yesterday = replace(add, due_on=date(2026, 3, 2))
    assert refusal(following.add, case, yesterday, now=STARTS) == "form.day_wrong"
    assert refusal(following.add, case, replace(add, what=" "), now=STARTS) == "form.words_needed"


# --- what is owed -----------------------------------------------------------------------------------------------------------


@given(
    st.sampled_from([often for often in Often if often is not Often.NEVER]),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
)
def test_the_periods_of_a_year_follow_one_another_and_hold_each_day_once(often: Often, day: date) -> None:
    periods = periods_of(often, day.year)
    assert [one.holds(day) for one in periods].count(True) == 1
    assert (periods[0].first, periods[-1].last) == (date(day.year, 1, 1), date(day.year, 12, 31))
    for one, after in pairwise(periods):
        assert one.last + DAY == after.first
    assert period_of(often, day) in periods


def duty(
    day: datetime,
    *planned: tuple[MeetingKind, datetime],
    kind: str = "building",
    told: str = "",
    since: date | None = None,
) -> Decision:
    case = DutyCase(4, kind, planned, told, since)
    return decided(reminding.look_at_duty, case, LookAtDuty(4), now=day)


def test_of_a_time_before_the_unit_nothing_is_owed_and_what_was_held_is_told_from_what_is_planned() -> None:
    march = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    assert len(duty(march).notices) == 1
    assert duty(march, since=date(2026, 3, 1)).notices == ()
    assert len(duty(march, since=date(2026, 2, 28)).notices) == 1
    days = [(MeetingKind.LECTURE, date(2026, 5, 5)), (MeetingKind.LECTURE, date(2026, 8, 5))]
    quarters = {Often.QUARTERLY: periods_of(Often.QUARTERLY, 2026)}
    owed = owed_at(
        "grid", {"lecture": "quarterly"}, days, periods=quarters, held=days[:1], since=date(2026, 4, 30)
    )
    assert [(one.period.number, one.count, one.held) for one in owed] == [(2, 1, 1), (3, 1, 0), (4, 0, 0)]


@pytest.mark.parametrize(
    ("kind", "held", "ways", "never"),
    [
        (MeetingKind.BRANCH, {"community", "grid", "branch"}, {"street", "building"}, set()),
        (MeetingKind.GROUP, {"building"}, {"street", "community", "grid"}, {"branch"}),
    ],
)
def test_units_that_hold_no_such_meeting_are_ways_down_at_most(
    kind: MeetingKind, held: set[str], ways: set[str], never: set[str]
) -> None:
    assert {one for one in HELD_AT if is_offered(one, kind, goes_on=False)} == held
    assert {one for one in HELD_AT if is_offered(one, kind, goes_on=True)} == held | ways
    assert held | ways | never == set(HELD_AT)


def test_the_missing_meeting_of_a_month_or_quarter_is_said_before_its_end_and_after_it() -> None:
    march = datetime(2026, 3, 25, 1, 0, tzinfo=UTC)
    held = (MeetingKind.GROUP, datetime(2026, 3, 9, 11, 0, tzinfo=UTC))
    (notice,) = duty(march).notices
    assert (notice.kind, notice.params["over"]) == ("meeting.duty", False)
    assert duty(march, held).notices == ()
    assert len(duty(datetime(2026, 4, 2, 1, 0, tzinfo=UTC)).notices) == 1
    assert duty(march, told="2026-03:1") == Decision()
    assert duty(march - 7 * DAY) == Decision()
    # Four are owed at the end of a quarter, two at the end of any other month.
    (event,) = duty(march, kind="grid").events
    assert event.data["count"] == 4
    (event,) = duty(datetime(2026, 5, 28, 1, 0, tzinfo=UTC), kind="grid").events
    assert event.data["count"] == 2
    assert duty(march, kind="community").notices == ()


def test_what_is_never_owed_is_never_missing() -> None:
    never = {kind.value: Often.NEVER for kind in MeetingKind}
    on = look_on(date(2026, 3, 31))
    assert on is not None
    assert owed_at("grid", never, (), periods=on.periods) == ()
