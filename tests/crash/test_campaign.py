"""A short campaign on each database, and the proof that a campaign sees what it is there to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.broken import SENT_EARLY
from tests.crash.campaign import HITS, POINTS, Campaign, Kill, Tally, plan
from tests.crash.hamlet import PostgresVillages, SqliteVillages, Villages
from tests.crash.process import Nursery
from tests.support.databases import POSTGRES, SQLITE

pytestmark = pytest.mark.timeout(600)  # a busy machine makes a round ten times as long


@pytest.fixture
def villages(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Villages:
    """Where rounds take place, on either database."""
    if database == SQLITE:
        return SqliteVillages(tmp_path)
    return PostgresVillages(request.getfixturevalue("postgres"))


async def violations_of(villages: Villages, folder: Path, *kills: Kill, broken: str) -> list[str]:
    """What a build does wrong in one round whose lives end like this."""
    async with Nursery(folder) as nursery:
        campaign = Campaign(villages, nursery, folder=folder, seed=1, broken=broken)
        await villages.prepare()
        verdict = await campaign.round(1, kills=kills)
    if kills:
        assert campaign.tally.at_points.total() == len(kills), "the build was not killed where it is wrong"
    return verdict.violations


@pytest.mark.parametrize(
    ("database", "rounds"), [(SQLITE, 3), pytest.param("postgres", 2, marks=POSTGRES.marks)]
)
async def test_a_bot_that_is_killed_again_and_again_loses_nothing_and_does_nothing_twice(
    villages: Villages, tmp_path: Path, rounds: int
) -> None:
    async with Nursery(tmp_path) as nursery:
        campaign = Campaign(villages, nursery, folder=tmp_path, seed=7)
        tally: Tally = await campaign.run(range(1, rounds + 1), told=lambda number, so_far: None)
    assert tally.violations == []
    assert tally.rounds == rounds
    assert tally.at_rest >= rounds
    assert tally.at_points.total() >= rounds


@pytest.mark.parametrize("database", [SQLITE])
async def test_a_build_that_marks_an_update_done_before_its_effect_is_seen_to_lose_it(
    villages: Villages, tmp_path: Path
) -> None:
    found = await violations_of(villages, tmp_path, Kill("perform.written", 2), broken="mark-first")
    assert any("[] and not once" in violation for violation in found), found


@pytest.mark.parametrize("database", [SQLITE])
async def test_a_build_that_sends_before_it_commits_is_seen_to_repeat_what_was_not_in_flight(
    villages: Villages, tmp_path: Path
) -> None:
    found = await violations_of(villages, tmp_path, Kill(SENT_EARLY, 3), broken="send-first")
    assert any("repeated messages that were not in flight" in violation for violation in found), found


@pytest.mark.parametrize("database", [SQLITE])
@pytest.mark.parametrize("broken", ["mark-first", "send-first"])
async def test_what_is_wrong_with_those_builds_shows_only_when_they_are_killed(
    villages: Villages, tmp_path: Path, broken: str
) -> None:
    assert await violations_of(villages, tmp_path, broken=broken) == []


def test_a_campaign_comes_to_every_failpoint_at_every_hit() -> None:
    planned = {(kill.point, kill.hit) for number in range(1, 60) for kill in plan(number, seed=1)}
    assert {(point, hit) for point in POINTS for hit in HITS} <= planned


def test_the_same_seed_and_round_are_planned_alike() -> None:
    assert plan(3, seed=5) == plan(3, seed=5)
    assert plan(3, seed=5) != plan(3, seed=6)
