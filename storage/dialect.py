"""The few constructs that SQLAlchemy spells per database though both databases understand them alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Table, any_, bindparam, func, select
from sqlalchemy.dialects import sqlite


def insert_for(dialect: str, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT. Built once and kept, a statement is compiled once."""
    if dialect != "postgresql":
        return sqlite.insert(table)
    # Imported late: 50 ms that a start on SQLite does not need.
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def among(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``column IN (...)`` with the whole list as one parameter, however long: a few hundred parameters of their own take
    longer to write into a statement than to look up."""
    if dialect != "postgresql":
        listed = func.json_each(bindparam(name, type_=JSON)).table_valued("value")
        return column.in_(select(listed.c.value))
    from sqlalchemy.dialects import postgresql

    return column == any_(bindparam(name, type_=postgresql.ARRAY(column.type)))


def elements(dialect: str, document: ColumnElement[Any], *path: str) -> Any:
    """The texts of a list inside a JSON document, as rows with one column ``value``; none where there is no such list."""
    if dialect != "postgresql":
        return func.json_each(document, "$." + ".".join(path)).table_valued("value")
    return func.json_array_elements_text(document[path]).table_valued("value").render_derived()


def upserting(connection: Connection, table: Table) -> Any:
    """The same for the dialect of a connection, where it is not worth keeping."""
    return insert_for(connection.dialect.name, table)
