"""What exists in this Telegram: people, groups, chats and their messages, updates that wait for the bot, files.

State only. What people may do is in `acts`, what the bot may do in `sending`, `editing` and `asking`; both change the
world through the methods here. Objects are the Bot API's own, as dicts that are never changed in place.
All of it is on one thread (the event loop's).
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from sandbox.journal import Tables

Json: TypeAlias = dict[str, Any]

UPDATE_LIFE = 24 * 3600
PRESS_LIFE = 150
# Sent only to a bot that asks for them by name.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_JUMP = 1_000_000
_FIRST_UPDATE = 100_000


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that appeared in a chat: a message as it was then (`message`), or the answer to a press."""

    number: int
    message: Json | None = None
    text: str = ""
    show_alert: bool = False


class World:
    """`clock` gives seconds since the epoch; `bot` is the bot's User object; `numbers_from` as `Sandbox` has it."""

    def __init__(
        self, tables: Tables, *, bot: Json, clock: Callable[[], float], seed: int, numbers_from: int = 1
    ) -> None:
        self.tables = tables
        self._first = numbers_from
        self._first_update = max(numbers_from, _FIRST_UPDATE)
        self.bot = bot
        self.clock = clock
        self.random = random.Random(f"{seed}:ids")  # noqa: S311 - repeatable, not secret
        self.people = tables.table("people")
        self.groups = tables.table("groups")
        self.updates = tables.table("updates")
        self.presses = tables.table("presses")
        self.files = tables.table("files")
        self.settings = tables.table("settings")
        self.keyboards = tables.table("keyboards")
        self.listeners: list[Callable[[Json], None]] = []
        self.queue_listeners: list[Callable[[int, Json], None]] = []
        # What was seen since this process began, for whoever waits for it; not part of the lasting state.
        self.sights: dict[int, list[Sight]] = {}
        self.answers: dict[int, list[Sight]] = {}
        self.moment = 0
        self._bell: asyncio.Event | None = None

    # time and numbers

    def now(self) -> int:
        return int(self.clock())

    def next_number(self, name: str, *, first: int = 1) -> int:
        number: int = self.tables.table("next").get(name, first)
        self.tables.put("next", name, number + 1)
        return number

    def next_moment(self) -> int:
        self.moment += 1
        return self.moment

    # waiting for something to happen

    def ring(self) -> None:
        if self._bell is not None:
            self._bell.set()
            self._bell = None

    async def change(self) -> None:
        """Wait for the next thing to happen. Take no other step between a look at the world and this call."""
        if self._bell is None:
            self._bell = asyncio.Event()
        await self._bell.wait()

    def publish(self, event: Json) -> None:
        for listener in self.listeners:
            listener(event)
        self.ring()

    # people and chats

    def save_person(self, person: Json) -> None:
        self.tables.put("people", person["user_id"], person)
        self.publish({"type": "people"})

    def save_group(self, group: Json) -> None:
        self.tables.put("groups", group["chat_id"], group)
        self.publish({"type": "people"})

    def user(self, user_id: int) -> Json:
        """The person's User object as the bot sees it."""
        person = self.people[user_id]
        user = {"id": user_id, "is_bot": False, "first_name": person["first_name"]}
        for field in ("last_name", "username", "language_code"):
            if person.get(field):
                user[field] = person[field]
        return user

    def chat(self, chat_id: int) -> Json:
        """The Chat object: a private chat with a person, or a group."""
        if chat_id in self.groups:
            group = self.groups[chat_id]
            return {"id": chat_id, "type": group["type"], "title": group["title"]}
        person = self.people[chat_id]
        chat = {"id": chat_id, "type": "private", "first_name": person["first_name"]}
        for field in ("last_name", "username"):
            if person.get(field):
                chat[field] = person[field]
        return chat

    # messages

    def messages(self, chat_id: int) -> dict[Any, Json]:
        return self.tables.table(f"messages:{chat_id}")

    def post(self, chat_id: int, *, sender: Json, content: Json) -> Json:
        """A new message in the chat."""
        group = self.groups.get(chat_id)
        counter = f"message:{chat_id}" if group and group["type"] == "supergroup" else "message"
        message = {
            "message_id": self.next_number(counter, first=self._first),
            "from": sender,
            "chat": self.chat(chat_id),
            "date": self.now(),
            **content,
        }
        self._show(chat_id, message)
        return message

    def replace(self, chat_id: int, message: Json) -> None:
        self._show(chat_id, message)

    def _show(self, chat_id: int, message: Json) -> None:
        self.tables.put(f"messages:{chat_id}", message["message_id"], message)
        self.sights.setdefault(chat_id, []).append(Sight(self.next_moment(), message))
        self.publish({"type": "message", "chat_id": chat_id, "message": message})

    def remove(self, chat_id: int, message_id: int) -> None:
        self.tables.drop(f"messages:{chat_id}", message_id)
        self.publish({"type": "deleted", "chat_id": chat_id, "message_id": message_id})

    def answered(self, *, chat_id: int, user_id: int, text: str, show_alert: bool) -> None:
        sight = Sight(self.next_moment(), None, text, show_alert)
        self.answers.setdefault(user_id, []).append(sight)
        self.publish(
            {
                "type": "callback_answer",
                "chat_id": chat_id,
                "user_id": user_id,
                "text": text,
                "show_alert": show_alert,
            }
        )

    def album_id(self) -> str:
        return str(13_000_000_000_000_000 + self.next_number("album"))

    # updates

    def tell(self, kind: str, body: Json) -> int | None:
        """An update for the bot, unless it asked not to hear of this kind. Gives its update_id."""
        allowed = self.settings.get("allowed_updates") or []
        if kind not in allowed if allowed else kind in ON_REQUEST:
            return None
        return self.queue({kind: body})

    def queue(self, update: Json) -> int:
        """Any update, put in the queue under the next number."""
        self.expire()
        update_id = self.next_number("update", first=self._first_update)
        numbered = {"update_id": update_id, **update}
        self.tables.put("updates", update_id, {"update": numbered, "at": self.clock()})
        for listener in self.queue_listeners:
            listener(update_id, numbered)
        self.ring()
        return update_id

    def pending(self) -> Iterator[Json]:
        return (entry["update"] for entry in self.updates.values())

    def forget_update(self, update_id: int) -> None:
        self.tables.drop("updates", update_id)

    def expire(self) -> None:
        """Telegram keeps an update for a day."""
        oldest = self.clock() - UPDATE_LIFE
        while self.updates:
            update_id = next(iter(self.updates))
            if self.updates[update_id]["at"] >= oldest:
                return
            self.tables.drop("updates", update_id)

    def jump_update_ids(self) -> int:
        """The next update_id is a random one, as after a week of silence; upwards only while updates wait."""
        current = self.next_number("update", first=self._first_update)
        lowest = current + _JUMP if self.updates else 1
        jumped = current
        while abs(jumped - current) < _JUMP // 2:
            jumped = self.random.randint(lowest, 2**31 - _JUMP)
        self.tables.put("next", "update", jumped)
        self.tables.commit()
        return jumped

    # presses

    def ask(self, press: Json) -> str:
        """Remember a press that waits for its answer; gives the callback query's id."""
        oldest = self.clock() - PRESS_LIFE
        while self.presses and next(iter(self.presses.values()))["at"] < oldest:
            self.tables.drop("presses", next(iter(self.presses)))
        query_id = str(4_000_000_000_000_000_000 + self.next_number("press", first=self._first))
        self.tables.put("presses", query_id, {**press, "at": self.clock()})
        return query_id

    # files

    def keep_file(self, *, kind: str, content: bytes, name: str, mime: str) -> Json:
        """Store a file; gives the row with its `file_id`, without the bytes."""
        number = self.next_number("file", first=self._first)
        suffix = name.rpartition(".")[2] if "." in name else "bin"
        row: Json = {
            "file_id": f"{kind}-{number:08d}-{self.random.getrandbits(64):016x}",
            "file_unique_id": f"u{number:08d}",
            "file_size": len(content),
            "file_path": f"{kind}s/file_{number}.{suffix}",
            "file_name": name,
            "mime_type": mime,
            "kind": kind,
        }
        self.tables.put("files", row["file_id"], {**row, "base64": base64.b64encode(content).decode()})
        return row

    def file_bytes(self, file_id: str) -> bytes:
        """Raises KeyError for an unknown file."""
        return base64.b64decode(self.files[file_id]["base64"])
