"""What stands in a sheet of units or people: its columns, and a row's cells read as values or as what is wrong with them.

Pure: texts in, values out. How bytes become rows of texts is ``handlers/sheets.py``'s; what a value means to the tree
and the people that are there already is ``storage``'s. Cells come as texts; dates and whole numbers of a spreadsheet
are texts already ("2026-03-01", "13800138000").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.base import Role, Scalar
from domain.people import LANGUAGES, MAX_FLAT, MAX_NAME
from domain.phones import dialled

MAX_CODE = 60
MAX_NUMBER = 40
MAX_ALIASES = 20
MAX_SKILLS = 20
MAX_SKILL = 30
MAX_LEVELS = 16
"""No tree of ours is deeper; whoever climbs further climbs in a circle."""
HEADER_ROWS = 10
"""The row that names the columns is one of the first ten."""


class ImportKind(StrEnum):
    """What a sheet holds."""

    UNITS = "units"
    PEOPLE = "people"


class Fault(StrEnum):
    """What can be wrong with a cell or a row; each is said with its mend."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL = "control"
    FORMULA = "formula"
    ERROR_VALUE = "error_value"
    MERGED = "merged"
    DUPLICATE = "duplicate"
    CODE_WRONG = "code_wrong"
    KIND_UNKNOWN = "kind_unknown"
    ZONE_UNKNOWN = "zone_unknown"
    CALENDAR_WRONG = "calendar_wrong"
    TOO_MANY = "too_many"
    PARENT_UNKNOWN = "parent_unknown"
    CIRCLE = "circle"
    MOVED = "moved"
    CLOSED = "closed"
    SIBLING = "sibling"
    TOP = "top"
    PHONE_WRONG = "phone_wrong"
    DIGITS_LOST = "digits_lost"
    TELEGRAM_WRONG = "telegram_wrong"
    TELEGRAM_TWICE = "telegram_twice"
    TELEGRAM_TAKEN = "telegram_taken"
    TELEGRAM_OTHER = "telegram_other"
    LANGUAGE_UNKNOWN = "language_unknown"
    ROLE_UNKNOWN = "role_unknown"
    ROLE_ADMIN = "role_admin"
    ROLE_MISSING = "role_missing"
    ROLE_UNIT_MISSING = "role_unit_missing"
    OWN_ROLE = "own_role"
    UNIT_UNKNOWN = "unit_unknown"
    UNIT_UNCLEAR = "unit_unclear"
    UNIT_WITHOUT_HOMES = "unit_without_homes"
    FLAT_ALONE = "flat_alone"
    DATE_WRONG = "date_wrong"
    DATES_CROSSED = "dates_crossed"
    NO_IDENTITY = "no_identity"
    PERSON_UNCLEAR = "person_unclear"
    NUMBER_TAKEN = "number_taken"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong where: the sheet's row, the column's key, and what the sentence about it needs."""

    line: int
    column: str
    fault: Fault
    params: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its key, which is its English heading, its Chinese heading, and what else people call it."""

    key: str
    zh: str
    also: tuple[str, ...] = ()
    needed: bool = False


COLUMNS: Mapping[ImportKind, tuple[Column, ...]] = {
    ImportKind.UNITS: (
        Column("code", "代码", ("编码", "组织代码", "unit code"), needed=True),
        Column("kind", "类型", ("类别", "type"), needed=True),
        Column("name", "名称", ("组织名称",), needed=True),
        Column("name_en", "英文名称", ("英文名", "english name")),
        Column("parent", "上级代码", ("上级", "上级编码", "parent code"), needed=True),
        Column("aliases", "别名", ("又名", "alias")),
        Column("zone", "时区", ("time zone", "timezone")),
        Column("calendar", "日历"),
    ),
    ImportKind.PEOPLE: (
        Column("number", "编号", ("人员编号", "no", "no.", "id")),
        Column("name", "姓名", ("名字",), needed=True),
        Column("phone", "电话", ("手机", "手机号", "电话号码", "联系电话", "mobile")),
        Column("unit", "楼栋代码", ("楼栋", "楼号", "所在楼栋", "building"), needed=True),
        Column("flat", "房号", ("门牌", "门牌号", "房间", "室", "room")),
        Column("language", "语言"),
        Column("telegram_id", "Telegram号", ("telegram", "telegram编号", "telegramid", "telegram id")),
        Column("role", "职务", ("身份", "角色")),
        Column("role_unit", "任职单位代码", ("任职单位", "role unit")),
        Column("from", "任期起", ("任职开始", "起", "since")),
        Column("until", "任期止", ("任职结束", "止", "to")),
        Column("skills", "技能", ("特长", "skill")),
    ),
}
KEYS: Mapping[ImportKind, tuple[str, ...]] = {
    kind: tuple(column.key for column in columns) for kind, columns in COLUMNS.items()
}

KINDS: Mapping[str, str] = {
    "street": "街道",
    "community": "社区",
    "grid": "网格",
    "building": "楼栋",
    "branch": "支部",
}
"""Kinds of unit, and their word in a Chinese sheet."""
_KIND_WORDS = {
    **{key: key for key in KINDS},
    **{word: key for key, word in KINDS.items()},
    "党支部": "branch",
    "楼": "building",
}
ROLES: Mapping[Role, str] = {Role.MEMBER: "党员", Role.LEADER: "组长", Role.SECRETARY: "书记"}
"""The roles a sheet may give, and their word in a Chinese one."""
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
LANGUAGE_NAMES: Mapping[str, str] = {"zh": "中文", "en": "英文"}
_LANGUAGE_WORDS = {
    **{language: language for language in LANGUAGES},
    "中文": "zh",
    "汉语": "zh",
    "chinese": "zh",
    "英文": "en",
    "英语": "en",
    "english": "en",
}


# --- the header --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Header:
    """Which cell of a row is which column. ``unknown`` are headings that no column has; ``missing`` needed keys."""

    kind: ImportKind
    line: int
    places: Mapping[str, int]
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def _heading(text: str) -> str:
    """A heading without what people decorate it with: "* 姓名（必填）" is 姓名."""
    words = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"\(.*?\)|[*:]", " ", words).replace("_", " ").split())


_NAMED: Mapping[ImportKind, Mapping[str, str]] = {
    kind: {_heading(name): column.key for column in columns for name in (column.key, column.zh, *column.also)}
    for kind, columns in COLUMNS.items()
}


def header_of(rows: Iterable[tuple[int, Sequence[str]]], kind: ImportKind | None) -> Header | None:
    """The header among the first rows: the one that names most columns of ``kind`` (None: of either).

    ``missing`` says which needed columns no row named; None when no row names even two.
    """
    best: Header | None = None
    for line, cells in rows:
        for wanted in ImportKind if kind is None else (kind,):
            found = _as_header(line, cells, wanted)
            if len(found.places) >= 2 and (best is None or _fit(found) > _fit(best)):
                best = found
    return best


def _fit(header: Header) -> tuple[bool, int]:
    return not header.missing, len(header.places)


def _as_header(line: int, cells: Sequence[str], kind: ImportKind) -> Header:
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, cell in enumerate(cells):
        key = _NAMED[kind].get(_heading(cell))
        if key is not None and key not in places:
            places[key] = place
        elif cell.strip():
            unknown.append(" ".join(cell.split())[:40])
    missing = tuple(column.key for column in COLUMNS[kind] if column.needed and column.key not in places)
    return Header(kind, line, places, tuple(unknown), missing)


# --- cells -------------------------------------------------------------------------------------------------------------

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()}
_FULL_WIDTH |= {0x3000: " ", 0xA0: " "}
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
