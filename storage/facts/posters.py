"""What stands on posters: the buildings at and below a unit that the reader may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from domain.base import NOT_FOUND, Refused, Subject
from domain.permissions import allowed
from domain.posters import ListPosterPages, PosterPage, PosterPages
from storage.facts.rows import Look, place
from storage.imports import there
from storage.people import HOME_KINDS, below
from storage.schema import unit

_above = unit.alias("above_unit")
_UNIT = select(unit.c.path, unit.c.name, unit.c.name_en, unit.c.code).where(
    unit.c.id == bindparam("id"), unit.c.closed_at.is_(None), there(unit)
)
_homes = (
    unit.c.path >= bindparam("least"),
    unit.c.path < bindparam("beyond"),
    unit.c.kind.in_(sorted(HOME_KINDS)),
    unit.c.closed_at.is_(None),
    there(unit),
)
_PAGES = (
    select(
        unit.c.name,
        unit.c.name_en,
        unit.c.code,
        _above.c.name.label("above"),
        _above.c.name_en.label("above_en"),
    )
    .select_from(unit.outerjoin(_above, _above.c.id == unit.c.parent_id))
    .where(*_homes)
    .order_by(unit.c.path)
    .limit(bindparam("most"))
)
_TOTAL = select(func.count()).select_from(unit).where(*_homes)


def poster_pages(connection: Connection, query: ListPosterPages, look: Look) -> PosterPages:
    """The pages, and how many there are in all."""
    found = connection.execute(_UNIT, {"id": query.unit_id}).first()
    if found is None or not allowed(look.reader, query.permission, Subject(path=found.path)):
        raise Refused(NOT_FOUND)
    least, beyond = below(found.path)
    bounds = {"least": least, "beyond": beyond}
    rows = connection.execute(_PAGES, {**bounds, "most": query.most}).all()
    pages = tuple(
        PosterPage(place(row.name, row.name_en), place(row.above, row.above_en), row.code) for row in rows
    )
    own = place(found.name, found.name_en)
    total = len(pages) if len(pages) < query.most else connection.execute(_TOTAL, bounds).scalar_one()
    if not pages:
        pages, total = (PosterPage(own, place("", ""), found.code),), 1
    return PosterPages(own, found.code, pages, total)


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {ListPosterPages: poster_pages}
