"""What the command line changes: roles, imports and exports, the block list, what is stuck, whom to forget again, jobs,
posting of points.

The same functions run in the bot, asked over its socket, and in the command's own process when no bot runs.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.control import CommandError, Tell
from bot.importer import Importer, say_nothing
from domain.appointments import Revoke
from domain.backup import ReportTrouble, Trouble
from domain.base import Action, Actor, Refused, Role
from domain.blocks import BlockAccount, UnblockAccount
from domain.imports import ExportPage, ExportRows
from domain.jobs import RunJob
from domain.people import Appoint
from domain.privacy import ForgetPerson
from domain.sheet_columns import ImportKind
from jobs.ticker import Ticker
from storage.unit import Done, Refusal, Store
from views import sheets


class Commands:
    """The commands over one store.

    ``retried`` is called after quarantined updates were let go; ``bot_username`` is the running bot's, "" when none runs.
    """

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        importer: Importer,
        ticker: Ticker,
        retried: Callable[[], None] = lambda: None,
        bot_username: str = "",
    ) -> None:
        self._store = store
        self._now = now
        self._importer = importer
        self._ticker = ticker
        self._retried = retried
        self._bot_username = bot_username

    async def answer(
        self, command: str, arguments: Mapping[str, Any], tell: Tell = say_nothing
    ) -> dict[str, Any]:
        """Run one command, which may ``tell`` how far it is. Raises CommandError with a sentence for the operator."""
        long = {"import": self._import, "export": self._export}.get(command)
        if long is not None:
            return await long(arguments, tell)
        found = {
            "grant": self._grant,
            "revoke": self._revoke,
            "resend": self._resend,
            "drop": self._drop,
            "retry": self._retry,
            "about": self._about,
            "block": self._block,
            "unblock": self._unblock,
            "forget": self._forget,
            "run-job": self._run_job,
            "points-go-on": self._points_go_on,
        }.get(command)
        if found is None:
            raise CommandError(f"there is no command {command!r}")
        return await found(arguments)

    async def _grant(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        starts_at, until = (self._midnight(arguments.get(name)) for name in ("from", "until"))
        now = self._now()
        action = Appoint(
            telegram_id=int(arguments["telegram_id"]),
            role=Role(arguments["role"]),
            unit_id=await self._unit(str(arguments["unit"])),
            name=arguments.get("name") or None,
            starts_at=starts_at,
            # Given is the last day; over it is at the midnight after.
            ends_at=None if until is None else until + timedelta(days=1),
        )
        outcome = await self._store.perform(action, Actor.system("command-line"), now=now)
        if isinstance(outcome, Refusal) and outcome.key == "appoint.ends_too_early":
            raise CommandError(
                "the last day must be neither gone by nor before the first; correct --from or --until"
            )
        if not isinstance(outcome, Done):
            raise CommandError("the appointment was refused")
        return {
            "already": bool(outcome.result.get("already")),
            "coming": starts_at is not None and starts_at > now,
        }

    async def _revoke(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        action = Revoke(
            telegram_id=int(arguments["telegram_id"]),
            role=Role(arguments["role"]),
            unit_id=await self._unit(str(arguments["unit"])),
        )
        outcome = await self._store.perform(action, Actor.system("command-line"), now=self._now())
        if not isinstance(outcome, Done):
            raise CommandError(
                f"{action.telegram_id} is not {action.role} of {arguments['unit']}; look at /people, or correct the code"
            )
        return {}

    async def _unit(self, code: str) -> int:
        unit_id = await self._store.unit_by_code(code)
        if unit_id is None:
            raise CommandError(
                f"there is no open unit with the code {code!r}; import the units first, or correct it"
            )
        return unit_id

    def _midnight(self, day: str | None) -> datetime | None:
        if not day:
            return None
        return datetime.combine(date.fromisoformat(day), time(), ZoneInfo(self._store.rules.time_zone))

    async def _import(self, arguments: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        kind, dry_run = ImportKind(arguments["kind"]), bool(arguments["dry_run"])
        importer = self._importer
        path = Path(arguments["path"])
        try:
            report = await importer.carry_out(path, kind=kind, dry_run=dry_run, tell=tell)
        except Refused as refused:
            raise CommandError(f"{path.name}: {importer.refusal(refused)}") from refused
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror or error}") from error
        return {
            "rows": report.rows,
            "added": report.added,
            "changed": report.changed,
            "problems": report.problems,
            "listed": [importer.sentence(report.kind, problem) for problem in report.listed],
            "unknown": list(report.unknown),
        }

    async def _about(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"bot_username": self._bot_username}

    async def _export(self, arguments: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        kind, path = ImportKind(arguments["kind"]), Path(arguments["path"])
        book = (
            sheets.Table(sheets.headings(kind, chinese=True))
            if path.suffix.lower() == ".csv"
            else sheets.book_of(kind, title=kind.value, chinese=True)
        )
        count, after = 0, ""
        operator = Actor.system("command-line")
        while True:
            page: ExportPage = await self._store.read(ExportRows(kind, 0, after), operator, now=self._now())
            rows = [sheets.cells(row, chinese=True) for row in page.rows]
            await asyncio.to_thread(book.add, rows)
            count += len(rows)
            if page.next_after is None:
                break
            after = page.next_after
            await tell(f"{count} rows written")
        try:
            await asyncio.to_thread(write_own_file, path, book)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error
        return {"rows": count}

    async def _resend(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"count": await self._store.decide_stuck(_ids(arguments), resend=True, now=self._now())}

    async def _drop(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"count": await self._store.decide_stuck(_ids(arguments), resend=False, now=self._now())}

    async def _retry(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        count = await self._store.retry_updates(_ids(arguments))
        self._retried()
        return {"count": count}

    async def _block(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await self._changed(BlockAccount(int(arguments["telegram_id"])), unless="block.already")

    async def _unblock(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await self._changed(UnblockAccount(int(arguments["telegram_id"])), unless="block.not_blocked")

    async def _changed(self, action: Action, *, unless: str) -> dict[str, Any]:
        """Do it; ``already`` when the rules refuse with the key ``unless``."""
        outcome = await self._store.perform(action, Actor.system("command-line"), now=self._now())
        if isinstance(outcome, Refusal) and outcome.key != unless:
            raise CommandError(f"the rules refuse: {outcome.key}")
        return {"already": isinstance(outcome, Refusal)}

    async def _forget(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        outcomes = [
            await self._store.perform(ForgetPerson(one), Actor.system("command-line"), now=self._now())
            for one in _ids(arguments)
        ]
        return {"count": sum(isinstance(outcome, Done) for outcome in outcomes)}

    async def _run_job(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        name = str(arguments["name"])
        known = {state.name: state for state in await self._store.jobs.all()}
        if not known:
            raise CommandError("the clock has not run on this database yet: start the bot once")
        if name not in known:
            raise CommandError(f"there is no job {name!r}; there are {', '.join(sorted(known))}")
        outcome = await self._store.perform(
            RunJob(known[name].id), Actor.system("command-line"), now=self._now()
        )
        if isinstance(outcome, Refusal) and outcome.key != "job.asked_already":
            raise CommandError(f"the rules refuse: {outcome.key}")
        state = await self._ticker.run_now(name)
        if state is None:
            raise CommandError(f"the job {name!r} is no more")
        return {"failed": state.error, "count": state.last_count}

    async def _points_go_on(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        was_stopped = await self._store.is_known(Trouble.LEDGER)
        if was_stopped:
            goes_on = ReportTrouble(Trouble.LEDGER, False)
            await self._store.perform(goes_on, Actor.system("command-line"), now=self._now())
        return {"was_stopped": was_stopped}


def _ids(arguments: Mapping[str, Any]) -> list[int]:
    return [int(value) for value in arguments["ids"]]


class HasContent(Protocol):
    """A file that has been made."""

    def content(self) -> bytes:
        """Its bytes."""
        ...


def write_own_file(path: Path, book: HasContent) -> None:
    """Write a file that only its owner reads: it holds personal data. Raises OSError."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - by its handle
        file.write(book.content())
