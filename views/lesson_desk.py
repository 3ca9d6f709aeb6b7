"""Lessons as secretaries read them: composing, how far a lesson's people are, and who has not. Its questions and whom it is
for have modules of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from domain.base import Scalar
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

# --- lists --------------------------------------------------------------------------------------------------------------


def assigned(page: Page[AssignedLine], *, voice: Voice) -> Message:
    """Those assigned from here, and a new one."""
    new = (
        (
            voice.button("button.lesson_new", "lesson.new", 0),
            voice.button("button.lesson_templates", "lessontemplate.page", 1),
            voice.button("button.lesson_series", "series.page", 1),
        ),
        (voice.button("button.study_years", "study.years", 0),),
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
        state=voice.say("lesson.planned")
        if row.planned
        else _state(row.state, voice, reminding=row.reminding),
        day=voice.day(row.due_on),
        place=voice.place(row.place),
    )


def _state(state: LessonState, voice: Voice, *, reminding: bool) -> Html:
    return voice.say("lesson.reminding") if reminding else voice.term("state.lesson", state)


# --- the card -----------------------------------------------------------------------------------------------------------


def lesson_card(params: Mapping[str, Scalar], facts: LessonCard, voice: Voice) -> Message:
    """What it is, and what may be done about it as it stands."""
    lesson = facts.lesson
    draft = lesson.state is LessonState.DRAFT
    counts = facts.counts
    return Message(
        card(
            voice.on_top(params),
            block(
                voice.say(
                    "lesson.card_title",
                    title=title(lesson.titles, voice),
                    state=_state(lesson.state, voice, reminding=lesson.reminding),
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
            # Before its people are all written down, numbers of them would say nothing.
            ""
            if draft or lesson.state is LessonState.FREEZING
            else voice.say(
                "lesson.fared",
                count=counts.total,
                opened=counts.opened,
                done=counts.done,
                left=counts.total - counts.done,
            ),
            _next(facts, voice),
        ),
        keyboard=_buttons(facts, voice),
    )


def _next(facts: LessonCard, voice: Voice) -> Html:
    """What comes next, as it stands."""
    match facts.lesson.state:
        case LessonState.DRAFT:
            return _next_of_draft(facts, voice)
        case LessonState.FREEZING:
            return voice.say("lesson.next_listing")
        case LessonState.SENDING if facts.lesson.reminding:
            return voice.say("lesson.next_reminding")
        case LessonState.SENDING:
            return voice.say("lesson.next_leaving")
        case LessonState.OPEN if not facts.whole:
            return voice.say("lesson.next_below")
    return Html("")


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
