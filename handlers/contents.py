"""Telegram's messages as content that may be kept: words, a file that stays with Telegram, or a place.

Knows which kinds of message carry something for the community and how a draft keeps them until they are passed on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from telegram import Message

from domain.base import Content


def content_of(message: Message) -> Content | None:
    """What a message carries, or None for what cannot be passed on (stickers, polls, games, round videos …)."""
    text = message.text or message.caption or ""
    album = message.media_group_id or ""
    if message.text is not None:
        return Content("text", text)
    if message.location is not None:
        return _place(message)
    for kind, file_id in (
        ("photo", message.photo[-1].file_id if message.photo else None),
        ("video", message.video.file_id if message.video else None),
        ("voice", message.voice.file_id if message.voice else None),
        ("document", _document_of(message)),
    ):
        if file_id is not None:
            return Content(kind, text, file_id, album)
    return None


def _document_of(message: Message) -> str | None:
    # Telegram gives a moving picture as a document too, but takes its id back under its own kind only.
    return message.document.file_id if message.document and not message.animation else None


def _place(message: Message) -> Content:
    assert message.location is not None  # noqa: S101 - said by the caller
    venue = message.venue
    words = f"{venue.title}, {venue.address}" if venue else ""
    return Content(
        "location", words, latitude=message.location.latitude, longitude=message.location.longitude
    )


def stored(content: Content) -> dict[str, Any]:
    """A part as a draft keeps it: plain JSON, without what is empty."""
    values = {
        "kind": content.kind,
        "text": content.text,
        "file_id": content.file_id,
        "album": content.album,
        "latitude": content.latitude,
        "longitude": content.longitude,
    }
    return {key: value for key, value in values.items() if value not in ("", None)}


def restored(parts: Sequence[Mapping[str, Any]]) -> tuple[Content, ...]:
    """The parts a draft kept."""
    return tuple(Content(**part) for part in parts)
