"""The campaign's third mode: each job of the clock killed at each of its steps, started again, and compared with a run
that nobody killed.

A life is the store and one job, at an instant that stands still. The first life of a job is left alone and says which
steps it takes; then one life after the other dies, each a step later, and a life without a trap takes over half a minute
later. What that one does depends on nothing but what lies in the database and on disk: where a kill has left the same
as a former one, it is spared.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

from storage.database import Location, open_engine
from storage.engine import Engine
from tests.crash import jobs_target, orders
from tests.crash.campaign import LOG, MOST_LOG
from tests.crash.chores import Chore, variables
from tests.crash.hamlet import Villages
from tests.crash.process import Life, Nursery
from tests.crash.state import State, files_of, state_of
from tests.support.backups import tools_path
from tests.support.dump import Dump, differences, dump, say

TARGET = "tests.crash.jobs_target"
STEPS = "life-steps"
LATER = timedelta(seconds=30)
"""How long after a kill the next life looks at the clock."""
NOTED = frozenset({"job", "job_run"})
"""Tables that say that a job has run, and not what it did."""
PATIENCE = 120.0
"""A life that has not ended after so many seconds never will."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Result:
    """What a chore has come to. ``restarts``: after kills that left something else than those before."""

    steps: int
    kills: int
    restarts: int
    seconds: float


@dataclass(slots=True)
class Tally:
    """What a campaign has come to so far, by chore."""

    results: dict[str, Result] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


class Place(NamedTuple):
    """A village of one's own, and the folder in which its job writes files."""

    location: Location
    folder: Path
    engine: Engine

    async def state(self) -> State:
        """What is there now."""
        return await state_of(self.engine, self.folder)

    async def exactly(self) -> tuple[Dump, tuple[str, ...]]:
        """The same to the last number, and sooner: what a killed life has left."""
        return await dump(self.engine), await files_of(self.engine, self.folder)


def drawn(steps: Sequence[str], *, most: int, seed: int, name: str, only: str = "") -> list[int]:
    """The steps at which lives end, from 1: all of them, or the last and a draw of the others. ``only``: of those that
    are called so."""
    every = [number for number, step in enumerate(steps, 1) if only in ("", step)]
    if len(every) <= most:
        return every
    return sorted([*Random(f"{seed}:{name}").sample(every[:-1], most - 1), every[-1]])


class Chores:
    """Jobs killed on one kind of database, each at ``most`` of its steps. ``broken`` names a build that is wrong on
    purpose. The villages have been prepared."""

    def __init__(
        self,
        villages: Villages,
        nursery: Nursery,
        *,
        folder: Path,
        seed: int,
        most: int,
        broken: str = "",
    ) -> None:
        self._villages = villages
        self._nursery = nursery
        self._folder = folder
        self._seed = seed
        self._most = most
        self._broken = broken
        self.tally = Tally()

    async def chore(self, chore: Chore, *, at: Sequence[int] = (), only: str = "") -> Result:
        """Kill one at these of its steps, or at those that are ``drawn``."""
        began = monotonic()
        (self._folder / LOG).unlink(missing_ok=True)
        async with self._place(chore) as place:
            before, untouched = await place.state(), await place.exactly()
            life = await self._live(place, chore)
            wanted = await place.state()
        wrong = [*_end_of(life, killed=False), *_unexpected(chore, before, wanted)]
        found = [f"undisturbed, {what}" for what in wrong]
        steps = self._steps_taken() if life.code == 0 else []
        kills = restarts = 0
        known = [untouched]
        closing = AsyncExitStack()
        place_now: Place | None = None
        async with closing:
            for step in at or drawn(steps, most=self._most, seed=self._seed, name=chore.name, only=only):
                if place_now is None:
                    place_now = await closing.enter_async_context(self._place(chore))
                killed = await self._live(place_now, chore, at=step)
                kills += 1
                wrong = _end_of(killed, killed=True)
                left = await place_now.exactly()
                if left not in known:
                    known.append(left)
                    restarts += 1
                    wrong += _end_of(await self._live(place_now, chore, again=True), killed=False)
                    wrong += _difference(wanted, await place_now.state())
                found += [
                    f"killed at step {step} of {len(steps)} ({', '.join(steps[step - 1 : step])}): {what}"
                    for what in wrong
                ]
                if left != untouched:
                    await closing.aclose()
                    place_now = None
        if found and (said := (self._folder / LOG).read_text()[-MOST_LOG:]):
            found.append(f"its lives logged at the end:\n{said}")
        self.tally.violations += [f"{chore.name}: {what}" for what in found]
        result = Result(len(steps), kills, restarts, monotonic() - began)
        self.tally.results[chore.name] = result
        return result

    @asynccontextmanager
    async def _place(self, chore: Chore) -> AsyncIterator[Place]:
        async with self._villages.fresh() as location:
            if location.path is not None:
                folder = location.path.parent
            else:
                folder = self._folder / "work"
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
            engine = open_engine(location, readers=1, pool_size=1)
            try:
                if chore.before:
                    await say(engine, chore.before)
                yield Place(location, folder.resolve(), engine)
            finally:
                await engine.close()

    async def _live(self, place: Place, chore: Chore, *, at: int = 0, again: bool = False) -> Life:
        """A life to its end: by itself, or at a step."""
        life = await self._nursery.begin(
            {
                **variables(place.location, place.folder),
                "PATH": tools_path(),
                orders.BROKEN: self._broken,
                orders.LOG: str(self._folder / LOG),
                jobs_target.CHORE: chore.job,
                jobs_target.NOW: (chore.at + (LATER if again else timedelta())).isoformat(),
                jobs_target.AT: str(at),
                jobs_target.FOLDER: str(place.folder),
                jobs_target.STEPS: str(self._folder / STEPS),
            }
        )
        async with asyncio.timeout(PATIENCE):
            await life.ended.wait()
        return life

    def _steps_taken(self) -> list[str]:
        taken: list[str] = json.loads((self._folder / STEPS).read_text())
        return taken


def _end_of(life: Life, *, killed: bool) -> list[str]:
    if life.was_killed if killed else life.code == 0:
        return []
    return [f"a life ended with {life.code}"]


def _unexpected(chore: Chore, before: State, after: State) -> list[str]:
    """Where a chore that nobody kills has not done what it is there for, which would show nothing."""
    told = []
    written = differences(before.tables, after.tables).keys() - NOTED
    if bool(written) != chore.writes:
        told.append(f"it wrote {sorted(written)} in the database")
    if (before.files != after.files) != chore.files:
        told.append(f"it left {after.files} on disk")
    return told


def _difference(wanted: State, got: State) -> list[str]:
    """What is not as it is after a run that nobody killed."""
    told = [
        f"{table}: {len(lost)} rows are missing {lost[:SHOWN]}, {len(more)} are too many {more[:SHOWN]}"
        for table, (lost, more) in differences(wanted.tables, got.tables).items()
    ]
    if wanted.files != got.files:
        told.append(f"files: {got.files}, and not {wanted.files}")
    if wanted.faults != got.faults:
        told.append(f"what does not hold: {got.faults}, and not {wanted.faults}")
    return told


def line(name: str, result: Result) -> str:
    """What a chore has come to, for people."""
    return (
        f"  {name}: {result.kills} kills at {result.steps} steps, {result.restarts} states to start from again, "
        f"{result.seconds:.1f} s"
    )


def report(name: str, tally: Tally) -> str:
    """What a campaign has come to, for people."""
    results = tally.results.values()
    return (
        f"{name}: {len(results)} chores, {sum(r.kills for r in results)} kills at {sum(r.steps for r in results)} steps, "
        f"{sum(r.restarts for r in results)} states to start from again, {sum(r.seconds for r in results):.0f} s"
    )
