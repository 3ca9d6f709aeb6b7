"""Who is measured, by group. To add one, add a line: a name, a command, an environment, a stock."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.aiogram_venv import python_with_aiogram
from benchmarks.measure import Contestant
from benchmarks.scene import postgres_program, sqlite_program
from benchmarks.stock import Stock


def _module(name: str, *arguments: str) -> Callable[[], Sequence[str | Path]]:
    return lambda: (sys.executable, "-m", f"benchmarks.{name}", *arguments)


def _aiogram() -> Sequence[str | Path]:
    return (python_with_aiogram(), "-m", "benchmarks.echo_aiogram")


_ECHO = Stock(kind="text", count=1500, users=50)
_READS = Stock(kind="text", count=1500, users=50, content="/mine")
_PRESSES = Stock(kind="press", count=1500, users=50, content="task.start:1{n}")
_PACED = Stock(kind="press", count=900, users=500, content="task.start:1{n}", rate=15.0)

GROUPS: dict[str, tuple[Contestant, ...]] = {
    "echo": (
        *(
            Contestant(
                name=f"python-telegram-bot, {at_once} at once",
                command=_module("echo_ptb", str(at_once)),
                stock=_ECHO,
            )
            for at_once in (1, 2, 16)
        ),
        *(
            Contestant(
                name=f"with Linli's transport, {at_once} at once",
                command=_module("echo_linli_transport", str(at_once)),
                stock=_ECHO,
            )
            for at_once in (1, 2, 16)
        ),
        Contestant(
            name="with Linli's transport, 16 at once, raw sends",
            command=_module("echo_linli_transport", "16", "raw"),
            stock=_ECHO,
        ),
        Contestant(name="aiogram 3", command=_aiogram, stock=_ECHO),
    ),
    "linli": (
        Contestant(
            name="python-telegram-bot's echo, 1 at once", command=_module("echo_ptb", "1"), stock=_ECHO
        ),
        Contestant(
            name="python-telegram-bot's echo, 2 at once", command=_module("echo_ptb", "2"), stock=_ECHO
        ),
        Contestant(name="aiogram 3's echo", command=_aiogram, stock=_ECHO),
        Contestant(name="Linli reads (/mine), SQLite", command=partial(sqlite_program, 50), stock=_READS),
        Contestant(
            name="Linli writes (a press), SQLite", command=partial(sqlite_program, 50), stock=_PRESSES
        ),
        Contestant(
            name="Linli reads (/mine), PostgreSQL", command=partial(postgres_program, 50), stock=_READS
        ),
        Contestant(
            name="Linli writes (a press), PostgreSQL", command=partial(postgres_program, 50), stock=_PRESSES
        ),
    ),
    "paced": (
        Contestant(
            name="Linli writes, 15/s over 500 chats, limits on",
            command=lambda: (*sqlite_program(500), "limits"),
            stock=_PACED,
            seconds_allowed=90,
        ),
    ),
}
