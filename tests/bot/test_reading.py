"""A long sheet is read in a process of its own: the same rows, the same refusals, and nothing left of it."""

from __future__ import annotations

import io
import os
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped] # psutil brings no types
import pytest
from openpyxl import Workbook

from bot import reading as module
from bot.reading import SHORT, reading
from domain.base import Refused
from domain.sheet_columns import Fault, ImportKind, Problem
from sheets import apart
from sheets.lines import MEGABYTE, Limits
from storage.import_rows import PORTION

HEAD = ["编号", "姓名", "电话", "楼栋代码", "角色"]


def table(rows: int) -> bytes:
    lines = [",".join(HEAD), *(f"R{n},居民{n},138{n:08d},b1,{'组长' if n % 3 else 'x'}" for n in range(rows))]
    return "\n".join(lines).encode()


def workbook() -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(HEAD)
    sheet.append(["R1", "=1+1", "13800000001", "b1", ""])
    sheet.append(["R2", "居民", "13800000002", "b1", ""])
    sheet.merge_cells("B3:C3")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def read(source: bytes | Path, *, short: int, **limits: int) -> tuple[Any, ...]:
    async with reading(source, kind=None, limits=Limits(**limits), short=short) as sheet:
        portions = [portion.rows async for portion in sheet.portions()]
        return sheet.header, portions, sheet.merged


@pytest.mark.parametrize("made", [lambda: table(PORTION + 1), workbook, lambda: table(0)])
async def test_a_process_of_its_own_reads_what_a_thread_reads(made: Any, tmp_path: Path) -> None:
    content = made()
    path = tmp_path / "名册"
    path.write_bytes(content)
    near = await read(content, short=SHORT)
    assert await read(content, short=0) == near
    assert await read(path, short=0) == near
    assert near[0].kind is ImportKind.PEOPLE


async def test_mistakes_and_merged_cells_come_through() -> None:
    _, [rows], merged = await read(workbook(), short=0)
    assert rows[0][1] == [Problem(2, "name", Fault.FORMULA)]
    assert [(problem.line, problem.column, problem.fault) for problem in merged] == [
        (3, "name", Fault.MERGED)
    ]


@pytest.mark.parametrize(
    ("content", "key"),
    [(b"%PDF-1.7 \0", "import.not_a_sheet"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "import.old_workbook")],
)
async def test_what_is_no_sheet_is_refused_by_the_process_too(content: bytes, key: str) -> None:
    with pytest.raises(Refused) as refused:
        await read(content, short=0)
    assert refused.value.key == key


async def test_a_refusal_in_the_midst_keeps_what_it_says() -> None:
    with pytest.raises(Refused) as refused:
        await read(table(PORTION + 2), short=0, most_bytes=MEGABYTE, most_rows=PORTION + 1)
    assert (refused.value.key, refused.value.params) == ("import.too_many_rows", {"most": PORTION + 1})


async def test_nothing_is_left_of_a_process_whose_rows_nobody_wants() -> None:
    started = set(psutil.Process().children())
    async with reading(table(20_000), kind=None, limits=Limits(), short=0) as sheet:
        async with aclosing(sheet.portions()) as portions:
            assert len((await anext(portions)).rows) == PORTION
        [child] = set(psutil.Process().children()) - started
        # It waits with what it has read: nobody has taken it.
        assert child.is_running()
    assert not child.is_running()


async def test_a_process_that_dies_is_told_as_an_error_and_not_as_the_end_of_the_sheet() -> None:
    started = set(psutil.Process().children())

    async def read_and_kill() -> None:
        async with reading(table(20_000), kind=None, limits=Limits(), short=0) as sheet:
            [child] = set(psutil.Process().children()) - started
            child.kill()
            async for portion in sheet.portions():
                assert portion.rows

    with pytest.raises(RuntimeError, match="ended with -9"):
        await read_and_kill()


async def test_a_fault_of_the_reader_is_told_with_its_trace(tmp_path: Path) -> None:
    request = apart.Asked(tmp_path / "never", None, Limits(), 1, 1)
    told = io.BytesIO()
    apart.tell(request, told)
    message = apart.unpacked(told.getvalue()[apart.LENGTH.size :])
    assert isinstance(message, apart.Failed)
    assert "FileNotFoundError" in message.trace


def test_whoever_reads_a_strangers_file_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_TELEGRAM__TOKEN", "1:secret")
    environment = module._environment()
    assert "1:secret" not in environment.values()
    assert environment["PATH"] == os.environ["PATH"]


async def test_a_sheet_that_is_longer_than_any_pipe_goes_both_ways() -> None:
    _, portions, _ = await read(table(30_000), short=0)
    assert sum(map(len, portions)) == 30_000
