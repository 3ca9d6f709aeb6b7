"""What ``linli audit`` and ``linli check`` say of the audit trail: ids, keys and numbers, never a name."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from domain.trail import MOST_ROWS, SearchTrail, TrailFilter, TrailRow
from storage.unit import Store


async def listed(store: Store, wanted: TrailFilter, *, most: int) -> list[str]:
    """A line for each thing done, newest first, at most ``most``."""
    lines: list[str] = []
    before = 0
    while len(lines) < most:
        query = SearchTrail(wanted, before, most=min(most - len(lines), MOST_ROWS))
        page = await store.trail(query, now=datetime.now(UTC))
        lines += [_line(row) for row in page.rows]
        before = page.older
        if not before:
            break
    return lines


def _line(row: TrailRow) -> str:
    who = f"job {row.job}" if row.job is not None else f"person {row.actor_id or '-'}"
    parts = [
        f"{row.id}",
        f"{row.at:%Y-%m-%d %H:%M:%S} UTC",
        who,
        row.event,
        f"{row.subject_kind} {row.subject_id}",
        *(f"{name} {value}" for name, value in _beside(row) if value is not None),
    ]
    if row.data:
        parts.append(json.dumps(dict(row.data), sort_keys=True, ensure_ascii=True))
    return "  ".join(parts)


def _beside(row: TrailRow) -> tuple[tuple[str, int | None], ...]:
    request = None if row.subject_kind == "request" else row.request_id
    return ("request", request), ("unit", row.unit_id), ("update", row.update_id)


async def checked(store: Store) -> tuple[list[str], bool]:
    """What differs from the seals, the end of their chain, and whether all is well."""
    told = await store.trail_differences()
    return [*told, await newest(store)], not told


async def newest(store: Store) -> str:
    """The end of the chain, to be kept elsewhere: who can write the database could make the whole chain anew."""
    seal = await store.newest_seal()
    if seal is None:
        return "nothing is sealed yet"
    return f"sealed up to row {seal.last_id} at {seal.at:%Y-%m-%d %H:%M:%S} UTC, digest {seal.digest}"
