"""What stands in a sheet of units or people: its columns, and a row's cells read as values or as what is wrong with them.

Pure: texts in, values out. How bytes become rows of texts is ``sheets/opening.py``'s; what a value means to the tree
and the people that are there already is ``storage``'s. Cells come as texts; dates and whole numbers of a spreadsheet
are texts already ("2026-03-01", "13800138000").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.base import Role, Scalar
from domain.people import LANGUAGES, MAX_FLAT, MAX_NAME
from domain.phones import dialled
from domain.sheet_columns import KINDS, ROLES, Fault, ImportKind, Problem

MAX_CODE = 60
MAX_NUMBER = 40
MAX_ALIASES = 20
MAX_SKILLS = 20
MAX_SKILL = 30

_KIND_WORDS = {
    **{key: key for key in KINDS},
    **{word: key for key, word in KINDS.items()},
    "党支部": "branch",
    "楼": "building",
}
_ROLE_WORDS: Mapping[str, Role | None] = {
    **{role.value: role for role in ROLES},
    **{word: role for role, word in ROLES.items()},
    "楼组长": Role.LEADER,
    "网格员": Role.LEADER,
    "网格长": Role.LEADER,
    "楼栋长": Role.LEADER,
    "委员": Role.SECRETARY,
    "居民": None,
    "群众": None,
    "resident": None,
    "admin": Role.ADMIN,
    "管理员": Role.ADMIN,
}
_LANGUAGE_WORDS = {
    **{language: language for language in LANGUAGES},
    "中文": "zh",
    "汉语": "zh",
    "chinese": "zh",
    "英文": "en",
    "英语": "en",
    "english": "en",
}


# --- cells -------------------------------------------------------------------------------------------------------------

_FULL_WIDTH: dict[int, int | str] = {
    0x3000: " ",
    0xA0: " ",
    **{code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()},
}
_USUAL = re.compile(r"[0-9A-Za-z\u4e00-\u9fff-]+")
_HIDDEN = frozenset({"Cf", "Cs", "Co"})


def tidy(text: str) -> str:
    """A cell as it is meant: full-width digits and letters and odd spaces made usual ones, a leading apostrophe and
    invisible characters gone. Controls stay, to be told.

    >>> tidy("'００１\\u3000号\\u200b")
    '001 号'
    """
    if text.isascii():
        if not text or text.isalnum():
            return text
    elif _USUAL.fullmatch(text):
        return text
    else:
        text = text.translate(_FULL_WIDTH)
        if not text.isprintable():
            text = "".join(c for c in text if unicodedata.category(c) not in _HIDDEN)
    return " ".join(text.split()).removeprefix("'").lstrip()


def parts_of(text: str) -> tuple[str, ...]:
    """Several values of one cell, in order, each once: parted by 、 ; or a comma of either width."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, re.split(r"[、;；,，]", text)))))


_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d+")
_TRAILING_ZERO = re.compile(r"(\d+)\.0+")


class _Cells:
    """One row's cells, tidied as they are asked for, and what was found wrong with them."""

    __slots__ = ("_cells", "_places", "line", "problems")

    def __init__(self, line: int, cells: Sequence[str], places: Mapping[str, int]) -> None:
        self.line = line
        self.problems: list[Problem] = []
        self._cells = cells
        self._places = places

    def wrong(self, column: str, fault: Fault, **params: Scalar) -> None:
        self.problems.append(Problem(self.line, column, fault, params))

    def raw(self, column: str) -> str:
        place = self._places.get(column)
        return self._cells[place] if place is not None and place < len(self._cells) else ""

    def text(self, column: str, *, most: int, needed: bool = False) -> str:
        """A line of at most ``most`` characters."""
        found = tidy(self.raw(column))
        if not found:
            if needed:
                self.wrong(column, Fault.EMPTY)
        elif len(found) > most:
            self.wrong(column, Fault.TOO_LONG, most=most)
        elif not found.isprintable():
            self.wrong(column, Fault.CONTROL)
        else:
            return found
        return ""

    def several(self, column: str, *, most: int, longest: int) -> tuple[str, ...]:
        """Several values of at most ``longest`` characters each."""
        text = self.raw(column)
        if not text:
            return ()
        found = parts_of(tidy(text))
        if len(found) > most:
            self.wrong(column, Fault.TOO_MANY, most=most)
        elif any(len(part) > longest for part in found):
            self.wrong(column, Fault.TOO_LONG, most=longest)
        elif not all(part.isprintable() for part in found):
            self.wrong(column, Fault.CONTROL)
        else:
            return found
        return ()

    def digits(self, column: str) -> str:
        """A number as digits: what a spreadsheet shows of a long one ("1.38E+10") has lost some of them."""
        found = tidy(self.raw(column))
        if found.isalnum() and "e" not in found.lower():
            return found
        if _SCIENTIFIC.fullmatch(found):
            self.wrong(column, Fault.DIGITS_LOST, text=found)
            return ""
        if whole := _TRAILING_ZERO.fullmatch(found):
            return whole[1]
        return found

    def word(self, column: str, words: Mapping[str, Any], fault: Fault) -> Any:
        """The value of one of ``words``; None for an empty cell."""
        found = tidy(self.raw(column)).casefold()
        if not found:
            return None
        if found not in words:
            self.wrong(column, fault, text=found[:40])
            return None
        return words[found]

    def day(self, column: str) -> date | None:
        found = tidy(self.raw(column))
        if not found:
            return None
        day = day_of(found)
        if day is None:
            self.wrong(column, Fault.DATE_WRONG, text=found[:40])
        return day


_DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]00:00(?::00)?)?|(\d{4})(\d\d)(\d\d)"
)


def day_of(text: str) -> date | None:
    """A day between 1900 and 2199 as people write it in a sheet, or None.

    >>> [str(day_of(t)) for t in ("2026-03-01", "2026/3/1", "2026年3月1日", "20260301", "3月1日")]
    ['2026-03-01', '2026-03-01', '2026-03-01', '2026-03-01', 'None']
    """
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day) if 1900 <= year < 2200 else None
    except ValueError:
        return None


# --- rows --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A row of a sheet of units. Empty texts: nothing was given."""

    line: int
    code: str
    kind: str
    name: str
    name_en: str
    parent: str
    aliases: tuple[str, ...]
    zone: str
    calendar: str

    @property
    def key(self) -> str:
        """By what a second import knows it."""
        return self.code


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A row of a sheet of people: one person, with one role at most. ``telegram_id`` 0 and empty texts: not given.

    ``unit`` and ``role_unit`` are as written: a code, another name or the name. ``begins`` and ``ends`` are days of
    the community; ``ends`` is the last one that counts.
    """

    line: int
    number: str
    name: str
    phone: str
    unit: str
    flat: str
    language: str
    telegram_id: int
    role: Role | None
    role_unit: str
    begins: date | None
    ends: date | None
    skills: tuple[str, ...]

    @property
    def key(self) -> str:
        """Who it is: by number, else Telegram account, else name and phone, else name and address."""
        if self.number:
            return f"n:{self.number}"
        if self.telegram_id:
            return f"t:{self.telegram_id}"
        if self.phone:
            return f"p:{self.phone}:{self.name}"
        return f"h:{self.unit}:{self.flat}:{self.name}"


SheetLine = UnitLine | PersonLine
Read = tuple[SheetLine, Sequence[Problem]]
Reader = Callable[[int, Sequence[str], Mapping[str, int]], Read]


def _is_code(text: str) -> bool:
    return len(text) <= MAX_CODE and all(c.isascii() and (c.isalnum() or c in "_-") for c in text)


@lru_cache(maxsize=64)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def read_unit(line: int, cells: Sequence[str], places: Mapping[str, int]) -> tuple[UnitLine, list[Problem]]:
    """A unit's row, and what is wrong with it by itself."""
    row = _Cells(line, cells, places)
    code = row.text("code", most=1000, needed=True)
    if not _is_code(code):
        row.wrong("code", Fault.CODE_WRONG, text=code[:40], most=MAX_CODE)
    kind = row.word("kind", _KIND_WORDS, Fault.KIND_UNKNOWN)
    if kind is None and not tidy(row.raw("kind")):
        row.wrong("kind", Fault.EMPTY)
    zone = row.text("zone", most=1000)
    if zone and not _is_zone(zone):
        row.wrong("zone", Fault.ZONE_UNKNOWN, text=zone[:40])
    calendar = row.text("calendar", most=1000)
    if not _is_code(calendar):
        row.wrong("calendar", Fault.CALENDAR_WRONG, text=calendar[:40])
    return (
        UnitLine(
            line,
            code,
            kind or "",
            row.text("name", most=MAX_NAME, needed=True),
            row.text("name_en", most=MAX_NAME),
            row.text("parent", most=1000),
            row.several("aliases", most=MAX_ALIASES, longest=MAX_NAME),
            zone,
            calendar,
        ),
        row.problems,
    )


def read_person(
    line: int, cells: Sequence[str], places: Mapping[str, int]
) -> tuple[PersonLine, list[Problem]]:
    """A person's row, and what is wrong with it by itself."""
    row = _Cells(line, cells, places)
    number = row.digits("number")
    if number and (len(number) > MAX_NUMBER or not number.isprintable()):
        row.wrong("number", Fault.TOO_LONG if len(number) > MAX_NUMBER else Fault.CONTROL, most=MAX_NUMBER)
    name = row.text("name", most=MAX_NAME, needed=True)
    unit = row.text("unit", most=MAX_NAME)
    role, role_unit, begins, ends = _service(row, home=unit)
    found = PersonLine(
        line,
        number,
        name,
        _phone(row),
        unit,
        row.text("flat", most=MAX_FLAT),
        row.word("language", _LANGUAGE_WORDS, Fault.LANGUAGE_UNKNOWN) or "",
        _telegram(row),
        role,
        role_unit,
        begins,
        ends,
        row.several("skills", most=MAX_SKILLS, longest=MAX_SKILL),
    )
    if not row.problems and not (found.number or found.telegram_id or found.phone or found.unit):
        row.wrong("number", Fault.NO_IDENTITY)
    return found, row.problems


def _phone(row: _Cells) -> str:
    text = row.digits("phone")
    if not text or (len(text) == 11 and text.isascii() and text.isdigit() and "13" <= text[:2] <= "19"):
        return text
    number = dialled(text)
    if number is None:
        row.wrong("phone", Fault.PHONE_WRONG, text=text[:40])
    return number or ""


def _telegram(row: _Cells) -> int:
    text = row.digits("telegram_id")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text)):
        row.wrong("telegram_id", Fault.TELEGRAM_WRONG, text=text[:40])
        return 0
    return int(text)


def _service(row: _Cells, *, home: str) -> tuple[Role | None, str, date | None, date | None]:
    """The role, where, and from when until when."""
    role: Role | None = row.word("role", _ROLE_WORDS, Fault.ROLE_UNKNOWN)
    unit = row.text("role_unit", most=MAX_NAME)
    begins, ends = row.day("from"), row.day("until")
    if role is Role.ADMIN:
        row.wrong("role", Fault.ROLE_ADMIN)
    elif role is None:
        if not row.problems and (unit or begins or ends):
            row.wrong("role", Fault.ROLE_MISSING)
    elif not (unit or home):
        row.wrong("role_unit", Fault.ROLE_UNIT_MISSING)
    if begins and ends and ends < begins:
        row.wrong("until", Fault.DATES_CROSSED)
    return role, (unit or home) if role else "", begins, ends


READERS: Mapping[ImportKind, Reader] = {ImportKind.UNITS: read_unit, ImportKind.PEOPLE: read_person}
