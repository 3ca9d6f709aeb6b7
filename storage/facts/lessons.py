"""Lessons in their readers' eyes: one's own, and those that were assigned in the name of places one answers for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, bindparam, false, func, or_, select, true

from domain.addressees import meets
from domain.base import NOT_FOUND, Refused, Role, Subject
from domain.lessons import learning, quiz
from domain.lessons.quiz import QuizFacts
from domain.lessons.shapes import OUT, Due, Lesson, LessonState
from domain.lessons.shown import (
    MOST_COUNTED,
    AssignedLine,
    Counts,
    DueLine,
    DueSoon,
    Learner,
    LearnerPage,
    LessonCard,
    LessonForMember,
    ListAssigned,
    ListMyLessons,
    MyLesson,
    MyStudy,
    SeeLearners,
)
from domain.permissions import Permission, allowed
from domain.queries import PAGE_ROWS, Page
from storage.addressees import counted, paths_of
from storage.entities import load
from storage.facts.rows import Look, page_of, paged, place
from storage.lessons import due_of
from storage.people import below, unit_path
from storage.schema import earning, person, unit
from storage.schema_lessons import lesson, lesson_due, lesson_series
from storage.study import DAYS_BEFORE
from storage.tree import office_of

_UNIT = select(unit.c.name, unit.c.name_en).where(unit.c.id == bindparam("id"))
_NAME = select(person.c.name).where(person.c.id == bindparam("id"))
_UNITS = select(unit.c.id, unit.c.name, unit.c.name_en).where(unit.c.id.in_(bindparam("ids", expanding=True)))
_SERIES = select(lesson_series.c.title).where(lesson_series.c.id == bindparam("id"))
MOST_FROM_ABOVE = 300
"""So many lessons from above are looked through for those that concern one's own branches."""
_OUT_ABOVE = (
    select(lesson.c.id, lesson.c.addressees)
    .where(
        lesson.c.unit_id.in_(bindparam("above", expanding=True)),
        lesson.c.state.in_([state.value for state in OUT]),
    )
    .order_by(lesson.c.id.desc())
    .limit(MOST_FROM_ABOVE)
)
SHEET_ROWS = 2000


def _zone(connection: Connection, look: Look) -> ZoneInfo:
    """Where the reader lives."""
    path = look.reader.home_path
    return ZoneInfo((office_of(connection, path).zone if path else "") or look.rules.time_zone)


# --- one's own --------------------------------------------------------------------------------------------------------------


def _mine(connection: Connection, lesson_id: int, look: Look) -> tuple[Lesson, Due] | None:
    if not look.reader.person_id or look.reader.suspended:
        return None
    due = due_of(connection, lesson_id, look.reader.person_id)
    found = None if due is None else load(connection, Lesson, lesson_id, lock=False)
    if due is None or found is None or (found.state not in OUT and due.done_at is None):
        return None
    return found, due


def for_member(connection: Connection, lesson_id: int, look: Look) -> LessonForMember | None:
    """For one of its people, until it is taken back; what is done stays to be read."""
    mine = _mine(connection, lesson_id, look)
    if mine is None:
        return None
    found, due = mine
    row = connection.execute(_UNIT, {"id": found.unit_id}).one()
    share = look.rules.study.minimum_share
    wait = learning.minutes_to_wait(found, due, now=look.now, share=share)
    return LessonForMember(found, place(row.name, row.name_en), due, wait)


def undone(connection: Connection, lesson_id: int, look: Look) -> LessonForMember | None:
    """The same for who has not done it."""
    facts = for_member(connection, lesson_id, look)
    return None if facts is None or facts.due.done_at else facts


def opened(connection: Connection, lesson_id: int, look: Look) -> LessonForMember | None:
    """The material, for who has begun."""
    facts = for_member(connection, lesson_id, look)
    return None if facts is None or facts.due.opened_at is None else facts


def own_quiz(connection: Connection, lesson_id: int, look: Look) -> QuizFacts | None:
    """The questions, for who is through with the material."""
    mine = _mine(connection, lesson_id, look)
    if mine is None or mine[1].read_at is None:
        return None
    found, due = mine
    today = look.now.astimezone(_zone(connection, look)).date()
    return quiz.shown(found, due, tries_left=learning.tries_left(found, due, today))


_SOON = (
    select(lesson.c.id, lesson.c.titles, lesson.c.due_on)
    .join(lesson_due, lesson_due.c.lesson_id == lesson.c.id)
    .where(
        lesson_due.c.person_id == bindparam("reader"),
        lesson_due.c.done_at.is_(None),
        lesson.c.state.in_([LessonState.SENDING.value, LessonState.OPEN.value]),
        lesson.c.due_on >= bindparam("today", type_=lesson.c.due_on.type),
        lesson.c.due_on <= bindparam("last", type_=lesson.c.due_on.type),
    )
    .order_by(lesson.c.due_on, lesson.c.id)
    .limit(PAGE_ROWS)
)


def due_soon(connection: Connection, subject_id: int, look: Look) -> DueSoon | None:
    """What the reader has to do within the next days; None when it is all done."""
    if not look.reader.person_id or look.reader.suspended:
        return None
    today = look.now.astimezone(_zone(connection, look)).date()
    last = today + timedelta(days=max(DAYS_BEFORE))
    rows = connection.execute(_SOON, {"reader": look.reader.person_id, "today": today, "last": last}).all()
    return DueSoon(tuple(DueLine(row.id, row.titles, row.due_on) for row in rows)) if rows else None


_MINE = (
    select(
        lesson.c.id,
        lesson.c.titles,
        lesson.c.due_on,
        lesson.c.minutes,
        lesson.c.points,
        lesson_due.c.done_at,
        lesson_due.c.opened_at,
    )
    .join(lesson, lesson.c.id == lesson_due.c.lesson_id)
    .where(lesson_due.c.person_id == bindparam("reader"))
)
_TO_DO = paged(
    _MINE.where(lesson_due.c.done_at.is_(None), lesson.c.state.in_([state.value for state in OUT])).order_by(
        lesson.c.due_on, lesson.c.id
    )
)
_SINCE = lesson_due.c.done_at >= bindparam("since", type_=lesson_due.c.done_at.type)
_DONE = paged(_MINE.where(_SINCE).order_by(lesson_due.c.done_at.desc(), lesson.c.id))
_YEAR = (
    select(func.count(), func.coalesce(func.sum(lesson.c.minutes), 0))
    .select_from(lesson_due.join(lesson, lesson.c.id == lesson_due.c.lesson_id))
    .where(lesson_due.c.person_id == bindparam("reader"), _SINCE)
)
_EARNED = select(func.coalesce(func.sum(earning.c.amount - earning.c.cut), 0)).where(
    earning.c.person_id == bindparam("reader"),
    earning.c.source_kind == learning.SOURCE,
    earning.c.confirmed_at >= bindparam("since", type_=earning.c.confirmed_at.type),
)


def list_mine(connection: Connection, query: ListMyLessons, look: Look) -> MyStudy:
    """What is to be done, the next first; or what was done this year, the newest first."""
    zone = _zone(connection, look)
    year = look.now.astimezone(zone).year
    since = datetime.combine(datetime(year, 1, 1, tzinfo=zone).date(), time(), zone).astimezone(UTC)
    own = {"reader": look.reader.person_id, "since": since}
    statement, parameters = (_DONE, own) if query.done else (_TO_DO, {"reader": look.reader.person_id})
    rows, page = page_of(connection, statement, parameters, page=query.page)
    lines = tuple(
        MyLesson(row.id, row.titles, row.due_on, row.minutes, row.points, row.done_at, row.opened_at)
        for row in rows
    )
    count, minutes = connection.execute(_YEAR, own).one()
    points = connection.execute(_EARNED, own).scalar_one()
    return MyStudy(
        Page(lines, page.page, page.pages, page.total), query.done, year, count, int(minutes), int(points)
    )


# --- those who assign them --------------------------------------------------------------------------------------------------


def _ranges(look: Look, path: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a unit is at or below one where the reader is secretary."""
    bounds = [below(held.path) for held in look.reader.held if held.role is Role.SECRETARY]
    return or_(false(), *(and_(path >= low, path < high) for low, high in bounds))


def _seen(connection: Connection, lesson_id: int, look: Look) -> tuple[Lesson, bool] | None:
    """The lesson, and whether the reader answers for all of its people; of a draft nobody else knows."""
    found = load(connection, Lesson, lesson_id, lock=False)
    if found is None:
        return None
    path = unit_path(connection, found.unit_id)
    if allowed(look.reader, Permission.ASSIGN_LESSON, Subject(path=path)):
        return found, True
    # The branches below see their own people in what was assigned from above, where it is for any of theirs.
    if look.reader.suspended or not path or found.state not in OUT:
        return None
    below_it = [
        held.path for held in look.reader.held if held.role is Role.SECRETARY and held.path.startswith(path)
    ]
    wanted = paths_of(connection, found.whom.units).values() if below_it else ()
    return (found, False) if any(meets(own, wanted) for own in below_it) else None


def _from_above(connection: Connection, look: Look) -> list[int]:
    """The newest that were assigned from above and are for anybody of the reader's branches."""
    own = [held.path for held in look.reader.held if held.role is Role.SECRETARY]
    above = sorted({int(part) for path in own for part in path.split(".")[:-2]})
    if look.reader.suspended or not above:
        return []
    rows = connection.execute(_OUT_ABOVE, {"above": above}).all()
    units = {row.id: row.addressees.get("units", ()) for row in rows}
    paths = paths_of(connection, sorted({one for wanted in units.values() for one in wanted}))
    return [
        number
        for number, wanted in units.items()
        if any(meets(path, [paths[one] for one in wanted if one in paths]) for path in own)
    ]


def _counts(connection: Connection, found: Lesson, look: Look, *, whole: bool) -> Counts:
    numbers = select(func.count(), func.count(lesson_due.c.opened_at), func.count(lesson_due.c.done_at))
    theirs = numbers.where(lesson_due.c.lesson_id == found.id)
    if not whole:
        below_me = lesson_due.join(unit, unit.c.id == lesson_due.c.unit_id)
        theirs = theirs.select_from(below_me).where(_ranges(look, unit.c.path))
    return Counts(*connection.execute(theirs).one())


def lesson_card(connection: Connection, lesson_id: int, look: Look) -> LessonCard | None:
    """For its secretary, and for those of the branches below once it is out."""
    seen = _seen(connection, lesson_id, look)
    if seen is None:
        return None
    found, whole = seen
    wanted = found.whom
    row = connection.execute(_UNIT, {"id": found.unit_id}).one()
    ids = [*wanted.units, *wanted.without_units]
    named = {one.id: place(one.name, one.name_en) for one in connection.execute(_UNITS, {"ids": ids})}
    draft = found.state is LessonState.DRAFT
    return LessonCard(
        found,
        place(row.name, row.name_en),
        connection.execute(_NAME, {"id": found.author_id}).scalar() or "",
        units=tuple(named[one] for one in wanted.units if one in named),
        without=tuple(named[one] for one in wanted.without_units if one in named),
        count=counted(connection, wanted, paths_of(connection, ids), now=look.now, most=MOST_COUNTED + 1)
        if draft
        else 0,
        counts=Counts() if draft else _counts(connection, found, look, whole=whole),
        whole=whole,
        series=""
        if found.series_id is None
        else connection.execute(_SERIES, {"id": found.series_id}).scalar() or "",
    )


def list_assigned(connection: Connection, query: ListAssigned, look: Look) -> Page[AssignedLine]:
    """Those of the reader's units, and from above what is out for anybody there."""
    statement = paged(
        select(
            lesson.c.id,
            lesson.c.titles,
            lesson.c.state,
            lesson.c.due_on,
            lesson.c.starts_on,
            lesson.c.nudged_at,
            unit.c.name,
            unit.c.name_en,
        )
        .join(unit, unit.c.id == lesson.c.unit_id)
        .where(or_(_ranges(look, unit.c.path), lesson.c.id.in_(_from_above(connection, look))))
        .order_by(lesson.c.id.desc())
    )
    rows, page = page_of(connection, statement, {}, page=query.page)
    lines = tuple(
        AssignedLine(
            row.id,
            row.titles,
            row.state,
            row.due_on,
            place(row.name, row.name_en),
            planned=row.state == LessonState.DRAFT and row.starts_on is not None,
            reminding=row.state == LessonState.SENDING and row.nudged_at is not None,
        )
        for row in rows
    )
    return Page(lines, page.page, page.pages, page.total)


def see_learners(connection: Connection, query: SeeLearners, look: Look) -> LearnerPage:
    """In the order of their numbers, so that what comes after a page stays the same while they study."""
    seen = _seen(connection, query.lesson_id, look)
    if seen is None:
        raise Refused(NOT_FOUND)
    found, whole = seen
    most = SHEET_ROWS if query.everybody else PAGE_ROWS
    rows = connection.execute(
        select(
            lesson_due.c.person_id,
            person.c.name,
            unit.c.name.label("place"),
            unit.c.name_en.label("place_en"),
            lesson_due.c.opened_at,
            lesson_due.c.done_at,
            lesson_due.c.score,
        )
        .select_from(
            lesson_due.join(person, person.c.id == lesson_due.c.person_id).outerjoin(
                unit, unit.c.id == lesson_due.c.unit_id
            )
        )
        .where(
            lesson_due.c.lesson_id == found.id,
            lesson_due.c.person_id > query.after,
            true() if query.everybody else lesson_due.c.done_at.is_(None),
            true() if whole else _ranges(look, unit.c.path),
        )
        .order_by(lesson_due.c.person_id)
        .limit(most + 1)
    ).all()
    shown = rows[:most]
    return LearnerPage(
        found.id,
        found.titles,
        tuple(
            Learner(
                row.person_id, row.name, place(row.place, row.place_en), row.opened_at, row.done_at, row.score
            )
            for row in shown
        ),
        next_after=shown[-1].person_id if len(rows) > most else None,
        unit_id=found.unit_id,
    )


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "lesson.card": lesson_card,
    "lesson.whom": lesson_card,
    "lesson.questions": lesson_card,
    "lesson.copy": undone,
    "lesson.nudge": undone,
    "lesson.page": opened,
    "lesson.quiz": own_quiz,
    "lesson.due": due_soon,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListMyLessons: list_mine,
    ListAssigned: list_assigned,
    SeeLearners: see_learners,
}
