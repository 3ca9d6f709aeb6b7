"""The outbox: what shall leave, written in the commit of its cause, leased by delivery and recorded.

Which message in which chat shows which thing, and whether it is out of date, is ``cards.py``'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)

from domain.base import OLDER_COPY, Actor, Notice, Refresh, Scalar
from domain.digests import KINDS
from domain.lanes import Lane
from domain.lessons.shapes import PASSING
from domain.meetings.shapes import PASSING as OF_MEETINGS
from domain.notices.shapes import OF_NOTICES
from storage import cards, receipts
from storage.cards import Card
from storage.dialect import insert_for
from storage.people import Recipient, recipients
from storage.prepared import Prepared, one_of, some
from storage.schema import lease, outbox, person
from storage.types import Instant


@dataclass(frozen=True, slots=True)
class Reply:
    """A message to a known chat, stored with the change that caused it.

    ``edit_message_id``: edit that message instead of sending. ``card``: keep track of it as the card of
    (``kind``, ``subject_id``) in this chat. ``instead_of``: until now that message was the subject's card of this kind.
    """

    kind: str
    chat_id: int
    subject_id: int | None = None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    edit_message_id: int | None = None
    card: bool = False
    lane: Lane = Lane.PERSON
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Leased:
    """A row that delivery holds under its fence and is about to send."""

    id: int
    chat_id: int
    person_id: int | None
    kind: str
    subject_id: int | None
    params: Mapping[str, Scalar]
    edit_message_id: int | None
    card: bool
    lane: Lane
    attempts: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that waits, as much of it as is needed to ask the limiter."""

    id: int
    chat_id: int
    lane: Lane


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one leased row.

    ``state``: "sent", "dropped", "failed", "unknown", or "waiting" for another try at ``not_before``.
    ``open``: the message carries buttons. ``shown``: the card's ``wanted`` it was rendered from.
    """

    row: Leased
    state: str
    message_id: int | None = None
    error: str | None = None
    not_before: datetime | None = None
    open: bool = False
    shown: int = 0
    post_anew: bool = False
    unreachable: bool = False
    migrated_to: int | None = None

    @property
    def sends_anew(self) -> bool:
        """The message it would have edited is no more, or is another chat's."""
        return self.post_anew or self.migrated_to is not None


_WAITING = literal_column("state = 'waiting' AND card AND edit_message_id IS NOT NULL", Boolean)


def _row(
    *,
    chat_id: int,
    kind: str,
    now: datetime,
    lane: Lane,
    person_id: int | None = None,
    subject_id: int | None = None,
    params: Mapping[str, Scalar] | None = None,
    edit_message_id: int | None = None,
    is_card: bool = False,
    state: str = "waiting",
    error: str | None = None,
    update_id: int | None = None,
) -> dict[str, Any]:
    return {
        "chat_id": chat_id,
        "person_id": person_id,
        "kind": kind,
        "subject_id": subject_id,
        "params": dict(params or {}),
        "edit_message_id": edit_message_id,
        "card": is_card,
        "lane": int(lane),
        "state": state,
        "not_before": now,
        "created_at": now,
        "finished_at": None if state == "waiting" else now,
        "error": error,
        "update_id": update_id,
    }


@cache
def _inserting(dialect: str) -> Prepared:
    # A second edit of a card that already waits for one would show the same: one leaves, as early and as urgently as the
    # more pressing of the two.
    upsert = insert_for(dialect, outbox)
    pressing = {
        name: case((upsert.excluded[name] < outbox.c[name], upsert.excluded[name]), else_=outbox.c[name])
        for name in ("not_before", "lane")
    }
    return Prepared(
        upsert.on_conflict_do_update(
            index_elements=["chat_id", "edit_message_id"], index_where=_WAITING, set_=pressing
        )
    )


def _insert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        _inserting(connection.dialect.name).insert(connection, rows)


_CHAT = Prepared(select(person.c.telegram_id).where(person.c.id == bindparam("person")))
_READERS = Prepared(select(person.c.telegram_id, person.c.id).where(one_of(person.c.telegram_id, "chat")))


def put(
    connection: Connection,
    *,
    now: datetime,
    update_id: int | None,
    replies: Sequence[Reply] = (),
    notices: Sequence[Notice] = (),
    refreshes: Sequence[Refresh] = (),
    known: Mapping[int, int] | None = None,
) -> int:
    """Write down all that shall leave because of one thing. Returns how many rows wait to leave.

    Notices are turned into rows for the people they mean at this moment; one to somebody who cannot be reached is
    kept as dropped, so that it is known that they were not told. ``known``: persons by Telegram id that the caller
    has loaded already, for the replies into their chats.
    """
    for item in replies:
        if item.instead_of:
            _make_way(connection, item, now=now)
    rows = _reply_rows(connection, replies, now=now, update_id=update_id, known=known)
    wished: list[tuple[int, int | None, str, int]] = []
    wished += [
        (item.chat_id, row["person_id"], item.kind, item.subject_id)
        for item, row in zip(replies, rows, strict=True)
        if item.card and item.subject_id is not None and item.edit_message_id is None
    ]
    for notice in notices:
        for recipient in recipients(connection, notice.to, now):
            rows.append(_notice_row(notice, recipient, now=now, update_id=update_id))
            if notice.card and notice.subject_id is not None:
                wished.append((recipient.chat_id, recipient.person_id, notice.kind, notice.subject_id))
    if wished:
        cards.wish(connection, wished)
    if refreshes:
        # After the replies: a card that is edited as the reply needs no second edit as a refresh. One that makes way
        # for a new message is edited when that has been sent.
        anew = {(chat_id, cards.topic_of(kind, subject_id)) for chat_id, _, kind, subject_id in wished}
        after = {cards.topic_of(item.kind, item.subject_id): item.after for item in refreshes}
        rows += [
            {**_edit_row(item, now=now, update_id=update_id), "not_before": now + after[item.topic]}
            for item in _changed(connection, refreshes)
            if (item.chat_id, item.topic) not in anew
        ]
    _insert(connection, rows)
    return sum(row["state"] == "waiting" for row in rows)


def _changed(connection: Connection, refreshes: Sequence[Refresh]) -> list[Card]:
    found = cards.change(connection, [item for item in refreshes if not item.person_id])
    for item in refreshes:
        row = _CHAT.first(connection, {"person": item.person_id}) if item.person_id else None
        if row is not None and row[0] is not None:
            found += cards.change_in(connection, item, (row[0],))
    return found


def _make_way(connection: Connection, reply: Reply, *, now: datetime) -> None:
    """The message shows something else from now on: it is that card no more, nor edited as it."""
    if reply.edit_message_id is None or reply.subject_id is None:
        return
    cards.gone(
        connection,
        Card(reply.chat_id, None, reply.instead_of, reply.subject_id, reply.edit_message_id),
    )
    _LET_GO_EDITS.run(connection, {"chat": reply.chat_id, "message": reply.edit_message_id, "now": now})


def _reply_rows(
    connection: Connection,
    replies: Sequence[Reply],
    *,
    now: datetime,
    update_id: int | None,
    known: Mapping[int, int] | None,
) -> list[dict[str, Any]]:
    if not replies:
        return []
    readers = dict(known or {})
    if strangers := {item.chat_id for item in replies if item.chat_id > 0} - readers.keys():
        for portion in some("chat", strangers):
            readers |= {row[0]: row[1] for row in _READERS.all(connection, portion)}
    return [
        _row(
            chat_id=item.chat_id,
            kind=item.kind,
            now=now,
            lane=item.lane,
            person_id=readers.get(item.chat_id),
            subject_id=item.subject_id,
            params=item.params,
            edit_message_id=item.edit_message_id,
            is_card=item.card,
            update_id=update_id,
        )
        for item in replies
    ]


def _notice_row(
    notice: Notice, recipient: Recipient, *, now: datetime, update_id: int | None
) -> dict[str, Any]:
    return _row(
        chat_id=recipient.chat_id,
        kind=notice.kind,
        now=now,
        lane=notice.lane,
        person_id=recipient.person_id,
        subject_id=notice.subject_id,
        params=notice.params,
        is_card=notice.card,
        state="dropped" if recipient.unreachable else "waiting",
        error="unreachable" if recipient.unreachable else None,
        update_id=update_id,
    )


def _edit_row(
    item: Card,
    *,
    now: datetime,
    update_id: int | None = None,
    lane: Lane = Lane.CLAIM,
    params: Mapping[str, Scalar] | None = None,
) -> dict[str, Any]:
    return _row(
        chat_id=item.chat_id,
        kind=item.kind,
        now=now,
        lane=lane,
        person_id=item.person_id,
        subject_id=item.subject_id,
        params=params,
        edit_message_id=item.message_id,
        is_card=True,
        update_id=update_id,
    )


def put_copies(
    connection: Connection,
    copies: Sequence[tuple[int, int, int | None]],
    *,
    kind: str,
    subject_id: int,
    lane: Lane,
    now: datetime,
    not_before: datetime,
) -> None:
    """The same message shall leave for many: (chat, person, message to edit or None) each."""
    _insert(
        connection,
        [
            {
                **_row(
                    chat_id=chat_id,
                    kind=kind,
                    now=now,
                    lane=lane,
                    person_id=person_id,
                    subject_id=subject_id,
                    edit_message_id=message_id,
                ),
                "not_before": not_before,
            }
            for chat_id, person_id, message_id in copies
        ],
    )


def refresh_in(connection: Connection, item: Refresh, chats: Collection[int], *, now: datetime) -> None:
    """What hangs of a thing in these chats shows what is true now."""
    found = cards.change_in(connection, item, chats)
    _insert(connection, [_edit_row(one, now=now, lane=Lane.REMINDER) for one in found])


def refresh_stale(connection: Connection, *, before: datetime, now: datetime) -> int:
    """After an outage: presses made meanwhile are gone, so every card with buttons says that we are back."""
    note = {"note": "card.back_again"}
    rows = [
        _edit_row(item, now=now, lane=Lane.REMINDER, params=note)
        for item in cards.stale(connection, before=before)
    ]
    _insert(connection, rows)
    return len(rows)


# --- delivery's side ------------------------------------------------------------------------------------------------

_CANDIDATES = Prepared(
    select(outbox.c.id, outbox.c.chat_id, outbox.c.lane)
    .where(
        outbox.c.state == "waiting",
        outbox.c.not_before <= bindparam("now", type_=Instant()),
        tuple_(outbox.c.lane, outbox.c.id)
        > tuple_(bindparam("lane", type_=Integer()), bindparam("after", type_=outbox.c.id.type)),
    )
    .order_by(outbox.c.lane, outbox.c.id)
    .limit(bindparam("most"))
)
_NEXT_DUE = select(func.min(outbox.c.not_before)).where(outbox.c.state == "waiting")
_FENCED = (
    select(literal(1))
    .where(lease.c.name == bindparam("lease_name"), lease.c.fence == bindparam("fence"))
    .exists()
)
_TAKE = Prepared(
    outbox.update()
    .where(one_of(outbox.c.id, "id"), outbox.c.state == "waiting", _FENCED)
    .values(state="leased", fence=bindparam("fence"), attempts=outbox.c.attempts + 1)
    .returning(
        outbox.c.id,
        outbox.c.chat_id,
        outbox.c.person_id,
        outbox.c.kind,
        outbox.c.subject_id,
        outbox.c.params,
        outbox.c.edit_message_id,
        outbox.c.card,
        outbox.c.lane,
        outbox.c.attempts,
    )
)
_FINISH = Prepared(
    outbox.update()
    .where(outbox.c.id == bindparam("_id"), outbox.c.state == "leased", outbox.c.fence == bindparam("_fence"))
    .values(
        state=bindparam("state"),
        message_id=bindparam("message_id"),
        error=bindparam("error"),
        not_before=func.coalesce(bindparam("not_before", type_=Instant()), outbox.c.not_before),
        finished_at=bindparam("finished_at", type_=Instant()),
        edit_message_id=bindparam("edit_message_id"),
    )
)
_PASS = (*KINDS, *PASSING, *OF_MEETINGS)
_PASSED = ("sent", "dropped", "unknown")
_LET_PASS = Prepared(
    delete(outbox).where(
        outbox.c.id == bindparam("_id"), outbox.c.state != "waiting", outbox.c.state != "leased"
    )
)
"""Digests and what is said of lessons and meetings: the next one tells more, so nothing of the last is kept, and one that may have arrived is not sent twice."""
_HELD = Prepared(
    select(outbox.c.id)
    .where(
        one_of(outbox.c.id, "id"),
        outbox.c.state == "leased",
        outbox.c.fence == bindparam("fence"),
    )
    .order_by(outbox.c.id)
    .with_for_update()
)
_NOT_WAITING_YET = ("leased", "failed", "unknown")
_other = outbox.alias("other")
_SUPERSEDE = (
    outbox.update()
    .where(
        outbox.c.id.in_(bindparam("ids", expanding=True)),
        outbox.c.state.in_(_NOT_WAITING_YET),
        outbox.c.card,
        outbox.c.edit_message_id.is_not(None),
        select(literal(1))
        .where(
            _other.c.chat_id == outbox.c.chat_id,
            _other.c.edit_message_id == outbox.c.edit_message_id,
            _other.c.card,
            or_(
                _other.c.state == "waiting",
                _other.c.id.in_(bindparam("ids", expanding=True))
                & _other.c.state.in_(_NOT_WAITING_YET)
                & (_other.c.id > outbox.c.id),
            ),
        )
        .exists(),
    )
    .values(state="dropped", error="superseded", finished_at=bindparam("now", type_=Instant()))
)
_LET_GO_EDITS = Prepared(
    outbox.update()
    .where(
        outbox.c.chat_id == bindparam("chat"),
        outbox.c.edit_message_id == bindparam("message"),
        outbox.c.state == "waiting",
        outbox.c.card,
    )
    .values(state="dropped", error="superseded", finished_at=bindparam("now", type_=Instant()))
)
_ORPHANS = (
    select(outbox.c.id, outbox.c.kind)
    .where(outbox.c.state == "leased", outbox.c.fence != bindparam("fence"))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_LET_ORPHANS_PASS = delete(outbox).where(
    outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.state == "leased", outbox.c.kind.in_(_PASS)
)
_ORPHAN_STATE = (
    outbox.update()
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.state == "leased")
    .values(state=bindparam("state"), error=bindparam("error"))
)


def candidates(
    connection: Connection, *, now: datetime, after: tuple[int, int] = (-1, 0), most: int = 64
) -> list[Candidate]:
    """Rows that may leave now by their time, in the order of lane and age, after (lane, id)."""
    lane, row = after
    found = _CANDIDATES.all(connection, {"now": now, "lane": lane, "after": row, "most": most})
    return [Candidate(item[0], item[1], Lane(item[2])) for item in found]


def next_due(connection: Connection) -> datetime | None:
    """When the next waiting row may leave by its time."""
    due: datetime | None = connection.execute(_NEXT_DUE).scalar()
    return due


def take(
    connection: Connection, ids: Sequence[int], *, lease_name: str, fence: int
) -> tuple[list[Leased], dict[tuple[int, str], int]]:
    """Lease rows under the fence, and tell the ``wanted`` of each card among them. Empty when the lease is lost."""
    held = {"lease_name": lease_name, "fence": fence}
    rows = [row for portion in some("id", ids) for row in _TAKE.all(connection, {**held, **portion})]
    leased = sorted(
        (Leased(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], Lane(r[8]), r[9]) for r in rows),
        key=lambda row: (row.lane, row.id),
    )
    keys = {
        (row.chat_id, cards.topic_of(row.kind, row.subject_id))
        for row in leased
        if row.card and row.subject_id is not None
    }
    return leased, cards.wanted(connection, keys)


def record(connection: Connection, outcomes: Sequence[Sent], *, now: datetime, fence: int) -> int:
    """Write down what became of leased rows. Returns how many further edits this made necessary.

    Rows that are no longer held under ``fence`` are another process's by now, and so are their cards.
    """
    # In the order of their ids, so that two who record the same rows wait for each other and do not lock each other out.
    portions = some("id", sorted(item.row.id for item in outcomes))
    held = {row[0] for portion in portions for row in _HELD.all(connection, {**portion, "fence": fence})}
    outcomes = [item for item in outcomes if item.row.id in held]
    if not outcomes:
        return 0
    again = [item.row.id for item in outcomes if item.state == "waiting" and not item.sends_anew]
    if again:
        _supersede(connection, again, now=now)
    _FINISH.run_all(
        connection,
        [
            {
                "_id": item.row.id,
                "_fence": fence,
                "state": item.state,
                "message_id": item.message_id,
                "error": item.error,
                "not_before": item.not_before,
                "finished_at": None if item.state == "waiting" else now,
                "edit_message_id": None if item.sends_anew else item.row.edit_message_id,
            }
            for item in outcomes
        ],
    )
    receipts.record(connection, outcomes, now=now)
    passed = [{"_id": item.row.id} for item in outcomes if item.row.kind in _PASS and item.state in _PASSED]
    if passed:
        _LET_PASS.run_all(connection, passed)
    for item in outcomes:
        row = item.row
        if item.post_anew and row.card and row.subject_id is not None:
            cards.gone(
                connection, Card(row.chat_id, row.person_id, row.kind, row.subject_id, row.edit_message_id)
            )
    shown = {
        Card(item.row.chat_id, item.row.person_id, item.row.kind, item.row.subject_id, item.message_id): (
            item.shown,
            item.open,
        )
        for item in outcomes
        if item.state == "sent"
        and item.row.card
        and item.row.subject_id is not None
        and item.message_id is not None
    }
    if not shown:
        return 0
    behind, older = cards.show(connection, shown, now=now)
    edits = [_edit_row(hanging, now=now) for hanging in behind]
    for copy in older:
        # Whatever waits to be edited there would bring its buttons back.
        _LET_GO_EDITS.run(connection, {"chat": copy.chat_id, "message": copy.message_id, "now": now})
        edits.append({**_edit_row(copy, now=now, params={OLDER_COPY: True}), "card": False})
    _insert(connection, edits)
    return len(edits)


def orphans(connection: Connection, *, fence: int, most: int = 500) -> list[tuple[int, str]]:
    """Rows leased under an earlier fence: nobody knows whether they left."""
    return [(row[0], row[1]) for row in connection.execute(_ORPHANS, {"fence": fence, "most": most})]


def _supersede(connection: Connection, ids: Sequence[int], *, now: datetime) -> None:
    """Before rows wait again: an edit whose card has a later edit waiting is let go, for that one shows more."""
    connection.execute(_SUPERSEDE, {"ids": list(ids), "now": now})


def settle_orphans(
    connection: Connection, *, resend: Sequence[int], ask: Sequence[int], now: datetime
) -> None:
    """Send the harmless ones again, and leave the others for somebody to decide."""
    if resend:
        _supersede(connection, resend, now=now)
        connection.execute(_ORPHAN_STATE, {"ids": list(resend), "state": "waiting", "error": None})
    if ask:
        receipts.perhaps_sent(connection, ask)
        connection.execute(_LET_ORPHANS_PASS, {"ids": list(ask)})
        connection.execute(_ORPHAN_STATE, {"ids": list(ask), "state": "unknown", "error": "perhaps sent"})


_UNREACHABLE = (
    person.update()
    .where(person.c.telegram_id == bindparam("chat"), person.c.unreachable_since.is_(None))
    .values(unreachable_since=bindparam("now", type_=Instant()))
)
_REACHABLE = (
    person.update()
    .where(person.c.telegram_id == bindparam("chat"), person.c.unreachable_since.is_not(None))
    .values(unreachable_since=None)
)
_DROP_WAITING = (
    outbox.update()
    .where(outbox.c.chat_id == bindparam("chat"), outbox.c.state == "waiting")
    .values(state="dropped", error="unreachable", finished_at=bindparam("now", type_=Instant()))
)


def unreachable(connection: Connection, chat_id: int, *, now: datetime) -> None:
    """Remember that this chat takes nothing, and let go of what still waits for it."""
    connection.execute(_UNREACHABLE, {"chat": chat_id, "now": now})
    receipts.unreachable(connection, chat_id)
    connection.execute(_DROP_WAITING, {"chat": chat_id, "now": now})


def reachable(connection: Connection, chat_id: int, *, now: datetime) -> bool:
    """They are back: forget that they were gone, and bring their cards up to date. False when they never were gone."""
    if not connection.execute(_REACHABLE, {"chat": chat_id}).rowcount:
        return False
    catch_up(connection, chat_id, now=now)
    return True


# --- the operator's side ----------------------------------------------------------------------------------------------

_BY_LANE = (
    select(outbox.c.lane, func.count(), func.min(outbox.c.created_at))
    .where(outbox.c.state == "waiting")
    .group_by(outbox.c.lane)
)
_STUCK = (
    select(
        outbox.c.id,
        outbox.c.state,
        outbox.c.kind,
        outbox.c.chat_id,
        outbox.c.created_at,
        outbox.c.attempts,
        outbox.c.error,
    )
    .where(outbox.c.state.in_(["failed", "unknown"]))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_AGAIN = (
    outbox.update()
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.state.in_(["failed", "unknown"]))
    .values(state="waiting", error=None, finished_at=None, attempts=0)
)
_LET_GO = (
    outbox.update()
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.state.in_(["failed", "unknown"]))
    .values(state="dropped")
)
_waiting_rows = (
    select(
        outbox.c.id,
        outbox.c.chat_id,
        outbox.c.kind,
        outbox.c.card,
        func.row_number()
        .over(
            partition_by=(outbox.c.chat_id, outbox.c.kind, func.coalesce(outbox.c.subject_id, 0)),
            order_by=outbox.c.id.desc(),
        )
        .label("age"),
    )
    .where(outbox.c.state == "waiting")
    .subquery()
)
_newest_of_each = (
    select(
        _waiting_rows.c.id,
        _waiting_rows.c.kind,
        _waiting_rows.c.card,
        func.row_number()
        .over(
            partition_by=(_waiting_rows.c.chat_id, _waiting_rows.c.card), order_by=_waiting_rows.c.id.desc()
        )
        .label("place"),
    )
    .where(_waiting_rows.c.age == 1)
    .subquery()
)
_QUIET = (
    outbox.update()
    .where(
        outbox.c.state == "waiting",
        # Notices are sent or not by who sends them, on their own card.
        outbox.c.kind.not_in(OF_NOTICES),
        outbox.c.id.not_in(
            select(_newest_of_each.c.id).where(
                or_(
                    _newest_of_each.c.kind.in_(bindparam("kinds", expanding=True)),
                    and_(
                        _newest_of_each.c.card, _newest_of_each.c.place <= bindparam("cards", type_=Integer())
                    ),
                )
            )
        ),
    )
    .values(state="dropped", error="quiet", finished_at=bindparam("now", type_=Instant()))
)
_BEHIND_EVERYONE = (
    outbox.update()
    .where(outbox.c.state == "waiting", outbox.c.kind.not_in(OF_NOTICES))
    .values(
        lane=bindparam("behind", type_=Integer()),
        params=case((outbox.c.card, bindparam("nothing", type_=outbox.c.params.type)), else_=outbox.c.params),
    )
)


def depth_by_lane(connection: Connection) -> dict[Lane, tuple[int, datetime]]:
    """How many rows wait in each lane, and since when the oldest does."""
    return {Lane(row[0]): (row[1], row[2]) for row in connection.execute(_BY_LANE)}


def stuck(connection: Connection, *, most: int = 100) -> list[dict[str, Any]]:
    """What failed for good, or may have been sent, for the operator."""
    return [dict(row._mapping) for row in connection.execute(_STUCK, {"most": most})]


def decide(connection: Connection, ids: Sequence[int], *, resend: bool, now: datetime) -> int:
    """The operator's decision on stuck rows. Returns how many it reached."""
    if resend:
        _supersede(connection, ids, now=now)
    return connection.execute(_AGAIN if resend else _LET_GO, {"ids": list(ids)}).rowcount


def quiet(connection: Connection, *, cards: int, kinds: Sequence[str], now: datetime) -> int:
    """Let go of what waits, but for the newest ``cards`` cards of each chat and the newest message of each of ``kinds``.

    Of one thing only the newest card counts, and without the note of its hour ("it is done!"), which may be long past.
    What is left leaves by its age, behind everything that somebody waits for. Returns how many will not leave.
    """
    let_go = connection.execute(_QUIET, {"cards": cards, "kinds": list(kinds), "now": now}).rowcount
    connection.execute(_BEHIND_EVERYONE, {"behind": int(Lane.REMINDER), "nothing": {}})
    return let_go


# --- consent ------------------------------------------------------------------------------------------------------------

CONSENT = "consent"
"""The question whether somebody agrees to the terms as they are now; a card, so that it hangs in a chat once."""


def consent_question(chat_id: int, version: int) -> Reply:
    """The question as the newest message of the chat."""
    return Reply(CONSENT, chat_id, subject_id=version, card=True)


def ask_consent(connection: Connection, reader: Actor, version: int, *, now: datetime) -> None:
    """Ask somebody to whom a message was not sent for want of their consent, once for each version."""
    key = (reader.telegram_id, cards.topic_of(CONSENT, version))
    if not cards.wanted(connection, {key}):
        put(
            connection,
            now=now,
            update_id=None,
            replies=(consent_question(reader.telegram_id, version),),
            known={reader.telegram_id: reader.person_id},
        )


def catch_up(connection: Connection, chat_id: int, *, now: datetime) -> None:
    """What was held back meanwhile is shown as it is now."""
    _insert(connection, [_edit_row(item, now=now) for item in cards.behind(connection, chat_id)])
