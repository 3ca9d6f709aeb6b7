"""study

Revises: 0011
"""

import sqlalchemy as sa
from alembic import op


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lesson_template",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("composed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_lesson_template_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_template")),
    )
    op.create_index("ix_lesson_template_unit_id", "lesson_template", ["unit_id", "name"], unique=False)
    op.create_table(
        "lesson_series",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=False),
        sa.Column("first_due_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_lesson_series_author_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_lesson_series_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_series")),
    )
    op.create_index("ix_lesson_series_unit_id", "lesson_series", ["unit_id", "id"], unique=False)
    op.create_table(
        "lesson_nudge",
        sa.Column(
            "lesson_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "unit_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_lesson_nudge_lesson_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_lesson_nudge_unit_id")),
        sa.PrimaryKeyConstraint("lesson_id", "unit_id", name=op.f("pk_lesson_nudge")),
    )
    op.create_index(
        "ix_lesson_nudge_going",
        "lesson_nudge",
        ["lesson_id", "unit_id"],
        unique=False,
        sqlite_where=sa.text("NOT over"),
        postgresql_where=sa.text("NOT over"),
    )
    op.add_column("earning", sa.Column("counted", sa.Integer(), nullable=True))
    op.add_column("earning", sa.Column("cap", sa.String(), nullable=True))
    op.create_index(
        "ix_earning_person_id_confirmed_at", "earning", ["person_id", "confirmed_at"], unique=False
    )
    op.add_column(
        "lesson", sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.add_column("lesson", sa.Column("series_no", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("lesson", sa.Column("starts_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_lesson_draft",
        "lesson",
        ["unit_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'draft' AND starts_on IS NULL"),
        postgresql_where=sa.text("state = 'draft' AND starts_on IS NULL"),
    )
    op.create_index(
        "ix_lesson_planned",
        "lesson",
        ["starts_on", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'draft' AND starts_on IS NOT NULL"),
        postgresql_where=sa.text("state = 'draft' AND starts_on IS NOT NULL"),
    )
    op.create_index(
        "ix_lesson_series_id",
        "lesson",
        ["series_id", "series_no"],
        unique=False,
        sqlite_where=sa.text("series_id IS NOT NULL"),
        postgresql_where=sa.text("series_id IS NOT NULL"),
    )
    op.add_column("task", sa.Column("agreed_minutes", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("task", "agreed_minutes")
    op.drop_index(
        "ix_lesson_series_id",
        table_name="lesson",
        sqlite_where=sa.text("series_id IS NOT NULL"),
        postgresql_where=sa.text("series_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_lesson_planned",
        table_name="lesson",
        sqlite_where=sa.text("state = 'draft' AND starts_on IS NOT NULL"),
        postgresql_where=sa.text("state = 'draft' AND starts_on IS NOT NULL"),
    )
    op.drop_index(
        "ix_lesson_draft",
        table_name="lesson",
        sqlite_where=sa.text("state = 'draft' AND starts_on IS NULL"),
        postgresql_where=sa.text("state = 'draft' AND starts_on IS NULL"),
    )
    op.drop_column("lesson", "starts_on")
    op.drop_column("lesson", "series_no")
    op.drop_column("lesson", "series_id")
    op.drop_index("ix_earning_person_id_confirmed_at", table_name="earning")
    op.drop_column("earning", "cap")
    op.drop_column("earning", "counted")
    op.drop_index(
        "ix_lesson_nudge_going",
        table_name="lesson_nudge",
        sqlite_where=sa.text("NOT over"),
        postgresql_where=sa.text("NOT over"),
    )
    op.drop_table("lesson_nudge")
    op.drop_index("ix_lesson_series_unit_id", table_name="lesson_series")
    op.drop_table("lesson_series")
    op.drop_index("ix_lesson_template_unit_id", table_name="lesson_template")
    op.drop_table("lesson_template")
