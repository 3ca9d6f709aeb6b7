"""In groups: binding one to a unit, and the hint that everything personal belongs in the private chat.

A group never reads anything of a person. What is posted there by itself (open tasks) is delivery's.
"""

from __future__ import annotations

from telegram.constants import ChatType

from domain.base import NOT_FOUND, Refused
from domain.groups import BindGroup, UnbindGroup
from domain.queries import UnitChildren
from domain.unit_pages import BrowseUnits, UnitList
from handlers.strays import unknown_command
from handlers.turn import Answer, Do, Nothing, Turn, sent, turned
from views import units as screens
from views.people import open_privately
from views.safe import plain

GROUPS = frozenset({ChatType.GROUP, ChatType.SUPERGROUP})


def _anonymous(turn: Turn) -> bool:
    """An anonymous administrator comes as the group itself: nobody knows who it is, so it has no rights here."""
    return turn.message is not None and turn.message.sender_chat is not None


async def bind(turn: Turn) -> Answer:
    """``/bind`` in a group: for which unit? With one unit only, that one and what is below it."""
    if turn.private:
        return await unknown_command(turn)
    try:
        level: UnitList = await turn.read(BrowseUnits())
    except Refused:
        return sent(await turn.say("group.no_unit"))
    if _anonymous(turn):
        return sent(await turn.say("group.no_unit"))
    if len(level.rows.rows) == 1:
        level = await turn.read(BrowseUnits(level.rows.rows[0].id))
    return sent(screens.bind_picker(level, voice=await turn.voice()))


async def browse(turn: Turn) -> Answer:
    """``group.at:<unit_id>:<page>``: one level up or down in the same message."""
    if turn.chat_type not in GROUPS:
        return Nothing()
    level = await turn.read(BrowseUnits(turn.pressed.id, turn.pressed.count))
    return turned(turn, screens.bind_picker(level, voice=await turn.voice()))


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


async def unbind(turn: Turn) -> Answer:
    """``/unbind`` in a group: nothing is posted there any more."""
    if turn.private:
        return await unknown_command(turn)
    if _anonymous(turn):
        return sent(await turn.say("group.no_unit"))
    return Do(UnbindGroup(turn.chat_id), replies=(turn.words("group.unbound"),))


async def only_private(turn: Turn) -> Answer:
    """Any other command in a group."""
    voice = await turn.voice()
    return sent(open_privately(f"https://t.me/{turn.bot_username}?start=menu", voice=voice))
