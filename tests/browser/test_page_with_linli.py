"""The page with Linli on it: a newcomer, a leader and a member walk the main path on three phones, in each language."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from bot.demo_town import CHEN, DAVID, DEMO_PEOPLE, LIN, WANG
from sandbox import Sandbox
from tests.browser.browsing import LOCALES, Phone, browser_of, chromium, linli, raises_a_request

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

NEWCOMERS = {"zh": LIN, "en": DAVID}
WORDS = {"zh": "三号楼电梯停在七楼不动了", "en": "The lift has been stuck on the seventh floor since noon"}
NOTE = {"zh": "复位后试了三趟，正常", "en": "Reset it and rode it three times, all well"}
PATIENCE = 20_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests here."""
    program = chromium()
    if program is None:
        missing = "no Chromium here: install it or name it in CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    async with browser_of(program) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """Linli, with the demo's people."""
    async with linli(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    """What the page and everybody on it speaks."""
    return str(request.param)


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, sandbox: Sandbox, language: str) -> AsyncIterator[Page]:
    """The page, open; an error in its console fails the test."""
    context = await browser.new_context(
        viewport={"width": 1600, "height": 1000}, locale=LOCALES[language], reduced_motion="reduce"
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    errors: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", heard)
    await page.goto(sandbox.url)
    yield page
    await context.close()
    assert errors == []


def name_of(telegram_id: int) -> str:
    """Somebody of the demo."""
    return next(person.name for person in DEMO_PEOPLE if person.telegram_id == telegram_id)


async def test_a_newcomer_a_leader_and_a_member_walk_the_main_path_on_three_phones(
    page: Page, sandbox: Sandbox, language: str
) -> None:
    resident, leader, member = (
        Phone(page, name_of(who), language=language, page_language=language)
        for who in (NEWCOMERS[language], CHEN, WANG)
    )
    for phone in (leader, member, resident):
        await phone.comes_out()
    for phone in (leader, member):
        await phone.types("/language")
        await phone.presses({"zh": "中文", "en": "English"}[language])
        await phone.reads(phone.says("language.set"))

    await resident.starts("u-lanting-3")
    await resident.presses(
        {"zh": "中文", "en": "English"}[language],
        resident.says("button.consent_yes"),
        resident.says("button.here"),
    )
    await raises_a_request(
        resident, WORDS[language], flat="3-702", name="David" if language == "en" else "林小雨"
    )

    await leader.reads(WORDS[language])
    await leader.presses(leader.says("button.accept"))
    await member.reads(WORDS[language])
    await expect(member.log).not_to_contain_text("3-702")
    await member.presses(member.says("button.claim"))
    await member.reads("3-702")
    await member.presses(member.says("button.start"), member.says("button.report"))
    await member.presses(member.says("span.minutes", count=30))
    await member.reads(member.says("ask.note"))
    await member.types(NOTE[language])
    await member.presses(member.says("button.done_adding"))
    await member.reads(member.says("report.sent"))

    await resident.reads(NOTE[language])
    await resident.presses(resident.says("button.solved"), "★★★★★")
    await resident.reads(resident.says("state.request.closed_confirmed"))
    await member.reads("★★★★★")
    await expect(member.log).not_to_contain_text("3-702")
    refused = [str(call.description) for call in sandbox.record if call.error_code]
    # A card that another change has refreshed already looks the same afterwards; that is no fault.
    assert not [description for description in refused if "message is not modified" not in description]
