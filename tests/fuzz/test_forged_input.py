"""A thousand forged and broken updates in the suite; ``make fuzz`` sends a hundred thousand."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from storage import unit
from storage.database import Location
from storage.facts import alarms, pairings, requests, tasks
from tests.fuzz.campaign import campaign
from tests.support.databases import on_postgres, on_sqlite


@pytest.mark.parametrize("seed", [1])
@on_sqlite
async def test_forged_presses_and_broken_updates_change_and_reveal_nothing(
    location: Location, seed: int
) -> None:
    report = await campaign(location, count=1000, seed=seed)
    assert not report.found, str(report)
    assert report.states.keys() <= {"done", "quarantined"}


@on_sqlite
async def test_whatever_is_pressed_on_things_of_others_changes_and_reveals_nothing(
    location: Location,
) -> None:
    """Every name that is answered, by strangers and by people of every role elsewhere."""
    report = await campaign(location, count=1000, seed=1, foreign=1000)
    assert not report.found, str(report)
    assert report.sent == {"foreign thing": 1000}


@on_postgres
async def test_the_same_holds_on_the_other_database(location: Location) -> None:
    report = await campaign(location, count=300, seed=2)
    assert not report.found, str(report)


@on_sqlite
async def test_a_house_without_locks_is_found_out(
    fresh_database: Callable[..., Location], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (unit, alarms, pairings, requests, tasks):
        monkeypatch.setattr(module, "allowed", lambda *who: True)
    wanted = (
        "an outsider changed task",
        "a foreign press changed",
        r"a foreign press did (request|task)\.",
        "read the secret",
    )
    # Which buttons a seed draws changes with every button there is.
    for seed in range(1, 7):
        found = "\n".join((await campaign(fresh_database(), count=900, seed=seed, foreign=600)).found)
        if all(re.search(one, found) for one in wanted):
            return
    raise AssertionError(found)
