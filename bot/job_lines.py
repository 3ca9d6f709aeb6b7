"""How the clock's jobs fare, a line each, for the operator. Running one by hand is ``commands.py``'s."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.base import Actor
from domain.jobs import JobRow, SeeJobs
from storage.unit import Store


async def job_lines(store: Store, *, now: datetime) -> list[str]:
    """One line for each job, in the order of the table; none before the clock has run for the first time."""
    found: tuple[JobRow, ...] = await store.read(SeeJobs(), Actor.system("command-line"), now=now)
    zone = ZoneInfo(store.rules.time_zone)
    return [_line(row, zone) for row in found]


def _line(row: JobRow, zone: ZoneInfo) -> str:
    last = "never run" if row.last_at is None else f"last {_at(row.last_at, zone)} ({row.last_count} done)"
    if row.failures:
        state = f"FAILING {row.failures} times in a row with {row.error}, again {_at(row.next_at, zone)}"
    elif row.late:
        state = f"LATE since {_at(row.next_at, zone)}"
    else:
        state = f"next {_at(row.next_at, zone)}"
    asked = "; asked for" if row.asked else ""
    return f"{row.name}: {row.cadence}; {last}; {state}{asked}"


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
