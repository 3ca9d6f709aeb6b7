"""kinds of notices, how long they are valid, what is muted, and tags of people

Revises: 0005
"""

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "state IN ('waiting', 'queued', 'sent', 'failed', 'unreachable', 'left', 'stopped'{more})"
RECEIPT = (
    "notice_id",
    "person_id",
    "unit_id",
    "state",
    "reason",
    "message_id",
    "sent_at",
    "read_at",
    "reminded_at",
    "called_by",
    "called_at",
)
TO_CALL = "state IN ('unreachable', 'failed') AND called_at IS NULL AND read_at IS NULL"
VALID_DAYS = 30
DAY = 86_400_000_000


def upgrade() -> None:
    op.create_table(
        "person_tag",
        sa.Column("person_id", ROW, nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_tag_person_id")),
        sa.PrimaryKeyConstraint("person_id", "tag", name=op.f("pk_person_tag")),
    )
    op.create_index("ix_person_tag_tag", "person_tag", ["tag", "person_id"], unique=False)
    op.create_table(
        "notice_mute",
        sa.Column("person_id", ROW, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_mute_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", name=op.f("pk_notice_mute")),
    )
    op.create_table(
        "notice_place",
        sa.Column("unit_id", ROW, nullable=False),
        sa.Column("notice_id", ROW, nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_place_notice_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_notice_place_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "notice_id", name=op.f("pk_notice_place")),
    )
    op.add_column("notice", sa.Column("kind", sa.String(), nullable=False, server_default="other"))
    op.add_column(
        "notice", sa.Column("valid_days", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("notice", sa.Column("valid_until", sa.BigInteger(), nullable=True))
    op.add_column("tally", sa.Column("muted", sa.Integer(), nullable=False, server_default=sa.text("0")))
    # What was sent before there was an end to it is not news for ever.
    op.execute(f"UPDATE notice SET valid_days = {VALID_DAYS}, valid_until = begun_at + {VALID_DAYS * DAY}")
    _receipts(", 'muted'", bound=False)
    _places()


def _places() -> None:
    """Where the notices that have left are for; a unit that is no more has nobody to arrive there."""
    connection = op.get_bind()
    notice = sa.table("notice", sa.column("id"), sa.column("begun_at"), sa.column("addressees", sa.JSON()))
    place = sa.table("notice_place", sa.column("unit_id"), sa.column("notice_id"))
    units = set(connection.execute(sa.text("SELECT id FROM unit")).scalars())
    sent = connection.execute(
        sa.select(notice.c.id, notice.c.addressees).where(notice.c.begun_at.is_not(None))
    )
    rows = [
        {"unit_id": unit, "notice_id": row.id}
        for row in sent
        for unit in sorted(set(row.addressees.get("units", ())) & units)
    ]
    if rows:
        connection.execute(place.insert(), rows)


def _receipts(more: str, *, bound: bool) -> None:
    """What may become of a notice for somebody, and whether each row is looked up among the notices."""
    name = op.f("fk_receipt_notice_id")
    key = sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=name)
    condition = STATES.format(more=more)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_receipt_state"), "receipt", type_="check")
        op.create_check_constraint(op.f("ck_receipt_state"), "receipt", condition)
        if bound:
            op.create_foreign_key(name, "receipt", "notice", ["notice_id"], ["id"])
        else:
            op.drop_constraint(name, "receipt", type_="foreignkey")
        return
    # On SQLite a condition changes with its table; nothing points at this one.
    op.rename_table("receipt", "receipt_before")
    op.create_table(
        "receipt",
        *(sa.Column(name, ROW, nullable=False) for name in RECEIPT[:2]),
        sa.Column("unit_id", ROW, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in RECEIPT[5:9]),
        sa.Column("called_by", ROW, nullable=True),
        sa.Column("called_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(condition, name=op.f("ck_receipt_state")),
        *((key,) if bound else ()),
        sa.PrimaryKeyConstraint("notice_id", "person_id", name=op.f("pk_receipt")),
        sqlite_with_rowid=False,
    )
    columns = ", ".join(RECEIPT)
    op.execute(
        f"INSERT INTO receipt ({columns}) SELECT {columns} FROM receipt_before ORDER BY notice_id, person_id"
    )
    op.drop_table("receipt_before")
    op.create_index(
        "ix_receipt_to_call",
        "receipt",
        ["unit_id", "notice_id", "person_id"],
        unique=False,
        sqlite_where=sa.text(TO_CALL),
    )


def downgrade() -> None:
    op.execute("UPDATE receipt SET state = 'left', reason = 'muted' WHERE state = 'muted'")
    op.execute('UPDATE tally SET "left" = "left" + muted')
    _receipts("", bound=True)
    op.drop_column("tally", "muted")
    for column in ("valid_until", "valid_days", "kind"):
        op.drop_column("notice", column)
    for table in ("notice_place", "notice_mute", "person_tag"):
        op.drop_table(table)
