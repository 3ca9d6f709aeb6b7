"""Says something now, in the lane of a person who sits waiting: the answers to reads and the steps of forms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from telegram.error import TelegramError

from domain.lanes import Lane
from jobs import telegram
from jobs.classify import AsGoodAsDone, Drop, Migrate, PostAnew, RetryAt, Unreachable, classify
from jobs.spacing import Resumed, spaced
from jobs.telegram import Call
from views.message import Message

log = structlog.get_logger(__name__)

Acquire = Callable[..., float]
LONGEST_WAIT = 30.0


class DirectSpeaker:
    """Sends and edits at once, within Telegram's limits. What may pass is raised, so that the update is tried again."""

    def __init__(
        self,
        call: Call,
        *,
        acquire: Acquire,
        freeze: Callable[[int, float], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limited: Callable[[], None] = lambda: None,
        reached: Callable[[str], None] = lambda point: None,
    ) -> None:
        self._call = call
        self._acquire = acquire
        self._freeze = freeze
        self._sleep = sleep
        self._limited = limited
        self._reached = reached

    async def send(self, chat_id: int, message: Message) -> int | None:
        """Send it; the id of the message with the keyboard. None when the chat can never take it."""
        return await self._sent(chat_id, message, Resumed())

    async def _sent(self, chat_id: int, message: Message, made: Resumed) -> int | None:
        """What of it has been ``made`` in this chat before is not sent again."""
        await self._wait(chat_id)
        call = made.attempt(spaced(self._call, partial(self._room, chat_id), self._sleep))
        return await self._tried(
            chat_id,
            message,
            lambda: telegram.send(call, chat_id, message),
            again=lambda: self._sent(chat_id, message, made),
        )

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int | None:
        """Show it in place of an earlier message; posted anew where that one is gone."""
        if (
            message.contact_button
            or message.word_buttons
            or message.remove_keyboard
            or message.media
            or message.upload
        ):
            # Only a new message may bring or remove a reply keyboard, or carry files.
            return await self.send(chat_id, message)
        await self._wait(chat_id)
        return await self._tried(
            chat_id,
            message,
            lambda: telegram.edit(self._call, chat_id, message_id, message),
            again=lambda: self.edit(chat_id, message_id, message),
            editing=message_id,
        )

    async def answer(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        """Best effort: what matters stands on the card too."""
        try:
            await telegram.answer(self._call, callback_id, text, alert=alert)
        except TelegramError as error:
            log.info("press not answered", reason=str(classify(error)))

    async def _tried(
        self,
        chat_id: int,
        message: Message,
        attempt: Callable[[], Awaitable[int]],
        *,
        again: Callable[[], Awaitable[int | None]],
        editing: int | None = None,
    ) -> int | None:
        try:
            shown = await attempt()
            self._reached("speaker.sent")
            return shown
        except TelegramError as error:
            match classify(error):
                case AsGoodAsDone():
                    return editing
                case PostAnew():
                    return await self.send(chat_id, message)
                case Unreachable(reason) | Drop(reason):
                    log.info("answer not delivered", reason=reason)
                    return None
                case Migrate(to_chat_id):
                    return await self.send(to_chat_id, message)
                case RetryAt(seconds, freeze) if freeze:
                    self._limited()
                    self._freeze(chat_id, seconds)
                    if seconds > LONGEST_WAIT:
                        raise
                    return await again()
                case _:
                    raise

    async def _wait(self, chat_id: int) -> None:
        while (seconds := self._room(chat_id)) > 0:
            await self._sleep(seconds)

    def _room(self, chat_id: int) -> float:
        """Takes a place for the chat: 0, or the seconds after which to ask again."""
        return self._acquire(chat_id, lane=Lane.PERSON, is_group=chat_id < 0)
