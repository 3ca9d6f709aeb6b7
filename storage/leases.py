"""Leases with fencing: what only one process may do. A new holder gets a higher fence, and the old one's writes miss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from storage.dialect import upserting
from storage.schema import job_run, lease
from storage.types import Instant

_CURRENT = (
    select(lease.c.holder, lease.c.fence, lease.c.expires_at, lease.c.renewed_at)
    .where(lease.c.name == bindparam("lease_name"))
    .with_for_update()
)
_RENEW = (
    lease.update()
    .where(lease.c.name == bindparam("lease_name"), lease.c.fence == bindparam("_fence"))
    .values(expires_at=bindparam("until", type_=Instant()), renewed_at=bindparam("now", type_=Instant()))
)


def acquire(
    connection: Connection,
    name: str,
    *,
    holder: str,
    now: datetime,
    span: timedelta,
    is_dead: Callable[[str], bool],
) -> tuple[int, datetime | None] | None:
    """Take the lease. Returns the new fence and when the former holder was last seen; None while another holds it.

    ``is_dead`` may know that a holder is gone before its lease has run out (same machine, no such process).
    """
    row = connection.execute(_CURRENT, {"lease_name": name}).first()
    if row is not None and row.holder != holder and row.expires_at > now and not is_dead(row.holder):
        return None
    fence = 1 if row is None else row.fence + 1
    values = {"holder": holder, "fence": fence, "expires_at": now + span, "renewed_at": now}
    if row is not None:
        connection.execute(lease.update().where(lease.c.name == name).values(values))
        return fence, row.renewed_at
    # Nothing was there to lock: of two that come first at once, one inserts and the other finds it taken.
    insert = upserting(connection, lease).values(name=name, **values)
    first = connection.execute(insert.on_conflict_do_nothing(index_elements=["name"])).rowcount == 1
    return (fence, None) if first else None


def renew(connection: Connection, name: str, *, fence: int, now: datetime, span: timedelta) -> bool:
    """Hold it longer. False when somebody else has it now."""
    return (
        connection.execute(
            _RENEW, {"lease_name": name, "_fence": fence, "until": now + span, "now": now}
        ).rowcount
        == 1
    )


def begin_run(connection: Connection, job: str, period: str, *, now: datetime, outcome: str = "done") -> bool:
    """Record that a job runs for a period, in the transaction of its work. False when that period was run before."""
    statement = (
        upserting(connection, job_run)
        .values(job=job, period=period, at=now, outcome=outcome)
        .on_conflict_do_nothing(index_elements=["job", "period"])
    )
    return connection.execute(statement).rowcount == 1
