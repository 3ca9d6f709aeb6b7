"""A notice's report as the store gives it, made up: buildings with their sums, and when who read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from domain.notices.shapes import NoticeState, PublicNotice
from domain.notices.shown import Fares, NoticeCard, Report, UnitFares
from domain.queries import Place
from domain.rulebook import Rulebook
from views.catalogue import Texts
from views.message import Reader
from views.voice import Voice

TEXTS = Texts.load()
BEGUN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""


def voice(language: str = "zh", *, after: float = 24, rules: Rulebook | None = None) -> Voice:
    """A reader so many hours after the notice left."""
    return Voice(TEXTS, Reader(language), rules or Rulebook(), BEGUN + timedelta(hours=after))


def report(
    units: Sequence[tuple[str, Fares]],
    reads: Mapping[int, Sequence[float]] | None = None,
    *,
    wants_read: bool = True,
) -> Report:
    """``units``: names, numbered from 1, and sums. ``reads``: by unit, after how many hours each was read."""
    notice = PublicNotice(
        7, 0, 1, 1, NoticeState.SENT, created_at=BEGUN, begun_at=BEGUN, wants_read=wants_read
    )
    moments = [(unit, BEGUN + timedelta(hours=at)) for unit, hours in (reads or {}).items() for at in hours]
    return Report(
        NoticeCard(notice, Place("幸福社区", "Xingfu"), "王书记"),
        tuple(
            UnitFares(number, Place(name, f"{name} (en)" if name else ""), fares)
            for number, (name, fares) in enumerate(units, start=1)
        ),
        tuple(sorted(moments, key=lambda read: read[1])),
    )
