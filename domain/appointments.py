"""Appointments: granted and ended, deputies, expiry, and the hand-over of open work. Source: DOMAIN §1, §2.

Authority follows an appointment's two times alone, whoever has been told or not; ``phase`` only says what its holder
has been told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Decision,
    Event,
    Notice,
    Refresh,
    Refused,
    Role,
    Scalar,
    Subject,
    ToPerson,
    ToResponsible,
)
from domain.handover import Burden, HandOver, hand_over, joined
from domain.lanes import Lane
from domain.people import Appointment, Person, Phase, is_over, menu_of
from domain.permissions import HELPERS, Permission, allowed
from domain.rank import Standing, in_force, may_reach
from domain.rulebook import Rulebook

MAX_TERM = timedelta(days=3653)
MAX_AHEAD = timedelta(days=366)
MAX_AWAY = timedelta(days=60)
REMINDED = (30, 7)
"""Days before its end at which an appointment is reminded of, the longest first."""


# --- what an action needs -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GrantCase:
    """Somebody, the unit at which they shall hold a role, and what they hold already.

    ``original`` is the appointment that a deputy shall stand in for; ``deputies`` those that stand in for it already.
    """

    person: Person
    unit_id: int
    unit_path: str
    new_id: int
    standing: tuple[Standing, ...] = ()
    places: tuple[str, ...] = ()
    original: Standing | None = None
    deputies: tuple[Appointment, ...] = ()

    @property
    def subject(self) -> Subject:
        """For the permission check: nobody appoints themselves."""
        return Subject(path=self.unit_path, owners=frozenset({self.person.id}))


@dataclass(frozen=True, slots=True)
class EndCase:
    """An appointment, its holder with what else they hold and have in hand, and who stands in for them."""

    appointment: Appointment
    path: str
    person: Person
    standing: tuple[Standing, ...] = ()
    burden: Burden = field(default_factory=Burden)
    deputies: tuple[Appointment, ...] = ()
    original: Appointment | None = None
    told_before: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check: nobody ends their own."""
        return Subject(path=self.path, owners=frozenset({self.person.id}))


# --- actions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GrantRole(Action):
    """Appoint somebody known. Without ``starts_at`` from now on, without ``ends_at`` for good."""

    permission: ClassVar[str] = Permission.APPOINT
    person_id: int
    role: Role
    unit_id: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndAppointment(Action):
    """End an appointment now, whether it has begun or not."""

    permission: ClassVar[str] = Permission.APPOINT
    appointment_id: int


@dataclass(frozen=True, slots=True)
class Revoke(Action):
    """The same from the command line: by person, role and unit."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    telegram_id: int
    role: Role
    unit_id: int


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


@dataclass(frozen=True, slots=True)
class TurnAppointment(Action):
    """The clock: an appointment has begun, or is over by its time."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    appointment_id: int


@dataclass(frozen=True, slots=True)
class RemindOfEnd(Action):
    """The clock: an appointment ends within ``days`` days. Told once."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    appointment_id: int
    days: int


# --- rules ----------------------------------------------------------------------------------------------------------


def grant(case: GrantCase, action: GrantRole, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A role below one's own, for somebody whom one can see, for a term that makes sense."""
    person = _fit(case.person)
    if not any(allowed(actor, Permission.SEE_PEOPLE, Subject(path=place)) for place in case.places):
        raise Refused(NOT_FOUND)
    if not may_reach(actor, action.role, case.unit_path):
        raise Refused("appoint.not_yours_to_give")
    starts_at = max(action.starts_at or now, now)
    ends_at = _checked_term(starts_at, action.ends_at, now=now, most=MAX_TERM)
    _not_held_already(case, action.role, now)
    made = Appointment(
        case.new_id,
        0,
        person_id=person.id,
        role=action.role,
        unit_id=case.unit_id,
        starts_at=starts_at,
        ends_at=ends_at,
        granted_by=actor.person_id or None,
        phase=Phase.COMING if starts_at > now else Phase.RUNNING,
    )
    return Decision(
        saves=(made,),
        events=(_event("appointment.granted", made),),
        notices=_to_holder(person, made, "coming" if made.phase is Phase.COMING else "granted"),
        refreshes=(Refresh("person.card", person.id),),
        result={"person_id": person.id, "appointment_id": made.id},
    )


def end(case: EndCase, action: EndAppointment, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Over from now on; what is in hand goes where it belongs."""
    if not may_reach(actor, case.appointment.role, case.path):
        raise Refused("appoint.not_yours_to_give")
    return _ended_now(case, now=now, rules=rules)


def revoke(case: EndCase, action: Revoke, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The operator's word needs no rank."""
    return _ended_now(case, now=now, rules=rules)


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
    person = _fit(case.person)
    if person.telegram_id is None or person.consent_version is None:
        raise Refused("deputy.not_on_telegram", name=person.name)
    if person.id == actor.person_id or not _serves_around(case, now):
        raise Refused("deputy.not_from_here", name=person.name)
    if any(not is_over(one, now) for one in case.deputies):
        raise Refused("deputy.there_is_one")
    starts_at = max(action.starts_at, original.appointment.starts_at, now)
    ends_at = _checked_term(starts_at, action.ends_at, now=now, most=MAX_AWAY)
    if ends_at is None or (original.appointment.ends_at and original.appointment.ends_at < ends_at):
        ends_at = original.appointment.ends_at
    _not_held_already(case, original.appointment.role, now)
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
        events=(_event("appointment.deputy_named", made),),
        notices=(
            *_to_holder(person, made, "deputy"),
            _told(ToPerson(actor.person_id), made, "deputised"),
            _told(ToResponsible(made.unit_id, (Role.SECRETARY,), passing_over=both), made, "deputy_other"),
        ),
        refreshes=(Refresh("person.card", person.id), Refresh("person.card", actor.person_id)),
        result={"person_id": person.id, "appointment_id": made.id},
    )


def recall(case: EndCase, action: RecallDeputy, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """By the one whose deputy it is."""
    if case.original is None or case.original.person_id != actor.person_id:
        raise Refused(NOT_FOUND)
    return _ended_now(case, now=now, rules=rules)


def turn(case: EndCase, action: TurnAppointment, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """What its times have made of it is told. Asked twice, or too early, it changes nothing."""
    appointment = case.appointment
    if appointment.phase is Phase.ENDED:
        return Decision()
    if is_over(appointment, now):
        return _ended(case, replace(appointment, phase=Phase.ENDED), now=now, rules=rules)
    if appointment.phase is Phase.RUNNING or appointment.starts_at > now:
        return Decision()
    running = replace(appointment, phase=Phase.RUNNING)
    return Decision(
        saves=(running,),
        events=(_event("appointment.begun", running),),
        notices=_to_holder(case.person, running, "granted"),
        refreshes=(Refresh("person.card", case.person.id),),
    )


def remind(case: EndCase, action: RemindOfEnd, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The holder and who granted it hear in time, so that it can be renewed."""
    appointment = case.appointment
    if case.told_before or is_over(appointment, now) or appointment.ends_at is None:
        return Decision()
    others = () if appointment.granted_by in (None, case.person.id) else (appointment.granted_by,)
    return Decision(
        events=(
            Event(end_told(action.days), "appointment", appointment.id, {}, unit_id=appointment.unit_id),
        ),
        notices=(
            _told(ToPerson(case.person.id), appointment, "ending", lane=Lane.REMINDER),
            *(
                _told(ToPerson(other), appointment, "ending_other", lane=Lane.REMINDER)
                for other in others
                if other
            ),
        ),
    )


def end_told(days: int) -> str:
    """The event of the audit trail by which it is known that the end was told ``days`` days ahead."""
    return f"appointment.end_told_{days}"


# --- what the rules share ----------------------------------------------------------------------------------------------


def _ended_now(case: EndCase, *, now: datetime, rules: Rulebook) -> Decision:
    if is_over(case.appointment, now):
        raise Refused("appoint.over")
    # One that has not begun never does.
    over_at = max(now, case.appointment.starts_at)
    return _ended(case, replace(case.appointment, ends_at=over_at, phase=Phase.ENDED), now=now, rules=rules)


def _ended(case: EndCase, ended: Appointment, *, now: datetime, rules: Rulebook) -> Decision:
    """Told to the holder, to who granted it and, with what is left in hand, to who is responsible there now.

    Those who stand in for it are over with it; the clock finds them, and what they have in hand is handed over too.
    """
    person = case.person
    others = tuple(one for one in case.standing if one.appointment.id != ended.id)
    over = hand_over(case.burden, person, remaining=in_force(others, now), now=now, rules=rules)
    absent = case.original.person_id if case.original else None
    hearing = sorted({ended.granted_by, absent} - {None, person.id})
    deputies = tuple(
        replace(one, ends_at=max(now, one.starts_at)) for one in case.deputies if not is_over(one, now)
    )
    return joined(
        (
            Decision(
                saves=(ended, *deputies),
                events=(
                    _event(
                        "appointment.ended",
                        ended,
                        begun=over.begun,
                        returned=over.returned,
                        paired=over.paired,
                    ),
                ),
                notices=(
                    *_to_holder(person, ended, "ended"),
                    *(_told(ToPerson(other), ended, "ended_other") for other in hearing if other),
                    *_left_behind(person, ended, over),
                ),
                refreshes=(Refresh("person.card", person.id),),
            ),
            over.decision,
        )
    )


def _left_behind(person: Person, ended: Appointment, over: HandOver) -> tuple[Notice, ...]:
    if not over.anything:
        return ()
    return (
        Notice(
            ToResponsible(ended.unit_id, passing_over=frozenset({person.id})),
            "person.work",
            person.id,
            {"why": "left", "left": over.left, "returned": over.returned, "handled": over.handled},
        ),
    )


def _fit(person: Person) -> Person:
    """Somebody who can be given anything: there, and not suspended."""
    if person.merged_into_id is not None or person.erased_at is not None:
        raise Refused(NOT_FOUND)
    if person.suspended:
        raise Refused("appoint.suspended", name=person.name)
    return person


def _not_held_already(case: GrantCase, role: Role, now: datetime) -> None:
    for one in case.standing:
        held = one.appointment
        if held.role is role and held.unit_id == case.unit_id and not is_over(held, now):
            raise Refused("appoint.already", name=case.person.name)


def _serves_around(case: GrantCase, now: datetime) -> bool:
    """Whether the person helps or leads at, below or above the unit of the case."""
    return any(
        held.role in HELPERS
        and (held.path.startswith(case.unit_path) or case.unit_path.startswith(held.path))
        for held in in_force(case.standing, now)
    )


def _checked_term(
    starts_at: datetime, ends_at: datetime | None, *, now: datetime, most: timedelta
) -> datetime | None:
    if starts_at > now + MAX_AHEAD:
        raise Refused("appoint.starts_too_late")
    if ends_at is not None and ends_at <= starts_at:
        raise Refused("appoint.ends_too_early")
    if ends_at is not None and ends_at - starts_at > most:
        raise Refused("deputy.too_long" if most == MAX_AWAY else "appoint.too_long", most=most.days)
    return ends_at


def _to_holder(person: Person, appointment: Appointment, what: str) -> tuple[Notice, ...]:
    """For the holder, with the menu that follows; nothing for somebody who has not said yes to the bot."""
    if person.consent_version is None:
        return ()
    return (_told(ToPerson(person.id), appointment, what), menu_of(person))


def _told(
    to: ToPerson | ToResponsible, appointment: Appointment, what: str, *, lane: Lane = Lane.CLAIM
) -> Notice:
    return Notice(to, "appointment.told", appointment.id, {"what": what}, lane=lane)


def _event(name: str, appointment: Appointment, **data: Scalar) -> Event:
    return Event(
        name,
        "person",
        appointment.person_id,
        {
            "appointment_id": appointment.id,
            "role": appointment.role.value,
            "unit_id": appointment.unit_id,
            **data,
        },
        unit_id=appointment.unit_id,
    )


TOLD = (
    "granted",
    "coming",
    "ended",
    "ended_other",
    "ending",
    "ending_other",
    "deputy",
    "deputised",
    "deputy_other",
)
"""What is told of an appointment: to its holder, and (``…_other``) to those who answer for it."""


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    GrantRole: grant,
    EndAppointment: end,
    Revoke: revoke,
    NameDeputy: name_deputy,
    RecallDeputy: recall,
    TurnAppointment: turn,
    RemindOfEnd: remind,
}
