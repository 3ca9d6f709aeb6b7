"""People as staff change them: the rows behind entering, correcting, suspending, and two records that become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Table, bindparam, exists, or_, select, update

from domain.backup import Trouble
from domain.base import NOT_FOUND, Actor, Moved, Refused, Subject
from domain.merging import MergeCase, MergePeople, OwnCase, ShareOwnPhone
from domain.pairings import Pairing
from domain.people import Person
from domain.permissions import allowed
from domain.rank import RosterCase
from domain.roster import CorrectPerson, EnterPerson, RestorePerson, SuspendPerson
from domain.rulebook import Rulebook
from domain.tasks import HOLDING
from storage import digests, lessons, meetings, points, threads, troubles
from storage.appointments import places_of, standing_of
from storage.entities import every, load, next_id, selection
from storage.imports import there
from storage.people import HOME_KINDS, household_at
from storage.schema import (
    appointment,
    checkin,
    claim,
    draft,
    earning,
    household,
    pairing,
    person,
    person_skill,
    person_tag,
    request,
    task,
    unit,
)
from storage.schema_notices import notice_mute

_UNIT = select(unit.c.path, unit.c.kind).where(unit.c.id == bindparam("id"), unit.c.closed_at.is_(None))
alive = person.c.merged_into_id.is_(None) & person.c.erased_at.is_(None) & there(person)
"""Whether a record is somebody: no tombstone, and not of an import that is under way."""

TWINS = (
    select(person.c.id)
    .outerjoin(household, household.c.id == person.c.household_id)
    .where(
        alive,
        or_(
            (person.c.home_unit_id == bindparam("unit_id"))
            & (person.c.name == bindparam("name"))
            & (household.c.flat == bindparam("flat")),
            # Both sides of OR have an index; the empty string is nobody's phone.
            person.c.phone == bindparam("phone"),
        ),
    )
    .order_by(person.c.id)
    .limit(6)
)
"""Who has this name in this flat, or this phone."""

_WITH_PHONE = (
    selection(Person)
    .where(
        person.c.phone == bindparam("phone"),
        person.c.telegram_id.is_(None),
        person.c.id != bindparam("own"),
        alive,
    )
    .order_by(person.c.id)
    .limit(2)
    .with_for_update()
)
_SETTLED = select(
    or_(
        exists().where(appointment.c.person_id == bindparam("id")),
        exists().where(claim.c.member_id == bindparam("id")),
        exists().where(pairing.c.member_id == bindparam("id")),
        exists().where(earning.c.person_id == bindparam("id")),
    )
)


def _seen_from(actor: Actor, permission: str, places: tuple[str, ...], owner_id: int) -> str:
    """The place through which the actor may do this to somebody; "" when through none."""
    owners = frozenset({owner_id})
    for path in places:
        if allowed(actor, permission, Subject(path=path, owners=owners)):
            return path
    return ""


def reached(connection: Connection, found: Person, actor: Actor, permission: str) -> RosterCase:
    """Somebody as the actor reaches them for this."""
    standing = standing_of(connection, found.id)
    places = places_of(connection, found, standing)
    return RosterCase(found, path=_seen_from(actor, permission, places, found.id), standing=standing)


def load_for_entry(connection: Connection, action: EnterPerson, actor: Actor, rules: Rulebook) -> RosterCase:
    """A new record in its flat, and whether somebody like them is known."""
    row = connection.execute(_UNIT, {"id": action.unit_id}).first()
    if row is None:
        raise Refused(NOT_FOUND)
    proxy = None if action.proxy_id is None else load(connection, Person, action.proxy_id, lock=False)
    known = connection.execute(
        TWINS,
        {"unit_id": action.unit_id, "name": action.name, "flat": action.flat, "phone": action.phone or ""},
    ).first()
    fresh = Person(
        next_id(connection, Person),
        0,
        None,
        action.name,
        actor.language,
        home_unit_id=action.unit_id,
        household_id=household_at(connection, action.unit_id, action.flat) if action.flat.strip() else None,
        phone=action.phone,
        proxy_id=None if proxy is None else proxy.id,
    )
    return RosterCase(
        fresh,
        path=row.path,
        unit_has_homes=row.kind in HOME_KINDS,
        twins=known is not None,
        proxy=proxy,
        proxy_near=proxy is not None
        and proxy.telegram_id is not None
        and proxy.merged_into_id is None
        and proxy.home_unit_id == action.unit_id,
    )


def load_for_change(
    connection: Connection,
    action: CorrectPerson | SuspendPerson | RestorePerson,
    actor: Actor,
    rules: Rulebook,
) -> RosterCase:
    """Somebody the actor reaches, locked."""
    found = load(connection, Person, action.person_id)
    if found is None:
        raise Refused(NOT_FOUND)
    case = reached(connection, found, actor, action.permission)
    if isinstance(action, CorrectPerson) and action.flat and found.home_unit_id is not None:
        return replace(case, household_id=household_at(connection, found.home_unit_id, action.flat))
    return case


_CLAIMS = claim.alias("other_claim")
_CLASH_AT_WORK = select(claim.c.id).where(
    claim.c.member_id == bindparam("one"),
    claim.c.state.in_([state.value for state in sorted(HOLDING)]),
    exists().where(
        _CLAIMS.c.task_id == claim.c.task_id,
        _CLAIMS.c.member_id == bindparam("other"),
        _CLAIMS.c.state.in_([state.value for state in sorted(HOLDING)]),
    ),
)
_TIES = selection(Pairing).where(
    pairing.c.ended_at.is_(None),
    or_(pairing.c.member_id.in_([bindparam("one"), bindparam("other")]),
        pairing.c.resident_id.in_([bindparam("one"), bindparam("other")])),
)  # fmt: skip
_WAITING = select(earning.c.id).where(
    earning.c.person_id.in_([bindparam("one"), bindparam("other")]), earning.c.posted_at.is_(None)
)


def load_for_merge(connection: Connection, action: MergePeople, actor: Actor, rules: Rulebook) -> MergeCase:
    """Both records, locked in the order of their ids, and what forbids that they become one."""
    ids = sorted({action.person_id, action.other_id})
    found = {one.id: one for one in (load(connection, Person, number) for number in ids) if one is not None}
    if len(found) != len(ids):
        raise Refused(NOT_FOUND)
    one = reached(connection, found[action.person_id], actor, action.permission)
    other = reached(connection, found[action.other_id], actor, action.permission)
    both = {"one": action.person_id, "other": action.other_id}
    same = set(both.values())
    pairs = every(connection, Pairing, _TIES, **both)
    ties = {
        (
            "same" if tie.member_id in same else tie.member_id,
            "same" if tie.resident_id in same else tie.resident_id,
        )
        for tie in pairs
    }
    return MergeCase(
        one,
        other,
        path=one.path if one.path and other.path else "",
        clash=connection.execute(_CLASH_AT_WORK, both).first() is not None
        or ("same", "same") in ties
        or len(ties) < len(pairs),
        waiting=connection.execute(_WAITING, both).first() is not None,
        stopped=troubles.is_on(connection, Trouble.LEDGER),
    )


def own_case(connection: Connection, person_id: int, phone: str | None) -> OwnCase:
    """Somebody by themselves, and the records without an account that have this phone."""
    found = load(connection, Person, person_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return OwnCase(
        found,
        alike=every(connection, Person, _WITH_PHONE, phone=phone, own=person_id) if phone else (),
        is_new=not connection.execute(_SETTLED, {"id": person_id}).scalar(),
    )


def load_for_own_phone(
    connection: Connection, action: ShareOwnPhone, actor: Actor, rules: Rulebook
) -> OwnCase:
    """The one who shared it."""
    return own_case(connection, actor.person_id, action.phone)


LOADERS: dict[type[Any], Any] = {
    EnterPerson: load_for_entry,
    CorrectPerson: load_for_change,
    SuspendPerson: load_for_change,
    RestorePerson: load_for_change,
    MergePeople: load_for_merge,
    ShareOwnPhone: load_for_own_phone,
}

# --- two records become one -------------------------------------------------------------------------------------------

_from: BindParameter[int] = bindparam("from_id")
_to: BindParameter[int] = bindparam("to_id")
_UNDER_WAY = ("asked", "returned", "approved")
_other_checkin = checkin.alias("other_checkin")


def _moving(table: Any, column: Any, *where: Any) -> Any:
    return (
        update(table)
        .where(column == _from, *where)
        .values({column.name: _to, "version": table.c.version + 1})
    )


_MOVES = (
    # Tasks first: they are found by the requests and pairings that move after them.
    _moving(
        task,
        task.c.for_person_id,
        task.c.request_id.in_(select(request.c.id).where(request.c.requester_id == _from)),
    ),
    _moving(
        task,
        task.c.for_person_id,
        task.c.pairing_id.in_(select(pairing.c.id).where(pairing.c.resident_id == _from)),
    ),
    _moving(request, request.c.requester_id),
    _moving(request, request.c.proxy_id),
    _moving(request, request.c.handler_id),
    _moving(claim, claim.c.member_id),
    _moving(pairing, pairing.c.resident_id),
    _moving(pairing, pairing.c.member_id),
    _moving(person, person.c.proxy_id, person.c.id != _to),
)
_CODES: tuple[tuple[Table, str], ...] = (
    (person_skill, "skill"),
    (person_tag, "tag"),
    (notice_mute, "kind"),
)
"""What is kept of a person as codes; the record that stays has those of both."""
_CHECKINS = (
    _moving(
        checkin,
        checkin.c.person_id,
        or_(
            checkin.c.state.not_in(_UNDER_WAY),
            ~exists().where(_other_checkin.c.person_id == _to, _other_checkin.c.state.in_(_UNDER_WAY)),
        ),
    ),
    update(checkin)
    .where(checkin.c.person_id == _from, checkin.c.state.in_(_UNDER_WAY))
    .values(state="withdrawn", version=checkin.c.version + 1),
)


def move(
    connection: Connection, moved: Iterable[Moved], *, actor: Actor, now: datetime, rules: Rulebook
) -> None:
    """Everything that points to one record points to the other. Audit and postings stay; the points are transferred."""
    for one in moved:
        both = {"from_id": one.from_id, "to_id": one.to_id}
        for statement in (*_MOVES, *_CHECKINS):
            connection.execute(statement, both)
        threads.move(connection, one)
        for table, code in _CODES:
            _move_codes(connection, table, code, one)
        digests.move(connection, one.from_id, one.to_id)
        lessons.move(connection, one.from_id, one.to_id)
        meetings.move(connection, one.from_id, one.to_id)
        points.transfer(connection, one.from_id, one.to_id, now=now, rulebook=rules.points.version)
        points.unite(connection, one.from_id, one.to_id, actor=actor, now=now, rulebook=rules.points.version)
        if one.chat_id is not None:
            connection.execute(draft.delete().where(draft.c.telegram_id == one.chat_id))


def _move_codes(connection: Connection, table: Table, code: str, one: Moved) -> None:
    def of(person_id: int) -> set[str]:
        return set(connection.execute(select(table.c[code]).where(table.c.person_id == person_id)).scalars())

    gained = of(one.from_id) - of(one.to_id)
    connection.execute(table.delete().where(table.c.person_id == one.from_id))
    if gained:
        connection.execute(
            table.insert(), [{"person_id": one.to_id, code: value} for value in sorted(gained)]
        )
