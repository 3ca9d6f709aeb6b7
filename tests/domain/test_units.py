"""The rules of the tree: what may stand where, what is refused, and authority that stays right whatever moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import reshaping, units
from domain.base import Action, Actor, Decision, Held, Refused, Role, Subject, ToPerson
from domain.calendars import WEEKENDS, WorkingCalendar
from domain.people import Appointment, Phase
from domain.permissions import allowed
from domain.queries import Place
from domain.reshaping import CloseUnit, HandOver, MergeUnit, MoveBelow, MoveUnit, moved_path
from domain.rulebook import Rulebook
from domain.unit_pages import Gap, Node, gaps
from domain.units import (
    MOST_ALIASES,
    MOST_AT_ONCE,
    AddUnit,
    Below,
    RemoveAlias,
    RenameUnit,
    SetAlias,
    SetCalendar,
    SetZone,
    Unit,
    UnitCase,
    kinds_below,
)
from tests.domain.lifecycle import START
from tests.domain.tree_model import PEOPLE, PERMISSIONS, ROOT, STEPS, Step, Tree, count

DECIDE = {**units.DECIDE, **reshaping.DECIDE}
RULES = Rulebook(calendars={"CN": WorkingCalendar()})
ADMIN = Actor(person_id=9, held=(Held(Role.ADMIN, 1, "1."),))
STREET = Unit(1, 1, "street", "街道", "Street", None, "1.", "s1")
GRID = Unit(3, 4, "grid", "一格", "", 2, "1.2.3.", "g3")
OTHER = Unit(5, 2, "community", "二社区", "", 1, "1.5.", "c5")


def decided(case: UnitCase, action: Action, *, actor: Actor = ADMIN) -> Decision:
    return DECIDE[type(action)](case, action, actor=actor, now=START, rules=RULES)


def refusal(case: UnitCase, action: Action, *, actor: Actor = ADMIN) -> str:
    with pytest.raises(Refused) as refused:
        decided(case, action, actor=actor)
    return refused.value.key


def saved_unit(decision: Decision) -> Unit:
    return next(entity for entity in decision.saves if isinstance(entity, Unit))


# --- adding, naming, settings ---------------------------------------------------------------------------------------------


def test_the_larger_stands_above_the_smaller_and_only_branches_below_a_branch() -> None:
    assert kinds_below("street") == ("community", "grid", "building", "branch")
    assert kinds_below("building") == ("branch",)
    assert kinds_below("branch") == ("branch",)
    assert refusal(UnitCase(GRID), AddUnit(3, "community", "三")) == "unit.kind_wrong"
    assert refusal(UnitCase(GRID), AddUnit(3, "province", "三")) == "unit.kind_wrong"
    branch = replace(GRID, kind="branch")
    assert refusal(UnitCase(branch), AddUnit(3, "building", "三")) == "unit.kind_wrong"


def test_a_new_unit_gets_its_place_and_a_code() -> None:
    case = UnitCase(GRID, new_id=8, free_code="b8")
    unit = saved_unit(decided(case, AddUnit(3, "building", "三号楼")))
    assert (unit.path, unit.parent_id, unit.code, unit.version) == ("1.2.3.8.", 3, "b8", 0)
    assert saved_unit(decided(case, AddUnit(3, "building", "三", code="East-3_a"))).code == "East-3_a"


@pytest.mark.parametrize("name", ["", " ", "长" * 65, "a\u202eb", "a\nb", " a", "a  b"])
def test_a_name_that_cannot_be_read_is_refused(name: str) -> None:
    assert refusal(UnitCase(GRID, new_id=8), AddUnit(3, "building", name)) == "unit.name_wrong"
    assert refusal(UnitCase(GRID), RenameUnit(3, name=name)) == "unit.name_wrong"
    assert refusal(UnitCase(GRID), SetAlias(3, name)) == "unit.name_wrong"


@pytest.mark.parametrize("code", ["a b", "楼", "a" * 61, "a.b", "a\n"])
def test_a_code_that_fits_no_link_is_refused(code: str) -> None:
    assert refusal(UnitCase(GRID), AddUnit(3, "building", "三", code=code)) == "unit.code_wrong"


def test_names_and_codes_are_not_taken_twice() -> None:
    case = UnitCase(GRID, names=frozenset({"三号楼", "Tower"}))
    assert refusal(case, AddUnit(3, "building", "三号楼")) == "unit.name_taken"
    assert refusal(case, AddUnit(3, "building", "四", name_en="tower")) == "unit.name_taken"
    assert refusal(case, RenameUnit(3, name="三号楼")) == "unit.name_taken"
    # One's own name is no clash, not even when somebody had the same all along.
    assert decided(UnitCase(GRID, names=frozenset({"一格"})), RenameUnit(3, name_en="Grid 1"))
    assert (
        refusal(UnitCase(GRID, code_taken=True), AddUnit(3, "building", "三", code="g3")) == "unit.code_taken"
    )


def test_aliases_are_few_and_different_and_only_one_s_own_are_removed() -> None:
    assert refusal(UnitCase(GRID, aliases=("甲",)), SetAlias(3, "甲")) == "unit.alias_there"
    many = tuple(str(number) for number in range(MOST_ALIASES))
    assert refusal(UnitCase(GRID, aliases=many), SetAlias(3, "甲")) == "unit.too_many_aliases"
    assert refusal(UnitCase(GRID, alias_known=False), RemoveAlias(3, 7)) == "refused.not_found"


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "", "/etc/localtime", "Asia"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    assert refusal(UnitCase(GRID), SetZone(3, zone)) == "unit.zone_unknown"


def test_zone_and_calendar_are_set_and_given_up() -> None:
    assert saved_unit(decided(UnitCase(GRID), SetZone(3, "Asia/Urumqi"))).zone == "Asia/Urumqi"
    for calendar in (WEEKENDS, "CN", None):
        assert saved_unit(decided(UnitCase(GRID), SetCalendar(3, calendar))).calendar == calendar
    assert refusal(UnitCase(GRID), SetCalendar(3, "DE")) == "refused.not_found"


# --- moving, merging, closing ---------------------------------------------------------------------------------------------


def test_a_move_takes_everything_below_along() -> None:
    decision = decided(UnitCase(GRID, other=OTHER), MoveUnit(3, 5, 4))
    moved = saved_unit(decision)
    assert (moved.parent_id, moved.path) == (5, "1.5.3.")
    assert decision.sweeps == (MoveBelow("1.2.3.", "1.5.3."),)


@pytest.mark.parametrize(
    ("case", "version", "key"),
    [
        (UnitCase(GRID, other=GRID), 4, "unit.below_itself"),
        (UnitCase(GRID, other=replace(OTHER, path="1.2.3.5.")), 4, "unit.below_itself"),
        (UnitCase(GRID, other=replace(OTHER, id=2)), 4, "unit.there_already"),
        (UnitCase(GRID, other=replace(OTHER, kind="grid")), 4, "unit.kind_wrong"),
        (UnitCase(GRID, other=OTHER, names=frozenset({"一格"})), 4, "unit.name_taken"),
        (UnitCase(GRID, other=OTHER, below=Below(MOST_AT_ONCE + 1)), 4, "unit.too_many_below"),
        (UnitCase(GRID, other=replace(OTHER, closed_at=START)), 4, "unit.closed_already"),
        (UnitCase(replace(GRID, closed_at=START), other=OTHER), 4, "unit.closed_already"),
        (UnitCase(GRID, other=OTHER), 3, "unit.changed"),
        (UnitCase(GRID, other=replace(OTHER, path="7.5.")), 4, "refused.not_found"),
        (UnitCase(GRID), 4, "refused.not_found"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(case: UnitCase, version: int, key: str) -> None:
    assert refusal(case, MoveUnit(3, 5, version)) == key


def test_a_merged_unit_is_closed_below_the_other_and_hands_everything_over() -> None:
    into = replace(GRID, id=6, path="1.5.6.", parent_id=5)
    decision = decided(UnitCase(GRID, other=into), MergeUnit(3, 6, 4))
    shell = saved_unit(decision)
    assert (shell.closed_at, shell.merged_into_id, shell.path, shell.parent_id) == (START, 6, "1.5.6.3.", 6)
    assert decision.sweeps == (HandOver(GRID, into, START),)


@pytest.mark.parametrize(
    ("case", "key"),
    [
        (UnitCase(GRID, other=GRID), "unit.below_itself"),
        (UnitCase(GRID, other=OTHER), "unit.merge_kinds"),
        (
            UnitCase(GRID, other=replace(GRID, id=6, path="1.6."), names=frozenset({"1号楼"})),
            "unit.merge_names",
        ),
        (
            UnitCase(GRID, other=replace(GRID, id=6, path="1.6."), below=Below(people=MOST_AT_ONCE + 1)),
            "unit.too_many_below",
        ),
        (UnitCase(GRID, other=replace(GRID, id=6, path="7.6.")), "refused.not_found"),
    ],
)
def test_a_merging_that_makes_no_sense_is_refused(case: UnitCase, key: str) -> None:
    assert refusal(case, MergeUnit(3, 6, 4)) == key


def test_only_what_is_empty_is_closed_and_its_roles_end_with_it() -> None:
    for name in Below().counts:
        assert refusal(UnitCase(GRID, below=Below(**{name: 1})), CloseUnit(3, 4)) == "unit.not_empty"
    assert refusal(UnitCase(STREET), CloseUnit(1, 1)) == "unit.top_stays"
    week = timedelta(days=7)
    roles = (
        Appointment(1, 1, 11, Role.LEADER, 3, START - week),
        Appointment(2, 1, 11, Role.MEMBER, 3, START + week, phase=Phase.COMING),
        Appointment(3, 1, 12, Role.MEMBER, 3, START - week, ends_at=START - timedelta(days=1)),
    )
    decision = decided(UnitCase(GRID, appointments=roles), CloseUnit(3, 4))
    ended = [saved for saved in decision.saves if isinstance(saved, Appointment)]
    assert [(held.id, held.ends_at, held.phase) for held in ended] == [
        (1, START, Phase.ENDED),
        (2, START + week, Phase.ENDED),
    ]
    assert [(notice.to, notice.kind) for notice in decision.notices] == [(ToPerson(11), "commands")]


@pytest.mark.parametrize(
    "action",
    [
        AddUnit(3, "building", "三"),
        RenameUnit(3, name="三"),
        SetAlias(3, "三"),
        RemoveAlias(3, 1),
        SetZone(3, None),
        SetCalendar(3, None),
        CloseUnit(3, 4),
    ],
)
def test_a_closed_unit_changes_no_more(action: Action) -> None:
    assert refusal(UnitCase(replace(GRID, closed_at=START)), action) == "unit.closed_already"


# --- authority stays right ------------------------------------------------------------------------------------------------


class PureTree:
    """The rules over rows in memory; bulk changes done one row at a time."""

    def __init__(self) -> None:
        self.units = {ROOT: replace(STREET, name="u1")}
        self.held: set[tuple[int, Role, int]] = set()
        self._admin = Actor(person_id=99, held=(Held(Role.ADMIN, ROOT, "1."),))

    def _names_below(self, parent: int, *, but: int) -> frozenset[str]:
        return frozenset(
            unit.name
            for unit in self.units.values()
            if unit.parent_id == parent and unit.closed_at is None and unit.id != but
        )

    def _below(self, path: str) -> list[Unit]:
        return [unit for unit in self.units.values() if unit.path.startswith(path) and unit.path != path]

    def tries(self, tree: Tree, step: Step) -> bool:
        """Do the step if the rules let it; whether they did."""
        what, first, second, third = step
        unit = self.units[tree.chosen(first)]
        if what == "appoint":
            if unit.closed_at is None:
                self.held.add((second, Role(third), unit.id))
            return unit.closed_at is None
        other = self.units[tree.chosen(second)]
        new_id = len(self.units) + 1
        held = tuple(
            Appointment(number, 1, person, role, at, START - timedelta(days=1))
            for number, (person, role, at) in enumerate(sorted(self.held), start=1)
            if at == unit.id
        )
        action: Action
        case = UnitCase(unit, other=other, appointments=held)
        match what:
            case "add":
                action = AddUnit(unit.id, third, f"u{new_id}")
                case = replace(case, new_id=new_id, free_code=f"c{new_id}")
            case "move":
                action = MoveUnit(unit.id, other.id, unit.version)
            case "merge":
                action = MergeUnit(unit.id, other.id, unit.version)
            case _:
                action = CloseUnit(unit.id, unit.version)
                alive = sum(below.closed_at is None for below in self._below(unit.path))
                case = replace(case, below=Below(units=alive))
        try:
            decision = decided(case, action, actor=self._admin)
        except Refused:
            return False
        self._apply(decision)
        return True

    def _apply(self, decision: Decision) -> None:
        for saved in decision.saves:
            if isinstance(saved, Unit):
                self.units[saved.id] = replace(saved, version=saved.version + 1)
            elif isinstance(saved, Appointment):
                self.held.discard((saved.person_id, saved.role, saved.unit_id))
        for sweep in decision.sweeps:
            if isinstance(sweep, MoveBelow):
                self._move(sweep.old, sweep.new)
            elif isinstance(sweep, HandOver):
                self._hand_over(sweep)

    def _move(self, old: str, new: str) -> None:
        for unit in self._below(old):
            self.units[unit.id] = replace(unit, path=moved_path(unit.path, old=old, new=new))

    def _hand_over(self, sweep: HandOver) -> None:
        old, new = sweep.old, sweep.new
        children = [unit for unit in self.units.values() if unit.parent_id == old.id]
        shell = self.units[old.id].path
        for child in children:
            above, parent = (shell, old.id) if child.closed_at else (new.path, new.id)
            path = f"{above}{child.id}."
            self._move(child.path, path)
            self.units[child.id] = replace(child, path=path, parent_id=parent)
        self.held = {(person, role, new.id if at == old.id else at) for person, role, at in self.held}

    def all_rights(self) -> dict[Any, bool]:
        """What the permission table says, by paths."""
        actors = {
            person: Actor(
                person_id=person,
                held=tuple(
                    Held(role, at, self.units[at].path) for who, role, at in self.held if who == person
                ),
            )
            for person in PEOPLE
        }
        return {
            (person, permission, unit.id): allowed(actors[person], permission, Subject(path=unit.path))
            for person in PEOPLE
            for permission in PERMISSIONS
            for unit in self.units.values()
        }


def followed(tree: Tree, step: Step, *, new_id: int) -> None:
    """The same step in the model of parents."""
    what, first, second, third = step
    unit = tree.chosen(first)
    match what:
        case "add":
            tree.add(new_id, unit)
        case "move":
            tree.move(unit, tree.chosen(second))
        case "merge":
            tree.merge(unit, tree.chosen(second))
        case "close":
            tree.close(unit)
        case _:
            tree.appoint(second, Role(third), unit)


def grown(steps: Sequence[Step]) -> tuple[PureTree, Tree, int]:
    pure, tree, done = PureTree(), Tree(), 0
    for step in steps:
        before = len(pure.units)
        if pure.tries(tree, step):
            followed(tree, step, new_id=before + 1)
            done += 1
            assert pure.all_rights() == tree.all_rights(), step
    return pure, tree, done


@given(STEPS)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_authority_follows_the_tree_whatever_moves_merges_and_closes(steps: list[Step]) -> None:
    pure, tree, _ = grown(steps)
    for unit in pure.units.values():
        assert [int(part) for part in unit.path.split(".")[:-1]] == list(reversed([*tree.upwards(unit.id)]))


def test_the_model_is_put_to_the_test_by_moves_and_mergings_that_happen() -> None:
    steps: list[Step] = [
        ("add", 0, 0, "community"), ("add", 0, 0, "community"), ("add", 1, 0, "grid"), ("add", 2, 0, "grid"),
        ("add", 3, 0, "building"), ("appoint", 1, 1, "secretary"), ("appoint", 3, 2, "leader"),
        ("move", 4, 1, ""), ("merge", 3, 4, ""), ("merge", 1, 2, ""),
    ]  # fmt: skip
    _, tree, done = grown(steps)
    assert done == len(steps)
    assert tree.held == {(1, Role.SECRETARY, 3), (2, Role.LEADER, 5)}
    assert count(tree.all_rights())


# --- gaps -----------------------------------------------------------------------------------------------------------------


def node(number: int, kind: str, path: str, name: str = "", *aliases: str, served: str = "") -> Node:
    roles = {"l": Role.LEADER, "s": Role.SECRETARY}
    return Node(
        number,
        kind,
        Place(name or f"{kind}{number}"),
        path,
        aliases,
        frozenset(roles[each] for each in served),
    )


def kinds(found: Sequence[Gap]) -> list[tuple[str, int]]:
    return [(gap.kind, gap.unit_id) for gap in found]


TOWN = (
    node(1, "community", "1.", served="ls"),
    node(2, "grid", "1.2.", served="ls"),
    node(3, "building", "1.2.3.", "1号楼"),
    node(4, "grid", "1.4.", served="s"),
    node(5, "building", "1.4.5.", "2号楼", "东楼", served="l"),
)


def test_a_covered_town_lacks_only_the_leader_of_one_grid() -> None:
    assert kinds(gaps(TOWN, scope="1.")) == [("grid_no_leader", 4)]
    assert gaps(TOWN, scope="1.2.") == ()


def test_each_kind_of_gap_is_found() -> None:
    town = (
        *TOWN,
        node(6, "building", "1.6.", "3号楼"),
        node(7, "grid", "1.2.7."),
        node(8, "building", "1.4.8.", "1号楼"),
        node(9, "building", "1.2.9.", "4号楼", "东楼"),
    )
    assert kinds(gaps(town, scope="1.")) == [
        ("no_grid", 6),
        ("grid_in_grid", 7),
        ("twice", 8),
        ("twice", 9),
        ("no_leader", 6),
        ("no_leader", 8),
        ("grid_no_leader", 4),
        ("grid_no_leader", 7),
        ("grid_no_secretary", 7),
    ]


def test_the_grid_above_what_is_looked_at_counts_too() -> None:
    assert gaps(TOWN, scope="1.2.3.") == ()


@given(st.lists(st.tuples(st.sampled_from(("grid", "building")), st.integers(0, 9)), max_size=12))
@settings(derandomize=True, database=None)
def test_a_building_is_in_a_gap_exactly_when_no_grid_is_above_it(shape: list[tuple[str, int]]) -> None:
    nodes = [node(1, "community", "1.")]
    for number, (kind, above) in enumerate(shape, start=2):
        parent = nodes[above % len(nodes)]
        nodes.append(node(number, kind, f"{parent.path}{number}."))
    lacking = {gap.unit_id for gap in gaps(nodes, scope="1.") if gap.kind == "no_grid"}
    grids = {each.path for each in nodes if each.kind == "grid"}
    assert lacking == {
        each.id
        for each in nodes
        if each.kind == "building" and not any(each.path.startswith(path) for path in grids)
    }
