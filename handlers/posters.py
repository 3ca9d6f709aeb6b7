"""Posters in the chat: a PDF to print, for a unit and the buildings below it."""

from __future__ import annotations

import asyncio

from domain.posters import MOST_IN_CHAT, ListPosterPages, PosterPages
from handlers.turn import Answer, Turn, made, sent
from views.catalogue import Texts
from views.kinds import said
from views.message import Message, Upload
from views.safe import plain


async def poster(turn: Turn) -> Answer:
    """``poster.unit:<unit_id>``."""
    found: PosterPages = await turn.read(ListPosterPages(turn.pressed.id))
    voice = await turn.voice()
    place = plain(voice.place(found.place))
    if found.total > MOST_IN_CHAT:
        return sent(said("poster.too_many", voice=voice, place=place, count=found.total, most=MOST_IN_CHAT))

    async def printed() -> Message:
        content = await asyncio.to_thread(_drawn, found, turn.bot_username, turn.texts)
        words = voice.say("poster.ready", place=place, count=found.total)
        return Message(words, upload=Upload(f"linli-{found.code}.pdf", content))

    return made(printed)


def _drawn(found: PosterPages, bot_username: str, texts: Texts) -> bytes:
    """The PDF. Runs beside the loop: a few milliseconds a page, and what draws takes long to load the first time."""
    from views.posters import posters

    return posters(found.pages, bot_username=bot_username, texts=texts)
