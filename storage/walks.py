"""What walks through many people share: how a step reaches the store, what it comes to, and how much of it still waits.

Notices, digests and lessons each hand people to delivery a few at a time; whom, and what they get, is theirs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, func, literal, literal_column, select

from domain.rulebook import Rulebook
from storage.schema import outbox, person

T = TypeVar("T")
Run = Callable[[Callable[[Connection], T]], Awaitable[T]]
"""The store's way to read, or to commit."""

MOST_WAITING = 2_000
"""Copies of a kind that wait in the outbox at once: somewhat more than Telegram takes in a minute, which is how often the
clock looks."""

REACHABLE = (
    person.c.telegram_id.is_not(None),
    person.c.unreachable_since.is_(None),
    ~person.c.suspended,
    person.c.merged_into_id.is_(None),
    person.c.erased_at.is_(None),
)
"""Who can be sent anything of what goes to many."""

_MOST: BindParameter[int] = bindparam("most")
# In the words of the index of what waits: bound values would not use it.
_SOME = (
    select(literal(1))
    .select_from(outbox)
    .where(outbox.c.state == literal_column("'waiting'"), outbox.c.kind == bindparam("kind"))
    .limit(_MOST)
    .subquery()
)
_WAITING = select(func.count()).select_from(_SOME)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step came to: how many it dealt with, and whether there is more to do at once."""

    count: int
    more: bool


def is_full(connection: Connection, kind: str, *, most: int) -> bool:
    """Whether so many of a kind wait to leave that no more are handed over."""
    waiting: int = connection.execute(_WAITING, {"kind": kind, "most": most}).scalar_one()
    return waiting >= most


class Steps:
    """The steps of walks over one database. ``read`` and ``commit`` are the store's; ``grew`` is called when the outbox has
    grown, ``reached`` with the name of each place where a kill is tried."""

    def __init__(
        self,
        read: Callable[..., Any],
        commit: Callable[..., Any],
        rules: Rulebook,
        grew: Callable[[], None],
        reached: Callable[[str], None],
    ) -> None:
        self._read: Run[Any] = read
        self._commit: Run[Any] = commit
        self._rules = rules
        self._grew = grew
        self._reached = reached
