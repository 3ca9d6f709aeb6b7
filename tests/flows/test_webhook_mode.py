"""Updates by webhook: the same conversation, who may post, what is too much, and an end that drains."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from io import BytesIO

import aiohttp
import pytest
from pydantic import SecretStr

from bot.settings_model import TelegramSettings
from storage.database import Location
from tests.support.databases import on_sqlite
from tests.support.paths import rates, reported
from tests.support.program import Program, running

pytestmark = on_sqlite

SECRET = "only-Telegram-knows"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
def hook() -> str:
    """Where the webhook is served: a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/telegram-posts-here"


@pytest.fixture
async def program(location: Location, hook: str) -> AsyncIterator[Program]:
    """The program, told of everything by webhook."""
    telegram = TelegramSettings(
        base_url="http://127.0.0.1:1",
        limits_enabled=False,
        mode="webhook",
        webhook_url=hook,
        webhook_secret=SecretStr(SECRET),
        webhook_listen=hook.split("/")[2],
    )
    async with running(location, sections={"telegram": telegram}) as ready:
        yield ready


async def posts(hook: str, body: bytes, *, secret: str | None = SECRET) -> int:
    """Post to the webhook as anybody on the way could. Returns the status."""
    headers = {"Content-Type": "application/json", **({HEADER: secret} if secret is not None else {})}
    async with (
        aiohttp.ClientSession() as session,
        session.post(hook, data=BytesIO(body), headers=headers) as answer,
    ):
        return answer.status


def update(program: Program, update_id: int, text: str) -> bytes:
    """An update as Telegram posts it: Lan writes ``text``."""
    lan = program.lan
    entities = [{"type": "bot_command", "offset": 0, "length": len(text)}] if text.startswith("/") else []
    message = {
        "message_id": 7000,
        "date": 1,
        "chat": program.sandbox.world.chat(lan.user_id),
        "from": program.sandbox.world.user(lan.user_id),
        "text": text,
        "entities": entities,
    }
    return json.dumps({"update_id": update_id, "message": message}).encode()


async def test_the_main_path_goes_by_webhook_as_well(program: Program) -> None:
    request_id = await reported(program)
    await rates(program.lan, request_id)
    program.wang.reads("task.confirmed", "★★★★★")
    assert await program.ticks("settlement") == 1
    assert not any(call.method == "getUpdates" for call in program.sandbox.record)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET.lower()])
async def test_who_does_not_know_the_secret_is_turned_away(
    program: Program, hook: str, secret: str | None
) -> None:
    assert await posts(hook, update(program, 9, "/menu"), secret=secret) == 403
    await program.quiet()
    assert program.lan.news == []


async def test_what_is_posted_with_the_secret_is_taken_once(program: Program, hook: str) -> None:
    for _ in range(2):
        assert await posts(hook, update(program, 9, "/menu")) == 200
    await program.quiet()
    program.lan.reads("menu.title")
    assert len(program.lan.news) == 1


async def test_more_than_a_mebibyte_is_too_much(program: Program, hook: str) -> None:
    assert await posts(hook, update(program, 9, "灯" * 1_000_000)) == 413


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"update_id": "x"}', b'{"message": {}}', b"\xff\xfe"]
)
async def test_what_is_no_update_is_refused_without_harm(program: Program, hook: str, body: bytes) -> None:
    assert 400 <= await posts(hook, body) < 500
    await program.lan.says("/menu")
    program.lan.reads("menu.title")


async def test_an_orderly_end_works_off_what_was_taken_and_telegram_keeps_the_rest(program: Program) -> None:
    lan = program.lan
    await lan.sends("楼道灯坏了")
    await program.until(lambda: not program.sandbox.pending_updates)
    await program.stops()
    lan.reads("ask.pass_on")
    await lan.sends("还有蚊子")
    assert program.sandbox.pending_updates
    await program.starts()
    await program.passes(seconds=120, steps=6)
    await program.quiet()
    assert "还有蚊子" in lan.reads("ask.pass_on").text


async def test_going_back_to_polling_takes_the_webhook_away(program: Program, location: Location) -> None:
    await program.stops()
    polling = TelegramSettings(limits_enabled=False)
    program.settings = program.settings.model_copy(update={"telegram": polling})
    await program.starts()
    await program.lan.says("/menu")
    program.lan.reads("menu.title")
