"""What the life-cycle machine does not look at: who hears of a step, what stays private, and the keys of refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.base import (
    NOT_FOUND,
    Actor,
    Content,
    Refused,
    Role,
    ToGroup,
    ToMembers,
    ToPerson,
    ToResponsible,
)
from domain.requests import (
    MAX_CONTENTS,
    MAX_WORDS,
    AcceptRequest,
    AddToRequest,
    CorrectRequest,
    RaiseRequest,
    RequestState,
)
from domain.rulebook import DEFAULT_CATEGORIES, Category, Rulebook
from tests.domain.lifecycle import START, said
from tests.domain.pure_world import FLATS, PERSON_IDS, UNIT_IDS, PureWorld, actor_of
from tests.domain.scenes import claimed, heard, raised, request, to_person

RESIDENT, ANN, BOB = (PERSON_IDS[who] for who in ("resident", "ann", "bob"))


@pytest.fixture
def world() -> PureWorld:
    return PureWorld()


# --- every step reaches the resident ---------------------------------------------------------------------------------


def test_the_resident_hears_of_every_step(world: PureWorld) -> None:
    request_id = raised(world)
    heard_of = to_person(heard(world, lambda: world.accept("leader", request_id)), RESIDENT)
    for step in (
        lambda: world.claim("ann", 1),
        lambda: world.start("ann", 1),
        lambda: world.release("ann", 1),
        lambda: world.claim("bob", 1),
        lambda: world.report("bob", 1),
    ):
        heard_of += to_person(heard(world, step), RESIDENT)
    assert heard_of == [
        "request.accepted",
        "request.claimed",
        "request.started",
        "request.released",
        "request.claimed",
        "request.card",
    ]


def test_a_proxy_hears_what_the_resident_hears(world: PureWorld) -> None:
    request_id = world.raise_for_other("ann", category="lift", unit="b1").number("request_id")
    notices = heard(world, lambda: world.accept("leader", request_id))
    elder = request(world, request_id).requester_id
    assert to_person(notices, elder) == to_person(notices, ANN) == ["request.accepted"]
    assert request(world, request_id).proxy_id == ANN


def test_the_resident_may_confirm_what_a_proxy_passed_on_and_the_other_is_told(world: PureWorld) -> None:
    request_id = world.raise_for_other("ann", category="lift", unit="b1").number("request_id")
    task_id = world.accept("leader", request_id).number("task_id")
    world.claim("bob", task_id)
    world.report("bob", task_id)
    notices = heard(world, lambda: world.confirm("ann", request_id))
    assert to_person(notices, request(world, request_id).requester_id) == ["request.confirmed_other"]
    assert to_person(notices, BOB) == ["task.confirmed"]


def test_staff_of_the_home_hear_of_a_new_request(world: PureWorld) -> None:
    notices = heard(world, lambda: world.raise_request("resident", category="lift"))
    assert [n.to for n in notices if n.kind == "desk.card"] == [
        ToResponsible(UNIT_IDS["b1"], (Role.LEADER, Role.SECRETARY))
    ]


def test_a_withdrawal_calls_off_every_helper_on_the_way(world: PureWorld) -> None:
    request_id, _ = claimed(world, "ann", "bob")
    notices = heard(world, lambda: world.withdraw("resident", request_id))
    assert to_person(notices, ANN) == to_person(notices, BOB) == ["request.withdrawn_helper"]


def test_additions_reach_whoever_is_on_it_else_the_desk_while_it_waits_there(world: PureWorld) -> None:
    waiting = raised(world)
    assert [n.to for n in heard(world, lambda: world.add("resident", waiting))] == [
        ToResponsible(UNIT_IDS["b1"])
    ]
    taken, _ = claimed(world, "ann", "bob")
    assert [n.to for n in heard(world, lambda: world.add("resident", taken))] == [
        ToPerson(ANN),
        ToPerson(BOB),
    ]


def test_work_sent_back_tells_the_helpers_and_the_desk(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    world.report("ann", task_id)
    notices = heard(world, lambda: world.give_back("resident", request_id))
    assert to_person(notices, ANN) == ["task.card"]
    assert [n.to for n in notices if n.kind == "desk.returned"] == [ToResponsible(UNIT_IDS["b1"])]


# --- offers ------------------------------------------------------------------------------------------------------


def test_an_offer_leaves_out_who_asked_and_their_household(world: PureWorld) -> None:
    request_id = raised(world)
    notices = heard(world, lambda: world.accept("leader", request_id))
    offer = next(n.to for n in notices if isinstance(n.to, ToMembers))
    assert RESIDENT in offer.without
    assert offer.without_household_id is not None


def test_only_public_requests_are_posted_in_the_group(world: PureWorld) -> None:
    public, private = raised(world, "lift"), raised(world, "elder_help")
    posted = heard(world, lambda: world.accept("leader", public))
    kept = heard(world, lambda: world.accept("leader", private))
    assert [n.kind for n in posted if isinstance(n.to, ToGroup)] == ["task.group"]
    assert not [n for n in kept if isinstance(n.to, ToGroup)]


def test_a_request_becomes_private_with_its_category_and_stays_so(world: PureWorld) -> None:
    request_id = raised(world, "lift")
    for category in ("elder_help", "lift"):
        assert world.perform("leader", CorrectRequest(request_id, category=category)).refused is None
        assert request(world, request_id).private


def test_a_place_given_back_is_offered_to_all_but_those_who_had_it(world: PureWorld) -> None:
    _, task_id = claimed(world, "ann", "bob")
    notices = heard(world, lambda: world.release("ann", task_id))
    offer = next(n.to for n in notices if isinstance(n.to, ToMembers))
    assert offer.without == {RESIDENT, ANN, BOB}


def test_what_is_done_by_a_release_is_not_offered_again(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann", "bob")
    world.report("ann", task_id)
    notices = heard(world, lambda: world.release("bob", task_id))
    assert request(world, request_id).state is RequestState.DONE
    assert not [n for n in notices if isinstance(n.to, ToMembers)]


# --- what is about staff ---------------------------------------------------------------------------------------------


def test_a_matter_about_a_leader_goes_past_the_leader_to_the_secretary(world: PureWorld) -> None:
    notices = heard(world, lambda: world.raise_request("resident", category="sensitive", about="leader"))
    assert [n.to for n in notices if n.kind == "desk.card"] == [
        ToResponsible(UNIT_IDS["community"], (Role.SECRETARY,))
    ]
    assert world.accept("leader", 1).refused == NOT_FOUND
    assert world.decline("leader", 1).refused == NOT_FOUND
    assert world.accept("secretary", 1).refused is None


def test_a_matter_about_the_secretary_goes_to_the_level_above(world: PureWorld) -> None:
    request_id = raised(world, "sensitive", about="secretary")
    for who in ("leader", "secretary", "admin"):
        assert world.accept(who, request_id).refused == NOT_FOUND
        assert world.decline(who, request_id).refused == NOT_FOUND
    assert world.accept("upper_secretary", request_id).refused is None


def test_what_is_about_staff_is_never_offered_and_stays_with_its_handler(world: PureWorld) -> None:
    request_id = raised(world, "sensitive")
    notices = heard(world, lambda: world.accept("secretary", request_id))
    assert not [n for n in notices if isinstance(n.to, ToMembers | ToGroup)]
    assert world.claim("leader", 1).refused == "task.taken"
    assert world.release("secretary", 1).refused == "task.stays_with_you"
    assert world.read_state().tasks[1].claims == (("secretary", "claimed"),)


def test_nobody_handles_their_own_complaint_about_staff(world: PureWorld) -> None:
    request_id = raised(world, "sensitive", who="secretary")
    assert world.accept("secretary", request_id).refused == "task.your_own"
    assert world.accept("upper_secretary", request_id).refused is None


def test_nobody_handles_a_complaint_that_they_passed_on_for_another(world: PureWorld) -> None:
    raised_for = world.raise_for_other("upper_secretary", category="sensitive", unit="b1")
    request_id = raised_for.number("request_id")
    assert world.accept("upper_secretary", request_id).refused == "task.your_own"
    assert world.accept("secretary", request_id).refused is None


def test_what_is_about_staff_is_for_no_leader_however_high(world: PureWorld) -> None:
    request_id = raised(world, "sensitive")
    assert world.accept("head", request_id).refused == NOT_FOUND
    assert world.perform("head", CorrectRequest(request_id, urgency="urgent")).refused == NOT_FOUND
    assert world.accept("head", raised(world, "lift")).refused is None


def test_a_complaint_of_the_handlers_own_household_is_not_theirs_to_handle(world: PureWorld) -> None:
    request_id = raised(world, "sensitive")
    case, rule = world.load(AcceptRequest(request_id), actor := _secretary_at_home_with_the_resident())
    with pytest.raises(Refused, match=r"task\.your_own"):
        rule(case, AcceptRequest(request_id), actor=actor, now=START, rules=Rulebook())


def _secretary_at_home_with_the_resident() -> Actor:
    return replace(actor_of("secretary"), household_id=FLATS["b1", "101"])


@pytest.mark.parametrize(("before", "after"), [("lift", "sensitive"), ("sensitive", "lift")])
def test_a_correction_never_moves_a_request_past_other_people(
    world: PureWorld, before: str, after: str
) -> None:
    request_id = raised(world, before)
    assert (
        world.perform("secretary", CorrectRequest(request_id, category=after)).refused
        == "request.category_unknown"
    )
    assert world.accept("secretary", request_id, category=after).refused == "request.category_unknown"


def test_a_returned_matter_about_staff_is_told_to_secretaries_alone(world: PureWorld) -> None:
    request_id = raised(world, "sensitive")
    world.accept("secretary", request_id)
    world.report("secretary", 1)
    notices = heard(world, lambda: world.give_back("resident", request_id))
    assert [n.to for n in notices if n.kind == "desk.returned"] == [
        ToResponsible(UNIT_IDS["community"], (Role.SECRETARY,))
    ]


# --- letters -----------------------------------------------------------------------------------------------------


def test_letters_cross_between_the_resident_and_those_at_work(world: PureWorld) -> None:
    request_id, _ = claimed(world, "ann", "bob")
    from_resident = heard(world, lambda: world.letter("resident", request_id))
    assert [(n.to, n.params["from_helper"]) for n in from_resident] == [
        (ToPerson(ANN), False),
        (ToPerson(BOB), False),
    ]
    from_helper = heard(world, lambda: world.letter("ann", request_id))
    assert [(n.to, n.params["from_helper"]) for n in from_helper] == [(ToPerson(RESIDENT), True)]


def test_a_helper_who_has_reported_still_writes_as_a_helper(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann", "bob")
    world.report("ann", task_id)
    letters = heard(world, lambda: world.letter("ann", request_id))
    assert [(n.to, n.params["from_helper"]) for n in letters] == [(ToPerson(RESIDENT), True)]


def test_nobody_is_written_to_when_nobody_is_at_work(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    world.report("ann", task_id)
    assert world.letter("resident", request_id).refused == "request.nobody_on_it"


# --- contents and choices ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contents", "key"),
    [
        ((), "form.words_needed"),
        (said(" \n "), "form.words_needed"),
        (said("x") * (MAX_CONTENTS + 1), "request.too_many_parts"),
        (said("x" * MAX_WORDS) + said("y"), "request.too_long"),
        (said("x" * MAX_WORDS), None),
        ((Content("photo", file_id="f"),), None),
        ((Content("location", latitude=31.2, longitude=121.5),), None),
    ],
)
def test_a_request_says_something_and_not_too_much(
    world: PureWorld, contents: tuple[Content, ...], key: str | None
) -> None:
    raise_it = RaiseRequest("lift", "timely", private=False, name_hidden=False, contents=contents)
    assert world.perform("resident", raise_it).refused == key
    request_id = raised(world)
    assert world.perform("resident", AddToRequest(request_id, contents)).refused == key


@pytest.mark.parametrize("words", ["", "   ", "x" * (MAX_WORDS + 1)])
def test_a_reason_is_given_in_words(world: PureWorld, words: str) -> None:
    request_id, task_id = claimed(world, "ann")
    world.report("ann", task_id)
    expected = "request.too_long" if words.strip() else "form.words_needed"
    assert world.give_back("resident", request_id, reason=words).refused == expected
    assert world.decline("secretary", raised(world), reason=words).refused == expected


@pytest.mark.parametrize("category", DEFAULT_CATEGORIES, ids=lambda category: category.code)
def test_a_resident_chooses_among_the_urgencies_of_the_category_and_staff_among_all(
    category: Category,
) -> None:
    world = PureWorld()
    for urgency in Rulebook().answer_hours:
        raise_it = RaiseRequest(
            category.code, urgency, private=False, name_hidden=False, contents=said("please")
        )
        answer = world.perform("resident", raise_it)
        assert answer.refused == (None if urgency in category.urgencies else "request.urgency_unknown")
        request_id = raised(world, "lift")
        assert world.perform("leader", CorrectRequest(request_id, urgency=urgency)).refused is None
        assert request(world, request_id).urgency == urgency


def test_an_unknown_category_or_urgency_is_refused(world: PureWorld) -> None:
    nothing = RaiseRequest("nothing", "timely", private=False, name_hidden=False, contents=said("please"))
    assert world.perform("resident", nothing).refused == "request.category_unknown"
    request_id = raised(world)
    assert (
        world.perform("leader", CorrectRequest(request_id, urgency="at_once")).refused
        == "request.urgency_unknown"
    )


def test_one_or_two_stars_are_asked_about_once_more(world: PureWorld) -> None:
    request_id, task_id = claimed(world, "ann")
    world.report("ann", task_id)
    for stars in (1, 2):
        assert world.confirm("resident", request_id, stars=stars).refused == "request.really_solved"
    assert world.confirm("resident", request_id, stars=1, sure=True).refused is None
    assert [e.amount for e in world.read_state().earnings] == [0]
