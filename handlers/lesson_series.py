"""Series of lessons: begun, filled week by week from drafts or at once from a template, looked at, stopped and taken up
again."""

from __future__ import annotations

from datetime import date

from domain.base import Action
from domain.lessons.series import (
    MAX_WEEKS,
    PAGE,
    BeginSeries,
    FillSeries,
    ListDraftsForSeries,
    ListSeries,
    PutInSeries,
    ResumeSeries,
    SeeSeries,
    StopSeries,
    TakeFromSeries,
)
from domain.lessons.shapes import CARD
from domain.lessons.templates import ListLessonTemplates
from handlers import parsing, steps
from handlers.forms import Answers, Form, Step
from handlers.lesson_desk import DUE, IN_NAME, TITLE, begin_in_name, own_card
from handlers.turn import Answer, Do, Turn, turned
from storage.drafts import Draft
from storage.outbox import Reply
from views import lesson_desk, lesson_series


def _in_place(turn: Turn) -> Reply:
    return Reply(
        PAGE, turn.who.telegram_id, subject_id=turn.pressed.id, edit_message_id=turn.pressed.message_id
    )


async def page(turn: Turn) -> Answer:
    """``series.page:<page>``."""
    found = await turn.read(ListSeries(turn.pressed.id))
    return turned(turn, lesson_series.listed(found, voice=await turn.voice()))


async def see(turn: Turn) -> Answer:
    """``series.see:<id>[:<page>]``: its weeks."""
    found = await turn.read(SeeSeries(turn.pressed.id))
    page_ = turn.pressed.count if turn.pressed.arg else 0
    return turned(turn, lesson_series.series({"page": page_}, found, await turn.voice()))


def _begin(turn: Turn, answers: Answers, draft: Draft) -> Do:
    action = BeginSeries(
        int(answers["unit_id"]),
        str(answers["title"]),
        int(answers["weeks"]),
        date.fromisoformat(str(answers["due_on"])),
    )
    return Do(action, replies=(turn.words("toast.saved", edit=draft.message_id),))


NEW = Form(
    "lesson_series",
    (
        IN_NAME,
        TITLE,
        Step(
            "weeks",
            take=steps.counted(
                "weeks", lambda said: parsing.number(said, least=2, most=MAX_WEEKS, key="series.weeks_wrong")
            ),
            verbs=("series.weeks",),
            screen=lesson_desk.asks("ask.series_weeks", lesson_series.weeks),
        ),
        DUE,
    ),
    submit=_begin,
)


async def new(turn: Turn) -> Answer:
    """``series.new:0``."""
    return await begin_in_name(turn, NEW)


async def drafts(turn: Turn) -> Answer:
    """``series.drafts:<id>[:<page>]``: which draft is for the next free week?"""
    number = turn.pressed.count if turn.pressed.arg else 1
    found = await turn.read(ListDraftsForSeries(turn.pressed.id, number))
    return turned(turn, lesson_series.drafts(turn.pressed.id, found, voice=await turn.voice()))


async def templates(turn: Turn) -> Answer:
    """``series.templates:<id>[:<page>]``: of which template shall the free weeks be made?"""
    number = turn.pressed.count if turn.pressed.arg else 1
    await turn.read(SeeSeries(turn.pressed.id))  # says no to who may not
    found = await turn.read(ListLessonTemplates(number))
    return turned(turn, lesson_series.templates(turn.pressed.id, found, voice=await turn.voice()))


def _change(turn: Turn, action: Action, *, toast: str = "toast.saved") -> Do:
    return Do(action, replies=(_in_place(turn),), if_refused=_in_place(turn), toast=toast)


async def put(turn: Turn) -> Answer:
    """``series.put:<id>:<lesson>``."""
    return _change(turn, PutInSeries(turn.pressed.id, turn.pressed.count))


async def fill(turn: Turn) -> Answer:
    """``series.fill:<id>:<template>``."""
    return _change(turn, FillSeries(turn.pressed.id, turn.pressed.count))


async def stop(turn: Turn) -> Answer:
    """``series.stop:<id>``: asked once more."""
    found = await turn.read(SeeSeries(turn.pressed.id))
    return turned(turn, lesson_series.surely(found, voice=await turn.voice()))


async def stop_yes(turn: Turn) -> Answer:
    """``series.stopyes:<id>``."""
    return _change(turn, StopSeries(turn.pressed.id), toast="toast.series_stopped")


async def resume(turn: Turn) -> Answer:
    """``series.resume:<id>``."""
    return _change(turn, ResumeSeries(turn.pressed.id), toast="toast.series_resumed")


async def take(turn: Turn) -> Answer:
    """``series.take:<lesson>``: a draft like any other again."""
    card = turn.card(CARD, (await own_card(turn)).lesson.id)
    return Do(TakeFromSeries(turn.pressed.id), replies=(card,), if_refused=card, toast="toast.saved")


FORMS = (NEW,)
