"""Who is at a meeting and who is not, and the code of the moment, for who may plan it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from domain.base import Refused
from domain.meetings.amending import may_amend
from domain.meetings.codes import code_at, seconds_left
from domain.meetings.planning import closes_at, opens_at
from domain.meetings.shapes import Answer, MeetingState, Presence
from domain.meetings.shown import (
    GUEST_ROWS,
    CodeFacts,
    FindOwners,
    GuestLine,
    GuestPage,
    SeeCode,
    SeeGuests,
)
from domain.queries import Page, PersonRow
from storage.facts.meetings import counts_of, surely_seen
from storage.facts.rows import Look, page_of, paged, place
from storage.schema import person, unit
from storage.schema_meetings import meeting_guest

_GUESTS = (
    select(
        meeting_guest.c.person_id,
        person.c.name,
        meeting_guest.c.answer,
        meeting_guest.c.edition,
        meeting_guest.c.reason,
        meeting_guest.c.checked_in_at,
        meeting_guest.c.presence,
        (person.c.telegram_id.is_not(None) & person.c.unreachable_since.is_(None)).label("reachable"),
    )
    .join(person, person.c.id == meeting_guest.c.person_id)
    .where(meeting_guest.c.meeting_id == bindparam("meeting"), meeting_guest.c.person_id > bindparam("after"))
    .order_by(meeting_guest.c.person_id)
    .limit(GUEST_ROWS + 1)
)
_ABSENT = _GUESTS.where(meeting_guest.c.checked_in_at.is_(None))
_HERE = _GUESTS.where(meeting_guest.c.checked_in_at.is_not(None))


def see_guests(connection: Connection, query: SeeGuests, look: Look) -> GuestPage:
    """In the order of their numbers, so that what comes after a page stays the same while they check in."""
    found = surely_seen(connection, query.meeting_id, look)
    statement = _HERE if query.here else _ABSENT
    after = query.after
    rows = connection.execute(statement, {"meeting": found.id, "after": after}).all()
    if not rows and after:
        # The last of a page has gone to the other list.
        after = 0
        rows = connection.execute(statement, {"meeting": found.id, "after": after}).all()
    lines = tuple(
        GuestLine(
            row.person_id,
            row.name,
            answer := row.answer if row.edition == found.asked else Answer.NONE,
            row.reason if answer is Answer.LEAVE else "",
            row.checked_in_at,
            Presence(row.presence),
            bool(row.reachable),
        )
        for row in rows[:GUEST_ROWS]
    )
    return GuestPage(
        found.id,
        found.topic,
        query.here,
        open=found.state is MeetingState.PLANNED and look.now >= opens_at(found, look.rules),
        rows=lines,
        next_after=lines[-1].person_id if len(rows) > GUEST_ROWS else None,
        unit_id=found.unit_id,
        after=after,
        amends=may_amend(found, now=look.now, rules=look.rules),
        to_come=found.state is MeetingState.PLANNED and look.now < opens_at(found, look.rules),
    )


def _list_of(*, here: bool) -> Callable[[Connection, int, Look], GuestPage | None]:
    """The page of a list that was looked at, as a message in place of the one that was pressed."""

    def facts(connection: Connection, meeting_id: int, look: Look) -> GuestPage | None:
        try:
            return see_guests(connection, SeeGuests(meeting_id, look.number("after"), here=here), look)
        except Refused:
            return None

    return facts


_OWNERS = paged(
    select(person.c.id, person.c.name, unit.c.name.label("place"), unit.c.name_en.label("place_en"))
    .select_from(
        meeting_guest.join(person, person.c.id == meeting_guest.c.person_id).outerjoin(
            unit, unit.c.id == person.c.home_unit_id
        )
    )
    .where(
        meeting_guest.c.meeting_id == bindparam("meeting"),
        person.c.merged_into_id.is_(None),
        person.c.erased_at.is_(None),
    )
    .order_by(person.c.name, person.c.id)
)


def find_owners(connection: Connection, query: FindOwners, look: Look) -> Page[PersonRow]:
    """Of those who were invited, by name."""
    found = surely_seen(connection, query.meeting_id, look)
    rows, page = page_of(connection, _OWNERS, {"meeting": found.id}, page=query.page)
    people = tuple(PersonRow(row.id, row.name, place(row.place, row.place_en)) for row in rows)
    return Page(people, page.page, page.pages, page.total)


def see_code(connection: Connection, query: SeeCode, look: Look) -> CodeFacts:
    """While people may check in."""
    found = surely_seen(connection, query.meeting_id, look)
    if found.state is not MeetingState.PLANNED or look.now > closes_at(found, look.rules):
        raise Refused("meeting.checkin_over")
    if look.now < opens_at(found, look.rules):
        opens = opens_at(found, look.rules).astimezone(ZoneInfo(look.rules.time_zone))
        raise Refused("meeting.too_early", month=opens.month, day=opens.day, at=f"{opens:%H:%M}")
    return CodeFacts(
        found.id,
        found.topic,
        code_at(found.secret, look.now),
        seconds_left(look.now),
        counts_of(connection, found),
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "meeting.present": _list_of(here=True),
    "meeting.absent": _list_of(here=False),
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeGuests: see_guests,
    FindOwners: find_owners,
    SeeCode: see_code,
}
