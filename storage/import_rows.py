"""The rows of an import while they wait: staged in portions, read again in portions, and let go of.

A portion is small enough that nobody waits long for its unit of work (``docs/performance.md``: how long). What a row of units or of people comes to
is ``import_units.py``'s and ``import_people.py``'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from domain.base import Scalar
from domain.imports import ImportState
from domain.sheet_columns import Fault, Problem
from domain.sheets import SheetLine
from storage.dialect import among
from storage.prepared import Prepared
from storage.schema import import_batch, import_row

PORTION = 500

L = TypeVar("L", bound=SheetLine)
K = TypeVar("K")

NEW = "new"
"""A row whose person or unit is made by this import."""
MORE = "more"
"""A further row of somebody who has a row already: another role of theirs."""
CHANGE = "change"
"""What becomes different for somebody, or for a unit, that is there already."""
PROBLEMS = "problems"
SKILLS = "skills"
ACCOUNT = "telegram_id"
ALIASES = "aliases"


class ImportEndedError(Exception):
    """The import has been dropped meanwhile: nothing further of it may be written."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose import it is and where they may import: at and below ``paths``, everywhere when None.

    ``zone`` is the community's, in which days begin and end; ``skills`` are the codes of skills by their words.
    """

    paths: tuple[str, ...] | None
    by_id: int | None
    now: datetime
    zone: ZoneInfo
    skills: Mapping[str, str]

    def covers(self, path: str) -> bool:
        """Whether rows may be about the unit with this path."""
        return self.paths is None or any(path.startswith(above) for above in self.paths)


@dataclass(slots=True)
class Staged:
    """A row as it is kept: ``data`` is what comes of it, or what is wrong with it. ``fresh`` asks for an id."""

    line: int
    key: str = ""
    parent: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    row_id: int | None = None
    fresh: bool = False
    of: Staged | None = None

    @property
    def is_bad(self) -> bool:
        """Whether it only says what is wrong."""
        return PROBLEMS in self.data


@dataclass(frozen=True, slots=True)
class Portion(Generic[L]):
    """Rows that were read from the sheet together, each with what is wrong with it by itself."""

    rows: Sequence[tuple[L, Sequence[Problem]]]

    @property
    def lines(self) -> list[L]:
        """The rows, with nothing where a cell was wrong."""
        return [line for line, _ in self.rows]

    @property
    def last_line(self) -> int:
        """How far the sheet has been read."""
        return self.rows[-1][0].line


def bad(problems: Sequence[Problem]) -> Staged:
    """A row that cannot be brought in, kept for the list of what is wrong."""
    told = [[found.column, found.fault.value, dict(found.params)] for found in problems]
    return Staged(problems[0].line, data={PROBLEMS: told})


def both(problems: Sequence[Problem], row: Staged) -> Staged:
    """A row that is wrong by itself, with what is wrong with its other columns."""
    if not problems:
        return row
    columns = {problem.column for problem in problems}
    more = problems_in(problems[0].line, row.data)
    return bad([*problems, *(found for found in more if found.column not in columns)])


def problems_in(line: int, data: Mapping[str, Any]) -> list[Problem]:
    """What ``bad`` kept."""
    return [Problem(line, column, Fault(fault), params) for column, fault, params in data.get(PROBLEMS, ())]


class Wrong(list[Problem]):
    """What is found wrong with one row."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self._line = line

    def add(self, column: str, fault: Fault, **params: Scalar) -> None:
        """One more thing."""
        self.append(Problem(self._line, column, fault, params))


@cache
def _keeping(dialect: str) -> Any:
    """All rows of a portion by one statement: row by row, SQLite's driver would let other threads come between."""
    if dialect != "postgresql":
        each = func.json_each(bindparam("rows", type_=JSON)).table_valued("value")
        given: list[ColumnElement[Any]] = [
            func.json_extract(each.c.value, f"$[{place}]") for place in range(5)
        ]
    else:
        from sqlalchemy.dialects.postgresql import ARRAY

        lists: list[Any] = [
            bindparam(name, type_=ARRAY(type_))
            for name, type_ in zip(_GIVEN, (Integer, Text, Text, Text, BigInteger), strict=True)
        ]
        each = func.unnest(*lists).table_valued(*_GIVEN).render_derived()
        given = [cast(each.c.data, JSON) if name == "data" else each.c[name] for name in _GIVEN]
    return import_row.insert().from_select(
        ["batch_id", *_GIVEN], select(bindparam("batch", type_=BigInteger), *given)
    )


_GIVEN = ("line", "key", "parent", "data", "row_id")
_CAME_TO = Prepared(
    import_batch.update()
    .where(import_batch.c.id == bindparam("batch"), import_batch.c.state == bindparam("at"))
    .values(done=bindparam("now_done"))
)
_WENT_ON = Prepared(
    import_batch.update()
    .where(import_batch.c.id == bindparam("batch"), import_batch.c.state == bindparam("at"))
    .values(done=import_batch.c.done + bindparam("made"))
    .returning(import_batch.c.done)
)
_FORGET = Prepared(
    import_row.delete().where(
        import_row.c.batch_id == bindparam("batch"), import_row.c.line <= bindparam("upto")
    )
)
_FORGET_LINE = Prepared(
    import_row.delete().where(
        import_row.c.batch_id == bindparam("batch"), import_row.c.line == bindparam("line")
    )
)


@cache
def _same_keys(dialect: str) -> Select[Any]:
    # Not in the order of their lines: for its sake SQLite would go through all rows of the import by their lines.
    return select(import_row.c.line, import_row.c.key, import_row.c.data, import_row.c.row_id).where(
        import_row.c.batch_id == bindparam("batch"), among(dialect, import_row.c.key, "keys")
    )


def came_to(connection: Connection, batch_id: int, done: int, *, at: ImportState) -> None:
    """Keep how far it is. Raises ImportEndedError when it is no longer ``at`` that state: somebody has dropped it."""
    if not _CAME_TO.run(connection, {"batch": batch_id, "at": at, "now_done": done}):
        raise ImportEndedError(f"import {batch_id} is no longer {at}")


def went_on(connection: Connection, batch_id: int, made: int, *, at: ImportState) -> int:
    """Keep that so many more are done, however many portions are at work at once. Returns how many there are now.

    Raises as ``came_to``.
    """
    row = _WENT_ON.first(connection, {"batch": batch_id, "at": at, "made": made})
    if row is None:
        raise ImportEndedError(f"import {batch_id} is no longer {at}")
    return int(row.done)


def keep(connection: Connection, batch_id: int, rows: Sequence[Staged]) -> None:
    """Store staged rows."""
    if not rows:
        return
    dialect = connection.dialect.name
    if dialect != "postgresql":
        values: dict[str, Any] = {
            "rows": [[row.line, row.key, row.parent, row.data, row.row_id] for row in rows]
        }
    else:
        values = {
            "line": [row.line for row in rows],
            "key": [row.key for row in rows],
            "parent": [row.parent for row in rows],
            # As text: what PostgreSQL would unfold of a list of documents, it would refuse for a NUL in somebody's cell.
            "data": [json.dumps(row.data) for row in rows],
            "row_id": [row.row_id for row in rows],
        }
    connection.execute(_keeping(dialect), {"batch": batch_id, **values})


def staged_already(connection: Connection, batch_id: int, keys: Sequence[str]) -> dict[str, list[Staged]]:
    """The rows that came before with the same keys, those of each key in the order of their lines."""
    found: dict[str, list[Staged]] = {}
    if wanted := [key for key in keys if key]:
        rows = connection.execute(_same_keys(connection.dialect.name), {"batch": batch_id, "keys": wanted})
        for row in sorted(rows, key=attrgetter("line")):
            found.setdefault(row.key, []).append(Staged(row.line, row.key, data=row.data, row_id=row.row_id))
    return found


def staged_with(staged: Mapping[str, Sequence[Staged]], last: Iterable[Staged]) -> dict[str, list[Staged]]:
    """Rows that came before, with those that may not be stored yet: these as they are, whether found stored or not."""
    ours = {row.line: row for row in last if row.key and not row.is_bad}
    found = {key: [row for row in rows if row.line not in ours] for key, rows in staged.items()}
    for row in ours.values():
        found.setdefault(row.key, []).append(row)
    return {key: rows for key, rows in found.items() if rows}


def forget(connection: Connection, batch_id: int, *, upto: int) -> None:
    """Let go of rows that are done with."""
    _FORGET.run(connection, {"batch": batch_id, "upto": upto})


def forget_lines(connection: Connection, batch_id: int, lines: Iterable[int]) -> None:
    """The same for single ones."""
    rows = [{"batch": batch_id, "line": line} for line in lines]
    if rows:
        _FORGET_LINE.run_all(connection, rows)


# --- portions by their lines, for statements that work on all of their rows at once --------------------------------------


class Lines(NamedTuple):
    """The rows of an import below line ``after`` and down to line ``upto``."""

    batch: int
    after: int
    upto: int


_LAST_OF_PORTION: Select[Any] = select(func.max(literal_column("line"))).select_from(
    select(import_row.c.line)
    .where(import_row.c.batch_id == bindparam("batch"), import_row.c.line > bindparam("after"))
    .order_by(import_row.c.line)
    .limit(bindparam("most"))
    .subquery()
)


def lines_after(connection: Connection, batch_id: int, line: int, *, most: int = PORTION) -> Lines | None:
    """The next portion below a line; None when there is nothing below it."""
    last = connection.execute(_LAST_OF_PORTION, {"batch": batch_id, "after": line, "most": most}).scalar()
    return None if last is None else Lines(batch_id, line, last)


def within(rows: FromClause = import_row) -> ColumnElement[bool]:
    """Whether a row is one of the portion given as parameters."""
    return (
        (rows.c.batch_id == bindparam("batch"))
        & (rows.c.line > bindparam("after"))
        & (rows.c.line <= bindparam("upto"))
    )


def said(*path: str, rows: FromClause = import_row) -> ColumnElement[str]:
    """A text among a row's data."""
    found: ColumnElement[str] = rows.c.data[path].as_string()
    return found


def numbered(*path: str, rows: FromClause = import_row) -> ColumnElement[int]:
    """A number among a row's data, of any size: the databases' own way stops at 32 bits."""
    return cast(said(*path, rows=rows), BigInteger)


def has(key: str, rows: FromClause = import_row) -> ColumnElement[bool]:
    """Whether a row's data have a key, by the text they are kept as; a word of somebody's is never taken for it, for its
    quotation marks are kept otherwise."""
    return cast(rows.c.data, Text).contains(f'"{key}":', autoescape=True)


_ROWS_WITH = {
    key: select(
        import_row.c.line, import_row.c.key, import_row.c.parent, import_row.c.data, import_row.c.row_id
    )
    .where(within(), has(key))
    .order_by(import_row.c.line)
    for key in (CHANGE, SKILLS, ACCOUNT, ALIASES, PROBLEMS)
}


def rows_with(connection: Connection, key: str, lines: Lines) -> list[Staged]:
    """The rows of a portion whose data have a key."""
    return [Staged(*row) for row in connection.execute(_ROWS_WITH[key], lines._asdict())]
