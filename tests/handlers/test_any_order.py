"""Whatever order people write and press in, every update is answered, done, and does one thing at most."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.handlers.stage import SECRETARY
from tests.handlers.test_features import pairing_stage

WORDS = st.sampled_from(
    [
        "电梯坏了",
        "着火了",
        "3-201",
        "13800138000",
        "90",
        "明天",
        "取消",
        "返回",
        "跳过",
        "说完了，下一步",
        "x" * 5000,
        "\u202e",
    ]
)
COMMANDS = st.sampled_from(["/start", "/request", "/cancel", "/help", "/menu", "/language", "/nothing"])
OPENERS = st.sampled_from(
    [
        "request.add:17", "request.write:17", "request.unsolved:17", "request.decline:17:3", "task.done:9",
        "task.release:9", "pairing.new:0", "proxy.new:0", "request.rate:17:1", "language.pick:0:en",
    ]
)  # fmt: skip
MOVES = st.one_of(
    st.tuples(st.just("says"), WORDS | COMMANDS),
    st.tuples(st.just("forges"), OPENERS),
    st.tuples(st.just("photo"), st.sampled_from(["", "album"])),
    st.tuples(st.just("press"), st.integers(0, 30)),
    st.tuples(st.just("stale"), st.integers(0, 30)),
)


@given(st.lists(MOVES, max_size=25))
@settings(max_examples=60, deadline=None)
def test_any_order_of_words_and_presses_ends_well(moves: list[tuple[str, object]]) -> None:
    async def play() -> None:
        stage = pairing_stage(known=True)
        for count, (move, value) in enumerate(moves, start=1):
            acted = len(stage.store.performed)
            match move, value:
                case "says", str(text):
                    await stage.says(text)
                case "forges", str(data):
                    await stage.forges(data)
                case "photo", str(album):
                    await stage.sends_photo("p", album=album)
                case "press" | "stale", int(which):
                    numbers = sorted(stage.speaker.shown, reverse=move == "press")
                    found = [(n, data) for n in numbers for data in stage.buttons(n)]
                    if found:
                        number, data = found[which % len(found)]
                        await stage.forges(data, message_id=number)
                    else:
                        await stage.says("/menu")
            assert len(stage.store.done) == count
            assert len(stage.store.performed) - acted <= 1
            assert stage.actor == SECRETARY

    asyncio.run(play())
