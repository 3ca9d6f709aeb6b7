"""Lessons: composed, assigned to whom they are for, studied, passed, reminded of. Source: docs/rules.md §8.

Knows what may follow what. Writing down whom a lesson is for and handing it out is ``storage/study.py``'s; how an
earning is capped is ``domain/points.py``'s.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision
from domain.lessons import branches, composing, learning, series, templates
from domain.lessons.shapes import (
    AddressLesson,
    AnswerQuestion,
    AssignLesson,
    BeginLesson,
    FinishReading,
    NudgeLesson,
    OpenLesson,
    PutLessonText,
    PutQuestion,
    PutQuestions,
    SetDue,
    SetPassing,
    SetPoints,
    TryAgain,
    WithdrawLesson,
)

DECIDE: dict[type[Action], Callable[..., Decision]] = {
    BeginLesson: composing.begin,
    PutLessonText: composing.put_text,
    SetDue: composing.set_due,
    SetPoints: composing.set_points,
    SetPassing: composing.set_passing,
    PutQuestions: composing.put_questions,
    PutQuestion: composing.put_question,
    AddressLesson: composing.address,
    AssignLesson: composing.assign,
    WithdrawLesson: composing.withdraw,
    NudgeLesson: composing.nudge,
    OpenLesson: learning.open_,
    FinishReading: learning.finish_reading,
    AnswerQuestion: learning.answer,
    TryAgain: learning.try_again,
    **templates.DECIDE,
    **series.DECIDE,
    **branches.DECIDE,
}
