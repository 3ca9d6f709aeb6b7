"""Who asks to be forgotten is nowhere to be found any more, in no column of any table, and the books still add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from domain.alarms import RaiseAlarm
from domain.base import Actor, Content, Role
from domain.pairings import OpenVisit, PairUp
from domain.people import Appoint, ChooseHome, GiveConsent
from domain.privacy import CorrectOwnData, ForgetMe, ForgetPerson, NoteExport, SeeOwnData
from domain.requests import (
    AcceptRequest,
    AddToRequest,
    ConfirmRequest,
    RaiseForOther,
    RaiseRequest,
    WriteLetter,
)
from domain.rulebook import Rulebook
from domain.tasks import ClaimTask, ReleaseClaim, ReportClaim, StartClaim
from jobs import delivery, retention
from jobs.delivery import needs_facts
from storage import schema
from storage.drafts import CLEAR, Draft
from storage.engine import Engine
from storage.inbox import Arrived
from storage.outbox import Reply
from storage.unit import Refusal, Store, Who
from tests.support.databases import on_sqlite
from tests.support.delivery import LEASE, deliver, fence, sent
from tests.support.dump import count, rows
from tests.support.logs import heard
from tests.support.village import CLI, Soul, Village, appointed, do, village

NAME, PHONE, CHAT = "欧阳标记", "13977776666", 7_700_000_077
TEXT = (Content("text", f"我是{NAME}，电话{PHONE}"), Content("photo", "照片", "file-of-hers", "album"))
PLACE = (Content("location", "", latitude=31.2, longitude=121.4),)


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def marked(store: Store, place: Village, *, now: datetime, chat: int = CHAT) -> Soul:
    """Somebody whose name and number are found wherever they are."""
    who = Who(chat, NAME, "zh")
    made = await do(store, GiveConsent(chat, NAME, "zh"), who, now=now)
    await do(store, ChooseHome(place.building), who, now=now)
    return Soul(who, int(made["person_id"] or 0))


async def found(engine: Engine, *needles: str) -> dict[str, list[str]]:
    """Every table with rows in which any of these stand, in whatever column."""

    def unit(connection: Connection) -> dict[str, list[str]]:
        hits: dict[str, list[str]] = {}
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                said = repr(tuple(row))
                if any(needle in said for needle in needles):
                    hits.setdefault(table.name, []).append(said)
        return hits

    return await engine.read(unit)


async def lived(store: Store, engine: Engine, place: Village, her: Soul, *, now: datetime) -> None:
    """She did everything there is to do, and others spoke to her and of her."""
    helper, other = place.members[0], place.members[1]
    held = await fence(store, now=now)
    raised = RaiseRequest("lift", "timely", False, False, TEXT, name=NAME, flat="9-901", phone=PHONE)
    first = int((await do(store, raised, her.who, now=now))["request_id"] or 0)
    task = int((await do(store, AcceptRequest(first), place.leader.who, now=now))["task_id"] or 0)
    await do(store, ClaimTask(task), helper.who, now=now)
    await do(store, WriteLetter(first, Content("text", f"{NAME}，我六点到")), helper.who, now=now)
    await do(store, WriteLetter(first, TEXT[0]), her.who, now=now)
    await do(store, AddToRequest(first, PLACE), her.who, now=now)
    await do(store, ReportClaim(task, 60, (Content("text", f"给{NAME}修好了"),)), helper.who, now=now)
    await do(store, ConfirmRequest(first, 5), her.who, now=now)
    await do(store, RaiseRequest("repair", "ordinary", False, False, TEXT), her.who, now=now)
    # as a member
    await do(store, Appoint(CHAT, Role.MEMBER, place.building), CLI, now=now)
    for report in (True, False):
        ask = RaiseRequest("hygiene", "ordinary", False, False, (Content("text", "楼道脏"),))
        number = int((await do(store, ask, place.neighbour.who, now=now))["request_id"] or 0)
        work = int((await do(store, AcceptRequest(number), place.leader.who, now=now))["task_id"] or 0)
        await do(store, ClaimTask(work), her.who, now=now)
        if report:
            await do(store, StartClaim(work), her.who, now=now)
            await do(store, WriteLetter(number, TEXT[0]), her.who, now=now)
            await do(store, ReportClaim(work, 30, TEXT), her.who, now=now)
            await do(store, ConfirmRequest(number, 4), place.neighbour.who, now=now)
    ask = RaiseRequest("noise", "ordinary", False, False, (Content("text", "太吵"),))
    number = int((await do(store, ask, place.neighbour.who, now=now))["request_id"] or 0)
    work = int((await do(store, AcceptRequest(number), place.leader.who, now=now))["task_id"] or 0)
    await do(store, ClaimTask(work), her.who, now=now)
    await do(store, ReleaseClaim(work, f"{NAME}去不了"), her.who, now=now)
    # looked after, looking after, spoken for, speaking for
    pair = PairUp(other.id, "illness", 7, now.date(), notes=f"{NAME}耳背", resident_id=her.id)
    pairing = int((await do(store, pair, place.leader.who, now=now))["pairing_id"] or 0)
    await do(store, OpenVisit(pairing), Actor.system("visits"), now=now)
    hers = PairUp(her.id, "other", 7, now.date(), unit_id=place.building, name="独居老人", flat="101")
    pairing = int((await do(store, hers, place.leader.who, now=now))["pairing_id"] or 0)
    await do(store, OpenVisit(pairing), Actor.system("visits"), now=now)
    for_other = RaiseForOther(
        "lift", "timely", False, False, TEXT, name="奶奶", flat="102", unit_id=place.building
    )
    await do(store, for_other, her.who, now=now)
    await do(store, RaiseAlarm(f"救命，我是{NAME}"), her.who, now=now)
    # rows of the columns beside this one
    await by_hand(engine, place, her, now=now)
    # half a form, an update that was finished, one that was set aside, a message that may have been sent
    await store.receive(
        [
            Arrived(1, CHAT, f'{{"text": "{NAME}"}}'),
            Arrived(2, CHAT, f'{{"text": "{PHONE}"}}'),
            Arrived(3, place.leader.chat, f'{{"text": "{NAME}住哪"}}'),
        ],
        now=now,
    )
    for update, who in ((1, her.who), (3, place.leader.who)):
        reply = Reply("said", who.telegram_id, params={"key": "start.known", "name": NAME})
        await store.finish(update, now=now, who=who, replies=(reply,))
    await store.failed(2, reason=f"ValueError: {NAME}", quarantine=True, now=now)
    await deliver(store, held=held, now=now)
    await store.settle_points(now=now)
    half = Draft("request", "words", {"contents": [{"kind": "text", "text": NAME}], "phone": PHONE})
    await store.receive([Arrived(4, CHAT, "{}")], now=now)
    await store.finish(4, now=now, who=her.who, draft=half)
    about = Draft("pairing", "member", {"resident_id": her.id, "resident_name": NAME})
    await store.receive([Arrived(5, place.leader.chat, "{}")], now=now)
    await store.finish(5, now=now, who=place.leader.who, draft=about)
    newest = select(func.max(schema.outbox.c.id)).where(schema.outbox.c.chat_id == CHAT).scalar_subquery()
    doubtful = schema.outbox.update().where(schema.outbox.c.id == newest).values(state="unknown")
    await engine.write(lambda connection: connection.execute(doubtful).rowcount)


async def by_hand(engine: Engine, place: Village, her: Soul, *, now: datetime) -> None:
    def unit(connection: Connection) -> None:
        connection.execute(
            insert(schema.checkin).values(
                id=1, version=1, person_id=her.id, unit_id=place.building, state="approved",
                branch=f"{NAME}的单位", skills=["电工"], free=["周末"], asked_at=now,
            )
        )  # fmt: skip
        connection.execute(insert(schema.person_skill).values(person_id=her.id, skill="电工"))
        connection.execute(
            insert(schema.import_batch).values(
                id=1, version=1, file={}, kind="people", state="live", created_at=now, finished_at=now
            )
        )
        connection.execute(
            insert(schema.import_row).values(
                batch_id=1, line=2, key=PHONE, parent="b1", data={"name": NAME}, row_id=her.id
            )
        )
        connection.execute(
            schema.person.update().where(schema.person.c.id == her.id).values(number=f"N-{NAME}")
        )
        connection.execute(
            schema.person.update().where(schema.person.c.id == place.neighbour.id).values(proxy_id=her.id)
        )

    await engine.write(unit)


async def forgotten(store: Store, who: Soul, *, now: datetime) -> None:
    farewell = Reply("said", who.chat, params={"key": "privacy.farewell"})
    await store.perform(ForgetMe(), who.who, now=now, draft=CLEAR, replies=(farewell,))


async def sums(engine: Engine) -> dict[str, Any]:
    return {
        "entries": await rows(
            engine, "entry", "account", "currency", "sum(amount)", where="true GROUP BY account, currency"
        ),
        "balances": await rows(engine, "balance", "account", "currency", "amount"),
        "earnings": await rows(engine, "earning", "id", "person_id", "amount", "minutes"),
        "postings": await count(engine, "posting"),
    }


async def test_nothing_of_who_is_forgotten_stands_anywhere_and_the_books_still_add_up(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    await lived(store, engine, place, her, now=now)
    needles = (NAME, PHONE, str(CHAT), "file-of-hers", "9-901", "121.4")
    everywhere = {
        "person",
        "household",
        "remark",
        "checkin",
        "import_row",
        "inbox",
        "outbox",
        "card",
        "draft",
    }
    assert set(await found(engine, *needles)) >= everywhere, "the marks are everywhere before"
    before, audited = await sums(engine), await rows(engine, "audit", "id", "event", "actor_id", "subject_id")

    with heard(retention, delivery) as logged:
        await forgotten(store, her, now=now)
        held = await fence(store, now=now + timedelta(hours=1))
        await deliver(store, held=held, now=now + timedelta(hours=1))
        assert await retention.erase(store, now) == 1
    assert await found(engine, *needles, "\\u6b27") == {}
    assert not any(needle in repr(logged) for needle in needles)
    assert await sums(engine) == before
    assert await store.ledger_differences() == []
    after = await rows(engine, "audit", "id", "event", "actor_id", "subject_id")
    assert after[: len(audited)] == audited
    assert "privacy.erased" in [row[1] for row in after[len(audited) :]]
    assert await count(engine, "erasure") == 0
    assert [person_id for person_id, _ in await store.erasures()] == [her.id]


async def test_what_runs_in_their_name_is_ended(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    await lived(store, engine, place, her, now=now)
    await forgotten(store, her, now=now)
    mine = f"requester_id = {her.id}"
    assert await rows(engine, "request", "id", "state", where=mine) == [
        (1, "closed_confirmed"),
        (2, "withdrawn"),
    ]
    held = "('claimed', 'started', 'rework')"
    assert await count(engine, "claim", f"member_id = {her.id} AND state IN {held}") == 0
    both = f"(member_id = {her.id} OR resident_id = {her.id})"
    assert await count(engine, "pairing", f"{both} AND ended_at IS NULL") == 0
    # The visit to her is called off; the one she was to make waits for somebody else.
    states = await rows(engine, "task", "id", "state", "taken", where="kind = 'visit'")
    assert [(state, taken) for _, state, taken in states] == [("cancelled", 0), ("offered", 0)]
    assert await count(engine, "appointment", f"person_id = {her.id} AND ends_at IS NULL") == 0
    assert await rows(engine, "checkin", "id", "state") == [(1, "left")]
    assert await count(engine, "person", "proxy_id IS NOT NULL") == 0
    released = await rows(
        engine, "outbox", "id", "params", where="kind = 'request.released' AND state = 'waiting'"
    )
    assert all(NAME not in str(params) for _, params in released)


@on_sqlite
async def test_who_comes_back_is_somebody_new(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    await forgotten(store, her, now=now)
    assert (await store.opening(her.who, now=now)).person is None
    anew = await do(store, GiveConsent(CHAT, "新名字", "zh"), her.who, now=now + timedelta(seconds=1))
    assert anew["person_id"] != her.id
    half = Draft("request", "words", {"text": "新的"})
    later = now + timedelta(seconds=2)
    await store.receive([Arrived(9, CHAT, '{"text": "新的"}')], now=later)
    await store.finish(9, now=later, who=her.who, draft=half)
    held = await fence(store, now=later)
    await deliver(store, held=held, now=later)
    assert await retention.erase(store, later) == 1
    assert (await store.opening(her.who, now=later)).draft == half
    assert await rows(engine, "inbox", "update_id", "sender", "payload", where="update_id = 9") == [
        (9, CHAT, '{"text": "新的"}')
    ]


async def test_the_farewell_leaves_although_nobody_is_there_any_more(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    await forgotten(store, her, now=now)
    [(_, state, chat)] = await rows(
        engine, "outbox", "id", "state", "chat_id", where="kind = 'said' AND state = 'waiting'"
    )
    assert (state, chat) == ("waiting", CHAT)
    assert await retention.erase(store, now) == 0, "what is on its way holds the end back"
    held = await fence(store, now=now)
    await deliver(store, held=held, now=now)
    assert await retention.erase(store, now) == 1
    assert await found(engine, str(CHAT)) == {}


@on_sqlite
async def test_a_restart_in_the_middle_goes_on_where_it_stood(
    store: Store, engine: Engine, rules: Rulebook, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    await lived(store, engine, place, her, now=now)
    await forgotten(store, her, now=now)
    held = await fence(store, now=now + timedelta(hours=1))
    await deliver(store, held=held, now=now + timedelta(hours=1))
    steps = 0
    while (step := await Store(engine, rules=rules).erase_further()) is not None:
        assert not step.waits
        steps += 1
    assert steps >= 6
    assert await found(engine, NAME, PHONE, str(CHAT)) == {}


@on_sqlite
async def test_a_message_that_still_waits_for_others_says_no_name(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    note = Reply("request.claimed", place.neighbour.chat, subject_id=1, params={"member": NAME, "stars": 3})
    await store.receive([Arrived(1, CHAT, "{}")], now=now)
    await store.finish(1, now=now, replies=(note,))
    await forgotten(store, her, now=now)
    await retention.erase(store, now)
    where = "kind = 'request.claimed'"
    assert await count(engine, "outbox", f"{where} AND state = 'waiting'") == 1
    read = select(schema.outbox.c.params).where(schema.outbox.c.kind == "request.claimed")
    assert await engine.read(lambda c: list(c.execute(read).scalars())) == [{"member": None, "stars": 3}]


async def test_words_of_many_are_emptied_in_portions(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.traces.AT_ONCE", 3)
    monkeypatch.setattr("storage.erasing.THINGS_AT_ONCE", 1)
    her = await marked(store, place, now=now)
    await lived(store, engine, place, her, now=now)
    await forgotten(store, her, now=now)
    held = await fence(store, now=now + timedelta(hours=1))
    await deliver(store, held=held, now=now + timedelta(hours=1))
    assert await retention.erase(store, now) == 1
    assert await found(engine, NAME, PHONE, str(CHAT), "file-of-hers") == {}


# --- who may, and who may not yet -----------------------------------------------------------------------------------------


@on_sqlite
async def test_work_that_was_begun_is_finished_or_handed_back_first(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    helper = place.members[0]
    ask = RaiseRequest("lift", "timely", False, False, TEXT)
    number = int((await do(store, ask, place.resident.who, now=now))["request_id"] or 0)
    work = int((await do(store, AcceptRequest(number), place.leader.who, now=now))["task_id"] or 0)
    await do(store, ClaimTask(work), helper.who, now=now)
    await do(store, StartClaim(work), helper.who, now=now)
    refusal = await store.perform(ForgetMe(), helper.who, now=now)
    assert isinstance(refusal, Refusal)
    assert (refusal.key, refusal.params) == ("privacy.work_first", {"count": 1})
    assert await count(engine, "person", "erased_at IS NOT NULL") == 0
    await do(store, ReleaseClaim(work, "去不了"), helper.who, now=now)
    await do(store, ForgetMe(), helper.who, now=now)


@on_sqlite
async def test_the_only_admin_of_all_stays_until_there_is_another(
    store: Store, place: Village, now: datetime
) -> None:
    root = place.units["street"]
    admin = await appointed(store, 500, name="管理员", role=Role.ADMIN, unit_id=root, now=now)
    refusal = await store.perform(ForgetMe(), admin.who, now=now)
    assert isinstance(refusal, Refusal)
    assert refusal.key == "privacy.only_admin"
    await appointed(store, 501, name="另一位", role=Role.ADMIN, unit_id=root, now=now)
    await do(store, ForgetMe(), admin.who, now=now)


@on_sqlite
async def test_staff_forget_only_who_cannot_do_it_themselves(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    pair = PairUp(place.members[0].id, "other", 7, now.date(), unit_id=place.building, name=NAME, flat="7-7")
    await do(store, pair, place.leader.who, now=now)
    [(offline,)] = await rows(engine, "person", "id", where=f"name = '{NAME}'")
    for who in (place.neighbour, place.leader, place.stranger):
        refusal = await store.perform(ForgetPerson(offline), who.who, now=now)
        assert isinstance(refusal, Refusal)
        assert refusal.key == "refused.not_found"
    for target in (place.neighbour.id, place.leader.id):
        refusal = await store.perform(ForgetPerson(target), place.secretary.who, now=now)
        assert isinstance(refusal, Refusal)
    await do(store, ForgetPerson(offline), place.secretary.who, now=now)
    await retention.erase(store, now)
    assert await found(engine, NAME, "7-7") == {}
    again = await store.perform(ForgetPerson(offline), place.secretary.who, now=now)
    assert isinstance(again, Refusal)


@on_sqlite
async def test_an_erasure_is_done_again_after_an_old_copy_was_brought_back(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    await do(store, ForgetPerson(her.id), CLI, now=now)
    await retention.erase(store, now)
    await do(store, ForgetPerson(her.id), CLI, now=now + timedelta(days=1))
    assert await store.erasures() == [(her.id, now)], "the first time counts"


@on_sqlite
async def test_a_household_goes_with_the_last_of_its_people(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    for soul in (her, place.neighbour):
        await do(store, CorrectOwnData(flat="3-303"), soul.who, now=now)
    await do(store, ForgetMe(), her.who, now=now)
    assert await count(engine, "household", "flat = '3-303'") == 1
    await do(store, ForgetMe(), place.neighbour.who, now=now)
    assert await count(engine, "household", "flat = '3-303'") == 0


# --- terms ------------------------------------------------------------------------------------------------------------------


async def test_who_agreed_to_older_terms_is_asked_before_anything_else(
    store: Store, engine: Engine, rules: Rulebook, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    newer = Store(engine, rules=replace(rules, consent_version=2))
    raised = RaiseRequest("lift", "timely", False, False, TEXT)
    await newer.receive([Arrived(1, CHAT, "{}")], now=now)
    refusal = await newer.perform(raised, her.who, now=now, update_id=1)
    assert isinstance(refusal, Refusal)
    assert refusal.key == "consent.again"
    assert await rows(engine, "outbox", "id", "kind", "subject_id", where="kind = 'consent'") != []
    assert await count(engine, "request") == 0
    for always in (RaiseAlarm("着火了"), NoteExport(), CorrectOwnData(name=NAME)):
        await do(newer, always, her.who, now=now)
    data = await newer.read(SeeOwnData(), her.who, now=now)
    assert (data.consent_version, data.telegram_id) == (1, CHAT)
    await do(newer, GiveConsent(CHAT, NAME, "zh"), her.who, now=now)
    await do(newer, raised, her.who, now=now)


@on_sqlite
async def test_somebody_who_was_given_a_role_and_never_asked_is_not_asked_again(
    store: Store, engine: Engine, rules: Rulebook, place: Village, now: datetime
) -> None:
    ask = RaiseRequest("lift", "timely", False, False, TEXT)
    number = int((await do(store, ask, place.resident.who, now=now))["request_id"] or 0)
    newer = Store(engine, rules=replace(rules, consent_version=2))
    await do(newer, AcceptRequest(number), place.leader.who, now=now)


async def test_only_what_runs_still_reaches_who_has_not_agreed_and_the_question_comes_once(
    store: Store, engine: Engine, rules: Rulebook, place: Village, now: datetime
) -> None:
    her = await marked(store, place, now=now)
    ask = RaiseRequest("lift", "timely", False, False, TEXT)
    own = int((await do(store, ask, her.who, now=now))["request_id"] or 0)
    await do(store, Appoint(CHAT, Role.MEMBER, place.building), CLI, now=now)
    held = await fence(store, now=now)
    await deliver(store, held=held, now=now)
    newer = Store(engine, rules=replace(rules, consent_version=2))
    await do(newer, AcceptRequest(own), place.leader.who, now=now)
    # Two tasks are offered to her as a member.
    for chat in (8_000, 8_001):
        other = Who(chat, "别人", "zh")
        await do(newer, GiveConsent(other.telegram_id, "别人", "zh"), other, now=now)
        await do(newer, ChooseHome(place.building), other, now=now)
        number = int((await do(newer, ask, other, now=now))["request_id"] or 0)
        await do(newer, AcceptRequest(number), place.leader.who, now=now)
    facts = await lease_all(newer, held=held, now=now)
    kinds = {
        kind: still for kind, still in facts if kind in ("request.accepted", "request.card", "task.card")
    }
    assert kinds["request.accepted"]
    assert not kinds["task.card"]
    assert await count(engine, "outbox", f"kind = 'consent' AND chat_id = {CHAT}") == 1
    await do(newer, GiveConsent(CHAT, NAME, "zh"), her.who, now=now)
    waiting = f"kind = 'task.card' AND chat_id = {CHAT} AND state = 'waiting'"
    assert await count(engine, "outbox", waiting) == 2, "what was held back comes now"


async def lease_all(store: Store, *, held: int, now: datetime) -> list[tuple[str, bool]]:
    """Lease what waits for her, and tell for each kind whether it is still true for her."""
    told: list[tuple[str, bool]] = []
    while ids := [row.id for row in await store.candidates(now=now, most=16)]:
        batch = await store.lease_rows(ids, lease=LEASE, fence=held, now=now, needs_facts=needs_facts)
        told += [(row.kind, batch.facts.get(row.id) is not None) for row in batch.rows if row.chat_id == CHAT]
        outcomes = [
            replace(one, state="dropped", message_id=None)
            if needs_facts(one.row.kind) and batch.facts.get(one.row.id) is None
            else one
            for one in sent(batch, batch.rows)
        ]
        await store.record_sent(outcomes, fence=held, now=now)
    return told
