"""notices that were corrected and looked at again, the reminder that comes by itself, and who has been told

Revises: 0014
"""

import sqlalchemy as sa
from alembic import op


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ERRANDS = "errand IN ('send', 'correct', 'withdraw', 'remind'{more})"
OPEN = "finished_at IS NULL"
TO_REMIND = "state = 'sent' AND remind AND {column} IS NULL"
MAILING = "id, version, notice_id, errand, created_at, reached, held, finished_at"


def upgrade() -> None:
    for column in ("nudged_at", "corrected_at", "again_at"):
        op.add_column("notice", sa.Column(column, sa.BigInteger(), nullable=True))
    op.add_column("notice", sa.Column("uncorrected", sa.String(), nullable=False, server_default=""))
    op.add_column("tally", sa.Column("called", sa.Integer(), nullable=False, server_default=sa.text("0")))
    # A reminder by hand took the place of the other one: nobody is reminded of an old notice now.
    op.execute("UPDATE notice SET nudged_at = reminded_at")
    op.execute(
        "UPDATE tally SET called = (SELECT count(*) FROM receipt"
        " WHERE receipt.notice_id = tally.notice_id AND receipt.called_at IS NOT NULL)"
    )
    _to_remind("nudged_at")
    _errands(", 'again'")


def _to_remind(column: str) -> None:
    """The index of notices whose readers are still to be reminded."""
    op.drop_index("ix_notice_to_remind", table_name="notice")
    condition = sa.text(TO_REMIND.format(column=column))
    op.create_index(
        "ix_notice_to_remind",
        "notice",
        ["finished_at"],
        unique=False,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _errands(more: str) -> None:
    """What recipients may be walked through for."""
    condition = ERRANDS.format(more=more)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_mailing_errand"), "mailing", type_="check")
        op.create_check_constraint(op.f("ck_mailing_errand"), "mailing", condition)
        return
    # On SQLite a condition changes with its table; nothing points at this one.
    op.rename_table("mailing", "mailing_before")
    op.create_table(
        "mailing",
        sa.Column("id", ROW, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("notice_id", ROW, nullable=False),
        sa.Column("errand", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("reached", ROW, nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(condition, name=op.f("ck_mailing_errand")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_mailing_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
    )
    op.execute(f"INSERT INTO mailing ({MAILING}) SELECT {MAILING} FROM mailing_before")
    op.drop_table("mailing_before")
    op.create_index(op.f("ix_mailing_notice_id"), "mailing", ["notice_id"], unique=False)
    op.create_index(
        "uq_mailing_open",
        "mailing",
        ["notice_id", "errand"],
        unique=True,
        sqlite_where=sa.text(OPEN),
    )


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE kind = 'notice.again'")
    op.execute("DELETE FROM mailing WHERE errand = 'again'")
    _errands("")
    _to_remind("reminded_at")
    op.drop_column("tally", "called")
    for column in ("again_at", "uncorrected", "corrected_at", "nudged_at"):
        op.drop_column("notice", column)
