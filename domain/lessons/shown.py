"""What is shown of lessons: to whoever studies them, and to whoever assigned them. Whose eyes see what is decided where
rows are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from domain.base import Query
from domain.lessons.shapes import Due, Lesson, LessonState
from domain.permissions import Permission
from domain.queries import Page, Place


@dataclass(frozen=True, slots=True)
class LessonForMember:
    """A lesson in the eyes of one of its people. ``wait``: minutes until "done" counts."""

    lesson: Lesson
    place: Place
    due: Due
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a lesson's people are: ``total`` of them, ``opened`` and ``done`` among them."""

    total: int = 0
    opened: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class LessonCard:
    """A lesson in the eyes of who may assign it. ``units`` and ``without``: by name. ``count``: whom it would reach, before
    it is assigned, counted no further than ``MOST_COUNTED``. ``whole``: the reader sees all of its people, and not only
    those of places below. ``series``: what the series is called that it is a week of."""

    lesson: Lesson
    place: Place
    author: str
    units: tuple[Place, ...] = ()
    without: tuple[Place, ...] = ()
    count: int = 0
    counts: Counts = Counts()
    whole: bool = True
    series: str = ""


MOST_COUNTED = 2000


@dataclass(frozen=True, slots=True)
class MyLesson:
    """A line of one's own list."""

    id: int
    titles: Mapping[str, str]
    due_on: date
    minutes: int
    points: int
    done_at: datetime | None
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class MyStudy:
    """One's own lessons: those to do or (``done``) this year's record. ``minutes`` and ``points`` of the year's record."""

    page: Page[MyLesson]
    done: bool
    year: int
    count: int = 0
    minutes: int = 0
    points: int = 0


@dataclass(frozen=True, slots=True)
class AssignedLine:
    """A lesson in the list of who assigns them. ``planned``: a draft that begins by itself. ``reminding``: its people have
    it, and who has not done it is being reminded."""

    id: int
    titles: Mapping[str, str]
    state: LessonState
    due_on: date
    place: Place
    planned: bool = False
    reminding: bool = False


@dataclass(frozen=True, slots=True)
class DueLine:
    """A lesson in a reminder."""

    id: int
    titles: Mapping[str, str]
    due_on: date


@dataclass(frozen=True, slots=True)
class DueSoon:
    """What is to be done within the next days: a reminder."""

    rows: tuple[DueLine, ...]


@dataclass(frozen=True, slots=True)
class Learner:
    """One of a lesson's people."""

    person_id: int
    name: str
    place: Place
    opened_at: datetime | None
    done_at: datetime | None
    score: int | None


@dataclass(frozen=True, slots=True)
class LearnerPage:
    """Some of a lesson's people in the order of their numbers; ``next_after``: where the next ones begin, None at the
    end."""

    lesson_id: int
    titles: Mapping[str, str]
    rows: tuple[Learner, ...]
    next_after: int | None = None
    unit_id: int = 0


@dataclass(frozen=True, slots=True)
class ListMyLessons(Query):
    """The reader's own: ``MyStudy``."""

    permission: ClassVar[str] = Permission.STUDY
    page: int = 1
    done: bool = False


@dataclass(frozen=True, slots=True)
class ListAssigned(Query):
    """Lessons assigned in the name of units that the reader answers for, newest first: ``Page[AssignedLine]``."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeeLearners(Query):
    """Who has not done a lesson, or with ``everybody`` all of its people: ``LearnerPage``."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    bulk: ClassVar[bool] = True
    lesson_id: int
    after: int = 0
    everybody: bool = False
