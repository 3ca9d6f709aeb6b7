"""Pairings and visits in the eyes of the member, the household and the leaders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from domain.base import Purpose, Subject
from domain.pairings import VisitState
from domain.permissions import Permission, allowed
from domain.queries import ListPairs, Page, PairingFacts, PairRow, VisitFacts
from domain.tasks import AT_WORK, ClaimState
from storage.facts.rows import (
    STAFF_ROLES,
    Look,
    covered,
    last_words,
    page_of,
    paged,
    place,
    said_about,
    words_of,
)
from storage.schema import (
    claim,
    household,
    pairing,
    person,
    task,
    unit,
    visit,
)

_resident = person.alias("resident")
_member = person.alias("member")

_VISIT = (
    select(
        visit,
        pairing.c.resident_id,
        pairing.c.unit_id,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        unit.c.path,
        _resident.c.name.label("resident"),
        household.c.flat,
    )
    .select_from(
        visit.join(pairing, pairing.c.id == visit.c.pairing_id)
        .join(task, task.c.id == visit.c.task_id)
        .join(unit, unit.c.id == task.c.unit_id)
        .join(_resident, _resident.c.id == pairing.c.resident_id)
        .outerjoin(household, household.c.id == _resident.c.household_id)
    )
    .where(visit.c.id == bindparam("id"))
)
_CLAIMS = (
    select(claim.c.id, claim.c.member_id, claim.c.state, claim.c.minutes, person.c.name)
    .join(person, person.c.id == claim.c.member_id)
    .where(claim.c.task_id == bindparam("task_id"))
    .order_by(claim.c.id)
)


def visit_confirm(connection: Connection, visit_id: int, look: Look) -> VisitFacts | None:
    """For the household, and for leaders who did not make the visit. Not before it was made."""
    row = connection.execute(_VISIT, {"id": visit_id}).first()
    if row is None or row.state is VisitState.DUE:
        return None
    claims = connection.execute(_CLAIMS, {"task_id": row.task_id}).all()
    subject = Subject(
        path=row.path,
        owners=frozenset({row.resident_id}),
        workers=frozenset(found.member_id for found in claims if found.state is not ClaimState.RELEASED),
    )
    if not allowed(look.reader, Permission.CONFIRM_VISIT, subject):
        return None
    made = next((c for c in claims if c.state in (ClaimState.REPORTED, ClaimState.ACCEPTED)), None)
    household_reads = look.reader.person_id == row.resident_id
    facts = VisitFacts(
        id=row.id,
        task_id=row.task_id,
        state=row.state,
        due_on=row.due_on,
        helper=made.name if made else "",
        place=place(row.place, row.place_en),
        done_at=row.done_at,
        minutes=(made.minutes or 0) if made else 0,
        stars=row.stars,
        may_rate=row.state is VisitState.DONE,
    )
    if household_reads:
        return facts
    said = said_about(connection, "claim", made.id) if made else ()
    return replace(
        facts,
        wellbeing=row.wellbeing,
        report=last_words(said, Purpose.REPORT),
        resident=row.resident,
        flat=row.flat or "",
    )


_PAIRING = (
    select(
        pairing,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        _resident.c.name.label("resident"),
        _member.c.name.label("member"),
        household.c.flat,
    )
    .select_from(
        pairing.join(unit, unit.c.id == pairing.c.unit_id)
        .join(_resident, _resident.c.id == pairing.c.resident_id)
        .join(_member, _member.c.id == pairing.c.member_id)
        .outerjoin(household, household.c.id == _resident.c.household_id)
    )
    .where(pairing.c.id == bindparam("id"), pairing.c.ended_at.is_(None))
)


def _facts(row: Any) -> PairingFacts:
    return PairingFacts(
        row.id, row.member, row.need, row.cadence_days, row.next_due_on, place(row.place, row.place_en)
    )


def made_member(connection: Connection, pairing_id: int, look: Look) -> PairingFacts | None:
    """For the paired member: whom to look after, and what to know."""
    row = connection.execute(_PAIRING, {"id": pairing_id}).first()
    if row is None or row.member_id != look.reader.person_id:
        return None
    notes = words_of(said_about(connection, "pairing", pairing_id), Purpose.NOTES).text
    return replace(_facts(row), resident=row.resident, flat=row.flat or "", notes=notes)


def made_resident(connection: Connection, pairing_id: int, look: Look) -> PairingFacts | None:
    """For the household: who will come. What was noted about them stays with the member."""
    row = connection.execute(_PAIRING, {"id": pairing_id}).first()
    if row is None or row.resident_id != look.reader.person_id:
        return None
    return _facts(row)


_open_visit = visit.alias("open_visit")
_last = (
    select(func.max(visit.c.id))
    .where(visit.c.pairing_id == pairing.c.id, visit.c.done_at.is_not(None))
    .correlate(pairing)
    .scalar_subquery()
)
_last_visit = visit.alias("last_visit")
_PAIRS = paged(
    select(
        pairing.c.id,
        pairing.c.member_id,
        pairing.c.need,
        pairing.c.cadence_days,
        func.coalesce(_open_visit.c.due_on, pairing.c.next_due_on).label("due_on"),
        _resident.c.name.label("resident"),
        _member.c.name.label("member"),
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        household.c.flat,
        _last_visit.c.done_at,
        _last_visit.c.wellbeing,
        claim.c.task_id,
    )
    .select_from(
        pairing.join(unit, unit.c.id == pairing.c.unit_id)
        .join(_resident, _resident.c.id == pairing.c.resident_id)
        .join(_member, _member.c.id == pairing.c.member_id)
        .outerjoin(household, household.c.id == _resident.c.household_id)
        .outerjoin(
            _open_visit, (_open_visit.c.pairing_id == pairing.c.id) & (_open_visit.c.state == VisitState.DUE)
        )
        .outerjoin(_last_visit, _last_visit.c.id == _last)
        .outerjoin(
            claim,
            (claim.c.task_id == _open_visit.c.task_id)
            & (claim.c.member_id == bindparam("reader"))
            & claim.c.state.in_([state.value for state in sorted(AT_WORK)]),
        )
    )
    .where(
        pairing.c.ended_at.is_(None),
        or_(pairing.c.member_id == bindparam("reader"), pairing.c.unit_id.in_(covered(*STAFF_ROLES))),
    )
    .order_by("due_on", pairing.c.id)
)


def list_pairs(connection: Connection, query: ListPairs, look: Look) -> Page[PairRow]:
    """The reader's own pairings and those of the units they lead, what is due first."""
    reader = look.reader.person_id
    rows, page = page_of(connection, _PAIRS, {"reader": reader, "now": look.now}, page=query.page)
    return replace(
        page,
        rows=tuple(
            PairRow(
                row.id,
                row.resident,
                row.member,
                place(row.place, row.place_en),
                row.flat or "",
                row.need,
                row.cadence_days,
                row.due_on,
                row.member_id == reader,
                row.done_at,
                row.wellbeing,
                row.task_id,
            )
            for row in rows
        ),
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "visit.confirm": visit_confirm,
    "pairing.made_member": made_member,
    "pairing.made_resident": made_resident,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {ListPairs: list_pairs}
