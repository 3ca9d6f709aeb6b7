"""Meetings in their readers' eyes: one's own, and those of the units one answers for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Integer, bindparam, case, cast, func, or_, select

from domain.base import NOT_FOUND, Refused, Role, Subject
from domain.meetings.attending import asks_place, may_check_in
from domain.meetings.codes import code_at, is_code, seconds_left
from domain.meetings.following import KIND
from domain.meetings.planning import check_kind, closes_at, opens_at
from domain.meetings.shapes import (
    Answer,
    Guest,
    Meeting,
    MeetingKind,
    MeetingState,
    Presence,
    planners,
)
from domain.meetings.shown import (
    GUEST_ROWS,
    MOST_COUNTED,
    CheckInFacts,
    CodeFacts,
    FindOwners,
    GuestCounts,
    GuestLine,
    GuestPage,
    ListMeetings,
    ListMyMeetings,
    MeetingCard,
    MeetingForGuest,
    MyMeeting,
    MyMeetings,
    OwnFollowup,
    PlanFacts,
    PlannedLine,
    SeeCheckIn,
    SeeCode,
    SeeGuests,
    SeePlan,
    Shown,
)
from domain.permissions import Permission, allowed
from domain.queries import PAGE_ROWS, Page, PersonRow
from storage.entities import load
from storage.facts.rows import Look, among_few, led, page_of, paged, place, stretch
from storage.imports import there
from storage.meetings import belonging_count, guest_of, midnight
from storage.people import unit_path
from storage.schema import person, remark, unit
from storage.schema_meetings import followup, meeting, meeting_guest

_UNIT = select(unit.c.name, unit.c.name_en).where(unit.c.id == bindparam("id"))
_NAME = select(person.c.name).where(person.c.id == bindparam("id"))
_PARTS = select(func.count()).where(
    remark.c.subject_kind == KIND, remark.c.subject_id == bindparam("meeting")
)


def shown_of(connection: Connection, found: Meeting) -> Shown:
    """What anybody who has to do with it may know."""
    row = connection.execute(_UNIT, {"id": found.unit_id}).one()
    return Shown(
        found.id,
        found.kind,
        found.state,
        found.topic,
        found.place,
        found.starts_at,
        found.minutes,
        place(row.name, row.name_en),
        edition=found.edition,
        agenda=found.agenda,
        was_at=found.was_at,
        pinned=found.latitude is not None,
    )


def parts_of(connection: Connection, meeting_id: int) -> int:
    """How many parts its minutes have."""
    return int(connection.execute(_PARTS, {"meeting": meeting_id}).scalar_one())


# --- one's own --------------------------------------------------------------------------------------------------------------


def _own(connection: Connection, meeting_id: int, look: Look) -> tuple[Meeting, Guest] | None:
    if not look.reader.person_id or look.reader.suspended:
        return None
    guest = guest_of(connection, meeting_id, look.reader.person_id)
    found = None if guest is None else load(connection, Meeting, meeting_id, lock=False)
    return None if guest is None or found is None else (found, guest)


def mine(connection: Connection, meeting_id: int, look: Look) -> MeetingForGuest | None:
    """For one of those who are invited."""
    own = _own(connection, meeting_id, look)
    if own is None:
        return None
    found, guest = own
    answer = guest.answer_to(found)
    return MeetingForGuest(
        shown_of(connection, found),
        answer,
        guest.reason if answer is Answer.LEAVE else "",
        opens_at(found, look.rules),
        closes_at(found, look.rules),
        guest.checked_in_at,
        guest.presence,
        has_minutes=parts_of(connection, found.id) > 0,
    )


def to_come(connection: Connection, meeting_id: int, look: Look) -> MeetingForGuest | None:
    """The same while it is to come, for who has not said that they cannot."""
    facts = mine(connection, meeting_id, look)
    if facts is None or facts.meeting.state is not MeetingState.PLANNED:
        return None
    return facts if look.now < facts.meeting.starts_at and facts.answer is not Answer.LEAVE else None


def called_off(connection: Connection, meeting_id: int, look: Look) -> MeetingForGuest | None:
    """The same once it is called off."""
    facts = mine(connection, meeting_id, look)
    return None if facts is None or facts.meeting.state is not MeetingState.CANCELLED else facts


_LINE = (
    meeting.c.id,
    meeting.c.kind,
    meeting.c.state,
    meeting.c.topic,
    meeting.c.starts_at,
)
_INVITED = (
    select(
        *_LINE,
        case((meeting_guest.c.edition == meeting.c.edition, meeting_guest.c.answer), else_="none").label(
            "answer"
        ),
        meeting_guest.c.checked_in_at,
    )
    .join(meeting, meeting.c.id == meeting_guest.c.meeting_id)
    .where(meeting_guest.c.person_id == bindparam("reader"))
)
_FROM = bindparam("since", type_=meeting.c.starts_at.type)
_COMING = paged(
    _INVITED.where(
        meeting.c.state == MeetingState.PLANNED,
        meeting.c.starts_at > bindparam("lately", type_=meeting.c.starts_at.type),
    ).order_by(meeting.c.starts_at, meeting.c.id)
)
_PAST = paged(
    _INVITED.where(meeting.c.state == MeetingState.HELD, meeting.c.starts_at >= _FROM).order_by(
        meeting.c.starts_at.desc(), meeting.c.id
    )
)
_LEAVE = (
    (meeting_guest.c.answer == Answer.LEAVE)
    & (meeting_guest.c.edition == meeting.c.edition)
    & meeting_guest.c.checked_in_at.is_(None)
)
_YEAR = (
    select(
        func.count(),
        func.count(meeting_guest.c.checked_in_at),
        func.coalesce(func.sum(cast(_LEAVE, Integer)), 0),
    )
    .select_from(meeting_guest.join(meeting, meeting.c.id == meeting_guest.c.meeting_id))
    .where(
        meeting_guest.c.person_id == bindparam("reader"),
        meeting.c.state == MeetingState.HELD,
        meeting.c.starts_at >= _FROM,
    )
)
_OWN_FOLLOWUPS = (
    select(followup.c.id, followup.c.what, followup.c.due_on)
    .where(followup.c.owner_id == bindparam("reader"), followup.c.done_at.is_(None))
    .order_by(followup.c.due_on, followup.c.id)
    .limit(5)
)
_DAY = timedelta(days=1)


def list_mine(connection: Connection, query: ListMyMeetings, look: Look) -> MyMeetings:
    """What is to come, the next first, with what is under way; or what was this year, the latest first."""
    zone = ZoneInfo(look.rules.time_zone)
    year = look.now.astimezone(zone).year
    own = {"reader": look.reader.person_id, "since": midnight(date(year, 1, 1), zone)}
    if query.past:
        rows, page = page_of(connection, _PAST, own, page=query.page)
    else:
        lately = {"reader": look.reader.person_id, "lately": look.now - _DAY}
        rows, page = page_of(connection, _COMING, lately, page=query.page)
    lines = tuple(
        MyMeeting(
            row.id,
            row.kind,
            row.state,
            row.topic,
            row.starts_at,
            Answer(row.answer),
            row.checked_in_at is not None,
        )
        for row in rows
    )
    held, here, leave = connection.execute(_YEAR, own).one()
    return MyMeetings(
        Page(lines, page.page, page.pages, page.total),
        query.past,
        year,
        held,
        here,
        int(leave),
        tuple(
            OwnFollowup(row.id, row.what, row.due_on)
            for row in connection.execute(_OWN_FOLLOWUPS, {"reader": look.reader.person_id})
        ),
    )


def see_check_in(connection: Connection, query: SeeCheckIn, look: Look) -> CheckInFacts:
    """For who is invited; everybody else is told that they are not, and no more."""
    own = _own(connection, query.meeting_id, look)
    if own is None:
        raise Refused("meeting.not_invited")
    found, guest = own
    may_check_in(found, guest, now=look.now, rules=look.rules)
    if query.code and not is_code(found.secret, query.code, look.now):
        raise Refused("meeting.code_wrong")
    return CheckInFacts(found.id, asks_place(found, look.rules))


# --- those who plan them ----------------------------------------------------------------------------------------------------


def seen(connection: Connection, meeting_id: int, look: Look) -> Meeting | None:
    """A meeting, for who may plan it."""
    found = load(connection, Meeting, meeting_id, lock=False)
    if found is None:
        return None
    subject = Subject(path=unit_path(connection, found.unit_id), only=planners(found.kind))
    return found if allowed(look.reader, Permission.PLAN_MEETING, subject) else None


def surely_seen(connection: Connection, meeting_id: int, look: Look) -> Meeting:
    """The same; raises Refused for everybody else."""
    found = seen(connection, meeting_id, look)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


_THIS_EDITION = meeting_guest.c.edition == bindparam("edition")


def _sum_of(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_COUNTS = select(
    func.count(),
    _sum_of((meeting_guest.c.answer == Answer.COMING) & _THIS_EDITION),
    _sum_of((meeting_guest.c.answer == Answer.LEAVE) & _THIS_EDITION),
    func.count(meeting_guest.c.checked_in_at),
).where(meeting_guest.c.meeting_id == bindparam("meeting"))
_FOLLOWUPS = select(func.count(), func.count(followup.c.done_at)).where(
    followup.c.meeting_id == bindparam("meeting")
)


def counts_of(connection: Connection, found: Meeting) -> GuestCounts:
    """How many are invited, coming, on leave, there."""
    row = connection.execute(_COUNTS, {"meeting": found.id, "edition": found.edition}).one()
    return GuestCounts(*(int(value) for value in row))


def meeting_card(connection: Connection, meeting_id: int, look: Look) -> MeetingCard | None:
    """For who may plan it."""
    found = seen(connection, meeting_id, look)
    if found is None:
        return None
    decided, done = connection.execute(_FOLLOWUPS, {"meeting": found.id}).one()
    return MeetingCard(
        shown_of(connection, found),
        connection.execute(_NAME, {"id": found.author_id}).scalar() or "",
        counts_of(connection, found),
        found.walking,
        opens_at(found, look.rules),
        closes_at(found, look.rules),
        parts=parts_of(connection, found.id),
        followups=decided,
        open_followups=decided - done,
    )


def to_close(connection: Connection, meeting_id: int, look: Look) -> MeetingCard | None:
    """The same while it is not closed."""
    facts = meeting_card(connection, meeting_id, look)
    return None if facts is None or facts.meeting.state is not MeetingState.PLANNED else facts


def list_meetings(connection: Connection, query: ListMeetings, look: Look) -> Page[PlannedLine]:
    """Of a secretary's units all, of a leader's the groups' own."""
    secretaries = among_few(connection, unit.c.path, led(look, (Role.SECRETARY,)))
    leaders = among_few(connection, unit.c.path, led(look, (Role.LEADER,)))
    rows, page = stretch(
        connection,
        select(*_LINE, unit.c.name, unit.c.name_en)
        .join(unit, unit.c.id == meeting.c.unit_id)
        .where(or_(secretaries, leaders & (meeting.c.kind == MeetingKind.GROUP)))
        .order_by(meeting.c.starts_at.desc(), meeting.c.id.desc()),
        page=query.page,
        size=PAGE_ROWS,
    )
    lines = tuple(
        PlannedLine(row.id, row.kind, row.state, row.topic, row.starts_at, place(row.name, row.name_en))
        for row in rows
    )
    return Page(lines, page.page, page.pages, page.total)


_PLACE = select(unit.c.path, unit.c.kind, unit.c.name, unit.c.name_en).where(
    unit.c.id == bindparam("id"), unit.c.closed_at.is_(None), there(unit)
)


def planned_unit(connection: Connection, unit_id: int, look: Look, kind: MeetingKind) -> Any:
    """A unit's row, for who may plan such a meeting there."""
    row = connection.execute(_PLACE, {"id": unit_id}).first()
    if row is None or not allowed(
        look.reader, Permission.PLAN_MEETING, Subject(path=row.path, only=planners(kind))
    ):
        raise Refused(NOT_FOUND)
    return row


def see_plan(connection: Connection, query: SeePlan, look: Look) -> PlanFacts:
    """For who may plan such a meeting there."""
    row = planned_unit(connection, query.unit_id, look, query.meeting_kind)
    check_kind(row.kind, query.meeting_kind)
    count = belonging_count(connection, query.meeting_kind, row.path, now=look.now, most=MOST_COUNTED + 1)
    return PlanFacts(query.unit_id, place(row.name, row.name_en), row.kind, count)


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
    rows = connection.execute(statement, {"meeting": found.id, "after": query.after}).all()
    lines = tuple(
        GuestLine(
            row.person_id,
            row.name,
            answer := row.answer if row.edition == found.edition else Answer.NONE,
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
    )


def _list_of(*, here: bool) -> Callable[[Connection, int, Look], GuestPage | None]:
    """The beginning of a list, as a message in place of the one that was pressed."""

    def facts(connection: Connection, meeting_id: int, look: Look) -> GuestPage | None:
        try:
            return see_guests(connection, SeeGuests(meeting_id, here=here), look)
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
        at = opens_at(found, look.rules).astimezone(ZoneInfo(look.rules.time_zone))
        raise Refused("meeting.too_early", at=f"{at:%m-%d %H:%M}")
    return CodeFacts(
        found.id,
        found.topic,
        code_at(found.secret, look.now),
        seconds_left(look.now),
        counts_of(connection, found),
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "meeting.card": meeting_card,
    "meeting.close": to_close,
    "meeting.present": _list_of(here=True),
    "meeting.absent": _list_of(here=False),
    "meeting.mine": mine,
    "meeting.copy": to_come,
    "meeting.moved": to_come,
    "meeting.reminder": to_come,
    "meeting.cancelled": called_off,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListMyMeetings: list_mine,
    SeeCheckIn: see_check_in,
    ListMeetings: list_meetings,
    SeePlan: see_plan,
    SeeGuests: see_guests,
    FindOwners: find_owners,
    SeeCode: see_code,
}
