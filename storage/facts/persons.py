"""One person in the eyes of staff: the card, and what is left in their hands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, or_, select

from domain.base import Role, Subject
from domain.people import Appointment, Person, Phase, is_over
from domain.people_seen import (
    Held,
    PersonCard,
    WorkFacts,
    WorkLeft,
)
from domain.permissions import Permission, allowed
from domain.queries import Place
from domain.rank import Standing, may_reach, outranks
from domain.requests import FINAL
from domain.tasks import AT_WORK
from storage.appointments import places_of, standing_of
from storage.blocks import is_blocked
from storage.entities import load
from storage.facts.rows import Look, place
from storage.roster import TWINS, alive
from storage.schema import (
    appointment,
    checkin,
    claim,
    household,
    pairing,
    person,
    person_skill,
    request,
    task,
    unit,
)
from storage.tags import tags_of

MOST_LEFT = 20
MOST_HOUSEHOLD = 12
_STAFF = (Role.LEADER, Role.SECRETARY)

NAMED = (
    select(
        person.c.id,
        person.c.name,
        person.c.telegram_id,
        person.c.suspended,
        household.c.flat,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
    )
    .select_from(
        person.outerjoin(unit, unit.c.id == person.c.home_unit_id).outerjoin(
            household, household.c.id == person.c.household_id
        )
    )
    .where(alive)
)
ONE = NAMED.where(person.c.id == bindparam("id"))
SOME = NAMED.where(person.c.id.in_(bindparam("ids", expanding=True))).order_by(person.c.id)
_HOUSEHOLD = (
    select(person.c.name)
    .where(person.c.household_id == bindparam("household_id"), person.c.id != bindparam("id"), alive)
    .order_by(person.c.id)
    .limit(MOST_HOUSEHOLD)
)
_SPEAKS_FOR = (
    select(person.c.name)
    .where(person.c.proxy_id == bindparam("id"), alive)
    .order_by(person.c.id)
    .limit(MOST_HOUSEHOLD)
)
_NAME = select(person.c.name).where(person.c.id == bindparam("id"))
_SKILLS = (
    select(person_skill.c.skill)
    .where(person_skill.c.person_id == bindparam("id"))
    .order_by(person_skill.c.skill)
    .limit(MOST_HOUSEHOLD)
)
_COUNTS = (
    select(func.count())
    .where(
        or_(pairing.c.resident_id == bindparam("id"), pairing.c.member_id == bindparam("id")),
        pairing.c.ended_at.is_(None),
    )
    .select_from(pairing),
    select(func.count())
    .where(
        request.c.requester_id == bindparam("id"),
        request.c.state.not_in([state.value for state in sorted(FINAL)]),
    )
    .select_from(request),
    select(func.count())
    .where(
        claim.c.member_id == bindparam("id"),
        claim.c.state.in_([state.value for state in sorted(AT_WORK)]),
    )
    .select_from(claim),
)
_CHECKIN = (
    select(checkin.c.state, checkin.c.valid_until)
    .where(checkin.c.person_id == bindparam("id"))
    .order_by(checkin.c.id.desc())
    .limit(1)
)
_UNIT_NAME = select(unit.c.id, unit.c.name, unit.c.name_en).where(
    unit.c.id.in_(bindparam("ids", expanding=True))
)
_STANDS_IN = (
    select(appointment.c.id, appointment.c.deputy_for_id, person.c.name, appointment.c.ends_at)
    .join(person, person.c.id == appointment.c.person_id)
    .where(
        appointment.c.deputy_for_id.in_(bindparam("ids", expanding=True)),
        appointment.c.phase != Phase.ENDED,
    )
)
_HOLDER = (
    select(person.c.name)
    .join(appointment, appointment.c.person_id == person.c.id)
    .where(appointment.c.id == bindparam("id"))
)


class Sight(NamedTuple):
    """Somebody, and through which of their places the reader sees them: ``home`` covers flat and household."""

    person: Person
    standing: tuple[Standing, ...]
    places: tuple[str, ...]
    own: bool
    home: bool
    staff: bool


def sight_of(connection: Connection, person_id: int, look: Look) -> Sight | None:
    """What the reader may see of somebody; None when nothing."""
    found = load(connection, Person, person_id, lock=False)
    if found is None or found.merged_into_id is not None or found.erased_at is not None:
        return None
    if connection.execute(ONE, {"id": person_id}).first() is None:
        return None
    standing = standing_of(connection, person_id)
    places = places_of(connection, found, standing)
    own = look.reader.person_id == person_id
    seen = [path for path in places if allowed(look.reader, Permission.SEE_PEOPLE, Subject(path=path))]
    if not (seen or own) or not allowed(look.reader, Permission.SEE_PEOPLE, None):
        return None
    return Sight(
        found,
        standing,
        places,
        own,
        home=own or (found.home_unit_id is not None and bool(places) and places[0] in seen),
        staff=own
        or any(
            held.role in _STAFF and path.startswith(held.path) for held in look.reader.held for path in seen
        ),
    )


def person_card(connection: Connection, person_id: int, look: Look) -> PersonCard | None:
    """For staff who cover the home or a place where the person serves, and for oneself."""
    sight = sight_of(connection, person_id, look)
    if sight is None:
        return None
    found = sight.person
    row = connection.execute(ONE, {"id": person_id}).one()
    pairings, requests, tasks = (
        connection.execute(statement, {"id": person_id}).scalar_one() for statement in _COUNTS
    )
    asked = connection.execute(_CHECKIN, {"id": person_id}).first()
    heads = sight.own or any(
        held.role in (Role.SECRETARY, Role.ADMIN) and path.startswith(held.path)
        for held in look.reader.held
        for path in sight.places
    )
    account = found.telegram_id
    blocked = account is not None and is_blocked(connection, account)
    may = _may(sight, look, blocked=blocked)
    return PersonCard(
        id=found.id,
        version=found.version,
        name=found.name,
        place=place(row.place, row.place_en),
        own=sight.own,
        flat=(row.flat or "") if sight.home else "",
        phone=(found.phone or "") if sight.staff else "",
        number=found.number or "",
        household=_names(connection, _HOUSEHOLD, household_id=found.household_id, id=person_id)
        if sight.home and found.household_id
        else (),
        held=_held(connection, sight, look) if heads or sight.staff else (),
        skills=_names(connection, _SKILLS, id=person_id),
        tags=tags_of(connection, person_id) if sight.staff else (),
        on_telegram=account is not None,
        proxy=connection.execute(_NAME, {"id": found.proxy_id}).scalar() or "" if found.proxy_id else "",
        speaks_for=_names(connection, _SPEAKS_FOR, id=person_id),
        suspended=found.suspended,
        blocked=blocked,
        pairings=pairings,
        requests=requests,
        tasks=tasks,
        checkin=asked.state if asked and heads else "",
        checkin_on=asked.valid_until if asked and heads else None,
        twins=len(twin_ids(connection, found, row.flat or "")) if "merge" in may else 0,
        may=may,
    )


def _names(connection: Connection, statement: Any, **params: Any) -> tuple[str, ...]:
    return tuple(connection.execute(statement, params).scalars())


def _may(sight: Sight, look: Look, *, blocked: bool) -> frozenset[str]:
    """What the buttons of the card are; each is asked again when it is pressed."""
    if sight.own:
        return frozenset()

    def somewhere(permission: Permission) -> bool:
        owners = frozenset({sight.person.id})
        return any(
            allowed(look.reader, permission, Subject(path=path, owners=owners)) for path in sight.places
        )

    above = outranks(look.reader, sight.standing, look.now)
    silences = above and allowed(look.reader, Permission.SUSPEND_PERSON, _at_home(sight))
    found = {
        "appoint": somewhere(Permission.SEE_PEOPLE)
        and allowed(look.reader, Permission.APPOINT, None)
        and not sight.person.suspended,
        "tag": somewhere(Permission.TAG_PERSON),
        "correct": above and somewhere(Permission.ENTER_PERSON),
        "suspend": above and somewhere(Permission.SUSPEND_PERSON) and not sight.person.suspended,
        "restore": above and somewhere(Permission.SUSPEND_PERSON) and sight.person.suspended,
        # Hearing somebody no more is the last means: it comes after suspending.
        "block": silences and sight.person.suspended and sight.person.telegram_id is not None and not blocked,
        "unblock": silences and blocked,
        "merge": above and somewhere(Permission.MERGE_PEOPLE),
    }
    return frozenset(name for name, granted in found.items() if granted)


def _at_home(sight: Sight) -> Subject:
    """Whose account it is, where they live: the block list asks there."""
    home = sight.places[0] if sight.person.home_unit_id is not None and sight.places else ""
    return Subject(path=home, owners=frozenset({sight.person.id}))


def _held(connection: Connection, sight: Sight, look: Look) -> tuple[Held, ...]:
    lasting = [one for one in sight.standing if not is_over(one.appointment, look.now)]
    ids = [one.appointment.id for one in lasting]
    units = {
        row.id: place(row.name, row.name_en)
        for row in connection.execute(_UNIT_NAME, {"ids": [one.appointment.unit_id for one in lasting]})
    }
    deputies = {
        row.deputy_for_id: row
        for row in connection.execute(_STANDS_IN, {"ids": ids})
        if row.ends_at is None or row.ends_at > look.now
    }
    return tuple(
        _one_held(
            connection, one, units[one.appointment.unit_id], deputies.get(one.appointment.id), sight, look
        )
        for one in lasting
    )


def _one_held(
    connection: Connection, one: Standing, where: Place, deputy: Any, sight: Sight, look: Look
) -> Held:
    held: Appointment = one.appointment
    whose = held.deputy_for_id
    return Held(
        held.id,
        held.role,
        where,
        day_of(held.starts_at, look),
        None if held.ends_at is None else last_day(held.ends_at, look),
        coming=held.starts_at > look.now,
        stands_in_for=connection.execute(_HOLDER, {"id": whose}).scalar() or "" if whose else "",
        may_end=not sight.own
        and allowed(
            look.reader, Permission.APPOINT, Subject(path=one.path, owners=frozenset({held.person_id}))
        )
        and may_reach(look.reader, held.role, one.path),
        may_name_deputy=sight.own and whose is None and held.role is not Role.MEMBER and deputy is None,
        deputy_id=deputy.id if deputy is not None and sight.own else 0,
        deputy=deputy.name if deputy is not None else "",
    )


def day_of(moment: datetime, look: Look) -> date:
    """The community's day of a moment."""
    return moment.astimezone(ZoneInfo(look.rules.time_zone)).date()


def last_day(ends_at: datetime, look: Look) -> date:
    """The last day of what ends at a midnight: the one before it."""
    return day_of(ends_at - timedelta(microseconds=1), look)


def twin_ids(connection: Connection, found: Person, flat: str) -> list[int]:
    """Others with the same name in the same flat, or with the same phone."""
    ids = connection.execute(
        TWINS,
        {"unit_id": found.home_unit_id, "name": found.name, "flat": flat, "phone": found.phone or ""},
    ).scalars()
    return [number for number in ids if number != found.id]


# --- what is left in hand -----------------------------------------------------------------------------------------------

_BEGUN = (
    select(task.c.id, task.c.category, unit.c.name, unit.c.name_en, unit.c.path)
    .join(claim, claim.c.task_id == task.c.id)
    .join(unit, unit.c.id == task.c.unit_id)
    .where(
        claim.c.member_id == bindparam("id"),
        claim.c.state.in_([state.value for state in sorted(AT_WORK)]),
    )
    .order_by(task.c.id)
    .limit(MOST_LEFT)
)
_resident = person.alias("resident")
_TIES = (
    select(pairing.c.id, _resident.c.name.label("resident"), unit.c.name, unit.c.name_en, unit.c.path)
    .join(_resident, _resident.c.id == pairing.c.resident_id)
    .join(unit, unit.c.id == pairing.c.unit_id)
    .where(pairing.c.member_id == bindparam("id"), pairing.c.ended_at.is_(None))
    .order_by(pairing.c.id)
    .limit(MOST_LEFT)
)


def person_work(connection: Connection, person_id: int, look: Look) -> WorkFacts | None:
    """For staff: what of somebody's open work lies in the units they lead, whether they still see the person or not."""
    name = connection.execute(_NAME, {"id": person_id}).scalar()
    if name is None or not allowed(look.reader, Permission.SEE_PEOPLE, None):
        return None

    def mine(path: str) -> bool:
        return allowed(look.reader, Permission.TRIAGE_REQUEST, Subject(path=path))

    begun = [row for row in connection.execute(_BEGUN, {"id": person_id}) if mine(row.path)]
    ties = [row for row in connection.execute(_TIES, {"id": person_id}) if mine(row.path)]
    if not (begun or ties) and sight_of(connection, person_id, look) is None:
        return None
    return WorkFacts(
        person_id,
        name,
        (
            *(WorkLeft("task", row.id, place(row.name, row.name_en), category=row.category) for row in begun),
            *(WorkLeft("pairing", row.id, place(row.name, row.name_en), name=row.resident) for row in ties),
        ),
    )


def person_tags(connection: Connection, person_id: int, look: Look) -> PersonCard | None:
    """The card, for who may say what is noted of them."""
    facts = person_card(connection, person_id, look)
    return facts if facts is not None and "tag" in facts.may else None


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "person.card": person_card,
    "person.tags": person_tags,
    "person.work": person_work,
}
