"""The bot as a process that may be killed at any moment: the real ``App`` from settings, with a trap at a failpoint.

``python -m tests.crash.target`` imports everything once and then takes orders, one JSON object of environment
variables a line, each of which makes a child that is the bot; so a start costs what the program's own start costs. On
its standard output it says ``began``, ``ready`` and ``ended``. The child ends with its standard input, so none outlives
a driver that died.

Knows nothing of what is right; the judge sits with the sandbox in the driver.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("PTB_TIMEDELTA", "true")

from structlog.contextvars import get_contextvars

from bot import logs
from bot.app import App
from bot.settings import load
from tests.crash.broken import BUILDS
from tests.crash.journal import Journal

POINT, HIT, BROKEN, JOURNAL, LOG, HURRY = (
    "CRASH_POINT",
    "CRASH_HIT",
    "CRASH_BROKEN",
    "CRASH_JOURNAL",
    "CRASH_LOG",
    "CRASH_HURRY",
)
"""What an order may say beside the program's own settings. HURRY: seconds after which the mailer looks again, which
otherwise looks as often as Telegram's limits need."""

LATE_IMPORTS = (
    "asyncpg",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.ext.asyncio",
    "storage.postgres",
    "uvicorn",
)
MOST_BYTES = 65536


class Trap:
    """Kills the process when it reaches ``point`` for the ``hit``-th time (from 1), in whatever thread that is."""

    def __init__(self, point: str, *, hit: int) -> None:
        self._point = point
        self._left = hit
        self._lock = threading.Lock()

    def __call__(self, point: str) -> None:
        if point != self._point:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class JournallingApp(App):
    """The program, with a line in the journal before each call."""

    journal: Journal

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """As the program's own."""
        self.journal.about_to(method, params, update_id=get_contextvars().get("update_id", 0))
        return await super().call(method, params)


def _say(**words: int) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


async def _run(environment: Mapping[str, str]) -> None:
    settings = load(None, environment=environment)
    logs.configure(settings.log, stream=sys.stderr)
    # An order always names both: a point nobody reaches is no trap.
    trap = Trap(environment.get(POINT, ""), hit=int(environment.get(HIT, "1")))
    journal = Journal(environment[JOURNAL])
    store = BUILDS[environment.get(BROKEN, "")](settings, journal)
    app = JournallingApp(settings, reached=trap, store=store)
    app.journal = journal
    asyncio.get_running_loop().add_reader(0, app.stop)
    await app.start()
    _say(ready=os.getpid())
    hurried = asyncio.create_task(_hurry(app, float(environment.get(HURRY, "0"))))
    await app.run()
    hurried.cancel()


async def _hurry(app: App, seconds: float) -> None:
    while seconds:
        app.mailer.wake()
        await asyncio.sleep(seconds)


def _be_the_bot(order: bytes) -> None:
    os.environ.update(json.loads(order))
    log = os.open(os.environ[LOG], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    asyncio.run(_run(os.environ))


def main() -> None:
    """Take orders until the driver closes standard input."""
    for name in LATE_IMPORTS:
        importlib.import_module(name)
    gc.freeze()
    while order := os.read(0, MOST_BYTES):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _be_the_bot(order)
                code = 0
            except BaseException:
                # Into the child's own log; the parent's loop must never go on in a child.
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(code)
        _say(began=child)
        _, status = os.waitpid(child, 0)
        _say(ended=child, code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
