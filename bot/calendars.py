"""Public holidays and make-up days for the rulebook: from the library of holidays, and from a file of one's own.

The library takes longer to load than all settings, so China's days around now are written down beside this module
(``holidays/CN.csv``, made by ``make docs``); other countries and later years come from the library.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from bot.settings import SettingsError
from bot.settings_model import CommunitySettings
from domain.calendars import WorkingCalendar

_KINDS = ("off", "work")
WRITTEN_DOWN = Path(__file__).parent / "holidays"


def calendars(community: CommunitySettings, *, today: date) -> Mapping[str, WorkingCalendar]:
    """The calendars a unit may keep, by country, from last year to the next; the file's days count for the own one.

    Raises SettingsError for a country nobody knows the holidays of, and for each line of the file that is no day.
    """
    years = range(today.year - 1, today.year + 2)
    found: dict[str, WorkingCalendar] = {}
    for setting, codes in (("calendar", (community.calendar,)), ("more_calendars", community.more_calendars)):
        for code in codes:
            found[code] = (
                (written_down(code, years) or _country(code, years, setting=setting))
                if code
                else WorkingCalendar()
            )
    if community.calendar_file:
        own = own_days(Path(community.calendar_file))
        found[community.calendar] = found[community.calendar].with_own(own)
    return found


def written_down(code: str, years: range) -> WorkingCalendar | None:
    """The days of a country that come with the program; None where they do not hold all of ``years``."""
    file = WRITTEN_DOWN / f"{code}.csv"
    if not file.exists():
        return None
    known = own_days(file)
    if not set(years) <= {day.year for day in known.off}:
        return None
    return WorkingCalendar(
        frozenset(day for day in known.off if day.year in years),
        frozenset(day for day in known.work if day.year in years),
    )


def of_library(code: str, years: range) -> WorkingCalendar:
    """The days of a country as the library of holidays has them. Raises NotImplementedError for one it does not know."""
    import holidays

    known = holidays.country_holidays(code, years=years)
    work = {day for day in known.weekend_workdays if day.year in years}
    return WorkingCalendar(frozenset(known) - work, frozenset(work))


def _country(code: str, years: range, *, setting: str) -> WorkingCalendar:
    try:
        return of_library(code, years)
    except NotImplementedError:
        raise SettingsError(
            [
                f"community.{setting}: no public holidays are known for {code!r}. Give another country's two letters, "
                "or none, and list your own days in community.calendar_file."
            ]
        ) from None


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


def as_file(code: str, years: range) -> str:
    """A country's days as a file of days of one's own."""
    known = of_library(code, years)
    lines = sorted([(day, "off") for day in known.off] + [(day, "work") for day in known.work])
    return "date,kind\n" + "".join(f"{day},{kind}\n" for day, kind in lines)


if __name__ == "__main__":
    sys.stdout.write(as_file(sys.argv[1], range(int(sys.argv[2]), int(sys.argv[3]) + 1)))
