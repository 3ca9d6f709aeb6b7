"""What Telegram could have sent at all, as far as the forged updates go: which keys are of which type, and which must be there.

Written from the Bot API's reference, not from any program's reading of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

WORDS = ("text", "caption", "data", "type", "first_name", "title", "language_code", "file_id", "file_unique_id",
         "media_group_id", "chat_instance", "inline_message_id", "status", "file_name", "phone_number", "callback_data",
         "username", "query")  # fmt: skip
NUMBERS = ("update_id", "message_id", "date", "edit_date", "length", "duration", "width", "height", "user_id",
           "migrate_to_chat_id", "until_date")  # fmt: skip
OBJECTS = ("message", "edited_message", "channel_post", "callback_query", "my_chat_member", "chat_member", "from", "chat",
           "user", "location", "voice", "document", "contact", "sticker", "reply_to_message", "reply_markup",
           "old_chat_member", "new_chat_member", "inline_query", "poll_answer", "message_reaction")  # fmt: skip
LISTS = (
    "entities",
    "photo",
    "inline_keyboard",
    "option_ids",
    "option_persistent_ids",
    "old_reaction",
    "new_reaction",
)
_MESSAGE = ("message_id", "date", "chat")
_CHANGE = ("chat", "from", "date", "old_chat_member", "new_chat_member")
_MEMBER = ("status", "user")
_FILE = ("file_id", "file_unique_id")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "message": _MESSAGE,
    "edited_message": _MESSAGE,
    "channel_post": _MESSAGE,
    "reply_to_message": _MESSAGE,
    "chat": ("id", "type"),
    "from": ("id", "is_bot", "first_name"),
    "user": ("id", "is_bot", "first_name"),
    "callback_query": ("id", "from", "chat_instance"),
    "my_chat_member": _CHANGE,
    "chat_member": _CHANGE,
    "old_chat_member": _MEMBER,
    "new_chat_member": _MEMBER,
    "entities": ("type", "offset", "length"),
    "photo": (*_FILE, "width", "height"),
    "voice": (*_FILE, "duration"),
    "document": _FILE,
    "sticker": (*_FILE, "type", "width", "height", "is_animated", "is_video"),
    "location": ("latitude", "longitude"),
    "contact": ("phone_number", "first_name"),
    "inline_query": ("id", "from", "query", "offset"),
    "poll_answer": ("poll_id", "option_ids", "option_persistent_ids"),
    "message_reaction": ("chat", "message_id", "date", "old_reaction", "new_reaction"),
    "inline_keyboard": ("text",),
    "reply_markup": ("inline_keyboard",),
    "old_reaction": ("type",),
    "new_reaction": ("type",),
}
ITEMS = {"option_ids": int, "option_persistent_ids": str}
LARGEST = 2**52
CHAT_TYPES = ("private", "group", "supergroup", "channel")
LAST_MOMENT = 2**33


def is_telegrams(update: Mapping[str, Any]) -> bool:
    """Whether nothing in it is of a wrong type and nothing that must be there is missing."""
    return not any(_faults("update", update))


def _faults(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            if isinstance(item, list) and name != "inline_keyboard":
                yield f"{name} holds {item!r}"
            yield from _faults(name, item)
        return
    if not isinstance(value, dict):
        if name in ITEMS and not isinstance(value, ITEMS[name]):
            yield f"{name} holds {value!r}"
        if name in NEEDED:
            yield f"{name} holds {value!r}"
        return
    if value.get("status") == "kicked" and "until_date" not in value:
        yield f"{name} without until_date"
    for key in NEEDED.get(name, ()):
        if key not in value:
            yield f"{name} without {key}"
    for key, inner in value.items():
        if not _fits(name, key, inner):
            yield f"{name}.{key} is {inner!r}"
        yield from _faults(key, inner)


def _fits(holder: str, key: str, value: Any) -> bool:
    if key in WORDS:
        return isinstance(value, str) and (holder != "chat" or key != "type" or value in CHAT_TYPES)
    if key in NUMBERS or (key == "id" and holder in ("chat", "from", "user")):
        return _is_number(value) and ("date" not in key or 0 <= value < LAST_MOMENT)
    if key == "id":
        return isinstance(value, str)
    if key == "offset":
        return isinstance(value, str) if holder == "inline_query" else _is_number(value)
    if key in ("is_bot", "is_animated", "is_video"):
        return isinstance(value, bool)
    if key in ("latitude", "longitude"):
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 180
    if key in OBJECTS:
        return isinstance(value, dict)
    return isinstance(value, list) if key in LISTS else True


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
