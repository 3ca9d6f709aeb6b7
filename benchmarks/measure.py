"""Running contestants against fresh lean servers, in turns, and putting their figures side by side.

Knows processes and medians; what is run is `contestants`', what is answered `lean_server`'s. The rounds are
interleaved, each beginning with another contestant, so that a busy minute of the machine falls on all.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped] # psutil brings no types

from benchmarks.stock import Stock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parent.parent
TOKEN = "1:benchmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A program that polls the Bot API named in its environment and replies once to each update of its stock.

    `command` is called just before it is first run, so that it may prepare what it needs; `environment` is
    added to this process's and to the two variables that say where the Bot API is.
    """

    name: str
    command: Callable[[], Sequence[str | Path]]
    stock: Stock = field(default_factory=Stock)
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds_allowed: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run. `start_seconds` runs from the program's start to its first getUpdates; `cpu_ms` is the processor
    time of the program per update, its start included; the delays are from an update to its reply."""

    per_second: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    start_seconds: float
    rss_mib: float


class RunFailed(Exception):
    """A contestant ended early or did not reply to everything in time; the text holds what it printed."""


async def run(contestant: Contestant) -> Result:
    """One run against a fresh server. Raises `RunFailed`."""
    command = [str(part) for part in contestant.command()]
    async with lean_server(contestant.stock) as (url, server):
        environment = {
            **os.environ,
            "LINLI_TELEGRAM__TOKEN": TOKEN,
            "LINLI_BACKUP__DIRECTORY": "",
            "LINLI_TELEGRAM__BASE_URL": url,
            **contestant.environment,
        }
        with tempfile.TemporaryFile() as output:
            started = time.monotonic()
            async with process(command, environment, output) as program:
                told = await _first_word(server, program, seconds=contestant.seconds_allowed)
                usage = _usage(program.pid) if told else None
            if told is None or usage is None:
                output.seek(0)
                said = output.read().decode("utf-8", "replace")[-2000:]
                raise RunFailed(f"{contestant.name} did not reply to everything\n{said}")
    rss_mib, cpu_seconds = usage
    return Result(
        per_second=told["per_second"],
        cpu_ms=cpu_seconds * 1000 / told["replies"],
        p50_ms=told["p50_ms"],
        p99_ms=told["p99_ms"],
        start_seconds=told["first_poll"] - started,
        rss_mib=rss_mib,
    )


async def compare(contestants: Sequence[Contestant], *, rounds: int) -> dict[str, list[Result]]:
    """`rounds` runs of each, in turns. Who fails is reported once on standard error and left out from then on."""
    results: dict[str, list[Result]] = {contestant.name: [] for contestant in contestants}
    for number in range(rounds):
        first = number % len(contestants)
        for contestant in (*contestants[first:], *contestants[:first]):
            if contestant.name not in results:
                continue
            try:
                results[contestant.name].append(await run(contestant))
            except (RunFailed, OSError) as error:
                print(f"left out: {error}", file=sys.stderr)
                del results[contestant.name]
    return results


def medians(runs: Sequence[Result]) -> Result:
    """Each figure's median by itself."""
    return Result(**{f.name: statistics.median(getattr(run, f.name) for run in runs) for f in fields(Result)})


def table(results: Mapping[str, Sequence[Result]]) -> str:
    """Medians as a Markdown table; ratios are to the first contestant, ranges those of updates per second."""
    rows = [("", "updates/s", "range", "ratio", "cpu ms", "p50 ms", "p99 ms", "start s", "RSS MiB")]
    base: float | None = None
    for name, runs in results.items():
        middle = medians(runs)
        base = base or middle.per_second
        speeds = [run.per_second for run in runs]
        rows.append(
            (
                name,
                f"{middle.per_second:,.0f}",
                f"{min(speeds):,.0f}–{max(speeds):,.0f}",
                f"{middle.per_second / base:.2f}",
                f"{middle.cpu_ms:.2f}",
                f"{middle.p50_ms:,.1f}",
                f"{middle.p99_ms:,.1f}",
                f"{middle.start_seconds:.2f}",
                f"{middle.rss_mib:.0f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [" | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    ruler = "-|-".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], ruler, *lines[1:]))


@asynccontextmanager
async def lean_server(stock: Stock) -> AsyncIterator[tuple[str, asyncio.StreamReader]]:
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.lean_server", *stock.arguments()),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield json.loads(await server.stdout.readline())["url"], server.stdout
    finally:
        server.stdin.close()
        await server.wait()


@asynccontextmanager
async def process(
    command: Sequence[str], environment: Mapping[str, str], output: IO[bytes]
) -> AsyncIterator[asyncio.subprocess.Process]:
    program = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=output, stderr=output
    )
    try:
        yield program
    finally:
        with suppress(ProcessLookupError):
            program.terminate()
        try:
            await asyncio.wait_for(program.wait(), 5)
        except TimeoutError:
            program.kill()
            await program.wait()


async def _first_word(
    server: asyncio.StreamReader, program: asyncio.subprocess.Process, *, seconds: float
) -> dict[str, Any] | None:
    """The server's statistics once all is replied to; None when the program ended or the time is over."""
    line, ended = asyncio.create_task(server.readline()), asyncio.create_task(program.wait())
    done, pending = await asyncio.wait({line, ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.wait({line, ended})
    return json.loads(line.result()) if line in done else None


def _usage(pid: int) -> tuple[float, float] | None:
    """(resident MiB, processor seconds) so far; None when the program is gone."""
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return process.memory_info().rss / 2**20, times.user + times.system
    except psutil.NoSuchProcess:
        return None
