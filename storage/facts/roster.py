"""Looking for people: at and below one unit, by name, number, flat, role, skill or tag, a page at a time.

A unit with few homes below it is searched whole, by its homes. A big one is searched along the order of names, which
stops as soon as a page is full: there a name is looked for by its beginning and a number only when it is whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    String,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
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
from storage.areas import COMMUNITY, divided
from storage.facts import holders, persons, twins
from storage.facts.found import DESCRIBED, DETAILS, HOME, SERVES_BELOW, SERVING
from storage.facts.rows import Look, place
from storage.imports import there
from storage.people import below as bounds
from storage.people import in_force
from storage.prepared import Prepared, one_of, some
from storage.roster import alive
from storage.schema import (
    appointment,
    household,
    person,
    person_skill,
    person_tag,
    unit,
)

NEAR_UNITS = 1000
"""Up to so many units are searched whole."""
MOST_CANDIDATES = 20_000
"""How many holders of a role, a skill or a tag are looked through in a big unit."""
MOST_SKILLS = 30
LAST = "\U0010ffff"

_here = unit.alias("here")
_end = func.substr(_here.c.path, 1, func.length(_here.c.path) - 1) + "/"
"""As ``people.below`` has it."""
_is_area = (_here.c.kind == bindparam("area_kind")) & ~divided(_here.c.path, _end)
_width = (
    select(func.count())
    .select_from(
        select(unit.c.id)
        .where(unit.c.path >= _here.c.path, unit.c.path < _end)
        .limit(NEAR_UNITS + 1)
        .correlate(_here)
        .subquery()
    )
    .correlate(_here)
    .scalar_subquery()
)
_SCOPE = Prepared(
    select(
        _here.c.path,
        _here.c.name,
        _here.c.name_en,
        _is_area.label("area"),
        # Whoever finds the people of a community at once need not know how many units it has.
        case((_is_area, 0), else_=_width).label("total"),
    ).where(_here.c.id == bindparam("id"))
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
    """The unit that is searched. ``area``: it is a community, whose people are found at once; ``alone``: it has nothing
    below it. ``staff``: the reader leads it, and may look for telephone numbers.
    """

    low: str
    high: str
    near: bool
    area: bool
    alone: bool
    staff: bool
    place: Place


def scope_of(connection: Connection, unit_id: int, look: Look) -> Scope:
    """The unit, if the reader covers it. Raises Refused."""
    row = _SCOPE.first(connection, {"id": unit_id, "area_kind": COMMUNITY})
    roles = GRANTS[Permission.SEE_PEOPLE].roles
    over = [held.role for held in look.reader.held if row is not None and row.path.startswith(held.path)]
    if row is None or not any(role in roles for role in over):
        raise Refused(NOT_FOUND)
    low, high = bounds(row.path)
    area = bool(row.area)
    return Scope(
        low,
        high,
        near=area or row.total <= NEAR_UNITS,
        area=area,
        alone=row.total == 1,
        staff=any(role in STAFF for role in over),
        place=place(row.name, row.name_en),
    )


def search(connection: Connection, query: SearchPeople, look: Look) -> Found:
    """One page. An empty search lists everybody, in the order of their names."""
    scope = scope_of(connection, query.unit_id, look)
    words = query.words.strip()
    shape = Shape.of(query, words, scope)
    after, number = query.after or ("", 0)
    parameters = {
        "low": scope.low,
        "high": scope.high,
        "unit": query.unit_id,
        "now": look.now,
        "role": query.role,
        "skill": query.skill,
        "after": after,
        "tag": query.tag,
        "after_id": number,
        **_said_values(words),
    }
    if _by_place(shape):
        count = holders.HELD[scope.near].all(connection, parameters)[0].total
        rows = holders.PLACES[count > MOST_COUNTED].all(connection, parameters)
        if count <= MOST_COUNTED:
            count = holders.HOLDERS.all(connection, parameters)[0].total
    elif _stops_early(shape):
        rows = _page(shape).all(connection, parameters)
        count = _count(shape).all(connection, parameters)[0].total
    else:
        found = _page_and_count(shape).all(connection, parameters)
        rows = [row for row in found if row.id is not None]
        count = (
            _page_and_count(shape._replace(goes_on=False)).all(connection, parameters)
            if shape.goes_on
            else found
        )[0].total
    shown = rows[:PAGE_ROWS]
    last = shown[-1] if len(rows) > PAGE_ROWS else None
    roles = roles_of(connection, [row.id for row in shown], look)
    return Found(
        tuple(_found(row, tuple(roles[row.id])) for row in shown),
        scope.place,
        goes_on=None if last is None else (last.path if _by_place(shape) else last.name, last.id),
        count=count,
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


# --- the statements of a search -----------------------------------------------------------------------------------------


class Shape(NamedTuple):
    """What a search's statement depends on; everything else is a parameter. There are a few dozen of these.

    ``said``: "", "name", "cased" (a name in letters that have a case) or "number".
    """

    near: bool
    area: bool
    alone: bool
    staff: bool
    role: str
    skill: bool
    tag: bool
    said: str
    goes_on: bool

    @classmethod
    def of(cls, query: SearchPeople, words: str, scope: Scope) -> Shape:
        """Of a search in a scope."""
        said = (
            ""
            if not words
            else "number"
            if any(character.isdigit() for character in words)
            else "name"
            if words.lower() == words.upper()
            else "cased"
        )
        role = "held" if query.role in tuple(Role) else query.role
        return cls(
            scope.near,
            scope.area,
            scope.alone,
            scope.staff,
            role,
            bool(query.skill),
            bool(query.tag),
            said,
            query.after is not None,
        )


_below_home = (HOME.c.path >= bindparam("low")) & (HOME.c.path < bindparam("high"))
_units = select(unit.c.id).where(unit.c.path >= bindparam("low"), unit.c.path < bindparam("high"))
_other = appointment.alias("any_appointment")
_any_role = exists().where(_other.c.person_id == person.c.id, in_force(_other), there(_other))
_UNIT: BindParameter[int] = bindparam("unit", type_=unit.c.id.type)
"""For a unit with nothing below it this is enough. A range of the tree PostgreSQL expects to hold a two-hundredth of the
city, and so plans each such search anew, which takes longer than to search a building."""
_goes_on = tuple_(person.c.name, person.c.id) > tuple_(
    bindparam("after", type_=String()), bindparam("after_id", type_=BigInteger())
)


def _by_place(shape: Shape) -> bool:
    """Whether all who hold a role are listed: in the order of the places, which is how they are looked through."""
    return shape.role == "held" and not (shape.skill or shape.tag or shape.said)


def _stops_early(shape: Shape) -> bool:
    """Whether the order of names is walked until the page is full, there being no shorter way to who fits."""
    return not _by_home(shape) and _candidates(shape) is None


def _by_home(shape: Shape) -> bool:
    return shape.near and shape.role != "held"


@cache
def _page_and_count(shape: Shape) -> Prepared:
    """Everybody who fits is looked at in any case: the page comes of that, and the count where it is the first page."""
    fitting = (_near(shape) if _by_home(shape) else _of_candidates(shape)).cte("fitting")
    total = select(
        func.count().label("total")
    ).select_from(select(fitting.c.id).limit(MOST_COUNTED + 1).subquery()).subquery("counted")  # fmt: skip
    on_page = select(fitting.c.id).order_by(fitting.c.name, fitting.c.id).limit(PAGE_ROWS + 1).subquery()
    page = select(*DETAILS).select_from(on_page.join(DESCRIBED, person.c.id == on_page.c.id))
    shown = page.subquery("shown")
    # One row at least, so that the count comes with an empty page as well.
    return Prepared(
        select(total.c.total, *shown.c)
        .select_from(total.outerjoin(shown, true()))
        .order_by(shown.c.name, shown.c.id),
        # One unit and one community are looked through in one and the same way; which way is short through a part of
        # the tree depends on how wide it is.
        by_values=not (shape.alone or shape.area),
    )


@cache
def _page(shape: Shape) -> Prepared:
    page = _everybody(shape, *DETAILS).order_by(person.c.name, person.c.id).limit(PAGE_ROWS + 1)
    return Prepared(page.where(_goes_on) if shape.goes_on else page)


@cache
def _count(shape: Shape) -> Prepared:
    return Prepared(
        select(func.count().label("total")).select_from(
            _everybody(shape, person.c.id).limit(MOST_COUNTED + 1).subquery()
        )
    )


def _near(shape: Shape) -> CompoundSelect[Any]:
    """Ids and names of who lives or serves there, as many of each as are counted, the first by name.

    Two ways to somebody, each with its index: a condition joined by OR has none on PostgreSQL.
    """
    who = select(person.c.id, person.c.name)
    ways: tuple[tuple[FromClause, Select[Any]], ...] = (
        (person, who.where(_lives_there(shape))),
        (
            person.join(appointment, appointment.c.person_id == person.c.id),
            who.where(_serves_there(shape), in_force(appointment), there(appointment)).group_by(
                person.c.id, person.c.name
            ),
        ),
    )
    # The expression keeps planners from walking the order of names through the whole city to find the few; a
    # community's own order is the way to take.
    scattered = (func.coalesce(person.c.name, ""), person.c.id)
    in_area = (person.c.name, person.c.id)
    found = []
    for number, (rows, way) in enumerate(ways):
        in_order = in_area if shape.area and number == 0 else scattered
        if shape.said == "number":
            rows = rows.outerjoin(household, household.c.id == person.c.household_id)
        fitting = _conditions(way.select_from(rows), shape).order_by(*in_order).limit(MOST_COUNTED + 1)
        found.append(select((fitting.where(_goes_on) if shape.goes_on else fitting).subquery()))
    return union(*found)


def _lives_there(shape: Shape) -> ColumnElement[bool]:
    if shape.area:
        return person.c.area_id == _UNIT
    return person.c.home_unit_id == _UNIT if shape.alone else person.c.home_unit_id.in_(_units)


def _serves_there(shape: Shape) -> ColumnElement[bool]:
    return appointment.c.unit_id == _UNIT if shape.alone else appointment.c.unit_id.in_(_units)


def _of_candidates(shape: Shape) -> Select[Any]:
    """Ids and names of all who fit, by way of the candidates."""
    candidates = _candidates(shape).subquery("candidates")
    rows: FromClause = candidates.join(person, person.c.id == candidates.c[0])
    if shape.said == "number":
        rows = rows.outerjoin(household, household.c.id == person.c.household_id)
    if not shape.near and shape.role != "held":
        rows = rows.outerjoin(HOME, HOME.c.id == person.c.home_unit_id)
    fitting = _conditions(select(person.c.id, person.c.name).select_from(rows), shape)
    return fitting.where(_goes_on) if shape.goes_on else fitting


def _everybody(shape: Shape, *columns: Any) -> Select[Any]:
    """All who fit, in the order of names, which may stop early."""
    return _conditions(select(*columns).select_from(DESCRIBED), shape)


def _conditions(statement: Select[Any], shape: Shape) -> Select[Any]:
    # What the index by home and name can tell comes first.
    if shape.said:
        statement = statement.where(_said(shape))
    statement = statement.where(alive)
    if not shape.near and shape.role != "held":
        statement = statement.where(
            or_(
                _below_home,
                exists(select(appointment.c.id).select_from(SERVING).where(
                    appointment.c.person_id == person.c.id, SERVES_BELOW
                )),
            )
        )  # fmt: skip
    if shape.role == "resident":
        # Who is here without any role is here by their home.
        statement = statement.where(~_any_role)
    if shape.skill:
        statement = statement.where(
            exists().where(
                person_skill.c.person_id == person.c.id, person_skill.c.skill == bindparam("skill")
            )
        )
    if shape.tag:
        # An admin is shown no tags, and learns none by looking for who has them.
        tagged = exists().where(person_tag.c.person_id == person.c.id, person_tag.c.tag == bindparam("tag"))
        statement = statement.where(tagged if shape.staff else false())
    return statement


def _candidates(shape: Shape) -> Any:
    """The ids to look at where there is a shorter way to them than the order of names; None where there is none."""
    if shape.role == "held":
        return (
            select(appointment.c.person_id)
            .distinct()
            .select_from(SERVING)
            .where(appointment.c.role == bindparam("role"), SERVES_BELOW)
            .limit(MOST_CANDIDATES)
        )
    if shape.skill:
        return (
            select(person_skill.c.person_id)
            .where(person_skill.c.skill == bindparam("skill"))
            .limit(MOST_CANDIDATES)
        )
    if shape.tag:
        return (
            select(person_tag.c.person_id).where(person_tag.c.tag == bindparam("tag")).limit(MOST_CANDIDATES)
        )
    if shape.said == "number":
        by_number = select(person.c.id).where(person.c.number == bindparam("words"))
        by_phone = select(person.c.id).where(person.c.phone == bindparam("words"))
        return union(by_number, by_phone) if shape.staff else by_number
    return None


def _said(shape: Shape) -> ColumnElement[bool]:
    words = bindparam("words", type_=String())
    if shape.said == "number":
        if not shape.near:
            return or_(person.c.number == words, person.c.phone == words if shape.staff else false())
        ends, has = bindparam("ends", type_=String()), bindparam("has", type_=String())
        return or_(
            func.lower(person.c.number).like(ends, escape="\\"),
            func.lower(household.c.flat).like(has, escape="\\"),
            func.lower(person.c.name).like(has, escape="\\"),
            # An admin is shown no telephone number, and learns none by looking for its end.
            person.c.phone.like(ends, escape="\\") if shape.staff else false(),
        )
    if shape.near:
        # Folding the case of each name takes longer than looking into it, and most words here have none.
        name = func.lower(person.c.name) if shape.said == "cased" else person.c.name
        return name.like(bindparam("has", type_=String()), escape="\\")
    return (person.c.name >= bindparam("begins", type_=String())) & (
        person.c.name < bindparam("before", type_=String())
    )


def _said_values(words: str) -> dict[str, str]:
    if not words:
        return {}
    begins = words.title() if words.isascii() else words
    at_the_end = f"%{_escaped(words.lower())}"
    return {
        "words": words,
        "begins": begins,
        "before": begins + LAST,
        "ends": at_the_end,
        "has": f"{at_the_end}%",
    }


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
