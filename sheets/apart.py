"""A sheet read in a process of its own: ``python -m sheets``, asked on its standard input, telling on its output.

Reading takes tens of microseconds of processor for each row. In the program's own process it would take them from
whoever waits for an answer or holds the writer; here another processor does it, whatever a stranger's file costs of
memory goes with the process, and writing into a full pipe keeps it from reading far ahead. Knows both ends' words; who
starts and ends the process is ``bot/reading.py``.
"""

from __future__ import annotations

import pickle
import signal
import struct
import sys
from contextlib import closing
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from traceback import format_exc
from typing import IO, Any

from domain.base import Refused, Scalar
from domain.sheet_columns import Header, ImportKind, Problem
from domain.sheets import PersonLine, SheetLine, UnitLine
from sheets.lines import Limits
from sheets.opening import opened
from sheets.rows import Row, merged, next_rows

LENGTH = struct.Struct(">I")
"""Stands before each message: how many bytes it has."""

_LINES: dict[ImportKind, type[SheetLine]] = {ImportKind.UNITS: UnitLine, ImportKind.PEOPLE: PersonLine}
_VALUES = {kind: attrgetter(*(field.name for field in fields(line))) for kind, line in _LINES.items()}


@dataclass(frozen=True)
class Asked:
    """The sheet to be read, how many rows a message shall have, and how many merged cells are told at most."""

    source: Path | bytes
    kind: ImportKind | None
    limits: Limits
    rows: int
    merged: int


@dataclass(frozen=True)
class Opened:
    """The first message: the table that was found."""

    header: Header


@dataclass(frozen=True)
class Rows:
    """Its rows after that, as plain values: unpacked several times as fast as the lines themselves."""

    values: list[tuple[Any, list[Problem]]]

    def lines(self, kind: ImportKind) -> list[Row]:
        """The rows as lines of a sheet of this kind."""
        line = _LINES[kind]
        return [(line(*values), problems) for values, problems in self.values]


@dataclass(frozen=True)
class Ended:
    """The last message, with merged cells."""

    merged: list[Problem]


@dataclass(frozen=True)
class No:
    """The last message when the file is refused."""

    key: str
    params: dict[str, Scalar]


@dataclass(frozen=True)
class Failed:
    """The last message when reading has a fault of its own."""

    trace: str


Message = Opened | Rows | Ended | No | Failed


def packed(message: Asked | Message) -> bytes:
    """A message as it goes through a pipe, its length before it."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(content)) + content


def unpacked(content: bytes) -> Any:
    """The message, without its length."""
    return pickle.loads(content)  # noqa: S301 - written by the process that this one has started, or was started by


def tell(asked: Asked, out: IO[bytes]) -> None:
    """Read the sheet and write what there is to tell."""

    def say(message: Message) -> None:
        out.write(packed(message))
        out.flush()

    try:
        with closing(opened(asked.source, kind=asked.kind, limits=asked.limits)) as sheet:
            say(Opened(sheet.header))
            values = _VALUES[sheet.header.kind]
            while rows := next_rows(sheet, asked.rows):
                say(Rows([(values(line), problems) for line, problems in rows]))
            say(Ended(merged(sheet, asked.merged)))
    except Refused as refused:
        say(No(refused.key, refused.params))
    except Exception:
        say(Failed(format_exc()))


def main() -> None:
    """The process: one sheet, then the end. When whoever asked is gone, writing ends it without a word."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    asked = sys.stdin.buffer
    (length,) = LENGTH.unpack(asked.read(LENGTH.size))
    tell(unpacked(asked.read(length)), sys.stdout.buffer)
