"""The drill: how long it takes to make a backup of a large database, and to have it back from nothing but that file.

`python -m benchmarks.restoring [--requests 1000000] [--database sqlite|postgres|both] [--encrypted]`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import pyrage
from sqlalchemy import Connection, Table

from benchmarks.places import pairs
from bot.backup import restore
from domain.requests import RequestState
from domain.rulebook import Rulebook
from storage.backup.making import make
from storage.database import Location, open_engine
from storage.engine import Engine
from storage.schema import outbox, remark, request
from storage.unit import Store
from tests.support.backups import settings_of
from tests.support.village import Village, village

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
CHUNK = 5_000
MEBIBYTE = 1024 * 1024


async def fill(engine: Engine, place: Village, requests: int) -> None:
    """So many requests, each with words and a message about it."""

    def of(table: Table, number: int) -> dict[str, Any]:
        if table is request:
            return {
                "id": number + 1, "version": 1, "unit_id": place.building, "handling_unit_id": place.building,
                "requester_id": place.resident.id, "category": "lift", "urgency": "timely", "private": False,
                "name_hidden": False, "state": RequestState.SUBMITTED, "raised_at": NOW, "answer_due_at": NOW,
            }  # fmt: skip
        if table is remark:
            return {
                "subject_kind": "request", "subject_id": number + 1, "purpose": "description",
                "author_id": place.resident.id, "at": NOW, "kind": "text",
                "text": f"{number} 号楼道的灯坏了，老人下楼看不清", "file_id": "", "album": "",
            }  # fmt: skip
        return {
            "chat_id": place.resident.chat, "kind": "request.card", "subject_id": number + 1, "params": {}, "card": True,
            "lane": 1, "state": "sent", "not_before": NOW, "created_at": NOW, "finished_at": NOW, "message_id": number + 1,
        }  # fmt: skip

    for table in (request, remark, outbox):
        rows: Iterator[dict[str, Any]] = (of(table, number) for number in range(requests))
        while chunk := list(islice(rows, CHUNK)):

            def unit(connection: Connection, table: Table = table, chunk: Any = chunk) -> None:
                connection.execute(table.insert(), chunk)

            await engine.write(unit)


async def drill(
    location: Location, other: Location, folder: Path, *, requests: int, key: pyrage.x25519.Identity | None
) -> str:
    """A row of the table."""
    engine = open_engine(location)
    store = Store(engine, rules=Rulebook())
    await fill(engine, await village(store, now=NOW), requests)
    await store.close()
    began = perf_counter()
    public = "" if key is None else str(key.to_public())
    made = await make(location, folder, now=NOW, program="benchmark", public_key=public)
    making = perf_counter() - began
    key_file = None
    if key is not None:
        key_file = folder / "key.txt"
        key_file.write_text(str(key))
    began = perf_counter()
    back = await restore(settings_of(other, folder), made.path, key_file=key_file, force=True, now=NOW)
    seconds = perf_counter() - began
    manifest = made.manifest
    return (
        f"| {manifest.dialect} | {requests:,} | {back.rows:,} | {manifest.plain_bytes / MEBIBYTE:,.0f} | "
        f"{manifest.payload_bytes / MEBIBYTE:,.0f} | {'yes' if manifest.encrypted else 'no'} | {making:.1f} | "
        f"{seconds:.1f} |"
    )


async def _run(*, database: str, requests: int, encrypted: bool) -> None:
    key = pyrage.x25519.Identity.generate() if encrypted else None
    async for here, there, folder in pairs(database):
        print(await drill(here, there, folder, requests=requests, key=key), flush=True)


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.restoring", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="in the database (default 1,000,000)")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--encrypted", action="store_true", help="for a key made on the spot")
    given = parser.parse_args()
    print(
        "| database | requests | rows | MiB | MiB of the backup | encrypted | s to make and check | s to bring back |\n|"
        + "---|" * 8,
        flush=True,
    )
    asyncio.run(_run(database=given.database, requests=given.requests, encrypted=given.encrypted))


if __name__ == "__main__":
    main()
