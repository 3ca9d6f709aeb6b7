"""The tables of lessons, on the metadata of ``schema.py``."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    text,
)

from domain.lessons.shapes import LessonState
from storage.schema import entity_columns, metadata
from storage.types import Instant, Key, Listed, Pairs, RowId

_MOVING = text("state IN ('freezing', 'sending')")
PLANNED = text("state = 'draft' AND starts_on IS NOT NULL")
"""Drafts that begin by themselves. A question says it in the same words, or the index is not used."""
DRAFT = text("state = 'draft' AND starts_on IS NULL")
_GOING = text("NOT over")
_IN_SERIES = text("series_id IS NOT NULL")

lesson = Table(
    "lesson",
    metadata,
    *entity_columns(),
    Column("author_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("state", Key(LessonState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("titles", JSON, nullable=False),
    Column("texts", JSON, nullable=False),
    Column("media", Pairs, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("addressees", JSON, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("questions", Listed, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("pass_mark", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    # The last person looked at while people are written down, and the last one handed to delivery.
    Column("frozen_to", RowId, nullable=False),
    Column("sent_to", RowId, nullable=False),
    Column("begun_at", Instant),
    Column("nudged_at", Instant),
    # The week of a series that it is for (taken from a row that is there and never goes), and the day on which a draft
    # begins by itself.
    Column("series_id", RowId),
    Column("series_no", Integer, nullable=False, server_default=text("0")),
    Column("starts_on", Date),
    CheckConstraint(
        "state IN ('draft', 'freezing', 'sending', 'open', 'withdrawn', 'dropped')",
        name="state",
    ),
    Index("ix_lesson_unit_id", "unit_id", "id"),
    Index("ix_lesson_due_on", "due_on", "id"),
    Index("ix_lesson_planned", "starts_on", "id", sqlite_where=PLANNED, postgresql_where=PLANNED),
    Index(
        "ix_lesson_series_id", "series_id", "series_no", sqlite_where=_IN_SERIES, postgresql_where=_IN_SERIES
    ),
    Index("ix_lesson_draft", "unit_id", "id", sqlite_where=DRAFT, postgresql_where=DRAFT),
    Index("ix_lesson_moving", "id", sqlite_where=_MOVING, postgresql_where=_MOVING),
)

# One person's part in a lesson. Both ids are taken from rows that are there and never go.
lesson_due = Table(
    "lesson_due",
    metadata,
    Column("lesson_id", RowId, primary_key=True, autoincrement=False),
    Column("person_id", RowId, primary_key=True, autoincrement=False),
    # Where they lived when it was assigned, for the lists by branch.
    Column("unit_id", RowId),
    Column("opened_at", Instant),
    Column("read_at", Instant),
    Column("done_at", Instant),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("step", Integer, nullable=False, server_default=text("0")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("tried_on", Date),
    Column("answers", Listed, nullable=False, server_default=text("'[]'")),
    Column("picked", Listed, nullable=False, server_default=text("'[]'")),
    Column("score", Integer),
    CheckConstraint("done_at IS NULL OR read_at IS NOT NULL", name="read_before_done"),
    Index("ix_lesson_due_person_id", "person_id", "lesson_id"),
    sqlite_with_rowid=False,
)

# Lessons one each week, and what was composed once to begin others with.
lesson_series = Table(
    "lesson_series",
    metadata,
    *entity_columns(),
    Column("author_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("title", String, nullable=False),
    Column("weeks", Integer, nullable=False),
    Column("first_due_on", Date, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("stopped_at", Instant),
    Index("ix_lesson_series_unit_id", "unit_id", "id"),
)

lesson_template = Table(
    "lesson_template",
    metadata,
    *entity_columns(),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("composed", JSON, nullable=False),
    Index("ix_lesson_template_unit_id", "unit_id", "name"),
)

# A branch's reminder of a lesson that was assigned from above: when it was asked for, and how far it has come.
lesson_nudge = Table(
    "lesson_nudge",
    metadata,
    Column("lesson_id", RowId, ForeignKey("lesson.id"), primary_key=True, autoincrement=False),
    Column("unit_id", RowId, ForeignKey("unit.id"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    # The last person looked at.
    Column("reached", RowId, nullable=False),
    Column("over", Boolean, nullable=False),
    Index("ix_lesson_nudge_going", "lesson_id", "unit_id", sqlite_where=_GOING, postgresql_where=_GOING),
)

# How far the reminders of the newest day have come in each time zone: a row each, which moves on from day to day.
lesson_walk = Table(
    "lesson_walk",
    metadata,
    Column("zone", String, primary_key=True),
    Column("day", Date, nullable=False),
    # The last person reminded.
    Column("reached", RowId, nullable=False),
    Column("over", Boolean, nullable=False),
)
