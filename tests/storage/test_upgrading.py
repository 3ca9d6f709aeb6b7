"""A database that an earlier Linli has filled: nothing in it is lost on the way up, and every rule holds afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

import storage
from storage import database
from storage.database import REVISION, Location, migrate, open_engine
from storage.schema import metadata

FILLED = (
    "INSERT INTO unit (id, version, kind, name, path, code) VALUES (1, 1, 'building', '1号楼', '1.', 'b1')",
    "INSERT INTO person (id, version, telegram_id, name, language, home_unit_id) VALUES (1, 3, 21, '李桂兰', 'zh', 1)",
    "INSERT INTO appointment (id, version, person_id, role, unit_id, starts_at) VALUES (1, 1, 1, 'leader', 1, 5)",
    "INSERT INTO audit (at, actor_id, event, subject_kind, subject_id, data) "
    "VALUES (5, 1, 'person.consented', 'person', 1, '{}')",
)
BROKEN = (
    "INSERT INTO unit (id, version, kind, name, path, code) VALUES (2, 1, 'village', 'x', '2.', 'b2')",
    "UPDATE appointment SET phase = 'perhaps'",
    "UPDATE appointment SET ends_at = 4",
    "UPDATE person SET home_unit_id = 99",
    "INSERT INTO person (id, version, telegram_id, name, language) VALUES (2, 1, 21, 'x', 'zh')",
    "DELETE FROM audit",
)


def _at(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_the_first_database_comes_up_with_all_that_is_in_it(
    fresh_database: Callable[..., Location],
) -> None:
    location = fresh_database(migrated=False)

    def first(connection: Connection) -> None:
        _at(connection, "0001")
        for statement in FILLED:
            connection.execute(text(statement))

    if location.path is None:
        await database._on_postgres(location.url, first)
    else:
        database.on_sqlite(location.path, first)
    assert await migrate(location) == ("0001", REVISION)

    engine = open_engine(location)

    def look(connection: Connection) -> Any:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return (
            list(compare_metadata(context, metadata)),
            connection.execute(text("SELECT name, version, telegram_id, number FROM person")).all(),
            connection.execute(text("SELECT role, starts_at, phase FROM appointment")).all(),
            connection.execute(text("SELECT name, zone FROM unit")).all(),
            connection.execute(text("SELECT event FROM audit")).all(),
        )

    differences, people, appointments, units, audit = await engine.read(look)
    assert differences == []
    assert people == [("李桂兰", 3, 21, None)]
    assert appointments == [("leader", 5, "running")]
    assert units == [("1号楼", None)]
    assert audit == [("person.consented",)]
    for statement in BROKEN:
        # Which error it is depends on the driver; what it says does not.
        with pytest.raises(Exception, match=r"(?i)constraint|append-only|violates"):
            await engine.write(lambda c, statement=statement: c.execute(text(statement)).rowcount)
    await engine.close()
