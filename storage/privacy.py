"""What is held about somebody: the rows behind putting it right and forgetting them. Source: docs/rules.md §11.

How words are found and emptied once that is decided is ``erasing.py``'s, what time alone forgets ``retention.py``'s.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from domain.base import NOT_FOUND, Actor, Refused, Role
from domain.pairings import Pairing, VisitState
from domain.people import Appointment, Person, Phase
from domain.privacy import CorrectOwnData, ForgetMe, ForgetPerson, Leaving, NoteExport, OwnCase
from domain.requests import Case, Request, RequestState, rules_sensitive
from domain.rulebook import Rulebook
from domain.tasks import AT_WORK
from storage.entities import every, load, selection
from storage.people import household_at, unit_path
from storage.schema import (
    appointment,
    claim,
    pairing,
    person,
    request,
    task,
    unit,
    visit,
)
from storage.tasks import Placed, locked_task, work_of

_MAY_BE_WITHDRAWN = [
    state.value
    for state in (
        RequestState.SUBMITTED,
        RequestState.OPEN,
        RequestState.IN_PROGRESS,
        RequestState.WAITING,
    )
]
_OWN_REQUESTS = (
    select(request.c.id, task.c.id)
    .select_from(request.outerjoin(task, task.c.request_id == request.c.id))
    .where(request.c.requester_id == bindparam("person_id"), request.c.state.in_(_MAY_BE_WITHDRAWN))
    .order_by(request.c.id)
)
_OWN_WORK = (
    select(claim.c.task_id)
    .where(
        claim.c.member_id == bindparam("person_id"),
        claim.c.state.in_([state.value for state in sorted(AT_WORK)]),
    )
    .order_by(claim.c.task_id)
)
_COMING_VISITS = (
    select(visit.c.task_id)
    .select_from(visit.join(pairing, pairing.c.id == visit.c.pairing_id))
    .where(pairing.c.resident_id == bindparam("person_id"), visit.c.state == VisitState.DUE)
    .order_by(visit.c.task_id)
)
_PAIRINGS = (
    selection(Pairing)
    .where(
        or_(pairing.c.resident_id == bindparam("person_id"), pairing.c.member_id == bindparam("person_id")),
        pairing.c.ended_at.is_(None),
    )
    .order_by(pairing.c.id)
    .with_for_update()
)
_own = appointment.alias("own_appointment")
_APPOINTMENTS = (
    selection(Appointment)
    .where(
        or_(
            appointment.c.person_id == bindparam("person_id"),
            # Whoever stands in for them stands in for nobody then.
            appointment.c.deputy_for_id.in_(
                select(_own.c.id).where(_own.c.person_id == bindparam("person_id"))
            ),
        ),
        or_(appointment.c.ends_at.is_(None), appointment.c.phase != Phase.ENDED),
    )
    .order_by(appointment.c.id)
    .with_for_update()
)
_ADMINS = (
    select(appointment.c.person_id)
    .distinct()
    .select_from(
        appointment.join(unit, unit.c.id == appointment.c.unit_id).join(
            person, person.c.id == appointment.c.person_id
        )
    )
    .where(
        appointment.c.role == Role.ADMIN,
        appointment.c.ends_at.is_(None),
        unit.c.parent_id.is_(None),
        person.c.telegram_id.is_not(None),
        person.c.suspended.is_(False),
    )
    .limit(2)
)
"""Two are enough to know whether somebody is the only one."""


def load_own(
    connection: Connection, action: NoteExport | CorrectOwnData, actor: Actor, rules: Rulebook
) -> OwnCase:
    """The reader's own record, and the household at the flat they name."""
    found = _there(connection, actor.person_id)
    flat = getattr(action, "flat", None)
    if not flat or found.home_unit_id is None:
        return OwnCase(found)
    return OwnCase(found, household_at(connection, found.home_unit_id, " ".join(str(flat).split())))


def load_leaving(
    connection: Connection, action: ForgetMe | ForgetPerson, actor: Actor, rules: Rulebook
) -> Leaving:
    """Somebody with everything that still runs in their name. Tasks are locked before requests, all in one order."""
    person_id = action.person_id if isinstance(action, ForgetPerson) else actor.person_id
    found = load(connection, Person, person_id)
    if found is None or (found.erased_at is not None and not actor.job):
        raise Refused(NOT_FOUND)
    key = {"person_id": person_id}
    own = connection.execute(_OWN_REQUESTS, key).all()
    held = connection.execute(_OWN_WORK, key).scalars().all()
    coming = connection.execute(_COMING_VISITS, key).scalars().all()
    placed = {
        task_id: locked
        for task_id in sorted({row[1] for row in own if row[1] is not None} | {*held, *coming})
        if (locked := locked_task(connection, task_id)) is not None
    }
    return Leaving(
        found,
        path=unit_path(connection, found.home_unit_id or 0),
        requests=tuple(_case(connection, row[0], placed.get(row[1]), rules) for row in own),
        works=tuple(work_of(connection, placed[task_id]) for task_id in held),
        visits=tuple(work_of(connection, placed[task_id]) for task_id in coming),
        pairings=every(connection, Pairing, _PAIRINGS, **key),
        appointments=every(connection, Appointment, _APPOINTMENTS, **key),
        only_admin=_is_only_admin(connection, person_id),
    )


def _is_only_admin(connection: Connection, person_id: int) -> bool:
    admins = set(connection.execute(_ADMINS).scalars())
    return admins == {person_id}


def _case(connection: Connection, request_id: int, placed: Placed | None, rules: Rulebook) -> Case:
    found = load(connection, Request, request_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return Case(
        found,
        path=unit_path(connection, found.handling_unit_id),
        work=None if placed is None else work_of(connection, placed, request=found),
        sensitive=rules_sensitive(found, rules),
    )


def _there(connection: Connection, person_id: int) -> Person:
    found = load(connection, Person, person_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


LOADERS: dict[type[Any], Any] = {
    NoteExport: load_own,
    CorrectOwnData: load_own,
    ForgetMe: load_leaving,
    ForgetPerson: load_leaving,
}
