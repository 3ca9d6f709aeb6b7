"""Recipients of notices: written down once, walked through in their order, and what became of each.

A walk hands a few at a time to delivery by the outbox; what has left is recorded here and goes from there, so that
the outbox stays as small as what is on its way. Sums are kept in ``tally`` in the same commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from domain.addressees import Addressees
from domain.notices.shapes import COPY, FOLLOWING_UP, MarkCalled, MarkRead, NoticeState, TakeBack
from storage.addressees import chosen, home
from storage.dialect import insert_for
from storage.prepared import Prepared, one_of, some
from storage.schema import outbox, person
from storage.schema_notices import (
    mailing,
    notice,
    notice_followup,
    notice_mute,
    receipt,
    tally,
)
from storage.types import Instant

SUMS = tuple(column.name for column in tally.c if not column.primary_key)

_TALLY = Prepared(select(tally).where(tally.c.notice_id == bindparam("notice")))
_COUNT = Prepared(
    update(tally)
    .where(tally.c.notice_id == bindparam("notice"))
    .values({name: tally.c[name] + bindparam(name, type_=Integer()) for name in SUMS})
)


def tally_of(connection: Connection, notice_id: int) -> Any | None:
    """The sums of a notice, or None before anything was written down."""
    return _TALLY.first(connection, {"notice": notice_id})


def count(connection: Connection, notice_id: int, **more: int) -> None:
    """Add to the sums of a notice."""
    if any(more.values()):
        _COUNT.run(connection, {"notice": notice_id, **dict.fromkeys(SUMS, 0), **more})


def open_tally(connection: Connection, notice_id: int) -> None:
    """Begin to sum up."""
    connection.execute(
        insert_for(connection.dialect.name, tally).values(notice_id=notice_id).on_conflict_do_nothing()
    )


# --- writing them down ------------------------------------------------------------------------------------------------

_LAST_PERSON = Prepared(select(func.max(person.c.id).label("last")))


def last_person(connection: Connection) -> int:
    """The highest id of a person there is, 0 for none."""
    return int(_LAST_PERSON.all(connection, {})[0].last or 0)


def freeze(
    connection: Connection,
    notice_id: int,
    wanted: Addressees,
    paths: dict[int, str],
    *,
    mutes: str = "",
    after: int,
    to: int,
    now: datetime,
) -> int:
    """Write down as recipients those who are meant and whose id is above ``after`` and not above ``to``.

    One who cannot be reached is written down as that, and one who has muted the kind ``mutes`` as that ("": nobody has).
    Each stretch is written down once: its caller has locked the notice and keeps how far it has come in the same commit,
    so that a row that is there is a fault, which the key refuses. Returns how many they are.
    """
    muted = exists().where(notice_mute.c.person_id == person.c.id, notice_mute.c.kind == mutes)
    reachable = person.c.telegram_id.is_not(None) & person.c.unreachable_since.is_(None)
    rows = chosen(
        wanted,
        paths,
        bindparam("notice", notice_id, type_=receipt.c.notice_id.type),
        person.c.id,
        home.c.id,
        # Who asked to be left alone is not rung up instead.
        case(
            *(((muted, literal("muted")),) if mutes else ()),
            (reachable, literal("waiting")),
            else_=literal("unreachable"),
        ),
    ).where(person.c.id > after, person.c.id <= to).order_by(person.c.id)  # fmt: skip
    # Without ON CONFLICT, for which PostgreSQL takes half as long again.
    write = insert(receipt).from_select(["notice_id", "person_id", "unit_id", "state"], rows)
    done = connection.execute(write, {"now": now}).rowcount
    ended = connection.execute(_ENDED_IN, {"notice": notice_id, "after": after, "to": to}) if done else ()
    count(connection, notice_id, total=done, **{row.state: row.number for row in ended})
    return done


_ENDED_IN = (
    select(receipt.c.state, func.count().label("number"))
    .where(
        receipt.c.notice_id == bindparam("notice"),
        receipt.c.person_id > bindparam("after"),
        receipt.c.person_id <= bindparam("to"),
        receipt.c.state.in_(["unreachable", "muted"]),
    )
    .group_by(receipt.c.state)
)


# --- walking through them -----------------------------------------------------------------------------------------------


class Recipient(NamedTuple):
    """A recipient as a walk finds them."""

    person_id: int
    chat_id: int | None
    state: str
    message_id: int | None
    read_at: datetime | None
    reminded_at: datetime | None


_NEXT = Prepared(
    select(
        receipt.c.person_id,
        person.c.telegram_id,
        receipt.c.state,
        receipt.c.message_id,
        receipt.c.read_at,
        receipt.c.reminded_at,
    )
    .join(person, person.c.id == receipt.c.person_id)
    .where(receipt.c.notice_id == bindparam("notice"), receipt.c.person_id > bindparam("after"))
    .order_by(receipt.c.person_id)
    .limit(bindparam("most"))
)
_TO_STATE = Prepared(
    update(receipt)
    .where(
        receipt.c.notice_id == bindparam("_notice"),
        receipt.c.person_id == bindparam("_person"),
        receipt.c.state == bindparam("_from"),
    )
    .values(state=bindparam("state"))
)
_REMINDED = Prepared(
    update(receipt)
    .where(receipt.c.notice_id == bindparam("_notice"), receipt.c.person_id == bindparam("_person"))
    .values(reminded_at=bindparam("at", type_=Instant()))
)


def next_ones(connection: Connection, notice_id: int, *, after: int, most: int) -> list[Recipient]:
    """The next recipients in the order of a walk."""
    rows = _NEXT.all(connection, {"notice": notice_id, "after": after, "most": most})
    return [Recipient(*row) for row in rows]


def to_state(connection: Connection, notice_id: int, people: Iterable[int], *, old: str, new: str) -> None:
    """Move recipients who stand at ``old``."""
    rows = [{"_notice": notice_id, "_person": person_id, "_from": old, "state": new} for person_id in people]
    if rows:
        _TO_STATE.run_all(connection, rows)


def reminded(connection: Connection, notice_id: int, people: Sequence[Recipient], *, now: datetime) -> None:
    """They have been reminded; whoever is reminded a second time is still one."""
    if people:
        _REMINDED.run_all(
            connection, [{"_notice": notice_id, "_person": one.person_id, "at": now} for one in people]
        )
        count(connection, notice_id, reminded=sum(one.reminded_at is None for one in people))


_LEAVING = Prepared(
    select(outbox.c.person_id).where(
        outbox.c.state == "leased",
        or_(*(outbox.c.kind == kind for kind in (COPY, *FOLLOWING_UP))),
        outbox.c.subject_id == bindparam("notice"),
        outbox.c.edit_message_id.is_(None),
    )
)


def leaving(connection: Connection, notice_id: int) -> frozenset[int]:
    """To whom something of it is on the wire: as it was when it left, and in a message that has no number yet."""
    return frozenset(row.person_id for row in _LEAVING.all(connection, {"notice": notice_id}))


_FOLLOWED_UP = Prepared(
    select(notice_followup.c.person_id, notice_followup.c.message_id, notice_followup.c.kind)
    .where(notice_followup.c.notice_id == bindparam("notice"), one_of(notice_followup.c.person_id, "person"))
    .order_by(notice_followup.c.person_id, notice_followup.c.message_id)
)


def followed_up(
    connection: Connection, notice_id: int, people: Collection[int]
) -> list[tuple[int, int, str]]:
    """Further messages to these people that quote the notice: (person, message, kind) each."""
    return [
        (row.person_id, row.message_id, row.kind)
        for portion in some("person", people)
        for row in _FOLLOWED_UP.all(connection, {"notice": notice_id, **portion})
    ]


# --- what became of them ------------------------------------------------------------------------------------------------

_RECORD = Prepared(
    update(receipt)
    .where(
        receipt.c.notice_id == bindparam("_notice"),
        receipt.c.person_id == bindparam("_person"),
        receipt.c.state == "queued",
    )
    .values(
        state=bindparam("state"),
        reason=bindparam("reason"),
        message_id=bindparam("message_id"),
        sent_at=bindparam("sent_at", type_=Instant()),
    )
)
_FINISHED = Prepared(
    delete(outbox).where(
        outbox.c.id == bindparam("_id"), outbox.c.state != "waiting", outbox.c.state != "leased"
    )
)
_FOLLOW_UP = Prepared(insert(notice_followup))
_ENDS = {"sent": "sent", "failed": "failed", "unknown": "failed", "dropped": "left"}


def record(connection: Connection, outcomes: Iterable[Any], *, now: datetime) -> None:
    """What became of copies that were handed to delivery (``storage.outbox.Sent``); their rows go from the outbox. Which
    further messages have left is kept, too."""
    ended: Counter[tuple[int, str]] = Counter()
    again: set[int] = set()
    further: list[dict[str, Any]] = []
    for item in outcomes:
        row = item.row
        if row.edit_message_id is not None:
            continue
        if row.kind in FOLLOWING_UP and item.state == "sent":
            further.append(
                {
                    "notice_id": row.subject_id,
                    "person_id": row.person_id,
                    "message_id": item.message_id,
                    "kind": row.kind,
                }
            )
        if row.kind != COPY:
            continue
        if item.state == "waiting":
            again.add(row.subject_id)
            continue
        state = "unreachable" if item.unreachable else _ENDS[item.state]
        changed = _RECORD.run(
            connection,
            {
                "_notice": row.subject_id,
                "_person": row.person_id,
                "state": state,
                "reason": None if state == "sent" else item.error,
                "message_id": item.message_id,
                "sent_at": now if state == "sent" else None,
            },
        )
        _FINISHED.run(connection, {"_id": row.id})
        if changed:
            ended[row.subject_id, state] += 1
    if further:
        _FOLLOW_UP.insert(connection, further)
    for notice_id in sorted(again):
        # It was on the wire when it was held or stopped, came back, and does not leave a second time.
        found = _STATE.first(connection, {"notice": notice_id})
        if found is not None and found.state is not NoticeState.SENDING:
            take_back(connection, TakeBack(notice_id, again=found.state is NoticeState.PAUSED))
    for (notice_id, state), number in ended.items():
        count(connection, notice_id, queued=-number, **{state: number})


_STATE = Prepared(select(notice.c.state).where(notice.c.id == bindparam("notice")).with_for_update())


def perhaps_sent(connection: Connection, ids: Sequence[int]) -> None:
    """Nobody knows whether these rows of the outbox have left. Copies among them are not sent twice: somebody calls."""
    of_copies = delete(outbox).where(
        outbox.c.id.in_(ids),
        outbox.c.state == "leased",
        outbox.c.kind == COPY,
        outbox.c.edit_message_id.is_(None),
    )
    for row in connection.execute(of_copies.returning(outbox.c.subject_id, outbox.c.person_id)).all():
        values = {"_notice": row.subject_id, "_person": row.person_id, "state": "failed"}
        unknown = {"reason": "perhaps sent", "message_id": None, "sent_at": None}
        if _RECORD.run(connection, {**values, **unknown}):
            count(connection, row.subject_id, queued=-1, failed=1)


_WAITING = select(outbox.c.subject_id, outbox.c.person_id).where(
    outbox.c.state == "waiting",
    outbox.c.kind == COPY,
    outbox.c.edit_message_id.is_(None),
)


def unreachable(connection: Connection, chat_id: int) -> None:
    """Nothing will reach this chat: the copies that wait for it are known to be lost. Before they are let go."""
    _let_go(connection, outbox.c.chat_id == chat_id, state="unreachable")


def forgotten(connection: Connection, person_id: int) -> None:
    """The copies that wait for somebody who is being erased will not leave. Before they are let go."""
    _let_go(connection, outbox.c.person_id == person_id, state="left")


def _let_go(connection: Connection, theirs: ColumnElement[bool], *, state: str) -> None:
    for row in connection.execute(_WAITING.where(theirs)).all():
        to_state(connection, row.subject_id, (row.person_id,), old="queued", new=state)
        count(connection, row.subject_id, queued=-1, **{state: 1})


# --- sweeps -------------------------------------------------------------------------------------------------------------

_READ = Prepared(
    update(receipt)
    .where(
        receipt.c.notice_id == bindparam("_notice"),
        receipt.c.person_id == bindparam("_person"),
        receipt.c.read_at.is_(None),
    )
    .values(read_at=bindparam("at", type_=Instant()))
)
_TAKEN_BACK = (
    delete(outbox)
    .where(
        outbox.c.kind == COPY,
        outbox.c.subject_id == bindparam("notice"),
        outbox.c.state == "waiting",
        outbox.c.edit_message_id.is_(None),
    )
    .returning(outbox.c.person_id)
)
_BACK_TO = (
    update(mailing)
    .where(
        mailing.c.notice_id == bindparam("_notice"),
        mailing.c.errand == "send",
        mailing.c.finished_at.is_(None),
        mailing.c.reached > bindparam("back_to"),
    )
    .values(reached=bindparam("back_to"))
)


def mark_read(connection: Connection, sweep: MarkRead) -> None:
    """Once: the first moment stays."""
    if _READ.run(connection, {"_notice": sweep.notice_id, "_person": sweep.person_id, "at": sweep.at}):
        count(connection, sweep.notice_id, read=1)


def take_back(connection: Connection, sweep: TakeBack) -> None:
    """What is handed to delivery and waits is taken back; the walk will come by again, or never."""
    people = sorted(connection.execute(_TAKEN_BACK, {"notice": sweep.notice_id}).scalars())
    new = "waiting" if sweep.again else "stopped"
    to_state(connection, sweep.notice_id, people, old="queued", new=new)
    count(
        connection,
        sweep.notice_id,
        queued=-len(people),
        **({} if sweep.again else {"stopped": len(people)}),
    )
    if people and sweep.again:
        connection.execute(_BACK_TO, {"_notice": sweep.notice_id, "back_to": people[0] - 1})


_CALLED = (
    update(receipt)
    .where(
        receipt.c.notice_id == bindparam("_notice"),
        receipt.c.person_id == bindparam("_person"),
        receipt.c.called_at.is_(None),
    )
    .values(called_by=bindparam("by"), called_at=bindparam("at", type_=Instant()))
)


def mark_called(connection: Connection, sweep: MarkCalled) -> None:
    """Once: who was first stays."""
    values = {"_notice": sweep.notice_id, "_person": sweep.person_id, "by": sweep.by, "at": sweep.at}
    if connection.execute(_CALLED, values).rowcount:
        count(connection, sweep.notice_id, called=1)


SWEEPS: Mapping[type[Any], Any] = {
    MarkRead: mark_read,
    MarkCalled: mark_called,
    TakeBack: take_back,
}
