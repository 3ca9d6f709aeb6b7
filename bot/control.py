"""A command that writes while the bot runs asks the bot, over a Unix socket only its own user may open.

One line of JSON each way, after as many lines about its progress as the command likes to say. What the commands do is ``commands.py``'s.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger(__name__)

Tell = Callable[[str], Awaitable[None]]
"""Says how far a long command is."""
Answerer = Callable[[str, Mapping[str, Any], Tell], Awaitable[dict[str, Any]]]

MOST_BYTES = 64 * 1024 * 1024
_LONGEST_PATH = 100
"""Unix refuses socket paths over about 108 bytes."""


class CommandError(Exception):
    """The command cannot be carried out. The text is for the operator, with the mend."""


def socket_path(database: Path) -> Path:
    """Beside the database, or under the temporary directory where that path would be too long for a socket."""
    beside = database.resolve().with_name(database.name + ".sock")
    if len(os.fsencode(beside)) <= _LONGEST_PATH:
        return beside
    name = hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"linli-{os.getuid()}" / f"{name}.sock"


class ControlServer:
    """Listens while the bot runs."""

    def __init__(self, path: Path, answer: Answerer) -> None:
        self._path = path
        self._answer = answer
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Open the socket. The writer's lock is held, so a file that is there belongs to nobody."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path=self._path, limit=MOST_BYTES)
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Close the socket and remove its file."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def tell(words: str) -> None:
            # Who no longer listens has not taken the command back.
            with suppress(ConnectionError):
                writer.write(json.dumps({"progress": words}).encode() + b"\n")
                await writer.drain()

        try:
            asked = json.loads(await reader.readline())
            answer = await self._answer(str(asked["command"]), asked.get("arguments") or {}, tell)
        except CommandError as error:
            answer = {"error": str(error)}
        except Exception as error:
            log.exception("command failed")
            answer = {"error": f"the command failed: {type(error).__name__}; the bot's log says more"}
        try:
            writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        except ConnectionError:
            log.info("nobody heard the command's answer")
        finally:
            writer.close()


async def ask(
    path: Path,
    command: str,
    arguments: Mapping[str, Any],
    *,
    tell: Callable[[str], None] = lambda words: None,
) -> dict[str, Any]:
    """Ask the running bot. Raises CommandError when it refuses or cannot be asked."""
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=MOST_BYTES)
    except OSError as error:
        raise CommandError(
            f"the running bot cannot be asked at {path} ({error.strerror or error}). "
            "Run the command as the same user, or stop the bot first."
        ) from error
    try:
        writer.write(json.dumps({"command": command, "arguments": dict(arguments)}).encode() + b"\n")
        await writer.drain()
        while line := await reader.readline():
            answer: dict[str, Any] = json.loads(line)
            if "progress" not in answer:
                break
            tell(answer["progress"])
    finally:
        writer.close()
    if not line:
        raise CommandError("the running bot closed the connection without an answer; look at its log")
    if "error" in answer:
        raise CommandError(answer["error"])
    return answer
