"""meetings

Revises: 0012
"""

import sqlalchemy as sa
from alembic import op


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meeting_duty",
        sa.Column(
            "unit_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("told", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_meeting_duty")),
    )
    op.create_table(
        "meeting_guest",
        sa.Column(
            "meeting_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("told", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answer", sa.String(), server_default=sa.text("'none'"), nullable=False),
        sa.Column("edition", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("checked_in_at", sa.BigInteger(), nullable=True),
        sa.Column("presence", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint(
            "(checked_in_at IS NOT NULL) = (presence IN ('code', 'hand'))",
            name=op.f("ck_meeting_guest_presence"),
        ),
        sa.CheckConstraint("answer IN ('none', 'coming', 'leave')", name=op.f("ck_meeting_guest_answer")),
        sa.PrimaryKeyConstraint("meeting_id", "person_id", name=op.f("pk_meeting_guest")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_meeting_guest_person_id", "meeting_guest", ["person_id", "meeting_id"], unique=False)
    op.create_table(
        "meeting",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("agenda", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("was_at", sa.BigInteger(), nullable=True),
        sa.Column("walking", sa.String(), nullable=False),
        sa.Column("reached", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('branch', 'committee', 'group', 'lecture', 'theme_day')", name=op.f("ck_meeting_kind")
        ),
        sa.CheckConstraint("state IN ('planned', 'held', 'cancelled')", name=op.f("ck_meeting_state")),
        sa.CheckConstraint(
            "walking IN ('freezing', 'telling', 'reminding', 'crediting', 'resting')",
            name=op.f("ck_meeting_walking"),
        ),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_meeting_minutes")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_meeting_author_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_meeting_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
    )
    op.create_index(
        "ix_meeting_moving",
        "meeting",
        ["id"],
        unique=False,
        sqlite_where=sa.text("walking <> 'resting'"),
        postgresql_where=sa.text("walking <> 'resting'"),
    )
    op.create_index(
        "ix_meeting_next_at",
        "meeting",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_meeting_starts_at", "meeting", ["starts_at", "id"], unique=False)
    op.create_index("ix_meeting_unit_id", "meeting", ["unit_id", "starts_at"], unique=False)
    op.create_table(
        "followup",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_followup_author_id")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_followup_meeting_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_followup_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followup")),
    )
    op.create_index(op.f("ix_followup_meeting_id"), "followup", ["meeting_id"], unique=False)
    op.create_index(
        "ix_followup_next_at",
        "followup",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_followup_owner_id", "followup", ["owner_id", "due_on"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_followup_owner_id", table_name="followup")
    op.drop_index(
        "ix_followup_next_at",
        table_name="followup",
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_followup_meeting_id"), table_name="followup")
    op.drop_table("followup")
    op.drop_index("ix_meeting_unit_id", table_name="meeting")
    op.drop_index("ix_meeting_starts_at", table_name="meeting")
    op.drop_index(
        "ix_meeting_next_at",
        table_name="meeting",
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_meeting_moving",
        table_name="meeting",
        sqlite_where=sa.text("walking <> 'resting'"),
        postgresql_where=sa.text("walking <> 'resting'"),
    )
    op.drop_table("meeting")
    op.drop_index("ix_meeting_guest_person_id", table_name="meeting_guest")
    op.drop_table("meeting_guest")
    op.drop_table("meeting_duty")
