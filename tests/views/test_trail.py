"""The audit trail in words: every event of the rules has some, any other shows its name, and nothing brings markup."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.queries import Place
from domain.rulebook import Rulebook
from domain.trail import EVENTS, KINDS, TrailFilter, TrailPage, TrailRow
from views import trail
from views.catalogue import LANGUAGES, Texts
from views.message import MAX_DATA, MAX_TEXT, Reader
from views.safe import visible_length
from views.voice import Voice

TEXTS = Texts.load()
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DOMAIN = Path(__file__).parents[2] / "domain"
NASTY = "<b>&\u202e{x}</a>😀"
BIG = 2**40


def voice(language: str = "zh") -> Voice:
    return Voice(TEXTS, Reader(language), Rulebook(), NOW)


def row(event: str = "task.claimed", **named: object) -> TrailRow:
    return TrailRow(1, NOW, event, "task", 12, **{"actor_id": 7, "actor": "陈芳", **named})  # type: ignore[arg-type] # named by the caller


def shown(*rows: TrailRow, wanted: TrailFilter | None = None, language: str = "zh", older: int = 0) -> str:
    page = TrailPage(rows, older, NOW if older and not rows else None, Place(NASTY, NASTY))
    return trail.page(page, wanted or TrailFilter(), voice=voice(language)).text


def test_every_event_that_a_rule_writes_down_by_name_has_its_words() -> None:
    made = {
        name.value
        for path in DOMAIN.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("Event", "_event", "event_of", "saved")
        for name in node.args[:2]
        if isinstance(name, ast.Constant) and "." in str(name.value)
    }
    assert len(made) > 10
    assert made <= set(EVENTS), "add them to domain.trail.EVENTS, with event.<name> in views/texts/trail.toml"
    assert len(EVENTS) == len(set(EVENTS))


def test_a_line_says_when_who_what_and_which() -> None:
    text = shown(row(request_id=5, place=Place("1号楼")))
    assert "今天 10:00" in text
    assert "陈芳" in text
    assert "认领任务 · 任务 12 号 · 诉求 5 号 · 1号楼" in text


def test_a_job_a_newcomer_and_somebody_without_a_name_are_called_something() -> None:
    assert "系统·visits" in shown(row(job="visits", actor_id=None))
    assert "新来的居民" in shown(row(actor_id=None, actor=""))
    assert "人员 7 号" in shown(row(actor=""))


def test_an_event_and_a_thing_without_words_show_their_names() -> None:
    text = shown(TrailRow(1, NOW, "venue.booked", "venue", 3, 7, "陈芳"))
    assert "venue.booked · venue 3" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_at_its_longest_fits_and_brings_no_markup(language: str) -> None:
    long = TrailRow(
        BIG, NOW, NASTY * 9, NASTY * 9, BIG, BIG, NASTY * 9, None, BIG, BIG, BIG, Place(NASTY * 9)
    )
    most = 10**9 - 1
    wanted = TrailFilter(most, most, most, "request.", date(2026, 3, 2), date(2026, 3, 2))
    page = TrailPage((long,) * 8, BIG, None, Place(NASTY * 9))
    message = trail.page(page, wanted, before=BIG, voice=voice(language))
    assert visible_length(message.text) <= MAX_TEXT
    assert "<a>" not in message.text
    assert "{x}" in message.text
    for button in (button for line in message.keyboard for button in line):
        assert len(button.data.encode()) <= MAX_DATA
        assert len(button.data.split(":", 2)[-1]) <= 40


@pytest.mark.parametrize(
    "wanted",
    [
        TrailFilter(),
        TrailFilter(person_id=1),
        TrailFilter(1_000_000, 1_000_000, 100_000, "appointment.", date(2026, 3, 2), date(2026, 3, 2)),
        *(TrailFilter(event=f"{kind}.") for kind in KINDS),
    ],
)
def test_what_is_looked_for_comes_back_as_it_was(wanted: TrailFilter) -> None:
    assert trail.read(trail.written(wanted)) == wanted


@pytest.mark.parametrize(
    "argument", ["x1", "p", "pA", "p_", "e", "enothing", "d", "dzzzzzzzz", "pzzzzzzzzz", "-", "p1-2"]
)
def test_what_no_button_says_is_nothing(argument: str) -> None:
    assert trail.read(argument) is None


def test_the_kinds_are_told_apart_in_a_button() -> None:
    assert len({trail.written(TrailFilter(event=f"{kind}.")) for kind in KINDS}) == len(KINDS)


def test_an_empty_page_says_whether_there_is_more() -> None:
    assert "没有这样的记录" in shown()
    assert "更早" in shown(older=5)
