"""Backups and what the operator has to know of them: when one is due, which may go, what has to be told to the admins.

Knows instants, names and numbers. How a copy is made and brought back is ``storage/backup``'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from domain.base import Action, Actor, Decision, Event, Notice, Role, Subject, Sweep, ToResponsible
from domain.permissions import Permission
from domain.rulebook import Rulebook

# --- names ------------------------------------------------------------------------------------------------------------

_NAME = re.compile(r"linli-([0-9a-f]{8})-([0-9]{8}T[0-9]{6})Z\.tar")
_STAMP = "%Y%m%dT%H%M%S"


def stamp(moment: datetime) -> str:
    """An instant as it stands in names of files: "20260302T020000Z"."""
    return f"{moment.astimezone(UTC):{_STAMP}}Z"


def name_of(identity: str, made_at: datetime) -> str:
    """The file name of a backup of the database with this identity."""
    return f"linli-{identity}-{stamp(made_at)}.tar"


def parsed(name: str) -> tuple[str, datetime] | None:
    """Identity and instant out of a backup's file name; None for any other file.

    >>> parsed("linli-0badcafe-20260302T020000Z.tar")
    ('0badcafe', datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.timezone.utc))
    >>> parsed("linli-0badcafe-20260302T020000Z.tar.part") is None
    True
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return found[1], datetime.strptime(found[2], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


# --- when, and how many -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keep:
    """How many backups stay: the newest of each of so many days, weeks (from Monday) and months that have one."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 6


def last_due(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The latest instant up to ``now`` at which the local clock came to ``at``."""
    day = now.astimezone(zone).date()
    moment = datetime.combine(day, at, zone)
    # Compared as instants: within one zone Python would compare what clocks show, which the autumn hour shows twice.
    if moment.astimezone(UTC) > now:
        moment = datetime.combine(day - timedelta(days=1), at, zone)
    return moment.astimezone(UTC)


def is_due(now: datetime, *, at: time, zone: ZoneInfo, newest: datetime | None) -> bool:
    """Whether a backup is to be made: none has been since the clock last came to ``at``."""
    return newest is None or newest < last_due(now, at, zone)


def expendable(made: Iterable[datetime], keep: Keep, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Which of these good backups may be deleted, oldest first. The newest never is."""
    newest_first = sorted(set(made), reverse=True)
    kept = set(newest_first[:1])
    spans: tuple[tuple[int, Callable[[date], object]], ...] = (
        (keep.daily, lambda day: day),
        (keep.weekly, lambda day: day.isocalendar()[:2]),
        (keep.monthly, lambda day: (day.year, day.month)),
    )
    for count, span_of in spans:
        newest_of: dict[object, datetime] = {}
        for moment in newest_first:
            newest_of.setdefault(span_of(moment.astimezone(zone).date()), moment)
        kept |= set(list(newest_of.values())[:count])
    return tuple(moment for moment in reversed(newest_first) if moment not in kept)


# --- what the admins are told ---------------------------------------------------------------------------------------------


class Trouble(StrEnum):
    """What an operator has to look after, told when it begins and when it is over."""

    BACKUP = "backup"
    DISK = "disk"
    LEDGER = "ledger"


def is_low(free: int, *, warn: int, was_low: bool) -> bool:
    """Whether too little of the disk is free (both in bytes). Low stays low up to a tenth more, lest it flutters."""
    return free < (warn + warn // 10 if was_low else warn)


@dataclass(frozen=True, slots=True)
class TroubleCase:
    """Whether this trouble is known to be on, and the tops of the tree, whose admins are told."""

    on: bool
    tops: tuple[int, ...]

    @property
    def subject(self) -> Subject:
        """For the permission check: it is about the program and no place."""
        return Subject()


@dataclass(frozen=True, slots=True)
class ReportTrouble(Action):
    """The clock: something has gone wrong (``on``), or is well again. ``number`` is what the text tells: megabytes left,
    days since the last good backup (-1: there is none), or places where the ledger does not add up."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    trouble: Trouble
    on: bool
    number: int = 0


@dataclass(frozen=True, slots=True)
class MarkTrouble(Sweep):
    """From now on this trouble is on, or over."""

    trouble: Trouble
    on: bool


TOLD = tuple(f"{trouble}_{state}" for trouble in Trouble for state in ("on", "over"))
"""What is said of each trouble."""


def report(
    case: TroubleCase, action: ReportTrouble, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Each crossing is told once, to the admins of every top of the tree."""
    if case.on == action.on:
        return Decision()
    told = f"{action.trouble}_{'on' if action.on else 'over'}"
    return Decision(
        sweeps=(MarkTrouble(action.trouble, action.on),),
        events=(Event(f"trouble.{told}", "program", 0, {"number": action.number}),),
        notices=tuple(
            Notice(
                ToResponsible(unit_id, roles=(Role.ADMIN,)),
                "trouble.told",
                params={"told": told, "number": action.number},
            )
            for unit_id in case.tops
        ),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {ReportTrouble: report}
