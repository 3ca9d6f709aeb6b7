"""A notice on python-telegram-bot with its own ``AIORateLimiter``, sent all at once or one by one.

python -m benchmarks.broadcast_ptb <at-once|one-by-one> <first chat> <how many> <seconds to wait first>

Meanwhile each press is answered and its card edited. A send is tried again as often as the limiter is told to wait.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from telegram import Update
from telegram.error import TelegramError
from telegram.ext import AIORateLimiter, Application, ApplicationBuilder, CallbackQueryHandler, ContextTypes

from benchmarks.broadcast_words import WORDS

RETRIES = 20

Program = Application[Any, Any, Any, Any, Any, Any]


async def pressed(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert query is not None
    await query.answer()
    await query.edit_message_text(f"已处理 {query.data}")


async def send(application: Program, chat_id: int) -> None:
    try:
        await application.bot.send_message(chat_id, WORDS)
    except TelegramError as error:
        print(f"{chat_id}: {error}", file=sys.stderr)


async def broadcast(application: Program, how: str, first: int, many: int, pause: float) -> None:
    await asyncio.sleep(pause)
    chats = range(first, first + many)
    if how == "at-once":
        await asyncio.gather(*(send(application, chat_id) for chat_id in chats))
        return
    for chat_id in chats:
        await send(application, chat_id)


def main(how: str, first: int, many: int, pause: float) -> None:
    tasks: set[asyncio.Task[None]] = set()

    async def begin(application: Program) -> None:
        tasks.add(asyncio.create_task(broadcast(application, how, first, many, pause)))

    application = (
        ApplicationBuilder()
        .token(os.environ["LINLI_TELEGRAM__TOKEN"])
        .base_url(os.environ["LINLI_TELEGRAM__BASE_URL"] + "/bot")
        .rate_limiter(AIORateLimiter(max_retries=RETRIES))
        .concurrent_updates(True)
        .post_init(begin)
        .build()
    )
    application.add_handler(CallbackQueryHandler(pressed))
    application.run_polling()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
