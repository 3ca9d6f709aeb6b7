"""Notices in their readers' eyes: a copy for its recipient, the card for whoever may send in that unit's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from domain.base import NOT_FOUND, Refused, Subject
from domain.notices.sending import others_to_ask
from domain.notices.shapes import BEFORE, NoticeState, PublicNotice
from domain.notices.shown import (
    Fares,
    Meant,
    MeantPage,
    NoticeCard,
    NoticeCopy,
    PlacesToSpeakFor,
    SeeMeant,
    SeePreview,
    UnitsToAddress,
)
from domain.permissions import GRANTS, Permission, allowed
from domain.queries import PAGE_ROWS, Page, Place
from domain.unit_pages import UNITS_PAGE, UnitLine
from storage import receipts, threads
from storage.addressees import counted, found, home, paths_of
from storage.entities import load
from storage.facts.notice_readers import found_late
from storage.facts.rows import Look, page_of, place
from storage.facts.units import CHILDREN, OWN
from storage.notices import groups_of
from storage.people import recipients
from storage.prepared import Prepared, one_of, some
from storage.schema import person, unit
from storage.schema_notices import mailing, receipt

_UNIT = Prepared(select(unit.c.name, unit.c.name_en, unit.c.path).where(unit.c.id == bindparam("id")))
_NAMES = Prepared(select(person.c.id, person.c.name).where(one_of(person.c.id, "person")))
_RECEIPT = Prepared(
    select(receipt.c.read_at, receipt.c.state).where(
        receipt.c.notice_id == bindparam("notice"), receipt.c.person_id == bindparam("person")
    )
)
_WALKS = Prepared(
    select(mailing.c.errand).where(
        mailing.c.notice_id == bindparam("notice"), mailing.c.finished_at.is_(None)
    )
)
_PLACES = select(unit.c.id, unit.c.name, unit.c.name_en).where(
    unit.c.id.in_(bindparam("ids", expanding=True))
)


def fares_of(row: Any | None) -> Fares:
    """A row of sums by their names; nothing at all before anything was written down."""
    return Fares() if row is None else Fares(*(getattr(row, name) for name in receipts.SUMS))


def _place_of(connection: Connection, unit_id: int) -> tuple[Place, str]:
    row = _UNIT.first(connection, {"id": unit_id})
    return (place(row.name, row.name_en), row.path) if row else (Place("", ""), "")


def _places(connection: Connection, ids: tuple[int, ...]) -> tuple[Place, ...]:
    named = {row.id: place(row.name, row.name_en) for row in connection.execute(_PLACES, {"ids": list(ids)})}
    return tuple(named[unit_id] for unit_id in ids if unit_id in named)


def sendable(connection: Connection, notice_id: int, look: Look) -> tuple[PublicNotice, Place, str]:
    """The notice, if the reader may send in its unit's name."""
    row = load(connection, PublicNotice, notice_id, lock=False)
    if row is not None:
        named, path = _place_of(connection, row.unit_id)
        if allowed(look.reader, Permission.SEND_NOTICE, Subject(path=path)):
            return row, named, path
    raise Refused(NOT_FOUND)


# --- cards ----------------------------------------------------------------------------------------------------------------


def notice_card(connection: Connection, notice_id: int, look: Look) -> NoticeCard | None:
    """The sender's card; None for whom it is not."""
    try:
        row, named, _ = sendable(connection, notice_id, look)
    except Refused:
        return None
    wanted = row.whom
    paths = paths_of(connection, [*wanted.units, *wanted.without_units])
    first = row.confirmed_by or look.reader.person_id
    names = _names(connection, {row.author_id, row.confirmed_by or 0, row.seconded_by or 0})
    second_above = look.rules.notices.second_above
    count, groups, second = None, 0, False
    if row.state in BEFORE:
        count = counted(connection, wanted, paths, now=look.now, most=second_above + 1)
        groups = groups_of(connection, [paths[unit_id] for unit_id in wanted.units if unit_id in paths])
        top = any(paths.get(unit_id, "").count(".") == 1 for unit_id in wanted.units)
        second = top or count > second_above
    return NoticeCard(
        row,
        named,
        names.get(row.author_id, ""),
        units=_places(connection, wanted.units),
        without=_places(connection, wanted.without_units),
        confirmed_by=names.get(row.confirmed_by or 0, ""),
        seconded_by=names.get(row.seconded_by or 0, ""),
        count=count,
        groups=groups,
        second=second,
        alone=second and not recipients(connection, others_to_ask(row, first), look.now),
        needs_mine=row.state is NoticeState.ASKED and row.confirmed_by != look.reader.person_id,
        fares=fares_of(receipts.tally_of(connection, row.id)),
        walking=tuple(str(found.errand) for found in _WALKS.all(connection, {"notice": row.id})),
        answers=threads.number_of(connection, row.id),
    )


def _names(connection: Connection, ids: set[int]) -> dict[int, str]:
    return {row.id: row.name for portion in some("person", ids) for row in _NAMES.all(connection, portion)}


def notice_copy(connection: Connection, notice_id: int, look: Look) -> NoticeCopy | None:
    """A recipient's copy, or that of somebody who came while it was valid; None for anybody else, and once it has been
    taken back or stopped."""
    row = load(connection, PublicNotice, notice_id, lock=False)
    if row is None or row.state in (*BEFORE, NoticeState.WITHDRAWN, NoticeState.DROPPED):
        return None
    mine = _RECEIPT.first(connection, {"notice": row.id, "person": look.reader.person_id})
    # Who was merged or erased meanwhile has no account any more, though a copy may wait for the chat that was theirs.
    if look.reader.suspended or not look.reader.telegram_id:
        return None
    if mine is None and not found_late(connection, row, look):
        return None
    named, _ = _place_of(connection, row.unit_id)
    return NoticeCopy(row, named, late=True) if mine is None else NoticeCopy(row, named, mine.read_at)


def reminder(connection: Connection, notice_id: int, look: Look) -> NoticeCopy | None:
    """The same, for who has not read it."""
    copy = notice_copy(connection, notice_id, look)
    return None if copy is None or copy.read_at else copy


def reminded(connection: Connection, notice_id: int, look: Look) -> NoticeCopy | None:
    """A reminder after the press: the notice without its files."""
    return notice_copy(connection, notice_id, look)


def in_group(connection: Connection, notice_id: int, look: Look) -> NoticeCopy | None:
    """What stands in a group: what everybody there gets, and that it was withdrawn."""
    row = load(connection, PublicNotice, notice_id, lock=False)
    if row is None or row.state in BEFORE or not row.to_groups:
        return None
    return NoticeCopy(row, _place_of(connection, row.unit_id)[0])


def see_preview(connection: Connection, query: SeePreview, look: Look) -> NoticeCopy:
    """As a recipient will see it."""
    row, named, _ = sendable(connection, query.notice_id, look)
    return NoticeCopy(row, named, preview=True)


# --- who is meant -----------------------------------------------------------------------------------------------------------


def see_meant(connection: Connection, query: SeeMeant, look: Look) -> MeantPage:
    """In the order of their ids: what comes after a page stays the same while people join."""
    row, _, _ = sendable(connection, query.notice_id, look)
    wanted = row.whom
    paths = paths_of(connection, [*wanted.units, *wanted.without_units])
    columns = (
        person.c.id,
        person.c.name,
        home.c.name,
        home.c.name_en,
        person.c.telegram_id,
        person.c.unreachable_since,
    )
    people: list[Meant] = []
    by_unit: dict[int, tuple[Place, int]] = {}
    for part in found(wanted, paths, *columns):
        page = part.where(person.c.id > query.after).order_by(person.c.id).limit(PAGE_ROWS + 1)
        people += [
            Meant(
                item[0],
                item[1],
                place(item[2] or "", item[3] or ""),
                reachable=item[4] is not None and item[5] is None,
            )
            for item in connection.execute(page, {"now": look.now})
        ]
    for part in found(wanted, paths, home.c.id, home.c.name, home.c.name_en, func.count().label("number")):
        grouped = part.group_by(home.c.id, home.c.name, home.c.name_en)
        for item in connection.execute(grouped, {"now": look.now}):
            _, before = by_unit.get(item.id or 0, (None, 0))
            by_unit[item.id or 0] = (place(item.name or "", item.name_en or ""), before + item.number)
    people.sort(key=lambda one: one.id)
    largest = sorted(by_unit.values(), key=lambda pair: -pair[1])
    return MeantPage(
        row.id,
        tuple(people[:PAGE_ROWS]),
        more=len(people) > PAGE_ROWS,
        count=sum(number for _, number in by_unit.values()),
        by_unit=tuple(largest[:20]),
        unit_id=row.unit_id,
    )


def places_to_speak_for(connection: Connection, query: PlacesToSpeakFor, look: Look) -> tuple[UnitLine, ...]:
    """The units at which the reader holds a role that may."""
    roles = GRANTS[Permission.SEND_NOTICE].roles
    ids = sorted({held.unit_id for held in look.reader.held if held.role in roles})
    rows, _ = page_of(connection, OWN, {"ids": ids, "all_kinds": True, "kinds": []}, page=1, size=UNITS_PAGE)
    return tuple(
        UnitLine(row.id, row.kind, place(row.name, row.name_en), bool(row.has_children)) for row in rows
    )


def units_to_address(
    connection: Connection, query: UnitsToAddress, look: Look
) -> tuple[UnitLine | None, Page[UnitLine]]:
    """One level of the tree, for who may send a notice there."""
    roles = GRANTS[Permission.SEND_NOTICE].roles
    everything = {"all_kinds": True, "kinds": []}
    above = None
    if query.unit_id:
        row = _UNIT.first(connection, {"id": query.unit_id})
        if row is None or not allowed(look.reader, Permission.SEND_NOTICE, Subject(path=row.path)):
            raise Refused(NOT_FOUND)
        above = UnitLine(query.unit_id, "", place(row.name, row.name_en), path=row.path)
        rows, page = page_of(
            connection, CHILDREN, {"id": query.unit_id, **everything}, page=query.page, size=UNITS_PAGE
        )
    else:
        ids = sorted({held.unit_id for held in look.reader.held if held.role in roles})
        rows, page = page_of(connection, OWN, {"ids": ids, **everything}, page=query.page, size=UNITS_PAGE)
    lines = tuple(
        UnitLine(row.id, row.kind, place(row.name, row.name_en), bool(row.has_children)) for row in rows
    )
    return above, Page(lines, page.page, page.pages, page.total)


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "notice.card": notice_card,
    "notice.second": notice_card,
    "notice.copy": notice_copy,
    "notice.reminded": reminded,
    "notice.group": in_group,
    "notice.whom": notice_card,
    "notice.reminder": reminder,
    "notice.again": notice_copy,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    PlacesToSpeakFor: places_to_speak_for,
    UnitsToAddress: units_to_address,
    SeePreview: see_preview,
    SeeMeant: see_meant,
}
