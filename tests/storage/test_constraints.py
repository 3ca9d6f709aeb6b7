"""The database repeats the rules: what a bug in them would let through, a constraint stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from domain.requests import ConfirmRequest
from storage.engine import Engine
from storage.schema import metadata
from storage.unit import Store
from tests.support.dump import dump, say
from tests.support.scenes import busy
from tests.support.village import do

COPIES: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "a second holder of one place": ("claim", "state = 'claimed'", {"id": 900, "member_id": 3}),
    "a second place held by one member": ("claim", "state = 'claimed'", {"id": 900, "place": 2}),
    "a place counted from nothing": ("claim", "state = 'claimed'", {"id": 900, "place": 0, "state": "released"}),
    "a second task of one request": ("task", "request_id IS NOT NULL", {"id": 900}),
    "a second visit of one pairing on one day": ("visit", "state = 'due'", {"id": 900, "task_id": 1}),
    "a second visit of one task": ("visit", "state = 'due'", {"id": 900, "pairing_id": 2}),
    "a second earning for the same work": ("earning", "true", {"id": None}),
    "a second posting for the same work": ("posting", "true", {"id": None}),
    "a second entry on one account": ("entry", "account = 'issued'", {"id": None}),
    "a second person behind one account": ("person", "telegram_id = 21", {"id": 900}),
    "a second unit with one code": ("unit", "code = 'b1'", {"id": 900, "path": "9."}),
    "a second unit in one place of the tree": ("unit", "code = 'b1'", {"id": 900, "code": "b9"}),
    "a second binding of one group": ("chat_group", "true", {"id": 900}),
    "an update taken in twice": ("inbox", "true", {"id": None}),
    "two households behind one door": ("household", "flat = '502'", {"id": None}),
    "work for somebody unknown": ("task", "pairing_id IS NOT NULL", {"id": 900, "for_person_id": 4711}),
}  # fmt: skip

CHANGES: Mapping[str, str] = {
    "more taken than there are places": "UPDATE task SET taken = places + 1",
    "fewer taken than none": "UPDATE task SET taken = -1",
    "stars before anybody confirmed": "UPDATE request SET stars = 5 WHERE state = 'submitted'",
    "a confirmation without stars": "UPDATE request SET state = 'closed_confirmed' WHERE state = 'submitted'",
    "six stars": "UPDATE request SET stars = 6 WHERE state = 'closed_confirmed'",
    "a mood beyond very well": "UPDATE visit SET wellbeing = 5",
    "somebody paired with themselves": "UPDATE pairing SET member_id = resident_id",
    "a visit every no days": "UPDATE pairing SET cadence_days = 0",
    "an update in a state nobody knows": "UPDATE inbox SET state = 'lost'",
    "a message in a state nobody knows": "UPDATE outbox SET state = 'lost'",
    "a unit of a kind nobody knows": "UPDATE unit SET kind = 'province'",
}


def copy(name: str, where: str, changes: Mapping[str, Any]) -> Callable[[Connection], None]:
    """A row of the table once more, with changes; a change to None leaves the column to the database."""
    table = metadata.tables[name]

    def unit(connection: Connection) -> None:
        row = dict(connection.execute(select(table).where(text(where)).limit(1)).one()._mapping)
        row.update(changes)
        connection.execute(table.insert(), {key: value for key, value in row.items() if value is not None})

    return unit


async def test_the_database_refuses_what_the_rules_would(
    store: Store, engine: Engine, now: datetime, subtests: pytest.Subtests
) -> None:
    await busy(store, now=now)
    await store.settle_points(now=now)
    before = await dump(engine)
    for what, (name, where, changes) in COPIES.items():
        with subtests.test(what):
            with pytest.raises(IntegrityError):
                await engine.write(copy(name, where, changes))
            assert await dump(engine) == before
    for what, statement in CHANGES.items():
        with subtests.test(what):
            with pytest.raises(IntegrityError):
                await say(engine, statement)
            assert await dump(engine) == before


async def test_a_place_given_back_can_be_held_again(store: Store, engine: Engine, now: datetime) -> None:
    scene = await busy(store, now=now)
    await engine.write(copy("claim", "state = 'accepted'", {"id": 900, "state": "claimed"}))
    await do(store, ConfirmRequest(scene.reported[0], 4), scene.village.resident.who, now=now)
