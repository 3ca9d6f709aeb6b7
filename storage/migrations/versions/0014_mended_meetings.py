"""a meeting's words are corrected while its answers stand

Revises: 0013
"""

import sqlalchemy as sa
from alembic import op


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "meeting", sa.Column("asked", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    # So far every edition asked anew.
    op.execute("UPDATE meeting SET asked = edition")
