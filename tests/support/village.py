"""A small village: a tree of units with people in it, and the steps of a request's life as one call each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.base import Action, Actor, Content, Role, Scalar
from domain.pairings import OpenVisit, PairUp
from domain.people import Appoint, ChooseHome, GiveConsent
from domain.requests import AcceptRequest, RaiseRequest
from domain.tasks import ClaimTask, ReportClaim
from storage.unit import Done, Store, Who
from storage.units import UnitRow

TREE = (
    UnitRow(2, "street", "street", "和平街道", "Heping Street", ""),
    UnitRow(3, "community", "community", "和平社区", "Heping Community", "street"),
    UnitRow(4, "grid", "grid", "第一网格", "Grid 1", "community"),
    UnitRow(5, "b1", "building", "1号楼", "Building 1", "grid"),
    UnitRow(6, "b2", "building", "2号楼", "Building 2", "grid"),
)

WORDS = (Content("text", "电梯坏了"),)
CLI = Actor.system("cli")


@dataclass(frozen=True, slots=True)
class Soul:
    """One inhabitant: as Telegram knows them, and as the database does."""

    who: Who
    id: int

    @property
    def chat(self) -> int:
        """Their private chat."""
        return self.who.telegram_id


@dataclass(frozen=True, slots=True)
class Village:
    """Building 1 with its leader, members and residents below one community with its secretary; building 2 beside it.

    ``resident`` and ``neighbour`` live in building 1, ``stranger`` in building 2. ``members`` serve in building 1.
    """

    units: dict[str, int]
    leader: Soul
    secretary: Soul
    members: tuple[Soul, ...]
    resident: Soul
    neighbour: Soul
    stranger: Soul

    @property
    def building(self) -> int:
        """The unit in which most of it happens."""
        return self.units["b1"]


async def do(store: Store, action: Action, who: Who | Actor, *, now: datetime) -> dict[str, Scalar]:
    """Perform what must succeed; the result."""
    outcome = await store.perform(action, who, now=now)
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


async def appointed(
    store: Store, telegram_id: int, *, name: str, role: Role, unit_id: int, now: datetime
) -> Soul:
    """Somebody with a role at a unit."""
    action = Appoint(telegram_id=telegram_id, role=role, unit_id=unit_id, name=name)
    result = await do(store, action, CLI, now=now)
    return Soul(Who(telegram_id, name), int(result["person_id"] or 0))


async def arrived(store: Store, telegram_id: int, *, name: str, home: int, now: datetime) -> Soul:
    """Somebody who said yes and lives in a building."""
    who = Who(telegram_id, name, "zh")
    result = await do(store, GiveConsent(telegram_id, name, "zh"), who, now=now)
    await do(store, ChooseHome(home), who, now=now)
    return Soul(who, int(result["person_id"] or 0))


async def village(store: Store, *, now: datetime, members: int = 3) -> Village:
    """Settle an empty database."""
    imported = await store.import_units(TREE, dry_run=False)
    assert not imported.problems
    units = {row.key: await store.unit_by_code(row.key) or 0 for row in TREE}
    home = units["b1"]
    return Village(
        units=units,
        leader=await appointed(store, 11, name="陈楼长", role=Role.LEADER, unit_id=home, now=now),
        secretary=await appointed(
            store, 12, name="周书记", role=Role.SECRETARY, unit_id=units["community"], now=now
        ),
        members=tuple(
            [
                await appointed(
                    store, 100 + number, name=f"党员{number}", role=Role.MEMBER, unit_id=home, now=now
                )
                for number in range(members)
            ]
        ),
        resident=await arrived(store, 21, name="李桂兰", home=home, now=now),
        neighbour=await arrived(store, 22, name="王建国", home=home, now=now),
        stranger=await arrived(store, 23, name="赵敏", home=units["b2"], now=now),
    )


async def asked(store: Store, soul: Soul, *, now: datetime, category: str = "lift") -> int:
    """A request raised; its number."""
    urgency = "ordinary" if category == "sensitive" else "timely"
    action = RaiseRequest(category, urgency, private=False, name_hidden=False, contents=WORDS)
    return int((await do(store, action, soul.who, now=now))["request_id"] or 0)


async def offered(store: Store, place: Village, *, now: datetime, places: int = 1) -> tuple[int, int]:
    """A request of the resident's, accepted by the leader: (request, task)."""
    request_id = await asked(store, place.resident, now=now)
    result = await do(store, AcceptRequest(request_id, places=places), place.leader.who, now=now)
    return request_id, int(result["task_id"] or 0)


async def claimed(store: Store, place: Village, *, now: datetime, by: Sequence[Soul] = ()) -> tuple[int, int]:
    """The same, with a place taken by each of ``by`` (the first member unless said)."""
    helpers = by or place.members[:1]
    request_id, task_id = await offered(store, place, now=now, places=len(helpers))
    for helper in helpers:
        await do(store, ClaimTask(task_id), helper.who, now=now)
    return request_id, task_id


async def reported(
    store: Store, place: Village, *, now: datetime, by: Sequence[Soul] = (), minutes: int = 60
) -> tuple[int, int]:
    """The same, with the work reported as done by all."""
    helpers = by or place.members[:1]
    request_id, task_id = await claimed(store, place, now=now, by=helpers)
    for helper in helpers:
        await do(store, ReportClaim(task_id, minutes, WORDS), helper.who, now=now)
    return request_id, task_id


async def visit_due(
    store: Store, place: Village, *, now: datetime, flat: str = "502"
) -> tuple[int, int, int]:
    """A pairing of the first member with somebody without a phone, its visit due: (pairing, visit, task)."""
    pair = PairUp(
        place.members[0].id, "living_alone", 7, now.date(), unit_id=place.building, name="王奶奶", flat=flat
    )
    pairing_id = int((await do(store, pair, place.leader.who, now=now))["pairing_id"] or 0)
    result = await do(store, OpenVisit(pairing_id), Actor.system("visits"), now=now)
    return pairing_id, int(result["visit_id"] or 0), int(result["task_id"] or 0)
