"""Whom the notices of the last days did not reach, for who leads the place; and how much of that waits at the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select

from domain.desk import LIST_ROWS, CountDesk, DeskCall, DeskCounts, ListCalls
from domain.notices.shapes import OUT
from domain.permissions import STAFF, Permission, allowed
from domain.queries import Page, words_in
from storage.facts.rows import Look, led, place, stretch, within
from storage.facts.templates import capped
from storage.facts.threads import waiting
from storage.schema import household, person, unit
from storage.schema_notices import notice, receipt, thread

_NOT_REACHED: ColumnElement[bool] = literal_column("receipt.state IN ('unreachable', 'failed')")
"""In the words of ``ix_receipt_to_call``, so that it is used."""


def _to_call(connection: Connection, look: Look, *columns: Any) -> Select[Any] | None:
    """None when no notice has gone out of late.

    The newest notices have the highest numbers, and of a building the index has them beside one another: what is older
    costs nothing, however much of it there is.
    """
    since = look.now - timedelta(days=look.rules.notices.call_days)
    oldest = connection.execute(select(func.min(notice.c.id)).where(notice.c.begun_at >= since)).scalar()
    if oldest is None:
        return None
    return (
        select(*columns)
        .select_from(
            receipt.join(unit, unit.c.id == receipt.c.unit_id)
            .join(notice, notice.c.id == receipt.c.notice_id)
            .join(person, person.c.id == receipt.c.person_id)
            .outerjoin(household, household.c.id == person.c.household_id)
        )
        .where(
            _NOT_REACHED,
            receipt.c.called_at.is_(None),
            receipt.c.read_at.is_(None),
            receipt.c.notice_id >= oldest,
            notice.c.begun_at >= since,
            notice.c.state.in_([state.value for state in OUT]),
            person.c.merged_into_id.is_(None),
            person.c.erased_at.is_(None),
            within(unit.c.path, led(look, STAFF)),
        )
    )


def list_calls(connection: Connection, query: ListCalls, look: Look) -> Page[DeskCall]:
    """Building by building, as one goes round."""
    every = _to_call(
        connection,
        look,
        receipt.c.notice_id,
        receipt.c.person_id,
        notice.c.texts,
        notice.c.begun_at,
        person.c.name,
        person.c.phone,
        household.c.flat,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
    )
    if every is None:
        return Page(())
    ordered = every.order_by(unit.c.path, receipt.c.notice_id, receipt.c.person_id)
    rows, page = stretch(connection, ordered, page=query.page, size=LIST_ROWS)
    people = tuple(
        DeskCall(
            row.notice_id,
            words_in(row.texts, look.reader.language),
            row.person_id,
            row.name,
            place(row.place, row.place_en),
            row.flat or "",
            row.phone or "",
            row.begun_at,
        )
        for row in rows
    )
    return Page(people, page.page, page.pages, page.total)


def calls_again(connection: Connection, page: int, look: Look) -> Page[DeskCall] | None:
    """The page with this number once more, after somebody on it has been ticked off."""
    if not allowed(look.reader, Permission.SEND_NOTICE, None):
        return None
    return list_calls(connection, ListCalls(page), look)


def count_desk(connection: Connection, query: CountDesk, look: Look) -> DeskCounts:
    """For admins there is neither: they send no notices."""
    if not led(look, STAFF):
        return DeskCounts()
    calls = _to_call(connection, look, receipt.c.person_id)
    return DeskCounts(
        answers=capped(connection, waiting(connection, look, thread.c.id)),
        calls=0 if calls is None else capped(connection, calls),
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {"desk.calls": calls_again}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    CountDesk: count_desk,
    ListCalls: list_calls,
}
