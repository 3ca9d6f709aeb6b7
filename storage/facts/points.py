"""Points in the eyes of their owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.backup import Trouble
from domain.points import Currency
from domain.queries import PointRow, PointsFacts, SeePoints
from storage import troubles
from storage.facts.rows import Look
from storage.schema import (
    balance,
    earning,
    entry,
    posting,
)

SHOWN = 10

_BALANCES = select(balance.c.currency, balance.c.amount).where(balance.c.account == bindparam("account"))
_ENTRIES = (
    select(
        posting.c.at,
        posting.c.source_kind,
        earning.c.kind,
        earning.c.minutes,
        earning.c.factor,
        entry.c.amount,
        earning.c.request_id,
        earning.c.cut,
        earning.c.cap,
    )
    .select_from(
        posting.join(
            entry,
            (entry.c.posting_id == posting.c.id)
            & (entry.c.account == bindparam("account"))
            & (entry.c.currency == Currency.HONOUR.value),
        ).outerjoin(earning, earning.c.id == posting.c.earning_id)
    )
    .where(posting.c.person_id == bindparam("reader"))
    .order_by(posting.c.id.desc())
    .limit(SHOWN)
)
_WAITING = (
    select(
        earning.c.confirmed_at,
        earning.c.kind,
        earning.c.minutes,
        earning.c.factor,
        earning.c.amount,
        earning.c.request_id,
    )
    .where(earning.c.person_id == bindparam("reader"), earning.c.posted_at.is_(None))
    .order_by(earning.c.id.desc())
    .limit(SHOWN)
)


def see_points(connection: Connection, query: SeePoints, look: Look) -> PointsFacts:
    """Both balances, the newest postings with what each was for, and what waits to be posted."""
    reader = look.reader.person_id
    account = f"person:{reader}"
    sums: dict[str, int] = {row[0]: row[1] for row in connection.execute(_BALANCES, {"account": account})}
    return PointsFacts(
        honour=sums.get(Currency.HONOUR.value, 0),
        spendable=sums.get(Currency.SPENDABLE.value, 0),
        entries=tuple(
            PointRow(
                row.at,
                row.kind or row.source_kind,
                row.minutes or 0,
                row.factor if row.factor is not None else 100,
                row.amount,
                row.request_id,
                row.cut or 0,
                row.cap or "",
            )
            for row in connection.execute(_ENTRIES, {"account": account, "reader": reader})
        ),
        waiting=tuple(
            PointRow(row.confirmed_at, row.kind, row.minutes, row.factor, row.amount, row.request_id)
            for row in connection.execute(_WAITING, {"reader": reader})
        ),
        stopped=troubles.is_on(connection, Trouble.LEDGER),
    )


QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {SeePoints: see_points}
