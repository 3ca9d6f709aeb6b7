"""The tables of notices, on the metadata of ``schema.py``: what is said to whom, how far it has come, what was answered."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from domain.notices.shapes import Errand, NoticeState
from storage.schema import entity_columns, metadata
from storage.types import Instant, Key, Pairs, RowId

_ASKED = text("state = 'asked'")
TO_REMIND = text("state = 'sent' AND remind AND nudged_at IS NULL")
"""Notices whose readers are still to be reminded by itself. A question says it in the same words."""
_MOVING = text("state IN ('planned', 'freezing', 'sending')")
"""Notices that have something ahead of them without anybody doing anything."""
_UNSENT = text("state IN ('draft', 'asked')")
TO_CALL = text("state IN ('unreachable', 'failed') AND called_at IS NULL AND read_at IS NULL")
"""Recipients whom nobody has told yet. A question says it in the same words, or the index is not used."""
_UNANSWERED = text("waiting_since IS NOT NULL")

notice = Table(
    "notice",
    metadata,
    *entity_columns(),
    Column("author_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("state", Key(NoticeState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("texts", JSON, nullable=False),
    Column("media", Pairs, nullable=False),
    Column("addressees", JSON, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("wants_read", Boolean, nullable=False),
    Column("answerable", Boolean, nullable=False),
    Column("link_preview", Boolean, nullable=False),
    Column("to_people", Boolean, nullable=False),
    Column("to_groups", Boolean, nullable=False),
    Column("send_at", Instant),
    Column("expected", Integer, nullable=False),
    Column("confirmed_by", RowId, ForeignKey("person.id")),
    Column("seconded_by", RowId, ForeignKey("person.id")),
    Column("begun_at", Instant),
    Column("finished_at", Instant),
    # The last person looked at while recipients are written down.
    Column("frozen_to", RowId, nullable=False),
    Column("reminded_at", Instant),
    Column("remind", Boolean, nullable=False),
    Column("repeat", String, nullable=False),
    Column("repeat_day", Integer, nullable=False),
    Column("kind", String, nullable=False, server_default="other"),
    Column("valid_days", Integer, nullable=False, server_default=text("0")),
    Column("valid_until", Instant),
    Column("nudged_at", Instant),
    Column("corrected_at", Instant),
    Column("uncorrected", String, nullable=False, server_default=""),
    Column("again_at", Instant),
    CheckConstraint(
        "state IN ('draft', 'asked', 'planned', 'freezing', 'sending', 'paused', 'sent', 'cancelled', 'withdrawn', "
        "'dropped')",
        name="state",
    ),
    CheckConstraint("seconded_by IS NULL OR seconded_by <> confirmed_by", name="two_people"),
    Index("ix_notice_unit_id", "unit_id", "id"),
    # What the clock and the mailings look for: never more than a handful.
    Index("ix_notice_moving", "id", sqlite_where=_MOVING, postgresql_where=_MOVING),
    Index("ix_notice_begun_at", "begun_at", "id"),
    Index("ix_notice_asked", "unit_id", sqlite_where=_ASKED, postgresql_where=_ASKED),
    Index("ix_notice_to_remind", "finished_at", sqlite_where=TO_REMIND, postgresql_where=TO_REMIND),
    Index("ix_notice_unsent", "unit_id", "id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
)

mailing = Table(
    "mailing",
    metadata,
    *entity_columns(),
    Column("notice_id", RowId, ForeignKey("notice.id"), nullable=False, index=True),
    Column("errand", Key(Errand), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("reached", RowId, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("finished_at", Instant),
    CheckConstraint("errand IN ('send', 'correct', 'withdraw', 'remind', 'again')", name="errand"),
    Index(
        "uq_mailing_open",
        "notice_id",
        "errand",
        unique=True,
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
)

# One row for each recipient of each notice: once written, nobody is a recipient twice. Walked through in the order of
# its key, so that the thousandth batch costs what the first did. By another way it is asked only who is to be called.
receipt = Table(
    "receipt",
    metadata,
    # Both are taken from rows that are there and never go: looking for them again takes as long as writing this one.
    Column("notice_id", RowId, primary_key=True, autoincrement=False),
    Column("person_id", RowId, primary_key=True, autoincrement=False),
    # Where they lived when it was sent, for the report by building.
    Column("unit_id", RowId),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("message_id", BigInteger),
    Column("sent_at", Instant),
    Column("read_at", Instant),
    Column("reminded_at", Instant),
    Column("called_by", RowId),
    Column("called_at", Instant),
    CheckConstraint(
        "state IN ('waiting', 'queued', 'sent', 'failed', 'unreachable', 'left', 'stopped', 'muted')",
        name="state",
    ),
    Index(
        "ix_receipt_to_call",
        "unit_id",
        "notice_id",
        "person_id",
        sqlite_where=TO_CALL,
        postgresql_where=TO_CALL,
    ),
    sqlite_with_rowid=False,
)

# Which further messages quote a notice to whom, so that they are corrected and taken back with the copy.
notice_followup = Table(
    "notice_followup",
    metadata,
    Column("notice_id", RowId, primary_key=True, autoincrement=False),
    Column("person_id", RowId, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    sqlite_with_rowid=False,
)

# How a notice fares, summed up as it happens: counting a million receipts for each look would take longer than sending.
tally = Table(
    "tally",
    metadata,
    Column("notice_id", RowId, ForeignKey("notice.id"), primary_key=True),
    *(
        Column(name, Integer, nullable=False, server_default=text("0"))
        for name in (
            "total",
            "queued",
            "sent",
            "failed",
            "unreachable",
            "left",
            "stopped",
            "muted",
            "read",
            "reminded",
            "called",
        )
    ),
)

# What a recipient said to a notice and was written back; the words are remarks. One for each recipient who said anything.
thread = Table(
    "thread",
    metadata,
    *entity_columns(),
    Column("notice_id", RowId, ForeignKey("notice.id"), nullable=False),
    Column("person_id", RowId, ForeignKey("person.id"), nullable=False, index=True),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("waiting_since", Instant),
    Column("unanswered", Integer, nullable=False),
    Column("handler_id", RowId, ForeignKey("person.id"), index=True),
    UniqueConstraint("notice_id", "person_id"),
    CheckConstraint("(waiting_since IS NULL) = (unanswered = 0)", name="waiting"),
    Index("ix_thread_notice_id", "notice_id", "last_at", "id"),
    Index(
        "ix_thread_waiting",
        "unit_id",
        "waiting_since",
        sqlite_where=_UNANSWERED,
        postgresql_where=_UNANSWERED,
    ),
    Index(
        "ix_thread_waiting_since",
        "waiting_since",
        "id",
        sqlite_where=_UNANSWERED,
        postgresql_where=_UNANSWERED,
    ),
    # By age, for what time alone forgets.
    Index("ix_thread_last_at", "last_at", "id"),
)

notice_template = Table(
    "notice_template",
    metadata,
    *entity_columns(),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("composed", JSON, nullable=False),
    Index("ix_notice_template_unit_id", "unit_id", "name"),
)

# Where a notice is for, once it has begun to leave: whoever arrives there finds what is valid by the units above them.
notice_place = Table(
    "notice_place",
    metadata,
    Column("unit_id", RowId, ForeignKey("unit.id"), primary_key=True),
    Column("notice_id", RowId, ForeignKey("notice.id"), primary_key=True),
)

# Of which kinds somebody wants no routine messages.
notice_mute = Table(
    "notice_mute",
    metadata,
    Column("person_id", RowId, ForeignKey("person.id"), primary_key=True),
    Column("kind", String, primary_key=True),
)
