"""Raw updates come in and are committed before anything else: by long polling, or from the webhook's route.

Knows offsets and back-off. What an update means is the dispatcher's and the handlers'.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from telegram.error import Conflict, InvalidToken, TelegramError

from handlers import ALLOWED_UPDATES
from jobs.classify import RetryAt, classify
from jobs.telegram import Call, compact, is_id, sender_of, without_our_words
from storage.engine import DatabaseAwayError
from storage.inbox import Arrived
from storage.unit import Store

log = structlog.get_logger(__name__)

LONGEST_BACK_OFF = 30.0
CONFLICT_SECONDS = 10.0


class Intake:
    """Keeps what arrives. ``kept`` is called after each commit, to wake the dispatcher."""

    def __init__(self, store: Store, *, now: Callable[[], datetime], kept: Callable[[], None]) -> None:
        self._store = store
        self._now = now
        self._kept = kept
        # One commit after the other, so that rows become visible in the order of their numbers.
        self._lock = asyncio.Lock()

    async def accept(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Commit raw updates. Raises DatabaseAwayError: then nothing was kept."""
        arrived = [_arrived(update) for update in updates if _is_update(update)]
        if len(arrived) < len(updates):
            log.error("updates without a number cannot be kept", count=len(updates) - len(arrived))
        async with self._lock:
            await self._store.receive(arrived, now=self._now())
        self._kept()


class Poller:
    """Long polling over raw ``getUpdates``: the offset moves only after the commit."""

    def __init__(
        self,
        call: Call,
        intake: Intake,
        *,
        poll_seconds: int = 50,
        fatal: Callable[[str], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._call = call
        self._intake = intake
        self._poll_seconds = poll_seconds
        self._fatal = fatal
        self._sleep = sleep

    async def run(self) -> None:
        """Poll until cancelled, or until the token turns out to be refused."""
        offset: int | None = None
        pause = 1.0
        while True:
            try:
                offset = await self._once(offset)
                pause = 1.0
            except InvalidToken:
                self._fatal("invalid_token")
                return
            except Conflict:
                log.error(
                    "another program polls with this token", mend="stop the other one, or delete its webhook"
                )
                await self._sleep(CONFLICT_SECONDS)
            except (TelegramError, DatabaseAwayError) as error:
                verdict = classify(error) if isinstance(error, TelegramError) else None
                seconds = max(pause, verdict.seconds) if isinstance(verdict, RetryAt) else pause
                log.warning("polling pauses", seconds=seconds, reason=type(error).__name__)
                await self._sleep(seconds)
                pause = min(pause * 2, LONGEST_BACK_OFF)

    async def _once(self, offset: int | None) -> int | None:
        params: dict[str, Any] = {"timeout": self._poll_seconds, "allowed_updates": list(ALLOWED_UPDATES)}
        if offset is not None:
            params["offset"] = offset
        updates = await self._call("getUpdates", params)
        if not updates:
            return offset
        await self._intake.accept(updates)
        numbers = [int(update["update_id"]) for update in updates if _is_update(update)]
        if not numbers:
            raise TelegramError("nothing but updates without a number")
        # By the newest of this batch, not the highest ever seen: after a week of silence numbers start anywhere.
        return numbers[-1] + 1


def _is_update(update: object) -> bool:
    return isinstance(update, dict) and is_id(update.get("update_id"))


def _arrived(update: Mapping[str, Any]) -> Arrived:
    number = int(update["update_id"])
    try:
        return Arrived(number, sender_of(update), compact(without_our_words(update)))
    except RecursionError:
        # Nested without end: its number is all that can be kept, so that it does not come again.
        log.error("an update could not be written down", update_id=number)
        return Arrived(number, 0, compact({"update_id": number}))
