"""A stranger's file becomes rows of texts, or a sentence; it never becomes a gigabyte of memory."""

from __future__ import annotations

import codecs
import io
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from domain.base import Refused
from domain.sheet_columns import Fault, ImportKind
from sheets.lines import MEGABYTE, Limits, Line
from sheets.opening import opened

LIMITS = Limits(MEGABYTE, 1000)
HEAD = ["姓名", "楼栋代码", "电话"]
TABLE = "姓名,楼栋代码,电话\n孙奶奶,b1,13800000001\n"


def workbook(fill: Callable[[Any], None]) -> bytes:
    book = Workbook()
    fill(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rows_of(content: bytes, kind: ImportKind | None = None) -> list[Line]:
    with closing(opened(content, kind=kind, limits=LIMITS)) as sheet:
        return list(sheet.lines)


def refusal(content: bytes | Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(Refused) as refused, closing(opened(content, kind=None, limits=limits)) as sheet:
        list(sheet.lines)
    return refused.value.key


def repacked(content: bytes, change: Callable[[str, bytes], bytes], **extra: bytes) -> bytes:
    """The same workbook with other bytes in some of its parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, data in extra.items():
            new.writestr(name, data)
    return file.getvalue()


# --- CSV ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_in_every_usual_encoding_and_with_every_usual_mark(
    encoding: str, delimiter: str
) -> None:
    sheet = opened(TABLE.replace(",", delimiter).encode(encoding), kind=None, limits=LIMITS)
    assert sheet.header.places == {"name": 0, "unit": 1, "phone": 2}
    assert list(sheet.lines) == [Line(2, ["孙奶奶", "b1", "13800000001"])]


def test_rows_are_numbered_as_the_spreadsheet_numbers_them_and_empty_ones_are_left_out() -> None:
    found = rows_of('名册,,\n\n姓名,楼栋代码,电话\n"孙\n奶奶",b1,\n,,\n\n李,b2,\n'.encode())
    assert [(line.number, line.cells[0]) for line in found] == [(4, "孙\n奶奶"), (7, "李")]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", "import.not_a_sheet"),
        (b"%PDF-1.7 \0", "import.not_a_sheet"),
        (b"PK\x03\x04", "import.not_a_sheet"),
        (b"\x81\xff\xfe\x80", "import.encoding"),
        ('姓名,楼栋代码\n"孙,b1\n'.encode(), "import.broken_table"),
        (f"姓名,楼栋代码\n{'x' * 200_000},b1\n".encode(), "import.broken_table"),
        (b"", "import.no_header"),
        (codecs.BOM_UTF8, "import.no_header"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 Workbook", "import.old_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "import.password"),
    ],
)  # fmt: skip
def test_what_is_no_sheet_is_refused_with_its_own_sentence(content: bytes, key: str) -> None:
    assert refusal(content) == key


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.xlsx"
    with path.open("wb") as file:
        file.truncate(200 * MEGABYTE)
    assert refusal(path, Limits()) == "import.too_big"
    assert refusal(b"x" * (MEGABYTE + 1)) == "import.too_big"


def test_more_rows_than_allowed_are_refused() -> None:
    assert refusal((TABLE + "李,b1,\n" * 1000).encode()) == "import.too_many_rows"
    assert len(rows_of((TABLE + "李,b1,\n" * 999).encode())) == 1000


# --- XLSX ---------------------------------------------------------------------------------------------------------------


def test_dates_and_numbers_of_a_workbook_read_as_they_are_meant() -> None:
    def fill(sheet: Any) -> None:
        sheet.append([*HEAD, "任期起", "编号", "Telegram号", "房号"])
        sheet.append(["孙", "b1", 13800138000, date(2026, 3, 1), 7.0, 5_000_000_000, 3.5])
        sheet.append(["李", "b1", 1.3800138e10, datetime(2026, 3, 1, 10, 30), 7.25, True, "'007"])  # noqa: DTZ001 - a sheet knows no zones
        sheet["D4"] = 46082
        sheet["D4"].number_format = 'yyyy"年"m"月"d"日"'
        sheet["A4"], sheet["B4"] = "王", "b1"

    assert [line.cells for line in rows_of(workbook(fill))] == [
        ["孙", "b1", "13800138000", "2026-03-01", "7", "5000000000", "3.5"],
        ["李", "b1", "13800138000", "2026-03-01 10:30", "7.25", "1", "'007"],
        ["王", "b1", "", "2026-03-01"],
    ]


def test_a_workbook_that_counts_from_1904_has_its_own_days() -> None:
    def fill(sheet: Any) -> None:
        sheet.append([*HEAD, "任期起"])
        sheet.append(["孙", "b1", "", date(2026, 3, 1)])

    content = repacked(
        workbook(fill),
        lambda name, data: (
            data.replace(b"<workbookPr", b'<workbookPr date1904="1"', 1)
            if name == "xl/workbook.xml"
            else data
        ),
    )
    assert rows_of(content)[0].cells[3] == "2030-03-02"


def test_formulas_errors_and_merged_cells_are_told() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["花名册"])
        sheet.append(HEAD)
        sheet.append(["=A1", "b1", "#N/A"])
        sheet.append(["李", "b1", ""])
        sheet.append(["", "b1", ""])
        sheet.merge_cells("A1:C1")
        sheet.merge_cells("A4:A5")

    sheet = opened(workbook(fill), kind=None, limits=LIMITS)
    found = list(sheet.lines)
    assert found[0].faults == ((0, Fault.FORMULA), (2, Fault.ERROR_VALUE))
    assert (4, 0, "A4:A5") in sheet.merged


def test_of_several_sheets_the_one_whose_headings_fit_is_read() -> None:
    book = Workbook()
    book.active.append(["说明", "随便写"])
    second = book.create_sheet("人员")
    second.append(HEAD)
    second.append(["孙", "b1", ""])
    third = book.create_sheet("组织")
    third.append(["代码", "类型", "名称", "上级"])
    third.append(["b1", "楼栋", "1号楼", "c"])
    file = io.BytesIO()
    book.save(file)
    assert rows_of(file.getvalue())[0].cells == ["孙", "b1"]
    assert rows_of(file.getvalue(), ImportKind.UNITS)[0].cells == ["b1", "楼栋", "1号楼", "c"]
    only = opened(workbook(lambda sheet: sheet.append(["代码", "名称"])), kind=None, limits=LIMITS)
    assert only.header.missing == ("kind", "parent")


def test_rich_and_shared_texts_read_as_their_words_without_what_is_read_aloud() -> None:
    shared = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>姓名</t></si><si><t>楼栋代码</t></si>'
        "<si><r><t>孙</t></r><r><t xml:space='preserve'>奶奶</t></r><rPh><t>sun</t></rPh></si></sst>"
    ).encode()
    sheet = (
        b'<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        b'<x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c></x:row>'
        b'<x:row r="9"><x:c r="A9" t="s"><x:v>2</x:v></x:c><x:c r="B9" t="str"><x:v>b1</x:v></x:c></x:row>'
        b"</x:sheetData></x:worksheet>"
    )
    content = repacked(
        workbook(lambda sheet: sheet.append(["x"])),
        lambda name, data: sheet if "sheet1" in name else data,
        **{"xl/sharedStrings.xml": shared},
    )
    assert rows_of(content) == [Line(9, ["孙奶奶", "b1"])]


# --- files that mean harm -------------------------------------------------------------------------------------------------


def good() -> bytes:
    return workbook(lambda sheet: [sheet.append(row) for row in (HEAD, ["孙", "b1", "1"])])


def test_a_bomb_is_refused_by_what_it_says_of_itself() -> None:
    assert refusal(repacked(good(), lambda name, data: data, bomb=b"\0" * (30 * MEGABYTE))) == "import.bomb"
    assert refusal(repacked(good(), lambda name, data: data, small=b"\0" * (2 * MEGABYTE))) == "import.bomb"
    many = {f"part{n}": b"x" for n in range(2001)}
    assert refusal(repacked(good(), lambda name, data: data, **many)) == "import.bomb"


def test_a_bomb_that_lies_about_its_size_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    content = repacked(good(), lambda name, data: b" " * MEGABYTE * 26 + data if "sheet1" in name else data)
    usual = zipfile.ZipFile.infolist

    def lying(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        found = [zipfile.ZipInfo(part.filename) for part in usual(archive)]
        for part in found:
            part.file_size = part.compress_size = 10
        return found

    monkeypatch.setattr(zipfile.ZipFile, "infolist", lying)
    assert refusal(content) == "import.bomb"


def test_a_document_type_is_refused_before_anything_of_it_unfolds() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">'.encode() for a, b in pairwise("abcdefghij")
    ) + b"]>"  # fmt: skip
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"):
        content = repacked(
            good(), lambda name, data, part=part: laughs + b"<x>&j;</x>" if name == part else data
        )  # type: ignore[misc]
        assert refusal(content) == "import.bomb"


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"),
        ("xl/worksheets/sheet1.xml", b'<worksheet><sheetData><row r="x"/></sheetData></worksheet>'),
        ("xl/worksheets/sheet1.xml", b'<worksheet><sheetData><row><c r="!!"/></row></sheetData></worksheet>'),
        ("xl/worksheets/sheet1.xml", b'<worksheet><sheetData><row><c t="s"><v>99</v></c></row></sheetData></worksheet>'),
        ("xl/workbook.xml", b"<workbook><sheets><sheet/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", b"nothing"),
        ("xl/styles.xml", b'<styleSheet><numFmts><numFmt formatCode="d"/></numFmts></styleSheet>'),
    ],
)  # fmt: skip
def test_a_damaged_workbook_is_refused(part: str, data: bytes) -> None:
    assert refusal(repacked(good(), lambda name, old: data if name == part else old)) == "import.not_a_sheet"


def test_an_archive_that_is_no_workbook_is_refused_and_so_is_a_locked_one() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "x")
    assert refusal(file.getvalue()) == "import.not_a_sheet"
    locked = bytearray(good())
    at = locked.index(b"PK\x01\x02")
    locked[at + 8] |= 1
    assert refusal(bytes(locked)) == "import.password"


def test_a_cell_far_to_the_right_or_endlessly_long_costs_nothing() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(HEAD)
        sheet["A2"], sheet["B2"], sheet["XFD2"] = "孙", "b1", "weit"

    assert rows_of(workbook(fill))[0].cells == ["孙", "b1"]
    endless = (
        b'<worksheet><sheetData><row><c t="inlineStr"><is><t>'
        + "姓名".encode()
        + (
            b'</t></is></c><c t="inlineStr"><is><t>' + "楼栋".encode() + b"</t></is></c></row><row>"
            b'<c t="inlineStr"><is><t>'
            + bytes(range(65, 91)) * 30_000
            + b"</t></is></c></row></sheetData></worksheet>"
        )
    )
    content = repacked(good(), lambda name, data: endless if "sheet1" in name else data)
    [line] = opened(content, kind=None, limits=Limits(20 * MEGABYTE)).lines
    assert len(line.cells[0]) == 32_768
