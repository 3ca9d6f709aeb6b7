"""What goes out as a sheet is text in every cell, whatever anybody called themselves."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import pytest
from openpyxl import load_workbook

from domain.imports import ExportedPerson, ExportedUnit
from domain.rulebook import Rulebook
from domain.sheet_columns import Fault, ImportKind, Problem
from tests.support.clock import Clock
from tests.support.importing import TEXTS
from views import imports, sheets
from views.message import Reader
from views.sheets import Table
from views.voice import Voice
from views.workbooks import Book

ATTACKS = (
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠A", '=HYPERLINK("http://x")',
    "<b>&</b>", "001", "1E5", "2026-03-01", "TRUE", "_x000D_",
)  # fmt: skip


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def voice(language: str = "zh") -> Voice:
    return Voice(TEXTS, Reader(language), Rulebook(), Clock().now())


def test_no_cell_of_an_export_is_a_formula_a_number_or_a_date() -> None:
    book = Book("x", ["a"], widths=[10])
    book.add([attack] for attack in ATTACKS)
    content = book.content()
    sheet = parts(content)["xl/worksheets/sheet1.xml"]
    assert re.findall(r"<(f|v)\b", sheet) == []
    assert re.findall(r'<c [^>]*t="(\w+)"', sheet) == ["inlineStr"] * (len(ATTACKS) + 1)
    found = load_workbook(io.BytesIO(content)).active
    assert {cell.number_format for row in found.iter_rows() for cell in row} == {"@"}
    assert [row[0].value for row in found.iter_rows(min_row=2)] == [
        " ".join(text.split()) for text in ATTACKS
    ]


def test_a_table_has_an_apostrophe_before_what_would_be_a_formula() -> None:
    table = Table(["a"])
    table.add([attack] for attack in ATTACKS)
    content = table.content()
    assert content.startswith(b"\xef\xbb\xbf")
    cells = [row[0] for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))][1:]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r＝＋－＠"))]


def test_a_book_has_a_frozen_bold_header_in_the_readers_language() -> None:
    for chinese, first in ((True, "编号"), (False, "number")):
        book = sheets.book_of(ImportKind.PEOPLE, title="x", chinese=chinese)
        found = load_workbook(io.BytesIO(book.content())).active
        assert found["A1"].value == first
        assert found["A1"].font.b
        assert found.freeze_panes == "A2"
        assert found.column_dimensions["B"].width == 18


def test_rows_have_as_many_cells_as_there_are_columns() -> None:
    person = ExportedPerson("A1", "孙", "138", "b1", "1", "zh", 0)
    unit = ExportedUnit("b1", "building", "1号楼", "", "c", ("红楼", "一号"))
    for chinese in (True, False):
        assert len(sheets.cells(person, chinese=chinese)) == len(
            sheets.headings(ImportKind.PEOPLE, chinese=chinese)
        )
        assert len(sheets.cells(unit, chinese=chinese)) == len(
            sheets.headings(ImportKind.UNITS, chinese=chinese)
        )


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ImportKind)
def test_an_empty_sheet_explains_each_column_on_its_second_page(kind: ImportKind, language: str) -> None:
    upload = imports.template_upload(kind, voice=voice(language))
    assert upload.name.endswith(".xlsx")
    first, second = load_workbook(io.BytesIO(upload.content)).worksheets
    assert first.max_row == 1
    assert [row[0].value for row in second.iter_rows()] == [cell.value for cell in first[1]]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("fault", Fault)
def test_every_mistake_is_said_with_its_place_and_its_text_is_no_markup(fault: Fault, language: str) -> None:
    params = {"text": "<b>x</b>", "most": 3, "line": 7, "count": 2, "cells": "A1:B2", "other": "b2"}
    said = imports.told(ImportKind.PEOPLE, Problem(12, "phone", fault, params), voice=voice(language))
    assert "12" in said
    assert "<b>x" not in said


def test_a_list_of_mistakes_fits_a_message_however_many_there_are() -> None:
    problems = [Problem(n, "phone", Fault.PHONE_WRONG, {"text": "<" * 40}) for n in range(200)]
    message = imports.faulty(
        ImportKind.PEOPLE, problems, count=5000, unknown=["x" * 40] * 50, upload=None, voice=voice()
    )
    assert len(message.text) < 4096
    assert "5000" in message.text
