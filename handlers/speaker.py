"""What a handler needs of whoever talks to Telegram: said here, built elsewhere.

Knows the shape of the answers given at once, through the lane of a person who sits waiting. Limits, retries and the
telling apart of errors belong to who implements it.
"""

from __future__ import annotations

from typing import Protocol

from views.message import Message


class Speaker(Protocol):
    """Says something now. Errors that may pass are raised, so that the update is tried again."""

    async def send(self, chat_id: int, message: Message) -> int | None:
        """Send it; the id of the message that carries the keyboard. None: the chat cannot be reached, and that is final."""
        ...

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int | None:
        """Show it in place of an earlier message; the id of what shows it now.

        A message that is gone or too old is posted anew, so the id may be another. None as for ``send``.
        """
        ...

    async def answer(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        """Take the waiting sign off a pressed button, with a plain text of at most 200 characters. Never raises."""
        ...
