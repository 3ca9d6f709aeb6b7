"""A message as calls of the Bot API: which method with which parameters, and what comes back.

Knows Telegram's shapes. When something may be sent is the limiter's, what an error means ``classify``'s. The calls
are made raw: building python-telegram-bot's objects for answers nobody reads costs more than the HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from telegram import InputFile

from views.message import Keyboard, Media, Message

Call = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Calls a method of the Bot API with plain parameters and returns ``result``. Raises python-telegram-bot's errors."""

MAX_CAPTION = 1024
MAX_ALBUM = 10

_METHODS = {"photo": "sendPhoto", "video": "sendVideo", "voice": "sendVoice", "document": "sendDocument"}
_COUNTED = ("send", "edit")
"""How the methods begin that Telegram's limits count."""
_IN_ALBUM = frozenset({"photo", "video"})


def places(method: str, params: Mapping[str, Any]) -> int:
    """How many messages a call counts as with Telegram's limits: an album as many as it has files, a question none."""
    if not method.startswith(_COUNTED):
        return 0
    return len(params["media"]) if method == "sendMediaGroup" else 1


def inline_keyboard(keyboard: Keyboard) -> dict[str, Any]:
    """Telegram's InlineKeyboardMarkup."""
    return {
        "inline_keyboard": [
            [
                {"text": button.text, "url": button.url}
                if button.url
                else {"text": button.text, "callback_data": button.data}
                for button in row
            ]
            for row in keyboard
        ]
    }


def markup_of(message: Message) -> dict[str, Any] | None:
    """The keyboard that goes with the text, or None."""
    if message.keyboard:
        return inline_keyboard(message.keyboard)
    if message.contact_button or message.word_buttons:
        rows: list[list[dict[str, Any]]] = []
        if message.contact_button:
            rows.append([{"text": message.contact_button, "request_contact": True}])
        if message.word_buttons:
            rows.append([{"text": word} for word in message.word_buttons])
        return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}
    return {"remove_keyboard": True} if message.remove_keyboard else None


async def send(call: Call, chat_id: int, message: Message) -> int:
    """Send all of a message. Returns the id of the part that carries the text and the keyboard."""
    extra = {"parse_mode": "HTML"}
    markup = markup_of(message)
    if markup is not None:
        extra["reply_markup"] = markup  # type: ignore[assignment]
    album = [media for media in message.media if media.kind in _IN_ALBUM]
    single = _captioned(message)
    if single is not None:
        return await _send_file(call, chat_id, single, {"caption": message.text, **extra})
    if len(album) > 1:
        for start in range(0, len(album), MAX_ALBUM):
            await _send_album(call, chat_id, album[start : start + MAX_ALBUM])
    if message.upload is not None:
        file = InputFile(message.upload.content, filename=message.upload.name)
        kind = "photo" if message.upload.picture else "document"
        await call(_METHODS[kind], {"chat_id": chat_id, kind: file})
    for media in message.media:
        if media.kind == "location":
            await call(
                "sendLocation", {"chat_id": chat_id, "latitude": media.latitude, "longitude": media.longitude}
            )
        elif media.kind in _METHODS and (len(album) < 2 or media.kind not in _IN_ALBUM):
            await _send_file(call, chat_id, media, {})
    sent = await call(
        "sendMessage",
        {
            "chat_id": chat_id,
            "text": message.text,
            "link_preview_options": {"is_disabled": not message.link_preview},
            **extra,
        },
    )
    return int(sent["message_id"])


async def _send_file(call: Call, chat_id: int, media: Media, extra: Mapping[str, Any]) -> int:
    sent = await call(_METHODS[media.kind], {"chat_id": chat_id, media.kind: media.file_id, **extra})
    return int(sent["message_id"])


async def _send_album(call: Call, chat_id: int, album: Sequence[Media]) -> None:
    if len(album) == 1:
        await _send_file(call, chat_id, album[0], {})
        return
    await call(
        "sendMediaGroup",
        {"chat_id": chat_id, "media": [{"type": media.kind, "media": media.file_id} for media in album]},
    )


def _captioned(message: Message) -> Media | None:
    """The one file that carries the text as its caption, if that is how the message goes."""
    single = message.media[0] if len(message.media) == 1 and message.media[0].kind in _METHODS else None
    return single if single is not None and len(message.text) <= MAX_CAPTION else None


async def edit(call: Call, chat_id: int, message_id: int, message: Message) -> int:
    """Show a message in place of an earlier one. Its files are not sent again: an edit shows text and buttons."""
    params: dict[str, Any] = {"chat_id": chat_id, "message_id": message_id, "parse_mode": "HTML"}
    if message.keyboard:
        params["reply_markup"] = inline_keyboard(message.keyboard)
    if _captioned(message):
        await call("editMessageCaption", {**params, "caption": message.text})
    else:
        preview = {"is_disabled": not message.link_preview}
        await call("editMessageText", {**params, "text": message.text, "link_preview_options": preview})
    return message_id


async def take_back(call: Call, chat_id: int, message_id: int) -> None:
    """Delete a message of ours. Raises BadRequest for one that is too old, and for one that is gone already."""
    await call("deleteMessage", {"chat_id": chat_id, "message_id": message_id})


async def answer(call: Call, callback_id: str, text: str, *, alert: bool) -> None:
    """Take the waiting sign off a pressed button."""
    params: dict[str, Any] = {"callback_query_id": callback_id}
    if text:
        params["text"] = text
    if alert:
        params["show_alert"] = True
    await call("answerCallbackQuery", params)


async def set_commands(
    call: Call,
    commands: Sequence[tuple[str, str]],
    *,
    chat_id: int | None = None,
    language: str | None = None,
) -> None:
    """Telegram's menu of (command, description): for one chat, or for everyone in a language."""
    params: dict[str, Any] = {
        "commands": [{"command": command, "description": description} for command, description in commands]
    }
    if chat_id is not None:
        params["scope"] = {"type": "chat", "chat_id": chat_id}
    if language is not None:
        params["language_code"] = language
    await call("setMyCommands", params)


def is_id(value: object) -> bool:
    """Whether this can be one of Telegram's numbers: a whole number that a database takes."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def sender_of(update: Mapping[str, Any]) -> int:
    """Whose turn a raw update belongs to: the user who acted, else the chat it happened in, else nobody (0)."""
    for kind, body in update.items():
        if kind == "update_id" or not isinstance(body, dict):
            continue
        message = body.get("message")
        user = body.get("from") or body.get("user")
        chat = body.get("chat") or (message.get("chat") if isinstance(message, dict) else None)
        for found in (user, chat):
            if isinstance(found, dict) and is_id(found.get("id")):
                return int(found["id"])
    return 0


def without_our_words(update: Mapping[str, Any]) -> Mapping[str, Any]:
    """The update as it is, but of a pressed message only its number, its chat and its keyboard.

    That message is our own, nothing reads its words, and on a card they may be somebody's address. What is left has
    the shape in which Telegram itself tells of a message that it no longer shows (``InaccessibleMessage``).
    """
    press = update.get("callback_query")
    message = press.get("message") if isinstance(press, dict) else None
    if not isinstance(press, dict) or not isinstance(message, dict):
        return update
    kept = {name: message[name] for name in ("message_id", "chat", "reply_markup") if name in message}
    return {**update, "callback_query": {**press, "message": {**kept, "date": 0}}}


def compact(update: Mapping[str, Any]) -> str:
    """The update as JSON text for the inbox. Halves of characters, which no database takes, become question marks."""
    text = json.dumps(update, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace").decode()
