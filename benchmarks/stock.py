"""The updates a contestant is given: how many, from whom, of which kind, how fast.

Knows what an update looks like. Handing them out is `lean_server`'s.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FIRST_USER = 1_000_001
BOT = {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
SENT_AT = 1_767_225_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """`count` updates from `users` people in turn, each in their private chat.

    `content` is the text, or the callback data, with `{n}` standing for the number of the update from 0.
    `rate` paces them in updates per second; None hands them out as fast as they are asked for.
    `file` replaces all of this by updates of its own, one JSON object per line, without `update_id`.
    """

    kind: Literal["text", "press"] = "text"
    count: int = 3000
    users: int = 50
    content: str = "hello {n}"
    rate: float | None = None
    file: Path | None = None

    def arguments(self) -> list[str]:
        """The command-line arguments from which `from_arguments` makes an equal stock."""
        given = {
            "--kind": self.kind,
            "--count": self.count,
            "--users": self.users,
            "--content": self.content,
            "--rate": self.rate,
            "--file": self.file,
        }
        return [f"{name}={value}" for name, value in given.items() if value is not None]

    @classmethod
    def from_arguments(cls, arguments: Sequence[str]) -> Stock:
        usual = cls()
        parser = argparse.ArgumentParser(description="A lean Bot API with a stock of updates.")
        parser.add_argument("--kind", choices=("text", "press"), default=usual.kind)
        parser.add_argument("--count", type=int, default=usual.count)
        parser.add_argument("--users", type=int, default=usual.users)
        parser.add_argument("--content", default=usual.content)
        parser.add_argument("--rate", type=float)
        parser.add_argument("--file", type=Path)
        return cls(**vars(parser.parse_args(arguments)))

    def updates(self) -> list[tuple[int, bytes]]:
        """(chat id, update as JSON) with `update_id` running from 1."""
        bodies = self._from_file() if self.file else map(self._made_up, range(self.count))
        return [
            (_chat_id(body), json.dumps({"update_id": number} | body, ensure_ascii=False).encode())
            for number, body in enumerate(bodies, start=1)
        ]

    def _from_file(self) -> list[dict[str, Any]]:
        assert self.file is not None
        lines = self.file.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line]

    def _made_up(self, number: int) -> dict[str, Any]:
        user_id = FIRST_USER + number % self.users
        person = {"id": user_id, "is_bot": False, "first_name": f"Person {user_id}", "language_code": "zh"}
        content = self.content.replace("{n}", str(number))
        message: dict[str, Any] = {
            "message_id": number + 1,
            "date": SENT_AT,
            "chat": {"id": user_id, "type": "private", "first_name": person["first_name"]},
        }
        if self.kind == "text":
            return {"message": message | {"from": person, "text": content}}
        button = {"text": "Press", "callback_data": content}
        card = message | {"from": BOT, "text": "A card", "reply_markup": {"inline_keyboard": [[button]]}}
        press = {"id": str(number), "from": person, "chat_instance": "1", "data": content, "message": card}
        return {"callback_query": press}


def _chat_id(body: dict[str, Any]) -> int:
    inner = next(iter(body.values()))
    message = inner.get("message", inner)
    return int(message["chat"]["id"])
