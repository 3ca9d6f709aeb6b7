"""What somebody leaves behind when a role of theirs ends: work that goes back, work that stays with them, pairings.

Knows what follows for each piece of open work; that a role ends, and who hears of it, is ``appointments.py``'s.
Source: docs/rules.md §2, §4: whoever has begun may finish, and no request is cancelled because a helper leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.base import Actor, Decision, Event, Held, Refresh, Subject
from domain.pairings import Pairing
from domain.people import Person
from domain.permissions import HELPERS, Permission, allowed, covers
from domain.requests import Request
from domain.rulebook import Rulebook
from domain.tasks import ClaimState, Work, given_back


@dataclass(frozen=True, slots=True)
class Burden:
    """All that is open in somebody's hands. The strings are the paths of the units it belongs to."""

    works: tuple[Work, ...] = ()
    handled: tuple[tuple[Request, str], ...] = ()
    pairings: tuple[tuple[Pairing, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver:
    """What follows: the changes, and how much of each kind there is for somebody else to look at."""

    decision: Decision
    begun: int = 0
    returned: int = 0
    handled: int = 0
    paired: int = 0

    @property
    def left(self) -> int:
        """What is still in the leaver's hands."""
        return self.begun + self.paired

    @property
    def anything(self) -> bool:
        """Whether anybody has to hear of it."""
        return bool(self.begun or self.returned or self.handled or self.paired)


def hand_over(
    burden: Burden, person: Person, *, remaining: tuple[Held, ...], now: datetime, rules: Rulebook
) -> HandOver:
    """What of ``burden`` the appointments that remain no longer carry.

    A claim that was not begun goes back into the pool; one that was stays with its member, who may finish it, and so
    does what is about staff, for it may not be offered. Requests on the desk lose their handler.
    """
    later = Actor(person_id=person.id, held=remaining)
    parts: list[Decision] = []
    begun = returned = 0
    for work in burden.works:
        held = work.held_by(person.id)
        if held is None or allowed(later, Permission.CLAIM_TASK, work.subject):
            continue
        category = rules.category(work.task.category)
        if held.state is ClaimState.CLAIMED and not (category and category.sensitive):
            parts.append(given_back(work, held, name=person.name, now=now))
            returned += 1
        else:
            begun += 1
    freed = [
        replace(request, handler_id=None)
        for request, path in burden.handled
        if not allowed(later, Permission.TRIAGE_REQUEST, Subject(path=path))
    ]
    # The work on a request may have changed it already: then that is what is saved, once.
    changed = {entity.id: entity for part in parts for entity in part.saves if isinstance(entity, Request)}
    freed = [replace(changed.get(request.id, request), handler_id=None) for request in freed]
    ids = {request.id for request in freed}
    parts = [
        replace(part, saves=tuple(e for e in part.saves if not (isinstance(e, Request) and e.id in ids)))
        for part in parts
    ]
    parts.append(
        Decision(
            saves=tuple(freed),
            events=tuple(
                Event(
                    "request.handler_left",
                    "request",
                    request.id,
                    {"person_id": person.id},
                    request_id=request.id,
                    unit_id=request.unit_id,
                )
                for request in freed
            ),
            refreshes=tuple(Refresh("desk.card", request.id) for request in freed),
        )
    )
    paired = sum(
        not any(held.role in HELPERS and covers(held, Subject(path=path)) for held in remaining)
        for _, path in burden.pairings
    )
    return HandOver(joined(parts), begun, returned, len(freed), paired)


def joined(parts: Iterable[Decision]) -> Decision:
    """Several decisions about different things as one."""
    parts = tuple(parts)
    return Decision(
        saves=tuple(entity for part in parts for entity in part.saves),
        events=tuple(event for part in parts for event in part.events),
        remarks=tuple(remark for part in parts for remark in part.remarks),
        notices=tuple(notice for part in parts for notice in part.notices),
        refreshes=tuple(refresh for part in parts for refresh in part.refreshes),
        moved=tuple(moved for part in parts for moved in part.moved),
    )
