"""Carrying an import out, portion by portion: staged, checked as a whole, brought in unseen, and there all at once.

Each step is a unit of work of its own, small enough that nobody waits for it long, and begins by looking whether the
import is still at its state, so that one that was dropped writes nothing more. A kill anywhere leaves a batch that is
not over: its lease runs out, and ``sweep`` drops it or, when it was live already, finishes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from domain.base import Actor, Event, Refresh, Refused, Role
from domain.imports import CARD, MOST_LISTED, WAITS_FOR_A_YES, ImportBatch, ImportState
from domain.rulebook import Rulebook
from domain.sheet_columns import ImportKind, Problem
from storage import audit, bring_people, import_people, import_units, leases, outbox
from storage.entities import load, next_id, next_numbers, save
from storage.import_rows import (
    CHANGE,
    PORTION,
    PROBLEMS,
    ImportEndedError,
    Lines,
    Portion,
    Scope,
    Staged,
    came_to,
    forget,
    forget_lines,
    keep,
    lines_after,
    problems_in,
    rows_with,
    staged_with,
    went_on,
)
from storage.imports import under_way
from storage.people import load_actors

__all__ = ["ImportEndedError", "Imports", "Portion", "Verdict"]

T = TypeVar("T")
Run = Callable[[Callable[[Connection], T]], Awaitable[T]]

LEASE = "import"
MOST_IN_FLIP = 1000
"""So many changes of what is there already take effect in the same moment as all that is new; more of them follow
portion by portion right after it."""
MOST_OF_ALL = 1000
"""Mistakes that only the whole shows and that are told; more of one kind would say the same."""

PEOPLE_TOGETHER = 125
"""Rows of people that one unit of work brings in, settles or takes back: SQLite's writer puts two such units into one
commit, and PostgreSQL looks three foreign keys up for each row it makes and writes two wide indexes when it settles."""
_LOOKED_AT = tuple(4**power * PORTION for power in range(1, 8))
"""Rows at which a database looks at the sizes of its tables."""

_COMPARED: Mapping[ImportKind, tuple[ModuleType, str]] = {
    ImportKind.UNITS: (import_units, "unit"),
    ImportKind.PEOPLE: (import_people, "person"),
}
"""Who compares rows with what is there, and the counter from which new ones are numbered."""
_BROUGHT: Mapping[ImportKind, ModuleType] = {
    ImportKind.UNITS: import_units,
    ImportKind.PEOPLE: bring_people,
}
"""Who brings them in."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a portion came to: rows that make something new or change something, and how many have mistakes."""

    added: int
    changed: int
    problems: int
    listed: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Staging:
    """An import that is being read: whose it is, where it may reach, and units looked up already."""

    batch_id: int
    kind: ImportKind
    scope: Scope
    cache: dict[str, Any] = field(default_factory=dict)
    kept_rows: int = 0
    last: list[Staged] = field(default_factory=list)
    """The rows that are being kept, or were kept last."""
    keeping: asyncio.Task[None] | None = None

    async def kept(self) -> None:
        """The last portion is kept. Raises whatever has prevented it."""
        keeping, self.keeping = self.keeping, None
        if keeping is not None:
            await keeping

    async def ended(self) -> None:
        """Nothing is being kept any more, however the reading ended."""
        if self.keeping is not None:
            await asyncio.gather(self.keeping, return_exceptions=True)


class Imports:
    """The steps of an import over one database. ``read`` and ``commit`` are the store's."""

    def __init__(
        self, read: Callable[..., Any], commit: Callable[..., Any], rules: Rulebook, grew: Callable[[], None]
    ) -> None:
        self._read: Run[Any] = read
        self._commit: Run[Any] = commit
        self._rules = rules
        self._grew = grew
        self.sweeping = asyncio.Lock()
        """Held while the clock has the lease for a moment: an import that begins in this process waits for it."""

    # --- one at a time ---------------------------------------------------------------------------------------------

    async def take_lease(
        self, *, holder: str, now: datetime, span: timedelta, is_dead: Callable[[str], bool]
    ) -> int | None:
        """The fence of who may work on imports now; None while another process does."""
        taken = await self._commit(
            lambda c: leases.acquire(c, LEASE, holder=holder, now=now, span=span, is_dead=is_dead)
        )
        return taken[0] if taken else None

    async def keep_lease(self, fence: int, *, now: datetime, span: timedelta) -> None:
        """Work on; with no ``span`` it is given up. Raises ImportEndedError when another process has taken over."""
        if not await self._commit(lambda c: leases.renew(c, LEASE, fence=fence, now=now, span=span)):
            raise ImportEndedError("another process works on imports")

    async def begin(self, kind: ImportKind, *, now: datetime) -> int:
        """A new import of the command line's. Raises Refused while another is not over."""

        def unit(connection: Connection) -> int:
            batch_id = next_id(connection, ImportBatch)
            if under_way(connection) is not None:
                raise Refused("import.busy")
            save(connection, (ImportBatch(batch_id, 0, kind, ImportState.STAGING, None, now),))
            _record(connection, "import.begun", batch_id, now)
            return batch_id

        return int(await self._commit(unit))

    async def waiting(self) -> ImportBatch | None:
        """The import that is not over, whatever it waits for."""
        found: ImportBatch | None = await self._read(under_way)
        return found

    async def batch(self, batch_id: int) -> ImportBatch:
        """An import. Raises ImportEndedError when there is none."""
        found: ImportBatch | None = await self._read(lambda c: load(c, ImportBatch, batch_id, lock=False))
        if found is None:
            raise ImportEndedError(f"there is no import {batch_id}")
        return found

    # --- staging ---------------------------------------------------------------------------------------------------

    async def staging(self, batch_id: int, kind: ImportKind, *, now: datetime) -> Staging:
        """Begin to stage, now that it is known what the sheet holds."""

        def unit(connection: Connection) -> Scope:
            batch = _at(connection, batch_id, ImportState.STAGING)
            save(connection, (replace(batch, kind=kind),))
            zone, skills = ZoneInfo(self._rules.time_zone), self._rules.skills_by_word()
            if batch.by_id is None:
                return Scope(None, None, now, zone, skills)
            actor = load_actors(connection, now, (batch.by_id,)).get(batch.by_id, Actor())
            paths = () if actor.suspended else tuple(h.path for h in actor.held if h.role is Role.ADMIN)
            return Scope(paths, batch.by_id, now, zone, skills)

        return Staging(batch_id, kind, await self._commit(unit))

    async def stage(self, staging: Staging, portion: Portion[Any]) -> Verdict:
        """Compare some rows with what is there, and begin to keep what they come to; those before are kept by then."""
        noun, _ = _COMPARED[staging.kind]

        def look(connection: Connection) -> list[Staged]:
            near = noun.around(connection, staging.batch_id, portion, staging.scope, staging.cache)
            near = near._replace(staged=staged_with(near.staged, staging.last))
            judged: list[Staged] = noun.judge(portion, near, staging.scope)
            return judged

        rows = await self._read(look)
        await staging.kept()
        staging.last = rows
        staging.keeping = asyncio.create_task(self._keep(staging, portion, rows))
        problems = [found for row in rows if row.is_bad for found in problems_in(row.line, row.data)]
        return Verdict(
            sum(row.fresh for row in rows),
            sum(CHANGE in row.data for row in rows),
            len(problems),
            tuple(problems[:MOST_LISTED]),
        )

    async def _keep(self, staging: Staging, portion: Portion[Any], rows: Sequence[Staged]) -> None:
        batch_id = staging.batch_id
        _, counter = _COMPARED[staging.kind]
        fresh = [row for row in rows if row.fresh]

        def unit(connection: Connection) -> None:
            came_to(connection, batch_id, portion.last_line, at=ImportState.STAGING)
            if fresh:
                numbers = next_numbers(connection, counter, len(fresh))
                for row, number in zip(fresh, numbers, strict=True):
                    row.row_id = number
            for row in rows:
                if row.of is not None:
                    row.row_id = row.of.row_id
            keep(connection, batch_id, rows)

        await self._commit(unit)
        await self._look_at_sizes(staging.kept_rows, len(rows), "import_row")
        staging.kept_rows += len(rows)

    async def look_over(self, staging: Staging) -> list[Problem]:
        """What is wrong that only the whole sheet shows."""
        noun, _ = _COMPARED[staging.kind]
        await staging.kept()
        found: list[Problem] = await self._read(
            lambda c: noun.problems_of_all(c, staging.batch_id, most=MOST_OF_ALL)
        )
        return found

    async def problems(self, batch_id: int, *, line: int) -> tuple[list[Problem], int | None]:
        """What is wrong with the next rows below a line, and up to which line that is all; None at the end."""

        def look(connection: Connection) -> tuple[list[Problem], int | None]:
            lines = lines_after(connection, batch_id, line, most=2000)
            if lines is None:
                return [], None
            rows = rows_with(connection, PROBLEMS, lines)
            return [problem for row in rows for problem in problems_in(row.line, row.data)], lines.upto

        result: tuple[list[Problem], int | None] = await self._read(look)
        return result

    async def checked(
        self, batch_id: int, *, rows: int, added: int, changed: int, problems: int, now: datetime
    ) -> None:
        """The check has come to its end: with mistakes the import is dropped, else it waits for a yes."""
        state = ImportState.DROPPED if problems else ImportState.CHECKED

        def unit(connection: Connection) -> int:
            batch = _at(connection, batch_id, ImportState.STAGING)
            batch = replace(
                batch, state=state, rows=rows, added=added, changed=changed, problems=problems, done=0
            )
            save(connection, (batch,))
            _record(connection, "import.checked", batch_id, now, rows=rows, problems=problems)
            return _refreshed(connection, batch_id, now)

        await self._tell(unit)

    async def confirm(self, batch_id: int, *, now: datetime) -> None:
        """The command line's yes."""

        def unit(connection: Connection) -> None:
            save(
                connection,
                (replace(_at(connection, batch_id, ImportState.CHECKED), state=ImportState.APPLYING),),
            )
            _record(connection, "import.confirmed", batch_id, now)

        await self._commit(unit)

    async def show_progress(self, batch_id: int, *, now: datetime) -> None:
        """Its card shows how far it is."""
        await self._tell(lambda connection: _refreshed(connection, batch_id, now))

    # --- bringing in -------------------------------------------------------------------------------------------------

    async def portion_below(self, batch: ImportBatch, line: int) -> Lines | None:
        """The next rows below ``line`` that are brought in together; None when there are none."""
        of_people = batch.kind is ImportKind.PEOPLE
        return await self._lines(batch.id, line, most=PEOPLE_TOGETHER if of_people else PORTION)

    async def bring_in(self, batch: ImportBatch, lines: Lines) -> int:
        """Bring in the new ones of these rows, unseen. Returns how many those were.

        A tree needs another round from its top while there were any. Raises Refused when somebody else has entered the
        same number or code meanwhile.
        """
        noun = _BROUGHT[batch.kind]

        def unit(connection: Connection) -> tuple[int, int]:
            _soon(connection)
            made: int = noun.bring_in(connection, lines)
            return made, went_on(connection, batch.id, made, at=ImportState.APPLYING)

        try:
            made, done = await self._commit(unit)
        except IntegrityError as error:
            raise Refused("import.clash") from error
        await self._look_at_sizes(done - made, made, "person", "household", "unit")
        return int(made)

    async def _lines(self, batch_id: int, line: int, *, most: int = PORTION) -> Lines | None:
        found: Lines | None = await self._read(lambda c: lines_after(c, batch_id, line, most=most))
        return found

    async def flip(self, batch: ImportBatch, *, now: datetime) -> None:
        """All of it is there, at once. Raises Refused when some of it is not: a server that failed has lost it."""
        changes = await self._changes(batch) if batch.changed <= MOST_IN_FLIP else []
        noun = _BROUGHT[batch.kind]

        def unit(connection: Connection) -> int:
            applied = _at(connection, batch.id, ImportState.APPLYING)
            if applied.done != applied.added:
                raise Refused("import.not_whole")
            live = replace(applied, state=ImportState.LIVE)
            save(connection, (live,))
            for row in changes:
                noun.change(connection, row)
            forget_lines(connection, batch.id, (row.line for row in changes))
            _record(
                connection,
                "import.live",
                batch.id,
                now,
                by=batch.by_id,
                added=live.added,
                changed=live.changed,
            )
            return _refreshed(connection, batch.id, now)

        await self._tell(unit)

    async def _changes(self, batch: ImportBatch) -> list[Staged]:
        found: list[Staged] = []
        line = -1
        while len(found) < batch.changed and (lines := await self._lines(batch.id, line, most=5000)):
            found += await self._read(partial(rows_with, key=CHANGE, lines=lines))
            line = lines.upto
        return found

    async def settle(self, batch_id: int, *, now: datetime) -> bool:
        """A live import's next rows become like all others. False when none is left, and the import is over."""
        return await self._let_go(batch_id, ImportState.LIVE, now=now)

    async def reader(self, batch: ImportBatch, *, now: datetime) -> Actor:
        """Who began it, as they are now; nobody for the command line's."""
        found: dict[int, Actor] = await self._read(lambda c: load_actors(c, now, (batch.by_id or 0,)))
        return found.get(batch.by_id or 0, Actor())

    async def drop(self, batch_id: int, *, now: datetime, replies: Sequence[outbox.Reply] = ()) -> None:
        """Nothing of it shall be there, and ``replies`` say why. What it left is let go of by ``take_back``."""

        def unit(connection: Connection) -> int:
            batch = load(connection, ImportBatch, batch_id)
            if batch is None or batch.state in (ImportState.LIVE, ImportState.DROPPED):
                return 0
            save(connection, (replace(batch, state=ImportState.DROPPED),))
            _record(connection, "import.dropped", batch_id, now)
            said = outbox.put(connection, now=now, update_id=None, replies=replies)
            return said + _refreshed(connection, batch_id, now)

        await self._tell(unit)

    async def take_back(self, batch_id: int, *, now: datetime) -> bool:
        """A dropped import's next rows are let go of. False when none is left, and the import is over."""
        return await self._let_go(batch_id, ImportState.DROPPED, now=now)

    async def _let_go(self, batch_id: int, at: ImportState, *, now: datetime) -> bool:
        lines = await self._lines(batch_id, -1, most=PEOPLE_TOGETHER)

        def unit(connection: Connection) -> int:
            if lines is not None:
                _soon(connection)
            batch = _at(connection, batch_id, at)
            if lines is None:
                save(connection, (replace(batch, finished_at=now, file=_named(batch)),))
                return _refreshed(connection, batch_id, now)
            noun = _BROUGHT[batch.kind]
            if at is ImportState.LIVE:
                noun.settle(connection, lines)
                for row in rows_with(connection, CHANGE, lines):
                    noun.change(connection, row)
            else:
                noun.take_back(connection, lines, now=now)
            forget(connection, batch_id, upto=lines.upto)
            return 0

        await self._tell(unit)
        return lines is not None

    async def sweep(self, *, now: datetime) -> int:
        """See to an import that nobody works on: drop it, finish what is live, let go of one that waits too long.

        To be called by who holds the lease. Returns how many imports came to their end.
        """
        batch = await self.waiting()
        if batch is None:
            return 0
        # What waits for a yes, and what a chat has just asked for, is nobody's leftover yet; the command line is
        # there, or its import is nobody's.
        fresh = batch.done == 0 and batch.state in (ImportState.STAGING, ImportState.APPLYING)
        waits = batch.by_id is not None and (fresh or batch.state is ImportState.CHECKED)
        if waits and now - batch.created_at < WAITS_FOR_A_YES:
            return 0
        if batch.state is not ImportState.LIVE:
            await self.drop(batch.id, now=now)
        await self.end(batch.id, now=now)
        return 1

    async def end(self, batch_id: int, *, now: datetime) -> None:
        """What is live or dropped comes to its end; anything else stays as it is."""
        batch = await self.batch(batch_id)
        if batch.finished_at is not None or batch.state not in (ImportState.LIVE, ImportState.DROPPED):
            return
        step = self.settle if batch.state is ImportState.LIVE else self.take_back
        while await step(batch_id, now=now):
            pass

    async def _look_at_sizes(self, before: int, more: int, *tables: str) -> None:
        """Let PostgreSQL see, each time there are four times as many rows, that these tables have grown.

        By itself it looks about once a minute; until then it believes them small and reads them whole for each portion.
        It looks beside the writers, however long that takes.
        """

        def unit(connection: Connection) -> None:
            if connection.dialect.name == "postgresql":
                for table in tables:
                    connection.execute(text(f"ANALYZE {table}"))

        if any(before < size <= before + more for size in _LOOKED_AT):
            await self._read(unit)

    async def _tell(self, unit: Callable[[Connection], int]) -> None:
        if await self._commit(unit):
            self._grew()


def _soon(connection: Connection) -> None:
    """This commit need not wait for PostgreSQL's disk: one that waits comes after it, and brings it there. A server that
    fails between them loses the last of them; before the flip that is counted, after it they are done again."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL synchronous_commit TO off"))


def _at(connection: Connection, batch_id: int, state: ImportState) -> ImportBatch:
    batch = load(connection, ImportBatch, batch_id)
    if batch is None or batch.state is not state:
        raise ImportEndedError(f"import {batch_id} is no longer {state}")
    return batch


def _named(batch: ImportBatch) -> Mapping[str, str]:
    """The file's name stays on the card; the file itself is no longer needed."""
    return {"name": batch.file["name"]} if batch.file else {}


def _record(
    connection: Connection, name: str, batch_id: int, now: datetime, *, by: int | None = None, **data: int
) -> None:
    event = Event(name, "import", batch_id, data)
    actor = Actor(person_id=by) if by else Actor.system("import")
    audit.record(connection, (event,), actor=actor, now=now, update_id=None)


def _refreshed(connection: Connection, batch_id: int, now: datetime) -> int:
    return outbox.put(connection, now=now, update_id=None, refreshes=(Refresh(CARD, batch_id),))
