"""Every kind of facts and every query there is, in the eyes of people whom it is none of their business.

The lists are the program's own, so what is added is asked too. What a query takes is made up from its fields: each
number there may be, and words that are there to be found. A field of a type that nobody here knows fails the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from itertools import product
from random import Random
from typing import Any, get_type_hints

import pytest
from sqlalchemy import Connection, text

from domain.base import Actor, Query, Refused, Role
from domain.notices.shown import SeePreview, SeeReport
from domain.queries import RequestContents, SeeRequest
from domain.rulebook import Rulebook
from domain.trail import TrailFilter
from storage import facts
from storage.engine import Engine
from storage.facts import FACTS, QUERIES
from storage.people import load_actors
from storage.unit import Store
from storage.units import UnitRow
from tests.support.databases import on_sqlite
from tests.support.notices import TEXT
from tests.support.scenes import Scene, busy
from tests.support.village import appointed, arrived

OTHERS = (
    UnitRow(2, "c2", "community", "友谊社区", "Friendship", "street"),
    UnitRow(3, "b9", "building", "9号楼", "Building 9", "c2"),
)
PUBLIC_FACTS = {
    # Where people live is no secret, who lives there is.
    "home.picker",
    "person.appointed",
    "group.left",
    # What a group reads holds nothing of any person, and whoever can write to the outbox has named the group.
    "task.group",
}
"""Kinds that anyone may be shown."""
OWN_FACTS = {
    "unit.card",
    "appointment.told",
    "desk.calls",
    "notice.mutes",
    "digest.settings",
    "meeting.duty",
    "meeting.list",
}
"""Kinds of which the readers' own are among the numbers tried: those are there, with nothing of the village in them."""
MOST_NUMBER = 14
MOST_CALLS = {"sqlite": 250, "postgresql": 60}
"""Of one query by one reader, drawn from all that it may be given; where each is a round trip, fewer."""


@pytest.fixture
async def scene(store: Store, now: datetime) -> Scene:
    return await busy(store, now=now)


@pytest.fixture
async def readers(store: Store, scene: Scene, engine: Engine, now: datetime) -> Mapping[str, Actor]:
    """Strangers, and people of another community in every role."""
    await store.import_units(OTHERS, dry_run=False)
    there = {row.key: await store.unit_by_code(row.key) or 0 for row in OTHERS}
    souls = {"resident": await arrived(store, 951, name="远亲", home=there["b9"], now=now)}
    for number, role in enumerate(Role, start=952):
        souls[role.value] = await appointed(
            store, number, name=f"外{number}", role=role, unit_id=there["c2"], now=now
        )
    ids = [soul.id for soul in souls.values()]
    found = await engine.read(lambda connection: load_actors(connection, now, ids))
    return {"stranger": Actor(telegram_id=950), **{name: found[soul.id] for name, soul in souls.items()}}


@pytest.fixture
async def secrets(engine: Engine, scene: Scene) -> frozenset[str]:
    """Every name, number, flat and word that belongs to the village's people."""

    def unit(connection: Connection) -> set[str]:
        wanted = (
            "SELECT name FROM person WHERE telegram_id IS NULL OR telegram_id < 950",
            "SELECT phone FROM person",
            "SELECT flat FROM household",
            "SELECT text FROM remark",
            "SELECT file_id FROM remark",
        )
        return {row[0] for statement in wanted for row in connection.execute(text(statement)) if row[0]}

    # What a notice says is for whom it was sent to.
    return frozenset({TEXT, *(found for found in await engine.read(unit) if len(found) > 1)})


def told(found: object, secrets: frozenset[str]) -> list[str]:
    """Which secrets stand anywhere in what was found."""
    shown = repr(found)
    return sorted(secret for secret in secrets if secret in shown)


async def test_no_kind_of_facts_is_there_for_people_of_elsewhere(
    scene: Scene,
    readers: Mapping[str, Actor],
    engine: Engine,
    rules: Rulebook,
    now: datetime,
    secrets: frozenset[str],
) -> None:
    def unit(connection: Connection) -> list[str]:
        return [
            f"{kind} {number} is there for a {name}: {found!r}"
            for kind in FACTS
            for number in range(MOST_NUMBER + 1)
            for name, reader in readers.items()
            if (found := facts.load(connection, kind, number, reader, now=now, rules=rules)) is not None
            and (kind not in PUBLIC_FACTS | OWN_FACTS or told(found, secrets))
        ]

    assert not (wrong := await engine.read(unit)), "\n".join(wrong[:20])


def values_for(hint: Any, name: str) -> tuple[Any, ...]:
    """What a field of this type may be given."""
    kinds = set(getattr(hint, "__args__", (hint,))) - {type(None)}
    numbers = range(1, MOST_NUMBER + 1)
    if kinds == {int}:
        return (1, 2) if name in ("page", "most", "before") else tuple(numbers)
    if name == "after":
        return (("李", 1),) if str not in kinds else ("", "1")
    if name == "kinds":
        return ((),)
    if kinds == {str}:
        found = {"kind": tuple(FACTS), "to": ("pair", "see_audit", "bind_group", "see_people")}.get(name)
        return found or ("李", "李桂兰", "陈", "王", "b1", "13800001234")
    if kinds == {bool}:
        return (True, False)
    if kinds == {date}:
        return (date(2026, 3, 2),)
    if kinds == {TrailFilter}:
        wanted = ("person_id", "request_id", "unit_id")
        return (TrailFilter(), *(TrailFilter(**{field: n}) for field in wanted for n in numbers))
    if len(kinds) == 1 and hasattr(kind := next(iter(kinds)), "__members__"):
        return tuple(kind)
    raise AssertionError(f"say here what a field {name} of type {hint} may be given")


def asked(query: type[Query], *, most: int) -> list[Query]:
    """Queries of this kind, with everything they may be given."""
    hints = get_type_hints(query)
    given = []
    for field in fields(query):
        values = values_for(hints[field.name], field.name)
        default = () if field.default is MISSING else (field.default,)
        given.append(dict.fromkeys((*default, *values)))
    every = [query(*values) for values in product(*given)]
    return every if len(every) <= most else Random(1).sample(every, most)


async def test_no_query_tells_people_of_elsewhere_anything_of_the_village(
    scene: Scene,
    readers: Mapping[str, Actor],
    engine: Engine,
    rules: Rulebook,
    now: datetime,
    secrets: frozenset[str],
    subtests: pytest.Subtests,
) -> None:
    assert len(secrets) > 10
    for query in QUERIES:
        with subtests.test(query.__name__):
            wrong = await engine.read(
                lambda connection, query=query: leaks(connection, query, readers, rules, now, secrets)
            )
            assert not wrong, "\n".join(wrong[:20])


@on_sqlite
async def test_a_read_that_asks_nobody_is_found_out(
    scene: Scene,
    readers: Mapping[str, Actor],
    engine: Engine,
    rules: Rulebook,
    now: datetime,
    secrets: frozenset[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (facts, facts.requests, facts.trail, facts.notices):
        monkeypatch.setattr(module, "allowed", lambda *who: True)
    for query in (RequestContents, SeeRequest, SeePreview, SeeReport):
        assert await engine.read(
            lambda connection, query=query: leaks(connection, query, readers, rules, now, secrets)
        )


def leaks(
    connection: Connection,
    query: type[Query],
    readers: Mapping[str, Actor],
    rules: Rulebook,
    now: datetime,
    secrets: frozenset[str],
) -> list[str]:
    """What this query tells each of them that is not theirs."""
    wrong = []
    for one in asked(query, most=MOST_CALLS[connection.dialect.name]):
        for name, reader in readers.items():
            try:
                found = facts.answer(connection, one, reader, now=now, rules=rules)
            except Refused:
                continue
            wrong += [f"{one} tells a {name} {secret!r}" for secret in told(found, secrets)]
    return wrong
