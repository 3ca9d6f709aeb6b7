"""A group that becomes a supergroup: its binding, its cards and what waits for it move once, and nothing is lost."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from domain.groups import BindGroup
from storage.engine import Engine
from storage.inbox import Arrived
from storage.outbox import Reply, Sent
from storage.unit import Store
from tests.support.delivery import deliver, fence, lease
from tests.support.dump import count, rows
from tests.support.village import Village, do, offered, village


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


@pytest.fixture
async def held(store: Store, place: Village, now: datetime) -> int:
    """The fence under which delivery works."""
    return await fence(store, now=now)


OLD, NEW = -1001, -1009


async def bound(store: Store, place: Village, *, held: int, now: datetime) -> int:
    """A task whose card hangs in the bound group."""
    await do(store, BindGroup(OLD, place.building), place.secretary.who, now=now)
    _, task_id = await offered(store, place, now=now)
    await deliver(store, held=held, now=now)
    return task_id


async def chats(engine: Engine) -> dict[int, int]:
    """How many rows of binding, cards and outbox each of the two chats has."""
    return {
        chat: sum(
            [await count(engine, table, f"chat_id = {chat}") for table in ("chat_group", "card", "outbox")]
        )
        for chat in (OLD, NEW)
    }


async def test_a_group_that_becomes_a_supergroup_takes_everything_along_once(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    await bound(store, place, held=held, now=now)
    before = await chats(engine)
    assert before[OLD] == 3
    for _ in range(3):
        await store.group_migrated(None, chat_id=OLD, to_chat_id=NEW, now=now)
        assert await chats(engine) == {OLD: 0, NEW: 3}
    assert await rows(engine, "chat_group", "chat_id", "unit_id") == [(NEW, place.building)]


async def test_a_straggler_for_the_old_group_moves_alone(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    await bound(store, place, held=held, now=now)
    await store.group_migrated(None, chat_id=OLD, to_chat_id=NEW, now=now)
    await store.receive([Arrived(1, OLD, "{}")], now=now)
    await store.finish(1, now=now, replies=(Reply("refused", OLD),))
    (row,) = (await lease(store, held=held, now=now)).rows
    await store.record_sent([Sent(row, "waiting", migrated_to=NEW, not_before=now)], fence=held, now=now)
    assert await chats(engine) == {OLD: 0, NEW: 4}
    assert await rows(engine, "chat_group", "chat_id", "unit_id") == [(NEW, place.building)]
    assert [found.chat_id for found in (await lease(store, held=held, now=now)).rows] == [NEW]


async def test_what_would_have_been_edited_in_the_old_group_is_posted_in_the_new_one(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    task_id = await bound(store, place, held=held, now=now)
    await engine.write(
        lambda c: c.execute(
            text(
                "INSERT INTO outbox (chat_id, kind, subject_id, params, edit_message_id, card, lane, state, not_before,"
                " created_at) SELECT :chat, kind, subject_id, params, 5, card, lane, 'waiting', not_before, created_at"
                " FROM outbox WHERE kind = 'task.group' AND state = 'sent'"
            ),
            [{"chat": OLD}, {"chat": NEW}],
        ).close()
    )
    await store.group_migrated(None, chat_id=OLD, to_chat_id=NEW, now=now)
    waiting = await lease(store, held=held, now=now)
    assert sorted((row.chat_id, row.edit_message_id or 0) for row in waiting.rows) == [(NEW, 0), (NEW, 5)]
    # The old message's number is some other message's in the new chat: nobody may edit it by that number.
    assert await rows(engine, "card", "message_id", where=f"subject_id = {task_id} AND chat_id = {NEW}") == [
        (None,)
    ]
