"""Posters from the command line: which buildings, which bot the codes lead to, and the file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.control import CommandError, ask, socket_path
from bot.settings import Settings
from domain.base import Actor
from domain.posters import ListPosterPages, PosterPages
from storage.database import Location
from storage.unit import Store
from views.catalogue import Texts
from views.posters import posters

MOST = 20_000
BY_HAND = Actor.system("command-line")


async def print_posters(
    store: Store, settings: Settings, *, unit: str, file: Path, bot_username: str = ""
) -> int:
    """Write the PDF for the buildings at and below the unit with this code. Returns the number of pages.

    Raises CommandError for an unknown unit, or when nobody knows the bot's name; OSError when the file cannot be written.
    """
    unit_id = await store.unit_by_code(unit)
    if unit_id is None:
        raise CommandError(f"there is no open unit with the code {unit!r}; look at linli export units")
    name = (
        bot_username.removeprefix("@") or await _running_bot(settings) or await _named_by_telegram(settings)
    )
    if not name:
        raise CommandError(
            "nobody knows the bot's user name, which the codes lead to: start the bot, or say it with --bot"
        )
    found: PosterPages = await store.read(ListPosterPages(unit_id, most=MOST), BY_HAND, now=datetime.now(UTC))
    if found.total > MOST:
        raise CommandError(f"{found.total} buildings are too many for one file; print street by street")
    await asyncio.to_thread(file.write_bytes, posters(found.pages, bot_username=name, texts=Texts.load()))
    return len(found.pages)


async def _running_bot(settings: Settings) -> str:
    """What the bot on this database says it is called; nothing when none runs."""
    location = Location.of(settings.database.url.get_secret_value())
    if location.path is None:
        return ""
    try:
        answer = await ask(socket_path(location.path), "about", {})
    except (CommandError, OSError):
        return ""
    return str(answer.get("bot_username", ""))


async def _named_by_telegram(settings: Settings) -> str:
    """What Telegram says the token's bot is called; nothing without a token, or when it cannot be reached."""
    token = settings.telegram.token.get_secret_value()
    if not token:
        return ""
    from telegram.error import TelegramError

    from bot.transport import AiohttpRequest

    request = AiohttpRequest(pool_size=1, proxy=settings.telegram.proxy.get_secret_value() or None)
    await request.initialize()
    try:
        about: dict[str, Any] = await request.call(
            f"{settings.telegram.base_url.rstrip('/')}/bot{token}/getMe", {}
        )
    except TelegramError:
        return ""
    finally:
        await request.shutdown()
    return str(about.get("username", ""))
