"""Whether a screen slows down with the city: 100,000 units, 1,000,000 people, 50,000 appointments against 1 % of each."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import quantiles

import asyncpg

from benchmarks.city import FULL, NOW, City, Size, build
from domain.base import Subject
from domain.people_seen import SearchPeople
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook
from domain.unit_pages import SeeUnit
from storage.database import Location, migrate, open_engine
from storage.unit import Store, Who
from tests.support.postgres import Postgres
from views.catalogue import Texts
from views.message import Reader
from views.people import menu
from views.voice import Voice

DATABASES = ("sqlite", "postgres")
CALLS = 600
WARM = 60
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


def _search(account: str, unit: str, *, words: str = "", role: str = "") -> Screen:
    async def search(store: Store, city: City) -> object:
        query = SearchPeople(getattr(city, unit), role=role, words=words)
        return await store.read(query, Who(getattr(city, account)), now=NOW)

    return search


def _unit_page(account: str, unit: str) -> Screen:
    async def page(store: Store, city: City) -> object:
        return await store.read(SeeUnit(getattr(city, unit)), Who(getattr(city, account)), now=NOW)

    return page


SCREENS: Mapping[str, Screen] = {
    "authorise": _authorise,
    "my menu": _menu,
    "people, a community, by name": _search("secretary", "community", words="王"),
    "people, a community, nobody of that name": _search("secretary", "community", words="欧阳"),
    "people, the street, by name": _search("admin", "street", words="王建"),
    "people, the street, leaders": _search("admin", "street", role="leader"),
    "people, a community, all": _search("secretary", "community"),
    "people, a building": _search("leader", "building"),
    "unit page, a community": _unit_page("secretary", "community"),
    "unit page, the street": _unit_page("admin", "street"),
}


async def _tidied(location: Location) -> None:
    """What a PostgreSQL server does by itself within minutes, and the one for tests never."""
    if location.path is None:
        connection = await asyncpg.connect(
            host=location.url.query["host"], database=location.url.database, user=location.url.username
        )
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


@asynccontextmanager
async def _city(location: Location, size: Size) -> AsyncIterator[tuple[Store, City]]:
    """A database with a city in it."""
    await migrate(location)
    engine = open_engine(location)
    store = Store(engine, rules=RULES)
    try:
        city = await build(engine, size)
        await _tidied(location)
        yield store, city
    finally:
        await store.close()


async def _measured(cities: Sequence[tuple[Store, City]], screen: Screen) -> list[float]:
    """Milliseconds that 95 of 100 calls of a screen stay below, in each city; in turns, so that a busy minute of the
    machine falls on all."""
    took: list[list[float]] = [[] for _ in cities]
    for number in range(-WARM, CALLS):
        for (store, city), times in zip(cities, took, strict=True):
            begun = time.perf_counter()
            await screen(store, city)
            if number >= 0:
                times.append((time.perf_counter() - begun) * 1000)
    return [quantiles(times, n=20)[-1] for times in took]


async def _compared(database: str, locations: Sequence[Location]) -> None:
    async with AsyncExitStack() as opened:
        sizes = (FULL.part(1), FULL)
        cities = [
            await opened.enter_async_context(_city(location, size))
            for location, size in zip(locations, sizes, strict=True)
        ]
        for name, screen in SCREENS.items():
            small, large = await _measured(cities, screen)
            print(
                f"| {name} | {database} | {small:.2f} ms | {large:.2f} ms | {large / small:.2f} |", flush=True
            )


async def organisation(databases: Collection[str] = DATABASES) -> None:
    """Print the table as Markdown, row by row: filling the cities alone takes minutes."""
    print("| screen | database | p95 at 1 % | p95 at 100 % | ratio |\n|---|---|---|---|---|", flush=True)
    if "sqlite" in databases:
        with tempfile.TemporaryDirectory() as folder:
            files = [Location.of(f"sqlite:///{Path(folder) / name}") for name in ("part.db", "whole.db")]
            await _compared("SQLite", files)
    if "postgres" in databases:
        server = Postgres()
        try:
            await _compared("PostgreSQL", [server.create(), server.create()])
        finally:
            server.stop()


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.organisation", description=__doc__)
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    given = parser.parse_args()
    asyncio.run(organisation(DATABASES if given.database == "both" else (given.database,)))


if __name__ == "__main__":
    main()
