"""The bot ends and comes back on the same database: nothing is lost, nothing is done twice, and people go on."""

from __future__ import annotations

import pytest

from sandbox.faults import FaultPlan
from storage.lockfile import DatabaseInUseError
from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, accepted, claimed, latest, raised, rates, reported, reports
from tests.support.program import Program

pytestmark = on_sqlite

WORDS = "楼道灯坏了"


@pytest.fixture(params=["stops", "kills"])
def end(request: pytest.FixtureRequest) -> str:
    """How the bot ends: in order, or with everything in memory gone."""
    return str(request.param)


async def comes_back(program: Program, end: str) -> None:
    """End and start again."""
    await getattr(program, end)()
    await program.starts()
    await program.quiet()


async def test_a_form_goes_on_where_it_stood(program: Program, end: str) -> None:
    lan = program.lan
    await lan.says("/request", WORDS)
    await lan.presses("request.category")
    await comes_back(program, end)
    await lan.presses("request.urgency", "request.private", "request.hide")
    await lan.says(FLAT)
    await comes_back(program, end)
    await lan.says(lan.name)
    await lan.does(lan.shares_contact())
    await comes_back(program, end)
    await lan.presses("request.submit")
    program.chen.reads("desk.due", WORDS, FLAT)


async def test_a_claim_goes_on_where_it_stood(program: Program, end: str) -> None:
    lan, wang = program.lan, program.wang
    request_id = await claimed(program)
    await comes_back(program, end)
    await wang.presses("task.start", "task.done", "task.minutes")
    await comes_back(program, end)
    await wang.says("修好了")
    await wang.presses("form.done")
    lan.reads("request.done")
    await comes_back(program, end)
    await rates(lan, request_id)
    assert await program.ticks("settlement") == 1
    await comes_back(program, end)
    assert await program.ticks("settlement") == 0
    assert await program.store.ledger_differences() == []


async def test_two_answers_sent_while_the_bot_was_away_are_taken_in_their_order(
    program: Program, end: str
) -> None:
    lan = program.lan
    await lan.says("/request", WORDS)
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await getattr(program, end)()
    await lan.sends(FLAT)
    await lan.sends("李奶奶")
    await lan.shares_contact()
    await program.starts()
    await program.quiet()
    summary = lan.reads("check.request").text
    assert FLAT in summary
    assert "李奶奶" in summary


async def test_what_was_raised_and_not_yet_told_is_told_after_the_end(program: Program) -> None:
    lan, chen = program.lan, program.chen
    await lan.says("/request", WORDS)
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact())
    # Killed between the commit and the sending: delivery has not begun.
    program.app.delivery._stopping = True
    await lan.press("request.submit")
    await program.until(lambda: program.app.dispatcher.idle and not program.sandbox.pending_updates)
    assert not chen.saw("desk.due")
    await program.kills()
    await program.starts()
    await program.quiet()
    chen.reads("desk.due", WORDS)
    assert latest(lan) == 1


async def test_two_who_press_while_the_bot_is_away_are_both_told_how_it_went(
    program: Program, end: str
) -> None:
    wang, qiang = program.wang, program.qiang
    await accepted(program)
    await getattr(program, end)()
    await wang.press("task.claim")
    await qiang.press("task.claim")
    await program.starts()
    await program.quiet()
    assert sorted([wang.saw("toast.claimed"), qiang.saw("toast.claimed")]) == [False, True]
    assert wang.saw("task.taken") != qiang.saw("task.taken")


async def test_updates_that_come_twice_and_out_of_order_have_their_effect_once(program: Program) -> None:
    program.sandbox.plan_faults(FaultPlan(duplicate=1.0))
    request_id = await reported(program)
    await rates(program.lan, request_id)
    await program.lan.says("/mine")
    program.lan.reads("mine.title")
    assert len([text for text in program.lan.news if "您的诉求" in text]) == 1
    assert await program.ticks("settlement") == 1
    assert len(program.wang.messages) == len({m.id for m in program.wang.messages})


async def test_a_second_bot_on_the_same_file_is_refused_and_the_first_goes_on(program: Program) -> None:
    with pytest.raises(DatabaseInUseError):
        await program.another().start()
    request_id = await reported(program)
    await rates(program.lan, request_id)
    program.lan.reads("state.request.closed_confirmed")


async def test_open_cards_say_that_we_are_back_after_a_longer_outage(program: Program) -> None:
    lan, wang, chen = program.lan, program.wang, program.chen
    await accepted(program)
    waiting = await raised(lan)
    await program.stops()
    await program.passes(seconds=151)
    for player in program.players.values():
        player.listens()
    await program.starts()
    await program.quiet()
    wang.reads("card.back_again")
    chen.reads("card.back_again")
    assert program.phrases.pattern("zh", "card.back_again").search(
        chen.shown(f"request.accept:{waiting}").text
    )
    await chen.presses(f"request.accept:{waiting}")
    chen.reads("desk.accepted_by")
    assert not program.phrases.pattern("zh", "card.back_again").search(chen.card(f"{waiting} 号").text)


async def test_a_short_restart_leaves_the_cards_alone(program: Program) -> None:
    await accepted(program)
    program.wang.listens()
    await program.stops()
    await program.passes(seconds=100)
    await program.starts()
    await program.quiet()
    assert program.wang.news == []


async def test_an_orderly_end_drains_what_is_under_way(program: Program) -> None:
    wang, chen = program.wang, program.chen
    await claimed(program)
    await reports(wang)
    request_id = await raised(program.emily)
    await chen.press(f"request.accept:{request_id}")
    await program.until(lambda: not program.sandbox.pending_updates)
    await program.stops()
    await program.starts()
    await program.quiet()
    program.emily.reads("request.accepted")
    assert (
        len(
            [
                m
                for m in program.emily.messages
                if program.phrases.pattern("en", "request.accepted").search(m.text)
            ]
        )
        == 1
    )
