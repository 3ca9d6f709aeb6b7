"""Points: what confirmed work earns, and how an earning becomes double entries. Source: docs/rules.md §6.

Integers in hundredths of a point throughout. Knows nothing of tables; the settlement job and ``perform`` write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.base import Earning
from domain.rulebook import PointRules

if TYPE_CHECKING:
    from domain.tasks import Claim


class Currency(StrEnum):
    """Honour is lifelong and makes titles; spendable buys rewards. Redeeming never lowers honour."""

    HONOUR = "honour"
    SPENDABLE = "spendable"


MERGE = "merge"
CORRECTION = "correction"
AMENDED = "amended"
MOVED = (MERGE, CORRECTION, AMENDED)
"""Sources of postings that nobody earned: all points of another record of the same person, the mirror of an earning that
was posted twice, and that of one whose cause was put right later (their ``source_id`` is the posting that they mirror)."""
ISSUED = "issued"
"""The community's own account, the other side of everything earned."""
LEDGER_STOPPED = "points.not_now"
"""Refused: it would be posted at once, and nothing is while the ledger does not add up."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a posting: ``account`` is "issued" or a person's ("person:17"). Lines sum to zero by currency."""

    account: str
    currency: Currency
    amount: int


def rounded_minutes(minutes: int, *, to: int) -> int:
    """``minutes`` rounded to the nearest multiple of ``to``, halves up, and never down to nothing.

    >>> [rounded_minutes(m, to=15) for m in (1, 7, 8, 22, 23, 60)]
    [15, 15, 15, 15, 30, 60]
    """
    return max(to, (minutes + to // 2) // to * to)


def amount(minutes: int, *, weight: int, factor: int, rounding: int) -> int:
    """Hundredths of a point: rounded minutes × weight an hour × factor in percent, halves up.

    Source: docs/rules.md §6.
    """
    product = rounded_minutes(minutes, to=rounding) * weight * factor
    return (product + 3000) // 6000


def earned(claim: Claim, *, kind: str, stars: int, request_id: int | None, rules: PointRules) -> Earning:
    """What one reported claim earns at the confirmation."""
    minutes = claim.minutes or 0
    weight = rules.weights.get(kind, rules.weights["errand"])
    factor = rules.factors[stars]
    return Earning(
        person_id=claim.member_id,
        source_kind="claim",
        source_id=claim.id,
        kind=kind,
        minutes=minutes,
        weight=weight,
        factor=factor,
        amount=amount(minutes, weight=weight, factor=factor, rounding=rules.rounding),
        rulebook=rules.version,
        request_id=request_id,
    )


class Cap(StrEnum):
    """What cuts off a part of an earning: a day's studying, work on one task, a day's service, a week's service for one
    household, and the same request referred once more."""

    STUDY = "study"
    TASK = "task"
    DAY = "day"
    HOME = "home"
    REFERRAL = "referral"


REFERRAL = "referral"
"""The kind of service that is handing a request on: it earns once, however often the request goes round."""


@dataclass(frozen=True, slots=True)
class Had:
    """What is posted already. ``day``: minutes of the person's service on that day; ``home``: of that week for the same
    household, None where it is for no household; ``referred``: the same request, as a referral. ``task``: how many minutes
    of the task count, None where it is no work on a task."""

    task: int | None = None
    day: int = 0
    home: int | None = None
    referred: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """What of an earning counts: ``minutes`` and ``amount`` (hundredths). ``cap``: what has cut off the rest, None where
    nothing is cut off."""

    minutes: int
    amount: int
    cap: Cap | None = None


def counted(earned: int, *, minutes: int, weight: int, factor: int, had: Had, rules: PointRules) -> Counted:
    """How much of an earning of service counts: as many of its minutes as there is room below every cap.
    Source: docs/rules.md §6.

    What earns nothing takes no room. Of two caps the one that leaves less is named.
    """
    if not earned:
        return Counted(0, 0)
    if had.referred:
        return Counted(0, 0, Cap.REFERRAL)
    whole = rounded_minutes(minutes, to=rules.rounding)
    rooms = {} if had.task is None else {Cap.TASK: had.task}
    rooms[Cap.DAY] = rules.day_hours * 60 - had.day
    if had.home is not None:
        rooms[Cap.HOME] = rules.home_week_hours * 60 - had.home
    cap = min(rooms, key=lambda one: rooms[one])
    room = max(0, rooms[cap])
    if room >= whole:
        return Counted(whole, earned)
    return Counted(room, min(earned, (room * weight * factor + 3000) // 6000), cap)


def within(amount: int, *, had: int, most: int) -> int:
    """How much of an earning counts where ``most`` is posted for a day and ``had`` of it is there already.

    >>> [within(400, had=had, most=1000) for had in (0, 700, 1000, 1200)]
    [400, 300, 0, 0]
    """
    return max(0, min(amount, most - had))


def posting(person_id: int, hundredths: int) -> Sequence[Line]:
    """The double entries of one earning: both numbers rise, and the issuer's account falls by as much."""
    account = f"person:{person_id}"
    return tuple(
        line
        for currency in Currency
        for line in (Line(account, currency, hundredths), Line(ISSUED, currency, -hundredths))
    )
