"""backup: a number of its own for each database, and who was forgotten by when

Revises: 0007
"""

import secrets

import sqlalchemy as sa
from alembic import op


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_person_erased_at",
        "person",
        ["erased_at"],
        unique=False,
        sqlite_where=sa.text("erased_at IS NOT NULL"),
        postgresql_where=sa.text("erased_at IS NOT NULL"),
    )
    # Drawn once for each database; copies of it carry it on.
    op.execute(
        sa.text("INSERT INTO counter (name, value) VALUES ('identity', :value)").bindparams(
            value=secrets.randbits(32)
        )
    )


def downgrade() -> None:
    op.execute("DELETE FROM counter WHERE name = 'identity'")
    op.drop_index(
        "ix_person_erased_at",
        table_name="person",
        sqlite_where=sa.text("erased_at IS NOT NULL"),
        postgresql_where=sa.text("erased_at IS NOT NULL"),
    )
