"""A blocked account is heard no more, nothing is sent to it, and in danger it still sees whom to call."""

from __future__ import annotations

import pytest

from domain.base import Actor, Role
from domain.blocks import BlockAccount, UnblockAccount
from tests.support.databases import on_sqlite
from tests.support.dump import count, rows
from tests.support.paths import accepted, raised
from tests.support.player import Player
from tests.support.program import Program

pytestmark = on_sqlite


async def number_of(program: Program, player: Player) -> int:
    """The person's number."""
    where = f"telegram_id = {player.user_id}"
    return int((await rows(program.store._engine, "person", "id", where=where))[0][0])


async def blocks(program: Program, player: Player, *, by: Player | None = None) -> None:
    """Put on the list from the chat, by the secretary if nobody is named."""
    await (by or program.zhao).forged(f"block.add:{await number_of(program, player)}")


async def test_a_blocked_person_is_heard_no_more_until_the_block_is_lifted(program: Program) -> None:
    lan, zhao = program.lan, program.zhao
    await raised(lan)
    await blocks(program, lan)
    zhao.reads("toast.blocked")
    requests = await count(program.store._engine, "request")
    await lan.says("/menu", "电梯坏了")
    assert lan.news == []
    await lan.presses("request.add")
    assert lan.news == []
    assert await count(program.store._engine, "request") == requests
    assert not await rows(program.store._engine, "inbox", "update_id", where="state <> 'done'")
    await zhao.forged(f"block.remove:{await number_of(program, lan)}")
    zhao.reads("toast.unblocked")
    await lan.says("/menu")
    lan.reads("menu.title")


async def test_nothing_is_sent_to_a_blocked_account(program: Program) -> None:
    await blocks(program, program.lan)
    await blocks(program, program.qiang)
    await accepted(program, by=program.emily)
    assert program.wang.offers("task.claim")
    assert not program.qiang.offers("task.claim")
    dropped = await rows(program.store._engine, "outbox", "chat_id", "error", where="state = 'dropped'")
    assert (program.qiang.user_id, "blocked") in dropped


async def test_in_danger_a_blocked_account_sees_whom_to_call_and_nobody_is_rung(program: Program) -> None:
    lan = program.lan
    await blocks(program, lan)
    await lan.says("着火了")
    lan.reads("limits.numbers", "119")
    assert await count(program.store._engine, "alarm") == 0


async def test_the_block_list_survives_a_restart(program: Program) -> None:
    await blocks(program, program.lan)
    await program.stops()
    await program.starts()
    await program.lan.says("/menu")
    assert program.lan.news == []


async def test_the_operator_blocks_an_account_that_nobody_is_known_by(program: Program) -> None:
    operator = Actor.system("command-line")
    stranger = program.person("捣乱的", user_id=4001)
    await program.performs(BlockAccount(4001), operator)
    await stranger.does(stranger.start())
    assert stranger.news == []
    await program.performs(UnblockAccount(4001), operator)
    await stranger.does(stranger.start())
    stranger.reads("start.hello")


async def test_nobody_blocks_themselves_or_staff_at_their_level_or_above(program: Program) -> None:
    zhao = program.zhao
    above = program.person("街道书记", user_id=4001, started=True)
    beside = program.person("副书记", user_id=4002, started=True)
    await program.settles(above, role=Role.SECRETARY, at="street")
    await program.settles(beside, role=Role.SECRETARY, at="community")
    await blocks(program, zhao)
    zhao.reads("refused.not_found")
    for player in (above, beside):
        await blocks(program, player)
        zhao.reads("block.staff")
    await blocks(program, zhao, by=above)
    above.reads("toast.blocked")
    await blocks(program, zhao, by=above)
    above.reads("block.already")
    assert program.store.blocked == {zhao.user_id}


@pytest.mark.parametrize("name", ["lan", "wang", "chen"])
async def test_who_may_not_suspend_may_not_block(program: Program, name: str) -> None:
    player: Player = getattr(program, name)
    await blocks(program, program.emily, by=player)
    player.reads("refused.not_found")
    assert await count(program.store._engine, "blocked") == 0


async def test_what_telegram_tells_of_a_chat_is_heard_whoever_it_comes_from(program: Program) -> None:
    lan = program.lan
    await blocks(program, lan)
    await lan.does(lan.blocks())
    where = f"telegram_id = {lan.user_id} AND unreachable_since IS NOT NULL"
    assert await count(program.store._engine, "person", where) == 1
