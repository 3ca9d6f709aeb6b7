"""Who is measured, by group. To add one, add a line: a name, a command, an environment, a stock."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.aiogram_venv import python_with_aiogram
from benchmarks.measure import Contestant
from benchmarks.stock import Stock


def _module(name: str, *arguments: str) -> Callable[[], Sequence[str | Path]]:
    return lambda: (sys.executable, "-m", f"benchmarks.{name}", *arguments)


def _aiogram() -> Sequence[str | Path]:
    return (python_with_aiogram(), "-m", "benchmarks.echo_aiogram")


_ECHO = Stock(kind="text", count=1500, users=50)

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
}
