"""Series of lessons as they are read: those there are, the weeks of one, and what may fill them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.base import Scalar
from domain.lessons.series import DraftLine, SeriesFacts, SeriesLine, SeriesWeek
from domain.lessons.shapes import LessonState
from domain.lessons.templates import LessonTemplateLine
from domain.queries import Page
from views.forms import Prompt
from views.lesson_templates import row_of
from views.lessons import BUTTON, title
from views.message import Button, Keyboard, Message
from views.safe import Html, cut, line, plain
from views.voice import Voice, block, card, press, rows

WEEKS = (4, 8, 12, 26)
SHOWN = 12
"""Weeks on one screen."""


def weeks(asked: Prompt, voice: Voice) -> Keyboard:
    """Usual lengths."""
    return rows(
        (
            Button(plain(voice.say("series.weeks", count=one)), press("series.weeks", asked.version, one))
            for one in WEEKS
        ),
        width=2,
    )


def listed(page: Page[SeriesLine], *, voice: Voice) -> Message:
    """Those there are, and a new one."""
    new = (voice.button("button.series_new", "series.new", 0),)
    back = (voice.button("button.lessons_back", "lessons.page", 1),)
    if not page.rows:
        return Message(voice.say("series.none"), keyboard=(new, back))
    told = (
        voice.say(
            "series.row_stopped" if row.stopped else "series.row",
            title=line(row.title, limit=60),
            place=voice.place(row.place),
            filled=row.filled,
            weeks=row.weeks,
        )
        for row in page.rows
    )
    return Message(
        card(voice.say("series.title"), block(*told)),
        keyboard=(
            *(
                (Button(cut(plain(line(row.title)), BUTTON), press("series.see", row.id)),)
                for row in page.rows
            ),
            *voice.pages(page, "series.page"),
            new,
            back,
        ),
    )


def series(params: Mapping[str, Scalar], facts: SeriesFacts, voice: Voice) -> Message:
    """Its weeks, those that are still free, and what may be done. ``page`` of the weeks; the last one unless said."""
    found = facts.series
    stopped = found.stopped_at is not None
    # Taken up again later, the weeks to come are later than the first one says.
    first = next((one.due_on for one in facts.weeks if one.week == 1), found.first_due_on)
    pages = max(1, -(-len(facts.weeks) // SHOWN))
    page = min(max(1, int(params.get("page") or pages)), pages)
    shown = facts.weeks[(page - 1) * SHOWN : page * SHOWN]
    keyboard: list[tuple[Button, ...]] = [
        *rows((_week_button(one, voice) for one in shown), width=4),
        *_turns("series.see", found.id, Page((), page, pages), voice),
    ]
    if facts.free:
        keyboard.append(
            (
                voice.button("button.series_drafts", "series.drafts", found.id),
                voice.button("button.series_templates", "series.templates", found.id),
            )
        )
    keyboard.append(
        (
            voice.button("button.series_resume", "series.resume", found.id)
            if stopped
            else voice.button("button.series_stop", "series.stop", found.id),
        )
    )
    keyboard.append((voice.button("button.series_back", "series.page", 1),))
    return Message(
        card(
            block(
                voice.say("series.named", title=line(found.title, limit=60), count=found.weeks),
                voice.say("series.of", place=voice.place(facts.place), day=voice.day(first)),
            ),
            block(*(_week(one, voice) for one in shown)),
            voice.say("series.stopped")
            if stopped
            else voice.say(
                "series.free",
                weeks=Html(voice.say("list.comma").join(Html(str(week)) for week in facts.free)),
            )
            if facts.free
            else "",
            voice.say("series.how") if not stopped else "",
        ),
        keyboard=tuple(keyboard),
    )


def _week(one: SeriesWeek, voice: Voice) -> Html:
    key = "series.week_planned" if one.state is LessonState.DRAFT else "series.week"
    return voice.say(
        key,
        number=one.week,
        title=title(one.titles, voice, limit=30),
        state=voice.term("state.lesson", one.state),
        day=voice.day(one.due_on),
    )


def _week_button(one: SeriesWeek, voice: Voice) -> Button:
    return Button(
        plain(voice.say("series.week_button", number=one.week)), press("lesson.card", one.lesson_id)
    )


def drafts(series_id: int, page: Page[DraftLine], *, voice: Voice) -> Message:
    """Which draft is for the next free week?"""
    back = (voice.button("button.back", "series.see", series_id),)
    if not page.rows:
        return Message(voice.say("series.no_drafts"), keyboard=(back,))
    return Message(
        voice.say("series.which_draft"),
        keyboard=(
            *(
                (
                    Button(
                        cut(plain(title(row.titles, voice)), BUTTON), press("series.put", series_id, row.id)
                    ),
                )
                for row in page.rows
            ),
            *_turns("series.drafts", series_id, page, voice),
            back,
        ),
    )


def templates(series_id: int, page: Page[LessonTemplateLine], *, voice: Voice) -> Message:
    """Of which template shall the free weeks be made?"""
    back = (voice.button("button.back", "series.see", series_id),)
    if not page.rows:
        return Message(voice.say("lessontemplate.none"), keyboard=(back,))
    return Message(
        card(voice.say("series.which_template"), block(*(row_of(row, voice) for row in page.rows))),
        keyboard=(
            *(
                (Button(cut(plain(line(row.name)), BUTTON), press("series.fill", series_id, row.id)),)
                for row in page.rows
            ),
            *_turns("series.templates", series_id, page, voice),
            back,
        ),
    )


def _turns(verb: str, series_id: int, page: Page[Any], voice: Voice) -> Keyboard:
    turns = tuple(
        voice.button(key, verb, series_id, to)
        for key, to in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if 1 <= to <= page.pages
    )
    return (turns,) if turns else ()


def surely(facts: SeriesFacts, *, voice: Voice) -> Message:
    """Asked once more before nothing begins by itself any more."""
    number = facts.series.id
    return Message(
        voice.say("series.sure", title=line(facts.series.title, limit=60)),
        keyboard=(
            (
                voice.button("button.series_stop_yes", "series.stopyes", number),
                voice.button("button.back", "series.see", number),
            ),
        ),
    )
