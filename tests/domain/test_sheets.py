"""A cell means what its writer meant, however their spreadsheet shows it; what cannot be meant is told."""

from __future__ import annotations

import pytest

from domain.base import Role
from domain.sheet_columns import COLUMNS, KEYS, Fault, ImportKind, header_of
from domain.sheets import PersonLine, parts_of, read_person, read_unit, tidy

PEOPLE = KEYS[ImportKind.PEOPLE]


def person(**cells: str) -> tuple[PersonLine, list[tuple[str, Fault]]]:
    """A row with these cells, and what is wrong with it."""
    line, problems = read_person(
        2,
        [{"number": "N", "name": "孙", **cells}.get(key, "") for key in PEOPLE],
        {key: n for n, key in enumerate(PEOPLE)},
    )
    return line, [(problem.column, problem.fault) for problem in problems]


# --- headings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ImportKind)
@pytest.mark.parametrize("chinese", [True, False])
def test_the_headings_of_an_empty_sheet_are_all_known(kind: ImportKind, *, chinese: bool) -> None:
    found = header_of([(1, [column.zh if chinese else column.key for column in COLUMNS[kind]])], None)
    assert found is not None
    assert (found.kind, tuple(found.places), found.unknown, found.missing) == (kind, KEYS[kind], (), ())


def test_headings_are_known_however_they_are_decorated_and_the_best_row_is_taken() -> None:
    rows = [
        (1, ["幸福社区花名册", ""]),
        (2, ["姓名", "备注"]),
        (5, ["* 姓名（必填）", "ＴＥＬＥＧＲＡＭ号", "楼栋代码 ", "爱好", "Role_Unit"]),
    ]
    found = header_of(rows, None)
    assert found is not None
    assert (found.kind, found.line) == (ImportKind.PEOPLE, 5)
    assert found.places == {"name": 0, "telegram_id": 1, "unit": 2, "role_unit": 4}
    assert found.unknown == ("爱好",)


def test_missing_columns_are_named_and_a_table_of_something_else_has_no_header() -> None:
    found = header_of([(1, ["姓名", "电话"])], None)
    assert found is not None
    assert found.missing == ("unit",)
    assert header_of([(1, ["甲", "乙", "姓名"])], None) is None
    units = header_of([(1, ["name", "code", "unit"])], ImportKind.UNITS)
    assert units is not None
    assert units.missing == ("kind", "parent")


def test_a_column_that_stands_twice_counts_once() -> None:
    found = header_of([(1, ["姓名", "楼栋", "姓名"])], None)
    assert found is not None
    assert (found.places["name"], found.unknown) == (0, ("姓名",))


# --- cells --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [("'00123", "00123"), ("１３８\u3000００", "138 00"), ("  a \t b\n", "a b"), ("王\u200b建国\ufeff", "王建国"),
     ("（一期）", "（一期）"), ("", ""), ("'", ""), ("3-201", "3-201"), ("O'Neil", "O'Neil"), ("ＡＢＣ", "ABC")],
)  # fmt: skip
def test_odd_characters_are_made_usual_ones(text: str, meant: str) -> None:
    assert tidy(text) == meant
    assert tidy(tidy(text)) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("13800138000", "13800138000"), ("13800138000.0", "13800138000"), ("'+86 138-0013-8000", "13800138000"),
     ("１３８００１３８０００", "13800138000"), ("010 6552 9988", "01065529988"), ("", "")],
)  # fmt: skip
def test_a_telephone_number_is_read_as_it_is_dialled(text: str, meant: str) -> None:
    line, problems = person(phone=text)
    assert (line.phone, problems) == (meant, [])


@pytest.mark.parametrize("text", ["1.38E+10", "1.38e10", "1E+10"])
def test_a_number_that_has_lost_digits_is_refused(text: str) -> None:
    for column in ("phone", "telegram_id", "number"):
        assert person(**{column: text})[1] == [(column, Fault.DIGITS_LOST)]


@pytest.mark.parametrize("text", ["0", "-5", "１２x", "1" * 17, "12.5", "٣"])
def test_what_is_no_telegram_account_is_refused(text: str) -> None:
    assert person(telegram_id=text)[1] == [("telegram_id", Fault.TELEGRAM_WRONG)]


@pytest.mark.parametrize(
    "text",
    ["2026-03-01", "2026/3/1", "2026年3月1日", "20260301", "2026.3.1", "2026-03-01 00:00:00", "２０２６-3-1"],
)
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    line, problems = person(role="党员", unit="b1", **{"from": text})
    assert (str(line.begins), problems) == ("2026-03-01", [])


@pytest.mark.parametrize(
    "text", ["46082", "2026-13-01", "2026-02-30", "0001-01-01", "2026-03-01 10:30", "soon"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    assert person(role="党员", unit="b1", **{"from": text})[1] == [("from", Fault.DATE_WRONG)]


@pytest.mark.parametrize(
    ("text", "role"),
    [("党员", Role.MEMBER), ("Leader", Role.LEADER), ("网格员", Role.LEADER), ("书记", Role.SECRETARY), ("居民", None), ("", None)],
)  # fmt: skip
def test_a_role_is_read_in_both_languages_and_held_at_home_when_nothing_is_said(
    text: str, role: Role | None
) -> None:
    line, problems = person(role=text, unit="b1")
    assert (line.role, line.role_unit, problems) == (role, "b1" if role else "", [])


def test_several_values_are_parted_by_any_usual_mark() -> None:
    assert parts_of("水电、驾驶;水电；  理发,,急救") == ("水电", "驾驶", "理发", "急救")


def test_a_row_that_ends_early_is_empty_from_there() -> None:
    line, problems = read_person(7, ["N", "孙"], {key: n for n, key in enumerate(PEOPLE)})
    assert (line.number, line.name, line.phone, line.skills, problems) == ("N", "孙", "", (), [])


def test_a_zone_is_one_that_there_is() -> None:
    places = {"code": 0, "kind": 1, "name": 2, "zone": 3, "parent": 4}
    for zone, faults in (
        ("Asia/Shanghai", []),
        ("../etc/passwd", [Fault.ZONE_UNKNOWN]),
        ("Mars/One", [Fault.ZONE_UNKNOWN]),
    ):
        _, problems = read_unit(2, ["c", "社区", "x", zone, ""], places)
        assert [problem.fault for problem in problems] == faults
