"""Webhook delivery to a real server on this machine: secret, order, retries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp import web

from sandbox import FaultPlan, Sandbox

from .conftest import TOKEN, Call, Clock, caller


class Hook:
    """A bot's server: `answers` are given in turn, the last for ever; every delivery is kept."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.answers: list[web.Response] = []
        self.held: set[int] = set()
        self.goes_on = asyncio.Event()
        self.arrived = asyncio.Condition()
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        async with self.arrived:
            self.got.append(update)
            self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
            self.arrived.notify_all()
        if update["message"]["chat"]["id"] in self.held:
            await self.goes_on.wait()
        return self.answers.pop(0) if self.answers else web.Response()

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(5), self.arrived:
            await self.arrived.wait_for(lambda: len(self.got) >= count)
        return [update["message"]["text"] for update in self.got]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    hook.goes_on.set()
    await runner.cleanup()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
async def sandbox(clock: Clock, pauses: list[float]) -> AsyncIterator[Sandbox]:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    async with Sandbox(token=TOKEN, clock=clock, sleep=sleep) as running:
        yield running


@pytest.fixture
def call(sandbox: Sandbox, http: httpx.AsyncClient) -> Call:
    return caller(http, sandbox.url)


async def test_updates_come_with_the_secret_also_those_that_waited(
    sandbox: Sandbox, call: Call, hook: Hook
) -> None:
    li = sandbox.add_person(first_name="Li")
    await li.sends("waiting")
    assert (await call("setWebhook", url=hook.url, secret_token="s3cret"))["ok"]
    await li.sends("new")

    assert await hook.until(2) == ["waiting", "new"]
    assert hook.secrets == ["s3cret", "s3cret"]
    await sandbox.until(lambda: not sandbox.pending_updates)


async def test_a_refused_update_comes_again_after_the_time_the_server_asks(
    sandbox: Sandbox, call: Call, hook: Hook, pauses: list[float]
) -> None:
    hook.answers = [
        web.Response(status=503, headers={"Retry-After": "17"}),
        web.Response(status=500),
        web.Response(),
    ]
    await call("setWebhook", url=hook.url)
    li = sandbox.add_person(first_name="Li")
    await li.sends("a")
    await li.sends("b")

    assert await hook.until(4) == ["a", "a", "a", "b"]
    assert pauses == [17.0, 2.0]
    info = (await call("getWebhookInfo"))["result"]
    assert info["last_error_message"] == "Wrong response from the webhook: 500"


async def test_a_chat_waits_for_the_answer_while_others_go_on(
    sandbox: Sandbox, call: Call, hook: Hook
) -> None:
    slow, quick = sandbox.add_person(first_name="Slow"), sandbox.add_person(first_name="Quick")
    hook.held = {slow.user_id}
    await call("setWebhook", url=hook.url)
    await slow.sends("s1")
    await hook.until(1)
    await slow.sends("s2")
    await quick.sends("q1")
    await hook.until(2)
    await quick.sends("q2")

    assert await hook.until(3) == ["s1", "q1", "q2"]
    hook.goes_on.set()
    assert await hook.until(4) == ["s1", "q1", "q2", "s2"]


async def test_an_answer_may_hold_a_call(sandbox: Sandbox, call: Call, hook: Hook) -> None:
    li = sandbox.add_person(first_name="Li")
    reply = {"method": "sendMessage", "chat_id": li.user_id, "text": "by answer"}
    hook.answers = [web.json_response(reply)]
    await call("setWebhook", url=hook.url)
    await li.start()

    assert (await li.sees("by answer")).from_bot


async def test_a_plan_can_deliver_twice(sandbox: Sandbox, call: Call, hook: Hook) -> None:
    sandbox.plan_faults(FaultPlan(duplicate=1.0))
    await call("setWebhook", url=hook.url)
    await sandbox.add_person(first_name="Li").sends("a")

    assert await hook.until(2) == ["a", "a"]


async def test_dropping_pending_updates_drops_them(sandbox: Sandbox, call: Call, hook: Hook) -> None:
    li = sandbox.add_person(first_name="Li")
    await li.sends("old")
    await call("setWebhook", url=hook.url, drop_pending_updates=True)
    await li.sends("new")

    assert await hook.until(1) == ["new"]
