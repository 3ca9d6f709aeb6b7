"""Before any handler runs: accounts that are heard no more, and people who are too fast. Asks no database.

Alarms always pass: words of danger in private, and the buttons of an alarm. So does what Telegram tells of chats.
"""

from __future__ import annotations

import structlog

from domain.alarms import has_danger
from domain.base import Action, Refused
from domain.limits import Counted
from domain.requests import RaiseForOther, RaiseRequest
from handlers.limits import hours, minutes
from handlers.turn import Answer, Handler, Nothing, Say, Show, Turn, alert

log = structlog.get_logger(__name__)

FILES = ("photo", "video", "voice", "document", "audio", "video_note", "animation")
TEXTS = {
    Counted.UPDATES: "limits.updates",
    Counted.GROUP: "limits.updates",
    Counted.UPLOADS: "limits.uploads",
}
ACTIONS: dict[type[Action], tuple[Counted, str]] = {
    RaiseRequest: (Counted.REQUESTS, "limits.requests"),
    RaiseForOther: (Counted.REQUESTS, "limits.requests"),
}
"""Actions that are counted when they took effect, and what who has done enough of them is told."""


def barred(turn: Turn) -> Handler | None:
    """What answers in place of the handler that this update is for; None when it may go on."""
    message = turn.message
    if message is None and turn.press is None:
        return None
    if message is not None and (message.migrate_to_chat_id or message.migrate_from_chat_id):
        return None
    if turn.who.telegram_id in turn.store.blocked:
        return _numbers if turn.private and _in_danger(turn) else _unheard
    if not turn.limits.any:
        return None
    for counted, key in _counts(turn):
        if (seconds := turn.limits.take(counted, key, update_id=turn.update_id)) and not _rings(turn):
            return _too_fast(turn, counted, key, seconds)
    return None


def _counts(turn: Turn) -> list[tuple[Counted, int]]:
    """What this update counts as, for whom."""
    message = turn.message
    if not turn.private:
        # What people say to one another in a group is nobody's haste.
        addressed = turn.press is not None or (message is not None and (message.text or "").startswith("/"))
        if not addressed:
            return []
    key = turn.who.telegram_id or turn.chat_id
    found = [(Counted.UPDATES, key)]
    if not turn.private:
        found.append((Counted.GROUP, turn.chat_id))
    elif message is not None and any(getattr(message, kind) for kind in FILES):
        found.append((Counted.UPLOADS, key))
    return found


def _in_danger(turn: Turn) -> bool:
    message = turn.message
    text = (message.text or message.caption or "") if message is not None else ""
    return bool(text) and has_danger(text, turn.rules)


def _rings(turn: Turn) -> bool:
    if turn.press is not None:
        return turn.press.feature == "alarm"
    return turn.private and _in_danger(turn)


async def _unheard(turn: Turn) -> Answer:
    """A blocked account: the update is finished, and that is all."""
    return Nothing(mute=True)


async def _numbers(turn: Turn) -> Answer:
    """A blocked account in danger: whom to call, and nothing else."""
    return Show((Say(await turn.say("limits.numbers")),))


def _too_fast(turn: Turn, counted: Counted, key: int, seconds: float) -> Handler:
    async def handler(turn: Turn) -> Answer:
        if not turn.limits.tells(counted, key, update_id=turn.update_id):
            return Nothing()
        log.warning("too fast", kind=counted.value, telegram_id=turn.who.telegram_id, chat_id=turn.chat_id)
        count = minutes(seconds)
        if turn.press is not None:
            return alert(TEXTS[counted], count=count)
        return Show((Say(await turn.say(TEXTS[counted], count=count)),))

    return handler


def allow(turn: Turn, action: Action) -> None:
    """Refuses an action of which the person has done enough; what they had to say waits in its form."""
    counted = ACTIONS.get(type(action))
    if counted is not None and (seconds := turn.limits.wait(counted[0], turn.who.telegram_id)):
        raise Refused(counted[1], count=hours(seconds))


def done(turn: Turn, action: Action) -> None:
    """An action took effect."""
    counted = ACTIONS.get(type(action))
    if counted is not None:
        turn.limits.count(counted[0], turn.who.telegram_id)
