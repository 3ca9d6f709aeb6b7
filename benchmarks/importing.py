"""Importing people: rows a second by phase, how memory grows, the longest hold of the writer, and what a reader sees.

`python -m benchmarks.importing [--rows 100000] [--database sqlite|postgres|both]`. Each run is a process of its own on a
fresh database, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any, ClassVar

import psutil  # type: ignore[import-untyped] # psutil brings no types
from sqlalchemy import Connection, func, select

from benchmarks.scene import _in_thread, _say, _server
from bot.collector import look_rarely
from bot.importer import Importer
from domain.rulebook import Rulebook
from domain.sheet_columns import ImportKind
from sheets.lines import Limits
from storage.database import Location, migrate, open_engine
from storage.importing import Imports
from storage.imports import there
from storage.schema import person
from storage.unit import Store
from views import sheets
from views.catalogue import Texts

ROWS = 100_000
BUILDINGS = 200
HEADINGS = sheets.headings(ImportKind.PEOPLE, chinese=True)
MEBIBYTE = 1024 * 1024
BEGUN = "begun"
"""What a measured process says when the import begins."""


def people(rows: int) -> Iterator[list[str]]:
    """Neighbours, one in ten with a Telegram account, one in fifty with a role, one in seven with skills."""
    for n in range(rows):
        yield [
            f"R{n:07d}", f"居民{n}", f"138{n:08d}", f"b{n % BUILDINGS}", f"{n // BUILDINGS % 30 + 1}-{n % 97}", "中文",
            str(7_000_000_000 + n) if n % 10 == 0 else "", "组长" if n % 50 == 0 else "", "", "", "",
            "水电维修、理发" if n % 7 == 0 else "",
        ]  # fmt: skip


def written(path: Path, rows: int) -> None:
    """The sheet as a file of the kind that its name says."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADINGS, *people(rows)])
        return
    book = sheets.book_of(ImportKind.PEOPLE, title="x", chinese=True)
    book.add(people(rows))
    path.write_bytes(book.content())


class Watched(Imports):
    """The store's own steps, with the moments at which one phase ends and the next begins."""

    moments: ClassVar[dict[str, float]] = {}

    async def confirm(self, *args: Any, **kwargs: Any) -> None:
        self.moments["confirmed"] = perf_counter()
        await super().confirm(*args, **kwargs)

    async def flip(self, *args: Any, **kwargs: Any) -> None:
        self.moments["flip"] = perf_counter()
        await super().flip(*args, **kwargs)
        self.moments["live"] = perf_counter()


async def measure(url: str, path: Path, rows: int) -> str:
    """One import, as a row of the table."""
    location = Location.of(url)
    await migrate(location)
    holds: list[float] = []
    engine = open_engine(
        location, observe=lambda kind, seconds: holds.append(seconds) if kind == "write" else None
    )
    store = Store(engine, rules=Rulebook())
    try:
        limits = Limits(200 * MEBIBYTE, 1_000_000)
        importer = Importer(
            store, now=lambda: datetime.now(UTC), limits=limits, rules=store.rules, texts=Texts.load()
        )
        units = path.with_name("units.csv")
        with units.open("w", encoding="utf-8") as file:
            file.write("代码,类型,名称,上级\nc,社区,社区,\n")
            file.writelines(f"b{n},楼栋,{n}号楼,c\n" for n in range(BUILDINGS))
        await importer.carry_out(units, kind=ImportKind.UNITS, dry_run=False)

        store.imports.__class__ = Watched
        look_rarely()
        seen: set[int] = set()
        done = asyncio.Event()

        async def look() -> None:
            while not done.is_set():
                seen.add(await engine.read(lambda connection: people_there(connection, rows)))
                await asyncio.sleep(0.05)

        looking = asyncio.create_task(look())
        holds.clear()
        print(BEGUN, flush=True)
        cpu, started = process_time(), perf_counter()
        report = await importer.carry_out(path, kind=ImportKind.PEOPLE, dry_run=False)
        ended = perf_counter()
        cpu = process_time() - cpu
        done.set()
        await looking
        assert (report.added, report.problems) == (rows, 0), report
        confirm, flip, live = (Watched.moments[name] for name in ("confirmed", "flip", "live"))
        holds.sort()
        return (
            f"| {store.dialect} | {path.suffix[1:]} | {rows / (live - started):,.0f} | {rows / (ended - started):,.0f} | "
            f"{rows / cpu:,.0f} | "
            f"{rows / (confirm - started):,.0f} | {rows / (flip - confirm):,.0f} | {rows / (ended - live):,.0f} | "
            f"{(live - flip) * 1000:.0f} | {holds[-1] * 1000:.0f} | {holds[int(len(holds) * 0.99)] * 1000:.0f} | "
            f"{' or '.join(f'{n:,}' for n in sorted(seen))} |"
        )
    finally:
        await store.close()


def people_there(connection: Connection, rows: int) -> int:
    """How many of a hundred people from all over the sheet anybody would find: in effect none, or all of them."""
    numbers = [f"R{n * rows // 100:07d}" for n in range(100)]
    counting = select(func.count()).where(person.c.number.in_(numbers), there(person))
    return int(connection.execute(counting).scalar_one())


HEAD = (
    "| database | file | rows/s until all is there | until tidied up | rows/s of processor | read and staged/s | brought in/s | settled/s | flip ms | "
    "longest hold ms | p99 hold ms | of 100 people seen | peak RSS growth MiB |\n|" + "---|" * 13
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.importing", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"people in the sheet (default {ROWS:,})")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--one", nargs=2, metavar=("URL", "FILE"), help=argparse.SUPPRESS)
    return parser.parse_args()


def importings(rows: int = ROWS, database: str = "both") -> None:
    """Print the table: all kinds of databases and files, each in a process of its own."""
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(prefix="linli-bench-") as folder:
        paths = [Path(folder) / f"people.{kind}" for kind in ("csv", "xlsx")]
        for path in paths:
            written(path, rows)
        for number, path in enumerate(paths):
            if database != "postgres":
                _run(f"sqlite:///{folder}/{number}.db", path, rows)
            if database != "sqlite":
                name = f"importing_{number}"
                _in_thread(_say(f"CREATE DATABASE {name}"))
                _run(_server().get_uri(database=name), path, rows)


def main() -> None:
    """Read the arguments and measure."""
    given = _arguments()
    if given.one:
        url, path = given.one
        print(asyncio.run(measure(url, Path(path), given.rows)))
        return
    importings(given.rows, given.database)


def _run(url: str, path: Path, rows: int) -> None:
    """Have one import measured, and weigh its processes from outside: to look for them takes tens of milliseconds."""
    command = [sys.executable, "-m", "benchmarks.importing", "--rows", str(rows), "--one", url, str(path)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running,
        ThreadPoolExecutor(1) as beside,
    ):
        assert running.stdout is not None
        begun = running.stdout.readline().strip() == BEGUN
        told = beside.submit(running.stdout.read)
        process = psutil.Process(running.pid)
        family = [process]
        before = peak = _weight(family) if begun else 0
        for look in count():
            if told.done():
                break
            # To look for processes takes a good part of a core.
            if look % 50 == 0:
                family = _family(process)
            peak = max(peak, _weight(family))
            sleep(0.02)
        print(f"{told.result().rstrip()} {(peak - before) / MEBIBYTE:.0f} |", flush=True)
    if running.returncode:
        raise SystemExit(running.returncode)


def _family(process: psutil.Process) -> list[psutil.Process]:
    """A process and those that it has started."""
    with suppress(psutil.NoSuchProcess):
        return [process, *process.children()]
    return []


def _weight(family: Iterable[psutil.Process]) -> int:
    """Bytes resident of these; one that has come to its end meanwhile weighs nothing."""
    total = 0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


if __name__ == "__main__":
    main()
