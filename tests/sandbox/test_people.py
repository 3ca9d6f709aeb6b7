"""Playing people: every verb reaches the bot as an update, and what the bot does is seen."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from sandbox import ActError, Person, Sandbox

from .conftest import Call


async def updates(call: Call) -> list[dict[str, Any]]:
    found = (await call("getUpdates"))["result"]
    if found:
        await call("getUpdates", offset=found[-1]["update_id"] + 1)
    return list(found)


async def test_what_people_send_arrives_as_telegram_words_it(
    sandbox: Sandbox, call: Call, li: Person
) -> None:
    await li.sends("/help me")
    await li.sends_photo(caption="灯", media_group_id="77")
    await li.sends_voice()
    await li.sends_video()
    await li.sends_document(name="a.txt")
    await li.sends_sticker()
    await li.sends_location(31.2, 121.4)
    await li.shares_contact()
    await li.shares_contact(own=False, phone_number="+8613900000009", first_name="邻居")
    messages = [update["message"] for update in await updates(call)]

    assert messages[0]["entities"] == [{"type": "bot_command", "offset": 0, "length": 5}]
    assert messages[1]["caption"] == "灯"
    assert messages[1]["media_group_id"] == "77"
    assert (messages[1]["photo"][0]["width"], messages[1]["photo"][0]["height"]) == (1, 1)
    assert [next(k for k in m if k in ("voice", "video", "document", "sticker")) for m in messages[2:6]] == [
        "voice",
        "video",
        "document",
        "sticker",
    ]
    assert messages[6]["location"] == {"latitude": 31.2, "longitude": 121.4}
    assert messages[7]["contact"] == {
        "phone_number": "+8613800000001",
        "first_name": "李桂兰",
        "user_id": li.user_id,
    }
    assert "user_id" not in messages[8]["contact"]


async def test_an_edit_and_a_reply_say_what_they_refer_to(call: Call, li: Person) -> None:
    first = await li.sends("befor")
    await li.edits(first.id, "before")
    await li.sends("that", reply_to=first.id)
    _, edited, reply = await updates(call)

    assert edited["edited_message"]["text"] == "before"
    assert edited["edited_message"]["message_id"] == first.id
    assert reply["message"]["reply_to_message"]["text"] == "before"


async def test_a_button_is_found_by_label_or_by_data(call: Call, li: Person) -> None:
    rows = [
        [{"text": "接单", "callback_data": "task.claim:9:1"}, {"text": "拒绝", "callback_data": "task.no:9"}]
    ]
    await call("sendMessage", chat_id=li.user_id, text="x", reply_markup={"inline_keyboard": rows})
    await li.press("接单")
    await li.press("task.no")

    assert [u["callback_query"]["data"] for u in await updates(call)] == ["task.claim:9:1", "task.no:9"]
    with pytest.raises(AssertionError, match=r"no button 'later'; there are:\n.*'接单' -> 'task.claim:9:1'"):
        await li.press("later")


async def test_a_forged_press_on_a_message_that_is_gone_is_inaccessible(call: Call, li: Person) -> None:
    await li.forges("task.claim:1", 4711)
    query = (await updates(call))[0]["callback_query"]

    assert query["data"] == "task.claim:1"
    assert query["message"]["date"] == 0


async def test_sees_waits_for_what_comes_after_the_own_act(call: Call, li: Person) -> None:
    await call("sendMessage", chat_id=li.user_id, text="welcome")
    await li.sends("hello")
    waiting = asyncio.create_task(li.sees(re.compile("wel.*")))
    await asyncio.sleep(0)
    assert not waiting.done()
    sent = (await call("sendMessage", chat_id=li.user_id, text="welcome back"))["result"]
    assert (await waiting).text == "welcome back"
    await call("editMessageText", chat_id=li.user_id, message_id=sent["message_id"], text="edited")

    assert (await li.sees("edited")).id == sent["message_id"]
    # An edit does not hide what was there before it.
    assert (await li.sees("welcome back")).text == "welcome back"
    with pytest.raises(AssertionError, match=r"did not see 'never'.*\n.*'welcome back'"):
        await li.sees("never", timeout=0)


async def test_an_answer_to_a_press_is_seen(call: Call, li: Person) -> None:
    query_id = await li.forges("x", 1)
    await call("answerCallbackQuery", callback_query_id=query_id, text="taken", show_alert=True)

    assert (await li.sees("taken")).text == "taken"
    assert li.answers[-1].show_alert


async def test_blocking_and_coming_back_are_told(call: Call, li: Person) -> None:
    await li.blocks()
    with pytest.raises(ActError, match="has blocked the bot"):
        await li.sends("x")
    await li.unblocks()
    statuses = [u["my_chat_member"]["new_chat_member"]["status"] for u in await updates(call)]

    assert statuses == ["kicked", "member"]


async def test_groups_have_members_who_come_and_go(sandbox: Sandbox, call: Call, li: Person) -> None:
    wang = sandbox.add_person(first_name="王")
    group = sandbox.add_group("3号楼", members=[], creator=li)
    await call("getUpdates", allowed_updates=["message", "my_chat_member", "chat_member"])
    await updates(call)
    await wang.joins(group)
    await wang.sends("大家好", chat=group)
    await wang.leaves(group)
    kinds = [next(k for k in u if k != "update_id") for u in await updates(call)]

    assert kinds == ["chat_member", "message", "message", "message", "chat_member"]
    with pytest.raises(ActError, match="not in the group"):
        await wang.sends("x", chat=group)
    admins = (await call("getChatAdministrators", chat_id=group.chat_id))["result"]
    assert [admin["user"]["id"] for admin in admins] == [li.user_id]
    member = (await call("getChatMember", chat_id=group.chat_id, user_id=wang.user_id))["result"]
    assert member["status"] == "left"


async def test_a_reply_keyboard_stays_until_removed(call: Call, li: Person) -> None:
    markup = {"keyboard": [[{"text": "电话", "request_contact": True}], ["跳过"]]}
    await call("sendMessage", chat_id=li.user_id, text="x", reply_markup=markup)
    assert li.keyboard == [["电话"], ["跳过"]]
    assert "reply_markup" not in (li.last or {})
    await call("sendMessage", chat_id=li.user_id, text="x", reply_markup={"remove_keyboard": True})
    assert li.keyboard == []
