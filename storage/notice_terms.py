"""What a notice's kind and validity leave in rows of their own: who has muted what, and where it is found while it is valid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from domain.base import Actor
from domain.notices.terms import Mute, MuteCase, MuteKind
from domain.rulebook import Rulebook
from storage.dialect import upserting
from storage.prepared import Prepared
from storage.schema_notices import notice_mute, notice_place

_MUTED = Prepared(
    select(notice_mute.c.kind).where(
        notice_mute.c.person_id == bindparam("person"), notice_mute.c.kind == bindparam("kind")
    )
)


def load_mute(connection: Connection, action: MuteKind, actor: Actor, rules: Rulebook) -> MuteCase:
    """Whether the actor has muted the kind."""
    found = _MUTED.first(connection, {"person": actor.person_id, "kind": action.kind})
    return MuteCase(actor.person_id, muted=found is not None)


def mute(connection: Connection, sweep: Mute) -> None:
    """Whoever is written down already gets what is on its way."""
    row = {"person_id": sweep.person_id, "kind": sweep.kind}
    if sweep.muted:
        connection.execute(upserting(connection, notice_mute).values(row).on_conflict_do_nothing())
    else:
        connection.execute(_UNMUTE, row)


_UNMUTE = delete(notice_mute).where(
    notice_mute.c.person_id == bindparam("person_id"), notice_mute.c.kind == bindparam("kind")
)


def stands_at(connection: Connection, notice_id: int, units: Iterable[int]) -> None:
    """From now on who arrives at or below these units finds the notice while it is valid."""
    rows = [{"unit_id": unit_id, "notice_id": notice_id} for unit_id in sorted(set(units))]
    if rows:
        connection.execute(upserting(connection, notice_place).on_conflict_do_nothing(), rows)


LOADERS: dict[type[Any], Any] = {MuteKind: load_mute}
SWEEPS: Mapping[type[Any], Any] = {Mute: mute}
