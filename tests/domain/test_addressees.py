"""Whom a notice is for: what including, narrowing and leaving out do, whatever the audience and whoever the person."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.addressees import (
    RESIDENT,
    WHOM,
    Addressees,
    Somebody,
    leave_out,
    means,
    put_in,
    reaches,
    without_nested,
)
from domain.base import Held, Role
from tests.domain.audiences import AUDIENCES, PARENTS, PATHS, PEOPLE, SKILLS, TAGS, UNITS, paths_of

same_each_time = settings(derandomize=True, database=None, max_examples=200)


def hears(wanted: Addressees, somebody: Somebody) -> bool:
    return reaches(wanted, somebody, units=paths_of(wanted.units), without=paths_of(wanted.without_units))


def lives(unit: int, **named: object) -> Somebody:
    return replace(Somebody(PATHS[unit]), **named)  # type: ignore[arg-type] # named by their fields


def serves(role: Role, unit: int, home: int = 0) -> Somebody:
    return Somebody(PATHS.get(home, ""), (Held(role, unit, PATHS[unit]),))


def test_a_place_below_one_that_is_in_takes_its_place_and_a_larger_one_takes_in_the_smaller() -> None:
    whole = Addressees((2,), without_units=(7,))
    narrowed = put_in(whole, 7, "1.2.7.")
    assert (narrowed.units, narrowed.without_units) == ((7,), ())
    both = put_in(narrowed, 8, "1.2.8.")
    assert both.units == (7, 8)
    assert put_in(both, 7, "1.2.7.").units == (8,)
    paths = {2: "1.2.", 7: "1.2.7.", 8: "1.2.8."}
    assert without_nested(put_in(both, 2, "1.2."), paths).units == (2,)
    assert without_nested(both, paths) == both
    left = leave_out(both, 7)
    assert (left.units, left.without_units) == ((8,), (7,))
    assert leave_out(left, 7).without_units == ()
    assert leave_out(Addressees((7,)), 7).units == (7,)


@pytest.mark.parametrize(
    ("wanted", "somebody", "expected"),
    [
        (Addressees((2,)), lives(7), True),  # far below
        (Addressees((4,)), lives(45), False),  # its number begins alike
        (Addressees((4,)), lives(2), False),  # above
        (Addressees((2,)), Somebody(""), False),  # lives nowhere
        (Addressees((2,)), serves(Role.MEMBER, 4), True),  # serves without living there
        (Addressees((2,), (RESIDENT,)), serves(Role.MEMBER, 4), False),
        (Addressees((2,), ("member",)), lives(4), False),
        (Addressees((2,), ("leader", "member")), serves(Role.MEMBER, 4), True),
        (Addressees((2,), ("leader",)), serves(Role.LEADER, 3), False),  # leads elsewhere
        (Addressees((2,), skills=("medical", "electric")), lives(4, skills=frozenset({"electric"})), True),
        (Addressees((2,), skills=("medical",)), lives(4, skills=frozenset({"electric"})), False),
        (Addressees((2,), tags=("mobility",)), lives(4, tags=frozenset({"mobility"})), True),
        (Addressees((2,), tags=("mobility",)), lives(4, skills=frozenset({"medical"})), False),
        # One of either is enough.
        (
            Addressees((2,), skills=("medical",), tags=("mobility",)),
            lives(4, skills=frozenset({"medical"})),
            True,
        ),
        (Addressees((2,), language="en"), lives(4), False),
        (Addressees((2,), without_units=(4,)), lives(7), False),
        (Addressees((2,), without_units=(4,)), lives(5), True),
        (
            Addressees((2,), without_units=(4,)),
            serves(Role.LEADER, 4, home=5),
            True,
        ),  # serves there, lives beside
        (Addressees((2,), without_roles=("leader",)), serves(Role.LEADER, 4, home=5), False),
        (
            Addressees((2,), without_roles=("leader",)),
            serves(Role.LEADER, 3, home=5),
            True,
        ),  # leads elsewhere
    ],
)
def test_who_is_meant(wanted: Addressees, somebody: Somebody, expected: bool) -> None:
    assert hears(wanted, somebody) is expected


@same_each_time
@given(AUDIENCES, PEOPLE)
def test_no_role_said_is_every_way_of_belonging_there(wanted: Addressees, somebody: Somebody) -> None:
    assert hears(replace(wanted, roles=()), somebody) is hears(replace(wanted, roles=WHOM), somebody)


@same_each_time
@given(AUDIENCES, PEOPLE)
def test_in_which_order_units_and_roles_are_said_does_not_matter(
    wanted: Addressees, somebody: Somebody
) -> None:
    answers = {
        hears(replace(wanted, units=units, roles=roles), somebody)
        for units in permutations(wanted.units)
        for roles in permutations(wanted.roles)
    }
    assert len(answers) == 1


@same_each_time
@given(AUDIENCES, PEOPLE, UNITS, st.sampled_from(list(Role)))
def test_leaving_out_more_never_reaches_more(
    wanted: Addressees, somebody: Somebody, units: tuple[int, ...], role: Role
) -> None:
    fewer = (
        replace(wanted, without_units=(*wanted.without_units, *units)),
        replace(wanted, without_roles=(*wanted.without_roles, str(role))),
    )
    assert not any(hears(one, somebody) for one in fewer) or hears(wanted, somebody)


@same_each_time
@given(AUDIENCES, PEOPLE, st.sampled_from(SKILLS), st.sampled_from(TAGS), st.sampled_from(("zh", "en")))
def test_a_condition_where_none_was_never_reaches_more(
    wanted: Addressees, somebody: Somebody, skill: str, tag: str, language: str
) -> None:
    # A tag beside a skill widens it, so it stands alone here.
    fewer = (
        replace(wanted, skills=(skill,), tags=()),
        replace(wanted, skills=(), tags=(tag,)),
        replace(wanted, language=language),
    )
    open_to_all = replace(wanted, skills=(), tags=(), language="")
    assert not any(hears(one, somebody) for one in fewer) or hears(open_to_all, somebody)


@same_each_time
@given(AUDIENCES, PEOPLE, st.sampled_from(sorted(PARENTS)))
def test_one_unit_more_never_reaches_fewer_unless_a_role_is_left_out(
    wanted: Addressees, somebody: Somebody, unit: int
) -> None:
    # Whose holders are left out is asked of all units that are meant, so one more may leave somebody out.
    wanted = replace(wanted, without_roles=())
    assert not hears(wanted, somebody) or hears(replace(wanted, units=(*wanted.units, unit)), somebody)


@same_each_time
@given(AUDIENCES, PEOPLE)
def test_units_together_reach_whom_each_of_them_reaches(wanted: Addressees, somebody: Somebody) -> None:
    wanted = replace(wanted, without_roles=())
    each = any(hears(replace(wanted, units=(unit,)), somebody) for unit in wanted.units)
    assert hears(wanted, somebody) is each


@same_each_time
@given(AUDIENCES, PEOPLE)
def test_for_no_unit_it_is_for_nobody(wanted: Addressees, somebody: Somebody) -> None:
    assert not hears(replace(wanted, units=()), somebody)


@same_each_time
@given(AUDIENCES, PEOPLE, st.sampled_from(sorted(PARENTS)))
def test_a_unit_below_one_that_is_meant_changes_nothing(
    wanted: Addressees, somebody: Somebody, unit: int
) -> None:
    inside = any(PATHS[unit].startswith(path) for path in paths_of(wanted.units))
    more = replace(wanted, units=(*wanted.units, unit))
    assert not inside or hears(more, somebody) is hears(wanted, somebody)


@same_each_time
@given(AUDIENCES, PEOPLE)
def test_what_stands_above_somebody_is_all_of_the_tree_that_matters_to_them(
    wanted: Addressees, somebody: Somebody
) -> None:
    assert means(wanted, somebody) is hears(wanted, somebody)
