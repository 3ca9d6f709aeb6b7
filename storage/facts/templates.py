"""What a notice may begin with, in the eyes of who may send one: templates, and notices that were not sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select

from domain.base import NOT_FOUND, Refused
from domain.desk import COUNTED
from domain.notices.shapes import NoticeState
from domain.notices.shown import LIST_ROWS, NoticeLine
from domain.permissions import GRANTS, Permission
from domain.queries import Page, words_in
from domain.templates import Beginnings, ListDrafts, ListTemplates, SeeBeginnings, SeeTemplate, TemplateLine
from storage.facts.rows import Look, among_few, led, place, stretch
from storage.schema import unit
from storage.schema_notices import notice, notice_template

_UNSENT: ColumnElement[bool] = literal_column("notice.state IN ('draft', 'asked')")
"""In the words of ``ix_notice_unsent``."""


def capped(connection: Connection, statement: Select[Any]) -> int:
    """How many rows, counted to one more than ``COUNTED``."""
    rows = statement.limit(COUNTED + 1).subquery("counted")
    found: int = connection.execute(select(func.count()).select_from(rows)).scalar_one()
    return found


def _templates(connection: Connection, look: Look, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(notice_template.join(unit, unit.c.id == notice_template.c.unit_id))
        .where(
            unit.c.closed_at.is_(None),
            among_few(connection, unit.c.path, led(look, GRANTS[Permission.SEND_NOTICE].roles)),
        )
    )


def _unsent(connection: Connection, look: Look, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(notice.join(unit, unit.c.id == notice.c.unit_id))
        .where(_UNSENT, among_few(connection, unit.c.path, led(look, GRANTS[Permission.SEND_NOTICE].roles)))
    )


def see_beginnings(connection: Connection, query: SeeBeginnings, look: Look) -> Beginnings:
    """Both counted."""
    return Beginnings(
        templates=capped(connection, _templates(connection, look, notice_template.c.id)),
        drafts=capped(connection, _unsent(connection, look, notice.c.id)),
    )


_LINE = (
    notice_template.c.id,
    notice_template.c.name,
    notice_template.c.composed,
    unit.c.name.label("place"),
    unit.c.name_en.label("place_en"),
)


def _line(row: Any, language: str) -> TemplateLine:
    return TemplateLine(
        row.id,
        row.name,
        place(row.place, row.place_en),
        words_in(row.composed.get("texts", {}), language),
        len(row.composed.get("media", ())),
    )


def list_templates(connection: Connection, query: ListTemplates, look: Look) -> Page[TemplateLine]:
    """Unit by unit from the top, by name."""
    # By a value made up here: in the order of the index of paths every unit would be gone through.
    by_place = unit.c.path.concat("")
    every = _templates(connection, look, *_LINE).order_by(
        by_place, notice_template.c.name, notice_template.c.id
    )
    rows, page = stretch(connection, every, page=query.page, size=LIST_ROWS)
    lines = tuple(_line(row, look.reader.language) for row in rows)
    return Page(lines, page.page, page.pages, page.total)


def see_template(connection: Connection, query: SeeTemplate, look: Look) -> TemplateLine:
    """One of those."""
    row = connection.execute(
        _templates(connection, look, *_LINE).where(notice_template.c.id == query.template_id)
    ).first()
    if row is None:
        raise Refused(NOT_FOUND)
    return _line(row, look.reader.language)


def list_drafts(connection: Connection, query: ListDrafts, look: Look) -> Page[NoticeLine]:
    """Everybody's in these units: whoever stands in for somebody goes on with what they began."""
    columns = (
        notice.c.id,
        notice.c.state,
        notice.c.texts,
        notice.c.created_at,
        notice.c.urgent,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
    )
    every = _unsent(connection, look, *columns).order_by(notice.c.id.desc())
    rows, page = stretch(connection, every, page=query.page, size=LIST_ROWS)
    lines = tuple(
        NoticeLine(
            row.id,
            NoticeState(row.state),
            words_in(row.texts, look.reader.language),
            place(row.place, row.place_en),
            row.created_at,
            urgent=row.urgent,
        )
        for row in rows
    )
    return Page(lines, page.page, page.pages, page.total)


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeBeginnings: see_beginnings,
    ListTemplates: list_templates,
    SeeTemplate: see_template,
    ListDrafts: list_drafts,
}
