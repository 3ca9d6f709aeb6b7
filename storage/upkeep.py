"""What a database wants from time to time for its own sake."""

from __future__ import annotations

from sqlalchemy import Connection

ROWS_LOOKED_AT = 400
"""Of each index, so that the largest database is as quick as a small one. Source: sqlite.org/lang_analyze.html."""


def optimize(connection: Connection) -> None:
    """SQLite looks at its statistics again where tables have grown. PostgreSQL does so by itself."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA analysis_limit={ROWS_LOOKED_AT}")
        connection.exec_driver_sql("PRAGMA optimize")
