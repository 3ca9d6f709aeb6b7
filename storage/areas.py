"""Which community a home is in, kept beside it: the people of a community are one stretch of an index, in the order of
their names, and not ten from each of a thousand buildings.

``person.area_id`` is made anew with each save and whenever a part of the tree moves. Only a search looks at it, and only
in a community that is not ``DIVIDED``; the shell of one that was merged divides it, too.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    ScalarSelect,
    bindparam,
    case,
    exists,
    func,
    select,
    update,
)

from storage.prepared import Prepared
from storage.schema import person, unit

COMMUNITY = "community"

_around = unit.alias("area_unit")
_home = unit.alias("home_of_area")
_LIVES_AT: BindParameter[int] = bindparam("lives_at", type_=person.c.home_unit_id.type)


def _nearest(home: ColumnElement[str]) -> tuple[ColumnElement[Any], tuple[ColumnElement[bool], ...]]:
    """What to select and where: in byte order a community comes before all that is in it, and the last one that comes
    before a home is the one it is in, or none."""
    begins = func.substr(home, 1, func.length(_around.c.path)) == _around.c.path
    return case((begins, _around.c.id)), (
        _around.c.kind == COMMUNITY,
        _around.c.closed_at.is_(None),
        _around.c.path <= home,
    )


def area_at(unit_id: ColumnElement[int]) -> ScalarSelect[Any]:
    """The community of a home, for a row that is written; empty where there is none."""
    chosen, where = _nearest(_home.c.path)
    return (
        select(chosen)
        .where(_home.c.id == unit_id, *where)
        .order_by(_around.c.path.desc())
        .limit(1)
        .scalar_subquery()
    )


AREA = area_at(_LIVES_AT)
"""The same for one person whose home is ``lives_at``."""


def divided(low: ColumnElement[str], high: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether there are communities inside the one from ``low`` to ``high``: people of theirs are kept with them."""
    return exists(_around.c.id).where(
        _around.c.kind == COMMUNITY, _around.c.path > low, _around.c.path < high
    )


DIVIDED = divided(bindparam("low"), bindparam("high"))
"""The same of a community that is given as parameters."""

_HOLD = Prepared(select(unit.c.id).where(unit.c.id == _LIVES_AT).with_for_update(read=True))
_INSIDE = select(unit.c.id).where(unit.c.path >= bindparam("low"), unit.c.path < bindparam("high"))
_RELABEL = (
    update(person)
    .where(
        person.c.home_unit_id.in_(_INSIDE), person.c.area_id.is_distinct_from(area_at(person.c.home_unit_id))
    )
    .values(area_id=area_at(person.c.home_unit_id), version=person.c.version + 1)
)


def hold(connection: Connection, home_unit_id: int | None) -> None:
    """Let nobody move this home until the commit (PostgreSQL; SQLite has one writer)."""
    if home_unit_id is not None and connection.dialect.name != "sqlite":
        _HOLD.first(connection, {"lives_at": home_unit_id})


def relabel(connection: Connection, low: str, high: str) -> None:
    """What is within these paths may be in another community now. Raises the version of whoever is."""
    connection.execute(_RELABEL, {"low": low, "high": high})
