"""A spreadsheet's bytes as rows of texts: XLSX and CSV, whatever a community's computers make of them.

Knows how files are told apart and CSV; the inside of a workbook is ``workbooks.py``'s, what the columns mean
``domain/sheets.py``'s. A file is a stranger's: its size is looked at before anything is opened. Rows are a stream, so
that a long sheet needs no more memory than a short one. Blocking: call it in a thread.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from domain.base import Refused
from domain.sheet_columns import HEADER_ROWS, Header, ImportKind, header_of
from sheets.lines import AT_ONCE, MOST_COLUMNS, Limits, Line

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


@dataclass(slots=True)
class Sheet:
    """The table that was found. ``lines`` may be gone through once; ``merged`` (rows and place of merged cells) is
    known when they have come to their end. Whoever opened it closes it.
    """

    file: IO[bytes]
    read: Generator[Line, None, None]
    header: Header
    lines: Iterator[Line]
    merged: list[tuple[int, int, str]] = field(default_factory=list)

    def close(self) -> None:
        """No more is read: first what reads the file ends, then the file."""
        self.read.close()
        self.file.close()


def opened(source: Path | bytes, *, kind: ImportKind | None, limits: Limits) -> Sheet:
    """The sheet whose headings fit ``kind`` (None: units or people). Raises Refused with what is wrong with the file."""
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size > limits.most_bytes:
        raise Refused("import.too_big", most=limits.megabytes)
    file: IO[bytes] = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
    try:
        start = file.read(len(_OLE))
        file.seek(0)
        if start.startswith(_ZIP):
            return _workbook(file, kind, limits)
        if start.startswith(_OLE):
            raise Refused("import.password" if _ENCRYPTED in file.read() else "import.old_workbook")
        return _table(file, kind, limits)
    except BaseException:
        file.close()
        raise


def _counted(lines: Iterator[Line], header: Header, limits: Limits) -> Iterator[Line]:
    """The rows below the header that say anything, as many as there may be."""
    count = 0
    for line in lines:
        if line.number <= header.line or not (line.faults or any(map(str.strip, line.cells))):
            continue
        count += 1
        if count > limits.most_rows:
            raise Refused("import.too_many_rows", most=limits.most_rows)
        yield line


def _chosen(header: Header | None) -> Header:
    if header is None:
        raise Refused("import.no_header")
    return header


# --- CSV ---------------------------------------------------------------------------------------------------------------


def _table(file: IO[bytes], kind: ImportKind | None, limits: Limits) -> Sheet:
    encoding = _encoding_of(file)
    best: tuple[Header, str] | None = None
    broken: Refused | None = None
    for delimiter in (",", ";", "\t"):
        try:
            top = list(islice(_csv_lines(file, encoding, delimiter), HEADER_ROWS))
        except Refused as refused:
            # With the wrong mark even a sound table is broken.
            broken = broken or refused
            continue
        header = header_of(((line.number, line.cells) for line in top), kind)
        if header and (best is None or len(header.places) > len(best[0].places)):
            best = header, delimiter
    if best is None and broken is not None:
        raise broken
    header = _chosen(best[0] if best else None)
    lines = _csv_lines(file, encoding, best[1] if best else ",")
    return Sheet(file, lines, header, _counted(lines, header, limits))


def _csv_lines(file: IO[bytes], encoding: str, delimiter: str) -> Generator[Line, None, None]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        for number, cells in enumerate(reader, start=1):
            yield Line(number, cells[:MOST_COLUMNS])
    except csv.Error as error:
        raise Refused("import.broken_table", line=reader.line_num) from error
    finally:
        # The file outlives this way of reading it: it is read again with another delimiter.
        text.detach()


def _encoding_of(file: IO[bytes]) -> str:
    """UTF-8 or GB18030, with or without a mark, or the UTF-16 of a spreadsheet's "Unicode text"."""
    if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while part := file.read(AT_ONCE):
                if b"\0" in part:
                    raise Refused("import.not_a_sheet")
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise Refused("import.encoding")


# --- XLSX --------------------------------------------------------------------------------------------------------------


def _workbook(file: IO[bytes], kind: ImportKind | None, limits: Limits) -> Sheet:
    # What knows a workbook's days and formats takes a fifth of a second to load; a start does without.
    from sheets.workbooks import Workbook

    book = Workbook(file, limits)
    best: tuple[Header, str] | None = None
    for path in book.sheets:
        header = header_of(
            ((line.number, line.cells) for line in islice(book.sheet(path).lines(), HEADER_ROWS)), kind
        )
        if header and (best is None or (best[0].missing and not header.missing)):
            best = header, path
    header = _chosen(best[0] if best else None)
    reader = book.sheet(best[1] if best else "")
    lines = reader.lines()
    return Sheet(file, lines, header, _counted(lines, header, limits), reader.merged)
