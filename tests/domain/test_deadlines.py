"""What time does to a request and to the work on it: who is told what, once, and what closes by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.base import Action, Notice, Role, ToMembers, ToPerson, ToResponsible
from domain.clocks import Counting, add_working_hours, take_working_hours, working_hours_between
from domain.deadlines import LookAtRequest
from domain.requests import AskResident, CorrectRequest, Request, VerifyRequest
from domain.rulebook import Rulebook, WorkingHours
from domain.tasks import Claim, Task
from domain.unstarted import LookAtTask
from tests.domain.lifecycle import CLOCK, START
from tests.domain.pure_world import PATHS, PERSON_IDS, UNIT_IDS, PureWorld
from tests.domain.scenes import claimed, offered, raised, request

RESIDENT, ANN, LEADER = (PERSON_IDS[who] for who in ("resident", "ann", "leader"))


@pytest.fixture
def world() -> PureWorld:
    return PureWorld()


def looked(world: PureWorld, action: Action) -> list[Notice]:
    """What leaves because the clock has looked at it."""
    before = len(world.notices)
    assert world.put(CLOCK, action).refused is None
    return world.notices[before:]


def until(world: PureWorld, request_id: int, moment: datetime) -> list[tuple[datetime, Notice]]:
    """All that the clock does about a request up to then, looking as the job does, each with when."""
    said: list[tuple[datetime, Notice]] = []
    while (next_at := request(world, request_id).next_at) is not None and next_at <= moment:
        world.now = max(world.now, next_at)
        said += [(world.now, notice) for notice in looked(world, LookAtRequest(request_id))]
    world.now = moment
    return said


def task_until(world: PureWorld, task_id: int, moment: datetime) -> list[tuple[datetime, Notice]]:
    """The same of a task."""
    said: list[tuple[datetime, Notice]] = []
    while (next_at := world.get(Task, task_id).next_at) is not None and next_at <= moment:
        world.now = max(world.now, next_at)
        said += [(world.now, notice) for notice in looked(world, LookAtTask(task_id))]
    world.now = moment
    return said


def notes(said: list[tuple[datetime, Notice]]) -> list[object]:
    """What is said on top of the cards."""
    return [notice.params.get("note") for _, notice in said]


# --- deadlines ------------------------------------------------------------------------------------------------------


def test_the_leader_is_warned_of_an_answer_and_told_once_when_it_is_late(world: PureWorld) -> None:
    request_id = raised(world)
    due = request(world, request_id).answer_due_at
    said = until(world, request_id, due + timedelta(days=30))
    assert notes(said) == ["desk.answer_soon", "desk.answer_overdue"]
    # Four working hours: a tenth of them before, and then.
    assert [at for at, _ in said] == [due - timedelta(minutes=24), due]
    assert all(
        notice.to == ToResponsible(UNIT_IDS["b1"], roles=(Role.LEADER, Role.SECRETARY)) for _, notice in said
    )
    assert request(world, request_id).next_at is None


def test_an_urgent_one_warns_a_quarter_of_an_hour_before_also_at_night(world: PureWorld) -> None:
    world.now = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # half past eleven at night in China
    request_id = raised(world)
    assert world.perform("leader", CorrectRequest(request_id, urgency="urgent")).refused is None
    due = request(world, request_id).answer_due_at
    assert due == request(world, request_id).raised_at + timedelta(hours=2)
    said = until(world, request_id, due)
    assert [at for at, _ in said] == [due - timedelta(minutes=15), due]


def test_whoever_has_answered_is_not_told_that_the_answer_is_late(world: PureWorld) -> None:
    request_id, _ = offered(world)
    due = request(world, request_id).answer_due_at
    assert until(world, request_id, due + timedelta(hours=1)) == []


def test_a_solution_warns_who_is_at_work_and_then_the_leader(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    due = request(world, request_id).solve_due_at
    assert due is not None
    said = until(world, request_id, due + timedelta(days=9))
    assert notes(said) == ["task.solution_soon", "desk.solution_overdue"]
    assert (said[0][1].to, said[0][1].subject_id) == (ToPerson(ANN), task_id)
    assert isinstance(said[1][1].to, ToResponsible)
    assert request(world, request_id).overdue_at == due


def test_with_nobody_at_work_who_accepted_it_is_warned(world: PureWorld) -> None:
    request_id, _ = offered(world)
    said = until(world, request_id, request(world, request_id).solve_due_at or START)
    assert said[0][1].to == ToPerson(LEADER)


def test_a_bot_that_was_away_says_only_what_is_true_by_then(world: PureWorld) -> None:
    request_id = raised(world)
    world.now = request(world, request_id).answer_due_at + timedelta(hours=1)
    assert [n.params["note"] for n in looked(world, LookAtRequest(request_id))] == ["desk.answer_overdue"]


def test_what_comes_to_light_at_night_waits_for_the_morning_and_is_said_once(world: PureWorld) -> None:
    request_id = raised(world)
    world.now = datetime(2026, 3, 2, 16, tzinfo=UTC)  # midnight in China
    assert looked(world, LookAtRequest(request_id)) == []
    morning = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert request(world, request_id).next_at == morning
    assert notes(until(world, request_id, morning)) == ["desk.answer_overdue"]
    assert looked(world, LookAtRequest(request_id)) == []


def test_the_urgency_put_right_moves_what_is_not_met_yet(world: PureWorld) -> None:
    request_id = raised(world)
    before = request(world, request_id)
    assert world.perform("leader", CorrectRequest(request_id, urgency="ordinary")).refused is None
    after = request(world, request_id)
    assert after.answer_due_at > before.answer_due_at
    assert (after.solve_due_at or START) > (before.solve_due_at or START)
    world.accept("leader", request_id)
    accepted = request(world, request_id)
    assert (accepted.answer_due_at, accepted.solve_due_at) == (after.answer_due_at, after.solve_due_at)


def test_nobody_is_told_again_when_a_deadline_moves_after_it_was_told(world: PureWorld) -> None:
    request_id = raised(world)
    said = until(world, request_id, request(world, request_id).answer_due_at)
    assert len(said) == 2
    world.perform("leader", CorrectRequest(request_id, urgency="ordinary"))
    assert until(world, request_id, request(world, request_id).answer_due_at + timedelta(days=1)) == []


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - given their zone below
    st.floats(0, 300),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe"]),
)
def test_working_hours_counted_forwards_backwards_and_between_agree(
    local: datetime, hours: float, zone: str
) -> None:
    place, office = ZoneInfo(zone), WorkingHours()
    start = local.replace(tzinfo=place).astimezone(UTC)
    end = add_working_hours(start, hours=hours, zone=place, office=office)
    assert working_hours_between(start, end, zone=place, office=office) == pytest.approx(hours, abs=1e-6)
    begin = take_working_hours(end, hours=hours, zone=place, office=office)
    assert working_hours_between(begin, end, zone=place, office=office) == pytest.approx(hours, abs=1e-6)
    # Nothing but closed hours lies between the two.
    assert working_hours_between(start, begin, zone=place, office=office) == pytest.approx(0, abs=1e-6)


# --- a question, and silence ------------------------------------------------------------------------------------------


def test_the_clock_stops_while_the_resident_is_asked_and_goes_on_with_what_was_left(world: PureWorld) -> None:
    request_id, _ = claimed(world, "ann")
    counting = Counting("timely", world.rules)
    assert world.perform("leader", AskResident(request_id, "几点在家？")).refused is None
    asked = request(world, request_id)
    assert asked.state == "waiting"
    assert asked.stopped_at is not None
    assert asked.solve_due_at is not None
    left = counting.between(asked.stopped_at, asked.solve_due_at)
    said = until(world, request_id, world.now + timedelta(days=4))
    assert notes(said) == ["request.remind_answer"] * 2
    assert world.add("resident", request_id).refused is None
    after = request(world, request_id)
    assert (after.state, after.stopped_at, after.reminded) == ("in_progress", None, 0)
    assert after.solve_due_at is not None
    assert counting.between(world.now, after.solve_due_at) == pytest.approx(left)
    assert world.notices[-1].kind == "request.added"


def test_a_question_that_is_never_answered_ends_the_work_undone(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    world.perform("leader", AskResident(request_id, "几点在家？"))
    said = until(world, request_id, world.now + timedelta(days=8))
    assert notes(said) == [
        "request.remind_answer",
        "request.remind_answer",
        "request.closed_unanswered",
        "task.no_answer",
    ]
    state = world.read_state()
    assert state.requests[request_id].state == "closed_no_answer"
    assert state.tasks[task_id].claims == (("ann", "cancelled"),)
    assert not state.earnings
    assert world.withdraw("resident", request_id).refused == "request.not_now"


def test_only_what_is_accepted_can_be_asked_about(world: PureWorld) -> None:
    request_id = raised(world)
    assert world.perform("leader", AskResident(request_id, "在哪层？")).refused == "request.not_now"
    assert world.perform("ann", AskResident(request_id, "在哪层？")).refused == "refused.not_found"
    world.accept("leader", request_id)
    assert world.perform("leader", AskResident(request_id, " ")).refused == "form.words_needed"


def done(world: PureWorld) -> tuple[int, int]:
    """Reported and waiting for the resident's word: (request, task)."""
    request_id, task_id = claimed(world, "ann")
    world.report("ann", task_id)
    return request_id, task_id


def test_silence_is_reminded_twice_and_then_closes_and_earns_nothing(world: PureWorld) -> None:
    request_id, task_id = done(world)
    since = request(world, request_id).done_at
    assert since is not None
    said = until(world, request_id, since + timedelta(days=7))
    assert notes(said) == [
        "request.remind_done",
        "request.remind_done",
        "request.closed_silently",
        "desk.verify_wanted",
    ]
    assert [at - since for at, _ in said] == [timedelta(hours=h) for h in (24, 72, 168, 168)]
    verifying = said[-1][1].to
    assert isinstance(verifying, ToResponsible)
    assert verifying.passing_over == {ANN, RESIDENT}
    state = world.read_state()
    assert state.requests[request_id].state == "closed_silent"
    assert state.requests[request_id].stars is None
    assert not state.earnings
    assert world.confirm("resident", request_id).refused == "request.not_now"
    assert task_id in state.tasks


def test_what_closed_in_silence_earns_once_a_leader_who_did_not_help_has_verified_it(
    world: PureWorld,
) -> None:
    request_id, task_id = claimed(world, "leader")
    world.report("leader", task_id)
    assert world.perform("secretary", VerifyRequest(request_id)).refused == "request.not_now"
    until(world, request_id, world.now + timedelta(days=8))
    assert world.perform("leader", VerifyRequest(request_id)).refused == "refused.not_found"
    assert world.perform("ann", VerifyRequest(request_id)).refused == "refused.not_found"
    assert world.perform("secretary", VerifyRequest(request_id)).refused is None
    assert world.perform("secretary", VerifyRequest(request_id)).refused == "request.verified_already"
    state = world.read_state()
    # An hour of repair help, as four stars count.
    assert [(e.member, e.amount) for e in state.earnings] == [("leader", 1200)]
    assert state.requests[request_id].state == "closed_silent"
    assert state.tasks[task_id].state == "closed"


def test_a_word_in_time_ends_the_reminders_and_work_sent_back_begins_them_anew(world: PureWorld) -> None:
    request_id, task_id = done(world)
    assert len(until(world, request_id, world.now + timedelta(hours=25))) == 1
    world.give_back("resident", request_id)
    assert "request.remind_done" not in notes(until(world, request_id, world.now + timedelta(days=1)))
    world.report("ann", task_id)
    assert notes(until(world, request_id, world.now + timedelta(hours=24))) == ["request.remind_done"]
    world.confirm("resident", request_id)
    assert request(world, request_id).next_at is None


def test_nobody_is_closed_upon_who_was_never_reminded(world: PureWorld) -> None:
    request_id, _ = done(world)
    world.now += timedelta(days=20)
    assert [n.params["note"] for n in looked(world, LookAtRequest(request_id))] == ["request.remind_done"]
    assert request(world, request_id).next_at == world.now + timedelta(hours=24)


# --- work that does not begin ---------------------------------------------------------------------------------------


def test_who_does_not_start_is_warned_and_then_makes_room_for_others(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    at = world.now
    said = task_until(world, task_id, at + timedelta(hours=36))
    kinds = [(notice.kind, notice.params.get("note")) for _, notice in said]
    assert kinds == [
        ("task.card", "task.not_started"),
        ("request.expired", None),
        ("task.card", None),
        ("task.card", "task.expired"),
        # More than half of the time has gone by with nothing done.
        ("task.card", None),
        ("desk.card", "desk.nobody_claims"),
    ]
    assert [moment - at for moment, _ in said][:2] == [timedelta(hours=24), timedelta(hours=36)]
    state = world.read_state()
    assert state.tasks[task_id].claims == (("ann", "expired"),)
    assert state.requests[request_id].state == "open"
    assert world.claim("ann", task_id).refused is None


def test_who_has_started_is_left_alone(world: PureWorld) -> None:
    _, task_id = claimed(world, "ann")
    world.start("ann", task_id)
    assert task_until(world, task_id, world.now + timedelta(days=9)) == []


def test_what_is_about_staff_stays_with_its_handler_however_long_it_takes(world: PureWorld) -> None:
    request_id = raised(world, "sensitive", about="leader")
    world.accept("secretary", request_id)
    assert world.get(Task, 1).next_at is None


def test_what_nobody_takes_on_is_offered_further_and_then_laid_before_the_secretary(world: PureWorld) -> None:
    request_id, task_id = offered(world)
    said = task_until(world, task_id, world.now + timedelta(days=30))
    assert [type(notice.to) for _, notice in said] == [ToMembers, ToResponsible]
    wider, listed = said[0][1].to, said[1][1].to
    assert isinstance(wider, ToMembers)
    assert (wider.circle_unit_id, wider.beyond_unit_id) == (UNIT_IDS["grid"], UNIT_IDS["b1"])
    assert listed == ToResponsible(UNIT_IDS["b1"], roles=(Role.SECRETARY,))
    assert said[1][1].subject_id == request_id
    counting = Counting("timely", world.rules)
    since = world.get(Task, task_id).offered_at
    assert [counting.between(since, at) for at, _ in said] == [pytest.approx(6), pytest.approx(12)]
    assert PATHS[world.get(Task, task_id).circle_unit_id] == PATHS[UNIT_IDS["grid"]]


def test_while_the_resident_is_asked_nobody_is_late(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    world.perform("leader", AskResident(request_id, "几点在家？"))
    assert task_until(world, task_id, world.now + timedelta(days=3)) == []
    world.add("resident", request_id)
    assert notes(task_until(world, task_id, world.now)) == ["task.not_started"]


def test_a_look_too_many_and_one_too_early_do_nothing(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    for _ in range(2):
        assert looked(world, LookAtRequest(request_id)) == []
        assert looked(world, LookAtTask(task_id)) == []
    before = (world.get(Request, request_id), world.get(Task, task_id), world.get(Claim, 1))
    looked(world, LookAtRequest(request_id))
    looked(world, LookAtTask(task_id))
    assert before == (world.get(Request, request_id), world.get(Task, task_id), world.get(Claim, 1))


def test_each_span_is_a_rule_of_the_house(world: PureWorld) -> None:
    rules = Rulebook()
    deadlines = replace(rules.deadlines, solution_hours={"timely": 8}, remind_hours=(2,), silent_days=1)
    world = PureWorld(rules=replace(rules, deadlines=deadlines))
    request_id, _ = done(world)
    counting = Counting("timely", world.rules)
    found = request(world, request_id)
    assert found.solve_due_at is not None
    assert counting.between(found.raised_at, found.solve_due_at) == pytest.approx(8)
    said = until(world, request_id, world.now + timedelta(days=2))
    assert notes(said)[:2] == ["request.remind_done", "request.closed_silently"]
