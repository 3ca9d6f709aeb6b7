"""The control API as the page and outside drivers use it, also against a process that is killed."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from sandbox import Person, Sandbox

from .conftest import Call


async def act(http: httpx.AsyncClient, sandbox: Sandbox, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await http.post(f"{sandbox.url}/sandbox/act", json=body)).json()
    return answer


async def test_state_lists_people_groups_and_their_commands(
    sandbox: Sandbox, http: httpx.AsyncClient, call: Call, li: Person
) -> None:
    added = await http.post(f"{sandbox.url}/sandbox/people", json={"first_name": "王", "note": "leader"})
    wang = added.json()["user_id"]
    body = {"title": "楼道", "members": [wang], "creator": li.user_id}
    group = (await http.post(f"{sandbox.url}/sandbox/groups", json=body)).json()["chat_id"]
    await call("setMyCommands", commands=[{"command": "start", "description": "x"}])
    state = (await http.get(f"{sandbox.url}/sandbox/state")).json()

    assert state["bot"] == {"id": 1, "first_name": "Sandbox", "username": "sandbox_bot"}
    assert [(p["first_name"], p["started"], p["note"]) for p in state["people"]] == [
        ("李桂兰", True, None),
        ("王", False, "leader"),
    ]
    assert state["groups"][0]["chat_id"] == group
    assert {"user_id": wang, "status": "member"} in state["groups"][0]["members"]
    assert state["commands_for"][str(wang)] == [{"command": "start", "description": "x"}]
    assert state["limits"] is False


async def test_acts_make_messages_and_refusals_are_sentences(
    sandbox: Sandbox, http: httpx.AsyncClient, call: Call, li: Person
) -> None:
    me = li.user_id
    file = {"name": "a.png", "mime": "image/png", "base64": base64.b64encode(b"pixels").decode()}
    photo = (await act(http, sandbox, user_id=me, do="photo", file=file, caption="c"))["message"]
    shown = await http.get(f"{sandbox.url}/sandbox/files/{photo['photo'][0]['file_id']}")
    assert (shown.content, shown.headers["content-type"]) == (b"pixels", "image/png")
    assert (await act(http, sandbox, user_id=me, do="location", latitude=1, longitude=2))["ok"]
    assert (await act(http, sandbox, user_id=me, do="contact", own=True))["ok"]

    for body, error in (
        (
            {"user_id": me, "do": "press", "message_id": 1, "data": "x"},
            "There is no button with the data 'x'",
        ),
        ({"user_id": 3, "do": "text", "text": "x"}, "There is no person with the id 3."),
        ({"user_id": me, "do": "text"}, "The field 'text' is missing."),
        ({"user_id": me, "do": "fly"}, "'fly' is no act"),
    ):
        answer = await http.post(f"{sandbox.url}/sandbox/act", json=body)
        assert answer.status_code == 400
        assert error in answer.json()["error"]


async def test_other_sites_in_the_same_browser_cannot_play_people(
    sandbox: Sandbox, http: httpx.AsyncClient, li: Person
) -> None:
    body = {"user_id": li.user_id, "do": "text", "text": "x"}
    for origin, status in (("https://elsewhere.example", 403), (sandbox.url, 200)):
        answer = await http.post(f"{sandbox.url}/sandbox/act", json=body, headers={"Origin": origin})
        assert answer.status_code == status


async def test_half_a_character_is_refused_not_stored(
    sandbox: Sandbox, http: httpx.AsyncClient, call: Call, li: Person
) -> None:
    body = {"user_id": li.user_id, "do": "text", "text": "\ud83d"}
    answer = await http.post(f"{sandbox.url}/sandbox/act", content=json.dumps(body))
    assert answer.status_code == 400
    sent = await http.post(
        f"{sandbox.url}/bot1:sandbox/sendMessage",
        content=json.dumps({"chat_id": li.user_id, "text": "\ud83d"}),
        headers={"Content-Type": "application/json"},
    )
    assert sent.json()["description"] == "Bad Request: strings must be encoded in UTF-8"


async def test_a_chat_shows_its_messages_and_its_keyboard(
    sandbox: Sandbox, http: httpx.AsyncClient, call: Call, li: Person
) -> None:
    await call("sendMessage", chat_id=li.user_id, text="x", reply_markup={"keyboard": [["a"]]})
    url = f"{sandbox.url}/sandbox/chats/{li.user_id}/messages"
    chat = (await http.get(url, params={"limit": 1})).json()

    assert [message["text"] for message in chat["messages"]] == ["x"]
    assert chat["reply_keyboard"] == {"keyboard": [[{"text": "a"}]]}
    assert (await http.get(f"{sandbox.url}/sandbox/chats/5/messages")).status_code == 404


async def test_events_tell_of_messages_and_answers(
    sandbox: Sandbox, http: httpx.AsyncClient, call: Call, li: Person
) -> None:
    async with http.stream("GET", f"{sandbox.url}/sandbox/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        sent = (await call("sendMessage", chat_id=li.user_id, text="x"))["result"]
        await call("answerCallbackQuery", callback_query_id=await li.forges("x", 1), text="ok")
        await call("deleteMessage", chat_id=li.user_id, message_id=sent["message_id"])
        events: list[dict[str, Any]] = []
        async for line in lines:
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
            if len(events) == 3:
                break

    assert [event["type"] for event in events] == ["message", "callback_answer", "deleted"]
    assert events[0]["message"]["text"] == "x"
    assert (events[1]["user_id"], events[1]["text"]) == (li.user_id, "ok")


async def test_record_faults_and_limits_are_within_reach(
    sandbox: Sandbox, http: httpx.AsyncClient, call: Call, li: Person
) -> None:
    await call("getMe")
    await call("sendMessage", chat_id=li.user_id, text="x")
    calls = (await http.get(f"{sandbox.url}/sandbox/record", params={"after": 1})).json()["calls"]
    assert [(c["n"], c["method"], c["outcome"]) for c in calls] == [(2, "sendMessage", "ok")]

    plan = {"seed": 1, "script": [{"kind": "server_error"}]}
    assert (await http.post(f"{sandbox.url}/sandbox/faults", json=plan)).json()["ok"]
    assert (await call("sendMessage", chat_id=li.user_id, text="x"))["error_code"] == 502
    refused = await http.post(f"{sandbox.url}/sandbox/faults", json={"rain": 1})
    assert "unknown field 'rain'" in refused.json()["error"]
    answer = await http.post(f"{sandbox.url}/sandbox/limits", json={"on": True, "mode": "window"})
    assert answer.json() == {"ok": True, "limits": True, "mode": "window"}


def test_a_killed_process_comes_back_with_everything(tmp_path: Path) -> None:
    people = tmp_path / "people.json"
    people.write_text('[{"first_name": "李桂兰", "user_id": 7}]', encoding="utf-8")
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--people", str(people)]
    command += ["--state", str(tmp_path / "state.jsonl")]
    for expected in (["你好"], ["你好", "你好"]):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1].rstrip("/")
            with httpx.Client(trust_env=False, verify=False) as http:  # noqa: S501 - plain HTTP
                body = {"user_id": 7, "do": "text", "text": "你好"}
                assert http.post(f"{url}/sandbox/act", json=body).json()["ok"]
                waiting = http.get(f"{url}/bot1:sandbox/getUpdates").json()["result"]
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
        assert [update["message"]["text"] for update in waiting] == expected
