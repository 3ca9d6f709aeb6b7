"""What the facts of several nouns share: places, words, coverage of units, pages.

Statements are made once and bound by parameter; they are the same on both databases. A path ends in "." and the
next byte is "/", so everything at and below a unit is one range of paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement

from domain.base import Actor, Purpose, Role
from domain.queries import PAGE_ROWS, Page, Place, Words
from domain.rulebook import Rulebook
from storage.people import in_force
from storage.prepared import Prepared
from storage.schema import appointment, remark, unit

STAFF_ROLES = (Role.LEADER.value, Role.SECRETARY.value)
HELPER_ROLES = (Role.MEMBER.value, *STAFF_ROLES)
MAX_TEXT = 4000


class Look(NamedTuple):
    """Who looks, when, and by which rules."""

    reader: Actor
    now: datetime
    rules: Rulebook

    @property
    def sensitive(self) -> list[str]:
        """The codes of the categories that are about people of the organisation."""
        return [category.code for category in self.rules.categories if category.sensitive]

    def is_sensitive(self, category: str) -> bool:
        """Whether this category is one of them."""
        found = self.rules.category(category)
        return found is not None and found.sensitive


def below(path: ColumnElement[str], above: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether ``path`` is at or below ``above``, as a range that an index on ``path`` serves."""
    return (path >= above) & (path < func.substr(above, 1, func.length(above) - 1) + "/")


_held = unit.alias("held_unit")
_under = unit.alias("under_unit")
_own = appointment.alias("own_appointment")


def covered(*roles: str) -> Select[tuple[int]]:
    """The ids of all units that ``reader`` covers by any of ``roles`` at ``now``; for ``IN``."""
    return (
        select(_under.c.id)
        .select_from(
            _own.join(_held, _held.c.id == _own.c.unit_id).join(_under, below(_under.c.path, _held.c.path))
        )
        .where(_own.c.person_id == bindparam("reader"), _own.c.role.in_(roles), in_force(_own))
    )


class Said(NamedTuple):
    """One remark."""

    id: int
    subject_kind: str
    subject_id: int
    purpose: Purpose
    author_id: int
    at: datetime
    kind: str
    text: str
    file_id: str
    album: str
    latitude: float | None
    longitude: float | None


SAID = (
    remark.c.id,
    remark.c.subject_kind,
    remark.c.subject_id,
    remark.c.purpose,
    remark.c.author_id,
    remark.c.at,
    remark.c.kind,
    remark.c.text,
    remark.c.file_id,
    remark.c.album,
    remark.c.latitude,
    remark.c.longitude,
)
"""The columns of ``Said``, in order."""

_ABOUT = Prepared(
    select(*SAID)
    .where(remark.c.subject_kind == bindparam("subject_kind"), remark.c.subject_id == bindparam("subject_id"))
    .order_by(remark.c.id)
)


def said_about(connection: Connection, kind: str, subject_id: int) -> tuple[Said, ...]:
    """Everything said about a thing, oldest first."""
    return tuple(
        Said._make(row) for row in _ABOUT.all(connection, {"subject_kind": kind, "subject_id": subject_id})
    )


def words_of(said: Iterable[Said], purpose: Purpose) -> Words:
    """The words of one purpose, one under the other, and how many other parts there are."""
    found = [item for item in said if item.purpose is purpose]
    text = "\n".join(item.text for item in found if item.text)
    return Words(text[:MAX_TEXT], sum(item.kind != "text" for item in found))


def last_words(said: Iterable[Said], purpose: Purpose) -> Words:
    """The same of what was said last for this purpose: all parts that came with it."""
    found = [item for item in said if item.purpose is purpose]
    return words_of([item for item in found if item.at == found[-1].at], purpose) if found else Words()


def place(name: str | None, name_en: str | None) -> Place:
    """A unit's name."""
    return Place(name or "", name_en or "")


def page_of(
    connection: Connection,
    statement: Select[Any],
    parameters: Mapping[str, Any],
    *,
    page: int,
    size: int = PAGE_ROWS,
) -> tuple[list[Any], Page[Any]]:
    """The rows of one page, and an empty page with its numbers. Out of range, the last page that there is.

    ``statement`` ends its columns with ``count(*) OVER ()`` and binds ``limit`` and ``offset``.
    """
    wanted = max(1, min(page, 10_000))
    rows = connection.execute(statement, {**parameters, "limit": size, "offset": (wanted - 1) * size}).all()
    if not rows and wanted > 1:
        first = connection.execute(statement, {**parameters, "limit": 1, "offset": 0}).all()
        if first:
            return page_of(connection, statement, parameters, page=-(-first[0][-1] // size), size=size)
        wanted = 1
    total = rows[0][-1] if rows else 0
    return list(rows), Page((), page=wanted, pages=max(1, -(-total // size)), total=total)


def paged(statement: Select[Any]) -> Select[Any]:
    """``statement`` (with its ORDER BY) in pages: the whole count as last column, a limit and an offset."""
    return statement.add_columns(func.count().over()).limit(bindparam("limit")).offset(bindparam("offset"))
