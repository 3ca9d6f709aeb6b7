"""Whom a notice is for: units with what is below them, by role, skill or tag, and language, and who is left out.

One rule, said twice: here for one person, and as a statement over all of them in ``storage/addressees.py``; a test
holds the two equal. Source: docs/rules.md §7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from domain.base import Held, Role

RESIDENT = "resident"
"""Who lives there; beside the roles of ``Role``, who serve there."""
WHOM = (RESIDENT, *(str(role) for role in Role))
MOST_UNITS = 50


@dataclass(frozen=True, slots=True)
class Addressees:
    """An audience. Everything that is empty does not narrow it.

    ``units``: ids; who belongs there or below. ``roles``: in one of these ways (``WHOM``). ``skills`` and
    ``tags``: any of these codes, of either. ``language``: reads this one. ``without_units`` and ``without_roles``: left out, whatever else is true.
    """

    units: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""
    without_units: tuple[int, ...] = ()
    without_roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person as far as audiences are concerned. ``home``: the path of the unit they live at, "" for none."""

    home: str
    held: tuple[Held, ...] = ()
    skills: frozenset[str] = frozenset()
    language: str = "zh"
    tags: frozenset[str] = frozenset()


def _below(path: str, above: tuple[str, ...]) -> bool:
    return bool(path) and any(path.startswith(unit) for unit in above)


def put_in(wanted: Addressees, unit_id: int, path: str) -> Addressees:
    """With everybody at and below a unit, or, if they were named, no longer. Who names a place below one that is in means
    that place alone: it takes the place of those above it. ``path``: of the unit."""
    without = tuple(other for other in wanted.without_units if other != unit_id)
    if unit_id in wanted.units:
        return replace(
            wanted, units=tuple(one for one in wanted.units if one != unit_id), without_units=without
        )
    above = above_of(path)
    kept = tuple(one for one in wanted.units if one not in above)
    return replace(wanted, units=(*kept, unit_id), without_units=without)


def leave_out(wanted: Addressees, unit_id: int) -> Addressees:
    """Without everybody at and below a unit, or, if they were left out, with them again."""
    if unit_id in wanted.without_units:
        return replace(wanted, without_units=tuple(one for one in wanted.without_units if one != unit_id))
    units = tuple(one for one in wanted.units if one != unit_id)
    return replace(wanted, units=units or wanted.units, without_units=(*wanted.without_units, unit_id))


def above_of(path: str) -> tuple[int, ...]:
    """The ids of the units above one, by its path.

    >>> above_of("1.4.12.")
    (1, 4)
    """
    return tuple(int(part) for part in path.split(".")[:-2])


def without_nested(wanted: Addressees, paths: Mapping[int, str]) -> Addressees:
    """The same people by fewer units: one below another that is in adds nobody. ``paths``: by id, of those that are known."""
    named = set(wanted.units)
    kept = tuple(unit for unit in wanted.units if named.isdisjoint(above_of(paths.get(unit, ""))))
    return replace(wanted, units=kept)


def meets(path: str, above: Iterable[str]) -> bool:
    """Whether somebody may live or serve at or below ``path`` who is at or below one of ``above`` too.

    >>> [meets("1.4.", above) for above in (["1."], ["1.4.12."], ["1.5."], [])]
    [True, True, False, False]
    """
    return any(path.startswith(other) or other.startswith(path) for other in above)


def _belongs(somebody: Somebody, units: tuple[str, ...], roles: tuple[str, ...]) -> bool:
    """Whether they live or serve at or below one of ``units``, in one of ``roles`` (all ways when empty)."""
    ways = roles or WHOM
    lives = RESIDENT in ways and _below(somebody.home, units)
    return lives or any(held.role in ways and _below(held.path, units) for held in somebody.held)


def reaches(
    wanted: Addressees, somebody: Somebody, *, units: tuple[str, ...], without: tuple[str, ...] = ()
) -> bool:
    """Whether a notice for ``wanted`` is for them. ``units`` and ``without`` are the paths of its units.

    Who has left a role out has left its holders out wherever they live; who has left a unit out has left out who lives
    there, and not who serves there.
    """
    if not _belongs(somebody, units, wanted.roles):
        return False
    if (wanted.skills or wanted.tags) and not (
        somebody.skills.intersection(wanted.skills) or somebody.tags.intersection(wanted.tags)
    ):
        return False
    if wanted.language and somebody.language != wanted.language:
        return False
    if _below(somebody.home, without):
        return False
    return not (wanted.without_roles and _serves(somebody, units, wanted.without_roles))


def _serves(somebody: Somebody, units: tuple[str, ...], roles: tuple[str, ...]) -> bool:
    return any(held.role in roles and _below(held.path, units) for held in somebody.held)


def units_above(somebody: Somebody) -> dict[int, str]:
    """The units that they live or serve at or below, by id, with their paths.

    >>> units_above(Somebody("1.4.12."))
    {1: '1.', 4: '1.4.', 12: '1.4.12.'}
    """
    found = {}
    for path in (somebody.home, *(held.path for held in somebody.held)):
        above = ""
        for unit_id in path.split(".")[:-1]:
            above += f"{unit_id}."
            found[int(unit_id)] = above
    return found


def means(wanted: Addressees, somebody: Somebody) -> bool:
    """The same without a look at the tree: a unit that is not above them, or their own, does not matter to them."""
    above = units_above(somebody)
    return reaches(
        wanted,
        somebody,
        units=tuple(above[unit] for unit in wanted.units if unit in above),
        without=tuple(above[unit] for unit in wanted.without_units if unit in above),
    )
