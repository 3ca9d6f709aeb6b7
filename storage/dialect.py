"""The few constructs that SQLAlchemy spells per database though both databases understand them alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite


def insert_for(dialect: str, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT. Built once and kept, a statement is compiled once."""
    if dialect != "postgresql":
        return sqlite.insert(table)
    # Imported late: 50 ms that a start on SQLite does not need.
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def upserting(connection: Connection, table: Table) -> Any:
    """The same for the dialect of a connection, where it is not worth keeping."""
    return insert_for(connection.dialect.name, table)
