"""What an error of a send means: the one place that knows.

Knows python-telegram-bot's error classes and, where Telegram gives only words, the words. It leaves to
delivery what to do about a verdict, and to each kind of message what `Unknown` means for it (resend, or ask).

Sources: https://core.telegram.org/bots/api#making-requests and #responseparameters for the codes; the wording
of refusals is not part of any contract, so the table below matches small fragments, and a refusal that it does
not know is dropped: the same content would be refused again.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from jobs.errors import SurelyUnsent


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Not delivered; try again after so many seconds. `freeze`: Telegram asked for silence in this chat."""

    seconds: float
    freeze: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """Not delivered, and never will be in this form. `reason` is a key, safe to store and count."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nothing reaches this chat until it speaks again. `reason` is a key, safe to store and count."""

    reason: str


@dataclass(frozen=True, slots=True)
class Migrate:
    """Not delivered: the group has become a supergroup with this id."""

    to_chat_id: int


@dataclass(frozen=True, slots=True)
class AsGoodAsDone:
    """What was wanted is the case already."""


@dataclass(frozen=True, slots=True)
class PostAnew:
    """The message to be edited is gone or cannot be edited: send it as a new one."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been delivered, or not: Telegram has no key by which to ask."""


@dataclass(frozen=True, slots=True)
class Fatal:
    """Nothing can be sent or received until the operator acts. `reason` is a key, without the token."""

    reason: str


Verdict = RetryAt | Drop | Unreachable | Migrate | AsGoodAsDone | PostAnew | Unknown | Fatal

LONGEST_BACK_OFF = 60.0

# The first fragment found in the lower-cased text decides.
_BY_WORDS: tuple[tuple[str, Verdict], ...] = (
    ("message is not modified", AsGoodAsDone()),
    ("message to delete not found", AsGoodAsDone()),
    ("query is too old", AsGoodAsDone()),
    ("query id is invalid", AsGoodAsDone()),
    ("message to edit not found", PostAnew()),
    ("message can't be edited", PostAnew()),
    ("message_id_invalid", PostAnew()),
    ("there is no text in the message to edit", PostAnew()),
    ("there is no caption in the message to edit", PostAnew()),
    ("bot was blocked", Unreachable("blocked")),
    ("user_is_blocked", Unreachable("blocked")),
    ("user is deactivated", Unreachable("deactivated")),
    ("input_user_deactivated", Unreachable("deactivated")),
    ("was deactivated", Unreachable("deactivated")),
    ("bot was kicked", Unreachable("kicked")),
    ("is not a member", Unreachable("kicked")),
    ("can't initiate conversation", Unreachable("not_started")),
    ("can't send messages to bots", Unreachable("is_a_bot")),
    ("group chat was deleted", Unreachable("not_found")),
    ("chat not found", Unreachable("not_found")),
    ("user not found", Unreachable("not_found")),
    ("peer_id_invalid", Unreachable("not_found")),
    ("chat_write_forbidden", Unreachable("no_rights")),
    ("chat_restricted", Unreachable("no_rights")),
    ("no rights to send", Unreachable("no_rights")),
    ("not enough rights to send", Unreachable("no_rights")),
    ("need administrator rights", Unreachable("no_rights")),
    ("topic_closed", Unreachable("no_rights")),
    ("can't parse entities", Drop("markup")),
    ("is too long", Drop("too_long")),
    ("wrong file identifier", Drop("file_gone")),
    ("wrong remote file identifier", Drop("file_gone")),
)
_LIMITED = re.compile(r"too many requests(?:.*?retry after (\d+))?")


def classify(error: Exception, *, attempt: int = 1) -> Verdict:
    """What `error`, raised by sending or editing one message, means for that message.

    `attempt` counts from 1 and only lengthens the wait after `SurelyUnsent`: 1, 2, 4 … 60 s. An exception that
    is not python-telegram-bot's is a bug of ours; trying again would only raise it again.
    """
    match error:
        case SurelyUnsent():
            return RetryAt(min(2.0 ** (min(attempt, 10) - 1), LONGEST_BACK_OFF))
        case RetryAfter():
            return RetryAt(_seconds(error.retry_after), freeze=True)
        case ChatMigrated():
            return Migrate(error.new_chat_id)
        case InvalidToken():
            return Fatal("invalid_token")
        case Conflict():
            return Fatal("conflict")
        case Forbidden():
            return _by_words(error) or Unreachable("forbidden")
        case BadRequest():
            return _by_words(error) or Drop("refused")
        case EndPointNotFound():
            return Drop("refused")
        case TelegramError():
            return _without_parameters(error)
    return Drop("bug")


def _by_words(error: BadRequest | Forbidden) -> Verdict | None:
    said = error.message.lower()
    return next((verdict for fragment, verdict in _BY_WORDS if fragment in said), None)


def _without_parameters(error: TelegramError) -> Verdict:
    """Time-outs, 5xx, a connection lost after sending, an answer that cannot be read: all unknown.

    Only two refusals come as bare statuses, without the parameters or the class that would tell them; the text
    then begins with the status's name. Elsewhere in it may stand anybody's error page, which proves nothing.
    """
    said = error.message.lower()
    if limited := _LIMITED.match(said):
        return RetryAt(float(limited[1] or 1), freeze=True)
    if said.startswith(("request entity too large", "content too large")):
        return Drop("too_large")
    return Unknown()


def _seconds(retry_after: int | dt.timedelta) -> float:
    """python-telegram-bot is moving from whole seconds to timedelta; both are met until it has."""
    return retry_after.total_seconds() if isinstance(retry_after, dt.timedelta) else float(retry_after)
