"""When the clock looks at a meeting, at what was decided there, and at what a unit owes; and what it says then.

Nothing leaves in the quiet hours, nothing twice, and nothing about what is over: a clock that has leapt ahead passes
over what it is too late for. Source: docs/rules.md §9.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.base import Actor, Decision, Event, Notice, Refresh, Role, ToPerson, ToResponsible
from domain.clocks import after_quiet
from domain.lanes import Lane
from domain.meetings.duties import look_on, owed_at
from domain.meetings.shapes import (
    CARD,
    CLOSE,
    DUE,
    LATE,
    DutyCase,
    Followup,
    FollowupCase,
    LookAtDuty,
    LookAtFollowup,
    LookAtMeeting,
    Meeting,
    MeetingCase,
    MeetingState,
    NoteDuty,
    Walking,
)
from domain.rulebook import Rulebook

REMINDERS = 2
"""The day before, and some hours before; what follows is for who planned it."""
DUTY = "meeting.duty"


def _zone(zone: str, rules: Rulebook) -> ZoneInfo:
    return ZoneInfo(zone or rules.time_zone)


def _awake(moment: datetime, zone: ZoneInfo, rules: Rulebook) -> datetime:
    quiet = rules.notices
    return after_quiet(moment, zone=zone, quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to)


def looks(meeting: Meeting, *, zone: str, rules: Rulebook) -> tuple[datetime, datetime, datetime]:
    """When people are reminded, twice, and when who planned it is asked to close it."""
    place, terms = _zone(zone, rules), rules.meetings
    day_before = meeting.starts_at.astimezone(place).date() - timedelta(days=1)
    return (
        datetime.combine(day_before, terms.remind_at, place).astimezone(UTC),
        _awake(meeting.starts_at - timedelta(hours=terms.remind_hours_before), place, rules),
        _awake(
            meeting.ends_at + timedelta(minutes=terms.checkin_closes_minutes_after),
            place,
            rules,
        ),
    )


def next_look(meeting: Meeting, *, now: datetime, zone: str, rules: Rulebook) -> Meeting:
    """The meeting with the next time at which the clock has to look at it; what it is too late for is passed over."""
    times = looks(meeting, zone=zone, rules=rules)
    number = meeting.reminded
    while number < REMINDERS and (times[number] <= now or times[number] >= meeting.starts_at):
        number += 1
    among = (*times[number : number + 1], *_gatherings(meeting, now=now, zone=zone, rules=rules))
    return replace(meeting, reminded=number, next_at=min(among, default=None))


def _gatherings(meeting: Meeting, *, now: datetime, zone: str, rules: Rulebook) -> tuple[datetime, ...]:
    """When it is next seen who belongs there by now: each day at the hour of reminders, and when the doors open. Reminders
    see it too."""
    place, terms = _zone(zone, rules), rules.meetings
    local = now.astimezone(place)
    day = local.date() + timedelta(days=local.time() >= terms.remind_at)
    daily = datetime.combine(day, terms.remind_at, place).astimezone(UTC)
    doors = meeting.starts_at - timedelta(minutes=terms.checkin_opens_minutes_before)
    return tuple(one for one in (daily, doors) if now < one < meeting.starts_at)


def look_at_meeting(
    case: MeetingCase, action: LookAtMeeting, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """While it is to come, who has joined is invited and people are reminded; then who planned it is asked once to close
    it."""
    meeting = case.meeting
    if meeting.state is not MeetingState.PLANNED or meeting.next_at is None or now < meeting.next_at:
        return Decision()
    if (awake := _awake(now, _zone(case.zone, rules), rules)) > now:
        return Decision(saves=(replace(meeting, next_at=awake),))
    times = looks(meeting, zone=case.zone, rules=rules)
    if now < times[min(meeting.reminded, REMINDERS)]:
        return _gather(case, action, now=now, rules=rules)
    later = next_look(replace(meeting, reminded=meeting.reminded + 1), now=now, zone=case.zone, rules=rules)
    # One look is enough, however late it comes: what is to be said after the meeting is said at once when it is over.
    if later.next_at is None or later.next_at <= now:
        over = replace(meeting, reminded=REMINDERS + 1, next_at=None)
        return Decision(
            saves=(over,),
            events=(_event("meeting.ended", meeting),),
            notices=(Notice(ToPerson(meeting.author_id), CLOSE, meeting.id, lane=Lane.REMINDER),),
            refreshes=(Refresh(CARD, meeting.id),),
        )
    # A later reminder that is due as well says the same: one is enough. While they are still being invited they hear
    # of it anyway, and after the beginning it is no use.
    if meeting.walking is Walking.RESTING and now < meeting.starts_at:
        later = replace(later, walking=Walking.REMINDING, reached=0)
    return Decision(saves=(later,), events=(_event("meeting.reminded", meeting, number=later.reminded),))


def _gather(case: MeetingCase, action: LookAtMeeting, *, now: datetime, rules: Rulebook) -> Decision:
    """Whoever is new there is written down and invited; while people are being told anyway they are told as well."""
    later = next_look(case.meeting, now=now, zone=case.zone, rules=rules)
    if not action.joined or case.meeting.walking is not Walking.RESTING or now >= later.starts_at:
        return Decision(saves=(later,))
    gathered = replace(later, walking=Walking.FREEZING, reached=0)
    return Decision(saves=(gathered,), events=(_event("meeting.joined", case.meeting),))


def _event(name: str, meeting: Meeting, **data: int) -> Event:
    return Event(name, "meeting", meeting.id, data, unit_id=meeting.unit_id)


# --- what was decided -------------------------------------------------------------------------------------------------------


def followup_looks(followup: Followup, *, zone: str, rules: Rulebook) -> tuple[datetime, datetime]:
    """In the morning of the last day, and in the morning after it."""
    place, at = _zone(zone, rules), rules.meetings.remind_at
    first, second = (
        datetime.combine(followup.due_on + timedelta(days=days), at, place).astimezone(UTC) for days in (0, 1)
    )
    return first, second


def next_followup_look(followup: Followup, *, now: datetime, zone: str, rules: Rulebook) -> Followup:
    """The follow-up with the next time at which the clock has to look at it."""
    first, second = followup_looks(followup, zone=zone, rules=rules)
    if followup.done_at is not None or followup.told >= len((first, second)):
        return replace(followup, next_at=None)
    if followup.told == 0 and now < first:
        return replace(followup, next_at=first)
    return replace(followup, told=1, next_at=second)


def look_at_followup(
    case: FollowupCase, action: LookAtFollowup, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """On the last day its owner hears of it; once it is late, who keeps the list as well."""
    followup = case.followup
    if followup.done_at is not None or followup.next_at is None or now < followup.next_at:
        return Decision()
    if (awake := _awake(now, _zone(case.zone, rules), rules)) > now:
        return Decision(saves=(replace(followup, next_at=awake),))
    _, second = followup_looks(followup, zone=case.zone, rules=rules)
    late = now >= second
    told = replace(followup, told=2 if late else 1, next_at=None if late else second)
    kind = LATE if late else DUE
    notices = [Notice(ToPerson(followup.owner_id), kind, followup.id, lane=Lane.REMINDER)]
    if late and case.meeting.author_id != followup.owner_id:
        notices.append(Notice(ToPerson(case.meeting.author_id), kind, followup.id, lane=Lane.REMINDER))
    return Decision(
        saves=(told,),
        events=(_event("meeting.followup_reminded", case.meeting, number=told.told),),
        notices=tuple(notices),
        refreshes=(Refresh(CARD, case.meeting.id),) if late else (),
    )


# --- what a unit owes -------------------------------------------------------------------------------------------------------


def look_at_duty(
    case: DutyCase, action: LookAtDuty, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """What is missing near the end of a period, or was missing in the one before, is said once to who leads the unit."""
    zone = ZoneInfo(rules.time_zone)
    look = look_on(now.astimezone(zone).date())
    if look is None or case.told >= look.stamp:
        return Decision()
    days = [(kind, moment.astimezone(zone).date()) for kind, moment in case.planned]
    owed = owed_at(case.unit_kind, rules.meetings.duties, days, periods=look.periods, since=case.since)
    missing = sum(not one.count for one in owed)
    if not missing:
        return Decision(sweeps=(NoteDuty(case.unit_id, look.stamp),))
    roles = (Role.LEADER, Role.SECRETARY) if case.unit_kind == "building" else (Role.SECRETARY,)
    return Decision(
        sweeps=(NoteDuty(case.unit_id, look.stamp),),
        events=(Event("meeting.missed", "unit", case.unit_id, {"count": missing}, unit_id=case.unit_id),),
        notices=(
            Notice(
                ToResponsible(case.unit_id, roles),
                DUTY,
                case.unit_id,
                {"last": look.last.isoformat(), "over": look.over},
                lane=Lane.REMINDER,
            ),
        ),
    )
