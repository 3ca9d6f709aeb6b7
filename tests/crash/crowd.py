"""Whom a round's notice is for: a crowd beside the village's own people, and a notice confirmed before the first start.

A crowd's people are rows written in bulk and chats of the sandbox; what must become of each is said here, from how
they were made and from nothing that the bot has written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from domain.notices.shapes import BeginNotice, ConfirmNotice
from domain.rulebook import NoticeRules, Rulebook
from sandbox import Sandbox
from storage.engine import Engine
from storage.schema import counter, person
from storage.unit import Done, Store, Who
from tests.crash.hamlet import NAMES, NEWCOMER, SECRETARY
from tests.support.village import do

WORDS = "明天上午九点至十一点停水检修，请提前储水。"
FIRST_ID, FIRST_ACCOUNT = 10_000, 1_000_000
IDS = 100_000
"""The crowd's ids are spread over so many, so that writing them down takes several steps."""
CHUNK = 1_000
_KINDS = 40
"""Of so many people in a row, one each is special in one of the ways of ``_special``."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The notice, and what must become of whom, by account: ``reached`` get a copy, ``refusing`` have blocked the bot,
    which it finds out, and ``spared`` are no recipients or known to be out of reach: nothing is even tried."""

    notice_id: int
    reached: frozenset[int]
    refusing: frozenset[int]
    spared: frozenset[int]


def _special(number: int, now: datetime) -> dict[str, Any] | None:
    """How somebody differs from a neighbour whom the notice reaches. Empty: has blocked the bot, which nobody knows."""
    ways: dict[int, dict[str, Any]] = {
        7: {},
        17: {"unreachable_since": now},
        27: {"home_unit_id": None},
        37: {"erased_at": now},
    }
    return ways.get(number % _KINDS)


async def gathered(engine: Engine, sandbox: Sandbox, recipients: int, *, now: datetime) -> Crowd:
    """Bring in so many people whom the notice may reach, and others whom it must not, and confirm it."""
    people = list(_people(recipients, now))
    store = Store(engine, rules=replace(Rulebook(), notices=NoticeRules(second_above=10 * recipients)))
    home = await store.unit_by_code("b1")
    for start in range(0, len(people), CHUNK):
        rows = [{"home_unit_id": home, **row} for row, _ in people[start : start + CHUNK]]
        await engine.write(lambda connection, rows=rows: _written(connection, rows))  # type: ignore[misc] # a lambda of one call
    accounts: dict[str, set[int]] = {"reached": set(NAMES) - {NEWCOMER}, "refusing": set(), "spared": set()}
    for row, fate in people:
        accounts[fate].add(row["telegram_id"])
        sandbox.acts.add_person(first_name=row["name"], user_id=row["telegram_id"], started=True)
        if fate == "refusing" or row["unreachable_since"]:
            sandbox.acts.world.save_person({**sandbox.acts.world.people[row["telegram_id"]], "blocked": True})
    sandbox.world.tables.commit()
    who = Who(SECRETARY)
    begun = await do(
        store, BeginNotice(await store.unit_by_code("community") or 0, "zh", WORDS, len(WORDS)), who, now=now
    )
    notice_id = int(begun["notice_id"] or 0)
    confirmed = await store.perform(ConfirmNotice(notice_id, 1), who, now=now)
    assert isinstance(confirmed, Done), confirmed
    return Crowd(notice_id, **{fate: frozenset(found) for fate, found in accounts.items()})


def _people(recipients: int, now: datetime) -> Iterator[tuple[dict[str, Any], str]]:
    """Rows of persons, each with what must become of them, until so many are to be reached."""
    left, number = recipients, 0
    while left:
        special = _special(number, now)
        left -= special is None
        row = {
            "id": FIRST_ID + number * IDS // recipients,
            "version": 1,
            "telegram_id": FIRST_ACCOUNT + number,
            "name": f"居民{number}",
            "language": "zh",
            "consent_version": 1,
            "consent_at": now,
            "unreachable_since": None,
            "erased_at": None,
            **(special or {}),
        }
        yield row, "reached" if special is None else "spared" if special else "refusing"
        number += 1


def _written(connection: Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(person), rows)
    connection.execute(update(counter).where(counter.c.name == "person").values(value=rows[-1]["id"] + 1))
