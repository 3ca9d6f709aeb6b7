"""Faults on demand: what each does to a call, and that a seed repeats them."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from sandbox import Fault, FaultPlan, Person, Sandbox
from sandbox.faults import Faults

from .conftest import Call, Clock


async def test_a_dropped_call_was_accepted_though_nobody_heard(
    sandbox: Sandbox, call: Call, li: Person
) -> None:
    sandbox.plan_faults(FaultPlan(script=(Fault("drop", nth=2, method="sendMessage"),)))
    assert (await call("sendMessage", chat_id=li.user_id, text="one"))["ok"]
    with pytest.raises(httpx.RemoteProtocolError):
        await call("sendMessage", chat_id=li.user_id, text="two")

    assert [message.text for message in li.messages][1:] == ["one", "two"]
    assert (sandbox.record[-1].outcome, sandbox.record[-1].fault) == ("ok", "drop")


async def test_a_cut_call_never_happened(sandbox: Sandbox, call: Call, li: Person) -> None:
    sandbox.plan_faults(FaultPlan(script=(Fault("cut"),)))
    with pytest.raises(httpx.RemoteProtocolError):
        await call("sendMessage", chat_id=li.user_id, text="one")

    assert len(li.messages) == 1
    assert (sandbox.record[-1].outcome, sandbox.record[-1].fault) == ("error", "cut")


async def test_refusals_by_fault_change_nothing(sandbox: Sandbox, call: Call, li: Person) -> None:
    sandbox.plan_faults(FaultPlan(script=(Fault("too_many", nth=1, seconds=7), Fault("server_error", nth=2))))
    limited = await call("sendMessage", chat_id=li.user_id, text="one")
    broken = await call("sendMessage", chat_id=li.user_id, text="one")

    assert limited["parameters"] == {"retry_after": 7}
    assert broken["error_code"] == 502
    assert len(li.messages) == 1


async def test_a_malformed_answer_is_no_json(sandbox: Sandbox, call: Call, li: Person) -> None:
    sandbox.plan_faults(FaultPlan(malformed=1.0))
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        await call("sendMessage", chat_id=li.user_id, text="one")

    assert li.messages[-1].text == "one"


async def test_a_delayed_answer_comes_after_the_message(clock: Clock, http: httpx.AsyncClient) -> None:
    goes_on = asyncio.Event()
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await goes_on.wait()

    async with Sandbox(clock=clock, sleep=sleep) as sandbox:
        li = sandbox.add_person(first_name="Li")
        await li.start()
        sandbox.plan_faults(FaultPlan(delay=1.0, delay_seconds=9.0))
        request = asyncio.create_task(
            http.post(f"{sandbox.url}/bot1:sandbox/sendMessage", json={"chat_id": li.user_id, "text": "late"})
        )
        await li.sees("late")
        assert not request.done()
        goes_on.set()
        assert (await request).json()["ok"]
    assert asked == [9.0]


async def test_a_dead_server_cuts_everything_until_its_time(
    sandbox: Sandbox, call: Call, li: Person, clock: Clock
) -> None:
    sandbox.dies(10)
    with pytest.raises(httpx.RemoteProtocolError):
        await call("getMe")
    clock.moves(10)
    assert (await call("getMe"))["ok"]


def test_a_seed_repeats_its_faults_whatever_the_order_between_methods(clock: Clock) -> None:
    plan = FaultPlan(seed=7, drop=0.3, too_many=0.2)

    def drawn(methods: list[str]) -> dict[str, list[str | None]]:
        faults = Faults(clock=clock)
        faults.set(plan)
        kinds: dict[str, list[str | None]] = {"sendMessage": [], "editMessageText": []}
        for method in methods:
            fault = faults.next(method)
            kinds[method].append(fault.kind if fault else None)
        return kinds

    one = drawn(["sendMessage"] * 50 + ["editMessageText"] * 50)
    other = drawn(["sendMessage", "editMessageText"] * 50)

    assert one == other
    assert {"drop", "too_many", None} == set(one["sendMessage"])


async def test_updates_are_handed_out_twice_and_out_of_order(
    sandbox: Sandbox, call: Call, li: Person
) -> None:
    sandbox.plan_faults(FaultPlan(duplicate=1.0, reorder=1.0, seed=1))
    for word in "abcdef":
        await li.sends(word)

    first = (await call("getUpdates"))["result"]
    ids = [update["update_id"] for update in first]
    again = (await call("getUpdates", offset=max(ids) + 1))["result"]

    assert ids != sorted(ids)
    assert sorted(update["update_id"] for update in again) == sorted(ids)


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown fault 'fire'"):
        FaultPlan(script=(Fault("fire"),))
    with pytest.raises(ValueError, match="unknown field 'rain'"):
        FaultPlan.from_json({"rain": 1})
