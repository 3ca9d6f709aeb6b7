"""A sheet sent into the chat: checked, told with its mistakes, confirmed, and everybody is there; and out again."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from openpyxl import Workbook, load_workbook

from domain.base import Role
from tests.support.databases import on_sqlite
from tests.support.dump import count, rows
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite

HEADINGS = ("编号", "姓名", "电话", "楼栋代码", "房号", "职务", "备注")
GOOD = (
    ("A1", "孙奶奶", "13800000001", "b1", "1-101", "", ""),
    ("A2", "钱大爷", "13800000002", "1号楼", "1-102", "党员", "老党员"),
)
BAD = (
    ("A1", "孙奶奶", "1.38E+10", "b1", "1-101", "", ""),
    ("A1", "", "13800000002", "b9", "1-102", "国王", ""),
)


def book(*lines: tuple[str, ...], headings: tuple[str, ...] = HEADINGS) -> bytes:
    made = Workbook(write_only=True)
    sheet = made.create_sheet("花名册")
    for line in (headings, *lines):
        sheet.append(line)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


@pytest.fixture
async def zhou(program: Program) -> Player:
    """The admin of the whole street."""
    player = program.person("周立新", user_id=1090, started=True)
    await program.settles(player, role=Role.ADMIN, at="street")
    player.listens()
    return player


async def send(player: Player, content: bytes, name: str = "花名册.xlsx") -> None:
    await player.does(player.sends_document(content, name=name, mime="application/octet-stream"))


def sheet_of(program: Program, player: Player) -> list[tuple[object, ...]]:
    """The rows of the newest sheet that the bot has sent to somebody."""
    for message in reversed(player.messages):
        document = message.get("document") if message.from_bot else None
        if document:
            content = program.sandbox.world.file_bytes(document["file_id"])
            found = load_workbook(io.BytesIO(content)).worksheets[0]
            return [tuple(cell.value for cell in row) for row in found.iter_rows()]
    raise AssertionError(f"{player!r} has no sheet")


async def test_a_sheet_is_checked_confirmed_and_its_people_are_there_all_at_once(
    program: Program, zhou: Player
) -> None:
    await send(zhou, book(*GOOD))
    zhou.reads("import.checked", "花名册.xlsx", "新增 2")
    zhou.reads("import.ignored", "备注")
    engine = program.store._engine
    assert await count(engine, "person", "number IS NOT NULL") == 0
    await zhou.presses("import.confirm")
    zhou.reads("import.live", "新增 2")
    assert await rows(
        engine, "person", "number", "name", "phone", "batch_id", where="number IS NOT NULL"
    ) == [
        ("A1", "孙奶奶", "13800000001", None),
        ("A2", "钱大爷", "13800000002", None),
    ]
    assert await count(engine, "import_row") == 0
    await send(zhou, book(*GOOD))
    zhou.reads("import.nothing_new")
    assert not zhou.offers("import.confirm")
    await zhou.presses("import.cancel")
    zhou.reads("import.dropped")


async def test_mistakes_come_back_in_words_and_beside_their_rows_and_nothing_is_written(
    program: Program, zhou: Player
) -> None:
    await send(zhou, book(*BAD))
    zhou.reads("import.faulty", "4")
    said = zhou.reads("import.mistakes").text
    for words in ("第 2 行「电话」", "丢了后几位", "第 3 行「姓名」", "第 3 行「楼栋代码」", "国王"):
        assert words in said
    header, first, second = sheet_of(program, zhou)
    assert header[:3] == ("问题", "编号", "姓名")
    assert "丢了后几位" in str(first[0])
    assert "不是职务" in str(second[0])
    assert second[4] == "b9"
    assert await count(program.store._engine, "person", "number IS NOT NULL") == 0
    assert await count(program.store._engine, "import_row") == 0


@pytest.mark.parametrize(
    ("content", "name", "key"),
    [
        (b"no sheet \0 at all", "a.xlsx", "import.not_a_sheet"),
        (b"PK\x03\x04 cut off", "a.xlsx", "import.not_a_sheet"),
        ("姓名,电话\n孙奶奶,1\n".encode(), "a.csv", "import.columns_missing"),
        (b"a,b\n1,2\n", "a.csv", "import.no_header"),
        (book(), "a.xlsx", "import.no_rows"),
    ],
)
async def test_a_file_that_is_no_such_sheet_is_explained(
    program: Program, zhou: Player, content: bytes, name: str, key: str
) -> None:
    await send(zhou, content, name)
    zhou.reads(key)
    zhou.reads("import.dropped")


async def test_one_import_at_a_time_and_ones_own_waiting_one_makes_way(
    program: Program, zhou: Player
) -> None:
    await send(zhou, book(*GOOD))
    other = program.person("吴敏", user_id=1091, started=True)
    await program.settles(other, role=Role.ADMIN, at="street")
    other.listens()
    await send(other, book(*GOOD))
    other.reads("import.busy")
    await send(zhou, book(GOOD[0]))
    zhou.reads("import.checked", "新增 1")
    await zhou.presses("import.confirm")
    zhou.reads("import.live", "新增 1")
    await send(other, book(*GOOD))
    other.reads("import.checked", "新增 1")


async def test_whoever_may_not_import_sends_an_ordinary_file(program: Program) -> None:
    await send(program.zhao, book(*GOOD))
    assert await count(program.store._engine, "import_batch") == 0
    assert await count(program.store._engine, "draft") == 1


async def test_a_forged_yes_to_somebody_elses_import_is_not_found(program: Program, zhou: Player) -> None:
    await send(zhou, book(*GOOD))
    [(batch_id, _)] = await rows(program.store._engine, "import_batch", "id", "state")
    other = program.person("吴敏", user_id=1091, started=True)
    await program.settles(other, role=Role.ADMIN, at="street")
    for player in (other, program.zhao, program.lan):
        for verb in ("confirm", "cancel"):
            await player.forged(f"import.{verb}:{batch_id}")
            player.reads("refused.not_found")
    assert await rows(program.store._engine, "import_batch", "id", "state") == [(batch_id, "checked")]


async def test_an_unconfirmed_import_is_let_go_after_an_hour(program: Program, zhou: Player) -> None:
    await send(zhou, book(*GOOD))
    assert await program.ticks("imports") == 0
    program.clock.move(timedelta(hours=1, minutes=1))
    assert await program.ticks("imports") == 1
    zhou.reads("import.dropped")
    assert await count(program.store._engine, "import_row") == 0


async def test_a_checked_import_survives_a_restart_and_a_half_read_one_is_let_go(
    program: Program, zhou: Player
) -> None:
    await send(zhou, book(*GOOD))
    await program.kills()
    await program.starts()
    await zhou.presses("import.confirm")
    zhou.reads("import.live", "新增 2")


async def test_an_admin_of_one_community_reaches_no_other(program: Program) -> None:
    here = program.person("社区管理员", user_id=1092, started=True)
    await program.settles(here, role=Role.ADMIN, at="b1", home="b1")
    here.listens()
    elsewhere = ("A1", "孙奶奶", "13800000001", "b2", "1-101", "", "")
    await send(here, book(elsewhere))
    assert "没有 b2 这个单位" in here.reads("import.mistakes").text


async def test_nobody_gives_themselves_a_role_by_a_sheet(program: Program, zhou: Player) -> None:
    sheet = "姓名,Telegram号,楼栋代码,职务,任职单位代码\n周立新,1090,b1,书记,community\n"
    await send(zhou, sheet.encode(), "a.csv")
    assert "不能给自己任职" in zhou.reads("import.mistakes").text


async def test_the_way_in_is_explained_with_empty_sheets(program: Program, zhou: Player) -> None:
    await zhou.forged("import.begin:0")
    zhou.reads("import.how")
    await zhou.presses("import.template:0:people")
    assert sheet_of(program, zhou)[0][:2] == ("编号", "姓名")
    await zhou.presses("import.template:0:units")
    assert sheet_of(program, zhou)[0][:2] == ("代码", "类型")
    await zhou.forged("import.template:0:castles")
    zhou.reads("refused.not_found")
    await program.lan.forged("import.begin:0")
    program.lan.reads("refused.not_found")


async def test_a_secretary_takes_the_people_of_her_own_units_out_and_that_is_written_down(
    program: Program, zhou: Player
) -> None:
    zhao = program.zhao
    await zhao.forged(f"export.people:{program.units['community']}")
    zhao.reads("import.exported", "幸福社区")
    sheet = sheet_of(program, zhao)
    assert sheet[0][1] == "姓名"
    assert {"李桂兰", "Emily", "陈芳"} <= {row[1] for row in sheet[1:]}
    await zhao.forged(f"export.units:{program.units['community']}")
    assert [row[0] for row in sheet_of(program, zhao)[1:]] == ["community", "grid", "b1", "b2"]
    read = await rows(
        program.store._engine, "audit", "id", "subject_id", "unit_id", where="event = 'bulk.read'"
    )
    assert [row[1:] for row in read] == [(program.units["community"], program.units["community"])] * 2


async def test_nobody_exports_what_is_not_theirs(program: Program) -> None:
    for player, unit in ((program.zhao, "street"), (program.chen, "b1"), (program.lan, "b1")):
        for what in ("people", "units"):
            await player.forged(f"export.{what}:{program.units[unit]}")
            player.reads("refused.not_found")
    await program.zhao.forged("export.people:0")
    program.zhao.reads("refused.not_found")
    assert await count(program.store._engine, "audit", "event = 'bulk.read'") == 0
