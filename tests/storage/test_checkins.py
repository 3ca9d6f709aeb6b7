"""Check-ins on both databases: what is written, who is told, what is seen by whom, races, and what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from domain.base import NOT_FOUND, Actor, Entity, Refused, Role
from domain.checkins import DECIDE
from domain.checkins.shapes import (
    ApproveCheckIn,
    AskCheckIn,
    ChangeCheckIn,
    LapseCheckIn,
    LeaveCheckIn,
    RemindCheckIn,
    ReturnCheckIn,
)
from domain.checkins.shown import CheckinFacts, CheckinPapers, PlacesToServe, SeeOwnCheckin
from domain.people import Appoint
from domain.queries import ListDesk, Page, SeeCard
from domain.rulebook import Rulebook
from domain.tasks import ClaimTask
from jobs import checkins as job
from storage.checkins import _DUE, Due, load_by_id
from storage.engine import Engine
from storage.entities import StaleVersionError, save
from storage.people import load_actors
from storage.schema import checkin, task
from storage.unit import Refusal, Store
from tests.storage.test_races import save_blindly, together
from tests.support.databases import on_sqlite
from tests.support.dump import count, rows, say
from tests.support.village import CLI, Soul, Village, appointed, do, offered, village

WORDS = "市供电公司第三党支部"


def ask(place: Village, **change: Any) -> AskCheckIn:
    action = AskCheckIn(place.building, WORDS, ("medical", "driving"), ("sat_morning",))
    return replace(action, **change)


async def asked(store: Store, place: Village, *, now: datetime) -> int:
    result = await do(store, ask(place), place.resident.who, now=now)
    return int(result["checkin_id"] or 0)


async def checked_in(store: Store, place: Village, *, now: datetime) -> int:
    checkin_id = await asked(store, place, now=now)
    await do(store, ApproveCheckIn(checkin_id, 1), place.secretary.who, now=now)
    return checkin_id


async def kinds_to(engine: Engine, chat: int) -> list[str]:
    return [row[1] for row in await rows(engine, "outbox", "id", "kind", where=f"chat_id = {chat}")]


# --- what is written ------------------------------------------------------------------------------------------------


async def test_an_approval_writes_the_appointment_the_skills_and_no_words_into_the_trail(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now, members=0)
    await checked_in(store, place, now=now)
    person = place.resident.id
    assert await rows(engine, "checkin", "state", "branch", "valid_until") == [
        ("approved", WORDS, "2027-03-02" if engine.dialect == "sqlite" else date(2027, 3, 2))
    ]
    assert await rows(
        engine, "appointment", "role", "unit_id", "granted_by", where=f"person_id = {person}"
    ) == [("member", place.building, place.secretary.id)]
    assert await rows(engine, "person_skill", "skill", "person_id") == [
        ("driving", person),
        ("medical", person),
    ]
    assert await count(engine, "audit", "event LIKE 'checkin.%'") == 2
    assert await count(engine, "audit", f"CAST(data AS TEXT) LIKE '%{WORDS}%'") == 0
    await do(store, ChangeCheckIn(skills=("arts",)), place.resident.who, now=now)
    assert await rows(engine, "person_skill", "skill") == [("arts",)]
    await do(store, LeaveCheckIn(), place.resident.who, now=now)
    assert await count(engine, "person_skill") == 0


async def test_without_a_secretary_an_admin_is_told_and_never_the_person_themself(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now, members=0)
    admin = await appointed(store, 90, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    await asked(store, place, now=now)
    assert (await kinds_to(engine, 12), await kinds_to(engine, admin.chat)) == (["checkin.card"], [])
    await say(engine, "UPDATE appointment SET ends_at = starts_at WHERE role = 'secretary'")
    secretary = Appoint(telegram_id=place.neighbour.chat, role=Role.SECRETARY, unit_id=place.building)
    await do(store, secretary, CLI, now=now)
    later = now + timedelta(minutes=1)
    await do(store, ask(place), place.neighbour.who, now=later)
    assert "checkin.card" not in await kinds_to(engine, place.neighbour.chat)
    assert "checkin.card" in await kinds_to(engine, admin.chat)


async def test_one_serves_at_home_or_in_the_grid_above_it_and_nowhere_else(
    store: Store, now: datetime
) -> None:
    place = await village(store, now=now, members=0)
    level = await store.read(PlacesToServe(), place.resident.who, now=now)
    assert [row.id for row in level.rows] == [place.units["b1"], place.units["grid"]]
    for code in ("b2", "community", "street"):
        outcome = await store.perform(ask(place, unit_id=place.units[code]), place.resident.who, now=now)
        assert isinstance(outcome, Refusal)
        assert outcome.key == "checkin.unit_wrong"
    await do(store, ask(place, unit_id=place.units["grid"]), place.resident.who, now=now)


async def test_an_import_s_appointment_that_is_not_there_yet_is_not_taken_over(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now, members=0)
    appoint = Appoint(telegram_id=21, role=Role.MEMBER, unit_id=place.building)
    await do(store, appoint, CLI, now=now)
    await say(
        engine,
        "INSERT INTO import_batch (id, version, file, kind, state, created_at) VALUES (5, 1, '{}', 'people', 'applying', 0)",
    )
    await say(engine, "UPDATE appointment SET batch_id = 5 WHERE role = 'member'")
    await checked_in(store, place, now=now)
    assert await count(engine, "appointment", f"person_id = {place.resident.id}") == 2


# --- who sees what ----------------------------------------------------------------------------------------------------


async def test_the_desk_shows_it_to_who_may_approve_it_and_not_to_the_person(
    store: Store, now: datetime
) -> None:
    place = await village(store, now=now, members=1)
    beside = await appointed(
        store, 91, name="旁边的书记", role=Role.SECRETARY, unit_id=place.units["b2"], now=now
    )
    admin = await appointed(store, 90, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    checkin_id = await asked(store, place, now=now)

    async def seen(soul: Soul) -> list[tuple[str, int]]:
        page: Page[Any] = await store.read(ListDesk(), soul.who, now=now)
        return [(row.kind, row.subject_id) for row in page.rows]

    waiting = [("checkin", checkin_id)]
    assert [await seen(soul) for soul in (place.secretary, admin)] == [waiting, waiting]
    assert [await seen(soul) for soul in (beside, place.leader)] == [[], []]
    for soul in (beside, place.leader, place.neighbour, place.resident):
        with pytest.raises(Refused) as refused:
            await store.read(SeeCard("checkin.card", checkin_id), soul.who, now=now)
        assert refused.value.key == NOT_FOUND
    for soul in (beside, place.leader, place.neighbour):
        with pytest.raises(Refused):
            await store.read(CheckinPapers(checkin_id), soul.who, now=now)
    card = await store.read(SeeCard("checkin.card", checkin_id), place.secretary.who, now=now)
    assert (card.facts.contact.name, card.facts.branch) == ("李桂兰", WORDS)
    own: CheckinFacts = await store.read(SeeOwnCheckin(), place.resident.who, now=now)
    assert (own.id, own.contact.phone, own.community.zh) == (checkin_id, "", "和平社区")
    assert await store.read(SeeOwnCheckin(), place.neighbour.who, now=now) is None


async def test_a_task_with_a_skill_is_for_who_has_it(store: Store, engine: Engine, now: datetime) -> None:
    place = await village(store, now=now, members=1)
    _, task_id = await offered(store, place, now=now)
    await engine.write(lambda c: c.execute(update(task).values(skill="medical")))
    outcome = await store.perform(ClaimTask(task_id), place.members[0].who, now=now)
    assert isinstance(outcome, Refusal)
    assert (outcome.key, outcome.params) == ("task.skill_needed", {"skill": "medical"})
    await do(store, ask(place), place.neighbour.who, now=now)
    await do(store, ApproveCheckIn(1, 1), place.secretary.who, now=now)
    await do(store, ClaimTask(task_id), place.neighbour.who, now=now)


# --- many at once -------------------------------------------------------------------------------------------------------


async def test_asked_six_times_at_once_it_is_one_check_in(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now, members=0)
    heard = await together(*(store.perform(ask(place), place.resident.who, now=now) for _ in range(6)))
    assert heard == ["Done"] + ["checkin.waiting"] * 5
    assert await count(engine, "checkin") == 1


async def two_secretaries(store: Store, place: Village, *, now: datetime) -> tuple[Soul, Soul]:
    other = await appointed(
        store, 92, name="吴书记", role=Role.SECRETARY, unit_id=place.units["community"], now=now
    )
    return place.secretary, other


async def test_two_secretaries_at_once_approve_it_once(store: Store, engine: Engine, now: datetime) -> None:
    place = await village(store, now=now, members=0)
    both = await two_secretaries(store, place, now=now)
    checkin_id = await asked(store, place, now=now)
    presses: list[Awaitable[Any]] = [
        store.perform(ApproveCheckIn(checkin_id, 1), soul.who, now=now) for soul in both * 3
    ]
    presses.append(store.perform(ReturnCheckIn(checkin_id, 1, "哪个支部？"), both[1].who, now=now))
    heard = await together(*presses)
    assert heard == ["Done"] + ["checkin.not_now"] * 6
    state = (await rows(engine, "checkin", "state"))[0][0]
    members = await count(engine, "appointment", "role = 'member'")
    assert (state, members) in (("approved", 1), ("returned", 0))


async def approvals_in_two_steps(
    store: Store,
    engine: Engine,
    *,
    saving: Callable[[Connection, tuple[Entity, ...]], None],
    now: datetime,
) -> int:
    """Two secretaries, each of whom looks first and writes later, as a program without locks would. How many won."""
    place = await village(store, now=now, members=0)
    both = await two_secretaries(store, place, now=now)
    checkin_id = await asked(store, place, now=now)
    barrier, rules, action = asyncio.Barrier(2), Rulebook(), ApproveCheckIn(checkin_id, 1)

    async def approve(soul: Soul) -> bool:
        def look(connection: Connection) -> tuple[Any, Actor]:
            actor = load_actors(connection, now, [soul.id])[soul.id]
            return load_by_id(connection, action, actor, rules), actor

        case, actor = await engine.write(look)
        decision = DECIDE[ApproveCheckIn](case, action, actor=actor, now=now, rules=rules)
        await barrier.wait()
        try:
            await engine.write(lambda connection: saving(connection, decision.saves))
        except StaleVersionError:
            return False
        return True

    return sum(await asyncio.gather(*(approve(soul) for soul in both)))


async def test_control_without_versions_two_secretaries_make_one_person_a_member_twice(
    store: Store, engine: Engine, now: datetime
) -> None:
    assert await approvals_in_two_steps(store, engine, saving=save_blindly, now=now) == 2
    assert await count(engine, "appointment", "role = 'member'") == 2


async def test_the_version_alone_stops_the_second_approval(
    store: Store, engine: Engine, now: datetime
) -> None:
    assert await approvals_in_two_steps(store, engine, saving=save, now=now) == 1
    assert await count(engine, "appointment", "role = 'member'") == 1


# --- by the calendar --------------------------------------------------------------------------------------------------


async def test_what_is_due_is_found_by_its_days(store: Store, engine: Engine, now: datetime) -> None:
    place = await village(store, now=now, members=0)
    checkin_id = await checked_in(store, place, now=now)
    for days_left, reminded, due in (
        (31, None, False),
        (30, None, True),
        (30, 30, False),
        (8, 30, False),
        (7, 30, True),
        (7, 7, False),
        (3, 8, True),
        (3, 5, False),
        (0, 30, True),
        (-1, 0, True),
        (-40, None, True),
    ):
        until = date(2026, 3, 2) + timedelta(days=days_left)
        on = None if reminded is None else until - timedelta(days=reminded)
        await engine.write(dated(until, on))
        found = await store.due_checkins(now=now)
        assert found == ((Due(until, checkin_id),) if due else ()), (days_left, reminded)
        assert await store.due_checkins(now=now, after=Due(until, checkin_id)) == ()


def dated(until: date, reminded_on: date | None = None) -> Callable[[Connection], Any]:
    """Every check-in has this last day."""
    return lambda c: c.execute(update(checkin).values(valid_until=until, reminded_on=reminded_on))


async def test_the_job_works_by_day_and_each_thing_once(store: Store, engine: Engine, now: datetime) -> None:
    place = await village(store, now=now, members=0)
    await checked_in(store, place, now=now)
    await engine.write(dated(date(2026, 3, 3)))
    morning = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    ran = [
        await job.run(store, now=morning + timedelta(minutes=minutes))
        for minutes in (0, 10, 24 * 60, 24 * 60 + 10)
    ]
    assert ran == [1, 0, 1, 0]
    assert await rows(engine, "checkin", "state") == [("lapsed",)]
    heard = await kinds_to(engine, place.resident.chat)
    assert [kind for kind in heard if kind in ("checkin.ending", "checkin.lapsed")] == [
        "checkin.ending",
        "checkin.lapsed",
    ]
    assert (await kinds_to(engine, 12))[-1] == "checkin.lapsed_member"


async def test_two_clocks_at_once_remind_once_and_end_once(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now, members=0)
    checkin_id = await checked_in(store, place, now=now)
    clock = Actor.system("checkins")
    near, over = (datetime(2027, 2, 20, 2, tzinfo=UTC), datetime(2027, 3, 3, 2, tzinfo=UTC))
    await asyncio.gather(*(store.perform(RemindCheckIn(checkin_id), clock, now=near) for _ in range(4)))
    await asyncio.gather(*(store.perform(LapseCheckIn(checkin_id), clock, now=over) for _ in range(4)))
    heard = await kinds_to(engine, place.resident.chat)
    assert (heard.count("checkin.ending"), heard.count("checkin.lapsed")) == (1, 1)


async def test_a_bigger_crowd_than_one_look_is_worked_off_to_its_end(
    store: Store, engine: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "AT_ONCE", 2)
    place = await village(store, now=now, members=0)
    for soul in (place.resident, place.neighbour):
        await do(store, ask(place), soul.who, now=now)
    await do(store, ask(place, unit_id=place.units["b2"]), place.stranger.who, now=now)
    for number in (1, 2, 3):
        await do(store, ApproveCheckIn(number, 1), place.secretary.who, now=now)
    await engine.write(dated(date(2026, 3, 1)))
    assert await job.run(store, now) == 3
    assert await count(engine, "checkin", "state = 'lapsed'") == 3


@on_sqlite
async def test_what_is_due_is_found_by_the_index_on_the_last_day(engine: Engine) -> None:
    statement = str(_DUE.compile(dialect=sqlite_dialect.dialect()))
    plan = await engine.read(
        lambda c: c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (None,) * statement.count("?")).all()
    )
    assert "ix_checkin_valid_until" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
