"""What every test has: a fixed hour, a machine it cannot leave, and on request a fresh migrated database of each kind."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

# Read when telegram is imported: without it, that import warns, and a warning here is an error.
os.environ.setdefault("PTB_TIMEDELTA", "true")

import pytest
from hypothesis import settings

from bot.collector import look_rarely
from domain.rulebook import Rulebook
from storage.database import Location, migrate, open_engine
from storage.engine import Engine
from storage.unit import Store
from tests.support.databases import POSTGRES, SQLITE
from tests.support.loopback import guard
from tests.support.postgres import Postgres

# How long an example may take says something of the machine, not of the rule.
settings.register_profile("linli", deadline=None)
settings.load_profile("linli")

MEMORY = Path("/dev/shm")
ENOUGH = 2 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Databases of tests live in memory where there is room: every commit waits for the disk otherwise, thousands of
    times. Nothing here ends the machine, and a killed process loses nothing that it has written there."""
    alone = not hasattr(config, "workerinput")
    if alone and _roomy() and config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="linli-tests-", dir=MEMORY)
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


def _roomy() -> bool:
    return MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH


@pytest.fixture(autouse=True)
def _stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    attempts = guard(monkeypatch)
    yield
    assert not attempts, f"the test tried to reach {attempts}"


@pytest.fixture
def now() -> datetime:
    """Monday, 2 March 2026, ten in the morning in Shanghai."""
    return datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def rules() -> Rulebook:
    """The rules as they come."""
    return Rulebook()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(migrate(Location.of(f"sqlite:///{path}")))
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The embedded server, started when the first test asks for it."""
    # Making a database is writing a thousand small files, once a test.
    server = Postgres(MEMORY if _roomy() else None)
    yield server
    server.stop()


@pytest.fixture(params=[SQLITE, POSTGRES])
def database(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on: "sqlite" or "postgres"."""
    return str(request.param)


@pytest.fixture
def fresh_database(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Location]]:
    """``fresh_database()`` gives another migrated database each time (``migrated=False``: an empty one)."""
    made: list[Location] = []

    def on_sqlite(*, migrated: bool = True) -> Location:
        path = tmp_path / f"linli-{len(made)}.db"
        if migrated:
            shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        made.append(Location.of(f"sqlite:///{path}"))
        return made[-1]

    def on_postgres(*, migrated: bool = True) -> Location:
        made.append(request.getfixturevalue("postgres").create(migrated=migrated))
        return made[-1]

    yield on_sqlite if database == SQLITE else on_postgres
    if database != SQLITE:
        for location in made:
            request.getfixturevalue("postgres").drop(location)


@pytest.fixture
def location(fresh_database: Callable[..., Location]) -> Location:
    """A fresh migrated database."""
    return fresh_database()


@pytest.fixture
async def engine(location: Location) -> AsyncIterator[Engine]:
    """The engine on the fresh database."""
    opened = open_engine(location)
    yield opened
    await opened.close()


@pytest.fixture
def store(engine: Engine, rules: Rulebook) -> Store:
    """The database as everyone else sees it, empty."""
    return Store(engine, rules=rules)


def pytest_collection_finish() -> None:
    """As the program itself does when all is loaded: looking for cycles is a fifth of the flows' time otherwise."""
    gc.collect()
    look_rarely()
