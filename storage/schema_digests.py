"""The tables of digests, on the metadata of ``schema.py``."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, String, Table

from domain.digests import Digest, Rhythm
from storage.schema import metadata
from storage.types import Instant, Key, RowId

# What somebody has chosen, and what they got last. Who serves has a row from their first digest on, or once they have
# turned it off. Walked through in the order of its key.
digest = Table(
    "digest",
    metadata,
    Column("kind", Key(Digest), primary_key=True),
    Column("person_id", RowId, ForeignKey("person.id"), primary_key=True, autoincrement=False),
    Column("rhythm", Key(Rhythm), nullable=False),
    # The day of the last period that is done with: no earlier one, and not this one again.
    Column("last_on", Date),
    # What the last one told of: from – to.
    Column("since", Instant),
    Column("taken_at", Instant),
    CheckConstraint("kind IN ('home', 'desk')", name="kind"),
    CheckConstraint("rhythm IN ('daily', 'weekly', 'never')", name="rhythm"),
    sqlite_with_rowid=False,
)

# How far the newest period has come in each time zone: a row each, which moves on from period to period.
digest_walk = Table(
    "digest_walk",
    metadata,
    Column("kind", Key(Digest), primary_key=True),
    Column("rhythm", Key(Rhythm), primary_key=True),
    Column("zone", String, primary_key=True),
    Column("day", Date, nullable=False),
    # The last person walked past.
    Column("reached", RowId, nullable=False),
    Column("over", Boolean, nullable=False),
)
