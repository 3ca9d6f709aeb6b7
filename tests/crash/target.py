"""The bot as a process that may be killed at any moment: the real ``App`` from settings, with a trap at a failpoint.

``python -m tests.crash.target`` takes orders (``orders.py``), each of which makes a child that is the bot; so a start
costs what the program's own start costs. The child ends with its standard input, so none outlives a driver that died.

Knows nothing of what is right; the judge sits with the sandbox in the driver.
"""

from __future__ import annotations

import asyncio
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
from tests.crash.orders import BROKEN, say, take_orders

POINT, HIT, JOURNAL, HURRY = ("CRASH_POINT", "CRASH_HIT", "CRASH_JOURNAL", "CRASH_HURRY")
"""What an order may say beside the program's own settings and what ``orders.py`` knows. HURRY: seconds after which the mailer looks again, which
otherwise looks as often as Telegram's limits need."""


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

    async def call(self, method: str, params: Mapping[str, Any], *, bulk: bool = False) -> Any:
        """As the program's own."""
        self.journal.about_to(method, params, update_id=get_contextvars().get("update_id", 0))
        return await super().call(method, params, bulk=bulk)


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
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, app.stop)
    await app.start()
    say(ready=os.getpid())
    hurried = asyncio.create_task(_hurry(app, float(environment.get(HURRY, "0"))))
    await app.run()
    hurried.cancel()


async def _hurry(app: App, seconds: float) -> None:
    while seconds:
        app.mailer.wake()
        await asyncio.sleep(seconds)


if __name__ == "__main__":
    take_orders(_run, early=("uvicorn",))
