"""Rows of people in an import: who each one is, and what it would change.

How they are brought in is ``bring_people.py``'s. Nobody acts as a person whom an import is bringing: a new person has no Telegram account before the import is live,
so that their roles give no authority, and the account's owner may still arrive by themselves meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from typing import Any, NamedTuple
from zlib import crc32

from sqlalchemy import Connection, bindparam, func, select, tuple_
from sqlalchemy.sql.elements import BindParameter

from domain.base import Role
from domain.people import Phase
from domain.sheet_columns import Fault, Problem
from domain.sheets import PersonLine, tidy
from storage.dialect import among
from storage.import_rows import (
    ACCOUNT,
    CHANGE,
    MORE,
    NEW,
    SKILLS,
    Portion,
    Scope,
    Staged,
    Wrong,
    bad,
    both,
    staged_already,
)
from storage.people import HOME_KINDS
from storage.schema import (
    appointment,
    household,
    import_row,
    person,
    person_skill,
    unit,
    unit_alias,
)
from storage.types import to_microseconds

LANGUAGE = "zh"
"""Of who has not chosen, and of whom the sheet says nothing."""


WHO = frozenset({"number", "name", "phone", "unit", "flat", "telegram_id"})
"""The columns that say who somebody is."""


class Place(NamedTuple):
    """A unit that rows name."""

    id: int
    path: str
    kind: str


class Known(NamedTuple):
    """Somebody who is there already."""

    id: int
    telegram_id: int | None
    name: str
    language: str
    home_unit_id: int | None
    phone: str | None
    number: str | None
    path: str | None
    flat: str | None
    is_tombstone: bool


class Service(NamedTuple):
    """A role somebody has, or had."""

    id: int
    person_id: int
    role: Role
    unit_id: int
    starts_at: datetime
    ends_at: datetime | None


class Around(NamedTuple):
    """What rows of one portion are compared with."""

    places: Mapping[str, Sequence[Place]]
    by_number: Mapping[str, Known]
    by_telegram: Mapping[int, Known]
    by_phone: Mapping[tuple[str, str], Sequence[Known]]
    by_home: Mapping[tuple[int, str, str], Sequence[Known]]
    services: Mapping[int, Sequence[Service]]
    skills: Mapping[int, frozenset[str]]
    staged: Mapping[str, Sequence[Staged]]


# --- what is there -----------------------------------------------------------------------------------------------------

_place = (unit.c.id, unit.c.path, unit.c.kind)
_open = unit.c.closed_at.is_(None) & unit.c.merged_into_id.is_(None)
_NAMES: BindParameter[Any] = bindparam("names", expanding=True)
_PLACES = (
    select(unit.c.code.label("name"), *_place).where(_open, unit.c.code.in_(_NAMES)),
    select(unit_alias.c.alias.label("name"), *_place)
    .select_from(unit_alias.join(unit, unit.c.id == unit_alias.c.unit_id))
    .where(_open, unit_alias.c.alias.in_(_NAMES)),
    select(unit.c.name.label("name"), *_place).where(_open, unit.c.name.in_(_NAMES)),
)
_home = unit.alias("home_unit")
_KNOWN = select(
    person.c.id,
    person.c.telegram_id,
    person.c.name,
    person.c.language,
    person.c.home_unit_id,
    person.c.phone,
    person.c.number,
    _home.c.path,
    household.c.flat,
    (person.c.merged_into_id.is_not(None) | person.c.erased_at.is_not(None)).label("is_tombstone"),
).select_from(
    person.outerjoin(_home, _home.c.id == person.c.home_unit_id).outerjoin(
        household, household.c.id == person.c.household_id
    )
)
_VALUES: BindParameter[Any] = bindparam("values", expanding=True)
_ALIVE = person.c.merged_into_id.is_(None) & person.c.erased_at.is_(None)
_BY_HOME = _KNOWN.where(tuple_(person.c.home_unit_id, person.c.name).in_(_VALUES), _ALIVE)
_SERVICES = select(
    appointment.c.id,
    appointment.c.person_id,
    appointment.c.role,
    appointment.c.unit_id,
    appointment.c.starts_at,
    appointment.c.ends_at,
).where(appointment.c.person_id.in_(_VALUES), appointment.c.deputy_for_id.is_(None))
_SKILLS = select(person_skill.c.person_id, person_skill.c.skill).where(person_skill.c.person_id.in_(_VALUES))


@cache
def _known_by(dialect: str, column: str) -> Any:
    found = _KNOWN.where(among(dialect, person.c[column], "values"))
    # A number and an account stay taken by whoever is gone; a telephone does not.
    return found.where(_ALIVE) if column == "phone" else found


def _places(connection: Connection, names: set[str], scope: Scope, cache: dict[str, Any]) -> None:
    """Which units the names mean: by code, else by another name, else by name; only where the import may reach."""
    if len(cache) > 20_000:
        cache.clear()
    missing = names - cache.keys()
    for statement in _PLACES:
        if not missing:
            return
        found: dict[str, dict[int, Place]] = {}
        for row in connection.execute(statement, {"names": sorted(missing)}):
            if scope.covers(row.path):
                found.setdefault(row.name, {})[row.id] = Place(row.id, row.path, row.kind)
        cache.update({name: list(places.values()) for name, places in found.items()})
        missing -= found.keys()
    cache.update(dict.fromkeys(missing, ()))


def around(
    connection: Connection, batch_id: int, portion: Portion[PersonLine], scope: Scope, cache: dict[str, Any]
) -> Around:
    """Everything that a portion's rows have to be compared with, in a few statements."""
    lines = portion.lines
    _places(
        connection,
        {name for line in lines for name in (line.unit, line.role_unit) if name},
        scope,
        cache,
    )

    def known(statement: Any, values: Iterable[Any]) -> list[Known]:
        wanted = list(values)
        return [Known(*row) for row in connection.execute(statement, {"values": wanted})] if wanted else []

    by = partial(_known_by, connection.dialect.name)
    numbered = known(by("number"), {line.number for line in lines if line.number})
    on_telegram = known(by("telegram_id"), {line.telegram_id for line in lines if line.telegram_id})
    with_phone = known(
        by("phone"),
        {line.phone for line in lines if line.phone and not (line.number or line.telegram_id)},
    )
    at_home = known(
        _BY_HOME,
        {
            (place.id, line.name)
            for line in lines
            if line.unit and line.key.startswith("h:")
            for place in cache[line.unit]
        },
    )
    ids = {found.id for found in (*numbered, *on_telegram, *with_phone, *at_home)}
    services: dict[int, list[Service]] = {}
    skills: dict[int, set[str]] = {}
    if ids:
        for row in connection.execute(_SERVICES, {"values": sorted(ids)}):
            services.setdefault(row.person_id, []).append(Service(*row))
        for skill in connection.execute(_SKILLS, {"values": sorted(ids)}):
            skills.setdefault(skill.person_id, set()).add(skill.skill)
    by_phone: dict[tuple[str, str], list[Known]] = {}
    for found in with_phone:
        by_phone.setdefault((found.phone or "", tidy(found.name)), []).append(found)
    by_home: dict[tuple[int, str, str], list[Known]] = {}
    for found in at_home:
        by_home.setdefault((found.home_unit_id or 0, tidy(found.flat or ""), tidy(found.name)), []).append(
            found
        )
    return Around(
        cache,
        {found.number or "": found for found in numbered},
        {found.telegram_id or 0: found for found in on_telegram},
        by_phone,
        by_home,
        services,
        {key: frozenset(found) for key, found in skills.items()},
        staged_already(connection, batch_id, [line.key for line in lines]),
    )


# --- what a row comes to -----------------------------------------------------------------------------------------------


def judge(portion: Portion[PersonLine], near: Around, scope: Scope) -> list[Staged]:
    """Each row as it is kept: somebody new, a change, a further role, nothing at all, or what is wrong with it."""
    staged = {key: list(rows) for key, rows in near.staged.items()}
    found: list[Staged] = []
    for line, problems in portion.rows:
        # Whoever cannot be told apart for a wrong cell is nobody's double.
        unclear = any(problem.column in WHO for problem in problems)
        before = () if unclear else staged.get(line.key, ())
        row = both(problems, _judged(line, near, scope, before))
        found.append(row)
        if not row.is_bad:
            staged.setdefault(line.key, []).append(row)
    return found


def _with_skills(line: PersonLine, known_id: int, near: Around, scope: Scope, wrong: Wrong) -> PersonLine:
    """The row with its skills by their codes. One that the settings no longer know stays with whoever has it."""
    if not line.skills:
        return line
    codes = [scope.skills.get(word.casefold(), word) for word in line.skills]
    had = near.skills.get(known_id, frozenset())
    unknown = [code for code in codes if code not in scope.skills and code not in had]
    if unknown:
        wrong.add("skills", Fault.SKILL_UNKNOWN, text=unknown[0])
    return replace(line, skills=tuple(dict.fromkeys(codes)))


def _judged(line: PersonLine, near: Around, scope: Scope, before: Sequence[Staged]) -> Staged:
    wrong = Wrong(line.line)
    home = _unit(line.unit, "unit", near, wrong)
    at = _unit(line.role_unit, "role_unit" if line.role_unit != line.unit else "unit", near, wrong)
    known = _who(line, home, near, scope, wrong)
    if home and home.kind not in HOME_KINDS and not (known and known.home_unit_id == home.id):
        wrong.add("unit", Fault.UNIT_WITHOUT_HOMES, text=line.unit)
    if line.flat and home is None and not (line.unit or (known and known.home_unit_id)):
        wrong.add("flat", Fault.FLAT_ALONE)
    service = _service(line, at, near.services.get(known.id, ()) if known else (), scope, wrong)
    line = _with_skills(line, known.id if known else 0, near, scope, wrong)
    if service and known and known.id == scope.by_id:
        wrong.add("role", Fault.OWN_ROLE)
    print_of_person = crc32(
        repr((line.name, line.phone, line.unit, line.flat, line.language, line.skills)).encode()
    )
    if before and (
        line.role is None
        or before[0].data["is"] != print_of_person
        or any(row.data["role"] == [line.role, at and at.id] for row in before)
    ):
        wrong.add("name" if not line.number else "number", Fault.DUPLICATE, line=before[0].line)
    if wrong:
        return bad(wrong)
    data: dict[str, Any] = {"is": print_of_person, "role": line.role and [line.role, at and at.id]}
    row = Staged(line.line, line.key, data=data, row_id=known.id if known else None)
    change: dict[str, Any] = {"service": service} if service else {}
    if before:
        row.of = before[0]
        if NEW in before[0].data:
            data[MORE] = True
    else:
        row.parent = str(line.telegram_id or "")
        row.fresh = known is None
        change |= _new(line, home) if known is None else _different(line, home, known, near)
    data[NEW if known is None else CHANGE] = change
    if known is not None and not change:
        del data[CHANGE]
    return row


def _unit(name: str, column: str, near: Around, wrong: Wrong) -> Place | None:
    """The unit that a name means here."""
    if not name:
        return None
    places = near.places[name]
    if len(places) == 1:
        return places[0]
    if not any(problem.column == column for problem in wrong):
        if places:
            wrong.add(column, Fault.UNIT_UNCLEAR, text=name, count=len(places))
        else:
            wrong.add(column, Fault.UNIT_UNKNOWN, text=name)
    return None


def _who(line: PersonLine, home: Place | None, near: Around, scope: Scope, wrong: Wrong) -> Known | None:
    """Whom the row means among those who are there; None: somebody new."""
    account = near.by_telegram.get(line.telegram_id) if line.telegram_id else None
    if line.number:
        known = near.by_number.get(line.number)
        # Who came by themselves has no number yet, and is the same person.
        if known is None and account is not None and account.number is None:
            known = account
    elif line.telegram_id:
        known = account
    else:
        several = (
            near.by_phone.get((line.phone, line.name), ())
            if line.phone
            else near.by_home.get((home.id, line.flat, line.name), ())
            if home
            else ()
        )
        if len(several) > 1:
            wrong.add("name", Fault.PERSON_UNCLEAR, text=line.name, count=len(several))
        known = several[0] if len(several) == 1 else None
    if known is not None and (known.is_tombstone or not (known.path is None or scope.covers(known.path))):
        wrong.add("number" if line.number else "name", Fault.NUMBER_TAKEN)
    if account is not None and account != known:
        wrong.add("telegram_id", Fault.TELEGRAM_TAKEN)
    elif known and line.telegram_id and known.telegram_id not in (None, line.telegram_id):
        wrong.add("telegram_id", Fault.TELEGRAM_OTHER)
    return known


def _new(line: PersonLine, home: Place | None) -> dict[str, Any]:
    """All that the row says, without what is empty."""
    said_of_them = {
        "number": line.number,
        "name": line.name,
        "phone": line.phone,
        "language": line.language or LANGUAGE,
        ACCOUNT: line.telegram_id,
        "unit_id": home.id if home else None,
        "flat": line.flat,
        SKILLS: line.skills,
    }
    return {name: value for name, value in said_of_them.items() if value}


def _different(line: PersonLine, home: Place | None, known: Known, near: Around) -> dict[str, Any]:
    """What the row says otherwise than it is. An empty cell says nothing."""
    found: dict[str, Any] = {
        column: value
        for column, value, there in (
            ("number", line.number, known.number),
            ("name", line.name, tidy(known.name)),
            ("phone", line.phone, known.phone),
            ("language", line.language, known.language),
            ("telegram_id", line.telegram_id, known.telegram_id),
        )
        if value and value != there
    }
    unit_id = home.id if home else known.home_unit_id
    moves = unit_id != known.home_unit_id
    if moves or (line.flat and line.flat != tidy(known.flat or "")):
        found |= {"unit_id": unit_id, "flat": line.flat or None}
    if line.skills and frozenset(line.skills) != near.skills.get(known.id, frozenset()):
        found["skills"] = line.skills
    return found


def _midnight(day: date, scope: Scope) -> datetime:
    return datetime.combine(day, time(), scope.zone)


def _service(
    line: PersonLine, at: Place | None, there: Sequence[Service], scope: Scope, wrong: Wrong
) -> dict[str, Any]:
    """The role to be given (without ``id``) or corrected; nothing when it is as the row says."""
    if line.role is None or at is None:
        return {}
    starts = _midnight(line.begins, scope) if line.begins else None
    ends = _midnight(line.ends + timedelta(days=1), scope) if line.ends else None
    held = [one for one in there if one.role is line.role and one.unit_id == at.id]
    same_start = [one for one in held if line.begins and _day(one.starts_at, scope) == line.begins]
    running = [one for one in held if one.ends_at is None or one.ends_at > scope.now]
    if chosen := (same_start or running):
        one = chosen[0]
        new_start = starts if starts and _day(one.starts_at, scope) != line.begins else one.starts_at
        new_end = ends if ends and ends != one.ends_at else one.ends_at
        if ends and one.ends_at and _day(one.ends_at - timedelta(microseconds=1), scope) == line.ends:
            new_end = one.ends_at
        if (new_start, new_end) == (one.starts_at, one.ends_at):
            return {}
        if new_end is not None and new_end < new_start:
            wrong.add("until", Fault.DATES_CROSSED)
            return {}
        return {"id": one.id, **_times(new_start, new_end, scope)}
    starts = starts or min(scope.now, ends or scope.now)
    return {"role": line.role, "unit_id": at.id, **_times(starts, ends, scope)}


def _day(moment: datetime, scope: Scope) -> date:
    return moment.astimezone(scope.zone).date()


def _times(starts: datetime, ends: datetime | None, scope: Scope) -> dict[str, Any]:
    phase = Phase.RUNNING
    if ends is not None and ends <= scope.now:
        phase = Phase.ENDED
    elif starts > scope.now:
        phase = Phase.COMING
    return {
        "starts_at": to_microseconds(starts),
        "ends_at": None if ends is None else to_microseconds(ends),
        "phase": phase,
    }


# --- what only the whole shows -----------------------------------------------------------------------------------------

_TWICE = (
    select(import_row.c.parent)
    .where(import_row.c.batch_id == bindparam("batch"), import_row.c.parent != "")
    .group_by(import_row.c.parent)
    .having(func.count() > 1)
    .subquery()
)
_ACCOUNT_TWICE = (
    select(import_row.c.line, import_row.c.parent)
    .join(_TWICE, _TWICE.c.parent == import_row.c.parent)
    .where(import_row.c.batch_id == bindparam("batch"))
    .order_by(import_row.c.line)
    .limit(bindparam("most"))
)


def problems_of_all(connection: Connection, batch_id: int, *, most: int) -> list[Problem]:
    """Two people with one Telegram account within the sheet."""
    first: dict[str, int] = {}
    found = []
    for row in connection.execute(_ACCOUNT_TWICE, {"batch": batch_id, "most": most}):
        other = first.setdefault(row.parent, row.line)
        if other != row.line:
            found.append(Problem(row.line, "telegram_id", Fault.TELEGRAM_TWICE, {"line": other}))
    return found
