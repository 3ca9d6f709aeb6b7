"""Appointments: granted and ended, deputies, expiry, and the hand-over of open work. Source: docs/rules.md §1, §2.

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
from domain.permissions import Permission, allowed
from domain.rank import Standing, in_force, may_reach
from domain.rulebook import Rulebook

MAX_TERM = timedelta(days=3653)
MAX_AHEAD = timedelta(days=366)
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
    person = fit(case.person)
    if not any(allowed(actor, Permission.SEE_PEOPLE, Subject(path=place)) for place in case.places):
        raise Refused(NOT_FOUND)
    if not may_reach(actor, action.role, case.unit_path):
        raise Refused("appoint.not_yours_to_give")
    starts_at = max(action.starts_at or now, now)
    ends_at = checked_term(starts_at, action.ends_at, now=now)
    not_held_already(case, action.role, now)
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
        events=(event("appointment.granted", made),),
        notices=to_holder(person, made, "coming" if made.phase is Phase.COMING else "granted"),
        refreshes=(Refresh("person.card", person.id),),
        result={"person_id": person.id, "appointment_id": made.id},
    )


def end(case: EndCase, action: EndAppointment, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Over from now on; what is in hand goes where it belongs."""
    if not may_reach(actor, case.appointment.role, case.path):
        raise Refused("appoint.not_yours_to_give")
    return ended_now(case, now=now, rules=rules)


def revoke(case: EndCase, action: Revoke, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The operator's word needs no rank."""
    return ended_now(case, now=now, rules=rules)


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
        events=(event("appointment.begun", running),),
        notices=to_holder(case.person, running, "granted"),
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
            told(ToPerson(case.person.id), appointment, "ending", lane=Lane.REMINDER),
            *(
                told(ToPerson(other), appointment, "ending_other", lane=Lane.REMINDER)
                for other in others
                if other
            ),
        ),
    )


def end_told(days: int) -> str:
    """The event of the audit trail by which it is known that the end was told ``days`` days ahead."""
    return f"appointment.end_told_{days}"


# --- what the rules share ----------------------------------------------------------------------------------------------


def ended_now(case: EndCase, *, now: datetime, rules: Rulebook) -> Decision:
    """The end of an appointment that is not over yet."""
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
    hearing = sorted({other for other in (ended.granted_by, absent) if other and other != person.id})
    deputies = tuple(
        replace(one, ends_at=max(now, one.starts_at)) for one in case.deputies if not is_over(one, now)
    )
    return joined(
        (
            Decision(
                saves=(ended, *deputies),
                events=(
                    event(
                        "appointment.ended",
                        ended,
                        begun=over.begun,
                        returned=over.returned,
                        paired=over.paired,
                    ),
                ),
                notices=(
                    *to_holder(person, ended, "ended"),
                    *(told(ToPerson(other), ended, "ended_other") for other in hearing),
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


def fit(person: Person) -> Person:
    """Somebody who can be given anything: there, and not suspended."""
    if person.merged_into_id is not None or person.erased_at is not None:
        raise Refused(NOT_FOUND)
    if person.suspended:
        raise Refused("appoint.suspended", name=person.name)
    return person


def not_held_already(case: GrantCase, role: Role, now: datetime) -> None:
    """Refuses a role that the person holds, or will hold, at the same unit."""
    for one in case.standing:
        held = one.appointment
        if held.role is role and held.unit_id == case.unit_id and not is_over(held, now):
            raise Refused("appoint.already", name=case.person.name)


def checked_term(starts_at: datetime, ends_at: datetime | None, *, now: datetime) -> datetime | None:
    """The end of a term that makes sense. Refuses one that begins too late, ends before it begins, or is absurd."""
    if starts_at > now + MAX_AHEAD:
        raise Refused("appoint.starts_too_late")
    if ends_at is not None and ends_at <= starts_at:
        raise Refused("appoint.ends_too_early")
    if ends_at is not None and ends_at - starts_at > MAX_TERM:
        raise Refused("appoint.too_long", most=MAX_TERM.days)
    return ends_at


def to_holder(person: Person, appointment: Appointment, what: str) -> tuple[Notice, ...]:
    """For the holder, with the menu that follows; nothing for somebody who has not said yes to the bot."""
    if person.consent_version is None:
        return ()
    return (told(ToPerson(person.id), appointment, what), menu_of(person))


def told(
    to: ToPerson | ToResponsible, appointment: Appointment, what: str, *, lane: Lane = Lane.CLAIM
) -> Notice:
    """One of ``TOLD``, rendered from what is true of the appointment when it leaves."""
    return Notice(to, "appointment.told", appointment.id, {"what": what}, lane=lane)


def event(name: str, appointment: Appointment, **data: Scalar) -> Event:
    """A fact about the holder of an appointment."""
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
    TurnAppointment: turn,
    RemindOfEnd: remind,
}
