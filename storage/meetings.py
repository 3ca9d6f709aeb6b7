"""Meetings, people's parts in them and what was decided there: the rows that the rules of ``domain/meetings`` need."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, String, bindparam, exists, func, or_, select, type_coerce

from domain.backup import Trouble
from domain.base import NOT_FOUND, Actor, Refused, Role, Sweep
from domain.meetings.duties import OWED, Often, look_on, period_of
from domain.meetings.shapes import (
    EARNS,
    SECRET_BYTES,
    AddFollowup,
    AmendList,
    AnswerMeeting,
    CancelMeeting,
    CheckInMeeting,
    CloseMeeting,
    CorrectMeeting,
    DutyCase,
    Earned,
    FinishFollowup,
    Followup,
    FollowupCase,
    Guest,
    GuestCase,
    KeepMinutes,
    LookAtDuty,
    LookAtFollowup,
    LookAtMeeting,
    Meeting,
    MeetingCase,
    MeetingKind,
    MeetingState,
    MoveMeeting,
    NewMeetingCase,
    NoteDuty,
    PinPlace,
    PlanMeeting,
    PutGuest,
    SettleFollowup,
    TickGuest,
    TurnEarning,
)
from domain.rulebook import Rulebook
from storage import points, troubles
from storage.dialect import upserting
from storage.entities import load, next_id
from storage.imports import there
from storage.people import below, in_force, unit_path
from storage.prepared import Prepared
from storage.schema import appointment, audit, person, unit
from storage.schema_meetings import followup, meeting, meeting_duty, meeting_guest
from storage.tree import office_of

GUEST = tuple(meeting_guest.c[name] for name in Guest.__dataclass_fields__)
_GUEST = select(*GUEST).where(
    meeting_guest.c.meeting_id == bindparam("meeting"), meeting_guest.c.person_id == bindparam("person")
)
_READ = Prepared(_GUEST)
_LOCK = Prepared(_GUEST.with_for_update())
_KEYS = ("meeting_id", "person_id")
_VALUES = tuple(name for name in Guest.__dataclass_fields__ if name not in _KEYS)
_PUT = Prepared(
    meeting_guest.update()
    .where(
        meeting_guest.c.meeting_id == bindparam("_meeting_id"),
        meeting_guest.c.person_id == bindparam("_person_id"),
    )
    .values({name: bindparam(name) for name in _VALUES})
)
_UNIT = select(unit.c.path, unit.c.kind).where(
    unit.c.id == bindparam("id"), unit.c.closed_at.is_(None), there(unit)
)


def guest_of(connection: Connection, meeting_id: int, person_id: int, *, lock: bool = False) -> Guest | None:
    """Somebody's part in a meeting; None where they have none."""
    row = (_LOCK if lock else _READ).first(connection, {"meeting": meeting_id, "person": person_id})
    return None if row is None else Guest(*row)


def put_guest(connection: Connection, sweep: PutGuest) -> None:
    """As it is from now on; the row was locked when it was loaded."""
    values = {name: getattr(sweep.guest, name) for name in _VALUES}
    _PUT.run(
        connection,
        {**values, "_meeting_id": sweep.guest.meeting_id, "_person_id": sweep.guest.person_id},
    )


# --- who belongs to a meeting ---------------------------------------------------------------------------------------------

HELPERS = (Role.MEMBER.value, Role.LEADER.value, Role.SECRETARY.value)
STAFF = (Role.LEADER.value, Role.SECRETARY.value)
# From the places to who serves there: what is joined to nothing is in no index, or all members of the town would be
# walked for those of one building.
_ROLE = type_coerce(appointment.c.role, String).concat("")


def belonging(kind: MeetingKind, path: str) -> Select[Any]:
    """The ids of those who are invited to a meeting of this kind at ``path``, each once; binds ``now``.

    Members, leaders and secretaries of the unit and all below it; to a committee those who lead the unit itself.
    Source: docs/rules.md §9.
    """
    low, high = below(path)
    committee = kind is MeetingKind.COMMITTEE
    place = unit.c.path == path if committee else (unit.c.path >= low) & (unit.c.path < high)
    return (
        select(appointment.c.person_id)
        .distinct()
        .select_from(
            unit.join(appointment, appointment.c.unit_id == unit.c.id).join(
                person, person.c.id == appointment.c.person_id
            )
        )
        .where(
            place,
            there(unit),
            _ROLE.in_(STAFF if committee else HELPERS),
            in_force(appointment),
            there(appointment),
            person.c.merged_into_id.is_(None),
            person.c.erased_at.is_(None),
            ~person.c.suspended,
        )
    )


def belonging_count(connection: Connection, kind: MeetingKind, path: str, *, now: datetime, most: int) -> int:
    """How many they are, counted no further than ``most``."""
    rows = belonging(kind, path).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(rows), {"now": now}).scalar_one())


# --- what the rules need --------------------------------------------------------------------------------------------------


def load_for_plan(
    connection: Connection, action: PlanMeeting, actor: Actor, rules: Rulebook, now: datetime
) -> NewMeetingCase:
    """The unit, and whether there is anybody to invite."""
    row = connection.execute(_UNIT, {"id": action.unit_id}).first()
    path, unit_kind = (row.path, row.kind) if row is not None else ("", "")
    return NewMeetingCase(
        next_id(connection, Meeting),
        secrets.token_hex(SECRET_BYTES),
        path,
        unit_kind,
        action.kind,
        zone=office_of(connection, path).zone if path else "",
        somebody=bool(path) and belonging_count(connection, action.kind, path, now=now, most=1) > 0,
    )


def _load(connection: Connection, meeting_id: int) -> tuple[Meeting, str, str]:
    found = load(connection, Meeting, meeting_id)
    if found is None:
        raise Refused(NOT_FOUND)
    path = unit_path(connection, found.unit_id)
    return found, path, office_of(connection, path).zone


def load_meeting(
    connection: Connection,
    action: MoveMeeting
    | CorrectMeeting
    | CancelMeeting
    | PinPlace
    | CloseMeeting
    | KeepMinutes
    | LookAtMeeting,
    actor: Actor,
    rules: Rulebook,
) -> MeetingCase:
    """The meeting, and the time zone of its unit."""
    found, path, zone = _load(connection, action.meeting_id)
    return MeetingCase(found, path, zone)


def load_for_tick(connection: Connection, action: TickGuest, actor: Actor, rules: Rulebook) -> MeetingCase:
    """The meeting and the part of whom it is about."""
    found, path, zone = _load(connection, action.meeting_id)
    return MeetingCase(found, path, zone, guest=guest_of(connection, found.id, action.person_id, lock=True))


def load_for_amending(
    connection: Connection, action: AmendList, actor: Actor, rules: Rulebook
) -> MeetingCase:
    """The same, and what they have earned by it."""
    found, path, zone = _load(connection, action.meeting_id)
    guest = guest_of(connection, found.id, action.person_id, lock=True)
    earned = None if guest is None else points.standing(connection, EARNS, found.id, guest.person_id)
    return MeetingCase(
        found,
        path,
        zone,
        guest=guest,
        earned=None if earned is None else Earned(*earned),
        stopped=troubles.is_on(connection, Trouble.LEDGER),
    )


def turn_earning(connection: Connection, sweep: TurnEarning) -> None:
    """As the ledger turns it."""
    points.turn(connection, EARNS, sweep.meeting_id, sweep.person_id, now=sweep.at, rulebook=sweep.rulebook)


_FOLLOWUPS = select(func.count()).where(followup.c.meeting_id == bindparam("meeting"))


def load_for_followup(
    connection: Connection, action: AddFollowup, actor: Actor, rules: Rulebook
) -> MeetingCase:
    """The meeting, who shall do it, and how many there are."""
    found, path, zone = _load(connection, action.meeting_id)
    return MeetingCase(
        found,
        path,
        zone,
        new_id=next_id(connection, Followup),
        guest=guest_of(connection, found.id, action.owner_id),
        followups=connection.execute(_FOLLOWUPS, {"meeting": found.id}).scalar_one(),
    )


def load_own(
    connection: Connection, action: AnswerMeeting | CheckInMeeting, actor: Actor, rules: Rulebook
) -> GuestCase:
    """The actor's own part."""
    # Whoever checks in is there before it is closed, or is told that it is over.
    found = load(connection, Meeting, action.meeting_id, lock=isinstance(action, CheckInMeeting))
    guest = guest_of(connection, action.meeting_id, actor.person_id, lock=True)
    if found is None or guest is None:
        raise Refused(NOT_FOUND)
    return GuestCase(found, guest)


def load_followup(
    connection: Connection,
    action: FinishFollowup | SettleFollowup | LookAtFollowup,
    actor: Actor,
    rules: Rulebook,
) -> FollowupCase:
    """What was decided, in which meeting."""
    found = load(connection, Followup, action.followup_id)
    about = None if found is None else load(connection, Meeting, found.meeting_id, lock=False)
    if found is None or about is None:
        raise Refused(NOT_FOUND)
    path = unit_path(connection, about.unit_id)
    return FollowupCase(
        found, about, path, office_of(connection, path).zone, own=isinstance(action, FinishFollowup)
    )


COUNTS = (MeetingState.PLANNED.value, MeetingState.HELD.value)
"""What keeps a duty: what is planned may yet be held, and what was called off is not there."""
PLANNED = (
    select(meeting.c.kind, meeting.c.starts_at, meeting.c.state)
    .where(
        meeting.c.unit_id == bindparam("unit"),
        meeting.c.starts_at >= bindparam("since", type_=meeting.c.starts_at.type),
        meeting.c.starts_at < bindparam("until", type_=meeting.c.starts_at.type),
        meeting.c.state.in_(COUNTS),
    )
    .order_by(meeting.c.starts_at)
)
_MADE = (
    select(audit.c.at)
    .where(
        audit.c.subject_kind == "unit",
        audit.c.subject_id == bindparam("unit"),
        audit.c.event == "unit.added",
    )
    .order_by(audit.c.id)
    .limit(1)
)
_APPOINTED = select(func.min(appointment.c.starts_at)).where(appointment.c.unit_id == bindparam("unit"))
_STARTED = select(audit.c.at).order_by(audit.c.id).limit(1)
_TOLD = select(meeting_duty.c.told).where(meeting_duty.c.unit_id == bindparam("unit"))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a day in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def since(connection: Connection, unit_id: int, zone: ZoneInfo) -> date | None:
    """The day on which a unit was made or somebody was first appointed there, whichever is earlier; where neither is known,
    the first day of the trail."""
    asked = [connection.execute(one, {"unit": unit_id}).scalar() for one in (_MADE, _APPOINTED)]
    known: list[datetime] = [one for one in asked if one is not None]
    first = min(known, default=None) or connection.execute(_STARTED).scalar()
    return None if first is None else first.astimezone(zone).date()


def load_for_duty(
    connection: Connection, action: LookAtDuty, actor: Actor, rules: Rulebook, now: datetime
) -> DutyCase:
    """The unit, its meetings of the year that a period may reach back, and what it has been told."""
    row = connection.execute(_UNIT, {"id": action.unit_id}).first()
    if row is None:
        raise Refused(NOT_FOUND)
    zone = ZoneInfo(rules.time_zone)
    today = now.astimezone(zone).date()
    look = look_on(today)
    year = period_of(Often.YEARLY, look.last if look else today)
    span = {"since": midnight(year.first, zone), "until": midnight(year.last + timedelta(days=1), zone)}
    return DutyCase(
        action.unit_id,
        row.kind,
        tuple(
            (one.kind, one.starts_at) for one in connection.execute(PLANNED, {"unit": action.unit_id, **span})
        ),
        told=connection.execute(_TOLD, {"unit": action.unit_id}).scalar() or "",
        since=since(connection, action.unit_id, zone),
    )


def note_duty(connection: Connection, sweep: NoteDuty) -> None:
    """It has been said."""
    upsert = upserting(connection, meeting_duty).values(unit_id=sweep.unit_id, told=sweep.stamp)
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["unit_id"], set_={"told": upsert.excluded.told})
    )


_OWING = (
    select(unit.c.id)
    .where(
        unit.c.id > bindparam("after"),
        unit.c.kind.in_(sorted(OWED)),
        unit.c.closed_at.is_(None),
        there(unit),
        exists(appointment.c.id).where(
            appointment.c.unit_id == unit.c.id,
            or_(
                appointment.c.role == Role.SECRETARY,
                (appointment.c.role == Role.LEADER) & (unit.c.kind == "building"),
            ),
            in_force(appointment),
            there(appointment),
        ),
        ~exists(meeting_duty.c.unit_id).where(
            meeting_duty.c.unit_id == unit.c.id,
            meeting_duty.c.told >= bindparam("stamp", type_=meeting_duty.c.told.type),
        ),
    )
    .order_by(unit.c.id)
    .limit(bindparam("most"))
)


def owing(
    connection: Connection, now: datetime, *, after: int, rules: Rulebook, most: int
) -> tuple[int, ...]:
    """Units above a number that somebody leads and that have not been told yet what this day has to say of duties."""
    look = look_on(now.astimezone(ZoneInfo(rules.time_zone)).date())
    if look is None or not rules.meetings.duty_reminders:
        return ()
    values = {"after": after, "stamp": look.stamp, "now": now, "most": most}
    return tuple(connection.execute(_OWING, values).scalars())


_DUE = (
    select(meeting.c.id)
    .where(meeting.c.next_at <= bindparam("now", type_=meeting.c.next_at.type))
    .order_by(meeting.c.next_at, meeting.c.id)
    .limit(bindparam("most"))
)
_DUE_FOLLOWUPS = (
    select(followup.c.id)
    .where(followup.c.next_at <= bindparam("now", type_=followup.c.next_at.type))
    .order_by(followup.c.next_at, followup.c.id)
    .limit(bindparam("most"))
)


def due(connection: Connection, now: datetime, *, most: int) -> tuple[int, ...]:
    """Meetings the clock has to look at."""
    return tuple(connection.execute(_DUE, {"now": now, "most": most}).scalars())


def due_followups(connection: Connection, now: datetime, *, most: int) -> tuple[int, ...]:
    """The same of what was decided."""
    return tuple(connection.execute(_DUE_FOLLOWUPS, {"now": now, "most": most}).scalars())


LOADERS: dict[type[Any], Any] = {
    **dict.fromkeys(
        (MoveMeeting, CorrectMeeting, CancelMeeting, PinPlace, CloseMeeting, KeepMinutes, LookAtMeeting),
        load_meeting,
    ),
    AmendList: load_for_amending,
    TickGuest: load_for_tick,
    AddFollowup: load_for_followup,
    AnswerMeeting: load_own,
    CheckInMeeting: load_own,
    **dict.fromkeys((FinishFollowup, SettleFollowup, LookAtFollowup), load_followup),
}
LOADERS_AT: dict[type[Any], Any] = {PlanMeeting: load_for_plan, LookAtDuty: load_for_duty}
SWEEPS: Mapping[type[Sweep], Callable[[Connection, Any], None]] = {
    PutGuest: put_guest,
    TurnEarning: turn_earning,
    NoteDuty: note_duty,
}

# --- when people are forgotten, or two records become one -----------------------------------------------------------------

_FORGET = meeting_guest.update().where(meeting_guest.c.person_id == bindparam("person")).values(reason="")
_THEIRS = select(meeting_guest.c.meeting_id, meeting_guest.c.checked_in_at, meeting_guest.c.answer).where(
    meeting_guest.c.person_id == bindparam("person")
)
_OF_MEETING = (
    meeting_guest.c.meeting_id == bindparam("_meeting"),
    meeting_guest.c.person_id == bindparam("_person"),
)
_DROP = meeting_guest.delete().where(*_OF_MEETING)
_GO_OVER = meeting_guest.update().where(*_OF_MEETING).values(person_id=bindparam("to"))
_NEW_OWNER = (
    followup.update()
    .where(followup.c.owner_id == bindparam("_from"))
    .values(owner_id=bindparam("to"), version=followup.c.version + 1)
)


def forget(connection: Connection, person_id: int) -> None:
    """What is left is that somebody was there, or was not."""
    connection.execute(_FORGET, {"person": person_id})


def move(connection: Connection, from_id: int, to_id: int) -> None:
    """Two records have become one: of a meeting that both were invited to, the part of who was there stays, else the
    one with an answer."""
    known = {row.meeting_id: row for row in connection.execute(_THEIRS, {"person": to_id})}

    def weight(row: Any) -> tuple[bool, bool]:
        return row.checked_in_at is not None, row.answer != "none"

    for row in connection.execute(_THEIRS, {"person": from_id}).all():
        both = {"_meeting": row.meeting_id, "_person": from_id}
        other = known.get(row.meeting_id)
        if other is not None and weight(row) <= weight(other):
            connection.execute(_DROP, both)
            continue
        if other is not None:
            connection.execute(_DROP, {"_meeting": row.meeting_id, "_person": to_id})
        connection.execute(_GO_OVER, {**both, "to": to_id})
    connection.execute(_NEW_OWNER, {"_from": from_id, "to": to_id})
