"""the organisation: check-ins, imports, seals, and what units, people and appointments know besides

Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from storage import triggers


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTLY = (
    ("ix_request_closed_at", "request", ["closed_at", "id"], "closed_at IS NOT NULL"),
)


def upgrade() -> None:
    op.create_table(
        "audit_seal",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("first_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("dropped_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("first_id <= last_id", name=op.f("ck_audit_seal_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("digest", name=op.f("uq_audit_seal_digest")),
        sa.UniqueConstraint("first_id", name=op.f("uq_audit_seal_first_id")),
        sa.UniqueConstraint("last_id", name=op.f("uq_audit_seal_last_id")),
    )
    with op.batch_alter_table("audit_seal", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audit_seal_kept",
            ["id"],
            unique=False,
            sqlite_where=sa.text("dropped_at IS NULL"),
            postgresql_where=sa.text("dropped_at IS NULL"),
        )
    op.create_table(
        "import_batch",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("file", sa.JSON(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("added", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("problems", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("kind IN ('units', 'people')", name=op.f("ck_import_batch_kind")),
        sa.CheckConstraint(
            "state IN ('staging', 'checked', 'applying', 'live', 'dropped')",
            name=op.f("ck_import_batch_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.create_index(
            "ix_import_batch_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )

    op.create_table(
        "import_row",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_import_row_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_import_row")),
    )
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.create_index("ix_import_row_key", ["batch_id", "key"], unique=False)

    op.create_table(
        "unit_alias",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_alias_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_alias")),
        sa.UniqueConstraint("unit_id", "alias", name=op.f("uq_unit_alias_unit_id_alias")),
    )
    with op.batch_alter_table("unit_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_alias_alias"), ["alias"], unique=False)

    op.create_table(
        "blocked",
        sa.Column("telegram_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_blocked_by_id")),
        sa.PrimaryKeyConstraint("telegram_id", name=op.f("pk_blocked")),
    )
    op.create_table(
        "person_skill",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("skill", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_skill_person_id")),
        sa.PrimaryKeyConstraint("person_id", "skill", name=op.f("pk_person_skill")),
    )
    with op.batch_alter_table("person_skill", schema=None) as batch_op:
        batch_op.create_index("ix_person_skill_skill", ["skill", "person_id"], unique=False)

    op.create_table(
        "checkin",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("free", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("appointment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'returned', 'approved', 'withdrawn', 'left', 'lapsed')",
            name=op.f("ck_checkin_state"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_checkin_appointment_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_checkin_decided_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_checkin_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_checkin_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin")),
    )
    with op.batch_alter_table("checkin", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checkin_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_checkin_unit_id_state", ["unit_id", "state"], unique=False)
        batch_op.create_index(
            "ix_checkin_valid_until",
            ["valid_until"],
            unique=False,
            sqlite_where=sa.text("state = 'approved'"),
            postgresql_where=sa.text("state = 'approved'"),
        )
        batch_op.create_index(
            "uq_checkin_under_way",
            ["person_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('asked', 'returned', 'approved')"),
            postgresql_where=sa.text("state IN ('asked', 'returned', 'approved')"),
        )

    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("deputy_for_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("phase", sa.String(), server_default=sa.text("'running'"), nullable=False)
        )
        batch_op.add_column(
            sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_index(
            "ix_appointment_coming",
            ["starts_at"],
            unique=False,
            sqlite_where=sa.text("phase = 'coming'"),
            postgresql_where=sa.text("phase = 'coming'"),
        )
        batch_op.create_index(
            "ix_appointment_ending",
            ["ends_at"],
            unique=False,
            sqlite_where=sa.text("phase <> 'ended' AND ends_at IS NOT NULL"),
            postgresql_where=sa.text("phase <> 'ended' AND ends_at IS NOT NULL"),
        )
        batch_op.create_index("ix_appointment_role", ["role", "id"], unique=False)
        batch_op.create_index(
            "ix_appointment_deputy_for_id",
            ["deputy_for_id"],
            unique=False,
            sqlite_where=sa.text("deputy_for_id IS NOT NULL"),
            postgresql_where=sa.text("deputy_for_id IS NOT NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_appointment_deputy_for_id"), "appointment", ["deputy_for_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_appointment_batch_id"), "import_batch", ["batch_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_appointment_granted_by"), "person", ["granted_by"], ["id"])
        batch_op.create_check_constraint(
            batch_op.f("ck_appointment_phase"), "phase IN ('coming', 'running', 'ended')"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_appointment_ends_after_it_starts"), "ends_at IS NULL OR ends_at >= starts_at"
        )

    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_actor_id", ["actor_id", "id"], unique=False)
        batch_op.create_index("ix_audit_subject", ["subject_kind", "subject_id", "id"], unique=False)

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.String(), nullable=True))
        batch_op.add_column(
            sa.Column("proxy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("erased_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(
            sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.drop_index(batch_op.f("ix_person_home_unit_id"))
        batch_op.create_index("ix_person_home_unit_id_name", ["home_unit_id", "name", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_household_id"), ["household_id"], unique=False)
        batch_op.create_index("ix_person_name", ["name", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_number"), ["number"], unique=True)
        batch_op.create_index(
            "ix_person_proxy_id",
            ["proxy_id"],
            unique=False,
            sqlite_where=sa.text("proxy_id IS NOT NULL"),
            postgresql_where=sa.text("proxy_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_person_phone",
            ["phone"],
            unique=False,
            sqlite_where=sa.text("phone IS NOT NULL"),
            postgresql_where=sa.text("phone IS NOT NULL"),
        )
        batch_op.create_foreign_key(batch_op.f("fk_person_proxy_id"), "person", ["proxy_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_person_batch_id"), "import_batch", ["batch_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_person_merged_into_id"), "person", ["merged_into_id"], ["id"]
        )

    with op.batch_alter_table("pairing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pairing_unit_id"), ["unit_id"], unique=False)
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.create_index(
            "ix_request_handler_id",
            ["handler_id", "state"],
            unique=False,
            sqlite_where=sa.text("handler_id IS NOT NULL"),
            postgresql_where=sa.text("handler_id IS NOT NULL"),
        )

    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("person", "name", type_=sa.String(collation="C"), existing_nullable=False)

    # On SQLite a table is built anew, and a condition of its own is not seen by looking at it.
    kind = sa.CheckConstraint(
        "kind IN ('street', 'community', 'grid', 'building', 'branch')", name=op.f("ck_unit_kind")
    )
    with op.batch_alter_table("unit", schema=None, table_args=(kind,)) as batch_op:
        batch_op.add_column(sa.Column("zone", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("calendar", sa.String(), nullable=True))
        batch_op.add_column(
            sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_foreign_key(batch_op.f("fk_unit_merged_into_id"), "unit", ["merged_into_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_unit_batch_id"), "import_batch", ["batch_id"], ["id"])

    # After every table that is built anew: SQLite then looks whether all that triggers name is there.
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in (
        triggers.postgresql_seal_triggers() if on_postgresql else triggers.sqlite_seal_triggers()
    ):
        op.execute(statement)

    op.create_table(
        "erasure",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_erasure_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_erasure")),
    )
    op.create_index("ix_remark_author_id", "remark", ["author_id", "id"])
    for name, table, columns, condition in PARTLY:
        op.create_index(
            name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
        )


def downgrade() -> None:
    with op.batch_alter_table("pairing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pairing_unit_id"))
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in (
        triggers.postgresql_unsealed_triggers() if on_postgresql else triggers.sqlite_unsealed_triggers()
    ):
        op.execute(statement)

    for name, table, _, _ in PARTLY:
        op.drop_index(name, table_name=table)
    op.drop_index("ix_remark_author_id", table_name="remark")
    op.drop_table("erasure")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_unit_batch_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_unit_merged_into_id"), type_="foreignkey")
        batch_op.drop_column("batch_id")
        batch_op.drop_column("merged_into_id")
        batch_op.drop_column("calendar")
        batch_op.drop_column("zone")

    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("person", "name", type_=sa.String(collation="default"), existing_nullable=False)

    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_request_handler_id",
            sqlite_where=sa.text("handler_id IS NOT NULL"),
            postgresql_where=sa.text("handler_id IS NOT NULL"),
        )

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_person_merged_into_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_person_batch_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_person_proxy_id"), type_="foreignkey")
        batch_op.drop_index(
            "ix_person_proxy_id",
            sqlite_where=sa.text("proxy_id IS NOT NULL"),
            postgresql_where=sa.text("proxy_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_person_phone",
            sqlite_where=sa.text("phone IS NOT NULL"),
            postgresql_where=sa.text("phone IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_person_number"))
        batch_op.drop_index("ix_person_name")
        batch_op.drop_index(batch_op.f("ix_person_household_id"))
        batch_op.drop_index("ix_person_home_unit_id_name")
        batch_op.create_index(batch_op.f("ix_person_home_unit_id"), ["home_unit_id"], unique=False)
        batch_op.drop_column("batch_id")
        batch_op.drop_column("erased_at")
        batch_op.drop_column("merged_into_id")
        batch_op.drop_column("proxy_id")
        batch_op.drop_column("number")

    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_subject")
        batch_op.drop_index("ix_audit_actor_id")

    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_appointment_granted_by"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_appointment_batch_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_appointment_deputy_for_id"), type_="foreignkey")
        batch_op.drop_index(
            "ix_appointment_deputy_for_id",
            sqlite_where=sa.text("deputy_for_id IS NOT NULL"),
            postgresql_where=sa.text("deputy_for_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_appointment_role")
        batch_op.drop_index(
            "ix_appointment_ending",
            sqlite_where=sa.text("phase <> 'ended' AND ends_at IS NOT NULL"),
            postgresql_where=sa.text("phase <> 'ended' AND ends_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_appointment_coming",
            sqlite_where=sa.text("phase = 'coming'"),
            postgresql_where=sa.text("phase = 'coming'"),
        )
        batch_op.drop_column("batch_id")
        batch_op.drop_column("phase")
        batch_op.drop_column("deputy_for_id")
        batch_op.drop_column("granted_by")

    with op.batch_alter_table("checkin", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_checkin_under_way",
            sqlite_where=sa.text("state IN ('asked', 'returned', 'approved')"),
            postgresql_where=sa.text("state IN ('asked', 'returned', 'approved')"),
        )
        batch_op.drop_index(
            "ix_checkin_valid_until",
            sqlite_where=sa.text("state = 'approved'"),
            postgresql_where=sa.text("state = 'approved'"),
        )
        batch_op.drop_index("ix_checkin_unit_id_state")
        batch_op.drop_index(batch_op.f("ix_checkin_person_id"))

    op.drop_table("checkin")
    with op.batch_alter_table("person_skill", schema=None) as batch_op:
        batch_op.drop_index("ix_person_skill_skill")

    op.drop_table("person_skill")
    op.drop_table("blocked")
    with op.batch_alter_table("unit_alias", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_alias_alias"))

    op.drop_table("unit_alias")
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.drop_index("ix_import_row_key")

    op.drop_table("import_row")
    op.drop_table("import_batch")
    op.drop_table("audit_seal")
