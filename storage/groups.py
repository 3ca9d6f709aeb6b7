"""Bound group chats: binding, the bot's leaving, and the move to a supergroup."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.base import Actor
from domain.groups import BindGroup, Group, GroupCase
from domain.rulebook import Rulebook
from storage.entities import next_id, only, selection
from storage.people import unit_path
from storage.schema import card, chat_group, outbox
from storage.types import Instant

_BY_CHAT = selection(Group).where(chat_group.c.chat_id == bindparam("chat_id")).with_for_update()


def load_for_binding(connection: Connection, action: BindGroup, actor: Actor, rules: Rulebook) -> GroupCase:
    """The group, known or new, and the unit."""
    found = only(connection, Group, _BY_CHAT, chat_id=action.chat_id)
    if found is None:
        found = Group(next_id(connection, Group), 0, action.chat_id, None, None, None)
    return GroupCase(found, action.unit_id, unit_path(connection, action.unit_id))


LOADERS: dict[type[Any], Any] = {BindGroup: load_for_binding}

_MOVED = (chat_group, card, outbox)
_ANY_OF_OLD = tuple(
    select(table.c.chat_id).where(table.c.chat_id == bindparam("old")).limit(1) for table in _MOVED
)
_FOLLOW = tuple(
    table.update().where(table.c.chat_id == bindparam("old")).values(chat_id=bindparam("new"))
    for table in _MOVED
)
_MAKE_ROOM = tuple(table.delete().where(table.c.chat_id == bindparam("new")) for table in (chat_group, card))
_LEFT = (
    chat_group.update()
    .where(chat_group.c.chat_id == bindparam("chat"), chat_group.c.left_at.is_(None))
    .values(left_at=bindparam("now", type_=Instant()))
)


def move(connection: Connection, old: int, new: int) -> None:
    """The group became a supergroup: its binding, its cards and what waits for it follow. Once is enough."""
    if not any(connection.execute(statement, {"old": old}).first() for statement in _ANY_OF_OLD):
        return
    for room in _MAKE_ROOM:
        connection.execute(room, {"new": new})
    for follow in _FOLLOW:
        connection.execute(follow, {"old": old, "new": new})


def left(connection: Connection, chat_id: int, now: datetime) -> None:
    """The bot is no longer in the group."""
    connection.execute(_LEFT, {"chat": chat_id, "now": now})
