"""The seals of the audit trail as rows: what is sealed next, whether all of it is still so, what retention drops.

A seal answers for every number above the former seal's last one, so that a row that comes late (on PostgreSQL numbers
are dealt before they are committed) or is slipped in between two batches shows as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.seals import BEGINNING, LAG, ROWS, Seal, digest
from storage.dialect import upserting
from storage.schema import audit, audit_seal
from storage.types import Instant, to_microseconds

_CHECKED_AT_ONCE = 20
"""How many seals one read looks through: at most as many rows as take it a fifth of a second."""

_SEAL = select(
    audit_seal.c.id,
    audit_seal.c.first_id,
    audit_seal.c.last_id,
    audit_seal.c.rows,
    audit_seal.c.previous,
    audit_seal.c.digest,
    audit_seal.c.at,
    audit_seal.c.dropped_at,
)
_NEWEST = _SEAL.order_by(audit_seal.c.id.desc()).limit(1)
_FOLLOWING = (
    _SEAL.where(audit_seal.c.id > bindparam("after")).order_by(audit_seal.c.id).limit(_CHECKED_AT_ONCE)
)
_BEFORE = _SEAL.where(audit_seal.c.id < bindparam("id")).order_by(audit_seal.c.id.desc()).limit(1)
_OLDEST_KEPT = (
    _SEAL.where(audit_seal.c.dropped_at.is_(None)).order_by(audit_seal.c.id).limit(1).with_for_update()
)
_UNSEALED = select(*audit.c).where(audit.c.id > bindparam("after")).order_by(audit.c.id).limit(ROWS)
_WITHIN = (
    select(*audit.c)
    .where(audit.c.id > bindparam("after"), audit.c.id <= bindparam("last"))
    .order_by(audit.c.id)
)
_DROP = (
    audit_seal.update()
    .where(audit_seal.c.id == bindparam("_id"), audit_seal.c.dropped_at.is_(None))
    .values(dropped_at=bindparam("now", type_=Instant()))
)
_DELETE = audit.delete().where(audit.c.id >= bindparam("first"), audit.c.id <= bindparam("last"))


def _plain(rows: Sequence[Any]) -> list[list[Any]]:
    """Rows as the chain takes them."""
    place = list(audit.c).index(audit.c.at)
    return [[*row[:place], to_microseconds(row[place]), *row[place + 1 :]] for row in rows]


def newest(connection: Connection) -> Seal | None:
    """The end of the chain, or None while nothing is sealed."""
    row = connection.execute(_NEWEST).first()
    return None if row is None else Seal(*row)


def seal(connection: Connection, *, now: datetime) -> int:
    """Seal the next rows, at most a batch of them. Returns how many; 0 when none is old enough.

    Rows are taken in the order of their numbers up to the first that is too young: none is passed over.
    """
    last = newest(connection)
    found = connection.execute(_UNSEALED, {"after": last.last_id if last else 0}).all()
    young = next((place for place, row in enumerate(found) if row.at > now - LAG), len(found))
    rows = found[:young]
    if not rows:
        return 0
    previous = last.digest if last else BEGINNING
    statement = upserting(connection, audit_seal).values(
        first_id=rows[0].id,
        last_id=rows[-1].id,
        rows=len(rows),
        previous=previous,
        digest=digest(previous, _plain(rows)),
        at=now,
    )
    # Two processes at once come to the same rows or to overlapping ones: the second leaves it to the first.
    done = connection.execute(statement.on_conflict_do_nothing().returning(audit_seal.c.id)).first()
    return len(rows) if done else 0


def differences(connection: Connection, *, after: int) -> tuple[int, list[str]]:
    """Where the trail is not what the next seals say: the last seal looked at (0 at the end), and what differs."""
    told: list[str] = []
    former = _former(connection, after)
    found = [Seal(*row) for row in connection.execute(_FOLLOWING, {"after": after})]
    for one in found:
        told += _of(connection, one, former)
        former = one
    return (found[-1].id if len(found) == _CHECKED_AT_ONCE else 0), told


def _former(connection: Connection, after: int) -> Seal | None:
    if not after:
        return None
    row = connection.execute(_BEFORE, {"id": after + 1}).first()
    return None if row is None else Seal(*row)


def _of(connection: Connection, one: Seal, former: Seal | None) -> list[str]:
    """What differs at one seal."""
    name = f"seal {one.id} (rows {one.first_id} to {one.last_id})"
    told = []
    if one.previous != (former.digest if former else BEGINNING):
        told.append(f"{name}: the chain is broken, it does not follow on the seal before it")
    after = former.last_id if former else 0
    rows = connection.execute(_WITHIN, {"after": after, "last": one.last_id}).all()
    expected = 0 if one.dropped_at else one.rows
    if len(rows) < expected:
        told.append(f"{name}: missing rows: {expected - len(rows)}")
    elif len(rows) > expected:
        told.append(f"{name}: added rows: {len(rows) - expected}")
    elif rows and digest(one.previous, _plain(rows)) != one.digest:
        told.append(f"{name}: a row was changed, or replaced by another")
    return told


def drop(connection: Connection, *, before: datetime, now: datetime) -> int:
    """Delete the rows of the oldest seal that still has them, when it was made before. Returns how many rows went."""
    row = connection.execute(_OLDEST_KEPT).first()
    oldest = None if row is None else Seal(*row)
    if oldest is None or oldest.at >= before:
        return 0
    # The mark first: the trigger lets no row go without it.
    connection.execute(_DROP, {"_id": oldest.id, "now": now})
    return connection.execute(_DELETE, {"first": oldest.first_id, "last": oldest.last_id}).rowcount
