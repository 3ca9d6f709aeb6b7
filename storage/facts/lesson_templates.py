"""Templates of lessons in the eyes of who may assign lessons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, select

from domain.base import NOT_FOUND, Refused
from domain.lessons.templates import LessonTemplateLine, ListLessonTemplates, SeeLessonTemplate
from domain.permissions import GRANTS, Permission
from domain.queries import Page
from storage.facts.rows import Look, among_few, led, place, stretch
from storage.schema import unit
from storage.schema_lessons import lesson_template

ROWS = 8


def _theirs(connection: Connection, look: Look) -> Select[Any]:
    return (
        select(
            lesson_template.c.id,
            lesson_template.c.name,
            lesson_template.c.composed,
            unit.c.name.label("place"),
            unit.c.name_en.label("place_en"),
        )
        .select_from(lesson_template.join(unit, unit.c.id == lesson_template.c.unit_id))
        .where(
            unit.c.closed_at.is_(None),
            among_few(connection, unit.c.path, led(look, GRANTS[Permission.ASSIGN_LESSON].roles)),
        )
    )


def _line(row: Any) -> LessonTemplateLine:
    kept = row.composed
    return LessonTemplateLine(
        row.id,
        row.name,
        place(row.place, row.place_en),
        kept.get("titles", {}),
        int(kept.get("minutes", 0)),
        len(kept.get("questions", ())),
        len(kept.get("media", ())),
    )


def list_templates(
    connection: Connection, query: ListLessonTemplates, look: Look
) -> Page[LessonTemplateLine]:
    """By name."""
    every = _theirs(connection, look).order_by(lesson_template.c.name, lesson_template.c.id)
    rows, page = stretch(connection, every, page=query.page, size=ROWS)
    return Page(tuple(_line(row) for row in rows), page.page, page.pages, page.total)


def see_template(connection: Connection, query: SeeLessonTemplate, look: Look) -> LessonTemplateLine:
    """One of those."""
    row = connection.execute(
        _theirs(connection, look).where(lesson_template.c.id == query.template_id)
    ).first()
    if row is None:
        raise Refused(NOT_FOUND)
    return _line(row)


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListLessonTemplates: list_templates,
    SeeLessonTemplate: see_template,
}
