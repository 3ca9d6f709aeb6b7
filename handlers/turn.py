"""One update as a handler sees it, and the few things a handler may answer.

Knows what came in (who, where, a message or a press) and how to look things up. Carrying an answer out is
``runner.py``'s; a handler returns data and neither sends nor commits.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from telegram import ChatMemberUpdated
from telegram import Message as Received

from domain.base import NOT_FOUND, Action, Actor, Query, Refused, Scalar
from domain.limits import Counted
from domain.rulebook import Rulebook
from handlers.limits import Limits, minutes
from storage.drafts import KEEP, Draft, DraftChange
from storage.outbox import Reply
from storage.unit import Opening, Store, Who
from views.catalogue import LANGUAGES, Texts, language_of
from views.kinds import said
from views.message import Message, Reader
from views.voice import Voice

if TYPE_CHECKING:
    from handlers.forms import Form

# --- what comes in ----------------------------------------------------------------------------------------------------

ARGUMENTS = r"([0-9]{1,18})(?::([A-Za-z0-9_-]{1,40}))?"
"""What follows ``<feature>.<verb>:`` in callback data, as a regular expression."""
_COUNT = re.compile("[0-9]{1,18}")
"""No more digits than a database's number holds."""
_DATA = re.compile(r"([a-z]{1,16})\.([a-z]{1,16}):" + ARGUMENTS)


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button: ``<feature>.<verb>:<id>[:<arg>]``. Any client can forge one, so it grants nothing."""

    callback_id: str
    message_id: int
    feature: str = ""
    verb: str = ""
    id: int = 0
    arg: str = ""

    @property
    def name(self) -> str:
        """``feature.verb``."""
        return f"{self.feature}.{self.verb}"

    @property
    def count(self) -> int:
        """The argument as a number. Raises Refused(NOT_FOUND) for anything else: no button of ours says that."""
        if not _COUNT.fullmatch(self.arg):
            raise Refused(NOT_FOUND)
        return int(self.arg)


def press_of(data: str | None, *, callback_id: str, message_id: int) -> Press:
    """The press with this callback data; malformed data names nothing, so that no registration matches it."""
    found = _DATA.fullmatch(data or "")
    if found is None:
        return Press(callback_id, message_id)
    feature, verb, subject, arg = found.groups()
    return Press(callback_id, message_id, feature, verb, int(subject), arg or "")


async def no_files(file_id: str) -> bytes:
    """Where nobody can get files."""
    raise Refused("file.not_there")


@dataclass(slots=True)
class Turn:
    """What came in with one update. Look-ups go through it and are made once."""

    store: Store
    update_id: int
    chat_id: int
    chat_type: str
    who: Who
    now: datetime
    rules: Rulebook
    texts: Texts
    message: Received | None = None
    press: Press | None = None
    beside_data: tuple[str, ...] = ()
    membership: ChatMemberUpdated | None = None
    forms: Mapping[str, Form] = field(default_factory=dict, repr=False)
    bot_username: str = ""
    fetch: Callable[[str], Awaitable[bytes]] = field(default=no_files, repr=False)
    limits: Limits = field(default_factory=Limits, repr=False)
    _opening: Opening | None = field(default=None, repr=False)

    @property
    def private(self) -> bool:
        """Whether only this person reads along."""
        return self.chat_type == "private"

    def beside(self, verb: str) -> bool:
        """Whether the pressed message has a button of this verb too: which of our screens it is."""
        return any(data.startswith(f"{verb}:") for data in self.beside_data)

    @property
    def today(self) -> date:
        """The community's day."""
        return self.now.astimezone(ZoneInfo(self.rules.time_zone)).date()

    @property
    def pressed(self) -> Press:
        """The press, in a handler that is registered for presses."""
        assert self.press is not None  # noqa: S101 - registered so
        return self.press

    async def opening(self) -> Opening:
        """Who it is, as the store knows them, and the form they have open."""
        if self._opening is None:
            self._opening = await self.store.opening(self.who, now=self.now)
        return self._opening

    async def read(self, query: Query) -> Any:
        """The result of a query. Raises Refused when the person may not see it, or has searched too often."""
        if query.searches and (seconds := self.limits.take(Counted.SEARCHES, self.who.telegram_id)):
            raise Refused("limits.searches", count=minutes(seconds))
        return await self.store.read(query, self.who, now=self.now)

    async def actor(self) -> Actor:
        """Who it is; ``person_id`` 0 for a stranger."""
        return (await self.opening()).actor

    async def language(self) -> str:
        """A newcomer's choice so far; else the person's own language; else a guess from Telegram's."""
        opening = await self.opening()
        consented = opening.person is not None and opening.person.consent_version is not None
        chosen = opening.draft.answers.get("language") if opening.draft and not consented else None
        if chosen in LANGUAGES:
            return str(chosen)
        return opening.actor.language if opening.actor.person_id else language_of(self.who.language)

    async def voice(self, *, language: str | None = None) -> Voice:
        """How to speak to this person now."""
        actor = await self.actor()
        reader = Reader(
            language=language or await self.language(),
            name=actor.name or self.who.name,
            person_id=actor.person_id,
            actor=actor if actor.person_id else None,
        )
        return Voice(self.texts, reader, self.rules, self.now)

    def card(self, kind: str, subject_id: int, **params: Scalar) -> Reply:
        """A card about something for this person, in private: in place of the pressed one, if that was in private."""
        edited = self.press.message_id if self.press and self.private else None
        return Reply(
            kind,
            self.who.telegram_id,
            subject_id=subject_id,
            params=params,
            edit_message_id=edited,
            card=True,
        )

    def new_card(self, kind: str, subject_id: int, **params: Scalar) -> Reply:
        """The same as a new message at the bottom of the chat."""
        return Reply(kind, self.who.telegram_id, subject_id=subject_id, params=params, card=True)

    async def say(self, key: str, **params: Scalar) -> Message:
        """A text as a message of its own, to be sent now."""
        return said(key, voice=await self.voice(), **params)

    def words(self, key: str, *, edit: int | None = None, **params: Scalar) -> Reply:
        """A stored reply of words alone."""
        return Reply("said", self.chat_id, params={"key": key, **params}, edit_message_id=edit)


# --- what a handler answers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Do:
    """One action. ``replies`` leave with its commit; ``toast`` is the text key that answers a press when it is done.

    ``draft`` and ``replies`` count only when the rules allow it; ``if_refused`` only when they do not. A refused
    press is answered with the reason as well.
    """

    action: Action
    replies: tuple[Reply, ...] = ()
    draft: Draft | DraftChange = KEEP
    if_refused: Reply | None = None
    toast: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """One message to be sent now; with ``edit`` in place of the message of that id.

    What takes long to make (a PDF, a sheet) is given as a function: the press is answered first, then it is made. It
    must not refuse any more.
    """

    message: Message | Callable[[], Awaitable[Message]]
    edit: int | None = None


@dataclass(frozen=True, slots=True)
class Show:
    """Messages to be sent now, then the step is finished: ``draft`` kept with the id of the last message.

    ``replies`` leave by the outbox (cards, which are kept track of). ``toast`` answers a press, in a window when
    ``alert``. ``noting`` is performed in place of finishing the step: what was handed out is put on record.
    """

    says: tuple[Say, ...] = ()
    replies: tuple[Reply, ...] = ()
    draft: Draft | DraftChange = KEEP
    toast: str | None = None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    alert: bool = False
    noting: Action | None = None


class Change(StrEnum):
    """What Telegram tells of a chat without anybody asking for anything."""

    PERSON_LEFT = "person_left"
    PERSON_RETURNED = "person_returned"
    GROUP_LEFT = "group_left"
    GROUP_MIGRATED = "group_migrated"


@dataclass(frozen=True, slots=True)
class Heard:
    """A chat has changed; ``to_chat_id`` is a group's new id."""

    change: Change
    chat_id: int
    to_chat_id: int = 0


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to say or do; the update is finished all the same. ``mute``: not even a press is answered."""

    mute: bool = False


Answer = Do | Show | Heard | Nothing


class Handler(Protocol):
    """What a registration names."""

    async def __call__(self, turn: Turn, /) -> Answer: ...


def sent(*messages: Message) -> Show:
    """Messages at the bottom of the chat."""
    return Show(tuple(Say(message) for message in messages))


def made(message: Callable[[], Awaitable[Message]]) -> Show:
    """A message that takes long to make: the press says so at once, the message follows."""
    return Show((Say(message),), toast="toast.making")


def turned(turn: Turn, message: Message) -> Show:
    """A message in place of the pressed one."""
    return Show((Say(message, edit=turn.pressed.message_id),))


def alert(key: str, **params: Scalar) -> Show:
    """A press answered with words alone."""
    return Show(toast=key, params=params, alert=True)
