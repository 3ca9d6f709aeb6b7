"""Lessons as secretaries read them: composing, questions, whom one is for, how far its people are, and who has not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from domain.base import Scalar
from domain.lessons.quiz import LETTERS
from domain.lessons.shapes import LessonState
from domain.lessons.shown import AssignedLine, LearnerPage, LessonCard
from domain.queries import Page
from domain.unit_pages import UnitLine
from views import rosterforms
from views.forms import Prompt
from views.lesson_audience import back, reach_line, whom_line
from views.lessons import BUTTON, material, title
from views.message import Button, Keyboard, Message
from views.safe import Html, cut, line, plain
from views.voice import Voice, block, card, press, rows

asks = rosterforms.asks
MINUTES = (10, 15, 30, 45, 60)
DAYS = (3, 7, 14, 30)
MARKS = (60, 70, 80, 100)
TRIES = (1, 2, 3, 5)
QUESTIONS_SHOWN = 5

# --- lists --------------------------------------------------------------------------------------------------------------


def assigned(page: Page[AssignedLine], *, voice: Voice) -> Message:
    """Those assigned from here, and a new one."""
    new = (
        (
            voice.button("button.lesson_new", "lesson.new", 0),
            voice.button("button.lesson_templates", "lessontemplate.page", 1),
            voice.button("button.lesson_series", "series.page", 1),
        ),
    )
    back = ((voice.button("button.lesson_own", "study.page", 1),),)
    if not page.rows:
        return Message(voice.say("lesson.none_assigned"), keyboard=(*new, *back))
    return Message(
        card(
            voice.say("lesson.assigned_title", count=page.total),
            block(*(_assigned_row(row, voice) for row in page.rows)),
        ),
        keyboard=(
            *(
                (Button(cut(plain(title(row.titles, voice)), BUTTON), press("lesson.card", row.id)),)
                for row in page.rows
            ),
            *voice.pages(page, "lessons.page"),
            *new,
            *back,
        ),
    )


def _assigned_row(row: AssignedLine, voice: Voice) -> Html:
    return voice.say(
        "lesson.assigned_row",
        title=title(row.titles, voice),
        state=voice.say("lesson.planned") if row.planned else voice.term("state.lesson", row.state),
        day=voice.day(row.due_on),
        place=voice.place(row.place),
    )


# --- the card -----------------------------------------------------------------------------------------------------------


def lesson_card(params: Mapping[str, Scalar], facts: LessonCard, voice: Voice) -> Message:
    """What it is, and what may be done about it as it stands."""
    lesson = facts.lesson
    draft, out = lesson.state is LessonState.DRAFT, lesson.state is LessonState.OPEN
    counts = facts.counts
    return Message(
        card(
            voice.on_top(params),
            block(
                voice.say(
                    "lesson.card_title",
                    title=title(lesson.titles, voice),
                    state=voice.term("state.lesson", lesson.state),
                ),
                voice.say(
                    "lesson.card_by",
                    place=voice.place(facts.place),
                    name=line(facts.author, limit=40) or voice.say("someone"),
                ),
            ),
            block(
                voice.say(
                    "lesson.takes",
                    span=voice.span(lesson.minutes),
                    day=voice.day(lesson.due_on),
                    points=voice.points(lesson.points),
                ),
                voice.say("lesson.has_quiz", count=len(lesson.questions), percent=lesson.pass_mark)
                if lesson.questions
                else voice.say("lesson.no_quiz"),
                voice.say("lesson.tries_a_day", count=lesson.tries) if lesson.questions else "",
                whom_line(facts, voice),
                reach_line(facts, voice) if draft else "",
            ),
            ""
            if draft
            else voice.say(
                "lesson.fared",
                total=counts.total,
                opened=counts.opened,
                done=counts.done,
                left=counts.total - counts.done,
            ),
            _next_of_draft(facts, voice) if draft else "",
            voice.say("lesson.next_leaving")
            if lesson.state in (LessonState.FREEZING, LessonState.SENDING)
            else "",
            voice.say("lesson.next_below") if out and not facts.whole else "",
        ),
        keyboard=_buttons(facts, voice),
    )


def _next_of_draft(facts: LessonCard, voice: Voice) -> Html:
    lesson = facts.lesson
    if lesson.starts_on is None:
        return voice.say("lesson.next_draft")
    return voice.say(
        "lesson.next_planned",
        series=line(facts.series, limit=60),
        week=lesson.series_no,
        day=voice.day(lesson.starts_on),
    )


def _buttons(facts: LessonCard, voice: Voice) -> Keyboard:
    lesson, number = facts.lesson, facts.lesson.id
    if lesson.state is LessonState.DROPPED:
        return ()
    reports = (
        voice.button("button.lesson_who", "lesson.who", number),
        voice.button("button.lesson_sheet", "lesson.sheet", number),
    )
    undone = lesson.state is LessonState.OPEN and facts.counts.done < facts.counts.total
    if lesson.state is LessonState.WITHDRAWN or not facts.whole:
        own = (voice.button("button.lesson_nudge", "lesson.nudgeown", number),)
        return (own, reports) if undone else (reports,)
    change: Keyboard = (
        (
            voice.button("button.lesson_text_zh", "lesson.text", number, "zh"),
            voice.button("button.lesson_text_en", "lesson.text", number, "en"),
        ),
        (
            voice.button("button.lesson_preview", "lesson.preview", number),
            voice.button("button.lesson_questions", "lesson.quiz", number),
        ),
    )
    withdraw = voice.button("button.lesson_withdraw", "lesson.withdraw", number)
    due = voice.button("button.lesson_due", "lesson.due", number)
    keep = voice.button("button.template_save", "lessontemplate.save", number)
    planned = lesson.starts_on is not None
    if lesson.state is not LessonState.DRAFT:
        nudge = ((voice.button("button.lesson_nudge", "lesson.nudge", number),),) if undone else ()
        return (*nudge, reports, *change, (due, withdraw), (keep,))
    return (
        *change,
        (
            voice.button("button.lesson_whom", "lesson.whom", number),
            due,
        ),
        (
            voice.button("button.lesson_points", "lesson.points", number),
            voice.button("button.lesson_passing", "lesson.passing", number),
        ),
        (keep, *((voice.button("button.series_take", "series.take", number),) if planned else ())),
        (voice.button("button.lesson_confirm", "lesson.confirm", number, lesson.version),),
        (voice.button("button.lesson_drop", "lesson.withdraw", number),),
    )


def surely(facts: LessonCard, *, voice: Voice) -> Message:
    """Asked once more before it is taken back."""
    number = facts.lesson.id
    return Message(
        voice.say(
            "lesson.withdraw_surely", title=title(facts.lesson.titles, voice), count=facts.counts.total
        ),
        keyboard=(
            (voice.button("button.lesson_withdraw_yes", "lesson.withdrawyes", number),),
            (back(number, voice),),
        ),
    )


def preview(facts: LessonCard, *, voice: Voice) -> Message:
    """The material as it will be read in one language."""
    text, media = material(facts.lesson.titles, facts.lesson.texts, facts.lesson.media, voice)
    return Message(text, media=media, link_preview=True)


# --- questions ----------------------------------------------------------------------------------------------------------


def questions(facts: LessonCard, page: int, *, voice: Voice) -> Message:
    """The questions with their right answers, and the ways to add some."""
    quiz, number = facts.lesson.quiz, facts.lesson.id
    pages = max(1, -(-len(quiz) // QUESTIONS_SHOWN))
    page = max(1, min(page, pages))
    start = (page - 1) * QUESTIONS_SHOWN
    told = [
        block(
            voice.say("lesson.bank_question", number=place, words=line(one.text, limit=150)),
            *(
                voice.say(
                    "lesson.bank_right" if at in one.right else "lesson.option",
                    letter=LETTERS[at],
                    words=line(option, limit=60),
                )
                for at, option in enumerate(one.options)
            ),
        )
        for place, one in enumerate(quiz[start : start + QUESTIONS_SHOWN], start=start + 1)
    ]
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


def ask_question(asked: Prompt, voice: Voice) -> Message:
    """One question a message; what is written so far is kept with one press."""
    count = len(asked.answers.get("questions") or ())
    text = block(
        voice.say("ask.lesson_question"), voice.say("lesson.questions_kept", count=count) if count else ""
    )
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


# --- what a form lets choose ------------------------------------------------------------------------------------------------


def units(asked: Prompt, voice: Voice) -> Keyboard:
    """In whose name."""
    found = asked.choices if isinstance(asked.choices, tuple) else ()
    return rows(
        (
            Button(plain(voice.place(row.place)), press("lesson.unit", asked.version, row.id))
            for row in found
            if isinstance(row, UnitLine)
        ),
        width=2,
    )


def minutes(asked: Prompt, voice: Voice) -> Keyboard:
    """Usual lengths."""
    return rows(
        (Button(plain(voice.span(one)), press("lesson.minutes", asked.version, one)) for one in MINUTES),
        width=3,
    )


def marks(asked: Prompt, voice: Voice) -> Keyboard:
    """Usual pass marks."""
    return rows((Button(f"{one}%", press("lesson.mark", asked.version, one)) for one in MARKS), width=4)


def tries(asked: Prompt, voice: Voice) -> Keyboard:
    """Usual numbers of tries."""
    return rows((Button(str(one), press("lesson.tries", asked.version, one)) for one in TRIES), width=4)


def days(asked: Prompt, voice: Voice) -> Keyboard:
    """Usual last days."""
    return rows(
        (
            Button(
                plain(voice.day(voice.today + timedelta(days=one))), press("lesson.day", asked.version, one)
            )
            for one in DAYS
        ),
        width=2,
    )


# --- who has not --------------------------------------------------------------------------------------------------------


def learners(found: LearnerPage, *, voice: Voice) -> Message:
    """Who has not done it, some at a time."""
    number = found.lesson_id
    more = (
        ((voice.button("button.page_after", "lesson.who", number, found.next_after),),)
        if found.next_after is not None
        else ()
    )
    told = [
        voice.say(
            "lesson.who_begun" if one.opened_at else "lesson.who_not",
            name=line(one.name, limit=40),
            place=voice.place(one.place) if one.place.zh else voice.say("report.no_place"),
        )
        for one in found.rows
    ]
    return Message(
        card(voice.say("lesson.who_title", title=title(found.titles, voice)), block(*told))
        if told
        else voice.say("lesson.who_nobody"),
        keyboard=(*more, (back(number, voice),)),
    )
