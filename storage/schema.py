"""The tables, once, for both databases. What each noun does with its own is in the module named after it.

Constraints repeat the rules: a bug cannot commit two holders of one place or a second posting of one earning. That
postings balance is shown by ``points.differences``, not by a constraint. Audit and ledger refuse change by trigger
(``triggers.py``). Words and whatever else may have to be erased live in ``person``, ``household``, ``checkin``,
``import_row`` and ``remark`` only (and in ``erasure`` while somebody is being forgotten); ``unit_alias`` names places, not people.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from domain.base import Purpose, Role
from domain.checkins.shapes import CheckinState
from domain.imports import ImportState
from domain.pairings import VisitState
from domain.people import Phase
from domain.requests import RequestState
from domain.sheet_columns import ImportKind
from domain.tasks import ClaimState, TaskState
from storage.types import Codes, Instant, Key, RowId

_OWN_HOURS = text("zone IS NOT NULL OR calendar IS NOT NULL")
_LOOKED_AT = text("next_at IS NOT NULL")
LATE = text("overdue_at IS NOT NULL AND state IN ('open', 'in_progress')")
TO_VERIFY = text("state = 'closed_silent' AND verified_at IS NULL")
LISTED = text("listed_at IS NOT NULL AND state = 'offered' AND taken = 0")
"""What waits at a desk because time has passed: late, closed in silence, taken on by nobody. A question says each in the
same words, or the index is not used."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", RowId, primary_key=True, autoincrement=True)


def entity_columns() -> tuple[Column[int], Column[int]]:
    """``id`` is dealt out by ``counter``; ``version`` rises with each save."""
    return (
        Column("id", RowId, primary_key=True, autoincrement=False),
        Column("version", Integer, nullable=False),
    )


def _batch() -> Column[int]:
    """The import that a row came with; the row is there for nobody until that one is live (``storage/imports.py``)."""
    return Column("batch_id", RowId, ForeignKey("import_batch.id"))


counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# --- who and where ------------------------------------------------------------------------------------------------

unit = Table(
    "unit",
    metadata,
    *entity_columns(),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("name_en", String, nullable=False, server_default=""),
    Column("parent_id", RowId, ForeignKey("unit.id"), index=True),
    # "1.4.12." in byte order, so that "everything below" is a range.
    Column("path", String().with_variant(String(collation="C"), "postgresql"), nullable=False, unique=True),
    Column("code", String, nullable=False, unique=True),
    Column("closed_at", Instant),
    # Empty: as the unit above says, at the top as the settings say.
    Column("zone", String),
    Column("calendar", String),
    Column("merged_into_id", RowId, ForeignKey("unit.id")),
    _batch(),
    CheckConstraint("kind IN ('street', 'community', 'grid', 'building', 'branch')", name="kind"),
    # In a homes' community: the last one before the home's path, in byte order.
    Index(
        "ix_unit_community",
        "path",
        "closed_at",
        "id",
        sqlite_where=text("kind = 'community'"),
        postgresql_where=text("kind = 'community'"),
    ),
    # Those with hours of their own are few among many.
    Index(
        "ix_unit_own_hours",
        "path",
        sqlite_where=_OWN_HOURS,
        postgresql_where=_OWN_HOURS,
    ),
)

unit_alias = Table(
    "unit_alias",
    metadata,
    _id(),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("alias", String, nullable=False, index=True),
    UniqueConstraint("unit_id", "alias"),
)

household = Table(
    "household",
    metadata,
    _id(),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("flat", String, nullable=False),
    UniqueConstraint("unit_id", "flat"),
)

person = Table(
    "person",
    metadata,
    *entity_columns(),
    Column("telegram_id", BigInteger, unique=True),
    # In byte order, so that the beginning of a name is a range of the index, on both databases the same.
    Column("name", String().with_variant(String(collation="C"), "postgresql"), nullable=False),
    Column("language", String, nullable=False),
    Column("home_unit_id", RowId, ForeignKey("unit.id")),
    # Made from the home (``areas.py``), whose key is checked.
    Column("area_id", RowId),
    Column("household_id", RowId, ForeignKey("household.id"), index=True),
    Column("phone", String),
    Column("consent_version", Integer),
    Column("consent_at", Instant),
    Column("suspended", Boolean, nullable=False, server_default=text("false")),
    Column("unreachable_since", Instant),
    # The number in the community's own roster, by which a second import knows who it is.
    Column("number", String, index=True, unique=True),
    Column("proxy_id", RowId, ForeignKey("person.id")),
    Column("merged_into_id", RowId, ForeignKey("person.id")),
    Column("erased_at", Instant),
    _batch(),
    # With what says whether somebody is somebody, so that looking through a community fetches only who is shown.
    Index(
        "ix_person_home_unit_id_name", "home_unit_id", "name", "id", "merged_into_id", "erased_at", "batch_id"
    ),
    Index("ix_person_area_id_name", "area_id", "name", "id", "merged_into_id", "erased_at", "batch_id"),
    Index("ix_person_name", "name", "id"),
    Index(
        "ix_person_erased_at",
        "erased_at",
        sqlite_where=text("erased_at IS NOT NULL"),
        postgresql_where=text("erased_at IS NOT NULL"),
    ),
    Index(
        "ix_person_proxy_id",
        "proxy_id",
        sqlite_where=text("proxy_id IS NOT NULL"),
        postgresql_where=text("proxy_id IS NOT NULL"),
    ),
    Index(
        "ix_person_phone",
        "phone",
        sqlite_where=text("phone IS NOT NULL"),
        postgresql_where=text("phone IS NOT NULL"),
    ),
)

appointment = Table(
    "appointment",
    metadata,
    *entity_columns(),
    Column("person_id", RowId, ForeignKey("person.id"), nullable=False, index=True),
    Column("role", Key(Role), nullable=False),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("granted_by", RowId, ForeignKey("person.id")),
    # A deputy's appointment stands in for another one while that one's holder is away.
    Column("deputy_for_id", RowId, ForeignKey("appointment.id")),
    # What its holder has been told: authority itself follows the two times alone.
    Column("phase", Key(Phase), nullable=False, server_default=text("'running'")),
    _batch(),
    CheckConstraint("phase IN ('coming', 'running', 'ended')", name="phase"),
    CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_it_starts"),
    Index("ix_appointment_unit_id_role", "unit_id", "role"),
    Index("ix_appointment_role", "role", "id"),
    Index(
        "ix_appointment_deputy_for_id",
        "deputy_for_id",
        sqlite_where=text("deputy_for_id IS NOT NULL"),
        postgresql_where=text("deputy_for_id IS NOT NULL"),
    ),
    Index(
        "ix_appointment_coming",
        "starts_at",
        sqlite_where=text("phase = 'coming'"),
        postgresql_where=text("phase = 'coming'"),
    ),
    Index(
        "ix_appointment_ending",
        "ends_at",
        sqlite_where=text("phase <> 'ended' AND ends_at IS NOT NULL"),
        postgresql_where=text("phase <> 'ended' AND ends_at IS NOT NULL"),
    ),
)

_UNDER_WAY = text("state IN ('asked', 'returned', 'approved')")

checkin = Table(
    "checkin",
    metadata,
    *entity_columns(),
    Column("person_id", RowId, ForeignKey("person.id"), nullable=False, index=True),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("state", Key(CheckinState), nullable=False),
    # Their own branch or workplace elsewhere, in their own words.
    Column("branch", String, nullable=False),
    Column("skills", Codes, nullable=False),
    Column("free", Codes, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", RowId, ForeignKey("person.id")),
    Column("valid_until", Date),
    Column("reminded_on", Date),
    Column("appointment_id", RowId, ForeignKey("appointment.id")),
    Column("joined_on", Date),
    CheckConstraint(
        "state IN ('asked', 'returned', 'approved', 'withdrawn', 'left', 'lapsed')", name="state"
    ),
    Index("ix_checkin_unit_id_state", "unit_id", "state"),
    Index("ix_checkin_joined_on", "joined_on", "id"),
    Index(
        "uq_checkin_under_way",
        "person_id",
        unique=True,
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    ),
    Index(
        "ix_checkin_valid_until",
        "valid_until",
        sqlite_where=text("state = 'approved'"),
        postgresql_where=text("state = 'approved'"),
    ),
)

person_skill = Table(
    "person_skill",
    metadata,
    Column("person_id", RowId, ForeignKey("person.id"), primary_key=True),
    Column("skill", String, primary_key=True),
    Index("ix_person_skill_skill", "skill", "person_id"),
)

# What staff noted of somebody, by the rulebook's codes. Who noted it is in the audit trail.
person_tag = Table(
    "person_tag",
    metadata,
    Column("person_id", RowId, ForeignKey("person.id"), primary_key=True),
    Column("tag", String, primary_key=True),
    Index("ix_person_tag_tag", "tag", "person_id"),
)

blocked = Table(
    "blocked",
    metadata,
    Column("telegram_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("by_id", RowId, ForeignKey("person.id")),
)

chat_group = Table(
    "chat_group",
    metadata,
    *entity_columns(),
    Column("chat_id", BigInteger, nullable=False, unique=True),
    Column("unit_id", RowId, ForeignKey("unit.id"), index=True),
    Column("bound_by", RowId, ForeignKey("person.id")),
    Column("bound_at", Instant),
    Column("left_at", Instant),
)

# --- requests and the work on them ----------------------------------------------------------------------------------

request = Table(
    "request",
    metadata,
    *entity_columns(),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("handling_unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("requester_id", RowId, ForeignKey("person.id"), nullable=False, index=True),
    Column("category", String, nullable=False),
    Column("urgency", String, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("name_hidden", Boolean, nullable=False),
    Column("state", Key(RequestState), nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("answer_due_at", Instant, nullable=False),
    Column("proxy_id", RowId, ForeignKey("person.id"), index=True),
    Column("answered_at", Instant),
    Column("handler_id", RowId, ForeignKey("person.id")),
    Column("done_at", Instant),
    Column("closed_at", Instant),
    Column("stars", Integer),
    Column("redo", Integer, nullable=False, server_default=text("0")),
    Column("solve_due_at", Instant),
    Column("next_at", Instant),
    Column("answer_told", Integer, nullable=False, server_default=text("0")),
    Column("solve_told", Integer, nullable=False, server_default=text("0")),
    Column("stopped_at", Instant),
    Column("reminded", Integer, nullable=False, server_default=text("0")),
    Column("reminded_at", Instant),
    Column("overdue_at", Instant),
    Column("verified_at", Instant),
    CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
    CheckConstraint("(state = 'closed_confirmed') = (stars IS NOT NULL)", name="stars_when_confirmed"),
    Index("ix_request_handling_unit_id_state", "handling_unit_id", "state", "raised_at"),
    # What became of a building: what is open, and what was closed since.
    Index("ix_request_unit_id_closed_at", "unit_id", "closed_at"),
    Index("ix_request_next_at", "next_at", "id", sqlite_where=_LOOKED_AT, postgresql_where=_LOOKED_AT),
    Index("ix_request_late", "handling_unit_id", "state", sqlite_where=LATE, postgresql_where=LATE),
    Index(
        "ix_request_to_verify",
        "handling_unit_id",
        "state",
        sqlite_where=TO_VERIFY,
        postgresql_where=TO_VERIFY,
    ),
    Index(
        "ix_request_handler_id",
        "handler_id",
        "state",
        sqlite_where=text("handler_id IS NOT NULL"),
        postgresql_where=text("handler_id IS NOT NULL"),
    ),
    Index(
        "ix_request_closed_at",
        "closed_at",
        "id",
        sqlite_where=text("closed_at IS NOT NULL"),
        postgresql_where=text("closed_at IS NOT NULL"),
    ),
)

pairing = Table(
    "pairing",
    metadata,
    *entity_columns(),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False, index=True),
    Column("resident_id", RowId, ForeignKey("person.id"), nullable=False, index=True),
    Column("member_id", RowId, ForeignKey("person.id"), nullable=False, index=True),
    Column("need", String, nullable=False),
    Column("cadence_days", Integer, nullable=False),
    Column("next_due_on", Date, nullable=False, index=True),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    CheckConstraint("cadence_days > 0", name="cadence_days"),
    CheckConstraint("member_id <> resident_id", name="not_oneself"),
)

task = Table(
    "task",
    metadata,
    *entity_columns(),
    Column("kind", String, nullable=False),
    Column("unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("circle_unit_id", RowId, ForeignKey("unit.id"), nullable=False),
    Column("category", String, nullable=False),
    Column("urgency", String, nullable=False),
    Column("state", Key(TaskState), nullable=False),
    Column("places", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("offered_at", Instant, nullable=False),
    Column("request_id", RowId, ForeignKey("request.id"), unique=True),
    Column("pairing_id", RowId, ForeignKey("pairing.id"), index=True),
    Column("for_person_id", RowId, ForeignKey("person.id")),
    Column("skill", String),
    Column("next_at", Instant),
    Column("widened_at", Instant),
    Column("listed_at", Instant),
    Column("agreed_minutes", Integer),
    CheckConstraint("taken BETWEEN 0 AND places", name="taken"),
    Index("ix_task_circle_unit_id_state", "circle_unit_id", "state"),
    Index("ix_task_next_at", "next_at", "id", sqlite_where=_LOOKED_AT, postgresql_where=_LOOKED_AT),
    Index("ix_task_listed", "unit_id", sqlite_where=LISTED, postgresql_where=LISTED),
)

_HOLDING = text("state IN ('claimed', 'started', 'reported', 'rework')")

claim = Table(
    "claim",
    metadata,
    *entity_columns(),
    Column("task_id", RowId, ForeignKey("task.id"), nullable=False),
    Column("member_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", Key(ClaimState), nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("reported_at", Instant),
    Column("ended_at", Instant),
    Column("minutes", Integer),
    Column("warned_at", Instant),
    CheckConstraint("place > 0", name="place"),
    Index(
        "uq_claim_place_held",
        "task_id",
        "place",
        unique=True,
        sqlite_where=_HOLDING,
        postgresql_where=_HOLDING,
    ),
    Index(
        "uq_claim_member_held",
        "task_id",
        "member_id",
        unique=True,
        sqlite_where=_HOLDING,
        postgresql_where=_HOLDING,
    ),
    Index("ix_claim_task_id", "task_id"),
    Index("ix_claim_member_id_state", "member_id", "state"),
)

visit = Table(
    "visit",
    metadata,
    *entity_columns(),
    Column("pairing_id", RowId, ForeignKey("pairing.id"), nullable=False),
    Column("task_id", RowId, ForeignKey("task.id"), nullable=False, unique=True),
    Column("due_on", Date, nullable=False),
    Column("state", Key(VisitState), nullable=False),
    Column("done_at", Instant),
    Column("wellbeing", Integer),
    Column("stars", Integer),
    Column("confirmed_at", Instant),
    UniqueConstraint("pairing_id", "due_on"),
    CheckConstraint("wellbeing BETWEEN 0 AND 4", name="wellbeing"),
)

alarm = Table(
    "alarm",
    metadata,
    *entity_columns(),
    Column("unit_id", RowId, ForeignKey("unit.id")),
    Column("person_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", RowId, ForeignKey("person.id")),
)

remark = Table(
    "remark",
    metadata,
    _id(),
    Column("subject_kind", String, nullable=False),
    Column("subject_id", RowId, nullable=False),
    Column("purpose", Key(Purpose), nullable=False),
    Column("author_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("file_id", String, nullable=False),
    Column("album", String, nullable=False),
    Column("latitude", Float),
    Column("longitude", Float),
    Index("ix_remark_subject", "subject_kind", "subject_id", "id"),
    Index("ix_remark_author_id", "author_id", "id"),
)

# --- what happened, and what it earned: append-only ------------------------------------------------------------------

audit = Table(
    "audit",
    metadata,
    _id(),
    Column("at", Instant, nullable=False),
    Column("actor_id", RowId),
    Column("job", String),
    Column("update_id", BigInteger),
    Column("event", String, nullable=False),
    Column("subject_kind", String, nullable=False),
    Column("subject_id", RowId, nullable=False),
    Column("request_id", RowId),
    Column("unit_id", RowId),
    Column("data", JSON, nullable=False),
    Index(
        "ix_audit_request_id",
        "request_id",
        "id",
        postgresql_where=text("request_id IS NOT NULL"),
        sqlite_where=text("request_id IS NOT NULL"),
    ),
    Index("ix_audit_actor_id", "actor_id", "id"),
    Index("ix_audit_subject", "subject_kind", "subject_id", "id"),
)

audit_seal = Table(
    "audit_seal",
    metadata,
    _id(),
    Column("first_id", RowId, nullable=False, unique=True),
    Column("last_id", RowId, nullable=False, unique=True),
    Column("rows", Integer, nullable=False),
    Column("previous", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    # Set when retention has dropped the rows; the digest stays, so that the chain does.
    Column("dropped_at", Instant),
    CheckConstraint("first_id <= last_id", name="in_order"),
    Index(
        "ix_audit_seal_kept",
        "id",
        sqlite_where=text("dropped_at IS NULL"),
        postgresql_where=text("dropped_at IS NULL"),
    ),
)

earning = Table(
    "earning",
    metadata,
    _id(),
    Column("person_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("source_kind", String, nullable=False),
    Column("source_id", RowId, nullable=False),
    Column("kind", String, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("factor", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("rulebook", Integer, nullable=False),
    Column("request_id", RowId),
    Column("confirmed_at", Instant, nullable=False),
    Column("posted_at", Instant),
    # What a cap has cut off, known once it is posted.
    Column("cut", BigInteger, nullable=False, server_default=text("0")),
    # Then also how many minutes of it counted, and which cap has cut off the rest.
    Column("counted", Integer),
    Column("cap", String),
    UniqueConstraint("source_kind", "source_id", "person_id"),
    Index(
        "ix_earning_waiting",
        "id",
        sqlite_where=text("posted_at IS NULL"),
        postgresql_where=text("posted_at IS NULL"),
    ),
    Index("ix_earning_person_id", "person_id", "id"),
    # What somebody has had of a day or a week already.
    Index("ix_earning_person_id_confirmed_at", "person_id", "confirmed_at"),
)

posting = Table(
    "posting",
    metadata,
    _id(),
    Column("person_id", RowId, ForeignKey("person.id"), nullable=False),
    Column("source_kind", String, nullable=False),
    Column("source_id", RowId, nullable=False),
    Column("earning_id", RowId, ForeignKey("earning.id")),
    Column("rulebook", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("source_kind", "source_id", "person_id"),
)

entry = Table(
    "entry",
    metadata,
    _id(),
    Column("posting_id", RowId, ForeignKey("posting.id"), nullable=False, index=True),
    Column("account", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    UniqueConstraint("posting_id", "account", "currency"),
    Index("ix_entry_account", "account", "currency"),
)

balance = Table(
    "balance",
    metadata,
    Column("account", String, primary_key=True),
    Column("currency", String, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)

# --- in and out ---------------------------------------------------------------------------------------------------------

_WAITING = text("state = 'waiting'")

inbox = Table(
    "inbox",
    metadata,
    _id(),
    Column("update_id", BigInteger, nullable=False, unique=True),
    Column("sender", BigInteger, nullable=False),
    Column("payload", Text),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("received_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("error", Text),
    CheckConstraint("state IN ('waiting', 'done', 'quarantined')", name="state"),
    Index("ix_inbox_waiting", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index(
        "ix_inbox_quarantined",
        "id",
        sqlite_where=text("state = 'quarantined'"),
        postgresql_where=text("state = 'quarantined'"),
    ),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("chat_id", BigInteger, nullable=False),
    Column("person_id", RowId),
    Column("kind", String, nullable=False),
    Column("subject_id", RowId),
    Column("params", JSON, nullable=False),
    Column("edit_message_id", BigInteger),
    Column("card", Boolean, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("fence", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("message_id", BigInteger),
    Column("error", Text),
    Column("update_id", BigInteger),
    CheckConstraint("state IN ('waiting', 'leased', 'sent', 'dropped', 'failed', 'unknown')", name="state"),
    Index("ix_outbox_waiting", "lane", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index(
        "ix_outbox_leased",
        "id",
        sqlite_where=text("state = 'leased'"),
        postgresql_where=text("state = 'leased'"),
    ),
    Index(
        "ix_outbox_stuck",
        "id",
        sqlite_where=text("state IN ('failed', 'unknown')"),
        postgresql_where=text("state IN ('failed', 'unknown')"),
    ),
    # A card that waits for an edit waits for one only: it shows what is true when the edit leaves.
    Index(
        "uq_outbox_edit_waiting",
        "chat_id",
        "edit_message_id",
        unique=True,
        sqlite_where=text("state = 'waiting' AND card AND edit_message_id IS NOT NULL"),
        postgresql_where=text("state = 'waiting' AND card AND edit_message_id IS NOT NULL"),
    ),
)

card = Table(
    "card",
    metadata,
    Column("chat_id", BigInteger, primary_key=True),
    Column("topic", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject_id", RowId, nullable=False),
    Column("person_id", RowId),
    Column("message_id", BigInteger),
    # ``wanted`` rises with each change of the subject, ``shown`` is what the message was rendered from.
    Column("wanted", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("shown_at", Instant),
    Index("ix_card_topic", "topic"),
    Index("ix_card_open", "shown_at", sqlite_where=text("open"), postgresql_where=text("open")),
)

draft = Table(
    "draft",
    metadata,
    Column("telegram_id", BigInteger, primary_key=True),
    Column("form", String, nullable=False),
    Column("step", String, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("message_id", BigInteger),
    Column("updated_at", Instant, nullable=False),
)

# --- imports --------------------------------------------------------------------------------------------------------------

import_batch = Table(
    "import_batch",
    metadata,
    *entity_columns(),
    Column("kind", Key(ImportKind), nullable=False),
    Column("state", Key(ImportState), nullable=False),
    Column("by_id", RowId),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    # What was sent in a chat, until it has been read: the file's id and name.
    Column("file", JSON, nullable=False),
    # How far it has come: a line of the sheet while it is read, rows while it is applied.
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("rows", Integer, nullable=False, server_default=text("0")),
    Column("added", Integer, nullable=False, server_default=text("0")),
    Column("changed", Integer, nullable=False, server_default=text("0")),
    Column("problems", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("kind IN ('units', 'people')", name="kind"),
    CheckConstraint("state IN ('staging', 'checked', 'applying', 'live', 'dropped')", name="state"),
    # One at a time: there is never more than a handful that is not over.
    Index(
        "ix_import_batch_open",
        "id",
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
)

import_row = Table(
    "import_row",
    metadata,
    Column("batch_id", RowId, ForeignKey("import_batch.id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("parent", String, nullable=False),
    Column("data", JSON, nullable=False),
    # What the row will change: an id that is known already, or one that has been dealt out for it.
    Column("row_id", RowId),
    Index("ix_import_row_key", "batch_id", "key"),
)

# --- erasure ----------------------------------------------------------------------------------------------------------------

# What has to be looked for while somebody's words are being emptied. The row goes with the last of them.
erasure = Table(
    "erasure",
    metadata,
    Column("person_id", RowId, ForeignKey("person.id"), primary_key=True),
    Column("telegram_id", BigInteger),
    Column("name", String, nullable=False),
    Column("phone", String, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("after", BigInteger, nullable=False),
)

# --- the process ----------------------------------------------------------------------------------------------------------

job_run = Table(
    "job_run",
    metadata,
    Column("job", String, primary_key=True),
    Column("period", String, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("outcome", String, nullable=False),
    # The last item that is done, where a period is done item by item.
    Column("reached", BigInteger, nullable=False, server_default=text("0")),
)

# One row for each job, changed as it fares; what it has done period by period is in job_run.
job = Table(
    "job",
    metadata,
    *entity_columns(),
    Column("name", String, nullable=False, unique=True),
    Column("cadence", String, nullable=False),
    Column("reached", Instant, nullable=False),
    Column("period", String),
    Column("period_due", Instant),
    Column("last_at", Instant),
    Column("last_count", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("error", String),
    Column("retry_at", Instant),
    Column("told", Boolean, nullable=False),
    Column("asked_at", Instant),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("renewed_at", Instant, nullable=False),
)
