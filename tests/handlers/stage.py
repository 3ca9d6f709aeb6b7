"""A stage for handlers: a store in memory, a speaker that writes down, and people who write and press.

Updates go through the real registrations in their real order, as Telegram would send them.
"""

from __future__ import annotations

import os

os.environ.setdefault("PTB_TIMEDELTA", "true")

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from telegram import Bot, User

import handlers
from domain.base import NOT_FOUND, Action, Actor, Held, Query, Refused, Role
from domain.people import Person
from domain.permissions import allowed
from domain.rulebook import Rulebook
from handlers import Outcomes
from handlers.updates import parsed
from jobs.telegram import without_our_words
from storage.drafts import CLEAR, KEEP, Draft
from storage.outbox import Reply
from storage.unit import Done, Opening, Outcome, Refusal, Repeat, Who
from views.catalogue import Texts
from views.kinds import KINDS, render
from views.message import Message, Reader

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TEXTS = Texts.load()
RULES = Rulebook()
BOT_ID = 999
BOT = Bot("999:stage")
BOT._bot_user = User(BOT_ID, "Linli", True, username="linli_bot")
RESIDENT = Actor(
    person_id=1,
    telegram_id=21,
    name="李桂兰",
    home_unit_id=5,
    home_path="1.5.",
    has_flat=True,
    has_phone=True,
)
MEMBER = replace(RESIDENT, person_id=2, telegram_id=22, name="王党员", held=(Held(Role.MEMBER, 5, "1.5."),))
SECRETARY = replace(
    RESIDENT, person_id=3, telegram_id=23, name="周书记", held=(Held(Role.SECRETARY, 1, "1."),)
)
STRANGER = Actor(telegram_id=29, name="新人")


class FakeStore:
    """The contract of ``storage.unit.Store`` as handlers use it, with everything written down."""

    def __init__(self) -> None:
        self.people: dict[int, Actor] = {}
        self.drafts: dict[int, Draft] = {}
        self.done: set[int] = set()
        self.performed: list[Action] = []
        self.replies: list[Reply] = []
        self.heard: list[tuple[str, int, int]] = []
        self.refuses: dict[type[Action], Refused] = {}
        self.answers: dict[type[Query], Callable[[Any], Any]] = {}
        self.openings = 0
        self.without_consent: set[int] = set()
        self.blocked: set[int] = set()

    def _actor(self, who: Who) -> Actor:
        return self.people.get(
            who.telegram_id, Actor(telegram_id=who.telegram_id, language=who.language or "zh")
        )

    def _person(self, actor: Actor) -> Person | None:
        if not actor.person_id:
            return None
        consent = None if actor.person_id in self.without_consent else RULES.consent_version
        return Person(
            actor.person_id, 1, actor.telegram_id, actor.name, actor.language, consent_version=consent
        )

    def _keep(self, who: Who | None, draft: Any, replies: Sequence[Reply]) -> None:
        if who is not None and isinstance(draft, Draft):
            self.drafts[who.telegram_id] = draft
        elif who is not None and draft is CLEAR:
            self.drafts.pop(who.telegram_id, None)
        self.replies.extend(replies)

    async def perform(
        self,
        action: Action,
        who: Who,
        *,
        now: datetime,
        update_id: int,
        draft: Any = KEEP,
        replies: Sequence[Reply] = (),
        if_refused: Reply | None = None,
    ) -> Outcome:
        if update_id in self.done:
            return Repeat()
        self.done.add(update_id)
        actor = self._actor(who)
        refused = self.refuses.get(type(action))
        if not actor.person_id and not allowed(actor, action.permission, None):
            refused = Refused(NOT_FOUND)
        if refused is not None:
            if if_refused is not None:
                key = "note" if if_refused.card else "key"
                self.replies.append(
                    replace(if_refused, params={**if_refused.params, **refused.params, key: refused.key})
                )
            return Refusal(refused.key, refused.params, actor)
        self.performed.append(action)
        self._keep(who, draft, replies)
        return Done({}, actor)

    async def finish(
        self,
        update_id: int,
        *,
        now: datetime,
        who: Who | None = None,
        draft: Any = KEEP,
        replies: Sequence[Reply] = (),
    ) -> bool:
        if update_id in self.done:
            return False
        self.done.add(update_id)
        self._keep(who, draft, replies)
        return True

    async def read(self, query: Query, who: Who, *, now: datetime) -> Any:
        if not allowed(self._actor(who), query.permission, None) or type(query) not in self.answers:
            raise Refused(NOT_FOUND)
        return self.answers[type(query)](query)

    async def opening(self, who: Who, *, now: datetime) -> Opening:
        self.openings += 1
        actor = self._actor(who)
        return Opening(actor=actor, person=self._person(actor), draft=self.drafts.get(who.telegram_id))

    async def person_left(self, update_id: int, *, telegram_id: int, now: datetime) -> None:
        self.heard.append(("person_left", telegram_id, 0))

    async def person_returned(self, update_id: int, *, telegram_id: int, now: datetime) -> None:
        self.heard.append(("person_returned", telegram_id, 0))

    async def group_left(self, update_id: int, *, chat_id: int, now: datetime) -> None:
        self.heard.append(("group_left", chat_id, 0))

    async def group_migrated(self, update_id: int, *, chat_id: int, to_chat_id: int, now: datetime) -> None:
        self.heard.append(("group_migrated", chat_id, to_chat_id))


@dataclass
class FakeSpeaker:
    """What was said at once: each message by its id as it stands now, and how it came there."""

    shown: dict[int, Message] = field(default_factory=dict)
    log: list[tuple[str, int]] = field(default_factory=list)
    toasts: list[tuple[str, bool]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    fails: Exception | None = None

    async def send(self, chat_id: int, message: Message) -> int | None:
        if self.fails is not None:
            raise self.fails
        number = 1000 + len(self.log)
        self.shown[number] = message
        self.log.append(("send", number))
        self.order.append("send")
        return number

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int | None:
        self.shown[message_id] = message
        self.log.append(("edit", message_id))
        self.order.append("edit")
        return message_id

    async def answer(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        self.toasts.append((text, alert))
        self.order.append("answer")


class Stage:
    """One bot, and one person at a time before it."""

    def __init__(self, *actors: Actor) -> None:
        self.store = FakeStore()
        self.speaker = FakeSpeaker()
        self.outcomes = Outcomes()
        for actor in actors:
            self.store.people[actor.telegram_id] = actor
        self.actor = actors[0] if actors else STRANGER
        self.bot = BOT
        self.built = handlers.build(
            store=self.store,  # type: ignore[arg-type]
            speaker=self.speaker,
            texts=TEXTS,
            rules=RULES,
            now=lambda: NOW,
            bot_username="linli_bot",
            outcomes=self.outcomes,
        )
        self._next = 0

    # --- what people do ---------------------------------------------------------------------------------------------

    async def update(self, body: Mapping[str, Any], *, update_id: int | None = None) -> Any:
        """Put any update through the registrations; what was answered."""
        self._next += 1
        number = update_id or self._next
        update = parsed(dict(without_our_words({"update_id": number, **body})), self.bot)
        for handler in self.built:
            if handler.check_update(update) not in (None, False):
                await handler.callback(update, None)  # type: ignore[arg-type]
                return self.outcomes.take(number)
        raise AssertionError("no registration took the update")

    def user(self) -> dict[str, Any]:
        return {
            "id": self.actor.telegram_id,
            "is_bot": False,
            "first_name": self.actor.name,
            "language_code": "zh",
        }

    def chat(self, group: int | None = None) -> dict[str, Any]:
        if group is not None:
            return {"id": group, "type": "supergroup", "title": "1号楼"}
        return {"id": self.actor.telegram_id, "type": "private"}

    def message(self, group: int | None = None, **fields: Any) -> dict[str, Any]:
        return {
            "message_id": 1,
            "date": 1_790_000_000,
            "chat": self.chat(group),
            "from": self.user(),
            **fields,
        }

    async def says(self, text: str, *, group: int | None = None, **fields: Any) -> Any:
        """Write words or a command."""
        if text.startswith("/"):
            length = len(text.split()[0])
            fields["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return await self.update({"message": self.message(group, text=text, **fields)})

    async def sends(self, **fields: Any) -> Any:
        """Send anything else."""
        return await self.update({"message": self.message(**fields)})

    async def sends_photo(self, name: str, *, album: str = "", caption: str = "") -> Any:
        """Send a photo, maybe one of an album."""
        photo = [{"file_id": name, "file_unique_id": name, "width": 9, "height": 9}]
        return await self.sends(
            photo=photo,
            **({"media_group_id": album} if album else {}),
            **({"caption": caption} if caption else {}),
        )

    async def presses(self, data: str, *, message_id: int | None = None, group: int | None = None) -> Any:
        """Press the newest button whose data begins so; it must be there."""
        for number in [message_id] if message_id else sorted(self.speaker.shown, reverse=True):
            for button in self.buttons(number):
                if button == data or button.startswith(f"{data}:"):
                    return await self.forges(button, message_id=number, group=group)
        raise AssertionError(f"no button {data}; there are {[self.buttons(n) for n in self.speaker.shown]}")

    async def chooses(self, verb: str, argument: str) -> Any:
        """Press the choice with this argument among the newest buttons of the verb."""
        for number in sorted(self.speaker.shown, reverse=True):
            for button in self.buttons(number):
                if button.startswith(f"{verb}:") and button.endswith(f":{argument}"):
                    return await self.forges(button, message_id=number)
        raise AssertionError(f"no button {verb} {argument}")

    async def forges(self, data: str, *, message_id: int = 7, group: int | None = None) -> Any:
        """Send any callback data for any message."""
        query = {
            "id": "77",
            "from": self.user(),
            "chat_instance": "1",
            "data": data,
            "message": {**self.message(group, text="…"), "message_id": message_id},
        }
        return await self.update({"callback_query": query})

    # --- what there is to see -------------------------------------------------------------------------------------------

    def buttons(self, message_id: int) -> list[str]:
        return [button.data for row in self.speaker.shown[message_id].keyboard for button in row]

    @property
    def last(self) -> Message:
        """What was sent or edited last."""
        return self.speaker.shown[self.speaker.log[-1][1]]

    @property
    def draft(self) -> Draft | None:
        return self.store.drafts.get(self.actor.telegram_id)

    @property
    def form(self) -> str:
        """The form that is open; "" when none is."""
        return self.draft.form if self.draft else ""

    @property
    def step(self) -> str:
        """The step it stands at."""
        return self.draft.step if self.draft else ""

    @property
    def answers(self) -> Mapping[str, Any]:
        """What was answered so far."""
        return self.draft.answers if self.draft else {}

    @property
    def action(self) -> Action:
        """The only action that was performed."""
        [action] = self.store.performed
        return action

    def text(self, key: str, **params: Any) -> str:
        """A text as this person reads it."""
        return str(TEXTS.say(self.actor.language, key, **params))

    def rendered(self, reply: Reply) -> Message | None:
        """A stored reply that needs no facts, as it will read."""
        assert not KINDS[reply.kind].facts, reply.kind
        reader = Reader(self.actor.language, self.actor.name, self.actor.person_id, self.actor)
        return render(reply.kind, reply.params, None, reader=reader, rules=RULES, texts=TEXTS, now=NOW)
