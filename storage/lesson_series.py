"""Series of lessons: the rows that the rules of ``domain/lessons/series.py`` need, and whose first day has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, literal_column, select

from domain.base import NOT_FOUND, Actor, Refused
from domain.lessons.series import (
    BeginSeries,
    FillSeries,
    LetGoOfSeries,
    NewSeriesCase,
    PutInSeries,
    ResumeSeries,
    Series,
    SeriesCase,
    StartPlanned,
    StopSeries,
    TakeFromSeries,
    free_weeks,
)
from domain.lessons.shapes import Lesson, LessonCase, LessonState
from domain.lessons.templates import lesson_of
from domain.rulebook import Rulebook
from storage.addressees import paths_of
from storage.entities import every, load, next_id, next_numbers, selection
from storage.lesson_templates import template_there
from storage.people import unit_path
from storage.schema import unit
from storage.schema_lessons import lesson
from storage.tree import office_of

_TAKEN = select(lesson.c.series_no).where(
    lesson.c.series_id == bindparam("series"), lesson.c.state != LessonState.DROPPED.value
)
_WAITING = (
    selection(Lesson)
    .where(lesson.c.series_id == bindparam("series"), lesson.c.state == LessonState.DRAFT.value)
    .order_by(lesson.c.series_no, lesson.c.id)
    .with_for_update()
)
_LET_GO = (
    lesson.update()
    .where(lesson.c.series_id == bindparam("series"), lesson.c.state == LessonState.DRAFT.value)
    .values(starts_on=None, version=lesson.c.version + 1)
)
_PLANNED = (
    select(lesson.c.id, lesson.c.starts_on, unit.c.path)
    .join(unit, unit.c.id == lesson.c.unit_id)
    .where(
        # In the words of ``ix_lesson_planned``.
        literal_column("lesson.state = 'draft' AND lesson.starts_on IS NOT NULL"),
        lesson.c.starts_on <= bindparam("latest", type_=lesson.c.starts_on.type),
    )
    .order_by(lesson.c.starts_on, lesson.c.id)
    .limit(100)
)


def taken_weeks(connection: Connection, series_id: int) -> frozenset[int]:
    """The weeks of a series that have a lesson."""
    return frozenset(connection.execute(_TAKEN, {"series": series_id}).scalars())


def load_for_begin(
    connection: Connection, action: BeginSeries, actor: Actor, rules: Rulebook
) -> NewSeriesCase:
    """The unit in whose name it will be."""
    path = paths_of(connection, [action.unit_id]).get(action.unit_id, "")
    zone = office_of(connection, path).zone if path else ""
    return NewSeriesCase(next_id(connection, Series), path, zone)


def _series(connection: Connection, series_id: int) -> tuple[Series, str, str]:
    found = load(connection, Series, series_id)
    if found is None:
        raise Refused(NOT_FOUND)
    path = unit_path(connection, found.unit_id)
    return found, path, office_of(connection, path).zone


def load_for_putting(
    connection: Connection, action: PutInSeries, actor: Actor, rules: Rulebook
) -> SeriesCase:
    """The series with its weeks, the draft, and the units that it is for."""
    found, path, zone = _series(connection, action.series_id)
    draft = load(connection, Lesson, action.lesson_id)
    return SeriesCase(
        found,
        path,
        zone,
        taken_weeks(connection, found.id),
        lesson=draft,
        paths={} if draft is None else paths_of(connection, draft.whom.units),
    )


def load_for_filling(
    connection: Connection, action: FillSeries, actor: Actor, rules: Rulebook, now: datetime
) -> SeriesCase:
    """The series with its weeks, the template, the units that it is for, and an id for each lesson to be made."""
    found, path, zone = _series(connection, action.series_id)
    template = template_there(connection, action.template_id)
    taken = taken_weeks(connection, found.id)
    today = now.astimezone(ZoneInfo(zone or rules.time_zone)).date()
    wanted = lesson_of(template, 0, author_id=0, now=now, due_on=today).whom
    paths = paths_of(connection, [template.unit_id, *wanted.units])
    count = len(free_weeks(found, taken, today))
    return SeriesCase(
        found,
        path,
        zone,
        taken,
        template=template,
        template_path=paths.get(template.unit_id, ""),
        paths=paths,
        new_ids=tuple(next_numbers(connection, lesson.name, count)) if count else (),
    )


def load_for_stopping(
    connection: Connection, action: StopSeries, actor: Actor, rules: Rulebook
) -> SeriesCase:
    """The series."""
    found, path, zone = _series(connection, action.series_id)
    return SeriesCase(found, path, zone)


def load_for_resuming(
    connection: Connection, action: ResumeSeries, actor: Actor, rules: Rulebook
) -> SeriesCase:
    """The series with its weeks, its lessons that have not begun, and the units that they are for."""
    found, path, zone = _series(connection, action.series_id)
    drafts = every(connection, Lesson, _WAITING, series=found.id)
    units = {number for draft in drafts for number in draft.whom.units}
    return SeriesCase(
        found,
        path,
        zone,
        taken_weeks(connection, found.id),
        drafts=drafts,
        paths=paths_of(connection, sorted(units)) if units else {},
    )


def load_lesson(
    connection: Connection, action: TakeFromSeries | StartPlanned, actor: Actor, rules: Rulebook
) -> LessonCase:
    """The lesson, and the time zone of its unit."""
    found = load(connection, Lesson, action.lesson_id)
    if found is None:
        raise Refused(NOT_FOUND)
    path = unit_path(connection, found.unit_id)
    return LessonCase(found, path, zone=office_of(connection, path).zone)


def let_go(connection: Connection, sweep: LetGoOfSeries) -> None:
    """Its drafts stay, and nothing begins them."""
    connection.execute(_LET_GO, {"series": sweep.series_id})


def due_to_start(connection: Connection, now: datetime, rules: Rulebook) -> list[int]:
    """Lessons whose first day has come where they are, from the hour of reminders on."""
    # Nowhere is it further on than a day after UTC.
    latest = now.date() + timedelta(days=1)
    return [
        row.id
        for row in connection.execute(_PLANNED, {"latest": latest})
        if _has_begun(row.starts_on, now.astimezone(_zone(connection, row.path, rules)), rules)
    ]


def _zone(connection: Connection, path: str, rules: Rulebook) -> ZoneInfo:
    return ZoneInfo(office_of(connection, path).zone or rules.time_zone)


def _has_begun(starts_on: Any, local: datetime, rules: Rulebook) -> bool:
    return bool(starts_on < local.date()) or (
        starts_on == local.date() and local.time() >= rules.study.remind_at
    )


LOADERS: dict[type[Any], Any] = {
    BeginSeries: load_for_begin,
    PutInSeries: load_for_putting,
    StopSeries: load_for_stopping,
    ResumeSeries: load_for_resuming,
    TakeFromSeries: load_lesson,
    StartPlanned: load_lesson,
}
LOADERS_AT: dict[type[Any], Any] = {FillSeries: load_for_filling}
SWEEPS: Mapping[type[Any], Any] = {LetGoOfSeries: let_go}
