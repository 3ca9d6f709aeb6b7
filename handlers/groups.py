"""In groups: binding one to a unit, and the hint that everything personal belongs in the private chat.

A group never reads anything of a person. What is posted there by itself (open tasks) is delivery's.
"""

from __future__ import annotations

from telegram.constants import ChatType

from domain.base import NOT_FOUND, Refused
from domain.groups import BindGroup
from domain.permissions import Permission
from domain.queries import UnitChildren, UnitsInCharge
from handlers.strays import unknown_command
from handlers.turn import Answer, Do, Nothing, Turn, sent
from views import people as screens
from views.safe import plain

GROUPS = frozenset({ChatType.GROUP, ChatType.SUPERGROUP})


async def bind(turn: Turn) -> Answer:
    """``/bind`` in a group: for which unit?"""
    if turn.private:
        return await unknown_command(turn)
    if turn.message is not None and turn.message.sender_chat is not None:
        # An anonymous administrator comes as the group itself: nobody knows who it is, so it has no rights here.
        return sent(await turn.say("group.no_unit"))
    level = await turn.read(UnitsInCharge(to=Permission.BIND_GROUP))
    return sent(screens.bind_picker(level, voice=await turn.voice()))


async def bound(turn: Turn) -> Answer:
    """``group.bind:<unit_id>``: the rules ask whether who pressed may do so for this unit."""
    if turn.chat_type not in GROUPS:
        # In private, or on a message sent by way of an inline query, there is no group to bind.
        return Nothing()
    level = await turn.read(UnitChildren(turn.pressed.id))
    if level.above is None:
        raise Refused(NOT_FOUND)
    place = (await turn.voice()).place(level.above.place)
    words = turn.words("group.bound", edit=turn.pressed.message_id, place=plain(place))
    return Do(BindGroup(turn.chat_id, turn.pressed.id), replies=(words,))


async def only_private(turn: Turn) -> Answer:
    """Any other command in a group."""
    voice = await turn.voice()
    return sent(screens.open_privately(f"https://t.me/{turn.bot_username}?start=menu", voice=voice))
