"""Between python-telegram-bot and the handlers: an update as a turn, and what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telegram import Bot, CallbackQuery, Chat, InaccessibleMessage, Update, User

from domain.rulebook import Rulebook
from handlers.forms import Form
from handlers.limits import Limits
from handlers.turn import Answer, Turn, press_of
from storage.unit import Store, Who
from views.catalogue import Texts


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every turn is given. ``now`` tells the time, ``fetch`` gets a file that somebody sent, ``limits`` count."""

    store: Store
    texts: Texts
    rules: Rulebook
    now: Callable[[], datetime]
    bot_username: str
    forms: Mapping[str, Form]
    fetch: Callable[[str], Awaitable[bytes]]
    limits: Limits


class Outcomes:
    """What became of each update, until it is asked: the framework itself would swallow an exception."""

    def __init__(self) -> None:
        self._known: dict[int, Answer | Exception] = {}

    def answered(self, update_id: int, answer: Answer) -> None:
        """It was carried out."""
        self._known[update_id] = answer

    def failed(self, update_id: int, error: Exception) -> None:
        """It was not; the update is not done."""
        self._known[update_id] = error

    def take(self, update_id: int) -> Answer | None:
        """What was answered, once; None when no handler wanted the update. Raises what the handler raised."""
        outcome = self._known.pop(update_id, None)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def parsed(raw: dict[str, Any], bot: Bot) -> Update:
    """A raw update as python-telegram-bot's object. Raises whatever a malformed one makes it raise.

    A press is put together here, because the library always parses the pressed message as a whole one, which takes
    three times as long as all the rest, and of ours only ``without_our_words`` is kept.
    """
    press = raw.get("callback_query")
    message = press.get("message") if isinstance(press, dict) else None
    if not isinstance(press, dict) or not isinstance(message, dict):
        return Update.de_json(raw, bot)
    pressed = InaccessibleMessage(
        Chat.de_json(message["chat"], bot),
        message["message_id"],
        api_kwargs={"reply_markup": message.get("reply_markup")},
    )
    query = CallbackQuery(
        press["id"],
        User.de_json(press["from"], bot),
        press["chat_instance"],
        message=pressed,
        data=press.get("data"),
    )
    return Update(raw["update_id"], callback_query=query)


def turn_of(update: Update, around: Surroundings) -> Turn:
    """What came in, as handlers see it."""
    user, chat, query = update.effective_user, update.effective_chat, update.callback_query
    seen = query.message if query else None
    return Turn(
        store=around.store,
        update_id=update.update_id,
        chat_id=chat.id if chat else user.id if user else 0,
        chat_type=str(chat.type) if chat else "",
        who=Who(user.id, user.full_name, user.language_code or "") if user else Who(0),
        now=around.now(),
        rules=around.rules,
        texts=around.texts,
        message=update.message or update.edited_message,
        press=press_of(query.data, callback_id=query.id, message_id=seen.message_id if seen else 0)
        if query
        else None,
        beside_data=tuple(_data_of(seen.api_kwargs.get("reply_markup"))) if seen else (),
        membership=update.my_chat_member,
        bot_username=around.bot_username,
        forms=around.forms,
        fetch=around.fetch,
        limits=around.limits,
    )


def _data_of(keyboard: object) -> Iterator[str]:
    """The data of each button, from a keyboard as it came (``without_our_words``)."""
    rows = keyboard.get("inline_keyboard") if isinstance(keyboard, dict) else None
    for row in rows if isinstance(rows, list) else ():
        for button in row if isinstance(row, list) else ():
            if isinstance(button, dict):
                yield str(button.get("callback_data") or "")
