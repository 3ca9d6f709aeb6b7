"""What a notice may begin with, as it is read: templates, one of them, and notices that were not sent."""

from __future__ import annotations

from domain.notices.shown import NoticeLine
from domain.queries import Page
from domain.templates import TemplateLine
from views.message import Button, Message
from views.notices import title_of
from views.safe import Html, line, plain, words
from views.voice import Voice, block, card, press, rows

SHOWN = 600


def templates(page: Page[TemplateLine], *, voice: Voice) -> Message:
    """Those there are."""
    back = (voice.button("button.notices_back", "notice.page", 1),)
    if not page.rows:
        return Message(voice.say("template.none"), keyboard=(back,))
    open_ = (
        Button(f"{number}. {plain(line(row.name, limit=18))}", press("template.see", row.id))
        for number, row in enumerate(page.rows, start=1)
    )
    lines = (
        voice.say(
            "template.row",
            number=number,
            name=row.name,
            place=voice.place(row.place),
            words=title_of(row.words, voice) or "…",
        )
        for number, row in enumerate(page.rows, start=1)
    )
    return Message(
        card(voice.say("template.title"), *lines),
        keyboard=(*rows(open_, width=2), *voice.pages(page, "template.page"), back),
    )


def template(found: TemplateLine, *, voice: Voice) -> Message:
    """One of them, and what may be done with it."""
    said = words(plain(found.words), limit=SHOWN)
    return Message(
        card(
            block(
                voice.say("template.named", name=found.name),
                voice.say("template.of", place=voice.place(found.place)),
            ),
            Html(f"<blockquote>{said}</blockquote>") if said else "",
            voice.say("words.parts", count=found.files) if found.files else "",
        ),
        keyboard=(
            (voice.button("button.template_use", "template.use", found.id),),
            (
                voice.button("button.template_rename", "template.rename", found.id),
                voice.button("button.template_drop", "template.drop", found.id),
            ),
            (voice.button("button.templates_back", "template.page", 1),),
        ),
    )


def surely(found: TemplateLine, *, voice: Voice) -> Message:
    """Asked once more before it is gone."""
    return Message(
        voice.say("template.sure", name=found.name),
        keyboard=(
            (
                voice.button("button.template_drop_yes", "template.dropyes", found.id),
                voice.button("button.back", "template.see", found.id),
            ),
        ),
    )


def drafts(page: Page[NoticeLine], *, voice: Voice) -> Message:
    """What was composed and not sent."""
    back = (voice.button("button.notices_back", "notice.page", 1),)
    if not page.rows:
        return Message(voice.say("template.no_drafts"), keyboard=(back,))
    lines = (
        voice.say(
            "template.draft_row",
            number=row.id,
            title=title_of(row.words, voice) or "…",
            state=voice.term("state.notice", row.state),
            place=voice.place(row.place),
            when=voice.when(row.at),
        )
        for row in page.rows
    )
    open_ = (Button(f"#{row.id}", press("notice.open", row.id)) for row in page.rows)
    return Message(
        card(voice.say("template.drafts"), *lines),
        keyboard=(*rows(open_, width=4), *voice.pages(page, "notice.drafts"), back),
    )
