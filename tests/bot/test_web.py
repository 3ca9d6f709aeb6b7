"""The HTTP side: who is let in, what is an update, and when 200 is said."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import httpx
import pytest

from bot.metrics import Metrics, Queue, Snapshot
from bot.web import LARGEST_UPDATE, Health, ListenError, Server, operations_app, webhook_app

SECRET = "correct-horse"
PATH = "/telegram"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


class DatabaseAway(Exception):
    pass


class Inbox:
    """Where accepted updates go; `failure` is raised instead."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.failure: Exception | None = None
        self.entered = asyncio.Event()
        self.may_finish = asyncio.Event()
        self.may_finish.set()

    async def accept(self, updates: Sequence[dict[str, Any]]) -> None:
        self.entered.set()
        await self.may_finish.wait()
        if self.failure is not None:
            raise self.failure
        self.updates.extend(updates)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def telegram(inbox: Inbox) -> AsyncIterator[httpx.AsyncClient]:
    app = webhook_app(path=PATH, secret=SECRET, accept=inbox.accept, away=(DatabaseAway,))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


class TestWebhook:
    async def test_an_update_is_stored_and_answered(self, telegram: httpx.AsyncClient, inbox: Inbox) -> None:
        update = {"update_id": 7, "message": {"text": "电梯坏了"}}
        answer = await telegram.post(PATH, json=update, headers=HEADERS)
        assert answer.status_code == 200
        assert inbox.updates == [update]

    async def test_200_is_said_only_after_the_update_is_stored(
        self, telegram: httpx.AsyncClient, inbox: Inbox
    ) -> None:
        inbox.may_finish.clear()
        post = asyncio.create_task(telegram.post(PATH, json={"update_id": 7}, headers=HEADERS))
        await inbox.entered.wait()
        for _ in range(50):  # turns of the loop, more than an answer given early would need
            await asyncio.sleep(0)
        assert not post.done()
        inbox.may_finish.set()
        assert (await post).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"X-Telegram-Bot-Api-Secret-Token": ""},
            {"X-Telegram-Bot-Api-Secret-Token": SECRET + "x"},
            {"X-Telegram-Bot-Api-Secret-Token": SECRET.upper()},
            {b"X-Telegram-Bot-Api-Secret-Token": "密".encode()},
        ],
    )
    async def test_without_the_secret_nobody_gets_in(
        self, telegram: httpx.AsyncClient, inbox: Inbox, headers: Any
    ) -> None:
        answer = await telegram.post(PATH, json={"update_id": 7}, headers=headers)
        assert answer.status_code == 403
        assert inbox.updates == []

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"hello",
            b"[]",
            b"7",
            b"{}",
            b'{"update_id": "7"}',
            b'{"update_id": true}',
            b'{"update_id": 7.0}',
            b'{"update_id": -1}',
            b'{"update_id": 9223372036854775808}',
            b'{"update_id": ' + b"9" * 5000 + b"}",
            b'{"update_id": 7, "x": "\xff"}',
            b'{"update_id": 7',
            b"[" * 100_000,
        ],
    )
    async def test_what_is_no_update_is_refused(
        self, telegram: httpx.AsyncClient, inbox: Inbox, body: bytes
    ) -> None:
        answer = await telegram.post(PATH, content=body, headers=HEADERS)
        assert answer.status_code == 400
        assert inbox.updates == []

    async def test_one_mebibyte_is_the_most_announced_or_not(
        self, telegram: httpx.AsyncClient, inbox: Inbox
    ) -> None:
        empty = len(json.dumps({"update_id": 7, "x": ""}))
        fits = json.dumps({"update_id": 7, "x": "a" * (LARGEST_UPDATE - empty)}).encode()

        async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
            for start in range(0, len(body), 65536):
                yield body[start : start + 65536]

        assert (await telegram.post(PATH, content=fits, headers=HEADERS)).status_code == 200
        assert (await telegram.post(PATH, content=fits + b" ", headers=HEADERS)).status_code == 413
        assert (await telegram.post(PATH, content=in_chunks(fits), headers=HEADERS)).status_code == 200
        assert (await telegram.post(PATH, content=in_chunks(fits + b" "), headers=HEADERS)).status_code == 413
        assert len(inbox.updates) == 2

    async def test_while_the_database_is_away_telegram_is_asked_to_come_back(
        self, telegram: httpx.AsyncClient, inbox: Inbox
    ) -> None:
        inbox.failure = DatabaseAway()
        answer = await telegram.post(PATH, json={"update_id": 7}, headers=HEADERS)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

    async def test_an_update_that_could_not_be_stored_for_any_reason_is_not_confirmed(
        self, telegram: httpx.AsyncClient, inbox: Inbox
    ) -> None:
        inbox.failure = RuntimeError("a bug")
        assert (await telegram.post(PATH, json={"update_id": 7}, headers=HEADERS)).status_code == 500

    async def test_only_posts_to_the_path_are_taken(self, telegram: httpx.AsyncClient) -> None:
        assert (await telegram.get(PATH, headers=HEADERS)).status_code == 405
        assert (await telegram.post("/", json={"update_id": 7}, headers=HEADERS)).status_code == 404

    def test_a_webhook_without_a_secret_is_not_built(self, inbox: Inbox) -> None:
        with pytest.raises(ValueError, match="from anybody"):
            webhook_app(path=PATH, secret="", accept=inbox.accept)


class TestOperations:
    async def get(self, path: str, *, health: Any, timeout_seconds: float = 5.0) -> httpx.Response:
        metrics = Metrics(version="1")

        async def queues() -> Snapshot:
            return Snapshot(inbox=Queue(depth=4, oldest_seconds=0.0))

        app = operations_app(
            health=health, metrics=lambda: metrics.render(queues), timeout_seconds=timeout_seconds
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as client:
            return await client.get(path)

    async def test_health_is_ok_with_its_details(self) -> None:
        async def health() -> Health:
            return Health(details={"inbox": 0})

        answer = await self.get("/healthz", health=health)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "inbox": 0})

    async def test_ill_health_is_503_with_the_reason(self) -> None:
        async def health() -> Health:
            return Health(reason="the database is away")

        answer = await self.get("/healthz", health=health)
        assert (answer.status_code, answer.json()["reason"]) == (503, "the database is away")

    async def test_a_health_check_that_fails_is_ill_health_and_tells_no_secret(self) -> None:
        async def health() -> Health:
            raise OSError("postgresql://me:hunter2@db")

        answer = await self.get("/healthz", health=health)
        assert (answer.status_code, answer.json()["reason"]) == (503, "OSError")
        assert "hunter2" not in answer.text

    async def test_a_health_check_that_hangs_is_ill_health(self) -> None:
        async def health() -> Health:
            await asyncio.Event().wait()
            return Health()

        answer = await self.get("/healthz", health=health, timeout_seconds=0)
        assert answer.status_code == 503
        assert "no answer" in answer.json()["reason"]

    async def test_metrics_are_prometheus_text(self) -> None:
        async def health() -> Health:
            return Health()

        answer = await self.get("/metrics", health=health)
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "linli_inbox_depth 4.0" in answer.text


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def takes_connections(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return True


class TestServer:
    async def test_it_serves_on_a_free_port_and_stops(self) -> None:
        async with Server(_hello, listen="127.0.0.1:0") as server:
            assert server.url == f"http://127.0.0.1:{server.port}"
            async with aiohttp.ClientSession() as client, client.get(server.url) as answer:
                assert (answer.status, await answer.text()) == (200, "hello")
                assert "server" not in answer.headers
        assert not await takes_connections(server.port)

    async def test_a_taken_port_is_told_in_a_sentence(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = f"127.0.0.1:{other.getsockname()[1]}"
            with pytest.raises(
                ListenError, match=f"Cannot listen on {address}: Address already in use. Stop"
            ):
                await Server(_hello, listen=address).start()

    async def test_an_address_that_is_not_ours_is_told_in_a_sentence(self) -> None:
        with pytest.raises(ListenError, match=r"Cannot listen on 192.0.2.1:80"):
            await Server(_hello, listen="192.0.2.1:80").start()

    async def test_signals_stay_the_programs_own(self) -> None:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        async with Server(_hello, listen="127.0.0.1:0"):
            assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    async def test_what_is_being_answered_when_it_stops_is_finished(self, inbox: Inbox) -> None:
        inbox.may_finish.clear()
        app = webhook_app(path=PATH, secret=SECRET, accept=inbox.accept)
        server = Server(app, listen="127.0.0.1:0")
        await server.start()
        async with aiohttp.ClientSession(headers=HEADERS) as client:
            post = asyncio.create_task(client.post(server.url + PATH, json={"update_id": 7}))
            await inbox.entered.wait()
            stopping = asyncio.create_task(server.stop())
            while await takes_connections(server.port):
                pass
            assert not stopping.done()
            inbox.may_finish.set()
            await stopping
            async with await post as answer:
                assert answer.status == 200
        assert inbox.updates == [{"update_id": 7}]

    async def test_stopping_what_never_started_does_nothing(self) -> None:
        await Server(_hello, listen="127.0.0.1:0").stop()
