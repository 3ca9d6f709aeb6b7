"""Updates that Telegram should never send: whatever they hold, the next one is handled and nobody else waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.intake import Poller
from jobs.telegram import compact, sender_of, without_our_words
from tests.support.databases import on_sqlite
from tests.support.dump import rows
from tests.support.program import Program

LAN = 1005


def message(number: int, text: Any, **more: Any) -> dict[str, Any]:
    """Words of Lan's, in her chat."""
    user = {"id": LAN, "is_bot": False, "first_name": "李桂兰", "language_code": "zh"}
    chat = {"id": LAN, "type": "private", "first_name": "李桂兰"}
    said = {"message_id": 7, "date": 1_772_416_800, "from": user, "chat": chat, "text": text, **more}
    return {"update_id": number, "message": said}


async def states(program: Program, *numbers: int) -> list[str]:
    """How far each of these updates came."""
    found = dict(await rows(program.store._engine, "inbox", "update_id", "state"))
    return [found[number] for number in numbers]


async def test_zero_bytes_and_halves_of_characters_are_passed_on_as_far_as_they_are_words(
    program: Program,
) -> None:
    await program.app.intake.accept([message(9001, "电梯\ud83d坏\x00了", media_group_id="\x00")])
    await program.quiet()
    assert await states(program, 9001) == ["done"]
    await program.lan.presses("request.pass", "request.category")
    program.lan.reads("ask.urgency")


@on_sqlite
async def test_what_cannot_be_read_is_set_aside_and_keeps_nobody_waiting(program: Program) -> None:
    deep: Any = "end"
    for _ in range(900):
        deep = [deep]
    broken: list[dict[str, Any]] = [
        {"update_id": 9001, "message": []},
        {"update_id": 9002, "callback_query": {"message": ["no table"], "from": None}},
        {"update_id": 9003, "message": {"message": 7}},
        {"update_id": 9004, "message": deep},
        {"update_id": 9005, "message": {"message_id": 1, "date": 1, "text": "no chat"}},
        message(9006, {"no": "words"}),
        {"update_id": 9007, "message": {**message(1, "x")["message"], "from": {"id": 2**70}}},
    ]
    await program.app.intake.accept([*broken, message(9008, "电梯坏了")])
    await program.emily.sends("/help")
    await program.emily.sees("This is what I can do")
    while "waiting" in await states(program, *range(9001, 9009)):
        await program.passes(seconds=31)
    await program.quiet()
    assert await states(program, *range(9001, 9008)) == ["quarantined"] * 7
    assert await states(program, 9008) == ["done"]


@on_sqlite
async def test_an_update_that_no_handler_could_take_is_not_forgotten(program: Program) -> None:
    await program.app.intake.accept(
        [{"update_id": 9001, "message": {"message_id": 1, "date": 1, "text": "no chat"}}]
    )
    while await states(program, 9001) == ["waiting"]:
        await program.passes(seconds=31)
    ((error,),) = await rows(program.store._engine, "inbox", "error", where="update_id = 9001")
    assert str(error).startswith("UnreadableUpdateError")
    assert program.app.dispatcher.idle


@on_sqlite
async def test_updates_without_a_number_are_passed_over(program: Program) -> None:
    unnumbered: list[Any] = [{}, {"update_id": "7"}, {"update_id": True}, {"update_id": 2**70}, "words", None]
    await program.app.intake.accept([*unnumbered, message(9001, "/help", entities=[])])
    await program.quiet()
    assert await states(program, 9001) == ["done"]


@on_sqlite
async def test_the_poller_goes_on_after_a_batch_of_nonsense(program: Program) -> None:
    batches: list[Any] = [[{"no": "number"}], [{"update_id": 41}, {"update_id": "x"}]]
    offsets: list[Any] = []
    pauses: list[float] = []

    class Over(Exception):
        """Nothing more to poll."""

    async def call(method: str, params: Any) -> Any:
        offsets.append(params.get("offset"))
        if not batches:
            raise Over
        return batches.pop(0)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    poller = Poller(call, program.app.intake, fatal=lambda reason: None, sleep=sleep)
    with pytest.raises(Over):
        await poller.run()
    assert offsets == [None, None, 42]
    assert pauses == [1.0]


def test_whose_turn_a_broken_update_is_can_always_be_said() -> None:
    nonsense: tuple[dict[str, Any], ...] = (
        {"message": []},
        {"callback_query": {"message": "words"}},
        {"message": {"from": {"id": 2**63}, "chat": {"id": True}}},
        {"message": {"from": [], "chat": {"id": "7"}}},
        {},
    )
    assert [sender_of(broken) for broken in nonsense] == [0] * len(nonsense)
    assert sender_of({"callback_query": {"message": {"chat": {"id": -7}}}}) == -7


def test_halves_of_characters_never_reach_the_database() -> None:
    assert compact({"text": "\ud800电梯"}) == '{"text":"?电梯"}'


@on_sqlite
async def test_a_flood_from_one_person_keeps_nobody_else_waiting(program: Program) -> None:
    mallory = program.person("刷屏", user_id=3001)
    for number in range(200):
        await mallory.sends(f"第{number}条")
    await program.emily.sends("/help")
    await program.emily.sees("This is what I can do")
    (waiting, _), _ = await program.store.depths()
    assert waiting > 50, "she was answered only after the flood"
    program.clock.move(timedelta(seconds=1))
    await program.until(program._is_quiet, patience=60)
    assert not await rows(program.store._engine, "inbox", "update_id", where="state <> 'done'")


def test_what_a_card_says_is_not_kept_again_with_each_press_on_it() -> None:
    keyboard = {"inline_keyboard": [[{"text": "出发", "callback_data": "task.start:1"}]]}
    chat = {"id": 7, "type": "private", "first_name": "李桂兰"}
    card = {
        "message_id": 3,
        "date": 1,
        "chat": chat,
        "text": "幸福路1号201室 13800001111",
        "reply_markup": keyboard,
    }
    update = {"update_id": 1, "callback_query": {"id": "1", "data": "task.start:1", "message": card}}
    kept = compact(without_our_words(update))
    assert "201" not in kept
    assert "13800001111" not in kept
    assert without_our_words(update)["callback_query"] == {
        "id": "1",
        "data": "task.start:1",
        "message": {"message_id": 3, "date": 0, "chat": chat, "reply_markup": keyboard},
    }


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1, "message": {"message_id": 3, "text": "电梯坏了"}},
        {"update_id": 1, "callback_query": {"id": "1", "data": "menu"}},
        {"update_id": 1, "callback_query": {"id": "1", "message": "nonsense"}},
        {"update_id": 1, "callback_query": None},
        {"update_id": 1},
    ],
)
def test_any_other_update_is_kept_as_it_came(update: dict[str, Any]) -> None:
    assert without_our_words(update) == update
