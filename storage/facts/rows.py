"""What the facts of several nouns share: places, words, coverage of units, pages.

Statements are made once and bound by parameter; they are the same on both databases. A path ends in "." and the
next byte is "/", so everything at and below a unit is one range of paths.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, false, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from domain.base import Actor, Purpose, Role, Scalar
from domain.queries import PAGE_ROWS, Page, Place, Words
from domain.rulebook import Rulebook
from storage.people import below as bounds
from storage.people import in_force
from storage.prepared import Prepared
from storage.schema import appointment, remark, unit

STAFF_ROLES = (Role.LEADER.value, Role.SECRETARY.value)
HELPER_ROLES = (Role.MEMBER.value, *STAFF_ROLES)
MAX_TEXT = 4000


class Look(NamedTuple):
    """Who looks, when, by which rules; and of a message ``params`` with which it was asked for, such as a page."""

    reader: Actor
    now: datetime
    rules: Rulebook
    params: Mapping[str, Scalar] = MappingProxyType({})

    def number(self, name: str) -> int:
        """One of ``params`` that is a number, 0 where it is not there."""
        return int(self.params.get(name) or 0)

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


# --- by ranges of paths -------------------------------------------------------------------------------------------------


def led(look: Look, roles: Collection[Role]) -> list[tuple[str, str]]:
    """The parts of the tree that the reader covers by any of these roles, as ranges of paths that do not overlap."""
    if look.reader.suspended:
        return []
    paths = sorted({held.path for held in look.reader.held if held.role in roles})
    return [
        bounds(path) for path in paths if not any(path != other and path.startswith(other) for other in paths)
    ]


def within(path: ColumnElement[str], ranges: Iterable[tuple[str, str]]) -> ColumnElement[bool]:
    """Whether ``path`` is in one of them; in none, when there are none."""
    return or_(false(), *((path >= low) & (path < high) for low, high in ranges))


NEAR_UNITS = 1000
"""Of so many units each is looked up in the rows that are asked for; in a wider part it is the other way round."""


def among_few(
    connection: Connection, path: ColumnElement[str], ranges: Sequence[tuple[str, str]]
) -> ColumnElement[bool]:
    """The same, for rows of which there are few at all: in a wide part of the tree they are gone through, and not the tree."""
    units = select(unit.c.id).where(within(unit.c.path, ranges)).limit(NEAR_UNITS + 1).subquery("units")
    number: int = connection.execute(select(func.count()).select_from(units)).scalar_one()
    # What is joined to nothing is in no index.
    return within(path if number <= NEAR_UNITS else path.concat(""), ranges)


def stretch(
    connection: Connection, statement: Select[Any], *, page: int, size: int, most: int = 50
) -> tuple[list[Any], Page[Any]]:
    """One page of a list that is not counted, and an empty page that knows only whether there is another.

    No further than page ``most``, so that what is skipped over stays little. Out of range, the first page.
    """
    wanted = max(1, min(page, most))
    rows = connection.execute(statement.limit(size + 1).offset((wanted - 1) * size)).all()
    if not rows and wanted > 1:
        return stretch(connection, statement, page=1, size=size, most=most)
    more = len(rows) > size and wanted < most
    return list(rows[:size]), Page((), page=wanted, pages=wanted + more, total=len(rows))
