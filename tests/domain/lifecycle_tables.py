"""The house's rules as plain tables: life cycles, numbers, who may, and the things they are about.

Written from the description of the service, not from the code under test, and it imports none of the rules: a
mistake would have to be made twice in the same way to go unseen. What follows from the tables is the model's
(``lifecycle_model.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from domain.base import Role
from tests.domain.lifecycle import CAST, above


class Verdict(Enum):
    """What somebody should be answered."""

    DONE = "it takes effect"
    REFUSED = "they hear why not"
    HIDDEN = "it reads as if there were nothing"


# --- the life cycles: event → from → to -----------------------------------------------------------------------------

REQUEST = {
    "accept": {"submitted": "open"},
    "decline": {"submitted": "declined"},
    "withdraw": {"submitted": "withdrawn", "open": "withdrawn", "in_progress": "withdrawn"},
    "first_claim": {"open": "in_progress"},
    "nobody_left": {"in_progress": "open"},
    "all_reported": {"in_progress": "done"},
    "solved": {"done": "closed_confirmed"},
    "not_solved": {"done": "in_progress"},
}
OVER = {"closed_confirmed", "declined", "withdrawn"}

CLAIM = {
    "start": {"claimed": "started", "rework": "started"},
    "release": {"claimed": "released", "started": "released", "rework": "released"},
    "report": {"claimed": "reported", "started": "reported", "rework": "reported"},
    "rework": {"reported": "rework"},
    "accept": {"reported": "accepted"},
    "cancel": {
        "claimed": "cancelled",
        "started": "cancelled",
        "rework": "cancelled",
        "reported": "cancelled",
    },
}
AT_WORK = {"claimed", "started", "rework"}
HOLDING = AT_WORK | {"reported"}

# --- the numbers ----------------------------------------------------------------------------------------------------

PRIVATE = {"elder_help", "sensitive"}
POINTS_AN_HOUR = {"lift": 12, "repair": 12, "elder_help": 15, "sensitive": 12, "noise": 12, "visit": 15}
FACTOR = {
    1: Fraction(0),
    2: Fraction(0),
    3: Fraction(8, 10),
    4: Fraction(1),
    5: Fraction(12, 10),
}
MOST_OPEN_CLAIMS = 3
MOST_PLACES = 20
MOST_MINUTES = 24 * 60


def earned(minutes: int, category: str, stars: int) -> int:
    """Hundredths of a point: minutes to the nearest quarter of an hour, at least one, × weight × factor."""
    quarters = max(1, (minutes + 7) // 15)
    exact = Fraction(quarters, 4) * POINTS_AN_HOUR[category] * FACTOR[stars] * 100
    return int(exact + Fraction(1, 2))


@dataclass
class Wish:
    """A request."""

    owners: frozenset[str]
    home: str
    flat: str
    category: str
    handled_at: str
    state: str = "submitted"
    private: bool = False
    redo: int = 0
    stars: int | None = None
    task: int | None = None

    @property
    def sensitive(self) -> bool:
        return self.category == "sensitive"

    def step(self, event: str) -> None:
        self.state = REQUEST[event][self.state]


@dataclass
class Hold:
    """A claim."""

    member: str
    state: str = "claimed"
    minutes: int = 0

    def step(self, event: str) -> None:
        self.state = CLAIM[event][self.state]


@dataclass
class Work:
    """A task; ``whole`` is the number of its request, or of its visit."""

    kind: str
    whole: int
    unit: str
    flat: str
    owners: frozenset[str]
    places: int = 1
    state: str = "offered"
    holds: list[Hold] = field(default_factory=list)

    @property
    def held(self) -> list[Hold]:
        return [hold for hold in self.holds if hold.state in HOLDING]

    def held_by(self, who: str) -> Hold | None:
        return next((hold for hold in self.held if hold.member == who), None)

    def end(self, state: str, event: str) -> None:
        self.state = state
        for hold in self.held:
            hold.step(event)


@dataclass
class Call:
    """A visit."""

    pairing: int
    task: int
    state: str = "due"
    wellbeing: int | None = None
    stars: int | None = None


# --- who may --------------------------------------------------------------------------------------------------------


def has(who: str, unit: str, *roles: Role) -> bool:
    """Whether somebody holds one of ``roles`` over a unit: there or above it."""
    character = CAST.get(who)
    return character is not None and character.role in roles and character.at in above(unit)


def helps_in(who: str, unit: str) -> bool:
    """Whether work offered in a unit is offered to them: staff over it, members whose own units touch it."""
    character = CAST.get(who)
    if character is None:
        return False
    touches = character.role is Role.MEMBER and unit in above(character.at)
    return touches or has(who, unit, Role.MEMBER, Role.LEADER, Role.SECRETARY)


def flat_of(who: str) -> tuple[str, str]:
    """Where somebody lives; nowhere is nobody's neighbour."""
    character = CAST.get(who)
    return (character.home, character.flat) if character and character.home else ("", who)
