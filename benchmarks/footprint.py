"""What Linli takes: seconds to ready, resident memory idle and after ten thousand updates, database bytes a request.

Runs the program as it is against the lean server; half of the updates read, half are presses that change something.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import psutil  # type: ignore[import-untyped] # psutil brings no types

from benchmarks import measure
from benchmarks.scene import NOW, fill, sqlite_program
from benchmarks.stock import FIRST_USER, Stock
from domain.base import Content
from domain.requests import RaiseRequest
from domain.rulebook import Rulebook
from storage.database import Location, open_engine
from storage.unit import Done, Store, Who

UPDATES = 11_000
FIRST = 1_000
USERS = 50
STARTS = 7
REQUESTS = 1_000


@dataclass(frozen=True, slots=True)
class Footprint:
    """Seconds from the command to the first poll, one for each start; MiB resident, of the last of them."""

    ready_seconds: tuple[float, ...]
    idle_mib: float
    first_mib: float
    last_mib: float


def _updates() -> Iterator[dict[str, Any]]:
    texts = Stock(kind="text", count=UPDATES // 2, users=USERS, content="/mine").updates()
    presses = Stock(kind="press", count=UPDATES // 2, users=USERS, content="task.start:1{n}").updates()
    for pair in zip(texts, presses, strict=True):
        for _, body in pair:
            update = json.loads(body)
            del update["update_id"]
            yield update


async def footprint() -> Footprint:
    """A few starts, idle for two seconds after the first poll; then one more and all updates as fast as they are taken."""
    starts = [
        await _run(Stock(kind="text", count=1, users=1, content="/mine"), marks=()) for _ in range(STARTS)
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for update in _updates():
            file.write(json.dumps(update, ensure_ascii=False) + "\n")
        file.flush()
        busy = await _run(Stock(file=Path(file.name)), marks=(FIRST, UPDATES))
    ready = tuple(sorted(start.ready_seconds[0] for start in starts))
    return replace(busy, ready_seconds=ready, idle_mib=starts[-1].idle_mib)


async def _run(stock: Stock, *, marks: tuple[int, ...]) -> Footprint:
    async with measure.lean_server(stock) as (url, _):
        environment = {
            **os.environ,
            "LINLI_TELEGRAM__TOKEN": measure.TOKEN,
            "LINLI_BACKUP__DIRECTORY": "",
            "LINLI_TELEGRAM__BASE_URL": url,
        }
        command = [str(part) for part in sqlite_program(USERS)]
        started = time.monotonic()
        with tempfile.TemporaryFile() as output:
            async with (
                measure.process(command, environment, output) as program,
                aiohttp.ClientSession() as web,
            ):
                process = psutil.Process(program.pid)
                first = await _until(web, url, lambda said: said["first_poll"] is not None)
                await asyncio.sleep(2)
                idle = _mib(process)
                at: list[float] = []
                for mark in marks:
                    await _until(web, url, lambda said, mark=mark: said["replies"] >= mark)
                    at.append(_mib(process))
    return Footprint((first["first_poll"] - started,), idle, at[0] if at else idle, at[-1] if at else idle)


async def _until(web: aiohttp.ClientSession, url: str, enough: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        async with web.get(f"{url}/stats") as answer:
            said: dict[str, Any] = await answer.json(content_type=None)
        if enough(said):
            return said
        await asyncio.sleep(0.02)
    raise measure.RunFailed("Linli did not get so far in two minutes")


def _mib(process: Any) -> float:
    return float(process.memory_info().rss) / 2**20


async def bytes_per_request() -> float:
    """Bytes the database grows by for each request that is raised, indexes and outbox included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "linli.db"
        location = Location.of(f"sqlite:///{path}")
        await fill(location, USERS)
        store = Store(open_engine(location), rules=Rulebook())
        try:
            before = await _pages(store)
            for number in range(REQUESTS):
                who = Who(FIRST_USER + number % USERS)
                raised = await store.perform(
                    RaiseRequest(
                        "lift", "timely", False, False, (Content("text", "电梯又坏了，老人下不了楼"),)
                    ),
                    who,
                    now=NOW,
                )
                assert isinstance(raised, Done)
            return (await _pages(store) - before) / REQUESTS
        finally:
            await store.close()


async def _pages(store: Store) -> int:
    def size(connection: Any) -> int:
        return int(
            connection.exec_driver_sql("PRAGMA page_count").scalar()
            * connection.exec_driver_sql("PRAGMA page_size").scalar()
        )

    return await store._engine.read(size)


def told(found: Footprint, bytes_each: float) -> str:
    """As lines of Markdown."""
    return "\n".join(
        (
            f"- ready in {median(found.ready_seconds):.2f} s (median of {len(found.ready_seconds)} starts, "
            f"{found.ready_seconds[0]:.2f} to {found.ready_seconds[-1]:.2f})",
            f"- {found.idle_mib:.0f} MiB idle",
            f"- {found.first_mib:.1f} MiB after {FIRST:,} updates, {found.last_mib:.1f} MiB after {UPDATES:,}: "
            f"{found.last_mib - found.first_mib:+.1f} MiB",
            f"- {bytes_each:,.0f} bytes of database for each request",
        )
    )
