"""People at work on a bot that may also be sending a notice: what they do in the sandbox, and how long they wait.

Every contestant is given the same: who presses sees a card that was sent before, and each press wants its answer and
an edit of that card. Times are the sandbox's own, from the act to the arrival of the call.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import quantiles

import aiohttp

from sandbox import Sandbox
from sandbox.people import Person
from sandbox.record import CallRecord

EVERY_SECONDS = 0.2
"""Somebody presses so often."""
SUBMITTED_EVERY = 3.0
"""Somebody begins to raise a request so often."""
PATIENCE = 90.0
STEPS = (
    "request.pass",
    "request.category",
    "request.urgency",
    "request.private",
    "request.hide",
    "request.submit",
)


@dataclass(slots=True)
class Waits:
    """Milliseconds from presses to their answers and to their cards' edits, by the moment of the press; ``open``: those
    who still wait."""

    answers: list[tuple[float, float]] = field(default_factory=list)
    edits: list[tuple[float, float]] = field(default_factory=list)
    open: int = 0

    def told(self, first: float, last: float) -> str:
        """p50 / p99 of answers and of edits to presses between two moments."""
        return " | ".join(_p50_p99(waits, first, last) for waits in (self.answers, self.edits))


def _p50_p99(waits: Sequence[tuple[float, float]], first: float, last: float) -> str:
    taken = sorted(took for at, took in waits if first <= at < last)
    if len(taken) < 2:
        return "–"
    cuts = quantiles(taken, n=100, method="inclusive")
    return f"{cuts[49]:,.0f} / {cuts[98]:,.0f}"


async def hang_cards(sandbox: Sandbox, token: str, chats: Sequence[int]) -> list[int]:
    """Send a card into each of these chats, before anything is counted; the ids of the messages."""
    ids: list[int] = []
    async with aiohttp.ClientSession() as web:
        for chat_id in chats:
            params = {"chat_id": chat_id, "text": "一张卡片"}
            async with web.post(f"{sandbox.url}/bot{token}/sendMessage", json=params) as answer:
                ids.append((await answer.json())["result"]["message_id"])
    return ids


class People:
    """Who presses, and who raises requests, until told to stop."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._presses: list[tuple[float, str, int, int]] = []
        self.raised = 0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """No more."""
        self._stop.set()

    async def press(self, cards: Sequence[tuple[Person, int, str]]) -> None:
        """Press these (person, message, data) in turn, evenly."""
        begun = time.monotonic()
        for number, (person, message_id, data) in enumerate(cards):
            if await self._rest(begun + number * EVERY_SECONDS - time.monotonic()):
                return
            at = time.time()
            query_id = await person.forges(data, message_id)
            self._presses.append((at, query_id, person.user_id, message_id))
        raise RuntimeError("there were too few cards to press")

    async def raise_requests(self, people: Sequence[Person]) -> None:
        """Go through the form, one after another, each at their own pace."""
        working: set[asyncio.Task[None]] = set()
        for person in itertools.cycle(people):
            working.add(asyncio.create_task(self._raise(person)))
            if await self._rest(SUBMITTED_EVERY):
                break
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    async def _raise(self, person: Person) -> None:
        await person.sends("电梯又坏了，老人下不了楼")
        for step in STEPS:
            await self.until(lambda step=step: _sees(person, step))
            await asyncio.sleep(0.5)
            await person.press(step)
        self.raised += 1

    async def _rest(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), max(seconds, 0.0))
        return self._stop.is_set()

    async def until(self, happened: Callable[[], bool], *, seconds: float = PATIENCE) -> bool:
        """Wait for it; whether it did happen."""
        with suppress(TimeoutError):
            await self._sandbox.until(happened, timeout=seconds)
        return happened()

    def waits(self, record: Sequence[CallRecord]) -> Waits:
        """How long who pressed waited."""
        answered: dict[str, float] = {}
        edited: dict[tuple[int, int], float] = {}
        for call in record:
            if call.outcome != "ok":
                continue
            if call.method == "answerCallbackQuery":
                answered.setdefault(str(call.params["callback_query_id"]), call.at)
            elif call.method == "editMessageText":
                edited.setdefault((call.params["chat_id"], call.params["message_id"]), call.at)
        waits = Waits()
        for at, query_id, chat_id, message_id in self._presses:
            if query_id in answered:
                waits.answers.append((at, (answered[query_id] - at) * 1000))
            if (chat_id, message_id) in edited:
                waits.edits.append((at, (edited[chat_id, message_id] - at) * 1000))
            else:
                waits.open += 1
        return waits


def _sees(person: Person, step: str) -> bool:
    """Whether the newest message that has buttons has this one."""
    for message in reversed(person.messages):
        if message.buttons:
            return any(data.startswith(step) for _, data in message.buttons)
    return False


async def both(*doing: Awaitable[None]) -> None:
    """Side by side; what fails ends the others."""
    async with asyncio.TaskGroup() as tasks:
        for work in doing:
            tasks.create_task(_of(work))


async def _of(work: Awaitable[None]) -> None:
    await work
