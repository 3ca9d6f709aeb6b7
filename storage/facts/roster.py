"""Looking for people: at and below one unit, by name, number, flat, role or skill, a page at a time.

A unit with few homes below it is searched whole, by its homes. A big one is searched along the order of names, which
stops as soon as a page is full: there a name is looked for by its beginning and a number only when it is whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
)

from domain.base import NOT_FOUND, Refused, Role
from domain.people_seen import (
    MOST_COUNTED,
    Found,
    FoundPerson,
    ListSkills,
    RoleAt,
    SearchPeople,
)
from domain.permissions import GRANTS, STAFF, Permission
from domain.queries import PAGE_ROWS, Place
from storage.facts import persons, twins
from storage.facts.rows import Look, in_force, place
from storage.imports import there
from storage.people import below as bounds
from storage.prepared import Prepared, one_of, some
from storage.roster import alive
from storage.schema import appointment, household, person, person_skill, unit

NEAR_UNITS = 1000
"""Up to so many units are searched whole."""
MOST_CANDIDATES = 20_000
"""How many holders of a role or a skill are looked through in a big unit."""
MOST_SKILLS = 30
LAST = "\U0010ffff"

_home = unit.alias("home_unit")
_UNIT = select(unit.c.path, unit.c.name, unit.c.name_en).where(unit.c.id == bindparam("id"))
_HOW_MANY = select(func.count()).select_from(
    select(unit.c.id)
    .where(unit.c.path >= bindparam("low"), unit.c.path < bindparam("high"))
    .limit(NEAR_UNITS + 1)
    .subquery()
)
_ROLES = Prepared(
    select(appointment.c.person_id, appointment.c.role, unit.c.name, unit.c.name_en)
    .join(unit, unit.c.id == appointment.c.unit_id)
    .where(
        one_of(appointment.c.person_id, "person", most=PAGE_ROWS), in_force(appointment), there(appointment)
    )
    .order_by(appointment.c.person_id, unit.c.path, appointment.c.id)
)


class Scope(NamedTuple):
    """The unit that is searched. ``staff``: the reader leads it, and may look for telephone numbers."""

    low: str
    high: str
    near: bool
    staff: bool
    place: Place


def scope_of(connection: Connection, unit_id: int, look: Look) -> Scope:
    """The unit, if the reader covers it. Raises Refused."""
    row = connection.execute(_UNIT, {"id": unit_id}).first()
    roles = GRANTS[Permission.SEE_PEOPLE].roles
    over = [held.role for held in look.reader.held if row is not None and row.path.startswith(held.path)]
    if row is None or not any(role in roles for role in over):
        raise Refused(NOT_FOUND)
    low, high = bounds(row.path)
    count = connection.execute(_HOW_MANY, {"low": low, "high": high}).scalar_one()
    return Scope(
        low, high, count <= NEAR_UNITS, any(role in STAFF for role in over), place(row.name, row.name_en)
    )


def search(connection: Connection, query: SearchPeople, look: Look) -> Found:
    """One page. An empty search lists everybody, in the order of their names."""
    scope = scope_of(connection, query.unit_id, look)
    words = query.words.strip()
    statement = _statement(query, words, scope)
    parameters = {"low": scope.low, "high": scope.high, "now": look.now}
    on_page = statement
    if query.after is not None:
        on_page = statement.where(tuple_(person.c.name, person.c.id) > tuple_(*map(literal, query.after)))
    rows = connection.execute(
        on_page.order_by(person.c.name, person.c.id).limit(PAGE_ROWS + 1), parameters
    ).all()
    counted = select(func.count()).select_from(
        statement.with_only_columns(person.c.id).limit(MOST_COUNTED + 1).subquery()
    )
    shown = rows[:PAGE_ROWS]
    roles = roles_of(connection, [row.id for row in shown], look)
    return Found(
        tuple(_found(row, tuple(roles[row.id])) for row in shown),
        scope.place,
        more=len(rows) > PAGE_ROWS,
        count=connection.execute(counted, parameters).scalar_one(),
        wide=not scope.near,
    )


def _found(row: Any, roles: tuple[RoleAt, ...]) -> FoundPerson:
    return FoundPerson(
        row.id,
        row.name,
        place(row.place, row.place_en),
        row.flat or "",
        roles,
        suspended=row.suspended,
        on_telegram=row.telegram_id is not None,
    )


def roles_of(connection: Connection, ids: list[int], look: Look) -> dict[int, list[RoleAt]]:
    """What people hold now, and where."""
    found: dict[int, list[RoleAt]] = defaultdict(list)
    for portion in some("person", ids, most=PAGE_ROWS):
        for row in _ROLES.all(connection, {**portion, "now": look.now}):
            found[row.person_id].append(RoleAt(row.role, place(row.name, row.name_en)))
    return found


# --- the statement of a search ------------------------------------------------------------------------------------------

_below_home = (_home.c.path >= bindparam("low")) & (_home.c.path < bindparam("high"))
_units = select(unit.c.id).where(unit.c.path >= bindparam("low"), unit.c.path < bindparam("high"))
_serving = appointment.join(unit, unit.c.id == appointment.c.unit_id)
_serves_below = and_(
    unit.c.path >= bindparam("low"),
    unit.c.path < bindparam("high"),
    in_force(appointment),
    there(appointment),
)
_any_role = exists().where(appointment.c.person_id == person.c.id, in_force(appointment), there(appointment))


def _statement(query: SearchPeople, words: str, scope: Scope) -> Select[Any]:
    candidates = _candidates(query, words, scope)
    rows = person.outerjoin(_home, _home.c.id == person.c.home_unit_id).outerjoin(
        household, household.c.id == person.c.household_id
    )
    statement = select(
        person.c.id,
        person.c.name,
        person.c.suspended,
        person.c.telegram_id,
        household.c.flat,
        _home.c.name.label("place"),
        _home.c.name_en.label("place_en"),
    ).where(alive)
    if candidates is None:
        statement = statement.select_from(rows)
    else:
        found = candidates.subquery("candidates")
        statement = statement.select_from(rows.join(found, found.c[0] == person.c.id))
    if not scope.near:
        statement = statement.where(
            or_(
                _below_home,
                exists(select(appointment.c.id).select_from(_serving).where(
                    appointment.c.person_id == person.c.id, _serves_below
                )),
            )
        )  # fmt: skip
    if query.role == "resident":
        # Who is here without any role is here by their home.
        statement = statement.where(~_any_role)
    if query.skill:
        statement = statement.where(
            exists().where(person_skill.c.person_id == person.c.id, person_skill.c.skill == query.skill)
        )
    if words:
        statement = statement.where(_said(words, scope))
    return statement


def _candidates(query: SearchPeople, words: str, scope: Scope) -> Any:
    """The ids to look at where there is a shorter way to them than the order of names; None where there is none."""
    if query.role in tuple(Role):
        return (
            select(appointment.c.person_id)
            .distinct()
            .select_from(_serving)
            .where(appointment.c.role == query.role, _serves_below)
            .limit(MOST_CANDIDATES)
        )
    if scope.near:
        # Two ways to somebody, each with its index: a condition joined by OR has none on PostgreSQL. A name is looked
        # for on the way already: the index on home and name holds it, so that only who fits is fetched.
        named = (_said(words, scope),) if words and not _is_number(words) else ()
        return union(
            select(person.c.id).where(person.c.home_unit_id.in_(_units), *named),
            select(appointment.c.person_id)
            .join(person, person.c.id == appointment.c.person_id)
            .where(appointment.c.unit_id.in_(_units), in_force(appointment), there(appointment), *named),
        )
    if query.skill:
        return (
            select(person_skill.c.person_id).where(person_skill.c.skill == query.skill).limit(MOST_CANDIDATES)
        )
    if words and _is_number(words):
        by_number = select(person.c.id).where(person.c.number == words)
        by_phone = select(person.c.id).where(person.c.phone == words)
        return union(by_number, by_phone) if scope.staff else by_number
    return None


def _is_number(words: str) -> bool:
    return any(character.isdigit() for character in words)


def _said(words: str, scope: Scope) -> ColumnElement[bool]:
    if _is_number(words):
        if not scope.near:
            return or_(person.c.number == words, person.c.phone == words if scope.staff else false())
        at_the_end = f"%{_escaped(words.lower())}"
        return or_(
            func.lower(person.c.number).like(at_the_end, escape="\\"),
            func.lower(household.c.flat).like(f"{at_the_end}%", escape="\\"),
            func.lower(person.c.name).like(f"{at_the_end}%", escape="\\"),
            # An admin is shown no telephone number, and learns none by looking for its end.
            person.c.phone.like(at_the_end, escape="\\") if scope.staff else false(),
        )
    if scope.near:
        return func.lower(person.c.name).like(f"%{_escaped(words.lower())}%", escape="\\")
    begins = words.title() if words.isascii() else words
    return (person.c.name >= begins) & (person.c.name < begins + LAST)


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# --- skills -------------------------------------------------------------------------------------------------------------


def _each_skill() -> Select[Any]:
    """One step along the index for each skill there is, however many people have it."""
    steps = select(func.min(person_skill.c.skill).label("skill")).cte("steps", recursive=True)
    later = (
        select(func.min(person_skill.c.skill)).where(person_skill.c.skill > steps.c.skill).scalar_subquery()
    )
    steps = steps.union_all(select(later).where(steps.c.skill.is_not(None)))
    return select(steps.c.skill).where(steps.c.skill.is_not(None)).limit(MOST_SKILLS)


_SKILLS = _each_skill()


def list_skills(connection: Connection, query: ListSkills, look: Look) -> tuple[str, ...]:
    """The first thirty, in order."""
    return tuple(connection.execute(_SKILLS).scalars())


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {**persons.FACTS, **twins.FACTS}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SearchPeople: search,
    ListSkills: list_skills,
    **twins.QUERIES,
}
