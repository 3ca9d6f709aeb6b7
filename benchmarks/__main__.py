"""Measure and print the tables: `python -m benchmarks [--only echo] [--rounds 3]`."""

from __future__ import annotations

import argparse
import asyncio
import sys

from benchmarks.broadcast import broadcasts
from benchmarks.contestants import GROUPS
from benchmarks.footprint import bytes_per_request, footprint, told
from benchmarks.freezing import freezings
from benchmarks.measure import compare, table
from benchmarks.organisation import organisation

FOOTPRINT = "footprint"
ORGANISATION = "organisation"
BROADCAST = "broadcast"
ALONE = (FOOTPRINT, ORGANISATION, BROADCAST)
RECIPIENTS, CITY = 3000, 1_000_000


async def main(*, groups: list[str], rounds: int, recipients: int | None = None) -> int:
    """Print one table for each group; 1 if a contestant had to be left out."""
    missing = 0
    for name in groups:
        if name == FOOTPRINT:
            print(f"\n## {name}\n\n{told(await footprint(), await bytes_per_request())}", flush=True)
            continue
        if name == ORGANISATION:
            print(f"\n## {name}\n", flush=True)
            await organisation()
            continue
        if name == BROADCAST:
            print(f"\n## {name}\n", flush=True)
            await broadcasts(recipients or RECIPIENTS)
            print(flush=True)
            await freezings(recipients or CITY)
            continue
        results = await compare(GROUPS[name], rounds=rounds)
        print(f"\n## {name}\n\n{table(results)}", flush=True)
        missing += len(GROUPS[name]) - len(results)
    return 1 if missing else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=[*GROUPS, *ALONE],
        help="this group; may be repeated",
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contestant (default 3)")
    parser.add_argument(
        "--recipients",
        type=int,
        help=f"of a broadcast's notices (default {RECIPIENTS:,} under limits, {CITY:,} written down)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    sys.exit(
        asyncio.run(
            main(groups=given.only or [*GROUPS, *ALONE], rounds=given.rounds, recipients=given.recipients)
        )
    )
