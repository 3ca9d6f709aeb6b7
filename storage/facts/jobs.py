"""The jobs of the clock in the eyes of an admin. There is nothing of any person in them, so they belong to no place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from domain.base import NOT_FOUND, Refused
from domain.jobs import NAMES, JobRow, JobState, SeeJob, SeeJobs, shown
from storage.entities import load
from storage.facts.rows import Look
from storage.jobs import states


def see_jobs(connection: Connection, query: SeeJobs, look: Look) -> tuple[JobRow, ...]:
    """All of them."""
    found = {state.name: state for state in states(connection)}
    return tuple(_row(found[name], look) for name in NAMES if name in found)


def see_job(connection: Connection, query: SeeJob, look: Look) -> JobRow:
    """One of them."""
    state = load(connection, JobState, query.job_id, lock=False)
    if state is None or state.name not in NAMES:
        raise Refused(NOT_FOUND)
    return _row(state, look)


def _row(state: JobState, look: Look) -> JobRow:
    return shown(state, now=look.now, zone=ZoneInfo(look.rules.time_zone))


QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {SeeJobs: see_jobs, SeeJob: see_job}
