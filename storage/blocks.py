"""The block list as rows, and the case behind a decision about an account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.base import NOT_FOUND, Actor, Block, Refused
from domain.blocks import BlockAccount, BlockCase, BlockPerson, UnblockAccount, UnblockPerson
from domain.people import Person
from domain.rulebook import Rulebook
from storage.dialect import upserting
from storage.entities import load
from storage.people import held_by, person_by_telegram, unit_path
from storage.schema import blocked

_ALL = select(blocked.c.telegram_id)
_ONE = _ALL.where(blocked.c.telegram_id == bindparam("telegram_id"))


def accounts(connection: Connection) -> set[int]:
    """Every blocked account. They are few."""
    return set(connection.execute(_ALL).scalars())


def is_blocked(connection: Connection, telegram_id: int) -> bool:
    """Whether this account is heard no more."""
    return connection.execute(_ONE, {"telegram_id": telegram_id}).first() is not None


def put(connection: Connection, blocks: Iterable[Block], *, actor: Actor, now: datetime) -> None:
    """Write down who is heard no more, and take off who is heard again."""
    for item in blocks:
        if item.on:
            row = {"telegram_id": item.telegram_id, "at": now, "by_id": actor.person_id or None}
            connection.execute(upserting(connection, blocked).values(row).on_conflict_do_nothing())
        else:
            connection.execute(blocked.delete().where(blocked.c.telegram_id == item.telegram_id))


def _case(connection: Connection, telegram_id: int, person: Person | None) -> BlockCase:
    there = is_blocked(connection, telegram_id)
    if person is None:
        return BlockCase(telegram_id, there)
    home = person.home_unit_id
    return BlockCase(
        telegram_id,
        there,
        person.id,
        home,
        unit_path(connection, home) if home else "",
        held_by(connection, person.id),
    )


def load_for_person(
    connection: Connection, action: BlockPerson | UnblockPerson, actor: Actor, rules: Rulebook
) -> BlockCase:
    """The person's account. Who has none is not found: there is nothing to block."""
    found = load(connection, Person, action.person_id)
    if found is None or found.telegram_id is None:
        raise Refused(NOT_FOUND)
    return _case(connection, found.telegram_id, found)


def load_for_account(
    connection: Connection, action: BlockAccount | UnblockAccount, actor: Actor, rules: Rulebook
) -> BlockCase:
    """The account, and who is known by it."""
    return _case(connection, action.telegram_id, person_by_telegram(connection, action.telegram_id))


LOADERS: dict[type[Any], Any] = {
    BlockPerson: load_for_person,
    UnblockPerson: load_for_person,
    BlockAccount: load_for_account,
    UnblockAccount: load_for_account,
}
