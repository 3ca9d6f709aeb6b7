"""``/study`` for whoever learns: the list, the material, "done", and the questions."""

from __future__ import annotations

import re

from domain.base import NOT_FOUND, Action, Refused
from domain.lessons.shapes import (
    PAGE,
    QUIZ,
    SUBMIT,
    AnswerQuestion,
    FinishReading,
    OpenLesson,
    TryAgain,
)
from domain.lessons.shown import LessonForMember, ListMyLessons
from domain.queries import SeeCard
from handlers.turn import Answer, Do, Turn, sent, turned
from storage.outbox import Reply
from views import lessons as screens

_CHOICE = re.compile(r"([0-9]{1,9})_(?:([0-9]{1,2})|s)")


async def study(turn: Turn) -> Answer:
    """``/study``: what is to be done."""
    return sent(screens.my_study(await turn.read(ListMyLessons()), voice=await turn.voice()))


async def page(turn: Turn) -> Answer:
    """``study.page:<page>``."""
    found = await turn.read(ListMyLessons(turn.pressed.id))
    return turned(turn, screens.my_study(found, voice=await turn.voice()))


async def done_page(turn: Turn) -> Answer:
    """``study.done:<page>``: this year's record."""
    found = await turn.read(ListMyLessons(turn.pressed.id, done=True))
    return turned(turn, screens.my_study(found, voice=await turn.voice()))


async def open_lesson(turn: Turn) -> Answer:
    """``lesson.open:<id>``: the material, at the bottom of the chat; time begins."""
    shown = Reply(PAGE, turn.who.telegram_id, subject_id=turn.pressed.id)
    return Do(OpenLesson(turn.pressed.id), replies=(shown,))


async def _own(turn: Turn, lesson_id: int) -> LessonForMember:
    seen = await turn.read(SeeCard(PAGE, lesson_id))
    if not isinstance(seen.facts, LessonForMember):
        raise Refused(NOT_FOUND)
    return seen.facts


async def show_lesson(turn: Turn, lesson_id: int) -> Answer:
    """One's own lesson, from a link: what it is, and the way into it."""
    return sent(screens.copy({}, await _own(turn, lesson_id), await turn.voice()))


async def finish(turn: Turn) -> Answer:
    """``lesson.done:<id>``: the questions come below the material; without any it is done, and says so."""
    lesson_id = turn.pressed.id
    if (await _own(turn, lesson_id)).lesson.questions:
        shown = Reply(QUIZ, turn.who.telegram_id, subject_id=lesson_id)
    else:
        shown = _in_place(turn, PAGE)
    return Do(FinishReading(lesson_id), replies=(shown,))


def _in_place(turn: Turn, kind: str) -> Reply:
    return Reply(
        kind, turn.who.telegram_id, subject_id=turn.pressed.id, edit_message_id=turn.pressed.message_id
    )


async def answer(turn: Turn) -> Answer:
    """``lesson.answer:<id>:<step>_<choice>``, or ``…_s`` when several have been marked."""
    found = _CHOICE.fullmatch(turn.pressed.arg)
    if found is None:
        raise Refused(NOT_FOUND)
    choice = SUBMIT if found[2] is None else int(found[2])
    return _pressed(turn, AnswerQuestion(turn.pressed.id, int(found[1]), choice))


async def again(turn: Turn) -> Answer:
    """``lesson.again:<id>:<step>``."""
    return _pressed(turn, TryAgain(turn.pressed.id, turn.pressed.count))


def _pressed(turn: Turn, action: Action) -> Do:
    # What was pressed twice, or on an old message, shows where one stands.
    shown = _in_place(turn, QUIZ)
    return Do(action, replies=(shown,), if_refused=shown)
