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
ANSWERED = (
    "INSERT INTO person (id, version, telegram_id, name, language, suspended) VALUES (2, 1, 22, '王建国', 'zh', false)",
    "INSERT INTO notice (id, version, author_id, unit_id, state, created_at, texts, media, addressees, urgent, wants_read, "
    "answerable, link_preview, to_people, to_groups, expected, frozen_to, remind, repeat, repeat_day) VALUES (5, 1, 1, 1, "
    "'sent', 5, '{}', '[]', '{}', false, true, true, false, true, false, 2, 0, false, '', 0)",
    "INSERT INTO remark (subject_kind, subject_id, purpose, author_id, at, kind, text, file_id, album) VALUES "
    "('notice', 5, 'answer', 2, 6, 'text', 'x', '', ''), ('notice', 5, 'answer', 1, 7, 'text', 'x', '', ''), "
    "('notice', 5, 'answer', 2, 8, 'text', 'x', '', ''), ('request', 5, 'answer', 2, 9, 'text', 'x', '', '')",
)
"""What was said to a notice before it could be answered."""
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
        _at(connection, "0003")
        for statement in ANSWERED:
            connection.execute(text(statement))

    if location.path is None:
        await database.on_postgres(location.url, first)
    else:
        database.on_sqlite(location.path, first)
    assert await migrate(location) == ("0003", REVISION)

    engine = open_engine(location)

    def look(connection: Connection) -> Any:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return (
            list(compare_metadata(context, metadata)),
            connection.execute(
                text("SELECT name, version, telegram_id, number FROM person ORDER BY id")
            ).all(),
            connection.execute(text("SELECT role, starts_at, phase FROM appointment")).all(),
            connection.execute(text("SELECT name, zone FROM unit")).all(),
            connection.execute(text("SELECT event FROM audit")).all(),
            connection.execute(
                text(
                    "SELECT id, notice_id, person_id, unit_id, waiting_since, last_at FROM thread ORDER BY id"
                )
            ).all(),
            connection.execute(text("SELECT subject_kind, subject_id FROM remark ORDER BY id")).all(),
            connection.execute(text("SELECT value FROM counter WHERE name = 'thread'")).all(),
        )

    differences, people, appointments, units, audit, *answered = await engine.read(look)
    assert differences == []
    assert people == [("李桂兰", 3, 21, None), ("王建国", 1, 22, None)]
    assert answered == [
        [(1, 5, 2, 1, 6, 8), (2, 5, 1, 1, 7, 7)],
        [("thread", 1), ("thread", 2), ("thread", 1), ("request", 5)],
        [(2,)],
    ]
    assert appointments == [("leader", 5, "running")]
    assert units == [("1号楼", None)]
    assert audit == [("person.consented",)]
    for statement in BROKEN:
        # Which error it is depends on the driver; what it says does not.
        with pytest.raises(Exception, match=r"(?i)constraint|append-only|violates"):
            await engine.write(lambda c, statement=statement: c.execute(text(statement)).rowcount)
    await engine.close()


BEFORE_KINDS = (
    *FILLED[:2],
    "INSERT INTO notice (id, version, author_id, unit_id, state, created_at, texts, media, addressees, urgent, wants_read, "
    "answerable, link_preview, to_people, to_groups, expected, begun_at, frozen_to, remind, repeat, repeat_day) "
    "VALUES (1, 1, 1, 1, 'sent', 5, '{}', '[]', '{\"units\": [1, 99]}', false, true, false, false, true, false, 1, 7, 1, "
    "false, '', 0)",
    "INSERT INTO receipt (notice_id, person_id, unit_id, state, message_id, sent_at) VALUES (1, 1, 1, 'sent', 4, 8)",
    "INSERT INTO tally (notice_id, total, sent) VALUES (1, 1, 1)",
)


async def test_notices_from_before_there_were_kinds_keep_their_recipients_and_run_out(
    fresh_database: Callable[..., Location],
) -> None:
    location = fresh_database(migrated=False)

    def earlier(connection: Connection) -> None:
        _at(connection, "0003")
        for statement in BEFORE_KINDS:
            connection.exec_driver_sql(statement)

    if location.path is None:
        await database.on_postgres(location.url, earlier)
    else:
        database.on_sqlite(location.path, earlier)
    await migrate(location)
    engine = open_engine(location)

    def asked(connection: Connection) -> list[Any]:
        connection.execute(text("INSERT INTO receipt (notice_id, person_id, state) VALUES (1, 2, 'muted')"))
        return [
            tuple(row)
            for wanted in (
                "SELECT kind, valid_days, valid_until - begun_at FROM notice",
                "SELECT unit_id, notice_id FROM notice_place",
                "SELECT state, message_id, sent_at FROM receipt WHERE person_id = 1",
                "SELECT sent, muted FROM tally",
            )
            for row in connection.execute(text(wanted))
        ]

    found = await engine.write(asked)
    await engine.close()
    assert found == [("other", 30, 30 * 86_400_000_000), (1, 1), ("sent", 4, 8), (1, 0)]
