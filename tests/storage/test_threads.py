"""Threads and what stands beside them at the desk over a real store: who sees what, and what becomes of words in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Select, select

from domain.base import Content, Moved, Role
from domain.desk import COUNTED, CountDesk, DeskCounts, ListCalls
from domain.notices.shapes import TickOffCall, WithdrawNotice
from domain.privacy import ForgetMe, ReadOwnRecord
from domain.queries import SeeCard
from domain.rulebook import Rulebook
from domain.templates import (
    Beginnings,
    ListDrafts,
    ListTemplates,
    SaveTemplate,
    SeeBeginnings,
    UseTemplate,
)
from domain.threads import (
    AnswerNotice,
    CloseThread,
    ListWaitingThreads,
    ReplyInThread,
    SeeThreads,
    ThreadFacts,
)
from jobs import retention
from storage import threads
from storage.engine import Engine
from storage.facts import calls
from storage.facts.rows import Look
from storage.facts.templates import _unsent
from storage.facts.threads import waiting
from storage.people import load_actors
from storage.schema import person
from storage.schema_notices import notice, receipt, thread
from storage.unit import Refusal, Store
from tests.support.databases import on_sqlite
from tests.support.delivery import fence
from tests.support.dump import count, rows
from tests.support.notices import TEXT, carried_out, composed, confirmed
from tests.support.village import Soul, Village, appointed, do, village


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def told(store: Store, place: Village, *, now: datetime) -> int:
    """A notice of the leader's that everybody in the building has and may answer."""
    number = await confirmed(store, place.leader, place.building, now=now, on=("answerable",))
    await carried_out(store, held=await fence(store, now=now), now=now)
    return number


async def says(store: Store, who: Soul, number: int, words: str, *, now: datetime) -> int:
    done = await do(store, AnswerNotice(number, (Content("text", words),)), who.who, now=now)
    return int(done["thread_id"] or 0)


async def refused(store: Store, action: Any, soul: Soul, *, now: datetime) -> str:
    outcome = await store.perform(action, soul.who, now=now)
    assert isinstance(outcome, Refusal), outcome
    return outcome.key


async def card(store: Store, soul: Soul, kind: str, number: int, *, now: datetime) -> ThreadFacts:
    seen = await store.read(SeeCard(kind, number), soul.who, now=now)
    assert isinstance(seen.facts, ThreadFacts)
    return seen.facts


async def test_a_thread_is_seen_from_both_sides_and_waits_for_whoever_leads_there(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await told(store, place, now=now)
    first = await says(store, place.resident, number, "几点来水？", now=now)
    later = now + timedelta(minutes=5)
    second = await says(store, place.neighbour, number, "停多久？", now=later)
    assert await says(store, place.resident, number, "热水呢？", now=later) == first
    assert await refused(store, AnswerNotice(number, ()), place.stranger, now=now) == "refused.not_found"
    for soul in (place.leader, place.secretary):
        page = await store.read(ListWaitingThreads(), soul.who, now=later)
        assert [(row.id, row.words) for row in page.rows] == [(first, "热水呢？"), (second, "停多久？")]
        assert (await store.read(CountDesk(), soul.who, now=later)).answers == 2
    beside = await appointed(store, 71, name="邻楼", role=Role.LEADER, unit_id=place.units["b2"], now=now)
    assert (await store.read(ListWaitingThreads(), beside.who, now=later)).rows == ()
    assert await store.read(CountDesk(), beside.who, now=later) == DeskCounts()
    for action in (ReplyInThread(first, 2, "x"), CloseThread(first, 2), ReplyInThread(99, 1, "x")):
        assert await refused(store, action, beside, now=later) == "refused.not_found"
    seen = await card(store, place.secretary, "thread.card", first, now=later)
    assert [(one.theirs, one.text) for one in seen.said] == [(True, "几点来水？"), (True, "热水呢？")]
    # The reply was begun before the last words came: they still wait.
    await do(store, ReplyInThread(first, 1, "下午两点。"), place.secretary.who, now=later)
    assert (await card(store, place.leader, "thread.card", first, now=later)).thread.waiting_since == now
    await do(store, ReplyInThread(first, 3, "热水不停。"), place.leader.who, now=later + timedelta(minutes=1))
    mine = await card(store, place.resident, "thread.mine", first, now=later)
    assert [one.text for one in mine.said if not one.theirs] == ["下午两点。", "热水不停。"]
    assert mine.phone == mine.flat == ""
    await do(store, CloseThread(second, 1), place.leader.who, now=later)
    assert (await store.read(CountDesk(), place.leader.who, now=later)).answers == 0
    page = await store.read(SeeThreads(number), place.leader.who, now=later)
    assert [(row.id, row.waiting) for row in page.rows] == [(first, False), (second, False)]
    replies = await rows(engine, "outbox", "chat_id", "subject_id", where="kind = 'thread.mine'")
    assert replies == [(place.resident.chat, first)] * 2


async def test_two_records_of_one_person_have_one_thread(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await told(store, place, now=now)
    kept = await says(store, place.resident, number, "一", now=now + timedelta(minutes=1))
    gone = await says(store, place.neighbour, number, "二", now=now)
    other = await told(store, place, now=now)
    moved = await says(store, place.neighbour, other, "三", now=now)
    both = Moved(place.neighbour.id, place.resident.id)
    await engine.write(lambda connection: threads.move(connection, both))
    assert await rows(engine, "thread", "id", "person_id", "unanswered") == [
        (kept, place.resident.id, 2),
        (moved, place.resident.id, 1),
    ]
    facts = await card(store, place.leader, "thread.card", kept, now=now)
    assert {one.text for one in facts.said} == {"一", "二"}
    assert facts.thread.waiting_since == now
    assert await count(engine, "remark", f"subject_kind = 'thread' AND subject_id = {gone}") == 0


async def test_what_both_said_is_exported_and_goes_with_who_is_forgotten(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await told(store, place, now=now)
    hers = await says(store, place.resident, number, "我家几点来水？", now=now)
    await do(store, ReplyInThread(hers, 1, "您家两点。"), place.leader.who, now=now)
    await says(store, place.resident, number, "谢谢", now=now)
    other = await says(store, place.neighbour, number, "我也问", now=now)
    record = await store.read(ReadOwnRecord(), place.resident.who, now=now)
    assert [(one.notice_id, [part.text for part in one.said]) for one in record.threads] == [
        (number, ["我家几点来水？", "您家两点。", "谢谢"])
    ]
    assert record.other == ()
    await do(store, ForgetMe(), place.resident.who, now=now)
    page = await store.read(ListWaitingThreads(), place.leader.who, now=now)
    assert [row.id for row in page.rows] == [other]
    assert await retention.erase(store, now) == 1
    assert await rows(engine, "remark", "text", where="subject_kind = 'thread' AND text <> ''") == [
        ("我也问",)
    ]
    facts = await card(store, place.leader, "thread.card", hers, now=now)
    assert facts.gone
    assert facts.said == ()
    assert await refused(store, ReplyInThread(hers, 9, "在吗"), place.leader, now=now) == "thread.gone"


@on_sqlite
async def test_words_go_so_long_after_the_last_of_them(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await told(store, place, now=now)
    old = await says(store, place.resident, number, "旧", now=now)
    await says(store, place.neighbour, number, "问", now=now)
    day = timedelta(days=1)
    await says(store, place.neighbour, number, "新", now=now + 5 * day)
    over = now + timedelta(days=store.rules.retention.notice_answers) + day
    while (await store.forget("thread_words", now=over)).more:
        pass
    said = await rows(engine, "remark", "text", where="subject_kind = 'thread' AND text <> ''")
    assert set(said) == {("问",), ("新",)}
    assert await rows(engine, "thread", "unanswered", where=f"id = {old}") == [(0,)]
    await store.forget("thread_words", now=over + 5 * day)
    assert await count(engine, "remark", "subject_kind = 'thread' AND text <> ''") == 0


async def test_whom_to_call_is_who_was_not_reached_of_late_below_the_reader(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    lost = [place.resident.id, place.neighbour.id, place.stranger.id]
    gone = person.update().where(person.c.id.in_(lost)).values(unreachable_since=now)
    await engine.write(lambda connection: connection.execute(gone).rowcount)
    number = await confirmed(store, place.secretary, place.units["grid"], now=now)
    await carried_out(store, held=await fence(store, now=now), now=now)

    async def called(soul: Soul, at: datetime = now) -> list[int]:
        page = await store.read(ListCalls(), soul.who, now=at)
        counts = await store.read(CountDesk(), soul.who, now=at)
        assert counts.calls == len(page.rows)
        return [row.person_id for row in page.rows]

    assert await called(place.secretary) == lost
    assert await called(place.leader) == lost[:2]
    assert (await store.read(ListCalls(), place.leader.who, now=now)).rows[0].title == TEXT
    assert await called(place.leader, now + timedelta(days=31)) == []
    await do(store, TickOffCall(number, lost[0]), place.leader.who, now=now)
    assert await called(place.secretary) == lost[1:]
    assert await refused(store, TickOffCall(number, lost[2]), place.leader, now=now) == "refused.not_found"
    await do(store, WithdrawNotice(number), place.secretary.who, now=now)
    assert await called(place.secretary) == []


@on_sqlite
async def test_templates_and_drafts_are_there_for_who_leads_the_place(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await composed(store, place.leader, place.building, now=now)
    saved = await do(store, SaveTemplate(number, "停水"), place.leader.who, now=now)
    template = int(saved["template_id"] or 0)
    assert await refused(store, SaveTemplate(number, "停水"), place.secretary, now=now) == "template.taken"
    beside = await appointed(store, 71, name="邻楼", role=Role.LEADER, unit_id=place.units["b2"], now=now)
    for soul in (place.leader, place.secretary):
        assert await store.read(SeeBeginnings(), soul.who, now=now) == Beginnings(1, 1)
        (line,) = (await store.read(ListTemplates(), soul.who, now=now)).rows
        assert (line.id, line.name, line.words) == (template, "停水", TEXT)
        assert [row.id for row in (await store.read(ListDrafts(), soul.who, now=now)).rows] == [number]
    assert await store.read(SeeBeginnings(), beside.who, now=now) == Beginnings()
    assert await refused(store, UseTemplate(template), beside, now=now) == "refused.not_found"
    used = await do(store, UseTemplate(template), place.secretary.who, now=now)
    page = await store.read(ListDrafts(), place.leader.who, now=now)
    assert [row.id for row in page.rows] == [used["notice_id"], number]


@on_sqlite
@pytest.mark.parametrize("near", [1000, 0])
async def test_each_of_these_lists_is_looked_up_in_an_index(
    store: Store,
    engine: Engine,
    place: Village,
    now: datetime,
    rules: Rulebook,
    near: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("storage.facts.rows.NEAR_UNITS", near)
    await told(store, place, now=now)

    def plans(connection: Connection) -> dict[str, str]:
        actor = load_actors(connection, now, [place.leader.id])[place.leader.id]
        look = Look(actor, now, rules)
        to_call = calls._to_call(connection, look, receipt.c.person_id)
        assert to_call is not None
        asked: dict[str, Select[Any]] = {
            "ix_receipt_to_call": to_call.limit(COUNTED),
            "ix_thread_waiting": waiting(connection, look, thread.c.id).limit(COUNTED),
            "ix_notice_unsent": _unsent(connection, look, notice.c.id).limit(COUNTED),
            "ix_thread_notice_id": select(thread.c.id)
            .where(thread.c.notice_id == 1)
            .order_by(thread.c.last_at.desc(), thread.c.id.desc()),
        }
        return {
            name: "\n".join(
                str(row)
                for row in connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {wanted.compile(connection, compile_kwargs={'literal_binds': True})}"
                )
            )
            for name, wanted in asked.items()
        }

    for name, plan in (await engine.read(plans)).items():
        assert name in plan, plan
        assert "TEMP B-TREE" not in plan, plan
        if near:
            assert "SCAN" not in plan, plan
        elif name in ("ix_thread_waiting", "ix_notice_unsent"):
            # A wide part of the tree is not gone through for the few rows there are.
            assert "path>" not in plan, plan
