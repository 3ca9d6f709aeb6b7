"""A notice's report as a workbook: it adds up, says why in words, and nothing anybody wrote is a formula."""

from __future__ import annotations

import gc
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.cell import Cell
from sqlalchemy import CheckConstraint

from domain.notices.shown import RECEIPT_STATES, Fares, Reading
from domain.rulebook import Rulebook
from jobs.classify import _BY_WORDS, Drop, Unreachable
from storage.schema_notices import receipt
from tests.support.reporting import BEGUN, TEXTS, report, voice
from views.notice_sheet import _MEANS, WHYS, ReportBook, sheet, why

FIRST = Fares(total=10, sent=6, read=4, failed=1, unreachable=2, left=1, called=2)
SECOND = Fares(total=7, queued=1, sent=3, read=3, stopped=1, muted=1)
REPORT = report([("1号楼", FIRST), ("2号楼", SECOND)])
HAS_IT = Reading("孙", "1号楼", "sent", BEGUN, None)


def cells(content: bytes, number: int) -> list[list[Any]]:
    found = load_workbook(io.BytesIO(content)).worksheets[number]
    return [[str(cell.value) if cell.is_date else cell.value for cell in row] for row in found.iter_rows()]


def people(*readings: Reading, language: str = "zh", rules: Rulebook | None = None) -> list[list[Any]]:
    return cells(sheet(REPORT, readings, voice=voice(language, rules=rules)), 1)[1:]


def test_the_sums_of_a_building_add_up_to_its_recipients_and_those_of_all_to_the_whole() -> None:
    _, everyone, *buildings = cells(sheet(REPORT, (), voice=voice()), 0)
    assert buildings == [
        ["1号楼", 10, 6, 4, 0.67, 1, 2, 2, 1, 0, 0],
        ["2号楼", 7, 3, 3, 1, 0, 0, 0, 0, 1, 3],
    ]
    assert everyone == ["合计", 17, 9, 7, 0.78, 1, 2, 2, 1, 1, 3]
    # Who was told by phone is among those whom it did not reach.
    for _, total, had, _, _, failed, unreachable, _, *others in (everyone, *buildings):
        assert total == had + failed + unreachable + sum(others)


def test_a_share_is_a_number_in_per_cent_and_absent_where_nobody_has_it() -> None:
    nearly = Fares(total=1000, sent=1000, read=999)
    content = sheet(report([("1号楼", nearly), ("2号楼", Fares(total=1, unreachable=1))]), (), voice=voice())
    found = load_workbook(io.BytesIO(content)).worksheets[0]
    assert (found["E3"].value, found["E3"].number_format, found["E3"].data_type) == (0.99, "0%", "n")
    assert found["E4"].value is None


def test_a_recipient_is_told_with_place_state_and_times_of_the_community() -> None:
    read = replace(HAS_IT, read_at=BEGUN + timedelta(hours=15, microseconds=5))
    assert people(read, HAS_IT) == [
        ["孙", "1号楼", "已阅", "2026-03-02 10:00:00", "2026-03-03 01:00:00", None, None],
        ["孙", "1号楼", "已送达，未阅", "2026-03-02 10:00:00", None, None, None],
    ]
    elsewhere = people(HAS_IT, rules=Rulebook(time_zone="America/New_York"))
    assert elsewhere[0][3] == "2026-03-01 21:00:00"


def test_the_reader_reads_their_own_language_and_a_place_without_an_english_name_keeps_its_own() -> None:
    named = replace(HAS_IT, place_en="Building 1")
    content = sheet(REPORT, [named, HAS_IT, replace(HAS_IT, place="")], voice=voice("en"))
    assert load_workbook(io.BytesIO(content)).sheetnames == ["By building", "Recipients"]
    assert [row[1] for row in cells(content, 1)] == ["Building", "Building 1", "1号楼", "No building"]
    assert cells(content, 0)[2][0] == "1号楼 (en)"
    assert people(named)[0][1] == "1号楼"


def test_whoever_could_not_be_reached_is_told_with_what_to_do_about_it() -> None:
    told = people(
        Reading("a", "", "unreachable", None, None),
        Reading("b", "", "unreachable", None, None, "blocked"),
        Reading("c", "", "left", None, None, "blocked"),
        Reading("d", "", "left", None, None, "no longer true"),
        Reading("e", "", "failed", None, None, "bug: KeyError"),
        Reading("f", "", "stopped", None, None),
        Reading("g", "", "unreachable", None, None, called_at=BEGUN),
    )
    reasons = [row[6] for row in told]
    assert "请打电话" in reasons[0]
    assert reasons[0] != reasons[1] != reasons[2]
    assert "迁出" in reasons[3]
    assert "KeyError" not in reasons[4]
    assert "系统出错" in reasons[4]
    assert reasons[5] is None
    # Who has been told is not to be rung up any more.
    assert told[6][5] == "2026-03-02 10:00:00"
    assert reasons[6] == "没有使用机器人，或已停用"


def test_whoever_has_read_it_in_their_list_has_it_though_no_message_reached_them() -> None:
    (row,) = people(Reading("孙", "1号楼", "unreachable", None, BEGUN, "blocked"))
    assert (row[2], row[6]) == ("已阅", None)


def test_every_reason_that_delivery_gives_has_its_words() -> None:
    reasons = {verdict.reason for _, verdict in _BY_WORDS if isinstance(verdict, Drop | Unreachable)}
    assert reasons - _MEANS.keys() == set()
    assert set(_MEANS.values()) < set(WHYS)
    assert why(Reading("", "", "failed", None, None, "never heard of")) == "ours"


def test_the_states_are_those_of_the_table() -> None:
    (said,) = (str(rule.sqltext) for rule in receipt.constraints if isinstance(rule, CheckConstraint))
    assert tuple(re.findall(r"'(\w+)'", said)) == RECEIPT_STATES
    assert set(Fares.__dataclass_fields__) >= set(RECEIPT_STATES) - {"waiting"}


@pytest.mark.parametrize(
    "attack", ["=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "001", "<b>&"]
)
def test_no_name_of_a_person_or_a_place_is_a_formula_or_a_number(attack: str) -> None:
    content = sheet(report([(attack, FIRST)]), [Reading(attack, attack, "sent", None, None)], voice=voice())
    shown = " ".join(attack.split())
    assert cells(content, 0)[2][0] == shown
    assert cells(content, 1)[1][:2] == [shown, shown]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for number in (1, 2):
            assert b"<f" not in archive.read(f"xl/worksheets/sheet{number}.xml")
    for found in load_workbook(io.BytesIO(content)).worksheets:
        assert found["A2"].data_type == "s"


def test_recipients_are_not_held_however_many_there_are() -> None:
    def alive() -> int:
        return sum(isinstance(thing, Reading | Cell) for thing in gc.get_objects())

    def many() -> Iterator[Reading]:
        for number in range(500):
            yield Reading(f"n{number}", "1号楼", "sent", BEGUN, None)
        held.append(alive())

    held = [alive()]
    content = sheet(REPORT, many(), voice=voice())
    assert held[1] < held[0] + 60
    assert len(cells(content, 1)) == 501


def test_pages_of_recipients_make_the_same_sheet_as_all_at_once() -> None:
    others = [replace(HAS_IT, name=str(number)) for number in range(5)]
    book = ReportBook(REPORT, voice=voice())
    book.add(others[:2])
    book.add(others[2:])
    assert cells(book.content(), 1) == cells(sheet(REPORT, others, voice=voice()), 1)


def test_the_names_of_the_sheets_are_no_longer_than_a_workbook_takes() -> None:
    for language in ("zh", "en"):
        for key in ("report.sums", "report.people"):
            assert len(TEXTS.say(language, key)) <= 31
