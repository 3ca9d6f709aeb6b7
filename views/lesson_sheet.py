"""Lessons as workbooks: how far everybody is, and an empty sheet for questions. Long to make: call it in a thread."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from domain.lessons.quiz import LETTERS
from domain.lessons.shown import Learner
from domain.lessons.years import StudyYear
from domain.queries import Place
from views.safe import plain
from views.voice import Voice
from views.workbooks import Book, Share, Value

OPTIONS = 6


class LearnerBook:
    """The sheet of a lesson's people, who are added as they are read."""

    def __init__(self, *, voice: Voice) -> None:
        self._voice = voice
        keys = (
            "report.name",
            "report.place",
            "lesson.col_state",
            "lesson.col_opened",
            "lesson.col_done",
            "lesson.col_score",
        )
        self._book = Book(
            self._said("lesson.col_sheet"), [self._said(key) for key in keys], widths=(16, 20, 10, 18, 18, 10)
        )

    def add(self, learners: Iterable[Learner]) -> None:
        """Further people."""
        self._book.add(self._row(one) for one in learners)

    def content(self) -> bytes:
        """The file. Nothing can be added after this."""
        return self._book.content()

    def _said(self, key: str) -> str:
        return plain(self._voice.say(key))

    def _row(self, one: Learner) -> tuple[Value, ...]:
        state = "done" if one.done_at else "begun" if one.opened_at else "not_opened"
        return (
            one.name,
            _named(one.place, self._voice),
            self._said(f"lesson.cell.{state}"),
            _clock(one.opened_at, self._voice),
            _clock(one.done_at, self._voice),
            None if one.score is None else Share(one.score / 100),
        )


class StudyYearBook:
    """The year's sheet of a unit's people, who are added as they are read."""

    def __init__(self, *, voice: Voice) -> None:
        self._voice = voice
        keys = ("report.name", "report.place", *_YEAR_COLUMNS)
        widths = (16, 20, *(10,) * (len(_YEAR_COLUMNS) - 1), 18)
        self._book = Book(
            plain(voice.say("study.col_sheet")), [plain(voice.say(key)) for key in keys], widths=widths
        )

    def add(self, people: Iterable[StudyYear]) -> None:
        """Further people."""
        self._book.add(
            (
                one.name,
                _named(one.place, self._voice),
                one.due,
                one.done,
                one.late,
                one.minutes,
                one.points / 100,
                _clock(one.last_done_at, self._voice),
            )
            for one in people
        )

    def content(self) -> bytes:
        """The file. Nothing can be added after this."""
        return self._book.content()


_YEAR_COLUMNS = (
    "study.col_due",
    "study.col_done",
    "study.col_late",
    "study.col_minutes",
    "study.col_points",
    "study.col_last",
)


def _named(place: Place, voice: Voice) -> str:
    return place.zh if voice.chinese or not place.en else place.en


def _clock(moment: datetime | None, voice: Voice) -> datetime | None:
    if moment is None:
        return None
    return moment.astimezone(voice.zone).replace(tzinfo=None, microsecond=0)


def question_template(*, voice: Voice) -> bytes:
    """An empty sheet with one question as an example."""

    def said(key: str, **params: str) -> str:
        return plain(voice.say(key, **params))

    options = [said("lesson.col_option", letter=letter) for letter in LETTERS[:OPTIONS]]
    header = [said("lesson.col_question"), *options, said("lesson.col_answer"), said("lesson.col_why")]
    book = Book(said("lesson.col_bank"), header, widths=(40, *(16,) * OPTIONS, 10, 30))
    example = [
        said(key)
        for key in ("lesson.example_question", "lesson.example_a", "lesson.example_b", "lesson.example_c")
    ]
    book.add([[*example, "", "", "", "B", said("lesson.example_why")]])
    return book.content()
