"""Templates of lessons: the rows that the rules of ``domain/lessons/templates.py`` need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from domain.base import NOT_FOUND, Actor, Refused
from domain.lessons.shapes import Lesson
from domain.lessons.templates import (
    DeleteLessonTemplate,
    DropLessonTemplate,
    KeepCase,
    KeepLesson,
    KeptCase,
    LessonTemplate,
    RenameLessonTemplate,
    UseLessonTemplate,
)
from domain.rulebook import Rulebook
from domain.templates import folded
from storage.addressees import paths_of
from storage.entities import load, next_id
from storage.people import unit_path
from storage.schema_lessons import lesson_template
from storage.tree import office_of

_NAMES = select(lesson_template.c.name).where(
    lesson_template.c.unit_id == bindparam("unit"), lesson_template.c.id != bindparam("but")
)
_DROP = delete(lesson_template).where(lesson_template.c.id == bindparam("id"))


def _names(connection: Connection, unit_id: int, *, but: int = 0) -> frozenset[str]:
    found = connection.execute(_NAMES, {"unit": unit_id, "but": but}).scalars()
    return frozenset(folded(name) for name in found)


def load_for_keeping(connection: Connection, action: KeepLesson, actor: Actor, rules: Rulebook) -> KeepCase:
    """The lesson, and what its unit's templates are called."""
    found = load(connection, Lesson, action.lesson_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return KeepCase(
        found,
        unit_path(connection, found.unit_id),
        next_id(connection, LessonTemplate),
        _names(connection, found.unit_id),
    )


def load_template(
    connection: Connection,
    action: RenameLessonTemplate | DeleteLessonTemplate,
    actor: Actor,
    rules: Rulebook,
) -> KeptCase:
    """The template, also of a unit that was closed: its successors may still clear it away."""
    found = template_there(connection, action.template_id)
    names = _names(connection, found.unit_id, but=found.id)
    return KeptCase(found, unit_path(connection, found.unit_id), names=names)


def load_for_use(
    connection: Connection, action: UseLessonTemplate, actor: Actor, rules: Rulebook
) -> KeptCase:
    """The template of a unit in whose name lessons may still be assigned."""
    found = template_there(connection, action.template_id)
    path = paths_of(connection, [found.unit_id]).get(found.unit_id, "")
    zone = office_of(connection, path).zone if path else ""
    return KeptCase(found, path, zone, new_lesson=next_id(connection, Lesson))


def template_there(connection: Connection, template_id: int) -> LessonTemplate:
    """The template. Raises Refused where there is none."""
    found = load(connection, LessonTemplate, template_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def drop(connection: Connection, sweep: DropLessonTemplate) -> None:
    """Delete the row."""
    connection.execute(_DROP, {"id": sweep.template_id})


LOADERS: dict[type[Any], Any] = {
    KeepLesson: load_for_keeping,
    UseLessonTemplate: load_for_use,
    RenameLessonTemplate: load_template,
    DeleteLessonTemplate: load_template,
}
SWEEPS: Mapping[type[Any], Any] = {DropLessonTemplate: drop}
