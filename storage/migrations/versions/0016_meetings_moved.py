"""where a meeting was before it was moved

Revises: 0015
"""

import sqlalchemy as sa
from alembic import op


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "meeting", sa.Column("was_place", sa.String(), server_default=sa.text("''"), nullable=False)
    )
