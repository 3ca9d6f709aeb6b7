"""An import is all or nothing, there for all at once, the same when it is repeated, and harmless when it is cut short."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.base import NOT_FOUND, Refused
from domain.imports import ExportRows, ImportBatch, ImportState
from domain.people import ChooseHome, GiveConsent
from domain.queries import UnitChildren
from jobs.clock import sweep_imports
from storage.engine import Engine
from storage.facts.people import LEVEL_ROWS
from storage.import_rows import PORTION, Lines
from storage.importing import MOST_IN_FLIP, PEOPLE_TOGETHER, ImportEndedError, Imports
from storage.unit import Done, Refusal, Store, Who
from tests.support.dump import count, differences, dump, rows, say
from tests.support.importing import PEOPLE, TREE, UNITS, Desk

HEADINGS = (
    "编号",
    "姓名",
    "电话",
    "楼栋代码",
    "房号",
    "语言",
    "Telegram号",
    "职务",
    "任职单位代码",
    "任期起",
    "任期止",
    "技能",
)
QUIET = {"counter", "import_batch", "audit", "lease"}
"""Tables in which even an import that comes to nothing leaves its traces."""


def person(**cells: object) -> tuple[object, ...]:
    """A row with these cells under their headings."""
    return tuple(cells.get(name, "") for name in HEADINGS)


@pytest.fixture
async def desk(store: Store, tmp_path: Path, now: datetime) -> Desk:
    made = Desk(store, tmp_path, now)
    await made.founds()
    return made


async def state(engine: Engine) -> dict[str, list[str]]:
    return {table: found for table, found in (await dump(engine)).items() if table not in QUIET}


SUN = person(
    编号="A1", 姓名="孙奶奶", 电话="13800000001", 楼栋代码="b1", 房号="1-101", 技能="水电维修、driving"
)
LI = person(
    编号="A2",
    姓名="李组长",
    Telegram号="77",
    楼栋代码="b2",
    职务="组长",
    任期起="2026-01-01",
    任期止="2026-12-31",
)


# --- what comes in ------------------------------------------------------------------------------------------------------


async def test_a_tree_comes_in_with_its_places_in_any_order(desk: Desk, engine: Engine) -> None:
    found = await rows(engine, "unit", "code", "path", "batch_id", "version")
    ids = {code: path.split(".")[-2] for code, path, *_ in found}
    assert {code: path for code, path, *_ in found} == {
        "street": f"{ids['street']}.",
        "c": f"{ids['street']}.{ids['c']}.",
        "b1": f"{ids['street']}.{ids['c']}.{ids['b1']}.",
        "b2": f"{ids['street']}.{ids['c']}.{ids['b2']}.",
    }
    assert all((batch, version) == (None, 1) for _, _, batch, version in found)
    upside_down = (
        TREE[0],
        ("n3", "building", "三", "n2", ""),
        ("n2", "grid", "二", "n1", ""),
        ("n1", "community", "一", "street", ""),
    )
    report = await desk.brings(UNITS, upside_down)
    assert (report.added, report.problems) == (3, 0)
    assert await count(engine, "unit_alias") == 2


async def test_people_come_in_with_home_role_and_skills(desk: Desk, engine: Engine) -> None:
    report = await desk.brings(PEOPLE, (HEADINGS, SUN, LI))
    assert (report.rows, report.added, report.changed, report.problems) == (2, 2, 0, 0)
    assert await rows(engine, "person", "number", "name", "phone", "telegram_id", "language", "batch_id") == [
        ("A1", "孙奶奶", "13800000001", None, "zh", None),
        ("A2", "李组长", None, 77, "zh", None),
    ]
    [(flat, unit_id)] = await rows(engine, "household", "flat", "unit_id")
    assert (flat, unit_id) == ("1-101", await desk.store.unit_by_code("b1"))
    skills = [skill for _, skill in await rows(engine, "person_skill", "person_id", "skill")]
    assert sorted(skills) == ["driving", "electric"]
    [(role, phase, batch)] = await rows(engine, "appointment", "role", "phase", "batch_id")
    assert (role, phase, batch) == ("leader", "running", None)
    assert await desk.exported(PEOPLE) == [
        [*HEADINGS],
        ["A1", "孙奶奶", "13800000001", "b1", "1-101", "中文", "", "", "", "", "", "开车接送、水电维修"],
        ["A2", "李组长", "", "b2", "", "中文", "77", "组长", "b2", "2026-01-01", "2026-12-31", ""],
    ]


async def test_the_same_sheet_once_more_changes_nothing(desk: Desk, engine: Engine) -> None:
    await desk.brings(PEOPLE, (HEADINGS, SUN, LI))
    before = await state(engine)
    for kind, sheet in ((PEOPLE, (HEADINGS, SUN, LI)), (UNITS, TREE)):
        report = await desk.brings(kind, sheet)
        assert (report.added, report.changed, report.problems) == (0, 0, 0)
    assert differences(before, await state(engine)) == {}


async def test_a_correction_changes_what_it_says_and_an_empty_cell_nothing(
    desk: Desk, engine: Engine
) -> None:
    await desk.brings(PEOPLE, (HEADINGS, SUN, LI))
    corrected = person(编号="A1", 姓名="孙桂英", 楼栋代码="b2", 房号="2-202", 技能="开车接送", 职务="党员")
    longer = person(编号="A2", 姓名="李组长", 职务="组长", 任职单位代码="b2", 任期止="2027-12-31")
    report = await desk.brings(PEOPLE, (HEADINGS, corrected, longer))
    assert (report.added, report.changed, report.problems) == (0, 2, 0)
    assert (await desk.exported(PEOPLE))[1:] == [
        [
            "A1",
            "孙桂英",
            "13800000001",
            "b2",
            "2-202",
            "中文",
            "",
            "党员",
            "b2",
            "2026-03-02",
            "",
            "开车接送",
        ],
        ["A2", "李组长", "", "b2", "", "中文", "77", "组长", "b2", "2026-01-01", "2027-12-31", ""],
    ]
    assert (await desk.brings(UNITS, (TREE[0], ("b1", "building", "一号楼", "c", "白楼")))).changed == 1
    assert (await desk.exported(UNITS))[3] == ["b1", "楼栋", "一号楼", "", "c", "白楼", "", ""]


async def test_a_second_role_stands_in_a_row_of_its_own(desk: Desk, engine: Engine) -> None:
    first = person(编号="A1", 姓名="孙", 楼栋代码="b1", 职务="党员", 任期起="2026-01-01")
    second = person(编号="A1", 姓名="孙", 楼栋代码="b1", 职务="组长", 任期起="2026-01-01")
    report = await desk.brings(PEOPLE, (HEADINGS, first, second))
    assert (report.added, report.problems) == (1, 0)
    assert await count(engine, "appointment") == 2
    again = await desk.brings(PEOPLE, (HEADINGS, first, second))
    assert (again.added, again.changed) == (0, 0)


async def test_who_came_alone_is_known_again_by_their_telegram_account(
    desk: Desk, store: Store, engine: Engine, now: datetime
) -> None:
    await store.perform(GiveConsent(77, "Li", "zh"), Who(77, "Li"), now=now)
    report = await desk.brings(PEOPLE, (HEADINGS, LI))
    assert (report.added, report.changed) == (0, 1)
    assert await rows(engine, "person", "number", "name", "consent_version") == [("A2", "李组长", 1)]


@pytest.mark.parametrize(
    "who",
    [
        {"Telegram号": "91"},
        {"电话": "13800000009"},
        {"楼栋代码": "b1", "房号": "9-901"},
        {"楼栋代码": "红楼"},
    ],
)
async def test_without_a_number_people_are_known_again_by_what_there_is(
    desk: Desk, who: dict[str, str]
) -> None:
    sheet = (HEADINGS, person(姓名="周大妈", **who))
    assert (await desk.brings(PEOPLE, sheet)).added == 1
    again = await desk.brings(PEOPLE, sheet)
    assert (again.added, again.changed, again.problems) == (0, 0, 0)


# --- mistakes -----------------------------------------------------------------------------------------------------------


TREE_MISTAKES: tuple[tuple[tuple[tuple[str, ...], ...], list[tuple[int, str, str]]], ...] = (
    ((("b1", "building", "x", "c"), ("n", "grid", "y", "n")), [(3, "parent", "circle")]),
    (
        (("p", "grid", "甲", "r"), ("q", "grid", "乙", "p"), ("r", "grid", "丙", "q")),
        [(2, "parent", "circle"), (3, "parent", "circle"), (4, "parent", "circle")],
    ),
    ((("n", "grid", "甲", "c"), ("n", "grid", "乙", "c")), [(3, "code", "duplicate")]),
    ((("n", "grid", "甲", "c"), ("m", "grid", "甲", "c")), [(3, "name", "sibling")]),
    ((("n", "building", "1号楼", "c"),), [(2, "name", "sibling")]),
    ((("n", "street", "安民街道", ""),), [(2, "name", "sibling")]),
    ((("n", "grid", "甲", "nowhere"),), [(2, "parent", "parent_unknown")]),
    ((("b1", "building", "1号楼", "street"),), [(2, "parent", "moved")]),
    ((("", "castle", "", "c"),), [(2, "code", "empty"), (2, "kind", "kind_unknown"), (2, "name", "empty")]),
    (
        (("a b", "grid", "x", "c"), ("楼", "grid", "y", "c"), ("x" * 61, "grid", "z", "c")),
        [(2, "code", "code_wrong"), (3, "code", "code_wrong"), (4, "code", "code_wrong")],
    ),
    ((("n", "grid", "长" * 65, "c"),), [(2, "name", "too_long")]),
    ((("n", "grid", "a\x01b", "c"),), [(2, "name", "control")]),
)


async def test_a_mistake_in_the_tree_is_named_and_nothing_is_written(desk: Desk, engine: Engine) -> None:
    before = await state(engine)
    for sheet, found in TREE_MISTAKES:
        assert await desk.mistakes(UNITS, ("code", "kind", "name", "parent"), *sheet) == found, sheet
    assert differences(before, await state(engine)) == {}


async def test_a_unit_that_was_closed_is_neither_changed_nor_built_on(desk: Desk, engine: Engine) -> None:
    await say(engine, "UPDATE unit SET closed_at = 1 WHERE code = 'b2'")
    sheet = (("code", "kind", "name", "parent"), ("b2", "building", "2号楼", "c"), ("n", "grid", "甲", "b2"))
    assert await desk.mistakes(UNITS, *sheet) == [(2, "code", "closed"), (3, "parent", "parent_unknown")]
    assert await desk.mistakes(PEOPLE, HEADINGS, person(姓名="孙", 楼栋代码="b2")) == [
        (2, "unit", "unit_unknown")
    ]


PERSON_MISTAKES: tuple[tuple[dict[str, str], list[tuple[str, str]]], ...] = (
    ({"楼栋代码": "b9"}, [("unit", "unit_unknown")]),
    ({"楼栋代码": "c"}, [("unit", "unit_without_homes")]),
    ({"姓名": ""}, [("name", "empty")]),
    ({"楼栋代码": "", "编号": ""}, [("number", "no_identity")]),
    ({"楼栋代码": "", "房号": "1-101"}, [("flat", "flat_alone")]),
    ({"电话": "1.38E+10"}, [("phone", "digits_lost")]),
    ({"电话": "12"}, [("phone", "phone_wrong")]),
    ({"Telegram号": "@li"}, [("telegram_id", "telegram_wrong")]),
    ({"Telegram号": "1.2e9"}, [("telegram_id", "digits_lost")]),
    ({"语言": "法语"}, [("language", "language_unknown")]),
    ({"职务": "国王"}, [("role", "role_unknown")]),
    ({"职务": "管理员"}, [("role", "role_admin")]),
    ({"任期起": "2026-01-01"}, [("role", "role_missing")]),
    ({"职务": "组长", "楼栋代码": ""}, [("role_unit", "role_unit_missing")]),
    ({"职务": "组长", "任职单位代码": "b9"}, [("role_unit", "unit_unknown")]),
    ({"职务": "组长", "任期起": "明年"}, [("from", "date_wrong")]),
    ({"职务": "组长", "任期起": "2026-02-30"}, [("from", "date_wrong")]),
    ({"职务": "组长", "任期起": "2026-02-02", "任期止": "2026-02-01"}, [("until", "dates_crossed")]),
    ({"技能": "、".join(map(str, range(21)))}, [("skills", "too_many")]),
    ({"技能": "开车接送、算命"}, [("skills", "skill_unknown")]),
    ({"房号": "长" * 41}, [("flat", "too_long")]),
    ({"Telegram号": "77"}, [("telegram_id", "telegram_taken")]),
    (
        {"电话": "1", "楼栋代码": "b9", "职务": "国王"},
        [("role", "role_unknown"), ("phone", "phone_wrong"), ("unit", "unit_unknown")],
    ),
)


async def test_a_mistake_about_a_person_is_named_and_nothing_is_written(desk: Desk, engine: Engine) -> None:
    await desk.brings(PEOPLE, (HEADINGS, LI))
    before = await state(engine)
    for cells, found in PERSON_MISTAKES:
        row = person(**{"编号": "N1", "姓名": "孙", "楼栋代码": "b1", **cells})
        assert await desk.mistakes(PEOPLE, HEADINGS, row) == [(2, *one) for one in found], cells
    assert differences(before, await state(engine)) == {}


async def test_two_rows_cannot_be_one_person_nor_have_one_account(desk: Desk) -> None:
    one = person(编号="N1", 姓名="甲", 楼栋代码="b1", Telegram号="5")
    other = person(编号="N2", 姓名="乙", 楼栋代码="b1", Telegram号="5")
    third = person(编号="N3", 姓名="丙", 楼栋代码="b1", Telegram号="5")
    assert await desk.mistakes(PEOPLE, HEADINGS, one, other, third) == [
        (3, "telegram_id", "telegram_twice"),
        (4, "telegram_id", "telegram_twice"),
    ]
    assert await desk.mistakes(PEOPLE, HEADINGS, one, person(编号="N1", 姓名="乙", 楼栋代码="b1")) == [
        (3, "number", "duplicate")
    ]


async def test_an_account_is_neither_changed_nor_taken_over(desk: Desk) -> None:
    await desk.brings(PEOPLE, (HEADINGS, LI, SUN))
    other = person(编号="A2", 姓名="李组长", Telegram号="78")
    assert await desk.mistakes(PEOPLE, HEADINGS, other) == [(2, "telegram_id", "telegram_other")]


async def test_a_name_that_means_several_places_or_people_is_not_guessed(desk: Desk, engine: Engine) -> None:
    more = (TREE[0], ("c2", "community", "和平社区", "street", ""), ("c2-1", "building", "1号楼", "c2", ""))
    assert (await desk.brings(UNITS, more)).problems == 0
    assert await desk.mistakes(PEOPLE, HEADINGS, person(编号="N", 姓名="孙", 楼栋代码="1号楼")) == [
        (2, "unit", "unit_unclear")
    ]
    twins = [person(编号=number, 姓名="王", 电话="13800000003", 楼栋代码="b1") for number in ("T1", "T2")]
    await desk.brings(PEOPLE, (HEADINGS, *twins))
    assert await desk.mistakes(PEOPLE, HEADINGS, person(姓名="王", 电话="13800000003")) == [
        (2, "name", "person_unclear")
    ]


async def test_the_number_of_somebody_who_was_merged_or_erased_cannot_be_used(
    desk: Desk, engine: Engine
) -> None:
    await desk.brings(PEOPLE, (HEADINGS, SUN))
    await say(engine, "UPDATE person SET erased_at = 1")
    assert await desk.mistakes(PEOPLE, HEADINGS, SUN) == [(2, "number", "number_taken")]
    assert len(await desk.exported(PEOPLE)) == 1


async def test_all_mistakes_are_counted_and_two_hundred_listed(desk: Desk) -> None:
    report = await desk.brings(PEOPLE, (HEADINGS, *[person(编号=n, 姓名="") for n in range(700)]))
    assert (report.problems, len(report.listed), report.listed[0].line) == (700, 200, 2)


async def test_more_rows_than_the_setting_allows_are_refused(
    store: Store, tmp_path: Path, now: datetime, engine: Engine
) -> None:
    desk = Desk(store, tmp_path, now, most_rows=3)
    with pytest.raises(Refused, match=r"import\.too_many_rows"):
        await desk.founds()
    assert await count(engine, "unit") == await count(engine, "import_row") == 0
    assert await store.imports.waiting() is None


# --- at once, or not at all ---------------------------------------------------------------------------------------------


def many(number: int) -> tuple[tuple[object, ...], ...]:
    return (
        HEADINGS,
        *(person(编号=f"M{n}", 姓名=f"人{n}", 楼栋代码="b1", 房号=str(n)) for n in range(number)),
    )


class Cut(Exception):
    """The process ends here."""


@pytest.fixture
def cutting(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``cutting(step, at)``: the ``at``-th call of that step of an import is where the process is killed."""

    def cut(step: str, at: int) -> None:
        usual, calls = getattr(Imports, step), iter(range(1, 1000))

        async def cutting(self: Imports, *args: Any, **kwargs: Any) -> Any:
            if next(calls) == at:
                raise Cut
            return await usual(self, *args, **kwargs)

        monkeypatch.setattr(Imports, step, cutting)
        # A killed process neither drops what it was at nor gives its lease up.
        monkeypatch.setattr(Imports, "drop", _dies)
        monkeypatch.setattr(Imports, "keep_lease", _dies)

    return cut


async def _dies(self: Imports, *args: Any, **kwargs: Any) -> None:
    raise Cut


@pytest.mark.parametrize(
    ("step", "at", "people"),
    [("stage", 2, 0), ("confirm", 1, 0), ("bring_in", 2, 0), ("flip", 1, 0), ("settle", 2, 600)],
)  # fmt: skip
async def test_a_kill_anywhere_leaves_nothing_or_everything(
    step: str,
    at: int,
    people: int,
    desk: Desk,
    store: Store,
    engine: Engine,
    cutting: Any,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> None:
    before = await state(engine)
    cutting(step, at)
    with pytest.raises(Cut):
        await desk.brings(PEOPLE, many(600))
    monkeypatch.undo()
    desk = Desk(store, desk.folder, now)
    visible = len(await desk.exported(PEOPLE)) - 1
    assert visible == people
    # While the lease of the dead lasts, nobody touches what it was at.
    assert await sweep_imports(store, now) == 0
    with pytest.raises(Refused, match=r"import\.busy"):
        await desk.brings(PEOPLE, many(1))
    desk.now = now + timedelta(minutes=2)
    left = await store.imports.waiting()
    assert await sweep_imports(store, desk.now) == (left is not None)
    assert await store.imports.waiting() is None
    assert await count(engine, "import_row") == 0
    assert len(await desk.exported(PEOPLE)) - 1 == people
    if people:
        assert await count(engine, "person", "batch_id IS NOT NULL") == 0
    else:
        after = await state(engine)
        after["person"] = [row for row in after["person"] if "人" in row]
        assert differences(before, after) == {}
    # And the same sheet finds its way as if nothing had been.
    report = await desk.brings(PEOPLE, many(600))
    assert (report.added, report.problems) == (600 - people, 0)


async def test_nobody_sees_a_row_before_all_are_there(desk: Desk, store: Store, engine: Engine) -> None:
    seen: list[tuple[int, int]] = []
    bring, flip = Imports.bring_in, Imports.flip
    tree = (TREE[0], *((f"x{n}", "building", f"x{n}", "c", f"alias{n}") for n in range(700)))
    community = await store.unit_by_code("c") or 0

    async def looking() -> None:
        level = await store.read(UnitChildren(community), Who(1), now=desk.now)
        by_code = await store.unit_by_code("x5")
        seen.append((len(level.rows), by_code or 0))

    class Watched(Imports):
        async def bring_in(self, *args: Any, **kwargs: Any) -> Any:
            found = await bring(self, *args, **kwargs)
            await looking()
            return found

        async def flip(self, *args: Any, **kwargs: Any) -> None:
            await flip(self, *args, **kwargs)
            await looking()

    desk.importer._imports.__class__ = Watched
    report = await desk.brings(UNITS, tree)
    assert report.added == 700
    assert len(seen) == 3  # two portions, and the moment when all is there
    assert set(seen[:-1]) == {(2, 0)}
    assert seen[-1][0] == LEVEL_ROWS
    assert seen[-1][1]


async def test_portions_brought_in_side_by_side_share_homes_and_are_all_counted(
    desk: Desk, engine: Engine
) -> None:
    here = range(PORTION)
    both_ways = [*here, *reversed(here)]
    people = (
        person(编号=f"S{n}", 姓名=f"人{n}", 楼栋代码="b1", 房号=f"{flat % 50}")
        for n, flat in enumerate(both_ways)
    )
    report = await desk.brings(PEOPLE, (HEADINGS, *people))
    assert (report.added, report.problems) == (len(both_ways), 0)
    assert len({flat for (flat,) in await rows(engine, "household", "flat")}) == 50
    assert await count(engine, "household") == 50
    assert await count(engine, "person", "household_id IS NOT NULL") == len(both_ways)
    [(_, done)] = [row for row in await rows(engine, "import_batch", "kind", "done") if row[0] == "people"]
    assert done == len(both_ways)


async def test_a_unit_that_is_still_coming_is_nobodys_home(desk: Desk, store: Store, engine: Engine) -> None:
    now = desk.now
    await store.perform(GiveConsent(5, "兰", "zh"), Who(5), now=now)
    outcomes = []
    flip = Imports.flip

    class Watched(Imports):
        async def flip(self, *args: Any, **kwargs: Any) -> None:
            [(unit_id,)] = await rows(engine, "unit", "id", where="code = 'x1'")
            outcomes.append(await store.perform(ChooseHome(unit_id), Who(5), now=now))
            await flip(self, *args, **kwargs)
            outcomes.append(await store.perform(ChooseHome(unit_id), Who(5), now=now))

    desk.importer._imports.__class__ = Watched
    await desk.brings(UNITS, (TREE[0], ("x1", "building", "x1", "c", "")))
    early, late = outcomes
    assert isinstance(early, Refusal)
    assert isinstance(late, Done)


async def test_somebody_who_arrives_during_the_import_keeps_their_account(
    desk: Desk, store: Store, engine: Engine
) -> None:
    flip = Imports.flip

    class Watched(Imports):
        async def flip(self, *args: Any, **kwargs: Any) -> None:
            outcome = await store.perform(GiveConsent(77, "Li", "zh"), Who(77), now=desk.now)
            assert isinstance(outcome, Done)
            await flip(self, *args, **kwargs)

    desk.importer._imports.__class__ = Watched
    assert (await desk.brings(PEOPLE, (HEADINGS, LI))).problems == 0
    assert await rows(engine, "person", "name", "telegram_id") == [("Li", 77), ("李组长", None)]


async def test_a_number_entered_meanwhile_undoes_the_import(desk: Desk, store: Store, engine: Engine) -> None:
    confirm = Imports.confirm

    class Watched(Imports):
        async def confirm(self, *args: Any, **kwargs: Any) -> None:
            await confirm(self, *args, **kwargs)
            await say(
                engine,
                "INSERT INTO person (id, version, name, language, number) VALUES (9999, 1, 'x', 'zh', 'M7')",
            )

    desk.importer._imports.__class__ = Watched
    with pytest.raises(Refused, match=r"import\.clash"):
        await desk.brings(PEOPLE, many(20))
    assert [row[1] for row in await desk.exported(PEOPLE)] == ["姓名", "x"]
    assert await store.imports.waiting() is None


async def test_a_portion_that_a_failing_server_has_lost_undoes_the_import(
    desk: Desk, store: Store, engine: Engine
) -> None:
    usual = Imports.bring_in
    lost: list[int] = []

    class Watched(Imports):
        async def bring_in(self, batch: ImportBatch, lines: Lines) -> int:
            if lost:
                return await usual(self, batch, lines)
            # It was said to be committed, and the server came back without it.
            lost.append(PEOPLE_TOGETHER)
            return PEOPLE_TOGETHER

    desk.importer._imports.__class__ = Watched
    with pytest.raises(Refused, match=r"import\.not_whole"):
        await desk.brings(PEOPLE, many(3 * PEOPLE_TOGETHER))
    assert lost
    assert await count(engine, "person", "name <> ''") == 0
    assert await desk.exported(PEOPLE) == [[*HEADINGS]]
    assert await store.imports.waiting() is None


async def test_an_import_waits_for_the_clock_that_looks_at_imports_just_then(
    desk: Desk, store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, looked = asyncio.Event(), asyncio.Event()
    usual = Imports.sweep

    async def slow(self: Imports, *, now: datetime) -> int:
        looking.set()
        await looked.wait()
        return await usual(self, now=now)

    await store.imports.begin(PEOPLE, now=desk.now - timedelta(hours=2))
    with monkeypatch.context() as context:
        context.setattr(Imports, "sweep", slow)
        clock = asyncio.create_task(sweep_imports(store, desk.now))
        await looking.wait()
    bringing = asyncio.create_task(desk.brings(PEOPLE, (HEADINGS, SUN)))
    await asyncio.sleep(0)
    looked.set()
    assert (await bringing).added == 1
    assert await clock == 1
    assert await store.imports.waiting() is None


async def test_many_changes_follow_in_portions_and_survive_a_kill(
    desk: Desk, store: Store, engine: Engine, now: datetime, cutting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = MOST_IN_FLIP + 200
    await desk.brings(PEOPLE, many(number))
    renamed = (HEADINGS, *(person(编号=f"M{n}", 姓名=f"新{n}") for n in range(number)))
    cutting("settle", 3)
    with pytest.raises(Cut):
        await desk.brings(PEOPLE, renamed)
    monkeypatch.undo()
    assert await count(engine, "person", "name LIKE '新%'") == 2 * PEOPLE_TOGETHER
    assert await sweep_imports(store, now + timedelta(minutes=2)) == 1
    assert await count(engine, "person", "name LIKE '新%'") == number
    assert await count(engine, "person", "version = 2") == number


async def test_a_dropped_import_writes_nothing_more(desk: Desk, store: Store, now: datetime) -> None:
    batch_id = await store.imports.begin(PEOPLE, now=now)
    await store.imports.drop(batch_id, now=now)
    with pytest.raises(ImportEndedError):
        await store.imports.staging(batch_id, PEOPLE, now=now)
    await store.imports.end(batch_id, now=now)
    assert (await store.imports.batch(batch_id)).state is ImportState.DROPPED


async def test_of_two_imports_at_once_one_is_refused(
    desk: Desk, store: Store, tmp_path: Path, now: datetime
) -> None:
    other = Desk(store, tmp_path, now)
    path = desk.file(many(600))
    outcomes = await asyncio.gather(
        desk.importer.carry_out(path, kind=PEOPLE, dry_run=False),
        other.importer.carry_out(path, kind=PEOPLE, dry_run=False),
        desk.importer.carry_out(path, kind=PEOPLE, dry_run=False),
        return_exceptions=True,
    )
    refused = [found for found in outcomes if isinstance(found, Refused)]
    assert [found.key for found in refused] == ["import.busy"] * 2
    assert len(await desk.exported(PEOPLE)) == 601


async def test_an_export_of_everything_is_the_command_lines_alone(desk: Desk, store: Store) -> None:
    with pytest.raises(Refused, match=NOT_FOUND):
        await store.read(ExportRows(PEOPLE, 0), Who(77), now=desk.now)
