"""People as staff see them: search, cards, entering, suspending, merging. Source: DOMAIN §1, §2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from storage.facts.rows import Look

FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {}
