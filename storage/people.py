"""People, households, appointments: who acts, whom a notice means, and the rows behind arrival and home."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, FromClause, bindparam, or_, select
from sqlalchemy.sql.elements import ColumnElement

from domain.base import (
    NOT_FOUND,
    Actor,
    Audience,
    Held,
    Refused,
    Role,
    ToChat,
    ToGroup,
    ToMembers,
    ToPerson,
    ToResponsible,
)
from domain.people import (
    Appoint,
    Appointment,
    ChooseHome,
    ChooseLanguage,
    GiveConsent,
    Person,
    PersonCase,
    Phase,
)
from domain.rulebook import Rulebook
from storage.dialect import upserting
from storage.entities import every, load, next_id, only, selection
from storage.imports import there
from storage.prepared import Prepared, one_of, some
from storage.schema import (
    appointment,
    chat_group,
    household,
    person,
    unit,
)
from storage.types import Instant

_home = unit.alias("home")
_held_unit = unit.alias("held_unit")
_live = or_(appointment.c.ends_at.is_(None), appointment.c.ends_at > bindparam("now", type_=Instant()))


def in_force(appointments: FromClause) -> ColumnElement[bool]:
    """Whether an appointment holds at ``now``."""
    now = bindparam("now", type_=Instant())
    return (appointments.c.starts_at <= now) & or_(
        appointments.c.ends_at.is_(None), appointments.c.ends_at > now
    )


_actor_columns: tuple[ColumnElement[Any], ...] = (
    person.c.id,
    person.c.telegram_id,
    person.c.language,
    person.c.name,
    person.c.suspended,
    person.c.home_unit_id,
    _home.c.path,
    person.c.household_id,
    person.c.phone,
    person.c.unreachable_since,
    person.c.consent_version,
    appointment.c.role,
    appointment.c.unit_id,
    _held_unit.c.path,
)
_actor_from = (
    person.outerjoin(_home, _home.c.id == person.c.home_unit_id)
    .outerjoin(
        appointment,
        (appointment.c.person_id == person.c.id)
        & (appointment.c.starts_at <= bindparam("now", type_=Instant()))
        & _live,
    )
    .outerjoin(_held_unit, _held_unit.c.id == appointment.c.unit_id)
)
_ACTOR_BY_TELEGRAM = Prepared(
    select(*_actor_columns).select_from(_actor_from).where(person.c.telegram_id == bindparam("key"))
)
_ACTORS_BY_ID = Prepared(
    select(*_actor_columns).select_from(_actor_from).where(one_of(person.c.id, "key")).order_by(person.c.id)
)


def load_actor(connection: Connection, now: datetime, *, telegram_id: int) -> Actor | None:
    """Who this is, with every appointment in force at ``now``; None for somebody the bot does not know."""
    rows = _ACTOR_BY_TELEGRAM.all(connection, {"key": telegram_id, "now": now})
    return _actor_of(rows) if rows else None


def load_actors(connection: Connection, now: datetime, person_ids: Collection[int]) -> dict[int, Actor]:
    """The same for several at once, by person; people who are not there are left out."""
    return {
        key: _actor_of(list(found))
        for portion in some("key", person_ids)
        for key, found in groupby(_ACTORS_BY_ID.all(connection, {**portion, "now": now}), key=itemgetter(0))
    }


def _actor_of(rows: Sequence[Any]) -> Actor:
    """One person's rows, one for each appointment."""
    first = rows[0]
    return Actor(
        person_id=first[0],
        telegram_id=first[1] or 0,
        language=first[2],
        name=first[3],
        suspended=first[4],
        home_unit_id=first[5],
        home_path=first[6] or "",
        household_id=first[7],
        has_flat=first[7] is not None,
        has_phone=bool(first[8]),
        unreachable=first[9] is not None,
        consent_version=first[10],
        held=tuple(Held(row[11], row[12], row[13]) for row in rows if row[11] is not None),
    )


# --- loading for decisions ------------------------------------------------------------------------------------------

_PERSON_BY_TELEGRAM = (
    selection(Person).where(person.c.telegram_id == bindparam("telegram_id")).with_for_update()
)
# Held for reading: nobody moves in or serves where somebody is closing at this moment. A forged button may name a unit
# that an import is still bringing.
_UNIT = (
    select(unit.c.path, unit.c.kind)
    .where(unit.c.id == bindparam("id"), unit.c.closed_at.is_(None), there(unit))
    .with_for_update(read=True)
)
# What is over by its time alone is told apart by the rules, which know the time.
_STANDING = selection(Appointment).where(
    appointment.c.person_id == bindparam("person_id"), appointment.c.phase != Phase.ENDED
)
HOME_KINDS = frozenset({"building"})


def person_by_telegram(connection: Connection, telegram_id: int) -> Person | None:
    """The person behind a Telegram account, or None."""
    return only(connection, Person, _PERSON_BY_TELEGRAM, telegram_id=telegram_id)


_KNOWN_PERSON = selection(Person).where(person.c.telegram_id == bindparam("telegram_id"))


def known_person(connection: Connection, telegram_id: int) -> Person | None:
    """The same for reading only, without a lock."""
    return only(connection, Person, _KNOWN_PERSON, telegram_id=telegram_id)


_HELD = (
    select(appointment.c.role, appointment.c.unit_id, unit.c.path)
    .join(unit, unit.c.id == appointment.c.unit_id)
    .where(
        appointment.c.person_id == bindparam("person_id"),
        or_(appointment.c.ends_at.is_(None), appointment.c.phase != Phase.ENDED),
    )
)


def held_by(connection: Connection, person_id: int) -> tuple[Held, ...]:
    """What this person holds or will hold: every appointment that has not been noted as ended."""
    return tuple(Held(*row) for row in connection.execute(_HELD, {"person_id": person_id}))


def _own(connection: Connection, actor: Actor) -> Person:
    found = load(connection, Person, actor.person_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def _known_or_new(connection: Connection, telegram_id: int, language: str) -> Person:
    known = person_by_telegram(connection, telegram_id)
    if known is not None:
        return known
    # The counter stays locked until the commit, so whoever else was making this person is done by now: look again.
    new_id = next_id(connection, Person)
    return person_by_telegram(connection, telegram_id) or Person(new_id, 0, telegram_id, "", language)


def load_for_consent(
    connection: Connection, action: GiveConsent, actor: Actor, rules: Rulebook
) -> PersonCase:
    """The person, new when this is the first "yes"."""
    return PersonCase(_known_or_new(connection, action.telegram_id, action.language))


def load_for_home(connection: Connection, action: ChooseHome, actor: Actor, rules: Rulebook) -> PersonCase:
    """The person and the unit that shall be home."""
    row = connection.execute(_UNIT, {"id": action.unit_id}).first()
    return PersonCase(
        _own(connection, actor),
        unit_id=action.unit_id,
        unit_path=row[0] if row else "",
        unit_has_homes=row is not None and row[1] in HOME_KINDS,
    )


def load_for_language(
    connection: Connection, action: ChooseLanguage, actor: Actor, rules: Rulebook
) -> PersonCase:
    """The person."""
    return PersonCase(_own(connection, actor))


def load_for_appointment(
    connection: Connection, action: Appoint, actor: Actor, rules: Rulebook
) -> PersonCase:
    """The person, known or not, with the appointments they have."""
    known = _known_or_new(connection, action.telegram_id, action.language)
    row = connection.execute(_UNIT, {"id": action.unit_id}).first()
    return PersonCase(
        known,
        unit_id=action.unit_id,
        unit_path=row[0] if row else "",
        new_id=next_id(connection, Appointment),
        standing=every(connection, Appointment, _STANDING, person_id=known.id),
    )


LOADERS: dict[type[Any], Any] = {
    GiveConsent: load_for_consent,
    ChooseHome: load_for_home,
    ChooseLanguage: load_for_language,
    Appoint: load_for_appointment,
}

_HOUSEHOLD = select(household.c.id).where(
    household.c.unit_id == bindparam("unit_id"), household.c.flat == bindparam("flat")
)


def household_at(connection: Connection, unit_id: int, flat: str) -> int:
    """The household at an address, made when it is the first of its people."""
    connection.execute(
        upserting(connection, household)
        .values(unit_id=unit_id, flat=flat)
        .on_conflict_do_nothing(index_elements=["unit_id", "flat"])
    )
    return int(connection.execute(_HOUSEHOLD, {"unit_id": unit_id, "flat": flat}).scalar_one())


def with_address(connection: Connection, known: Person, *, flat: str | None) -> Person:
    """``known`` living at ``flat`` of their home unit; unchanged when no flat is given."""
    if not flat or known.home_unit_id is None:
        return known
    return replace(known, household_id=household_at(connection, known.home_unit_id, flat))


# --- who is meant -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recipient:
    """A chat that a notice goes to. ``person_id`` None: a group. ``unreachable``: remembered as blocked or gone."""

    chat_id: int
    person_id: int | None
    unreachable: bool = False


def ancestors(path: str) -> tuple[str, ...]:
    """The paths of a unit and of everything above it, nearest first.

    >>> ancestors("1.4.12.")
    ('1.4.12.', '1.4.', '1.')
    """
    ids = path.split(".")[:-1]
    return tuple(".".join(ids[:length]) + "." for length in range(len(ids), 0, -1))


def below(path: str) -> tuple[str, str]:
    """The half-open range of paths at and below ``path``: "." is followed by "/" in byte order."""
    return path, path[:-1] + "/"


_UNIT_PATH = select(unit.c.path).where(unit.c.id == bindparam("id"))


def unit_path(connection: Connection, unit_id: int) -> str:
    """Where a unit stands in the tree; "" when there is none."""
    return connection.execute(_UNIT_PATH, {"id": unit_id}).scalar() or ""


_recipient = (person.c.telegram_id, person.c.id, person.c.unreachable_since)
_ONE = Prepared(
    select(*_recipient).where(person.c.id == bindparam("person_id"), person.c.telegram_id.is_not(None))
)
_HOLDERS_UP = (
    select(*_recipient, unit.c.path)
    .select_from(
        appointment.join(unit, unit.c.id == appointment.c.unit_id).join(
            person, person.c.id == appointment.c.person_id
        )
    )
    .where(
        unit.c.path.in_(bindparam("paths", expanding=True)),
        appointment.c.role.in_(bindparam("roles", expanding=True)),
        appointment.c.starts_at <= bindparam("now", type_=Instant()),
        _live,
        person.c.telegram_id.is_not(None),
        person.c.suspended.is_(False),
    )
    .order_by(person.c.id)
)
_HOLDERS_AROUND = (
    select(*_recipient)
    .distinct()
    .select_from(
        appointment.join(unit, unit.c.id == appointment.c.unit_id).join(
            person, person.c.id == appointment.c.person_id
        )
    )
    .where(
        or_(
            unit.c.path.in_(bindparam("paths", expanding=True)),
            (unit.c.path >= bindparam("low")) & (unit.c.path < bindparam("high")),
        ),
        appointment.c.role == Role.MEMBER,
        appointment.c.starts_at <= bindparam("now", type_=Instant()),
        _live,
        person.c.telegram_id.is_not(None),
        person.c.suspended.is_(False),
        person.c.id.not_in(bindparam("without", expanding=True)),
        or_(
            person.c.household_id.is_(None),
            person.c.household_id != bindparam("household"),
        ),
    )
    .order_by(person.c.id)
)
_GROUPS_UP = (
    select(chat_group.c.chat_id, unit.c.path)
    .select_from(chat_group.join(unit, unit.c.id == chat_group.c.unit_id))
    .where(unit.c.path.in_(bindparam("paths", expanding=True)), chat_group.c.left_at.is_(None))
    .order_by(chat_group.c.id)
)


def recipients(connection: Connection, audience: Audience, now: datetime) -> tuple[Recipient, ...]:
    """The chats an audience means at this moment. People without a chat are not among them."""
    match audience:
        case ToPerson(person_id):
            rows: Iterable[Any] = _ONE.all(connection, {"person_id": person_id})
        case ToChat(chat_id):
            return (Recipient(chat_id, None),)
        case ToGroup(unit_id):
            paths = ancestors(unit_path(connection, unit_id))
            bound = connection.execute(_GROUPS_UP, {"paths": paths}).all()
            nearest = max((len(row[1]) for row in bound), default=0)
            return tuple(Recipient(row[0], None) for row in bound if len(row[1]) == nearest)
        case ToResponsible(unit_id, roles, passing_over, otherwise):
            path = unit_path(connection, unit_id)
            rows = _nearest(connection, path, roles, passing_over, now)
            if not rows and otherwise:
                rows = _nearest(connection, path, otherwise, passing_over, now)
        case ToMembers(circle_unit_id):
            rows = _around(connection, audience, circle_unit_id, now)
            if audience.beyond_unit_id is not None:
                asked = {row[1] for row in _around(connection, audience, audience.beyond_unit_id, now)}
                rows = [row for row in rows if row[1] not in asked]
    return tuple(Recipient(row[0], row[1], row[2] is not None) for row in rows)


def _around(connection: Connection, audience: ToMembers, unit_id: int, now: datetime) -> Sequence[Any]:
    path = unit_path(connection, unit_id)
    low, high = below(path)
    return connection.execute(
        _HOLDERS_AROUND,
        {
            "paths": ancestors(path),
            "low": low,
            "high": high,
            "now": now,
            "without": sorted(audience.without) or [0],
            "household": audience.without_household_id or 0,
        },
    ).all()


def _nearest(
    connection: Connection, path: str, roles: tuple[Role, ...], passing_over: frozenset[int], now: datetime
) -> list[Any]:
    rows = connection.execute(
        _HOLDERS_UP, {"paths": ancestors(path), "roles": [role.value for role in roles], "now": now}
    ).all()
    candidates = [row for row in rows if row[1] not in passing_over]
    if not candidates:
        return []
    nearest = max(len(row[3]) for row in candidates)
    seen: dict[int, Any] = {row[1]: row for row in candidates if len(row[3]) == nearest}
    return list(seen.values())
