"""Where the words of somebody who is forgotten may stand without being theirs by any key: finished updates and messages,
forms of others, lines of imports. They are found by reading on, a portion at a time; ``erasing.py`` says when.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, select, tuple_

from storage.schema import (
    draft,
    import_batch,
    import_row,
    inbox,
    outbox,
)
from storage.types import Instant

AT_ONCE = 250
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


# --- what came in and went out -----------------------------------------------------------------------------------------------


class NotYet(Exception):
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


def messages(connection: Connection, item: Erasure) -> int | None:
    """Empty what was sent to them, because of them, or with their name. What still waits for others loses the name.

    Each of these returns the row to go on after, None at the end, and raises NotYet where something is on its way.
    """
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
                raise NotYet(before)
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


def updates(connection: Connection, item: Erasure) -> int | None:
    """Empty what they sent, and what others sent with their name."""
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
                raise NotYet(before)
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


def forms(connection: Connection, item: Erasure) -> int | None:
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


def lines(connection: Connection, item: Erasure) -> int | None:
    """Empty the line they were imported from."""
    batch, line = divmod(item.after, _MOST_LINES)
    rows = connection.execute(_LINES, {"batch": batch, "line": line, "most": AT_ONCE}).all()
    before = item.after
    for row in rows:
        if row.row_id == item.person_id:
            if row.state not in ("live", "dropped"):
                raise NotYet(before)
            connection.execute(_EMPTY_LINE, {"_batch": row.batch_id, "_line": row.line, "no_data": {}})
        before = row.batch_id * _MOST_LINES + row.line
    return before if len(rows) == AT_ONCE else None
