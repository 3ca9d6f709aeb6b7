"""Updates as no honest phone sends them: forged presses, and every kind of update taken apart and put together wrong.

Knows Telegram's shapes and nothing of the bot but how its buttons' data look.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice, product
from random import Random
from typing import Any

from tests.support.player import Player

Json = dict[str, Any]

VERSIONS = (
    "",
    ":0",
    ":1",
    ":2",
    ":7",
    ":999999999999999999",
    ":zh",
    ":lift",
    ":urgent",
    ":u",
    ":yes",
    ":5",
    ":-1",
)
BROKEN: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**53,
    2**63 - 1,
    2**63,
    2**70,
    1e308,
    "",
    "\ud800",
    "\x00",
    "电梯\x00坏了",
    "字" * 5000,
    "\u202e倒过来\u2066",
    "<b>粗</i>",
    [],
    {},
    [[[[[]]]]],
    {"id": "seven"},
)
LOW = 13
"""How many of the numbers are low."""
DATE = 1_772_416_800
BOT: Json = {"id": 1, "is_bot": True, "first_name": "Linli", "username": "linli_bot"}


def user_of(player: Player) -> Json:
    """The ``from`` of an update."""
    return {
        "id": player.user_id,
        "is_bot": False,
        "first_name": player.name,
        "language_code": player.language or "zh",
    }


def chat_of(player: Player) -> Json:
    """The private chat with the bot."""
    return {"id": player.user_id, "type": "private", "first_name": player.name}


def press(player: Player, data: str, *, number: int, message: Json | None) -> Json:
    """A pressed button of a ``message`` (None: one sent by way of an inline query)."""
    query: Json = {
        "id": f"{player.user_id}-{number}",
        "from": user_of(player),
        "chat_instance": "7",
        "data": data,
    }
    query |= {"inline_message_id": "AAAA"} if message is None else {"message": message}
    return {"update_id": number, "callback_query": query}


def shown(player: Player, message_id: int, *buttons: str) -> Json:
    """A message of the bot's in this person's chat."""
    keyboard = [[{"text": "·", "callback_data": data}] for data in buttons]
    return {
        "message_id": message_id,
        "date": DATE,
        "from": BOT,
        "chat": chat_of(player),
        "text": "·",
        "reply_markup": {"inline_keyboard": keyboard},
    }


def in_group(group_id: int, message_id: int, *buttons: str) -> Json:
    """The same in a group, where anybody may press."""
    keyboard = [[{"text": "·", "callback_data": data}] for data in buttons]
    return {
        "message_id": message_id,
        "date": DATE,
        "from": BOT,
        "chat": {"id": group_id, "type": "group", "title": "·"},
        "text": "·",
        "reply_markup": {"inline_keyboard": keyboard},
    }


def gone(player: Player, message_id: int) -> Json:
    """An old message, of which Telegram tells no more than where it stood."""
    return {"message_id": message_id, "date": 0, "chat": chat_of(player)}


class Forger:
    """Draws attacks from ``random``; ``known`` are the buttons that exist, ``verbs`` their names.

    ``registered``: the names that anything answers to, shown so far or not; ``numbers``: of things that exist.
    """

    def __init__(
        self,
        random: Random,
        *,
        known: Sequence[str],
        registered: Sequence[str],
        numbers: Sequence[int],
        group_id: int,
        first: int,
    ) -> None:
        self.random = random
        self.group_id = group_id
        self.known = tuple(known)
        self.registered = tuple(registered)
        self.numbers = tuple(numbers)
        self.arguments = ("", "", *VERSIONS, *dict.fromkeys(f":{data.rpartition(':')[2]}" for data in known))
        self.verbs = tuple(sorted({data.partition(":")[0] for data in known}))
        self._number = first

    def number(self) -> int:
        """The next update's number."""
        self._number += 1
        return self._number

    def pressed(self, player: Player, data: str) -> Json:
        """A press of this, on one of the kinds of message it may come with."""
        message_id = self.random.randint(1, 400)
        message = self.random.choice(
            (
                shown(player, message_id, data),
                shown(player, message_id, data, "request.correct:1", "form.cancel:1"),
                in_group(self.group_id, message_id, data),
                gone(player, message_id),
                None,
            )
        )
        return press(player, data, number=self.number(), message=message)

    def noise(self) -> str:
        """Data that no button of ours has."""
        random = self.random
        length = random.choice((0, 1, 5, 20, 64, 64, 300))
        letters = random.choice(
            (
                "".join(chr(code) for code in range(1, 128)),
                "abcdefghijklmnopqrstuvwxyz.:0123456789",
                "电梯٣\u202e\ud800\x00😀:.",
            )
        )
        return "".join(random.choice(letters) for _ in range(length))

    def likely(self) -> str:
        """A verb that exists, with numbers and arguments drawn."""
        random = self.random
        number = random.choice(
            (random.randint(0, 12), random.randint(0, 12), random.randint(0, 10**18), 999999999999999999)
        )
        return f"{random.choice(self.verbs)}:{number}{random.choice(VERSIONS)}"

    def foreign(self, count: int) -> Iterator[str]:
        """Names that are answered, with the numbers of things that exist and arguments that some button has.

        First each name with each of the lowest numbers, of which there are the most things; then whatever comes.
        """
        random = self.random
        low = list(product(self.registered, self.numbers[:LOW]))
        random.shuffle(low)
        drawn = ((random.choice(self.registered), random.choice(self.numbers)) for _ in range(count))
        for name, number in islice(chain(low, drawn), count):
            other = (
                f":{random.choice(self.numbers)}" if random.random() < 0.2 else random.choice(self.arguments)
            )
            yield f"{name}:{number}{other}"

    def stale(self) -> str:
        """A button that exists, of another version or number."""
        name, _, rest = self.random.choice(self.known).partition(":")
        parts = rest.split(":")
        place = self.random.randrange(len(parts))
        parts[place] = str(self.random.randint(0, 9))
        return f"{name}:{':'.join(parts)}"

    def mutated(self, player: Player) -> Json:
        """A plausible update of any type with up to four things wrong in it."""
        update = copy.deepcopy(self.random.choice(self._plausible(player)))
        for _ in range(self.random.randint(1, 4)):
            self._break(update)
        update = {"update_id": self.number(), **{k: v for k, v in update.items() if k != "update_id"}}
        # Through JSON, as it comes over the wire: escapes of half characters included.
        return dict(json.loads(json.dumps(update)))

    def deep(self) -> Json:
        """An update nested deeper than anything that is meant."""
        inner: Any = "end"
        for _ in range(self.random.choice((50, 300, 2000))):
            inner = self.random.choice(([inner], {"reply_to_message": inner}))
        return {"update_id": self.number(), "message": inner if isinstance(inner, dict) else {"x": inner}}

    def _break(self, update: Json) -> None:
        random = self.random
        places = list(_places(update))
        if not places:
            return
        holder, key = random.choice(places)
        match random.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case 2 if isinstance(holder, dict):
                holder[random.choice(("unknown", "from", "chat", "text", "id", "date"))] = random.choice(
                    BROKEN
                )
            case _:
                holder[key] = copy.deepcopy(random.choice(BROKEN))

    def _plausible(self, player: Player) -> tuple[Json, ...]:
        user, chat = user_of(player), chat_of(player)
        group = {"id": -5001, "type": "supergroup", "title": "群"}
        said = {"message_id": 9, "date": DATE, "from": user, "chat": chat}
        photo = [{"file_id": "F", "file_unique_id": "U", "width": 9, "height": 9}]
        member = {"user": BOT, "status": "member"}
        changed = {"chat": chat, "from": user, "date": DATE, "old_chat_member": member}
        start = [{"type": "bot_command", "offset": 0, "length": 6}]
        return (
            {"message": {**said, "text": "电梯坏了"}},
            {"message": {**said, "text": "/start u-b1", "entities": start}},
            {"message": {**said, "text": "/request", "entities": [{**start[0], "length": 8}]}},
            {"message": {**said, "photo": photo, "caption": "看", "media_group_id": "7"}},
            {"message": {**said, "voice": {"file_id": "V", "file_unique_id": "U", "duration": 3}}},
            {"message": {**said, "document": {"file_id": "D", "file_unique_id": "U", "file_name": "a"}}},
            {"message": {**said, "location": {"latitude": 31.2, "longitude": 121.4}}},
            {"message": {**said, "contact": {"phone_number": "1", "first_name": "a", "user_id": 9}}},
            {"message": {**said, "sticker": {"file_id": "S", "file_unique_id": "U", "type": "regular"}}},
            {"message": {**said, "chat": group, "text": "/bind", "entities": [{**start[0], "length": 5}]}},
            {"message": {**said, "chat": group, "migrate_to_chat_id": -1009}},
            {"message": {**said, "text": "答", "reply_to_message": {**said, "text": "问"}}},
            {"edited_message": {**said, "edit_date": DATE, "text": "改"}},
            {
                "channel_post": {
                    "message_id": 3,
                    "date": DATE,
                    "chat": {**group, "type": "channel"},
                    "text": "x",
                }
            },
            {
                "callback_query": press(player, self.likely(), number=1, message=shown(player, 3))[
                    "callback_query"
                ]
            },
            {
                "my_chat_member": {
                    **changed,
                    "new_chat_member": {"user": BOT, "status": "kicked", "until_date": 0},
                }
            },
            {
                "my_chat_member": {
                    **changed,
                    "chat": group,
                    "new_chat_member": {"user": BOT, "status": "left"},
                }
            },
            {"chat_member": {**changed, "chat": group, "new_chat_member": member}},
            {"inline_query": {"id": "1", "from": user, "query": "q", "offset": ""}},
            {
                "poll_answer": {
                    "poll_id": "1",
                    "user": user,
                    "option_ids": [0],
                    "option_persistent_ids": ["0"],
                }
            },
            {
                "message_reaction": {
                    "chat": chat,
                    "message_id": 1,
                    "date": DATE,
                    "old_reaction": [],
                    "new_reaction": [],
                }
            },
            {"a_type_of_the_future": {"id": 1, "from": user, "what": ["ever"]}},
        )


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) within, but for the number of the update."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        if key != "update_id":
            yield value, key
        yield from _places(inner)
