"""What leaves as one message, as plain data: text, buttons, files, and who reads it.

Knows the shape only. What it says is in the modules by noun; sending it, and what Telegram makes of it, is the
delivery's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.base import Actor

MAX_TEXT = 4096
MAX_DATA = 64


@dataclass(frozen=True, slots=True)
class Button:
    """``data`` comes back when it is pressed (at most 64 bytes); with ``url`` it opens an address instead."""

    text: str
    data: str = ""
    url: str = ""


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Media:
    """A file that stays with Telegram, or a place. ``kind``: photo, video, voice, document or location."""

    kind: str
    file_id: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that Linli makes for one reader: sent once as a document, or as a ``picture`` that is seen at once; kept
    nowhere."""

    name: str
    content: bytes
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` is Telegram HTML in which everything that came from people is escaped.

    ``contact_button``, when set, is the label of a one-time reply keyboard that asks for the person's own number;
    ``word_buttons`` stand under it and are sent as plain words. A message has either those or an inline ``keyboard``.
    ``media`` goes with the text: one with the text as its caption where that is short
    enough, several as an album and then the text. ``link_preview``: the first address in the text shows what is there. An ``upload`` is sent as a document before the text; only
    messages that are sent at once may carry one, for the outbox keeps no files.
    """

    text: str
    keyboard: Keyboard = ()
    contact_button: str = ""
    word_buttons: tuple[str, ...] = ()
    remove_keyboard: bool = False
    media: tuple[Media, ...] = ()
    upload: Upload | None = None
    link_preview: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: ``person_id`` 0 and no ``actor`` for a stranger, and for a group."""

    language: str = "zh"
    name: str = ""
    person_id: int = 0
    actor: Actor | None = None


class OnUnknown(StrEnum):
    """What to do when nobody knows whether a message arrived: send it again, or leave it to a person to decide."""

    RESEND = "resend"
    ASK = "ask"
