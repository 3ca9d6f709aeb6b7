"""A sheet's rows read as units or people, some at a time, each with what is wrong with it by itself."""

from __future__ import annotations

from itertools import islice

from domain.sheet_columns import Fault, Header, Problem
from domain.sheets import READERS, SheetLine
from sheets.opening import Sheet

Row = tuple[SheetLine, list[Problem]]


def next_rows(sheet: Sheet, most: int) -> list[Row]:
    """The next rows of a sheet, at most so many; none at its end."""
    reader = READERS[sheet.header.kind]
    places = sheet.header.places
    column_at = _columns(sheet.header)
    rows: list[Row] = []
    for line in islice(sheet.lines, most):
        values, problems = reader(line.number, line.cells, places)
        wrong = [
            Problem(line.number, column_at[place], fault)
            for place, fault in line.faults
            if place in column_at
        ]
        if wrong:
            # What a formula or an error leaves in the cell is nobody's mistake besides.
            columns = {problem.column for problem in wrong}
            problems = [*wrong, *(found for found in problems if found.column not in columns)]
        rows.append((values, list(problems)))
    return rows


def merged(sheet: Sheet, most: int) -> list[Problem]:
    """The first merged cells that stand below the header and leave all but one of them empty; known at the sheet's end."""
    column_at = _columns(sheet.header)
    return [
        Problem(line, column_at.get(place, ""), Fault.MERGED, {"cells": cells})
        for line, place, cells in sheet.merged[:most]
        if line > sheet.header.line
    ]


def _columns(header: Header) -> dict[int, str]:
    return {place: key for key, place in header.places.items()}
