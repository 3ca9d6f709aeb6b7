"""`python -m sandbox`: the sandbox by itself, for any bot."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from pathlib import Path

from sandbox.errors import ActError
from sandbox.server import Sandbox


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox", description="A Telegram on this machine for one bot.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081, help="0 takes any free port")
    parser.add_argument("--token", default="1:sandbox", help="the token the bot must use")
    parser.add_argument("--name", default="Sandbox", help="the bot's name")
    parser.add_argument("--username", default="sandbox_bot", help="the bot's username")
    parser.add_argument("--state", type=Path, help="a file in which everything survives a restart")
    parser.add_argument("--people", type=Path, help="a JSON list of people to begin with")
    parser.add_argument("--limits", action="store_true", help="hold the bot to Telegram's rate limits")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options))
    except (OSError, ValueError, TypeError, ActError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    sandbox = Sandbox(
        token=options.token,
        bot_name=options.name,
        bot_username=options.username,
        state_file=options.state,
        limits=options.limits,
        seed=options.seed,
        numbers_from=int(time.time()),
    )
    if options.people and not sandbox.world.people:
        for person in json.loads(options.people.read_text(encoding="utf-8")):
            sandbox.add_person(**person)
    await sandbox.start(host=options.host, port=options.port)
    sys.stdout.write(f"page     {sandbox.url}/\nBot API  {sandbox.url}/bot{options.token}/\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    await sandbox.stop()


if __name__ == "__main__":
    sys.exit(main())
