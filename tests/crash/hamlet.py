"""Where a round takes place: a small village in a database of its own, and the same people in a sandbox of its own.

The village is settled once and copied for every round, so that a round depends on nothing but its seed.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import Connection, delete

from domain.base import Actor, Content, Role
from domain.groups import BindGroup
from domain.pairings import PairUp
from domain.people import Appoint, ChooseHome, GiveConsent
from domain.requests import RaiseRequest, WithdrawRequest
from domain.rulebook import Rulebook
from sandbox import Sandbox
from sandbox.people import Group, Person
from storage.database import Location, migrate, open_engine
from storage.schema import card, outbox
from storage.unit import Store, Who
from storage.units import UnitRow
from tests.support.postgres import TEMPLATE as MIGRATED
from tests.support.postgres import Postgres
from tests.support.village import do

TOKEN = "1:sandbox"
CLI = Actor.system("cli")
TREE = (
    UnitRow(2, "street", "street", "安民街道", "Anmin Street", ""),
    UnitRow(3, "community", "community", "幸福社区", "Happy Community", "street"),
    UnitRow(4, "grid", "grid", "第一网格", "Grid 1", "community"),
    UnitRow(5, "b1", "building", "1号楼", "Building 1", "grid"),
)
LEADER, SECRETARY = 11, 12
HELPERS = (101, 102, 103)
VISITOR = 104
RESIDENTS = (201, 202)
"""Known with flat and phone; ``FRESH`` is asked for both with the first request."""
FRESH, VISITED, RINGER, UNDECIDED, OUTSIDER, NEWCOMER = 203, 204, 205, 206, 207, 208
NAMES: Mapping[int, str] = {
    LEADER: "陈芳", SECRETARY: "赵敏", 101: "王建国", 102: "李强", 103: "孙丽", VISITOR: "周涛",
    201: "李桂兰", 202: "张伟", FRESH: "吴秀英", VISITED: "郑奶奶", RINGER: "冯军", UNDECIDED: "褚洁",
    OUTSIDER: "卫平", NEWCOMER: "蒋欣",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of one round as the sandbox plays them, by Telegram id, and the building's group."""

    sandbox: Sandbox
    people: Mapping[int, Person]
    group: Group

    def __getitem__(self, telegram_id: int) -> Person:
        return self.people[telegram_id]


def cast(*, seed: int) -> Cast:
    """A fresh sandbox with everyone in it. It is not yet started."""
    sandbox = Sandbox(token=TOKEN, bot_username="linli_bot", seed=seed)
    people = {
        telegram_id: sandbox.add_person(first_name=name, user_id=telegram_id, started=telegram_id != NEWCOMER)
        for telegram_id, name in NAMES.items()
    }
    members = [people[telegram_id] for telegram_id in (LEADER, SECRETARY, *HELPERS)]
    group = sandbox.add_group("1号楼邻里", members=members, creator=people[SECRETARY])
    return Cast(sandbox, people, group)


Settling = Callable[[Location], Awaitable[None]]
"""Fills a migrated database."""


async def inhabited(location: Location) -> None:
    """Everyone at home, nobody with anything to do but one visit that is due today."""
    group_id, now = cast(seed=0).group.chat_id, datetime.now(UTC)
    engine = open_engine(location, readers=1, pool_size=2)
    try:
        store = Store(engine, rules=Rulebook())
        await _inhabit(store, group_id=group_id, now=now)
        # What settling has said was said long ago: nothing of it is to be sent in a round.
        await engine.write(_forget_messages)
    finally:
        await engine.close()


def _forget_messages(connection: Connection) -> None:
    for table in (outbox, card):
        connection.execute(delete(table))


async def _inhabit(store: Store, *, group_id: int, now: datetime) -> None:
    await store.import_units(TREE, dry_run=False)
    units = {row.key: await store.unit_by_code(row.key) or 0 for row in TREE}
    ids: dict[int, int] = {}
    for telegram_id, name in NAMES.items():
        if telegram_id == NEWCOMER:
            continue
        who = Who(telegram_id, name, "zh")
        result = await do(store, GiveConsent(telegram_id, name, "zh"), who, now=now)
        ids[telegram_id] = int(result["person_id"] or 0)
        await do(store, ChooseHome(units["b1"]), who, now=now)
    await _appoint(store, units, now=now)
    for telegram_id in (*RESIDENTS, VISITED, RINGER, UNDECIDED):
        await _make_known(store, Who(telegram_id), now=now)
    today = now.astimezone(ZoneInfo(Rulebook().time_zone)).date()
    pair = PairUp(ids[VISITOR], "living_alone", 7, today, resident_id=ids[VISITED])
    await do(store, pair, Who(LEADER), now=now)
    await do(store, BindGroup(group_id, units["b1"]), Who(SECRETARY), now=now)


async def _appoint(store: Store, units: Mapping[str, int], *, now: datetime) -> None:
    roles = {LEADER: (Role.LEADER, "b1"), SECRETARY: (Role.SECRETARY, "community")}
    roles |= dict.fromkeys((*HELPERS, VISITOR), (Role.MEMBER, "b1"))
    for telegram_id, (role, unit) in roles.items():
        await do(store, Appoint(telegram_id, role, units[unit]), CLI, now=now)


async def _make_known(store: Store, who: Who, *, now: datetime) -> None:
    """Flat and phone come with a first request; this one is taken back at once."""
    raising = RaiseRequest(
        "other", "ordinary", private=False, name_hidden=False,
        contents=(Content("text", "早先的一件事"),),
        name=NAMES[who.telegram_id], flat=f"{who.telegram_id}室", phone="13800001111",
    )  # fmt: skip
    result = await do(store, raising, who, now=now)
    await do(store, WithdrawRequest(int(result["request_id"] or 0)), who, now=now)


class SqliteVillages:
    """Rounds on SQLite files, each a copy of the settled one."""

    name = "sqlite"
    TEMPLATE = "template.db"

    def __init__(self, folder: Path, *, settling: Settling = inhabited) -> None:
        self._folder = folder
        self._template = folder / self.TEMPLATE
        self._settling = settling

    async def prepare(self) -> None:
        """Settle the village that is copied."""
        location = Location.of(f"sqlite:///{self._template}")
        await migrate(location)
        await self._settling(location)

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[Location]:
        """A village of one's own."""
        folder = self._folder / "round"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copyfile(self._template, folder / "linli.db")
        yield Location.of(f"sqlite:///{folder / 'linli.db'}")


class PostgresVillages:
    """Rounds on an embedded server's databases, each made from the settled one as its template."""

    name = "postgres"
    TEMPLATE = "crash_template"

    def __init__(self, server: Postgres, *, settling: Settling = inhabited) -> None:
        self._server = server
        self._settling = settling
        self._numbers = count(1)

    async def prepare(self) -> None:
        """Settle the village that is copied."""
        await self._say(f"DROP DATABASE IF EXISTS {self.TEMPLATE} WITH (FORCE)")
        await self._say(f"CREATE DATABASE {self.TEMPLATE} TEMPLATE {MIGRATED} STRATEGY FILE_COPY")
        await self._settling(self._server.location(self.TEMPLATE))

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[Location]:
        """A village of one's own."""
        name = f"crash_{next(self._numbers)}"
        await self._say(f"CREATE DATABASE {name} TEMPLATE {self.TEMPLATE} STRATEGY FILE_COPY")
        try:
            yield self._server.location(name)
        finally:
            # A killed client's session may take a moment to be noticed as gone.
            await self._say(f"DROP DATABASE {name} WITH (FORCE)")

    async def _say(self, statement: str) -> None:
        url = self._server.location("postgres").url.render_as_string(hide_password=False)
        connection: Any = await asyncio.wait_for(asyncpg.connect(url), timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


Villages = SqliteVillages | PostgresVillages
