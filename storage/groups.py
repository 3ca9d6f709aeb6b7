"""Bound group chats: binding, the bot's leaving, and the move to a supergroup."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, null, select

from domain.base import Actor
from domain.groups import BindGroup, Group, GroupCase
from domain.rulebook import Rulebook
from storage.entities import next_id, only, selection
from storage.people import unit_path
from storage.schema import card, chat_group, outbox
from storage.types import Instant

_BY_CHAT = selection(Group).where(chat_group.c.chat_id == bindparam("chat_id")).with_for_update()


def load_for_binding(connection: Connection, action: BindGroup, actor: Actor, rules: Rulebook) -> GroupCase:
    """The group, known or new, the unit, and the one it serves so far."""
    found = only(connection, Group, _BY_CHAT, chat_id=action.chat_id)
    if found is None:
        # The counter stays locked until the commit, so whoever else was binding this group is done by now: look again.
        new_id = next_id(connection, Group)
        found = only(connection, Group, _BY_CHAT, chat_id=action.chat_id) or Group(
            new_id, 0, action.chat_id, None, None, None
        )
    bound_path = "" if found.unit_id is None else unit_path(connection, found.unit_id)
    return GroupCase(found, action.unit_id, unit_path(connection, action.unit_id), bound_path)


LOADERS: dict[type[Any], Any] = {BindGroup: load_for_binding}


def _old(table: Table) -> Any:
    return table.c.chat_id == bindparam("old")


# A message's number means something in its own chat only: what would have been edited is posted anew.
_FOLLOW = (
    (chat_group, chat_group.update().where(_old(chat_group)).values(chat_id=bindparam("new"))),
    (card, card.update().where(_old(card)).values(chat_id=bindparam("new"), message_id=None, open=False)),
    (
        outbox,
        outbox.update()
        .where(_old(outbox))
        .values(
            chat_id=bindparam("new"),
            edit_message_id=case((outbox.c.state == "waiting", null()), else_=outbox.c.edit_message_id),
        ),
    ),
)
_ANY_OF_OLD = {table: select(table.c.chat_id).where(_old(table)).limit(1) for table, _ in _FOLLOW}
_MAKE_ROOM = {
    table: table.delete().where(table.c.chat_id == bindparam("new")) for table in (chat_group, card)
}
_LEFT = (
    chat_group.update()
    .where(chat_group.c.chat_id == bindparam("chat"), chat_group.c.left_at.is_(None))
    .values(left_at=bindparam("now", type_=Instant()))
)


def move(connection: Connection, old: int, new: int) -> None:
    """The group became a supergroup: its binding, its cards and what waits for it follow. Once is enough."""
    for table, follow in _FOLLOW:
        # Told once more, when the old chat has nothing left, it must not clear away what has moved already.
        if connection.execute(_ANY_OF_OLD[table], {"old": old}).first() is None:
            continue
        if table in _MAKE_ROOM:
            connection.execute(_MAKE_ROOM[table], {"new": new})
        connection.execute(follow, {"old": old, "new": new})


def left(connection: Connection, chat_id: int, now: datetime) -> None:
    """The bot is no longer in the group."""
    connection.execute(_LEFT, {"chat": chat_id, "now": now})
