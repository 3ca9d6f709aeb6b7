"""What is kept of a meeting: its minutes, and what was decided, with who does it by when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.base import (
    NOT_FOUND,
    Actor,
    Decision,
    Notice,
    Purpose,
    Refresh,
    Refused,
    Remark,
    ToPerson,
    says_something,
)
from domain.meetings.planning import event_of
from domain.meetings.reminding import next_followup_look
from domain.meetings.shapes import (
    CARD,
    FINISHED,
    FOLLOWS,
    GIVEN,
    MAX_AHEAD,
    MAX_FOLLOWUP,
    MOST_FOLLOWUPS,
    AddFollowup,
    FinishFollowup,
    Followup,
    FollowupCase,
    KeepMinutes,
    Meeting,
    MeetingCase,
    MeetingState,
    SettleFollowup,
)
from domain.requests import checked_contents
from domain.rulebook import Rulebook

KIND = "meeting"
"""What minutes are remarks about."""


def begun(meeting: Meeting, now: datetime) -> Meeting:
    """The meeting, which has begun or is over. Refuses one that is to come, or was called off."""
    if meeting.state is MeetingState.CANCELLED:
        raise Refused("meeting.over")
    if now < meeting.starts_at:
        raise Refused("meeting.not_yet")
    return meeting


def keep_minutes(
    case: MeetingCase, action: KeepMinutes, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Whatever is sent comes after what there is; nothing that was kept is changed."""
    meeting = begun(case.meeting, now)
    checked_contents(action.contents)
    if not action.contents:
        raise Refused("form.words_needed")
    return Decision(
        events=(event_of("meeting.minuted", meeting, parts=len(action.contents)),),
        remarks=tuple(
            Remark(KIND, meeting.id, Purpose.MINUTES, actor.person_id, content) for content in action.contents
        ),
        refreshes=(Refresh(CARD, meeting.id),),
    )


def add(case: MeetingCase, action: AddFollowup, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """For one of those who were invited, who hears of it at once."""
    meeting = begun(case.meeting, now)
    if case.guest is None:
        raise Refused(NOT_FOUND)
    if not says_something(action.what):
        raise Refused("form.words_needed")
    if len(action.what) > MAX_FOLLOWUP:
        raise Refused("request.too_long", most=MAX_FOLLOWUP)
    today = now.astimezone(ZoneInfo(case.zone or rules.time_zone)).date()
    if not today <= action.due_on <= today + MAX_AHEAD:
        raise Refused("form.day_wrong")
    if case.followups >= MOST_FOLLOWUPS:
        raise Refused("followup.too_many", most=MOST_FOLLOWUPS)
    followup = Followup(
        case.new_id,
        0,
        meeting_id=meeting.id,
        owner_id=action.owner_id,
        author_id=actor.person_id,
        what=action.what,
        due_on=action.due_on,
        created_at=now,
    )
    followup = next_followup_look(followup, now=now, zone=case.zone, rules=rules)
    return Decision(
        saves=(followup,),
        events=(event_of("meeting.decided", meeting, person_id=action.owner_id),),
        notices=(Notice(ToPerson(action.owner_id), GIVEN, followup.id),),
        refreshes=(Refresh(CARD, meeting.id), Refresh(FOLLOWS, meeting.id)),
        result={"followup_id": followup.id},
    )


def finish(
    case: FollowupCase,
    action: FinishFollowup | SettleFollowup,
    *,
    actor: Actor,
    now: datetime,
    rules: Rulebook,
) -> Decision:
    """Once; pressed again it stays as it is. Who planned the meeting hears of it, unless they say so themselves."""
    author = case.meeting.author_id
    if case.followup.done_at is not None:
        raise Refused("followup.done_already")
    return Decision(
        saves=(replace(case.followup, done_at=now, next_at=None),),
        events=(event_of("meeting.followup_done", case.meeting),),
        notices=() if author == actor.person_id else (Notice(ToPerson(author), FINISHED, case.followup.id),),
        refreshes=(Refresh(CARD, case.meeting.id), Refresh(FOLLOWS, case.meeting.id)),
    )
