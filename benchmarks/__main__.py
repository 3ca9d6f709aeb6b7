"""Measure and print the tables: `python -m benchmarks [--only echo] [--rounds 3]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

from benchmarks.broadcast import broadcasts
from benchmarks.contestants import GROUPS
from benchmarks.footprint import bytes_per_request, footprint, told
from benchmarks.freezing import freezings
from benchmarks.importing import importings
from benchmarks.measure import compare, table
from benchmarks.organisation import organisation
from benchmarks.reminders import reminders

RECIPIENTS, CITY = 3000, 1_000_000


async def _footprint(recipients: int | None) -> None:
    print(told(await footprint(), await bytes_per_request()), flush=True)


async def _organisation(recipients: int | None) -> None:
    await organisation()


async def _importing(recipients: int | None) -> None:
    await asyncio.to_thread(importings)


async def _broadcast(recipients: int | None) -> None:
    await broadcasts(recipients or RECIPIENTS)
    print(flush=True)
    await freezings(recipients or CITY)


async def _reminders(recipients: int | None) -> None:
    await reminders()


ALONE: Mapping[str, Callable[[int | None], Awaitable[None]]] = {
    "footprint": _footprint,
    "organisation": _organisation,
    "importing": _importing,
    "broadcast": _broadcast,
    "reminders": _reminders,
}
"""What is measured by itself, not beside contestants; each gets ``--recipients``."""


async def main(*, groups: list[str], rounds: int, recipients: int | None = None) -> int:
    """Print one table for each group; 1 if a contestant had to be left out."""
    missing = 0
    for name in groups:
        print(f"\n## {name}\n", flush=True)
        if name in ALONE:
            await ALONE[name](recipients)
            continue
        results = await compare(GROUPS[name], rounds=rounds)
        print(table(results), flush=True)
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
