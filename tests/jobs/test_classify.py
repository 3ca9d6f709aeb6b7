"""Every error a send can end in, and what it means."""

from __future__ import annotations

import datetime as dt

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from jobs.classify import (
    AsGoodAsDone,
    Drop,
    Fatal,
    Migrate,
    PostAnew,
    RetryAt,
    Unknown,
    Unreachable,
    Verdict,
    classify,
)
from jobs.errors import SurelyUnsent


@pytest.fixture(autouse=True)
def _retry_after_is_a_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the mere making of a RetryAfter warns."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), Unreachable("blocked")),
        (Forbidden("Forbidden: user is deactivated"), Unreachable("deactivated")),
        (Forbidden("Forbidden: bot was kicked from the supergroup chat"), Unreachable("kicked")),
        (Forbidden("Forbidden: bot is not a member of the channel chat"), Unreachable("kicked")),
        (Forbidden("Forbidden: bot can't initiate conversation with a user"), Unreachable("not_started")),
        (Forbidden("Forbidden: bot can't send messages to bots"), Unreachable("is_a_bot")),
        (Forbidden("Forbidden: something new"), Unreachable("forbidden")),
        (BadRequest("Bad Request: chat not found"), Unreachable("not_found")),
        (BadRequest("Bad Request: PEER_ID_INVALID"), Unreachable("not_found")),
        (BadRequest("Bad Request: CHAT_WRITE_FORBIDDEN"), Unreachable("no_rights")),
        (
            BadRequest("Bad Request: not enough rights to send text messages to the chat"),
            Unreachable("no_rights"),
        ),
        (
            BadRequest(
                "Bad Request: message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            ),
            AsGoodAsDone(),
        ),
        (BadRequest("Bad Request: message to delete not found"), AsGoodAsDone()),
        (
            BadRequest(
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            ),
            AsGoodAsDone(),
        ),
        (BadRequest("Bad Request: message to edit not found"), PostAnew()),
        (BadRequest("Bad Request: message can't be edited"), PostAnew()),
        (BadRequest("Bad Request: there is no text in the message to edit"), PostAnew()),
        (BadRequest('Bad Request: can\'t parse entities: Unsupported start tag "x"'), Drop("markup")),
        (BadRequest("Bad Request: message is too long"), Drop("too_long")),
        (BadRequest("Bad Request: wrong remote file identifier specified"), Drop("file_gone")),
        (BadRequest("Bad Request: BUTTON_DATA_INVALID"), Drop("refused")),
        (NetworkError("Request Entity Too Large"), Drop("too_large")),
        (EndPointNotFound("Endpoint 'sendHug' not found in Bot API"), Drop("refused")),
        (ChatMigrated(-1001234567890), Migrate(-1001234567890)),
        (InvalidToken("Unauthorized"), Fatal("invalid_token")),
        (
            Conflict("Conflict: terminated by other getUpdates request; make sure that only one bot runs"),
            Fatal("conflict"),
        ),
        (NetworkError("Too Many Requests: retry after 7"), RetryAt(7.0, freeze=True)),
        (NetworkError("Too Many Requests (429)"), RetryAt(1.0, freeze=True)),
        (TimedOut(), Unknown()),
        (NetworkError("Bad Gateway"), Unknown()),
        (NetworkError("Internal Server Error"), Unknown()),
        (NetworkError("ServerDisconnectedError"), Unknown()),
        (TelegramError("Invalid server response"), Unknown()),
        (KeyError("title"), Drop("bug")),
    ],
    ids=lambda value: str(value)[:60],
)
def test_each_error_has_its_verdict(error: Exception, verdict: Verdict) -> None:
    assert classify(error) == verdict


@pytest.mark.parametrize("retry_after", [17, dt.timedelta(seconds=17)])
def test_a_429_freezes_the_chat_for_as_long_as_telegram_says(retry_after: int | dt.timedelta) -> None:
    assert classify(RetryAfter(retry_after)) == RetryAt(17.0, freeze=True)


@pytest.mark.filterwarnings("ignore:.*retry_after.*")
def test_whole_seconds_are_understood_as_well_as_timedeltas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "false")

    assert classify(RetryAfter(17)) == RetryAt(17.0, freeze=True)


def test_what_was_surely_not_sent_is_tried_again_ever_more_slowly_up_to_a_minute() -> None:
    verdicts = [classify(SurelyUnsent("refused"), attempt=attempt) for attempt in (1, 2, 3, 6, 7, 5000)]

    assert verdicts == [RetryAt(seconds) for seconds in (1.0, 2.0, 4.0, 32.0, 60.0, 60.0)]


def test_words_of_a_refusal_on_a_gateways_error_page_prove_nothing() -> None:
    page = NetworkError("Bad Gateway (502). Parsing the server response b'chat not found, too long' failed")

    assert classify(page) == Unknown()


def test_no_verdict_repeats_what_the_error_said_of_the_token() -> None:
    verdict = classify(InvalidToken("The token `123456:SECRET` was rejected by the server."))

    assert "SECRET" not in repr(verdict)
