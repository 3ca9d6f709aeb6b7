"""Lists of notices and what belongs to one: those sent, those received, the report, whom to call, what was answered."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.notices.shown import (
    CallList,
    NoticeAnswer,
    NoticeCard,
    NoticeLine,
    Report,
    ToCall,
)
from domain.queries import Page
from views.digests import settings_button
from views.message import Button, Message
from views.notices import TITLE, heading, progress, share, text_for
from views.safe import Html, line, plain, words
from views.voice import Voice, block, card, press, rows


def _title(row: NoticeLine) -> Html:
    return line(plain(row.words), limit=TITLE) if row.words else Html("…")


def sent_list(page: Page[NoticeLine], *, voice: Voice) -> Message:
    """``/notice``: write one, or look at those before."""
    new = (voice.button("button.notice_new", "notice.new", 0),)
    if not page.rows:
        return Message(voice.say("notice.none_sent"), keyboard=(new,))
    lines = [
        voice.say(
            "notice.sent_row",
            number=row.id,
            state=voice.term("state.notice", row.state),
            title=_title(row),
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
        keyboard=(new, *rows(open_, width=4), *voice.pages(page, "notice.page")),
    )


def received_list(page: Page[NoticeLine], *, words_sought: str, voice: Voice) -> Message:
    """``/notices``: those that concerned the reader."""
    search = (voice.button("button.notice_search", "notices.search", 0),)
    if not page.rows:
        if words_sought:
            return Message(voice.say("notices.none_found", words=words_sought), keyboard=(search,))
        return Message(voice.say("notices.none"), keyboard=(settings_button(voice),))
    lines = [
        voice.say(
            "notices.row" if row.read else "notices.row_new",
            title=_title(row),
            place=voice.place(row.place),
            when=voice.when(row.at),
        )
        for row in page.rows
    ]
    open_ = (
        Button(f"{number}. {plain(_title(row))[:18]}", press("notices.see", row.id))
        for number, row in enumerate(page.rows, start=1)
    )
    turns = () if words_sought else voice.pages(page, "notices.page")
    return Message(
        card(voice.say("notices.title", count=page.total), *lines),
        keyboard=(*rows(open_, width=1), *turns, search, settings_button(voice)),
    )


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


def answered(params: Mapping[str, Scalar], facts: NoticeCard, voice: Voice) -> Message:
    """For who sent it: somebody has answered."""
    notice = facts.notice
    return Message(
        voice.say(
            "notice.answered",
            number=notice.id,
            title=line(plain(text_for(notice, voice)), limit=TITLE),
            count=facts.answers,
        ),
        keyboard=((voice.button("button.notice_answers", "notice.answers", notice.id),),),
    )


def answers(notice_id: int, page: Page[NoticeAnswer], *, voice: Voice) -> Message:
    """What was answered, newest first."""
    turns = []
    if page.page > 1:
        turns.append(voice.button("button.page_before", "notice.answers", notice_id, page.page - 1))
    if page.page < page.pages:
        turns.append(voice.button("button.page_after", "notice.answers", notice_id, page.page + 1))
    back = (voice.button("button.notice_back", "notice.see", notice_id),)
    if not page.rows:
        return Message(voice.say("notice.answers_none"), keyboard=(back,))
    said = [
        block(
            voice.say(
                "notice.answer_row",
                name=line(one.name, limit=40),
                place=voice.place(one.place),
                when=voice.when(one.at),
            ),
            Html(f"<blockquote>{words(one.text, limit=300)}</blockquote>")
            if one.text
            else voice.say("words.parts", count=max(1, one.parts)),
        )
        for one in page.rows
    ]
    return Message(
        card(voice.say("notice.answers_title", count=page.total), *said),
        keyboard=(*((tuple(turns),) if turns else ()), back),
    )
