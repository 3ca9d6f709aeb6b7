"""Threads below notices as they are read: the organisation's card, the resident's, and the lists that lead to them.

A message holds so much and no more, so a thread is cut into pages from its newest words on; every word is on one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from domain.base import Scalar
from domain.queries import Page
from domain.threads import ThreadFacts, ThreadLine, ThreadWords
from views.message import Button, Keyboard, Message
from views.notices import text_for, title_of
from views.requests import files
from views.safe import Html, line, plain, visible_length, words
from views.voice import Voice, block, card, press, rows

ROOM = 2600
"""Characters of what was said that one message shows."""
PIECE = 2000
LINE = 120


def _title(facts: ThreadFacts, voice: Voice) -> Html:
    return title_of(text_for(facts.notice, voice), voice) or Html("…")


# --- what was said --------------------------------------------------------------------------------------------------------


def _pieces(facts: ThreadFacts, *, mine: bool, voice: Voice) -> list[Html]:
    """Everything said, oldest first, in pieces that fit on a page."""
    found = []
    for one in facts.said:
        parts = [one.text[at : at + PIECE] for at in range(0, len(one.text), PIECE)] or [""]
        found += [_piece(one, part, mine=mine, voice=voice) for part in parts]
    return found


def _piece(one: ThreadWords, text: str, *, mine: bool, voice: Voice) -> Html:
    key = ("thread.you" if mine else "thread.resident") if one.theirs else "thread.staff"
    name = line(one.name, limit=40) or voice.say("someone")
    said = words(text, limit=PIECE)
    return block(
        voice.say(key, name=name, when=voice.when(one.at)),
        f"<blockquote>{said}</blockquote>" if said else "",
        voice.say("words.parts", count=len(one.files)) if one.files else "",
    )


def _pages(pieces: Sequence[Html]) -> list[list[Html]]:
    """Pages of pieces, the newest page first, each oldest first."""
    pages: list[list[Html]] = [[]]
    room = ROOM
    for piece in reversed(pieces):
        length = visible_length(piece)
        if pages[-1] and length > room:
            pages.append([])
            room = ROOM
        pages[-1].insert(0, piece)
        room -= length
    return pages


# --- cards ----------------------------------------------------------------------------------------------------------------


def thread_card(params: Mapping[str, Scalar], facts: ThreadFacts, voice: Voice) -> Message:
    """For the organisation: who asks, about which notice, everything said, and what may be done."""
    return page(facts, 1, note=voice.on_top(params), voice=voice)


def page(facts: ThreadFacts, number: int, *, voice: Voice, note: str = "") -> Message:
    """One page of it, 1 being the newest words."""
    thread = facts.thread
    pages = _pages(_pieces(facts, mine=False, voice=voice))
    at = max(1, min(number, len(pages)))
    shown = pages[at - 1]
    return Message(
        card(
            note,
            block(
                voice.say("thread.title", title=_title(facts, voice), number=thread.notice_id),
                _who(facts, voice),
                _state(facts, voice),
            ),
            *(shown or [voice.say("thread.emptied")]),
        ),
        keyboard=(*_turns(facts, at, len(pages), voice), *_buttons(facts, voice)),
    )


def _who(facts: ThreadFacts, voice: Voice) -> Html:
    if facts.gone:
        return voice.say("thread.gone")
    address = Html(f"{voice.place(facts.home)} {line(facts.flat, limit=20)}".strip())
    who = voice.say("thread.who", name=line(facts.name, limit=40), place=address)
    if facts.reachable:
        return who
    phone = line(facts.phone, limit=30) or voice.say("notice.no_phone")
    return block(who, voice.say("thread.unreachable", phone=phone))


def _state(facts: ThreadFacts, voice: Voice) -> Html:
    since = facts.thread.waiting_since
    if since is not None:
        return voice.say("thread.waiting", when=voice.when(since))
    return voice.say("thread.done", name=facts.handler) if facts.handler else Html("")


def _turns(facts: ThreadFacts, at: int, pages: int, voice: Voice) -> Keyboard:
    number, turns = facts.thread.id, []
    if at < pages:
        turns.append(voice.button("button.thread_earlier", "thread.page", number, at + 1))
    if at > 1:
        turns.append(voice.button("button.thread_later", "thread.page", number, at - 1))
    return (tuple(turns),) if turns else ()


def _buttons(facts: ThreadFacts, voice: Voice) -> Keyboard:
    thread = facts.thread
    first = []
    if not facts.gone:
        first.append(voice.button("button.thread_reply", "thread.reply", thread.id, thread.version))
    if thread.waiting_since is not None:
        first.append(voice.button("button.thread_close", "thread.close", thread.id, thread.version))
    second = []
    if any(one.files for one in facts.said):
        second.append(voice.button("button.contents", "thread.files", thread.id))
    second.append(voice.button("button.thread_notice", "notice.open", thread.notice_id))
    return (*((tuple(first),) if first else ()), tuple(second))


def mine(params: Mapping[str, Scalar], facts: ThreadFacts, voice: Voice) -> Message:
    """For the resident: what was written back, below what they had said."""
    newest = _pages(_pieces(facts, mine=True, voice=voice))[0]
    return Message(
        card(
            voice.on_top(params),
            voice.say("thread.mine", title=_title(facts, voice), place=voice.place(facts.place)),
            *(newest or [voice.say("thread.emptied")]),
        ),
        keyboard=((voice.button("button.thread_again", "notice.answer", facts.thread.notice_id),),),
    )


def contents(facts: ThreadFacts, *, voice: Voice) -> tuple[Message, ...]:
    """Pictures, voices and files of a thread."""
    return files(tuple(part for one in facts.said for part in one.files), voice=voice)


# --- lists ----------------------------------------------------------------------------------------------------------------


def _line(row: ThreadLine, number: int, voice: Voice) -> Html:
    said = line(row.words, limit=LINE)
    key = "thread.row_waiting" if row.waiting else "thread.row_done"
    return block(
        voice.say(
            key,
            number=number,
            name=line(row.name, limit=40) or voice.say("someone"),
            place=voice.place(row.home) if row.home.zh else voice.say("notice.no_home"),
            when=voice.when(row.at),
            handler=line(row.handler, limit=40) or voice.say("someone"),
        ),
        f"<blockquote>{said}</blockquote>" if said else "",
        voice.say("words.parts", count=row.files) if row.files else "",
    )


def _open(page: Iterable[ThreadLine]) -> Keyboard:
    buttons = (
        Button(f"{number}. {plain(line(row.name, limit=14))}", press("thread.see", row.id))
        for number, row in enumerate(page, start=1)
    )
    return rows(buttons, width=2)


def answers(notice_id: int, page: Page[ThreadLine], *, voice: Voice) -> Message:
    """What was answered to one notice, the newest words first."""
    back = (voice.button("button.notice_back", "notice.see", notice_id),)
    if not page.rows:
        return Message(voice.say("notice.answers_none"), keyboard=(back,))
    turns = tuple(
        voice.button(key, "notice.answers", notice_id, number)
        for key, number in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if 1 <= number <= page.pages
    )
    return Message(
        card(
            voice.say("notice.answers_title", count=page.total),
            *(_line(row, number, voice) for number, row in enumerate(page.rows, start=1)),
        ),
        keyboard=(*_open(page.rows), *((turns,) if turns else ()), back),
    )


def waiting(page: Page[ThreadLine], *, voice: Voice) -> Message:
    """What waits for an answer, to whichever notice."""
    back = (voice.button("button.desk_back", "desk.page", 1),)
    if not page.rows:
        return Message(voice.say("thread.none_waiting"), keyboard=(back,))
    return Message(
        card(
            voice.say("thread.waiting_title"),
            *(_line(row, number, voice) for number, row in enumerate(page.rows, start=1)),
        ),
        keyboard=(*_open(page.rows), *voice.pages(page, "desk.answers"), back),
    )
