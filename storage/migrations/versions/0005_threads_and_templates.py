"""threads and templates

Revises: 0004
"""

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What was answered so far lay with the notice itself, and nobody could write back: all of it waits.
THREADS = """
    INSERT INTO thread (id, version, notice_id, person_id, unit_id, opened_at, last_at, waiting_since, unanswered)
    SELECT row_number() OVER (ORDER BY min(remark.id)), 1, notice.id, remark.author_id, notice.unit_id,
           min(remark.at), max(remark.at), min(remark.at), 1
    FROM remark JOIN notice ON notice.id = remark.subject_id
    WHERE remark.subject_kind = 'notice' AND remark.purpose = 'answer'
    GROUP BY notice.id, remark.author_id, notice.unit_id
"""
WORDS = """
    UPDATE remark SET subject_kind = 'thread', subject_id = (
        SELECT thread.id FROM thread WHERE thread.notice_id = remark.subject_id AND thread.person_id = remark.author_id
    )
    WHERE subject_kind = 'notice' AND purpose = 'answer'
"""
NUMBERS = "INSERT INTO counter (name, value) SELECT 'thread', count(*) FROM thread"
WORDS_BACK = """
    UPDATE remark SET subject_kind = 'notice', subject_id = (
        SELECT thread.notice_id FROM thread WHERE thread.id = remark.subject_id
    )
    WHERE subject_kind = 'thread' AND purpose = 'answer'
"""


def upgrade() -> None:
    op.create_table(
        "notice_template",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("composed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_notice_template_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_template")),
    )
    op.create_index("ix_notice_template_unit_id", "notice_template", ["unit_id", "name"], unique=False)
    op.create_table(
        "thread",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.Column("handler_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(waiting_since IS NULL) = (unanswered = 0)", name=op.f("ck_thread_waiting")),
        sa.ForeignKeyConstraint(["handler_id"], ["person.id"], name=op.f("fk_thread_handler_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_thread_notice_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_thread_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_thread_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread")),
        sa.UniqueConstraint("notice_id", "person_id", name=op.f("uq_thread_notice_id_person_id")),
    )
    op.create_index(op.f("ix_thread_handler_id"), "thread", ["handler_id"], unique=False)
    op.create_index("ix_thread_last_at", "thread", ["last_at", "id"], unique=False)
    op.create_index("ix_thread_notice_id", "thread", ["notice_id", "last_at", "id"], unique=False)
    op.create_index(op.f("ix_thread_person_id"), "thread", ["person_id"], unique=False)
    op.create_index(
        "ix_thread_waiting",
        "thread",
        ["unit_id", "waiting_since"],
        unique=False,
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.create_index(
        "ix_thread_waiting_since",
        "thread",
        ["waiting_since", "id"],
        unique=False,
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.create_index(
        "ix_notice_unsent",
        "notice",
        ["unit_id", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('draft', 'asked')"),
        postgresql_where=sa.text("state IN ('draft', 'asked')"),
    )
    op.create_index(
        "ix_receipt_to_call",
        "receipt",
        ["unit_id", "notice_id", "person_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('unreachable', 'failed') AND called_at IS NULL AND read_at IS NULL"),
        postgresql_where=sa.text(
            "state IN ('unreachable', 'failed') AND called_at IS NULL AND read_at IS NULL"
        ),
    )
    for statement in (THREADS, WORDS, NUMBERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute(WORDS_BACK)
    op.execute("DELETE FROM remark WHERE subject_kind = 'thread'")
    op.execute("DELETE FROM counter WHERE name IN ('thread', 'notice_template')")
    op.drop_index(
        "ix_receipt_to_call",
        table_name="receipt",
        sqlite_where=sa.text("state IN ('unreachable', 'failed') AND called_at IS NULL AND read_at IS NULL"),
        postgresql_where=sa.text(
            "state IN ('unreachable', 'failed') AND called_at IS NULL AND read_at IS NULL"
        ),
    )
    op.drop_index(
        "ix_notice_unsent",
        table_name="notice",
        sqlite_where=sa.text("state IN ('draft', 'asked')"),
        postgresql_where=sa.text("state IN ('draft', 'asked')"),
    )
    op.drop_index(
        "ix_thread_waiting_since",
        table_name="thread",
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.drop_index(
        "ix_thread_waiting",
        table_name="thread",
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.drop_index(op.f("ix_thread_person_id"), table_name="thread")
    op.drop_index("ix_thread_notice_id", table_name="thread")
    op.drop_index("ix_thread_last_at", table_name="thread")
    op.drop_index(op.f("ix_thread_handler_id"), table_name="thread")
    op.drop_table("thread")
    op.drop_index("ix_notice_template_unit_id", table_name="notice_template")
    op.drop_table("notice_template")
