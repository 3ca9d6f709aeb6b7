"""What lessons are made of: the material, its questions, one person's part in it, and what may be done.

Source: docs/rules.md §8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from domain.addressees import Addressees
from domain.base import Action, Entity, Subject, Sweep
from domain.permissions import Permission

CARD = "lesson.card"
"""The secretary's own card: what is being composed, then how far its people are."""
COPY = "lesson.copy"
"""What a person gets when a lesson is assigned to them."""
PAGE = "lesson.page"
"""The material itself."""
QUIZ = "lesson.quiz"
QUESTIONS = "lesson.questions"
"""The questions with their right answers, for whoever composes them."""
REMINDER = "lesson.due"
NUDGE = "lesson.nudge"
PASSING = (COPY, REMINDER, NUDGE)
"""What goes to many at once: once it has left, nothing of it is kept in the outbox."""

LANGUAGES = ("zh", "en")
MAX_TITLE = 60
MAX_TEXT = 3000
"""Characters of the material in one language, of Telegram's 4,096; the rest is for title, place and due date."""
MAX_CAPTION = 700
"""The same under a picture or a file, of Telegram's 1,024."""
MAX_MEDIA = 10
"""Files of one lesson: an album has no more."""
MAX_MINUTES = 600
MAX_AHEAD = timedelta(days=366)
MAX_QUESTIONS = 50
MAX_OPTIONS = 8
MAX_QUESTION = 300
MAX_OPTION = 120
MAX_EXPLANATION = 300
MOST_TRIES = 20
SUBMIT = -1
"""In place of a choice: these are all of them."""


class LessonState(StrEnum):
    """Being composed, its people being written down, on its way to them, with all of them, taken back, or given up
    before anybody had it."""

    DRAFT = "draft"
    FREEZING = "freezing"
    SENDING = "sending"
    OPEN = "open"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"


OUT = (LessonState.FREEZING, LessonState.SENDING, LessonState.OPEN)
"""It is there to be studied by whoever has been written down."""


@dataclass(frozen=True, slots=True)
class Question:
    """``right``: the places of the right ones among ``options``; several make it a multiple choice."""

    text: str
    options: tuple[str, ...]
    right: tuple[int, ...]
    explanation: str = ""

    @property
    def multiple(self) -> bool:
        """Whether several have to be chosen."""
        return len(self.right) > 1


@dataclass(frozen=True, slots=True)
class Lesson(Entity):
    """A lesson. ``unit_id``: in whose name. ``titles`` and ``texts`` (Telegram HTML) by language. ``media``: what stays
    with Telegram, as (kind, file id). ``minutes``: how long it takes. ``due_on``: the last day, in each person's zone.

    ``points`` in hundredths, earned once. ``questions`` as ``stored_questions`` keeps them; ``revision`` rises whenever
    they change. ``pass_mark`` in per cent; ``tries`` a day. ``frozen_to`` and ``sent_to``: the last person written down,
    and the last one handed to delivery. ``series_id`` and ``series_no``: the week of a series that it is for;
    ``starts_on``: a draft that is assigned on that day by itself.
    """

    author_id: int
    unit_id: int
    state: LessonState
    created_at: datetime
    due_on: date
    titles: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    media: tuple[tuple[str, str], ...] = ()
    minutes: int = 15
    addressees: Mapping[str, Any] = field(default_factory=dict)
    points: int = 0
    questions: tuple[Mapping[str, Any], ...] = ()
    revision: int = 1
    pass_mark: int = 60
    tries: int = 3
    frozen_to: int = 0
    sent_to: int = 0
    begun_at: datetime | None = None
    nudged_at: datetime | None = None
    series_id: int | None = None
    series_no: int = 0
    starts_on: date | None = None

    @property
    def reminding(self) -> bool:
        """Whether those who have not done it are being reminded by hand: everybody has had it before."""
        return self.state is LessonState.SENDING and self.nudged_at is not None

    @property
    def whom(self) -> Addressees:
        """Whom it is for."""
        fields: dict[str, Any] = {
            name: value if isinstance(value, str) else tuple(value) for name, value in self.addressees.items()
        }
        return Addressees(**fields)

    @property
    def quiz(self) -> tuple[Question, ...]:
        """Its questions in the order in which they were written."""
        return tuple(
            Question(
                str(one["text"]), tuple(one["options"]), tuple(one["right"]), str(one.get("explanation", ""))
            )
            for one in self.questions
        )


def stored_questions(questions: tuple[Question, ...]) -> tuple[dict[str, Any], ...]:
    """Questions as plain JSON."""
    return tuple(
        {
            "text": one.text,
            "options": list(one.options),
            "right": list(one.right),
            "explanation": one.explanation,
        }
        for one in questions
    )


@dataclass(frozen=True, slots=True)
class Due:
    """One person's part in a lesson: a row from the day it was assigned, wherever they move or serve later.

    ``unit_id``: where they lived then. ``read_at``: they said that they are through with the material. ``revision``: of the
    questions that are being answered; ``step`` rises with each press that changed something. ``tries``: begun on
    ``tried_on``. ``answers``: the chosen options of the questions answered so far; ``picked``: of the one at hand.
    ``score``: of the last try that came to its end, in per cent.
    """

    lesson_id: int
    person_id: int
    unit_id: int | None = None
    opened_at: datetime | None = None
    read_at: datetime | None = None
    done_at: datetime | None = None
    revision: int = 0
    step: int = 0
    tries: int = 0
    tried_on: date | None = None
    answers: tuple[tuple[int, ...], ...] = ()
    picked: tuple[int, ...] = ()
    score: int | None = None


@dataclass(frozen=True, slots=True)
class PutDue(Sweep):
    """A person's part is as this from now on."""

    due: Due


# --- what an action needs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewLessonCase:
    """A new lesson's id, and the unit in whose name it will be."""

    new_id: int
    path: str

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class LessonCase:
    """A lesson, the path of its unit and those of the units it shall be for, by id. ``somebody``: it is for one at least."""

    lesson: Lesson
    path: str
    paths: Mapping[int, str] = field(default_factory=dict)
    zone: str = ""
    somebody: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class DueCase:
    """A lesson and the actor's own part in it. ``zone``: where they live."""

    lesson: Lesson
    due: Due
    zone: str = ""

    @property
    def subject(self) -> Subject:
        """A part is its person's own."""
        return Subject(owners=frozenset({self.due.person_id}))


# --- actions: composing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeginLesson(Action):
    """Compose a lesson in the name of a unit, for its members. ``html``: escaped already, with Telegram's tags;
    ``length``: how many characters of it are read."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    unit_id: int
    language: str
    title: str
    html: str
    length: int
    media: tuple[tuple[str, str], ...]
    minutes: int
    due_on: date


@dataclass(frozen=True, slots=True)
class PutLessonText(Action):
    """Title and words in one language; who opens it from now on reads these."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    language: str
    title: str
    html: str
    length: int


@dataclass(frozen=True, slots=True)
class SetDue(Action):
    """Another last day, also after it has been assigned."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    due_on: date


@dataclass(frozen=True, slots=True)
class SetPoints(Action):
    """So many hundredths of a point, before it is assigned."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    points: int


@dataclass(frozen=True, slots=True)
class SetPassing(Action):
    """So many per cent pass, and so often a day the questions may be begun; before it is assigned."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    pass_mark: int
    tries: int


@dataclass(frozen=True, slots=True)
class PutQuestions(Action):
    """These questions after those there are, or with ``anew`` in their place (none: no quiz)."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    questions: tuple[Question, ...]
    anew: bool = False


@dataclass(frozen=True, slots=True)
class PutQuestion(Action):
    """This in place of the question at ``place`` (from 0) as it was seen at ``revision``; with None it goes."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    revision: int
    place: int
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class AddressLesson(Action):
    """It is for these."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    addressees: Addressees


@dataclass(frozen=True, slots=True)
class AssignLesson(Action):
    """Send it, as it was seen at ``version``."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    version: int


@dataclass(frozen=True, slots=True)
class WithdrawLesson(Action):
    """Nobody has to study it any more; what was earned stays."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int


@dataclass(frozen=True, slots=True)
class NudgeLesson(Action):
    """Remind everybody who has not done it, once a day."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int


# --- actions: learning ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLesson(Action):
    """Read the material; time begins at the first look."""

    permission: ClassVar[str] = Permission.STUDY
    lesson_id: int


@dataclass(frozen=True, slots=True)
class FinishReading(Action):
    """I am through: the questions begin, or it is done."""

    permission: ClassVar[str] = Permission.STUDY
    lesson_id: int


@dataclass(frozen=True, slots=True)
class AnswerQuestion(Action):
    """A choice at the question shown with ``step``: the answer itself, or one more of several; ``SUBMIT`` ends those."""

    permission: ClassVar[str] = Permission.STUDY
    lesson_id: int
    step: int
    choice: int


@dataclass(frozen=True, slots=True)
class TryAgain(Action):
    """The questions once more."""

    permission: ClassVar[str] = Permission.STUDY
    lesson_id: int
    step: int
