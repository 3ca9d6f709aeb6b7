"""notices

Revises: 0002
"""

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("addressees", sa.JSON(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("wants_read", sa.Boolean(), nullable=False),
        sa.Column("answerable", sa.Boolean(), nullable=False),
        sa.Column("link_preview", sa.Boolean(), nullable=False),
        sa.Column("to_people", sa.Boolean(), nullable=False),
        sa.Column("to_groups", sa.Boolean(), nullable=False),
        sa.Column("send_at", sa.BigInteger(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("confirmed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seconded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("frozen_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("remind", sa.Boolean(), nullable=False),
        sa.Column("repeat", sa.String(), nullable=False),
        sa.Column("repeat_day", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'asked', 'planned', 'freezing', 'sending', 'paused', 'sent', 'cancelled', 'withdrawn', 'dropped')",
            name=op.f("ck_notice_state"),
        ),
        sa.CheckConstraint(
            "seconded_by IS NULL OR seconded_by <> confirmed_by", name=op.f("ck_notice_two_people")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_notice_author_id")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["person.id"], name=op.f("fk_notice_confirmed_by")),
        sa.ForeignKeyConstraint(["seconded_by"], ["person.id"], name=op.f("fk_notice_seconded_by")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_notice_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_begun_at", "notice", ["begun_at", "id"], unique=False)
    op.create_index(
        "ix_notice_moving",
        "notice",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('planned', 'freezing', 'sending')"),
        postgresql_where=sa.text("state IN ('planned', 'freezing', 'sending')"),
    )
    op.create_index(
        "ix_notice_to_remind",
        "notice",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("state = 'sent' AND remind AND reminded_at IS NULL"),
        postgresql_where=sa.text("state = 'sent' AND remind AND reminded_at IS NULL"),
    )
    op.create_index("ix_notice_unit_id", "notice", ["unit_id", "id"], unique=False)
    op.create_table(
        "mailing",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("errand", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "errand IN ('send', 'correct', 'withdraw', 'remind')", name=op.f("ck_mailing_errand")
        ),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_mailing_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
    )
    op.create_index(op.f("ix_mailing_notice_id"), "mailing", ["notice_id"], unique=False)
    op.create_index(
        "uq_mailing_open",
        "mailing",
        ["notice_id", "errand"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "receipt",
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("called_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("called_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'queued', 'sent', 'failed', 'unreachable', 'left', 'stopped')",
            name=op.f("ck_receipt_state"),
        ),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_receipt_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "person_id", name=op.f("pk_receipt")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally",
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("queued", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unreachable", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("left", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stopped", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("read", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reminded", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_tally_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_tally")),
    )
    op.drop_index(op.f("ix_person_home_unit_id_name"), table_name="person")
    op.create_index(
        "ix_person_home_unit_id_name",
        "person",
        ["home_unit_id", "name", "id", "merged_into_id", "erased_at", "batch_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_person_home_unit_id_name", table_name="person")
    op.create_index(
        op.f("ix_person_home_unit_id_name"), "person", ["home_unit_id", "name", "id"], unique=False
    )
    op.drop_table("tally")
    op.drop_table("receipt")
    op.drop_index(
        "uq_mailing_open",
        table_name="mailing",
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.drop_index(op.f("ix_mailing_notice_id"), table_name="mailing")
    op.drop_table("mailing")
    op.drop_index("ix_notice_unit_id", table_name="notice")
    op.drop_index(
        "ix_notice_to_remind",
        table_name="notice",
        sqlite_where=sa.text("state = 'sent' AND remind AND reminded_at IS NULL"),
        postgresql_where=sa.text("state = 'sent' AND remind AND reminded_at IS NULL"),
    )
    op.drop_index(
        "ix_notice_moving",
        table_name="notice",
        sqlite_where=sa.text("state IN ('planned', 'freezing', 'sending')"),
        postgresql_where=sa.text("state IN ('planned', 'freezing', 'sending')"),
    )
    op.drop_index("ix_notice_begun_at", table_name="notice")
    op.drop_table("notice")
