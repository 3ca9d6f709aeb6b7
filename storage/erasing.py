"""Forgetting somebody: the first commit takes the person away, a job then empties their words portion by portion.

``begin`` runs in the commit of the action and touches only what an index finds. What has to be looked for by reading
on (finished updates and messages, lines of imports) is ``go_on``'s; the row of ``erasure`` says where it stands, so a
restart goes on there. Audit, ledger and earnings keep ids and numbers and are not touched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, exists, select, tuple_

from storage.schema import (
    card,
    checkin,
    claim,
    draft,
    erasure,
    household,
    import_batch,
    import_row,
    inbox,
    outbox,
    pairing,
    person,
    person_skill,
    remark,
    request,
    task,
)
from storage.types import Instant

AT_ONCE = 500
"""Rows that one unit of work looks at."""

SHORTEST = 2
"""A shorter name stands inside too many words to be looked for; as a whole value it is found."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Somebody whose words are being emptied, and how far that is: ``after`` is the last row seen in ``stage``."""

    person_id: int
    telegram_id: int | None
    name: str
    phone: str
    begun_at: datetime
    stage: int
    after: int

    @property
    def needles(self) -> tuple[str, ...]:
        """What must not stand anywhere afterwards."""
        return tuple(text for text in (self.name, self.phone) if len(text) >= SHORTEST) + (
            (str(self.telegram_id),) if self.telegram_id else ()
        )


# --- the first commit -------------------------------------------------------------------------------------------------

_WHO = select(person.c.telegram_id, person.c.name, person.c.phone, person.c.household_id).where(
    person.c.id == bindparam("person_id")
)
_LEAVE_HOME = person.update().where(person.c.id == bindparam("_id")).values(household_id=None)
_EMPTY_HOME = household.delete().where(
    household.c.id == bindparam("household_id"), ~exists().where(person.c.household_id == household.c.id)
)
_PROXIES = person.update().where(person.c.proxy_id == bindparam("_id")).values(proxy_id=None)
_SKILLS = person_skill.delete().where(person_skill.c.person_id == bindparam("person_id"))
_CHECK_INS = (
    checkin.update()
    .where(checkin.c.person_id == bindparam("_id"))
    .values(
        branch="",
        skills=bindparam("nothing", type_=checkin.c.skills.type),
        free=bindparam("nothing_free", type_=checkin.c.free.type),
        state=case(
            (checkin.c.state.in_(["asked", "returned"]), "withdrawn"),
            (checkin.c.state == "approved", "left"),
            else_=checkin.c.state,
        ),
        version=checkin.c.version + 1,
    )
)
_DRAFT = draft.delete().where(draft.c.telegram_id == bindparam("telegram_id"))
_CARDS = card.delete().where(card.c.chat_id == bindparam("telegram_id"))
_ON_THE_WAY = (
    outbox.update()
    .where(outbox.c.chat_id == bindparam("chat"), outbox.c.state == "waiting")
    .values(
        state="dropped",
        error="erased",
        params=bindparam("no_params", type_=outbox.c.params.type),
        finished_at=bindparam("now", type_=Instant()),
    )
)
_NAMED = select(erasure.c.person_id).where(erasure.c.person_id == bindparam("person_id"))


def begin(connection: Connection, person_id: int, *, now: datetime) -> None:
    """Take away what leads to the person, and note what is still to be looked for.

    The record itself is saved by the caller, after this has read from it.
    """
    row = connection.execute(_WHO, {"person_id": person_id}).one()
    connection.execute(_LEAVE_HOME, {"_id": person_id})
    if row.household_id is not None:
        connection.execute(_EMPTY_HOME, {"household_id": row.household_id})
    connection.execute(_PROXIES, {"_id": person_id})
    connection.execute(_SKILLS, {"person_id": person_id})
    connection.execute(_CHECK_INS, {"_id": person_id, "nothing": [], "nothing_free": []})
    if row.telegram_id is not None:
        connection.execute(_DRAFT, {"telegram_id": row.telegram_id})
        connection.execute(_CARDS, {"telegram_id": row.telegram_id})
        connection.execute(_ON_THE_WAY, {"chat": row.telegram_id, "no_params": {}, "now": now})
    if connection.execute(_NAMED, {"person_id": person_id}).first() is None:
        connection.execute(
            erasure.insert().values(
                person_id=person_id,
                telegram_id=row.telegram_id,
                name=row.name,
                phone=row.phone or "",
                begun_at=now,
                stage=0,
                after=0,
            )
        )


# --- what was said by them, and about them ---------------------------------------------------------------------------------

_NOTHING: dict[str, Any] = {
    "kind": "text",
    "text": "",
    "file_id": "",
    "album": "",
    "latitude": None,
    "longitude": None,
}
_EMPTY_REMARKS = remark.update().where(remark.c.id.in_(bindparam("ids", expanding=True))).values(**_NOTHING)
_WRITTEN = (
    select(remark.c.id)
    .where(remark.c.author_id == bindparam("person_id"), remark.c.id > bindparam("after"))
    .order_by(remark.c.id)
    .limit(bindparam("most"))
)
_REQUESTS = (
    select(request.c.id)
    .where(request.c.requester_id == bindparam("person_id"), request.c.id > bindparam("after"))
    .order_by(request.c.id)
    .limit(bindparam("most"))
)
_PAIRINGS = (
    select(pairing.c.id)
    .where(pairing.c.resident_id == bindparam("person_id"), pairing.c.id > bindparam("after"))
    .order_by(pairing.c.id)
    .limit(bindparam("most"))
)
_ABOUT = remark.c.subject_id.in_(bindparam("subjects", expanding=True))
_EMPTY_ABOUT = (
    remark.update().where(remark.c.subject_kind == bindparam("_subject_kind"), _ABOUT).values(**_NOTHING)
)
_CLAIMS_FOR = {
    "request": select(claim.c.id)
    .join(task, task.c.id == claim.c.task_id)
    .where(task.c.request_id.in_(bindparam("subjects", expanding=True))),
    "pairing": select(claim.c.id)
    .join(task, task.c.id == claim.c.task_id)
    .where(task.c.pairing_id.in_(bindparam("subjects", expanding=True))),
}
THINGS_AT_ONCE = 20
"""Requests or pairings whose words one unit of work empties: each has at most a few dozen."""


def empty_about(connection: Connection, kind: str, subjects: list[int]) -> int:
    """Empty all words, pictures and places of these requests or pairings, and of the work on them."""
    claims = list(connection.execute(_CLAIMS_FOR[kind], {"subjects": subjects}).scalars())
    count = connection.execute(_EMPTY_ABOUT, {"_subject_kind": kind, "subjects": subjects}).rowcount
    if claims:
        count += connection.execute(_EMPTY_ABOUT, {"_subject_kind": "claim", "subjects": claims}).rowcount
    return count


def _written(connection: Connection, item: Erasure) -> int | None:
    ids = list(
        connection.execute(
            _WRITTEN, {"person_id": item.person_id, "after": item.after, "most": AT_ONCE}
        ).scalars()
    )
    if ids:
        connection.execute(_EMPTY_REMARKS, {"ids": ids})
    return ids[-1] if len(ids) == AT_ONCE else None


def _things(connection: Connection, item: Erasure, kind: str, statement: Any) -> int | None:
    ids = list(
        connection.execute(
            statement, {"person_id": item.person_id, "after": item.after, "most": THINGS_AT_ONCE}
        ).scalars()
    )
    if ids:
        empty_about(connection, kind, ids)
    return ids[-1] if len(ids) == THINGS_AT_ONCE else None


def _requests(connection: Connection, item: Erasure) -> int | None:
    return _things(connection, item, "request", _REQUESTS)


def _pairings(connection: Connection, item: Erasure) -> int | None:
    return _things(connection, item, "pairing", _PAIRINGS)


# --- what came in and went out -----------------------------------------------------------------------------------------------


class _NotYet(Exception):
    """Something of theirs is on its way at this moment: look again later, from the row before it."""

    def __init__(self, after: int) -> None:
        super().__init__(after)
        self.after = after


_SENT = (
    select(
        outbox.c.id,
        outbox.c.chat_id,
        outbox.c.person_id,
        outbox.c.kind,
        outbox.c.params,
        outbox.c.state,
        outbox.c.update_id,
    )
    .where(outbox.c.id > bindparam("after"), outbox.c.created_at <= bindparam("begun", type_=Instant()))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_THEIR_UPDATES = select(inbox.c.update_id).where(
    inbox.c.sender == bindparam("sender"), inbox.c.update_id.in_(bindparam("updates", expanding=True))
)
_FORGET_ROWS = (
    outbox.update()
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(params=bindparam("no_params", type_=outbox.c.params.type))
)
_FORGET_CHATS = (
    outbox.update()
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        params=bindparam("no_params", type_=outbox.c.params.type),
        chat_id=0,
        # A message without a chat can be sent to nobody any more, so that nobody need decide about it either.
        state=case((outbox.c.state.in_(["failed", "unknown"]), "dropped"), else_=outbox.c.state),
    )
)
_RENAME = (
    outbox.update()
    .where(outbox.c.id == bindparam("_id"))
    .values(params=bindparam("new_params", type_=outbox.c.params.type))
)
_LET_GO = (
    outbox.update()
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state="dropped",
        error="erased",
        params=bindparam("no_params", type_=outbox.c.params.type),
        finished_at=bindparam("now", type_=Instant()),
    )
)
_OVER = frozenset({"sent", "dropped", "failed", "unknown"})


def _values(of: Any) -> Iterator[str]:
    """Every text within JSON."""
    if isinstance(of, str):
        yield of
    elif isinstance(of, dict):
        for value in of.values():
            yield from _values(value)
    elif isinstance(of, list):
        for value in of:
            yield from _values(value)


def _names(item: Erasure, params: Any) -> bool:
    return any(
        text in (item.name, item.phone) or any(needle in text for needle in item.needles)
        for text in _values(params)
        if text
    )


def _out(connection: Connection, item: Erasure) -> int | None:
    rows = connection.execute(_SENT, {"after": item.after, "begun": item.begun_at, "most": AT_ONCE}).all()
    updates = [row.update_id for row in rows if row.update_id is not None and row.params]
    theirs = (
        set(connection.execute(_THEIR_UPDATES, {"sender": item.telegram_id, "updates": updates}).scalars())
        if item.telegram_id is not None and updates
        else set()
    )
    finished: list[int] = []
    chats: list[int] = []
    letters: list[int] = []
    try:
        for before, row in zip((item.after, *(row.id for row in rows)), rows, strict=False):
            own = row.person_id == item.person_id or (
                row.person_id is None and row.chat_id == item.telegram_id
            )
            names = bool(row.params) and (row.update_id in theirs or _names(item, row.params))
            if not (own or names):
                continue
            if row.state in _OVER:
                (chats if own else finished).append(row.id)
            elif own or row.state == "leased":
                raise _NotYet(before)
            elif row.kind == "letter.arrived":
                letters.append(row.id)
            else:
                _rename(connection, row.id, row.params, item)
    finally:
        if finished:
            connection.execute(_FORGET_ROWS, {"ids": finished, "no_params": {}})
        if chats:
            connection.execute(_FORGET_CHATS, {"ids": chats, "no_params": {}})
        if letters:
            connection.execute(_LET_GO, {"ids": letters, "no_params": {}, "now": item.begun_at})
    return rows[-1].id if len(rows) == AT_ONCE else None


def _rename(connection: Connection, row_id: int, params: dict[str, Any], item: Erasure) -> None:
    """A message that still waits says the rest of what it says, without the name."""
    changed = {key: None if _names(item, value) else value for key, value in params.items()}
    if changed != params:
        connection.execute(_RENAME, {"_id": row_id, "new_params": changed})


_CAME = (
    select(inbox.c.id, inbox.c.sender, inbox.c.payload, inbox.c.state, inbox.c.error)
    .where(inbox.c.id > bindparam("after"), inbox.c.received_at <= bindparam("begun", type_=Instant()))
    .order_by(inbox.c.id)
    .limit(bindparam("most"))
)
_FORGET_PAYLOADS = (
    inbox.update().where(inbox.c.id.in_(bindparam("ids", expanding=True))).values(payload=None, error=None)
)
_FORGET_SENDERS = inbox.update().where(inbox.c.id.in_(bindparam("ids", expanding=True))).values(sender=0)


def _in(connection: Connection, item: Erasure) -> int | None:
    rows = connection.execute(_CAME, {"after": item.after, "begun": item.begun_at, "most": AT_ONCE}).all()
    needles = {form for text in item.needles for form in (text, json.dumps(text)[1:-1])}
    payloads: list[int] = []
    senders: list[int] = []
    try:
        for before, row in zip((item.after, *(row.id for row in rows)), rows, strict=False):
            own = item.telegram_id is not None and row.sender == item.telegram_id
            said = f"{row.payload or ''}\n{row.error or ''}"
            if not own and not any(needle in said for needle in needles):
                continue
            if row.state == "waiting":
                raise _NotYet(before)
            payloads.append(row.id)
            senders += [row.id] if own else []
    finally:
        if payloads:
            connection.execute(_FORGET_PAYLOADS, {"ids": payloads})
        if senders:
            connection.execute(_FORGET_SENDERS, {"ids": senders})
    return rows[-1].id if len(rows) == AT_ONCE else None


# --- what others were filling in about them ---------------------------------------------------------------------------------------

_FORMS = (
    select(draft.c.telegram_id, draft.c.answers)
    .where(
        draft.c.telegram_id > bindparam("after"), draft.c.updated_at <= bindparam("begun", type_=Instant())
    )
    .order_by(draft.c.telegram_id)
    .limit(bindparam("most"))
)
_DROP_FORM = draft.delete().where(draft.c.telegram_id == bindparam("telegram_id"))


def _forms(connection: Connection, item: Erasure) -> int | None:
    """A half-filled form with the name or the number as an answer is about somebody who is no longer there."""
    rows = connection.execute(_FORMS, {"after": item.after, "begun": item.begun_at, "most": AT_ONCE}).all()
    for row in rows:
        if any(text and text in (item.name, item.phone) for text in _values(row.answers)):
            connection.execute(_DROP_FORM, {"telegram_id": row.telegram_id})
    return rows[-1].telegram_id if len(rows) == AT_ONCE else None


# --- what they were imported from -----------------------------------------------------------------------------------------------

_MOST_LINES = 10**8
"""More than an import has, so that batch and line together are one number to go on from."""
_LINES = (
    select(import_row.c.batch_id, import_row.c.line, import_row.c.row_id, import_batch.c.state)
    .join(import_batch, import_batch.c.id == import_row.c.batch_id)
    .where(
        tuple_(import_row.c.batch_id, import_row.c.line)
        > tuple_(
            bindparam("batch", type_=import_row.c.batch_id.type),
            bindparam("line", type_=import_row.c.line.type),
        ),
        import_batch.c.kind == "people",
    )
    .order_by(import_row.c.batch_id, import_row.c.line)
    .limit(bindparam("most"))
)
_EMPTY_LINE = (
    import_row.update()
    .where(import_row.c.batch_id == bindparam("_batch"), import_row.c.line == bindparam("_line"))
    .values(key="", parent="", data=bindparam("no_data", type_=import_row.c.data.type))
)


def _lines(connection: Connection, item: Erasure) -> int | None:
    batch, line = divmod(item.after, _MOST_LINES)
    rows = connection.execute(_LINES, {"batch": batch, "line": line, "most": AT_ONCE}).all()
    before = item.after
    for row in rows:
        if row.row_id == item.person_id:
            if row.state not in ("live", "dropped"):
                raise _NotYet(before)
            connection.execute(_EMPTY_LINE, {"_batch": row.batch_id, "_line": row.line, "no_data": {}})
        before = row.batch_id * _MOST_LINES + row.line
    return before if len(rows) == AT_ONCE else None


_STAGES: tuple[Callable[[Connection, Erasure], int | None], ...] = (
    _written,
    _requests,
    _pairings,
    _out,
    _in,
    _forms,
    _lines,
)
"""In this order: messages are known by the updates that caused them, so those keep their senders until then."""

_OPEN = (
    select(*erasure.c)
    .where(erasure.c.person_id > bindparam("after"))
    .order_by(erasure.c.person_id)
    .limit(1)
    .with_for_update()
)
_MOVE = (
    erasure.update()
    .where(erasure.c.person_id == bindparam("_id"))
    .values(stage=bindparam("new_stage"), after=bindparam("new_after"))
)
_END = erasure.delete().where(erasure.c.person_id == bindparam("person_id"))


@dataclass(frozen=True, slots=True)
class Progress:
    """After a portion: whose words they were, and whether all are empty now, or must wait for something on its way."""

    person_id: int
    finished: bool = False
    waits: bool = False


def go_on(connection: Connection, *, after: int = 0) -> Progress | None:
    """Empty the next portion of the first person after ``after`` whose erasure is under way; None when there is none."""
    row = connection.execute(_OPEN, {"after": after}).first()
    if row is None:
        return None
    item = Erasure(*row)
    try:
        reached = _STAGES[item.stage](connection, item)
    except _NotYet as waiting:
        connection.execute(
            _MOVE, {"_id": item.person_id, "new_stage": item.stage, "new_after": waiting.after}
        )
        return Progress(item.person_id, waits=True)
    if reached is not None:
        connection.execute(_MOVE, {"_id": item.person_id, "new_stage": item.stage, "new_after": reached})
        return Progress(item.person_id)
    if item.stage + 1 < len(_STAGES):
        connection.execute(_MOVE, {"_id": item.person_id, "new_stage": item.stage + 1, "new_after": 0})
        return Progress(item.person_id)
    connection.execute(_END, {"person_id": item.person_id})
    return Progress(item.person_id, finished=True)


_ERASED = (
    select(person.c.id, person.c.erased_at)
    .where(person.c.erased_at.is_not(None), person.c.id > bindparam("after"))
    .order_by(person.c.id)
)


def erased(connection: Connection) -> list[tuple[int, datetime]]:
    """Everybody who was forgotten, and when: what an operator does again after an old copy was brought back."""
    return [(row[0], row[1]) for row in connection.execute(_ERASED, {"after": 0})]
