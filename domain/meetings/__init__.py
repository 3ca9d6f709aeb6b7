"""Meetings: planned, answered, checked in to, minuted, followed up, and counted against what a branch owes in a year.

Knows what may follow what. Writing down who is invited and telling them is ``storage/invitations.py``'s. Source:
docs/rules.md §9.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision
from domain.meetings import amending, attending, following, planning, reminding
from domain.meetings.shapes import (
    AddFollowup,
    AmendList,
    AnswerMeeting,
    CancelMeeting,
    CheckInMeeting,
    CloseMeeting,
    CorrectMeeting,
    FinishFollowup,
    KeepMinutes,
    LookAtDuty,
    LookAtFollowup,
    LookAtMeeting,
    MoveMeeting,
    PinPlace,
    PlanMeeting,
    SettleFollowup,
    TickGuest,
)

DECIDE: dict[type[Action], Callable[..., Decision]] = {
    PlanMeeting: planning.plan,
    MoveMeeting: planning.move,
    CorrectMeeting: amending.correct,
    CancelMeeting: planning.cancel,
    PinPlace: planning.pin,
    TickGuest: planning.tick,
    CloseMeeting: planning.close,
    AmendList: amending.amend,
    AnswerMeeting: attending.answer,
    CheckInMeeting: attending.check_in,
    KeepMinutes: following.keep_minutes,
    AddFollowup: following.add,
    SettleFollowup: following.finish,
    FinishFollowup: following.finish,
    LookAtMeeting: reminding.look_at_meeting,
    LookAtFollowup: reminding.look_at_followup,
    LookAtDuty: reminding.look_at_duty,
}
