"""Deputies: while the holder of a role is away, somebody near holds the same role at the same unit.
Source: docs/rules.md §1, §2.

A deputy's appointment is one like any other, and ends with the one it stands in for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from domain.appointments import (
    EndCase,
    GrantCase,
    checked_term,
    ended_now,
    event,
    fit,
    not_held_already,
    to_holder,
    told,
)
from domain.base import NOT_FOUND, Action, Actor, Decision, Refresh, Refused, Role, ToPerson, ToResponsible
from domain.people import Appointment, Phase, is_over
from domain.permissions import HELPERS, Permission
from domain.rank import in_force
from domain.rulebook import Rulebook

MAX_AWAY = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class NameDeputy(Action):
    """While its holder is away somebody else holds the same role at the same unit."""

    permission: ClassVar[str] = Permission.NAME_DEPUTY
    appointment_id: int
    person_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class RecallDeputy(Action):
    """The holder is back early."""

    permission: ClassVar[str] = Permission.NAME_DEPUTY
    appointment_id: int


def name_deputy(
    case: GrantCase, action: NameDeputy, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only for one's own role, only to somebody who serves around there, and only one at a time."""
    original = case.original
    if original is None or original.appointment.person_id != actor.person_id:
        raise Refused(NOT_FOUND)
    if is_over(original.appointment, now) or original.appointment.role is Role.MEMBER:
        raise Refused(NOT_FOUND)
    if original.appointment.deputy_for_id is not None:
        raise Refused("deputy.of_a_deputy")
    person = fit(case.person)
    if person.telegram_id is None or person.consent_version is None:
        raise Refused("deputy.not_on_telegram", name=person.name)
    if person.id == actor.person_id or not _serves_around(case, now):
        raise Refused("deputy.not_from_here", name=person.name)
    if any(not is_over(one, now) for one in case.deputies):
        raise Refused("deputy.there_is_one")
    starts_at = max(action.starts_at, original.appointment.starts_at, now)
    ends_at = checked_term(starts_at, action.ends_at, now=now)
    if action.ends_at - starts_at > MAX_AWAY:
        raise Refused("deputy.too_long", most=MAX_AWAY.days)
    if ends_at is None or (original.appointment.ends_at and original.appointment.ends_at < ends_at):
        ends_at = original.appointment.ends_at
    not_held_already(case, original.appointment.role, now)
    made = Appointment(
        case.new_id,
        0,
        person_id=person.id,
        role=original.appointment.role,
        unit_id=original.appointment.unit_id,
        starts_at=starts_at,
        ends_at=ends_at,
        granted_by=actor.person_id,
        deputy_for_id=original.appointment.id,
        phase=Phase.COMING if starts_at > now else Phase.RUNNING,
    )
    both = frozenset({person.id, actor.person_id})
    return Decision(
        saves=(made,),
        events=(event("appointment.deputy_named", made),),
        notices=(
            *to_holder(person, made, "deputy"),
            told(ToPerson(actor.person_id), made, "deputised"),
            told(ToResponsible(made.unit_id, (Role.SECRETARY,), passing_over=both), made, "deputy_other"),
        ),
        refreshes=(Refresh("person.card", person.id), Refresh("person.card", actor.person_id)),
        result={"person_id": person.id, "appointment_id": made.id},
    )


def recall(case: EndCase, action: RecallDeputy, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """By the one whose deputy it is."""
    if case.original is None or case.original.person_id != actor.person_id:
        raise Refused(NOT_FOUND)
    return ended_now(case, now=now, rules=rules)


def _serves_around(case: GrantCase, now: datetime) -> bool:
    """Whether the person helps or leads at, below or above the unit of the case."""
    return any(
        held.role in HELPERS
        and (held.path.startswith(case.unit_path) or case.unit_path.startswith(held.path))
        for held in in_force(case.standing, now)
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {NameDeputy: name_deputy, RecallDeputy: recall}
