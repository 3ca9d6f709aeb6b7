"""The page in a real browser, against the real sandbox, with a bot that each test plays by hand over HTTP.

Knows the page by what a person sees: roles, labels and words. What the server accepts is tested beside it.
"""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Locator, Page, async_playwright, expect

from sandbox import Person, Sandbox

# One browser for all, because starting it takes longer than a test; so all share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def png(*, width: int = 24, height: int = 16) -> bytes:
    """A plain picture that a browser can decode."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xb1\x49\x2f" * width) * height
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


class Bot:
    """The far end of the Bot API, moved by the test step by step."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base
        self._offset = 0

    async def does(self, method: str, **parameters: Any) -> Any:
        async with self._session.post(f"{self._base}/{method}", json=parameters) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]

    async def hears(self, kind: str = "message") -> dict[str, Any]:
        """The next update of this kind; earlier ones of other kinds are passed over."""
        while True:
            for update in await self.does("getUpdates", offset=self._offset, timeout=5, limit=1):
                self._offset = update["update_id"] + 1
                if kind in update:
                    found: dict[str, Any] = update[kind]
                    return found


def keys(*rows: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "inline_keyboard": [[{"text": text, "callback_data": data} for text, data in row] for row in rows]
    }


def phone_of(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def box_on(phone: Locator) -> Locator:
    return phone.get_by_role("textbox", name="Write something…")


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(bot_name="Echo", bot_username="echo_bot") as sandbox:
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession() as session:
        yield Bot(session, f"{sandbox.url}/bot{sandbox.token}")


@pytest_asyncio.fixture(loop_scope="module")
async def ada(sandbox: Sandbox) -> Person:
    """Somebody who has pressed Start; what the bot heard of that is forgotten."""
    ada = sandbox.add_person(first_name="Ada", language_code="en", note="resident, house 3")
    await ada.start()
    return ada


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        missing = "no Chromium here: install it or name it in CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A laptop's window with nothing open yet; an error in the page's code fails the test."""
    context = await browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="en-GB", reduced_motion="reduce"
    )
    page = await context.new_page()
    page.set_default_timeout(10_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    await context.close()
    assert errors == []


async def test_the_page_shows_a_phone_for_each_of_the_first_three_people(
    page: Page, sandbox: Sandbox
) -> None:
    for name in ("Ada", "Ben", "Cleo", "Dan"):
        sandbox.add_person(first_name=name)
    await page.goto(sandbox.url)
    for name in ("Ada", "Ben", "Cleo"):
        await expect(phone_of(page, name)).to_be_visible()
    await expect(phone_of(page, "Dan")).to_have_count(0)
    await page.get_by_role("navigation", name="People").get_by_role("button", name="Dan").click()
    await expect(phone_of(page, "Dan")).to_be_in_viewport()


async def test_what_is_typed_reaches_the_bot_and_its_answer_appears(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await bot.hears()
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await box_on(phone).fill("the tap drips")
    await box_on(phone).press("Shift+Enter")
    await box_on(phone).press_sequentially("since noon")
    await box_on(phone).press("Enter")
    heard = await bot.hears()
    assert heard["text"] == "the tap drips\nsince noon"
    await expect(box_on(phone)).to_have_value("")
    await bot.does("sendMessage", chat_id=ada.user_id, text="🌿 <b>noted</b>, Ada", parse_mode="HTML")
    log = phone.get_by_role("log")
    await expect(log).to_contain_text("🌿 noted, Ada")
    # an emoji before it counts two UTF-16 units
    assert await log.locator("strong").all_text_contents() == ["noted"]


async def test_a_pressed_button_waits_until_the_bot_answers(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await bot.does(
        "sendMessage", chat_id=ada.user_id, text="Yours?", reply_markup=keys([("Take it", "take:1")])
    )
    button = phone.get_by_role("button", name="Take it")
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    query = await bot.hears("callback_query")
    assert query["data"] == "take:1"
    await bot.does("answerCallbackQuery", callback_query_id=query["id"], text="It is yours now")
    await expect(phone.get_by_role("status")).to_contain_text("It is yours now")
    await expect(button).not_to_have_attribute("aria-busy", "true")


async def test_an_alert_stands_until_it_is_closed(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await bot.does("sendMessage", chat_id=ada.user_id, text="Yours?", reply_markup=keys([("Take", "take:1")]))
    await phone.get_by_role("button", name="Take").click()
    query = await bot.hears("callback_query")
    await bot.does("answerCallbackQuery", callback_query_id=query["id"], text="Too late", show_alert=True)
    alert = phone.get_by_role("alertdialog")
    await expect(alert).to_contain_text("Too late")
    await page.keyboard.press("Escape")
    await expect(alert).to_have_count(0)


async def test_an_edit_replaces_and_a_deletion_removes(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await page.goto(sandbox.url)
    log = phone_of(page, "Ada").get_by_role("log")
    sent = await bot.does("sendMessage", chat_id=ada.user_id, text="waiting", reply_markup=keys([("A", "a")]))
    await expect(log).to_contain_text("waiting")
    where = {"chat_id": ada.user_id, "message_id": sent["message_id"]}
    await bot.does("editMessageText", **where, text="taken on")
    await expect(log).to_contain_text("taken on")
    await expect(log).not_to_contain_text("waiting")
    await expect(log.get_by_role("button", name="A", exact=True)).to_have_count(0)
    await bot.does("deleteMessage", **where)
    await expect(log).not_to_contain_text("taken on")


async def test_markup_in_names_and_texts_stays_text(page: Page, sandbox: Sandbox, bot: Bot) -> None:
    attack = "<img src=x onerror=\"document.title='broken'\"><b>bold</b>"
    mallory = sandbox.add_person(first_name=attack, note=attack)
    await mallory.start()
    await page.goto(sandbox.url)
    phone = phone_of(page, attack)
    await box_on(phone).fill(attack)
    await box_on(phone).press("Enter")
    await bot.does(
        "sendMessage",
        chat_id=mallory.user_id,
        text=attack,
        reply_markup=keys([(attack, "x")]),
        entities=[
            {"type": "text_link", "offset": 0, "length": 4, "url": "javascript:document.title='broken'"}
        ],
    )
    log = phone.get_by_role("log")
    await expect(log.get_by_role("button", name=attack)).to_be_visible()
    await expect(log.get_by_text(attack)).to_have_count(3)  # typed, answered, on the button
    assert await page.locator("main img, nav img, main b:text-is('bold'), a[href^=javascript]").count() == 0
    assert await page.title() == "Echo · Sandbox"


async def test_start_carries_the_payload_of_a_poster(page: Page, sandbox: Sandbox, bot: Bot) -> None:
    sandbox.add_person(first_name="Ben")
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ben")
    await phone.get_by_role("textbox", name="Parameter of a link or QR code").fill("u-house-3")
    await phone.get_by_role("button", name="Start", exact=True).click()
    assert (await bot.hears())["text"] == "/start u-house-3"
    await expect(box_on(phone)).to_be_visible()


async def test_photos_go_as_one_album_with_their_caption(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await bot.hears()
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await phone.get_by_role("button", name="Attach").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("menuitem", name="Photos or video…").click()
    files: list[FilePayload] = [
        {"name": name, "mimeType": "image/png", "buffer": png()} for name in ("1.png", "2.png")
    ]
    await (await chooser.value).set_files(files)
    await box_on(phone).fill("the stairs")
    await box_on(phone).press("Enter")
    first, second = await bot.hears(), await bot.hears()
    assert first["caption"] == "the stairs"
    assert first["media_group_id"] == second["media_group_id"]
    pictures = phone.get_by_role("log").get_by_role("article").locator("img")
    await expect(pictures).to_have_count(2)
    await expect(phone.get_by_role("log").get_by_role("article")).to_have_count(2)  # /start and the album
    await page.wait_for_function("[...document.querySelectorAll('article img')].every((i) => i.naturalWidth)")


async def test_the_bots_keyboard_sends_its_words_and_the_persons_contact(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await bot.hears()
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await expect(phone.get_by_role("log")).to_contain_text("/start")
    keyboard = {"keyboard": [["My requests", {"text": "My number", "request_contact": True}]]}
    await bot.does("sendMessage", chat_id=ada.user_id, text="What next?", reply_markup=keyboard)
    await phone.get_by_role("button", name="My requests").click()
    assert (await bot.hears())["text"] == "My requests"
    await phone.get_by_role("button", name="My number").click()
    assert (await bot.hears())["contact"]["user_id"] == ada.user_id
    await bot.does("sendMessage", chat_id=ada.user_id, text="Thanks", reply_markup={"remove_keyboard": True})
    await expect(phone.get_by_role("button", name="My number")).to_have_count(0)


async def test_the_slash_lists_the_commands_of_that_person(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await bot.hears()
    commands = [{"command": "mine", "description": "My requests"}, {"command": "menu", "description": "Menu"}]
    await bot.does("setMyCommands", commands=commands, scope={"type": "chat", "chat_id": ada.user_id})
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await box_on(phone).press_sequentially("/m")
    await expect(phone.get_by_role("option")).to_have_count(2)
    await box_on(phone).press("ArrowDown")
    await box_on(phone).press("Enter")
    assert (await bot.hears())["text"] == "/menu"


async def test_a_command_that_is_typed_whole_is_sent_even_where_a_longer_one_comes_first(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await bot.hears()
    commands = [{"command": name, "description": name} for name in ("notices", "notice")]
    await bot.does("setMyCommands", commands=commands, scope={"type": "chat", "chat_id": ada.user_id})
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await box_on(phone).press_sequentially("/notice")
    await expect(phone.get_by_role("option")).to_have_count(2)
    await box_on(phone).press("Enter")
    assert (await bot.hears())["text"] == "/notice"


async def test_a_message_to_someone_not_on_a_phone_is_counted_as_unread(
    page: Page, sandbox: Sandbox, bot: Bot
) -> None:
    people = [sandbox.add_person(first_name=name) for name in ("Ada", "Ben", "Cleo", "Dan")]
    await people[3].start()
    await page.goto(sandbox.url)
    await expect(phone_of(page, "Ada")).to_be_visible()
    for text in ("one", "two"):
        await bot.does("sendMessage", chat_id=people[3].user_id, text=text)
    face = page.get_by_role("navigation", name="People").get_by_role("button", name="Dan")
    await expect(face).to_contain_text("2")
    await face.click()
    await expect(phone_of(page, "Dan").get_by_role("log")).to_contain_text("two")
    await expect(face).not_to_contain_text("2")


async def test_a_small_screen_shows_one_phone_at_a_time(page: Page, sandbox: Sandbox) -> None:
    for name in ("Ada", "Ben"):
        sandbox.add_person(first_name=name)
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(sandbox.url)
    await expect(phone_of(page, "Ada")).to_be_visible()
    await expect(phone_of(page, "Ben")).to_be_hidden()
    await page.get_by_role("navigation", name="People").get_by_role("button", name="Ben").click()
    await expect(phone_of(page, "Ben")).to_be_visible()
    await expect(phone_of(page, "Ada")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_the_page_recovers_by_itself_when_the_server_comes_back(page: Page, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    before = Sandbox(state_file=state)
    await before.start()
    ada = before.add_person(first_name="Ada")
    await ada.start()
    await page.goto(before.url)
    phone = phone_of(page, "Ada")
    await expect(phone.get_by_role("log")).to_contain_text("/start")
    await before.stop()
    await expect(page.get_by_text("Connection lost")).to_be_visible()

    after = Sandbox(state_file=state)
    await after.person(ada.user_id).sends("said while nobody watched")
    await after.start(port=int(before.url.rpartition(":")[2]))
    try:
        await expect(phone.get_by_role("log")).to_contain_text("said while nobody watched")
        await expect(page.get_by_text("Connection lost")).to_be_hidden()
        await box_on(phone).fill("and this after")
        await box_on(phone).press("Enter")
        await after.until(lambda: after.person(ada.user_id).messages[-1].text == "and this after")
    finally:
        await after.stop()


async def test_the_drawer_tells_what_the_bot_api_refused(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await bot.does("sendMessage", chat_id=ada.user_id, text="fine")
    with pytest.raises(AssertionError, match="chat not found"):
        await bot.does("sendMessage", chat_id=987654, text="to nobody")
    await page.goto(sandbox.url)
    await page.get_by_role("button", name="Developer tools").click()
    drawer = page.get_by_role("complementary", name="Developer tools")
    await expect(drawer.get_by_role("listitem")).to_have_count(2)
    await drawer.get_by_label("Refused only").check()
    await expect(drawer.get_by_role("listitem")).to_have_count(1)
    await expect(drawer).to_contain_text("chat not found")


async def test_a_preset_of_faults_comes_into_force(page: Page, sandbox: Sandbox, ada: Person) -> None:
    await page.goto(sandbox.url)
    await page.get_by_role("button", name="Developer tools").click()
    await page.get_by_role("tab", name="Faults").click()
    await page.get_by_role("button", name="Often limited").click()
    await expect(page.get_by_role("slider", name="429 too many")).to_have_value("25")
    assert sandbox.faults.plan.too_many == 0.25


async def test_the_words_of_the_page_change_language(page: Page, sandbox: Sandbox) -> None:
    await page.goto(sandbox.url)
    await expect(page.get_by_role("heading", name="Nobody lives here yet")).to_be_visible()
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", name="这里还没有人")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="这里还没有人")).to_be_visible()


async def test_someone_added_on_the_page_gets_a_phone(page: Page, sandbox: Sandbox) -> None:
    await page.goto(sandbox.url)
    await page.get_by_role("main").get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog", name="Add a person")
    await dialog.get_by_label("First name").fill("Ada")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(phone_of(page, "Ada")).to_be_visible()
    assert [person.user_id for person in sandbox.people]


async def test_a_group_is_spoken_in_by_whoever_is_chosen(page: Page, sandbox: Sandbox, bot: Bot) -> None:
    ada, ben = (sandbox.add_person(first_name=name) for name in ("Ada", "Ben"))
    sandbox.add_group("House 3", members=[ada, ben], creator=ada)
    await bot.hears()
    await page.goto(sandbox.url)
    phone = phone_of(page, "House 3")
    for name in ("Ada", "Ben"):
        await phone.get_by_role("group", name="Speaking").get_by_role("button", name=name).click()
        await box_on(phone).fill(f"{name} was here")
        await box_on(phone).press("Enter")
        heard = await bot.hears()
        assert (heard["from"]["first_name"], heard["text"]) == (name, f"{name} was here")


async def test_a_phone_follows_a_group_that_becomes_a_supergroup(page: Page, sandbox: Sandbox) -> None:
    ada = sandbox.add_person(first_name="Ada")
    group = sandbox.add_group("House 3", members=[ada], creator=ada)
    await page.goto(sandbox.url)
    phone = phone_of(page, "House 3")
    await phone.get_by_role("button", name="More").first.click()
    await page.get_by_role("menuitem", name="Becomes a supergroup").click()
    await expect(phone).not_to_have_attribute("data-chat", str(group.chat_id))
    await box_on(phone).fill("still here")
    await box_on(phone).press("Enter")
    await expect(phone.get_by_role("log")).to_contain_text("still here")


async def test_someone_who_blocked_the_bot_must_unblock_it_to_write(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await phone.get_by_role("button", name="More").first.click()
    await page.get_by_role("menuitem", name="Block the bot").click()
    await expect(box_on(phone)).to_be_hidden()
    assert (await bot.hears("my_chat_member"))["new_chat_member"]["status"] == "kicked"
    await phone.get_by_role("button", name="Unblock").click()
    await expect(box_on(phone)).to_be_visible()


async def test_marks_within_marks_and_links_to_the_bot_are_drawn(
    page: Page, sandbox: Sandbox, ada: Person, bot: Bot
) -> None:
    await bot.hears()
    await page.goto(sandbox.url)
    await bot.does(
        "sendMessage",
        chat_id=ada.user_id,
        text='😀 <b>one <i>two</i></b> <tg-spoiler>key</tg-spoiler> <a href="https://t.me/echo_bot?start=n-7">open</a>',
        parse_mode="HTML",
    )
    log = phone_of(page, "Ada").get_by_role("log")
    await expect(log.locator("strong em")).to_have_text("two")
    await expect(log.locator("strong")).to_have_text("one two")
    spoiler = log.get_by_role("button", name="key")
    await expect(spoiler).to_have_css("color", "rgba(0, 0, 0, 0)")
    await spoiler.click()
    await expect(spoiler).not_to_have_css("color", "rgba(0, 0, 0, 0)")
    await log.get_by_role("button", name="open").click()
    assert (await bot.hears())["text"] == "/start n-7"


async def test_what_could_not_be_done_is_said_and_what_was_typed_stays(
    page: Page, sandbox: Sandbox, ada: Person
) -> None:
    await page.goto(sandbox.url)
    phone = phone_of(page, "Ada")
    await expect(phone.get_by_role("log")).to_contain_text("/start")
    await page.route("**/sandbox/act", lambda route: route.abort())
    await box_on(phone).fill("lost on the way?")
    await box_on(phone).press("Enter")
    await expect(phone.get_by_role("status")).to_contain_text("That did not work")
    await expect(box_on(phone)).to_have_value("lost on the way?")
