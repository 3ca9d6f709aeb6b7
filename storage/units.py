"""The tree of units: reading it whole, and founding a small one in one commit, as a made-up town or a test does.

A community's own tree comes by ``importing.py``, however long it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from storage.areas import relabel
from storage.entities import next_number
from storage.imports import there
from storage.people import below
from storage.schema import unit

LONGEST_NAME = 64
KINDS = ("street", "community", "grid", "building", "branch")


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One line of an import. ``key`` names the unit in the file and ever after; ``parent`` is another line's key."""

    line: int
    key: str
    kind: str
    name: str
    name_en: str
    parent: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, and the mend, for the operator."""

    line: int
    column: str
    text: str


_ALL = select(
    unit.c.id, unit.c.code, unit.c.path, unit.c.kind, unit.c.name, unit.c.name_en, unit.c.parent_id
).where(there(unit))
_INSERT = unit.insert()
_UPDATE = (
    unit.update()
    .where(unit.c.id == bindparam("_id"))
    .values(
        name=bindparam("name"),
        name_en=bindparam("name_en"),
        kind=bindparam("kind"),
        version=unit.c.version + 1,
    )
)


_TOPS = (
    select(unit.c.id)
    .where(unit.c.parent_id.is_(None), unit.c.closed_at.is_(None), there(unit))
    .order_by(unit.c.id)
)


def tops(connection: Connection) -> tuple[int, ...]:
    """The open units that stand below nothing."""
    return tuple(connection.execute(_TOPS).scalars())


def problems_of(rows: Iterable[UnitRow], *, existing: Mapping[str, str]) -> list[Problem]:
    """Everything wrong with an import, by line. ``existing``: the codes already stored, with their parents' codes."""
    rows = list(rows)
    found: list[Problem] = []
    lines: dict[str, int] = {}
    for row in rows:
        if not row.key:
            found.append(Problem(row.line, "code", "is empty; give each unit a short code of its own"))
        elif not all(c.isascii() and (c.isalnum() or c in "_-") for c in row.key) or len(row.key) > 60:
            found.append(
                Problem(row.line, "code", f"{row.key!r} must be at most 60 of the characters A-Z a-z 0-9 _ -")
            )
        elif row.key in lines:
            found.append(Problem(row.line, "code", f"{row.key!r} stands already in line {lines[row.key]}"))
        lines.setdefault(row.key, row.line)
        if row.kind not in KINDS:
            found.append(Problem(row.line, "kind", f"{row.kind!r} is none of {', '.join(KINDS)}"))
        if not row.name:
            found.append(Problem(row.line, "name", "is empty; residents read this name"))
        for column, name in (("name", row.name), ("name_en", row.name_en)):
            if len(name) > LONGEST_NAME or not name.isprintable():
                found.append(
                    Problem(
                        row.line, column, f"must be at most {LONGEST_NAME} characters that can be printed"
                    )
                )
    parents = {**existing, **{row.key: row.parent for row in rows}}
    for row in rows:
        if row.parent and row.parent not in parents:
            found.append(
                Problem(
                    row.line,
                    "parent",
                    f"{row.parent!r} is neither in this file nor known; add it or correct it",
                )
            )
            continue
        seen = {row.key}
        above = row.parent
        while above:
            if above in seen:
                found.append(Problem(row.line, "parent", f"{row.key!r} would stand below itself"))
                break
            seen.add(above)
            above = parents.get(above, "")
        before = existing.get(row.key)
        if before is not None and before != row.parent:
            found.append(
                Problem(
                    row.line,
                    "parent",
                    f"{row.key!r} stands below {before or 'nothing'!r}; moving is not an import",
                )
            )
    return found


def existing_parents(connection: Connection) -> dict[str, str]:
    """Each stored unit's code with its parent's code ("" at the top)."""
    rows = connection.execute(_ALL).all()
    codes = {row.id: row.code for row in rows}
    return {row.code: codes.get(row.parent_id, "") for row in rows}


def put(connection: Connection, rows: Iterable[UnitRow]) -> tuple[int, int]:
    """Write checked rows. Returns how many were new and how many changed; a second time both are 0."""
    known = {row.code: row for row in connection.execute(_ALL)}
    paths = {code: (row.id, row.path) for code, row in known.items()}
    added = changed = 0
    waiting = list(rows)
    while waiting:
        later: list[UnitRow] = []
        for row in waiting:
            if row.parent and row.parent not in paths:
                later.append(row)
                continue
            if row.key in known:
                before = known[row.key]
                if (before.name, before.name_en, before.kind) != (row.name, row.name_en, row.kind):
                    connection.execute(
                        _UPDATE,
                        {"_id": before.id, "name": row.name, "name_en": row.name_en, "kind": row.kind},
                    )
                    if before.kind != row.kind:
                        relabel(connection, *below(before.path))
                    changed += 1
                continue
            paths[row.key] = _add(connection, row, paths)
            added += 1
        if len(later) == len(waiting):
            raise ValueError("the rows were not checked: a parent is missing")
        waiting = later
    return added, changed


def _add(connection: Connection, row: UnitRow, paths: Mapping[str, tuple[int, str]]) -> tuple[int, str]:
    parent_id, parent_path = paths[row.parent] if row.parent else (None, "")
    unit_id = next_number(connection, "unit")
    path = f"{parent_path}{unit_id}."
    connection.execute(
        _INSERT,
        {
            "id": unit_id,
            "version": 1,
            "kind": row.kind,
            "name": row.name,
            "name_en": row.name_en,
            "parent_id": parent_id,
            "path": path,
            "code": row.key,
        },
    )
    return unit_id, path


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import found or did: problems (then nothing was written), or how many units are new and changed."""

    problems: tuple[Problem, ...]
    added: int = 0
    changed: int = 0
