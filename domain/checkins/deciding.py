"""What the secretary decides, and what the clock does: approve, ask back, remind, let lapse.

Source: docs/rules.md §2.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.base import (
    Actor,
    Content,
    Decision,
    Notice,
    Purpose,
    Refused,
    Remark,
    Role,
    Skills,
    ToPerson,
    says_something,
)
from domain.checkins.shapes import (
    ApproveCheckIn,
    Checkin,
    CheckinCase,
    CheckinState,
    LapseCheckIn,
    RemindCheckIn,
    ReturnCheckIn,
)
from domain.checkins.shared import cards, ended, event_of, reminder_due, to_secretary, unlimited, valid
from domain.clocks import add_months, local_day
from domain.lanes import Lane
from domain.people import Appointment, menu_of
from domain.rulebook import Rulebook


def _asked(case: CheckinCase, version: int) -> Checkin:
    """The check-in that waits, as it was read. Refuses one that was decided on or has changed."""
    checkin = case.checkin
    if checkin is None or checkin.state is not CheckinState.ASKED:
        raise Refused("checkin.not_now")
    if checkin.version != version:
        raise Refused("checkin.has_changed")
    return checkin


def approve(
    case: CheckinCase, action: ApproveCheckIn, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """A member from now on. Who was one there already, by import or grant, keeps that appointment.

    Source: docs/rules.md §2.
    """
    asked = _asked(case, action.version)
    if case.person.erased_at or case.person.merged_into_id:
        raise Refused("checkin.not_now")
    if case.person.suspended:
        raise Refused("checkin.person_suspended")
    if not case.home_path.startswith(case.path):
        raise Refused("checkin.moved_away")
    today, serving = local_day(now, rules), case.serving(now)
    # A renewal begins where the term before it ends.
    begins = max(today, asked.valid_until or today) if serving else today
    held = [one for one in case.appointments if one.unit_id == asked.unit_id and one.in_force(now)]
    kept = serving if serving in held else held[0] if held else None
    appointment = kept or Appointment(
        case.new_appointment_id,
        0,
        person_id=asked.person_id,
        role=Role.MEMBER,
        unit_id=asked.unit_id,
        starts_at=now,
        granted_by=actor.person_id or None,
    )
    known = tuple(code for code in asked.skills if rules.skill(code))
    approved = replace(
        valid(asked, until=add_months(begins, rules.checkin_months), today=today),
        skills=known,
        decided_at=now,
        decided_by=actor.person_id or None,
        appointment_id=appointment.id,
    )
    return Decision(
        saves=(
            *(unlimited(kept, asked, rules) if kept else (appointment,)),
            approved,
            # Asked anew for another unit: one is a member by check-in at one of them.
            *((ended(serving, now),) if serving and serving is not appointment else ()),
        ),
        events=(event_of("checkin.approved", approved, appointment_id=appointment.id),),
        skills=(Skills(approved.person_id, known),),
        notices=(
            Notice(ToPerson(approved.person_id), "checkin.approved", approved.id),
            menu_of(case.person),
        ),
        refreshes=cards(approved),
        result={"checkin_id": approved.id},
    )


def send_back(
    case: CheckinCase, action: ReturnCheckIn, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The person answers by sending the form once more, filled in as it was."""
    asked = _asked(case, action.version)
    question = action.question.strip()
    if not says_something(question):
        raise Refused("form.words_needed")
    returned = replace(asked, state=CheckinState.RETURNED, decided_at=now, decided_by=actor.person_id or None)
    return Decision(
        saves=(returned,),
        events=(event_of("checkin.returned", returned),),
        remarks=(
            Remark("checkin", returned.id, Purpose.QUESTION, actor.person_id, Content("text", question)),
        ),
        notices=(Notice(ToPerson(returned.person_id), "checkin.returned", returned.id),),
        refreshes=cards(returned),
        result={"checkin_id": returned.id},
    )


def remind(
    case: CheckinCase, action: RemindCheckIn, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Once for each span. Changes nothing where none is owed."""
    checkin, today = case.checkin, local_day(now, rules)
    if checkin is None or not reminder_due(checkin, today=today):
        return Decision()
    if case.serving(now) is None:
        return _lapsed_quietly(checkin)
    reminded = replace(checkin, reminded_on=today)
    return Decision(
        saves=(reminded,),
        events=(event_of("checkin.reminded", reminded),),
        notices=(Notice(ToPerson(reminded.person_id), "checkin.ending", reminded.id, lane=Lane.REMINDER),),
    )


def lapse(
    case: CheckinCase, action: LapseCheckIn, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The appointment ends with it; claims stay with the person until they are finished."""
    checkin, serving = case.checkin, case.serving(now)
    if checkin is None or checkin.state is not CheckinState.APPROVED or checkin.valid_until is None:
        return Decision()
    if local_day(now, rules) <= checkin.valid_until:
        return Decision()
    if serving is None:
        return _lapsed_quietly(checkin)
    lapsed = replace(checkin, state=CheckinState.LAPSED, decided_at=now)
    return Decision(
        saves=(lapsed, ended(serving, now)),
        events=(event_of("checkin.lapsed", lapsed),),
        skills=(Skills(lapsed.person_id, ()),),
        notices=(
            Notice(
                ToPerson(lapsed.person_id),
                "checkin.lapsed",
                lapsed.id,
                {"count": case.at_work},
                lane=Lane.REMINDER,
            ),
            menu_of(case.person),
            to_secretary(lapsed, "checkin.lapsed_member", lane=Lane.REMINDER, pairs=case.pairings),
        ),
        refreshes=cards(lapsed),
    )


def _lapsed_quietly(checkin: Checkin) -> Decision:
    """The appointment was ended by somebody, who has said so already."""
    lapsed = replace(checkin, state=CheckinState.LAPSED)
    return Decision(
        saves=(lapsed,),
        events=(event_of("checkin.lapsed", lapsed),),
        skills=(Skills(lapsed.person_id, ()),),
        refreshes=cards(lapsed),
    )
