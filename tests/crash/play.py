"""What people do in a round, and what they and the judge may expect of it.

People look before they act: after each act they wait until it has been dealt with, whoever was killed meanwhile, and
then go by what hangs in their chat. Acts that shall meet are made at once and waited for together. Everything done is
noted as a ``Deed`` (which updates, together, have exactly one effect) or a ``Told`` (what somebody must have read).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from sandbox.people import Group, Person
from sandbox.record import CallRecord
from tests.crash.hamlet import Cast
from tests.crash.watch import Watch
from views.catalogue import Texts

T = TypeVar("T")
QUIET_SECONDS = 3.0
"""When all is dealt with for so long and somebody still waits, what they wait for was lost."""
TRIES = 4
NEWEST, NEWEST_WORDS = 8, 90


class Violation(Exception):
    """Something that a kill must never do has happened. The text says what."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Of ``updates`` exactly one has these audit events, in order, and the others have none.

    ``remarks``: how many words of people it keeps. ``earnings``: how many it earns.
    """

    what: str
    updates: tuple[int, ...]
    events: tuple[str, ...]
    remarks: int = 0
    earnings: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """Among the calls to ``chat_id`` there is one with all of ``words``, and a button whose data matches ``button``."""

    chat_id: int
    words: tuple[str, ...] = ()
    button: str = ""

    def by(self, call: CallRecord) -> bool:
        """Whether this accepted call says it."""
        if call.outcome != "ok" or call.chat_id != self.chat_id:
            return False
        text = str(call.params.get("text") or call.params.get("caption") or "")
        if not all(word in text for word in self.words):
            return False
        return not self.button or re.search(self.button, str(call.params.get("reply_markup"))) is not None


class Play:
    """One round's people at work. ``deeds`` and ``tellings`` are what the judge compares with."""

    def __init__(self, cast: Cast, watch: Watch) -> None:
        self.cast = cast
        self.deeds: list[Deed] = []
        self.tellings: list[Told] = []
        self.updates: list[int] = [update["update_id"] for update in cast.sandbox.pending_updates]
        self._watch = watch
        self._texts = Texts.load()
        self._of: dict[int, list[int]] = {}
        self._hands: dict[int, asyncio.Lock] = {}
        self._words = 0
        cast.sandbox.world.queue_listeners.append(lambda update_id, update: self.updates.append(update_id))

    # acting

    def hands(self, person: Person) -> asyncio.Lock:
        """Held by whoever fills in a form: a person has one at a time."""
        return self._hands.setdefault(person.user_id, asyncio.Lock())

    def words(self, text: str) -> str:
        """The same words, made unlike any others of the round."""
        self._words += 1
        return f"{text}（{self._words}号话）"

    async def act(self, person: Person, doing: Coroutine[Any, Any, Any]) -> int:
        """Do something at once; the id of the update that it makes."""
        before = len(self.updates)
        await doing
        (made,) = self.updates[before:]
        self._of.setdefault(person.user_id, []).append(made)
        return made

    async def settled(self, person: Person) -> None:
        """Wait until all that this person did has been dealt with, and nothing waits to be sent to them."""
        mine = self._of.get(person.user_id, [])
        await self.until(
            lambda: self._watch.has_done(mine) and person.user_id not in self._watch.chats,
            f"{person} is answered",
        )

    async def says(self, person: Person, text: str) -> int:
        """Write something, and see what comes of it."""
        made = await self.act(person, person.sends(text))
        await self.settled(person)
        return made

    async def press(
        self,
        person: Person,
        name: str,
        number: int | None = None,
        arg: str | int | None = None,
        *,
        times: int = 1,
        at_once: bool = False,
        chat: Group | None = None,
    ) -> list[int]:
        """Press the newest such button as soon as it is there, maybe more than once; the ids of the updates.

        ``at_once``: do not wait for what comes of it.
        """
        message_id, data = await self.button(person, name, number, arg, chat=chat)
        made = [await self.act(person, person.forges(data, message_id, chat=chat)) for _ in range(times)]
        if not at_once:
            await self.settled(person)
        return made

    async def press_twice(
        self,
        person: Person,
        question: str,
        answer: str,
        number: int,
        arg: str | int | None = None,
        *,
        times: int = 1,
    ) -> list[int]:
        """Press what asks a question in place of its card, then the answer; the ids of the answer's updates.

        A change of the thing, or an edit repeated after a kill, may put the card back over the question: then one
        presses again, as people do.
        """
        for _ in range(TRIES):
            await self.press(person, question, number)
            if self.sees(person, answer, number, arg) is not None:
                break
        return await self.press(person, answer, number, arg, times=times)

    # seeing

    async def until(self, look: Callable[[], T | None], what: str) -> T:
        """Look again and again until there is something to see. Raises Violation when all is quiet and there is not."""
        quiet_since = monotonic()
        while True:
            found = look()
            if found is not None and found is not False:
                return found
            if not self._watch.is_quiet:
                quiet_since = monotonic()
            elif monotonic() - quiet_since > QUIET_SECONDS:
                raise Violation(f"all is quiet, and still this has not come: {what}")
            await self._watch.next_look()

    async def button(
        self,
        person: Person,
        name: str,
        number: int | None = None,
        arg: str | int | None = None,
        *,
        chat: Group | None = None,
        containing: str = "",
    ) -> tuple[int, str]:
        """Message and data of the newest button ``name:number:arg``, once it is there."""
        return await self.until(
            lambda: self.sees(person, name, number, arg, chat=chat, containing=containing),
            f"{person} sees {name}:{number or ''}:{arg or ''} {containing}",
        )

    def sees(
        self,
        person: Person,
        name: str,
        number: int | None = None,
        arg: str | int | None = None,
        *,
        chat: Group | None = None,
        containing: str = "",
    ) -> tuple[int, str] | None:
        """The same if it is there now, else None."""
        wanted = re.compile(_data(name, number, arg) + r"\Z")
        for message in reversed(person.messages_in(chat)):
            if containing in message.text:
                for _, data in message.buttons:
                    if wanted.match(data):
                        return message.id, data
        return None

    def shows(self, person: Person, name: str, number: int, *, containing: str, listed: str) -> bool:
        """Whether the newest card with these words has the button.

        A repeated card leaves an older one behind that nobody keeps up to date. A list, which quotes the same words
        and leads to its cards with ``listed`` buttons, is no card: people may look at one at any moment.
        """
        to_card = re.compile(_data(listed, None, None) + r"\Z")
        card = next(
            (
                message
                for message in reversed(person.messages)
                if containing in message.text and not any(to_card.match(data) for _, data in message.buttons)
            ),
            None,
        )
        wanted = re.compile(_data(name, number, None) + r"\Z")
        return card is not None and any(wanted.match(data) for _, data in card.buttons)

    def chats(self) -> str:
        """The newest messages of everybody with their buttons, to see where a story stopped."""
        return "\n".join(
            f"{person} {message.id}: {message.text[:NEWEST_WORDS]!r} {[data for _, data in message.buttons]}"
            for person in self.cast.people.values()
            for message in person.messages[-NEWEST:]
        )

    async def number(self, person: Person, name: str, *, containing: str) -> int:
        """The number in the newest such button under these words."""
        _, data = await self.button(person, name, containing=containing)
        return int(data.split(":")[1])

    # expecting

    def expect(
        self, what: str, updates: Sequence[int], *events: str, remarks: int = 0, earnings: int = 0
    ) -> None:
        """Exactly one of these updates did it."""
        self.deeds.append(Deed(what, tuple(updates), events, remarks, earnings))

    def told(
        self,
        person: Person,
        key: str = "",
        *,
        words: str = "",
        button: tuple[str, int] | None = None,
    ) -> None:
        """They must have read the text of ``key``, ``words``, and seen the button."""
        literal = re.split(r"\{[^}]*\}", self._texts.entries[key]["zh"]["other"]) if key else []
        said = (*(part.strip() for part in literal if part.strip()), *((words,) if words else ()))
        data = _data(*button, None) + r"(?!\d)" if button else ""
        self.tellings.append(Told(person.user_id, said, data))


def _data(name: str, number: int | None, arg: str | int | None) -> str:
    subject = r"\d+" if number is None else str(number)
    return rf"{re.escape(name)}:{subject}" + (r"(?::[^:'\"]*)?" if arg is None else f":{arg}")
