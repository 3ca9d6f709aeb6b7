"""Putting right what was written of a meeting: its words before it has ended, its list after it was closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.base import (
    NOT_FOUND,
    Actor,
    Content,
    Decision,
    Earning,
    Notice,
    Purpose,
    Refresh,
    Refused,
    Remark,
    ToPerson,
    says_something,
)
from domain.lanes import Lane
from domain.meetings.planning import check_words, event_of, planned, saved
from domain.meetings.shapes import (
    AMEND_DAYS,
    CARD,
    EARNS,
    MAX_REASON,
    MINE,
    AmendList,
    CorrectMeeting,
    Meeting,
    MeetingCase,
    MeetingState,
    Presence,
    PutGuest,
    TurnEarning,
    Walking,
)
from domain.points import LEDGER_STOPPED
from domain.rulebook import Rulebook

LIST = "attendance"
"""What the reasons for changing a closed list are remarks about: not the meeting, whose remarks are its minutes."""


def correct(
    case: MeetingCase, action: CorrectMeeting, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Until it has ended. Of another topic or place everybody who knows of it is told; another agenda they find there."""
    meeting = planned(case.meeting)
    if now >= meeting.ends_at:
        raise Refused("meeting.over")
    words = {
        name: value.strip()
        for name in ("topic", "place", "agenda")
        if (value := getattr(action, name)) is not None
    }
    changed = replace(meeting, **words)
    check_words(changed.topic, changed.place, changed.agenda)
    if changed == meeting:
        raise Refused("meeting.same_words")
    if changed.place != meeting.place:
        # What was pinned was the former place.
        changed = replace(changed, latitude=None, longitude=None)
    if (changed.topic, changed.place) != (meeting.topic, meeting.place):
        changed = replace(changed, edition=meeting.edition + 1, walking=Walking.FREEZING, reached=0)
    return saved(changed, "meeting.corrected")


def may_amend(meeting: Meeting, *, now: datetime, rules: Rulebook) -> bool:
    """Whether the list of a meeting that was held can be changed: while it is on this year's sheet, or was closed lately."""
    if meeting.state is not MeetingState.HELD or meeting.closed_at is None:
        return False
    zone = ZoneInfo(rules.time_zone)
    this_year = meeting.starts_at.astimezone(zone).year == now.astimezone(zone).year
    return this_year or now <= meeting.closed_at + timedelta(days=AMEND_DAYS)


def amend(case: MeetingCase, action: AmendList, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """With a reason, which is kept; who it is about is told, and what they have earned follows."""
    meeting, guest = case.meeting, case.guest
    if guest is None:
        raise Refused(NOT_FOUND)
    if not may_amend(meeting, now=now, rules=rules):
        raise Refused("meeting.list_fixed")
    if (guest.checked_in_at is not None) is action.here:
        return Decision()
    reason = action.reason.strip()
    if not says_something(reason):
        raise Refused("form.words_needed")
    if len(reason) > MAX_REASON:
        raise Refused("request.too_long", most=MAX_REASON)
    changed = (
        replace(guest, checked_in_at=now, presence=Presence.HAND)
        if action.here
        else replace(guest, checked_in_at=None, presence=Presence.STRUCK)
    )
    turns, earnings = _points(case, here=action.here, now=now, rules=rules)
    # What waits to be posted is dropped without a posting.
    if case.stopped and turns and case.earned is not None and case.earned.amount is not None:
        raise Refused(LEDGER_STOPPED)
    name = "meeting.ticked_late" if action.here else "meeting.struck_late"
    note = "meeting.amended_here" if action.here else "meeting.amended_away"
    return Decision(
        sweeps=(PutGuest(changed), *turns),
        events=(event_of(name, meeting, person_id=guest.person_id, turned=bool(turns)),),
        remarks=(Remark(LIST, meeting.id, Purpose.AMENDMENT, actor.person_id, Content("text", reason)),),
        earnings=earnings,
        notices=(
            Notice(
                ToPerson(guest.person_id), MINE, meeting.id, {"note": note}, lane=Lane.REMINDER, card=True
            ),
        ),
        refreshes=(Refresh(CARD, meeting.id),),
    )


def _points(
    case: MeetingCase, *, here: bool, now: datetime, rules: Rulebook
) -> tuple[tuple[TurnEarning, ...], tuple[Earning, ...]]:
    """What is turned in the ledger, and what is newly earned: who has not been walked past yet is credited, or not, then."""
    meeting, guest, earned = case.meeting, case.guest, case.earned
    if guest is None or (meeting.walking is Walking.CREDITING and guest.person_id > meeting.reached):
        return (), ()
    turn = TurnEarning(meeting.id, guest.person_id, rules.points.version, now)
    if not here:
        return ((turn,) if earned is not None and earned.amount != 0 else ()), ()
    if earned is None:
        return (), (earning_of(meeting, guest.person_id, rules),) if rules.meetings.points else ()
    return ((turn,) if earned.amount == 0 else ()), ()


def earning_of(meeting: Meeting, person_id: int, rules: Rulebook) -> Earning:
    """What somebody earns who was there."""
    return Earning(
        person_id=person_id,
        source_kind=EARNS,
        source_id=meeting.id,
        kind=EARNS,
        minutes=meeting.minutes,
        weight=0,
        factor=100,
        amount=rules.meetings.points,
        rulebook=rules.points.version,
    )
