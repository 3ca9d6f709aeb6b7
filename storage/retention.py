"""What time alone forgets, portion by portion, oldest first. Which days are the operator's: ``domain.rulebook.Retention``.

Where nothing says which rows are still to be emptied, a mark in ``counter`` does: everything up to it is done. A row
that is not due yet holds the mark back and is looked at again; what comes after it is emptied all the same.
The audit trail is dropped with its seals, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, Table, Text, bindparam, case, cast, literal, select, tuple_

from storage.dialect import upserting
from storage.erasing import THINGS_AT_ONCE, empty_about
from storage.schema import (
    card,
    counter,
    draft,
    import_batch,
    import_row,
    inbox,
    job_run,
    outbox,
    request,
)
from storage.schema_meetings import meeting, meeting_guest
from storage.schema_notices import thread
from storage.threads import KIND as THREAD
from storage.threads import settle
from storage.types import EPOCH, Instant, to_microseconds

AT_ONCE = 250
"""Rows that one unit of work looks at."""
CHATS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Portion:
    """How much was forgotten, and whether there may be ``more``."""

    count: int
    more: bool


# --- rows in the order in which they came ----------------------------------------------------------------------------------

_MARK = select(counter.c.value).where(counter.c.name == bindparam("mark"))


def _mark(connection: Connection, name: str, *, start: int = 0) -> int:
    found: int | None = connection.execute(_MARK, {"mark": f"forgotten.{name}"}).scalar()
    return start if found is None else found


def _set_mark(connection: Connection, name: str, value: int) -> None:
    upsert = upserting(connection, counter).values(name=f"forgotten.{name}", value=value)
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["name"], set_={"value": upsert.excluded.value})
    )


def _rows(table: Table, *, born: Any, ended: Any, to_do: Any) -> Select[Any]:
    """Rows after one, oldest first: id, when they came, when they were over (None: not yet), whether there is anything
    to be done about them."""
    return (
        select(table.c.id, born, ended, to_do)
        .where(table.c.id > bindparam("after"))
        .order_by(table.c.id)
        .limit(bindparam("most"))
    )


def _walk(
    connection: Connection, name: str, before: datetime, rows_after: Select[Any], change: Any, **values: Any
) -> Portion:
    """Do ``change`` to the next rows that were over ``before``. Nothing is left to do up to the mark ``name``; a second
    one says how far this round has come past rows that are not over yet."""
    floor = _mark(connection, name)
    at = max(floor, _mark(connection, f"{name}.at"))
    rows = connection.execute(rows_after, {"after": at, "most": AT_ONCE}).all()
    old = [row for row in rows if row[1] < before]
    due = [row for row in old if row[2] is not None and row[2] < before]
    over = {row[0] for row in due}
    ids = [row[0] for row in due if row[3]]
    if ids:
        connection.execute(change, {"ids": ids, **values})
    if at == floor and old:
        held = next((place for place, row in enumerate(old) if row[0] not in over), len(old))
        if held:
            _set_mark(connection, name, old[held - 1][0])
    more = len(old) == AT_ONCE
    if more or at != floor:
        _set_mark(connection, f"{name}.at", old[-1][0] if more else 0)
    return Portion(len(ids), more)


_UPDATES = _rows(
    inbox,
    born=inbox.c.received_at,
    ended=case((inbox.c.state != "waiting", inbox.c.done_at)),
    to_do=inbox.c.payload.is_not(None),
)
_UPDATES_AT_ALL = _rows(
    inbox,
    born=inbox.c.received_at,
    ended=case((inbox.c.state != "waiting", inbox.c.done_at)),
    to_do=literal(True),
)
_EMPTY_UPDATES = (
    inbox.update().where(inbox.c.id.in_(bindparam("ids", expanding=True))).values(payload=None, error=None)
)
_DROP_UPDATES = inbox.delete().where(inbox.c.id.in_(bindparam("ids", expanding=True)))
_OVER = case((outbox.c.state.not_in(["waiting", "leased"]), outbox.c.finished_at))
_MESSAGES = _rows(outbox, born=outbox.c.created_at, ended=_OVER, to_do=cast(outbox.c.params, Text) != "{}")
_MESSAGES_AT_ALL = _rows(outbox, born=outbox.c.created_at, ended=_OVER, to_do=literal(True))
_EMPTY_MESSAGES = (
    outbox.update()
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(params=bindparam("nothing", type_=outbox.c.params.type))
)
_DROP_MESSAGES = outbox.delete().where(outbox.c.id.in_(bindparam("ids", expanding=True)))


def payloads(connection: Connection, before: datetime) -> Portion:
    """Empty what was said in updates that were finished before."""
    return _walk(connection, "payloads", before, _UPDATES, _EMPTY_UPDATES)


def params(connection: Connection, before: datetime) -> Portion:
    """Empty the parameters of messages that were finished before."""
    return _walk(connection, "params", before, _MESSAGES, _EMPTY_MESSAGES, nothing={})


def updates(connection: Connection, before: datetime) -> Portion:
    """Drop updates that were finished before."""
    return _walk(connection, "updates", before, _UPDATES_AT_ALL, _DROP_UPDATES)


def messages(connection: Connection, before: datetime) -> Portion:
    """Drop messages that were finished before."""
    return _walk(connection, "messages", before, _MESSAGES_AT_ALL, _DROP_MESSAGES)


# --- forms and notes of jobs ------------------------------------------------------------------------------------------------

_OLD_DRAFTS = (
    select(draft.c.telegram_id)
    .where(draft.c.updated_at < bindparam("before", type_=Instant()))
    .limit(bindparam("most"))
)
_DROP_DRAFTS = draft.delete().where(draft.c.telegram_id.in_(_OLD_DRAFTS))
_OLD_RUNS = (
    select(job_run.c.job, job_run.c.period)
    .where(job_run.c.at < bindparam("before", type_=Instant()))
    .limit(bindparam("most"))
)
_DROP_RUN = job_run.delete().where(
    job_run.c.job == bindparam("_job"), job_run.c.period == bindparam("_period")
)


def drafts(connection: Connection, before: datetime) -> Portion:
    """Drop forms that nobody went on with: as many as there are people who are in one, so few."""
    count = connection.execute(_DROP_DRAFTS, {"before": before, "most": AT_ONCE}).rowcount
    return Portion(count, more=count == AT_ONCE)


def job_runs(connection: Connection, before: datetime) -> Portion:
    """Drop notes of what jobs did."""
    rows = connection.execute(_OLD_RUNS, {"before": before, "most": AT_ONCE}).all()
    if rows:
        connection.execute(_DROP_RUN, [{"_job": row[0], "_period": row[1]} for row in rows])
    return Portion(len(rows), more=len(rows) == AT_ONCE)


# --- cards ------------------------------------------------------------------------------------------------------------------

_NO_CHAT = -(2**62)
_CHATS = (
    select(card.c.chat_id)
    .where(card.c.chat_id > bindparam("after"))
    .group_by(card.c.chat_id)
    .order_by(card.c.chat_id)
    .limit(bindparam("most"))
)
_DROP_CARDS = card.delete().where(
    card.c.chat_id.in_(bindparam("chats", expanding=True)),
    card.c.open.is_(False),
    card.c.shown_at < bindparam("before", type_=Instant()),
)


def cards(connection: Connection, before: datetime) -> Portion:
    """Let go of cards without buttons that were last shown before: chat by chat, for there is no order of their age."""
    after = _mark(connection, "cards", start=_NO_CHAT)
    chats = connection.execute(_CHATS, {"after": after, "most": CHATS_AT_ONCE}).scalars().all()
    count = connection.execute(_DROP_CARDS, {"chats": chats, "before": before}).rowcount if chats else 0
    more = len(chats) == CHATS_AT_ONCE
    if chats or after != _NO_CHAT:
        _set_mark(connection, "cards", chats[-1] if more else _NO_CHAT)
    return Portion(count, more)


# --- words of what is long over ------------------------------------------------------------------------------------------------

_CLOSED = (
    select(request.c.id, request.c.closed_at)
    .where(
        request.c.closed_at.is_not(None),
        tuple_(request.c.closed_at, request.c.id)
        > tuple_(bindparam("closed", type_=Instant()), bindparam("after", type_=request.c.id.type)),
        request.c.closed_at < bindparam("before", type_=Instant()),
    )
    .order_by(request.c.closed_at, request.c.id)
    .limit(bindparam("most"))
)


def request_words(connection: Connection, before: datetime) -> Portion:
    """Empty words, pictures and places of requests that were closed before, and of the work on them."""
    return _words(connection, "request_words", _CLOSED, "request", before)


_QUIET = (
    select(thread.c.id, thread.c.last_at)
    .where(
        tuple_(thread.c.last_at, thread.c.id)
        > tuple_(bindparam("closed", type_=Instant()), bindparam("after", type_=thread.c.id.type)),
        thread.c.last_at < bindparam("before", type_=Instant()),
    )
    .order_by(thread.c.last_at, thread.c.id)
    .limit(bindparam("most"))
)


def thread_words(connection: Connection, before: datetime) -> Portion:
    """Empty what was said in threads in which nothing has been said since."""
    return _words(connection, "thread_words", _QUIET, THREAD, before)


def _words(connection: Connection, name: str, after_them: Any, kind: str, before: datetime) -> Portion:
    """Of the next things of a kind in the order in which they came to rest; the marks ``name`` say how far that is."""
    closed = EPOCH + timedelta(microseconds=_mark(connection, name))
    after = _mark(connection, f"{name}.id")
    rows = connection.execute(
        after_them, {"closed": closed, "after": after, "before": before, "most": THINGS_AT_ONCE}
    ).all()
    if not rows:
        return Portion(0, more=False)
    ids = [row[0] for row in rows]
    count = empty_about(connection, kind, ids)
    if kind == THREAD:
        settle(connection, ids)
    _set_mark(connection, name, to_microseconds(rows[-1][1]))
    _set_mark(connection, f"{name}.id", rows[-1][0])
    return Portion(count, more=len(rows) == THINGS_AT_ONCE)


_BEFORE_LONG = (
    select(meeting.c.id, meeting.c.starts_at)
    .where(
        tuple_(meeting.c.starts_at, meeting.c.id)
        > tuple_(bindparam("closed", type_=Instant()), bindparam("after", type_=meeting.c.id.type)),
        meeting.c.starts_at < bindparam("before", type_=Instant()),
    )
    .order_by(meeting.c.starts_at, meeting.c.id)
    .limit(bindparam("most"))
)
_NO_REASONS = (
    meeting_guest.update()
    .where(
        meeting_guest.c.meeting_id.in_(bindparam("ids", expanding=True)),
        meeting_guest.c.reason != "",
    )
    .values(reason="")
)


def leave_reasons(connection: Connection, before: datetime) -> Portion:
    """Empty why people took leave from meetings that were before; that they did stays."""
    closed = EPOCH + timedelta(microseconds=_mark(connection, "leave_reasons"))
    after = _mark(connection, "leave_reasons.id")
    rows = connection.execute(
        _BEFORE_LONG, {"closed": closed, "after": after, "before": before, "most": THINGS_AT_ONCE}
    ).all()
    if not rows:
        return Portion(0, more=False)
    count = connection.execute(_NO_REASONS, {"ids": [row.id for row in rows]}).rowcount
    _set_mark(connection, "leave_reasons", to_microseconds(rows[-1].starts_at))
    _set_mark(connection, "leave_reasons.id", rows[-1].id)
    return Portion(count, more=len(rows) == THINGS_AT_ONCE)


_LINES = (
    select(import_row.c.batch_id, import_row.c.line)
    .where(
        import_row.c.batch_id.in_(
            select(import_batch.c.id).where(
                import_batch.c.state.in_(["live", "dropped"]),
                import_batch.c.finished_at < bindparam("before", type_=Instant()),
            )
        )
    )
    .limit(bindparam("most"))
)
_DROP_LINE = import_row.delete().where(
    import_row.c.batch_id == bindparam("_batch"), import_row.c.line == bindparam("_line")
)


def import_rows(connection: Connection, before: datetime) -> Portion:
    """Drop the lines of imports that were finished before."""
    rows = connection.execute(_LINES, {"before": before, "most": AT_ONCE}).all()
    if rows:
        connection.execute(_DROP_LINE, [{"_batch": row[0], "_line": row[1]} for row in rows])
    return Portion(len(rows), more=len(rows) == AT_ONCE)


Forget = Callable[[Connection, datetime], Portion]
FORGET: Mapping[str, tuple[str, Forget]] = {
    "payloads": ("inbox_payloads", payloads),
    "params": ("inbox_payloads", params),
    "updates": ("inbox_rows", updates),
    "messages": ("outbox_rows", messages),
    "drafts": ("drafts", drafts),
    "job_runs": ("job_runs", job_runs),
    "cards": ("cards", cards),
    "request_words": ("closed_request_words", request_words),
    "thread_words": ("notice_answers", thread_words),
    "leave_reasons": ("leave_reasons", leave_reasons),
    "import_rows": ("import_rows", import_rows),
}
"""What is forgotten, by which setting, and how."""
