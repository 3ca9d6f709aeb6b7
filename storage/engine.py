"""What ``unit.py`` asks of a database engine, whichever it is. SQLite's is ``sqlite.py``, PostgreSQL's ``postgres.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
UnitOfWork = Callable[[Connection], T]
"""A plain synchronous function over a connection, run whole. It may be run again, so it touches nothing else."""


class DatabaseAwayError(Exception):
    """The database cannot take this now (locked, full, gone). Nothing was written; trying again later may work."""


class DatabaseClosedError(DatabaseAwayError):
    """The engine has been closed."""


class Engine(Protocol):
    """Runs units of work. ``write`` returns only after the commit; a failed unit leaves nothing behind."""

    dialect: str

    async def write(self, unit: UnitOfWork[T], /) -> T:
        """Run in a transaction of its own, or in a savepoint of a shared one, and commit."""
        ...

    async def read(self, unit: UnitOfWork[T], /) -> T:
        """Run on a connection that cannot write, in one snapshot."""
        ...

    async def close(self) -> None:
        """Finish what waits and close every connection."""
        ...


Observe = Callable[[str, float], None]
"""Told the kind ("read" or "write") and the seconds each unit took, for the metrics."""


def unobserved(kind: str, seconds: float) -> None:
    """The observer of whoever does not measure."""
