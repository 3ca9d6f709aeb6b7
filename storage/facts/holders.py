"""Who holds a role in a part of the tree, in the order of the places: statements that take ``low``, ``high``, ``role`` and ``now``.

Names are in the order of names; who leads what is looked through from place to place, and that order is the tree's own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, exists, func, select, tuple_

from domain.people_seen import MOST_COUNTED
from domain.queries import PAGE_ROWS
from storage.facts.found import DESCRIBED, DETAILS, SERVES_BELOW, SERVING
from storage.imports import there
from storage.people import in_force
from storage.prepared import Prepared
from storage.roster import alive
from storage.schema import appointment, person, unit

_first_held = appointment.alias("first_held")
_first_unit = unit.alias("first_unit")
_path = select(unit.c.path).where(unit.c.id == appointment.c.unit_id).scalar_subquery()
_ROLE = bindparam("role", type_=appointment.c.role.type)


def _holders(*columns: Any, role: ColumnElement[bool]) -> Select[Any]:
    """Each holder once, at the first of the places where they hold it."""
    before = exists(_first_held.c.id).where(
        _first_held.c.person_id == appointment.c.person_id,
        _first_held.c.role == _ROLE,
        in_force(_first_held),
        there(_first_held),
        _first_unit.c.id == _first_held.c.unit_id,
        _first_unit.c.path >= bindparam("low"),
        _first_unit.c.path < unit.c.path,
    )
    return (
        select(*columns)
        .select_from(SERVING.join(DESCRIBED, person.c.id == appointment.c.person_id))
        .where(role, SERVES_BELOW, alive, ~before)
    )


def _counted(rows: Select[Any]) -> Prepared:
    return Prepared(select(func.count().label("total")).select_from(rows.limit(MOST_COUNTED + 1).subquery()))


_held = select(appointment.c.id).where(appointment.c.role == _ROLE, in_force(appointment), there(appointment))
HELD = {
    True: _counted(_held.select_from(SERVING).where(SERVES_BELOW)),
    # From those who hold the role to their places: in a wide part of the tree nearly each of them counts, and enough are
    # soon found. A path asked for row by row keeps planners from reading all places first.
    False: _counted(_held.where(_path >= bindparam("low"), _path < bindparam("high"))),
}
"""Places held, which are no fewer than their holders. The key says whether the part of the tree is small."""
HOLDERS = _counted(_holders(appointment.c.id, role=appointment.c.role == _ROLE))


def _page_of_holders(role: ColumnElement[bool]) -> Prepared:
    here = tuple_(unit.c.path, appointment.c.person_id)
    after = tuple_(bindparam("after", type_=unit.c.path.type), bindparam("after_id", type_=BigInteger()))
    return Prepared(
        _holders(*DETAILS, unit.c.path, role=role)
        .where(here > after)
        .order_by(unit.c.path, appointment.c.person_id)
        .limit(PAGE_ROWS + 1)
    )


PLACES = {
    False: _page_of_holders(appointment.c.role == _ROLE),
    # So many that the places are walked until a page is full: the expression keeps planners from collecting them all.
    True: _page_of_holders(func.coalesce(appointment.c.role, "") == _ROLE),
}
"""One page; the key says whether there are many."""
