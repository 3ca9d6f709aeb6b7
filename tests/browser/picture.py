"""``python -m tests.browser.picture``: the README's picture, three phones in the middle of a conversation.

Wants a Chromium and fonts with Chinese characters and emoji (Debian: fonts-noto-cjk, fonts-noto-color-emoji).
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

# Read when telegram is imported.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from playwright.async_api import ViewportSize

from bot.demo_town import CHEN, LI, WANG
from sandbox import Sandbox
from sandbox.people import Person
from tests.browser.browsing import browser_of, chromium, linli

TARGET = Path(__file__).parents[2] / "docs" / "page.png"
SIZE: ViewportSize = {"width": 1600, "height": 1000}
ON_SCREEN = (LI, CHEN, WANG)


class Hand:
    """Somebody of the demo who presses each button as soon as it is there."""

    def __init__(self, sandbox: Sandbox, telegram_id: int) -> None:
        self._sandbox = sandbox
        self._person: Person = sandbox.person(telegram_id)

    async def says(self, words: str) -> None:
        """A message."""
        await self._person.sends(words)

    async def presses(self, *buttons: str) -> None:
        """The newest button with this label, or whose data begins so, one after the other."""
        for button in buttons:
            await self._sandbox.until(partial(self._sees, button), timeout=20)
            await self._person.press(button)

    async def sees(self, button: str) -> None:
        """Wait for a button."""
        await self._sandbox.until(partial(self._sees, button), timeout=20)

    def _sees(self, button: str) -> bool:
        last = self._person.last
        return last is not None and any(
            label == button or data.startswith(button) for label, data in last.buttons
        )


async def scene(sandbox: Sandbox) -> None:
    """A member is at work on what the leader took in, and the next request has just reached the leader's desk."""
    resident, leader, member = (Hand(sandbox, who) for who in ON_SCREEN)
    await leader.presses("request.accept")
    await member.presses("task.claim", "task.start")
    await member.sees("task.done")
    await resident.sees("request.write")
    await resident.says("三楼的灯不亮了，晚上看不清台阶")
    await resident.presses(
        "request.pass", "公共设施维修", "request.urgency", "request.private", "request.hide", "request.submit"
    )
    await resident.sees("request.withdraw")
    await leader.sees("request.accept")


async def picture(program: str, target: Path) -> None:
    """Play the scene and take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        async with linli(Path(folder)) as sandbox, browser_of(program) as browser:
            await scene(sandbox)
            context = await browser.new_context(
                viewport=SIZE, locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce"
            )
            page = await context.new_page()
            await page.goto(sandbox.url)
            for phone in await page.get_by_role("region").all():
                await phone.get_by_role("log").evaluate("log => log.scrollTo(0, log.scrollHeight)")
            await page.wait_for_load_state("networkidle")
            await page.evaluate("document.fonts.ready")
            await page.screenshot(path=target)


def main() -> int:
    """0 when the picture was taken."""
    program = chromium()
    if program is None:
        sys.stderr.write("no Chromium here: install it or name it in CHROMIUM\n")
        return 1
    asyncio.run(picture(program, TARGET))
    sys.stdout.write(f"{TARGET}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
