"""How notices fare, in the eyes of who sends them and who calls: lists, reports by building, whom to call, what was answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from domain.base import NOT_FOUND, Refused
from domain.notices.shapes import NoticeState, PublicNotice
from domain.notices.shown import (
    LIST_ROWS,
    CallList,
    ExportReadings,
    Fares,
    ListSent,
    NoticeLine,
    Reading,
    ReadingPage,
    Report,
    SeeCalls,
    SeeReport,
    ToCall,
    UnitFares,
)
from domain.permissions import GRANTS, STAFF, Permission, allowed
from domain.queries import Page, Place, words_in
from storage import receipts
from storage.entities import selection
from storage.facts.notices import notice_card, sendable
from storage.facts.rows import Look, page_of, paged, place
from storage.people import below
from storage.schema import household, person, unit
from storage.schema_notices import notice, receipt, tally

_at = func.coalesce(notice.c.begun_at, notice.c.created_at)


def list_sent(connection: Connection, query: ListSent, look: Look) -> Page[NoticeLine]:
    """Newest first; what was given up is not listed."""
    roles = GRANTS[Permission.SEND_NOTICE].roles
    ranges = [below(held.path) for held in look.reader.held if held.role in roles]
    statement = paged(
        select(
            *selection(PublicNotice).selected_columns,
            unit.c.name,
            unit.c.name_en,
            *(tally.c[name] for name in receipts.SUMS),
        )
        .select_from(
            notice.join(unit, unit.c.id == notice.c.unit_id).outerjoin(
                tally, tally.c.notice_id == notice.c.id
            )
        )
        .where(
            notice.c.state != NoticeState.DROPPED,
            or_(False, *((unit.c.path >= low) & (unit.c.path < high) for low, high in ranges)),
        )
        .order_by(notice.c.id.desc())
    )
    rows, page = page_of(connection, statement, {}, page=query.page, size=LIST_ROWS)
    lines = tuple(
        NoticeLine(
            row.id,
            row.state,
            words_in(row.texts, look.reader.language),
            place(row.name, row.name_en),
            row.begun_at or row.created_at,
            urgent=row.urgent,
            fares=Fares() if row.total is None else Fares(*(getattr(row, name) for name in receipts.SUMS)),
        )
        for row in rows
    )
    return Page(lines, page.page, page.pages, page.total)


_BY_UNIT = (
    select(
        receipt.c.unit_id,
        unit.c.name,
        unit.c.name_en,
        receipt.c.state,
        func.count().label("number"),
        func.count(receipt.c.read_at).label("read"),
        func.count(receipt.c.reminded_at).label("reminded"),
        func.count(receipt.c.called_at).label("called"),
    )
    .select_from(receipt.outerjoin(unit, unit.c.id == receipt.c.unit_id))
    .where(receipt.c.notice_id == bindparam("notice"))
    .group_by(receipt.c.unit_id, unit.c.name, unit.c.name_en, unit.c.path, receipt.c.state)
    .order_by(unit.c.path, receipt.c.state)
)


_READS = (
    select(receipt.c.unit_id, receipt.c.read_at)
    .where(receipt.c.notice_id == bindparam("notice"), receipt.c.read_at.is_not(None))
    .order_by(receipt.c.read_at)
)


def see_report(connection: Connection, query: SeeReport, look: Look) -> Report:
    """Counted by building from what was written down of each recipient."""
    card = notice_card(connection, query.notice_id, look)
    if card is None:
        raise Refused(NOT_FOUND)
    units: dict[int, tuple[Place, dict[str, int]]] = {}
    for row in connection.execute(_BY_UNIT, {"notice": query.notice_id}):
        _, sums = units.setdefault(row.unit_id or 0, (place(row.name or "", row.name_en or ""), {}))
        state = "total" if row.state == "waiting" else row.state
        sums[state] = sums.get(state, 0) + row.number
        if state != "total":
            sums["total"] = sums.get("total", 0) + row.number
        sums["read"] = sums.get("read", 0) + row.read
        sums["reminded"] = sums.get("reminded", 0) + row.reminded
        sums["called"] = sums.get("called", 0) + row.called
    reads = connection.execute(_READS, {"notice": query.notice_id})
    return Report(
        card,
        tuple(UnitFares(unit_id, named, Fares(**sums)) for unit_id, (named, sums) in units.items()),
        tuple((row.unit_id or 0, row.read_at) for row in reads),
    )


_READINGS = (
    select(
        receipt.c.person_id,
        person.c.name,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        receipt.c.state,
        receipt.c.sent_at,
        receipt.c.read_at,
        receipt.c.reason,
        receipt.c.called_at,
    )
    .select_from(
        receipt.join(person, person.c.id == receipt.c.person_id).outerjoin(
            unit, unit.c.id == receipt.c.unit_id
        )
    )
    .where(receipt.c.notice_id == bindparam("notice"), receipt.c.person_id > bindparam("after"))
    .order_by(receipt.c.person_id)
    .limit(bindparam("most"))
)


def export_readings(connection: Connection, query: ExportReadings, look: Look) -> ReadingPage:
    """In the order in which they were written down."""
    of, _, _ = sendable(connection, query.notice_id, look)
    values = {"notice": query.notice_id, "after": query.after, "most": query.most}
    rows = connection.execute(_READINGS, values).all()
    return ReadingPage(
        tuple(
            Reading(
                row.name,
                row.place or "",
                row.state,
                row.sent_at,
                row.read_at,
                row.reason or "",
                row.place_en or "",
                row.called_at,
            )
            for row in rows
        ),
        rows[-1].person_id if len(rows) == query.most else None,
        unit_id=of.unit_id,
    )


_NOT_REACHED = ("unreachable", "failed")


def see_calls(connection: Connection, query: SeeCalls, look: Look) -> CallList:
    """Those at and below the units that the reader leads."""
    ranges = [below(held.path) for held in look.reader.held if held.role in STAFF]
    statement = paged(
        select(
            receipt.c.person_id,
            person.c.name,
            person.c.phone,
            household.c.flat,
            unit.c.name.label("place"),
            unit.c.name_en.label("place_en"),
            receipt.c.state,
            receipt.c.called_at,
        )
        .select_from(
            receipt.join(person, person.c.id == receipt.c.person_id)
            .join(unit, unit.c.id == receipt.c.unit_id)
            .outerjoin(household, household.c.id == person.c.household_id)
        )
        .where(
            receipt.c.notice_id == query.notice_id,
            receipt.c.state.in_(_NOT_REACHED),
            # Some read it in their list all the same, and whoever "may have it" perhaps had it.
            receipt.c.read_at.is_(None),
            person.c.merged_into_id.is_(None),
            person.c.erased_at.is_(None),
            or_(False, *((unit.c.path >= low) & (unit.c.path < high) for low, high in ranges)),
        )
        .order_by(receipt.c.called_at.is_not(None), unit.c.path, receipt.c.person_id)
    )
    rows, page = page_of(connection, statement, {}, page=query.page, size=LIST_ROWS)
    people = tuple(
        ToCall(
            row.person_id,
            row.name,
            place(row.place, row.place_en),
            row.flat or "",
            row.phone or "",
            row.state,
            row.called_at,
        )
        for row in rows
    )
    return CallList(query.notice_id, Page(people, page.page, page.pages, page.total))


def calls(connection: Connection, notice_id: int, look: Look) -> CallList | None:
    """The first page of whom to call, after somebody has been ticked off."""
    if not allowed(look.reader, Permission.SEND_NOTICE, None):
        return None
    found = see_calls(connection, SeeCalls(notice_id), look)
    return found if found.rows.total else None


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {"notice.calls": calls}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListSent: list_sent,
    SeeReport: see_report,
    ExportReadings: export_readings,
    SeeCalls: see_calls,
}
