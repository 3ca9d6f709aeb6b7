"""What people type is read as they mean it, or refused with a reason; never guessed wrong, never a crash."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.base import Refused
from domain.tasks import MAX_MINUTES
from handlers import parsing

TODAY = date(2026, 11, 21)  # a Saturday


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("９０", 90),
        ("90分钟", 90),
        ("1小时", 60),
        ("1 小时 30 分", 90),
        ("一小时", 60),
        ("两个小时", 120),
        ("一个半小时", 90),
        ("1个半小时", 90),
        ("半小时", 30),
        ("半个小时", 30),
        ("1小时半", 90),
        ("三刻钟", 45),
        ("1.5h", 90),
        ("1h30", 90),
        ("1h 30m", 90),
        ("1:30", 90),
        ("2 hours", 120),
        ("1 hour and 30 minutes", 90),
        ("half an hour", 30),
        ("45 min", 45),
        ("二十分钟", 20),
    ],
)
def test_a_span_is_read_however_it_is_written(text: str, minutes: int) -> None:
    assert parsing.minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "很久", "0", "-5", "1.5", "25小时", "半", "99999", "1h30h", "二零二"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parsing.minutes(text)
    assert refused.value.key == "form.minutes_wrong"


@given(st.integers(1, MAX_MINUTES))
def test_every_number_of_minutes_is_itself(count: int) -> None:
    assert parsing.minutes(str(count)) == count
    assert parsing.minutes(f"{count // 60}小时{count % 60}分") == count


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "13800138000"),
        ("138 0013 8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("010-65529988", "01065529988"),
        ("(0571) 8765 4321", "057187654321"),
        ("+86 10 6552 9988", "01065529988"),
        ("65529988", "65529988"),
        ("+44 20 7946 0000", "+442079460000"),
        ("0044 20 7946 0000", "+442079460000"),
    ],
)
def test_a_telephone_number_becomes_one_to_dial(text: str, number: str) -> None:
    assert parsing.phone(text) == number


@pytest.mark.parametrize(
    "text", ["", "12345", "abc", "12800138000", "1380013800", "138001380001", "+0123456", "١٣٨٠٠١٣٨٠٠٠x"]
)
def test_what_is_no_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parsing.phone(text)
    assert refused.value.key == "form.phone_wrong"


def test_the_number_of_a_contact_carries_its_country() -> None:
    assert parsing.contact_phone("8613800138000") == "13800138000"
    assert parsing.contact_phone("15551234567") == "+15551234567"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("今天", TODAY),
        ("明天", TODAY + timedelta(days=1)),
        ("大后天", TODAY + timedelta(days=3)),
        ("Tomorrow", TODAY + timedelta(days=1)),
        ("3天后", TODAY + timedelta(days=3)),
        ("in 3 days", TODAY + timedelta(days=3)),
        ("两周后", TODAY + timedelta(days=14)),
        ("周三", date(2026, 11, 25)),
        ("星期六", TODAY),
        ("下周三", date(2026, 11, 25)),
        ("下周一", date(2026, 11, 23)),
        ("wednesday", date(2026, 11, 25)),
        ("11-30", date(2026, 11, 30)),
        ("11月30日", date(2026, 11, 30)),
        ("11/30", date(2026, 11, 30)),
        ("2026-11-30", date(2026, 11, 30)),
        ("2026年11月30号", date(2026, 11, 30)),
        ("1-5", date(2027, 1, 5)),
        ("2-29", date(2028, 2, 29)),
    ],
)
def test_a_day_is_read_however_it_is_written(text: str, day: date) -> None:
    assert parsing.day(text, today=TODAY) == day


@pytest.mark.parametrize("text", ["", "改天", "2026-11-20", "13-01", "2026-02-30", "三", "0000-01-01"])
def test_what_is_no_day_to_come_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parsing.day(text, today=TODAY)
    assert refused.value.key == "form.day_wrong"


@given(st.dates(TODAY, date(2035, 12, 31)))
def test_a_date_written_out_is_that_date(day: date) -> None:
    assert parsing.day(day.isoformat(), today=TODAY) == day


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    for read in (
        parsing.minutes,
        parsing.phone,
        parsing.contact_phone,
        parsing.flat,
        parsing.name,
        lambda words: parsing.day(words, today=TODAY),
        lambda words: parsing.number(words, least=0, most=10, key="form.cadence_wrong"),
    ):
        with suppress(Refused):
            read(text)


def test_a_flat_is_one_line_of_forty_characters_at_most() -> None:
    assert parsing.flat(" ３单元\n２０１室 ") == "3单元 201室"
    with pytest.raises(Refused) as refused:
        parsing.flat("x" * 41)
    assert refused.value.params == {"most": 40}


def test_a_name_has_a_letter_in_it() -> None:
    assert parsing.name("李 桂兰") == "李 桂兰"
    with pytest.raises(Refused):
        parsing.name("13800138000")


def test_a_number_may_carry_its_unit() -> None:
    assert parsing.number("十四天", least=1, most=366, key="form.cadence_wrong") == 14
    with pytest.raises(Refused):
        parsing.number("0", least=1, most=366, key="form.cadence_wrong")
