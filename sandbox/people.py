"""People and groups as a test plays them: verbs to do, and ways to see what the bot did.

A handle holds no state but the moment of the person's last own act; everything else is in the world.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from sandbox.acts import Acts
from sandbox.methods import Upload
from sandbox.world import Json, Sight

# One pixel, so that a picture is a picture.
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


class Message(dict[str, Any]):
    """A Bot API Message object with short ways to what tests ask for."""

    @property
    def id(self) -> int:
        return int(self["message_id"])

    @property
    def text(self) -> str:
        """Text or caption."""
        return str(self.get("text", self.get("caption", "")))

    @property
    def buttons(self) -> list[tuple[str, str]]:
        """Labels and callback data (or links) of the inline keyboard, row by row."""
        rows = self.get("reply_markup", {}).get("inline_keyboard", [])
        return [(b["text"], b.get("callback_data", b.get("url", ""))) for row in rows for b in row]

    @property
    def from_bot(self) -> bool:
        return bool(self["from"]["is_bot"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot answered to a press."""

    text: str
    show_alert: bool


class Person:
    """One person. `chat` (a group or a chat id) is where an act happens; None is the private chat with the bot.

    Acts raise ActError when a person could not do that.
    """

    def __init__(self, acts: Acts, user_id: int) -> None:
        self.user_id = user_id
        self._acts = acts
        self._world = acts.world
        self._acted = self._world.moment

    def __repr__(self) -> str:
        return f"<Person {self.user_id} {self._world.people[self.user_id]['first_name']}>"

    # doing

    async def sends(
        self, text: str, *, chat: Group | int | None = None, reply_to: int | None = None
    ) -> Message:
        return self._done(self._acts.text(self.user_id, text=text, chat_id=_chat_id(chat), reply_to=reply_to))

    async def start(self, payload: str | None = None) -> Message:
        return self._done(self._acts.start(self.user_id, payload=payload))

    async def sends_photo(
        self,
        content: bytes = _PNG,
        *,
        caption: str = "",
        media_group_id: str | None = None,
        chat: Group | int | None = None,
    ) -> Message:
        file = Upload("photo.png", "image/png", content)
        return self._media("photo", file, caption=caption, chat=chat, media_group_id=media_group_id)

    async def sends_voice(
        self, content: bytes = b"OggS voice", *, chat: Group | int | None = None
    ) -> Message:
        return self._media("voice", Upload("voice.ogg", "audio/ogg", content), chat=chat)

    async def sends_video(
        self,
        content: bytes = b"video",
        *,
        caption: str = "",
        media_group_id: str | None = None,
        chat: Group | int | None = None,
    ) -> Message:
        file = Upload("video.mp4", "video/mp4", content)
        return self._media("video", file, caption=caption, chat=chat, media_group_id=media_group_id)

    async def sends_document(
        self,
        content: bytes = b"document",
        *,
        name: str = "file.txt",
        mime: str = "text/plain",
        caption: str = "",
        chat: Group | int | None = None,
    ) -> Message:
        return self._media("document", Upload(name, mime, content), caption=caption, chat=chat)

    async def sends_sticker(self, content: bytes = b"sticker", *, chat: Group | int | None = None) -> Message:
        return self._media("sticker", Upload("sticker.webp", "image/webp", content), chat=chat)

    async def sends_location(
        self, latitude: float = 31.2304, longitude: float = 121.4737, *, chat: Group | int | None = None
    ) -> Message:
        return self._done(
            self._acts.location(self.user_id, latitude=latitude, longitude=longitude, chat_id=_chat_id(chat))
        )

    async def shares_contact(
        self,
        *,
        own: bool = True,
        phone_number: str = "+8613900000000",
        first_name: str = "Somebody",
        contact_user_id: int | None = None,
        chat: Group | int | None = None,
    ) -> Message:
        """The own card, or somebody else's."""
        return self._done(
            self._acts.contact(
                self.user_id,
                own=own,
                phone_number=phone_number,
                first_name=first_name,
                contact_user_id=contact_user_id,
                chat_id=_chat_id(chat),
            )
        )

    async def press(
        self, data_or_label: str, *, message_id: int | None = None, chat: Group | int | None = None
    ) -> Message:
        """Press the newest button whose data begins with this or whose label is this; gives its message as it was.

        Raises AssertionError with the buttons there are when none fits.
        """
        messages = [m for m in self.messages_in(chat) if message_id in (None, m.id)]
        for message in reversed(messages):
            for label, data in message.buttons:
                if label == data_or_label or data.startswith(data_or_label):
                    await self.forges(data, message.id, chat=chat)
                    return message
        there = [f"  message {m.id}: {label!r} -> {data!r}" for m in messages for label, data in m.buttons]
        raise AssertionError(
            f"{self!r} sees no button {data_or_label!r}; there are:\n" + ("\n".join(there) or "  none")
        )

    async def forges(self, data: str, message_id: int, *, chat: Group | int | None = None) -> str:
        """Send a press that no button stands behind; gives the callback query's id."""
        query = self._acts.forge(self.user_id, message_id=message_id, data=data, chat_id=_chat_id(chat))
        self._committed()
        return str(query["id"])

    async def edits(self, message_id: int, text: str, *, chat: Group | int | None = None) -> Message:
        return self._done(
            self._acts.edit(self.user_id, message_id=message_id, text=text, chat_id=_chat_id(chat))
        )

    async def blocks(self) -> None:
        self._acts.block(self.user_id)
        self._committed()

    async def unblocks(self) -> None:
        self._acts.unblock(self.user_id)
        self._committed()

    async def deletes_account(self) -> None:
        self._acts.deactivate(self.user_id)
        self._committed()

    async def joins(self, chat: Group | int) -> Message:
        return self._done(self._acts.join(self.user_id, chat_id=_id_of(chat)))

    async def leaves(self, chat: Group | int) -> Message:
        return self._done(self._acts.leave(self.user_id, chat_id=_id_of(chat)))

    # seeing

    @property
    def messages(self) -> list[Message]:
        """All messages of the private chat as they are now, oldest first."""
        return self.messages_in(None)

    def messages_in(self, chat: Group | int | None) -> list[Message]:
        where = _chat_id(chat) or self.user_id
        return [Message(message) for message in self._world.messages(where).values()]

    @property
    def last(self) -> Message | None:
        """The bot's newest message in the private chat."""
        return next((message for message in reversed(self.messages) if message.from_bot), None)

    @property
    def answers(self) -> list[Answer]:
        """The answers to this person's presses since the sandbox started, oldest first."""
        return [Answer(a.text, a.show_alert) for a in self._world.answers.get(self.user_id, [])]

    @property
    def keyboard(self) -> list[list[str]]:
        """Labels of the reply keyboard under the text box, none when it is gone."""
        markup = self._world.keyboards.get(self.user_id) or {}
        return [[button["text"] for button in row] for row in markup.get("keyboard", [])]

    async def sees(
        self, what: str | re.Pattern[str] = "", *, timeout: float = 5.0, chat: Group | int | None = None
    ) -> Message:
        """The first message or edit of the bot since this person's last act with these words in text, caption or
        buttons; or an answer to a press, as a Message that holds only its text.

        Waits for it. Raises AssertionError with what was seen instead when `timeout` seconds are over.
        """
        try:
            async with asyncio.timeout(timeout):
                while True:
                    for seen in self._seen(chat):
                        if _holds(seen, what):
                            return seen
                    await self._world.change()
        except TimeoutError:
            pattern = what if isinstance(what, str) else what.pattern
            lines = [f"  {seen.text!r} {seen.buttons or ''}" for seen in self._seen(chat)]
            raise AssertionError(
                f"{self!r} did not see {pattern!r} within {timeout} s; since the last act there was:\n"
                + ("\n".join(lines) or "  nothing")
            ) from None

    def _seen(self, chat: Group | int | None) -> list[Message]:
        where = _chat_id(chat) or self.user_id
        shown = _newer(self._world.sights.get(where, []), self._acted)
        answered = _newer(self._world.answers.get(self.user_id, []), self._acted)
        merged = sorted([*shown, *answered], key=lambda sight: sight.number)
        messages = [Message(s.message) if s.message is not None else Message(text=s.text) for s in merged]
        return [m for m in messages if "from" not in m or m.from_bot]

    # shared

    def _media(
        self,
        kind: str,
        file: Upload,
        *,
        caption: str = "",
        chat: Group | int | None = None,
        media_group_id: str | None = None,
    ) -> Message:
        return self._done(
            self._acts.media(
                self.user_id,
                kind=kind,
                file=file,
                caption=caption,
                chat_id=_chat_id(chat),
                media_group_id=media_group_id,
            )
        )

    def _done(self, message: Json) -> Message:
        self._committed()
        return Message(message)

    def _committed(self) -> None:
        self._acted = self._world.moment
        self._world.tables.commit()


class Group:
    """One group with the bot in it."""

    def __init__(self, acts: Acts, chat_id: int) -> None:
        self.chat_id = chat_id
        self._acts = acts

    @property
    def messages(self) -> list[Message]:
        return [Message(message) for message in self._acts.world.messages(self.chat_id).values()]

    def migrate(self) -> Group:
        """Make it a supergroup; gives that one. This handle stays with the old id."""
        new = self._acts.migrate(chat_id=self.chat_id)
        self._acts.world.tables.commit()
        return Group(self._acts, new["chat_id"])

    def removes_bot(self) -> None:
        members = self._acts.world.groups[self.chat_id]["members"]
        creator = next(int(user_id) for user_id, status in members.items() if status == "creator")
        self._acts.remove_bot(creator, chat_id=self.chat_id)
        self._acts.world.tables.commit()

    def promotes(self, person: Person) -> None:
        self._acts.promote(person.user_id, chat_id=self.chat_id)
        self._acts.world.tables.commit()


def _chat_id(chat: Group | int | None) -> int | None:
    return None if chat is None else _id_of(chat)


def _id_of(chat: Group | int) -> int:
    return chat.chat_id if isinstance(chat, Group) else chat


def _newer(sights: list[Sight], moment: int) -> list[Sight]:
    newer = []
    for sight in reversed(sights):
        if sight.number <= moment:
            break
        newer.append(sight)
    return newer[::-1]


def _holds(message: Message, what: str | re.Pattern[str]) -> bool:
    texts = [message.text, *(label for label, _ in message.buttons)]
    if isinstance(what, str):
        return any(what in text for text in texts)
    return any(what.search(text) for text in texts)
