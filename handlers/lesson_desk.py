"""``/study`` for secretaries: composing a lesson, its questions, assigning it, and who has not done it.

A lesson under composition is a row like any other: each button changes it and shows it as it is now. Whom it is for is
chosen in ``lesson_audience.py``.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from domain.base import NOT_FOUND, Action, Refused, Role
from domain.lessons.branches import NudgeBranch
from domain.lessons.quiz import question_of, question_of_cells
from domain.lessons.shapes import (
    CARD,
    LANGUAGES,
    MAX_MINUTES,
    MAX_QUESTIONS,
    MAX_TITLE,
    AssignLesson,
    BeginLesson,
    LessonState,
    NudgeLesson,
    PutLessonText,
    PutQuestions,
    Question,
    WithdrawLesson,
)
from domain.lessons.shown import LearnerPage, LessonCard, ListAssigned, SeeLearners
from domain.notices.shown import PlacesToSpeakFor
from domain.queries import SeeCard
from domain.unit_pages import UnitLine
from handlers import forms, parsing, steps
from handlers.contents import restored
from handlers.forms import ALBUM, CONTENTS, Answers, Form, Said, Step, Taken
from handlers.notices import CHINESE, formatted
from handlers.turn import Answer, Do, Show, Turn, made, sent, turned
from sheets.lines import Limits, Line
from storage.drafts import Draft
from storage.outbox import Reply
from views import lesson_desk as screens
from views.message import Message, Upload

SHEET_LIMITS = Limits(most_bytes=1024 * 1024)
OPTION_COLUMNS = 6
MOST_PROBLEMS = 10

# --- looking ------------------------------------------------------------------------------------------------------------


async def assigned(turn: Turn) -> Answer:
    """``lessons.page:<page>``: those assigned from here, and a new one."""
    number = max(1, turn.pressed.id)
    return turned(turn, screens.assigned(await turn.read(ListAssigned(number)), voice=await turn.voice()))


async def own_card(turn: Turn) -> LessonCard:
    """The pressed lesson, for who may see how far it is. Raises Refused for everyone else."""
    seen = await turn.read(SeeCard(CARD, turn.pressed.id))
    if not isinstance(seen.facts, LessonCard):
        raise Refused(NOT_FOUND)
    return seen.facts


async def see(turn: Turn) -> Answer:
    """``lesson.see:<id>``: back to the card, in place of what was looked at."""
    return Show(replies=(turn.card(CARD, (await own_card(turn)).lesson.id),))


async def show_card(turn: Turn) -> Answer:
    """``lesson.card:<id>``, from the list."""
    return Show(replies=(turn.new_card(CARD, (await own_card(turn)).lesson.id),))


async def preview(turn: Turn) -> Answer:
    """``lesson.preview:<id>``: the material as it will be read."""
    facts = await own_card(turn)
    voices = [await turn.voice(language=one) for one in LANGUAGES if one in facts.lesson.texts]
    return sent(*(screens.preview(facts, voice=voice) for voice in voices))


async def questions(turn: Turn) -> Answer:
    """``lesson.quiz:<id>[:<page>]``: the questions with their right answers."""
    page = turn.pressed.count if turn.pressed.arg else 1
    return turned(turn, screens.questions(await own_card(turn), page, voice=await turn.voice()))


# --- composing ----------------------------------------------------------------------------------------------------------


async def places_to_assign_for(turn: Turn, answers: Answers) -> tuple[UnitLine, ...]:
    """Where the person is secretary."""
    actor = await turn.actor()
    own = {held.unit_id for held in actor.held if held.role is Role.SECRETARY}
    found: tuple[UnitLine, ...] = await turn.read(PlacesToSpeakFor())
    return tuple(row for row in found if row.id in own)


async def _unit(turn: Turn, said: Said, answers: Answers) -> Taken:
    ids = {str(row.id) for row in await places_to_assign_for(turn, answers)}
    return Taken({"unit_id": int(steps.chosen(said, ids))})


def _minutes(text: str) -> int:
    spent = parsing.minutes(text)
    if spent > MAX_MINUTES:
        raise Refused("form.minutes_wrong", most=MAX_MINUTES)
    return spent


async def _day(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        ahead = parsing.number(said.arg, least=0, most=366, key=NOT_FOUND)
        return Taken({"due_on": (turn.today + timedelta(days=ahead)).isoformat()})
    return Taken({"due_on": parsing.day(said.text, today=turn.today).isoformat()})


def _words(answers: Answers) -> tuple[str, str, str, int]:
    title, html = str(answers["title"]), str(answers.get("html") or "")
    language = "zh" if CHINESE.search(title + html) else "en"
    return language, title, html, int(answers.get("length") or 0)


def _begin(turn: Turn, answers: Answers, draft: Draft) -> Do:
    parts = restored(answers.get(CONTENTS) or ())
    media = tuple((part.kind, part.file_id) for part in parts if part.file_id)
    language, title, html, length = _words(answers)
    return Do(
        BeginLesson(
            int(answers["unit_id"]),
            language,
            title,
            html,
            length,
            media,
            int(answers["minutes"]),
            date.fromisoformat(str(answers["due_on"])),
        )
    )


TITLE = Step("title", take=steps.words("title", most=MAX_TITLE), screen=screens.asks("ask.lesson_title"))
_TEXT = Step("text", take=formatted, screen=screens.asks("ask.lesson_text"))
DUE = Step("due_day", take=_day, verbs=("lesson.day",), screen=screens.asks("ask.lesson_due", screens.days))
IN_NAME = Step(
    "in_name",
    take=_unit,
    verbs=("lesson.unit",),
    choices=places_to_assign_for,
    when=lambda answers: not answers.get("alone"),
    screen=screens.asks("ask.lesson_unit", screens.units),
)
NEW = Form(
    "lesson",
    (
        IN_NAME,
        TITLE,
        _TEXT,
        # Only an album comes in parts: the rest of it arrives here.
        Step("words", when=lambda answers: bool(answers.get(ALBUM)), gathers=True, goes_on=("form.done",)),
        Step(
            "lesson_minutes",
            take=steps.counted("minutes", _minutes),
            verbs=("lesson.minutes",),
            screen=screens.asks("ask.lesson_minutes", screens.minutes),
        ),
        DUE,
    ),
    submit=_begin,
)


async def begin_in_name(turn: Turn, form: Form) -> Answer:
    """A form whose first step asks in whose name, where there is a choice. Refuses who may not assign lessons."""
    await turn.read(ListAssigned())  # says no to who may not
    places = await places_to_assign_for(turn, {})
    if not places:
        raise Refused("lesson.no_place")
    if len(places) > 1:
        return await forms.begin(turn, form, {})
    return await forms.begin(turn, form, {"unit_id": places[0].id, "alone": True})


async def new(turn: Turn) -> Answer:
    """``lesson.new:0``."""
    return await begin_in_name(turn, NEW)


def saved(turn: Turn, draft: Draft, lesson_id: int) -> tuple[Reply, ...]:
    """What is shown after a form about a lesson."""
    return turn.words("toast.saved", edit=draft.message_id), turn.new_card(CARD, lesson_id)


def _put_text(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["lesson_id"])
    _, title, html, length = _words(answers)
    return Do(
        PutLessonText(number, str(answers["language"]), title, html, length),
        replies=saved(turn, draft, number),
    )


TEXT = Form("lesson_text", (TITLE, _TEXT), submit=_put_text)


async def text(turn: Turn) -> Answer:
    """``lesson.text:<id>:<zh|en>``."""
    if turn.pressed.arg not in LANGUAGES:
        raise Refused(NOT_FOUND)
    answers = {"lesson_id": (await own_card(turn)).lesson.id, "language": turn.pressed.arg}
    return await forms.begin(turn, TEXT, answers)


# --- questions ----------------------------------------------------------------------------------------------------------


def _kept(question: Question) -> dict[str, Any]:
    return {
        "text": question.text,
        "options": list(question.options),
        "right": list(question.right),
        "explanation": question.explanation,
    }


def _restored(kept: Any) -> tuple[Question, ...]:
    return tuple(
        Question(one["text"], tuple(one["options"]), tuple(one["right"]), one["explanation"]) for one in kept
    )


async def _question(turn: Turn, said: Said, answers: Answers) -> Taken:
    """One question a message, as many as they like."""
    kept = [*answers.get("questions", ()), _kept(question_of(said.text))]
    if len(kept) > MAX_QUESTIONS:
        raise Refused("lesson.too_many_questions", most=MAX_QUESTIONS)
    return Taken({"questions": kept}, stay=True)


def _put_questions(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["lesson_id"])
    asked = _restored(answers.get("questions") or ())
    return Do(PutQuestions(number, asked), replies=saved(turn, draft, number))


ASK = Form(
    "lesson_ask",
    (Step("question", take=_question, submits=("lesson.asked",), screen=screens.ask_question),),
    submit=_put_questions,
)


async def ask(turn: Turn) -> Answer:
    """``lesson.ask:<id>``: further questions, typed."""
    return await forms.begin(turn, ASK, {"lesson_id": (await own_card(turn)).lesson.id})


def _lines(content: bytes) -> list[Line]:
    from sheets.workbooks import Workbook

    book = Workbook(io.BytesIO(content), SHEET_LIMITS)
    return list(book.sheet(book.sheets[0]).lines()) if book.sheets else []


def _read_bank(lines: list[Line]) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """The questions of a sheet, and (row, reason, parameters) of each line that is none."""
    kept: list[dict[str, Any]] = []
    problems: list[list[Any]] = []
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.cells]
        cells += [""] * (OPTION_COLUMNS + 3 - len(cells))
        if not any(cells):
            continue
        options = tuple(cells[1 : OPTION_COLUMNS + 1])
        try:
            if line.faults:
                raise Refused("lesson.cell_formula")
            kept.append(
                _kept(
                    question_of_cells(cells[0], options, cells[OPTION_COLUMNS + 1], cells[OPTION_COLUMNS + 2])
                )
            )
        except Refused as refused:
            problems.append([line.number, refused.key, dict(refused.params)])
    return kept, problems


async def _bank(turn: Turn, said: Said, answers: Answers) -> Taken:
    """All of the sheet or nothing: with one line wrong none is taken, and each is told."""
    if said.content is None or said.content.kind != "document":
        raise Refused("lesson.bank_sheet")
    content = await turn.fetch(said.content.file_id)
    if len(content) > SHEET_LIMITS.most_bytes:
        raise Refused("import.too_big", most=SHEET_LIMITS.megabytes)
    kept, problems = _read_bank(await asyncio.to_thread(_lines, content))
    if problems:
        return Taken({"problems": problems[:MOST_PROBLEMS], "wrong": len(problems)}, stay=True)
    if not kept:
        raise Refused("lesson.bank_empty")
    if len(kept) > MAX_QUESTIONS:
        raise Refused("lesson.too_many_questions", most=MAX_QUESTIONS)
    return Taken({"questions": kept, "problems": []})


BANK = Form(
    "lesson_bank",
    (Step("sheet", take=_bank, takes_sheet=True, screen=screens.ask_bank),),
    submit=_put_questions,
)


async def bank(turn: Turn) -> Answer:
    """``lesson.bank:<id>``: questions from a sheet."""
    return await forms.begin(turn, BANK, {"lesson_id": (await own_card(turn)).lesson.id})


async def template(turn: Turn) -> Answer:
    """``lesson.template:<id>``: an empty sheet for them."""
    await own_card(turn)
    voice = await turn.voice()
    words = await turn.say("lesson.template_sent")

    async def written() -> Message:
        from views.lesson_sheet import question_template

        content = await asyncio.to_thread(question_template, voice=voice)
        return replace(words, upload=Upload("questions.xlsx", content))

    return made(written)


# --- from button to button ------------------------------------------------------------------------------------------------


def _change(turn: Turn, action: Action, *, toast: str = "toast.saved") -> Do:
    card = turn.card(CARD, turn.pressed.id)
    return Do(action, replies=(card,), if_refused=card, toast=toast)


async def no_quiz(turn: Turn) -> Answer:
    """``lesson.noquiz:<id>``: away with all questions."""
    return _change(turn, PutQuestions(turn.pressed.id, (), anew=True))


async def confirm(turn: Turn) -> Answer:
    """``lesson.confirm:<id>:<version>``."""
    return _change(turn, AssignLesson(turn.pressed.id, turn.pressed.count), toast="toast.lesson_sent")


async def withdraw(turn: Turn) -> Answer:
    """``lesson.withdraw:<id>``: asked once more when some have it already."""
    facts = await own_card(turn)
    if facts.lesson.state is LessonState.DRAFT:
        return _change(turn, WithdrawLesson(turn.pressed.id))
    return turned(turn, screens.surely(facts, voice=await turn.voice()))


async def withdraw_yes(turn: Turn) -> Answer:
    """``lesson.withdrawyes:<id>``."""
    return _change(turn, WithdrawLesson(turn.pressed.id))


async def nudge(turn: Turn) -> Answer:
    """``lesson.nudge:<id>``."""
    return _change(turn, NudgeLesson(turn.pressed.id), toast="toast.lesson_nudged")


async def nudge_own(turn: Turn) -> Answer:
    """``lesson.nudgeown:<id>``: those of one's own branch, of a lesson assigned from above."""
    return _change(turn, NudgeBranch(turn.pressed.id), toast="toast.lesson_nudged")


async def who(turn: Turn) -> Answer:
    """``lesson.who:<id>[:<after>]``: who has not."""
    after = turn.pressed.count if turn.pressed.arg else 0
    found = await turn.read(SeeLearners(turn.pressed.id, after))
    return turned(turn, screens.learners(found, voice=await turn.voice()))


async def sheet(turn: Turn) -> Answer:
    """``lesson.sheet:<id>``: everybody, as a workbook."""
    first: LearnerPage = await turn.read(SeeLearners(turn.pressed.id, everybody=True))
    voice, number = await turn.voice(), turn.pressed.id
    words = await turn.say("lesson.sheet_sent", number=number)

    async def written() -> Message:
        from views.lesson_sheet import LearnerBook

        book, found = LearnerBook(voice=voice), first
        await asyncio.to_thread(book.add, found.rows)
        while found.next_after is not None:
            found = await turn.read(SeeLearners(number, found.next_after, everybody=True))
            await asyncio.to_thread(book.add, found.rows)
        return replace(words, upload=Upload(f"lesson-{number}.xlsx", await asyncio.to_thread(book.content)))

    return made(written)


FORMS: tuple[Form, ...] = (NEW, TEXT, ASK, BANK)
