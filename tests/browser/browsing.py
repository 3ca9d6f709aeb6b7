"""Linli on its sandbox in a headless Chromium: how both are started, and a phone as a hand uses it.

Knows the page by what a person sees: names, labels and words.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.app import App
from bot.demo import populate
from bot.setting_values import DatabaseUrl
from bot.settings import Settings
from bot.settings_model import DatabaseSettings, HttpSettings, TelegramSettings
from domain.rulebook import Rulebook
from sandbox import Sandbox
from views.catalogue import Texts
from views.safe import plain

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
WRITE = {"zh": "写点什么…", "en": "Write something…"}
START = {"zh": "开始", "en": "Start"}
PARAMETER = {"zh": "扫码附带的参数", "en": "Parameter of a link or QR code"}
PEOPLE = {"zh": "大家", "en": "People"}


def chromium() -> str | None:
    """The browser's program, if there is one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def browser_of(program: str) -> AsyncIterator[Browser]:
    """A browser that shows nothing and asks nobody."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        await browser.close()


@asynccontextmanager
async def linli(folder: Path) -> AsyncIterator[Sandbox]:
    """The program on its sandbox, as ``linli run`` puts it together without a token, with the demo's people."""
    settings = Settings(
        database=DatabaseSettings(url=DatabaseUrl(f"sqlite:///{folder / 'linli.db'}")),
        http=HttpSettings(listen=""),
        telegram=TelegramSettings(limits_enabled=False),
    )
    async with Sandbox(bot_name=f"邻里 · {settings.community.name}", bot_username="linli_bot") as sandbox:
        app = App(settings, token=sandbox.token, base_url=sandbox.url)
        await app.start(before_intake=lambda: populate(app.store, sandbox, now=app.now()))
        try:
            yield sandbox
        finally:
            app.stop()
            await app.run()


class Phone:
    """One person's phone on the page. ``language`` is what its owner reads, ``page_language`` what the page speaks."""

    def __init__(self, page: Page, name: str, *, language: str, page_language: str) -> None:
        self.element: Locator = page.get_by_role("region", name=name, exact=True)
        self.log = self.element.get_by_role("log")
        self.language = language
        self._page = page
        self._name = name
        self._page_language = page_language
        self._texts = Texts.load()

    def says(self, key: str, **params: str | int) -> str:
        """The bot's words under this key in its owner's language."""
        return plain(self._texts.say(self.language, key, **params))

    def category(self, code: str) -> str:
        """A category's name in its owner's language."""
        return str(getattr(Rulebook().category(code), self.language))

    async def comes_out(self) -> None:
        """Put this phone on the screen."""
        strip = self._page.get_by_role("navigation", name=PEOPLE[self._page_language])
        if not await self.element.count():
            await strip.get_by_role("button", name=self._name).click()
        await expect(self.element).to_be_visible()

    async def starts(self, payload: str) -> None:
        """Start by way of a printed code."""
        await self.element.get_by_role("textbox", name=PARAMETER[self._page_language]).fill(payload)
        await self.element.get_by_role("button", name=START[self._page_language], exact=True).click()

    async def presses(self, *labels: str) -> None:
        """The newest button with each of these labels."""
        for label in labels:
            await self.element.get_by_role("button", name=label, exact=True).last.click()

    async def types(self, text: str) -> None:
        """Words, sent."""
        box = self.element.get_by_role("textbox", name=WRITE[self._page_language])
        await box.fill(text)
        await box.press("Enter")

    async def reads(self, *words: str) -> None:
        """Wait until the newest messages hold all these words."""
        for word in words:
            await expect(self.log).to_contain_text(word)

    async def reads_last(self, words: str) -> None:
        """Wait until the newest message holds these words."""
        await expect(self.log.get_by_role("article").last).to_contain_text(re.compile(re.escape(words)))


async def raises_a_request(phone: Phone, words: str, *, flat: str, name: str) -> None:
    """From the first word to the card with its number."""
    await phone.types(words)
    await phone.presses(
        phone.says("button.pass_on"),
        phone.category("lift"),
        phone.says("urgency_why.timely"),
        phone.says("button.private_no"),
        phone.says("button.hide_no"),
    )
    await phone.reads(phone.says("ask.flat"))
    await phone.types(flat)
    await phone.reads(phone.says("ask.name"))
    await phone.types(name)
    await phone.presses(phone.says("button.share_phone"), phone.says("button.submit"))
    await phone.reads(phone.says("request.sent"))
