"""Lives on order: a process that has imported everything once, and makes a child for each order.

An order is one JSON object of environment variables, in a line on standard input. On standard output it is said when a
child ``began``, when it is ``ready`` (by the child itself, if it says so) and with which code it ``ended``.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

BROKEN, LOG = "CRASH_BROKEN", "CRASH_LOG"
"""What every order may say: which build it is, and where its log goes."""

LATE_IMPORTS = (
    "asyncpg",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.ext.asyncio",
    "storage.postgres",
)
MOST_BYTES = 65536
Run = Callable[[Mapping[str, str]], Coroutine[Any, Any, None]]
"""What a child does, with its environment."""


def say(**words: int) -> None:
    """Tell the driver."""
    os.write(1, json.dumps(words).encode() + b"\n")


def _live(order: bytes, run: Run) -> None:
    os.environ.update(json.loads(order))
    log = os.open(os.environ[LOG], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    asyncio.run(run(os.environ))


def take_orders(run: Run, *, early: Sequence[str] = ()) -> None:
    """Let a child ``run`` for each order until the driver closes standard input. ``early``: further modules that a child
    would otherwise import."""
    for name in (*LATE_IMPORTS, *early):
        importlib.import_module(name)
    gc.freeze()
    while order := os.read(0, MOST_BYTES):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _live(order, run)
                code = 0
            except BaseException:
                # Into the child's own log; the parent's loop must never go on in a child.
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(code)
        say(began=child)
        _, status = os.waitpid(child, 0)
        say(ended=child, code=os.waitstatus_to_exitcode(status))
