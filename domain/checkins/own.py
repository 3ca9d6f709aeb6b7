"""The member's own steps: asking, taking back, putting right, renewing, leaving, handing in the branch's paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.base import (
    NOT_FOUND,
    Actor,
    Decision,
    Entity,
    Purpose,
    Refused,
    Remark,
    Role,
    Skills,
    says_something,
)
from domain.checkins.shapes import (
    MAX_BRANCH,
    MAX_PAPERS,
    RENEWAL_OPENS,
    UNDER_WAY,
    AskCheckIn,
    ChangeCheckIn,
    Checkin,
    CheckinCase,
    CheckinState,
    KeepConfirmation,
    LeaveCheckIn,
    RenewCheckIn,
    WithdrawCheckIn,
)
from domain.checkins.shared import cards, ended, event_of, to_secretary, unlimited, valid
from domain.clocks import add_months, end_of_day, local_day
from domain.people import Appointment, menu_of
from domain.rulebook import Rulebook
from domain.spare_time import SLOTS
from domain.tasks import Claim, ClaimState, Work, given_back


def ask(case: CheckinCase, action: AskCheckIn, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Waits for the secretary. A membership that has ended meanwhile, by whatever cause, does not stand in the way."""
    former = case.checkin
    if former is not None and former.state is CheckinState.ASKED:
        raise Refused("checkin.waiting")
    if former is not None and former.state is CheckinState.APPROVED and case.serving(now):
        raise Refused("checkin.already")
    if action.unit_id not in case.units:
        raise Refused("checkin.unit_wrong")
    kept = former if former is not None and case.serving(now) else None
    asked = Checkin(
        id=former.id if former else case.new_id,
        version=former.version if former else 0,
        person_id=case.person.id,
        unit_id=action.unit_id,
        state=CheckinState.ASKED,
        branch=_branch(action.branch),
        skills=_skills(action.skills, rules),
        free=_free(action.free),
        asked_at=now,
        valid_until=kept.valid_until if kept else None,
        appointment_id=kept.appointment_id if kept else None,
        joined_on=former.joined_on if former else None,
    )
    return Decision(
        saves=(asked,),
        events=(event_of("checkin.asked", asked),),
        notices=(to_secretary(asked, "checkin.card", card=True),),
        refreshes=cards(asked),
        result={"checkin_id": asked.id},
    )


def _branch(words: str) -> str:
    branch = words.strip()
    if len(branch) > MAX_BRANCH or (branch and not says_something(branch)):
        raise Refused("checkin.branch_wrong", most=MAX_BRANCH)
    return branch


def _skills(codes: tuple[str, ...], rules: Rulebook) -> tuple[str, ...]:
    if any(rules.skill(code) is None for code in codes):
        raise Refused("checkin.skill_unknown")
    return tuple(skill.code for skill in rules.skills if skill.code in codes)


def _free(slots: tuple[str, ...]) -> tuple[str, ...]:
    if not frozenset(slots) <= frozenset(SLOTS):
        raise Refused(NOT_FOUND)
    return tuple(slot for slot in SLOTS if slot in slots)


def withdraw(
    case: CheckinCase, action: WithdrawCheckIn, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """A renewal that is taken back leaves the membership as long as it was to last anyway."""
    checkin = case.checkin
    if checkin is None or checkin.state not in (CheckinState.ASKED, CheckinState.RETURNED):
        raise Refused("checkin.nothing_waits")
    serving = case.serving(now)
    if serving is None:
        after = replace(checkin, state=CheckinState.WITHDRAWN)
        saves: tuple[Entity, ...] = (after,)
    else:
        after = replace(checkin, state=CheckinState.APPROVED, unit_id=serving.unit_id)
        saves = (after, *unlimited(serving, checkin, rules))
    return Decision(
        saves=saves,
        events=(event_of("checkin.withdrawn", after),),
        skills=(Skills(after.person_id, after.skills),) if serving else (),
        refreshes=cards(after),
        result={"checkin_id": after.id},
    )


def _current(case: CheckinCase, now: datetime) -> tuple[Checkin, Appointment]:
    """The check-in in force and its appointment. Refuses when there is none."""
    serving = case.serving(now)
    if case.checkin is None or case.checkin.state is not CheckinState.APPROVED or serving is None:
        raise Refused("checkin.not_in_force")
    return case.checkin, serving


def change(
    case: CheckinCase, action: ChangeCheckIn, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The secretary is not asked."""
    checkin, _ = _current(case, now)
    after = replace(
        checkin,
        branch=checkin.branch if action.branch is None else _branch(action.branch),
        skills=checkin.skills if action.skills is None else _skills(action.skills, rules),
        free=checkin.free if action.free is None else _free(action.free),
    )
    return Decision(
        saves=(after,),
        events=(event_of("checkin.changed", after),),
        skills=(Skills(after.person_id, after.skills),) if action.skills is not None else (),
        refreshes=cards(after),
        result={"checkin_id": after.id},
    )


def renew(
    case: CheckinCase, action: RenewCheckIn, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """With the same branch the secretary is only told. With another one they approve, and until then the membership
    goes on to the day it was to end on."""
    checkin, serving = _current(case, now)
    today = local_day(now, rules)
    until = checkin.valid_until or today
    if today < until - RENEWAL_OPENS:
        raise Refused("checkin.renew_early", count=(until - RENEWAL_OPENS - today).days)
    if not case.home_path.startswith(case.path):
        raise Refused("checkin.moved_yourself")
    branch = _branch(action.branch)
    if branch == checkin.branch:
        after = valid(checkin, until=add_months(until, rules.checkin_months), today=today)
        return Decision(
            saves=(after,),
            events=(event_of("checkin.renewed", after),),
            notices=(to_secretary(after, "checkin.renewed"),),
            refreshes=cards(after),
            result={"checkin_id": after.id},
        )
    asked = replace(checkin, state=CheckinState.ASKED, branch=branch, asked_at=now)
    limited = () if serving.ends_at else (replace(serving, ends_at=max(now, end_of_day(until, rules))),)
    return Decision(
        saves=(asked, *limited),
        events=(event_of("checkin.asked", asked),),
        notices=(to_secretary(asked, "checkin.card", card=True),),
        refreshes=cards(asked),
        result={"checkin_id": asked.id},
    )


def leave(
    case: CheckinCase, action: LeaveCheckIn, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Work that has begun is to be handed back first; what was only claimed goes back into the pool by itself.

    Whoever holds another role that helps keeps what they have claimed.
    """
    checkin, serving = case.checkin, case.serving(now)
    if checkin is None or serving is None:
        raise Refused("checkin.not_in_force")
    given: tuple[Decision, ...] = ()
    if not _helps_otherwise(actor, checkin):
        claims = [(work, held) for work in case.works if (held := work.held_by(actor.person_id))]
        begun = sum(_keeps(work, held, rules) for work, held in claims)
        if begun:
            raise Refused("checkin.tasks_open", count=begun)
        given = tuple(
            given_back(work, held, name=actor.name, now=now)
            for work, held in claims
            if held.state is ClaimState.CLAIMED
        )
    left = replace(checkin, state=CheckinState.LEFT, decided_at=now)
    return Decision(
        saves=(left, ended(serving, now), *(save for one in given for save in one.saves)),
        events=(
            event_of("checkin.left", left, tasks=len(given)),
            *(event for one in given for event in one.events),
        ),
        skills=(Skills(left.person_id, ()),),
        notices=(
            menu_of(case.person),
            to_secretary(left, "checkin.left", pairs=case.pairings),
            *(notice for one in given for notice in one.notices),
        ),
        refreshes=(*cards(left), *(refresh for one in given for refresh in one.refreshes)),
        result={"checkin_id": left.id},
    )


def _helps_otherwise(actor: Actor, checkin: Checkin) -> bool:
    return any(
        held.role in (Role.LEADER, Role.SECRETARY)
        or (held.role is Role.MEMBER and held.unit_id != checkin.unit_id)
        for held in actor.held
    )


def _keeps(work: Work, held: Claim, rules: Rulebook) -> bool:
    """Whether the work has begun, or is about staff: given back, that would be offered to those it is about."""
    category = rules.category(work.task.category)
    return held.state in (ClaimState.STARTED, ClaimState.REWORK) or (
        held.state is ClaimState.CLAIMED and category is not None and category.sensitive
    )


def keep_confirmation(
    case: CheckinCase, action: KeepConfirmation, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """For the secretary's records. Words alone confirm nothing."""
    checkin = case.checkin
    if checkin is None or checkin.state not in UNDER_WAY:
        raise Refused("checkin.not_in_force")
    papers = [content for content in action.contents if content.kind in ("photo", "document")]
    if not papers:
        raise Refused("checkin.paper_needed")
    if case.papers + len(papers) > MAX_PAPERS:
        raise Refused("checkin.too_many_papers", most=MAX_PAPERS)
    return Decision(
        events=(event_of("checkin.confirmed", checkin, papers=len(papers)),),
        remarks=tuple(
            Remark("checkin", checkin.id, Purpose.CONFIRMATION, actor.person_id, paper) for paper in papers
        ),
        notices=(to_secretary(checkin, "checkin.card", card=True, note="checkin.paper_came"),),
        refreshes=cards(checkin),
        result={"checkin_id": checkin.id},
    )
