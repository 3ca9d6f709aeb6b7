"""Answers to notices as the organisation works through them: a thread opened, written back to, and done with."""

from __future__ import annotations

from domain.base import NOT_FOUND, Refused
from domain.queries import SeeCard
from domain.threads import (
    CARD,
    MAX_REPLY,
    CloseThread,
    ListWaitingThreads,
    ReplyInThread,
    SeeThreads,
    ThreadFacts,
)
from handlers import forms, steps
from handlers.forms import Answers, Form, Step
from handlers.turn import Answer, Do, Show, Turn, sent, turned
from storage.drafts import Draft
from views import threads as screens


async def _facts(turn: Turn) -> ThreadFacts:
    """The pressed thread, for who may answer it. Raises Refused for everyone else."""
    seen = await turn.read(SeeCard(CARD, turn.pressed.id))
    if not isinstance(seen.facts, ThreadFacts):
        raise Refused(NOT_FOUND)
    return seen.facts


async def of_notice(turn: Turn) -> Answer:
    """``notice.answers:<id>[:<page>]``: what was answered to one notice."""
    wanted = turn.pressed.count if turn.pressed.arg else 1
    found = await turn.read(SeeThreads(turn.pressed.id, wanted))
    return turned(turn, screens.answers(turn.pressed.id, found, voice=await turn.voice()))


async def waiting(turn: Turn) -> Answer:
    """``desk.answers:<page>``: what waits for an answer."""
    found = await turn.read(ListWaitingThreads(turn.pressed.id))
    return turned(turn, screens.waiting(found, voice=await turn.voice()))


async def see(turn: Turn) -> Answer:
    """``thread.see:<id>``, from a list."""
    return Show(replies=(turn.new_card(CARD, (await _facts(turn)).thread.id),))


async def page(turn: Turn) -> Answer:
    """``thread.page:<id>:<page>``: 1 is the newest words."""
    facts = await _facts(turn)
    return turned(turn, screens.page(facts, turn.pressed.count, voice=await turn.voice()))


async def files(turn: Turn) -> Answer:
    """``thread.files:<id>``: the pictures and voices in it."""
    return sent(*screens.contents(await _facts(turn), voice=await turn.voice()))


async def close(turn: Turn) -> Answer:
    """``thread.close:<id>:<version>``. With words that nobody has read yet, the card shows them instead."""
    card = turn.card(CARD, turn.pressed.id)
    return Do(
        CloseThread(turn.pressed.id, turn.pressed.count),
        replies=(card,),
        if_refused=card,
        toast="toast.thread_closed",
    )


def _reply(turn: Turn, answers: Answers, draft: Draft) -> Do:
    action = ReplyInThread(int(answers["thread_id"]), int(answers["version"]), str(answers["text"]))
    return Do(action, replies=(turn.words("thread.sent", edit=draft.message_id),))


REPLY = Form("thread", (Step("text", take=steps.words("text", most=MAX_REPLY)),), submit=_reply)


async def reply(turn: Turn) -> Answer:
    """``thread.reply:<id>:<version>``: the resident reads it word for word."""
    facts = await _facts(turn)
    if facts.gone:
        raise Refused("thread.gone")
    return await forms.begin(turn, REPLY, {"thread_id": facts.thread.id, "version": turn.pressed.count})


FORMS = (REPLY,)
