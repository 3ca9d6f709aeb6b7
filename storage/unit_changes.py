"""The rows behind a change of a unit: the unit itself, the other one it names, and what hangs on it.

Whatever changes the shape of the tree holds the tree's lock first, so that what was read here is true at the commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    func,
    or_,
    select,
)

from domain.base import NOT_FOUND, Actor, Refused
from domain.people import Appointment, Phase
from domain.requests import FINAL, RequestState
from domain.reshaping import CloseUnit, MergeUnit, MoveUnit
from domain.rulebook import Rulebook
from domain.tasks import TaskState
from domain.units import (
    MOST_AT_ONCE,
    AddUnit,
    Below,
    RemoveAlias,
    RenameUnit,
    SetAlias,
    SetCalendar,
    SetZone,
    Unit,
    UnitCase,
)
from storage import tree
from storage.entities import every, load, next_id, selection
from storage.imports import there
from storage.people import ancestors, below
from storage.schema import (
    appointment,
    checkin,
    pairing,
    person,
    request,
    task,
    unit,
    unit_alias,
)

_MANY = MOST_AT_ONCE + 1
_ID: BindParameter[int] = bindparam("id")


def capped(rows: Select[Any], most: int) -> Select[Any]:
    """How many rows there are, counted no further than ``most``."""
    return select(func.count()).select_from(rows.limit(most).subquery())


_BELOW = (unit.c.path > bindparam("low")) & (unit.c.path < bindparam("high"))
_ALL_BELOW = capped(select(unit.c.id).where(_BELOW), _MANY)
_OPEN_BELOW = capped(select(unit.c.id).where(_BELOW, unit.c.closed_at.is_(None)), _MANY)
_HOMES = capped(select(person.c.id).where(person.c.home_unit_id == _ID), _MANY)
# Those of an import under way count too: they will live there. The tombstones of merged and erased people do not.
_LIVING = capped(
    select(person.c.id).where(
        person.c.home_unit_id == _ID, person.c.merged_into_id.is_(None), person.c.erased_at.is_(None)
    ),
    _MANY,
)
# Where a request is handled, or a task offered, is the unit itself or one above it: there the indices begin.
_around = unit.alias("around")
_AROUND = select(_around.c.id).where(_around.c.path.in_(bindparam("paths", expanding=True)))
_UNDER_WAY = {
    "requests": capped(
        select(request.c.id).where(
            request.c.handling_unit_id.in_(_AROUND),
            request.c.state.in_([state for state in RequestState if state not in FINAL]),
            or_(request.c.unit_id == _ID, request.c.handling_unit_id == _ID),
        ),
        _MANY,
    ),
    "tasks": capped(
        select(task.c.id).where(
            task.c.circle_unit_id.in_(_AROUND),
            task.c.state.in_((TaskState.OFFERED, TaskState.DONE)),
            or_(task.c.unit_id == _ID, task.c.circle_unit_id == _ID),
        ),
        _MANY,
    ),
    "pairings": capped(
        select(pairing.c.id).where(pairing.c.unit_id == _ID, pairing.c.ended_at.is_(None)), _MANY
    ),
    "checkins": capped(
        select(checkin.c.id).where(
            checkin.c.unit_id == _ID, checkin.c.state.in_(("asked", "returned", "approved"))
        ),
        _MANY,
    ),
}

_LASTING = selection(Appointment).where(appointment.c.unit_id == _ID, appointment.c.phase != Phase.ENDED)
_CODES = select(unit.c.code).where(unit.c.code.in_(bindparam("codes", expanding=True)))
_ALIASES = select(unit_alias.c.alias).where(unit_alias.c.unit_id == _ID)
_ALIAS = select(unit_alias.c.id).where(unit_alias.c.id == bindparam("alias_id"), unit_alias.c.unit_id == _ID)


def _named(units: FromClause) -> tuple[ColumnElement[bool], ...]:
    return (
        units.c.parent_id == bindparam("parent_id"),
        units.c.closed_at.is_(None),
        units.c.id != bindparam("but_id"),
    )


_BESIDE = select(unit.c.name, unit.c.name_en).where(
    *_named(unit),
    there(unit),
    or_(
        func.lower(unit.c.name).in_(bindparam("names", expanding=True)),
        func.lower(unit.c.name_en).in_(bindparam("names", expanding=True)),
    ),
)
_NAMES = select(unit.c.name, unit.c.name_en).where(*_named(unit), there(unit))


def _one(connection: Connection, unit_id: int) -> Unit:
    found = load(connection, Unit, unit_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def _all_names(rows: Iterable[Any]) -> frozenset[str]:
    return frozenset(name for row in rows for name in row if name)


def _beside(
    connection: Connection, *names: str | None, parent_id: int | None, but_id: int = 0
) -> frozenset[str]:
    """The names of open units below ``parent_id`` among which one of ``names`` is."""
    wanted = [name.lower() for name in names if name]
    values = {"parent_id": parent_id, "but_id": but_id, "names": wanted}
    return _all_names(connection.execute(_BESIDE, values))


def _range(path: str) -> dict[str, str]:
    low, high = below(path)
    return {"low": low, "high": high}


def counted(connection: Connection, statement: Select[Any], **values: Any) -> int:
    """The one number of a statement made by ``capped``."""
    return int(connection.execute(statement, values).scalar_one())


def standing_below(connection: Connection, found: Unit) -> Below:
    """What keeps a unit from being closed, and what a merging takes along."""
    values = {"id": found.id, "paths": ancestors(found.path)}
    return Below(
        units=counted(connection, _OPEN_BELOW, **_range(found.path)),
        people=counted(connection, _LIVING, id=found.id),
        **{name: counted(connection, statement, **values) for name, statement in _UNDER_WAY.items()},
    )


def load_for_adding(connection: Connection, action: AddUnit, actor: Actor, rules: Rulebook) -> UnitCase:
    """The unit above, whether name and code are free, and a code that is."""
    tree.lock(connection)
    parent = _one(connection, action.parent_id)
    new_id = next_id(connection, Unit)
    own = f"{action.kind[:1]}{new_id}"
    proposed = [own, *(f"{own}-{number}" for number in range(2, 10))]
    # Of all units, even those of an import that nobody sees yet: two codes alike there cannot be.
    taken = set(connection.execute(_CODES, {"codes": [*proposed, action.code]}).scalars())
    return UnitCase(
        parent,
        names=_beside(connection, action.name, action.name_en, parent_id=parent.id),
        new_id=new_id,
        free_code=next((code for code in proposed if code not in taken), f"{own}-{parent.code}"[:60]),
        code_taken=action.code in taken,
    )


def load_for_renaming(connection: Connection, action: RenameUnit, actor: Actor, rules: Rulebook) -> UnitCase:
    """The unit, and who has such a name beside it."""
    tree.lock(connection)
    found = _one(connection, action.unit_id)
    names = _beside(connection, action.name, action.name_en, parent_id=found.parent_id, but_id=found.id)
    return UnitCase(found, names=names)


def load_unit(
    connection: Connection, action: SetZone | SetCalendar, actor: Actor, rules: Rulebook
) -> UnitCase:
    """The unit alone."""
    return UnitCase(_one(connection, action.unit_id))


def load_for_alias(
    connection: Connection, action: SetAlias | RemoveAlias, actor: Actor, rules: Rulebook
) -> UnitCase:
    """The unit with its aliases, and whether one to be removed is among them."""
    found = _one(connection, action.unit_id)
    known = isinstance(action, RemoveAlias) and (
        connection.execute(_ALIAS, {"id": found.id, "alias_id": action.alias_id}).first() is not None
    )
    aliases = tuple(connection.execute(_ALIASES, {"id": found.id}).scalars())
    return UnitCase(found, aliases=aliases, alias_known=known)


def load_for_moving(connection: Connection, action: MoveUnit, actor: Actor, rules: Rulebook) -> UnitCase:
    """The unit, where it is to stand, who has its name there, and how much it would take along."""
    tree.lock(connection)
    found, parent = _one(connection, action.unit_id), _one(connection, action.parent_id)
    return UnitCase(
        found,
        other=parent,
        names=_beside(connection, found.name, found.name_en, parent_id=parent.id, but_id=found.id),
        below=Below(units=counted(connection, _ALL_BELOW, **_range(found.path))),
    )


def load_for_merging(connection: Connection, action: MergeUnit, actor: Actor, rules: Rulebook) -> UnitCase:
    """Both units, the names that stand below both, and how much would be handed over."""
    tree.lock(connection)
    found, into = _one(connection, action.unit_id), _one(connection, action.into_id)
    ours, theirs = (
        _all_names(connection.execute(_NAMES, {"parent_id": parent.id, "but_id": found.id}))
        for parent in (found, into)
    )
    folded = {name.casefold() for name in theirs}
    return UnitCase(
        found,
        other=into,
        names=frozenset(name for name in ours if name.casefold() in folded),
        below=Below(
            units=counted(connection, _ALL_BELOW, **_range(found.path)),
            people=counted(connection, _HOMES, id=found.id),
        ),
    )


def load_for_closing(connection: Connection, action: CloseUnit, actor: Actor, rules: Rulebook) -> UnitCase:
    """The unit, what still hangs on it, and who serves there."""
    tree.lock(connection)
    found = _one(connection, action.unit_id)
    return UnitCase(
        found,
        below=standing_below(connection, found),
        appointments=every(connection, Appointment, _LASTING, id=found.id),
    )


LOADERS: dict[type[Any], Any] = {
    AddUnit: load_for_adding,
    RenameUnit: load_for_renaming,
    SetAlias: load_for_alias,
    RemoveAlias: load_for_alias,
    SetZone: load_unit,
    SetCalendar: load_unit,
    MoveUnit: load_for_moving,
    MergeUnit: load_for_merging,
    CloseUnit: load_for_closing,
}
