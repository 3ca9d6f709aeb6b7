"""What recipients do with notices: mark them read, answer, find them again by ``/notices`` or a link."""

from __future__ import annotations

from domain.base import NOT_FOUND, Refused
from domain.notices.shapes import (
    COPY,
    REMINDED,
    ReadNotice,
)
from domain.notices.shown import (
    ListReceived,
    NoticeCopy,
    SeeMuted,
)
from domain.notices.terms import MuteKind
from domain.queries import SeeCard
from domain.threads import AnswerNotice, SeeAnswerable
from handlers import forms, steps
from handlers.contents import restored
from handlers.forms import CONTENTS, Answers, Form, Step
from handlers.turn import Answer, Do, Show, Turn, sent, turned
from storage.drafts import Draft
from storage.outbox import Reply
from views import notice_readers as lists
from views import notices as screens


def _mine(turn: Turn, kind: str) -> Reply:
    return Reply(
        kind, turn.who.telegram_id, subject_id=turn.pressed.id, edit_message_id=turn.pressed.message_id
    )


async def read(turn: Turn) -> Answer:
    """``notice.read:<id>``: on the notice itself."""
    return Do(ReadNotice(turn.pressed.id), replies=(_mine(turn, COPY),), toast="toast.notice_read")


async def read_reminded(turn: Turn) -> Answer:
    """``notice.seen:<id>``: the same on a reminder of it."""
    return Do(ReadNotice(turn.pressed.id), replies=(_mine(turn, REMINDED),), toast="toast.notice_read")


def _answer(turn: Turn, answers: Answers, draft: Draft) -> Do:
    action = AnswerNotice(int(answers["notice_id"]), restored(answers.get(CONTENTS) or ()))
    replies = [turn.words("notice.answer_sent", edit=draft.message_id)]
    if copy_id := answers.get("copy_id"):
        # Who answers has read it: the copy they pressed on says so and no longer asks.
        replies.append(
            Reply(COPY, turn.who.telegram_id, subject_id=action.notice_id, edit_message_id=int(copy_id))
        )
    return Do(action, replies=tuple(replies))


ANSWER = Form(
    "notice_answer",
    (Step("words", gathers=True, words_enough=True, goes_on=("form.done",)),),
    submit=_answer,
)


async def answer(turn: Turn) -> Answer:
    """``notice.answer:<id>``: say something back to who sent it, or more of it."""
    answers: Answers = {"notice_id": await turn.read(SeeAnswerable(turn.pressed.id))}
    if turn.beside("notice.read"):
        answers = {**answers, "copy_id": turn.pressed.message_id}
    return await forms.begin(turn, ANSWER, answers)


async def received(turn: Turn) -> Answer:
    """``/notices``: those that concern me and are valid."""
    found = await turn.read(ListReceived())
    return sent(lists.received_list(found, words_sought="", voice=await turn.voice()))


async def received_page(turn: Turn) -> Answer:
    """``notices.page:<page>``."""
    found = await turn.read(ListReceived(turn.pressed.id))
    return turned(turn, lists.received_list(found, words_sought="", voice=await turn.voice()))


async def received_old(turn: Turn) -> Answer:
    """``notices.old:<page>``: those that are no longer valid."""
    found = await turn.read(ListReceived(turn.pressed.id, old=True))
    return turned(turn, lists.received_list(found, words_sought="", voice=await turn.voice()))


async def mutes(turn: Turn) -> Answer:
    """``notices.mutes:0``: which kinds I want messages of."""
    return turned(turn, lists.mutes({}, await turn.read(SeeMuted()), await turn.voice()))


async def mute(turn: Turn) -> Answer:
    """``notices.mute:<1|0>:<kind>``: no messages of this kind any more, or again."""
    if turn.pressed.id not in (0, 1):
        raise Refused(NOT_FOUND)
    muted = turn.pressed.id == 1
    shown = Reply("notice.mutes", turn.who.telegram_id, subject_id=0, edit_message_id=turn.pressed.message_id)
    return Do(
        MuteKind(turn.pressed.arg, muted),
        replies=(shown,),
        toast="toast.notice_muted" if muted else "toast.notice_unmuted",
    )


async def see_received(turn: Turn) -> Answer:
    """``notices.see:<id>``: the notice once more, at the bottom of the chat."""
    return await show_copy(turn, turn.pressed.id)


async def show_copy(turn: Turn, notice_id: int) -> Answer:
    """One's own copy of a notice, from a list or a link."""
    seen = await turn.read(SeeCard(COPY, notice_id))
    if not isinstance(seen.facts, NoticeCopy):
        raise Refused(NOT_FOUND)
    return sent(screens.notice_copy({}, seen.facts, await turn.voice()))


async def _found(turn: Turn, answers: Answers, draft: Draft) -> Show:
    sought = str(answers["sought"])
    found = await turn.read(ListReceived(words=sought))
    return sent(lists.received_list(found, words_sought=sought, voice=await turn.voice()))


SEARCH = Form("notices", (Step("sought", take=steps.words("sought", most=40)),), shows=_found)


async def search(turn: Turn) -> Answer:
    """``notices.search:0``."""
    return await forms.begin(turn, SEARCH, {})


FORMS: tuple[Form, ...] = (ANSWER, SEARCH)
