"""Questions: read from what people write, put into an order of each person's own, and marked.

Pure: the order comes from numbers that are there, so that it is the same each time the same person looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from domain.base import Refused
from domain.lessons.shapes import (
    MAX_EXPLANATION,
    MAX_OPTION,
    MAX_OPTIONS,
    MAX_QUESTION,
    Due,
    Lesson,
    Question,
)

_RIGHT = re.compile(r"^\s*[*＊√✓✅]\s*")
_EXPLAINS = re.compile(r"^\s*(?:解析|说明|Why|Because)\s*[:：]\s*", flags=re.IGNORECASE)
_TRUE_FALSE = (
    frozenset({"对", "错"}),
    frozenset({"正确", "错误"}),
    frozenset({"是", "否"}),
    frozenset({"true", "false"}),
    frozenset({"yes", "no"}),
)
LETTERS = "ABCDEFGH"


def checked(question: Question) -> Question:
    """The question itself. Raises Refused with what is missing or too much."""
    if not question.text.strip():
        raise Refused("lesson.question_empty")
    if len(question.text) > MAX_QUESTION or len(question.explanation) > MAX_EXPLANATION:
        raise Refused("lesson.question_long", most=MAX_QUESTION)
    if not 2 <= len(question.options) <= MAX_OPTIONS:
        raise Refused("lesson.options_wrong", most=MAX_OPTIONS)
    if any(not 1 <= len(option) <= MAX_OPTION for option in question.options):
        raise Refused("lesson.option_long", most=MAX_OPTION)
    if len(set(question.options)) != len(question.options):
        raise Refused("lesson.option_twice")
    if not question.right or not set(question.right) <= set(range(len(question.options))):
        raise Refused("lesson.no_right")
    if len(question.right) == len(question.options):
        raise Refused("lesson.all_right")
    return question


def question_of(text: str) -> Question:
    """A question as people type it: the first line asks, each further one is an option, the right ones behind a "*",
    and a last one that begins with "解析：" explains. Raises Refused.

    >>> question_of("入党须年满几岁？\\n16\\n*18\\n解析：见党章第一条")
    Question(text='入党须年满几岁？', options=('16', '18'), right=(1,), explanation='见党章第一条')
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    options: list[str] = []
    right: list[int] = []
    explanation = ""
    for line in lines[1:]:
        if found := _EXPLAINS.match(line):
            explanation = line[found.end() :]
            continue
        if mark := _RIGHT.match(line):
            right.append(len(options))
            line = line[mark.end() :]
        options.append(line)
    return checked(Question(lines[0] if lines else "", tuple(options), tuple(right), explanation))


def typed(question: Question) -> str:
    """A question as ``question_of`` reads it, to be changed and sent back.

    >>> print(typed(Question("入党须年满几岁？", ("16", "18"), (1,), "见党章第一条")))
    入党须年满几岁？
    16
    *18
    解析：见党章第一条
    """
    options = (f"*{one}" if at in question.right else one for at, one in enumerate(question.options))
    explained = (f"解析：{question.explanation}",) if question.explanation else ()
    # A cell of a sheet may have several lines; here each line is something of its own.
    return "\n".join(" ".join(part.split()) for part in (question.text, *options, *explained))


def question_of_cells(text: str, options: tuple[str, ...], answer: str, explanation: str) -> Question:
    """A question as a line of a sheet has it: ``answer`` names the right ones by their letters. Raises Refused.

    >>> question_of_cells("党的最高理想？", ("共产主义", "小康"), "a", "").right
    (0,)
    """
    filled = tuple(option for option in options if option)
    if options[: len(filled)] != filled:
        raise Refused("lesson.option_gap")
    letters = [letter for letter in answer.upper() if letter not in " ,，、;；"]
    if any(letter not in LETTERS for letter in letters):
        raise Refused("lesson.no_right")
    right = tuple(sorted({LETTERS.index(letter) for letter in letters}))
    return checked(Question(text, filled, right, explanation))


def _drawn(seed: str, many: int) -> tuple[int, ...]:
    return tuple(sorted(range(many), key=lambda place: sha256(f"{seed}:{place}".encode()).digest()))


def order(lesson: Lesson, person_id: int) -> tuple[int, ...]:
    """The questions' places in the order in which this person is asked."""
    return _drawn(f"{lesson.id}:{person_id}:{lesson.revision}", len(lesson.questions))


def options_order(lesson: Lesson, person_id: int, place: int) -> tuple[int, ...]:
    """The options' places in the order in which this person sees them; true and false stay as they were written."""
    options = lesson.quiz[place].options
    if frozenset(option.casefold() for option in options) in _TRUE_FALSE:
        return tuple(range(len(options)))
    return _drawn(f"{lesson.id}:{person_id}:{lesson.revision}:{place}", len(options))


def in_progress(lesson: Lesson, due: Due) -> bool:
    """Whether a try at the questions as they are now is under way."""
    return (
        due.read_at is not None
        and due.done_at is None
        and due.tries > 0
        and due.revision == lesson.revision
        and len(due.answers) < len(lesson.questions)
    )


def score(lesson: Lesson, due: Due) -> int:
    """Per cent of the questions answered right, all of them or not, halves down."""
    quiz = lesson.quiz
    right = sum(
        set(chosen) == set(quiz[place].right)
        for place, chosen in zip(order(lesson, due.person_id), due.answers, strict=False)
    )
    return right * 100 // max(1, len(quiz))


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is said of the answer before: ``answers`` are the right ones."""

    right: bool
    answers: tuple[str, ...]
    explanation: str


@dataclass(frozen=True, slots=True)
class QuizFacts:
    """The questions as one person sees them at this moment.

    With a question at hand: ``number`` of ``total``, its ``options`` as (place, text) and which are ``picked``. Else
    ``score`` of the last try, if any; ``tries_left`` today. ``points``: what passing earns, in hundredths.
    """

    lesson_id: int
    titles: dict[str, str]
    step: int
    total: int
    pass_mark: int
    points: int
    tries_left: int
    done: bool
    number: int = 0
    text: str = ""
    options: tuple[tuple[int, str], ...] = ()
    multiple: bool = False
    picked: tuple[int, ...] = ()
    feedback: Feedback | None = None
    score: int | None = None
    changed: bool = False


def shown(lesson: Lesson, due: Due, *, tries_left: int) -> QuizFacts:
    """The screen that stands at this step. It tells which answers are right only of questions that are answered."""
    quiz, places = lesson.quiz, order(lesson, due.person_id)
    going = in_progress(lesson, due)
    same = due.revision == lesson.revision
    feedback = None
    if due.answers and same and len(due.answers) <= len(quiz):
        place = places[len(due.answers) - 1]
        before = quiz[place]
        feedback = Feedback(
            set(due.answers[-1]) == set(before.right),
            tuple(before.options[one] for one in before.right),
            before.explanation,
        )
    facts = QuizFacts(
        lesson.id,
        dict(lesson.titles),
        due.step,
        len(quiz),
        lesson.pass_mark,
        lesson.points,
        tries_left,
        done=due.done_at is not None,
        feedback=feedback,
        score=due.score if due.done_at is not None or (same and not going) else None,
        changed=due.tries > 0 and due.done_at is None and not same,
    )
    if not going:
        return facts
    place = places[len(due.answers)]
    asked = quiz[place]
    return QuizFacts(
        lesson.id,
        dict(lesson.titles),
        due.step,
        len(quiz),
        lesson.pass_mark,
        lesson.points,
        tries_left,
        done=False,
        number=len(due.answers) + 1,
        text=asked.text,
        options=tuple((one, asked.options[one]) for one in options_order(lesson, due.person_id, place)),
        multiple=asked.multiple,
        picked=due.picked,
        feedback=feedback,
    )
