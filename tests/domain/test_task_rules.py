"""Work on tasks where the life-cycle machine does not look: places, skills, photos, and what a refusal says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.base import Refused
from domain.rulebook import DEFAULT_CATEGORIES, Rulebook
from domain.tasks import DECIDE, Claim, ClaimState, ClaimTask, Task, TaskState
from tests.domain.lifecycle import START
from tests.domain.pure_world import PERSON_IDS, PureWorld, actor_of
from tests.domain.scenes import claimed, offered, raised

BOB = PERSON_IDS["bob"]


@pytest.fixture
def world() -> PureWorld:
    return PureWorld()


def test_a_category_may_ask_for_a_photo_of_the_work() -> None:
    categories = tuple(replace(c, photo_on_report=c.code == "lift") for c in DEFAULT_CATEGORIES)
    world = PureWorld(rules=Rulebook(categories=categories))
    _, task_id = claimed(world, "ann")
    assert world.report("ann", task_id).refused == "task.photo_needed"
    assert world.read_state().tasks[task_id].claims == (("ann", "claimed"),)


def test_a_report_without_a_start_is_a_report(world: PureWorld) -> None:
    _, task_id = claimed(world, "ann")
    assert world.report("ann", task_id).refused is None


def test_work_sent_back_is_begun_again_and_may_be_given_back(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann", "bob")
    for helper in ("ann", "bob"):
        world.report(helper, task_id)
    world.give_back("resident", request_id)
    assert world.start("ann", task_id).refused is None
    assert world.start("ann", task_id).refused == "task.started_already"
    assert world.release("bob", task_id).refused is None
    assert world.read_state().tasks[task_id].claims == (("ann", "started"), ("bob", "released"))


def test_places_are_numbered_from_one_and_filled_again(world: PureWorld) -> None:
    _, task_id = claimed(world, "ann", "bob")
    world.release("ann", task_id)
    world.claim("walker", task_id)
    held = [(c.member_id, c.place) for c in world.table(Claim).values() if c.state is ClaimState.CLAIMED]
    assert held == [(BOB, 2), (PERSON_IDS["walker"], 1)]


def test_who_presses_too_late_is_told_so(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    assert world.claim("bob", task_id).refused == "task.taken"
    assert world.claim("ann", task_id).refused == "task.already_yours"
    assert world.claim("spouse", task_id).refused == "task.taken"
    world.withdraw("resident", request_id)
    assert world.claim("bob", task_id).refused == "task.over"
    assert world.read_state().tasks[task_id].state == TaskState.CANCELLED


def test_a_proxy_does_not_do_what_they_asked_for(world: PureWorld) -> None:
    request_id = world.raise_for_other("ann", category="lift", unit="b1").number("request_id")
    task_id = world.accept("leader", request_id).number("task_id")
    assert world.claim("ann", task_id).refused == "task.your_own"
    assert world.claim("bob", task_id).refused is None


def test_a_household_does_not_do_its_own_work(world: PureWorld) -> None:
    _, task_id = offered(world)
    assert world.claim("spouse", task_id).refused == "task.your_own"


def test_a_skill_that_is_asked_is_needed(world: PureWorld) -> None:
    _, task_id = offered(world)
    ann = actor_of("ann")
    work = world.work_for(world.get(Task, task_id), ann)
    skilled = replace(work, task=replace(work.task, skill="electrician"))
    with pytest.raises(Refused) as refused:
        DECIDE[ClaimTask](skilled, ClaimTask(task_id), actor=ann, now=START, rules=Rulebook())
    assert (refused.value.key, refused.value.params) == ("task.skill_needed", {"skill": "electrician"})
    able = replace(skilled, skills=frozenset({"electrician"}))
    assert DECIDE[ClaimTask](able, ClaimTask(task_id), actor=ann, now=START, rules=Rulebook()).saves


def test_a_leader_may_accept_what_they_asked_for_but_not_do_it(world: PureWorld) -> None:
    request_id = raised(world, who="leader")
    task_id = world.accept("leader", request_id).number("task_id")
    assert world.claim("leader", task_id).refused == "task.your_own"
