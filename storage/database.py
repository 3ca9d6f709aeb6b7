"""Opening a database by its URL: migrations under a lock, the one-writer lock, and the engine that fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from sqlalchemy import URL, Connection, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from storage.engine import DatabaseAwayError, Engine, Observe, unobserved
from storage.sqlite import SqliteEngine

T = TypeVar("T")
IsolationLevel = Literal["READ COMMITTED", "REPEATABLE READ"]

REVISION = "0017"
"""The newest migration; a test holds it equal to Alembic's head, so that an up-to-date start need not import Alembic."""

_MIGRATION_LOCK = 0x6C696E6C69  # "linli"


class MigrationError(Exception):
    """The database cannot be brought to this program's revision. The text says why, and the mend."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the database is. ``path`` is None for PostgreSQL."""

    url: URL
    path: Path | None

    @classmethod
    def of(cls, url: str) -> Location:
        """From ``sqlite:///file`` or ``postgresql://…``. Raises ValueError for anything else."""
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("a SQLite database needs a file, such as sqlite:///data/linli.db")
            return cls(parsed, Path(parsed.database))
        if backend == "postgresql":
            return cls(parsed, None)
        raise ValueError(f"{backend} is neither sqlite nor postgresql")


def open_engine(
    location: Location, *, readers: int = 2, pool_size: int = 10, observe: Observe = unobserved
) -> Engine:
    """The engine for a database that has been migrated."""
    if location.path is not None:
        return SqliteEngine(location.path, readers=readers, observe=observe)
    from storage.postgres import PostgresEngine

    return PostgresEngine(location.url, pool_size=pool_size, observe=observe)


async def migrate(location: Location) -> tuple[str | None, str]:
    """Bring the database to this program's revision. Returns (revision before, revision now).

    Raises MigrationError when the database is newer than the program, DatabaseAwayError when it cannot be reached.
    """
    if location.path is not None:
        return _migrate_sqlite(location.path)
    return await on_postgres(location.url, _migrate_postgres)


async def revision_of(location: Location) -> str | None:
    """The revision the database is at; None when it is empty. Raises DatabaseAwayError."""
    if location.path is not None:
        if not location.path.exists():
            return None
        return on_sqlite(location.path, current_revision)
    return await on_postgres(location.url, current_revision)


def current_revision(connection: Connection) -> str | None:
    """What ``alembic_version`` says; None when there is no such table."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    before = current_revision(connection)
    if before == REVISION:
        return before, REVISION
    # Imported late: 0.1 s and 11 MB that an up-to-date start does not need.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise MigrationError(
            f"the database is at revision {before}, which this program does not know ({error}). "
            "It was written by a newer Linli: install that version, or restore a backup made by this one."
        ) from error
    return before, REVISION


def on_sqlite(path: Path, work: Callable[[Connection], T]) -> T:
    """Run ``work`` in one transaction on a SQLite file that nobody else has open. Raises DatabaseAwayError."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def configure(raw: object, record: object) -> None:
        raw.isolation_level = None  # type: ignore[attr-defined]
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
            raw.execute(f"PRAGMA {pragma}").fetchall()  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            return work(connection)
    except DBAPIError as error:
        raise DatabaseAwayError(f"the database file {path} cannot be used: {error.orig}") from error
    finally:
        engine.dispose()


def _migrate_sqlite(path: Path) -> tuple[str | None, str]:
    # BEGIN IMMEDIATE is the lock; foreign keys are off before it, and checked before the commit.
    def whole(connection: Connection) -> tuple[str | None, str]:
        moved = _upgrade(connection)
        if moved[0] != moved[1]:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise MigrationError(
                    f"the migration would leave {len(broken)} rows without what they point to; nothing was changed"
                )
        return moved

    return on_sqlite(path, whole)


async def on_postgres(
    url: URL, work: Callable[[Connection], T], *, isolation: IsolationLevel = "READ COMMITTED"
) -> T:
    """Run ``work`` in one transaction of a connection of its own. Raises DatabaseAwayError."""
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"), poolclass=NullPool, isolation_level=isolation
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except (DBAPIError, OSError, TimeoutError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise DatabaseAwayError(f"the database server cannot be used: {reason}") from error
    finally:
        await engine.dispose()


def _migrate_postgres(connection: Connection) -> tuple[str | None, str]:
    # A lock of the transaction, not of the session: a pooler in front is harmless.
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    return _upgrade(connection)
