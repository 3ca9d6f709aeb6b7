"""A notice to a whole city: how long its recipients take to write down, and who feels it.

`python -m benchmarks.freezing [--recipients 1000000] [--database sqlite|postgres|both]`. The program runs in a process of
its own while people ask it for things in the sandbox; afterwards the handing over of recipients is timed at the
beginning and at the end of the walk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import asyncpg
import psutil  # type: ignore[import-untyped] # psutil brings no types
from sqlalchemy import Connection, delete, select, update

from benchmarks import measure
from benchmarks.broadcast_words import WORDS
from benchmarks.city import FIRST_ACCOUNT, City, Size, build
from benchmarks.held import Held
from benchmarks.scene import _in_thread, _say, _server
from bot.app import App
from bot.settings import load
from domain.notices.shapes import COPY, BeginNotice, ConfirmNotice, NoticeState, SetTime
from domain.rulebook import NoticeRules, Rulebook
from sandbox import Sandbox
from storage.database import Location, migrate, open_engine
from storage.engine import Engine
from storage.schema import audit, outbox
from storage.schema_notices import (
    mailing,
    notice,
    receipt,
    tally,
)
from storage.unit import Done, Store, Who

UNITS = 1_900
"""One community, so that its secretary speaks to everybody."""
ASKERS, EVERY_SECONDS = 50, 0.1
FIRST_ASKER = 1_000
CALM_SECONDS = 6.0
HANDFULS = 30
MEBIBYTE = 1024 * 1024


# --- the program, in a process of its own ---------------------------------------------------------------------------------


async def program() -> list[tuple[float, float]]:
    """Run until told to end; the holds."""
    app = App(load(None, environment=os.environ), store=Held)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(15, app.stop)
    await app.start()
    await app.run()
    assert isinstance(app.store, Held)
    return app.store.holds


# --- the measuring --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Asked:
    """When somebody asked, and when they were answered."""

    chat_id: int
    at: float


async def measured(database: str, url: str, recipients: int, folder: Path) -> str:
    """One notice, as a row of the table."""
    location = Location.of(url)
    await migrate(location)
    engine = open_engine(location)
    size = Size(UNITS, recipients, min(recipients // 20, 50_000))
    begun = time.monotonic()
    try:
        city = await build(engine, size)
        if location.path is None:
            await engine_says(url, "VACUUM ANALYZE")
        print(f"(a city of {recipients:,} in {time.monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)
        starts = datetime.now(UTC) + timedelta(seconds=CALM_SECONDS + 10)
        notice_id = await _planned(engine, city, starts)
        program_says = await _run(engine, url, notice_id, starts, folder)
        handfuls = await _handfuls(engine, notice_id)
    finally:
        await engine.close()
    return f"| {database} | {recipients:,} | {program_says} | {handfuls} |"


async def _planned(engine: Engine, city: City, starts: datetime) -> int:
    rules = replace(Rulebook(), notices=NoticeRules(second_above=10**9))
    store, who, now = Store(engine, rules=rules), Who(city.secretary), datetime.now(UTC)
    begun = await store.perform(BeginNotice(city.community, "zh", WORDS, len(WORDS)), who, now=now)
    assert isinstance(begun, Done), begun
    notice_id = int(begun.result["notice_id"] or 0)
    await store.perform(SetTime(notice_id, starts), who, now=now)
    done = await store.perform(ConfirmNotice(notice_id, 2), who, now=now)
    assert isinstance(done, Done), done
    # The card of who sends it is for nobody in this sandbox.
    await engine.write(lambda connection: connection.execute(delete(outbox)).rowcount)
    return notice_id


async def _run(engine: Engine, url: str, notice_id: int, starts: datetime, folder: Path) -> str:
    """Let the program freeze it while people ask."""
    sandbox = Sandbox(token=measure.TOKEN)
    askers = [
        sandbox.add_person(first_name="居民", user_id=FIRST_ACCOUNT + FIRST_ASKER + number, started=True)
        for number in range(ASKERS)
    ]
    holds = folder / "holds.json"
    environment = {
        **os.environ,
        "LINLI_DATABASE__URL": url,
        "LINLI_TELEGRAM__TOKEN": measure.TOKEN,
        "LINLI_BACKUP__DIRECTORY": "",
        "LINLI_HTTP__LISTEN": "",
        "LINLI_LOG__LEVEL": "warning",
        "LINLI_LIMITS__ENABLED": "false",
    }
    asked: list[Asked] = []
    async with sandbox:
        environment["LINLI_TELEGRAM__BASE_URL"] = sandbox.url
        command = [sys.executable, "-m", "benchmarks.freezing", "--program", str(holds)]
        with tempfile.TemporaryFile() as output:
            async with measure.process(command, environment, output) as process:
                await sandbox.until(
                    lambda: any(call.method == "getUpdates" for call in sandbox.record), timeout=60
                )
                asking = asyncio.create_task(_ask(askers, asked))
                weight = psutil.Process(process.pid)
                await asyncio.sleep(max(0.0, (starts - datetime.now(UTC)).total_seconds() - 0.5))
                before = peak = weight.memory_info().rss
                deadline = time.monotonic() + 600
                while not await engine.read(lambda connection: _is_sending(connection, notice_id)):
                    peak = max(peak, weight.memory_info().rss)
                    await asyncio.sleep(0.05)
                    if time.monotonic() > deadline or process.returncode is not None:
                        output.seek(0)
                        raise measure.RunFailed(output.read().decode("utf-8", "replace")[-2000:])
                peak = max(peak, weight.memory_info().rss)
                asking.cancel()
                with suppress(asyncio.CancelledError):
                    await asking
                await asyncio.sleep(1)
        first, last = await engine.read(lambda connection: _moments(connection, notice_id))
        record = sandbox.record
    answers: dict[int, list[float]] = {}
    for call in record:
        if call.method == "sendMessage" and call.chat_id is not None:
            answers.setdefault(call.chat_id, []).append(call.at)
    longest = max(
        (took for at, took in json.loads(await asyncio.to_thread(holds.read_text)) if first <= at <= last),
        default=0.0,
    )
    return (
        f"{last - first:.2f} | {longest * 1000:.0f} | {_waits(asked, answers, 0.0, first)} | "
        f"{_waits(asked, answers, first, last)} | {(peak - before) / MEBIBYTE:+.0f}"
    )


async def _ask(askers: list[Any], asked: list[Asked]) -> None:
    """One after another, evenly, and each again only after the other forty-nine."""
    begun, number = time.monotonic(), 0
    while True:
        person = askers[number % len(askers)]
        asked.append(Asked(person.user_id, time.time()))
        await person.sends("/mine")
        number += 1
        await asyncio.sleep(max(0.0, begun + number * EVERY_SECONDS - time.monotonic()))


def _waits(asked: list[Asked], answers: dict[int, list[float]], first: float, last: float) -> str:
    """p50 / p99 of the milliseconds to a reply, of those who asked between two moments."""
    took = []
    for one in asked:
        if first <= one.at <= last:
            reply = min((at for at in answers.get(one.chat_id, ()) if at >= one.at), default=None)
            took.append(60_000.0 if reply is None else (reply - one.at) * 1000)
    if len(took) < 2:
        return "–"
    cuts = quantiles(took, n=100, method="inclusive")
    return f"{cuts[49]:,.0f} / {cuts[98]:,.0f}"


def _is_sending(connection: Connection, notice_id: int) -> bool:
    state = connection.execute(select(notice.c.state).where(notice.c.id == notice_id)).scalar_one()
    return state in (NoticeState.SENDING, NoticeState.SENT)


def _moments(connection: Connection, notice_id: int) -> tuple[float, float]:
    """When it was begun, and when the last recipient had been written down."""
    rows = connection.execute(
        select(audit.c.event, audit.c.at).where(
            audit.c.subject_kind == "notice", audit.c.subject_id == notice_id
        )
    )
    at = {row.event: row.at.timestamp() for row in rows}
    return at["notice.begun"], at["notice.frozen"]


async def _handfuls(engine: Engine, notice_id: int) -> str:
    """Milliseconds to hand over a handful at the beginning and at the end, in turns, and their ratio."""
    store = Store(engine, rules=Rulebook())
    walk = await engine.read(lambda connection: connection.execute(select(mailing.c.id)).scalar_one())
    total, last = await engine.read(lambda connection: _extent(connection, notice_id))
    places = {"beginning": 0, "end": last}
    took: dict[str, list[float]] = {place: [] for place in places}
    for number in range(-3, HANDFULS):
        for place, reached in places.items():
            await engine.write(lambda connection, at=reached: _turn_to(connection, walk, at))  # type: ignore[misc] # a lambda of one call
            begun = time.perf_counter()
            step = await store.mailings.walk(walk, now=datetime.now(UTC))
            if number >= 0:
                took[place].append((time.perf_counter() - begun) * 1000)
            assert step.count or place == "beginning", (place, total)
            places[place] = await engine.read(
                lambda connection: connection.execute(select(mailing.c.reached)).scalar_one()
            )
    beginning, end = (median(took[place]) for place in places)
    return f"{beginning:.1f} | {end:.1f} | {end / beginning:.2f}"


def _extent(connection: Connection, notice_id: int) -> tuple[int, int]:
    """How many recipients there are, and behind whom the last handfuls begin."""
    total = connection.execute(select(tally.c.total).where(tally.c.notice_id == notice_id)).scalar_one()
    behind = (
        select(receipt.c.person_id)
        .where(receipt.c.notice_id == notice_id)
        .order_by(receipt.c.person_id.desc())
        .offset(min(100 * (HANDFULS + 4), total // 2))
        .limit(1)
    )
    return total, connection.execute(behind).scalar_one()


def _turn_to(connection: Connection, walk: int, reached: int) -> int:
    connection.execute(delete(outbox).where(outbox.c.kind == COPY))
    return connection.execute(update(mailing).where(mailing.c.id == walk).values(reached=reached)).rowcount


async def engine_says(url: str, statement: str) -> None:
    """A statement that no transaction may hold."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


HEAD = (
    "| database | recipients | s to sending | longest hold ms | reply ms before, p50 / p99 | reply ms during | "
    "more memory MiB | handful ms, first | last | ratio |\n|" + "---|" * 10
)


async def freezings(recipients: int, databases: tuple[str, ...] = ("sqlite", "postgres")) -> None:
    """Print the table as Markdown, row by row."""
    print(HEAD, flush=True)
    for database in databases:
        with tempfile.TemporaryDirectory(prefix="linli-bench-") as folder:
            if database == "sqlite":
                url = f"sqlite:///{folder}/linli.db"
            else:
                name = f"freezing_{int(time.time())}"
                await asyncio.to_thread(_in_thread, _say(f"CREATE DATABASE {name}"))
                url = _server().get_uri(database=name)
            print(await measured(database, url, recipients, Path(folder)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freezing", description=__doc__)
    parser.add_argument("--recipients", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--program", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.program:
        holds = asyncio.run(program())
        given.program.write_text(json.dumps(holds), "utf-8")
        return
    databases = ("sqlite", "postgres") if given.database == "both" else (given.database,)
    asyncio.run(freezings(given.recipients, databases))


if __name__ == "__main__":
    main()
