"""A sheet read beside everything else, portion by portion: a short one in a thread, a long one in a process of its own.

Knows which of the two, and that nothing of it is left whatever becomes of who reads; how a file becomes rows is
``sheets``'.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, Protocol

from bot.settings_model import ENVIRONMENT_PREFIX
from domain.base import Refused
from domain.imports import MOST_LISTED
from domain.sheet_columns import Header, ImportKind, Problem
from sheets import apart
from sheets.lines import Limits
from sheets.opening import Sheet, opened
from sheets.rows import merged, next_rows
from storage.import_rows import PORTION, Portion

SHORT = 256 * 1024
"""Bytes up to which a sheet is read in a thread: sooner done than a process of its own has started."""


class Reading(Protocol):
    """A sheet that is being read. ``merged`` are merged cells below its header, known when it has come to its end."""

    header: Header
    merged: list[Problem]

    def portions(self) -> AsyncGenerator[Portion[Any], None]:
        """Its rows, once. Raises Refused where the file is damaged."""
        ...


@asynccontextmanager
async def reading(
    source: Path | bytes, *, kind: ImportKind | None, limits: Limits, short: int = SHORT
) -> AsyncIterator[Reading]:
    """The sheet whose headings fit ``kind`` (None: units or people). Raises Refused with what is wrong with the file."""
    size = await asyncio.to_thread(lambda: source.stat().st_size if isinstance(source, Path) else len(source))
    if size <= short or size > limits.most_bytes:
        with closing(await asyncio.to_thread(opened, source, kind=kind, limits=limits)) as sheet:
            yield _InThread(sheet)
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # Nothing from the folder that the program happens to be started in.
        "-P",
        "-m",
        "sheets",
        env=_environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # What is typed to end the program is for the program, which ends this one.
        start_new_session=True,
    )
    try:
        asked = apart.Asked(source, kind, limits, rows=PORTION, merged=MOST_LISTED)
        assert process.stdin is not None  # noqa: S101 - asked for as a pipe
        process.stdin.write(apart.packed(asked))
        with suppress(ConnectionError):
            # Who has ended already tells by its silence.
            await process.stdin.drain()
        found = await _told(process)
        if not isinstance(found, apart.Opened):
            raise AssertionError("the first that is told of a sheet is its header")
        yield _Apart(process, found.header)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())


def _environment() -> dict[str, str]:
    """Where its modules lie, and none of the program's secrets: what it reads is a stranger's."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
    return {**rest, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


class _InThread:
    def __init__(self, sheet: Sheet) -> None:
        self.header = sheet.header
        self.merged: list[Problem] = []
        self._sheet = sheet

    async def portions(self) -> AsyncGenerator[Portion[Any], None]:
        """The next portion is read while the last is worked on."""
        ahead = asyncio.create_task(asyncio.to_thread(next_rows, self._sheet, PORTION))
        try:
            while rows := await ahead:
                ahead = asyncio.create_task(asyncio.to_thread(next_rows, self._sheet, PORTION))
                yield Portion(rows)
        finally:
            # Nobody reads in a sheet that is closed.
            await asyncio.gather(ahead, return_exceptions=True)
        self.merged = merged(self._sheet, MOST_LISTED)


class _Apart:
    def __init__(self, process: asyncio.subprocess.Process, header: Header) -> None:
        self.header = header
        self.merged: list[Problem] = []
        self._process = process

    async def portions(self) -> AsyncGenerator[Portion[Any], None]:
        while isinstance(found := await _told(self._process), apart.Rows):
            yield Portion(found.lines(self.header.kind))
        if not isinstance(found, apart.Ended):
            raise AssertionError("the last that is told of a sheet is its end")
        self.merged = found.merged


async def _told(process: asyncio.subprocess.Process) -> apart.Opened | apart.Rows | apart.Ended:
    """The next that the process has to tell. Raises what it came upon, or that it has ended in the midst of it."""
    assert process.stdout is not None  # noqa: S101 - asked for as a pipe
    try:
        (length,) = apart.LENGTH.unpack(await process.stdout.readexactly(apart.LENGTH.size))
        message: apart.Message = apart.unpacked(await process.stdout.readexactly(length))
    except asyncio.IncompleteReadError as error:
        raise RuntimeError(f"who read the sheet ended with {await process.wait()}") from error
    match message:
        case apart.No(key, params):
            raise Refused(key, **params)
        case apart.Failed(trace):
            raise RuntimeError(f"the sheet could not be read:\n{trace}")
    return message
