"""Threads in their readers' eyes: for whoever may send in the unit's name, and for the one who answered.

How many there are may be as many as a notice has recipients, so that lists take one page and look up its words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from domain.base import NOT_FOUND, Purpose, Refused, Subject
from domain.desk import LIST_ROWS
from domain.notices.shapes import BEFORE, NoticeState, PublicNotice
from domain.permissions import GRANTS, Permission, allowed
from domain.queries import Page
from domain.threads import (
    ListWaitingThreads,
    SeeAnswerable,
    SeeThreads,
    Thread,
    ThreadFacts,
    ThreadLine,
    ThreadWords,
    may_answer,
)
from storage.entities import load, selection
from storage.entities import only as one_row
from storage.facts.notices import sendable
from storage.facts.requests import part_of
from storage.facts.rows import SAID, Look, Said, among_few, led, page_of, paged, place, said_about, stretch
from storage.notices import COPY
from storage.people import unit_path
from storage.prepared import Prepared
from storage.schema import (
    household,
    person,
    remark,
    unit,
)
from storage.schema_notices import thread
from storage.threads import KIND

SENDERS = GRANTS[Permission.SEND_NOTICE].roles

_RESIDENT = Prepared(
    select(
        person.c.name,
        person.c.phone,
        person.c.telegram_id,
        person.c.unreachable_since,
        person.c.erased_at,
        household.c.flat,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
    )
    .select_from(
        person.outerjoin(unit, unit.c.id == person.c.home_unit_id).outerjoin(
            household, household.c.id == person.c.household_id
        )
    )
    .where(person.c.id == bindparam("id"))
)
_UNIT = Prepared(select(unit.c.name, unit.c.name_en).where(unit.c.id == bindparam("id")))
_NAMES = select(person.c.id, person.c.name).where(person.c.id.in_(bindparam("ids", expanding=True)))


def _names(connection: Connection, ids: set[int]) -> dict[int, str]:
    return {row.id: row.name for row in connection.execute(_NAMES, {"ids": sorted(ids)})} if ids else {}


def _facts(connection: Connection, row: Thread, look: Look, *, staff: bool) -> ThreadFacts:
    notice = load(connection, PublicNotice, row.notice_id, lock=False)
    who = _RESIDENT.first(connection, {"id": row.person_id})
    named = _UNIT.first(connection, {"id": row.unit_id})
    if notice is None or who is None or named is None:
        raise Refused(NOT_FOUND)
    remarks = said_about(connection, KIND, row.id)
    names = _names(connection, {one.author_id for one in remarks} | {row.handler_id or 0})
    said = tuple(
        ThreadWords(
            theirs=purpose is Purpose.ANSWER,
            name=who.name if purpose is Purpose.ANSWER else names.get(author, ""),
            at=at,
            text="\n".join(part.text for part in parts if part.text),
            files=tuple(part_of(part, look.reader.person_id) for part in parts if part.kind != "text"),
        )
        for (at, purpose, author), parts in _together(remarks)
    )
    shown = ThreadFacts(row, notice, place(named.name, named.name_en), said)
    if not staff:
        return shown
    return ThreadFacts(
        row,
        notice,
        shown.place,
        said,
        name=who.name,
        home=place(who.place, who.place_en),
        flat=who.flat or "",
        phone=who.phone or "",
        reachable=who.telegram_id is not None and who.unreachable_since is None,
        gone=who.erased_at is not None,
        handler=names.get(row.handler_id or 0, ""),
    )


def _together(remarks: Sequence[Said]) -> list[tuple[tuple[Any, Any, int], list[Said]]]:
    """What was said in one go, of which something is left to be read."""
    groups = groupby(remarks, key=lambda one: (one.at, one.purpose, one.author_id))
    every = ((key, list(parts)) for key, parts in groups)
    return [(key, parts) for key, parts in every if any(one.text or one.kind != "text" for one in parts)]


def thread_card(connection: Connection, thread_id: int, look: Look) -> ThreadFacts | None:
    """For whoever may send in the unit's name; None for anybody else."""
    row = load(connection, Thread, thread_id, lock=False)
    if row is None or not allowed(
        look.reader, Permission.SEND_NOTICE, Subject(path=unit_path(connection, row.unit_id))
    ):
        return None
    return _facts(connection, row, look, staff=True)


def thread_mine(connection: Connection, thread_id: int, look: Look) -> ThreadFacts | None:
    """For the one who answered, and nobody else."""
    row = load(connection, Thread, thread_id, lock=False)
    reader = look.reader
    if row is None or row.person_id != reader.person_id or reader.suspended or not reader.telegram_id:
        return None
    return _facts(connection, row, look, staff=False)


# --- lists ----------------------------------------------------------------------------------------------------------------

_handler = person.alias("handler")
_LINES = (
    select(
        thread.c.id,
        thread.c.notice_id,
        thread.c.last_at,
        thread.c.waiting_since,
        person.c.name,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        _handler.c.name.label("handler"),
    )
    .select_from(
        thread.join(person, person.c.id == thread.c.person_id)
        .outerjoin(unit, unit.c.id == person.c.home_unit_id)
        .outerjoin(_handler, _handler.c.id == thread.c.handler_id)
    )
    .order_by(thread.c.last_at.desc(), thread.c.id.desc())
)
_BELOW_NOTICE = paged(_LINES.where(thread.c.notice_id == bindparam("notice")))
_last = (
    select(func.max(remark.c.id).label("id"))
    .where(
        remark.c.subject_kind == KIND,
        remark.c.subject_id.in_(bindparam("ids", expanding=True)),
        remark.c.purpose == Purpose.ANSWER,
    )
    .group_by(remark.c.subject_id)
    .subquery("last")
)
_LAST_WORDS = select(*SAID).join(_last, _last.c.id == remark.c.id)


def _lines(connection: Connection, rows: Sequence[Any]) -> tuple[ThreadLine, ...]:
    said: dict[int, Said] = {}
    if rows:
        found = connection.execute(_LAST_WORDS, {"ids": [row.id for row in rows]})
        said = {one.subject_id: one for one in (Said._make(row) for row in found)}
    return tuple(
        ThreadLine(
            row.id,
            row.notice_id,
            row.name,
            place(row.place, row.place_en),
            row.waiting_since or row.last_at,
            words=said[row.id].text if row.id in said else "",
            files=int(row.id in said and said[row.id].kind != "text"),
            waiting=row.waiting_since is not None,
            handler=row.handler or "",
        )
        for row in rows
    )


def see_threads(connection: Connection, query: SeeThreads, look: Look) -> Page[ThreadLine]:
    """For who may send in that unit's name."""
    sendable(connection, query.notice_id, look)
    rows, page = page_of(
        connection, _BELOW_NOTICE, {"notice": query.notice_id}, page=query.page, size=LIST_ROWS
    )
    return Page(_lines(connection, rows), page.page, page.pages, page.total)


_in = unit.alias("in_unit")


def waiting(connection: Connection, look: Look, *columns: Any) -> Select[Any]:
    """What waits in the units whose notices are the reader's to answer."""
    return (
        select(*columns)
        .select_from(thread.join(_in, _in.c.id == thread.c.unit_id))
        .where(thread.c.waiting_since.is_not(None), among_few(connection, _in.c.path, led(look, SENDERS)))
    )


def list_waiting(connection: Connection, query: ListWaitingThreads, look: Look) -> Page[ThreadLine]:
    """Whoever has waited longest comes first."""
    first = waiting(connection, look, thread.c.id).order_by(thread.c.waiting_since, thread.c.id)
    found, page = stretch(connection, first, page=query.page, size=LIST_ROWS)
    ids = [row.id for row in found]
    rows = connection.execute(_LINES.where(thread.c.id.in_(ids))).all() if ids else []
    rows = sorted(rows, key=lambda row: ids.index(row.id))
    return Page(_lines(connection, rows), page.page, page.pages, page.total)


_OWN = selection(Thread).where(
    thread.c.notice_id == bindparam("notice"), thread.c.person_id == bindparam("person")
)


def see_answerable(connection: Connection, query: SeeAnswerable, look: Look) -> int:
    """Whoever got it, while it may be answered."""
    reader = look.reader
    notice = load(connection, PublicNotice, query.notice_id, lock=False)
    key = {"notice": query.notice_id, "person": reader.person_id}
    if notice is None or reader.suspended or COPY.first(connection, key) is None:
        raise Refused(NOT_FOUND)
    if notice.state in (*BEFORE, NoticeState.DROPPED):
        raise Refused(NOT_FOUND)
    may_answer(notice, one_row(connection, Thread, _OWN, **key))
    return notice.id


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "thread.card": thread_card,
    "thread.mine": thread_mine,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeThreads: see_threads,
    ListWaitingThreads: list_waiting,
    SeeAnswerable: see_answerable,
}
