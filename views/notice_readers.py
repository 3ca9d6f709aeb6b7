"""Notices as those look at them whom they concern: what is valid, what was, and which kinds they want no messages of."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.notices.shown import MuteCard, NoticeLine, ReceivedPage
from views.digests import settings_button
from views.message import Button, Keyboard, Message
from views.notice_lists import title
from views.notice_terms import last_day
from views.safe import Html, plain
from views.voice import Voice, card, press, rows


def received_list(found: ReceivedPage, *, words_sought: str, voice: Voice) -> Message:
    """``/notices``: those that are valid, those that were, or those with some words in them."""
    page = found.rows
    if not page.rows:
        if words_sought:
            said = voice.say("notices.none_found", words=words_sought)
        else:
            said = voice.say("notices.none_valid" if found.others else "notices.none")
        return Message(said, keyboard=_below(found, words_sought, voice))
    if words_sought:
        head = voice.say("notices.title_found", words=words_sought, count=page.total)
    else:
        head = voice.say("notices.title_old" if found.old else "notices.title", count=page.total)
    open_ = (
        Button(
            f"{number}. {plain(title(row, voice))[: 18 if voice.chinese else 32]}",
            press("notices.see", row.id),
        )
        for number, row in enumerate(page.rows, start=1)
    )
    turns = () if words_sought else voice.pages(page, "notices.old" if found.old else "notices.page")
    return Message(
        card(head, *(_row(row, voice) for row in page.rows)),
        keyboard=(*rows(open_, width=1), *turns, *_below(found, words_sought, voice)),
    )


def _row(row: NoticeLine, voice: Voice) -> Html:
    valid = row.until is not None and voice.now < row.until
    return voice.say(
        "notices.row" if row.read else "notices.row_new",
        title=title(row, voice),
        kind=voice.notice_kind(row.kind),
        place=voice.place(row.place),
        when=voice.when(row.at),
        until=voice.say("notices.until", day=last_day(row.until, voice)) if row.until and valid else "",
        corrected=voice.say("notices.corrected", when=voice.when(row.corrected_at))
        if row.corrected_at
        else "",
    )


def _below(found: ReceivedPage, words_sought: str, voice: Voice) -> Keyboard:
    """Where to look further, and what to be messaged about."""
    if found.old or words_sought:
        other: tuple[Button, ...] = (voice.button("button.notices_valid", "notices.page", 1),)
    elif found.others:
        other = (voice.button("button.notices_old", "notices.old", 1),)
    else:
        other = ()
    anything = bool(found.rows.rows or found.others or words_sought)
    search = (voice.button("button.notice_search", "notices.search", 0),) if anything else ()
    looking = (*other, *search)
    return (
        *((looking,) if looking else ()),
        (voice.button("button.notices_mutes", "notices.mutes", 0),),
        settings_button(voice),
    )


def mutes(params: Mapping[str, Scalar], facts: MuteCard, voice: Voice) -> Message:
    """Each kind of notice with whether routine ones ring; a press turns it to the other side."""
    choices = (
        Button(
            f"{'🔕' if kind.code in facts.muted else '🔔'} {plain(voice.notice_kind(kind.code))}",
            press("notices.mute", 0 if kind.code in facts.muted else 1, kind.code),
        )
        for kind in voice.rules.notices.kinds
    )
    return Message(
        voice.say("notices.mutes"),
        keyboard=(*rows(choices, width=2), (voice.button("button.notices_back", "notices.page", 1),)),
    )


def waiting(params: Mapping[str, Scalar], facts: int, voice: Voice) -> Message:
    """For who has just arrived: there are notices from before that are still valid."""
    return Message(
        voice.say("notices.waiting", count=facts),
        keyboard=((voice.button("button.notices_look", "notices.page", 1),),),
    )
