"""What is kept of meetings, in their readers' eyes: minutes, what was decided, what a unit owes, and the year's sheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from domain.base import NOT_FOUND, Refused, Subject
from domain.meetings.duties import Often, look_on, owed_at, periods_of
from domain.meetings.following import KIND
from domain.meetings.shapes import (
    Answer,
    Followup,
    Meeting,
    MeetingKind,
    MeetingState,
    planners,
)
from domain.meetings.shown import (
    SHEET_COLUMNS,
    SHEET_ROWS,
    Attendance,
    AttendancePage,
    DutyFacts,
    FollowupFacts,
    FollowupLine,
    FollowupPage,
    HeldMeeting,
    MinutesFacts,
    SeeAttendance,
    SeeDuties,
    SeeFollowups,
    SeeMinutes,
    YearDuties,
)
from domain.permissions import Permission, allowed
from domain.queries import Page
from storage.entities import load
from storage.facts.meetings import planned_unit, seen, shown_of, surely_seen
from storage.facts.requests import part_of
from storage.facts.rows import Look, page_of, paged, place, said_about
from storage.meetings import PLANNED, guest_of, midnight, since
from storage.people import below
from storage.schema import person, unit
from storage.schema_meetings import followup, meeting, meeting_guest

# --- minutes and what was decided -------------------------------------------------------------------------------------------


def see_minutes(connection: Connection, query: SeeMinutes, look: Look) -> MinutesFacts:
    """For who was invited, and for who may plan it."""
    found = load(connection, Meeting, query.meeting_id, lock=False)
    invited = found is not None and guest_of(connection, found.id, look.reader.person_id) is not None
    if found is None or not (invited or seen(connection, query.meeting_id, look)):
        raise Refused(NOT_FOUND)
    reader = look.reader.person_id
    parts = tuple(part_of(item, reader) for item in said_about(connection, KIND, found.id))
    return MinutesFacts(shown_of(connection, found), parts)


_LINES = (
    select(followup.c.id, followup.c.what, person.c.name, followup.c.due_on, followup.c.done_at)
    .join(person, person.c.id == followup.c.owner_id)
    .where(followup.c.meeting_id == bindparam("meeting"))
    .order_by(followup.c.id)
)
_PAGED_LINES = paged(_LINES)


def see_followups(connection: Connection, query: SeeFollowups, look: Look) -> FollowupPage:
    """In the order in which they were written down."""
    found = surely_seen(connection, query.meeting_id, look)
    rows, page = page_of(connection, _PAGED_LINES, {"meeting": found.id}, page=query.page)
    lines = tuple(FollowupLine(row.id, row.what, row.name, row.due_on, row.done_at) for row in rows)
    return FollowupPage(
        found.id,
        found.topic,
        Page(lines, page.page, page.pages, page.total),
        may_add=found.state is not MeetingState.CANCELLED and look.now >= found.starts_at,
    )


def follows(connection: Connection, meeting_id: int, look: Look) -> FollowupPage | None:
    """The page of the list that was looked at, as a message in place of the one that was pressed."""
    try:
        return see_followups(connection, SeeFollowups(meeting_id, look.number("page") or 1), look)
    except Refused:
        return None


_NAME = select(person.c.name).where(person.c.id == bindparam("id"))
_UNIT = select(unit.c.id, unit.c.kind, unit.c.path, unit.c.name, unit.c.name_en).where(
    unit.c.id == bindparam("id")
)


def followup_facts(connection: Connection, followup_id: int, look: Look) -> FollowupFacts | None:
    """For who has to do it, and for who may plan the meeting; None once it is done."""
    found = load(connection, Followup, followup_id, lock=False)
    if found is None or found.done_at is not None or look.reader.suspended:
        return None
    own = found.owner_id == look.reader.person_id
    if not (own or seen(connection, found.meeting_id, look)):
        return None
    return _facts(connection, found, own=own)


def _facts(connection: Connection, found: Followup, *, own: bool) -> FollowupFacts | None:
    about = load(connection, Meeting, found.meeting_id, lock=False)
    if about is None:
        return None
    row = connection.execute(_UNIT, {"id": about.unit_id}).one()
    owner = connection.execute(_NAME, {"id": found.owner_id}).scalar() or ""
    line = FollowupLine(found.id, found.what, owner, found.due_on, found.done_at)
    return FollowupFacts(line, about.id, about.topic, place(row.name, row.name_en), own)


def followup_done(connection: Connection, followup_id: int, look: Look) -> FollowupFacts | None:
    """Once it is done, for who may plan the meeting."""
    found = load(connection, Followup, followup_id, lock=False)
    if found is None or found.done_at is None or seen(connection, found.meeting_id, look) is None:
        return None
    return _facts(connection, found, own=False)


# --- what a unit owes -------------------------------------------------------------------------------------------------------


def _duties(
    connection: Connection, row: Any, look: Look, periods: Mapping[Often, Any], year: int
) -> DutyFacts:
    zone = ZoneInfo(look.rules.time_zone)
    span = {"since": midnight(date(year, 1, 1), zone), "until": midnight(date(year + 1, 1, 1), zone)}
    meetings = [
        (one.kind, one.starts_at.astimezone(zone).date(), one.state)
        for one in connection.execute(PLANNED, {"unit": row.id, **span})
    ]
    owed = owed_at(
        row.kind,
        look.rules.meetings.duties,
        [(kind, day) for kind, day, _ in meetings],
        periods=periods,
        held=[(kind, day) for kind, day, state in meetings if state is MeetingState.HELD],
        since=since(connection, row.id, zone),
    )
    return DutyFacts(row.id, place(row.name, row.name_en), row.kind, year, owed)


def see_duties(connection: Connection, query: SeeDuties, look: Look) -> YearDuties:
    """For who may plan the group's meeting there at least."""
    planned_unit(connection, query.unit_id, look, MeetingKind.GROUP)
    row = connection.execute(_UNIT, {"id": query.unit_id}).one()
    today = look.now.astimezone(ZoneInfo(look.rules.time_zone)).date()
    periods = {often: periods_of(often, today.year) for often in Often}
    return YearDuties(_duties(connection, row, look, periods, today.year), today)


def duty_told(connection: Connection, unit_id: int, look: Look) -> DutyFacts | None:
    """What is missing of the periods that end about now; None when nothing is any more."""
    row = connection.execute(_UNIT, {"id": unit_id}).first()
    on = look_on(look.now.astimezone(ZoneInfo(look.rules.time_zone)).date())
    if row is None or on is None:
        return None
    if not allowed(look.reader, Permission.PLAN_MEETING, Subject(path=row.path)):
        return None
    facts = _duties(connection, row, look, on.periods, on.last.year)
    missing = tuple(one for one in facts.owed if not one.count)
    return DutyFacts(facts.unit_id, facts.place, facts.unit_kind, facts.year, missing) if missing else None


# --- the year's sheet -------------------------------------------------------------------------------------------------------

_SINCE = bindparam("since", type_=meeting.c.starts_at.type)
_UNTIL = bindparam("until", type_=meeting.c.starts_at.type)
_HELD = (
    select(meeting.c.id, meeting.c.kind, meeting.c.topic, meeting.c.starts_at, meeting.c.asked)
    .where(
        meeting.c.unit_id == bindparam("unit"),
        meeting.c.state == MeetingState.HELD,
        meeting.c.starts_at >= _SINCE,
        meeting.c.starts_at < _UNTIL,
    )
    .order_by(meeting.c.starts_at, meeting.c.id)
    .limit(SHEET_COLUMNS)
)
_BELOW = (
    select(
        meeting_guest.c.person_id,
        func.count().label("of"),
        func.count(meeting_guest.c.checked_in_at).label("here"),
    )
    .select_from(
        unit.join(meeting, meeting.c.unit_id == unit.c.id).join(
            meeting_guest, meeting_guest.c.meeting_id == meeting.c.id
        )
    )
    .where(
        unit.c.path > bindparam("low"),
        unit.c.path < bindparam("high"),
        meeting.c.kind == MeetingKind.GROUP,
        meeting.c.state == MeetingState.HELD,
        meeting.c.starts_at >= _SINCE,
        meeting.c.starts_at < _UNTIL,
        meeting_guest.c.person_id > bindparam("after"),
        meeting_guest.c.person_id <= bindparam("last"),
    )
    .group_by(meeting_guest.c.person_id)
)


def see_attendance(connection: Connection, query: SeeAttendance, look: Look) -> AttendancePage:
    """For who may plan all that is held there: of a group its leader, of anything else its secretary."""
    row = connection.execute(_UNIT, {"id": query.unit_id}).first()
    kind = MeetingKind.GROUP if row is not None and row.kind == "building" else MeetingKind.BRANCH
    subject = Subject(path="" if row is None else row.path, only=planners(kind))
    if row is None or not allowed(look.reader, Permission.PLAN_MEETING, subject):
        raise Refused(NOT_FOUND)
    zone = ZoneInfo(look.rules.time_zone)
    year = query.year or look.now.astimezone(zone).year
    if not 2000 <= year <= 9998:
        raise Refused(NOT_FOUND)
    span = {"since": midnight(date(year, 1, 1), zone), "until": midnight(date(year + 1, 1, 1), zone)}
    held = connection.execute(_HELD, {"unit": query.unit_id, **span}).all()
    editions = {one.id: one.asked for one in held}
    people = connection.execute(
        select(meeting_guest.c.person_id, person.c.name)
        .distinct()
        .join(person, person.c.id == meeting_guest.c.person_id)
        .where(meeting_guest.c.meeting_id.in_(list(editions)), meeting_guest.c.person_id > query.after)
        .order_by(meeting_guest.c.person_id)
        .limit(SHEET_ROWS + 1)
    ).all()
    shown = people[:SHEET_ROWS]
    marks: dict[int, list[tuple[int, bool | None]]] = defaultdict(list)
    groups: dict[int, tuple[int, int]] = {}
    if shown:
        reach = {"after": query.after, "last": shown[-1].person_id}
        for part in connection.execute(
            select(
                meeting_guest.c.meeting_id,
                meeting_guest.c.person_id,
                meeting_guest.c.answer,
                meeting_guest.c.edition,
                meeting_guest.c.checked_in_at,
            ).where(
                meeting_guest.c.meeting_id.in_(list(editions)),
                meeting_guest.c.person_id > reach["after"],
                meeting_guest.c.person_id <= reach["last"],
            )
        ):
            on_leave = part.answer is Answer.LEAVE and part.edition == editions[part.meeting_id]
            mark = True if part.checked_in_at is not None else None if on_leave else False
            marks[part.person_id].append((part.meeting_id, mark))
        low, high = below(row.path)
        groups = {
            one.person_id: (one.of, one.here)
            for one in connection.execute(_BELOW, {"low": low, "high": high, **span, **reach})
        }
    return AttendancePage(
        row.id,
        place(row.name, row.name_en),
        year,
        tuple(HeldMeeting(one.id, one.kind, one.topic, one.starts_at) for one in held),
        tuple(
            Attendance(
                one.person_id, one.name, tuple(marks[one.person_id]), *groups.get(one.person_id, (0, 0))
            )
            for one in shown
        ),
        next_after=shown[-1].person_id if len(people) > SHEET_ROWS else None,
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "followup.given": followup_facts,
    "followup.due": followup_facts,
    "followup.late": followup_facts,
    "followup.finished": followup_done,
    "meeting.duty": duty_told,
    "meeting.follows": follows,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeMinutes: see_minutes,
    SeeFollowups: see_followups,
    SeeDuties: see_duties,
    SeeAttendance: see_attendance,
}
