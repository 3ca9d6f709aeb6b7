"""Nine o'clock: everybody who has a lesson due is reminded in one morning, and who feels it.

`python -m benchmarks.reminders [--members 100000] [--database sqlite|postgres|both]`. A city's lesson is due today for each
of its people; the clock's job queues one reminder for each while somebody raises requests one after the other. How
fast they leave is Telegram's limit and ``broadcast.py``'s to show: they go by the same outbox and the same limiter.
"""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from time import perf_counter

import psutil  # type: ignore[import-untyped] # psutil brings no types
from sqlalchemy import Connection, func, insert, literal, select, update

from benchmarks.city import Size, build
from benchmarks.held import Held
from benchmarks.places import pairs
from domain.lessons.shapes import REMINDER, LessonState
from domain.rulebook import Rulebook
from jobs.lessons import remind
from storage.database import Location, open_engine
from storage.schema import outbox, person
from storage.schema_lessons import lesson, lesson_due
from storage.unit import Store, Who
from tests.support.lessons import draft_lesson
from tests.support.village import Soul, arrived, asked

NINE = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
"""Nine in the morning of Tuesday, 3 March 2026, in Shanghai."""
MEMBERS = 100_000
CALM_SECONDS = 3.0
MEBIBYTE = 1024 * 1024
ASKERS_ACCOUNT = 900_000


async def measured(location: Location, members: int) -> str:
    """One morning, as a row of the table."""
    engine = open_engine(location)
    store = Held(engine, rules=Rulebook())
    try:
        city = await build(engine, Size(1_900, members, members // 20))
        secretary = Soul(Who(city.secretary), 0)
        number = await draft_lesson(store, secretary, city.community, now=NINE)
        await engine.write(lambda connection: _assigned_to_all(connection, number))
        asker = await arrived(store, ASKERS_ACCOUNT, name="居民", home=city.building, now=NINE)
        waits: list[float] = []
        asking = asyncio.create_task(_ask(store, asker, waits))
        await asyncio.sleep(CALM_SECONDS)
        calm, before = len(waits), psutil.Process().memory_info().rss
        store.holds.clear()
        begun = perf_counter()
        queued = await remind(store, NINE)
        took, peak = perf_counter() - begun, psutil.Process().memory_info().rss
        longest, meanwhile = max(seconds for _, seconds in store.holds), waits[calm:]
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        written = await engine.read(_queued)
        assert queued == written == members, (queued, written)
        again = await remind(store, NINE)
        assert again == 0
    finally:
        await store.close()
    return (
        f"| {store.dialect} | {queued:,} | {took:.2f} | {longest * 1000:.0f} | {_told(waits[:calm])} | "
        f"{_told(meanwhile)} | {(peak - before) / MEBIBYTE:+.0f} |"
    )


def _assigned_to_all(connection: Connection, number: int) -> None:
    """The lesson is open, due today, and everybody's. Past the rules: writing it down is ``freezing.py``'s."""
    everybody = select(literal(number), person.c.id, person.c.home_unit_id)
    connection.execute(
        insert(lesson_due).from_select(
            ["lesson_id", "person_id", "unit_id"], everybody, include_defaults=False
        )
    )
    connection.execute(
        update(lesson)
        .where(lesson.c.id == number)
        .values(state=LessonState.OPEN.value, due_on=NINE.date(), begun_at=NINE - timedelta(days=5))
    )


def _queued(connection: Connection) -> int:
    return connection.execute(
        select(func.count()).select_from(outbox).where(outbox.c.kind == REMINDER)
    ).scalar_one()


async def _ask(store: Store, asker: Soul, waits: list[float]) -> None:
    """One request after the other, each of which costs what any press does."""
    while True:
        begun = perf_counter()
        await asked(store, asker, now=NINE)
        waits.append(perf_counter() - begun)
        await asyncio.sleep(0.02)


def _told(waits: list[float]) -> str:
    """Median and 99th percentile, in ms."""
    found = sorted(waits) or [0.0]
    return f"{found[len(found) // 2] * 1000:.0f} / {found[int(len(found) * 0.99)] * 1000:.0f}"


async def reminders(members: int = MEMBERS, database: str = "both") -> None:
    """Print the table."""
    print(
        "| database | reminders | s | longest hold ms | a person's wait ms p50/p99 before | meanwhile | more memory MiB |\n|"
        + "---|" * 7,
        flush=True,
    )
    async for here, _, _ in pairs(database):
        print(await measured(here, members), flush=True)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reminders", description=__doc__)
    parser.add_argument("--members", type=int, default=MEMBERS, help=f"of the city (default {MEMBERS:,})")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    given = parser.parse_args()
    asyncio.run(reminders(given.members, given.database))


if __name__ == "__main__":
    main()
