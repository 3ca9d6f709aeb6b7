"""The tables of meetings, on the metadata of ``schema.py``.

Words stand in three places: what a meeting is about in ``meeting``, why somebody cannot come in ``meeting_guest``, what
was decided in ``followup``. Minutes are remarks.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from domain.meetings.shapes import Answer, MeetingKind, MeetingState, Presence, Walking
from storage.schema import entity_columns, metadata
from storage.types import Instant, Key, RowId

_MOVING = text("walking <> 'resting'")
_LOOKED_AT = text("next_at IS NOT NULL")

meeting = Table(
    "meeting",
    metadata,
    *entity_columns(),
    Column("author_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("kind", Key(MeetingKind), nullable=False),
    Column("state", Key(MeetingState), nullable=False),
    Column("topic", String, nullable=False),
    Column("place", String, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("secret", String, nullable=False),
    Column("agenda", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    # The edition since which answers count.
    Column("asked", Integer, nullable=False, server_default=text("1")),
    Column("was_at", Instant),
    Column("was_place", String, nullable=False, server_default=text("''")),
    Column("walking", Key(Walking), nullable=False),
    # The last person dealt with in what is being done.
    Column("reached", RowId, nullable=False),
    Column("reminded", Integer, nullable=False),
    Column("next_at", Instant),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("closed_at", Instant),
    CheckConstraint("kind IN ('branch', 'committee', 'group', 'lecture', 'theme_day')", name="kind"),
    CheckConstraint("state IN ('planned', 'held', 'cancelled')", name="state"),
    CheckConstraint(
        "walking IN ('freezing', 'telling', 'reminding', 'crediting', 'resting')", name="walking"
    ),
    CheckConstraint("minutes > 0", name="minutes"),
    Index("ix_meeting_unit_id", "unit_id", "starts_at"),
    Index("ix_meeting_starts_at", "starts_at", "id"),
    Index("ix_meeting_moving", "id", sqlite_where=_MOVING, postgresql_where=_MOVING),
    Index("ix_meeting_next_at", "next_at", "id", sqlite_where=_LOOKED_AT, postgresql_where=_LOOKED_AT),
)

# One person's part in a meeting. Both ids are taken from rows that are there and never go.
meeting_guest = Table(
    "meeting_guest",
    metadata,
    Column("meeting_id", RowId, primary_key=True, autoincrement=False),
    Column("person_id", RowId, primary_key=True, autoincrement=False),
    # The newest edition they have been told of, 0 before they were invited.
    Column("told", Integer, nullable=False, server_default=text("0")),
    Column("answer", Key(Answer), nullable=False, server_default=text("'none'")),
    Column("edition", Integer, nullable=False, server_default=text("0")),
    Column("reason", String, nullable=False, server_default=text("''")),
    Column("checked_in_at", Instant),
    Column("presence", Key(Presence), nullable=False, server_default=text("''")),
    CheckConstraint("answer IN ('none', 'coming', 'leave')", name="answer"),
    CheckConstraint("(checked_in_at IS NOT NULL) = (presence IN ('code', 'hand'))", name="presence"),
    Index("ix_meeting_guest_person_id", "person_id", "meeting_id"),
    sqlite_with_rowid=False,
)

followup = Table(
    "followup",
    metadata,
    *entity_columns(),
    Column("meeting_id", RowId, ForeignKey("meeting.id"), nullable=False, index=True),
    Column("owner_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("author_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("what", String, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("told", Integer, nullable=False),
    Column("next_at", Instant),
    Index("ix_followup_owner_id", "owner_id", "due_on"),
    Index("ix_followup_next_at", "next_at", "id", sqlite_where=_LOOKED_AT, postgresql_where=_LOOKED_AT),
)

# What a unit owes has been said up to this: a row each, which moves on from month to month.
meeting_duty = Table(
    "meeting_duty",
    metadata,
    Column("unit_id", RowId, primary_key=True, autoincrement=False),
    Column("told", String().with_variant(String(collation="C"), "postgresql"), nullable=False),
)
