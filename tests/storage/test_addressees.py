"""The rule for one person and the statements over all of them mean the same people, in a town drawn at random."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection

from domain.addressees import Addressees, Somebody, reaches
from domain.base import Held, Role
from domain.people import Appointment, Person
from storage import addressees
from storage.addressees import chosen, counted, found, paths_of
from storage.engine import Engine
from storage.entities import save
from storage.schema import (
    person,
    person_skill,
    person_tag,
    unit,
)
from storage.unit import Store
from tests.domain.audiences import AUDIENCES, LANGUAGES, PARENTS, PATHS, SKILLS, TAGS

TOWN = 60
EXAMPLES = {"sqlite": 100, "postgresql": 25}
"""Each is four round trips."""
CLOSED = 5


@pytest.fixture
async def town(store: Store, engine: Engine, now: datetime) -> dict[int, Somebody]:
    """Who could be meant, by id. Beside them tombstones, suspended people, and roles that are over or to come."""
    drawn = Random(7)
    people, appointments, skills, tags = [], [], [], []
    somebody: dict[int, Somebody] = {}
    day = timedelta(days=1)
    for number in range(1, TOWN + 1):
        home = drawn.choice([None, *PARENTS])
        language = drawn.choice(LANGUAGES)
        one = Person(number, 0, number, f"某{number}", language, home)
        if number % 12 == 1:
            one = replace(one, suspended=True)
        elif number % 12 == 2:
            one = replace(one, telegram_id=None, erased_at=now)
        elif number % 12 == 3:
            one = replace(one, telegram_id=None, merged_into_id=number + 5)
        people.append(one)
        held = []
        for _ in range(drawn.choice([0, 0, 1, 1, 2])):
            role, place = drawn.choice(list(Role)), drawn.choice(sorted(PARENTS))
            span = drawn.choice([(now - day, None), (now, now + day), (now - day, now), (now + day, None)])
            appointments.append(Appointment(len(appointments) + 1, 0, number, role, place, *span))
            if appointments[-1].in_force(now):
                held.append(Held(role, place, PATHS[place]))
        mine = drawn.sample(SKILLS, drawn.choice([0, 0, 1, 2]))
        skills += [{"person_id": number, "skill": skill} for skill in mine]
        noted = drawn.sample(TAGS, drawn.choice([0, 0, 1, 2]))
        tags += [{"person_id": number, "tag": tag} for tag in noted]
        if not (one.suspended or one.erased_at or one.merged_into_id):
            somebody[number] = Somebody(
                PATHS.get(home or 0, ""), tuple(held), frozenset(mine), language, frozenset(noted)
            )

    def settle(connection: Connection) -> None:
        connection.execute(
            unit.insert(),
            [
                {
                    "id": number,
                    "version": 1,
                    "parent_id": PARENTS[number] or None,
                    "path": path,
                    "kind": "building",
                    "name": f"{number}号",
                    "name_en": "",
                    "code": f"u{number}",
                    "closed_at": now if number == CLOSED else None,
                }
                for number, path in PATHS.items()
            ],
        )
        # A tombstone points to somebody who has to be there already.
        save(connection, sorted(people, key=lambda one: one.merged_into_id is not None))
        save(connection, appointments)
        connection.execute(person_skill.insert(), skills)
        connection.execute(person_tag.insert(), tags)

    await engine.write(settle)
    return somebody


async def disagreements(
    engine: Engine, town: dict[int, Somebody], now: datetime, *, examples: int
) -> list[str]:
    """Audiences of which the rule and the statements mean different people."""
    loop, wrong = asyncio.get_running_loop(), []

    def asked(connection: Connection, wanted: Addressees) -> tuple[list[int], list[list[int]], int, int]:
        paths = paths_of(connection, [*wanted.units, *wanted.without_units])
        here = {"now": now}
        return (
            sorted(connection.execute(chosen(wanted, paths, person.c.id), here).scalars()),
            [list(connection.execute(part, here).scalars()) for part in found(wanted, paths, person.c.id)],
            counted(connection, wanted, paths, now=now, most=1000),
            counted(connection, wanted, paths, now=now, most=2),
        )

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(AUDIENCES)
    def compare(wanted: Addressees) -> None:
        reading = engine.read(lambda connection: asked(connection, wanted))
        all_ways, parts, number, capped = asyncio.run_coroutine_threadsafe(reading, loop).result(timeout=30)
        still_there = [unit for unit in wanted.units if unit != CLOSED]
        without = [unit for unit in wanted.without_units if unit != CLOSED]
        meant = sorted(
            who
            for who, somebody in town.items()
            if reaches(
                wanted,
                somebody,
                units=tuple(PATHS[unit] for unit in still_there),
                without=tuple(PATHS[unit] for unit in without),
            )
        )
        in_parts = sorted(who for part in parts for who in part)
        if not (all_ways == in_parts == meant and (number, capped) == (len(meant), min(2, len(meant)))):
            wrong.append(f"{wanted}: {meant} {all_ways} {parts} {number} {capped}")

    await asyncio.to_thread(compare)
    return wrong


async def test_the_rule_and_the_statements_mean_the_same_people_each_once(
    engine: Engine, town: dict[int, Somebody], now: datetime
) -> None:
    wrong = await disagreements(engine, town, now, examples=EXAMPLES[engine.dialect])
    assert not wrong, "\n".join(wrong[:5])


async def test_a_statement_that_forgets_who_is_suspended_is_found_out(
    engine: Engine, town: dict[int, Somebody], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = addressees._others
    monkeypatch.setattr(addressees, "_others", lambda *of: others(*of)[:3])
    assert await disagreements(engine, town, now, examples=EXAMPLES["postgresql"])
