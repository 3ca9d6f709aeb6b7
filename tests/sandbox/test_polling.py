"""getUpdates: offsets, the long poll, and who may poll."""

from __future__ import annotations

import asyncio

import httpx

from sandbox import Person, Sandbox

from .conftest import Call, Clock


async def texts(call: Call, **params: object) -> list[str]:
    return [update["message"]["text"] for update in (await call("getUpdates", **params))["result"]]


async def test_an_offset_confirms_what_is_before_it(sandbox: Sandbox, call: Call, li: Person) -> None:
    for word in "abc":
        await li.sends(word)
    first = sandbox.pending_updates[0]["update_id"]

    assert await texts(call, limit=2) == ["a", "b"]
    assert await texts(call) == ["a", "b", "c"]
    assert await texts(call, offset=first + 1) == ["b", "c"]
    assert await texts(call, offset=-1) == ["c"]
    assert await texts(call, offset=first + 3) == []


async def test_a_long_poll_wakes_for_an_update(sandbox: Sandbox, call: Call, li: Person) -> None:
    poll = asyncio.create_task(call("getUpdates", timeout=50))
    await sandbox.until(lambda: bool(sandbox.record))
    await li.sends("wake up")

    assert [update["message"]["text"] for update in (await poll)["result"]] == ["wake up"]


async def test_a_second_poller_ends_the_first(sandbox: Sandbox, call: Call, li: Person) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=50))
    await sandbox.until(lambda: bool(sandbox.record))
    assert (await call("getUpdates"))["result"] == []

    ended = await first
    assert ended["error_code"] == 409
    assert ended["description"].startswith("Conflict: terminated by other getUpdates request")


async def test_a_poller_that_left_takes_no_update_with_it(
    sandbox: Sandbox, http: httpx.AsyncClient, call: Call, li: Person
) -> None:
    poll = asyncio.create_task(call("getUpdates", timeout=50))
    await sandbox.until(lambda: bool(sandbox.record))
    poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)
    await li.sends("still here")

    assert await texts(call) == ["still here"]


async def test_polling_is_refused_while_a_webhook_is_set(call: Call) -> None:
    await call("setWebhook", url="http://127.0.0.1:9/hook")
    answer = await call("getUpdates")
    assert answer["error_code"] == 409
    assert "webhook is active" in answer["description"]
    await call("deleteWebhook")
    assert (await call("getUpdates"))["ok"]


async def test_updates_wait_a_day(call: Call, li: Person, clock: Clock) -> None:
    await li.sends("old")
    clock.moves(23 * 3600)
    await li.sends("new")
    assert await texts(call) == ["old", "new"]
    clock.moves(2 * 3600)
    assert await texts(call) == ["new"]


async def test_ids_may_jump_and_an_old_offset_loses_nothing(sandbox: Sandbox, call: Call, li: Person) -> None:
    await li.sends("before")
    last = (await call("getUpdates"))["result"][-1]["update_id"]
    await call("getUpdates", offset=last + 1)
    jumped = sandbox.jump_update_ids()
    await li.sends("after")
    update = (await call("getUpdates", offset=last + 1))["result"][0]

    assert abs(jumped - last) > 1000
    assert update["update_id"] == jumped
    assert await texts(call, offset=jumped + 1) == []


async def test_only_the_wanted_kinds_are_queued(sandbox: Sandbox, call: Call, li: Person) -> None:
    await call("getUpdates", allowed_updates=["my_chat_member"])
    await li.sends("not wanted")
    await li.blocks()

    updates = (await call("getUpdates"))["result"]
    assert [update["my_chat_member"]["new_chat_member"]["status"] for update in updates] == ["kicked"]


async def test_any_update_can_be_put_in_the_queue(sandbox: Sandbox, call: Call) -> None:
    update_id = sandbox.emit({"channel_post": {"message_id": 1, "text": "x"}})
    assert (await call("getUpdates"))["result"] == [
        {"update_id": update_id, "channel_post": {"message_id": 1, "text": "x"}}
    ]
