"""A client written by others finds here what it expects of Telegram: python-telegram-bot, unchanged."""

from __future__ import annotations

import asyncio

import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

from sandbox import Fault, FaultPlan, Person, Sandbox

from .conftest import TOKEN


def bot_of(sandbox: Sandbox, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{sandbox.url}/bot", base_file_url=f"{sandbox.url}/file/bot")


async def test_a_conversation_by_python_telegram_bot(sandbox: Sandbox, li: Person) -> None:
    async with bot_of(sandbox) as bot:
        assert bot.username == "sandbox_bot"
        poll = asyncio.create_task(bot.get_updates(timeout=10))
        await li.start("u-12")
        (update,) = await poll
        assert update.message is not None
        assert update.message.text == "/start u-12"

        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("接单", callback_data="task.claim:1")]])
        sent = await bot.send_message(li.user_id, "<b>灯坏了</b>😀", parse_mode="HTML", reply_markup=keyboard)
        assert sent.entities[0].type == "bold"
        await li.press("接单")
        (update,) = await bot.get_updates(offset=update.update_id + 1)
        assert update.callback_query is not None
        await update.callback_query.answer("好")
        await update.callback_query.edit_message_text("已接单")
        assert (await li.sees("已接单")).buttons == []
        assert li.answers[-1].text == "好"

        album = await bot.send_media_group(li.user_id, [InputMediaPhoto(b"one"), InputMediaPhoto(b"two")])
        file = await album[1].photo[-1].get_file()
        assert bytes(await file.download_as_bytearray()) == b"two"
        again = await bot.send_photo(li.user_id, album[0].photo[-1].file_id, caption="again")
        assert again.photo[-1].file_id == album[0].photo[-1].file_id
        assert await bot.set_my_commands([BotCommand("start", "x")])
        assert (await bot.get_chat(li.user_id)).first_name == "李桂兰"
        assert await bot.delete_messages(li.user_id, [sent.message_id, 4711])


async def test_refusals_become_the_clients_own_errors(
    sandbox: Sandbox, li: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without it the client warns of its own coming change, and warnings are errors here.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    stranger = sandbox.add_person(first_name="Stranger")
    group = sandbox.add_group("楼道", members=[], creator=li)
    moved = group.migrate()
    async with bot_of(sandbox) as bot:
        with pytest.raises(Forbidden, match="can't initiate conversation"):
            await bot.send_message(stranger.user_id, "x")
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(4711, "x")
        with pytest.raises(ChatMigrated) as migrated:
            await bot.send_message(group.chat_id, "x")
        assert migrated.value.new_chat_id == moved.chat_id
        sandbox.plan_faults(FaultPlan(script=(Fault("too_many", seconds=3),)))
        with pytest.raises(RetryAfter):
            await bot.send_message(li.user_id, "x")
    other = bot_of(sandbox, "2:other")
    with pytest.raises(InvalidToken):
        await other.initialize()
    await other.shutdown()
