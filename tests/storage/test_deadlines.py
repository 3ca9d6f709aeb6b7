"""Deadlines on the databases: the clock finds what is due by its index, each thing once, and desks list what is left."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from domain.base import Role
from domain.queries import DeskRow, ListDesk
from domain.requests import AskResident, VerifyRequest
from jobs import deadlines
from storage.engine import Engine
from storage.unit import Refusal, Store
from tests.support.dump import dump, rows
from tests.support.village import Soul, appointed, asked, do, offered, reported, village


async def told(engine: Engine, note: str) -> list[int]:
    """The chats a card with these words on top has been sent to."""
    found = await rows(engine, "outbox", "chat_id", "params")
    return [chat for chat, params in found if note in str(params)]


async def waiting(store: Store, soul: Soul, *, now: datetime) -> list[tuple[str, int]]:
    """What stands on somebody's desk."""
    page = await store.read(ListDesk(), soul.who, now=now)
    return [(row.kind, row.subject_id) for row in page.rows if isinstance(row, DeskRow)]


async def test_a_late_answer_is_told_once_however_often_the_clock_looks(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    first = await asked(store, place.resident, now=now)
    assert await deadlines.requests(store, now) == 1
    assert await deadlines.requests(store, now) == 0
    late = now + timedelta(hours=5)
    assert await deadlines.requests(store, late) == 1
    assert await told(engine, "desk.answer_overdue") == [place.leader.chat]
    assert await told(engine, "desk.answer_soon") == []
    before = await dump(engine)
    assert await deadlines.requests(store, late + timedelta(days=30)) == 0
    assert await dump(engine) == before
    assert await waiting(store, place.leader, now=late) == [("request", first)]


async def test_two_processes_that_look_at_once_tell_it_once(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    for _ in range(3):
        await asked(store, place.resident, now=now)
    late = now + timedelta(hours=5)
    await deadlines.requests(store, late)
    other = Store(engine, rules=store.rules)
    await deadlines.requests(other, late)
    assert len(await told(engine, "desk.answer_overdue")) == 3


async def test_what_is_late_unclaimed_or_closed_in_silence_stands_on_the_desks_of_whom_it_concerns(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    far = await appointed(store, 90, name="远方", role=Role.MEMBER, unit_id=place.units["b2"], now=now)
    nobody, task_id = await offered(store, place, now=now)
    silent, _ = await reported(store, place, now=now, by=[place.leader])
    at = now
    for _ in range(24 * 9):
        at += timedelta(hours=1)
        await deadlines.requests(store, at)
        await deadlines.tasks(store, at)
    assert await waiting(store, place.secretary, now=at) == [
        ("overdue", nobody),
        ("unclaimed", nobody),
        ("silent", silent),
    ]
    # The leader did that work, so somebody else has to look at it.
    assert await waiting(store, place.leader, now=at) == [("overdue", nobody)]
    assert await told(engine, "desk.solution_overdue") == [place.leader.chat]
    assert await told(engine, "desk.nobody_claims") == [place.secretary.chat]
    assert await told(engine, "desk.verify_wanted") == [place.secretary.chat]
    asked_of_it = await rows(
        engine, "outbox", "chat_id", where=f"kind = 'task.card' AND subject_id = {task_id}"
    )
    chats = [row[0] for row in asked_of_it]
    # Those of the building when it was offered, those of the grid when it was widened; nobody twice.
    assert sorted(chats) == sorted({member.chat for member in place.members} | {far.chat})
    assert isinstance(await store.perform(VerifyRequest(silent), place.leader.who, now=at), Refusal)
    assert isinstance(await store.perform(VerifyRequest(silent), place.members[0].who, now=at), Refusal)
    await do(store, VerifyRequest(silent), place.secretary.who, now=at)
    assert await store.settle_points(now=at) == 1
    assert ("silent", silent) not in await waiting(store, place.secretary, now=at)


async def test_a_question_goes_to_the_resident_alone_and_a_stranger_cannot_ask(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    request_id, _ = await offered(store, place, now=now)
    for soul in (place.stranger, place.resident, place.members[0]):
        assert isinstance(await store.perform(AskResident(request_id, "?!a"), soul.who, now=now), Refusal)
    await do(store, AskResident(request_id, "<b>几点</b>在家？"), place.leader.who, now=now)
    assert await told(engine, "request.asked") == [place.resident.chat]


async def test_the_clock_and_the_desks_use_their_indexes(store: Store, engine: Engine) -> None:
    if store.dialect != "sqlite":
        return
    for table, index, condition in (
        ("request", "ix_request_next_at", "next_at IS NOT NULL AND next_at <= 5"),
        ("task", "ix_task_next_at", "next_at IS NOT NULL AND next_at <= 5"),
        ("request", "ix_request_late", "overdue_at IS NOT NULL AND state IN ('open', 'in_progress')"),
        ("request", "ix_request_to_verify", "state = 'closed_silent' AND verified_at IS NULL"),
        ("task", "ix_task_listed", "listed_at IS NOT NULL AND state = 'offered' AND taken = 0"),
    ):
        area = "unit_id IN (1, 2) AND " if index == "ix_task_listed" else ""
        area = "handling_unit_id IN (1, 2) AND " if table == "request" and "next" not in index else area
        statement = text(f"EXPLAIN QUERY PLAN SELECT id FROM {table} WHERE {area}{condition}")  # noqa: S608 - a test's own
        plan = await engine.read(lambda c, s=statement: [str(row) for row in c.execute(s)])
        assert any(index in line for line in plan), (index, plan)
