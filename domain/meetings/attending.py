"""Taking part: answering an invitation, and checking in on the spot. Source: docs/rules.md §9."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

from domain.base import Actor, Decision, Refresh, Refused, says_something
from domain.meetings.codes import is_code
from domain.meetings.planning import closes_at, event_of, opens_at, planned
from domain.meetings.shapes import (
    CARD,
    CODE_GRACE,
    MAX_REASON,
    Answer,
    AnswerMeeting,
    CheckInMeeting,
    Guest,
    GuestCase,
    Meeting,
    MeetingState,
    Presence,
    PutGuest,
)
from domain.rulebook import Rulebook

_EARTH = 6_371_000
"""Its radius in metres."""


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """How far two points lie apart, each as latitude and longitude in degrees: the haversine formula on a globe.

    >>> round(metres_between((31.2304, 121.4737), (31.2313, 121.4737)))
    100
    """
    lat_1, lon_1, lat_2, lon_2 = map(radians, (*one, *other))
    half = sin((lat_2 - lat_1) / 2) ** 2 + cos(lat_1) * cos(lat_2) * sin((lon_2 - lon_1) / 2) ** 2
    return 2 * _EARTH * asin(sqrt(half))


def answer(
    case: GuestCase, action: AnswerMeeting, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The last answer counts, until it begins. One to a time that has been changed counts for nothing."""
    meeting, guest = planned(case.meeting), case.guest
    if now >= meeting.starts_at:
        raise Refused("meeting.too_late")
    if action.edition != meeting.asked:
        raise Refused("meeting.was_moved")
    reason = action.reason.strip()
    if not action.coming and not says_something(reason):
        raise Refused("form.words_needed")
    if len(reason) > MAX_REASON:
        raise Refused("request.too_long", most=MAX_REASON)
    given = replace(
        guest,
        answer=Answer.COMING if action.coming else Answer.LEAVE,
        edition=meeting.asked,
        reason="" if action.coming else reason,
    )
    if given == guest:
        return Decision()
    name = "meeting.answered" if action.coming else "meeting.leave_taken"
    return Decision(
        sweeps=(PutGuest(given),),
        events=(event_of(name, meeting),),
        refreshes=(Refresh(CARD, meeting.id),),
    )


def may_check_in(meeting: Meeting, guest: Guest, *, now: datetime, rules: Rulebook) -> None:
    """Refuses with the reason: it is not the time, or there is nothing more to do."""
    if guest.checked_in_at is not None:
        clock = guest.checked_in_at.astimezone(ZoneInfo(rules.time_zone))
        raise Refused("meeting.checked_in_already", at=f"{clock:%H:%M}")
    if meeting.state is not MeetingState.PLANNED:
        raise Refused("meeting.over")
    if guest.presence is Presence.STRUCK:
        raise Refused("meeting.you_were_struck")
    if now < opens_at(meeting, rules):
        opens = opens_at(meeting, rules).astimezone(ZoneInfo(rules.time_zone))
        raise Refused("meeting.too_early", month=opens.month, day=opens.day, at=f"{opens:%H:%M}")
    if now > closes_at(meeting, rules):
        raise Refused("meeting.checkin_over")


def asks_place(meeting: Meeting, rules: Rulebook) -> bool:
    """Whether who checks in shows where they are: where that is wanted, and somebody has said where it is."""
    return rules.meetings.ask_place and meeting.latitude is not None


def check_in(
    case: GuestCase, action: CheckInMeeting, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """By the code of the moment at which it was typed; where they are may be shown a little later."""
    meeting, guest = case.meeting, case.guest
    may_check_in(meeting, guest, now=now, rules=rules)
    if not is_code(meeting.secret, action.code, action.seen_at) or not (
        now - CODE_GRACE <= action.seen_at <= now
    ):
        raise Refused("meeting.code_wrong")
    if asks_place(meeting, rules):
        if action.latitude is None or action.longitude is None:
            raise Refused("meeting.place_needed")
        here = (action.latitude, action.longitude)
        there = (meeting.latitude or 0.0, meeting.longitude or 0.0)
        if metres_between(here, there) > rules.meetings.place_metres:
            raise Refused("meeting.far_away", count=rules.meetings.place_metres)
    there_now = replace(guest, checked_in_at=now, presence=Presence.CODE)
    return Decision(
        sweeps=(PutGuest(there_now),),
        events=(event_of("meeting.checked_in", meeting),),
        refreshes=(Refresh(CARD, meeting.id),),
    )
