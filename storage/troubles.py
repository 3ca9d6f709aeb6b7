"""Troubles that the admins have been told of: a mark of each in ``counter``, 1 while it is on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.backup import MarkTrouble, ReportTrouble, Trouble, TroubleCase
from domain.base import Actor, Sweep
from domain.rulebook import Rulebook
from storage.dialect import upserting
from storage.schema import counter
from storage.units import tops

_MARK = select(counter.c.value).where(counter.c.name == bindparam("mark"))


def _name(trouble: Trouble) -> str:
    return f"trouble.{trouble}"


def is_on(connection: Connection, trouble: Trouble) -> bool:
    """Whether it is known to be on."""
    return bool(connection.execute(_MARK, {"mark": _name(trouble)}).scalar())


def load(connection: Connection, action: ReportTrouble, actor: Actor, rules: Rulebook) -> TroubleCase:
    """What is known of it, and where the admins are."""
    return TroubleCase(is_on(connection, action.trouble), tops(connection))


def mark(connection: Connection, sweep: MarkTrouble) -> None:
    """Remember that it is on, or over."""
    upsert = upserting(connection, counter).values(name=_name(sweep.trouble), value=int(sweep.on))
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["name"], set_={"value": upsert.excluded.value})
    )


LOADERS: Mapping[type[Any], Any] = {ReportTrouble: load}
SWEEPS: Mapping[type[Sweep], Callable[[Connection, Any], None]] = {MarkTrouble: mark}
