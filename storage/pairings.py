"""Pairings and visits: the rows behind a decision about one, and which visits have come due."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select

from domain.base import NOT_FOUND, Actor, Refused, Role
from domain.pairings import (
    ConfirmVisit,
    OpenVisit,
    Pairing,
    PairingCase,
    PairUp,
    Visit,
    VisitCase,
    VisitState,
)
from domain.people import Person, Phase
from domain.rulebook import Rulebook
from domain.tasks import Claim, Task
from storage.entities import load, next_id
from storage.people import ancestors, below, unit_path, with_address
from storage.schema import (
    appointment,
    pairing,
    unit,
    visit,
)
from storage.tasks import household_of, locked_task, work_of

_SERVES = select(unit.c.path).where(
    appointment.c.person_id == bindparam("person_id"),
    appointment.c.role.in_([Role.MEMBER.value, Role.LEADER.value, Role.SECRETARY.value]),
    appointment.c.phase == Phase.RUNNING,
    unit.c.id == appointment.c.unit_id,
)
_PAIRED = select(pairing.c.id).where(
    pairing.c.resident_id == bindparam("resident_id"),
    pairing.c.member_id == bindparam("member_id"),
    pairing.c.ended_at.is_(None),
)
_OPEN_VISIT = select(visit.c.id).where(
    visit.c.pairing_id == bindparam("pairing_id"), visit.c.state == VisitState.DUE
)
_DUE = (
    select(pairing.c.id)
    .where(
        pairing.c.ended_at.is_(None),
        pairing.c.next_due_on <= bindparam("today"),
        ~exists().where(visit.c.pairing_id == pairing.c.id, visit.c.state == VisitState.DUE),
    )
    .order_by(pairing.c.next_due_on, pairing.c.id)
    .limit(bindparam("most"))
)


def due_pairings(connection: Connection, today: date, *, most: int) -> tuple[int, ...]:
    """Pairings whose next visit is due by ``today`` and which have none open, longest due first."""
    return tuple(connection.execute(_DUE, {"today": today, "most": most}).scalars())


def load_for_pairing(connection: Connection, action: PairUp, actor: Actor, rules: Rulebook) -> PairingCase:
    """The person who is looked after, known or new, and whether the member serves around there."""
    if action.resident_id is not None:
        found = load(connection, Person, action.resident_id)
        if found is None or found.home_unit_id is None:
            raise Refused(NOT_FOUND)
        resident = found
    else:
        if not action.unit_id or not (action.name or "").strip():
            raise Refused(NOT_FOUND)
        fresh = Person(
            next_id(connection, Person),
            0,
            None,
            action.name or "",
            actor.language,
            home_unit_id=action.unit_id,
            phone=action.phone,
        )
        resident = with_address(connection, fresh, flat=action.flat)
    unit_id = resident.home_unit_id or 0
    path = unit_path(connection, unit_id)
    low, high = below(path) if path else ("", "")
    around = frozenset(ancestors(path))
    paths = connection.execute(_SERVES, {"person_id": action.member_id}).scalars().all()
    return PairingCase(
        resident=resident,
        member_id=action.member_id,
        unit_id=unit_id,
        path=path,
        member_serves=any(
            served in around or low <= served < high or served.rsplit(".", 2)[0] == path.rsplit(".", 2)[0]
            for served in paths
        ),
        new_pairing_id=next_id(connection, Pairing),
        same_household=resident.household_id is not None
        and resident.household_id == household_of(connection, action.member_id),
        already_paired=connection.execute(
            _PAIRED, {"resident_id": resident.id, "member_id": action.member_id}
        ).first()
        is not None,
    )


def load_for_opening(connection: Connection, action: OpenVisit, actor: Actor, rules: Rulebook) -> PairingCase:
    """A pairing whose visit has come due."""
    found = load(connection, Pairing, action.pairing_id)
    resident = None if found is None else load(connection, Person, found.resident_id, lock=False)
    if found is None or resident is None:
        raise Refused(NOT_FOUND)
    return PairingCase(
        resident=resident,
        member_id=found.member_id,
        unit_id=found.unit_id,
        path=unit_path(connection, found.unit_id),
        pairing=found,
        open_visit=connection.execute(_OPEN_VISIT, {"pairing_id": found.id}).first() is not None,
        new_task_id=next_id(connection, Task),
        new_claim_id=next_id(connection, Claim),
        new_visit_id=next_id(connection, Visit),
    )


def load_for_confirmation(
    connection: Connection, action: ConfirmVisit, actor: Actor, rules: Rulebook
) -> VisitCase:
    """A visit with its pairing and the work done; the task is locked first, as everywhere."""
    unlocked = load(connection, Visit, action.visit_id, lock=False)
    task = None if unlocked is None else locked_task(connection, unlocked.task_id)
    found = load(connection, Visit, action.visit_id)
    paired = None if found is None else load(connection, Pairing, found.pairing_id, lock=False)
    if task is None or found is None or paired is None:
        raise Refused(NOT_FOUND)
    return VisitCase(found, paired, work_of(connection, task))


LOADERS: dict[type[Any], Any] = {
    PairUp: load_for_pairing,
    OpenVisit: load_for_opening,
    ConfirmVisit: load_for_confirmation,
}
