"""The inside of an XLSX workbook: its sheets as rows of texts, an event of its XML at a time.

A workbook is a stranger's archive: its parts are looked at before anything is unpacked, and what is unpacked is
counted. openpyxl reads the same, and writes our own sheets; but with its XML made safe it takes 350 µs for a row of
twelve cells, ten times all the rest of an import, so expat is used as it is, with document types refused.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import chain
from pathlib import PurePosixPath
from typing import IO, Any
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.cell import column_index_from_string, range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from domain.base import Refused
from domain.sheet_columns import Fault
from sheets.lines import AT_ONCE, MEGABYTE, MOST_COLUMNS, Limits, Line

UNPACKED = 25
"""How many times its own greatest size a workbook may unpack to."""
MOST_RATIO = 200
"""A real sheet packs thirty times at best; what packs more than this is no sheet."""
MOST_PARTS = 2000
MOST_PIECES = 8
"""Pieces of text, as the parser brings them, that are kept of one cell: more than any cell of a spreadsheet needs."""
MOST_CHARACTERS = 32_768
"""One more than a cell of a spreadsheet can hold."""

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    LookupError,
    ValueError,
    ArithmeticError,
    EOFError,
    NotImplementedError,
)
"""What a damaged or forged workbook makes of its readers."""


class Workbook:
    """What all sheets of a workbook share: its strings, which styles are dates, and where the sheets are.

    Raises Refused for what is no workbook, or is one to do harm.
    """

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        self.strings: list[str] = []
        self.epoch = CALENDAR_WINDOWS_1900
        self._left = limits.most_bytes * UNPACKED
        try:
            self._archive = zipfile.ZipFile(file)
            self._look_before_unpacking()
            self.sheets = self._find_sheets()
            self.dates = self._date_styles()
            self._read_strings()
        except _BROKEN as error:
            raise Refused("import.not_a_sheet") from error

    def sheet(self, path: str) -> SheetReader:
        """A reader of one of ``sheets``."""
        return SheetReader(self, path)

    def _look_before_unpacking(self) -> None:
        parts = self._archive.infolist()
        if any(part.flag_bits & 0x1 for part in parts):
            raise Refused("import.password")
        unpacked = sum(part.file_size for part in parts)
        packed = sum(part.compress_size for part in parts)
        is_bomb = unpacked > self._left or (unpacked > MEGABYTE and unpacked > packed * MOST_RATIO)
        if is_bomb or len(parts) > MOST_PARTS:
            raise Refused("import.bomb")
        if "xl/workbook.xml" not in self._archive.namelist():
            raise Refused("import.not_a_sheet")

    def read(self, path: str) -> Iterator[bytes]:
        """A part, unpacked piece by piece and counted, whatever its header says of its size."""
        with self._archive.open(path) as part:
            while data := part.read(AT_ONCE):
                self._left -= len(data)
                if self._left < 0:
                    raise Refused("import.bomb")
                yield data

    def parse(self, path: str, parser: Any) -> None:
        """All of a part through a parser."""
        for data in self.read(path):
            parser.Parse(data, False)
        parser.Parse(b"", True)

    def _elements(self, path: str) -> list[tuple[str, Mapping[str, str]]]:
        """The elements of a small part, with their attributes."""
        found: list[tuple[str, Mapping[str, str]]] = []
        self.parse(
            path, _parser(lambda name, attributes: found.append((name.rpartition(":")[2], attributes)))
        )
        return found

    def _find_sheets(self) -> list[str]:
        targets = {
            attributes["Id"]: str(PurePosixPath("xl", attributes["Target"]))
            for name, attributes in self._elements("xl/_rels/workbook.xml.rels")
            if name == "Relationship"
        }
        found = []
        for name, attributes in self._elements("xl/workbook.xml"):
            if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self.epoch = CALENDAR_MAC_1904
            if name == "sheet":
                relation = next((v for k, v in attributes.items() if k.split(":")[-1] == "id"), "")
                found.append(targets[relation].lstrip("/"))
        return [path for path in found if path in self._archive.namelist()]

    def _date_styles(self) -> frozenset[int]:
        if "xl/styles.xml" not in self._archive.namelist():
            return frozenset()
        own: dict[int, str] = {}
        styles: list[int] = []
        in_cells = False
        for name, attributes in self._elements("xl/styles.xml"):
            if name == "numFmt" and "formatCode" in attributes:
                own[int(attributes["numFmtId"])] = attributes["formatCode"]
            elif name in ("cellXfs", "cellStyles"):
                in_cells = name == "cellXfs"
            elif name == "xf" and in_cells:
                styles.append(int(attributes.get("numFmtId", 0)))
        return frozenset(
            place
            for place, number in enumerate(styles)
            if is_date_format(own.get(number) or BUILTIN_FORMATS.get(number)) or number in _EASTERN_DATES
        )

    def _read_strings(self) -> None:
        if "xl/sharedStrings.xml" not in self._archive.namelist():
            return
        reader = _StringReader(self.strings)
        self.parse("xl/sharedStrings.xml", reader.parser)


_EASTERN_DATES = frozenset({*range(27, 37), *range(50, 59)})
"""Built-in formats that are dates in Chinese, Japanese and Korean spreadsheets, and unnamed elsewhere."""

Start = Callable[[str, Mapping[str, str]], None]


def _parser(
    start: Start, end: Callable[[str], None] | None = None, text: Callable[[str], None] | None = None
) -> Any:
    """A parser. A document type, which no workbook has, is refused: it can hold entities that unfold without end."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def _no_doctype(*_: Any) -> None:
    raise Refused("import.bomb")


class _StringReader:
    """The table of strings that cells point into. What is read aloud beside them (furigana) is left out."""

    def __init__(self, strings: list[str]) -> None:
        self._strings = strings
        self._pieces: list[str] = []
        self._reading = False
        self._aloud = False
        self.parser = _parser(self._start, self._end, self._text)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "t":
            self._reading = not self._aloud
        elif local == "rPh":
            self._aloud = True

    def _text(self, data: str) -> None:
        if self._reading and len(self._pieces) < MOST_PIECES:
            self._pieces.append(data)

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "t":
            self._reading = False
        elif local == "si":
            self._strings.append("".join(self._pieces)[:MOST_CHARACTERS])
            self._pieces.clear()
        elif local == "rPh":
            self._aloud = False


class SheetReader:
    """One sheet's rows, as they come out of the parser."""

    def __init__(self, book: Workbook, path: str) -> None:
        self._book = book
        self._path = path
        self._done: list[Line] = []
        self._number = 0
        self._cells: list[str] = []
        self._faults: list[tuple[int, Fault]] = []
        self._place = -1
        self._type = ""
        self._style = 0
        self._pieces: list[str] = []
        self._reading = False
        self._aloud = False
        self._formula = False
        self.merged: list[tuple[int, int, str]] = []

    def lines(self) -> Generator[Line, None, None]:
        """Each row that has cells. Raises Refused where the sheet is damaged."""
        parser = _parser(self._start, self._end, self._text)
        try:
            for data in chain(self._book.read(self._path), (b"",)):
                parser.Parse(data, not data)
                if self._done:
                    yield from self._done
                    self._done.clear()
        except _BROKEN as error:
            raise Refused("import.not_a_sheet") from error

    # Called for every cell: what is common stands first, and little is called from here.

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            reference = attributes.get("r")
            self._place = _place_of(reference) if reference else self._place + 1
            self._type = attributes.get("t", "n")
            self._style = int(attributes.get("s", 0))
            self._formula = False
            self._pieces = []
        elif name in ("v", "t"):
            self._reading = not self._aloud
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells = []
            self._faults = []
            self._place = -1
        elif name == "rPh":
            self._aloud = True
        elif name == "mergeCell":
            column, row, _, _ = range_boundaries(attributes["ref"])
            self.merged.append((int(row or 0), int(column or 1) - 1, attributes["ref"]))

    def _text(self, data: str) -> None:
        if self._reading and len(self._pieces) < MOST_PIECES:
            self._pieces.append(data)

    def _end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            if self._pieces or self._formula:
                self._cell()
        elif name in ("v", "t"):
            self._reading = False
        elif name == "row":
            self._done.append(Line(self._number, self._cells, tuple(self._faults)))
        elif name == "rPh":
            self._aloud = False

    def _cell(self) -> None:
        place, pieces = self._place, self._pieces
        if place >= MOST_COLUMNS:
            return
        text = (pieces[0] if len(pieces) == 1 else "".join(pieces))[:MOST_CHARACTERS]
        if self._formula:
            self._faults.append((place, Fault.FORMULA))
        elif self._type == "e":
            self._faults.append((place, Fault.ERROR_VALUE))
        elif self._type == "s":
            text = self._book.strings[int(text)]
        elif self._type == "n" and text:
            text = self._number_of(text)
        cells = self._cells
        if place > len(cells):
            cells.extend([""] * (place - len(cells)))
        if place == len(cells):
            cells.append(text)
        else:
            cells[place] = text

    def _number_of(self, text: str) -> str:
        """A number as people mean it: a date by its style, a whole number without a point, else as it stands."""
        if self._style in self._book.dates:
            day = from_excel(float(text), self._book.epoch)
            if isinstance(day, datetime):
                return (
                    day.date().isoformat() if day.time() == day.min.time() else day.isoformat(" ", "minutes")
                )
            return day.isoformat() if isinstance(day, date) else text
        if text.isdigit():
            return text
        try:
            number = Decimal(text)
        except InvalidOperation:
            return text
        whole = number == number.to_integral_value() and abs(number) < _EXACT
        return str(int(number)) if whole else text


_EXACT = Decimal(10) ** 15
"""A spreadsheet keeps fifteen digits of a number; what is longer has lost some."""

_LETTERS = re.compile(r"[A-Z]{1,3}")
_PLACES: dict[str, int] = {}


def _place_of(reference: str) -> int:
    """0 for "A7". Raises ValueError for what is no reference."""
    letters = reference.rstrip("0123456789")
    place = _PLACES.get(letters)
    if place is None:
        if not _LETTERS.fullmatch(letters):
            raise ValueError(reference)
        place = _PLACES[letters] = column_index_from_string(letters) - 1
    return place
