"""In which community a home is.

Revises: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "person", sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.create_index(
        "ix_unit_community",
        "unit",
        ["path", "closed_at", "id"],
        unique=False,
        sqlite_where=sa.text("kind = 'community'"),
        postgresql_where=sa.text("kind = 'community'"),
    )
    # In byte order a community comes right before all that is in it.
    op.execute(
        """
        UPDATE person SET area_id = (
            SELECT CASE WHEN substr(home.path, 1, length(area.path)) = area.path THEN area.id END
            FROM unit AS home, unit AS area
            WHERE home.id = person.home_unit_id
                AND area.kind = 'community' AND area.closed_at IS NULL AND area.path <= home.path
            ORDER BY area.path DESC LIMIT 1
        )
        WHERE home_unit_id IS NOT NULL
        """
    )
    op.create_index(
        "ix_person_area_id_name",
        "person",
        ["area_id", "name", "id", "merged_into_id", "erased_at", "batch_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(
        "ix_unit_community",
        table_name="unit",
        sqlite_where=sa.text("kind = 'community'"),
        postgresql_where=sa.text("kind = 'community'"),
    )
    op.drop_index("ix_person_area_id_name", table_name="person")
    op.drop_column("person", "area_id")
