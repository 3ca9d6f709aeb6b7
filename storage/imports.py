"""Imports of units and people from a sheet, and their export. Source: DOMAIN §2.

An import's rows stand in their own tables before it is live, marked with its batch, and are there for nobody yet.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import FromClause, or_, select
from sqlalchemy.sql.elements import ColumnElement

from storage.schema import import_batch

LOADERS: dict[type[Any], Any] = {}

_LIVE = select(import_batch.c.id).where(import_batch.c.state == "live")


def there(rows: FromClause) -> ColumnElement[bool]:
    """Whether rows of ``unit``, ``person`` or ``appointment`` are there for anybody: not those of an import under way.

    For lists, searches and look-ups by code or number; whoever has a row by its id has come by one of these.
    """
    return or_(rows.c.batch_id.is_(None), rows.c.batch_id.in_(_LIVE))
