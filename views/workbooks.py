"""A workbook being written: what people wrote is a text in every cell, whatever it looks like.

Numbers, shares and times are cells of their own kind, so that they can be summed and sorted. The library that writes
it takes a fifth of a second to load, so this is imported by whoever is about to write one.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from views.safe import cleaned

_TEXT = "@"
_TIME = "yyyy-mm-dd hh:mm"
_WIDE = 60


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, 0 to 1, shown in per cent."""

    value: float


Value = str | int | float | Share | datetime | None
"""What stands in a cell. A time is a naive one of the reader's clock: a workbook knows no zones. None: nothing."""


class Book:
    """An XLSX file, row after row, one sheet after another; what was added is no longer held as rows."""

    def __init__(self, title: str, header: Sequence[str], *, widths: Sequence[int]) -> None:
        self._book = Workbook(write_only=True)
        self.sheet(title, header, widths=widths)

    def sheet(self, title: str, header: Sequence[str], *, widths: Sequence[int]) -> None:
        """Begin a sheet, to which rows are added from now on. ``title``: at most 31 characters."""
        self._sheet = self._book.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        for place, width in enumerate(widths, start=1):
            self._sheet.column_dimensions[get_column_letter(place)].width = width
        bold = Font(bold=True)
        top = [self._text(text) for text in header]
        for cell in top:
            cell.font = bold
        self._sheet.append(top)

    def _text(self, text: str) -> WriteOnlyCell:
        cell = WriteOnlyCell(self._sheet)
        cell.value = " ".join(cleaned(text).split())
        # By itself a text that begins with "=" would become a formula, and one like a number would be edited as one.
        cell.data_type = "s"
        cell.number_format = _TEXT
        return cell

    def _cell(self, value: Value) -> WriteOnlyCell | float | None:
        match value:
            case str():
                return self._text(value) if value else None
            case Share():
                cell = WriteOnlyCell(self._sheet, value=value.value)
                cell.number_format = "0%"
                return cell
            case datetime():
                cell = WriteOnlyCell(self._sheet, value=value)
                cell.number_format = _TIME
                return cell
        return value

    def add(self, rows: Iterable[Sequence[Value]]) -> None:
        """Further rows."""
        for row in rows:
            self._sheet.append([self._cell(value) for value in row])

    def explain(self, title: str, lines: Iterable[tuple[str, str]]) -> None:
        """A second sheet that says what each column takes."""
        sheet = self._book.create_sheet(title)
        sheet.column_dimensions["A"].width = 18
        sheet.column_dimensions["B"].width = _WIDE
        for name, words in lines:
            row = [WriteOnlyCell(sheet, value=name), WriteOnlyCell(sheet, value=words)]
            row[1].alignment = Alignment(wrap_text=True, vertical="top")
            sheet.append(row)

    def content(self) -> bytes:
        """The file. Nothing can be added after this."""
        file = io.BytesIO()
        self._book.save(file)
        return file.getvalue()
