"""Audit and ledger refuse change: triggers on both databases. RAISE(ABORT), never RAISE(ROLLBACK): the statement
fails and the other units of work of a shared transaction stay.

Of the audit trail one thing may go: the rows of a sealed batch that retention has dropped (``audit_seal.dropped_at``).
Of a seal one thing may change: that it is dropped, once.
"""

from __future__ import annotations

FIRST = ("audit", "posting", "entry")
"""What refuses change since the first migration."""
APPEND_ONLY = (*FIRST, "audit_seal")

_FIXED = ("id", "first_id", "last_id", "rows", "previous", "digest", "at")
"""The columns of a seal that never change."""

# The seal that covers a row, if any does, has the smallest last_id that is not below it: one step in an index.
_DROPPED = (
    "SELECT first_id <= OLD.id AND dropped_at IS NOT NULL FROM audit_seal "
    "WHERE last_id >= OLD.id ORDER BY last_id LIMIT 1"
)


def sqlite_triggers() -> tuple[str, ...]:
    """CREATE TRIGGER statements for SQLite, in order: those of the first migration."""
    return tuple(_sqlite(table, verb) for table in FIRST for verb in ("UPDATE", "DELETE"))


def sqlite_seal_triggers() -> tuple[str, ...]:
    """What seals change, for SQLite: the audit trail's DELETE trigger anew, and those of the seals themselves."""
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in _FIXED)
    dropped = f"OLD.dropped_at IS NULL AND NEW.dropped_at IS NOT NULL AND {same}"
    return (
        "DROP TRIGGER audit_refuses_delete",
        _sqlite("audit", "DELETE", unless=f"coalesce(({_DROPPED}), 0)"),
        _sqlite("audit_seal", "UPDATE", unless=dropped),
        _sqlite("audit_seal", "DELETE"),
    )


def sqlite_unsealed_triggers() -> tuple[str, ...]:
    """The way back, before the seals' table goes (and its own triggers with it)."""
    return "DROP TRIGGER audit_refuses_delete", _sqlite("audit", "DELETE")


def _sqlite(table: str, verb: str, *, unless: str = "") -> str:
    condition = f"WHEN NOT ({unless}) " if unless else ""
    return (
        f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


_RAISE = "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';"


def postgresql_triggers() -> tuple[str, ...]:
    """The function and the CREATE TRIGGER statements for PostgreSQL, in order; TRUNCATE included."""
    return (
        _function("linli_append_only", _RAISE),
        *(_postgresql(table, "linli_append_only") for table in FIRST),
        *(_not_truncated(table) for table in FIRST),
    )


def postgresql_seal_triggers() -> tuple[str, ...]:
    """What seals change, for PostgreSQL."""
    old, new = (", ".join(f"{row}.{column}" for column in _FIXED) for row in ("OLD", "NEW"))
    return (
        _function(
            "linli_audit_append_only",
            f"IF TG_OP = 'DELETE' THEN IF ({_DROPPED}) THEN RETURN OLD; END IF; END IF; {_RAISE}",
        ),
        _function(
            "linli_seal_append_only",
            "IF TG_OP = 'UPDATE' THEN IF OLD.dropped_at IS NULL AND NEW.dropped_at IS NOT NULL "
            f"AND ({old}) IS NOT DISTINCT FROM ({new}) THEN RETURN NEW; END IF; END IF; {_RAISE}",
        ),
        "DROP TRIGGER audit_append_only ON audit",
        _postgresql("audit", "linli_audit_append_only"),
        _postgresql("audit_seal", "linli_seal_append_only"),
        _not_truncated("audit_seal"),
    )


def postgresql_unsealed_triggers() -> tuple[str, ...]:
    """The way back, before the seals' table goes."""
    return (
        "DROP TRIGGER audit_append_only ON audit",
        _postgresql("audit", "linli_append_only"),
        "DROP TRIGGER audit_seal_append_only ON audit_seal",
        "DROP FUNCTION linli_audit_append_only()",
        "DROP FUNCTION linli_seal_append_only()",
    )


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def _postgresql(table: str, function: str) -> str:
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {function}()"
    )


def _not_truncated(table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION linli_append_only()"
    )
