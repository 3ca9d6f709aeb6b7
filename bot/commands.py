"""What the command line changes: granting roles, importing units, deciding what is stuck. All through the store.

The same functions run in the bot, asked over its socket, and in the command's own process when no bot runs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.control import CommandError
from domain.appointments import Revoke
from domain.base import Actor, Role
from domain.people import Appoint
from storage.unit import Done, Refusal, Store
from storage.units import UnitRow

COLUMNS = {
    "code": "code",
    "代码": "code",
    "编码": "code",
    "kind": "kind",
    "类型": "kind",
    "name": "name",
    "名称": "name",
    "name_en": "name_en",
    "英文名称": "name_en",
    "parent": "parent",
    "上级": "parent",
    "上级代码": "parent",
}
KINDS = {
    "街道": "street",
    "社区": "community",
    "网格": "grid",
    "楼栋": "building",
    "党支部": "branch",
    "支部": "branch",
}
NEEDED = ("code", "kind", "name", "parent")


class Commands:
    """The commands over one store. ``retried`` is called after quarantined updates were let go."""

    def __init__(
        self, store: Store, *, now: Callable[[], datetime], retried: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._now = now
        self._retried = retried

    async def answer(self, command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run one command. Raises CommandError with a sentence for the operator."""
        found = {
            "grant": self._grant,
            "revoke": self._revoke,
            "import_units": self._import_units,
            "resend": self._resend,
            "drop": self._drop,
            "retry": self._retry,
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

    async def _import_units(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        rows = [UnitRow(**row) for row in arguments["rows"]]
        result = await self._store.import_units(rows, dry_run=bool(arguments["dry_run"]))
        return {
            "problems": [[problem.line, problem.column, problem.text] for problem in result.problems],
            "added": result.added,
            "changed": result.changed,
        }

    async def _resend(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"count": await self._store.decide_stuck(_ids(arguments), resend=True, now=self._now())}

    async def _drop(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"count": await self._store.decide_stuck(_ids(arguments), resend=False, now=self._now())}

    async def _retry(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        count = await self._store.retry_updates(_ids(arguments))
        self._retried()
        return {"count": count}


def _ids(arguments: Mapping[str, Any]) -> list[int]:
    return [int(value) for value in arguments["ids"]]


def read_units(file: Path) -> list[dict[str, Any]]:
    """The rows of a CSV of the tree (UTF-8 or GB18030), with their line numbers. Raises CommandError."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror or error}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise CommandError(f"{file} is neither UTF-8 nor GB18030 text; save it as CSV UTF-8") from error
    try:
        return _rows(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise CommandError(
            f"{file} is not a CSV file: {error}; save it from the spreadsheet as CSV"
        ) from error


def _rows(reader: Any) -> list[dict[str, Any]]:
    header = [COLUMNS.get(cell.strip().lower(), "") for cell in next(reader, [])]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise CommandError(
            f"the first line must name the columns; missing: {', '.join(missing)}. "
            "It takes code, kind, name, name_en, parent (代码, 类型, 名称, 英文名称, 上级代码)."
        )
    rows: list[dict[str, Any]] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        found = dict(zip(header, (" ".join(cell.split()) for cell in cells), strict=False))
        kind = found.get("kind", "")
        rows.append(
            {
                "line": reader.line_num,
                "key": found.get("code", ""),
                "kind": KINDS.get(kind, kind.lower()),
                "name": found.get("name", ""),
                "name_en": found.get("name_en", ""),
                "parent": found.get("parent", ""),
            }
        )
    return rows


def told(problems: Sequence[Sequence[Any]]) -> str:
    """Import problems as lines for the operator."""
    return "\n".join(f"line {line}, {column}: {text}" for line, column, text in problems)
