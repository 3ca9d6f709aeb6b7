"""A notice's report as a workbook: one sheet of sums by building, one of recipients, in the reader's language and the
community's time.

Says what delivery's short words for a failure mean to whoever has to make up for it. The workbook is long to make for
many: call it in a thread. Who may see a report is decided where it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from domain.notices.shown import RECEIPT_STATES, Fares, Reading, Report
from views.notice_shares import named, percent, whole
from views.safe import Html, plain
from views.voice import Voice

if TYPE_CHECKING:
    from views.workbooks import Book, Value

SUMS_WIDTHS = (24, 11, 10, 10, 11, 10, 12, 21, 10, 12, 21)
READINGS_WIDTHS = (16, 24, 14, 18, 18, 18, 40)
RINGS = frozenset({"no_bot", "stopped_bot", "gone", "refused", "file", "ours"})
"""Where somebody is asked to ring up, unless that was done."""
WHYS = ("no_bot", "stopped_bot", "gone", "moved", "banned", "no_echo", "refused", "file", "ours")

_MEANS = {
    "": "no_bot",
    "unreachable": "no_bot",
    "not_started": "no_bot",
    "blocked": "stopped_bot",
    "forbidden": "stopped_bot",
    "kicked": "stopped_bot",
    "no_rights": "stopped_bot",
    "deactivated": "gone",
    "not_found": "gone",
    "is_a_bot": "gone",
    "no longer true": "moved",
    "perhaps sent": "no_echo",
    "no answer": "no_echo",
    "too_large": "file",
    "file_gone": "file",
    "refused": "refused",
    "markup": "refused",
    "too_long": "refused",
}
"""Delivery's reasons (``jobs/classify.py``, ``jobs/delivery.py``) by what the sender is told of them. Any other is ours to mend."""


def why(reading: Reading) -> str:
    """Which of ``WHYS`` kept a notice from a recipient; empty for one who has it, and while nothing was tried."""
    if reading.read_at:
        return ""
    match reading.state:
        case "left":
            return "banned" if reading.reason == "blocked" else "moved"
        case "failed" | "unreachable":
            return _MEANS.get(reading.reason, "ours")
    return ""


class ReportBook:
    """The workbook while it is written: the sums are in it from the beginning, recipients are added as they are read.

    Nothing that was added is held as rows, so that it takes no more room for 100,000 recipients than for ten.
    """

    def __init__(self, report: Report, *, voice: Voice) -> None:
        # The library takes a fifth of a second to load: only who asks for a report waits for it.
        from views.workbooks import Book

        self._voice = voice
        self._states = {state: plain(voice.term("report.state", state)) for state in RECEIPT_STATES}
        self._whys = {"": "", **{reason: plain(voice.term("report.why", reason)) for reason in WHYS}}
        self._has_read, self._no_place = self._said("report.has_read"), self._said("report.no_place")
        sums = tuple(
            self._said(key)
            for key in (
                *("report.place", "report.recipients", "report.had", "report.read", "report.share"),
                *("report.failed", "report.unreachable", "report.called"),
                *("report.left", "report.muted", "report.not_sent"),
            )
        )
        people = tuple(
            self._said(key)
            for key in (
                *("report.name", "report.place", "report.became"),
                *("report.sent_at", "report.read_at", "report.called_at", "report.why_not"),
            )
        )
        self._book: Book = Book(self._said("report.sums"), sums, widths=SUMS_WIDTHS)
        self._book.add(_sums(report, voice))
        self._book.sheet(self._said("report.people"), people, widths=READINGS_WIDTHS)

    def add(self, readings: Iterable[Reading]) -> None:
        """Further recipients, in the order in which they are to stand."""
        self._book.add(map(self._row, readings))

    def content(self) -> bytes:
        """The file. Nothing can be added after this."""
        return self._book.content()

    def _said(self, key: str) -> str:
        return plain(self._voice.say(key))

    def _row(self, reading: Reading) -> tuple[Value, ...]:
        chinese = self._voice.chinese or not reading.place_en
        reason = why(reading)
        said = self._whys[reason]
        if reason in RINGS and reading.called_at is None:
            said = plain(self._voice.say("report.please_ring", why=Html(said)))
        return (
            reading.name,
            (reading.place if chinese else reading.place_en) or self._no_place,
            self._has_read if reading.read_at else self._states[reading.state],
            self._clock(reading.sent_at),
            self._clock(reading.read_at),
            self._clock(reading.called_at),
            said,
        )

    def _clock(self, moment: datetime | None) -> datetime | None:
        if moment is None:
            return None
        return moment.astimezone(self._voice.zone).replace(tzinfo=None, microsecond=0)


def _sums(report: Report, voice: Voice) -> Iterator[tuple[Value, ...]]:
    from views.workbooks import Share

    def row(name: str, fares: Fares) -> tuple[Value, ...]:
        share = percent(fares)
        return (
            name,
            fares.total,
            fares.sent,
            fares.read,
            None if share is None else Share(share / 100),
            fares.failed,
            fares.unreachable,
            fares.called,
            fares.left,
            fares.muted,
            fares.stopped + fares.ahead,
        )

    yield row(plain(voice.say("report.all")), whole(report))
    for one in report.by_unit:
        yield row(named(one.place, voice), one.fares)


def sheet(report: Report, readings: Iterable[Reading], *, voice: Voice) -> bytes:
    """The whole workbook at once, from recipients that can be walked through without waiting."""
    book = ReportBook(report, voice=voice)
    book.add(readings)
    return book.content()
