"""A notice through the worst: Telegram says "too many" again and again, and then is away for ten minutes."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import FaultPlan
from tests.flows.test_notices import WORDS, composed
from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite

NEIGHBOURS = 30
STORM = FaultPlan(seed=5, too_many=0.5, retry_after=3, methods=("sendMessage",))
LONGEST = 600
"""Seconds of the clock's after which something that should have come is called lost."""


def copies(players: list[Player]) -> list[int]:
    """How many copies of the notice each of them has."""
    return [sum(WORDS in message.text for message in player.messages) for player in players]


async def passing(program: Program, happened: Callable[[], bool]) -> int:
    """Let the clock go on until something has happened; after how many seconds."""
    for seconds in range(LONGEST):
        if happened():
            return seconds
        await program.passes(seconds=1)
    raise AssertionError(f"this did not come to pass: {happened}")


async def test_a_storm_and_ten_minutes_of_silence_lose_nothing_and_hold_up_nobody(program: Program) -> None:
    chen, zhao = program.chen, program.zhao
    neighbours = [program.person(f"邻居{number}", started=True) for number in range(NEIGHBOURS)]
    for player in neighbours:
        await program.settles(player)
    await program.quiet()
    await composed(chen)
    program.sandbox.plan_faults(STORM)
    await chen.press("notice.confirm")
    await passing(program, lambda: sum(copies(neighbours)) >= 5)
    zhao.listens()
    await zhao.sends("/menu")
    waited = await passing(program, lambda: bool(zhao.news))
    assert waited <= 30, f"an answer waits for refusals of its own, not for the notice: {waited}"
    arrived = sum(copies(neighbours))
    assert arrived < NEIGHBOURS, "the notice was still on its way"

    program.sandbox.dies(LONGEST)
    await program.passes(seconds=LONGEST - 10, steps=20)
    assert sum(copies(neighbours)) == arrived
    await passing(program, lambda: sum(copies(neighbours)) > arrived)
    program.sandbox.plan_faults(FaultPlan())
    await passing(program, lambda: min(copies(neighbours)) > 0)
    await program.quiet()
    assert copies([*neighbours, program.lan, program.emily]) == [1] * NEIGHBOURS + [1, 1]
    assert await program.store.stuck() == ([], [])
