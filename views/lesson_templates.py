"""Templates of lessons as they are read: those there are, and one of them."""

from __future__ import annotations

from domain.lessons.templates import LessonTemplateLine
from domain.queries import Page
from views import rosterforms
from views.lessons import title
from views.message import Button, Message
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press, rows

ask_name = rosterforms.asks("ask.lessontemplate_name")


def templates(page: Page[LessonTemplateLine], *, voice: Voice) -> Message:
    """Those there are."""
    back = (voice.button("button.lessons_back", "lessons.page", 1),)
    if not page.rows:
        return Message(voice.say("lessontemplate.none"), keyboard=(back,))
    open_ = (
        Button(plain(line(row.name, limit=18)), press("lessontemplate.see", row.id)) for row in page.rows
    )
    return Message(
        card(voice.say("lessontemplate.title"), block(*(row_of(row, voice) for row in page.rows))),
        keyboard=(*rows(open_, width=2), *voice.pages(page, "lessontemplate.page"), back),
    )


def row_of(row: LessonTemplateLine, voice: Voice) -> Html:
    """A template in a list."""
    return voice.say(
        "lessontemplate.row",
        name=line(row.name, limit=30),
        place=voice.place(row.place),
        title=title(row.titles, voice),
        span=voice.span(row.minutes),
    )


def template(found: LessonTemplateLine, *, voice: Voice) -> Message:
    """One of them, and what may be done with it."""
    return Message(
        card(
            block(
                voice.say("template.named", name=line(found.name, limit=30)),
                voice.say("lessontemplate.of", place=voice.place(found.place)),
            ),
            block(
                voice.say("lesson.head", title=title(found.titles, voice)),
                voice.say("lessontemplate.holds", span=voice.span(found.minutes), count=found.questions),
                voice.say("words.parts", count=found.files) if found.files else "",
            ),
        ),
        keyboard=(
            (voice.button("button.lessontemplate_use", "lessontemplate.use", found.id),),
            (
                voice.button("button.template_rename", "lessontemplate.rename", found.id),
                voice.button("button.template_drop", "lessontemplate.drop", found.id),
            ),
            (voice.button("button.templates_back", "lessontemplate.page", 1),),
        ),
    )


def surely(found: LessonTemplateLine, *, voice: Voice) -> Message:
    """Asked once more before it is gone."""
    return Message(
        voice.say("lessontemplate.sure", name=line(found.name, limit=30)),
        keyboard=(
            (
                voice.button("button.template_drop_yes", "lessontemplate.dropyes", found.id),
                voice.button("button.back", "lessontemplate.see", found.id),
            ),
        ),
    )
