"""Rows of units in an import: what each one would make or change in the tree, and how it is brought in, level by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, bindparam, cast, exists, func, literal, or_, select
from sqlalchemy.sql.elements import BindParameter

from domain.sheet_columns import MAX_LEVELS, Fault, Problem
from domain.sheets import UnitLine, tidy
from storage.areas import relabel
from storage.import_rows import (
    ALIASES,
    CHANGE,
    NEW,
    Lines,
    Portion,
    Scope,
    Staged,
    Wrong,
    bad,
    both,
    has,
    rows_with,
    said,
    staged_already,
    within,
)
from storage.people import below
from storage.prepared import Prepared
from storage.schema import import_row, unit, unit_alias


class Known(NamedTuple):
    """A unit that is there already. ``parent`` is the code of the one above it."""

    id: int
    code: str
    kind: str
    name: str
    name_en: str
    path: str
    zone: str | None
    calendar: str | None
    is_closed: bool
    parent: str | None


class Around(NamedTuple):
    """What rows of one portion are compared with."""

    by_code: Mapping[str, Known]
    aliases: Mapping[int, frozenset[str]]
    staged: Mapping[str, Sequence[Staged]]


_VALUES: BindParameter[Any] = bindparam("values", expanding=True)
_above = unit.alias("above_unit")
_BY_CODE = (
    select(
        unit.c.id,
        unit.c.code,
        unit.c.kind,
        unit.c.name,
        unit.c.name_en,
        unit.c.path,
        unit.c.zone,
        unit.c.calendar,
        (unit.c.closed_at.is_not(None) | unit.c.merged_into_id.is_not(None)).label("is_closed"),
        _above.c.code,
    )
    .select_from(unit.outerjoin(_above, _above.c.id == unit.c.parent_id))
    .where(unit.c.code.in_(_VALUES))
)
_ALIASES = select(unit_alias.c.unit_id, unit_alias.c.alias).where(unit_alias.c.unit_id.in_(_VALUES))


def around(
    connection: Connection, batch_id: int, portion: Portion[UnitLine], scope: Scope, cache: dict[str, Any]
) -> Around:
    """Everything that a portion's rows have to be compared with."""
    lines = portion.lines
    codes = sorted({code for line in lines for code in (line.code, line.parent) if code})
    by_code: dict[str, Known] = {}
    if codes:
        for row in connection.execute(_BY_CODE, {"values": codes}):
            found = Known(*row)
            by_code[found.code] = found
    aliases: dict[int, set[str]] = {}
    if by_code:
        for row in connection.execute(_ALIASES, {"values": sorted(found.id for found in by_code.values())}):
            aliases.setdefault(row.unit_id, set()).add(row.alias)
    return Around(
        by_code,
        {key: frozenset(found) for key, found in aliases.items()},
        staged_already(connection, batch_id, [line.code for line in lines]),
    )


def judge(portion: Portion[UnitLine], near: Around, scope: Scope) -> list[Staged]:
    """Each row as it is kept: a new unit, a change, nothing at all, or what is wrong with it."""
    first: dict[str, int] = {key: rows[0].line for key, rows in near.staged.items()}
    found: list[Staged] = []
    for line, problems in portion.rows:
        row = both(problems, _judged(line, near, scope, first.get(line.code)))
        found.append(row)
        if line.code:
            first.setdefault(line.code, line.line)
    return found


def _judged(line: UnitLine, near: Around, scope: Scope, before: int | None) -> Staged:
    wrong = Wrong(line.line)
    if before is not None:
        wrong.add("code", Fault.DUPLICATE, line=before)
    known = near.by_code.get(line.code)
    above = near.by_code.get(line.parent) if line.parent else None
    if known is not None and not scope.covers(known.path):
        wrong.add("code", Fault.NUMBER_TAKEN)
    elif known is not None and known.is_closed:
        wrong.add("code", Fault.CLOSED)
    elif known is not None and (known.parent or "") != line.parent:
        wrong.add("parent", Fault.MOVED, text=known.parent or "")
    elif known is None and not line.parent and scope.paths is not None:
        wrong.add("parent", Fault.TOP)
    elif known is None and above is not None and (above.is_closed or not scope.covers(above.path)):
        wrong.add("parent", Fault.PARENT_UNKNOWN, text=line.parent)
    if wrong:
        return bad(wrong)
    row = Staged(line.line, line.code, line.parent, {"name": line.name}, known.id if known else None)
    if known is None:
        row.fresh = True
        said_of_it = {
            "kind": line.kind,
            "name_en": line.name_en,
            ALIASES: line.aliases,
            "zone": line.zone,
            "calendar": line.calendar,
        }
        row.data[NEW] = {name: value for name, value in said_of_it.items() if value}
    elif change := _different(line, known, near):
        row.data[CHANGE] = change
    return row


def _different(line: UnitLine, known: Known, near: Around) -> dict[str, Any]:
    """What the row says otherwise than it is. An empty cell says nothing."""
    found: dict[str, Any] = {
        column: value
        for column, value, there in (
            ("kind", line.kind, known.kind),
            ("name", line.name, tidy(known.name)),
            ("name_en", line.name_en, tidy(known.name_en)),
            ("zone", line.zone, known.zone),
            ("calendar", line.calendar, known.calendar),
        )
        if value and value != there
    }
    if line.aliases and frozenset(line.aliases) != near.aliases.get(known.id, frozenset()):
        found[ALIASES] = line.aliases
    return found


# --- what only the whole shows -----------------------------------------------------------------------------------------

_row = import_row.alias("staged_row")
_other = import_row.alias("other_row")
_BATCH: BindParameter[Any] = bindparam("batch")
_MOST: BindParameter[Any] = bindparam("most")
_OF_BATCH = (_row.c.batch_id == _BATCH) & (_row.c.key != "")

_NO_PARENT = (
    select(_row.c.line, _row.c.parent)
    .where(
        _OF_BATCH,
        _row.c.parent != "",
        ~exists().where(_other.c.batch_id == _row.c.batch_id, _other.c.key == _row.c.parent),
        ~exists().where(unit.c.code == _row.c.parent),
    )
    .order_by(_row.c.line)
    .limit(_MOST)
)

_climb = (
    select(_row.c.batch_id, _row.c.line, _row.c.parent, literal(1).label("level"))
    .where(_OF_BATCH, _row.c.parent != "")
    .cte("climb", recursive=True)
)
_climb = _climb.union_all(
    select(_climb.c.batch_id, _climb.c.line, _other.c.parent, _climb.c.level + 1).where(
        _other.c.batch_id == _climb.c.batch_id,
        _other.c.key == _climb.c.parent,
        _other.c.parent != "",
        _climb.c.level <= MAX_LEVELS,
    )
)
_CIRCLES = (
    select(_climb.c.line).where(_climb.c.level > MAX_LEVELS).distinct().order_by(_climb.c.line).limit(_MOST)
)
"""Climbing from each row over the sheet's own rows: who has not come to the top after so many steps never will."""

_called = (
    select(_row.c.line, _row.c.parent, said("name", rows=_row).label("name"))
    .where(_OF_BATCH)
    .subquery("called")
)
_named = (
    select(_called.c.parent, _called.c.name, func.min(_called.c.line).label("first"))
    .group_by(_called.c.parent, _called.c.name)
    .having(func.count() > 1)
    .subquery("named_twice")
)
_SIBLINGS = (
    select(_called.c.line, _named.c.name, _named.c.first)
    .join(_named, (_named.c.parent == _called.c.parent) & (_named.c.name == _called.c.name))
    .where(_called.c.line > _named.c.first)
    .order_by(_called.c.line)
    .limit(_MOST)
)
_sibling = unit.alias("sibling_unit")
_SIBLING_THERE = (
    select(_row.c.line, _sibling.c.name, _sibling.c.code)
    .select_from(
        _row.outerjoin(_above, _above.c.code == _row.c.parent).join(
            _sibling,
            or_(
                _sibling.c.parent_id == _above.c.id,
                _sibling.c.parent_id.is_(None) & (_row.c.parent == ""),
            )
            & (_sibling.c.name == said("name", rows=_row)),
        )
    )
    .where(
        _OF_BATCH,
        _sibling.c.code != _row.c.key,
        _sibling.c.closed_at.is_(None),
        # One that the sheet names too is compared there, by the name it shall have.
        ~exists().where(_other.c.batch_id == _row.c.batch_id, _other.c.key == _sibling.c.code),
    )
    .order_by(_row.c.line)
    .limit(_MOST)
)


def problems_of_all(connection: Connection, batch_id: int, *, most: int) -> list[Problem]:
    """Missing parents, circles, and siblings of one name, each at most ``most`` times."""

    def rows(statement: Any) -> Any:
        return connection.execute(statement, {"batch": batch_id, "most": most})

    return [
        *(
            Problem(row.line, "parent", Fault.PARENT_UNKNOWN, {"text": row.parent[:40]})
            for row in rows(_NO_PARENT)
        ),
        *(Problem(row.line, "parent", Fault.CIRCLE, {"most": MAX_LEVELS}) for row in rows(_CIRCLES)),
        *(
            Problem(row.line, "name", Fault.SIBLING, {"text": row.name, "other": f"#{row.first}"})
            for row in rows(_SIBLINGS)
        ),
        *(
            Problem(row.line, "name", Fault.SIBLING, {"text": row.name, "other": row.code})
            for row in rows(_SIBLING_THERE)
        ),
    ]


# --- bringing in -------------------------------------------------------------------------------------------------------

_made = unit.alias("made_unit")
_UNITS = unit.insert().from_select(
    [
        "id", "version", "kind", "name", "name_en", "parent_id", "path", "code", "zone", "calendar", "batch_id",
    ],
    select(
        import_row.c.row_id,
        literal(1),
        said(NEW, "kind"),
        said("name"),
        func.coalesce(said(NEW, "name_en"), ""),
        _above.c.id,
        func.coalesce(_above.c.path, "") + cast(import_row.c.row_id, String) + ".",
        import_row.c.key,
        said(NEW, "zone"),
        said(NEW, "calendar"),
        import_row.c.batch_id,
    )
    .select_from(
        import_row.outerjoin(_above, _above.c.code == import_row.c.parent).outerjoin(
            _made, _made.c.id == import_row.c.row_id
        )
    )
    .where(
        within(),
        has(NEW),
        _made.c.id.is_(None),
        (import_row.c.parent == "") | _above.c.id.is_not(None),
    ),
)  # fmt: skip
_ALIAS = Prepared(unit_alias.insert())


def bring_in(connection: Connection, lines: Lines) -> int:
    """Make the new units of these rows whose parents are there, unseen. Returns how many: a tree needs further rounds."""
    return connection.execute(_UNITS, lines._asdict()).rowcount


# --- once it is live, or when it comes to nothing ------------------------------------------------------------------------

_ITS_IDS = select(import_row.c.row_id).where(within(), has(NEW))
_OURS = (unit.c.id.in_(_ITS_IDS), unit.c.batch_id == bindparam("batch"))
_OWN = unit.update().where(*_OURS).values(batch_id=None)
_CHANGED = unit.update().where(unit.c.id == bindparam("row"), unit.c.closed_at.is_(None))
_PATH = select(unit.c.path).where(unit.c.id == bindparam("row"))
_NO_ALIASES = Prepared(unit_alias.delete().where(unit_alias.c.unit_id == bindparam("row")))
_EMPTY = (
    unit.update()
    .where(*_OURS)
    .values(
        name="",
        name_en="",
        code="~" + cast(unit.c.id, String),
        closed_at=bindparam("now", type_=unit.c.closed_at.type),
    )
)


def settle(connection: Connection, lines: Lines) -> None:
    """Once the import is live: its units are like all others, and are found by their other names."""
    connection.execute(_OWN, lines._asdict())
    aliases = [
        {"unit_id": row.row_id, "alias": alias}
        for row in rows_with(connection, ALIASES, lines)
        for alias in row.data.get(NEW, {}).get(ALIASES, ())
    ]
    if aliases:
        _ALIAS.insert(connection, aliases)


def change(connection: Connection, row: Staged) -> None:
    """What the row says of a unit that was there before takes effect."""
    changed = dict(row.data[CHANGE])
    aliases = changed.pop(ALIASES, None)
    if changed:
        connection.execute(_CHANGED.values(version=unit.c.version + 1, **changed), {"row": row.row_id})
    if "kind" in changed and (path := connection.execute(_PATH, {"row": row.row_id}).scalar()):
        relabel(connection, *below(path))
    if aliases is not None:
        _NO_ALIASES.run(connection, {"row": row.row_id})
        _ALIAS.insert(connection, [{"unit_id": row.row_id, "alias": alias} for alias in aliases])


def take_back(connection: Connection, lines: Lines, *, now: datetime) -> None:
    """Nothing of the new units is left but closed tombstones, whose codes no sheet can name and others may have."""
    connection.execute(_EMPTY, {**lines._asdict(), "now": now})
