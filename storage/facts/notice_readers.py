"""Notices as those find them whom they concern: who was sent one, and who arrived while it was still valid.

Whoever was written down when a notice left keeps it, wherever they live now. Everybody else finds it as long as it is
valid and would be for them today: by the units above them, so that it does not matter how many notices there are elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, exists, or_, select

from domain.addressees import Somebody, means, units_above
from domain.notices.shapes import STANDING, NoticeState, PublicNotice, addressees_of
from domain.notices.shown import (
    LIST_ROWS,
    ListReceived,
    MuteCard,
    NoticeLine,
    ReceivedPage,
    SeeMuted,
)
from domain.queries import Page, words_in
from storage.facts.rows import Look, place
from storage.prepared import Prepared
from storage.schema import person_skill, person_tag, unit
from storage.schema_notices import (
    notice,
    notice_mute,
    notice_place,
    receipt,
)
from storage.types import Instant

MOST_LOOKED_THROUGH = 500
"""Notices that are looked through for somebody's list: years of them."""

_LINE = (
    notice.c.id,
    notice.c.state,
    notice.c.texts,
    notice.c.begun_at,
    notice.c.urgent,
    notice.c.kind,
    notice.c.valid_until,
    notice.c.corrected_at,
    unit.c.name,
    unit.c.name_en,
)
_PERSON: BindParameter[int] = bindparam("person")
_SKILLS = Prepared(select(person_skill.c.skill).where(person_skill.c.person_id == _PERSON))
_TAGS = Prepared(select(person_tag.c.tag).where(person_tag.c.person_id == _PERSON))
_MUTED = Prepared(select(notice_mute.c.kind).where(notice_mute.c.person_id == _PERSON))
_RECEIVED = Prepared(
    select(*_LINE, receipt.c.read_at)
    .select_from(
        notice.join(receipt, receipt.c.notice_id == notice.c.id).join(unit, unit.c.id == notice.c.unit_id)
    )
    .where(
        receipt.c.person_id == _PERSON,
        notice.c.begun_at.is_not(None),
        notice.c.state != NoticeState.WITHDRAWN,
        notice.c.state != NoticeState.DROPPED,
    )
    .order_by(notice.c.begun_at.desc(), notice.c.id.desc())
    .limit(MOST_LOOKED_THROUGH)
)
_newest = (
    select(notice_place.c.notice_id)
    .where(notice_place.c.unit_id.in_(bindparam("units", expanding=True)))
    .group_by(notice_place.c.notice_id)
    .order_by(notice_place.c.notice_id.desc())
    .limit(MOST_LOOKED_THROUGH)
    .subquery("newest")
)
_VALID_THERE = (
    select(*_LINE, notice.c.addressees)
    .select_from(
        _newest.join(notice, notice.c.id == _newest.c.notice_id).join(unit, unit.c.id == notice.c.unit_id)
    )
    .where(
        or_(*(notice.c.state == state for state in STANDING)),
        or_(notice.c.valid_until.is_(None), notice.c.valid_until > bindparam("now", type_=Instant())),
        ~exists().where(receipt.c.notice_id == notice.c.id, receipt.c.person_id == _PERSON),
    )
)


# --- who arrived later ------------------------------------------------------------------------------------------------------


def _somebody(connection: Connection, look: Look) -> Somebody:
    reader, whose = look.reader, {"person": look.reader.person_id}
    return Somebody(
        reader.home_path,
        reader.held,
        frozenset(row.skill for row in _SKILLS.all(connection, whose)),
        reader.language,
        frozenset(row.tag for row in _TAGS.all(connection, whose)),
    )


def found_late(connection: Connection, of: PublicNotice, look: Look) -> bool:
    """Whether the reader, who was not written down when it left, may find it all the same."""
    return (
        of.to_people
        and of.state in STANDING
        and of.valid(look.now)
        and not look.reader.suspended
        and means(of.whom, _somebody(connection, look))
    )


def _late(connection: Connection, look: Look) -> list[Any]:
    """All of these, as they are in the list."""
    if look.reader.suspended:
        return []
    somebody = _somebody(connection, look)
    above = sorted(units_above(somebody))
    if not above:
        return []
    rows = connection.execute(
        _VALID_THERE, {"units": above, "person": look.reader.person_id, "now": look.now}
    )
    return [row for row in rows if means(addressees_of(row.addressees), somebody)]


def waiting(connection: Connection, subject_id: int, look: Look) -> int | None:
    """For who has just arrived (``subject_id`` 0: the reader): how many notices are still valid there; None for none."""
    return None if subject_id else len(_late(connection, look)) or None


# --- the list ---------------------------------------------------------------------------------------------------------------


def list_received(connection: Connection, query: ListReceived, look: Look) -> ReceivedPage:
    """By way of the notices, newest first: of each it is one step to whether it was for the reader."""
    sought = query.words.strip().casefold()
    received = _RECEIVED.all(connection, {"person": look.reader.person_id})
    late = _late(connection, look)
    every = [
        (row, read)
        for row, read in (
            *((row, row.read_at is not None) for row in received),
            # Nobody waits for the press of who came later.
            *((row, True) for row in late),
        )
        if not sought or any(sought in text.casefold() for text in row.texts.values())
    ]
    every.sort(key=lambda found: (found[0].begun_at, found[0].id), reverse=True)
    listed = [
        (row, read)
        for row, read in every
        if sought or (row.valid_until is not None and row.valid_until <= look.now) is query.old
    ]
    pages = max(1, -(-len(listed) // LIST_ROWS))
    page = max(1, min(query.page, pages))
    lines = tuple(
        NoticeLine(
            row.id,
            row.state,
            words_in(row.texts, look.reader.language),
            place(row.name, row.name_en),
            row.begun_at,
            urgent=row.urgent,
            read=read,
            kind=row.kind,
            until=row.valid_until,
            corrected_at=row.corrected_at,
        )
        for row, read in listed[(page - 1) * LIST_ROWS : page * LIST_ROWS]
    )
    return ReceivedPage(Page(lines, page, pages, len(listed)), query.old, len(every) - len(listed))


# --- what is muted ----------------------------------------------------------------------------------------------------------


def mutes(connection: Connection, subject_id: int, look: Look) -> MuteCard | None:
    """The reader's own, as ``subject_id`` 0; None for who is nobody."""
    if subject_id or not look.reader.person_id:
        return None
    rows = _MUTED.all(connection, {"person": look.reader.person_id})
    return MuteCard(frozenset(row.kind for row in rows))


def see_muted(connection: Connection, query: SeeMuted, look: Look) -> MuteCard:
    """The same, asked for."""
    return mutes(connection, 0, look) or MuteCard()


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "notice.waiting": waiting,
    "notice.mutes": mutes,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListReceived: list_received,
    SeeMuted: see_muted,
}
