"""The columns of a sheet of units or people, the row that names them, and what can be wrong with a cell.

Pure data, and the recognition of headings; what a row's cells say is ``sheets.py``'s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from domain.base import Role, Scalar

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
    SKILL_UNKNOWN = "skill_unknown"
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
ROLES: Mapping[Role, str] = {Role.MEMBER: "党员", Role.LEADER: "组长", Role.SECRETARY: "书记"}
"""The roles a sheet may give, and their word in a Chinese one."""
LANGUAGE_NAMES: Mapping[str, str] = {"zh": "中文", "en": "英文"}


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
