"""The seals of the audit trail: how a batch of its rows is bound to all that came before. Source: docs/rules.md §11.

Knows the chain alone. Which rows are sealed when, and what is dropped, is the store's. Whoever can write the database
past the program could make the whole chain anew, so its newest digest is printed for somebody to keep elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.base import Scalar

BEGINNING = "0" * 64
"""What stands in place of a former digest where there is none."""
ROWS = 1000
"""How many rows one seal holds at most."""
LAG = timedelta(seconds=60)
"""How old a row is before it is sealed: by then every change that was dealt a smaller number has been committed."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One batch of rows, from ``first_id`` to ``last_id``. ``rows`` that were dropped leave their digest."""

    id: int
    first_id: int
    last_id: int
    rows: int
    previous: str
    digest: str
    at: datetime
    dropped_at: datetime | None = None


def digest(previous: str, rows: Iterable[Sequence[Scalar | object]]) -> str:
    """SHA-256, in hexadecimal, over the former digest and each row as canonical JSON, a line each.

    A row is its values in the order of the table's columns, times as whole microseconds since 1970.

    >>> digest(BEGINNING, [(1, {"b": 1, "a": None})]) == digest(BEGINNING, [(1, {"a": None, "b": 1})])
    True
    >>> digest(BEGINNING, [(1, "x")]) == digest(BEGINNING, [(1, "y")])
    False
    """
    made = hashlib.sha256(previous.encode() + b"\n")
    for row in rows:
        line = json.dumps(row, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
        made.update(line.encode() + b"\n")
    return made.hexdigest()
