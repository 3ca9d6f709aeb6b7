"""What the clock looks at next: requests and tasks whose time has come, and the rows behind a look at a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Table, bindparam, select, tuple_

from domain.base import Actor
from domain.rulebook import Rulebook
from domain.tasks import AT_WORK
from domain.unstarted import LookAtTask, TaskCase
from storage.prepared import one_of, some
from storage.schema import person, request, task
from storage.tasks import load_for_release
from storage.tree import office_of
from storage.types import EPOCH, Instant


class Look(NamedTuple):
    """Something to be looked at, and since when."""

    at: datetime
    id: int


NONE_YET = Look(EPOCH, 0)


def _due(table: Table) -> Any:
    return (
        select(table.c.next_at, table.c.id)
        .where(
            table.c.next_at.is_not(None),
            table.c.next_at <= bindparam("now", type_=Instant()),
            tuple_(table.c.next_at, table.c.id)
            > tuple_(bindparam("after", type_=Instant()), bindparam("after_id", type_=BigInteger())),
        )
        .order_by(table.c.next_at, table.c.id)
        .limit(bindparam("most"))
    )


_REQUESTS, _TASKS = _due(request), _due(task)
_NAMES = select(person.c.id, person.c.name).where(one_of(person.c.id, "id"))


def _looks(connection: Connection, statement: Any, now: datetime, after: Look, most: int) -> tuple[Look, ...]:
    values = {"now": now, "after": after.at, "after_id": after.id, "most": most}
    return tuple(Look(*row) for row in connection.execute(statement, values))


def due_requests(connection: Connection, now: datetime, *, after: Look, most: int) -> tuple[Look, ...]:
    """Requests to be looked at now, after another, those that wait longest first."""
    return _looks(connection, _REQUESTS, now, after, most)


def due_tasks(connection: Connection, now: datetime, *, after: Look, most: int) -> tuple[Look, ...]:
    """The same of tasks."""
    return _looks(connection, _TASKS, now, after, most)


def load_task(connection: Connection, action: LookAtTask, actor: Actor, rules: Rulebook) -> TaskCase:
    """The work, with who is at it by name, and the unit above its circle."""
    work = load_for_release(connection, action.task_id)
    office = office_of(connection, work.path)
    above = [int(part) for part in work.circle.split(".")[:-2]]
    members = [claim.member_id for claim in work.claims if claim.state in AT_WORK]
    names = [(row.id, row.name) for part in some("id", members) for row in connection.execute(_NAMES, part)]
    return TaskCase(
        work,
        above[-1] if above else None,
        tuple(names),
        zone=office.zone,
        calendar=office.calendar,
    )


LOADERS: Mapping[type[Any], Callable[..., Any]] = {LookAtTask: load_task}
