"""The ledger: earnings are posted as double entries, once each, and the cached balances follow in the same commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, literal, select, union_all

from domain.base import Actor, Event, Notice, Scalar, ToPerson
from domain.lanes import Lane
from domain.points import AMENDED, CORRECTION, MERGE, Cap, Counted, Line, rounded_minutes
from domain.points import posting as lines_of
from domain.rulebook import Rulebook
from domain.tasks import ClaimState
from storage import audit, outbox
from storage.caps import WORK, counting, helped, one_at_a_time
from storage.dialect import upserting
from storage.prepared import Prepared
from storage.schema import (
    balance,
    claim,
    earning,
    entry,
    posting,
    task,
)
from storage.types import Instant

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
        earning.c.minutes,
        earning.c.weight,
        earning.c.factor,
        earning.c.request_id,
        task.c.id.label("task_id"),
        task.c.agreed_minutes,
        task.c.for_person_id,
        helped.c.household_id,
    )
    .select_from(WORK)
    .where(earning.c.posted_at.is_(None))
    .order_by(earning.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=earning)
)
_MARK = Prepared(
    earning.update()
    .where(earning.c.id == bindparam("_id"))
    .values(
        posted_at=bindparam("now", type_=Instant()),
        **{name: bindparam(name, type_=earning.c[name].type) for name in ("cut", "counted", "cap")},
    )
)
_ENTRIES = Prepared(entry.insert())
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

    One whose source was posted before is marked and posts nothing: the same source never posts twice. What is above a cap
    is cut off, kept beside the earning, and told.
    """
    waiting = connection.execute(_WAITING, {"most": most}).all()
    if waiting:
        one_at_a_time(connection, {row.person_id for row in waiting})
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
        found = Counted(0, 0) if posting_id is None else counting(connection, row, rules)
        marks = {"cut": earned - found.amount, "counted": found.minutes, "cap": found.cap}
        _MARK.run(connection, {"_id": earning_id, "now": now, **marks})
        if posting_id is None:
            continue
        if found.cap is not None:
            told.append(_told(row, found, found.cap, rules))
        lines = lines_of(person_id, found.amount)
        _enter(connection, posting_id, lines)
        for line in lines:
            moved[line.account, line.currency.value] += line.amount
    # In one order everywhere, so that two settlements never wait for each other in a circle.
    for (account, currency), amount in sorted(moved.items()):
        _add_to_balance(connection, account, currency, amount)
    if told:
        outbox.put(connection, now=now, update_id=None, notices=told)
    return len(waiting)


def _enter(connection: Connection, posting_id: int, lines: Sequence[Line]) -> None:
    _ENTRIES.insert(
        connection,
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


def _told(row: Any, found: Counted, cap: Cap, rules: Rulebook) -> Notice:
    person = ToPerson(row.person_id)
    posted = {"posted": found.amount, "cut": int(row.amount) - found.amount}
    if cap is Cap.STUDY:
        return Notice(
            person, "lesson.capped", params={**posted, "cap": rules.study.daily_cap}, lane=Lane.REMINDER
        )
    task_most = (row.agreed_minutes or rules.points.task_hours * 60) // 60
    caps = {Cap.TASK: task_most, Cap.DAY: rules.points.day_hours, Cap.HOME: rules.points.home_week_hours}
    most = caps.get(cap, 0)
    over = rounded_minutes(row.minutes, to=rules.points.rounding) - found.minutes
    params: dict[str, Scalar] = {**posted, "cap": cap.value, "most": most, "over": over}
    return Notice(person, "points.capped", params=params, lane=Lane.REMINDER)


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
        .values(person_id=to_id, source_kind=MERGE, source_id=from_id, rulebook=rulebook, at=now)
        .returning(posting.c.id)
    ).scalar_one()
    lines = [
        (account, currency, sign * amount)
        for currency, amount in amounts
        for account, sign in ((source, -1), (target, 1))
    ]
    _ENTRIES.insert(
        connection,
        [
            {"posting_id": posting_id, "account": account, "currency": currency, "amount": amount}
            for account, currency, amount in lines
        ],
    )
    for account, currency, amount in sorted(lines):
        _add_to_balance(connection, account, currency, amount)


_first, _second = earning.alias("first"), earning.alias("second")
_SAME_SOURCE = and_(_first.c.source_kind == _second.c.source_kind, _first.c.source_id == _second.c.source_id)
_CLASHES = (
    select(
        _first.c.id.label("gone"),
        _second.c.id.label("kept"),
        _first.c.posted_at.label("gone_at"),
        _second.c.posted_at.label("kept_at"),
        (_first.c.amount - _first.c.cut).label("amount"),
    )
    .select_from(_first.join(_second, _SAME_SOURCE))
    .where(_first.c.person_id == bindparam("from_id"), _second.c.person_id == bindparam("to_id"))
    .order_by(_first.c.id)
)
_DROP = earning.delete().where(earning.c.id == bindparam("_id"))
_POSTING_OF = select(posting.c.id).where(
    posting.c.source_kind == bindparam("kind"),
    posting.c.source_id == bindparam("source"),
    posting.c.person_id == bindparam("person"),
)
_SOURCE = select(earning.c.source_kind, earning.c.source_id).where(earning.c.id == bindparam("_id"))
_known = earning.alias("known")
_GO_OVER = (
    earning.update()
    .where(
        earning.c.person_id == bindparam("from_id"),
        ~exists().where(
            _known.c.source_kind == earning.c.source_kind,
            _known.c.source_id == earning.c.source_id,
            _known.c.person_id == bindparam("to_id"),
        ),
    )
    .values(person_id=bindparam("to_id"))
)


def unite(
    connection: Connection, from_id: int, to_id: int, *, actor: Actor, now: datetime, rulebook: int
) -> None:
    """What two records of one human have earned is one's: of the same source one earning stays posted.

    Comes after ``transfer``. Of two that clash one that waits is dropped; where both are posted that of the record that
    goes is mirrored, and the trail says so.
    """
    both = {"from_id": from_id, "to_id": to_id}
    for row in connection.execute(_CLASHES, both).all():
        if row.gone_at is None:
            connection.execute(_DROP, {"_id": row.gone})
        elif row.kept_at is None:
            connection.execute(_DROP, {"_id": row.kept})
        else:
            _mirror(connection, row, both, actor=actor, now=now, rulebook=rulebook)
    connection.execute(_GO_OVER, both)


def _mirror(
    connection: Connection, row: Any, both: dict[str, int], *, actor: Actor, now: datetime, rulebook: int
) -> None:
    source = connection.execute(_SOURCE, {"_id": row.gone}).one()
    wanted = {"kind": source.source_kind, "source": source.source_id, "person": both["from_id"]}
    mirrored = connection.execute(_POSTING_OF, wanted).scalar()
    if mirrored is None or not row.amount:
        return
    posting_id = connection.execute(
        posting.insert()
        .values(
            person_id=both["to_id"], source_kind=CORRECTION, source_id=mirrored, rulebook=rulebook, at=now
        )
        .returning(posting.c.id)
    ).scalar_one()
    _post(connection, posting_id, lines_of(both["to_id"], -int(row.amount)))
    told: dict[str, Scalar] = {"earning": int(row.gone), "points": -int(row.amount), "reason": "same_source"}
    event = Event("person.points_corrected", "person", both["to_id"], told)
    audit.record(connection, (event,), actor=actor, now=now, update_id=None)


_EARNED = (
    select(earning.c.id, earning.c.posted_at, (earning.c.amount - earning.c.cut).label("amount"))
    .where(
        earning.c.source_kind == bindparam("kind"),
        earning.c.source_id == bindparam("source"),
        earning.c.person_id == bindparam("person"),
    )
    .with_for_update()
)
# Whose record it was posted to may have become another's since.
_FIRST_POSTING = select(posting.c.id).where(
    posting.c.source_kind == bindparam("kind"),
    posting.c.source_id == bindparam("source"),
    posting.c.earning_id == bindparam("earning"),
)
_TURNED = select(posting.c.id).where(
    posting.c.source_kind == AMENDED, posting.c.source_id == bindparam("turned")
)


def _newest(connection: Connection, kind: str, source_id: int, row: Any) -> tuple[int | None, int]:
    """The last posting of an earning, each later one of which turned the one before, and what it all comes to."""
    wanted = {"kind": kind, "source": source_id, "earning": row.id}
    newest = found = connection.execute(_FIRST_POSTING, wanted).scalar()
    turns = -1
    while found is not None:
        newest, turns = found, turns + 1
        found = connection.execute(_TURNED, {"turned": newest}).scalar()
    return newest, 0 if turns % 2 else int(row.amount)


def standing(connection: Connection, kind: str, source_id: int, person_id: int) -> tuple[int | None] | None:
    """What somebody's earning from a source comes to in the ledger now, (None) while it waits; None: there is none. It is
    locked until the commit."""
    wanted = {"kind": kind, "source": source_id, "person": person_id}
    row = connection.execute(_EARNED, wanted).first()
    if row is None or row.posted_at is None:
        return None if row is None else (None,)
    return (_newest(connection, kind, source_id, row)[1],)


def turn(
    connection: Connection, kind: str, source_id: int, person_id: int, *, now: datetime, rulebook: int
) -> None:
    """What somebody's earning from a source comes to is taken back, or given again after that: the opposite of its newest
    posting, which can be turned once. One that waits is dropped."""
    wanted = {"kind": kind, "source": source_id, "person": person_id}
    row = connection.execute(_EARNED, wanted).first()
    if row is None:
        return
    if row.posted_at is None:
        connection.execute(_DROP, {"_id": row.id})
        return
    newest, comes_to = _newest(connection, kind, source_id, row)
    if newest is None or not row.amount:
        return
    values = {"person_id": person_id, "source_kind": AMENDED, "source_id": newest, "rulebook": rulebook}
    posting_id = connection.execute(
        posting.insert().values(**values, at=now).returning(posting.c.id)
    ).scalar_one()
    _post(connection, posting_id, lines_of(person_id, -comes_to if comes_to else int(row.amount)))


def _post(connection: Connection, posting_id: int, lines: Sequence[Line]) -> None:
    _enter(connection, posting_id, lines)
    for line in sorted(lines, key=lambda one: (one.account, one.currency)):
        _add_to_balance(connection, line.account, line.currency.value, line.amount)


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
