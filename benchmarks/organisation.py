"""Whether a screen slows down with the city: 100,000 units, 1,000,000 people, 50,000 appointments against 1 % of each."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from statistics import quantiles

from benchmarks.city import FULL, NOW, City, Size, build
from domain.base import Subject
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook
from storage.database import Location, migrate, open_engine
from storage.unit import Store, Who
from tests.support.postgres import Postgres
from views.catalogue import Texts
from views.message import Reader
from views.people import menu
from views.voice import Voice

CALLS = 600
RULES = Rulebook()
TEXTS = Texts.load()

Screen = Callable[[Store, City], Awaitable[object]]


async def _authorise(store: Store, city: City) -> object:
    actor = (await store.opening(Who(city.secretary), now=NOW)).actor
    assert allowed(actor, Permission.SEE_PEOPLE, Subject(path=f"1.{city.community}."))
    return actor


async def _menu(store: Store, city: City) -> object:
    actor = (await store.opening(Who(city.secretary), now=NOW)).actor
    return menu(voice=Voice(TEXTS, Reader(actor.language, actor.name, actor.person_id, actor), RULES, NOW))


SCREENS: Mapping[str, Screen] = {"authorise": _authorise, "my menu": _menu}


async def _measured(location: Location, size: Size) -> dict[str, float]:
    """Milliseconds that 95 of 100 calls of each screen stay below."""
    await migrate(location)
    engine = open_engine(location)
    store = Store(engine, rules=RULES)
    try:
        city = await build(engine, size)
        found = {}
        for name, screen in SCREENS.items():
            for _ in range(50):
                await screen(store, city)
            took = []
            for _ in range(CALLS):
                begun = time.perf_counter()
                await screen(store, city)
                took.append((time.perf_counter() - begun) * 1000)
            found[name] = quantiles(took, n=20)[-1]
        return found
    finally:
        await store.close()


async def organisation() -> str:
    """The table as Markdown."""
    lines = ["| screen | database | p95 at 1 % | p95 at 100 % | ratio |", "|---|---|---|---|---|"]
    server = Postgres()
    try:
        for database in ("SQLite", "PostgreSQL"):
            found = []
            for size in (FULL.part(1), FULL):
                with tempfile.TemporaryDirectory() as folder:
                    location = (
                        Location.of(f"sqlite:///{Path(folder) / 'city.db'}")
                        if database == "SQLite"
                        else server.create()
                    )
                    found.append(await _measured(location, size))
            small, large = found
            lines += [
                f"| {name} | {database} | {small[name]:.2f} ms | {large[name]:.2f} ms | {large[name] / small[name]:.2f} |"
                for name in SCREENS
            ]
    finally:
        server.stop()
    return "\n".join(lines)


if __name__ == "__main__":
    print(asyncio.run(organisation()))
