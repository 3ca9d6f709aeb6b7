"""Stretches of the main path as people walk them, for flows that begin further along. Each is played in the chat."""

from __future__ import annotations

import re

from tests.support.player import Player
from tests.support.program import Program

WORDS = {"zh": "电梯又坏了，老人下不了楼", "en": "the lift is out of order again"}
FLAT, PHONE = "3-301", "13800001111"
NOTE = "换了保险丝，试了三次都正常"


def words_of(player: Player) -> str:
    """What this person says is wrong."""
    return WORDS[player.language or "zh"]


def latest(player: Player) -> int:
    """The number of the request whose card is the newest in this chat."""
    found = re.search(r":(\d+)", next(data for _, data in player.shown("request.add:").buttons))
    assert found is not None
    return int(found[1])


async def raised(
    player: Player,
    *,
    words: str = "",
    category: str = "lift",
    urgency: str | None = "timely",
    private: str | None = "no",
    hide: str = "no",
    about: str = "",
) -> int:
    """A request from the first word to its number; flat, name and phone are given where they are asked."""
    await player.says("/request", words or words_of(player))
    await player.presses(f"request.category:{_version(player)}:{category}")
    for verb, choice in (("urgency", urgency), ("about", about), ("private", private), ("hide", hide)):
        if choice:
            await player.presses(f"request.{verb}:{_version(player)}:{choice}")
    if player.saw("ask.flat"):
        await player.says(FLAT, player.name)
        await player.does(player.shares_contact())
    await player.presses("request.submit")
    return latest(player)


def _version(player: Player) -> int:
    """The version the buttons of the present question carry."""
    assert player.last is not None
    return next(int(data.split(":")[1]) for _, data in player.last.buttons if data.startswith("form."))


async def accepted(program: Program, by: Player | None = None, *, places: int = 1, **raising: str) -> int:
    """Raised by Lan (or ``by``) and accepted by the leader; the request's number."""
    request_id = await raised(by or program.lan, **raising)
    if places == 1:
        await program.chen.presses(f"request.accept:{request_id}")
    else:
        await program.chen.presses(f"request.correct:{request_id}", f"request.correct:{request_id}:p")
        await program.chen.presses(f"request.places:{request_id}:{places}")
    return request_id


async def claimed(program: Program, *helpers: Player, by: Player | None = None, **raising: str) -> int:
    """The same, with a place taken by each of ``helpers`` (Wang unless said)."""
    crew = helpers or (program.wang,)
    request_id = await accepted(program, by, places=len(crew), **raising)
    for helper in crew:
        await helper.presses("task.claim")
    return request_id


async def reports(helper: Player, *, minutes: int = 60, note: str = NOTE) -> None:
    """What is in this helper's hands is reported as done."""
    await helper.presses("task.done")
    version = helper.shown("task.minutes").buttons[0][1].split(":")[1]
    await helper.presses(f"task.minutes:{version}:{minutes}")
    await helper.says(note)
    await helper.presses("form.done")


async def reported(program: Program, *helpers: Player, by: Player | None = None, **raising: str) -> int:
    """The same, with the work reported by all."""
    request_id = await claimed(program, *helpers, by=by, **raising)
    for helper in helpers or (program.wang,):
        await reports(helper)
    return request_id


async def rates(player: Player, request_id: int, stars: int = 5) -> None:
    """Solved, with so many stars."""
    await player.presses(f"request.solved:{request_id}", f"request.rate:{request_id}:{stars}")
