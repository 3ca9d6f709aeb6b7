"""Fifty members press for one place at the same moment: one gets it, and each of the others is told so twice."""

from __future__ import annotations

import asyncio

import pytest

from domain.base import Role
from tests.support.dump import rows
from tests.support.paths import accepted
from tests.support.program import Program

MEMBERS = 50


@pytest.mark.parametrize("places", [1, 3])
async def test_as_many_win_as_there_are_places_and_every_other_is_told(program: Program, places: int) -> None:
    members = [
        program.person(f"党员{number}", user_id=4000 + number, started=True) for number in range(MEMBERS)
    ]
    for member in members:
        await program.settles(member, role=Role.MEMBER)
    await accepted(program, places=places)
    for member in members:
        assert member.offers("task.claim")

    await asyncio.gather(*(member.press("task.claim") for member in members))
    await program.quiet()

    held = await rows(program.store._engine, "claim", "place", "state")
    assert held == [(place, "claimed") for place in range(1, places + 1)]
    winners = [member for member in members if member.saw("toast.claimed")]
    assert len(winners) == places
    for winner in winners:
        winner.reads("state.claim.claimed")
    for member in members:
        assert not member.offers("task.claim")
        if member not in winners:
            member.reads("task.taken")
            member.reads("task.is_taken")
