"""Appointments: the rows behind granting, ending and handing over, and which of them have begun or are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select

from domain.appointments import (
    REMINDED,
    EndAppointment,
    EndCase,
    GrantCase,
    GrantRole,
    RemindOfEnd,
    Revoke,
    TurnAppointment,
    end_told,
)
from domain.base import NOT_FOUND, Actor, Refused
from domain.deputies import NameDeputy, RecallDeputy
from domain.handover import Burden
from domain.pairings import Pairing
from domain.people import Appointment, Person, Phase
from domain.rank import Standing
from domain.requests import Request, RequestState
from domain.rulebook import Rulebook
from domain.tasks import AT_WORK
from storage.entities import columns, every, load, next_id, selection
from storage.imports import there
from storage.people import unit_path
from storage.schema import (
    appointment,
    audit,
    claim,
    pairing,
    person,
    request,
    unit,
)
from storage.tasks import household_of, locked_task, work_of
from storage.types import Instant

MOST_IN_HAND = 300
"""How much of each kind one hand-over takes with it: more would hold the writer up, and nobody works on more."""

_STANDING = (
    select(*columns(Appointment), unit.c.path)
    .join(unit, unit.c.id == appointment.c.unit_id)
    .where(
        appointment.c.person_id == bindparam("person_id"),
        appointment.c.phase != Phase.ENDED,
        there(appointment),
    )
    .order_by(appointment.c.id)
)
_DEPUTIES = selection(Appointment).where(
    appointment.c.deputy_for_id == bindparam("id"), appointment.c.phase != Phase.ENDED
)
_OPEN_UNIT = select(unit.c.path).where(unit.c.id == bindparam("id"), unit.c.closed_at.is_(None))
_TASKS_IN_HAND = (
    select(claim.c.task_id)
    .where(
        claim.c.member_id == bindparam("person_id"),
        claim.c.state.in_([state.value for state in sorted(AT_WORK)]),
    )
    # In one order everywhere, so that two hand-overs never wait for each other in a circle.
    .order_by(claim.c.task_id)
    .limit(MOST_IN_HAND)
)
_HANDLED = (
    select(*columns(Request), unit.c.path)
    .join(unit, unit.c.id == request.c.handling_unit_id)
    .where(
        request.c.handler_id == bindparam("person_id"),
        request.c.state.in_(
            [
                state.value
                for state in (
                    RequestState.OPEN,
                    RequestState.IN_PROGRESS,
                    RequestState.WAITING,
                    RequestState.DONE,
                )
            ]
        ),
    )
    .order_by(request.c.id)
    .limit(MOST_IN_HAND)
    .with_for_update(of=request)
)
_PAIRINGS = (
    select(*columns(Pairing), unit.c.path)
    .join(unit, unit.c.id == pairing.c.unit_id)
    .where(pairing.c.member_id == bindparam("person_id"), pairing.c.ended_at.is_(None))
    .order_by(pairing.c.id)
    .limit(MOST_IN_HAND)
)
_BY_ROLE = (
    select(appointment.c.id)
    .join(person, person.c.id == appointment.c.person_id)
    .where(
        person.c.telegram_id == bindparam("telegram_id"),
        appointment.c.role == bindparam("role"),
        appointment.c.unit_id == bindparam("unit_id"),
        appointment.c.phase != Phase.ENDED,
    )
    .order_by(appointment.c.id)
    .limit(1)
)


def standing_of(connection: Connection, person_id: int) -> tuple[Standing, ...]:
    """What somebody holds or will hold; what is over by its time is among it until the clock has told them."""
    rows = connection.execute(_STANDING, {"person_id": person_id})
    return tuple(Standing(Appointment(*row[:-1]), row[-1]) for row in rows)


def places_of(connection: Connection, found: Person, standing: tuple[Standing, ...]) -> tuple[str, ...]:
    """Where somebody belongs: their home, and the units they serve at."""
    home = unit_path(connection, found.home_unit_id) if found.home_unit_id else ""
    return tuple(dict.fromkeys(path for path in (home, *(one.path for one in standing)) if path))


def burden_of(connection: Connection, person_id: int) -> Burden:
    """What is open in somebody's hands, locked: tasks before their requests, as everywhere."""
    works = []
    for task_id in connection.execute(_TASKS_IN_HAND, {"person_id": person_id}).scalars().all():
        placed = locked_task(connection, task_id)
        if placed is not None:
            work = work_of(connection, placed)
            works.append(replace(work, household_id=household_of(connection, work.task.for_person_id)))
    handled = connection.execute(_HANDLED, {"person_id": person_id}).all()
    paired = connection.execute(_PAIRINGS, {"person_id": person_id}).all()
    return Burden(
        tuple(works),
        tuple((Request(*row[:-1]), row[-1]) for row in handled),
        tuple((Pairing(*row[:-1]), row[-1]) for row in paired),
    )


# --- loading for decisions --------------------------------------------------------------------------------------------


def load_for_grant(connection: Connection, action: GrantRole, actor: Actor, rules: Rulebook) -> GrantCase:
    """Somebody, locked, so that two who appoint them at once see each other's appointment."""
    return _granting(connection, action.person_id, action.unit_id)


def load_for_deputy(connection: Connection, action: NameDeputy, actor: Actor, rules: Rulebook) -> GrantCase:
    """The appointment whose holder will be away, and who shall stand in."""
    original = load(connection, Appointment, action.appointment_id)
    if original is None:
        raise Refused(NOT_FOUND)
    case = _granting(connection, action.person_id, original.unit_id)
    return replace(
        case,
        original=Standing(original, case.unit_path),
        deputies=every(connection, Appointment, _DEPUTIES, id=original.id),
    )


def _granting(connection: Connection, person_id: int, unit_id: int) -> GrantCase:
    found = load(connection, Person, person_id)
    path = connection.execute(_OPEN_UNIT, {"id": unit_id}).scalar()
    if found is None or not path:
        raise Refused(NOT_FOUND)
    standing = standing_of(connection, found.id)
    return GrantCase(
        found,
        unit_id,
        path,
        next_id(connection, Appointment),
        standing=standing,
        places=places_of(connection, found, standing),
    )


def load_for_end(
    connection: Connection,
    action: EndAppointment | RecallDeputy | TurnAppointment,
    actor: Actor,
    rules: Rulebook,
) -> EndCase:
    """An appointment with its holder and everything that its end leaves behind."""
    return _ending(connection, action.appointment_id)


def load_for_revoke(connection: Connection, action: Revoke, actor: Actor, rules: Rulebook) -> EndCase:
    """The same by person, role and unit."""
    found = connection.execute(
        _BY_ROLE, {"telegram_id": action.telegram_id, "role": action.role, "unit_id": action.unit_id}
    ).scalar()
    return _ending(connection, found or 0)


def load_for_reminder(connection: Connection, action: RemindOfEnd, actor: Actor, rules: Rulebook) -> EndCase:
    """An appointment, and whether its end was told before."""
    found, path, holder = _appointment(connection, action.appointment_id)
    told = connection.execute(
        select(audit.c.id).where(
            audit.c.subject_kind == "appointment",
            audit.c.subject_id == found.id,
            audit.c.event == end_told(action.days),
        )
    ).first()
    return EndCase(found, path, holder, told_before=told is not None)


def _ending(connection: Connection, appointment_id: int) -> EndCase:
    found, path, holder = _appointment(connection, appointment_id)
    original = (
        None
        if found.deputy_for_id is None
        else load(connection, Appointment, found.deputy_for_id, lock=False)
    )
    return EndCase(
        found,
        path,
        holder,
        standing=standing_of(connection, holder.id),
        burden=burden_of(connection, holder.id),
        deputies=every(connection, Appointment, _DEPUTIES, id=found.id),
        original=original,
    )


def _appointment(connection: Connection, appointment_id: int) -> tuple[Appointment, str, Person]:
    found = load(connection, Appointment, appointment_id)
    holder = None if found is None else load(connection, Person, found.person_id, lock=False)
    if found is None or holder is None:
        raise Refused(NOT_FOUND)
    return found, unit_path(connection, found.unit_id), holder


LOADERS: dict[type[Any], Any] = {
    GrantRole: load_for_grant,
    EndAppointment: load_for_end,
    Revoke: load_for_revoke,
    NameDeputy: load_for_deputy,
    RecallDeputy: load_for_end,
    TurnAppointment: load_for_end,
    RemindOfEnd: load_for_reminder,
}

# --- what the clock looks for -----------------------------------------------------------------------------------------

_now = bindparam("now", type_=Instant())
_BEGUN = (
    select(appointment.c.id)
    .where(appointment.c.phase == "coming", appointment.c.starts_at <= _now, there(appointment))
    .order_by(appointment.c.starts_at)
    .limit(bindparam("most"))
)
_OVER = (
    select(appointment.c.id)
    .where(
        appointment.c.phase != "ended",
        appointment.c.ends_at.is_not(None),
        appointment.c.ends_at <= _now,
        there(appointment),
    )
    .order_by(appointment.c.ends_at)
    .limit(bindparam("most"))
)
_ENDING = (
    select(appointment.c.id)
    .where(
        appointment.c.phase != "ended",
        appointment.c.ends_at.is_not(None),
        appointment.c.ends_at > bindparam("after", type_=Instant()),
        appointment.c.ends_at <= bindparam("until", type_=Instant()),
        # What lasts no longer than that needs no reminder of its end, nor does standing in for somebody.
        appointment.c.ends_at - appointment.c.starts_at > bindparam("term", type_=Instant().impl),
        appointment.c.deputy_for_id.is_(None),
        there(appointment),
        ~exists().where(
            audit.c.subject_kind == "appointment",
            audit.c.subject_id == appointment.c.id,
            audit.c.event == bindparam("event"),
        ),
    )
    .order_by(appointment.c.ends_at)
    .limit(bindparam("most"))
)


def due(connection: Connection, now: datetime, *, most: int) -> tuple[int, ...]:
    """Appointments whose holders have to be told that they have begun, or are over."""
    return tuple(
        found
        for statement in (_OVER, _BEGUN)
        for found in connection.execute(statement, {"now": now, "most": most}).scalars()
    )


def ending(connection: Connection, now: datetime, *, most: int) -> tuple[tuple[int, int], ...]:
    """Appointments that end soon and whose end was not told yet, with how many days ahead it is told."""
    found: list[tuple[int, int]] = []
    for days, later in zip(REMINDED, (*REMINDED[1:], 0), strict=True):
        span = timedelta(days=days)
        rows = connection.execute(
            _ENDING,
            {
                "after": now + timedelta(days=later),
                "until": now + span,
                "term": span // timedelta(microseconds=1),
                "event": end_told(days),
                "most": most,
            },
        ).scalars()
        found += [(appointment_id, days) for appointment_id in rows]
    return tuple(found)
