"""The ledger: earnings are posted as double entries, once each, and the cached balances follow in the same commit."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, exists, func, literal, select, union_all

from domain.base import Notice, ToPerson
from domain.lanes import Lane
from domain.lessons.learning import EARNS
from domain.meetings.shapes import EARNS as AT_MEETINGS
from domain.points import posting as lines_of
from domain.points import within
from domain.rulebook import Rulebook
from domain.tasks import ClaimState
from storage import outbox
from storage.dialect import upserting
from storage.schema import (
    balance,
    claim,
    earning,
    entry,
    person,
    posting,
)
from storage.types import Instant

CAPPED = (EARNS, AT_MEETINGS)
"""The kinds of service that a day's cap is on, together. Source: DOMAIN §6."""

_WAITING = (
    select(
        earning.c.id,
        earning.c.person_id,
        earning.c.source_kind,
        earning.c.source_id,
        earning.c.amount,
        earning.c.rulebook,
        earning.c.kind,
        earning.c.confirmed_at,
    )
    .where(earning.c.posted_at.is_(None))
    .order_by(earning.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_MARK = (
    earning.update()
    .where(earning.c.id == bindparam("_id"))
    .values(posted_at=bindparam("now", type_=Instant()), cut=bindparam("cut", type_=earning.c.cut.type))
)
_SAME_DAY = select(func.coalesce(func.sum(earning.c.amount - earning.c.cut), 0)).where(
    earning.c.person_id == bindparam("person"),
    earning.c.kind.in_(CAPPED),
    earning.c.posted_at.is_not(None),
    earning.c.confirmed_at >= bindparam("begins", type_=Instant()),
    earning.c.confirmed_at < bindparam("ends", type_=Instant()),
)
_ONE_AT_A_TIME = select(person.c.id).where(person.c.id == bindparam("person")).with_for_update()
_ENTRIES = entry.insert()
_total = func.sum(entry.c.amount)
_NOT_ZERO = (
    select(entry.c.currency, _total).group_by(entry.c.currency).having(_total != 0).order_by(entry.c.currency)
)
_both = union_all(
    select(entry.c.account, entry.c.currency, entry.c.amount.label("entry"), literal(0).label("cached")),
    select(balance.c.account, balance.c.currency, literal(0), balance.c.amount),
).subquery("both")
_NOT_EQUAL = (
    select(
        _both.c.account,
        _both.c.currency,
        func.sum(_both.c.entry).label("entries"),
        func.sum(_both.c.cached).label("cached"),
    )
    .group_by(_both.c.account, _both.c.currency)
    .having(func.sum(_both.c.entry) != func.sum(_both.c.cached))
    .order_by(_both.c.account, _both.c.currency)
)
_SHOWN = 100
"""How many of a kind are told: with more of them nobody looks at each."""
_NOT_EARNED = (
    select(claim.c.id)
    .where(
        claim.c.state == ClaimState.ACCEPTED,
        ~exists().where(earning.c.source_kind == "claim", earning.c.source_id == claim.c.id),
    )
    .order_by(claim.c.id)
    .limit(_SHOWN)
)
_NOT_POSTED = (
    select(earning.c.id)
    .where(
        earning.c.posted_at.is_not(None),
        ~exists().where(
            posting.c.source_kind == earning.c.source_kind, posting.c.source_id == earning.c.source_id
        ),
    )
    .order_by(earning.c.id)
    .limit(_SHOWN)
)
_OF_ACCOUNT = (
    select(balance.c.currency, balance.c.amount)
    .where(balance.c.account == bindparam("account"))
    .order_by(balance.c.currency)
    .with_for_update()
)


def settle(connection: Connection, now: datetime, *, rules: Rulebook, most: int) -> int:
    """Post up to ``most`` earnings in the order of their confirmation. Returns how many were looked at.

    One whose source was posted before is marked and posts nothing: the same source never posts twice. What a day's
    studying brings above its cap is cut off, kept beside the earning, and told.
    """
    waiting = connection.execute(_WAITING, {"most": most}).all()
    moved: dict[tuple[str, str], int] = defaultdict(int)
    insert = (
        upserting(connection, posting)
        .on_conflict_do_nothing(index_elements=["source_kind", "source_id", "person_id"])
        .returning(posting.c.id)
    )
    told: list[Notice] = []
    for row in waiting:
        earning_id, person_id, source_kind, source_id, earned, rulebook = row[:6]
        posting_id = connection.execute(
            insert,
            {
                "person_id": person_id,
                "source_kind": source_kind,
                "source_id": source_id,
                "earning_id": earning_id,
                "rulebook": rulebook,
                "at": now,
            },
        ).scalar()
        # One that posts nothing takes no room below the cap either.
        amount = 0 if posting_id is None else _counting(connection, row, rules)
        cut = earned - amount
        connection.execute(_MARK, {"_id": earning_id, "now": now, "cut": cut})
        if posting_id is None:
            continue
        if cut:
            told.append(_told(person_id, amount, cut, rules))
        lines = lines_of(person_id, amount)
        connection.execute(
            _ENTRIES,
            [
                {
                    "posting_id": posting_id,
                    "account": line.account,
                    "currency": line.currency.value,
                    "amount": line.amount,
                }
                for line in lines
            ],
        )
        for line in lines:
            moved[line.account, line.currency.value] += line.amount
    # In one order everywhere, so that two settlements never wait for each other in a circle.
    for (account, currency), amount in sorted(moved.items()):
        _add_to_balance(connection, account, currency, amount)
    if told:
        outbox.put(connection, now=now, update_id=None, notices=told)
    return len(waiting)


def _counting(connection: Connection, row: Any, rules: Rulebook) -> int:
    """How much of an earning is posted: for studying and meetings no more in a day of the community's than its cap."""
    if row.kind not in CAPPED:
        return int(row.amount)
    zone = ZoneInfo(rules.time_zone)
    day = row.confirmed_at.astimezone(zone).date()
    begins, ends = (
        datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC) for days in (0, 1)
    )
    connection.execute(_ONE_AT_A_TIME, {"person": row.person_id})
    same_day = {"person": row.person_id, "begins": begins, "ends": ends}
    had = int(connection.execute(_SAME_DAY, same_day).scalar_one())
    return within(int(row.amount), had=had, most=rules.study.daily_cap)


def _told(person_id: int, amount: int, cut: int, rules: Rulebook) -> Notice:
    params = {"posted": amount, "cut": cut, "cap": rules.study.daily_cap}
    return Notice(ToPerson(person_id), "lesson.capped", params=params, lane=Lane.REMINDER)


def transfer(connection: Connection, from_id: int, to_id: int, *, now: datetime, rulebook: int) -> None:
    """All points of one record of a person become another's: one posting, whose entries sum to zero."""
    source, target = f"person:{from_id}", f"person:{to_id}"
    amounts = [
        (row[0], int(row[1])) for row in connection.execute(_OF_ACCOUNT, {"account": source}) if int(row[1])
    ]
    if not amounts:
        return
    posting_id = connection.execute(
        posting.insert()
        .values(person_id=to_id, source_kind="merge", source_id=from_id, rulebook=rulebook, at=now)
        .returning(posting.c.id)
    ).scalar_one()
    lines = [
        (account, currency, sign * amount)
        for currency, amount in amounts
        for account, sign in ((source, -1), (target, 1))
    ]
    connection.execute(
        _ENTRIES,
        [
            {"posting_id": posting_id, "account": account, "currency": currency, "amount": amount}
            for account, currency, amount in lines
        ],
    )
    for account, currency, amount in sorted(lines):
        _add_to_balance(connection, account, currency, amount)


def _add_to_balance(connection: Connection, account: str, currency: str, amount: int) -> None:
    upsert = upserting(connection, balance).values(account=account, currency=currency, amount=amount)
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["account", "currency"],
            set_={"amount": balance.c.amount + upsert.excluded.amount},
        )
    )


def differences(connection: Connection) -> list[str]:
    """Where the ledger does not add up: a currency that does not sum to zero, a balance that is not its entries' sum.

    Each is one statement, so that a settlement that is committed meanwhile is no difference.
    """
    found = [f"{row[0]} sums to {int(row[1])}, not zero" for row in connection.execute(_NOT_ZERO)]
    return found + [
        f"{row.account} {row.currency}: entries {int(row.entries)}, balance {int(row.cached)}"
        for row in connection.execute(_NOT_EQUAL)
    ]


def unposted(connection: Connection) -> list[str]:
    """Work that was confirmed and has earned nothing, and earnings that are marked as posted and are not.

    What earns no points by its stars has an earning of nothing, which says so.
    """
    return [
        *(f"claim {row[0]} was accepted and has no earning" for row in connection.execute(_NOT_EARNED)),
        *(f"earning {row[0]} is marked as posted and is not" for row in connection.execute(_NOT_POSTED)),
    ]
