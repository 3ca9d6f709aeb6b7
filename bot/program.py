"""``linli run`` from start to end: the sandbox where no token is set, signals, and what is printed when it is ready."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.app import App, StartError
from bot.collector import look_rarely
from bot.settings import Settings

if TYPE_CHECKING:
    from sandbox.server import Sandbox

log = structlog.get_logger(__name__)

SANDBOX_TOKEN = "1:sandbox"  # noqa: S105 - opens nothing but the sandbox of this machine


async def run_program(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises what ``App.start`` and ``App.run`` raise."""
    if settings.telegram.token.get_secret_value():
        await _run(App(settings))
        return
    from sandbox.server import Sandbox

    state = Path(settings.sandbox.state) if settings.sandbox.state else None
    if state is not None:
        state.parent.mkdir(parents=True, exist_ok=True)
    try:
        sandbox = Sandbox(
            token=SANDBOX_TOKEN,
            bot_name=f"邻里 · {settings.community.name}",
            bot_username="linli_bot",
            state_file=state,
            # A database that was restored, or outlived its sandbox, remembers the updates of an earlier one.
            numbers_from=int(time.time()),
        )
        await sandbox.start(port=settings.sandbox.port)
    except (OSError, ValueError) as error:
        raise StartError(
            f"the sandbox cannot start: {error}. Free port {settings.sandbox.port} or set another "
            "(sandbox.port, LINLI_SANDBOX__PORT); if its state file is broken, remove it (sandbox.state)."
        ) from error
    try:
        app = App(settings, token=SANDBOX_TOKEN, base_url=sandbox.url)
        await _run(app, sandbox=sandbox)
    finally:
        await sandbox.stop()


async def _run(app: App, *, sandbox: Sandbox | None = None) -> None:
    loop = asyncio.get_running_loop()
    starting = asyncio.current_task()
    started = False

    def asked() -> None:
        if started:
            app.stop()
        elif starting is not None:
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    try:
        if sandbox is not None and app.settings.sandbox.demo:
            from bot.demo import populate

            await app.start(before_intake=lambda: populate(app.store, sandbox, now=app.now()))
        else:
            await app.start()
    except asyncio.CancelledError:
        log.info("stopped before it was ready")
        return
    started = True
    look_rarely()
    if sandbox is not None:
        _welcome(sandbox.url)
    await app.run()


def _welcome(url: str) -> None:
    # For a person at a terminal, so not a line of the log.
    print(  # noqa: T201
        f"\n  邻里已就绪。请在浏览器打开：{url}\n"
        f"  Linli is ready. Open in your browser: {url}\n"
        "  （按 Ctrl+C 结束 · press Ctrl+C to stop）\n",
        flush=True,
    )
