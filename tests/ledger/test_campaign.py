"""A short run of the ledger's campaign in the suite; ``make ledger`` runs the long one on both databases."""

from __future__ import annotations

from storage.database import Location
from tests.ledger.campaign import campaign
from tests.support.databases import on_postgres, on_sqlite


@on_sqlite
async def test_whatever_happens_each_earning_is_posted_once_and_the_sums_agree(location: Location) -> None:
    report = await campaign(location, count=300, seed=1, batch=150)
    assert not report.found, str(report)
    assert report.postings > 10
    assert {"killed", "repeated", "merged", "ConfirmRequest", "ReturnRequest"} <= report.done.keys()


@on_postgres
async def test_settlements_that_meet_on_a_server_post_once(location: Location) -> None:
    report = await campaign(location, count=100, seed=3, batch=50)
    assert not report.found, str(report)
    assert report.postings


@on_sqlite
async def test_without_the_guard_an_earning_is_posted_twice(location: Location) -> None:
    report = await campaign(location, count=300, seed=1, batch=300, guarded=False)
    assert any("was posted 2 times" in line for line in report.found), str(report)
