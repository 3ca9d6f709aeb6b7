"""A community's people are kept together: whatever becomes of the tree and of homes, a search finds whom it found by homes."""

from __future__ import annotations

import random
from datetime import datetime

import pytest

import storage.facts.roster as searching
from domain.base import Role
from domain.people import ChooseHome, GiveConsent
from domain.people_seen import SearchPeople
from domain.reshaping import CloseUnit, MergeUnit, MoveUnit
from domain.units import AddUnit
from storage import areas, tree
from storage.engine import Engine
from storage.unit import Done, Store, Who
from storage.units import UnitRow
from tests.support.databases import on_sqlite
from tests.support.dump import rows
from tests.support.village import Soul, appointed, do

ROOT = 1
PEOPLE = range(6)
STEPS = 50
START = (
    UnitRow(2, "root", "street", "街道", "", ""),
    UnitRow(3, "east", "community", "东社区", "", "root"),
    UnitRow(4, "west", "community", "西社区", "", "root"),
    UnitRow(5, "g", "grid", "网格", "", "east"),
    UnitRow(6, "b", "building", "1号楼", "", "g"),
    UnitRow(7, "d", "building", "2号楼", "", "west"),
)


@pytest.fixture
async def admin(store: Store, now: datetime) -> Soul:
    """Over a street with two communities, and six people who live nowhere yet."""
    await store.import_units(START, dry_run=False)
    found = await appointed(store, 9, name="管理员", role=Role.ADMIN, unit_id=ROOT, now=now)
    for number in PEOPLE:
        await do(store, GiveConsent(100 + number, f"人{number}", "zh"), Who(100 + number, "", "zh"), now=now)
    return found


async def found_in(store: Store, admin: Soul, unit_id: int, *, now: datetime) -> list[str]:
    """The names a search in this unit finds."""
    answer = await store.read(SearchPeople(unit_id), admin.who, now=now)
    return [row.name for row in answer.rows]


async def both_ways(
    store: Store, engine: Engine, admin: Soul, monkeypatch: pytest.MonkeyPatch, *, now: datetime
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """What is found in each open community: as one stretch of the index where that may be, and by the homes."""
    units = [number for (number,) in await rows(engine, "unit", "id", where="kind = 'community'")]
    kept = {number: await found_in(store, admin, number, now=now) for number in units}
    with monkeypatch.context() as by_homes:
        by_homes.setattr(searching, "COMMUNITY", "")
        homes = {number: await found_in(store, admin, number, now=now) for number in units}
    return kept, homes


async def step(store: Store, engine: Engine, admin: Soul, chance: random.Random, *, now: datetime) -> bool:
    """Something happens to the tree or to a home. Returns whether it did."""
    units = await rows(engine, "unit", "id", "version", "kind")
    one, version, _ = chance.choice(units)
    other = chance.choice(units)[0]
    match chance.choice(("add", "move", "move", "merge", "close", "home", "home", "home")):
        case "add":
            kind = chance.choice(("community", "grid", "building", "building", "branch"))
            done = await store.perform(AddUnit(one, kind, f"新{chance.random()}"), admin.who, now=now)
        case "move":
            done = await store.perform(MoveUnit(one, other, version), admin.who, now=now)
        case "merge":
            done = await store.perform(MergeUnit(one, other, version), admin.who, now=now)
        case "close":
            done = await store.perform(CloseUnit(one, version), admin.who, now=now)
        case _:
            home = chance.choice([number for number, _, kind in units if kind == "building"])
            who = Who(100 + chance.choice(PEOPLE), "", "zh")
            done = await store.perform(ChooseHome(home), who, now=now)
    return isinstance(done, Done)


@pytest.mark.parametrize("seed", [1, 3])
async def test_who_is_found_in_a_community_is_who_lives_there_whatever_moves(
    store: Store, engine: Engine, admin: Soul, now: datetime, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    done = seen = 0
    for _ in range(STEPS):
        if await step(store, engine, admin, chance, now=now):
            done += 1
            kept, homes = await both_ways(store, engine, admin, monkeypatch, now=now)
            assert kept == homes
            seen += any(homes.values())
    assert done > STEPS / 4
    assert seen > done / 2


@on_sqlite
async def test_people_left_with_the_community_they_moved_away_from_would_be_seen(
    store: Store, engine: Engine, admin: Soul, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "relabel", lambda connection, low, high: None)
    codes = dict(await rows(engine, "unit", "code", "id"))
    await do(store, ChooseHome(codes["b"]), Who(100, "", "zh"), now=now)
    version = (await rows(engine, "unit", "version", where=f"id = {codes['g']}"))[0][0]
    await do(store, MoveUnit(codes["g"], codes["west"], version), admin.who, now=now)
    kept, homes = await both_ways(store, engine, admin, monkeypatch, now=now)
    assert kept != homes


async def test_a_kind_that_an_import_corrects_takes_people_along(
    store: Store, engine: Engine, admin: Soul, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = dict(await rows(engine, "unit", "code", "id"))
    await do(store, ChooseHome(codes["b"]), Who(100, "", "zh"), now=now)
    for kind in ("community", "grid"):
        corrected = UnitRow(2, "g", kind, "网格", "", "east")
        await store.import_units([corrected], dry_run=False)
        kept, homes = await both_ways(store, engine, admin, monkeypatch, now=now)
        assert kept == homes
        assert await rows(engine, "person", "area_id", where="telegram_id = 100") == [
            (codes["g" if kind == "community" else "east"],)
        ]


@on_sqlite
async def test_a_community_is_searched_along_its_own_stretch_of_the_index(
    store: Store, engine: Engine, admin: Soul, now: datetime
) -> None:
    place = (await store.read(SearchPeople(2), admin.who, now=now)).place
    scope = searching.Scope("1.2.", "1.2/", near=True, area=True, alone=False, staff=True, place=place)
    statement = searching._near(searching.Shape.of(SearchPeople(2), "", scope))

    def plan(connection: object) -> str:
        values = {"low": "1.2.", "high": "1.2/", "now": now, "unit": 2}
        text = statement.params(values).compile(connection, compile_kwargs={"literal_binds": True})  # type: ignore[arg-type]
        return "\n".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))  # type: ignore[attr-defined]

    assert "person USING COVERING INDEX ix_person_area_id_name (area_id=?)" in await engine.read(plan)


def test_only_a_community_is_an_area() -> None:
    assert areas.COMMUNITY == searching.COMMUNITY == "community"
