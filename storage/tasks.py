"""Tasks and claims: the rows behind a decision about work, and which units offer it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from domain.base import NOT_FOUND, Actor, Refused, Role
from domain.pairings import Pairing, Visit, VisitWhole
from domain.people import Phase
from domain.requests import Request, RequestWhole
from domain.rulebook import Rulebook
from domain.tasks import (
    AT_WORK,
    HOLDING,
    Claim,
    ClaimTask,
    ReleaseClaim,
    ReportClaim,
    StartClaim,
    Task,
    Whole,
    Work,
)
from storage.entities import columns, load, next_id, selection
from storage.people import ancestors, below
from storage.prepared import Prepared
from storage.schema import (
    appointment,
    claim,
    pairing,
    person,
    person_skill,
    task,
    unit,
    visit,
)

_circle = unit.alias("circle")
# Task and the paths of its unit and circle in one statement; only the task itself is locked.
_WITH_PATHS = (
    selection(Task)
    .add_columns(unit.c.path, _circle.c.path)
    .join(unit, unit.c.id == task.c.unit_id)
    .join(_circle, _circle.c.id == task.c.circle_unit_id)
    .with_for_update(of=task)
)
_TASK = Prepared(_WITH_PATHS.where(task.c.id == bindparam("id")))
_TASK_OF_REQUEST = Prepared(_WITH_PATHS.where(task.c.request_id == bindparam("request_id")))
_CLAIMS = Prepared(selection(Claim).where(claim.c.task_id == bindparam("task_id")).order_by(claim.c.id))
_OPEN_CLAIMS = select(func.count()).where(
    claim.c.member_id == bindparam("member_id"),
    claim.c.state.in_([state.value for state in sorted(AT_WORK)]),
)
_HELD = (
    select(claim.c.task_id)
    .where(
        claim.c.member_id == bindparam("member_id"),
        claim.c.state.in_([state.value for state in sorted(HOLDING)]),
    )
    .order_by(claim.c.task_id)
)
_SKILLS = select(person_skill.c.skill).where(person_skill.c.person_id == bindparam("person_id"))
_VISIT_OF_TASK = Prepared(
    select(*columns(Visit), *columns(Pairing))
    .join(pairing, pairing.c.id == visit.c.pairing_id)
    .where(visit.c.task_id == bindparam("task_id"))
)
_VISIT_COLUMNS = len(columns(Visit))
_HOUSEHOLD_OF = select(person.c.household_id).where(person.c.id == bindparam("person_id"))


@dataclass(frozen=True, slots=True)
class Placed:
    """A locked task, with the paths of its unit and of the circle in which it is offered."""

    task: Task
    path: str
    circle: str


def _placed(connection: Connection, statement: Prepared, **params: int) -> Placed | None:
    row = statement.first(connection, params)
    return None if row is None else Placed(Task(*row[:-2]), row[-2], row[-1])


def locked_task(connection: Connection, task_id: int) -> Placed | None:
    """The task with this id, locked; None when there is none."""
    return _placed(connection, _TASK, id=task_id)


def task_of_request(connection: Connection, request_id: int) -> Placed | None:
    """The task a request was accepted as, locked; None before that."""
    return _placed(connection, _TASK_OF_REQUEST, request_id=request_id)


def work_of(connection: Connection, placed: Placed, *, request: Request | None = None) -> Work:
    """A task with its claims and what it serves, which is locked after it: always in this order."""
    found = placed.task
    claims = tuple(Claim(*row) for row in _CLAIMS.all(connection, {"task_id": found.id}))
    whole: Whole
    owners: frozenset[int]
    if found.request_id is not None:
        request = request or load(connection, Request, found.request_id)
        if request is None:
            raise Refused(NOT_FOUND)
        whole, owners = RequestWhole(request), frozenset(request.followers)
    else:
        row = _VISIT_OF_TASK.first(connection, {"task_id": found.id})
        if row is None:
            raise Refused(NOT_FOUND)
        paired = Pairing(*row[_VISIT_COLUMNS:])
        whole, owners = VisitWhole(Visit(*row[:_VISIT_COLUMNS]), paired), frozenset({paired.resident_id})
    return Work(found, claims, whole, path=placed.path, circle=placed.circle, owners=owners)


def household_of(connection: Connection, person_id: int | None) -> int | None:
    """The household somebody lives in, or None."""
    found: int | None = connection.execute(_HOUSEHOLD_OF, {"person_id": person_id or 0}).scalar()
    return found


def held_works(connection: Connection, person_id: int) -> tuple[Work, ...]:
    """Every task on which somebody holds a place, locked in the order of their ids, each as for a release."""
    found = connection.execute(_HELD, {"member_id": person_id}).scalars().all()
    works = (load_for_release(connection, task_id) for task_id in found)
    return tuple(works)


def at_work(connection: Connection, person_id: int) -> int:
    """How many claims somebody has something left to do for."""
    return int(connection.execute(_OPEN_CLAIMS, {"member_id": person_id}).scalar_one())


def _load_work(connection: Connection, task_id: int) -> Work:
    placed = locked_task(connection, task_id)
    if placed is None:
        raise Refused(NOT_FOUND)
    return work_of(connection, placed)


def load_for_claim(connection: Connection, action: ClaimTask, actor: Actor, rules: Rulebook) -> Work:
    """The work, and how many claims the actor has open already."""
    work = _load_work(connection, action.task_id)
    category = rules.category(work.task.category)
    if category is not None and category.sensitive:
        # Never offered, so to whoever asks there is no such task.
        raise Refused(NOT_FOUND)
    return replace(
        work,
        household_id=household_of(connection, work.task.for_person_id),
        open_claims=at_work(connection, actor.person_id),
        new_claim_id=next_id(connection, Claim),
        # Few tasks ask for a skill, and each press of the others is spared a statement.
        skills=_skills_of(connection, actor.person_id) if work.task.skill else frozenset(),
    )


def _skills_of(connection: Connection, person_id: int) -> frozenset[str]:
    return frozenset(connection.execute(_SKILLS, {"person_id": person_id}).scalars())


def load_for_work(
    connection: Connection, action: StartClaim | ReleaseClaim | ReportClaim, actor: Actor, rules: Rulebook
) -> Work:
    """The work as it stands."""
    if isinstance(action, ReleaseClaim):
        return load_for_release(connection, action.task_id)
    return _load_work(connection, action.task_id)


def load_for_release(connection: Connection, task_id: int) -> Work:
    """The work, with the household that is not offered its own."""
    work = _load_work(connection, task_id)
    return replace(work, household_id=household_of(connection, work.task.for_person_id))


LOADERS: dict[type[Any], Any] = {
    ClaimTask: load_for_claim,
    StartClaim: load_for_work,
    ReleaseClaim: load_for_work,
    ReportClaim: load_for_work,
}

_MEMBERS_IN = (
    select(func.count())
    .select_from(appointment.join(unit, unit.c.id == appointment.c.unit_id))
    .where(
        appointment.c.role == Role.MEMBER,
        appointment.c.phase == Phase.RUNNING,
        or_(
            unit.c.path == bindparam("path"),
            (unit.c.path >= bindparam("low")) & (unit.c.path < bindparam("high")),
        ),
    )
)
_UNITS_BY_PATH = select(unit.c.path, unit.c.id).where(unit.c.path.in_(bindparam("paths", expanding=True)))


def nearest_circle(connection: Connection, path: str) -> int:
    """The smallest unit at or above ``path`` that has members: an offer to nobody would wait for nothing."""
    ids: dict[str, int] = {
        row[0]: row[1] for row in connection.execute(_UNITS_BY_PATH, {"paths": ancestors(path)})
    }
    for candidate in ancestors(path):
        low, high = below(candidate)
        if connection.execute(_MEMBERS_IN, {"path": candidate, "low": low, "high": high}).scalar_one():
            return ids[candidate]
    return ids[path]
