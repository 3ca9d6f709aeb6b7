"""A person of the sandbox as the flows play them: each act is followed by everything that comes of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sandbox.acts import Acts
from sandbox.people import Group, Message, Person
from tests.support.phrases import Phrases

T = TypeVar("T")


class Player(Person):
    """Somebody with a phone who reads ``language`` ("zh" or "en"; None while both may be met)."""

    def __init__(
        self,
        acts: Acts,
        user_id: int,
        *,
        name: str,
        language: str | None,
        phrases: Phrases,
        quiet: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(acts, user_id)
        self.name = name
        self._languages = [(0, language)]
        self._phrases = phrases
        self._quiet = quiet

    @property
    def language(self) -> str | None:
        """What this person reads now; None while either may come."""
        return self._languages[-1][1]

    def language_at(self, moment: int) -> str | None:
        """What this person read at a moment of the sandbox's world."""
        return next(language for since, language in reversed(self._languages) if since <= moment)

    def expects(self, language: str | None) -> None:
        """From here on this is what this person should read."""
        self._languages.append((self._world.next_moment(), language))

    # doing

    async def switches(self, language: str) -> None:
        """Choose another language by the command."""
        await self.says("/language")
        self.expects(None)
        await self.presses(f"language.pick:0:{language}")
        self.expects(language)

    async def does(self, act: Awaitable[T]) -> T:
        """Any verb of a person's, to its last consequence."""
        done = await act
        await self._quiet()
        return done

    async def says(self, *texts: str) -> None:
        """Messages of words, one after the other."""
        for text in texts:
            await self.does(self.sends(text))

    async def presses(self, *buttons: str, chat: Group | int | None = None) -> None:
        """Buttons by the beginning of their data or by their label, one after the other, each the newest."""
        for button in buttons:
            await self.does(self.press(button, chat=chat))

    async def forged(self, data: str, *, message_id: int = 1) -> None:
        """A press that no button stands behind."""
        await self.does(self.forges(data, message_id))

    # seeing

    def listens(self) -> None:
        """From here on ``reads`` and ``saw`` look only at what comes anew."""
        self._acted = self._world.moment

    def reads(self, key: str, *parts: str, chat: Group | int | None = None) -> Message:
        """The message, edit or answer since the last act that says this text key and holds all ``parts``.

        Raises AssertionError with what was seen instead.
        """
        seen = self._seen(chat)
        for message in seen:
            if self._says(message, key) and all(part in message.text for part in parts):
                return message
        lines = [f"  {message.text!r} {message.buttons or ''}" for message in seen]
        raise AssertionError(
            f"{self!r} did not read {key!r} {parts or ''}; since the last act there was:\n"
            + ("\n".join(lines) or "  nothing")
        )

    def saw(self, key: str, *, chat: Group | int | None = None) -> bool:
        """Whether this text key was said since the last act."""
        return any(self._says(message, key) for message in self._seen(chat))

    @property
    def news(self) -> list[str]:
        """All texts and answers since the last act, oldest first."""
        return [message.text for message in self._seen(None)]

    def offers(self, button: str, *, chat: Group | int | None = None) -> bool:
        """Whether any message there holds a button whose data begins with this now."""
        return any(
            data.startswith(button) for message in self.messages_in(chat) for _, data in message.buttons
        )

    def shown(self, button: str) -> Message:
        """The newest message with a button whose data begins with this. Raises AssertionError."""
        for message in reversed(self.messages):
            if any(data.startswith(button) for _, data in message.buttons):
                return message
        raise AssertionError(f"{self!r} sees no button {button!r}")

    def card(self, words: str | re.Pattern[str]) -> Message:
        """The newest message of the bot with these words, as it stands now. Raises AssertionError."""
        for message in reversed(self.messages):
            if message.from_bot and re.search(words, message.text):
                return message
        raise AssertionError(f"{self!r} sees no message with {words!r}")

    def file(self) -> tuple[str, bytes] | None:
        """Name and content of the newest file the bot sent here; None while there is none."""
        for raw in reversed(list(self._world.messages(self.user_id).values())):
            if Message(raw).from_bot and "document" in raw:
                return raw["document"]["file_name"], self._world.file_bytes(raw["document"]["file_id"])
        return None

    def _says(self, message: Message, key: str) -> bool:
        if self.language is not None:
            return bool(self._phrases.pattern(self.language, key).search(message.text))
        return any(self._phrases.pattern(one, key).search(message.text) for one in ("zh", "en"))
