"""How much one person may ask of the bot: the numbers. Counting is ``handlers/limits.py``'s.

Source: docs/rules.md §11.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0


class Counted(StrEnum):
    """What is counted."""

    UPDATES = "updates"
    GROUP = "group"
    REQUESTS = "requests"
    UPLOADS = "uploads"
    SEARCHES = "searches"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class Rates:
    """How many of each, for one person (or one group) in the span that the name tells; 0 for as many as they like."""

    enabled: bool = True
    updates_per_minute: int = 60
    group_updates_per_minute: int = 300
    requests_per_day: int = 20
    uploads_per_hour: int = 60
    searches_per_hour: int = 300
    unknown_codes_per_hour: int = 10

    def most(self, counted: Counted) -> tuple[int, float]:
        """How many, in how many seconds."""
        match counted:
            case Counted.UPDATES:
                return self.updates_per_minute, MINUTE
            case Counted.GROUP:
                return self.group_updates_per_minute, MINUTE
            case Counted.REQUESTS:
                return self.requests_per_day, DAY
            case Counted.UPLOADS:
                return self.uploads_per_hour, HOUR
            case Counted.SEARCHES:
                return self.searches_per_hour, HOUR
            case Counted.CODES:
                return self.unknown_codes_per_hour, HOUR
