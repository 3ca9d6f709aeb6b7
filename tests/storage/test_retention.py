"""What time alone forgets: each kind by its own days, oldest first, and nothing that is not over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from domain.base import Content
from domain.requests import AcceptRequest, DeclineRequest, RaiseRequest
from domain.rulebook import Retention, Rulebook
from jobs import retention
from jobs.clock import JOBS
from storage import schema
from storage.drafts import Draft
from storage.engine import Engine
from storage.inbox import Arrived
from storage.outbox import Reply
from storage.retention import FORGET
from storage.unit import Store, Who
from tests.support.databases import on_sqlite
from tests.support.delivery import deliver, fence
from tests.support.dump import count, rows
from tests.support.logs import heard
from tests.support.village import asked, do, village

WHO = Who(21, "李桂兰", "zh")


async def spoken(store: Store, numbers: range, *, now: datetime, finished: bool = True) -> None:
    """Updates of Lan's, with an answer to each."""
    await store.receive([Arrived(n, 21, '{"text": "secret"}') for n in numbers], now=now)
    if finished:
        for n in numbers:
            reply = Reply("refused", 21, params={"key": "secret"})
            await store.finish(n, now=now, who=WHO, replies=(reply,))


async def test_words_go_after_a_week_and_the_rest_after_three_months(
    store: Store, engine: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.retention.AT_ONCE", 3)
    held = await fence(store, now=now)
    await spoken(store, range(1, 9), now=now)
    await spoken(store, range(9, 10), now=now, finished=False)
    await deliver(store, held=held, now=now)
    later = now + timedelta(days=5)
    await spoken(store, range(10, 12), now=later)
    week = now + timedelta(days=7, seconds=1)
    assert await retention.forget(store, week) == 16
    assert await count(engine, "inbox", "payload IS NULL") == 8
    assert await rows(engine, "inbox", "update_id", where="payload IS NOT NULL") == [(9,), (10,), (11,)]
    assert await retention.forget(store, week) == 0
    # What was held up is forgotten when it is over, although newer rows were long before it.
    await store.finish(9, now=week, who=WHO)
    assert await retention.forget(store, week + timedelta(days=8)) == 3
    assert await count(engine, "inbox", "payload IS NOT NULL") == 0
    quarter = now + timedelta(days=90, seconds=1)
    await retention.forget(store, quarter)
    assert await rows(engine, "inbox", "update_id") == [(9,), (10,), (11,)]
    assert await count(engine, "outbox") == 2, "what waits is not dropped"


async def test_each_kind_goes_after_its_days(
    store: Store, engine: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.retention.CHATS_AT_ONCE", 2)
    monkeypatch.setattr("storage.retention.THINGS_AT_ONCE", 1)
    place = await village(store, now=now)
    held = await fence(store, now=now)
    declined = [await asked(store, place.resident, now=now) for _ in range(2)]
    for number in declined:
        await do(store, DeclineRequest(number, "不归我们管"), place.secretary.who, now=now)
    open_still = await asked(store, place.resident, now=now)
    await do(store, AcceptRequest(open_still), place.leader.who, now=now)
    await deliver(store, held=held, now=now)
    await engine.write(
        lambda c: c.execute(schema.card.update().values(open=schema.card.c.kind == "task.card")).rowcount
    )
    await store.receive([Arrived(1, 21, "{}")], now=now)
    await store.finish(1, now=now, who=WHO, draft=Draft("request", "words"))
    await engine.write(lambda c: by_hand(c, now))

    async def left(days: int) -> dict[str, int]:
        await retention.forget(store, now + timedelta(days=days, seconds=1))
        words = "kind <> 'text' OR text <> ''"
        return {
            "draft": await count(engine, "draft"),
            "import_row": await count(engine, "import_row"),
            "job_run": await count(engine, "job_run"),
            "card": await count(engine, "card", "NOT open"),
            "remark": await count(engine, "remark", words),
        }

    first = await left(0)
    assert first["card"] > 3
    assert first == {**first, "draft": 1, "import_row": 2, "job_run": 1, "remark": 5}
    assert await left(7) == {**first, "import_row": 1}
    assert await left(30) == {**first, "import_row": 1, "draft": 0}
    gone = {"import_row": 1, "draft": 0, "job_run": 0, "card": 0}
    assert await left(400) == {**first, **gone}
    assert await count(engine, "card", "open") > 0
    assert await left(1095) == {**gone, "remark": 1}, "an open request keeps its words"
    assert await count(engine, "person", "erased_at IS NOT NULL") == 0


def by_hand(connection: Connection, now: datetime) -> None:
    for batch, state in ((1, "live"), (2, "staging")):
        done = {"finished_at": now} if state == "live" else {}
        connection.execute(
            insert(schema.import_batch).values(
                id=batch, version=1, file={}, kind="people", state=state, created_at=now, **done
            )
        )
        line: dict[str, Any] = {
            "batch_id": batch,
            "line": 2,
            "key": "7",
            "parent": "b1",
            "data": {"name": "x"},
        }
        connection.execute(insert(schema.import_row).values(**line))
    connection.execute(insert(schema.job_run).values(job="any", period="2026", at=now, outcome="done"))


@on_sqlite
async def test_nought_keeps_for_ever(engine: Engine, rules: Rulebook, now: datetime) -> None:
    never = Retention(**dict.fromkeys(Retention.__dataclass_fields__, 0))
    store = Store(engine, rules=replace(rules, retention=never))
    await spoken(store, range(1, 3), now=now)
    await store.receive([Arrived(5, 21, "{}")], now=now)
    await store.finish(5, now=now, who=WHO, draft=Draft("request", "words"))
    assert await retention.forget(store, now + timedelta(days=36_500)) == 0


@on_sqlite
async def test_the_log_says_how_much_and_nothing_of_it(store: Store, now: datetime) -> None:
    await spoken(store, range(1, 3), now=now)
    with heard(retention) as logged:
        await retention.forget(store, now + timedelta(days=8))
    assert [(line["what"], line["count"]) for line in logged] == [("payloads", 2)]
    assert "secret" not in repr(logged)


def test_every_setting_of_retention_is_somebodys_and_the_jobs_run() -> None:
    # The audit trail goes with its seals, which are another job's.
    assert {setting for setting, _ in FORGET.values()} == set(Retention.__dataclass_fields__) - {"audit"}
    assert {"retention", "erasures"} <= {job.name for job in JOBS}


@on_sqlite
async def test_words_of_a_closed_request_are_emptied_once(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    long_ago = RaiseRequest("lift", "timely", False, False, (Content("photo", "", "file"),))
    number = int((await do(store, long_ago, place.resident.who, now=now))["request_id"] or 0)
    await do(store, DeclineRequest(number, "不归我们管"), place.secretary.who, now=now)
    late = now + timedelta(days=1096)
    assert (await store.forget("request_words", now=late)).count == 2
    assert (await store.forget("request_words", now=late)).count == 0
    assert await rows(engine, "remark", "id", "kind", "text", "file_id") == [
        (1, "text", "", ""),
        (2, "text", "", ""),
    ]
