"""The tree of units comes in whole or not at all, and every mistake in the file is named with its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text

from storage.engine import Engine
from storage.unit import Store
from storage.units import UnitRow
from tests.support.dump import count, dump, rows
from tests.support.village import TREE, village

GOOD = UnitRow(9, "b3", "building", "3号楼", "Building 3", "grid")


async def test_a_tree_comes_in_with_its_places(store: Store, engine: Engine) -> None:
    result = await store.import_units(TREE, dry_run=False)
    assert (result.problems, result.added, result.changed) == ((), 5, 0)
    assert await rows(engine, "unit", "code", "path", "parent_id") == [
        ("b1", "1.2.3.4.", 3),
        ("b2", "1.2.3.5.", 3),
        ("community", "1.2.", 1),
        ("grid", "1.2.3.", 2),
        ("street", "1.", None),
    ]


async def test_the_order_of_the_lines_does_not_matter(store: Store, engine: Engine) -> None:
    result = await store.import_units(tuple(reversed(TREE)), dry_run=False)
    assert (result.problems, result.added) == ((), 5)
    paths = dict(await rows(engine, "unit", "code", "path"))
    assert paths["b1"].startswith(paths["grid"])
    assert paths["grid"].startswith(paths["community"])
    assert paths["community"].startswith(paths["street"])


async def test_a_dry_run_writes_nothing_and_finds_everything(store: Store, engine: Engine) -> None:
    before = await dump(engine)
    assert (await store.import_units(TREE, dry_run=True)).problems == ()
    broken = (*TREE, replace(GOOD, kind="castle"))
    assert [p.line for p in (await store.import_units(broken, dry_run=True)).problems] == [9]
    assert await dump(engine) == before


async def test_importing_twice_changes_nothing(store: Store, engine: Engine) -> None:
    await store.import_units(TREE, dry_run=False)
    before = await dump(engine)
    again = await store.import_units(TREE, dry_run=False)
    assert (again.problems, again.added, again.changed) == ((), 0, 0)
    assert await dump(engine) == before


async def test_names_are_corrected_by_importing_them_anew(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    renamed = replace(TREE[3], name="一号楼", name_en="Building One")
    result = await store.import_units([renamed, GOOD], dry_run=False)
    assert (result.added, result.changed) == (1, 1)
    assert await rows(engine, "unit", "id", "name", "version", where="code = 'b1'") == [
        (place.building, "一号楼", 2)
    ]


@pytest.mark.parametrize(
    ("bad", "column", "words"),
    [
        (replace(GOOD, key=""), "code", "short code"),
        (replace(GOOD, key="b 3"), "code", "at most 60"),
        (replace(GOOD, key="楼"), "code", "at most 60"),
        (replace(GOOD, key="x" * 61), "code", "at most 60"),
        (replace(GOOD, key="b1"), "code", "line 5"),
        (replace(GOOD, kind="castle"), "kind", "none of"),
        (replace(GOOD, name=""), "name", "empty"),
        (replace(GOOD, parent="nowhere"), "parent", "neither in this file nor known"),
        (replace(GOOD, parent="b3"), "parent", "below itself"),
    ],
)
async def test_a_mistake_is_named_with_its_line_and_nothing_is_written(
    bad: UnitRow, column: str, words: str, store: Store, engine: Engine
) -> None:
    before = await dump(engine)
    result = await store.import_units((*TREE, bad), dry_run=False)
    found = [(problem.line, problem.column) for problem in result.problems]
    assert (9, column) in found
    assert any(words in problem.text for problem in result.problems)
    assert (result.added, result.changed) == (0, 0)
    assert await dump(engine) == before


async def test_units_that_stand_below_each_other_are_all_named(store: Store, engine: Engine) -> None:
    circle = [
        UnitRow(2, "a", "street", "甲", "", "c"),
        UnitRow(3, "b", "community", "乙", "", "a"),
        UnitRow(4, "c", "grid", "丙", "", "b"),
    ]
    result = await store.import_units(circle, dry_run=False)
    assert [problem.line for problem in result.problems] == [2, 3, 4]
    assert await count(engine, "unit") == 0


async def test_a_unit_is_not_moved_by_an_import(store: Store, engine: Engine) -> None:
    await store.import_units(TREE, dry_run=False)
    before = await dump(engine)
    moved = replace(TREE[3], parent="community")
    result = await store.import_units([moved], dry_run=False)
    assert [(p.line, p.column) for p in result.problems] == [(TREE[3].line, "parent")]
    assert await dump(engine) == before


async def test_every_mistake_is_named_at_once(store: Store) -> None:
    bad = [replace(GOOD, line=n, key=f"k{n}", kind="castle", name="") for n in range(2, 12)]
    result = await store.import_units((*TREE, *bad), dry_run=False)
    assert len(result.problems) == 20


async def test_a_closed_unit_is_not_found_by_its_code(store: Store, engine: Engine) -> None:
    await store.import_units(TREE, dry_run=False)
    assert await store.unit_by_code("b1") == 4
    await engine.write(lambda c: c.execute(text("UPDATE unit SET closed_at = 1 WHERE code = 'b1'")).rowcount)
    assert await store.unit_by_code("b1") is None
    assert await store.unit_by_code("none") is None
