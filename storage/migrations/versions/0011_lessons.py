"""lessons

Revises: 0010
"""

import sqlalchemy as sa
from alembic import op


revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lesson_due",
        sa.Column(
            "lesson_id",
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
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tried_on", sa.Date(), nullable=True),
        sa.Column("answers", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("picked", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "done_at IS NULL OR read_at IS NOT NULL", name=op.f("ck_lesson_due_read_before_done")
        ),
        sa.PrimaryKeyConstraint("lesson_id", "person_id", name=op.f("pk_lesson_due")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lesson_due_person_id", "lesson_due", ["person_id", "lesson_id"], unique=False)
    op.create_table(
        "lesson_walk",
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reached", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("zone", name=op.f("pk_lesson_walk")),
    )
    op.create_table(
        "lesson",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("addressees", sa.JSON(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("pass_mark", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("frozen_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sent_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("nudged_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'freezing', 'sending', 'open', 'withdrawn', 'dropped')",
            name=op.f("ck_lesson_state"),
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_lesson_author_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_lesson_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
    )
    op.create_index("ix_lesson_due_on", "lesson", ["due_on", "id"], unique=False)
    op.create_index(
        "ix_lesson_moving",
        "lesson",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('freezing', 'sending')"),
        postgresql_where=sa.text("state IN ('freezing', 'sending')"),
    )
    op.create_index("ix_lesson_unit_id", "lesson", ["unit_id", "id"], unique=False)
    op.add_column("earning", sa.Column("cut", sa.BigInteger(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    op.drop_column("earning", "cut")
    op.drop_index("ix_lesson_unit_id", table_name="lesson")
    op.drop_index(
        "ix_lesson_moving",
        table_name="lesson",
        sqlite_where=sa.text("state IN ('freezing', 'sending')"),
        postgresql_where=sa.text("state IN ('freezing', 'sending')"),
    )
    op.drop_index("ix_lesson_due_on", table_name="lesson")
    op.drop_table("lesson")
    op.drop_table("lesson_walk")
    op.drop_index("ix_lesson_due_person_id", table_name="lesson_due")
    op.drop_table("lesson_due")
