"""The terms of a lesson: its last day, its points, and what passes its questions."""

from __future__ import annotations

from datetime import date

from domain.base import Refused
from domain.lessons.shapes import MOST_TRIES, LessonState, SetDue, SetPassing, SetPoints
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Step
from handlers.lesson_desk import DUE, own_card, saved
from handlers.turn import Answer, Do, Turn
from storage.drafts import Draft
from views import lesson_desk as screens


def _set_due(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["lesson_id"])
    return Do(SetDue(number, date.fromisoformat(str(answers["due_on"]))), replies=saved(turn, draft, number))


CHANGE_DUE = Form("lesson_due", (DUE,), submit=_set_due)


async def due(turn: Turn) -> Answer:
    """``lesson.due:<id>``."""
    return await forms.begin(turn, CHANGE_DUE, {"lesson_id": (await own_card(turn)).lesson.id})


def _set_points(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["lesson_id"])
    return Do(SetPoints(number, int(answers["points"]) * 100), replies=saved(turn, draft, number))


POINTS = Form(
    "lesson_points",
    (
        Step(
            "points",
            take=steps.typed(
                "points", lambda typed: parsing.number(typed, least=0, most=100, key="lesson.points_wrong")
            ),
            screen=screens.asks("ask.lesson_points"),
        ),
    ),
    submit=_set_points,
)


async def points(turn: Turn) -> Answer:
    """``lesson.points:<id>``."""
    return await forms.begin(turn, POINTS, {"lesson_id": (await own_card(turn)).lesson.id})


def _set_passing(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["lesson_id"])
    action = SetPassing(number, int(answers["mark"]), int(answers["tries"]))
    return Do(action, replies=saved(turn, draft, number))


PASSING = Form(
    "lesson_passing",
    (
        Step(
            "mark",
            take=steps.counted(
                "mark", lambda said: parsing.number(said, least=1, most=100, key="lesson.mark_wrong")
            ),
            verbs=("lesson.mark",),
            screen=screens.asks("ask.lesson_mark", screens.marks),
        ),
        Step(
            "tries",
            take=steps.counted(
                "tries", lambda said: parsing.number(said, least=1, most=MOST_TRIES, key="lesson.tries_wrong")
            ),
            verbs=("lesson.tries",),
            screen=screens.asks("ask.lesson_tries", screens.tries),
        ),
    ),
    submit=_set_passing,
)


async def passing(turn: Turn) -> Answer:
    """``lesson.passing:<id>``: how many per cent pass, and how often a day it may be tried."""
    lesson = (await own_card(turn)).lesson
    if lesson.state is not LessonState.DRAFT:
        raise Refused("lesson.not_now")
    return await forms.begin(turn, PASSING, {"lesson_id": lesson.id})


FORMS: tuple[Form, ...] = (CHANGE_DUE, POINTS, PASSING)
