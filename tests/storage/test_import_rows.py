"""Rows of an import that were staged are found again, however many there are."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy.dialects import sqlite as sqlite_dialect

from domain.sheet_columns import ImportKind
from storage.engine import Engine
from storage.import_rows import Staged, _same_keys, keep, staged_already
from storage.unit import Store
from tests.support.databases import on_sqlite


async def test_rows_of_the_same_person_are_found_in_the_order_of_their_lines(
    store: Store, engine: Engine, now: datetime
) -> None:
    batch = await store.imports.begin(ImportKind.PEOPLE, now=now)
    for rows in ([Staged(7, "n:1"), Staged(3, "n:1"), Staged(4, "n:2")], [Staged(6, ""), Staged(5, "n:1")]):
        await engine.write(partial(keep, batch_id=batch, rows=rows))
    found = await engine.read(lambda c: staged_already(c, batch, ["n:1", "", "n:9"]))
    assert {key: [row.line for row in rows] for key, rows in found.items()} == {"n:1": [3, 5, 7]}


@on_sqlite
async def test_they_are_found_by_the_index_on_their_keys(engine: Engine) -> None:
    statement = str(_same_keys("sqlite").compile(dialect=sqlite_dialect.dialect()))
    plan = await engine.read(
        lambda c: c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (None,) * statement.count("?")).all()
    )
    assert "ix_import_row_key (batch_id=? AND key=?)" in str(plan)
