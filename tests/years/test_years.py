"""A few weeks of the clock in the suite, over a change of the clocks; ``make clock`` lets ten years go by in six zones."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from domain.jobs import Step
from storage import jobs
from storage.database import Location
from storage.schema import job_run
from tests.support.databases import on_postgres, on_sqlite
from tests.years.campaign import campaign


@on_sqlite
async def test_every_period_is_run_once_or_skipped_whatever_happens(location: Location) -> None:
    report = await campaign(location, zone="America/Sao_Paulo", days=60, seed=1)
    assert not report.found, str(report)
    assert {"done", "skipped"} <= report.outcomes.keys() <= {"done", "skipped", "partly"}
    assert {"down", "cut short", "put back", "put forward"} <= report.events.keys()


@on_postgres
async def test_two_processes_on_a_server_run_each_period_once(location: Location) -> None:
    report = await campaign(location, zone="Asia/Kathmandu", days=8, seed=2)
    assert not report.found, str(report)


@on_sqlite
async def test_without_the_guard_periods_are_run_twice(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unguarded(connection: Connection, step: Step) -> bool:
        """Moves on from wherever the period stands."""
        period = (job_run.c.job == step.job) & (job_run.c.period == step.period)
        connection.execute(job_run.update().where(period).values(reached=step.item))
        return True

    monkeypatch.setattr(jobs, "advance", unguarded)
    report = await campaign(location, zone="Asia/Shanghai", days=10, seed=1)
    assert any("[2, 2]" in problem or "[2, 1]" in problem for problem in report.found), str(report)
