"""Telegram's limits: pure, by a clock that stands still until moved, and once over HTTP."""

from __future__ import annotations

import pytest

from sandbox import Person, Sandbox
from sandbox.limits import Limiter, Limits, Mode

from .conftest import Call, Clock


def passes(limiter: Limiter, *, chats: range, method: str = "sendMessage") -> int:
    return sum(limiter.retry_after(method, chat_id=chat) == 0 for chat in chats)


@pytest.mark.parametrize("mode", ["bucket", "window"])
def test_thirty_messages_a_second_pass_overall(clock: Clock, mode: Mode) -> None:
    limiter = Limiter(Limits(mode=mode), clock=clock)

    assert passes(limiter, chats=range(1, 100)) == 30
    clock.moves(1.01)
    assert passes(limiter, chats=range(101, 200)) == 30


def test_only_a_bucket_refills_within_the_second(clock: Clock) -> None:
    bucket, window = (Limiter(Limits(mode=mode), clock=clock) for mode in ("bucket", "window"))
    for limiter in (bucket, window):
        assert passes(limiter, chats=range(1, 31)) == 30
    clock.moves(0.5)

    assert passes(bucket, chats=range(31, 61)) == 15
    assert passes(window, chats=range(31, 61)) == 0


def test_a_chat_takes_a_burst_then_one_a_second(clock: Clock) -> None:
    limiter = Limiter(Limits(), clock=clock)
    assert [limiter.retry_after("sendMessage", chat_id=5) for _ in range(4)] == [0, 0, 0, 1]
    clock.moves(1.0)
    assert [limiter.retry_after("sendMessage", chat_id=5) for _ in range(2)] == [0, 1]


@pytest.mark.parametrize("mode", ["bucket", "window"])
def test_a_group_takes_twenty_a_minute_and_edits_count(clock: Clock, mode: Mode) -> None:
    limiter = Limiter(Limits(mode=mode, chat_burst=100), clock=clock)
    sent = [limiter.retry_after("sendMessage", chat_id=-5) for _ in range(10)]
    edited = [limiter.retry_after("editMessageText", chat_id=-5) for _ in range(11)]

    assert sent + edited[:10] == [0] * 20
    assert edited[10] == (60 if mode == "window" else 3)


def test_writing_on_makes_the_wait_begin_again(clock: Clock) -> None:
    limiter = Limiter(Limits(chat_burst=1), clock=clock)
    assert [limiter.retry_after("sendMessage", chat_id=5) for _ in range(2)] == [0, 1]
    clock.moves(0.9)
    assert limiter.retry_after("sendMessage", chat_id=5) == 1
    clock.moves(0.5)
    assert limiter.retry_after("sendMessage", chat_id=5) == 1
    clock.moves(1.0)
    assert limiter.retry_after("sendMessage", chat_id=5) == 0


@pytest.mark.parametrize("method", ["answerCallbackQuery", "getChat", "setMyCommands", "sendChatAction"])
def test_questions_answers_and_settings_do_not_count(clock: Clock, method: str) -> None:
    limiter = Limiter(Limits(chat_burst=1), clock=clock)

    assert [limiter.retry_after(method, chat_id=5) for _ in range(50)] == [0] * 50


async def test_a_refusal_carries_retry_after_and_the_switch_works(
    sandbox: Sandbox, call: Call, li: Person
) -> None:
    sandbox.limit(on=True)
    answers = [await call("sendMessage", chat_id=li.user_id, text=str(n)) for n in range(4)]

    assert [answer["ok"] for answer in answers] == [True, True, True, False]
    assert answers[3]["error_code"] == 429
    assert answers[3]["parameters"] == {"retry_after": 1}
    assert [message.text for message in li.messages][1:] == ["0", "1", "2"]
    sandbox.limit(on=False)
    assert (await call("sendMessage", chat_id=li.user_id, text="x"))["ok"]
