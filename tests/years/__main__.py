"""``python -m tests.years --years 10 --seed 1``: years of the clock in six zones, and whether each period was run once."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

# Read when telegram is imported.
os.environ.setdefault("PTB_TIMEDELTA", "true")


def main() -> int:
    """0 when nothing was found."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--years", type=int, default=10, help="how many years in each zone")
    asked.add_argument("--seed", type=int, default=1, help="what happens is drawn from")
    asked.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = asked.parse_args()

    from storage.database import Location, migrate
    from tests.conftest import MEMORY
    from tests.support.postgres import Postgres
    from tests.years.campaign import ZONES, campaign

    wrong = False
    began = time.monotonic()
    server = Postgres() if given.database == "postgres" else None
    folder = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="linli-years-", dir=folder) as made:
        try:
            for number, zone in enumerate(ZONES):
                location = (
                    server.create() if server else Location.of(f"sqlite:///{Path(made) / f'{number}.db'}")
                )
                asyncio.run(migrate(location))
                report = asyncio.run(campaign(location, zone=zone, days=given.years * 365, seed=given.seed))
                sys.stdout.write(f"{report}\n")
                sys.stdout.flush()
                wrong = wrong or bool(report.found)
        finally:
            if server:
                server.stop()
    sys.stdout.write(f"{given.years} years in {len(ZONES)} zones took {time.monotonic() - began:.0f} s\n")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
