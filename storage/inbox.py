"""The inbox: what arrived, kept before it is worked on, and marked done in the commit of its effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from storage.dialect import insert_for
from storage.prepared import Prepared
from storage.schema import inbox
from storage.types import Instant


@dataclass(frozen=True, slots=True)
class Arrived:
    """An update as it came: its raw JSON ``payload`` and whose turn it belongs to (``sender``: user, else chat)."""

    update_id: int
    sender: int
    payload: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An inbox row that is to be worked on. ``row`` gives the order."""

    row: int
    update_id: int
    sender: int
    payload: str
    attempts: int


_COLUMNS = (inbox.c.id, inbox.c.update_id, inbox.c.sender, inbox.c.payload, inbox.c.attempts)
_AFTER = Prepared(
    select(*_COLUMNS)
    .where(inbox.c.state == "waiting", inbox.c.id > bindparam("after"))
    .order_by(inbox.c.id)
    .limit(bindparam("most"))
)
_DONE = Prepared(
    inbox.update()
    .where(inbox.c.update_id == bindparam("update"), inbox.c.state == "waiting")
    .values(state="done", done_at=bindparam("now", type_=Instant()), error=None)
)
_FAILED = (
    inbox.update()
    .where(inbox.c.update_id == bindparam("update"), inbox.c.state == "waiting")
    .values(attempts=inbox.c.attempts + 1, error=bindparam("reason"))
)
_QUARANTINE = (
    inbox.update()
    .where(inbox.c.update_id == bindparam("update"), inbox.c.state == "waiting")
    .values(
        state="quarantined",
        error=bindparam("reason"),
        attempts=inbox.c.attempts + 1,
        done_at=bindparam("now", type_=Instant()),
    )
)
_AGAIN = (
    inbox.update()
    .where(
        inbox.c.update_id == bindparam("update"),
        inbox.c.state == "quarantined",
        # What it said has been forgotten meanwhile: there is nothing left to try.
        inbox.c.payload.is_not(None),
    )
    .values(state="waiting", attempts=0)
)
_DEPTH = select(func.count(), func.min(inbox.c.received_at)).where(inbox.c.state == "waiting")
_QUARANTINED = (
    select(inbox.c.update_id, inbox.c.received_at, inbox.c.attempts, inbox.c.error)
    .where(inbox.c.state == "quarantined")
    .order_by(inbox.c.id)
    .limit(bindparam("most"))
)


@cache
def _keeping(dialect: str) -> Prepared:
    return Prepared(insert_for(dialect, inbox).on_conflict_do_nothing(index_elements=["update_id"]))


def put(connection: Connection, arrived: Sequence[Arrived], *, now: datetime) -> int:
    """Keep what arrived; what is known already is left alone. Returns how many were handed in."""
    if not arrived:
        return 0
    _keeping(connection.dialect.name).insert(
        connection,
        [
            {
                "update_id": item.update_id,
                "sender": item.sender,
                "payload": item.payload,
                "state": "waiting",
                "received_at": now,
            }
            for item in arrived
        ],
    )
    return len(arrived)


def waiting_after(connection: Connection, row: int, *, most: int) -> list[Waiting]:
    """Rows to be worked on after ``row``, in order."""
    return [Waiting(*found) for found in _AFTER.all(connection, {"after": row, "most": most})]


def mark_done(connection: Connection, update_id: int, *, now: datetime) -> bool:
    """Mark an update done. False when it was done or quarantined before: the caller must stop there."""
    return _DONE.run(connection, {"update": update_id, "now": now}) == 1


def mark_failed(
    connection: Connection, update_id: int, *, reason: str, quarantine: bool, now: datetime
) -> None:
    """Count a failed try; with ``quarantine`` set it aside."""
    if quarantine:
        connection.execute(_QUARANTINE, {"update": update_id, "reason": reason, "now": now})
    else:
        connection.execute(_FAILED, {"update": update_id, "reason": reason})


def release(connection: Connection, update_ids: Iterable[int]) -> int:
    """Let quarantined updates be tried again. Returns how many there were."""
    return sum(connection.execute(_AGAIN, {"update": update_id}).rowcount for update_id in update_ids)


def depth(connection: Connection) -> tuple[int, datetime | None]:
    """How many updates wait, and since when the oldest does."""
    row = connection.execute(_DEPTH).one()
    return row[0], row[1]


def quarantined(connection: Connection, *, most: int = 100) -> list[dict[str, Any]]:
    """What was set aside, for the operator."""
    return [dict(row._mapping) for row in connection.execute(_QUARANTINED, {"most": most})]
