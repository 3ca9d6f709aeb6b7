"""The made-up town: complete, by the rules, in order, and quiet enough for a newcomer's phone."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from bot.demo import ALWAYS_LEFT, CARDS_LEFT, fill, people_for_sandbox, populate
from bot.demo_story import DemoError
from bot.demo_town import DEMO_PEOPLE, DEMO_UNITS, EMILY, LI
from domain.base import Role
from domain.pairings import VisitState
from domain.queries import ListDesk, ListMine, ListMyTasks, ListTasks, SeePoints
from domain.requests import RequestState
from domain.rulebook import Rulebook
from sandbox.server import Sandbox
from storage.engine import Engine
from storage.schema import (
    appointment,
    audit,
    balance,
    card,
    outbox,
    person,
    request,
    task,
    unit,
    visit,
)
from storage.unit import Store, Who
from storage.units import UnitRow
from tests.support.databases import on_sqlite

TABLES = (appointment, audit, balance, card, outbox, person, request, task, unit, visit)


async def rows_of(engine: Engine, statement: Any) -> list[Any]:
    return list(await engine.read(lambda connection: connection.execute(statement).all()))


async def counted(engine: Engine) -> dict[str, int]:
    def count(connection: Connection) -> dict[str, int]:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in TABLES
        }

    return await engine.read(count)


async def test_there_is_something_of_everything(store: Store, engine: Engine, now: datetime) -> None:
    assert await fill(store, now=now)
    # Silence takes the clock a week, and the town is a few days old where it would be heard.
    silent = {RequestState.CLOSED_SILENT, RequestState.CLOSED_NO_ANSWER}
    assert {row[0] for row in await rows_of(engine, select(request.c.state))} == set(RequestState) - silent
    assert {row[0] for row in await rows_of(engine, select(visit.c.state))} == set(VisitState)
    assert {row[0] for row in await rows_of(engine, select(appointment.c.role))} == set(Role)
    assert {row[0] for row in await rows_of(engine, select(unit.c.code))} == {
        unit.code for unit in DEMO_UNITS
    }
    assert max(row[0] for row in await rows_of(engine, select(request.c.redo))) == 1
    spoken_for = await rows_of(engine, select(request.c.proxy_id).where(request.c.proxy_id.is_not(None)))
    assert spoken_for
    half_taken = select(task.c.id).where(task.c.taken > 0, task.c.taken < task.c.places)
    assert await rows_of(engine, half_taken)


async def test_the_points_are_posted_and_add_up(store: Store, engine: Engine, now: datetime) -> None:
    await fill(store, now=now)
    assert await store.ledger_differences() == []
    assert await store.settle_points(now=now) == 0
    earned = await rows_of(engine, select(balance.c.amount).where(balance.c.account.like("person:%")))
    assert len(earned) == 4
    assert all(row[0] > 0 for row in earned)


@on_sqlite
async def test_a_second_time_nothing_changes(store: Store, engine: Engine, now: datetime) -> None:
    await fill(store, now=now)
    before = await counted(engine)
    assert not await fill(store, now=now)
    assert await counted(engine) == before


@on_sqlite
async def test_somebody_elses_units_are_left_alone(store: Store, engine: Engine, now: datetime) -> None:
    await store.import_units([UnitRow(1, "own", "community", "社区", "Own", "")], dry_run=False)
    assert not await fill(store, now=now)
    assert (await counted(engine))["person"] == 0


@on_sqlite
async def test_everything_happened_in_order_and_nothing_in_the_future(
    store: Store, engine: Engine, now: datetime
) -> None:
    await fill(store, now=now)
    moments = [row[0] for row in await rows_of(engine, select(audit.c.at).order_by(audit.c.id))]
    assert moments == sorted(moments)
    assert moments[-1] <= now


@on_sqlite
async def test_a_phone_opens_with_the_menu_and_a_handful_of_cards(
    store: Store, engine: Engine, now: datetime
) -> None:
    await fill(store, now=now)
    waiting = await rows_of(
        engine,
        select(outbox.c.chat_id, outbox.c.kind, outbox.c.card, outbox.c.lane, outbox.c.params)
        .where(outbox.c.state == "waiting")
        .order_by(outbox.c.id),
    )
    for someone in DEMO_PEOPLE:
        mine = [row for row in waiting if row.chat_id == someone.telegram_id]
        assert sorted(row.kind for row in mine if not row.card) == (
            sorted(ALWAYS_LEFT) if someone.known else []
        )
        assert sum(row.card for row in mine) <= CARDS_LEFT
        assert len({row.lane for row in mine}) <= 1, "the newest stands at the bottom only within one lane"
    assert not [row for row in waiting if row.params], "the note of an hour long past"
    assert all(any(row.chat_id == phone and row.card for row in waiting) for phone in (LI, EMILY))


@on_sqlite
async def test_everyone_has_something_to_do_next(store: Store, now: datetime) -> None:
    await fill(store, now=now)
    by_role = {
        None: ListMine(),
        Role.MEMBER: ListMyTasks(),
        Role.LEADER: ListDesk(),
        Role.SECRETARY: ListDesk(),
    }
    for someone in DEMO_PEOPLE:
        if not someone.known or someone.role is Role.ADMIN:
            continue
        page = await store.read(by_role[someone.role], Who(someone.telegram_id), now=now)
        assert page.rows, f"{someone.name} finds nothing"
        if someone.role is Role.MEMBER:
            assert await store.read(SeePoints(), Who(someone.telegram_id), now=now)
    open_tasks = await store.read(ListTasks(), Who(1002), now=now)
    assert open_tasks.rows


@on_sqlite
async def test_rules_the_story_does_not_fit_are_told(engine: Engine, now: datetime) -> None:
    tight = Store(engine, rules=Rulebook(max_open_claims=1))
    with pytest.raises(DemoError, match=r"ClaimTask by 1007.*task\.too_many"):
        await fill(tight, now=now)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    played = Sandbox(state_file=tmp_path / "sandbox.jsonl")
    yield played
    await played.stop()


@on_sqlite
async def test_the_sandbox_has_the_people_of_the_town_once(
    store: Store, sandbox: Sandbox, now: datetime
) -> None:
    await populate(store, sandbox, now=now)
    await populate(store, sandbox, now=now)
    assert [someone.user_id for someone in sandbox.people] == [p["user_id"] for p in people_for_sandbox()]
    for someone in DEMO_PEOPLE:
        there = sandbox.world.people[someone.telegram_id]
        opening = await store.opening(Who(someone.telegram_id), now=now)
        assert there["started"] == (opening.person is not None) == someone.known
        assert there["note"] == someone.note
    assert not sandbox.pending_updates


@on_sqlite
async def test_beside_a_tree_of_ones_own_the_people_are_all_newcomers(
    store: Store, sandbox: Sandbox, now: datetime
) -> None:
    await store.import_units([UnitRow(1, "own", "community", "社区", "Own", "")], dry_run=False)
    await populate(store, sandbox, now=now)
    assert not any(someone["started"] for someone in sandbox.world.people.values())


def test_names_and_numbers_are_told_apart() -> None:
    assert len({someone.telegram_id for someone in DEMO_PEOPLE}) == len(DEMO_PEOPLE)
    assert len({someone.phone for someone in DEMO_PEOPLE}) == len(DEMO_PEOPLE)
    assert {someone.language for someone in DEMO_PEOPLE} == {"zh", "en"}
    assert sum(not someone.known for someone in DEMO_PEOPLE) == 2
