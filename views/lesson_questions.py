"""A lesson's questions as its secretary reads them: with the right answers, one by one, and asked for."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.lessons.quiz import LETTERS
from domain.lessons.shapes import (
    MAX_EXPLANATION,
    MAX_OPTION,
    MAX_OPTIONS,
    MAX_QUESTION,
    LessonState,
    Question,
)
from domain.lessons.shown import LessonCard
from views import rosterforms
from views.forms import Prompt
from views.lesson_audience import back
from views.message import Message
from views.safe import Html, line, words
from views.voice import Voice, block, card

QUESTIONS_SHOWN = 5
MOST_TYPED = MAX_QUESTION + MAX_OPTIONS * (MAX_OPTION + 2) + MAX_EXPLANATION + 10
"""Characters of a whole question as it is typed."""


def _question(place: int, one: Question, voice: Voice, *, whole: bool = False) -> Html:
    """A question with its right answers, cut or as it will be read; ``place`` from 0."""
    longest, option, why = (MAX_QUESTION, MAX_OPTION, MAX_EXPLANATION) if whole else (150, 50, 60)
    return block(
        voice.say("lesson.bank_question", number=place + 1, words=line(one.text, limit=longest)),
        *(
            voice.say(
                "lesson.bank_right" if at in one.right else "lesson.option",
                letter=LETTERS[at],
                words=line(told, limit=option),
            )
            for at, told in enumerate(one.options)
        ),
        voice.say("lesson.explained", words=line(one.explanation, limit=why)) if one.explanation else "",
    )


def questions(params: Mapping[str, Scalar], facts: LessonCard, voice: Voice) -> Message:
    """The questions with their right answers, each to be opened, and the ways to add some."""
    quiz, number = facts.lesson.quiz, facts.lesson.id
    pages = max(1, -(-len(quiz) // QUESTIONS_SHOWN))
    page = max(1, min(int(params.get("page") or 1), pages))
    start = (page - 1) * QUESTIONS_SHOWN
    shown = tuple(enumerate(quiz[start : start + QUESTIONS_SHOWN], start=start))
    told = [_question(place, one, voice) for place, one in shown]
    each = tuple(
        voice.button(
            "button.lesson_question",
            "lesson.question",
            number,
            f"{facts.lesson.revision}_{place}",
            number=place + 1,
        )
        for place, _ in shown
    )
    turns = tuple(
        voice.button(key, "lesson.quiz", number, to)
        for key, to in (("button.page_before", page - 1), ("button.page_after", page + 1))
        if 1 <= to <= pages
    )
    return Message(
        card(
            voice.say("lesson.questions_title", count=len(quiz))
            if quiz
            else voice.say("lesson.questions_none"),
            *told,
            voice.say("lesson.questions_anew") if facts.lesson.state is not LessonState.DRAFT else "",
        ),
        keyboard=(
            *((each,) if each else ()),
            *((turns,) if turns else ()),
            (
                voice.button("button.lesson_ask", "lesson.ask", number),
                voice.button("button.lesson_bank", "lesson.bank", number),
            ),
            (
                voice.button("button.lesson_template", "lesson.template", number),
                *((voice.button("button.lesson_noquiz", "lesson.noquiz", number),) if quiz else ()),
            ),
            (back(number, voice),),
        ),
    )


def question(facts: LessonCard, place: int, *, voice: Voice) -> Message:
    """One of them as it stands, to be put right or taken out."""
    lesson = facts.lesson
    which = f"{lesson.revision}_{place}"
    return Message(
        card(
            _question(place, lesson.quiz[place], voice, whole=True),
            voice.say("lesson.questions_anew") if lesson.state is not LessonState.DRAFT else "",
        ),
        keyboard=(
            (
                voice.button("button.lesson_reword", "lesson.reword", lesson.id, which),
                voice.button("button.lesson_unask", "lesson.unask", lesson.id, which),
            ),
            (
                voice.button(
                    "button.lesson_questions_back", "lesson.quiz", lesson.id, place // QUESTIONS_SHOWN + 1
                ),
            ),
        ),
    )


def ask_reword(asked: Prompt, voice: Voice) -> Message:
    """The question as it was typed, to be sent back with the change."""
    now = words(str(asked.answers.get("typed") or ""), limit=MOST_TYPED)
    text = card(voice.say("ask.lesson_reword"), Html(f"<pre>{now}</pre>"))
    return rosterforms.question(asked, text, voice)


def ask_question(asked: Prompt, voice: Voice) -> Message:
    """One question a message, how it is written said once; what is there so far is kept with one press."""
    count = len(asked.answers.get("questions") or ())
    text = voice.say("lesson.questions_kept", count=count) if count else voice.say("ask.lesson_question")
    keep = ((voice.button("button.lesson_asked", "lesson.asked", asked.version),),) if count else ()
    return rosterforms.question(asked, text, voice, keep)


def ask_bank(asked: Prompt, voice: Voice) -> Message:
    """The sheet of questions; with mistakes in it, each of them by its row."""
    problems = asked.answers.get("problems") or ()
    told = [
        voice.say("lesson.bank_row", row=row, why=voice.say(key, **params)) for row, key, params in problems
    ]
    wrong = int(asked.answers.get("wrong") or 0)
    text = card(
        block(voice.say("lesson.bank_wrong", count=wrong), *told) if told else "",
        voice.say("ask.lesson_bank"),
    )
    return rosterforms.question(asked, text, voice)
