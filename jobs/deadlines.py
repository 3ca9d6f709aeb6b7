"""Deadlines, silence and work that does not begin: whatever the clock has to look at is looked at, each by itself.

What a look does is decided by the rules (``domain/deadlines.py``, ``domain/unstarted.py``), which also say when the next
one is due; so one that comes twice does nothing, and one that comes late does what is left to do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import structlog

from domain.base import Action, Actor
from domain.deadlines import LookAtRequest
from domain.unstarted import LookAtTask
from storage.deadlines import NONE_YET, Look
from storage.unit import Refusal, Store

log = structlog.get_logger(__name__)


class _Due(Protocol):
    def __call__(self, *, now: datetime, after: Look) -> Awaitable[tuple[Look, ...]]: ...


async def requests(store: Store, now: datetime) -> int:
    """Every request whose time has come. Returns how many were looked at."""
    return await _each(store, store.due_requests, LookAtRequest, Actor.system("deadlines"), now)


async def tasks(store: Store, now: datetime) -> int:
    """Every task whose time has come. Returns how many were looked at."""
    return await _each(store, store.due_tasks, LookAtTask, Actor.system("tasks"), now)


async def _each(store: Store, due: _Due, action: Callable[[int], Action], actor: Actor, now: datetime) -> int:
    count, last = 0, NONE_YET
    while found := await due(now=now, after=last):
        for look in found:
            outcome = await store.perform(action(look.id), actor, now=now)
            if isinstance(outcome, Refusal):
                log.warning("not looked at", what=action.__name__, id=look.id, reason=outcome.key)
        count += len(found)
        last = found[-1]
    return count
