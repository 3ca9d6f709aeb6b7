"""A bare echo on python-telegram-bot as it comes: its own Updater, its own httpx transport.

python -m benchmarks.echo_ptb <updates at once>
"""

from __future__ import annotations

import os
import sys
from typing import Any

from telegram import Update
from telegram.ext import Application, ApplicationBuilder, ContextTypes, MessageHandler, filters


async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    await update.message.reply_text(update.message.text or "")


def build(*, at_once: int) -> Application[Any, Any, Any, Any, Any, Any]:
    application = (
        ApplicationBuilder()
        .token(os.environ["LINLI_TELEGRAM__TOKEN"])
        .base_url(os.environ["LINLI_TELEGRAM__BASE_URL"] + "/bot")
        .concurrent_updates(at_once)
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, echo))
    return application


if __name__ == "__main__":
    build(at_once=int(sys.argv[1])).run_polling()
