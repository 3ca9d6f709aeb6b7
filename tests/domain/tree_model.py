"""A tree that knows parents and nothing of paths: what authority means, said in another way than the rules say it.

Its steps are what an accepted action does; the pure rules and both databases are held to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from domain.base import Role
from domain.permissions import GRANTS, Permission
from domain.units import KINDS

ROOT = 1
PEOPLE = (1, 2, 3)
PERMISSIONS = (
    Permission.MANAGE_UNITS,
    Permission.TRIAGE_REQUEST,
    Permission.SEE_UNITS,
    Permission.CLAIM_TASK,
)

Step = tuple[str, int, int, str]
"""What is done, to the how-manieth unit, with which other one (or which person), as which kind or role."""

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 30), st.just(0), st.sampled_from(KINDS)),
        st.tuples(st.sampled_from(("move", "merge")), st.integers(0, 30), st.integers(0, 30), st.just("")),
        st.tuples(st.just("close"), st.integers(0, 30), st.just(0), st.just("")),
        st.tuples(
            st.just("appoint"),
            st.integers(0, 30),
            st.sampled_from(PEOPLE),
            st.sampled_from([*map(str, Role)]),
        ),
    ),
    min_size=4,
    max_size=40,
)


@dataclass
class Tree:
    """``parent`` by unit, the ``closed`` ones, and who holds what where."""

    parent: dict[int, int] = field(default_factory=lambda: {ROOT: 0})
    closed: set[int] = field(default_factory=set)
    held: set[tuple[int, Role, int]] = field(default_factory=set)

    def chosen(self, number: int) -> int:
        """The how-manieth unit."""
        units = sorted(self.parent)
        return units[number % len(units)]

    def upwards(self, unit: int) -> Iterator[int]:
        """The unit and everything above it."""
        while unit:
            yield unit
            unit = self.parent[unit]

    def add(self, unit: int, parent: int) -> None:
        self.parent[unit] = parent

    def move(self, unit: int, parent: int) -> None:
        self.parent[unit] = parent

    def merge(self, unit: int, into: int) -> None:
        for child, above in list(self.parent.items()):
            if above == unit and child not in self.closed:
                self.parent[child] = into
        self.parent[unit] = into
        self.closed.add(unit)
        self.held = {(person, role, into if at == unit else at) for person, role, at in self.held}

    def close(self, unit: int) -> None:
        self.closed.add(unit)
        self.held = {held for held in self.held if held[2] != unit}

    def appoint(self, person: int, role: Role, unit: int) -> None:
        self.held.add((person, role, unit))

    def may(self, person: int, permission: Permission, unit: int) -> bool:
        """Walks up from the unit; a member also serves in what lies above their own."""
        roles = GRANTS[permission].roles
        for who, role, at in self.held:
            if who != person or role not in roles:
                continue
            if at in self.upwards(unit) or (role is Role.MEMBER and unit in self.upwards(at)):
                return True
        return False

    def all_rights(self) -> dict[tuple[int, Permission, int], bool]:
        """Everything ``may`` says."""
        return {
            (person, permission, unit): self.may(person, permission, unit)
            for person in PEOPLE
            for permission in PERMISSIONS
            for unit in self.parent
        }


def count(values: dict[Any, bool]) -> int:
    """How many are true: that something was looked at."""
    return sum(values.values())
