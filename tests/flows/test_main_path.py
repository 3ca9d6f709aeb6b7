"""The main path from the first word to the points, in both languages, on both databases."""

from __future__ import annotations

import pytest

from tests.support.paths import FLAT, NOTE, raised, rates, reports, words_of
from tests.support.program import Program


@pytest.fixture(params=["zh", "en"])
async def spoken(request: pytest.FixtureRequest, program: Program) -> str:
    """Everybody reads this language."""
    language = str(request.param)
    for player in program.players.values():
        if player.language != language:
            await player.switches(language)
    return language


async def test_a_request_goes_from_the_first_word_to_the_points_of_the_helper(
    program: Program, spoken: str
) -> None:
    lan, chen, wang, qiang = program.lan, program.chen, program.wang, program.qiang

    request_id = await raised(lan)
    lan.reads("request.sent")
    card = lan.reads("request.next_answer", str(request_id))
    assert words_of(lan) in card.text
    chen.reads("desk.due", words_of(lan), FLAT)
    assert not program.wang.saw("task.free")

    await chen.presses(f"request.accept:{request_id}")
    chen.reads("toast.accepted")
    lan.reads("request.accepted", str(request_id))
    for member in (wang, qiang):
        offer = member.reads("task.free", words_of(lan))
        assert FLAT not in offer.text
        assert "1390" not in offer.text

    await program.at_once(wang.press("task.claim"), qiang.press("task.claim"))
    helper, slower = (wang, qiang) if wang.saw("toast.claimed") else (qiang, wang)
    helper.reads("toast.claimed")
    assert FLAT in helper.reads("state.claim.claimed", lan.name).text
    lan.reads("request.claimed", helper.name)
    slower.reads("task.taken")
    slower.reads("task.is_taken")

    await helper.presses("task.start")
    lan.reads("request.started", helper.name)
    await reports(helper)
    helper.reads("report.sent")
    after = helper.reads("task.reported").text
    assert FLAT not in after
    assert lan.name not in after
    assert NOTE in lan.reads("request.done").text

    await rates(lan, request_id)
    lan.reads("toast.thanks")
    lan.reads("state.request.closed_confirmed")
    helper.reads("task.confirmed", "★★★★★")

    await helper.says("/points")
    helper.reads("points.waiting", "14.4")
    assert await program.ticks("settlement") == 1
    await helper.says("/points")
    helper.reads("points.title", "14.4")
    assert not helper.saw("points.waiting")
    assert await program.store.ledger_differences() == []

    await lan.says("/mine")
    lan.reads("state.request.closed_confirmed", str(request_id))
    await lan.presses(f"request.see:{request_id}")
    for step in ("raised", "accepted", "confirmed"):
        lan.reads(f"step.request.{step}")
    for step in ("claimed", "started", "reported"):
        lan.reads(f"step.task.{step}", helper.name)
    await chen.says("/desk")
    chen.reads("desk.none")
