"""The rules of threads: when one waits, who hears of what is said in it, and what cannot be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.base import Action, Actor, Content, Decision, Purpose, Refused, ToPerson, ToResponsible
from domain.notices.shapes import MarkRead, NoticeState, PublicNotice
from domain.rulebook import Rulebook
from domain.threads import (
    CARD,
    DECIDE,
    MAX_REPLY,
    MINE,
    MOST_UNANSWERED,
    AnswerCase,
    AnswerNotice,
    CloseThread,
    ReplyInThread,
    Thread,
    ThreadCase,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTICE = PublicNotice(1, 3, 7, 4, NoticeState.SENT, NOW - HOUR, {"zh": "停水"}, answerable=True)
WAITING = Thread(
    5, 2, 1, 30, 4, opened_at=NOW - HOUR, last_at=NOW - HOUR, waiting_since=NOW - HOUR, unanswered=1
)
ANSWERED = replace(WAITING, waiting_since=None, unanswered=0, handler_id=8)
WORDS = AnswerNotice(1, (Content("text", "几点来水？"), Content("photo", file_id="f")))
RESIDENT = Actor(person_id=30)
STAFF = Actor(person_id=7)


def decide(case: Any, action: Action, actor: Actor = STAFF) -> Decision:
    return DECIDE[type(action)](case, action, actor=actor, now=NOW, rules=Rulebook())


def refusal(case: Any, action: Action) -> str:
    with pytest.raises(Refused) as refused:
        decide(case, action)
    return refused.value.key


def thread_of(decision: Decision) -> Thread:
    (found,) = decision.saves
    assert isinstance(found, Thread)
    return found


def test_the_first_words_open_a_thread_that_waits_and_somebody_hears_of_it() -> None:
    decision = decide(AnswerCase(NOTICE, 30, new_id=5, tell=7), WORDS, RESIDENT)
    opened = thread_of(decision)
    assert (opened.id, opened.version, opened.person_id, opened.unit_id) == (5, 0, 30, 4)
    assert (opened.waiting_since, opened.unanswered, opened.last_at) == (NOW, 1, NOW)
    assert [(said.purpose, said.subject_id, said.content) for said in decision.remarks] == [
        (Purpose.ANSWER, 5, part) for part in WORDS.contents
    ]
    assert [(told.to, told.kind, told.card) for told in decision.notices] == [(ToPerson(7), CARD, True)]
    assert [dict(event.data) for event in decision.events] == [{"thread": 5, "parts": 2}]


def test_who_answers_has_read_it_once() -> None:
    case = AnswerCase(NOTICE, 30, new_id=5, tell=7)
    (read,) = decide(case, WORDS, RESIDENT).sweeps
    assert isinstance(read, MarkRead)
    assert (read.notice_id, read.person_id) == (NOTICE.id, 30)
    assert decide(replace(case, read=True), WORDS, RESIDENT).sweeps == ()


def test_where_nobody_who_wrote_serves_any_more_it_goes_to_who_is_responsible() -> None:
    (told,) = decide(AnswerCase(NOTICE, 30, new_id=5), WORDS, RESIDENT).notices
    assert isinstance(told.to, ToResponsible)
    assert told.to.unit_id == 4


def test_what_is_added_while_it_waits_rings_nobody_and_the_first_moment_stays() -> None:
    decision = decide(AnswerCase(NOTICE, 30, WAITING, tell=7), WORDS, RESIDENT)
    assert decision.notices == ()
    assert (thread_of(decision).waiting_since, thread_of(decision).unanswered) == (NOW - HOUR, 2)
    again = decide(AnswerCase(NOTICE, 30, ANSWERED, tell=8), WORDS, RESIDENT)
    assert [told.to for told in again.notices] == [ToPerson(8)]
    assert thread_of(again).waiting_since == NOW


@pytest.mark.parametrize(
    ("case", "action", "key"),
    [
        (AnswerCase(replace(NOTICE, answerable=False), 30), WORDS, "thread.not_asked"),
        (AnswerCase(replace(NOTICE, state=NoticeState.WITHDRAWN), 30), WORDS, "notice.withdrawn"),
        (AnswerCase(NOTICE, 30), AnswerNotice(1, (Content("text", " \u200b"),)), "form.words_needed"),
        (AnswerCase(NOTICE, 30), AnswerNotice(1, ()), "form.words_needed"),
        (AnswerCase(NOTICE, 30), AnswerNotice(1, (Content("text", "x" * 5000),)), "request.too_long"),
        (AnswerCase(NOTICE, 30, replace(WAITING, unanswered=MOST_UNANSWERED)), WORDS, "thread.enough"),
        (ThreadCase(WAITING, NOTICE, "1."), ReplyInThread(5, 2, " "), "form.words_needed"),
        (ThreadCase(WAITING, NOTICE, "1."), ReplyInThread(5, 2, "x" * (MAX_REPLY + 1)), "request.too_long"),
        (ThreadCase(WAITING, NOTICE, "1.", gone=True), ReplyInThread(5, 2, "x"), "thread.gone"),
        (ThreadCase(WAITING, NOTICE, "1."), CloseThread(5, 1), "thread.changed"),
    ],
)
def test_what_cannot_be_said(case: Any, action: Action, key: str) -> None:
    assert refusal(case, action) == key


def test_what_was_begun_goes_on_when_the_notice_is_withdrawn() -> None:
    withdrawn = replace(NOTICE, state=NoticeState.WITHDRAWN, answerable=False)
    nearly = replace(WAITING, unanswered=MOST_UNANSWERED - 1)
    assert thread_of(decide(AnswerCase(withdrawn, 30, nearly), WORDS, RESIDENT)).unanswered == MOST_UNANSWERED


def test_what_is_written_back_reaches_the_resident_and_nothing_waits_any_more() -> None:
    decision = decide(ThreadCase(WAITING, NOTICE, "1."), ReplyInThread(5, 2, "x" * MAX_REPLY))
    answered = thread_of(decision)
    assert (answered.waiting_since, answered.unanswered, answered.handler_id) == (None, 0, 7)
    assert [(told.to, told.kind) for told in decision.notices] == [(ToPerson(30), MINE)]
    (said,) = decision.remarks
    assert (said.purpose, said.author_id, said.subject_id) == (Purpose.REPLY, 7, 5)
    assert "x" not in repr(decision.events[0].data)


def test_what_came_in_while_it_was_written_still_waits() -> None:
    decision = decide(ThreadCase(WAITING, NOTICE, "1."), ReplyInThread(5, 1, "两点"))
    assert thread_of(decision).waiting_since == NOW - HOUR
    assert decision.notices


def test_it_is_done_with_once_and_the_resident_is_not_rung() -> None:
    decision = decide(ThreadCase(WAITING, NOTICE, "1."), CloseThread(5, 2))
    closed = thread_of(decision)
    assert (closed.waiting_since, closed.unanswered, closed.handler_id) == (None, 0, 7)
    assert decision.notices == ()
    assert decide(ThreadCase(ANSWERED, NOTICE, "1."), CloseThread(5, 1)) == Decision()
