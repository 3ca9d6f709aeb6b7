"""A made-up city for measuring: a street's tree of any size, people in its buildings, and appointments, on any database.

Rows are written past the rules and in bulk; what is measured on them is ``organisation.py``'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import Connection, Table

from storage.engine import Engine
from storage.schema import (
    appointment,
    counter,
    household,
    person,
    unit,
)

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
CHUNK = 5_000
FIRST_ACCOUNT = 1_000_000

SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马胡朱郭何罗高林郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华兰玉萍红建国志文辉力梅云飞鑫鹏宇浩雪琴晶倩婷博思源"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: ``units`` (a street, a community for each thousand, a grid for each hundred, buildings), people
    and appointments."""

    units: int
    people: int
    appointments: int

    def part(self, hundredths: int) -> Size:
        """So many hundredths of it."""
        return Size(*(number * hundredths // 100 for number in (self.units, self.people, self.appointments)))


FULL = Size(100_000, 1_000_000, 50_000)


@dataclass(frozen=True, slots=True)
class City:
    """Who looks: Telegram accounts of an admin of the street, a community's secretary and a building's leader; and the
    units they hold their roles at."""

    admin: int
    secretary: int
    leader: int
    street: int
    community: int
    building: int


async def build(engine: Engine, size: Size) -> City:
    """Fill a migrated, empty database."""
    random = Random(7)
    communities = max(1, size.units // 1_000)
    grids = max(1, size.units // 100)
    first_grid = 2 + communities
    first_building = first_grid + grids

    def units() -> Iterator[dict[str, Any]]:
        def row(number: int, kind: str, name: str, parent: int | None, path: str) -> dict[str, Any]:
            return {
                "id": number,
                "version": 1,
                "kind": kind,
                "name": name,
                "name_en": "",
                "parent_id": parent,
                "path": path,
                "code": f"u{number}",
            }

        yield row(1, "street", "长安街道", None, "1.")
        for number in range(2, first_grid):
            yield row(number, "community", f"第{number - 1}社区", 1, f"1.{number}.")
        for number in range(first_grid, first_building):
            above = 2 + (number - first_grid) * communities // grids
            yield row(number, "grid", f"第{number - first_grid + 1}网格", above, f"1.{above}.{number}.")
        for number in range(first_building, size.units + 1):
            grid = _grid_of(number)
            above = 2 + (grid - first_grid) * communities // grids
            yield row(number, "building", f"{number}号楼", grid, f"1.{above}.{grid}.{number}.")

    buildings = size.units + 1 - first_building

    def _grid_of(building: int) -> int:
        return first_grid + (building - first_building) * grids // buildings

    def home_of(number: int) -> int:
        return first_building + number % buildings

    def area_of(building: int) -> int:
        return 2 + (_grid_of(building) - first_grid) * communities // grids

    def households() -> Iterator[dict[str, Any]]:
        for number in range(size.people // 3):
            yield {
                "id": number + 1,
                "unit_id": home_of(number),
                "flat": f"{number // buildings % 30 + 1}01-{number}",
            }

    def people() -> Iterator[dict[str, Any]]:
        for number in range(size.people):
            given = "".join(random.choices(GIVEN, k=random.choice((1, 2, 2))))
            yield {
                "id": number + 1,
                "version": 1,
                "telegram_id": FIRST_ACCOUNT + number,
                "name": random.choice(SURNAMES) + given,
                "language": "zh",
                "home_unit_id": home_of(number),
                "area_id": area_of(home_of(number)),
                "household_id": number % (size.people // 3) + 1,
                "phone": f"1380{number:07d}",
                "consent_version": 1,
                "consent_at": NOW,
            }

    # Each community has as many as in a smaller city: they are held by people from all over it.
    apart = max(1, size.people // size.appointments)

    def appointments() -> Iterator[dict[str, Any]]:
        for number in range(size.appointments):
            home = home_of(number * apart)
            role, place = (
                ("admin", 1)
                if number == 0
                else ("secretary", 2 + number // 100 % communities)
                if number % 100 == 1
                else ("leader", home)
                if number % 10 == 2
                else ("member", home)
            )
            yield {
                "id": number + 1,
                "version": 1,
                "person_id": number * apart + 1,
                "role": role,
                "unit_id": place,
                "starts_at": NOW,
            }

    for table, rows in (
        (unit, units()),
        (household, households()),
        (person, people()),
        (appointment, appointments()),
    ):
        await _insert(engine, table, rows)
    await engine.write(lambda connection: _settle(connection, size))
    return City(
        admin=FIRST_ACCOUNT,
        secretary=FIRST_ACCOUNT + apart,
        leader=FIRST_ACCOUNT + 2 * apart,
        street=1,
        community=2,
        building=home_of(2 * apart),
    )


async def _insert(engine: Engine, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    statement = table.insert()
    while chunk := list(islice(rows, CHUNK)):
        await engine.write(lambda connection, chunk=chunk: connection.execute(statement, chunk).rowcount)


def _settle(connection: Connection, size: Size) -> None:
    """Numbers dealt out from here on are free, and the database knows its tables' sizes."""
    for name, value in (("unit", size.units), ("person", size.people), ("appointment", size.appointments)):
        connection.execute(counter.insert(), {"name": name, "value": value})
    connection.exec_driver_sql("ANALYZE")
