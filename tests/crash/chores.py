"""Every job of the clock with an hour at which it has something to do, and the table of jobs as the program runs them.

The driver and the process under test both use it. Knows neither the village (``workday.py``) nor how lives end.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.admins import Admins
from bot.backup import plan_of
from bot.settings import Settings, load
from domain.clock import Every
from domain.jobs import NAMES
from jobs.backup import Backups
from jobs.clock import JOBS, MINUTE, Job
from storage.database import Location
from storage.unit import Store

BEGAN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday, ten in the morning in Shanghai: everything was settled then."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS_KEPT = 10
"""What retention forgets is older than that, so that few periods lie between."""
MAILINGS = "mailings"
"""Notices on their way are at work without the clock's table, and are killed like a job."""


@dataclass(frozen=True, slots=True)
class Chore:
    """A job with something to do at an instant. ``before`` is said to the database first, past all rules. ``writes``:
    whether it leaves anything in the database but the note that it has run; ``files``: on disk."""

    job: str
    at: datetime
    what: str = ""
    before: str = ""
    writes: bool = True
    files: bool = False

    @property
    def name(self) -> str:
        """For people, and for repeating it alone."""
        return f"{self.job}:{self.what}" if self.what else self.job


def _on(days: int, at: str) -> datetime:
    """So many days after the village was settled, at a time of its own clock."""
    day = BEGAN.astimezone(SHANGHAI).date() + timedelta(days=days)
    return datetime.combine(day, time.fromisoformat(at), SHANGHAI).astimezone(UTC)


CHORES = (
    Chore("settlement", _on(1, "10:00")),
    Chore("visits", _on(1, "10:00")),
    Chore("deadlines", _on(4, "10:00")),
    Chore("tasks", _on(3, "10:00")),
    Chore("appointments", _on(8, "10:00")),
    Chore("imports", _on(1, "10:00"), "finishes"),
    Chore(
        "imports",
        _on(1, "10:00"),
        "drops",
        before="UPDATE import_batch SET state = 'applying' WHERE finished_at IS NULL",
    ),
    Chore("blocked", _on(1, "10:00"), writes=False),
    Chore("erasures", _on(1, "10:00")),
    Chore("admins", _on(1, "10:00")),
    Chore("digests", _on(7, "10:00")),
    Chore("lessons", _on(1, "10:00")),
    Chore("lesson_reminders", _on(4, "10:00")),
    Chore("meetings", _on(1, "10:00")),
    Chore("erasure_log", _on(1, "10:00"), writes=False, files=True),
    Chore("seal", _on(1, "10:00")),
    Chore("backup", _on(1, "03:10"), writes=False, files=True),
    Chore("disk", _on(1, "10:00")),
    Chore(
        "ledger_proof",
        _on(1, "02:40"),
        before="UPDATE balance SET amount = amount + 1 WHERE account LIKE 'person:%'",
    ),
    Chore("greetings", _on(1, "08:40")),
    Chore("checkins", _on(1, "09:10")),
    Chore("meeting_duties", _on(1, "09:10")),
    Chore("appointment_reminders", _on(14, "09:40")),
    Chore("retention", _on(14, "03:40")),
    Chore("optimize", _on(1, "04:10"), writes=False),
    Chore(MAILINGS, _on(1, "10:00")),
)


def variables(location: Location, files: Path) -> dict[str, str]:
    """The settings of whoever works in the village. ``files``: where backups and whatever else is written go."""
    forgotten = (
        "INBOX_PAYLOADS", "INBOX_ROWS", "OUTBOX_ROWS", "DRAFTS", "JOB_RUNS", "CARDS", "CLOSED_REQUEST_WORDS",
        "NOTICE_ANSWERS", "LEAVE_REASONS", "IMPORT_ROWS", "AUDIT",
    )  # fmt: skip
    return {
        "LINLI_DATABASE__URL": location.url.render_as_string(hide_password=False),
        "LINLI_COMMUNITY__ADMINS": "501,502",
        "LINLI_BACKUP__DIRECTORY": str(files / "backups"),
        **{f"LINLI_RETENTION__{name}": str(DAYS_KEPT) for name in forgotten},
    }


def jobs_of(settings: Settings, store: Store, *, now: datetime) -> tuple[Job, ...]:
    """Every job of the clock, as the program puts them together."""
    admins = Admins(store, settings.community, now=lambda: now)
    appoint = Job("admins", Every(MINUTE), lambda store, now: admins.appoint())
    backups = Backups(
        Location.of(settings.database.url.get_secret_value()),
        plan_of(settings.backup),
        program="crash",
        free=lambda folder: 0,
    )
    jobs = (*JOBS, appoint, *backups.jobs())
    assert {job.name for job in jobs} == set(NAMES)
    return jobs


def settings_of(environment: Mapping[str, str]) -> Settings:
    """What the variables of an order mean, whatever file lies about."""
    return load(Path(os.devnull), environment=environment)
