"""Lessons as whoever learns reads them: what was assigned, the material, the questions, what is due, and the record."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.lessons.quiz import LETTERS, QuizFacts
from domain.lessons.shown import DueSoon, LessonForMember, MyLesson, MyStudy
from domain.permissions import Permission, allowed
from domain.queries import words_in
from views.message import Button, Keyboard, Media, Message
from views.safe import Html, cut, line, plain
from views.voice import Voice, block, card, press

BUTTON = 40
"""Characters of a title or an option on a button."""


def title(titles: Mapping[str, str], voice: Voice, *, limit: int = 60) -> Html:
    """A lesson's title in the reader's language, or in the other."""
    return line(words_in(titles, voice.reader.language), limit=limit)


def _assigned(key: str, facts: LessonForMember, voice: Voice) -> Message:
    lesson = facts.lesson
    return Message(
        card(
            voice.say(key, title=title(lesson.titles, voice), place=voice.place(facts.place)),
            block(
                voice.say(
                    "lesson.takes",
                    span=voice.span(lesson.minutes),
                    day=voice.day(lesson.due_on),
                    points=voice.points(lesson.points),
                ),
                voice.say("lesson.has_quiz", count=len(lesson.questions), percent=lesson.pass_mark)
                if lesson.questions
                else "",
            ),
        ),
        keyboard=((voice.button("button.lesson_open", "lesson.open", lesson.id),),),
    )


def copy(params: Mapping[str, Scalar], facts: LessonForMember, voice: Voice) -> Message:
    """A lesson was assigned."""
    return _assigned("lesson.assigned", facts, voice)


def nudge(params: Mapping[str, Scalar], facts: LessonForMember, voice: Voice) -> Message:
    """The branch asks for it once more."""
    return _assigned("lesson.nudge_told", facts, voice)


def material(
    titles: Mapping[str, str], texts: Mapping[str, str], media: tuple[tuple[str, str], ...], voice: Voice
) -> tuple[Html, tuple[Media, ...]]:
    """What there is to read, with its file."""
    head = voice.say("lesson.head", title=title(titles, voice))
    # Telegram HTML already: cleaned and escaped when it was written.
    words = Html(words_in(texts, voice.reader.language))
    return card(head, words), tuple(Media(kind, file_id) for kind, file_id in media)


def page(params: Mapping[str, Scalar], facts: LessonForMember, voice: Voice) -> Message:
    """The material; below it how long to go, or that it is done."""
    lesson, due = facts.lesson, facts.due
    text, media = material(lesson.titles, lesson.texts, lesson.media, voice)
    keyboard: Keyboard = ()
    if due.done_at is not None:
        below = block(
            voice.say("lesson.is_done", when=voice.when(due.done_at)),
            voice.say("points.coming", points=voice.points(lesson.points)) if lesson.points else "",
        )
    else:
        below = voice.say("lesson.wait", count=facts.wait) if facts.wait else Html("")
        key = "button.lesson_quiz" if lesson.questions else "button.lesson_done"
        keyboard = ((voice.button(key, "lesson.done", lesson.id),),)
    return Message(card(text, below), keyboard=keyboard, media=media, link_preview=True)


# --- the questions ----------------------------------------------------------------------------------------------------------


def _feedback(facts: QuizFacts, voice: Voice) -> Html:
    if facts.feedback is None:
        return Html("")
    told = facts.feedback
    answers = line("、".join(told.answers) if voice.chinese else ", ".join(told.answers), limit=500)
    return block(
        voice.say("lesson.right") if told.right else voice.say("lesson.wrong", answers=answers),
        voice.say("lesson.explained", words=line(told.explanation, limit=300)) if told.explanation else "",
    )


def quiz(params: Mapping[str, Scalar], facts: QuizFacts, voice: Voice) -> Message:
    """The question at hand, or what came of the try."""
    before = _feedback(facts, voice)
    if facts.number:
        return _question(before, facts, voice)
    if facts.done:
        result = block(
            voice.say("lesson.passed", title=title(facts.titles, voice)),
            voice.say("lesson.scored", percent=facts.score, mark=facts.pass_mark)
            if facts.score is not None and facts.total
            else "",
            voice.say("points.coming", points=voice.points(facts.points)) if facts.points else "",
        )
        return Message(card(before, result), keyboard=(_list(voice),))
    if facts.changed:
        result = voice.say("lesson.questions_changed")
    elif facts.score is None:
        result = voice.say("lesson.quiz_waits")
    else:
        result = voice.say("lesson.not_passed", percent=facts.score, mark=facts.pass_mark)
    if not facts.tries_left:
        return Message(card(before, result, voice.say("lesson.tries_over")), keyboard=(_list(voice),))
    again = (
        voice.button("button.lesson_again", "lesson.again", facts.lesson_id, facts.step),
        voice.button("button.lesson_open", "lesson.open", facts.lesson_id),
    )
    return Message(
        card(before, result, voice.say("lesson.tries_left", count=facts.tries_left)), keyboard=(again,)
    )


def _list(voice: Voice) -> tuple[Button, ...]:
    return (voice.button("button.lesson_list", "study.page", 1),)


def _question(before: Html, facts: QuizFacts, voice: Voice) -> Message:
    options = [
        voice.say("lesson.option", letter=letter, words=line(text, limit=120))
        for letter, (_, text) in zip(LETTERS, facts.options, strict=False)
    ]
    buttons = []
    for letter, (place, text) in zip(LETTERS, facts.options, strict=False):
        mark = ("☑️ " if place in facts.picked else "▫️ ") if facts.multiple else ""
        buttons.append(
            (
                Button(
                    cut(f"{mark}{letter}. {plain(line(text))}", BUTTON),
                    press("lesson.answer", facts.lesson_id, f"{facts.step}_{place}"),
                ),
            )
        )
    if facts.multiple:
        buttons.append(
            (voice.button("button.lesson_submit", "lesson.answer", facts.lesson_id, f"{facts.step}_s"),)
        )
    return Message(
        card(
            before,
            block(
                voice.say("lesson.question", number=facts.number, total=facts.total),
                Html(f"<b>{line(facts.text, limit=300)}</b>"),
                voice.say("lesson.several") if facts.multiple else "",
            ),
            block(*options),
        ),
        keyboard=tuple(buttons),
    )


# --- what is due, and the list ------------------------------------------------------------------------------------------------


def due_soon(params: Mapping[str, Scalar], facts: DueSoon, voice: Voice) -> Message:
    """Everything whose last day is near, in one message."""
    return Message(
        card(
            voice.say("lesson.due_title", count=len(facts.rows)),
            block(
                *(
                    voice.say("lesson.due_row", title=title(row.titles, voice), day=voice.day(row.due_on))
                    for row in facts.rows
                )
            ),
        ),
        keyboard=tuple(_open(row.id, row.titles, voice) for row in facts.rows),
    )


def _open(lesson_id: int, titles: Mapping[str, str], voice: Voice) -> tuple[Button, ...]:
    name = cut(plain(title(titles, voice)), BUTTON)
    return (Button(f"📖 {name}", press("lesson.open", lesson_id)),)


def capped(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """What a day's cap has cut off."""
    posted, cut_off, cap = (int(params[name] or 0) for name in ("posted", "cut", "cap"))
    return Message(
        voice.say(
            "lesson.capped", posted=voice.points(posted), cut=voice.points(cut_off), cap=voice.points(cap)
        )
    )


def my_study(facts: MyStudy, *, voice: Voice) -> Message:
    """To be done, or this year's record; for secretaries the way to what they have assigned."""
    page_ = facts.page
    head = "lesson.record" if facts.done else "lesson.to_do"
    year = voice.say(
        "lesson.year",
        year=str(facts.year),
        count=facts.count,
        span=voice.span(facts.minutes),
        points=voice.points(facts.points),
    )
    actor = voice.reader.actor
    staff = actor is not None and allowed(actor, Permission.ASSIGN_LESSON, None)
    other = (
        voice.button("button.lesson_to_do", "study.page", 1)
        if facts.done
        else voice.button("button.lesson_record", "study.done", 1)
    )
    return Message(
        card(
            voice.say(head, count=page_.total)
            if page_.rows
            else voice.say("lesson.no_record" if facts.done else "lesson.nothing_to_do"),
            block(*(_row(row, voice) for row in page_.rows)),
            year,
        ),
        keyboard=(
            *(_open(row.id, row.titles, voice) for row in page_.rows),
            *voice.pages(page_, "study.done" if facts.done else "study.page"),
            (other,),
            *(((voice.button("button.lessons_assigned", "lessons.page", 1),),) if staff else ()),
        ),
    )


def _row(row: MyLesson, voice: Voice) -> Html:
    named = title(row.titles, voice)
    if row.done_at is not None:
        return voice.say("lesson.row_done", title=named, when=voice.when(row.done_at))
    key = "lesson.row_late" if row.due_on < voice.today else "lesson.row_due"
    return voice.say(key, title=named, day=voice.day(row.due_on), span=voice.span(row.minutes))
