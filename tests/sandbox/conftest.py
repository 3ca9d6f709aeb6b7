"""A sandbox on a free port with a clock of its own, and a plain client of its Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox import Person, Sandbox

TOKEN = "1:sandbox"


@dataclass
class Clock:
    at: float = 1_760_000_000.0

    def __call__(self) -> float:
        return self.at

    def moves(self, seconds: float) -> None:
        self.at += seconds


Call = Callable[..., Awaitable[dict[str, Any]]]


def caller(client: httpx.AsyncClient, url: str) -> Call:
    """`await call("sendMessage", chat_id=…)` gives the answer's JSON."""

    async def call(method: str, **params: Any) -> dict[str, Any]:
        answer = (await client.post(f"{url}/bot{TOKEN}/{method}", json=params)).json()
        assert isinstance(answer, dict)
        return answer

    return call


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    async with Sandbox(token=TOKEN, clock=clock) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    # Plain HTTP only: not loading certificates spares each test 50 ms.
    async with httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client:  # noqa: S501
        yield client


@pytest.fixture
def call(sandbox: Sandbox, http: httpx.AsyncClient) -> Call:
    return caller(http, sandbox.url)


@pytest.fixture
async def li(sandbox: Sandbox) -> Person:
    """Somebody who pressed Start; the update of that is confirmed."""
    person = sandbox.add_person(first_name="李桂兰", phone="+8613800000001")
    await person.start()
    sandbox.world.forget_update(sandbox.pending_updates[-1]["update_id"])
    return person
