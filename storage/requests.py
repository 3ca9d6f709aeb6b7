"""Requests: the rows behind a decision about one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.agreed import AgreeHours
from domain.base import NOT_FOUND, Actor, Refused, Role
from domain.deadlines import LookAtRequest
from domain.people import Person, Phase
from domain.requests import (
    AcceptRequest,
    AddToRequest,
    Arrival,
    AskResident,
    Case,
    ConfirmRequest,
    CorrectRequest,
    DeclineRequest,
    RaiseForOther,
    RaiseRequest,
    Request,
    RequestState,
    ReturnRequest,
    VerifyRequest,
    WithdrawRequest,
    WriteLetter,
    rules_sensitive,
)
from domain.rulebook import Rulebook
from domain.tasks import Claim, Task
from storage.entities import load, next_id
from storage.people import ancestors, unit_path, with_address
from storage.roster import own_case
from storage.schema import appointment, unit
from storage.tasks import household_of, nearest_circle, task_of_request, work_of
from storage.tree import Office, office_of

_COUNTING = (AcceptRequest, CorrectRequest, LookAtRequest)

_SECRETARIES_UP = (
    select(unit.c.id, unit.c.path)
    .select_from(appointment.join(unit, unit.c.id == appointment.c.unit_id))
    .where(
        unit.c.path.in_(bindparam("paths", expanding=True)),
        appointment.c.role == Role.SECRETARY,
        appointment.c.phase == Phase.RUNNING,
    )
)


def _handling_unit(connection: Connection, unit_id: int, path: str, about: str | None) -> int:
    """Where a sensitive request is handled: past the person it is about, straight to the level above them."""
    rows = connection.execute(_SECRETARIES_UP, {"paths": ancestors(path)}).all()
    levels = sorted({(len(row[1]), row[0]) for row in rows}, reverse=True)
    past = 1 if about == "secretary" else 0
    if len(levels) <= past:
        # Better said at once than laid before the very person it is about, or before nobody.
        raise Refused("request.nobody_above")
    return int(levels[past][1])


def load_for_raising(connection: Connection, action: RaiseRequest, actor: Actor, rules: Rulebook) -> Arrival:
    """A new number, the person it is for, and where it will be handled."""
    if isinstance(action, RaiseForOther):
        unit_id = action.unit_id
        known = Person(
            next_id(connection, Person), 0, None, action.name or "", actor.language, home_unit_id=unit_id
        )
    else:
        found = load(connection, Person, actor.person_id)
        if found is None or found.home_unit_id is None:
            raise Refused("unit.needed")
        known, unit_id = found, found.home_unit_id
    path = unit_path(connection, unit_id)
    office = office_of(connection, path)
    if not path or office.closed:
        raise Refused("unit.unknown")
    category = rules.category(action.category)
    sensitive = category is not None and category.sensitive
    addressed = with_address(connection, known, flat=action.flat)
    return Arrival(
        request_id=next_id(connection, Request),
        unit_id=unit_id,
        handling_unit_id=_handling_unit(connection, unit_id, path, action.about) if sensitive else unit_id,
        path=path,
        person=known,
        household_id=addressed.household_id,
        owners=frozenset({known.id}),
        zone=office.zone,
        calendar=office.calendar,
        own=own_case(connection, known.id, action.phone) if action.phone_shared and action.phone else None,
    )


def load_case(connection: Connection, action: Any, actor: Actor, rules: Rulebook) -> Case:
    """The request an action names, with the work on it.

    The task is locked before its request, as everywhere, so that two people never wait for each other in a circle.
    """
    task = task_of_request(connection, action.request_id)
    request = load(connection, Request, action.request_id)
    if request is None:
        raise Refused(NOT_FOUND)
    if task is None and request.state is not RequestState.SUBMITTED:
        # Accepted by somebody else between the two statements.
        task = task_of_request(connection, request.id)
    # The office is asked for only where time is counted.
    counts = isinstance(action, _COUNTING) or request.state is RequestState.WAITING
    office = office_of(connection, unit_path(connection, request.unit_id)) if counts else Office()
    return Case(
        request,
        path=unit_path(connection, request.handling_unit_id),
        work=None if task is None else work_of(connection, task, request=request),
        sensitive=rules_sensitive(request, rules),
        zone=office.zone,
        calendar=office.calendar,
    )


def load_for_acceptance(connection: Connection, action: AcceptRequest, actor: Actor, rules: Rulebook) -> Case:
    """The request, the circle its task is offered in, and ids for task and claim."""
    case = load_case(connection, action, actor, rules)
    return replace(
        case,
        circle_unit_id=nearest_circle(connection, unit_path(connection, case.request.unit_id)),
        new_task_id=next_id(connection, Task),
        new_claim_id=next_id(connection, Claim) if case.sensitive else 0,
        household_id=household_of(connection, case.request.requester_id),
    )


LOADERS: dict[type[Any], Any] = {
    RaiseRequest: load_for_raising,
    RaiseForOther: load_for_raising,
    AcceptRequest: load_for_acceptance,
    CorrectRequest: load_case,
    DeclineRequest: load_case,
    AddToRequest: load_case,
    WithdrawRequest: load_case,
    ConfirmRequest: load_case,
    ReturnRequest: load_case,
    AskResident: load_case,
    AgreeHours: load_case,
    VerifyRequest: load_case,
    LookAtRequest: load_case,
    WriteLetter: load_case,
}
