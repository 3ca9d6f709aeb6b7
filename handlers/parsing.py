"""What people type, read as numbers, telephone numbers, dates and one-line words.

Pure: text in, value out, or ``Refused`` with the key of an explanation. Knows neither forms nor Telegram. Only what
people here write is understood; a wrong guess about a date or a number is worse than asking again.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.base import Refused
from domain.people import MAX_FLAT, MAX_NAME
from domain.phones import dialled
from domain.tasks import MAX_MINUTES

_NUMERALS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "两": 2,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_NUMERAL = "[零〇一两二三四五六七八九十]{1,3}"


def plain(text: str) -> str:
    """Full-width forms made half-width, runs of white space made one space, invisible characters gone, ends cut.

    >>> plain(" １３８　００00 ")
    '138 0000'
    """
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in folded)
    return " ".join(visible.split())


def one_line(text: str, *, most: int, key: str) -> str:
    """Words for one line of an address or a name, 1 to ``most`` characters. Refuses with ``key`` (``most`` given)."""
    words = plain(text)
    if not 1 <= len(words) <= most:
        raise Refused(key, most=most)
    return words


def flat(text: str) -> str:
    """A flat, as people write it on a door: "3-201", "3单元201室"."""
    return one_line(text, most=MAX_FLAT, key="form.flat_wrong")


def name(text: str) -> str:
    """A person's name. One that has no letter at all was meant for another question."""
    words = one_line(text, most=MAX_NAME, key="form.name_wrong")
    if not any(c.isalpha() for c in words):
        raise Refused("form.name_wrong", most=MAX_NAME)
    return words


# --- telephone numbers --------------------------------------------------------------------------------------------


def phone(text: str) -> str:
    """A telephone number to dial from here: digits for one in China, "+" and digits for one abroad.

    Takes mobile numbers, landlines with or without area code, and full-width digits. Refuses everything else.

    >>> [phone(t) for t in ("１３８ 0013 8000", "+86 138-0013-8000", "(010) 6552 9988", "+44 20 7946 0000")]
    ['13800138000', '13800138000', '01065529988', '+442079460000']
    """
    number = dialled(plain(text))
    if number is None:
        raise Refused("form.phone_wrong")
    return number


def contact_phone(number: str) -> str:
    """The number of a shared contact, which always carries its country, with or without the plus."""
    return phone(number if number.startswith(("+", "00")) else f"+{number}")


# --- spans and numbers ----------------------------------------------------------------------------------------------


def _numeral(text: str) -> int | None:
    """Chinese numerals from 0 to 99, or None."""
    tens, ten, ones = text.rpartition("十")
    if ten and (tens and tens not in _NUMERALS):
        return None
    if ones and ones not in _NUMERALS:
        return None
    return (_NUMERALS.get(tens, 1) if ten else 0) * 10 + _NUMERALS.get(ones, 0)


def _digits(text: str) -> str:
    """Chinese numerals in the text as digits, where they are numbers."""
    return re.sub(_NUMERAL, lambda found: str(n) if (n := _numeral(found[0])) is not None else found[0], text)


_HOURS = r"(?:个?半?(?:小时|钟头)|hours?|hrs?|h)"
_MINUTES = r"(?:分钟?|minutes?|mins?|m|')"
_SPAN = re.compile(
    rf"(?:(?P<hours>\d{{1,3}}(?:\.\d{{1,2}})?)(?P<unit>{_HOURS}))?(?:(?P<half>半)|(?:(?P<minutes>\d{{1,4}}){_MINUTES}?))?"
)
_FIXED_SPANS = {
    "半小时": 30,
    "半个小时": 30,
    "半个钟头": 30,
    "halfanhour": 30,
    "halfhour": 30,
    "anhour": 60,
    "onehour": 60,
    "anhourandahalf": 90,
}


def minutes(text: str) -> int:
    """A span of time in minutes, 1 to 1,440. A bare number is minutes.

    >>> [minutes(t) for t in ("90", "1小时", "1.5h", "半小时", "一个半小时", "1小时30分", "1:30", "2 hours", "一刻钟")]
    [90, 60, 90, 30, 90, 90, 90, 120, 15]
    """
    words = plain(text).casefold().replace(" ", "")
    spent = _FIXED_SPANS.get(words)
    if spent is None:
        spent = _span(_digits(words).replace("and", ""))
    if spent is None or not 1 <= spent <= MAX_MINUTES:
        raise Refused("form.minutes_wrong", most=MAX_MINUTES)
    return spent


def _span(words: str) -> int | None:
    if quarters := re.fullmatch(r"([1-3])刻钟?", words):
        return 15 * int(quarters[1])
    if clock := re.fullmatch(r"(\d{1,2}):([0-5]\d)", words):
        return int(clock[1]) * 60 + int(clock[2])
    found = _SPAN.fullmatch(words)
    if not words or found is None:
        return None
    if found["half"] and not found["hours"]:
        return None
    whole = round(float(found["hours"] or 0) * 60) + int(found["minutes"] or 0)
    halves = (30 if found["half"] else 0) + (30 if found["unit"] and "半" in found["unit"] else 0)
    return whole + halves


def number(text: str, *, least: int, most: int, key: str) -> int:
    """A whole number between ``least`` and ``most``; units such as "天" or "人" after it are let pass.

    Refuses with ``key`` (``least`` and ``most`` given).
    """
    found = re.fullmatch(r"(\d{1,18})\s*\D{0,8}", _digits(plain(text)), flags=re.ASCII)
    if found is None or not least <= int(found[1]) <= most:
        raise Refused(key, least=least, most=most)
    return int(found[1])


# --- dates ----------------------------------------------------------------------------------------------------------

_NEAR_DAYS = {
    "今天": 0, "今日": 0, "today": 0,
    "明天": 1, "明日": 1, "tomorrow": 1,
    "后天": 2, "dayaftertomorrow": 2, "thedayaftertomorrow": 2,
    "大后天": 3,
    "下周": 7, "一周后": 7, "1周后": 7, "nextweek": 7, "inaweek": 7,
}  # fmt: skip
_WEEKDAYS = {
    "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7,
    "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "sunday": 7,
    "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7,
}  # fmt: skip
_WEEKDAY = re.compile(rf"(?P<next>下(?:个)?|next)?(?:周|星期|礼拜)?(?P<day>{'|'.join(_WEEKDAYS)})")
_IN_DAYS = re.compile(r"(?:in)?(?P<count>\d{1,3})(?:天|日|days?)(?:之?后|以后)?")
_IN_WEEKS = re.compile(r"(?:in)?(?P<count>\d{1,2})(?:个?(?:周|星期|礼拜)|weeks?)(?:之?后|以后)?")
_CALENDAR = re.compile(r"(?:(?P<year>\d{4})[-/.年])?(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})[日号]?")


def day(text: str, *, today: date) -> date:
    """A day from ``today`` (the community's) on. Without a year the next such day is meant. Refuses a day gone by.

    >>> [day(t, today=date(2026, 11, 21)).isoformat() for t in ("明天", "11-30", "1月5日", "in 3 days", "下周一")]
    ['2026-11-22', '2026-11-30', '2027-01-05', '2026-11-24', '2026-11-23']
    """
    words = plain(text).casefold().replace(" ", "")
    found = _relative_day(words, today=today) or _calendar_day(words, today=today)
    if found is None:
        raise Refused("form.day_wrong")
    if found < today:
        raise Refused("form.day_wrong")
    return found


_CLOCK = re.compile(r"(?P<hour>[01]?\d|2[0-3])[:点时](?P<minute>[0-5]\d)?分?")


def moment(text: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """A day and a time from ``now`` on, in ``zone``; without a day the next such time. Returned in UTC.

    >>> now = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    >>> [moment(t, now=now, zone=ZoneInfo("Asia/Shanghai")).isoformat() for t in ("明天 9:00", "12-01 08:30", "9点")]
    ['2026-11-22T01:00:00+00:00', '2026-12-01T00:30:00+00:00', '2026-11-22T01:00:00+00:00']
    """
    words = plain(text).casefold().strip().replace("：", ":")
    found = _CLOCK.search(words)
    if found is None:
        raise Refused("notice.time_wrong")
    clock = time(int(found["hour"]), int(found["minute"] or 0))
    rest = (words[: found.start()] + words[found.end() :]).strip()
    today = now.astimezone(zone).date()
    try:
        meant = day(rest, today=today) if rest else today
    except Refused:
        raise Refused("notice.time_wrong") from None
    at = datetime.combine(meant, clock, zone).astimezone(UTC)
    return (
        at if rest or at > now else datetime.combine(meant + timedelta(days=1), clock, zone).astimezone(UTC)
    )


def stored_moment(text: str) -> datetime | None:
    """A moment as a draft keeps it; None for "at once"."""
    return datetime.fromisoformat(text) if text else None


_PAST_DAYS = {
    "今天": 0, "今日": 0, "today": 0,
    "昨天": 1, "昨日": 1, "yesterday": 1,
    "前天": 2, "daybeforeyesterday": 2, "thedaybeforeyesterday": 2,
    "大前天": 3,
}  # fmt: skip


def past_day(text: str, *, today: date) -> date:
    """A day up to ``today`` (the community's). Without a year the last such day is meant. Refuses a day to come.

    >>> [past_day(t, today=date(2026, 3, 2)).isoformat() for t in ("昨天", "11-30", "3月2日", "2025-01-05")]
    ['2026-03-01', '2025-11-30', '2026-03-02', '2025-01-05']
    """
    words = plain(text).casefold().replace(" ", "")
    if words in _PAST_DAYS:
        return today - timedelta(days=_PAST_DAYS[words])
    found = _calendar_day(words, today=today, past=True)
    if found is None or found > today:
        raise Refused("trail.day_wrong")
    return found


def _relative_day(words: str, *, today: date) -> date | None:
    if words in _NEAR_DAYS:
        return today + timedelta(days=_NEAR_DAYS[words])
    if len(words) > 1 and (weekday := _WEEKDAY.fullmatch(words)):
        return _on_weekday(_WEEKDAYS[weekday["day"]], next_week=bool(weekday["next"]), today=today)
    counted = _digits(words)
    if days := _IN_DAYS.fullmatch(counted):
        return today + timedelta(days=int(days["count"]))
    if weeks := _IN_WEEKS.fullmatch(counted):
        return today + timedelta(weeks=int(weeks["count"]))
    return None


def _on_weekday(weekday: int, *, next_week: bool, today: date) -> date:
    """The nearest such weekday that is not over; with ``next_week`` that of the week beginning next Monday."""
    monday = today - timedelta(days=today.isoweekday() - 1)
    found = monday + timedelta(days=weekday - 1, weeks=1 if next_week else 0)
    return found if found >= today else found + timedelta(weeks=1)


def _calendar_day(words: str, *, today: date, past: bool = False) -> date | None:
    found = _CALENDAR.fullmatch(_digits(words))
    if found is None:
        return None
    step = -1 if past else 1
    years = (int(found["year"]),) if found["year"] else range(today.year, today.year + 9 * step, step)
    for year in years:
        try:
            meant = date(year, int(found["month"]), int(found["day"]))
        except ValueError:  # 29 February waits for its year
            continue
        if found["year"] or (meant <= today if past else meant >= today):
            return meant
    return None
