"""What a database wants from time to time for its own sake."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from domain.clocks import local_day
from domain.rulebook import Rulebook
from storage.leases import begin_run

JOB = "optimize"
ROWS_LOOKED_AT = 400
"""Of each index, so that the largest database is as quick as a small one. Source: sqlite.org/lang_analyze.html."""


def optimize(connection: Connection, *, now: datetime, rules: Rulebook) -> bool:
    """SQLite looks at its statistics again where tables have grown. PostgreSQL does so by itself."""
    if not begin_run(connection, JOB, local_day(now, rules).isoformat(), now=now):
        return False
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA analysis_limit={ROWS_LOOKED_AT}")
        connection.exec_driver_sql("PRAGMA optimize")
    return True
