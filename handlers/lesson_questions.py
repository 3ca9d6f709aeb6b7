"""A lesson's questions, for its secretary: typed one by one, read from a sheet, put right, and taken out."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import replace
from typing import Any

from domain.base import NOT_FOUND, Refused
from domain.lessons.quiz import question_of, question_of_cells, typed
from domain.lessons.shapes import MAX_QUESTIONS, QUESTIONS, PutQuestion, PutQuestions, Question
from domain.lessons.shown import LessonCard
from handlers import forms
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.lesson_desk import beside_card, change, own_card, saved
from handlers.turn import Answer, Do, Turn, made, turned
from sheets.lines import Limits, Line
from storage.drafts import Draft
from storage.outbox import Reply
from views import lesson_questions as screens
from views.message import Message, Upload
from views.safe import file_name, plain

SHEET_LIMITS = Limits(most_bytes=1024 * 1024)
OPTION_COLUMNS = 6
MOST_PROBLEMS = 10
_WHICH = re.compile(r"([0-9]{1,9})_([0-9]{1,3})", re.ASCII)

# --- looking, and one of them ---------------------------------------------------------------------------------------------


async def questions(turn: Turn) -> Answer:
    """``lesson.quiz:<id>[:<page>]``: the questions with their right answers."""
    page = turn.pressed.count if turn.pressed.arg else 1
    return beside_card(turn, screens.questions({"page": page}, await own_card(turn), await turn.voice()))


async def _which(turn: Turn) -> tuple[LessonCard, int]:
    """The pressed question's place, in the questions as they are now."""
    found = _WHICH.fullmatch(turn.pressed.arg)
    if found is None:
        raise Refused(NOT_FOUND)
    facts = await own_card(turn)
    revision, place = int(found[1]), int(found[2])
    if revision != facts.lesson.revision or place >= len(facts.lesson.questions):
        raise Refused("lesson.questions_moved")
    return facts, place


async def see(turn: Turn) -> Answer:
    """``lesson.question:<id>:<revision>_<place>``: one of them, whole."""
    facts, place = await _which(turn)
    return turned(turn, screens.question(facts, place, voice=await turn.voice()))


def _list(turn: Turn, lesson_id: int, place: int, *, edit: int | None = None) -> Reply:
    page = place // screens.QUESTIONS_SHOWN + 1
    return Reply(
        QUESTIONS,
        turn.who.telegram_id,
        subject_id=lesson_id,
        params={"page": page},
        edit_message_id=edit,
    )


async def unask(turn: Turn) -> Answer:
    """``lesson.unask:<id>:<revision>_<place>``: away with this one."""
    facts, place = await _which(turn)
    shown = _list(turn, facts.lesson.id, place, edit=turn.pressed.message_id)
    action = PutQuestion(facts.lesson.id, facts.lesson.revision, place)
    return Do(action, replies=(shown,), if_refused=shown, toast="toast.saved")


async def _reworded(turn: Turn, said: Said, answers: Answers) -> Taken:
    return Taken({"question": _kept(question_of(said.text))})


def _put_question(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number, place = int(answers["lesson_id"]), int(answers["place"])
    (question,) = _restored([answers["question"]])
    return Do(
        PutQuestion(number, int(answers["revision"]), place, question),
        replies=(turn.words("toast.saved", edit=draft.message_id), _list(turn, number, place)),
    )


REWORD = Form(
    "lesson_reword",
    (Step("reworded", take=_reworded, screen=screens.ask_reword),),
    submit=_put_question,
)


async def reword(turn: Turn) -> Answer:
    """``lesson.reword:<id>:<revision>_<place>``: other words for it."""
    facts, place = await _which(turn)
    lesson = facts.lesson
    answers = {
        "lesson_id": lesson.id,
        "revision": lesson.revision,
        "place": place,
        "typed": typed(lesson.quiz[place]),
    }
    return await forms.begin(turn, REWORD, answers)


# --- adding -----------------------------------------------------------------------------------------------------------------


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
        called = file_name(plain(voice.say("lesson.template_file")), "xlsx")
        return replace(words, upload=Upload(called, content))

    return made(written)


async def no_quiz(turn: Turn) -> Answer:
    """``lesson.noquiz:<id>``: away with all questions."""
    return change(turn, PutQuestions(turn.pressed.id, (), anew=True))


FORMS: tuple[Form, ...] = (ASK, BANK, REWORD)
