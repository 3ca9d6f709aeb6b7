"""The ledger under fire: random steps of requests' lives, confirmed, sent back, settled, killed half-way and run again.

Everything goes through the store. A killed unit is one whose transaction breaks after all has been written; a repeated
update is the same action once more. After each batch an independent count must agree: every earning posted at most once
and with its own amount, every balance the sum of its entries, and what was issued the sum of what was earned.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, func, select

from domain.base import Action
from domain.points import posting as lines_of
from domain.requests import (
    AcceptRequest,
    ConfirmRequest,
    CorrectRequest,
    RaiseRequest,
    ReturnRequest,
    WithdrawRequest,
)
from domain.rulebook import Rulebook
from domain.tasks import ClaimTask, ReportClaim
from storage import points
from storage.database import Location, open_engine
from storage.engine import Engine
from storage.inbox import Arrived
from storage.schema import (
    balance,
    earning,
    entry,
    posting,
)
from storage.unit import Done, Hooks, Store
from tests.support.village import WORDS, Soul, Village, village

BEGINS = datetime(2026, 3, 2, 2, tzinfo=UTC)
KILLED = 0.03
REPEATED = 0.05
MOST_OPEN = 12
AT_ONCE = 1000
CURRENCIES = 2


class Killed(Exception):
    """The process is gone, and with it the transaction."""


@dataclass(slots=True)
class Report:
    """``found`` is everything that did not agree; empty when the ledger held."""

    seed: int
    found: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    postings: int = 0

    def __str__(self) -> str:
        steps = ", ".join(f"{name} {count}" for name, count in sorted(self.done.items()))
        wrong = "\n".join(self.found) or "the ledger held"
        return f"seed {self.seed}: {steps}; {self.postings} postings\n{wrong}"


@dataclass(slots=True)
class Wish:
    """A request under way: what can be done about it next."""

    id: int
    step: str = "submitted"
    task: int = 0
    helper: int = 0


class _Campaign:
    def __init__(self, engine: Engine, *, seed: int, guarded: bool) -> None:
        self.engine = engine
        self.random = Random(seed)
        self.report = Report(seed)
        self.guarded = guarded
        self.kills = False
        self.store = Store(engine, rules=Rulebook(), hooks=Hooks(reached=self._reached))
        self.now = BEGINS
        self.updates = 0
        self.wishes: list[Wish] = []
        self.place: Village
        self.posted_by_hand = 0

    def _reached(self, point: str) -> None:
        if point == "perform.written" and self.kills:
            self.kills = False
            raise Killed

    async def run(self, *, count: int, batch: int) -> Report:
        """So many operations."""
        self.place = await village(self.store, now=self.now, members=6)
        for number in range(1, count + 1):
            self.now += timedelta(seconds=1)
            await self._operate()
            if number % batch == 0 or number == count:
                await self._settle()
                await self._judge(number)
        return self.report

    async def _operate(self) -> None:
        draw = self.random.random()
        if draw < 0.08:
            await self._settle()
        elif draw < 0.10:
            await self._merge()
        elif draw < 0.25 and len(self.wishes) < MOST_OPEN:
            await self._raise()
        elif self.wishes:
            await self._step(self.random.choice(self.wishes))
        else:
            await self._raise()

    async def _do(self, action: Action, soul: Soul) -> Done | None:
        """Once, or again with the same update, or killed half-way and then again, as a restart does."""
        name = type(action).__name__
        update_id = await self._update()
        if self.random.random() < KILLED:
            self.kills = True
            with suppress(Killed):
                await self.store.perform(action, soul.who, now=self.now, update_id=update_id)
            self.report.done["killed"] += not self.kills
            self.kills = False
        if self.random.random() < REPEATED:
            twice = await asyncio.gather(
                *(self.store.perform(action, soul.who, now=self.now, update_id=update_id) for _ in range(2))
            )
            self.report.done["repeated"] += 1
            outcome = next((one for one in twice if isinstance(one, Done)), twice[0])
        else:
            outcome = await self.store.perform(action, soul.who, now=self.now, update_id=update_id)
        self.report.done[name] += isinstance(outcome, Done)
        return outcome if isinstance(outcome, Done) else None

    async def _update(self) -> int:
        """The next update, kept as intake keeps them: many at once."""
        if self.updates % AT_ONCE == 0:
            coming = range(self.updates + 1, self.updates + AT_ONCE + 1)
            await self.store.receive([Arrived(one, 1, "{}") for one in coming], now=self.now)
        self.updates += 1
        return self.updates

    async def _raise(self) -> None:
        action = RaiseRequest("lift", "timely", False, False, WORDS)
        done = await self._do(action, self.place.resident)
        if done is not None:
            self.wishes.append(Wish(int(done.result["request_id"] or 0)))

    async def _step(self, wish: Wish) -> None:
        place, draw = self.place, self.random.random()
        match wish.step:
            case "submitted" if draw < 0.1:
                await self._do(CorrectRequest(wish.id, category="repair"), place.leader)
            case "submitted":
                done = await self._do(AcceptRequest(wish.id), place.leader)
                if done is not None:
                    wish.step, wish.task = "open", int(done.result["task_id"] or 0)
            case "open":
                wish.helper = self.random.randrange(len(place.members))
                if await self._do(ClaimTask(wish.task), place.members[wish.helper]) is not None:
                    wish.step = "claimed"
            case "claimed" if draw < 0.05:
                await self._over(wish, WithdrawRequest(wish.id))
            case "claimed":
                action = ReportClaim(wish.task, self.random.randint(1, 600), WORDS)
                if await self._do(action, place.members[wish.helper]) is not None:
                    wish.step = "reported"
            case _ if draw < 0.2:
                if await self._do(ReturnRequest(wish.id, "还是坏的"), place.resident) is not None:
                    wish.step = "claimed"
            case _:
                stars = self.random.randint(1, 5)
                await self._over(wish, ConfirmRequest(wish.id, stars, sure=True))

    async def _over(self, wish: Wish, action: Action) -> None:
        if await self._do(action, self.place.resident) is not None:
            self.wishes.remove(wish)

    # --- the ledger -----------------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        most = self.random.randint(1, 20)
        self.report.done["settled"] += 1
        killed = self.random.random() < KILLED * 3
        if not self.guarded:
            await self._naive(most, killed=killed)
            return
        if killed:
            with suppress(Killed):
                await self.engine.write(
                    lambda c: self._cut_short(
                        lambda: points.settle(c, self.now, rules=self.store.rules, most=most)
                    )
                )
        work: list[Awaitable[int]] = [self.store.settle_points(now=self.now, most=most) for _ in range(2)]
        await asyncio.gather(*work)

    @staticmethod
    def _cut_short(work: Callable[[], object]) -> None:
        work()
        raise Killed

    async def _naive(self, most: int, *, killed: bool) -> None:
        """Without the guard: looked up, posted and marked by three units, nothing of which remembers the source."""

        def waiting(connection: Connection) -> list[tuple[int, int, int]]:
            found = select(earning.c.id, earning.c.person_id, earning.c.amount).where(
                earning.c.posted_at.is_(None)
            )
            return [(row[0], row[1], row[2]) for row in connection.execute(found.limit(most))]

        def post(connection: Connection) -> None:
            for earning_id, person_id, amount in found:
                self.posted_by_hand += 1
                made = connection.execute(
                    posting.insert()
                    .values(
                        person_id=person_id,
                        source_kind="naive",
                        source_id=self.posted_by_hand,
                        earning_id=earning_id,
                        rulebook=1,
                        at=self.now,
                    )
                    .returning(posting.c.id)
                ).scalar_one()
                for line in lines_of(person_id, amount):
                    connection.execute(
                        entry.insert().values(
                            posting_id=made, account=line.account, currency=line.currency, amount=line.amount
                        )
                    )
                    points._add_to_balance(connection, line.account, line.currency.value, line.amount)

        def mark(connection: Connection) -> None:
            ids = [earning_id for earning_id, _, _ in found]
            connection.execute(earning.update().where(earning.c.id.in_(ids)).values(posted_at=self.now))

        found = await self.engine.read(waiting)
        await self.engine.write(post)
        if not killed:
            await self.engine.write(mark)

    async def _merge(self) -> None:
        """What the merging of two records does to the ledger: all points of one become another's."""
        first, second = self.random.sample(self.place.members, 2)
        taken = await self.engine.read(
            lambda c: c.execute(
                select(posting.c.id).where(
                    posting.c.source_kind == "merge",
                    posting.c.source_id == first.id,
                    posting.c.person_id == second.id,
                )
            ).first()
        )
        if taken is not None:
            return
        self.report.done["merged"] += 1

        def unit(connection: Connection) -> None:
            points.transfer(connection, first.id, second.id, now=self.now, rulebook=1)

        if self.random.random() < KILLED * 3:
            with suppress(Killed):
                await self.engine.write(lambda c: self._cut_short(lambda: unit(c)))
        await self.engine.write(unit)

    async def _judge(self, number: int) -> None:
        found = [*await self.engine.read(self._counted), *await self.store.ledger_differences()]
        self.report.found += [f"after {number}: {line}" for line in found[:20]]
        self.report.postings = await self.engine.read(
            lambda c: int(c.execute(select(func.count()).select_from(posting)).scalar_one())
        )

    @staticmethod
    def _counted(connection: Connection) -> list[str]:
        """Counted from the rows themselves, by another way than the ledger's own proof."""
        found: list[str] = []
        amounts = {row.id: row for row in connection.execute(select(earning))}
        sums: Counter[tuple[str, str]] = Counter()
        by_posting: dict[int, list[int]] = {}
        for row in connection.execute(
            select(entry.c.posting_id, entry.c.account, entry.c.currency, entry.c.amount)
        ):
            sums[row.account, row.currency] += row.amount
            by_posting.setdefault(row.posting_id, []).append(abs(row.amount))
        posted: Counter[int] = Counter()
        for row in connection.execute(select(posting.c.id, posting.c.earning_id)):
            if row.earning_id is None:
                continue
            posted[row.earning_id] += 1
            if by_posting.get(row.id) != [_counted_of(amounts[row.earning_id])] * 2 * CURRENCIES:
                found.append(f"posting {row.id} is not what its earning counts for")
        found += [f"earning {one} was posted {times} times" for one, times in posted.items() if times > 1]
        found += [
            f"earning {one} is {'not ' if row.posted_at else ''}posted and marked otherwise"
            for one, row in amounts.items()
            if bool(row.posted_at) != bool(posted[one])
        ]
        cached = {(row[0], row[1]): int(row[2]) for row in connection.execute(select(balance))}
        if cached != dict(sums):
            found.append("balances are not the sums of the entries")
        earned = sum(_counted_of(row) for row in amounts.values() if row.posted_at)
        if {-cached.get(("issued", currency), 0) for currency in ("honour", "spendable")} != {earned}:
            found.append(f"{earned} was earned, and another amount issued")
        return found


def _counted_of(row: Any) -> int:
    """What of an earning is left below the caps."""
    return int(row.amount - row.cut)


async def campaign(
    location: Location, *, count: int, seed: int, batch: int = 500, guarded: bool = True
) -> Report:
    """``count`` operations on a migrated, empty database, judged after each ``batch`` of them."""
    engine = open_engine(location)
    try:
        return await _Campaign(engine, seed=seed, guarded=guarded).run(count=count, batch=batch)
    finally:
        await engine.close()
