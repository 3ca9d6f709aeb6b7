"""Posters in the chat: a PDF to print, for a unit and the buildings below it."""

from __future__ import annotations

import asyncio

from domain.posters import MOST_IN_CHAT, ListPosterPages, PosterPages
from handlers.turn import Answer, Say, Show, Turn
from views.kinds import said
from views.message import Message, Upload
from views.posters import posters
from views.safe import plain


async def poster(turn: Turn) -> Answer:
    """``poster.unit:<unit_id>``."""
    found: PosterPages = await turn.read(ListPosterPages(turn.pressed.id))
    voice = await turn.voice()
    place = plain(voice.place(found.place))
    if found.total > MOST_IN_CHAT:
        return Show(
            (Say(said("poster.too_many", voice=voice, place=place, count=found.total, most=MOST_IN_CHAT)),)
        )
    # Drawing takes a few milliseconds a page; nobody else waits for it.
    content = await asyncio.to_thread(posters, found.pages, bot_username=turn.bot_username, texts=turn.texts)
    words = voice.say("poster.ready", place=place, count=found.total)
    return Show((Say(Message(words, upload=Upload(f"linli-{found.code}.pdf", content))),))
