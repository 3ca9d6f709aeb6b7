"""Bringing a backup back: judged by its manifest, unpacked beside, brought up to date, looked through, and swapped in.

What makes a copy fit to go on with (who was forgotten since, ids dealt out since) is done on it between the two halves,
``prepared`` and ``put_in_place``, by who has a store. Until the swap the database that is there is not touched.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, select

from domain.backup import stamp
from storage import erasing
from storage.backup import archive, postgres, sqlite
from storage.backup.archive import BackupError, Manifest
from storage.backup.examine import Examined, examine, examine_file
from storage.backup.making import Tell, say_nothing, work_folder, work_prefix
from storage.database import Location, MigrationError, migrate, on_sqlite
from storage.engine import DatabaseAwayError
from storage.identity import identity_of
from storage.schema import lease, person

RESTORING = "restoring"


def judge(manifest: Manifest, location: Location) -> None:
    """Whether this program can bring it back into this kind of database. Raises BackupError."""
    kind = "sqlite" if location.path is not None else "postgresql"
    if manifest.dialect != kind:
        names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        raise BackupError(
            f"this is a backup of a database on {names.get(manifest.dialect, manifest.dialect)}, and database.url names "
            f"one on {names[kind]}: set database.url to where it shall go"
        )
    if manifest.revision not in known_revisions():
        raise BackupError(
            f"the backup is at revision {manifest.revision}, which this program does not know: it was made by a newer "
            f"Linli ({manifest.program}); install that version or a later one"
        )


@cache
def known_revisions() -> frozenset[str]:
    """Every revision this program can begin from."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    return frozenset(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())


async def is_there(location: Location) -> bool:
    """Whether a database stands where the backup would go. An empty one on PostgreSQL is none."""
    if location.path is not None:
        return await asyncio.to_thread(location.path.exists)
    if not await postgres.exists(location):
        return False
    return await postgres.on_database(
        location, lambda connection: bool(inspect(connection).get_table_names())
    )


async def is_running(location: Location, *, now: datetime) -> bool:
    """Whether a bot works on a PostgreSQL database: its lease has not run out. On SQLite the lock file tells."""

    def held(connection: Connection) -> bool:
        if not inspect(connection).has_table(lease.name):
            return False
        return bool(connection.execute(select(lease.c.name).where(lease.c.expires_at > now)).first())

    return await postgres.exists(location) and await postgres.on_database(location, held)


async def forgotten_in(location: Location, identity: str) -> dict[int, datetime]:
    """Who was forgotten in the database that is there, if it is the same one and can still be read."""

    def asked(connection: Connection) -> dict[int, datetime]:
        if not inspect(connection).has_table(person.name) or identity_of(connection) != identity:
            return {}
        return dict(erasing.erased(connection))

    try:
        if location.path is None:
            return await postgres.on_database(location, asked)
        return await asyncio.to_thread(on_sqlite, location.path, asked)
    except (DatabaseAwayError, BackupError):
        return {}


@asynccontextmanager
async def prepared(
    backup: archive.Backup, location: Location, *, keys: list[Any], tell: Tell = say_nothing
) -> AsyncIterator[Location]:
    """The backup as a database of its own beside the one at ``location``, at this program's revision.

    What has not been put in place when the context ends is removed. Raises BackupError, OSError, MigrationError or
    DatabaseAwayError.
    """
    parent = work_folder(location)
    folder = await asyncio.to_thread(_folder, parent, work_prefix(location, RESTORING))
    fresh = (
        Location.of(f"sqlite:///{folder / 'restored.db'}")
        if location.path is not None
        else postgres.beside(location, RESTORING)
    )
    try:
        unpacked = fresh.path or folder / "dump"
        tell("unpacking")
        await asyncio.to_thread(backup.unpack, unpacked, keys=keys, folder=folder)
        if location.path is None:
            server = await postgres.server_version(postgres.maintenance(location))
            await postgres.drop(fresh)
            await postgres.create(fresh)
            tell("pg_restore is at work")
            await postgres.load(fresh, unpacked, server=server)
            await asyncio.to_thread(unpacked.unlink)
        before, after = await migrate(fresh)
        if before != after:
            tell(f"brought from revision {before} to {after}")
        yield fresh
    except MigrationError as error:
        raise BackupError(f"the backup cannot be brought up to date: {error}") from error
    finally:
        if location.path is None:
            await postgres.drop(fresh)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _folder(parent: Path, prefix: str) -> Path:
    """A folder of one's own; what a killed process left of such folders goes."""
    for left in parent.glob(f"{prefix}-*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=parent))


async def looked_through(fresh: Location) -> Examined:
    """The last look before the swap. Raises BackupError."""
    if fresh.path is not None:
        return await asyncio.to_thread(examine_file, fresh.path)
    return await postgres.on_database(fresh, examine)


async def put_in_place(fresh: Location, location: Location, *, now: datetime) -> str:
    """Swap it in. Returns the name under which the former database is kept, "" when there was none."""
    ending = f"before_{stamp(now).lower()}"
    if fresh.path is None or location.path is None:
        aside = postgres.beside(location, ending)
        there = await postgres.exists(location)
        await postgres.swap(fresh, location, aside=aside)
        return str(aside.url.database) if there else ""
    file = location.path.with_name(f"{location.path.name}.{ending}")
    there = await asyncio.to_thread(location.path.exists)
    await asyncio.to_thread(sqlite.settle, fresh.path)
    await asyncio.to_thread(sqlite.swap, fresh.path, location.path, aside=file)
    return str(file) if there else ""
