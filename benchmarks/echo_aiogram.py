"""A bare echo on aiogram 3 as it comes: its dispatcher's polling, each update a task of its own.

Runs in a virtual environment of its own (see `aiogram_venv`): aiogram wants an older pydantic than Linli.

    python -m benchmarks.echo_aiogram
"""

from __future__ import annotations

import asyncio
import os

# aiogram lives in a virtual environment of its own, where the type checker does not look.
from aiogram import Bot, Dispatcher  # type: ignore[import-not-found]
from aiogram.client.session.aiohttp import AiohttpSession  # type: ignore[import-not-found]
from aiogram.client.telegram import TelegramAPIServer  # type: ignore[import-not-found]
from aiogram.types import Message  # type: ignore[import-not-found]


async def echo(message: Message) -> None:
    await message.answer(message.text or "")


async def main() -> None:
    server = TelegramAPIServer.from_base(os.environ["LINLI_TELEGRAM__BASE_URL"])
    bot = Bot(os.environ["LINLI_TELEGRAM__TOKEN"], session=AiohttpSession(api=server))
    dispatcher = Dispatcher()
    dispatcher.message.register(echo)
    await dispatcher.start_polling(bot)


if __name__ == "__main__":
    asyncio.run(main())
