"""A small town of which audiences are drawn: units by number with their paths, people by how they belong there."""

from __future__ import annotations

from hypothesis import strategies as st

from domain.addressees import WHOM, Addressees, Somebody
from domain.base import Held, Role

PARENTS = {1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 4, 45: 2}
"""A street with two communities, buildings in them, an entrance in one; 45 only looks as if it were in 4."""


def _path(unit: int) -> str:
    return f"{_path(PARENTS[unit])}{unit}." if unit else ""


PATHS = {unit: _path(unit) for unit in PARENTS}
SKILLS = ("medical", "electric", "driving")
TAGS = ("living_alone", "mobility")
LANGUAGES = ("zh", "en")

UNITS = st.lists(st.sampled_from(sorted(PARENTS)), unique=True, max_size=3).map(tuple)
AUDIENCES = st.builds(
    Addressees,
    units=st.lists(st.sampled_from(sorted(PARENTS)), unique=True, min_size=1, max_size=3).map(tuple),
    roles=st.lists(st.sampled_from(WHOM), unique=True, max_size=3).map(tuple),
    skills=st.lists(st.sampled_from(SKILLS), unique=True, max_size=2).map(tuple),
    tags=st.just(()) | st.lists(st.sampled_from(TAGS), unique=True, max_size=2).map(tuple),
    language=st.sampled_from(("", *LANGUAGES)),
    without_units=st.just(()) | UNITS,
    without_roles=st.just(())
    | st.lists(st.sampled_from(list(Role)), unique=True, max_size=2).map(
        lambda roles: tuple(str(role) for role in roles)
    ),
)
SERVING = st.builds(
    lambda role, unit: Held(role, unit, PATHS[unit]),
    st.sampled_from(list(Role)),
    st.sampled_from(sorted(PARENTS)),
)
PEOPLE = st.builds(
    Somebody,
    home=st.sampled_from(("", *PATHS.values())),
    held=st.lists(SERVING, max_size=3).map(tuple),
    skills=st.frozensets(st.sampled_from(SKILLS)),
    language=st.sampled_from(LANGUAGES),
    tags=st.frozensets(st.sampled_from(TAGS)),
)


def paths_of(units: tuple[int, ...]) -> tuple[str, ...]:
    """Their places in the tree."""
    return tuple(PATHS[unit] for unit in units)
