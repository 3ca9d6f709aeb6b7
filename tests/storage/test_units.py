"""The tree on both databases: what moves along, what a merging hands over, what keeps a unit open, and who may see."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select, text

import storage.unit as store_module
from domain.base import Action, Actor, Query, Refused, Role, Subject
from domain.calendars import WEEKENDS
from domain.groups import BindGroup, LoseGroup
from domain.pairings import PairUp
from domain.people import Appoint, ChooseHome, GiveConsent
from domain.permissions import allowed
from domain.queries import UnitByCode
from domain.requests import RaiseForOther
from domain.reshaping import CloseUnit, MergeUnit, MoveBelow, MoveUnit
from domain.unit_pages import BrowseUnits, SeeGaps, SeeUnit, WhatChanges
from domain.units import AddUnit, RemoveAlias, RenameUnit, SetAlias, SetCalendar, SetZone
from storage import tree
from storage.engine import Engine
from storage.people import household_at, load_actors
from storage.schema import (
    import_batch,
    pairing,
    person,
    request,
    unit,
)
from storage.unit import Done, Refusal, Store, Who
from storage.units import UnitRow
from tests.domain.tree_model import PEOPLE, PERMISSIONS, ROOT, Step, Tree, count
from tests.support.databases import on_postgres
from tests.support.dump import rows
from tests.support.village import CLI, WORDS, Soul, Village, appointed, asked, do, village


class Town:
    """A village with an admin at its street, and the tree as it stands in the database."""

    def __init__(self, store: Store, engine: Engine, place: Village, admin: Soul, now: datetime) -> None:
        self.store, self.engine, self.place, self.admin, self.now = store, engine, place, admin, now
        self.units = place.units

    async def does(self, action: Action) -> dict[str, Any]:
        return await do(self.store, action, self.admin.who, now=self.now)

    async def refuses(self, action: Action, who: Who | None = None) -> str:
        outcome = await self.store.perform(action, who or self.admin.who, now=self.now)
        assert isinstance(outcome, Refusal), outcome
        return outcome.key

    async def reads(self, query: Query, soul: Soul | None = None) -> Any:
        return await self.store.read(query, (soul or self.admin).who, now=self.now)

    async def added(self, parent: str, kind: str, code: str) -> int:
        result = await self.does(AddUnit(self.units[parent], kind, code, code=code))
        self.units[code] = int(result["unit_id"])
        return self.units[code]

    async def version(self, code: str) -> int:
        [(version,)] = await rows(self.engine, "unit", "version", where=f"code = '{code}'")
        return int(version)

    async def moves(self, code: str, to: str) -> None:
        await self.does(MoveUnit(self.units[code], self.units[to], await self.version(code)))

    async def merges(self, code: str, into: str) -> None:
        await self.does(MergeUnit(self.units[code], self.units[into], await self.version(code)))

    async def tree(self) -> dict[str, str]:
        """Each unit's path by code, in codes."""
        found = await rows(self.engine, "unit", "id", "code", "path")
        codes = {str(row[0]): row[1] for row in found}
        return {row[1]: "/".join(codes[part] for part in row[2].split(".")[:-1]) for row in found}


@pytest.fixture
async def town(store: Store, engine: Engine, now: datetime) -> Town:
    place = await village(store, now=now, members=2)
    admin = await appointed(store, 51, name="孙立", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    return Town(store, engine, place, admin, now)


async def moved_in(town: Town, soul: Soul, code: str, flat: str) -> None:
    """Somebody lives behind a door."""
    home = town.units[code]

    def work(connection: Connection) -> None:
        door = household_at(connection, home, flat)
        connection.execute(
            person.update().where(person.c.id == soul.id).values(home_unit_id=home, household_id=door)
        )

    await town.engine.write(work)


async def test_a_move_takes_the_whole_part_of_the_tree_along(town: Town) -> None:
    await town.added("street", "community", "c2")
    await town.moves("grid", "c2")
    assert await town.tree() == {
        "street": "street",
        "community": "street/community",
        "c2": "street/c2",
        "grid": "street/c2/grid",
        "b1": "street/c2/grid/b1",
        "b2": "street/c2/grid/b2",
    }
    # Authority went with it: the old community's secretary reaches nothing there any more.
    with pytest.raises(Refused, match="not_found"):
        await town.reads(SeeUnit(town.units["b1"]), town.place.secretary)


async def test_a_merging_hands_over_people_doors_roles_groups_aliases_and_codes(town: Town) -> None:
    place, now = town.place, town.now
    await town.added("grid", "building", "b3")
    await moved_in(town, place.resident, "b1", "101")
    await moved_in(town, place.neighbour, "b1", "102")
    await moved_in(town, place.stranger, "b2", "101")
    await moved_in(town, place.leader, "b2", "102")
    leads_both = Appoint(telegram_id=place.leader.who.telegram_id, role=Role.LEADER, unit_id=town.units["b2"])
    await do(town.store, leads_both, CLI, now=now)
    await do(town.store, BindGroup(-1001, town.units["b1"]), place.secretary.who, now=now)
    for code, alias in (("b1", "东楼"), ("b1", "大院1栋"), ("b2", "东楼")):
        await town.does(SetAlias(town.units[code], alias))
    await town.merges("b1", "b2")
    await town.merges("b2", "b3")

    b3 = town.units["b3"]
    tree = await town.tree()
    assert (tree["b2"], tree["b1"]) == ("street/community/grid/b3/b2", "street/community/grid/b3/b2/b1")
    assert {
        home
        for (home,) in await rows(
            town.engine, "person", "home_unit_id", where="telegram_id BETWEEN 21 AND 23"
        )
    } == {b3}
    doors = {
        flat: number
        for number, flat in await rows(town.engine, "household", "id", "flat", where=f"unit_id = {b3}")
    }
    assert set(doors) == {"101", "102"}
    behind = dict(await rows(town.engine, "person", "id", "household_id"))
    assert behind[place.resident.id] == behind[place.stranger.id] == doors["101"]
    assert behind[place.neighbour.id] == behind[place.leader.id] == doors["102"]
    assert await rows(town.engine, "unit_alias", "alias", where=f"unit_id = {b3}") == [
        ("东楼",),
        ("大院1栋",),
    ]
    assert await rows(town.engine, "chat_group", "unit_id") == [(b3,)]
    held = await rows(town.engine, "appointment", "unit_id", "phase", where=f"person_id = {place.leader.id}")
    assert sorted(held) == sorted([(town.units["b1"], "ended"), (b3, "running")])
    for code in ("b1", "b2", "b3"):
        assert (await town.reads(UnitByCode(code))).id == b3
        assert await town.store.unit_by_code(code) == b3


async def test_a_closed_part_stays_with_the_shell_and_an_open_one_goes_along(town: Town) -> None:
    await town.added("community", "grid", "g2")
    await town.added("g2", "building", "old")
    await town.added("g2", "building", "new")
    await town.does(CloseUnit(town.units["old"], 1))
    await town.merges("g2", "grid")
    tree = await town.tree()
    assert tree["g2"] == "street/community/grid/g2"
    assert tree["old"] == "street/community/grid/g2/old"
    assert tree["new"] == "street/community/grid/new"
    assert await rows(town.engine, "unit", "parent_id", where="code = 'new'") == [(town.units["grid"],)]


async def test_a_branch_merges_into_the_one_it_stands_below(town: Town) -> None:
    await town.added("street", "branch", "park")
    await town.added("park", "branch", "office")
    await town.added("office", "branch", "desk")
    await town.merges("office", "park")
    tree = await town.tree()
    assert (tree["office"], tree["desk"]) == ("street/park/office", "street/park/desk")


async def test_what_was_asked_in_a_merged_unit_stays_with_whoever_leads_what_it_became(town: Town) -> None:
    other = await appointed(
        town.store, 61, name="新楼长", role=Role.LEADER, unit_id=town.units["b2"], now=town.now
    )
    number = await asked(town.store, town.place.resident, now=town.now)
    await town.merges("b1", "b2")
    [(path,)] = await rows(
        town.engine,
        "request JOIN unit ON unit.id = request.handling_unit_id",
        "path",
        where=f"request.id = {number}",
    )
    actors = await town.engine.read(lambda c: load_actors(c, town.now, [other.id]))
    assert allowed(actors[other.id], "triage_request", Subject(path=path))


async def test_names_that_stand_on_both_sides_keep_two_units_apart(town: Town) -> None:
    await town.added("community", "grid", "g2")
    await town.does(AddUnit(town.units["g2"], "building", "1号楼"))
    merge = MergeUnit(town.units["g2"], town.units["grid"], await town.version("g2"))
    assert await town.refuses(merge) == "unit.merge_names"


async def test_a_unit_is_closed_only_when_nothing_hangs_on_it(town: Town) -> None:
    place, now = town.place, town.now
    b1 = town.units["b1"]
    number = await asked(town.store, place.resident, now=now)
    pair = PairUp(place.members[0].id, "living_alone", 7, now.date(), resident_id=place.neighbour.id)
    await do(town.store, pair, place.leader.who, now=now)
    facts = await town.reads(WhatChanges("close", b1))
    assert (facts.below.people, facts.below.requests, facts.below.pairings) == (2, 1, 1)
    assert await town.refuses(CloseUnit(b1, await town.version("b1"))) == "unit.not_empty"
    assert await town.refuses(CloseUnit(town.units["grid"], await town.version("grid"))) == "unit.not_empty"
    for soul in (place.resident, place.neighbour):
        await do(town.store, ChooseHome(town.units["b2"]), soul.who, now=now)
    facts = await town.reads(WhatChanges("close", b1))
    assert (facts.below.people, facts.below.requests, facts.below.pairings) == (0, 1, 1)

    def ended(connection: Connection) -> None:
        connection.execute(request.update().where(request.c.id == number).values(state="withdrawn"))
        connection.execute(pairing.update().values(ended_at=now))

    await town.engine.write(ended)
    await town.does(CloseUnit(b1, await town.version("b1")))
    ended_roles = await rows(town.engine, "appointment", "phase", where=f"unit_id = {b1}")
    assert set(ended_roles) == {("ended",)}
    assert await town.refuses(ChooseHome(b1), place.resident.who) == "unit.unknown"
    assert await town.refuses(
        RaiseForOther("lift", "timely", False, False, WORDS, name="王奶奶", flat="1", unit_id=b1)
    ) in {
        "unit.unknown",
        "refused.not_found",
    }
    menus = await rows(town.engine, "outbox", "person_id", where="kind = 'commands'")
    assert {place.leader.id, *(member.id for member in place.members)} <= {row[0] for row in menus}


async def test_codes_and_names_are_free_or_refused_and_a_code_is_made(town: Town) -> None:
    grid = town.units["grid"]
    assert await town.refuses(AddUnit(grid, "building", "1号楼")) == "unit.name_taken"
    assert await town.refuses(AddUnit(grid, "building", "x", name_en="BUILDING 1")) == "unit.name_taken"
    assert await town.refuses(AddUnit(grid, "building", "x", code="street")) == "unit.code_taken"
    made = int((await town.does(AddUnit(grid, "building", "x")))["unit_id"])
    assert await rows(town.engine, "unit", "code", where=f"id = {made}") == [(f"b{made}",)]
    assert await town.refuses(RenameUnit(made, name="1号楼")) == "unit.name_taken"
    await town.does(RenameUnit(made, name="x", name_en="X"))
    # A code that looks like the next one made is no trouble.
    await town.does(AddUnit(grid, "building", "y", code=f"b{made + 2}"))
    again = int((await town.does(AddUnit(grid, "building", "z")))["unit_id"])
    assert await rows(town.engine, "unit", "code", where=f"id = {again}") == [(f"b{again}-2",)]


async def test_nobody_changes_what_their_authority_does_not_reach(town: Town) -> None:
    store, now = town.store, town.now
    await town.added("street", "community", "c2")
    local = await appointed(
        store, 71, name="本地管理员", role=Role.ADMIN, unit_id=town.units["community"], now=now
    )
    b1, street, c2 = town.units["b1"], town.units["street"], town.units["c2"]
    foreign: list[Action] = [
        AddUnit(street, "community", "x"),
        RenameUnit(c2, name="x"),
        SetAlias(c2, "x"),
        RemoveAlias(c2, 1),
        SetZone(c2, "Asia/Urumqi"),
        SetCalendar(c2, WEEKENDS),
        MoveUnit(town.units["grid"], c2, 1),
        MergeUnit(town.units["community"], c2, 1),
        CloseUnit(c2, 1),
        AddUnit(4711, "building", "x"),
    ]
    for action in foreign:
        assert await town.refuses(action, local.who) == "refused.not_found", action
    for soul in (town.place.secretary, town.place.leader, town.place.resident):
        assert await town.refuses(RenameUnit(b1, name="x"), soul.who) == "refused.not_found"
    await town.does(SetAlias(b1, "东楼"))
    [(alias,)] = await rows(town.engine, "unit_alias", "id")
    assert await town.refuses(RemoveAlias(town.units["b2"], alias)) == "refused.not_found"


# --- pages ----------------------------------------------------------------------------------------------------------------


async def test_a_page_shows_names_counts_and_staff_within_one_s_authority(town: Town) -> None:
    place = town.place
    page = await town.reads(SeeUnit(town.units["community"]), place.secretary)
    assert (page.children, page.below, page.people, page.groups) == (1, 3, 3, 0)
    assert page.parent is None
    assert not page.may_manage
    assert [(staff.role, staff.names) for staff in page.staff] == [(Role.SECRETARY, ("周书记",))]
    b1 = await town.reads(SeeUnit(town.units["b1"]))
    assert [(staff.role, staff.names, staff.more) for staff in b1.staff] == [
        (Role.LEADER, ("陈楼长",), 0),
        (Role.MEMBER, (), 2),
    ]
    assert (b1.parent.place.zh, b1.may_manage) == ("第一网格", True)
    for soul in (place.leader, place.resident, place.members[0]):
        with pytest.raises(Refused, match="not_found"):
            await town.reads(SeeUnit(town.units["b1"]), soul)


async def test_the_tree_is_browsed_page_by_page_from_one_s_own_units(town: Town) -> None:
    own = await town.reads(BrowseUnits(), town.place.secretary)
    assert [row.id for row in own.rows.rows] == [town.units["community"]]
    for number in range(25):
        await town.added("community", "grid", f"g{number}")
    first = await town.reads(BrowseUnits(town.units["community"]), town.place.secretary)
    last = await town.reads(BrowseUnits(town.units["community"], 99), town.place.secretary)
    assert (first.rows.total, first.rows.pages, len(first.rows.rows)) == (26, 2, 20)
    assert (last.rows.page, len(last.rows.rows)) == (2, 6)
    assert first.parent_id == 0
    with pytest.raises(Refused, match="not_found"):
        await town.reads(BrowseUnits(town.units["street"]), town.place.secretary)


async def test_what_an_import_under_way_brings_is_there_for_nobody(town: Town) -> None:
    await town.added("grid", "building", "soon")

    def staged(connection: Connection) -> None:
        connection.execute(
            import_batch.insert().values(
                id=7, version=1, file={}, kind="units", state="applying", created_at=town.now
            )
        )
        connection.execute(unit.update().where(unit.c.code == "soon").values(batch_id=7))

    await town.engine.write(staged)
    assert await town.store.unit_by_code("soon") is None
    listed = await town.reads(BrowseUnits(town.units["grid"]))
    assert town.units["soon"] not in [row.id for row in listed.rows.rows]
    assert (await town.reads(SeeUnit(town.units["grid"]))).below == 2


async def test_gaps_are_found_in_the_database(town: Town) -> None:
    found = await town.reads(SeeGaps(town.units["community"]))
    assert [(gap.kind, gap.place.zh) for gap in found.rows] == [
        ("no_leader", "2号楼"),
        ("grid_no_leader", "第一网格"),
        ("grid_no_secretary", "第一网格"),
    ]
    for code in ("b1", "b2"):
        await town.does(SetAlias(town.units[code], "东楼"))
    await town.added("community", "grid", "g2")
    await town.moves("b2", "g2")
    kinds = [(gap.kind, gap.word) for gap in (await town.reads(SeeGaps(town.units["community"]))).rows]
    assert ("twice", "东楼") in kinds


# --- deadlines and groups -----------------------------------------------------------------------------------------------


async def test_a_request_is_due_by_the_zone_and_days_of_its_unit_or_the_nearest_above(town: Town) -> None:
    friday_night = datetime(2026, 3, 6, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
    await town.does(SetZone(town.units["community"], "Europe/Berlin"))
    await town.does(SetZone(town.units["b2"], "Asia/Urumqi"))
    due = {}
    for soul in (town.place.resident, town.place.stranger):
        number = await asked(town.store, soul, now=friday_night)
        [(stored,)] = await rows(town.engine, "request", "answer_due_at", where=f"id = {number}")
        due[soul.who.name] = datetime.fromtimestamp(stored / 10**6, tz=ZoneInfo("UTC"))
    # One in the afternoon in Berlin: four working hours are over at five. In Urumqi the office's hours are Beijing's.
    assert due["李桂兰"] == datetime(2026, 3, 6, 17, tzinfo=ZoneInfo("Europe/Berlin"))
    assert due["赵敏"] == datetime(2026, 3, 9, 13, tzinfo=ZoneInfo("Asia/Urumqi"))


async def test_the_loss_of_a_group_is_told_once_to_who_bound_it_and_the_nearest_secretary(town: Town) -> None:
    store, place, now = town.store, town.place, town.now
    await do(store, BindGroup(-1001, place.building), town.admin.who, now=now)
    for _ in range(2):
        await store.group_left(None, chat_id=-1001, now=now)
    await store.group_left(None, chat_id=-4711, now=now)
    told = await rows(town.engine, "outbox", "person_id", where="kind = 'group.left'")
    assert {row[0] for row in told} == {town.admin.id, place.secretary.id}
    assert len(told) == 2
    outcome = await store.perform(LoseGroup(-1001), place.secretary.who, now=now)
    assert isinstance(outcome, Refusal)


@on_postgres
@pytest.mark.parametrize("guarded", [True, False])
async def test_a_part_moved_into_what_moves_at_that_moment_arrives_with_it_and_without_the_lock_does_not(
    town: Town, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    for parent, code in (("street", "g"), ("g", "p"), ("street", "h"), ("street", "x")):
        await town.added(parent, "branch", code)
    holding = asyncio.Event()

    def until_somebody_waits(connection: Connection, change: MoveBelow) -> None:
        tree.move_below(connection, change)
        if not holding.is_set():
            holding.set()
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            assert any(connection.execute(waiting).scalar_one() for _ in range(5000))

    monkeypatch.setitem(store_module.SWEEP, MoveBelow, until_somebody_waits)  # type: ignore[arg-type]
    if not guarded:
        monkeypatch.setattr(tree, "lock", lambda connection: None)
    first = asyncio.ensure_future(town.moves("x", "p"))
    await holding.wait()
    await town.moves("g", "h")
    await first
    paths = await town.tree()
    assert paths["p"] == "street/h/g/p"
    assert (paths["x"] == "street/h/g/p/x") is guarded


# --- authority stays right on both databases ----------------------------------------------------------------------------

KINDS = ("community", "grid", "building", "branch")


def steps(seed: int) -> list[Step]:
    chance = random.Random(seed)
    found: list[Step] = []
    for _ in range(30):
        what = chance.choice(("add", "add", "add", "appoint", "appoint", "move", "merge", "close"))
        third = chance.choice(KINDS) if what == "add" else chance.choice([*map(str, Role)])
        second = chance.choice(PEOPLE) if what == "appoint" else chance.randrange(30)
        found.append((what, chance.randrange(30), second, third))
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_authority_follows_the_tree_in_the_database(
    store: Store, engine: Engine, now: datetime, seed: int
) -> None:
    await store.import_units([UnitRow(2, "root", "street", "街道", "", "")], dry_run=False)
    admin = await appointed(store, 9, name="管理员", role=Role.ADMIN, unit_id=ROOT, now=now)
    ids: dict[int, int] = {}
    for number in PEOPLE:
        consent = GiveConsent(100 + number, f"人{number}", "zh")
        result = await do(store, consent, Who(100 + number, "", "zh"), now=now)
        ids[number] = int(result["person_id"] or 0)
    tree, done = Tree(), 0
    for number, (what, first, second, third) in enumerate(steps(seed)):
        one, other = tree.chosen(first), tree.chosen(second)
        version = (await rows(engine, "unit", "version", where=f"id = {one}"))[0][0]
        action: Action
        who: Who | Actor = admin.who
        match what:
            case "add":
                action = AddUnit(one, third, f"u{number}")
            case "move":
                action = MoveUnit(one, other, version)
            case "merge":
                action = MergeUnit(one, other, version)
            case "close":
                action = CloseUnit(one, version)
            case _:
                action, who = Appoint(telegram_id=100 + second, role=Role(third), unit_id=one), CLI
        outcome = await store.perform(action, who, now=now + timedelta(minutes=number))
        if not isinstance(outcome, Done):
            continue
        done += 1
        match what:
            case "add":
                tree.add(int(outcome.result["unit_id"] or 0), one)
            case "move":
                tree.move(one, other)
            case "merge":
                tree.merge(one, other)
            case "close":
                tree.close(one)
            case _:
                tree.appoint(second, Role(third), one)
        assert await rights(engine, ids, now=now + timedelta(minutes=number)) == tree.all_rights(), what
    assert done > 12
    assert count(tree.all_rights())


async def rights(engine: Engine, ids: dict[int, int], *, now: datetime) -> dict[Any, bool]:
    """What the permission table says of everybody everywhere, as the database stands."""

    def work(connection: Connection) -> dict[Any, bool]:
        paths = {row.id: row.path for row in connection.execute(select(unit.c.id, unit.c.path))}
        actors = load_actors(connection, now, ids.values())
        return {
            (number, permission, unit_id): allowed(actors[person_id], permission, Subject(path=path))
            for number, person_id in ids.items()
            for permission in PERMISSIONS
            for unit_id, path in paths.items()
        }

    return await engine.read(work)
