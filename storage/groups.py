"""Bound group chats: binding and its end, the bot's removal, and the move to a supergroup."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, func, null, select

from domain.base import Actor, Role
from domain.groups import BindGroup, Group, GroupCase, KnownGroup, LoseGroup, UnbindGroup
from domain.people import Appointment, Phase
from domain.rulebook import Rulebook
from storage.entities import every, next_id, only, selection
from storage.people import ancestors, unit_path
from storage.schema import (
    appointment,
    card,
    chat_group,
    outbox,
    unit,
)

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


_SECRETARIES_UP = (
    selection(Appointment)
    .join(unit, unit.c.id == appointment.c.unit_id)
    .where(
        unit.c.path.in_(bindparam("paths", expanding=True)),
        appointment.c.role == Role.SECRETARY,
        appointment.c.phase != Phase.ENDED,
    )
    .order_by(func.length(unit.c.path).desc(), appointment.c.id)
)


def load_known(
    connection: Connection, action: UnbindGroup | LoseGroup, actor: Actor, rules: Rulebook
) -> KnownGroup:
    """The group, where it serves, and who is or was secretary there and above."""
    found = only(connection, Group, _BY_CHAT, chat_id=action.chat_id)
    if found is None or found.unit_id is None:
        # Whoever may bind anywhere may hear that there is nothing to unbind: the rules say so.
        return KnownGroup(found, path=next((held.path for held in actor.held), ""))
    path = unit_path(connection, found.unit_id)
    secretaries = every(connection, Appointment, _SECRETARIES_UP, paths=ancestors(path))
    return KnownGroup(found, path, secretaries)


LOADERS: dict[type[Any], Any] = {
    BindGroup: load_for_binding,
    UnbindGroup: load_known,
    LoseGroup: load_known,
}


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


def move(connection: Connection, old: int, new: int) -> None:
    """The group became a supergroup: its binding, its cards and what waits for it follow. Once is enough."""
    for table, follow in _FOLLOW:
        # Told once more, when the old chat has nothing left, it must not clear away what has moved already.
        if connection.execute(_ANY_OF_OLD[table], {"old": old}).first() is None:
            continue
        if table in _MAKE_ROOM:
            connection.execute(_MAKE_ROOM[table], {"new": new})
        connection.execute(follow, {"old": old, "new": new})
