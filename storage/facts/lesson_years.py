"""The year's sheet of study, in the eyes of who may assign lessons in the name of a unit.

Its people are those for whom a lesson was written down that was assigned in the name of the unit or of one below it, and
those who live there of whoever has a lesson from above. A lesson belongs to the year of its last day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, or_, select

from domain.base import NOT_FOUND, Refused, Subject
from domain.lessons.learning import SOURCE
from domain.lessons.shapes import OUT, LessonState
from domain.lessons.years import SHEET_ROWS, SeeStudyYear, StudyYear, StudyYearPage
from domain.permissions import Permission, allowed
from storage.facts.rows import Look, among_few, place, within
from storage.imports import there
from storage.people import below
from storage.schema import earning, person, unit
from storage.schema_lessons import lesson, lesson_due
from storage.study import own_zones

FEW = 20_000
"""Of so many parts in lessons each is looked at by way of its lesson; of more, by way of their people, in order."""

_UNIT = select(unit.c.path, unit.c.name, unit.c.name_en).where(unit.c.id == bindparam("id"))
_home = unit.alias("year_home")
_LIVING = person.outerjoin(_home, _home.c.id == person.c.home_unit_id)
_COUNTS = or_(
    lesson.c.state.in_([state.value for state in OUT]),
    # Taken back, it was still done by whoever has done it.
    and_(lesson.c.state == LessonState.WITHDRAWN.value, lesson_due.c.done_at.is_not(None)),
)
_EARNED = earning.c.amount - earning.c.cut


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A unit and a year. ``above``: lessons of that year from above the unit."""

    path: str
    first: date
    last: date
    above: tuple[int, ...]

    @property
    def bounds(self) -> tuple[str, str]:
        """The range of the unit and everything below it."""
        return below(self.path)

    @property
    def of_year(self) -> ColumnElement[bool]:
        """Whether a lesson is of the year."""
        return lesson.c.due_on.between(self.first, self.last)

    def own(self) -> Select[tuple[int]]:
        """The lessons of the year that were assigned in the name of the unit, or of one below it."""
        return (
            select(lesson.c.id)
            .join(unit, unit.c.id == lesson.c.unit_id)
            .where(within(unit.c.path, [self.bounds]), self.of_year)
        )


def _wanted(connection: Connection, path: str, year: int) -> _Wanted:
    first, last = date(year, 1, 1), date(year, 12, 31)
    ancestors = [int(part) for part in path.split(".")[:-2]]
    above = select(lesson.c.id).where(lesson.c.unit_id.in_(ancestors), lesson.c.due_on.between(first, last))
    return _Wanted(path, first, last, tuple(connection.execute(above).scalars()) if ancestors else ())


def _written_down(connection: Connection, wanted: _Wanted, *, after: int) -> Iterable[int]:
    """The next of those who have a part in a lesson of the unit's own."""
    own = wanted.own()
    some = select(lesson_due.c.lesson_id).where(lesson_due.c.lesson_id.in_(own)).limit(FEW + 1).subquery()
    number: int = connection.execute(select(func.count()).select_from(some)).scalar_one()
    # A sum is in no index: of many, people are gone through in their order until there are enough.
    which = lesson_due.c.lesson_id if number <= FEW else lesson_due.c.lesson_id + 0
    return connection.execute(
        select(lesson_due.c.person_id)
        .distinct()
        .where(which.in_(own), lesson_due.c.person_id > after)
        .order_by(lesson_due.c.person_id)
        .limit(SHEET_ROWS + 1)
    ).scalars()


def _living_there(connection: Connection, wanted: _Wanted, *, after: int) -> Iterable[int]:
    """The next of those who live in the unit and have a lesson from above."""
    if not wanted.above:
        return ()
    has_one = (
        select(lesson_due.c.lesson_id)
        .where(lesson_due.c.person_id == person.c.id, lesson_due.c.lesson_id.in_(wanted.above))
        .exists()
    )
    return connection.execute(
        select(person.c.id)
        .select_from(_LIVING)
        .where(among_few(connection, _home.c.path, [wanted.bounds]), person.c.id > after, has_one)
        .order_by(person.c.id)
        .limit(SHEET_ROWS + 1)
    ).scalars()


def _parts(connection: Connection, wanted: _Wanted, ids: list[int]) -> Mapping[int, list[Any]]:
    """Their parts in lessons of the year, with what each has earned."""
    found: dict[int, list[Any]] = defaultdict(list)
    rows = connection.execute(
        select(
            lesson_due.c.person_id,
            lesson_due.c.done_at,
            lesson.c.due_on,
            lesson.c.minutes,
            unit.c.path,
            func.coalesce(_EARNED, 0).label("points"),
        )
        .select_from(
            lesson_due.join(lesson, lesson.c.id == lesson_due.c.lesson_id)
            .join(unit, unit.c.id == lesson.c.unit_id)
            .outerjoin(
                earning,
                and_(
                    earning.c.source_kind == SOURCE,
                    earning.c.source_id == lesson_due.c.lesson_id,
                    earning.c.person_id == lesson_due.c.person_id,
                ),
            )
        )
        .where(
            lesson_due.c.person_id.in_(ids),
            wanted.of_year,
            or_(within(unit.c.path, [wanted.bounds]), lesson.c.id.in_(wanted.above)),
            _COUNTS,
        )
    ).all()
    for row in rows:
        found[row.person_id].append(row)
    return found


def _zone_at(path: str, own: Mapping[str, str], usual: str) -> ZoneInfo:
    """The zone of the nearest unit above with its own."""
    nearest = max((above for above in own if path.startswith(above)), key=len, default="")
    return ZoneInfo(own.get(nearest, usual))


def _counted(one: Any, parts: list[Any], zone: ZoneInfo) -> StudyYear:
    done = [(part, part.done_at) for part in parts if part.done_at is not None]
    moments: list[datetime] = [at for _, at in done]
    return StudyYear(
        one.id,
        one.name,
        place(one.place, one.place_en),
        due=len(parts),
        done=len(done),
        late=sum(at.astimezone(zone).date() > part.due_on for part, at in done),
        minutes=sum(part.minutes for part, _ in done),
        points=sum(int(part.points) for part, _ in done),
        last_done_at=max(moments, default=None),
    )


def see_study_year(connection: Connection, query: SeeStudyYear, look: Look) -> StudyYearPage:
    """For its secretary, and those above."""
    row = connection.execute(_UNIT, {"id": query.unit_id}).first()
    subject = Subject(path="" if row is None else row.path)
    if row is None or not allowed(look.reader, Permission.ASSIGN_LESSON, subject):
        raise Refused(NOT_FOUND)
    year = query.year or look.now.astimezone(ZoneInfo(look.rules.time_zone)).year
    if not 2000 <= year <= 9998:
        raise Refused(NOT_FOUND)
    wanted = _wanted(connection, row.path, year)
    after = query.after
    candidates = {
        *_written_down(connection, wanted, after=after),
        *_living_there(connection, wanted, after=after),
    }
    ids = sorted(candidates)[:SHEET_ROWS]
    parts = _parts(connection, wanted, ids)
    people = connection.execute(
        select(
            person.c.id,
            person.c.name,
            _home.c.name.label("place"),
            _home.c.name_en.label("place_en"),
            _home.c.path,
        )
        .select_from(_LIVING)
        .where(person.c.id.in_(ids), there(person))
        .order_by(person.c.id)
    )
    own, rows = own_zones(connection), []
    for one in people:
        home = one.path or ""
        # What comes from above counts for those who live here; where else they study is not seen from here.
        lives_here = home.startswith(row.path)
        theirs = [part for part in parts[one.id] if lives_here or part.path.startswith(row.path)]
        if theirs:
            rows.append(_counted(one, theirs, _zone_at(home, own, look.rules.time_zone)))
    return StudyYearPage(
        query.unit_id,
        place(row.name, row.name_en),
        year,
        tuple(rows),
        next_after=ids[-1] if len(candidates) > len(ids) else None,
    )


QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {SeeStudyYear: see_study_year}
