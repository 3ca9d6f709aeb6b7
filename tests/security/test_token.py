"""The bot's token through every failing path of the whole program: in no line of any log, and not on standard error."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog

from bot.app import App, StartError
from bot.logs import configure
from bot.setting_values import DatabaseUrl
from bot.settings import Settings
from bot.settings_model import DatabaseSettings, HttpSettings, LimitsSettings, LogSettings, TelegramSettings
from sandbox import Sandbox
from sandbox.faults import Fault, FaultPlan
from storage.database import Location
from storage.unit import Store
from tests.support.databases import on_sqlite

pytestmark = on_sqlite

KEY = "AAHnobodyshouldeverreadthisinanylog"
TOKEN = f"7654321098:{KEY}"
PAGES = ("getMe", "sendMessage", "answerCallbackQuery", "setMyCommands", "getUpdates", "editMessageText")


@pytest.fixture(params=["console", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Everything the program says of itself, as the operator would see it at the most talkative level."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers), sys.excepthook, threading.excepthook)
    levels = {
        name: logger.level
        for name, logger in root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    root.handlers[:] = []
    stream = io.StringIO()
    # Nobody told the log which text is secret: it has to know a token by its shape, whatever cuts it.
    configure(LogSettings(level="debug", format=request.param), secrets=[TOKEN], stream=stream)
    yield stream
    logging.captureWarnings(False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    sys.excepthook, threading.excepthook = before[2], before[3]
    for name, logger in root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger):
            logger.setLevel(levels.get(name, logging.NOTSET))
    structlog.reset_defaults()


class Fragile(Store):
    """A store whose look-ups fail while ``failing``, with an error that knows the token."""

    failing = False

    async def opening(self, *args: Any, **named: Any) -> Any:
        """Fails, as a library would that puts the address into its error."""
        if self.failing:
            raise RuntimeError(f"POST https://api.telegram.org/bot{TOKEN}/sendMessage broke")
        return await super().opening(*args, **named)


@pytest.fixture
def settings(location: Location) -> Settings:
    """Of a bot that waits for nothing."""
    return Settings(
        database=DatabaseSettings(url=DatabaseUrl(location.url.render_as_string(hide_password=False))),
        http=HttpSettings(listen=""),
        # A poll that a sandbox left open when it went is over after a second and the patience of the wire.
        telegram=TelegramSettings(limits_enabled=False, poll_seconds=1),
        limits=LimitsSettings(enabled=False),
    )


async def at_once(seconds: float) -> None:
    """A pause that gives everybody else a turn: whoever looks once a second would otherwise do nothing but look."""
    await asyncio.sleep(0.02)


def secrets_in(*texts: str) -> list[str]:
    """The shapes of the token in a text."""
    shapes = (TOKEN, KEY, quote(TOKEN, safe=""), quote(TOKEN), TOKEN.replace(":", "\\u003a"))
    return [shape for text in texts for shape in shapes if shape in text]


def faults() -> Iterator[FaultPlan]:
    """Each thing that can go wrong with each call, one after the other."""
    for method in PAGES[1:]:
        for kind in ("cut", "too_many", "server_error", "drop", "malformed"):
            yield FaultPlan(script=(Fault(kind, nth=1, method=method, seconds=0),))


async def until(happened: Callable[[], bool]) -> None:
    """Wait, within reason."""
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 - what happens has no event of its own
            await asyncio.sleep(0.002)


async def test_the_token_is_in_no_line_of_the_log(
    log: io.StringIO, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    async with Sandbox(token=TOKEN, sleep=at_once) as telegram:
        app = App(settings, token=TOKEN, base_url=telegram.url, sleep=at_once, store=Fragile)
        await app.start()
        ada = telegram.add_person(first_name="Ada", language_code="en")
        try:
            for number, plan in enumerate(faults()):
                telegram.plan_faults(plan)
                await ada.start()
                await ada.forges(f"nothing.known:{number}", 1)
                await until(lambda: not telegram.pending_updates and app.dispatcher.idle)
            telegram.plan_faults(FaultPlan())
            assert isinstance(app.store, Fragile)
            app.store.failing = True
            await ada.sends("this breaks")
            await until(
                lambda: "quarantined=True" in log.getvalue() or '"quarantined": true' in log.getvalue()
            )
            app.store.failing = False
        finally:
            app.stop()
            await app.run()
    written = log.getvalue()
    assert "Traceback" in written
    assert "RuntimeError" in written
    assert "polling pauses" in written
    assert not secrets_in(written, *capfd.readouterr())


async def test_a_telegram_that_cannot_be_reached_is_logged_without_the_token(
    log: io.StringIO, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    app = App(settings, token=TOKEN, base_url="http://127.0.0.1:1", sleep=at_once)
    starting = asyncio.create_task(app.start())
    await until(lambda: log.getvalue().count("cannot be reached yet") > 2)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    assert not secrets_in(log.getvalue(), *capfd.readouterr())


async def test_a_refused_token_is_named_in_no_error(
    log: io.StringIO, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    async with Sandbox(token="1:another") as telegram:
        app = App(settings, token=TOKEN, base_url=telegram.url, sleep=at_once)
        with pytest.raises(StartError, match="refuses the token") as refused:
            await app.start()
    logging.getLogger("linli").error("it ended", exc_info=refused.value)
    assert not secrets_in(
        log.getvalue(), str(refused.value), repr(refused.value.__cause__), *capfd.readouterr()
    )
    context = refused.value.__context__
    assert refused.value.__suppress_context__ or context is None


async def test_a_token_that_stops_working_ends_the_bot_without_telling_it(
    log: io.StringIO, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    async with Sandbox(token=TOKEN, sleep=at_once) as telegram:
        app = App(settings, token=TOKEN, base_url=telegram.url, sleep=at_once)
        await app.start()
        port = int(telegram.url.rpartition(":")[2])
        await telegram.stop()
        other = Sandbox(token="1:another")
        await other.start(port=port)
        try:
            with pytest.raises(StartError, match="no longer takes the token"):
                await asyncio.wait_for(app.run(), 60)
        finally:
            await other.stop()
            await telegram.start()
    written = log.getvalue()
    assert not secrets_in(written, *capfd.readouterr())
    if written.startswith("{"):
        assert all(json.loads(line) for line in written.splitlines())
