"""The transport against real sockets on loopback: what arrives, what a failure means, where the token is not."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from aiohttp import ClientConnectorCertificateError, ClientSession, web
from aiohttp.client_reqrep import ConnectionKey
from telegram import Bot, InputMediaPhoto
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import RequestData

from bot.transport import AiohttpRequest
from jobs.errors import SurelyUnsent

SECRET = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
TOKEN = f"123456:{SECRET}"
MESSAGE = {"message_id": 1, "date": 0, "chat": {"id": 5, "type": "private"}, "text": "好"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]
Listen = Callable[[Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]], Awaitable[str]]
Connect = Callable[..., Awaitable[AiohttpRequest]]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def serve(stack: AsyncExitStack) -> Serve:
    """Start an HTTP server that gives every request to one handler; returns its base URL."""

    async def start(handler: Handler) -> str:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{tail:.*}", handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    return start


@pytest.fixture
def listen(stack: AsyncExitStack) -> Listen:
    """Start a bare TCP server, for what no HTTP server would do; returns its base URL."""

    async def start(handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                await handler(reader, writer)
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        stack.callback(server.close)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    return start


@pytest.fixture
def connect(stack: AsyncExitStack) -> Connect:
    async def start(**options: Any) -> AiohttpRequest:
        return await stack.enter_async_context(AiohttpRequest(**options))

    return start


def _bot(base: str, request: AiohttpRequest) -> Bot:
    return Bot(
        TOKEN,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=request,
        get_updates_request=request,
    )


def _ok(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _refused(code: int, description: str, **parameters: object) -> web.Response:
    body: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    return web.json_response(body | ({"parameters": parameters} if parameters else {}), status=code)


def _whole_story(error: BaseException) -> str:
    """Everything a log could print of an error: its chain with causes and contexts, whether shown or not."""
    texts, queue = [], [error]
    while queue:
        found = queue.pop()
        texts += [str(found), repr(found), *map(repr, found.args)]
        texts += traceback.format_exception(found)
        queue += [linked for linked in (found.__cause__, found.__context__) if linked is not None]
    return "\n".join(texts)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_plain_call_travels_as_json_with_nested_values(serve: Serve, connect: Connect) -> None:
    seen: list[tuple[str, str, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.path, request.content_type, await request.json()))
        return _ok(MESSAGE)

    bot = _bot(await serve(handler), await connect())
    message = await bot.send_message(5, "您好 <b>&</b>", parse_mode="HTML", disable_notification=True)

    assert message.text == "好"
    assert seen == [
        (
            f"/bot{TOKEN}/sendMessage",
            "application/json",
            {"chat_id": 5, "text": "您好 <b>&</b>", "parse_mode": "HTML", "disable_notification": True},
        )
    ]


async def test_a_raw_call_takes_and_gives_plain_data(serve: Serve, connect: Connect) -> None:
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.path, await request.json()))
        return _ok(MESSAGE)

    url = f"{await serve(handler)}/bot{TOKEN}/sendMessage"
    keyboard = {"inline_keyboard": [[{"text": "好", "callback_data": "task.claim:9:1"}]]}
    result = await (await connect()).call(
        url, {"chat_id": 5, "text": "x", "reply_markup": keyboard, "parse_mode": None}
    )

    assert result == MESSAGE
    assert seen == [(f"/bot{TOKEN}/sendMessage", {"chat_id": 5, "text": "x", "reply_markup": keyboard})]


async def test_a_raw_call_raises_what_telegram_refused(serve: Serve, connect: Connect) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return _refused(403, "Forbidden: bot was blocked by the user")

    base, request = await serve(handler), await connect()

    with pytest.raises(Forbidden, match="blocked"):
        await request.call(f"{base}/bot{TOKEN}/sendMessage", {"chat_id": 5, "text": "x"})


async def test_half_a_surrogate_pair_costs_one_sign_and_not_the_message(
    serve: Serve, connect: Connect
) -> None:
    texts = []

    async def handler(request: web.Request) -> web.Response:
        texts.append((await request.json())["text"])
        return _ok(MESSAGE)

    await _bot(await serve(handler), await connect()).send_message(5, "cut \ud83d here")

    assert texts == ["cut ? here"]


async def test_an_album_is_uploaded_with_its_files_and_chinese_names(serve: Serve, connect: Connect) -> None:
    picture = b"\xff\xd8" + bytes(2 * 1024 * 1024)
    fields: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        for name, value in (await request.post()).items():
            is_file = isinstance(value, web.FileField)
            fields[name] = (value.filename, value.file.read()) if is_file else value
        return _ok([MESSAGE, MESSAGE])

    bot = _bot(await serve(handler), await connect())
    sent = await bot.send_media_group(
        5,
        [
            InputMediaPhoto(picture, filename="门口\r\n照片.jpg", caption="一"),
            InputMediaPhoto("file-id-of-another"),
        ],
    )

    media = json.loads(fields["media"])
    attached = media[0]["media"].removeprefix("attach://")
    assert len(sent) == 2
    assert fields["chat_id"] == "5"
    assert [item["media"] for item in media] == [f"attach://{attached}", "file-id-of-another"]
    assert fields[attached][1] == picture
    assert "门口" in fields[attached][0]


async def test_an_open_file_is_uploaded(serve: Serve, connect: Connect) -> None:
    received = []

    async def handler(request: web.Request) -> web.Response:
        field = (await request.post())["document"]
        assert isinstance(field, web.FileField)
        received.append(field.file.read())
        return _ok(MESSAGE)

    bot = _bot(await serve(handler), await connect())
    await bot.send_document(5, io.BytesIO(b"name,points\n"), filename="积分.csv")

    assert received == [b"name,points\n"]


async def test_a_file_is_downloaded(serve: Serve, connect: Connect) -> None:
    content = bytes(range(256)) * 20_000

    async def handler(request: web.Request) -> web.Response:
        if request.path.endswith("/getFile"):
            return _ok({"file_id": "f", "file_unique_id": "u", "file_path": "photos/图 1.jpg"})
        assert request.path == f"/file/bot{TOKEN}/photos/图 1.jpg"
        return web.Response(body=content)

    bot = _bot(await serve(handler), await connect())
    file = await bot.get_file("f")

    assert await file.download_as_bytearray() == content


async def test_a_call_through_an_http_proxy_reaches_the_proxy(serve: Serve, connect: Connect) -> None:
    asked = []

    async def proxy(request: web.Request) -> web.Response:
        asked.append(str(request.url))
        return _ok(MESSAGE)

    request = await connect(proxy=await serve(proxy))
    await _bot("http://telegram.invalid", request).send_message(5, "x")

    assert asked == [f"http://telegram.invalid/bot{TOKEN}/sendMessage"]


async def test_a_refusal_of_telegram_keeps_its_meaning(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    answers = [
        _refused(400, "Bad Request: chat not found"),
        _refused(429, "Too Many Requests: retry after 7", retry_after=7),
    ]

    async def handler(_request: web.Request) -> web.Response:
        return answers.pop(0)

    bot = _bot(await serve(handler), await connect())

    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(5, "x")
    with pytest.raises(RetryAfter) as limited:
        await bot.send_message(5, "x")
    assert limited.value.retry_after == dt.timedelta(seconds=7)


async def test_a_refused_connection_is_surely_unsent(connect: Connect) -> None:
    bot = _bot(f"http://127.0.0.1:{_free_port()}", await connect())

    with pytest.raises(SurelyUnsent):
        await bot.send_message(5, "x")


async def test_a_tls_handshake_that_fails_is_surely_unsent(listen: Listen, connect: Connect) -> None:
    async def not_tls(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 400 This is not TLS\r\n\r\n")
        await writer.drain()

    base = (await listen(not_tls)).replace("http://", "https://")

    with pytest.raises(SurelyUnsent):
        await _bot(base, await connect()).send_message(5, "x")


async def test_a_proxy_that_refuses_the_tunnel_leaves_it_surely_unsent(
    serve: Serve, connect: Connect
) -> None:
    async def proxy(_request: web.Request) -> web.Response:
        return web.Response(status=403)

    request = await connect(proxy=await serve(proxy))

    with pytest.raises(SurelyUnsent):
        await _bot("https://127.0.0.1:9", request).send_message(5, "x")


async def test_a_connection_that_does_not_come_about_in_time_is_surely_unsent(
    listen: Listen, connect: Connect
) -> None:
    async def never_shakes_hands(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    base = (await listen(never_shakes_hands)).replace("http://", "https://")
    request = await connect(connect_timeout=0.05, pool_timeout=0.05)

    with pytest.raises(SurelyUnsent):
        await _bot(base, request).send_message(5, "x")


async def test_waiting_in_vain_for_a_connection_of_the_pool_is_surely_unsent(
    serve: Serve, connect: Connect
) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()
    requests = 0

    async def handler(_request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        arrived.set()
        await go_on.wait()
        return _ok(MESSAGE)

    bot = _bot(await serve(handler), await connect(pool_size=1))
    first = asyncio.create_task(bot.send_message(5, "first"))
    await arrived.wait()
    with pytest.raises(SurelyUnsent):
        await bot.send_message(5, "second", pool_timeout=0.02, connect_timeout=0.02)
    go_on.set()

    assert (await first).text == "好"
    assert requests == 1


async def test_silence_after_sending_is_a_time_out_and_not_surely_unsent(
    serve: Serve, connect: Connect
) -> None:
    go_on = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        await go_on.wait()
        return _ok(MESSAGE)

    bot = _bot(await serve(handler), await connect())
    with pytest.raises(TimedOut) as silent:
        await bot.send_message(5, "x", read_timeout=0.05)
    go_on.set()

    assert not isinstance(silent.value, SurelyUnsent)


async def test_an_upload_that_nobody_reads_ends_in_a_time_out(listen: Listen, connect: Connect) -> None:
    go_on = asyncio.Event()

    async def reads_nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await go_on.wait()

    limits = {"connect_timeout": 0.3, "pool_timeout": 0.05, "read_timeout": 0.05}
    request = await connect(media_write_timeout=0.05, **limits)
    bot = _bot(await listen(reads_nothing), request)

    with pytest.raises(TimedOut) as silent:
        await bot.send_document(5, bytes(30 * 1024 * 1024))
    go_on.set()
    assert not isinstance(silent.value, SurelyUnsent)


async def test_a_connection_dropped_after_sending_is_not_surely_unsent(
    listen: Listen, connect: Connect
) -> None:
    async def accepts_and_drops(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    bot = _bot(await listen(accepts_and_drops), await connect())

    with pytest.raises(NetworkError) as dropped:
        await bot.send_message(5, "x")
    assert not isinstance(dropped.value, SurelyUnsent | BadRequest)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"ok":true}', b"\xff\xfe"])
async def test_an_answer_that_cannot_be_read_is_an_error_of_telegram_and_not_a_crash(
    serve: Serve, connect: Connect, body: bytes
) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    bot = _bot(await serve(handler), await connect())

    with pytest.raises(TelegramError, match="Invalid server response"):
        await bot.send_message(5, "x")


async def test_a_redirect_is_not_followed(serve: Serve, connect: Connect) -> None:
    paths = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    bot = _bot(await serve(handler), await connect())

    with pytest.raises(NetworkError):
        await bot.send_message(5, "x")
    assert len(paths) == 1


async def test_a_closed_transport_sends_nothing_and_can_be_opened_again(serve: Serve) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return _ok(MESSAGE)

    request = AiohttpRequest()
    url = f"{await serve(handler)}/bot{TOKEN}/sendMessage"
    with pytest.raises(SurelyUnsent):
        await request.post(url, RequestData())
    for _ in range(2):
        async with request:
            assert await request.post(url, RequestData()) == MESSAGE


async def test_a_cancelled_call_gives_its_connection_back(serve: Serve, connect: Connect) -> None:
    arrived = asyncio.Event()
    go_on = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        if not arrived.is_set():
            arrived.set()
            await go_on.wait()
        return _ok(MESSAGE)

    bot = _bot(await serve(handler), await connect(pool_size=1))
    first = asyncio.create_task(bot.send_message(5, "first"))
    await arrived.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go_on.set()

    assert (await bot.send_message(5, "second")).text == "好"


@pytest.mark.parametrize(
    "fault",
    ["refused", "not TLS", "silent", "dropped", "error page", "garbage", "half an answer", "bad URL"],
)
async def test_no_failure_shows_the_token(
    fault: str, listen: Listen, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    go_on = asyncio.Event()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if fault == "not TLS":
            writer.write(b"HTTP/1.0 400 This is not TLS\r\n\r\n")
            await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1]
        page = {
            "error page": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path),
            "garbage": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path),
            "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + path,
        }.get(fault)
        if fault == "silent":
            await go_on.wait()
        if page:
            writer.write(page)
            await writer.drain()

    base = await listen(server)
    if fault == "refused":
        base = f"http://127.0.0.1:{_free_port()}"
    elif fault == "not TLS":
        base = base.replace("http://", "https://")
    elif fault == "bad URL":
        base = "gopher://127.0.0.1:70"
    bot = _bot(base, await connect(read_timeout=0.05))
    caplog.clear()  # python-telegram-bot itself logs the URL at DEBUG when a Bot is made

    with pytest.raises(TelegramError) as failed:
        await bot.send_message(5, "x")
    go_on.set()
    story = _whole_story(failed.value) + caplog.text + "".join(map(repr, caplog.records))
    assert SECRET not in story
    if fault == "error page":
        assert "bot<token>/sendMessage" in str(failed.value)


async def test_a_certificate_nobody_vouches_for_is_named_and_surely_unsent(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ConnectionKey("api.telegram.org", 443, True, True, None, None, None)
    told = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")

    def untrusted(*_args: object, **_options: object) -> None:
        raise ClientConnectorCertificateError(key, told)

    monkeypatch.setattr(ClientSession, "request", untrusted)
    request = await connect()

    with pytest.raises(SurelyUnsent, match="self-signed"):
        await request.post(f"https://api.telegram.org/bot{TOKEN}/getMe", RequestData())
