"""Series of lessons in the eyes of who may assign their lessons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, literal_column, select

from domain.base import NOT_FOUND, Refused, Subject
from domain.lessons.series import (
    PAGE,
    DraftLine,
    ListDraftsForSeries,
    ListSeries,
    SeeSeries,
    Series,
    SeriesFacts,
    SeriesLine,
    SeriesWeek,
    free_weeks,
)
from domain.lessons.shapes import LessonState
from domain.permissions import GRANTS, Permission, allowed
from domain.queries import Page
from storage.entities import load
from storage.facts.rows import Look, among_few, led, place, stretch
from storage.people import unit_path
from storage.schema import unit
from storage.schema_lessons import lesson, lesson_series
from storage.tree import office_of

ROWS = 8
_FILLED = (
    select(func.count())
    .where(lesson.c.series_id == lesson_series.c.id, lesson.c.state != LessonState.DROPPED.value)
    .scalar_subquery()
)
_WEEKS = (
    select(lesson.c.series_no, lesson.c.id, lesson.c.titles, lesson.c.state, lesson.c.due_on)
    .where(lesson.c.series_id == bindparam("series"), lesson.c.state != LessonState.DROPPED.value)
    .order_by(lesson.c.series_no, lesson.c.id)
)
_UNIT = select(unit.c.name, unit.c.name_en).where(unit.c.id == bindparam("id"))
# In the words of ``ix_lesson_draft``.
_DRAFTS = (
    select(lesson.c.id, lesson.c.titles)
    .where(
        literal_column("lesson.state = 'draft' AND lesson.starts_on IS NULL"),
        lesson.c.unit_id == bindparam("unit"),
        lesson.c.series_id.is_(None),
    )
    .order_by(lesson.c.id.desc())
)


def _mine(connection: Connection, series_id: int, look: Look) -> tuple[Series, str] | None:
    found = load(connection, Series, series_id, lock=False)
    if found is None:
        return None
    path = unit_path(connection, found.unit_id)
    return (found, path) if allowed(look.reader, Permission.ASSIGN_LESSON, Subject(path=path)) else None


def series_facts(connection: Connection, series_id: int, look: Look) -> SeriesFacts | None:
    """For who may assign its lessons."""
    mine = _mine(connection, series_id, look)
    if mine is None:
        return None
    found, path = mine
    row = connection.execute(_UNIT, {"id": found.unit_id}).one()
    weeks = tuple(
        SeriesWeek(one.series_no, one.id, one.titles, LessonState(one.state), one.due_on)
        for one in connection.execute(_WEEKS, {"series": found.id})
    )
    today = look.now.astimezone(ZoneInfo(office_of(connection, path).zone or look.rules.time_zone)).date()
    taken = frozenset(one.week for one in weeks)
    return SeriesFacts(found, place(row.name, row.name_en), weeks, free_weeks(found, taken, today))


def see_series(connection: Connection, query: SeeSeries, look: Look) -> SeriesFacts:
    """The same. Refuses everybody else."""
    facts = series_facts(connection, query.series_id, look)
    if facts is None:
        raise Refused(NOT_FOUND)
    return facts


def list_series(connection: Connection, query: ListSeries, look: Look) -> Page[SeriesLine]:
    """The newest first."""
    every = (
        select(
            lesson_series.c.id,
            lesson_series.c.title,
            lesson_series.c.weeks,
            lesson_series.c.stopped_at,
            _FILLED.label("filled"),
            unit.c.name,
            unit.c.name_en,
        )
        .join(unit, unit.c.id == lesson_series.c.unit_id)
        .where(among_few(connection, unit.c.path, led(look, GRANTS[Permission.ASSIGN_LESSON].roles)))
        .order_by(lesson_series.c.id.desc())
    )
    rows, page = stretch(connection, every, page=query.page, size=ROWS)
    lines = tuple(
        SeriesLine(
            row.id,
            row.title,
            place(row.name, row.name_en),
            row.weeks,
            row.filled,
            stopped=row.stopped_at is not None,
        )
        for row in rows
    )
    return Page(lines, page.page, page.pages, page.total)


def list_drafts(connection: Connection, query: ListDraftsForSeries, look: Look) -> Page[DraftLine]:
    """The newest first."""
    mine = _mine(connection, query.series_id, look)
    if mine is None:
        raise Refused(NOT_FOUND)
    statement = _DRAFTS.params(unit=mine[0].unit_id)
    rows, page = stretch(connection, statement, page=query.page, size=ROWS)
    return Page(tuple(DraftLine(row.id, row.titles) for row in rows), page.page, page.pages, page.total)


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {PAGE: series_facts}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListSeries: list_series,
    SeeSeries: see_series,
    ListDraftsForSeries: list_drafts,
}
