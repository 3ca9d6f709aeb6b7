"""Planning a meeting, moving it, calling it off, keeping the list of who is there, and closing it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.base import (
    NOT_FOUND,
    Actor,
    Decision,
    Event,
    Notice,
    Refresh,
    Refused,
    Scalar,
    ToPerson,
    says_something,
)
from domain.lanes import Lane
from domain.meetings.reminding import next_look
from domain.meetings.shapes import (
    CARD,
    HELD_AT,
    MAX_AGENDA,
    MAX_AHEAD,
    MAX_BACK,
    MAX_PLACE,
    MAX_TOPIC,
    MINE,
    CancelMeeting,
    CloseMeeting,
    Meeting,
    MeetingCase,
    MeetingState,
    MoveMeeting,
    NewMeetingCase,
    PinPlace,
    PlanMeeting,
    Presence,
    PutGuest,
    TickGuest,
    Walking,
)
from domain.rulebook import Rulebook


def event_of(name: str, meeting: Meeting, **data: Scalar) -> Event:
    """A fact about a meeting."""
    return Event(name, "meeting", meeting.id, data, unit_id=meeting.unit_id)


def saved(meeting: Meeting, name: str, **data: Scalar) -> Decision:
    """The meeting as it is from now on."""
    return Decision(
        saves=(meeting,), events=(event_of(name, meeting, **data),), refreshes=(Refresh(CARD, meeting.id),)
    )


def planned(meeting: Meeting) -> Meeting:
    """The meeting, which is still to come or under way. Refuses one that is over or called off."""
    if meeting.state is not MeetingState.PLANNED:
        raise Refused("meeting.over")
    return meeting


def opens_at(meeting: Meeting, rules: Rulebook) -> datetime:
    """From when on people may check in."""
    return meeting.starts_at - timedelta(minutes=rules.meetings.checkin_opens_minutes_before)


def closes_at(meeting: Meeting, rules: Rulebook) -> datetime:
    """Until when they may."""
    return meeting.ends_at + timedelta(minutes=rules.meetings.checkin_closes_minutes_after)


def check_time(starts_at: datetime, now: datetime, *, back: timedelta = timedelta(0)) -> None:
    """Refuses a time that is over since longer than ``back``, or too far away."""
    if starts_at <= now - back:
        raise Refused("meeting.time_past")
    if starts_at > now + MAX_AHEAD:
        raise Refused("meeting.time_far")


def check_kind(unit_kind: str, kind: str) -> None:
    """Refuses a meeting that a unit of this kind does not hold."""
    if kind not in HELD_AT.get(unit_kind, ()):
        raise Refused("meeting.not_held_here")


def check_words(topic: str, place: str, agenda: str) -> None:
    """Refuses a meeting that says not what it is about or where, and what is too long."""
    if not (says_something(topic) and says_something(place)):
        raise Refused("form.words_needed")
    for words, most in ((topic, MAX_TOPIC), (place, MAX_PLACE), (agenda, MAX_AGENDA)):
        if len(words) > most:
            raise Refused("request.too_long", most=most)


def plan(
    case: NewMeetingCase, action: PlanMeeting, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """It is planned at once; its people are written down and invited in the steps of the clock."""
    check_kind(case.unit_kind, action.kind)
    check_words(action.topic, action.place, action.agenda)
    check_time(action.starts_at, now, back=MAX_BACK)
    if not case.somebody:
        raise Refused("meeting.nobody")
    meeting = Meeting(
        case.new_id,
        0,
        author_id=actor.person_id,
        unit_id=action.unit_id,
        kind=action.kind,
        state=MeetingState.PLANNED,
        topic=action.topic,
        place=action.place,
        starts_at=action.starts_at,
        minutes=rules.meetings.usual_minutes,
        created_at=now,
        secret=case.secret,
        agenda=action.agenda,
    )
    meeting = next_look(meeting, now=now, zone=case.zone, rules=rules)
    return Decision(
        saves=(meeting,),
        events=(event_of("meeting.planned", meeting),),
        notices=(Notice(ToPerson(actor.person_id), CARD, meeting.id, lane=Lane.PERSON, card=True),),
        result={"meeting_id": meeting.id},
    )


def move(case: MeetingCase, action: MoveMeeting, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Until people may check in. Who was written down meanwhile for the old time is asked for the new one."""
    meeting = planned(case.meeting)
    if now >= opens_at(meeting, rules):
        raise Refused("meeting.begun")
    check_time(action.starts_at, now)
    if len(action.place) > MAX_PLACE:
        raise Refused("request.too_long", most=MAX_PLACE)
    elsewhere = bool(action.place) and action.place != meeting.place
    if action.starts_at == meeting.starts_at and not elsewhere:
        raise Refused("meeting.same_time")
    moved = replace(
        meeting,
        starts_at=action.starts_at,
        place=action.place or meeting.place,
        # What was pinned was the former place.
        latitude=None if elsewhere else meeting.latitude,
        longitude=None if elsewhere else meeting.longitude,
        was_at=meeting.starts_at,
        was_place=meeting.place,
        edition=meeting.edition + 1,
        asked=meeting.edition + 1,
        walking=Walking.FREEZING,
        reached=0,
        reminded=0,
    )
    moved = next_look(moved, now=now, zone=case.zone, rules=rules)
    return saved(moved, "meeting.moved")


def cancel(
    case: MeetingCase, action: CancelMeeting, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Also when it should have been held already and was not."""
    meeting = planned(case.meeting)
    cancelled = replace(
        meeting,
        state=MeetingState.CANCELLED,
        edition=meeting.edition + 1,
        walking=Walking.TELLING,
        reached=0,
        next_at=None,
        closed_at=now,
    )
    return saved(cancelled, "meeting.cancelled")


def pin(case: MeetingCase, action: PinPlace, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The last pin counts."""
    meeting = planned(case.meeting)
    if not (-90 <= action.latitude <= 90 and -180 <= action.longitude <= 180):
        raise Refused(NOT_FOUND)
    return saved(replace(meeting, latitude=action.latitude, longitude=action.longitude), "meeting.pinned")


def tick(case: MeetingCase, action: TickGuest, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """By hand: for who has no telephone with them, and against a code that was read to somebody elsewhere."""
    meeting, guest = planned(case.meeting), case.guest
    if guest is None:
        raise Refused(NOT_FOUND)
    if now < opens_at(meeting, rules):
        raise Refused("meeting.not_yet")
    if (guest.checked_in_at is not None) is action.here:
        return Decision()
    changed = (
        replace(guest, checked_in_at=now, presence=Presence.HAND)
        if action.here
        else replace(guest, checked_in_at=None, presence=Presence.STRUCK)
    )
    name = "meeting.ticked" if action.here else "meeting.struck"
    return Decision(
        sweeps=(PutGuest(changed),),
        events=(event_of(name, meeting, person_id=guest.person_id),),
        # Who it is about finds it on their card; no message says so.
        refreshes=(Refresh(CARD, meeting.id), Refresh(MINE, meeting.id, guest.person_id)),
    )


def close(
    case: MeetingCase, action: CloseMeeting, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """From its beginning on. Who was there is credited in the steps of the clock."""
    meeting = planned(case.meeting)
    if now < meeting.starts_at:
        raise Refused("meeting.not_yet")
    closed = replace(
        meeting,
        state=MeetingState.HELD,
        walking=Walking.CREDITING if rules.meetings.points else Walking.RESTING,
        reached=0,
        next_at=None,
        closed_at=now,
    )
    return saved(closed, "meeting.held")
