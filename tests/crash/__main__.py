"""``python -m tests.crash``: kill the bot again and again, and say whether anything was lost or done twice."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("PTB_TIMEDELTA", "true")

from tests.crash import broadcast
from tests.crash.broadcast import Broadcasts
from tests.crash.broken import BUILDS
from tests.crash.campaign import Campaign, Tally
from tests.crash.hamlet import PostgresVillages, SqliteVillages, Villages
from tests.crash.process import Nursery
from tests.support.postgres import Postgres

SHOWN = 20


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument(
        "--mode", choices=("people", "broadcast"), default="people", help="who is at work (default people)"
    )
    parser.add_argument("--recipients", type=int, default=5000, help="of a broadcast (default 5000)")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--round", type=int, help="repeat only this round")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--broken", choices=[name for name in BUILDS if name], default="")
    return parser.parse_args()


async def _play(villages: Villages, folder: Path, arguments: argparse.Namespace) -> tuple[Tally, str]:
    """What a campaign has come to, and as a report."""

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
            return tally, broadcast.report(villages.name, broadcasts, arguments.recipients)
        campaign = Campaign(villages, nursery, folder=folder, seed=arguments.seed, broken=arguments.broken)
        tally = await campaign.run(numbers, told=told)
        return tally, report(villages.name, tally)


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


def main() -> int:
    """Play a campaign on each database asked for. 0 when nothing went wrong."""
    arguments = _arguments()
    wrong = False
    for name in ("sqlite", "postgres") if arguments.database == "both" else (arguments.database,):
        with tempfile.TemporaryDirectory(prefix="linli-crash-") as folder:
            server = Postgres() if name == "postgres" else None
            villages = PostgresVillages(server) if server else SqliteVillages(Path(folder))
            try:
                tally, told = asyncio.run(_play(villages, Path(folder), arguments))
            finally:
                if server:
                    server.stop()
        _print(told)
        for violation in tally.violations[:SHOWN]:
            _print(f"  VIOLATION {violation}")
        if tally.violations:
            wrong = True
            number = tally.violations[0].split(":")[0].removeprefix("round ")
            _print(
                f"  repeat: --mode {arguments.mode} --database {name} --seed {arguments.seed} --round {number} --recipients {arguments.recipients}"
            )
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
