"""The life-cycle machine of the pure rules, over the store: both databases must live as the rules say.

The machine is synchronous and runs in a thread; what it asks of the store runs on the test's own loop. One database
serves all sequences, each with a street and people of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from itertools import count
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Connection, select

from domain.base import Action, Actor
from domain.people import Appoint, ChooseHome, GiveConsent
from domain.points import Currency, Line
from domain.rulebook import Rulebook
from storage.engine import Engine
from storage.people import household_at
from storage.schema import (
    claim,
    earning,
    entry,
    person,
    posting,
    request,
    task,
    visit,
)
from storage.unit import Done, Refusal, Store, Who
from storage.units import UnitRow
from tests.domain.lifecycle import (
    CAST,
    CLOCK,
    EVERYONE,
    PARENTS,
    Answer,
    EarningSeen,
    RequestSeen,
    State,
    TaskSeen,
    VisitSeen,
    World,
)
from tests.domain.lifecycle_machine import LifeCycles
from tests.support.databases import on_sqlite

T = TypeVar("T")

FEW = settings(
    max_examples=8,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

KINDS = {"street": "street", "community": "community", "grid": "grid", "b1": "building", "b2": "building"}


class StoreWorld(World):
    """A store as a world. ``serial`` tells its street and its people from those of other worlds on the database."""

    def __init__(self, store: Store, engine: Engine, loop: asyncio.AbstractEventLoop, *, serial: int) -> None:
        super().__init__()
        self._store = store
        self._engine = engine
        self._loop = loop
        self._telegram = {who: serial * 100 + number for number, who in enumerate(EVERYONE)}
        codes = {unit: f"{unit}-{serial}" if unit else "" for unit in ("", *PARENTS)}
        rows = [
            UnitRow(line, codes[unit], KINDS[unit], unit, unit, codes[parent])
            for line, (unit, parent) in enumerate(PARENTS.items(), start=2)
        ]
        assert not self._run(store.import_units(rows, dry_run=False)).problems
        self._units = {unit: self._run(store.unit_by_code(codes[unit])) or 0 for unit in PARENTS}
        self._people = {who: self._settle_in(who) for who in CAST}
        self._names = {number: who for who, number in self._people.items()}

    def unit_id(self, unit: str) -> int:
        return self._units[unit]

    def person_id(self, who: str) -> int:
        return self._people[who]

    def put(self, who: str, action: Action) -> Answer:
        actor = Actor.system("visits") if who == CLOCK else Who(self._telegram[who], who)
        outcome = self._run(self._store.perform(action, actor, now=self.now))
        if isinstance(outcome, Refusal):
            return Answer(outcome.key)
        assert isinstance(outcome, Done)
        return Answer(result=outcome.result)

    def read_state(self) -> State:
        return self._run(self._engine.read(self._state))

    def settle(self) -> tuple[Line, ...]:
        self._run(self._store.settle_points(now=self.now))
        assert not self._run(self._store.ledger_differences())
        return self._run(self._engine.read(self._lines))

    def _settle_in(self, who: str) -> int:
        character, telegram_id = CAST[who], self._telegram[who]
        said_yes = GiveConsent(telegram_id, who, "zh")
        outcome = self._run(self._store.perform(said_yes, Who(telegram_id), now=self.now))
        assert isinstance(outcome, Done)
        person_id = int(outcome.result["person_id"] or 0)
        if character.role:
            appointed = Appoint(telegram_id, character.role, self._units[character.at])
            self._run(self._store.perform(appointed, Actor.system("cli"), now=self.now))
        if character.home:
            home = self._units[character.home]
            self._run(self._store.perform(ChooseHome(home), Who(telegram_id), now=self.now))
            self._run(self._engine.write(lambda c: self._move_in(c, person_id, home, character.flat)))
        return person_id

    @staticmethod
    def _move_in(connection: Connection, person_id: int, home: int, flat: str) -> None:
        household_id = household_at(connection, home, flat)
        connection.execute(person.update().where(person.c.id == person_id).values(household_id=household_id))

    def _state(self, connection: Connection) -> State:
        here = [self._units[unit] for unit in PARENTS]
        requests = connection.execute(select(request).where(request.c.unit_id.in_(here))).all()
        tasks = connection.execute(select(task).where(task.c.unit_id.in_(here)).order_by(task.c.id)).all()
        numbers = [row.id for row in tasks]
        claims = connection.execute(
            select(claim).where(claim.c.task_id.in_(numbers)).order_by(claim.c.id)
        ).all()
        visits = connection.execute(select(visit).where(visit.c.task_id.in_(numbers))).all()
        held: dict[int, list[tuple[str, str]]] = {number: [] for number in numbers}
        for row in claims:
            held[row.task_id].append((self._names[row.member_id], row.state.value))
        earnings = connection.execute(
            select(earning, claim.c.task_id)
            .join(claim, claim.c.id == earning.c.source_id)
            .where(earning.c.person_id.in_(self._names), earning.c.source_kind == "claim")
            .order_by(earning.c.id)
        ).all()
        return State(
            requests={
                r.id: RequestSeen(r.state.value, r.category, r.private, r.redo, r.stars) for r in requests
            },
            tasks={
                t.id: TaskSeen(t.state.value, t.places, t.taken, t.request_id, tuple(held[t.id]))
                for t in tasks
            },
            visits={v.id: VisitSeen(v.state.value, v.task_id, v.wellbeing, v.stars) for v in visits},
            earnings=tuple(
                EarningSeen(e.task_id, self._names[e.person_id], e.minutes, e.amount) for e in earnings
            ),
        )

    def _lines(self, connection: Connection) -> tuple[Line, ...]:
        rows = connection.execute(
            select(entry.c.account, entry.c.currency, entry.c.amount, posting.c.person_id)
            .join(posting, posting.c.id == entry.c.posting_id)
            .where(posting.c.person_id.in_(self._names))
        ).all()
        return tuple(
            Line(
                account="issued" if account == "issued" else f"person:{self._names[person_id]}",
                currency=Currency(currency),
                amount=amount,
            )
            for account, currency, amount, person_id in rows
        )

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)


async def test_the_store_lives_as_the_rules_say(store: Store, engine: Engine) -> None:
    loop = asyncio.get_running_loop()
    serials: Iterator[int] = count(1)

    class OnTheStore(LifeCycles):
        def new_world(self) -> World:
            return StoreWorld(store, engine, loop, serial=next(serials))

    await asyncio.to_thread(run_state_machine_as_test, OnTheStore, settings=FEW)


@on_sqlite
async def test_the_machine_catches_a_store_with_other_rules(engine: Engine) -> None:
    loop = asyncio.get_running_loop()
    lenient = Store(engine, rules=Rulebook(max_open_claims=4))
    serials: Iterator[int] = count(1)

    class OnAnotherStore(LifeCycles):
        def new_world(self) -> World:
            return StoreWorld(lenient, engine, loop, serial=next(serials))

    with pytest.raises(AssertionError, match="expected that they hear why not"):
        await asyncio.to_thread(run_state_machine_as_test, OnAnotherStore, settings=FEW)


async def test_a_whole_life_earns_once_and_adds_up(store: Store, engine: Engine) -> None:
    loop = asyncio.get_running_loop()

    def live() -> None:
        world = StoreWorld(store, engine, loop, serial=1)
        request_id = world.raise_request("resident", category="lift").number("request_id")
        task_id = world.accept("leader", request_id).number("task_id")
        for answer in (
            world.claim("ann", task_id),
            world.start("ann", task_id),
            world.report("ann", task_id, minutes=50),
            world.give_back("resident", request_id),
            world.report("ann", task_id, minutes=65),
            world.confirm("resident", request_id, stars=4),
        ):
            assert answer.refused is None
        assert world.confirm("resident", request_id, stars=5).refused == "request.not_now"
        seen = world.read_state()
        assert seen.requests[request_id] == RequestSeen(
            "closed_confirmed", "lift", private=False, redo=1, stars=4
        )
        assert seen.earnings == (EarningSeen(task_id, "ann", 65, 1200),)
        lines = world.settle()
        assert sorted((line.account, line.amount) for line in lines) == [
            ("issued", -1200),
            ("issued", -1200),
            ("person:ann", 1200),
            ("person:ann", 1200),
        ]

    await asyncio.to_thread(live)
