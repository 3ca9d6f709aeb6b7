"""``python -m tests.ledger --count 200000 --seed 1``: random operations on the ledger of both databases, judged by batches."""

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
    asked.add_argument("--count", type=int, default=200_000, help="how many operations on each database")
    asked.add_argument("--seed", type=int, default=1, help="what they are drawn from")
    asked.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    given = asked.parse_args()

    from storage.database import Location, migrate
    from tests.conftest import MEMORY
    from tests.ledger.campaign import campaign
    from tests.support.postgres import Postgres

    wrong = False
    names = ("sqlite", "postgres") if given.database == "both" else (given.database,)
    with tempfile.TemporaryDirectory(prefix="linli-ledger-", dir=MEMORY if MEMORY.is_dir() else None) as made:
        for name in names:
            began = time.monotonic()
            server = Postgres() if name == "postgres" else None
            try:
                location = server.create() if server else Location.of(f"sqlite:///{Path(made) / 'linli.db'}")
                asyncio.run(migrate(location))
                batch = max(500, given.count // 100)
                report = asyncio.run(campaign(location, count=given.count, seed=given.seed, batch=batch))
            finally:
                if server:
                    server.stop()
            took = time.monotonic() - began
            sys.stdout.write(f"{name}: {report}\nin {took:.0f} s ({given.count / took:.0f} operations/s)\n")
            sys.stdout.flush()
            wrong = wrong or bool(report.found)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
