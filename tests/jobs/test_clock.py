"""The table of jobs: complete, as the pages for operators say it, and as the operator sets it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from domain.clock import Every
from domain.jobs import AGAIN_AND_AGAIN, BY_CALENDAR, NAMES
from jobs.backup import Backups, Plan
from jobs.clock import JOBS, as_set
from storage.database import Location

ROOT = Path(__file__).parents[2]
ADMINS = ("admins", "every 1 minute")
"""The one job that the program itself adds."""
UPKEEP = Backups(Location.of("sqlite:///linli.db"), Plan(None), program="1").jobs()
EVERY_JOB = (*JOBS, *UPKEEP)


def test_every_job_has_its_name_and_keeps_its_kind() -> None:
    assert {job.name for job in EVERY_JOB} | {ADMINS[0]} == set(NAMES)
    assert len(EVERY_JOB) + 1 == len(NAMES)
    for job in EVERY_JOB:
        assert job.name in (AGAIN_AND_AGAIN if isinstance(job.when, Every) else BY_CALENDAR)


def test_the_example_and_the_page_of_jobs_say_when_each_runs() -> None:
    cadences = {ADMINS, *((job.name, str(job.when)) for job in EVERY_JOB)}
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    assert set(re.findall(r'^# (\w+) = "(every .*|daily .*)"$', example, re.MULTILINE)) == cadences
    page = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", page, re.MULTILINE)) == cadences


def test_a_cadence_of_the_operators_own_takes_the_place_of_ours() -> None:
    changed = {
        job.name: job for job in as_set(JOBS, {"retention": "weekly 7 04:00", "seal": "every 2 minutes"})
    }
    assert str(changed["retention"].when) == "weekly 7 04:00"
    assert changed["seal"].when == Every(timedelta(minutes=2))
    assert changed["visits"] in JOBS
