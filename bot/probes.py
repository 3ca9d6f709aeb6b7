"""How ``linli check`` asks the database and Telegram."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from telegram.error import TelegramError

from bot.check import Finding, ProbeFailed, Probes, check
from bot.settings import Settings, sources
from bot.transport import AiohttpRequest
from jobs.classify import Fatal, classify
from storage.database import REVISION, Location, open_engine, revision_of


async def look(settings: Settings, *, config: Path | None, environment: Mapping[str, str]) -> list[Finding]:
    """All findings of a check with these settings."""

    async def database() -> str:
        return await _database(settings)

    async def telegram() -> str:
        return await _telegram(settings)

    return await check(
        settings,
        Probes(database=database, telegram=telegram),
        config=config,
        sources=sources(config, environment=environment),
    )


async def _database(settings: Settings) -> str:
    location = Location.of(settings.database.url.get_secret_value())
    if location.path is not None and not location.path.exists():
        return f"{location.path} is not there yet: the first start makes it"
    revision = await revision_of(location)
    if revision is None:
        return "reachable and empty: the first start fills it"
    if revision != REVISION:
        raise ProbeFailed(
            f"at revision {revision}, this program works with {REVISION}",
            mend="Start the bot or run linli migrate; if the database is newer, install the newer Linli.",
        )
    from bot.rules import rulebook
    from bot.trail import newest
    from storage.unit import Store

    store = Store(open_engine(location), rules=rulebook(settings))
    try:
        quarantined, stuck = await store.stuck()
        sealed = await newest(store)
    finally:
        await store.close()
    if quarantined or stuck:
        raise ProbeFailed(
            f"revision {revision}; {len(quarantined)} updates are quarantined and {len(stuck)} messages are stuck",
            mend="linli outbox tells which, and decides about them.",
        )
    return f"reachable, revision {revision}, nothing stuck; audit trail: {sealed}"


async def _telegram(settings: Settings) -> str:
    token = settings.telegram.token.get_secret_value()
    if not token:
        return "no token: Linli plays on its own sandbox"
    request = AiohttpRequest(proxy=settings.telegram.proxy.get_secret_value() or None)
    await request.initialize()
    try:
        me = await request.call(f"{settings.telegram.base_url.rstrip('/')}/bot{token}/getMe", {})
    except TelegramError as error:
        if isinstance(classify(error), Fatal):
            raise ProbeFailed(
                "Telegram refuses the token", mend="Copy it again from @BotFather into telegram.token."
            ) from None
        raise ProbeFailed(
            f"{settings.telegram.base_url} cannot be reached ({type(error).__name__})",
            mend="Look at telegram.base_url, telegram.proxy and the network.",
        ) from None
    finally:
        await request.shutdown()
    return f"reachable, as @{me['username']}"
