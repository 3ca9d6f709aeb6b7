"""The clock's jobs in words: at their longest, with every cadence, and what is wrong stands out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.jobs import NAMES, JobRow
from domain.rulebook import Rulebook
from views import jobs
from views.catalogue import LANGUAGES, Texts
from views.message import MAX_DATA, MAX_TEXT, Reader
from views.safe import visible_length
from views.voice import Voice

TEXTS = Texts.load()
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
THEN = NOW - timedelta(days=400)
BIG = 2**40
WELL = JobRow(BIG, "retention", "daily 03:30", NOW, 0, NOW, late=False, failures=0, error=None, asked=False)


def voice(language: str = "zh") -> Voice:
    return Voice(TEXTS, Reader(language), Rulebook(), NOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_them_fit_into_one_message_however_they_fare(language: str) -> None:
    failing = replace(WELL, last_at=THEN, last_count=10**9, next_at=THEN, failures=10**6, error="ValueError")
    message = jobs.jobs([replace(failing, name=name) for name in NAMES], voice=voice(language))
    assert visible_length(message.text) <= MAX_TEXT
    assert all(len(button.data) <= MAX_DATA for row in message.keyboard for button in row)
    assert message.text.count("❌") == len(NAMES) + 1


@pytest.mark.parametrize(
    ("cadence", "said"),
    [
        ("every 90 minutes", "每隔 1 小时 30 分钟"),
        ("daily 03:30", "每天 03:30"),
        ("weekly 7 04:00", "每周日 04:00"),
        ("monthly 1 10:00", "每月 1 日 10:00"),
        ("yearly 02-29 08:30", "每年 2 月 29 日 08:30"),
    ],
)
def test_every_cadence_has_its_words(cadence: str, said: str) -> None:
    assert said in jobs.jobs([replace(WELL, cadence=cadence)], voice=voice()).text


def test_what_is_late_is_said_and_what_was_asked_for_cannot_be_asked_for_again() -> None:
    late = jobs.jobs([replace(WELL, late=True)], voice=voice()).text
    assert "⚠️ <b>到期清理</b>" in late
    assert "有 1 项不正常" in late
    asked = jobs.job(replace(WELL, asked=True), voice=voice())
    assert [button.data for row in asked.keyboard for button in row] == ["jobs.list:0"]
