"""A job of the clock as a process that dies at a chosen step: the store, the ticker, and a hand on the switch.

A step is each statement before it is executed, each COMMIT before and after it, and each change of a file in the folder
it works in. The clock stands still at the instant in the order. Knows nothing of what is right: that is the driver's.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("PTB_TIMEDELTA", "true")

from sqlalchemy import Connection, event

from bot import logs
from bot.rules import rulebook
from bot.settings_model import LogSettings
from jobs.mailings import Mailer
from jobs.ticker import Ticker
from storage.database import Location, open_engine
from storage.engine import Engine, UnitOfWork
from storage.prepared import RAW
from tests.crash.broken_jobs import BUILDS
from tests.crash.chores import MAILINGS, jobs_of, settings_of
from tests.crash.orders import BROKEN, take_orders
from tests.support.faults import Waylaid

T = TypeVar("T")

CHORE, NOW, AT, FOLDER, STEPS = ("CRASH_JOB", "CRASH_NOW", "CRASH_AT", "CRASH_FOLDER", "CRASH_STEPS")
"""What an order says beside the settings: the job, the instant, the step at which it dies (0: none), the folder it
works in, and the file into which a life that was not ended writes its steps."""

BEFORE, AFTER = "before COMMIT", "after COMMIT"
CHANGES = frozenset({"os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree", "sqlite3.connect"})
"""What the interpreter tells of that changes files, besides opening one in order to write."""
TICKS = 3
"""How often a life looks, to be at rest at its end: what one look leaves to be looked at again, the next one finds. Only
the first one is killed."""
WORDS = 4
"""So many of a statement say which it is."""


class Steps:
    """Counts the steps of a life, whichever thread takes them, and ends it at one."""

    def __init__(self, at: int) -> None:
        self.taken: list[str] = []
        self._at = at
        self._lock = threading.Lock()

    def __call__(self, what: str) -> None:
        with self._lock:
            self.taken.append(what)
            if len(self.taken) == self._at:
                os.kill(os.getpid(), signal.SIGKILL)

    def hear(self, folder: str, name: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: changes of files below ``folder``, and programs that are started, are steps."""
        if name == "subprocess.Popen":
            self(f"{name} {Path(arguments[0]).name}")
        elif name in CHANGES or (name == "open" and _writes(arguments)):
            path = arguments[0]
            if isinstance(path, str | os.PathLike) and str(path).startswith(folder):
                self(f"{name} {Path(path).name}")


def _writes(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


class CountedEngine:
    """An engine each statement and COMMIT of which is a step."""

    def __init__(self, inner: Engine, step: Callable[[str], None]) -> None:
        self.dialect = inner.dialect
        self._inner = inner
        self._step = step

    async def write(self, unit: UnitOfWork[T], /) -> T:
        """As it is."""

        def run(connection: Connection) -> T:
            result = self._counted(unit)(connection)
            self._step(BEFORE)
            return result

        result = await self._inner.write(run)
        self._step(AFTER)
        return result

    async def read(self, unit: UnitOfWork[T], /) -> T:
        """As it is."""
        return await self._inner.read(self._counted(unit))

    async def close(self) -> None:
        """As it is."""
        await self._inner.close()

    def _counted(self, unit: UnitOfWork[T]) -> Callable[[Connection], T]:
        def told(sql: str, values: Any) -> tuple[str, Any]:
            self._step(" ".join(sql.split()[:WORDS]))
            return sql, values

        def before(
            conn: Connection, cursor: Any, statement: str, values: Any, context: Any, many: bool
        ) -> None:
            told(statement, values)

        def run(connection: Connection) -> T:
            raw = connection.info[RAW]
            event.listen(connection, "before_cursor_execute", before)
            # Prepared statements go past SQLAlchemy's events, straight to the driver.
            connection.info[RAW] = Waylaid(raw, lambda sql, values, many: told(sql, values))
            try:
                return unit(connection)
            finally:
                event.remove(connection, "before_cursor_execute", before)
                connection.info[RAW] = raw

        return run


def _write(path: str, steps: list[str]) -> None:
    Path(path).write_text(json.dumps(steps))


async def _run(environment: Mapping[str, str]) -> None:
    logs.configure(LogSettings(), stream=sys.stderr)
    folder, now = environment[FOLDER], datetime.fromisoformat(environment[NOW])
    tempfile.tempdir = folder
    settings = settings_of(environment)
    steps = Steps(int(environment[AT]))
    sys.addaudithook(partial(steps.hear, folder))
    engine = open_engine(Location.of(settings.database.url.get_secret_value()), readers=1, pool_size=2)
    build = BUILDS[environment.get(BROKEN, "")]
    store = build(CountedEngine(engine, steps), rules=rulebook(settings))
    jobs = {job.name: job for job in jobs_of(settings, store, now=now)}
    ticker = Ticker(store, now=lambda: now, jobs=jobs.values())
    await ticker.know()
    for tick in range(TICKS):
        if environment[CHORE] == MAILINGS:
            mailer = Mailer(store, now=lambda: now)
            while await mailer.step():
                pass
        else:
            await ticker.tick(jobs[environment[CHORE]])
        if tick == 0:
            _write(environment[STEPS], steps.taken)
    await store.close()


if __name__ == "__main__":
    take_orders(_run)
