"""The year's sheet of study of a unit: whose lessons came due in it, and how far each of its people has come with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.base import Query
from domain.permissions import Permission
from domain.queries import Place

SHEET_ROWS = 500
"""People of one answer: their lessons of a year are held at once."""


@dataclass(frozen=True, slots=True)
class StudyYear:
    """A person's lessons of the year, counted: ``due`` to them, ``done``, and of those ``late`` ones, after the last day.

    ``minutes`` and ``points`` (in hundredths) of what is done. ``place``: where they live now.
    """

    person_id: int
    name: str
    place: Place
    due: int
    done: int
    late: int
    minutes: int
    points: int
    last_done_at: datetime | None


@dataclass(frozen=True, slots=True)
class StudyYearPage:
    """Some of a unit's people in the order of their numbers; ``next_after``: where the next ones begin, None at the
    end."""

    unit_id: int
    place: Place
    year: int
    rows: tuple[StudyYear, ...]
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class SeeStudyYear(Query):
    """Whom lessons of the year were for, of the unit's own people: ``StudyYearPage``. ``year`` 0: this one."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    bulk: ClassVar[bool] = True
    unit_id: int
    year: int = 0
    after: int = 0
