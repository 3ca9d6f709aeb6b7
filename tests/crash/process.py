"""The driver's side of the bot's process: ordering a life, knowing when it is ready, killing it, hearing of its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Life:
    """One run of the bot, from its start to its end."""

    def __init__(self) -> None:
        self.pid = 0
        self.began = asyncio.Event()
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()
        self.code: int | None = None

    @property
    def was_killed(self) -> bool:
        """Whether a SIGKILL ended it."""
        return self.code == -signal.SIGKILL

    async def stop(self) -> None:
        """End it in order, and wait until nothing of it is left. A life that has ended is left alone."""
        await self.began.wait()
        if not self.ended.is_set():
            os.kill(self.pid, signal.SIGTERM)
        await self.ended.wait()

    async def kill(self) -> None:
        """Kill -9, and wait until nothing of it is left. A life that has ended is left alone."""
        await self.began.wait()
        if not self.ended.is_set():
            os.kill(self.pid, signal.SIGKILL)
        await self.ended.wait()


class Nursery:
    """The process that makes bots, by the module that is their ``target``. One lives at a time."""

    def __init__(self, folder: Path, *, target: str = "tests.crash.target") -> None:
        self._folder = folder
        self._target = target
        self._life: Life | None = None

    async def __aenter__(self) -> Nursery:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
        # In a folder without a config.toml, so that nothing but the order sets anything.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._target,
            cwd=self._folder,
            env={**kept, "PYTHONPATH": str(ROOT), "PTB_TIMEDELTA": "true"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.clear()
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._listener

    async def begin(self, environment: Mapping[str, str]) -> Life:
        """Start a bot with these variables; the one before must have ended."""
        assert self._process.stdin is not None
        assert self._life is None or self._life.ended.is_set(), "one bot at a time"
        self._life = Life()
        self._process.stdin.write(json.dumps(dict(environment)).encode() + b"\n")
        await self._life.began.wait()
        return self._life

    async def clear(self) -> None:
        """Let no bot live on."""
        if self._life is not None:
            await self._life.kill()

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            life = self._life
            assert life is not None
            if "began" in said:
                life.pid = said["began"]
                life.began.set()
            elif "ready" in said:
                life.ready.set()
            else:
                life.code = said["code"]
                life.ended.set()
        if self._life is not None and not self._life.ended.is_set():
            # The nursery itself is gone: whoever waits must not wait for ever.
            self._life.began.set()
            self._life.ended.set()
