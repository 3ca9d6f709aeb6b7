"""digests

Revises: 0006
"""

import sqlalchemy as sa
from alembic import op


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "digest_walk",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reached", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "rhythm", "zone", name=op.f("pk_digest_walk")),
    )
    op.create_table(
        "digest",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('home', 'desk')", name=op.f("ck_digest_kind")),
        sa.CheckConstraint("rhythm IN ('daily', 'weekly', 'never')", name=op.f("ck_digest_rhythm")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_digest_person_id")),
        sa.PrimaryKeyConstraint("kind", "person_id", name=op.f("pk_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_notice_asked",
        "notice",
        ["unit_id"],
        unique=False,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("ix_request_unit_id_closed_at", "request", ["unit_id", "closed_at"], unique=False)
    op.create_index(
        "ix_unit_own_hours",
        "unit",
        ["path"],
        unique=False,
        sqlite_where=sa.text("zone IS NOT NULL OR calendar IS NOT NULL"),
        postgresql_where=sa.text("zone IS NOT NULL OR calendar IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_unit_own_hours",
        table_name="unit",
        sqlite_where=sa.text("zone IS NOT NULL OR calendar IS NOT NULL"),
        postgresql_where=sa.text("zone IS NOT NULL OR calendar IS NOT NULL"),
    )
    op.drop_index("ix_request_unit_id_closed_at", table_name="request")
    op.drop_index(
        "ix_notice_asked",
        table_name="notice",
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.drop_table("digest")
    op.drop_table("digest_walk")
