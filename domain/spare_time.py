"""When a member is free in a usual week: days by parts of the day, and the sets that most people choose from. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import product

from domain.base import NOT_FOUND, Refused

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS = ("morning", "afternoon", "evening")
SLOTS = tuple(f"{day}_{part}" for day, part in product(DAYS, PARTS))
"""Every part of every day, as "mon_morning", in the order of the week."""


def _of(days: Collection[str], parts: Collection[str]) -> tuple[str, ...]:
    return tuple(f"{day}_{part}" for day, part in product(days, parts))


SETS: Mapping[str, tuple[str, ...]] = {
    "weekday_days": _of(DAYS[:5], PARTS[:2]),
    "weekday_evenings": _of(DAYS[:5], PARTS[2:]),
    "saturday": _of(("sat",), PARTS),
    "sunday": _of(("sun",), PARTS),
}
"""What is chosen with one press. No two share a slot."""


def toggled(free: Collection[str], choice: str) -> tuple[str, ...]:
    """``free`` with a slot or a whole set put in, or taken out when all of it was there. In the order of the week.

    Raises Refused(NOT_FOUND) for what is neither.

    >>> toggled(("sat_evening",), "mon_morning")
    ('mon_morning', 'sat_evening')
    >>> toggled(toggled((), "sunday"), "sunday")
    ()
    """
    slots = frozenset(SETS.get(choice, (choice,)))
    if not slots <= frozenset(SLOTS):
        raise Refused(NOT_FOUND)
    before = frozenset(free)
    after = before - slots if slots <= before else before | slots
    return tuple(slot for slot in SLOTS if slot in after)


def in_short(free: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which sets are whole, and the slots beside them: few words for a long list.

    >>> in_short((*SETS["saturday"], "mon_evening"))
    (('saturday',), ('mon_evening',))
    """
    known = frozenset(free)
    whole = tuple(name for name, slots in SETS.items() if known.issuperset(slots))
    named = frozenset(slot for name in whole for slot in SETS[name])
    return whole, tuple(slot for slot in SLOTS if slot in known - named)
