"""Public holidays and make-up days for the rulebook: from the library of holidays, and from a file of one's own.

The library is imported only when a country is named, because that takes longer than reading all settings.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from bot.settings import SettingsError
from bot.settings_model import CommunitySettings
from domain.calendars import WorkingCalendar

_KINDS = ("off", "work")


def calendars(community: CommunitySettings, *, today: date) -> Mapping[str, WorkingCalendar]:
    """The calendars a unit may keep, by country, from last year to the next; the file's days count for the own one.

    Raises SettingsError for a country nobody knows the holidays of, and for each line of the file that is no day.
    """
    years = range(today.year - 1, today.year + 2)
    found: dict[str, WorkingCalendar] = {}
    for setting, codes in (("calendar", (community.calendar,)), ("more_calendars", community.more_calendars)):
        for code in codes:
            found[code] = _country(code, years, setting=setting) if code else WorkingCalendar()
    if community.calendar_file:
        own = own_days(Path(community.calendar_file))
        found[community.calendar] = found[community.calendar].with_own(own)
    return found


def _country(code: str, years: range, *, setting: str) -> WorkingCalendar:
    import holidays

    try:
        known = holidays.country_holidays(code, years=years)
    except NotImplementedError:
        raise SettingsError(
            [
                f"community.{setting}: no public holidays are known for {code!r}. Give another country's two letters, "
                "or none, and list your own days in community.calendar_file."
            ]
        ) from None
    work = {day for day in known.weekend_workdays if day.year in years}
    return WorkingCalendar(frozenset(known) - work, frozenset(work))


def own_days(file: Path) -> WorkingCalendar:
    """The days of a file: ``2027-02-05,off,除夕`` or ``2027-02-20,work,调休上班``; a first line "date,..." is a heading.

    Raises SettingsError with each line that cannot be used, and its mend.
    """
    name = f"community.calendar_file: {file}"
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(
            [f"{name} cannot be read: {error.strerror}. Mend its path or its rights."]
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{name} is not UTF-8 at byte {error.start}. Save it as UTF-8."]) from None
    days: dict[date, str] = {}
    problems: list[str] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        cells = _cells(raw)
        if not any(cells) or cells[0].startswith("#") or (number == 1 and cells[0].lower() == "date"):
            continue
        day = _day(cells[0])
        kind = cells[1].lower() if len(cells) > 1 else ""
        where = f"{name}, line {number}"
        if day is None:
            problems.append(f"{where}: {cells[0][:40]!r} is no day. Write it like 2027-02-05.")
        elif kind not in _KINDS:
            problems.append(
                f"{where}: {kind[:40]!r} is neither off nor work. Write one of the two after the day."
            )
        elif day in days:
            problems.append(f"{where}: {day} stands in an earlier line too. Keep one of them.")
        else:
            days[day] = kind
    if problems:
        raise SettingsError(problems)
    return WorkingCalendar(
        frozenset(day for day, kind in days.items() if kind == "off"),
        frozenset(day for day, kind in days.items() if kind == "work"),
    )


def _cells(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line]), [])]
    except csv.Error:  # a cell of more than a hundred thousand characters
        return [line]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
