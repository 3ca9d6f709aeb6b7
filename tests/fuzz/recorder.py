"""The Bot API's place taken by a function: it takes every call at once, and judges every text that leaves.

Knows what Telegram would refuse and which words are whose secret.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from bot.app import App
from sandbox.markup import parse_html, utf16

_ANSWERED = re.compile(r"(\d+)-")
MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_TOAST = 200

Stolen = Callable[[int, str], list[str]]
"""Tells which secrets a text holds that a chat may not read."""


class Recorder:
    """``found`` is everything Telegram would have refused, ``leaked`` every (chat, secret, text) that should not have
    left; ``calls`` counts by method.
    """

    def __init__(self, stolen: Stolen) -> None:
        self._stolen = stolen
        self._numbers = count(10_000)
        self.found: list[str] = []
        self.leaked: list[tuple[int, str, str]] = []
        self.calls: Counter[str] = Counter()

    def takes_over(self, app: App) -> Callable[[], None]:
        """From now on the app speaks with this. Gives a function that gives the app its own voice back."""
        setattr(app._sending, "call", self._call)  # noqa: B010 - a plain assignment would be a method's
        return lambda: delattr(app._sending, "call")

    async def _call(self, url: str, params: Mapping[str, Any]) -> Any:
        method = url.rpartition("/")[2]
        self.calls[method] += 1
        if method == "answerCallbackQuery":
            self._toast(params)
            return True
        if method not in (
            "sendMessage",
            "editMessageText",
            "sendPhoto",
            "sendVideo",
            "sendVoice",
            "sendDocument",
        ):
            return True if method != "sendMediaGroup" else [{"message_id": next(self._numbers)}]
        self._message(method, params)
        return {"message_id": params.get("message_id") or next(self._numbers)}

    def _toast(self, params: Mapping[str, Any]) -> None:
        text = str(params.get("text", ""))
        who = _ANSWERED.match(str(params["callback_query_id"]))
        if utf16(text) > MAX_TOAST:
            self.found.append(f"an answer of {utf16(text)} characters: {text!r}")
        self._judge(int(who[1]) if who else 0, text)

    def _message(self, method: str, params: Mapping[str, Any]) -> None:
        source = str(params.get("text", params.get("caption", "")))
        try:
            text, _ = parse_html(source)
        except Exception as error:
            self.found.append(f"{method} to {params['chat_id']} is no HTML ({error}): {source!r}")
            return
        most = MAX_TEXT if "text" in params else MAX_CAPTION
        if not 1 <= utf16(text.strip()) <= most and "text" in params:
            self.found.append(f"{method} with {utf16(text)} characters: {text[:80]!r}")
        labels, datas = self._buttons(params)
        for data in datas:
            if not 1 <= len(data.encode()) <= 64:
                self.found.append(f"a button with data of {len(data.encode())} bytes: {data!r}")
        self._judge(int(params["chat_id"]), "\n".join((text, *labels)))

    @staticmethod
    def _buttons(params: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        rows = (params.get("reply_markup") or {}).get("inline_keyboard", [])
        buttons = [button for row in rows for button in row]
        return [b["text"] for b in buttons], [b["callback_data"] for b in buttons if "callback_data" in b]

    def _judge(self, chat_id: int, text: str) -> None:
        self.leaked += [(chat_id, marker, text) for marker in self._stolen(chat_id, text)]
