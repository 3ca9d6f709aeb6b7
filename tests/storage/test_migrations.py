"""Migrations make what the schema says, once, whoever runs them and however often."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import storage
from storage.database import REVISION, Location, MigrationError, migrate, open_engine, revision_of
from storage.engine import DatabaseAwayError, Engine
from storage.schema import metadata
from storage.triggers import APPEND_ONLY
from tests.support.databases import on_postgres, on_sqlite
from tests.support.dump import count, dump

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}
INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}


async def test_the_migrated_database_is_the_schema(engine: Engine) -> None:
    def unit(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await engine.read(unit) == []


async def test_every_index_has_the_condition_the_schema_gives_it(engine: Engine) -> None:
    found: dict[str, str] = dict(
        await engine.read(lambda c: [(r[0], r[1]) for r in c.execute(text(INDEXES[engine.dialect]))])
    )
    for table in metadata.sorted_tables:
        for index in table.indexes:
            assert index.name is not None
            definition = found[index.name]
            condition = index.dialect_options[engine.dialect]["where"]
            assert (" WHERE " in definition) == (condition is not None), definition
            assert ("UNIQUE" in definition) == bool(index.unique), definition


async def test_audit_and_ledger_are_guarded(engine: Engine) -> None:
    names = await engine.read(lambda c: set(c.execute(text(TRIGGERS[engine.dialect])).scalars()))
    if engine.dialect == "sqlite":
        assert names == {f"{table}_refuses_{verb}" for table in APPEND_ONLY for verb in ("update", "delete")}
        # ABORT ends the statement; ROLLBACK would end every other unit's work in the same transaction.
        assert await count(engine, "sqlite_master", "type = 'trigger' AND sql NOT LIKE '%RAISE(ABORT,%'") == 0
    else:
        assert names == {
            f"{table}_{what}" for table in APPEND_ONLY for what in ("append_only", "not_truncated")
        }


def test_the_program_knows_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


async def test_migrating_twice_is_migrating_once(fresh_database: Callable[..., Location]) -> None:
    empty = fresh_database(migrated=False)
    assert await revision_of(empty) is None
    assert await migrate(empty) == (None, REVISION)
    engine = open_engine(empty)
    before = await dump(engine)
    assert await migrate(empty) == (REVISION, REVISION)
    assert await dump(engine) == before
    assert await revision_of(empty) == REVISION
    await engine.close()


async def test_a_newer_database_is_refused_and_left_alone(engine: Engine, location: Location) -> None:
    await engine.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")).rowcount)
    before = await dump(engine)
    with pytest.raises(MigrationError, match="9999"):
        await migrate(location)
    assert await dump(engine) == before
    assert await revision_of(location) == "9999"


async def test_processes_that_start_together_migrate_once(fresh_database: Callable[..., Location]) -> None:
    empty = fresh_database(migrated=False)
    program = (
        "import asyncio, sys; from storage.database import Location, migrate;"
        "print(*asyncio.run(migrate(Location.of(sys.argv[1]))))"
    )
    url = empty.url.render_as_string(hide_password=False)
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            url,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=Path(storage.__file__).parent.parent,
        )
        for _ in range(3)
    ]
    said = [await process.communicate() for process in started]
    assert sorted(out.decode().split()[0] for out, _ in said) == sorted([REVISION, REVISION, "None"]), said


@on_sqlite
async def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path, database: str) -> None:
    path = tmp_path / "letter.db"
    path.write_bytes(b"Dear neighbours, " * 500)
    location = Location.of(f"sqlite:///{path}")
    for attempt in (migrate, revision_of):
        with pytest.raises(DatabaseAwayError, match=r"letter\.db"):
            await attempt(location)
    assert path.read_bytes() == b"Dear neighbours, " * 500


@on_sqlite
async def test_a_database_that_is_not_there_has_no_revision_and_is_not_made_by_asking(
    tmp_path: Path, database: str
) -> None:
    assert await revision_of(Location.of(f"sqlite:///{tmp_path / 'none.db'}")) is None
    assert not (tmp_path / "none.db").exists()


@on_postgres
async def test_a_server_that_is_not_there_is_away(location: Location) -> None:
    nowhere = Location.of("postgresql://postgres@127.0.0.1:1/none")
    with pytest.raises(DatabaseAwayError):
        await migrate(nowhere)


@pytest.mark.parametrize("url", ["mysql://localhost/linli", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused_by_their_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite"):
        Location.of(url)
