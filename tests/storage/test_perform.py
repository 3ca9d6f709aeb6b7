"""One action, one commit: the effect, the audit trail, the done mark and what will leave; or none of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from domain.base import NOT_FOUND, Actor, Refused
from domain.people import ChooseLanguage, GiveConsent
from domain.queries import ListDesk
from domain.requests import AcceptRequest, DeclineRequest, RaiseRequest
from domain.rulebook import Rulebook
from domain.tasks import ClaimTask, StartClaim, Task
from storage.drafts import CLEAR, Draft
from storage.engine import Engine
from storage.entities import StaleVersionError, load, save
from storage.inbox import Arrived
from storage.outbox import Reply
from storage.unit import Done, Hooks, Refusal, Repeat, Store, Who
from tests.support.dump import count, differences, dump, rows
from tests.support.village import WORDS, Village, asked, claimed, offered, village

UPDATE = 77


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def receives(store: Store, *update_ids: int, now: datetime) -> None:
    await store.receive([Arrived(number, 21, '{"said": "something"}') for number in update_ids], now=now)


LIFT = RaiseRequest("lift", "timely", private=False, name_hidden=False, contents=WORDS, flat="301")


async def test_an_action_writes_everything_in_one_commit(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    await receives(store, UPDATE, now=now)
    written: list[int] = []
    inner = engine.write
    engine.write = lambda unit: written.append(1) or inner(unit)  # type: ignore[method-assign,func-returns-value]
    before = await dump(engine)
    outcome = await store.perform(
        LIFT,
        place.resident.who,
        now=now,
        update_id=UPDATE,
        draft=Draft("request", "words"),
        replies=(Reply("refused", place.resident.chat, params={"key": "any"}),),
    )
    assert isinstance(outcome, Done)
    assert outcome.actor.person_id == place.resident.id
    assert len(written) == 1
    changed = set(differences(before, await dump(engine)))
    assert changed == {
        "counter", "household", "person", "request", "remark", "audit", "draft", "outbox", "card", "inbox"
    }  # fmt: skip
    request_id = outcome.result["request_id"]
    assert await rows(engine, "audit", "event", "actor_id", "update_id", where=f"update_id = {UPDATE}") == [
        ("request.raised", place.resident.id, UPDATE)
    ]
    assert await rows(
        engine, "outbox", "kind", "chat_id", "update_id", where=f"subject_id = {request_id}"
    ) == [
        ("desk.card", place.leader.chat, UPDATE),
        ("request.card", place.resident.chat, UPDATE),
    ]
    assert await rows(engine, "inbox", "update_id", "state") == [(UPDATE, "done")]


async def test_a_repeated_update_does_nothing_however_often_it_comes(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    await receives(store, UPDATE, now=now)
    await store.perform(LIFT, place.resident.who, now=now, update_id=UPDATE)
    before = await dump(engine)
    for _ in range(3):
        await receives(store, UPDATE, now=now)
        again = await store.perform(
            LIFT, place.resident.who, now=now, update_id=UPDATE, replies=(Reply("refused", 21),)
        )
        assert again == Repeat()
        assert await store.finish(UPDATE, now=now, replies=(Reply("refused", 21),)) is False
    assert await dump(engine) == before


async def test_an_update_that_never_arrived_has_no_effect(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    before = await dump(engine)
    assert await store.perform(LIFT, place.resident.who, now=now, update_id=999) == Repeat()
    assert await dump(engine) == before


async def test_a_refusal_keeps_the_done_mark_and_undoes_everything_else(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    await receives(store, UPDATE, now=now)
    before = await dump(engine)
    # A flat is written before the rules refuse the category.
    action = RaiseRequest("volcano", "timely", False, False, WORDS, name="新名", flat="909")
    outcome = await store.perform(action, place.resident.who, now=now, update_id=UPDATE, draft=CLEAR)
    assert isinstance(outcome, Refusal)
    assert outcome.key == "request.category_unknown"
    changed = differences(before, await dump(engine))
    assert set(changed) == {"inbox"}
    assert await rows(engine, "inbox", "update_id", "state") == [(UPDATE, "done")]
    assert await store.perform(action, place.resident.who, now=now, update_id=UPDATE) == Repeat()


@pytest.mark.parametrize(("card", "where"), [(False, "key"), (True, "note")])
async def test_a_refusal_is_stored_as_the_reply_with_its_key(
    store: Store, engine: Engine, place: Village, now: datetime, *, card: bool, where: str
) -> None:
    await receives(store, UPDATE, now=now)
    _, task_id = await offered(store, place, now=now)
    await store.perform(ClaimTask(task_id), place.members[0].who, now=now)
    template = Reply(
        "task.card", place.members[1].chat, task_id, params={"page": 2}, card=card, edit_message_id=5
    )
    outcome = await store.perform(
        ClaimTask(task_id), place.members[1].who, now=now, update_id=UPDATE, if_refused=template
    )
    assert isinstance(outcome, Refusal)
    assert outcome.key == "task.taken"
    waiting = [c.id for c in await store.candidates(now=now, most=500)]
    fence = await store.acquire_lease(
        "bot", holder="x", now=now, span=timedelta(seconds=9), is_dead=lambda holder: False
    )
    assert fence is not None
    batch = await store.lease_rows(
        waiting, lease="bot", fence=fence[0], now=now, needs_facts=lambda kind: False
    )
    (said,) = [row for row in batch.rows if row.edit_message_id == 5]
    assert said.params == {"page": 2, where: "task.taken"}


async def test_what_somebody_may_not_do_reads_like_what_is_not_there(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    request_id = await asked(store, place.resident, now=now)
    before = await dump(engine)
    for action, who in (
        (AcceptRequest(request_id), place.resident.who),
        (AcceptRequest(request_id), place.members[0].who),
        (DeclineRequest(request_id, "no"), place.leader.who),
        (AcceptRequest(9999), place.leader.who),
        (StartClaim(9999), place.members[0].who),
        (AcceptRequest(request_id), Who(5555, "nobody")),
    ):
        outcome = await store.perform(action, who, now=now)
        assert isinstance(outcome, Refusal)
        assert (outcome.key, outcome.params) == (NOT_FOUND, {}), action
    assert await dump(engine) == before


async def test_somebody_suspended_is_told_so_but_keeps_their_settings(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    _, task_id = await offered(store, place, now=now)
    member = place.members[0]
    await engine.write(
        lambda c: (
            c.execute(text("UPDATE person SET suspended = true WHERE id = :id"), {"id": member.id}).rowcount
        )
    )
    outcome = await store.perform(ClaimTask(task_id), member.who, now=now)
    assert isinstance(outcome, Refusal)
    assert outcome.key == "refused.suspended"
    assert isinstance(await store.perform(ChooseLanguage("en"), member.who, now=now), Done)


async def test_a_stranger_becomes_a_person_by_saying_yes_and_not_before(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    stranger = Who(31, "新邻居", "en")
    opening = await store.opening(stranger, now=now)
    assert (opening.actor.person_id, opening.actor.language, opening.draft) == (0, "en", None)
    assert await count(engine, "person", "telegram_id = 31") == 0
    outcome = await store.perform(GiveConsent(31, "新邻居", "en"), stranger, now=now)
    assert isinstance(outcome, Done)
    assert (await store.opening(stranger, now=now)).actor.person_id == outcome.result["person_id"]


async def test_a_draft_is_saved_kept_and_cleared_with_the_step(
    store: Store, place: Village, now: datetime
) -> None:
    who = place.resident.who
    form = Draft("request", "words", {"category": "lift", "parts": [{"kind": "text"}]}, 3, 88)
    await receives(store, 1, 2, 3, now=now)
    assert await store.finish(1, now=now, who=who, draft=form)
    assert (await store.opening(who, now=now)).draft == form
    await store.perform(ChooseLanguage("en"), who, now=now, update_id=2)
    assert (await store.opening(who, now=now)).draft == form
    await store.perform(ChooseLanguage("zh"), who, now=now, update_id=3, draft=CLEAR)
    assert (await store.opening(who, now=now)).draft is None


async def test_a_stale_version_is_refused_by_the_row_itself(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    _, task_id = await offered(store, place, now=now)
    old = await engine.read(lambda c: load(c, Task, task_id, lock=False))
    assert old is not None
    await store.perform(ClaimTask(task_id), place.members[0].who, now=now)
    before = await dump(engine)
    with pytest.raises(StaleVersionError, match="Task"):
        await engine.write(lambda c: save(c, [old]))
    assert await dump(engine) == before


@pytest.mark.parametrize(("stale", "survives"), [(1, True), (2, True), (3, False)])
async def test_a_unit_whose_row_moved_on_is_run_again_at_most_twice(
    store: Store,
    engine: Engine,
    place: Village,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    *,
    stale: int,
    survives: bool,
) -> None:
    _, task_id = await offered(store, place, now=now)
    tries: list[int] = []

    def moved_on(*args: object) -> None:
        tries.append(1)
        if len(tries) <= stale:
            raise StaleVersionError("somebody was faster")
        save(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("storage.unit.save", moved_on)
    before = await dump(engine)
    if survives:
        assert isinstance(await store.perform(ClaimTask(task_id), place.members[0].who, now=now), Done)
        assert len(tries) == stale + 1
        assert await count(engine, "audit", "event = 'task.claimed'") == 1
    else:
        with pytest.raises(StaleVersionError):
            await store.perform(ClaimTask(task_id), place.members[0].who, now=now)
        assert len(tries) == 3
        assert await dump(engine) == before


async def test_a_job_is_recorded_by_its_name(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    await store.perform(ChooseLanguage("en"), place.resident.who, now=now)
    jobs = {row[0] for row in await rows(engine, "audit", "job")}
    assert jobs == {"cli", None}
    assert await count(engine, "audit", "job = 'cli' AND actor_id IS NOT NULL") == 0


async def test_the_hooks_hear_of_commits_only(engine: Engine, rules: Rulebook, now: datetime) -> None:
    heard: list[str] = []
    store = Store(
        engine,
        rules=rules,
        hooks=Hooks(outbox_grew=lambda: heard.append("grew"), decided=lambda a, o: heard.append(f"{a} {o}")),
    )
    place = await village(store, now=now)
    request_id, task_id = await claimed(store, place, now=now)
    heard.clear()
    await store.perform(AcceptRequest(request_id), place.leader.who, now=now)
    assert heard == ["AcceptRequest refused"]
    heard.clear()
    await store.perform(StartClaim(task_id), place.members[0].who, now=now)
    assert heard == ["StartClaim done", "grew"]


async def test_reads_refuse_whom_the_permissions_refuse(store: Store, place: Village, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        await store.read(ListDesk(), place.resident.who, now=now)
    assert refused.value.key == NOT_FOUND


async def test_a_read_cannot_write(engine: Engine) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        await engine.read(lambda c: c.execute(text("INSERT INTO counter VALUES ('x', 1)")).rowcount)
    assert await count(engine, "counter", "name = 'x'") == 0


def test_a_system_actor_is_nobody() -> None:
    assert Actor.system("visits").person_id == 0
