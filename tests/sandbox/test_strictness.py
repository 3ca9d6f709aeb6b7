"""What the Bot API refuses, in Telegram's words, and what it lets pass."""

from __future__ import annotations

import random
from typing import Any

import httpx
import pytest

from sandbox import Person, Sandbox
from sandbox.asking import ASKING
from sandbox.editing import EDITING
from sandbox.methods import load_methods
from sandbox.sending import SENDING

from .conftest import Call, Clock


def button(data: str, text: str = "Yes") -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": text, "callback_data": data}]]}


async def refused(call: Call, method: str, **params: Any) -> str:
    answer = await call(method, **params)
    assert answer["ok"] is False, answer
    return f"{answer['error_code']} {answer['description']}"


async def test_a_wrong_token_and_a_wrong_method_are_told_apart(
    sandbox: Sandbox, http: httpx.AsyncClient, call: Call
) -> None:
    assert (await http.get(f"{sandbox.url}/bot2:other/getMe")).status_code == 401
    assert await refused(call, "sendMessages", chat_id=1) == "404 Not Found: method not found"


async def test_a_known_method_beyond_the_sandbox_checks_its_parameters_first(call: Call, li: Person) -> None:
    assert "is required" in await refused(call, "banChatMember", chat_id=li.user_id)
    said = await refused(call, "banChatMember", chat_id=li.user_id, user_id=1)
    assert said == "400 Bad Request: not supported by this sandbox: banChatMember"


async def test_strangers_blockers_and_the_deleted_cannot_be_written_to(
    sandbox: Sandbox, call: Call, li: Person
) -> None:
    stranger = sandbox.add_person(first_name="Stranger")

    assert await refused(call, "sendMessage", chat_id=77, text="x") == "400 Bad Request: chat not found"
    said = await refused(call, "sendMessage", chat_id=stranger.user_id, text="x")
    assert said == "403 Forbidden: bot can't initiate conversation with a user"
    await li.blocks()
    said = await refused(call, "sendMessage", chat_id=li.user_id, text="x")
    assert said == "403 Forbidden: bot was blocked by the user"
    await li.unblocks()
    assert (await call("sendMessage", chat_id=li.user_id, text="x"))["ok"]
    await li.deletes_account()
    assert (
        await refused(call, "sendMessage", chat_id=li.user_id, text="x")
        == "403 Forbidden: user is deactivated"
    )


async def test_lengths_count_what_readers_see(call: Call, li: Person) -> None:
    chat = li.user_id
    assert (await call("sendMessage", chat_id=chat, text=f"<b>{'a' * 4096}</b>", parse_mode="HTML"))["ok"]
    said = await refused(call, "sendMessage", chat_id=chat, text="a" * 4097)
    assert said == "400 Bad Request: message is too long"
    assert "message text is empty" in await refused(
        call, "sendMessage", chat_id=chat, text=" <b> </b> ", parse_mode="HTML"
    )


@pytest.mark.parametrize("data", ["", "x" * 65, "你" * 22])
async def test_button_data_has_1_to_64_bytes(call: Call, li: Person, data: str) -> None:
    said = await refused(call, "sendMessage", chat_id=li.user_id, text="x", reply_markup=button(data))
    assert said == "400 Bad Request: BUTTON_DATA_INVALID"


async def test_an_edit_must_change_something_of_the_bots_own(call: Call, li: Person) -> None:
    chat = li.user_id
    sent = (await call("sendMessage", chat_id=chat, text="a", reply_markup=button("x")))["result"]
    own = {"chat_id": chat, "message_id": sent["message_id"]}

    said = await refused(call, "editMessageText", **own, text="a", reply_markup=button("x"))
    assert said.startswith(
        "400 Bad Request: message is not modified: specified new message content and reply markup"
    )
    edited = (await call("editMessageText", **own, text="a"))["result"]
    assert "reply_markup" not in edited
    said = await refused(call, "editMessageText", chat_id=chat, message_id=99, text="b")
    assert said == "400 Bad Request: message to edit not found"
    theirs = await li.sends("mine")
    said = await refused(call, "editMessageText", chat_id=chat, message_id=theirs.id, text="b")
    assert said == "400 Bad Request: message can't be edited"
    assert "no caption" in await refused(call, "editMessageCaption", **own, caption="b")


async def test_a_deleted_message_is_gone_and_an_old_one_stays(call: Call, li: Person, clock: Clock) -> None:
    chat = li.user_id
    sent = (await call("sendMessage", chat_id=chat, text="a"))["result"]["message_id"]

    assert (await call("deleteMessage", chat_id=chat, message_id=sent))["result"] is True
    assert "message to delete not found" in await refused(
        call, "deleteMessage", chat_id=chat, message_id=sent
    )
    sent = (await call("sendMessage", chat_id=chat, text="a"))["result"]["message_id"]
    clock.moves(49 * 3600)
    assert "can't be deleted for everyone" in await refused(
        call, "deleteMessage", chat_id=chat, message_id=sent
    )


async def test_a_press_can_be_answered_for_150_seconds(call: Call, li: Person, clock: Clock) -> None:
    await call("sendMessage", chat_id=li.user_id, text="a", reply_markup=button("x"))
    await li.press("Yes")
    update = (await call("getUpdates"))["result"][0]
    clock.moves(149)
    assert (await call("answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="done"))[
        "ok"
    ]
    assert [answer.text for answer in li.answers] == ["done"]
    clock.moves(2)
    said = await refused(call, "answerCallbackQuery", callback_query_id=update["callback_query"]["id"])
    assert said == "400 Bad Request: query is too old and response timeout expired or query ID is invalid"


async def test_a_group_that_moved_says_where_and_one_that_threw_the_bot_out_says_so(
    sandbox: Sandbox, call: Call, li: Person
) -> None:
    group = sandbox.add_group("楼道", members=[], creator=li)
    moved = group.migrate()

    answer = await call("sendMessage", chat_id=group.chat_id, text="x")
    assert answer["error_code"] == 400
    assert answer["parameters"] == {"migrate_to_chat_id": moved.chat_id}
    assert (await call("sendMessage", chat_id=moved.chat_id, text="x"))["ok"]
    moved.removes_bot()
    said = await refused(call, "sendMessage", chat_id=moved.chat_id, text="x")
    assert said == "403 Forbidden: bot was kicked from the supergroup chat"


async def test_forms_and_multipart_are_taken_as_json_is(
    sandbox: Sandbox, http: httpx.AsyncClient, li: Person
) -> None:
    url = f"{sandbox.url}/bot1:sandbox"
    form = await http.post(f"{url}/sendMessage", data={"chat_id": str(li.user_id), "text": "表单"})
    assert form.json()["result"]["text"] == "表单"
    album = (
        '[{"type": "photo", "media": "attach://a", "caption": "c"}, {"type": "photo", "media": "attach://b"}]'
    )
    sent = await http.post(
        f"{url}/sendMediaGroup",
        data={"chat_id": str(li.user_id), "media": album},
        files={"a": ("a.png", b"one", "image/png"), "b": ("b.png", b"two", "image/png")},
    )
    first, second = sent.json()["result"]
    assert first["media_group_id"] == second["media_group_id"]
    file = await http.get(f"{url}/getFile", params={"file_id": second["photo"][0]["file_id"]})
    path = file.json()["result"]["file_path"]
    assert (await http.get(f"{sandbox.url}/file/bot1:sandbox/{path}")).content == b"two"
    stray = await http.post(
        f"{url}/sendMessage",
        data={"chat_id": str(li.user_id), "text": "x"},
        files={"extra": ("a.png", b"one", "image/png")},
    )
    assert 'unknown file field "extra"' in stray.json()["description"]


async def test_commands_are_kept_by_scope_and_language(sandbox: Sandbox, call: Call, li: Person) -> None:
    general = [{"command": "start", "description": "Start"}]
    own = [{"command": "desk", "description": "办公桌"}]
    scope = {"type": "chat", "chat_id": li.user_id}
    await call("setMyCommands", commands=general)
    await call("setMyCommands", commands=own, scope=scope, language_code="zh")

    assert (await call("getMyCommands"))["result"] == general
    assert (await call("getMyCommands", scope=scope, language_code="zh"))["result"] == own
    await call("deleteMyCommands", scope=scope, language_code="zh")
    assert (await call("getMyCommands", scope=scope, language_code="zh"))["result"] == []
    said = await refused(call, "setMyCommands", commands=[{"command": "Bad Name", "description": "x"}])
    assert said == "400 Bad Request: BOT_COMMAND_INVALID"


async def test_the_record_tells_what_was_accepted_and_refused(
    sandbox: Sandbox, call: Call, li: Person
) -> None:
    await call("sendMessage", chat_id=li.user_id, text="x")
    await call("sendMessage", chat_id=li.user_id, text="<x>", parse_mode="HTML")

    accepted, refusal = sandbox.record
    assert (accepted.method, accepted.outcome, accepted.chat_id) == ("sendMessage", "ok", li.user_id)
    assert accepted.result_message_id == li.messages[-1].id
    assert (refusal.outcome, refusal.error_code) == ("error", 400)


JUNK: list[Any] = [
    None, 0, -1, 2**70, 1.5, True, "", "x", "<b>", "http://[x", [], {}, [1], [[]], [{}, {}], {"message_id": []},
    {"inline_keyboard": [[1]]}, {"keyboard": [[{"text": 1}]]}, {"inline_keyboard": [[{"text": "x", "url": 5}]]},
    {"type": "photo", "media": "x", "caption": 5}, [{"type": [], "media": "x"}] * 2, {"type": "chat", "chat_id": []},
    [{"type": "text_link", "offset": -1, "length": 9, "url": 5}], {"type": "chat_member", "chat_id": 1, "user_id": {}},
]  # fmt: skip


async def test_rubbish_is_refused_and_never_breaks_the_sandbox(
    sandbox: Sandbox, http: httpx.AsyncClient, li: Person
) -> None:
    luck = random.Random(5)
    group = sandbox.add_group("楼道", members=[], creator=li)
    supported = [load_methods()[name.lower()] for name in (*SENDING, *EDITING, *ASKING)]
    for _ in range(400):
        method = luck.choice(supported)
        body = {
            name: luck.choice(JUNK)
            for name in method.parameters
            if name in method.required or luck.random() < 0.15
        }
        if "chat_id" in body:
            body["chat_id"] = luck.choice([li.user_id, group.chat_id])
        if "text" in body:
            body["text"] = luck.choice(["hi", body["text"]])
        answer = await http.post(f"{sandbox.url}/bot1:sandbox/{method.name}", json=body)
        assert answer.status_code != 500, (method.name, body)
