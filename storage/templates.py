"""Templates of notices: the rows that the rules of ``domain/templates.py`` need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from domain.base import NOT_FOUND, Actor, Refused
from domain.notices.shapes import PublicNotice
from domain.rulebook import Rulebook
from domain.templates import (
    DeleteTemplate,
    DropTemplate,
    RenameTemplate,
    SaveCase,
    SaveTemplate,
    Template,
    TemplateCase,
    UseTemplate,
    folded,
)
from storage.addressees import paths_of
from storage.entities import load, next_id
from storage.people import unit_path
from storage.schema_notices import notice_template

_NAMES = select(notice_template.c.name).where(
    notice_template.c.unit_id == bindparam("unit"), notice_template.c.id != bindparam("but")
)
_DROP = delete(notice_template).where(notice_template.c.id == bindparam("id"))


def _names(connection: Connection, unit_id: int, *, but: int = 0) -> frozenset[str]:
    found = connection.execute(_NAMES, {"unit": unit_id, "but": but}).scalars()
    return frozenset(folded(name) for name in found)


def load_for_saving(connection: Connection, action: SaveTemplate, actor: Actor, rules: Rulebook) -> SaveCase:
    """The notice, and what its unit's templates are called."""
    found = load(connection, PublicNotice, action.notice_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return SaveCase(
        found,
        unit_path(connection, found.unit_id),
        next_id(connection, Template),
        _names(connection, found.unit_id),
    )


def load_template(
    connection: Connection, action: RenameTemplate | DeleteTemplate, actor: Actor, rules: Rulebook
) -> TemplateCase:
    """The template, also of a unit that was closed: its successors may still clear it away."""
    found = _there(connection, action.template_id)
    names = _names(connection, found.unit_id, but=found.id)
    return TemplateCase(found, unit_path(connection, found.unit_id), names)


def load_for_use(connection: Connection, action: UseTemplate, actor: Actor, rules: Rulebook) -> TemplateCase:
    """The template of a unit in whose name something may still be said."""
    found = _there(connection, action.template_id)
    path = paths_of(connection, [found.unit_id]).get(found.unit_id, "")
    return TemplateCase(found, path, new_notice=next_id(connection, PublicNotice))


def _there(connection: Connection, template_id: int) -> Template:
    found = load(connection, Template, template_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def drop(connection: Connection, sweep: DropTemplate) -> None:
    """Delete the row."""
    connection.execute(_DROP, {"id": sweep.template_id})


LOADERS: dict[type[Any], Any] = {
    SaveTemplate: load_for_saving,
    UseTemplate: load_for_use,
    RenameTemplate: load_template,
    DeleteTemplate: load_template,
}
SWEEPS: Mapping[type[Any], Any] = {DropTemplate: drop}
