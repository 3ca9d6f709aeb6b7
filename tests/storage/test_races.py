"""Many at once: one winner each, a truthful answer for everybody else, and the proof that the race is real."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, text

from domain import tasks as rules_of_tasks
from domain.base import Actor, Entity, Role
from domain.groups import BindGroup
from domain.pairings import ConfirmVisit, OpenVisit, PairUp
from domain.people import Appoint, GiveConsent
from domain.requests import AcceptRequest, ConfirmRequest, RaiseRequest
from domain.rulebook import Rulebook
from domain.tasks import ClaimTask, ReportClaim
from storage.engine import Engine
from storage.entities import TABLES, StaleVersionError, save
from storage.people import load_actors
from storage.tasks import load_for_claim
from storage.unit import Refusal, Store, Who
from tests.support.dump import count, rows, say
from tests.support.village import (
    CLI,
    WORDS,
    Soul,
    Village,
    appointed,
    asked,
    do,
    offered,
    reported,
    village,
    visit_due,
)

CLAIMANTS = 50
TASKS = {"sqlite": 200, "postgresql": 80}
"""Fewer on PostgreSQL only for the time it takes: each of its statements is a round trip."""

HOLDERS = """
    SELECT task_id, count(*) FROM claim WHERE state IN ('claimed', 'started', 'reported', 'rework')
    GROUP BY task_id HAVING count(*) > 1
"""


@pytest.fixture
def rules() -> Rulebook:
    """As many claims as one likes, so that only the race for a place decides."""
    return replace(Rulebook(), max_open_claims=10_000)


@pytest.fixture
async def engine(engine: Engine) -> Engine:
    """The engine with every connection of its pool open, so that what begins at once runs at once."""
    await asyncio.gather(*(engine.read(lambda c: c.execute(text("SELECT 1")).scalar()) for _ in range(20)))
    return engine


async def crowd(store: Store, place: Village, *, now: datetime) -> list[Soul]:
    # Appointed after the tasks are offered: nobody need be told of each of them.
    return [
        await appointed(store, 1000 + n, name=f"党员{n}", role=Role.MEMBER, unit_id=place.building, now=now)
        for n in range(CLAIMANTS)
    ]


@pytest.mark.timeout(400)
async def test_each_of_many_tasks_is_won_once_and_every_loser_hears_so(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now, members=0)
    contested = [(await offered(store, place, now=now))[1] for _ in range(TASKS[engine.dialect])]
    members = await crowd(store, place, now=now)
    presses = [(task, member) for task in contested for member in members]
    random.Random(7).shuffle(presses)

    async def press(task: int, member: Soul) -> tuple[int, str]:
        outcome = await store.perform(ClaimTask(task), member.who, now=now)
        return task, outcome.key if isinstance(outcome, Refusal) else type(outcome).__name__

    heard = Counter(await asyncio.gather(*(press(task, member) for task, member in presses)))
    assert heard == {
        **{(task, "Done"): 1 for task in contested},
        **{(task, "task.taken"): CLAIMANTS - 1 for task in contested},
    }
    assert await rows(engine, "task", "taken", "count(*)", where="true GROUP BY taken") == [
        (1, len(contested))
    ]
    assert await count(engine, "claim") == len(contested)
    assert await count(engine, "audit", "event = 'task.claimed'") == len(contested)
    assert len({row[0] for row in await rows(engine, "claim", "id")}) == len(contested)


# --- the control: without the guards the same race has two winners ------------------------------------------------


def save_blindly(connection: Connection, entities: tuple[Entity, ...]) -> None:
    """What a store without versions would do: the last one to write is right."""
    for entity in entities:
        table = TABLES[type(entity)]
        values = {field.name: getattr(entity, field.name) for field in fields(entity)}
        if entity.version:
            connection.execute(table.update().where(table.c.id == entity.id).values(values))
        else:
            connection.execute(table.insert().values(values))


async def in_two_steps(
    engine: Engine,
    task_id: int,
    member: Soul,
    *,
    saving: Callable[[Connection, tuple[Entity, ...]], None],
    everybody_looked: asyncio.Barrier,
    rules: Rulebook,
    now: datetime,
) -> bool:
    """Claim as a program does that reads in one unit of work and writes in another."""
    action = ClaimTask(task_id)

    def look(connection: Connection) -> tuple[Any, Actor]:
        actor = load_actors(connection, now, [member.id]).get(member.id)
        assert actor is not None
        return load_for_claim(connection, action, actor, rules), actor

    work, actor = await engine.write(look)
    decision = rules_of_tasks.claim(work, action, actor=actor, now=now, rules=rules)
    await everybody_looked.wait()
    try:
        await engine.write(lambda connection: saving(connection, decision.saves))
    except StaleVersionError:
        return False
    return True


async def winners(store: Store, engine: Engine, *, saving: Any, rules: Rulebook, now: datetime) -> int:
    place = await village(store, now=now, members=2)
    _, task_id = await offered(store, place, now=now)
    barrier = asyncio.Barrier(2)
    won = await asyncio.gather(
        *(
            in_two_steps(
                engine, task_id, member, saving=saving, everybody_looked=barrier, rules=rules, now=now
            )
            for member in place.members
        )
    )
    assert sum(won) == await count(engine, "claim", f"task_id = {task_id}")
    return sum(won)


async def without_the_indexes(engine: Engine) -> None:
    for name in ("uq_claim_place_held", "uq_claim_member_held"):
        await say(engine, f"DROP INDEX {name}")


async def test_control_without_the_guards_two_people_win_the_same_place(
    store: Store, engine: Engine, rules: Rulebook, now: datetime
) -> None:
    await without_the_indexes(engine)
    assert await winners(store, engine, saving=save_blindly, rules=rules, now=now) == 2
    assert len(await engine.read(lambda c: c.execute(text(HOLDERS)).all())) == 1


async def test_the_version_alone_stops_the_second_winner(
    store: Store, engine: Engine, rules: Rulebook, now: datetime
) -> None:
    await without_the_indexes(engine)
    assert await winners(store, engine, saving=save, rules=rules, now=now) == 1


async def test_the_index_alone_stops_the_second_winner(
    store: Store, engine: Engine, rules: Rulebook, now: datetime
) -> None:
    with pytest.raises(Exception, match=r"(?i)unique"):
        await winners(store, engine, saving=save_blindly, rules=rules, now=now)
    assert await count(engine, "claim") == 1


# --- pressing twice -------------------------------------------------------------------------------------------------


async def together(*presses: Awaitable[Any]) -> list[str]:
    """What each heard: "Done", or the key of the refusal."""
    outcomes = await asyncio.gather(*presses)
    return sorted(o.key if isinstance(o, Refusal) else type(o).__name__ for o in outcomes)


async def test_a_request_pressed_by_all_its_staff_at_once_is_accepted_once(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    request_id = await asked(store, place.resident, now=now)
    staff = [place.leader.who, place.secretary.who] * 4
    heard = await together(*(store.perform(AcceptRequest(request_id), who, now=now) for who in staff))
    assert heard == ["Done"] + ["request.not_now"] * 7
    assert await count(engine, "task") == 1


async def test_stars_pressed_eight_times_at_once_earn_once(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    request_id, _ = await reported(store, place, now=now, by=place.members[:2])
    heard = await together(
        *(store.perform(ConfirmRequest(request_id, 5), place.resident.who, now=now) for _ in range(8))
    )
    assert heard == ["Done"] + ["request.not_now"] * 7
    assert await count(engine, "earning") == 2


async def test_two_helpers_who_finish_at_once_finish_the_request_once(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    _, task_id = await offered(store, place, now=now, places=3)
    for member in place.members:
        await do(store, ClaimTask(task_id), member.who, now=now)
    heard = await together(
        *(store.perform(ReportClaim(task_id, 30, WORDS), member.who, now=now) for member in place.members)
    )
    assert heard == ["Done"] * 3
    assert await count(engine, "audit", "event = 'request.done'") == 1
    assert await rows(engine, "request", "state") == [("done",)]


async def test_a_visit_is_opened_once_and_confirmed_once(store: Store, engine: Engine, now: datetime) -> None:
    place = await village(store, now=now)
    pairing_id, visit_id, task_id = await visit_due(store, place, now=now)
    opener = Actor.system("visits")
    await together(*(store.perform(OpenVisit(pairing_id), opener, now=now) for _ in range(4)))
    assert await count(engine, "visit") == 1
    await do(store, ReportClaim(task_id, 30, WORDS, wellbeing=3), place.members[0].who, now=now)
    staff = [place.leader.who, place.secretary.who] * 2
    heard = await together(*(store.perform(ConfirmVisit(visit_id, 5), who, now=now) for who in staff))
    assert heard == ["Done"] + ["visit.not_now"] * 3
    assert await count(engine, "earning") == 1


async def test_somebody_new_who_presses_yes_many_times_is_one_person(
    store: Store, engine: Engine, now: datetime
) -> None:
    await village(store, now=now)
    yes = GiveConsent(31, "新邻居", "zh")
    heard = await together(*(store.perform(yes, Who(31), now=now) for _ in range(6)))
    assert heard == ["Done"] * 6
    assert await count(engine, "person", "telegram_id = 31") == 1


async def test_somebody_unknown_appointed_twice_at_once_is_one_person_with_one_role(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    action = Appoint(telegram_id=32, role=Role.MEMBER, unit_id=place.building, name="新党员")
    assert await together(*(store.perform(action, CLI, now=now) for _ in range(6))) == ["Done"] * 6
    assert await count(engine, "person", "telegram_id = 32") == 1
    assert (
        await count(engine, "appointment", "person_id = (SELECT id FROM person WHERE telegram_id = 32)") == 1
    )


async def test_a_group_bound_twice_at_once_is_one_group(store: Store, engine: Engine, now: datetime) -> None:
    place = await village(store, now=now)
    bind = BindGroup(-1001, place.building)
    heard = await together(*(store.perform(bind, place.secretary.who, now=now) for _ in range(6)))
    assert heard == ["Done"] * 6
    assert await count(engine, "chat_group") == 1


async def test_the_same_two_people_are_paired_once(store: Store, engine: Engine, now: datetime) -> None:
    place = await village(store, now=now)
    pair = PairUp(place.members[0].id, "other", 7, now.date(), resident_id=place.resident.id)
    heard = await together(*(store.perform(pair, place.leader.who, now=now) for _ in range(6)))
    assert heard == ["Done"] + ["pairing.already"] * 5
    assert await count(engine, "pairing") == 1


async def test_two_people_of_one_flat_who_ask_at_once_share_a_household(
    store: Store, engine: Engine, now: datetime
) -> None:
    place = await village(store, now=now)
    lift = RaiseRequest("lift", "timely", False, False, WORDS, flat="301")
    heard = await together(
        *(store.perform(lift, soul.who, now=now) for soul in (place.resident, place.neighbour) * 3)
    )
    assert heard == ["Done"] * 6
    assert await count(engine, "household") == 1
    assert await count(engine, "request") == 6
