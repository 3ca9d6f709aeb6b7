"""The state file: a restart finds everything, a torn line is dropped, a foreign file is refused."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from sandbox import Sandbox
from sandbox.journal import Tables

from .conftest import TOKEN, Clock, caller


async def test_everything_survives_a_kill(tmp_path: Path, clock: Clock, http: httpx.AsyncClient) -> None:
    state = tmp_path / "state.jsonl"
    async with Sandbox(token=TOKEN, state_file=state, clock=clock) as before:
        call = caller(http, before.url)
        li = before.add_person(first_name="李桂兰", note="resident")
        group = before.add_group("楼道", members=[], creator=li)
        await li.start("u-1")
        await li.sends_photo(b"picture", caption="灯坏了")
        sent = (await call("sendMessage", chat_id=li.user_id, text="one"))["result"]
        await call("editMessageText", chat_id=li.user_id, message_id=sent["message_id"], text="two")
        keyboard = {"keyboard": [[{"text": "位置"}]]}
        gone = (await call("sendMessage", chat_id=li.user_id, text="x", reply_markup=keyboard))["result"]
        await call("deleteMessage", chat_id=li.user_id, message_id=gone["message_id"])
        await call("setMyCommands", commands=[{"command": "start", "description": "x"}])
        first = before.pending_updates[0]["update_id"]
        await call("getUpdates", offset=first + 1, allowed_updates=["message", "chat_member"])
        messages, waiting = li.messages, before.pending_updates
        # What a kill -9 leaves: the file as it is now, and half a line.
        killed = tmp_path / "killed.jsonl"
        killed.write_bytes(state.read_bytes() + b'[["people",9,{"user')

    async with Sandbox(token=TOKEN, state_file=killed, clock=clock) as after:
        call = caller(http, after.url)
        li = after.person(li.user_id)
        assert li.messages == messages
        assert after.pending_updates == waiting
        assert li.keyboard == [["位置"]]
        assert after.group(group.chat_id).messages
        assert (await call("getMyCommands"))["result"][0]["command"] == "start"
        photo = next(message for message in li.messages if "photo" in message)
        assert after.world.file_bytes(photo["photo"][0]["file_id"]) == b"picture"
        assert 9 not in after.world.people
        newer = (await call("sendMessage", chat_id=li.user_id, text="three"))["result"]
        assert newer["message_id"] > gone["message_id"]


def test_changes_between_commits_are_one_line_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    tables = Tables(path)
    tables.put("a", 1, "x")
    tables.put("b", "k", [1])
    assert path.read_bytes() == b""
    tables.commit()
    tables.drop("a", 1)
    tables.commit()
    lines = path.read_bytes().splitlines(keepends=True)
    tables.close()

    assert len(lines) == 2
    path.write_bytes(lines[0] + lines[1][:-3])
    again = Tables(path)
    assert again.table("a") == {1: "x"}
    again.close()


async def test_a_new_world_counts_on_above_an_earlier_one(
    tmp_path: Path, clock: Clock, http: httpx.AsyncClient
) -> None:
    async def begun(numbers_from: int) -> tuple[int, int]:
        world = Sandbox(
            token=TOKEN, state_file=tmp_path / "state.jsonl", clock=clock, numbers_from=numbers_from
        )
        async with world as sandbox:
            person = sandbox.add_person(first_name="Ada")
            await person.start()
            return int(sandbox.pending_updates[-1]["update_id"]), int(person.messages[-1]["message_id"])

    assert await begun(5_000_000) == (5_000_000, 5_000_000)
    # With its state kept it goes on where it was.
    assert await begun(9_000_000) == (5_000_001, 5_000_001)


def test_a_start_compacts_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    tables = Tables(path)
    for number in range(50):
        tables.put("a", 1, number)
        tables.commit()
    tables.close()
    Tables(path).close()

    assert path.read_bytes() == b'[["a",1,49]]\n'


def test_a_file_that_is_no_journal_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("hello\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 1: not a journal line"):
        Tables(path)
