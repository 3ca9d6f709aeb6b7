"""The campaign: rounds of people at work while the bot is killed and started again, each compared at its end.

A round is a village of its own, drawn from the seed and the round's number, so any round can be repeated alone. Its
bots die at failpoints in turn and at random moments in between, and once more at the end, when nothing is under way.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from sandbox import Sandbox
from sandbox.faults import FaultPlan
from storage.database import Location, open_engine
from storage.engine import Engine
from tests.crash import orders, stories, target
from tests.crash.broken import SENT_EARLY
from tests.crash.hamlet import TOKEN, Cast, Villages, cast
from tests.crash.judge import Death, Verdict, counts, facts, judge
from tests.crash.play import Play, Violation
from tests.crash.process import Life, Nursery
from tests.crash.watch import Watch

POINTS = (
    "perform.written",
    "perform.committed",
    "intake.committed",
    "delivery.leased",
    "delivery.sent",
    "delivery.recorded",
    "finish.committed",
    "speaker.sent",
)
HITS = (1, 2, 3, 5, 8, 13)
LONGEST_LIFE = 1.2
"""Seconds within which a life that is to be ended at a random moment ends, counted from its start."""

LOG = "life-log"
MOST_LOG = 4000

PATIENCE = 120.0
"""A round that has not ended after so many seconds never will."""


@dataclass(frozen=True, slots=True)
class Kill:
    """How a life is to end: at the ``hit``-th time at ``point``; ``after`` so many seconds; or, with neither, at rest."""

    point: str = ""
    hit: int = 1
    after: float | None = None


def plan(number: int, *, seed: int, points: Sequence[str] = POINTS, kills: int = 3) -> list[Kill]:
    """How the lives of a round end: failpoints, each at each number of its turn, and one random moment among them."""
    luck = Random(f"{seed}:{number}:kills")
    every = [(point, hit) for hit in HITS for point in points]
    first = (number - 1) * (kills - 1)
    planned = [Kill(*every[(first + step) % len(every)]) for step in range(kills - 1)]
    planned.insert(luck.randrange(kills), Kill(after=luck.uniform(0.0, LONGEST_LIFE)))
    return planned


@dataclass(slots=True)
class Tally:
    """What a campaign has come to so far."""

    rounds: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    at_points: Counter[str] = field(default_factory=Counter)
    at_moments: int = 0
    at_rest: int = 0
    missed: int = 0
    updates: int = 0
    effects: int = 0
    messages: int = 0
    stored: list[int] = field(default_factory=list)
    direct: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """All of them."""
        return self.at_points.total() + self.at_moments + self.at_rest

    def add(self, verdict: Verdict, *, number: int, seconds: float) -> None:
        """Take in a round."""
        self.rounds += 1
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)
        self.updates += verdict.updates
        self.effects += verdict.effects
        self.messages += verdict.messages
        self.stored += verdict.stored
        self.direct += verdict.direct
        self.violations += [f"round {number}: {violation}" for violation in verdict.violations]


class Campaign:
    """Rounds on one kind of database. ``broken`` names a build that is wrong on purpose."""

    def __init__(
        self,
        villages: Villages,
        nursery: Nursery,
        *,
        folder: Path,
        seed: int,
        broken: str = "",
    ) -> None:
        self._villages = villages
        self._nursery = nursery
        self._folder = folder
        self._seed = seed
        self._broken = broken
        self._points = (*POINTS, SENT_EARLY) if broken == "send-first" else POINTS
        self.tally = Tally()

    async def run(self, numbers: Sequence[int], *, told: Callable[[int, Tally], None]) -> Tally:
        """Play these rounds. ``told`` hears of each; stops after a round with a violation."""
        await self._villages.prepare()
        for number in numbers:
            await self.round(number, kills=plan(number, seed=self._seed, points=self._points))
            told(number, self.tally)
            if self.tally.violations:
                break
        return self.tally

    async def round(self, number: int, *, kills: Sequence[Kill]) -> Verdict:
        """One round in a fresh village, whose lives end as said."""
        began = monotonic()
        for old in self._folder.glob("life-*"):
            old.unlink()
        async with AsyncExitStack() as closing:
            location = await closing.enter_async_context(self._villages.fresh())
            engine = open_engine(location, readers=1, pool_size=2)
            closing.push_async_callback(engine.close)
            scene = cast(seed=0)
            await closing.enter_async_context(scene.sandbox)
            one = Round(
                scene,
                engine,
                self._nursery,
                tally=self.tally,
                luck=Random(f"{self._seed}:{number}"),
                environment=environment(scene.sandbox, location, broken=self._broken),
                folder=self._folder,
            )
            verdict = await one.play(kills)
        self.tally.add(verdict, number=number, seconds=monotonic() - began)
        return verdict


def environment(sandbox: Sandbox, location: Location, *, broken: str) -> dict[str, str]:
    """The settings of a bot that is held back by nothing."""
    return {
        "LINLI_DATABASE__URL": location.url.render_as_string(hide_password=False),
        "LINLI_TELEGRAM__TOKEN": TOKEN,
        "LINLI_TELEGRAM__BASE_URL": sandbox.url,
        "LINLI_TELEGRAM__LIMITS_ENABLED": "false",
        "LINLI_LIMITS__ENABLED": "false",
        "LINLI_HTTP__LISTEN": "",
        "LINLI_BACKUP__DIRECTORY": "",
        "LINLI_LOG__LEVEL": "warning",
        orders.BROKEN: broken,
    }


class Round:
    """One round: the people's stories beside the bot's lives, then the comparison."""

    def __init__(
        self,
        scene: Cast,
        engine: Engine,
        nursery: Nursery,
        *,
        tally: Tally,
        luck: Random,
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._scene = scene
        self._engine = engine
        self._nursery = nursery
        self._tally = tally
        self._luck = luck
        self._environment = environment
        self._folder = folder
        self._watch = Watch(engine, scene.sandbox)
        self._play = Play(scene, self._watch)
        self._deaths: list[Death] = []
        self._lives = 0

    async def play(self, kills: Sequence[Kill]) -> Verdict:
        """Play it and judge it; what went wrong on the way is among the violations."""
        before = await self._engine.read(counts)
        newest = max((row.id for row in (await facts(self._engine, audit_after=0)).audit), default=0)
        # Telegram may hand out an update more than once; some are.
        self._scene.sandbox.plan_faults(FaultPlan(seed=self._luck.randrange(1000), duplicate=0.1))
        trouble: list[str] = []
        looking = asyncio.create_task(self._watch.run())
        try:
            async with asyncio.timeout(PATIENCE):
                await self._live(kills)
        except (Violation, TimeoutError) as error:
            trouble.append(str(error) or f"the round did not end within {PATIENCE} s")
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
        found = await facts(self._engine, audit_after=newest)
        verdict = judge(
            self._play,
            found,
            before=before,
            drafts=stories.LEFT_OPEN,
            deaths=self._deaths,
            last_journal=self._journal(),
        )
        verdict.violations[:0] = trouble
        if trouble:
            verdict.violations.append(f"in the chats there hung:\n{self._play.chats()}")
        log = self._folder / LOG
        if verdict.violations and log.exists():
            verdict.violations.append(f"the bots logged at the end:\n{log.read_text()[-MOST_LOG:]}")
        return verdict

    async def _live(self, kills: Sequence[Kill]) -> None:
        people = asyncio.create_task(self._people())
        try:
            # The last life is killed when nothing is under way: that changes nothing at all.
            for kill in (*kills, Kill()):
                if kill.point and people.done():
                    self._tally.missed += 1
                else:
                    await self._end(await self._begin(kill), kill, people)
            await people
            # Its successor posts what was earned since the clock last ticked.
            life = await self._begin(Kill())
            if not await self._quiet(life, settled=True):
                self._check(life)
        finally:
            people.cancel()
            with suppress(asyncio.CancelledError, Violation):
                await people
            await self._nursery.clear()

    async def _people(self) -> None:
        """All stories at once; the first that goes wrong ends the others."""
        told = [asyncio.ensure_future(story) for story in stories.all_of(self._play, luck=self._luck)]
        try:
            await asyncio.gather(*told)
        finally:
            for story in told:
                story.cancel()
            await asyncio.gather(*told, return_exceptions=True)

    async def _begin(self, kill: Kill) -> Life:
        self._lives += 1
        life = await self._nursery.begin(
            {
                **self._environment,
                target.POINT: kill.point,
                target.HIT: str(kill.hit),
                target.JOURNAL: str(self._journal()),
                orders.LOG: str(self._folder / LOG),
            }
        )
        self._watch.life = life
        return life

    def _journal(self) -> Path:
        return self._folder / f"life-{self._lives}"

    async def _end(self, life: Life, kill: Kill, people: asyncio.Task[None]) -> None:
        """See a life to its end: as planned, or at rest when the people are through before that."""
        if kill.after is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(life.ended.wait(), kill.after)
        else:
            await _first(people, life.ended)
            if people.done():
                await self._quiet(life)
        if life.ended.is_set():
            self._check(life, trapped=bool(kill.point))
            self._tally.at_points[f"{kill.point} {kill.hit}"] += 1
        elif kill.after is not None:
            self._tally.at_moments += 1
        else:
            self._tally.missed += bool(kill.point)
            self._tally.at_rest += 1
        await life.kill()
        leased = await self._watch.leased()
        record = self._scene.sandbox.record
        self._deaths.append(Death(record[-1].n if record else 0, leased, self._journal()))

    def _check(self, life: Life, *, trapped: bool = False) -> None:
        """Only a trap may end a life before the driver does."""
        if life.was_killed and trapped:
            return
        raise Violation(f"the bot ended by itself ({life.code})")

    async def _quiet(self, life: Life, *, settled: bool = False) -> bool:
        """Wait until nothing is under way, as two looks in a row say. False when the life ended before that."""
        looks = 0
        while looks < 2:
            await self._watch.next_look()
            if life.ended.is_set():
                return False
            looks = looks + 1 if (self._watch.is_settled if settled else self._watch.is_quiet) else 0
        return True


async def _first(people: asyncio.Future[None], ended: asyncio.Event) -> None:
    """Wait for the people or for the life's end, whichever comes first; raises what the people's stories raise."""
    end = asyncio.ensure_future(ended.wait())
    try:
        both: set[asyncio.Future[Any]] = {people, end}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if people.done():
            people.result()
    finally:
        end.cancel()
