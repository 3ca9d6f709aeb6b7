"""Audit and ledger refuse change: triggers on both databases. RAISE(ABORT), never RAISE(ROLLBACK): the statement
fails and the other units of work of a shared transaction stay."""

from __future__ import annotations

APPEND_ONLY = ("audit", "posting", "entry")


def sqlite_triggers() -> tuple[str, ...]:
    """CREATE TRIGGER statements for SQLite, in order."""
    return tuple(
        f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    )


def postgresql_triggers() -> tuple[str, ...]:
    """The function and the CREATE TRIGGER statements for PostgreSQL, in order; TRUNCATE included."""
    function = (
        "CREATE FUNCTION linli_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    return (
        function,
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION linli_append_only()"
            for table in APPEND_ONLY
        ),
        *(
            f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION linli_append_only()"
            for table in APPEND_ONLY
        ),
    )
