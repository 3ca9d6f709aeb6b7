"""A Bot API so lean that the bot, not the server, is what is measured.

Knows HTTP/1.1 with keep-alive and Content-Length (a raw protocol, no framework), hands out a stock of updates,
answers every call with a small correct result, counts calls, and takes the time from an update to its reply. It
checks nothing: strictness is the sandbox's.

    python -m benchmarks.lean_server --kind=text --count=3000 --users=50 [--rate=20]

Writes one JSON line `{"url": …}` when it listens, another with the statistics when the last update has been
replied to, and serves `GET /stats` at any time. It ends with its standard input, so it never outlives whoever
started it.

A reply is any message sent to or edited in the chat of an update; replies are matched first in, first out per
chat. The time runs from the moment the update was handed out or, in a paced stock, from when it was due, so a
bot that polls late cannot hide it.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import time
from collections import Counter, defaultdict, deque
from typing import Any

from benchmarks.stock import BOT, SENT_AT, Stock

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# A form (chat_id=5), JSON ("chat_id": 5) and multipart (name="chat_id"\r\n\r\n5) alike.
_CHAT = re.compile(rb"chat_id\W*?(-?\d+)")
_OFFSET = re.compile(rb"offset\W*?(-?\d+)")
_LIMIT = re.compile(rb"limit\W*?(\d+)")
_TIMEOUT = re.compile(rb"timeout\W*?(\d+)")

_TRUE = b'{"ok":true,"result":true}'
_FIXED = {
    b"getMe": {**BOT, "can_join_groups": True, "can_read_all_group_messages": False},
    b"getWebhookInfo": {"url": "", "has_custom_certificate": False, "pending_update_count": 0},
    b"getMyCommands": [],
    b"getChatMenuButton": {"type": "commands"},
}
_ANSWERS = {
    name: json.dumps({"ok": True, "result": result}, ensure_ascii=False).encode()
    for name, result in _FIXED.items()
}
_ALWAYS_TRUE = (b"set", b"delete", b"answer", b"sendChatAction", b"pin", b"unpin", b"close", b"logOut")


class LeanApi:
    """The stock, what was asked and what was replied. Times are monotonic seconds of this machine."""

    def __init__(self, stock: Stock) -> None:
        self._updates = stock.updates()
        self._rate = stock.rate
        self._calls: Counter[str] = Counter()
        self._handed = 0
        self._waiting: dict[int, deque[float]] = defaultdict(deque)
        self._latencies: list[float] = []
        self._first_poll: float | None = None
        self._first_handed = self._last_reply = 0.0
        self._message_id = 1_000_000
        self.done = asyncio.Event()

    def call(self, method: bytes, body: bytes) -> bytes:
        """The answer to any call but getUpdates."""
        self._calls[method.decode("ascii", "replace")] += 1
        if method.startswith(_ALWAYS_TRUE):
            return _TRUE
        if method.startswith((b"send", b"edit", b"copy", b"forward")):
            return self._message(method, body)
        return _ANSWERS.get(method, b'{"ok":false,"error_code":404,"description":"Not Found"}')

    async def get_updates(self, body: bytes) -> bytes:
        """Long polling, as Telegram does it: an offset confirms what is below it."""
        self._calls["getUpdates"] += 1
        loop = asyncio.get_running_loop()
        if self._first_poll is None:
            self._first_poll = time.monotonic()
        start = max(_number(_OFFSET, body, default=0) - 1, 0)
        limit = _number(_LIMIT, body, default=100)
        until = loop.time() + _number(_TIMEOUT, body, default=0)
        while (end := min(self._available(), start + limit)) <= start:
            left = until - loop.time()
            if left <= 0:
                break
            await asyncio.sleep(min(left, self._until_next(start)))
        batch = self._updates[start:end]
        self._hand_out(start, end)
        return b'{"ok":true,"result":[%s]}' % b",".join(update for _, update in batch)

    def statistics(self) -> dict[str, Any]:
        """Calls by method; updates handed out; replies, how many per second, and their delays in ms."""
        replies, seconds = len(self._latencies), self._last_reply - self._first_handed
        cuts = statistics.quantiles(self._latencies, n=100) if replies > 1 else [0.0] * 99
        return {
            "calls": dict(self._calls),
            "updates": len(self._updates),
            "handed": self._handed,
            "replies": replies,
            "first_poll": self._first_poll,
            "seconds": seconds,
            "per_second": replies / seconds if seconds > 0 else 0.0,
            "p50_ms": cuts[49] * 1000,
            "p99_ms": cuts[98] * 1000,
        }

    def _available(self) -> int:
        if self._rate is None or self._first_poll is None:
            return len(self._updates)
        due = int((time.monotonic() - self._first_poll) * self._rate) + 1
        return min(due, len(self._updates))

    def _until_next(self, number: int) -> float:
        if number >= len(self._updates) or self._rate is None:
            return 3600.0
        return max(self._due(number) - time.monotonic(), 0.0005)

    def _due(self, number: int) -> float:
        assert self._rate is not None
        assert self._first_poll is not None
        return self._first_poll + number / self._rate

    def _hand_out(self, start: int, end: int) -> None:
        now = time.monotonic()
        for number in range(max(start, self._handed), end):
            since = now if self._rate is None else self._due(number)
            self._waiting[self._updates[number][0]].append(since)
        self._first_handed = self._first_handed or now
        self._handed = max(self._handed, end)

    def _message(self, method: bytes, body: bytes) -> bytes:
        chat_id = _number(_CHAT, body, default=0)
        if waiting := self._waiting.get(chat_id):
            self._last_reply = time.monotonic()
            self._latencies.append(self._last_reply - waiting.popleft())
            if len(self._latencies) == len(self._updates):
                self.done.set()
        self._message_id += 1
        message = (
            b'{"message_id":%d,"date":%d,"chat":{"id":%d,"type":"private","first_name":"P"},'
            b'"from":{"id":1,"is_bot":true,"first_name":"Bench","username":"bench_bot"},"text":"ok"}'
        ) % (self._message_id, SENT_AT, chat_id)
        shape = b'{"ok":true,"result":[%s]}' if method == b"sendMediaGroup" else b'{"ok":true,"result":%s}'
        return shape % message


class LeanHttp(asyncio.Protocol):
    """One connection: requests one after another, each with its length told."""

    def __init__(self, api: LeanApi) -> None:
        self._api = api
        self._buffer = b""
        self._poll: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._poll is not None:
            self._poll.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head_end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:head_end]
            body_start = head_end + 4
            body_end = body_start + _number(_LENGTH, head, default=0)
            if len(self._buffer) < body_end:
                return
            body, self._buffer = self._buffer[body_start:body_end], self._buffer[body_end:]
            self._serve(head, body)

    def _serve(self, head: bytes, body: bytes) -> None:
        target = head[: head.find(b"\r\n")].split(b" ", 2)[1]
        path, _, query = target.partition(b"?")
        method = path[path.rfind(b"/") + 1 :]
        if method == b"getUpdates":
            self._poll = asyncio.get_running_loop().create_task(self._long_poll(body or query))
        elif method == b"stats":
            self._answer(json.dumps(self._api.statistics()).encode())
        else:
            self._answer(self._api.call(method, body or query))

    async def _long_poll(self, body: bytes) -> None:
        self._answer(await self._api.get_updates(body))

    def _answer(self, payload: bytes) -> None:
        if self._transport is not None:
            head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            status = b"404 Not Found" if payload.startswith(b'{"ok":false') else b"200 OK"
            self._transport.write(head % (status, len(payload)) + payload)


def _number(pattern: re.Pattern[bytes], text: bytes, *, default: int) -> int:
    found = pattern.search(text)
    return int(found[1]) if found else default


async def serve(stock: Stock) -> None:
    """Serve on a free port of loopback until standard input ends."""
    loop = asyncio.get_running_loop()
    api = LeanApi(stock)
    server = await loop.create_server(lambda: LeanHttp(api), "127.0.0.1", 0)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    ended = loop.run_in_executor(None, sys.stdin.buffer.read)
    done = asyncio.create_task(api.done.wait())
    await asyncio.wait({ended, done}, return_when=asyncio.FIRST_COMPLETED)
    if api.done.is_set():
        print(json.dumps(api.statistics()), flush=True)
    await ended
    done.cancel()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(Stock.from_arguments(sys.argv[1:])))
