"""Working calendars: the days China rests and makes up for, one's own days above them, and deadlines across both."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calendars import calendars, of_library, own_days, written_down
from bot.rules import rulebook
from bot.settings import Settings, SettingsError
from bot.settings_model import CommunitySettings
from domain.calendars import WEEKENDS, WorkingCalendar
from domain.clocks import add_working_hours, answer_due
from domain.rulebook import Rulebook, WorkingHours

TODAY = date(2026, 2, 10)
CHINA = ZoneInfo("Asia/Shanghai")
WEEK = WorkingHours().weekdays


@pytest.fixture(scope="module")
def rules() -> Rulebook:
    return rulebook(Settings(), today=TODAY)


def at(*when: int, zone: ZoneInfo = CHINA) -> datetime:
    year, month, day, hour = when
    return datetime(year, month, day, hour, tzinfo=zone)


@pytest.mark.parametrize("day", [date(2026, 2, 16), date(2026, 2, 20), date(2026, 2, 23), date(2026, 10, 7)])
def test_china_rests_on_working_days_of_its_festivals(rules: Rulebook, day: date) -> None:
    assert day.isoweekday() in WEEK
    assert not rules.working_calendar().works(day, weekdays=WEEK)


@pytest.mark.parametrize(
    "day", [date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)]
)
def test_china_makes_up_for_them_at_weekends(rules: Rulebook, day: date) -> None:
    assert day.isoweekday() not in WEEK
    assert rules.working_calendar().works(day, weekdays=WEEK)


@pytest.mark.parametrize(
    ("raised", "due"),
    [
        # Friday before the make-up Saturday: that one counts.
        (at(2026, 2, 13, 15), at(2026, 2, 14, 11)),
        # The make-up Saturday before Spring Festival: on to the first day after it.
        (at(2026, 2, 14, 15), at(2026, 2, 24, 11)),
        (at(2026, 2, 18, 12), at(2026, 2, 24, 13)),
        # A make-up Sunday in autumn.
        (at(2026, 9, 19, 12), at(2026, 9, 20, 13)),
    ],
)
def test_a_deadline_passes_over_the_festival_and_uses_the_make_up_day(
    rules: Rulebook, raised: datetime, due: datetime
) -> None:
    assert answer_due("timely", raised_at=raised, rules=rules) == due


def test_danger_is_answered_round_the_clock_whatever_the_calendar(rules: Rulebook) -> None:
    assert answer_due("urgent", raised_at=at(2026, 2, 17, 3), rules=rules) == at(2026, 2, 17, 5)


def test_a_unit_may_keep_weekends_only_and_a_calendar_nobody_loaded_is_the_community_s(
    rules: Rulebook,
) -> None:
    raised = at(2026, 2, 18, 12)
    assert answer_due("timely", raised_at=raised, rules=rules, calendar=WEEKENDS) == at(2026, 2, 18, 16)
    assert answer_due("timely", raised_at=raised, rules=rules, calendar="HK") == at(2026, 2, 24, 13)


def test_a_unit_s_zone_decides_when_its_office_is_open(rules: Rulebook) -> None:
    # Eight in the evening in Shanghai is one in the afternoon in Berlin, and two in summer.
    berlin = ZoneInfo("Europe/Berlin")
    winter = answer_due("timely", raised_at=at(2026, 3, 2, 20), rules=rules, zone="Europe/Berlin")
    summer = answer_due("timely", raised_at=at(2026, 7, 6, 20), rules=rules, zone="Europe/Berlin")
    assert winter == at(2026, 3, 2, 17, zone=berlin)
    assert summer == at(2026, 7, 7, 10, zone=berlin)


def test_the_hour_that_a_change_of_the_clocks_takes_is_no_working_hour_lost() -> None:
    night = WorkingHours(opens=datetime.min.time(), closes=at(2026, 1, 1, 8).time(), weekdays=frozenset({7}))
    berlin = ZoneInfo("Europe/Berlin")
    start = at(2026, 3, 29, 0, zone=berlin)
    due = add_working_hours(start, hours=4, zone=berlin, office=night, calendar=WorkingCalendar())
    assert due == at(2026, 3, 29, 5, zone=berlin)


DAYS = st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 1)), max_size=20)


@given(DAYS, DAYS, DAYS, DAYS)
def test_one_s_own_days_have_the_last_word_and_all_others_stay(
    off: frozenset[date], work: frozenset[date], own_off: frozenset[date], own_work: frozenset[date]
) -> None:
    country, own = WorkingCalendar(off - work, work), WorkingCalendar(own_off - own_work, own_work)
    both = country.with_own(own)
    for day in off | work | own_off | own_work:
        expected = own if day in own.off | own.work else country
        assert both.works(day, weekdays=WEEK) == expected.works(day, weekdays=WEEK)


# --- what the operator writes --------------------------------------------------------------------------------------------


def written(folder: Path, text: str) -> Path:
    file = folder / "days.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_of_one_s_own_overrides_the_country(tmp_path: Path) -> None:
    file = written(tmp_path, "date,kind,name\n# 2026\n2026-02-13,OFF,提前放假\n\n2026-02-16, work ,值班\n")
    community = CommunitySettings(calendar_file=str(file))
    found = calendars(community, today=TODAY)["CN"]
    assert not found.works(date(2026, 2, 13), weekdays=WEEK)
    assert found.works(date(2026, 2, 16), weekdays=WEEK)
    assert not found.works(date(2026, 2, 17), weekdays=WEEK)


def test_without_a_country_only_weekends_and_one_s_own_days_count(tmp_path: Path) -> None:
    file = written(tmp_path, "2026-02-13,off,\n")
    found = calendars(CommunitySettings(calendar="", calendar_file=str(file)), today=TODAY)
    assert found == {"": WorkingCalendar(frozenset({date(2026, 2, 13)}))}


def test_each_bad_line_is_named_with_its_mend(tmp_path: Path) -> None:
    lines = ["2026-02-30,off,x", "2026-02-13,holiday,x", "2026-02-16,off", "2026-02-16,work", "x" * 200_000]
    with pytest.raises(SettingsError) as caught:
        own_days(written(tmp_path, "\n".join(lines)))
    one, two, again, long = caught.value.problems
    assert "line 1: '2026-02-30' is no day. Write it like" in one
    assert "line 2: 'holiday' is neither off nor work" in two
    assert "line 4: 2026-02-16 stands in an earlier line too" in again
    assert "line 5" in long
    assert len(long) < 300


def test_a_file_that_is_not_there_or_no_text_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        own_days(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_bytes(b"2026-02-13,off,\xff")
    with pytest.raises(SettingsError, match="not UTF-8 at byte 15"):
        own_days(tmp_path / "bad.csv")


def test_a_country_whose_holidays_nobody_knows_stops_the_start_with_a_sentence() -> None:
    with pytest.raises(
        SettingsError, match=r"community\.more_calendars: no public holidays are known for 'XX'"
    ):
        rulebook(Settings(community=CommunitySettings(more_calendars=("XX",))), today=TODAY)


def test_the_days_that_come_with_the_program_are_the_library_s() -> None:
    years = range(2025, 2028)
    assert written_down("CN", years) == of_library("CN", years), "make docs writes them down anew"


def test_what_is_not_written_down_comes_from_the_library() -> None:
    assert written_down("CN", range(2027, 2030)) is None
    assert written_down("DE", range(2026, 2027)) is None
    assert date(2028, 10, 1) in calendars(CommunitySettings(), today=date(2028, 5, 1))["CN"].off
