"""What people may see of the tree: a unit's page, what is below it, what a change would take along, and its gaps.

Knows the queries, the shapes they give, and how gaps are found; whose eyes see what is decided where rows are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from domain.base import Query, Role
from domain.permissions import Permission
from domain.queries import Page, Place
from domain.units import Below

UNITS_PAGE = 20
MOST_COUNTED = 1000
"""Counts on a page go no further, so that a page costs the same in a hamlet and in a city: beyond it says "1000+"."""
MOST_CHECKED = 5000
"""Units that one look for gaps covers."""


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit in a list. ``kind``: street, community, grid, building or branch. ``path`` only where it was asked for."""

    id: int
    kind: str
    place: Place
    has_children: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class UnitList:
    """The open units directly below ``above``, or (None) those at which the reader holds a role.

    ``parent_id`` is one level up as far as the reader's authority goes, 0 for the list of their own.
    """

    rows: Page[UnitLine]
    above: UnitLine | None = None
    parent_id: int = 0


@dataclass(frozen=True, slots=True)
class Alias:
    """Another way to write a unit's address."""

    id: int
    alias: str


@dataclass(frozen=True, slots=True)
class Staff:
    """Who holds ``role`` at the unit itself; ``more`` are not named."""

    role: Role
    names: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class UnitCard:
    """A unit's page. ``below`` and ``people`` count down to the last building, at most one past ``MOST_COUNTED``.

    ``zone`` and ``calendar`` are those in force, ``own_*`` whether the unit set them itself. ``may_manage``: the
    reader may change it. ``merged_into`` is where a closed unit went.
    """

    id: int
    version: int
    kind: str
    place: Place
    code: str
    zone: str
    calendar: str
    own_zone: bool = False
    own_calendar: bool = False
    parent: UnitLine | None = None
    aliases: tuple[Alias, ...] = ()
    staff: tuple[Staff, ...] = ()
    children: int = 0
    below: int = 0
    people: int = 0
    groups: int = 0
    closed: bool = False
    merged_into: Place | None = None
    may_manage: bool = False


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a change would take along, for "really?". ``below`` as ``domain.units`` counts it."""

    change: str
    unit: UnitLine
    version: int
    below: Below
    roles: int = 0
    groups: int = 0
    other: UnitLine | None = None


@dataclass(frozen=True, slots=True)
class SeeUnit(Query):
    """One unit's page: ``UnitCard``."""

    permission: ClassVar[str] = Permission.SEE_UNITS
    unit_id: int


@dataclass(frozen=True, slots=True)
class BrowseUnits(Query):
    """What is directly below a unit, or (0) where the reader holds a role: ``UnitList``. ``kinds`` () are all."""

    permission: ClassVar[str] = Permission.SEE_UNITS
    unit_id: int = 0
    page: int = 1
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WhatChanges(Query):
    """What "move", "merge" or "close" would do: ``Consequences``."""

    permission: ClassVar[str] = Permission.MANAGE_UNITS
    change: str
    unit_id: int
    other_id: int = 0


@dataclass(frozen=True, slots=True)
class SeeGaps(Query):
    """Where the grids below a unit do not cover its homes once and with staff: ``Page[Gap]``."""

    permission: ClassVar[str] = Permission.SEE_UNITS
    unit_id: int
    page: int = 1


# --- every home in exactly one grid, and somebody there for it --------------------------------------------------------

GAPS = ("no_grid", "grid_in_grid", "twice", "no_leader", "grid_no_leader", "grid_no_secretary")


@dataclass(frozen=True, slots=True)
class Node:
    """An open unit as the check sees it. ``served`` are the roles held at the unit itself."""

    id: int
    kind: str
    place: Place
    path: str
    aliases: tuple[str, ...] = ()
    served: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is not as it should be (``kind`` of ``GAPS``) about a unit; ``other`` the second one in it.

    ``word`` is the name or alias that stands twice.
    """

    kind: str
    unit_id: int
    place: Place
    other: Place | None = None
    word: str = ""


def gaps(nodes: Sequence[Node], *, scope: str) -> tuple[Gap, ...]:
    """What is wrong at and below the path ``scope``, worst first. ``nodes``: all open units there, and those above.

    Every home is in exactly one grid, no two grids of a community have the same address, and each building has a
    leader within its grid, each grid a leader and a secretary. Source: docs/rules.md §1.
    """
    known = {node.id: node for node in nodes}
    inside = [node for node in nodes if node.path.startswith(scope)]
    found = (gap for node in inside for gap in (*_place_gaps(node, known), *_staff_gaps(node, known)))
    return tuple(
        sorted((*found, *_doubles(inside, known)), key=lambda gap: (GAPS.index(gap.kind), gap.unit_id))
    )


def _above(node: Node, known: Mapping[int, Node]) -> Iterator[Node]:
    """The units above, nearest first; closed ones are not among them."""
    for part in reversed(node.path.split(".")[:-2]):
        if int(part) in known:
            yield known[int(part)]


def _nearest(node: Node, kind: str, known: Mapping[int, Node]) -> Node | None:
    return next((above for above in _above(node, known) if above.kind == kind), None)


def _place_gaps(node: Node, known: Mapping[int, Node]) -> Iterator[Gap]:
    grid = _nearest(node, "grid", known)
    if node.kind == "building" and grid is None:
        yield Gap("no_grid", node.id, node.place)
    if node.kind == "grid" and grid is not None:
        yield Gap("grid_in_grid", node.id, node.place, other=grid.place)


def _staff_gaps(node: Node, known: Mapping[int, Node]) -> Iterator[Gap]:
    if node.kind == "grid":
        if Role.LEADER not in node.served:
            yield Gap("grid_no_leader", node.id, node.place)
        if Role.SECRETARY not in node.served:
            yield Gap("grid_no_secretary", node.id, node.place)
    elif node.kind == "building":
        led = Role.LEADER in node.served
        for above in _above(node, known):
            if led or above.kind not in ("building", "grid"):
                break
            led = Role.LEADER in above.served
        if not led:
            yield Gap("no_leader", node.id, node.place)


def _doubles(inside: Sequence[Node], known: Mapping[int, Node]) -> Iterator[Gap]:
    """The same name or alias under two grids of one community: a home there would be in both."""
    first: dict[tuple[int, str], tuple[int, Node]] = {}
    for node in inside:
        grid = node if node.kind == "grid" else _nearest(node, "grid", known)
        if grid is None:
            continue
        community = _nearest(grid, "community", known)
        named = () if node is grid else (node.place.zh,)
        for word in dict.fromkeys((*named, *node.aliases)):
            key = (community.id if community else 0, word.casefold())
            grid_id, other = first.setdefault(key, (grid.id, node))
            if grid_id != grid.id:
                yield Gap("twice", node.id, node.place, other=other.place, word=word)
