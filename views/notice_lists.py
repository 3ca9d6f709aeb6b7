"""Lists of notices and what belongs to one: those sent, the report, whom to call, what was answered."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.notices.shown import (
    CallList,
    NoticeLine,
    Report,
    ToCall,
)
from domain.queries import Page
from domain.templates import Beginnings
from views.desk import counted
from views.message import Button, Keyboard, Message
from views.notices import heading, progress, share, title_of
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press, rows


def title(row: NoticeLine, voice: Voice) -> Html:
    """The first words of a notice in a list."""
    return title_of(row.words, voice) or Html("…")


def sent_list(page: Page[NoticeLine], begins: Beginnings, *, voice: Voice) -> Message:
    """``/notice``: write one, with or without something to begin with, or look at those before."""
    new = _beginning(begins, voice)
    if not page.rows:
        return Message(voice.say("notice.none_sent"), keyboard=new)
    lines = [
        voice.say(
            "notice.sent_row",
            number=row.id,
            state=voice.term("state.notice", row.state),
            title=title(row, voice),
            when=voice.when(row.at),
            fares=voice.say("notice.sent_row_fares", read=row.fares.read, sent=row.fares.sent)
            if row.fares.total
            else "",
        )
        for row in page.rows
    ]
    open_ = (Button(f"#{row.id}", press("notice.open", row.id)) for row in page.rows)
    return Message(
        card(voice.say("notice.sent_title", count=page.total), *lines),
        keyboard=(*new, *rows(open_, width=4), *voice.pages(page, "notice.page")),
    )


def _beginning(begins: Beginnings, voice: Voice) -> Keyboard:
    others = tuple(
        voice.button(key, verb, 1, number=counted(number))
        for key, verb, number in (
            ("button.notice_templates", "template.page", begins.templates),
            ("button.notice_drafts", "notice.drafts", begins.drafts),
        )
        if number
    )
    new = (voice.button("button.notice_new", "notice.new", 0),)
    return (new, *((button,) for button in others))


def report(found: Report, *, voice: Voice) -> Message:
    """The whole, and building by building."""
    number = found.card.notice.id
    lines = [
        voice.say(
            "notice.report_row",
            place=voice.place(one.place) if one.place.zh else voice.say("notice.no_home"),
            sent=one.fares.sent,
            total=one.fares.total,
            read=one.fares.read,
            share=share(one.fares),
        )
        for one in found.by_unit[:20]
    ]
    more = len(found.by_unit) - 20
    return Message(
        card(
            heading(found.card, voice),
            progress(found.card, voice),
            block(*lines, voice.say("notice.report_more", count=more) if more > 0 else ""),
        ),
        keyboard=(
            (
                voice.button("button.notice_sheet", "notice.sheet", number),
                voice.button("button.notice_chart", "notice.chart", number),
            ),
            (voice.button("button.notice_back", "notice.see", number),),
        ),
    )


def calls_again(params: Mapping[str, Scalar], facts: CallList, voice: Voice) -> Message:
    """The list of whom to call, as it is now."""
    return calls(facts, voice=voice)


def calls(found: CallList, *, voice: Voice) -> Message:
    """Whom the bot could not reach, for who leads the place."""
    number = found.notice_id
    back = (voice.button("button.notice_back", "notice.see", number),)
    if not found.rows.rows:
        return Message(voice.say("notice.calls_none"), keyboard=(back,))
    open_ = (
        Button(
            plain(voice.say("button.notice_called", name=line(one.name, limit=20))),
            press("notice.called", number, one.person_id),
        )
        for one in found.rows.rows
        if one.called_at is None
    )
    turns = []
    page = found.rows
    if page.page > 1:
        turns.append(voice.button("button.page_before", "notice.calls", number, page.page - 1))
    if page.page < page.pages:
        turns.append(voice.button("button.page_after", "notice.calls", number, page.page + 1))
    return Message(
        card(
            voice.say("notice.calls_title", count=page.total),
            *(_to_call(one, voice) for one in page.rows),
            voice.say("notice.calls_how"),
        ),
        keyboard=(*rows(open_, width=2), *((tuple(turns),) if turns else ()), back),
    )


def _to_call(one: ToCall, voice: Voice) -> Html:
    where = block(
        voice.say(
            "notice.call_row",
            name=line(one.name, limit=40),
            place=voice.place(one.place),
            flat=line(one.flat, limit=20),
            phone=line(one.phone, limit=30) if one.phone else voice.say("notice.no_phone"),
        )
    )
    if one.called_at is not None:
        return Html(f"{where} {voice.say('notice.called_at', when=voice.when(one.called_at))}")
    return where
