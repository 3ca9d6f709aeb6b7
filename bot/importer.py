"""Carries imports out beside everything else: a sheet from a chat or from the command line, read, checked, brought in.

Knows the order of the steps, what is told to whom, and when. Each step is the store's (``store.imports``), so that a
kill loses nothing but time. One import is at work in all processes on a database: whoever holds the lease.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import structlog

from bot.reading import Reading, reading
from domain.base import Actor, Refused, Scalar
from domain.imports import MOST_LISTED, ImportBatch, ImportState
from domain.rulebook import Rulebook
from domain.sheet_columns import ImportKind, Problem
from handlers.speaker import Speaker
from handlers.turn import no_files
from sheets.lines import Limits, Line
from sheets.opening import opened
from storage.engine import DatabaseAwayError
from storage.import_rows import PORTION
from storage.importing import ImportEndedError
from storage.outbox import Reply
from storage.unit import Store
from views import imports as screens
from views import sheets
from views.catalogue import Texts
from views.message import Reader, Upload
from views.safe import plain
from views.voice import Voice

log = structlog.get_logger(__name__)

SPAN = timedelta(minutes=1)
"""Silence after which another process may take an import over."""
KEPT = timedelta(seconds=15)
TOLD = timedelta(seconds=3)
"""How often a card shows how far it is."""
AGAIN_SECONDS = 1.0
SAID_ROWS = 5000
AT_ONCE = 3
"""Portions of people that are brought in side by side: a server of PostgreSQL has more than one processor."""

Tell = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Report:
    """What a check found: rows that are new or different, or what is wrong. ``unknown`` columns were not read."""

    kind: ImportKind
    rows: int = 0
    added: int = 0
    changed: int = 0
    problems: int = 0
    listed: list[Problem] = field(default_factory=list)
    of_all: dict[int, list[Problem]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


async def say_nothing(words: str) -> None:
    """For who does not listen."""


class Importer:
    """The one that works on imports in this process. ``run`` serves what is asked for in chats."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        limits: Limits,
        rules: Rulebook,
        texts: Texts,
        speaker: Speaker | None = None,
        fetch: Callable[[str], Awaitable[bytes]] = no_files,
        is_dead: Callable[[str], bool] = lambda holder: False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._imports = store.imports
        self._now = now
        self._limits = limits
        self._rules = rules
        self._texts = texts
        self._speaker = speaker
        self._fetch = fetch
        self._is_dead = is_dead
        self._sleep = sleep
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._alone = asyncio.Lock()
        self._woken = asyncio.Event()
        self._fence = 0
        self._kept = self._told = now()

    @property
    def idle(self) -> bool:
        """Whether nothing is being worked on, as far as is known."""
        return not (self._woken.is_set() or self._alone.locked())

    def wake(self) -> None:
        """Something was asked for."""
        self._woken.set()

    async def run(self) -> None:
        """Work on what is asked for in chats, and first on what was left behind, until cancelled."""
        self._woken.set()
        while True:
            await self._woken.wait()
            async with self._alone:
                self._woken.clear()
                finished = await self._tried()
            if not finished:
                await self._sleep(AGAIN_SECONDS)
                self._woken.set()

    async def _tried(self) -> bool:
        try:
            return await self._work()
        except (DatabaseAwayError, ImportEndedError) as error:
            log.warning("an import waits", reason=str(error))
        except Exception:
            log.exception("imports failed")
        return False

    async def _work(self) -> bool:
        """False when another process is at it."""
        if await self._imports.waiting() is None:
            return True
        if not await self._take_lease():
            return False
        try:
            while (batch := await self._imports.waiting()) and batch.state is not ImportState.CHECKED:
                await self._go_on(batch)
        finally:
            await self._imports.keep_lease(self._fence, now=self._now(), span=timedelta())
        return True

    async def _go_on(self, batch: ImportBatch) -> None:
        """One step of a chat's import; what an ended process left half-done comes to its end."""
        asked = batch.by_id is not None and batch.done == 0
        try:
            if batch.state is ImportState.STAGING and asked:
                await self._check_from_chat(batch)
            elif batch.state is ImportState.APPLYING and asked:
                await self._bring_in(batch, say_nothing)
            elif batch.state in (ImportState.STAGING, ImportState.APPLYING):
                await self._drop(batch, "import.interrupted", {"name": batch.file.get("name", "")})
        except Refused as refused:
            await self._drop(batch, refused.key, refused.params)
        except ImportEndedError as error:
            log.warning("an import ended early", batch=batch.id, reason=str(error))
        except (DatabaseAwayError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("import failed", batch=batch.id)
            await self._drop(batch, "import.failed", {})
        await self._imports.end(batch.id, now=self._now())

    async def _drop(self, batch: ImportBatch, key: str, params: Mapping[str, Scalar]) -> None:
        reader = await self._imports.reader(batch, now=self._now())
        replies = (
            (Reply("import.refused", reader.telegram_id, params={**params, "key": key}),)
            if reader.telegram_id
            else ()
        )
        await self._imports.drop(batch.id, now=self._now(), replies=replies)

    # --- from the command line ---------------------------------------------------------------------------------------

    async def carry_out(
        self, source: Path, *, kind: ImportKind, dry_run: bool, tell: Tell = say_nothing
    ) -> Report:
        """The whole import of a file. With mistakes, or on a ``dry_run``, nothing of it stays.

        Raises Refused with what is wrong with the file, or when another import is not over.
        """
        if self._alone.locked():
            raise Refused("import.busy")
        async with self._alone:
            if not await self._take_lease():
                raise Refused("import.busy")
            try:
                await self._imports.sweep(now=self._now())
                return await self._carried_out(source, kind=kind, dry_run=dry_run, tell=tell)
            finally:
                await self._imports.keep_lease(self._fence, now=self._now(), span=timedelta())

    async def _carried_out(self, source: Path, *, kind: ImportKind, dry_run: bool, tell: Tell) -> Report:
        batch_id = await self._imports.begin(kind, now=self._now())
        try:
            report = await self._check(batch_id, source, kind, tell)
            if not (dry_run or report.problems):
                await self._imports.confirm(batch_id, now=self._now())
                await self._bring_in(await self._imports.batch(batch_id), tell)
        except DatabaseAwayError:
            raise
        except BaseException:
            await self._imports.drop(batch_id, now=self._now())
            await self._imports.end(batch_id, now=self._now())
            raise
        if dry_run:
            await self._imports.drop(batch_id, now=self._now())
        await self._imports.end(batch_id, now=self._now())
        return report

    # --- checking ----------------------------------------------------------------------------------------------------

    async def _check(
        self, batch_id: int, source: Path | bytes, kind: ImportKind | None, tell: Tell
    ) -> Report:
        """Read the whole sheet, keep what its rows come to, and write down how that ended."""
        async with reading(source, kind=kind, limits=self._limits) as sheet:
            return await self._stage(batch_id, sheet, tell)

    async def _stage(self, batch_id: int, sheet: Reading, tell: Tell) -> Report:
        header = sheet.header
        if header.missing:
            raise Refused("import.columns_missing", kind=header.kind, columns=",".join(header.missing))
        report = Report(header.kind, unknown=header.unknown)
        staging = await self._imports.staging(batch_id, header.kind, now=self._now())
        try:
            async with aclosing(sheet.portions()) as portions:
                async for portion in portions:
                    verdict = await self._imports.stage(staging, portion)
                    before = report.rows
                    report.rows += len(portion.rows)
                    report.added += verdict.added
                    report.changed += verdict.changed
                    report.problems += verdict.problems
                    report.listed += verdict.listed[: MOST_LISTED - len(report.listed)]
                    if report.rows // SAID_ROWS > before // SAID_ROWS:
                        await tell(f"{report.rows} rows read")
                    await self._show_progress(batch_id)
            late = [*sheet.merged, *await self._imports.look_over(staging)]
        finally:
            await staging.ended()
        if not report.rows:
            raise Refused("import.no_rows")
        for problem in late:
            report.of_all.setdefault(problem.line, []).append(problem)
        report.problems += len(late)
        report.listed = sorted([*report.listed, *late], key=lambda found: found.line)[:MOST_LISTED]
        await self._imports.checked(
            batch_id,
            rows=report.rows,
            added=report.added,
            changed=report.changed,
            problems=report.problems,
            now=self._now(),
        )
        return report

    async def _check_from_chat(self, batch: ImportBatch) -> None:
        content = await self._fetch(batch.file["id"])
        report = await self._check(batch.id, content, None, say_nothing)
        reader = await self._imports.reader(batch, now=self._now())
        if not reader.telegram_id or self._speaker is None:
            return
        voice = self._voice(reader)
        if report.problems:
            copy = await self._copy(batch, content, report, voice)
            message = screens.faulty(
                report.kind,
                report.listed,
                count=report.problems,
                unknown=report.unknown,
                upload=copy,
                voice=voice,
            )
            await self._speaker.send(reader.telegram_id, message)
        elif report.unknown:
            await self._speaker.send(reader.telegram_id, screens.unread(report.unknown, voice=voice))

    async def _copy(self, batch: ImportBatch, content: bytes, report: Report, voice: Voice) -> Upload:
        """The sheet as it came, with what is wrong beside each row."""
        # Out of memory: there is nothing to be closed.
        sheet = await asyncio.to_thread(opened, content, kind=report.kind, limits=self._limits)
        names = dict.fromkeys(range(max(sheet.header.places.values()) + 1), "")
        names |= {
            place: screens.column_name(report.kind, key, voice=voice)
            for key, place in sheet.header.places.items()
        }
        book = sheets.marked(
            list(names.values()),
            title=plain(voice.term("import.kind", report.kind)),
            problem=plain(voice.say("import.problem_column")),
        )
        told, upto = await self._imports.problems(batch.id, line=-1)
        while lines := await asyncio.to_thread(lambda: list(islice(sheet.lines, PORTION))):
            while upto is not None and upto < lines[-1].number:
                more, last = await self._imports.problems(batch.id, line=upto)
                told, upto = [*told, *more], last
            await asyncio.to_thread(book.add, _beside(lines, told, report, voice))
            told = [problem for problem in told if problem.line > lines[-1].number]
            await self._keep_lease()
        return Upload(
            f"{Path(batch.file['name']).stem}-{plain(voice.say('import.problem_column'))}.xlsx",
            await asyncio.to_thread(book.content),
        )

    # --- bringing in ---------------------------------------------------------------------------------------------------

    async def _bring_in(self, batch: ImportBatch, tell: Tell) -> None:
        """Everything unseen, then all of it there at once."""
        # A tree is brought in from the top, a level or more each time it is gone through.
        done, before = 0, -1
        while done < batch.added and done != before:
            before, done = done, await self._gone_through(batch, tell, done)
        await self._imports.flip(batch, now=self._now())
        await tell("it is live")

    async def _gone_through(self, batch: ImportBatch, tell: Tell, done: int) -> int:
        """Bring in what can be, portion by portion, some at a time. Returns how many there are then."""
        line = -1
        reading = asyncio.Lock()

        async def work() -> None:
            nonlocal line, done
            while True:
                async with reading:
                    if (lines := await self._imports.portion_below(batch, line)) is None:
                        return
                    line = lines.upto
                made = await self._imports.bring_in(batch, lines)
                before, done = done, done + made
                if done // SAID_ROWS > before // SAID_ROWS:
                    await tell(f"{done} of {batch.added} new rows brought in")
                await self._show_progress(batch.id)

        at_once = AT_ONCE if batch.kind is ImportKind.PEOPLE else 1
        workers = [asyncio.create_task(work()) for _ in range(at_once)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return done

    # --- small things ---------------------------------------------------------------------------------------------------

    async def _take_lease(self) -> bool:
        now = self._now()
        async with self._imports.sweeping:
            fence = await self._imports.take_lease(
                holder=self._holder, now=now, span=SPAN, is_dead=self._is_dead
            )
        self._fence, self._kept, self._told = fence or 0, now, now
        return fence is not None

    async def _keep_lease(self) -> None:
        if self._now() - self._kept >= KEPT:
            self._kept = self._now()
            await self._imports.keep_lease(self._fence, now=self._kept, span=SPAN)

    async def _show_progress(self, batch_id: int) -> None:
        await self._keep_lease()
        if self._now() - self._told >= TOLD:
            self._told = self._now()
            await self._imports.show_progress(batch_id, now=self._told)

    def _voice(self, reader: Actor) -> Voice:
        return Voice(
            self._texts,
            Reader(reader.language, reader.name, reader.person_id, reader),
            self._rules,
            self._now(),
        )

    def sentence(self, kind: ImportKind, problem: Problem) -> str:
        """A mistake for the operator."""
        return plain(screens.told(kind, problem, voice=self._english))

    def refusal(self, refused: Refused) -> str:
        """Why a file is not taken, for the operator."""
        return plain(screens.refusal(refused.key, refused.params, voice=self._english))

    @property
    def _english(self) -> Voice:
        return self._voice(Actor(language="en"))


def _beside(lines: Sequence[Line], told: Sequence[Problem], report: Report, voice: Voice) -> list[list[str]]:
    by_line: dict[int, list[Problem]] = {}
    for problem in told:
        by_line.setdefault(problem.line, []).append(problem)
    return [
        [
            screens.beside(
                report.kind,
                [*by_line.get(line.number, ()), *report.of_all.get(line.number, ())],
                voice=voice,
            ),
            *line.cells,
        ]
        for line in lines
    ]
