"""``python -m tests.crash``: kill the bot again and again, and say whether anything was lost or done twice."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("PTB_TIMEDELTA", "true")

from tests.conftest import MEMORY
from tests.crash import broadcast, jobs
from tests.crash.broadcast import Broadcasts
from tests.crash.broken import BUILDS
from tests.crash.broken_jobs import BUILDS as BUILDS_OF_JOBS
from tests.crash.campaign import Campaign, Tally
from tests.crash.chores import CHORES
from tests.crash.hamlet import PostgresVillages, SqliteVillages, Villages, inhabited
from tests.crash.process import Nursery
from tests.crash.workday import settle
from tests.support.postgres import Postgres

SHOWN = 20


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument(
        "--mode",
        choices=("people", "broadcast", "jobs"),
        default="people",
        help="who is at work (default people)",
    )
    parser.add_argument("--chore", choices=[chore.name for chore in CHORES], help="only this one of the jobs")
    parser.add_argument("--recipients", type=int, default=5000, help="of a broadcast (default 5000)")
    parser.add_argument("--rounds", type=int, default=200, help="or at how many steps each job is killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--round", type=int, help="repeat only this round, or kill jobs at this step only")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--broken", default="", help="a build that is wrong on purpose")
    arguments = parser.parse_args()
    builds = BUILDS_OF_JOBS if arguments.mode == "jobs" else BUILDS
    if arguments.broken not in builds:
        parser.error(f"--broken is one of {', '.join(filter(None, builds))} in this mode")
    return arguments


async def _kill_jobs(
    villages: Villages, folder: Path, arguments: argparse.Namespace
) -> tuple[list[str], str]:
    """What was found when jobs were killed, and a report."""
    await villages.prepare()
    async with Nursery(folder, target=jobs.TARGET) as nursery:
        killing = jobs.Chores(
            villages,
            nursery,
            folder=folder,
            seed=arguments.seed,
            most=arguments.rounds,
            broken=arguments.broken,
        )
        for chore in CHORES:
            if arguments.chore in (None, chore.name):
                result = await killing.chore(chore, at=[arguments.round] if arguments.round else [])
                _print(jobs.line(chore.name, result))
    return killing.tally.violations, jobs.report(villages.name, killing.tally)


async def _play(villages: Villages, folder: Path, arguments: argparse.Namespace) -> tuple[list[str], str]:
    """What a campaign has found, and a report."""
    if arguments.mode == "jobs":
        return await _kill_jobs(villages, folder, arguments)

    def told(number: int, tally: Tally) -> None:
        if number % 10 == 0:
            _print(f"  round {number}: {tally.kills} kills, {tally.updates} updates, {tally.seconds:.0f} s")

    numbers = [arguments.round] if arguments.round else range(1, arguments.rounds + 1)
    async with Nursery(folder) as nursery:
        if arguments.mode == "broadcast":
            broadcasts = Broadcasts(
                villages,
                nursery,
                folder=folder,
                seed=arguments.seed,
                recipients=arguments.recipients,
                broken=arguments.broken,
            )
            tally = await broadcasts.run(numbers, told=told)
            return tally.violations, broadcast.report(villages.name, broadcasts, arguments.recipients)
        campaign = Campaign(villages, nursery, folder=folder, seed=arguments.seed, broken=arguments.broken)
        tally = await campaign.run(numbers, told=told)
        return tally.violations, report(villages.name, tally)


def report(name: str, tally: Tally) -> str:
    """What a campaign has come to, for people."""
    points: Counter[str] = Counter()
    for trap, times in tally.at_points.items():
        points[trap.split()[0]] += times
    return "\n".join(
        (
            f"{name}: {tally.rounds} rounds in {tally.seconds:.1f} s, {tally.seconds / max(1, tally.rounds):.2f} s each, "
            f"the slowest {tally.slowest:.2f} s",
            f"  kills: {tally.kills} ({tally.at_points.total()} at failpoints, {tally.at_moments} at random moments, "
            f"{tally.at_rest} at rest; {tally.missed} failpoints were not come to)",
            *(f"    {point}: {times} ({_hits(tally, point)})" for point, times in sorted(points.items())),
            f"  updates: {tally.updates}, effects: {tally.effects}, messages: {tally.messages}",
            f"  repeated messages: {_repeats(tally.stored)} of the outbox, {_repeats(tally.direct)} direct answers",
        )
    )


def _hits(tally: Tally, point: str) -> str:
    found = {int(trap.split()[1]): many for trap, many in tally.at_points.items() if trap.split()[0] == point}
    return ", ".join(f"hit {hit}: {many}" for hit, many in sorted(found.items()))


def _repeats(each: Sequence[int]) -> str:
    return f"{sum(each)} (at most {max(each, default=0)} by one kill)"


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a report for people


def _again(arguments: argparse.Namespace, name: str, violation: str) -> str:
    """How what was found is found again."""
    which, what = violation.split(": ", 1)
    repeat = f"--mode {arguments.mode} --database {name} --seed {arguments.seed}"
    if arguments.mode != "jobs":
        return f"{repeat} --round {which.removeprefix('round ')} --recipients {arguments.recipients}"
    step = re.match(r"killed at step (\d+)", what)
    return f"{repeat} --chore {which}" + (f" --round {step[1]}" if step else "")


def main() -> int:
    """Play a campaign on each database asked for. 0 when nothing went wrong."""
    arguments = _arguments()
    wrong = False
    for name in ("sqlite", "postgres") if arguments.database == "both" else (arguments.database,):
        # Thousands of commits of a job that is killed again and again would wait for the disk.
        memory = MEMORY if arguments.mode == "jobs" and MEMORY.is_dir() else None
        with tempfile.TemporaryDirectory(prefix="linli-crash-", dir=memory) as made:
            folder = Path(made)
            settling = partial(settle, files=folder) if arguments.mode == "jobs" else inhabited
            server = Postgres(memory) if name == "postgres" else None
            villages = (
                PostgresVillages(server, settling=settling)
                if server
                else SqliteVillages(folder, settling=settling)
            )
            try:
                violations, told = asyncio.run(_play(villages, folder, arguments))
            finally:
                if server:
                    server.stop()
        _print(told)
        for violation in violations[:SHOWN]:
            _print(f"  VIOLATION {violation}")
        if violations:
            wrong = True
            _print(f"  repeat: {_again(arguments, name, violations[0])}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
