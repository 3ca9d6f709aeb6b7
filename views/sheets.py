"""Sheets of units and people as files: exports, templates, and what came in with its mistakes beside it.

Pure: rows in, bytes out. Every cell is typed as text, so that nothing anybody wrote is ever a formula (names that begin
with = + - @, a TAB, a CR or their full-width forms); in CSV, which knows no types, an apostrophe stands before those,
and an import takes it away again. Long to make: call it in a thread.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from domain.imports import ExportedPerson, ExportedUnit
from domain.sheet_columns import COLUMNS, KINDS, LANGUAGE_NAMES, ROLES, ImportKind
from views.safe import cleaned

if TYPE_CHECKING:
    from views.workbooks import Book

_SEVERAL = "、"
_FORMULA = "=+-@\t\r＝＋－＠"
_WIDTHS = {
    "code": 16, "name": 18, "name_en": 24, "parent": 16, "aliases": 24, "zone": 18,
    "number": 14, "phone": 16, "unit": 16, "telegram_id": 16, "role_unit": 18, "from": 13, "until": 13, "skills": 24,
}  # fmt: skip
_USUAL_WIDTH = 10
_WIDE = 60


def headings(kind: ImportKind, *, chinese: bool) -> list[str]:
    """The names of the columns, as an import knows them."""
    return [column.zh if chinese else column.key for column in COLUMNS[kind]]


def cells(row: ExportedUnit | ExportedPerson, *, chinese: bool) -> list[str]:
    """A row's cells in the order of the columns."""
    if isinstance(row, ExportedUnit):
        return [
            row.code,
            KINDS[row.kind] if chinese else row.kind,
            row.name,
            row.name_en,
            row.parent,
            _SEVERAL.join(row.aliases),
            row.zone,
            row.calendar,
        ]
    return [
        row.number,
        row.name,
        row.phone,
        row.unit,
        row.flat,
        LANGUAGE_NAMES.get(row.language, row.language) if chinese else row.language,
        str(row.telegram_id or ""),
        ("" if row.role is None else ROLES[row.role] if chinese else row.role.value),
        row.role_unit,
        row.begins,
        row.ends,
        _SEVERAL.join(row.skills),
    ]


class Table:
    """The same as a CSV file, which spreadsheets read as UTF-8 by its mark."""

    def __init__(self, header: Sequence[str]) -> None:
        self._file = io.StringIO(newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(header)

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Further rows."""
        self._writer.writerows([_harmless(" ".join(cleaned(text).split())) for text in row] for row in rows)

    def content(self) -> bytes:
        """The file."""
        return self._file.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(tuple(_FORMULA)) else text


def book_of(kind: ImportKind, *, title: str, chinese: bool) -> Book:
    """An empty book with the columns of ``kind``."""
    from views.workbooks import Book

    widths = [_WIDTHS.get(column.key, _USUAL_WIDTH) for column in COLUMNS[kind]]
    return Book(title, headings(kind, chinese=chinese), widths=widths)


def marked(header: Sequence[str], *, title: str, problem: str) -> Book:
    """An empty book for a copy of somebody's sheet, with a column for what is wrong in front."""
    from views.workbooks import Book

    return Book(title, [problem, *header], widths=[_WIDE, *([_USUAL_WIDTH + 6] * len(header))])
