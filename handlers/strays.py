"""What is no command, no answer and no button of ours: hints for people, and what Telegram tells of chats."""

from __future__ import annotations

from telegram import ChatMember

from domain.base import NOT_FOUND, Refused
from handlers.turn import Answer, Change, Heard, Nothing, Turn, alert, sent

_GONE = frozenset({ChatMember.LEFT, ChatMember.BANNED})


async def unknown_command(turn: Turn) -> Answer:
    """A command there is none of, or not here."""
    command = ((turn.message.text if turn.message else None) or "/").split()[0]
    return sent(await turn.say("unknown.command", command=command))


async def edited(turn: Turn) -> Answer:
    """A message changed after it was sent: what was passed on stays as it was."""
    return sent(await turn.say("stray.edited"))


async def unknown_press(turn: Turn) -> Answer:
    """A button that no registration knows: of a later program, or forged."""
    if not turn.pressed.verb:
        raise Refused(NOT_FOUND)
    return alert("unknown.press")


async def ignored(turn: Turn) -> Answer:
    """Nothing to say: channel posts, talk in groups, service messages."""
    return Nothing()


async def own_membership(turn: Turn) -> Answer:
    """The bot was blocked, unblocked, removed or added."""
    gone = turn.membership is not None and turn.membership.new_chat_member.status in _GONE
    if turn.private:
        return Heard(Change.PERSON_LEFT if gone else Change.PERSON_RETURNED, turn.chat_id)
    return Heard(Change.GROUP_LEFT, turn.chat_id) if gone else Nothing()


async def migrated(turn: Turn) -> Answer:
    """A group became a supergroup; both chats say so, and either may come first."""
    message = turn.message
    if message is not None and message.migrate_to_chat_id is not None:
        return Heard(Change.GROUP_MIGRATED, turn.chat_id, message.migrate_to_chat_id)
    if message is not None and message.migrate_from_chat_id is not None:
        return Heard(Change.GROUP_MIGRATED, message.migrate_from_chat_id, turn.chat_id)
    return Nothing()
