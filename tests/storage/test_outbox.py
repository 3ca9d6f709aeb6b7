"""What leaves: leased under a fence, recorded once, and every card brought to what is true, however it interleaves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from domain.base import Refresh
from domain.lanes import Lane
from domain.people import ChooseLanguage
from domain.requests import AcceptRequest, AddToRequest, WithdrawRequest
from domain.tasks import ClaimTask
from storage.engine import Engine
from storage.inbox import Arrived
from storage.outbox import Leased, Reply, Sent, put
from storage.schema import outbox
from storage.unit import Done, LeasedBatch, Store
from tests.support.delivery import LEASE, deliver, fence, lease, sent
from tests.support.dump import count, dump, rows
from tests.support.village import WORDS, Village, asked, do, offered, village

NOBODY_ASKS = "kind = 'request.card'"


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


@pytest.fixture
async def held(store: Store, place: Village, now: datetime) -> int:
    """The fence under which delivery works; nothing waits any more."""
    taken = await fence(store, now=now)
    await deliver(store, held=taken, now=now)
    return taken


async def leased_card(
    store: Store, place: Village, *, held: int, now: datetime
) -> tuple[int, LeasedBatch, Leased]:
    """A request whose card is on its way to the resident."""
    request_id = await asked(store, place.resident, now=now)
    batch = await lease(store, held=held, now=now)
    (row,) = [row for row in batch.rows if row.kind == "request.card"]
    return request_id, batch, row


async def changed(store: Store, place: Village, request_id: int, *, now: datetime) -> None:
    """Something about the request changes, so that its card is out of date."""
    await do(store, AddToRequest(request_id, WORDS), place.resident.who, now=now)


async def edits(engine: Engine, where: str = "state = 'waiting'") -> list[tuple[Any, ...]]:
    """The edits of request cards: (message, state)."""
    return await rows(
        engine,
        "outbox",
        "edit_message_id",
        "state",
        where=f"{where} AND edit_message_id IS NOT NULL AND card AND {NOBODY_ASKS}",
    )


# --- order and time -------------------------------------------------------------------------------------------------


async def test_rows_leave_by_lane_then_by_age_and_not_before_their_time(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    lanes = (Lane.BROADCAST, Lane.PERSON, Lane.REMINDER, Lane.PERSON, Lane.CLAIM)
    await store.receive([Arrived(1, 21, "{}")], now=now)
    await store.finish(1, now=now, replies=[Reply("refused", 21, lane=lane) for lane in lanes])
    await engine.write(
        lambda c: (
            c.execute(
                text(
                    "UPDATE outbox SET not_before = not_before + 60000000 WHERE lane = 1 AND state = 'waiting'"
                )
            ).rowcount
        )
    )
    first = await store.candidates(now=now)
    assert [row.lane for row in first] == [Lane.PERSON, Lane.PERSON, Lane.REMINDER, Lane.BROADCAST]
    assert [row.id for row in first[:2]] == sorted(row.id for row in first[:2])
    later = await store.candidates(now=now + timedelta(minutes=1))
    assert [row.lane for row in later] == sorted(lanes)
    rest = await store.candidates(now=now, after=(later[1].lane, later[1].id))
    assert [row.lane for row in rest] == [Lane.REMINDER, Lane.BROADCAST]
    assert await store.next_due() == now
    depths = (await store.depths())[1]
    assert {lane: depth for lane, (depth, _) in depths.items()} == {
        Lane.PERSON: 2, Lane.CLAIM: 1, Lane.REMINDER: 1, Lane.BROADCAST: 1
    }  # fmt: skip


async def test_a_row_is_leased_once(store: Store, place: Village, now: datetime) -> None:
    held = await fence(store, now=now)
    await asked(store, place.resident, now=now)
    waiting = [row.id for row in await store.candidates(now=now)]
    first = await lease(store, held=held, now=now)
    assert sorted(row.id for row in first.rows) == sorted(waiting)
    assert {row.attempts for row in first.rows} == {1}
    again = await store.lease_rows(waiting, lease=LEASE, fence=held, now=now, needs_facts=lambda kind: False)
    assert again.rows == ()
    assert await store.candidates(now=now) == []


async def test_the_readers_come_with_their_rows_as_they_are_at_that_moment(
    store: Store, place: Village, held: int, now: datetime
) -> None:
    await asked(store, place.resident, now=now)
    await store.perform(ChooseLanguage("en"), place.resident.who, now=now)
    batch = await lease(store, held=held, now=now)
    (row,) = [row for row in batch.rows if row.kind == "request.card"]
    assert row.person_id == place.resident.id
    assert batch.readers[place.resident.id].language == "en"


# --- the fence -----------------------------------------------------------------------------------------------------


async def test_who_lost_the_lease_takes_nothing(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    await asked(store, place.resident, now=now)
    assert await fence(store, now=now + timedelta(hours=1), holder="two") == held + 1
    before = await dump(engine)
    assert (await lease(store, held=held, now=now)).rows == ()
    assert await dump(engine) == before


@pytest.mark.parametrize("state", ["sent", "waiting", "failed", "dropped"])
async def test_who_lost_the_lease_records_nothing(
    state: str, store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, _ = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    await changed(store, place, request_id, now=now)
    edit = await lease(store, held=held, now=now)
    taken = await fence(store, now=now + timedelta(hours=1), holder="two")
    await store.settle_orphans(fence=taken, resends=lambda kind: True, now=now)
    before = await dump(engine)
    late = [replace(item, state=state, message_id=4711) for item in sent(edit)]
    assert late
    await store.record_sent(late, fence=held, now=now)
    assert await dump(engine) == before
    # The one who has the lease now is not disturbed by it.
    assert {row.id for row in await deliver(store, held=taken, now=now)} == {row.id for row in edit.rows}


# --- cards ---------------------------------------------------------------------------------------------------------


async def test_a_change_between_rendering_and_recording_asks_for_one_more_edit(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await changed(store, place, request_id, now=now)
    assert await edits(engine) == []
    await store.record_sent(sent(batch), fence=held, now=now)
    assert await edits(engine) == [(row.id, "waiting")]
    await deliver(store, held=held, now=now)
    assert await store.candidates(now=now) == []
    assert await count(engine, "card", f"subject_id = {request_id} AND shown <> wanted") == 0


async def test_a_card_that_shows_what_is_true_is_left_in_peace(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    _, batch, _ = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    assert await store.candidates(now=now) == []


async def test_ten_changes_are_one_waiting_edit(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    for _ in range(10):
        await changed(store, place, request_id, now=now)
    assert await edits(engine) == [(row.id, "waiting")]
    await deliver(store, held=held, now=now)
    assert await edits(engine) == []


async def test_who_presses_need_not_wait_for_an_edit_that_may_take_its_time(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id = await asked(store, place.resident, now=now)
    await deliver(store, held=held, now=now)
    follows = Refresh("request.card", request_id, after=timedelta(seconds=5))
    await engine.write(lambda c: put(c, now=now, update_id=None, refreshes=(follows,)))
    at_once = f"state = 'waiting' AND not_before <= {int(now.timestamp() * 1_000_000)}"
    assert (len(await edits(engine)), await edits(engine, at_once)) == (1, [])
    await changed(store, place, request_id, now=now)
    await engine.write(lambda c: put(c, now=now, update_id=None, refreshes=(follows,)))
    assert len(await edits(engine, at_once)) == len(await edits(engine)) == 1


async def test_a_change_while_an_edit_is_on_its_way_is_another_edit(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    await changed(store, place, request_id, now=now)
    first = await lease(store, held=held, now=now)
    await changed(store, place, request_id, now=now)
    assert await edits(engine) == [(row.id, "waiting")]
    await store.record_sent(sent(first), fence=held, now=now)
    # The one that waits shows it already: recording the first asks for no third.
    assert await edits(engine) == [(row.id, "waiting")]
    await deliver(store, held=held, now=now)
    assert await store.candidates(now=now) == []


async def test_a_card_edited_as_the_reply_is_not_edited_again_as_a_refresh(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    reply = Reply("request.card", row.chat_id, request_id, edit_message_id=row.id, card=True)
    outcome = await store.perform(WithdrawRequest(request_id), place.resident.who, now=now, replies=(reply,))
    assert isinstance(outcome, Done)
    assert await edits(engine) == [(row.id, "waiting")]


@pytest.mark.parametrize("how", ["another try", "orphaned", "decided"])
async def test_an_edit_that_shall_wait_again_gives_way_to_a_later_one(
    how: str, store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    await changed(store, place, request_id, now=now)
    first = await lease(store, held=held, now=now)
    await changed(store, place, request_id, now=now)
    ids = [item.id for item in first.rows]
    if how == "another try":
        outcomes = [Sent(item, "waiting", not_before=now + timedelta(seconds=30)) for item in first.rows]
        await store.record_sent(outcomes, fence=held, now=now)
    elif how == "orphaned":
        await store.settle_orphans(fence=held + 1, resends=lambda kind: True, now=now)
    else:
        await store.record_sent([Sent(item, "unknown") for item in first.rows], fence=held, now=now)
        await store.decide_stuck(ids, resend=True, now=now)
    assert await edits(engine) == [(row.id, "waiting")]
    assert await edits(engine, "state = 'dropped'") == [(row.id, "dropped")]
    assert await rows(engine, "outbox", "error", where="state = 'dropped' AND card GROUP BY error") == [
        ("superseded",)
    ]


async def test_deciding_on_rows_that_are_not_stuck_changes_nothing(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, _ = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    await changed(store, place, request_id, now=now)
    every = [row[0] for row in await rows(engine, "outbox", "id")]
    before = await dump(engine)
    for resend in (True, False):
        assert await store.decide_stuck(every, resend=resend, now=now) == 0
    assert await dump(engine) == before


async def test_a_message_that_can_no_longer_be_edited_is_posted_anew_and_is_the_card_from_then_on(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    await changed(store, place, request_id, now=now)
    edit = await lease(store, held=held, now=now)
    gone = [Sent(item, "waiting", post_anew=True, not_before=now) for item in edit.rows]
    await store.record_sent(gone, fence=held, now=now)
    posted = await lease(store, held=held, now=now)
    assert {item.edit_message_id for item in posted.rows} == {None}
    fresh = [replace(item, message_id=9000 + item.row.id) for item in sent(posted)]
    await store.record_sent(fresh, fence=held, now=now)
    await changed(store, place, request_id, now=now)
    (again,) = await edits(engine)
    assert again[0] > 9000 > row.id


async def older_copies(engine: Engine) -> list[tuple[Any, ...]]:
    """Messages that are about to lose their buttons because a newer one is the card."""
    where = "state = 'waiting' AND NOT card AND edit_message_id IS NOT NULL"
    found = await rows(engine, "outbox", "edit_message_id", "params", where=where)
    return [
        (message_id, json.loads(params) if isinstance(params, str) else params)
        for message_id, params in found
    ]


async def posts_anew(store: Store, place: Village, request_id: int, *, held: int, now: datetime) -> Leased:
    """The resident asks to see the request: a new card of it is on its way."""
    await store.receive([Arrived(77, 1, "{}")], now=now)
    resident = place.resident.who
    card = Reply("request.card", resident.telegram_id, request_id, card=True)
    await store.finish(77, now=now, who=resident, replies=(card,))
    (row,) = (await lease(store, held=held, now=now)).rows
    return row


async def test_a_new_card_takes_the_place_of_the_old_one_which_loses_its_buttons(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    new = await posts_anew(store, place, request_id, held=held, now=now)
    await store.record_sent([Sent(new, "sent", message_id=9000, open=True, shown=2)], fence=held, now=now)
    assert await older_copies(engine) == [(row.id, {"older_copy": True})]
    await deliver(store, held=held, now=now)
    await changed(store, place, request_id, now=now)
    assert await edits(engine) == [(9000, "waiting")]
    assert await older_copies(engine) == []


async def test_an_older_copy_edited_meanwhile_does_not_become_the_card_again(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    await changed(store, place, request_id, now=now)
    (edit,) = [
        item for item in (await lease(store, held=held, now=now)).rows if item.edit_message_id == row.id
    ]
    new = await posts_anew(store, place, request_id, held=held, now=now)
    await store.record_sent([Sent(new, "sent", message_id=9000, open=True, shown=3)], fence=held, now=now)
    await store.record_sent([Sent(edit, "sent", message_id=row.id, open=True, shown=2)], fence=held, now=now)
    assert await older_copies(engine) == [(row.id, {"older_copy": True})] * 2
    await deliver(store, held=held, now=now)
    await changed(store, place, request_id, now=now)
    assert await edits(engine) == [(9000, "waiting")]


async def test_an_edit_that_waits_for_the_old_card_is_let_go_when_a_new_one_is_there(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    new = await posts_anew(store, place, request_id, held=held, now=now)
    await changed(store, place, request_id, now=now)
    assert await edits(engine) == [(row.id, "waiting")]
    await store.record_sent([Sent(new, "sent", message_id=9000, open=True, shown=2)], fence=held, now=now)
    # It would have brought the old buttons back; the new card shows less than is wanted, and is edited instead.
    assert await edits(engine) == [(9000, "waiting")]
    assert await older_copies(engine) == [(row.id, {"older_copy": True})]


async def test_a_new_card_that_changes_before_it_is_recorded_is_brought_up_to_date(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    """The chat had no card of it at all, so there was nothing yet that the change could have found."""
    request_id, batch, _ = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    await store.receive([Arrived(78, 1, "{}")], now=now)
    leader = place.leader.who
    card = Reply("request.card", leader.telegram_id, request_id, card=True)
    await store.finish(78, now=now, who=leader, replies=(card,))
    leaving = await lease(store, held=held, now=now)
    (new,) = leaving.rows
    await changed(store, place, request_id, now=now)
    shown = leaving.wanted[new.chat_id, f"request.card:{request_id}"]
    await store.record_sent([Sent(new, "sent", message_id=9000, open=True, shown=shown)], fence=held, now=now)
    assert (9000, "waiting") in await edits(engine)


async def test_after_an_outage_every_open_card_shown_before_says_that_we_are_back(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    await leased_card(store, place, held=held, now=now)
    closed = await lease(store, held=held, now=now)
    assert closed.rows == ()
    request_id = await asked(store, place.neighbour, now=now)
    batch = await lease(store, held=held, now=now)
    outcomes = [replace(item, open=item.row.kind == "request.card") for item in sent(batch)]
    await store.record_sent(outcomes, fence=held, now=now)
    later = now + timedelta(hours=3)
    assert await store.refresh_stale(before=now, now=later) == 0
    assert await store.refresh_stale(before=later, now=later) == 1
    # Said once, however often it is asked.
    assert await store.refresh_stale(before=later, now=later) in (0, 1)
    (edit,) = (await lease(store, held=held, now=later)).rows
    assert (edit.kind, edit.subject_id, edit.lane) == ("request.card", request_id, Lane.REMINDER)
    assert edit.params == {"note": "card.back_again"}


# --- orphans and what is stuck ---------------------------------------------------------------------------------------


async def test_what_a_dead_process_was_sending_is_sent_again_or_asked_about(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    await asked(store, place.resident, now=now)
    first = await lease(store, held=held, now=now)
    taken = await fence(store, now=now + timedelta(hours=1), holder="two")
    harmless = sum(row.card for row in first.rows)
    assert harmless > 0
    await store.receive([Arrived(1, 21, "{}")], now=now)
    await store.finish(1, now=now, replies=(Reply("refused", 21),))
    mine = await lease(store, held=taken, now=now)
    done = await store.settle_orphans(fence=taken, resends=lambda kind: kind == "request.card", now=now)
    assert done == (1, len(first.rows) - 1)
    assert await count(engine, "outbox", "state = 'leased'") == len(mine.rows) == 1
    assert await count(engine, "outbox", "state = 'unknown' AND error = 'perhaps sent'") == done[1]
    assert await store.settle_orphans(fence=taken, resends=lambda kind: True, now=now) == (0, 0)


async def test_the_operator_sends_again_what_is_stuck_or_lets_it_go(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    await asked(store, place.resident, now=now)
    batch = await lease(store, held=held, now=now)
    one, other = batch.rows
    await store.record_sent([Sent(one, "failed", error="bug"), Sent(other, "unknown")], fence=held, now=now)
    assert {row["id"] for row in (await store.stuck())[1]} == {one.id, other.id}
    assert await store.decide_stuck([one.id], resend=True, now=now) == 1
    assert await store.decide_stuck([other.id], resend=False, now=now) == 1
    assert [row.id for row in await store.candidates(now=now)] == [one.id]
    assert (await store.stuck())[1] == []
    assert await count(engine, "outbox", f"id = {other.id} AND state = 'dropped'") == 1


async def test_a_row_tried_again_waits_until_its_time(
    store: Store, place: Village, held: int, now: datetime
) -> None:
    _, _, row = await leased_card(store, place, held=held, now=now)
    due = now + timedelta(seconds=42)
    await store.record_sent([Sent(row, "waiting", not_before=due)], fence=held, now=now)
    assert await store.candidates(now=now) == []
    assert await store.next_due() == due
    assert [found.id for found in await store.candidates(now=due)] == [row.id]
    assert [found.attempts for found in (await lease(store, held=held, now=due)).rows] == [2]


# --- people and groups that cannot be reached ----------------------------------------------------------------------


async def test_who_blocked_the_bot_is_left_alone_until_they_are_back(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    request_id, batch, row = await leased_card(store, place, held=held, now=now)
    await store.record_sent(sent(batch), fence=held, now=now)
    await changed(store, place, request_id, now=now)
    blocked = await lease(store, held=held, now=now)
    outcomes = [
        Sent(item, "dropped", error="blocked", unreachable=True)
        if item.chat_id == row.chat_id
        else Sent(item, "sent")
        for item in blocked.rows
    ]
    await store.record_sent(outcomes, fence=held, now=now)
    assert (await store.opening(place.resident.who, now=now)).actor.unreachable
    await do(store, AcceptRequest(request_id), place.leader.who, now=now)
    told = f"chat_id = {row.chat_id} AND kind = 'request.accepted'"
    assert await rows(engine, "outbox", "state", "error", where=told) == [("dropped", "unreachable")]
    await store.person_returned(None, telegram_id=row.chat_id, now=now)
    assert not (await store.opening(place.resident.who, now=now)).actor.unreachable
    assert await edits(engine) == [(row.id, "waiting")]


async def test_whoever_presses_is_reachable_again(store: Store, place: Village, now: datetime) -> None:
    await store.person_left(None, telegram_id=place.resident.chat, now=now)
    assert (await store.opening(place.resident.who, now=now)).actor.unreachable
    await do(store, ChooseLanguage("en"), place.resident.who, now=now)
    assert not (await store.opening(place.resident.who, now=now)).actor.unreachable


async def test_the_words_of_what_was_finished_are_forgotten_and_those_of_what_waits_are_kept(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    await store.receive([Arrived(1, 21, '{"text": "secret"}'), Arrived(2, 21, '{"text": "new"}')], now=now)
    await store.finish(1, now=now, replies=(Reply("refused", 21, params={"key": "secret"}),))
    await deliver(store, held=held, now=now)
    await store.receive([Arrived(3, 21, "{}")], now=now)
    await store.finish(3, now=now, replies=(Reply("refused", 21, params={"key": "waits"}),))
    for what in ("payloads", "params"):
        await store.forget(what, now=now + timedelta(days=7, seconds=1))
    assert await rows(engine, "inbox", "update_id", "payload") == [
        (1, None),
        (2, '{"text": "new"}'),
        (3, None),
    ]
    params = select(outbox.c.params).where(outbox.c.kind == "refused").order_by(outbox.c.id)
    assert await engine.read(lambda c: list(c.execute(params).scalars())) == [{}, {"key": "waits"}]


async def test_a_lost_claim_race_edits_the_losers_card(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    _, task_id = await offered(store, place, now=now)
    await deliver(store, held=held, now=now)
    await do(store, ClaimTask(task_id), place.members[0].who, now=now)
    waiting = await rows(
        engine,
        "outbox",
        "chat_id",
        where="kind = 'task.card' AND state = 'waiting' AND edit_message_id IS NOT NULL",
    )
    assert [row[0] for row in waiting] == [member.chat for member in place.members]
