"""deadlines

Revises: 0009
"""

import sqlalchemy as sa
from alembic import op


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("claim", sa.Column("warned_at", sa.BigInteger(), nullable=True))
    op.add_column("request", sa.Column("solve_due_at", sa.BigInteger(), nullable=True))
    op.add_column("request", sa.Column("next_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "request", sa.Column("answer_told", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "request", sa.Column("solve_told", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("request", sa.Column("stopped_at", sa.BigInteger(), nullable=True))
    op.add_column("request", sa.Column("reminded", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("request", sa.Column("reminded_at", sa.BigInteger(), nullable=True))
    op.add_column("request", sa.Column("overdue_at", sa.BigInteger(), nullable=True))
    op.add_column("request", sa.Column("verified_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_request_late",
        "request",
        ["handling_unit_id", "state"],
        unique=False,
        sqlite_where=sa.text("overdue_at IS NOT NULL AND state IN ('open', 'in_progress')"),
        postgresql_where=sa.text("overdue_at IS NOT NULL AND state IN ('open', 'in_progress')"),
    )
    op.create_index(
        "ix_request_next_at",
        "request",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(
        "ix_request_to_verify",
        "request",
        ["handling_unit_id", "state"],
        unique=False,
        sqlite_where=sa.text("state = 'closed_silent' AND verified_at IS NULL"),
        postgresql_where=sa.text("state = 'closed_silent' AND verified_at IS NULL"),
    )
    op.add_column("task", sa.Column("next_at", sa.BigInteger(), nullable=True))
    op.add_column("task", sa.Column("widened_at", sa.BigInteger(), nullable=True))
    op.add_column("task", sa.Column("listed_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_task_listed",
        "task",
        ["unit_id"],
        unique=False,
        sqlite_where=sa.text("listed_at IS NOT NULL AND state = 'offered' AND taken = 0"),
        postgresql_where=sa.text("listed_at IS NOT NULL AND state = 'offered' AND taken = 0"),
    )
    op.create_index(
        "ix_task_next_at",
        "task",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_task_next_at",
        table_name="task",
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_task_listed",
        table_name="task",
        sqlite_where=sa.text("listed_at IS NOT NULL AND state = 'offered' AND taken = 0"),
        postgresql_where=sa.text("listed_at IS NOT NULL AND state = 'offered' AND taken = 0"),
    )
    op.drop_column("task", "listed_at")
    op.drop_column("task", "widened_at")
    op.drop_column("task", "next_at")
    op.drop_index(
        "ix_request_to_verify",
        table_name="request",
        sqlite_where=sa.text("state = 'closed_silent' AND verified_at IS NULL"),
        postgresql_where=sa.text("state = 'closed_silent' AND verified_at IS NULL"),
    )
    op.drop_index(
        "ix_request_next_at",
        table_name="request",
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_request_late",
        table_name="request",
        sqlite_where=sa.text("overdue_at IS NOT NULL AND state IN ('open', 'in_progress')"),
        postgresql_where=sa.text("overdue_at IS NOT NULL AND state IN ('open', 'in_progress')"),
    )
    op.drop_column("request", "verified_at")
    op.drop_column("request", "overdue_at")
    op.drop_column("request", "reminded_at")
    op.drop_column("request", "reminded")
    op.drop_column("request", "stopped_at")
    op.drop_column("request", "solve_told")
    op.drop_column("request", "answer_told")
    op.drop_column("request", "next_at")
    op.drop_column("request", "solve_due_at")
    op.drop_column("claim", "warned_at")
