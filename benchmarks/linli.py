"""Linli itself as a contestant: the program as it is, on the database given, with Telegram's limits off unless asked for.

python -m benchmarks.linli sqlite:///file [limits]
"""

from __future__ import annotations

import os
import sys

from bot.cli import main


def run(database: str, *, limits: bool) -> None:
    """Run the bot until it is told to end."""
    os.environ.update(
        LINLI_DATABASE__URL=database,
        LINLI_TELEGRAM__LIMITS_ENABLED=str(limits).lower(),
        LINLI_RULES__MAX_OPEN_CLAIMS="100",
        # Counted as always, but the stock's few people do more in a minute than any real ones.
        LINLI_LIMITS__UPDATES_PER_MINUTE="1000000",
        LINLI_LIMITS__GROUP_UPDATES_PER_MINUTE="1000000",
        LINLI_LIMITS__REQUESTS_PER_DAY="1000000",
        LINLI_LIMITS__UPLOADS_PER_HOUR="1000000",
        LINLI_HTTP__LISTEN="",
        LINLI_LOG__LEVEL="warning",
    )
    sys.argv = ["linli", "run"]
    main()


if __name__ == "__main__":
    run(sys.argv[1], limits="limits" in sys.argv[2:])
