"""A notice to a small crowd under kills on each database, and the proof that the campaign sees what it is there to see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.crash.broadcast import KILLS_AT_MOMENTS, POINTS, Broadcasts, plan
from tests.crash.broken import MARKED_UNSENT, SENT_UNMARKED
from tests.crash.campaign import HITS, Kill
from tests.crash.hamlet import PostgresVillages, SqliteVillages, Villages
from tests.crash.judge import IN_FLIGHT
from tests.crash.process import Nursery
from tests.support.databases import SQLITE

pytestmark = pytest.mark.timeout(600)  # a busy machine makes a round ten times as long

RECIPIENTS = 100
EVERYWHERE = (
    Kill("notice.frozen", 3),
    Kill("notice.walked.committed", 1),
    Kill("delivery.sent", 5),
)


@pytest.fixture
def villages(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Villages:
    """Where rounds take place, on either database."""
    if database == SQLITE:
        return SqliteVillages(tmp_path)
    return PostgresVillages(request.getfixturevalue("postgres"))


async def played(campaign: Broadcasts, *kills: Kill) -> Sequence[str]:
    """What goes wrong with one notice while lives end like this."""
    before = campaign.tally.at_points.total()
    verdict = await campaign.round(1, kills=kills)
    traps = sum(bool(kill.point) for kill in kills)
    assert campaign.tally.at_points.total() - before == traps, "the bot was not killed where it was to be"
    return verdict.violations


async def test_a_notice_under_kills_reaches_everybody_and_repeats_no_more_than_was_in_flight(
    villages: Villages, tmp_path: Path
) -> None:
    await villages.prepare()
    async with Nursery(tmp_path) as nursery:
        campaign = Broadcasts(villages, nursery, folder=tmp_path, seed=1, recipients=RECIPIENTS)
        assert await played(campaign, *EVERYWHERE) == []
    assert campaign.tally.effects >= RECIPIENTS
    assert max(campaign.tally.stored) <= IN_FLIGHT
    assert {"freezing", "sending"} <= campaign.states.keys()


@pytest.mark.parametrize("database", [SQLITE])
async def test_builds_that_mark_copies_too_early_or_too_late_are_seen_to_do_so_once_they_are_killed(
    villages: Villages, tmp_path: Path
) -> None:
    await villages.prepare()
    async with Nursery(tmp_path) as nursery:
        for build, kill, seen in (
            ("sent-first", Kill(MARKED_UNSENT, 2), "did not get it"),
            ("forgets", Kill(SENT_UNMARKED, 1), "a kill repeated"),
        ):
            campaign = Broadcasts(
                villages, nursery, folder=tmp_path, seed=1, recipients=RECIPIENTS, broken=build
            )
            assert await played(campaign) == [], build
            found = await played(campaign, kill)
            assert any(seen in violation for violation in found), (build, found)


def test_broadcasts_come_to_every_failpoint_at_every_hit() -> None:
    planned = [plan(number, seed=1, recipients=RECIPIENTS) for number in range(1, 20)]
    assert {(point, hit) for point in POINTS for hit in HITS} <= {
        (kill.point, kill.hit) for kills in planned for kill in kills
    }
    assert all(sum(kill.after is not None for kill in kills) == KILLS_AT_MOMENTS for kills in planned)
