"""Imports of units and people from a sheet. Source: docs/rules.md §1.

An import's rows stand in their own tables before it is live, marked with its batch, and are there for nobody yet; one
last change of the batch's state makes all of them be there. Knows that, and what the rules need to know of an import;
how rows are staged, compared and brought in is ``importing.py``'s.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, FromClause, or_, select
from sqlalchemy.sql.elements import ColumnElement

from domain.base import Actor, Role
from domain.imports import (
    BatchCase,
    BeginCase,
    BeginImport,
    CancelImport,
    ConfirmImport,
    ImportBatch,
    ImportState,
)
from domain.rulebook import Rulebook
from storage.entities import load, next_id, only, selection
from storage.schema import import_batch

_LIVE = select(import_batch.c.id).where(import_batch.c.state == ImportState.LIVE)


def there(rows: FromClause) -> ColumnElement[bool]:
    """Whether rows of ``unit``, ``person`` or ``appointment`` are there for anybody: not those of an import under way.

    For lists, searches and look-ups by code or number; whoever has a row by its id has come by one of these.
    """
    return or_(rows.c.batch_id.is_(None), rows.c.batch_id.in_(_LIVE))


_UNDER_WAY = (
    selection(ImportBatch).where(import_batch.c.finished_at.is_(None)).order_by(import_batch.c.id).limit(1)
)
_UNDER_WAY_LOCKED = _UNDER_WAY.with_for_update()


def under_way(connection: Connection, *, lock: bool = False) -> ImportBatch | None:
    """The import that is not over; locked for who would change it."""
    return only(connection, ImportBatch, _UNDER_WAY_LOCKED if lock else _UNDER_WAY)


def _place_of(actor: Actor) -> str:
    """Where somebody is admin, for the permission check; each row is checked by its own place as well."""
    return min((held.path for held in actor.held if held.role is Role.ADMIN), default="", key=len)


def load_for_begin(connection: Connection, action: BeginImport, actor: Actor, rules: Rulebook) -> BeginCase:
    """A new import's id, and the one that is not over."""
    # The counter stays locked until the commit: of two who begin at once, the second sees the first one's.
    new_id = next_id(connection, ImportBatch)
    return BeginCase(new_id, under_way(connection, lock=True), _place_of(actor))


def load_batch(
    connection: Connection, action: ConfirmImport | CancelImport, actor: Actor, rules: Rulebook
) -> BatchCase:
    """The import."""
    return BatchCase(load(connection, ImportBatch, action.batch_id), _place_of(actor))


LOADERS: dict[type[Any], Any] = {
    BeginImport: load_for_begin,
    ConfirmImport: load_batch,
    CancelImport: load_batch,
}
