"""Tasks in the eyes of a helper or a group: open to all of the circle, and more while one is at work on it.

Name, flat and phone of whom the work is for are loaded for one reader only: the one whose claim is at work. What is
private shows kind and place in the pool, what is about staff is never in it, and a group sees nothing of any person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, exists, func, or_, select

from domain.base import Purpose, Role, Subject
from domain.permissions import Permission, allowed
from domain.queries import Contact, GroupTaskFacts, ListMyTasks, ListTasks, Page, TaskFacts, TaskRow, Words
from domain.tasks import AT_WORK, HOLDING, ClaimState, TaskState
from storage.facts.rows import (
    STAFF_ROLES,
    Look,
    below,
    last_words,
    page_of,
    paged,
    place,
    said_about,
    words_of,
)
from storage.people import in_force
from storage.prepared import Prepared
from storage.schema import (
    appointment,
    claim,
    household,
    pairing,
    person,
    remark,
    request,
    task,
    unit,
    visit,
)

_circle = unit.alias("circle_unit")
_held = unit.alias("held_unit")

_TASK = Prepared(
    select(
        task,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        unit.c.path.label("path"),
        _circle.c.path.label("circle"),
        request.c.private,
        request.c.name_hidden,
        request.c.requester_id,
        request.c.proxy_id,
        person.c.name,
        person.c.phone,
        person.c.household_id,
        household.c.flat,
        pairing.c.resident_id,
        pairing.c.need,
        visit.c.id.label("visit_id"),
        visit.c.due_on,
    )
    .select_from(
        task.join(unit, unit.c.id == task.c.unit_id)
        .join(_circle, _circle.c.id == task.c.circle_unit_id)
        .outerjoin(request, request.c.id == task.c.request_id)
        .outerjoin(pairing, pairing.c.id == task.c.pairing_id)
        .outerjoin(visit, visit.c.task_id == task.c.id)
        .outerjoin(person, person.c.id == task.c.for_person_id)
        .outerjoin(household, household.c.id == person.c.household_id)
    )
    .where(task.c.id == bindparam("id"))
)
_CLAIMS = Prepared(
    select(claim.c.member_id, claim.c.state, claim.c.minutes)
    .where(claim.c.task_id == bindparam("id"))
    .order_by(claim.c.id)
)


def _own_claim(claims: Sequence[Any], reader: int) -> Any | None:
    """The claim the reader holds now, else the last one they had, else None."""
    own = [found for found in claims if found.member_id == reader]
    return next((found for found in own if found.state in HOLDING), own[-1] if own else None)


def task_card(connection: Connection, task_id: int, look: Look) -> TaskFacts | None:
    """For the helpers of the circle, and for whoever has or had a claim on it."""
    row = _TASK.first(connection, {"id": task_id})
    if row is None:
        return None
    claims = _CLAIMS.all(connection, {"id": task_id})
    own = _own_claim(claims, look.reader.person_id)
    mine: ClaimState | None = None if own is None else own.state
    sensitive = look.is_sensitive(row.category)
    subject = _subject(row, claims)
    if mine is None and (sensitive or not allowed(look.reader, Permission.SEE_TASKS, subject)):
        return None
    facts = TaskFacts(
        id=row.id,
        version=row.version,
        kind=row.kind,
        category=row.category,
        urgency=row.urgency,
        state=row.state,
        places=row.places,
        taken=row.taken,
        place=place(row.place, row.place_en),
        private=bool(row.private),
        offered_at=row.offered_at,
        request_id=row.request_id,
        visit_id=row.visit_id,
        mine=mine,
        minutes=own.minutes if own is not None else None,
        due_on=row.due_on,
        may_claim=not sensitive and mine not in HOLDING and _may_claim(row, subject, look),
        skill=row.skill or "",
    )
    if mine in AT_WORK:
        return _at_work(connection, row, facts)
    if row.request_id is not None and row.state is TaskState.OFFERED and not row.private and not sensitive:
        said = said_about(connection, "request", row.request_id)
        return replace(facts, words=words_of(said, Purpose.DESCRIPTION))
    return facts


def _subject(row: Any, claims: Sequence[Any]) -> Subject:
    owners = {row.requester_id, row.proxy_id, row.resident_id} - {None}
    return Subject(
        path=row.path,
        circle=row.circle,
        owners=frozenset(owners),
        workers=frozenset(found.member_id for found in claims if found.state in HOLDING),
    )


def _may_claim(row: Any, subject: Subject, look: Look) -> bool:
    """Whether the button is worth showing; the rules ask again when it is pressed."""
    reader = look.reader
    own_home = row.household_id is not None and row.household_id == reader.household_id
    return (
        row.state is TaskState.OFFERED
        and row.taken < row.places
        and reader.person_id not in subject.owners
        and not own_home
        and allowed(reader, Permission.CLAIM_TASK, subject)
    )


def _at_work(connection: Connection, row: Any, facts: TaskFacts) -> TaskFacts:
    """All that the helper needs while there is something left to do."""
    hidden = bool(row.name_hidden)
    contact = Contact("" if hidden else row.name or "", row.flat or "", row.phone or "", hidden)
    if row.request_id is None:
        notes = words_of(said_about(connection, "pairing", row.pairing_id), Purpose.NOTES).text
        return replace(facts, contact=contact, need=row.need or "", notes=notes)
    said = said_about(connection, "request", row.request_id)
    first, later = words_of(said, Purpose.DESCRIPTION), words_of(said, Purpose.ADDITION)
    return replace(
        facts,
        contact=contact,
        words=Words("\n".join(text for text in (first.text, later.text) if text), first.parts + later.parts),
        reason=last_words(said, Purpose.UNSOLVED_REASON).text if facts.mine is ClaimState.REWORK else "",
        can_write=True,
    )


def task_group(connection: Connection, task_id: int, look: Look) -> GroupTaskFacts | None:
    """For a group, whoever is in it: never what is private, about staff, or a visit."""
    row = _TASK.first(connection, {"id": task_id})
    if row is None or row.request_id is None or row.private or look.is_sensitive(row.category):
        return None
    return GroupTaskFacts(
        row.id,
        row.version,
        row.category,
        row.urgency,
        row.state,
        row.places,
        row.taken,
        place(row.place, row.place_en),
    )


# --- screens --------------------------------------------------------------------------------------------------------

_held_here = exists().where(
    claim.c.task_id == task.c.id,
    claim.c.member_id == bindparam("reader"),
    claim.c.state.in_([state.value for state in sorted(HOLDING)]),
)
_text = (
    select(remark.c.text)
    .where(
        remark.c.subject_kind == "request",
        remark.c.subject_id == task.c.request_id,
        remark.c.purpose == Purpose.DESCRIPTION,
        remark.c.text != "",
    )
    .order_by(remark.c.id)
    .limit(1)
    .correlate(task)
    .scalar_subquery()
)
# Members reach what is offered in a part of the tree that touches their units, staff what is below theirs.
_reached = (
    select(appointment.c.id)
    .select_from(appointment.join(_held, _held.c.id == appointment.c.unit_id))
    .where(
        appointment.c.person_id == bindparam("reader"),
        in_force(appointment),
        or_(
            and_(
                appointment.c.role == Role.MEMBER,
                or_(below(_circle.c.path, _held.c.path), below(_held.c.path, _circle.c.path)),
            ),
            and_(appointment.c.role.in_(STAFF_ROLES), below(unit.c.path, _held.c.path)),
        ),
    )
    .correlate(unit, _circle)
    .exists()
)
_columns = (
    task.c.id,
    task.c.kind,
    task.c.category,
    task.c.urgency,
    task.c.places,
    task.c.taken,
    task.c.offered_at,
    unit.c.name,
    unit.c.name_en,
)
_from = (
    task.join(unit, unit.c.id == task.c.unit_id)
    .join(_circle, _circle.c.id == task.c.circle_unit_id)
    .outerjoin(request, request.c.id == task.c.request_id)
    .outerjoin(person, person.c.id == task.c.for_person_id)
)
_POOL = paged(
    select(
        *_columns,
        case((request.c.private.is_(False), _text), else_="").label("text"),
    )
    .select_from(_from)
    .where(
        task.c.state == TaskState.OFFERED,
        task.c.taken < task.c.places,
        task.c.category.not_in(bindparam("sensitive", expanding=True)),
        func.coalesce(task.c.for_person_id, 0) != bindparam("reader"),
        func.coalesce(request.c.proxy_id, 0) != bindparam("reader"),
        func.coalesce(person.c.household_id, -1) != bindparam("household"),
        ~_held_here,
        _reached,
    )
    .order_by(case((task.c.urgency == "urgent", 0), (task.c.urgency == "timely", 1), else_=2), task.c.id)
)
_MINE = paged(
    select(*_columns, _text.label("text"), claim.c.state.label("mine"))
    .select_from(_from.join(claim, claim.c.task_id == task.c.id))
    .where(
        claim.c.member_id == bindparam("reader"),
        claim.c.state.in_([state.value for state in sorted(HOLDING)]),
    )
    .order_by(claim.c.id)
)


def _row(row: Any, *, mine: ClaimState | None = None) -> TaskRow:
    # A reported task is out of the reader's hands, and what it was about with it.
    shown = mine is None or mine in AT_WORK
    return TaskRow(
        row.id,
        row.kind,
        row.category,
        row.urgency,
        place(row.name, row.name_en),
        row.places,
        row.taken,
        row.offered_at,
        (row.text or "") if shown else "",
        mine,
    )


def list_tasks(connection: Connection, query: ListTasks, look: Look) -> Page[TaskRow]:
    """Open tasks with a free place that the reader could take: urgent first, then the oldest."""
    rows, page = page_of(
        connection,
        _POOL,
        {
            "reader": look.reader.person_id,
            "household": look.reader.household_id or 0,
            "now": look.now,
            "sensitive": look.sensitive,
        },
        page=query.page,
    )
    return replace(page, rows=tuple(_row(row) for row in rows))


def list_my_tasks(connection: Connection, query: ListMyTasks, look: Look) -> Page[TaskRow]:
    """Tasks on which the reader holds a place, the oldest first."""
    rows, page = page_of(connection, _MINE, {"reader": look.reader.person_id}, page=query.page)
    return replace(page, rows=tuple(_row(row, mine=row.mine) for row in rows))


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "task.card": task_card,
    "task.group": task_group,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListTasks: list_tasks,
    ListMyTasks: list_my_tasks,
}
