"""A bare echo on python-telegram-bot with Linli's transport and a loop over raw getUpdates.

What Linli would reach if it did nothing but answer: the ceiling for its own figures.

    python -m benchmarks.echo_linli_transport <updates at once> [raw]
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from telegram import Update
from telegram.ext import Application, ApplicationBuilder, ContextTypes, MessageHandler, filters

from bot.transport import AiohttpRequest

POLL_SECONDS = 10


def build(*, raw: bool) -> tuple[Application[Any, Any, Any, Any, Any, Any], AiohttpRequest]:
    """The application, and the transport for its getUpdates. `raw`: reply without building a Message."""
    sending, polling = AiohttpRequest(), AiohttpRequest(pool_size=2)
    application = (
        ApplicationBuilder()
        .token(os.environ["LINLI_TELEGRAM__TOKEN"])
        .base_url(os.environ["LINLI_TELEGRAM__BASE_URL"] + "/bot")
        .request(sending)
        .get_updates_request(polling)
        .updater(None)
        .build()
    )

    async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text(update.message.text or "")

    async def echo_raw(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        parameters = {"chat_id": update.message.chat_id, "text": update.message.text}
        await sending.call(f"{application.bot.base_url}/sendMessage", parameters)

    application.add_handler(MessageHandler(filters.TEXT, echo_raw if raw else echo))
    return application, polling


async def poll(
    application: Application[Any, Any, Any, Any, Any, Any], polling: AiohttpRequest, *, at_once: int
) -> None:
    """Take updates for ever; as many as `at_once` are worked on side by side."""
    places = asyncio.Semaphore(at_once)
    working: set[asyncio.Task[None]] = set()

    async def work(update: Update) -> None:
        try:
            await application.process_update(update)
        finally:
            places.release()

    offset = 0
    while True:
        batch = await polling.call(
            f"{application.bot.base_url}/getUpdates",
            {"offset": offset, "timeout": POLL_SECONDS, "limit": 100},
            read_timeout=POLL_SECONDS + 10,
        )
        for one in batch:
            offset = one["update_id"] + 1
            await places.acquire()
            task = asyncio.create_task(work(Update.de_json(one, application.bot)))
            working.add(task)
            task.add_done_callback(working.discard)


async def main(*, at_once: int, raw: bool) -> None:
    application, polling = build(raw=raw)
    async with application:
        await poll(application, polling, at_once=at_once)


if __name__ == "__main__":
    asyncio.run(main(at_once=int(sys.argv[1]), raw="raw" in sys.argv[2:]))
