"""What waits for staff, in one list: alarms nobody has answered, requests to decide on, those that are late, that nobody
takes on, or that closed in silence, visits to confirm, check-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from domain.base import Role
from domain.checkins.shapes import CheckinState
from domain.digests import Waiting
from domain.pairings import VisitState
from domain.queries import DeskRow, ListDesk, Page
from domain.requests import RequestState
from domain.tasks import ClaimState
from storage.facts.rows import STAFF_ROLES, Look, covered, page_of, paged, place
from storage.schema import (
    LATE,
    LISTED,
    TO_VERIFY,
    alarm,
    checkin,
    claim,
    request,
    task,
    unit,
    visit,
)
from storage.types import Instant

_nothing = type_coerce(null(), Instant()).label("due_at")
_ALARMS = select(
    literal(0).label("rank"),
    literal("alarm").label("kind"),
    alarm.c.id,
    alarm.c.raised_at.label("at"),
    _nothing,
    literal("").label("category"),
    literal("").label("urgency"),
    alarm.c.unit_id,
).where(alarm.c.acknowledged_at.is_(None), alarm.c.unit_id.in_(covered(*STAFF_ROLES)))
_served = task.alias("served_task")
# What is about staff is for secretaries alone, as in the permission check.
_handled = or_(
    and_(
        request.c.category.not_in(bindparam("sensitive", expanding=True)),
        request.c.handling_unit_id.in_(covered(*STAFF_ROLES)),
    ),
    and_(
        request.c.category.in_(bindparam("sensitive", expanding=True)),
        request.c.handling_unit_id.in_(covered(Role.SECRETARY.value)),
    ),
)
_REQUESTS = select(
    literal(1),
    literal("request"),
    request.c.id,
    request.c.raised_at,
    request.c.answer_due_at,
    request.c.category,
    request.c.urgency,
    request.c.unit_id,
).where(request.c.state == RequestState.SUBMITTED, _handled)
_OVERDUE = select(
    literal(2),
    literal("overdue"),
    request.c.id,
    request.c.raised_at,
    request.c.solve_due_at,
    request.c.category,
    request.c.urgency,
    request.c.unit_id,
).where(LATE, _handled)
_UNCLAIMED = select(
    literal(3),
    literal("unclaimed"),
    task.c.request_id,
    task.c.offered_at,
    _nothing,
    task.c.category,
    task.c.urgency,
    task.c.unit_id,
).where(LISTED, task.c.unit_id.in_(covered(Role.SECRETARY.value)))
_SILENT = select(
    literal(4),
    literal("silent"),
    request.c.id,
    request.c.closed_at,
    _nothing,
    request.c.category,
    request.c.urgency,
    request.c.unit_id,
).where(
    TO_VERIFY,
    _handled,
    # Nobody verifies what they asked for or did themselves.
    request.c.requester_id != bindparam("reader"),
    func.coalesce(request.c.proxy_id, 0) != bindparam("reader"),
    ~exists()
    .where(
        _served.c.request_id == request.c.id,
        claim.c.task_id == _served.c.id,
        claim.c.member_id == bindparam("reader"),
        claim.c.state == ClaimState.REPORTED,
    )
    .correlate(request),
)
_VISITS = (
    select(
        literal(5),
        literal("visit"),
        visit.c.id,
        visit.c.done_at,
        _nothing,
        literal(""),
        literal(""),
        task.c.unit_id,
    )
    .select_from(visit.join(task, task.c.id == visit.c.task_id))
    .where(
        visit.c.state == VisitState.DONE,
        task.c.unit_id.in_(covered(*STAFF_ROLES)),
        # Nobody confirms their own visit.
        ~exists().where(
            claim.c.task_id == task.c.id,
            claim.c.member_id == bindparam("reader"),
            claim.c.state != ClaimState.RELEASED,
        ),
    )
)
_CHECKINS = select(
    literal(6),
    literal("checkin"),
    checkin.c.id,
    checkin.c.asked_at,
    _nothing,
    literal(""),
    literal(""),
    checkin.c.unit_id,
).where(
    checkin.c.state == CheckinState.ASKED,
    checkin.c.unit_id.in_(covered(Role.SECRETARY.value, Role.ADMIN.value)),
    # Nobody approves their own.
    checkin.c.person_id != bindparam("reader"),
)
_waiting = union_all(_ALARMS, _REQUESTS, _OVERDUE, _UNCLAIMED, _SILENT, _VISITS, _CHECKINS).subquery(
    "waiting"
)
_DESK = paged(
    select(
        _waiting.c.kind,
        _waiting.c.id,
        _waiting.c.at,
        _waiting.c.due_at,
        _waiting.c.category,
        _waiting.c.urgency,
        unit.c.name,
        unit.c.name_en,
    )
    .select_from(_waiting.join(unit, unit.c.id == _waiting.c.unit_id))
    .order_by(_waiting.c.rank, _waiting.c.at, _waiting.c.id)
)


def list_desk(connection: Connection, query: ListDesk, look: Look) -> Page[DeskRow]:
    """Alarms first, then requests by what is to be done about them, visits and check-ins, each by age."""
    rows, page = page_of(
        connection,
        _DESK,
        {"reader": look.reader.person_id, "now": look.now, "sensitive": look.sensitive},
        page=query.page,
    )
    return replace(
        page,
        rows=tuple(
            DeskRow(
                row.kind, row.id, row.at, place(row.name, row.name_en), row.category, row.urgency, row.due_at
            )
            for row in rows
        ),
    )


_BY_KIND = select(
    _waiting.c.kind,
    func.count().label("number"),
    func.count(case((_waiting.c.due_at < bindparam("now", type_=Instant()), 1))).label("late"),
).group_by(_waiting.c.rank, _waiting.c.kind).order_by(_waiting.c.rank)  # fmt: skip


def waiting_by_kind(connection: Connection, look: Look) -> tuple[Waiting, ...]:
    """The same in numbers."""
    values = {"reader": look.reader.person_id, "now": look.now, "sensitive": look.sensitive}
    return tuple(Waiting(row.kind, row.number, row.late) for row in connection.execute(_BY_KIND, values))


QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {ListDesk: list_desk}
