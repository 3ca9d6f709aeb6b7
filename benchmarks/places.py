"""Two empty, migrated databases on each kind of server that is asked for: one to work in, one to bring a backup into."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Location, migrate
from tests.support.backups import embedded_tools
from tests.support.postgres import Postgres


async def pairs(database: str) -> AsyncIterator[tuple[Location, Location, Path]]:
    """For "sqlite", "postgres" or "both": where to work, where to bring back, and a folder for the backups."""
    with (
        tempfile.TemporaryDirectory(prefix="linli-bench-") as name,
        pytest.MonkeyPatch.context() as environment,
    ):
        folder = Path(name)
        embedded_tools(environment)
        if database != "postgres":
            here, there = (Location.of(f"sqlite:///{folder / part / 'linli.db'}") for part in ("a", "b"))
            for location in (here, there):
                assert location.path is not None
                location.path.parent.mkdir()
            await migrate(here)
            yield here, there, folder / "sqlite"
        if database != "sqlite":
            server = Postgres()
            try:
                yield server.create(), server.create(), folder / "postgres"
            finally:
                server.stop()
