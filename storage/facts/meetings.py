"""Meetings in their readers' eyes: one's own, and those of the units one answers for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    true,
    type_coerce,
)

from domain.base import NOT_FOUND, Refused, Role, Subject
from domain.meetings.amending import may_amend
from domain.meetings.attending import asks_place, may_check_in
from domain.meetings.codes import is_code
from domain.meetings.following import KIND
from domain.meetings.planning import check_kind, closes_at, opens_at
from domain.meetings.shapes import (
    Answer,
    Guest,
    Meeting,
    MeetingKind,
    MeetingState,
    planners,
)
from domain.meetings.shown import (
    MOST_COUNTED,
    CheckInFacts,
    GuestCounts,
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
    SeePlan,
    Shown,
)
from domain.permissions import Permission, allowed
from domain.queries import PAGE_ROWS, Page
from storage.entities import load
from storage.facts.rows import Look, led, page_of, paged, place, stretch, within
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
        edition=found.asked,
        agenda=found.agenda,
        was_at=found.was_at,
        pinned=found.latitude is not None,
        was_place=found.was_place,
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


def still_on(connection: Connection, meeting_id: int, look: Look) -> MeetingForGuest | None:
    """The same until it has ended, for everybody who is invited."""
    facts = mine(connection, meeting_id, look)
    if facts is None or facts.meeting.state is not MeetingState.PLANNED:
        return None
    return facts if look.now < facts.meeting.ends_at else None


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
        case((meeting_guest.c.edition == meeting.c.asked, meeting_guest.c.answer), else_="none").label(
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
    & (meeting_guest.c.edition == meeting.c.asked)
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


def own_page(connection: Connection, person_id: int, look: Look) -> MyMeetings | None:
    """The page of one's own list that was looked at, as a message in place of the one that was pressed."""
    own = person_id == look.reader.person_id
    if not own or not allowed(look.reader, Permission.ATTEND_MEETING, None):
        return None
    return list_mine(connection, ListMyMeetings(look.number("page") or 1), look)


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
_HERE = meeting_guest.c.checked_in_at.is_not(None)


def _sum_of(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_COUNTS = select(
    func.count(),
    _sum_of(_HERE | ((meeting_guest.c.answer == Answer.COMING) & _THIS_EDITION)),
    _sum_of(~_HERE & (meeting_guest.c.answer == Answer.LEAVE) & _THIS_EDITION),
    func.count(meeting_guest.c.checked_in_at),
).where(meeting_guest.c.meeting_id == bindparam("meeting"))
_FOLLOWUPS = select(func.count(), func.count(followup.c.done_at)).where(
    followup.c.meeting_id == bindparam("meeting")
)


def counts_of(connection: Connection, found: Meeting) -> GuestCounts:
    """How many are invited, coming, on leave, there."""
    row = connection.execute(_COUNTS, {"meeting": found.id, "edition": found.asked}).one()
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
        amends=may_amend(found, now=look.now, rules=look.rules),
    )


def to_close(connection: Connection, meeting_id: int, look: Look) -> MeetingCard | None:
    """The same while it is not closed."""
    facts = meeting_card(connection, meeting_id, look)
    return None if facts is None or facts.meeting.state is not MeetingState.PLANNED else facts


FEW_UNITS = 100
"""Of so many units each one's meetings are looked up and sorted; in a wider part all are walked from the latest on."""


def list_meetings(connection: Connection, query: ListMeetings, look: Look) -> Page[PlannedLine]:
    """Of a secretary's units all, of a leader's the groups' own."""
    secretaries, leaders = led(look, (Role.SECRETARY,)), led(look, (Role.LEADER,))
    theirs = (
        select(unit.c.id).where(within(unit.c.path, [*secretaries, *leaders])).limit(FEW_UNITS + 1).subquery()
    )
    few = connection.execute(select(func.count()).select_from(theirs)).scalar_one() <= FEW_UNITS
    # What is joined to nothing, and what nothing is added to, is in no index.
    path = unit.c.path if few else unit.c.path.concat("")
    latest = type_coerce(meeting.c.starts_at, BigInteger) + 0 if few else meeting.c.starts_at
    rows, page = stretch(
        connection,
        select(*_LINE, meeting.c.minutes, unit.c.name, unit.c.name_en)
        .join(unit, unit.c.id == meeting.c.unit_id)
        .where(
            within(path, [*secretaries, *leaders]) if few else true(),
            or_(
                within(path, secretaries),
                within(path, leaders) & (meeting.c.kind == MeetingKind.GROUP),
            ),
        )
        .order_by(latest.desc(), meeting.c.id.desc()),
        page=query.page,
        size=PAGE_ROWS,
    )
    lines = tuple(
        PlannedLine(
            row.id,
            row.kind,
            row.state,
            row.topic,
            row.starts_at,
            place(row.name, row.name_en),
            row.minutes,
        )
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


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "meeting.card": meeting_card,
    "meeting.close": to_close,
    "meeting.mine": mine,
    "meeting.copy": to_come,
    "meeting.moved": to_come,
    "meeting.corrected": still_on,
    "meeting.list": own_page,
    "meeting.reminder": to_come,
    "meeting.cancelled": called_off,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListMyMeetings: list_mine,
    SeeCheckIn: see_check_in,
    ListMeetings: list_meetings,
    SeePlan: see_plan,
}
