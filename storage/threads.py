"""Threads below notices: the rows that the rules of ``domain/threads.py`` need, and what becomes of them with a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select, update

from domain.base import NOT_FOUND, Actor, Moved, Refused, Subject
from domain.notices.shapes import PublicNotice
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook
from domain.threads import AnswerCase, AnswerNotice, CloseThread, ReplyInThread, Thread, ThreadCase
from storage.entities import load, next_id, only, selection
from storage.notices import COPY
from storage.people import load_actors, unit_path
from storage.prepared import Prepared
from storage.schema import person, remark
from storage.schema_notices import thread

KIND = "thread"
"""What remarks call it."""

_OF = (
    selection(Thread)
    .where(thread.c.notice_id == bindparam("notice"), thread.c.person_id == bindparam("person"))
    .with_for_update()
)
_GONE = Prepared(
    select(person.c.erased_at, person.c.merged_into_id).where(person.c.id == bindparam("person"))
)


def load_answer(
    connection: Connection, action: AnswerNotice, actor: Actor, rules: Rulebook, now: datetime
) -> AnswerCase:
    """The actor's own copy of a notice, what they said to it before, and who hears of it: whoever wrote back last or wrote
    the notice, as long as they serve there."""
    found = load(connection, PublicNotice, action.notice_id, lock=False)
    if found is None:
        raise Refused(NOT_FOUND)
    copy = COPY.first(connection, {"notice": found.id, "person": actor.person_id})
    if copy is None:
        return AnswerCase(found, 0)
    before = only(connection, Thread, _OF, notice=found.id, person=actor.person_id)
    subject = Subject(path=unit_path(connection, found.unit_id))
    asked = (
        [found.author_id] if before is None or not before.handler_id else [before.handler_id, found.author_id]
    )
    known = load_actors(connection, now, asked)
    serving = [one for one in asked if allowed(known.get(one, Actor()), Permission.SEND_NOTICE, subject)]
    return AnswerCase(
        found,
        actor.person_id,
        before,
        new_id=0 if before else next_id(connection, Thread),
        tell=serving[0] if serving else 0,
        read=copy.read_at is not None,
    )


def load_thread(
    connection: Connection, action: ReplyInThread | CloseThread, actor: Actor, rules: Rulebook
) -> ThreadCase:
    """A thread, its notice, and whether anybody is there to be written to."""
    found = load(connection, Thread, action.thread_id)
    notice = load(connection, PublicNotice, found.notice_id, lock=False) if found else None
    if found is None or notice is None:
        raise Refused(NOT_FOUND)
    row = _GONE.first(connection, {"person": found.person_id})
    gone = row is None or row.erased_at is not None or row.merged_into_id is not None
    return ThreadCase(found, notice, unit_path(connection, found.unit_id), gone=gone)


LOADERS: dict[type[Any], Any] = {ReplyInThread: load_thread, CloseThread: load_thread}
LOADERS_AT: dict[type[Any], Any] = {AnswerNotice: load_answer}

# --- two records become one -----------------------------------------------------------------------------------------------

_from: BindParameter[int] = bindparam("from_id")
_to: BindParameter[int] = bindparam("to_id")
_theirs, _kept = thread.alias("theirs"), thread.alias("kept")
_TWICE = (
    select(
        _theirs.c.id,
        _kept.c.id.label("kept"),
        _theirs.c.waiting_since,
        _kept.c.waiting_since.label("kept_waiting"),
        _theirs.c.unanswered,
    )
    .join(_kept, _kept.c.notice_id == _theirs.c.notice_id)
    .where(_theirs.c.person_id == _from, _kept.c.person_id == _to)
)
_WORDS = (
    update(remark)
    .where(remark.c.subject_kind == KIND, remark.c.subject_id == bindparam("old"))
    .values(subject_id=bindparam("new"))
)
_JOIN = (
    update(thread)
    .where(thread.c.id == bindparam("_id"))
    .values(
        waiting_since=bindparam("waiting", type_=thread.c.waiting_since.type),
        unanswered=thread.c.unanswered + bindparam("more", type_=thread.c.unanswered.type),
        version=thread.c.version + 1,
    )
)
_DROP = delete(thread).where(thread.c.id == bindparam("id"))
_MOVES = tuple(
    update(thread).where(column == _from).values({column.name: _to, "version": thread.c.version + 1})
    for column in (thread.c.person_id, thread.c.handler_id)
)


def move(connection: Connection, moved: Moved) -> None:
    """What one record said goes on as the other's; where both said something to the same notice, it is one thread."""
    both = {"from_id": moved.from_id, "to_id": moved.to_id}
    for row in connection.execute(_TWICE, both).all():
        connection.execute(_WORDS, {"old": row.id, "new": row.kept})
        since = min(filter(None, (row.waiting_since, row.kept_waiting)), default=None)
        connection.execute(_JOIN, {"_id": row.kept, "waiting": since, "more": row.unanswered})
        connection.execute(_DROP, {"id": row.id})
    for statement in _MOVES:
        connection.execute(statement, both)


# --- forgetting -----------------------------------------------------------------------------------------------------------

_NOTHING: dict[str, Any] = {"waiting_since": None, "unanswered": 0, "version": thread.c.version + 1}
_LET_GO = (
    update(thread)
    .where(thread.c.person_id == bindparam("_person"), thread.c.waiting_since.is_not(None))
    .values(_NOTHING)
)
_SETTLE = (
    update(thread)
    .where(thread.c.id.in_(bindparam("ids", expanding=True)), thread.c.waiting_since.is_not(None))
    .values(_NOTHING)
)


def let_go(connection: Connection, person_id: int) -> None:
    """Who is being forgotten waits for no answer."""
    connection.execute(_LET_GO, {"_person": person_id})


def settle(connection: Connection, ids: list[int]) -> None:
    """Nothing is left in these to be answered: their words have been emptied."""
    connection.execute(_SETTLE, {"ids": ids})


# --- counting -------------------------------------------------------------------------------------------------------------

_NUMBER = Prepared(select(func.count().label("number")).where(thread.c.notice_id == bindparam("notice")))


def number_of(connection: Connection, notice_id: int) -> int:
    """How many have said something to a notice."""
    return int(_NUMBER.all(connection, {"notice": notice_id})[0].number)
