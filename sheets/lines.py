"""What every reader of spreadsheets shares: a row as it stands, and how much is read at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.sheet_columns import Fault

MEGABYTE = 1024 * 1024
MOST_COLUMNS = 200
AT_ONCE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """``most_bytes`` of the file, ``most_rows`` of the sheet below its header."""

    most_bytes: int = 20 * MEGABYTE
    most_rows: int = 100_000

    @property
    def megabytes(self) -> int:
        """For the sentence about it."""
        return max(1, self.most_bytes // MEGABYTE)


class Line(NamedTuple):
    """A row as it stands: its number in the sheet, its cells, and what is wrong with some of them, by place."""

    number: int
    cells: Sequence[str]
    faults: Sequence[tuple[int, Fault]] = ()
