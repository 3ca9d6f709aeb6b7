"""A message of several parts: each part waits for its own place, so that none is refused half-way and all sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from telegram.error import RetryAfter

from bot.limiter import Limiter, Limits
from domain.lanes import Lane
from domain.rulebook import Rulebook
from jobs.delivery import Delivery
from jobs.speaker import DirectSpeaker
from jobs.telegram import places
from sandbox.limits import Limiter as Telegram
from sandbox.limits import Limits as TelegramLimits
from storage.outbox import Leased
from storage.unit import Store
from views.catalogue import Texts
from views.message import Media, Message, Upload

CHAT = 7
ROW = Leased(1, CHAT, 7, "notice.copy", 1, {}, None, False, Lane.BROADCAST, 1)


def album(size: int) -> Message:
    """So many photos, and words after them."""
    return Message("停水通知", media=tuple(Media("photo", f"photo-{number}") for number in range(size)))


class Line:
    """The way to a Telegram that counts; time passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.telegram = Telegram(TelegramLimits(), clock=lambda: self.now)
        self.limiter = Limiter(Limits(), now=lambda: self.now)
        self.refused: list[str] = []
        self.sent: list[str] = []
        self.refusing: list[str] = []
        self.frozen: list[tuple[int, float]] = []

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        if method in self.refusing:
            self.refusing.remove(method)
            raise RetryAfter(2)
        if self.telegram.retry_after(method, chat_id=CHAT, count=places(method, params)):
            self.refused.append(method)
        self.sent.append(method)
        return {"message_id": 1}

    def speaker(self) -> DirectSpeaker:
        return DirectSpeaker(
            self.call,
            acquire=self.limiter.try_acquire,
            freeze=lambda chat_id, seconds: self.frozen.append((chat_id, seconds)),
            sleep=self.sleep,
        )

    def delivery(self) -> Delivery:
        return Delivery(
            cast(Store, None), self.call, limiter=self.limiter, texts=cast(Texts, None), rules=Rulebook(),
            now=lambda: datetime(2026, 3, 2, tzinfo=UTC), lease="bot", fence=1, sleep=self.sleep,
        )  # fmt: skip

    async def sends(self, message: Message, *, spaced: bool = True) -> None:
        assert self.limiter.try_acquire(CHAT, lane=ROW.lane, is_group=False) == 0
        delivery = self.delivery()
        if not spaced:
            delivery._spaced = lambda row: self.call  # type: ignore[method-assign]
        await delivery._post(ROW, message)


@pytest.mark.parametrize("size", [2, 3, 4, 10])
async def test_an_album_and_its_words_are_never_refused_half_way(size: int) -> None:
    line = Line()
    await line.sends(album(size))
    assert line.sent == ["sendMediaGroup", "sendMessage"]
    assert not line.refused


async def test_without_spacing_the_words_after_an_album_are_refused() -> None:
    line = Line()
    await line.sends(album(4), spaced=False)
    assert line.refused == ["sendMessage"]


async def test_one_photo_with_its_words_waits_for_nothing() -> None:
    line = Line()
    await line.sends(album(1))
    assert (line.sent, line.now) == (["sendPhoto"], 1000.0)


SHEET = Message("填好后发给我", upload=Upload("空表.xlsx", b"cells"))


async def test_sheets_asked_for_one_after_another_come_once_each() -> None:
    line = Line()
    for _ in range(5):
        await line.speaker().send(CHAT, SHEET)
    assert line.sent == ["sendDocument", "sendMessage"] * 5
    assert not line.refused


async def test_a_sheet_whose_words_are_refused_is_not_sent_again() -> None:
    line = Line()
    line.refusing = ["sendMessage", "sendMessage"]
    assert await line.speaker().send(CHAT, SHEET) == 1
    assert line.sent == ["sendDocument", "sendMessage"]
    assert line.frozen == [(CHAT, 2.0), (CHAT, 2.0)]


def test_an_album_counts_by_its_files_and_a_question_not_at_all() -> None:
    assert places("sendMediaGroup", {"media": [{}, {}, {}]}) == 3
    assert [places(method, {}) for method in ("sendMessage", "editMessageText", "deleteMessage", "getFile")] == [
        1, 1, 0, 0,
    ]  # fmt: skip
