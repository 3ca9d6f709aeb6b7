"""Backups one after the other while a hundred people write: each brought back elsewhere and held to what was acknowledged.

`python -m benchmarks.backups [--rounds 20] [--writers 100] [--database sqlite|postgres|both]`; ends with 1 when a row is
missing. What `perform` had acknowledged when a backup began must be in it; what is in it must have been acknowledged in
the end; and nobody who writes may wait noticeably longer while one is made.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.places import pairs
from bot.backup import restore
from domain.rulebook import Rulebook
from storage.backup.making import make
from storage.database import Location, open_engine
from storage.unit import Store
from tests.support.backups import dropped, settings_of
from tests.support.dump import rows
from tests.support.village import asked, village

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


class Crowd:
    """People who raise one request after the other; what was acknowledged, and how long each waited."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.acknowledged: set[int] = set()
        self.waits: dict[bool, list[float]] = {False: [], True: []}
        self.copying = False
        self._stop = asyncio.Event()

    async def write(self, writers: int) -> list[asyncio.Task[None]]:
        """Settle the village and begin."""
        place = await village(self._store, now=NOW)

        async def one() -> None:
            while not self._stop.is_set():
                began, copying = perf_counter(), self.copying
                self.acknowledged.add(await asked(self._store, place.resident, now=NOW))
                self.waits[copying].append(perf_counter() - began)

        return [asyncio.create_task(one()) for _ in range(writers)]

    def stop(self) -> None:
        """No further ones."""
        self._stop.set()

    def told(self, copying: bool) -> str:
        """Median, 99th percentile and longest wait, in ms."""
        waits = sorted(self.waits[copying]) or [0.0]
        shares = (waits[len(waits) // 2], waits[int(len(waits) * 0.99)], waits[-1])
        return " / ".join(f"{wait * 1000:.0f}" for wait in shares)


async def campaign(location: Location, other: Location, folder: Path, *, rounds: int, writers: int) -> int:
    """Print a row of the table; returns how many acknowledged rows were missing in any backup."""
    store = Store(open_engine(location), rules=Rulebook())
    crowd = Crowd(store)
    at_work = await crowd.write(writers)
    await asyncio.sleep(1)
    missing, seconds, promised = 0, 0.0, []
    for number in range(rounds):
        before = frozenset(crowd.acknowledged)
        crowd.copying, began = True, perf_counter()
        made = await make(location, folder, now=NOW + timedelta(seconds=number), program="benchmark")
        seconds, crowd.copying = seconds + perf_counter() - began, False
        promised.append((before, made))
        await asyncio.sleep(0.2)
    crowd.stop()
    await asyncio.gather(*at_work)
    differences = await store.ledger_differences()
    await store.close()
    for before, made in promised:
        back = await restore(settings_of(other, folder), made.path, force=True, now=NOW)
        engine = open_engine(other)
        there = {int(row[0]) for row in await rows(engine, "request", "id")}
        await engine.close()
        missing += len(before - there) + len(there - crowd.acknowledged)
        if other.path is None:
            await dropped(other, back.aside)
        elif back.aside:
            await asyncio.to_thread(Path(back.aside).unlink)
    print(
        f"| {store.dialect} | {rounds} | {writers} | {len(crowd.acknowledged):,} | {seconds / rounds:.2f} | "
        f"{crowd.told(copying=False)} | {crowd.told(copying=True)} | {missing + len(differences)} |",
        flush=True,
    )
    return missing + len(differences)


async def _run(*, database: str, rounds: int, writers: int) -> int:
    return sum(
        [
            await campaign(here, there, folder, rounds=rounds, writers=writers)
            async for here, there, folder in pairs(database)
        ]
    )


def main() -> int:
    """The table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backups", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="backups (default 20)")
    parser.add_argument("--writers", type=int, default=100, help="people writing all the time (default 100)")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    given = parser.parse_args()
    print(
        "| database | backups | writers | requests | s each | wait ms p50/p99/most without | during a backup | missing |\n|"
        + "---|" * 8
    )
    return int(bool(asyncio.run(_run(database=given.database, rounds=given.rounds, writers=given.writers))))


if __name__ == "__main__":
    sys.exit(main())
