"""``python -m tests.fuzz --count 100000 --seed 1``: attack the whole program in process and say what came of it."""

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
    asked.add_argument("--count", type=int, default=100_000, help="how many updates")
    asked.add_argument("--seed", type=int, default=1, help="what they are drawn from")
    asked.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = asked.parse_args()

    from storage.database import Location
    from tests.fuzz.campaign import campaign
    from tests.support.postgres import Postgres

    began = time.monotonic()
    if given.database == "postgres":
        server = Postgres()
        try:
            report = asyncio.run(campaign(server.create(), count=given.count, seed=given.seed))
        finally:
            server.stop()
    else:
        with tempfile.TemporaryDirectory() as folder:
            location = Location.of(f"sqlite:///{Path(folder) / 'linli.db'}")
            report = asyncio.run(campaign(location, count=given.count, seed=given.seed))
    took = time.monotonic() - began
    sys.stdout.write(f"{report}\nin {took:.0f} s ({given.count / took:.0f} updates/s)\n")
    return 1 if report.found else 0


if __name__ == "__main__":
    sys.exit(main())
