"""an index by home that also says who is somebody

Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BY_HOME = "ix_person_home_unit_id_name"
NAME = ["home_unit_id", "name", "id"]


def upgrade() -> None:
    op.drop_index(BY_HOME, table_name="person")
    op.create_index(BY_HOME, "person", [*NAME, "merged_into_id", "erased_at", "batch_id"])


def downgrade() -> None:
    op.drop_index(BY_HOME, table_name="person")
    op.create_index(BY_HOME, "person", NAME)
