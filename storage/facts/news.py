"""Short words about a request on its way: true at the moment they leave, or not sent at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from domain.base import Purpose
from domain.permissions import Permission
from domain.queries import LetterFacts, RequestNews
from domain.requests import FINAL, RequestState
from domain.tasks import AT_WORK, HOLDING, ClaimState
from storage.facts.requests import Seen, said_on, seen
from storage.facts.rows import Look, last_words


def _news(
    connection: Connection, request_id: int, look: Look, *, states: frozenset[RequestState]
) -> tuple[Seen, RequestNews] | None:
    """What short words need, as long as the request is in one of ``states``. Not yet authorised."""
    found = seen(connection, request_id, look)
    if found is None or found.row.state not in states:
        return None
    row = found.row
    return found, RequestNews(
        row.id,
        row.category,
        row.state,
        redo=row.redo,
        urgency=row.urgency,
        answer_due_at=row.answer_due_at,
        helpers=found.helpers,
        sensitive=found.sensitive,
    )


NewsLoader = Callable[[Connection, int, Look], RequestNews | None]


def _to_followers(*states: RequestState) -> NewsLoader:
    """For who asked, while it is in one of ``states``: later the words would no longer be true."""
    wanted = frozenset(states)

    def load(connection: Connection, request_id: int, look: Look) -> RequestNews | None:
        known = _news(connection, request_id, look, states=wanted)
        if known is None or look.reader.person_id not in known[0].followers:
            return None
        return known[1]

    return load


def declined(connection: Connection, request_id: int, look: Look) -> RequestNews | None:
    """For who asked, with the reason."""
    known = _to_followers(RequestState.DECLINED)(connection, request_id, look)
    if known is None:
        return None
    return replace(known, reason=last_words(said_on(connection, request_id), Purpose.DECLINE_REASON).text)


def added(connection: Connection, request_id: int, look: Look) -> RequestNews | None:
    """For who is at work on it, or will decide on it: what was added last."""
    known = _news(connection, request_id, look, states=frozenset(RequestState) - FINAL)
    if known is None:
        return None
    at_work = look.reader.person_id in known[0].members(AT_WORK)
    if not at_work and not known[0].may(look.reader, Permission.TRIAGE_REQUEST):
        return None
    return replace(known[1], added=last_words(said_on(connection, request_id), Purpose.ADDITION))


def withdrawn_helper(connection: Connection, request_id: int, look: Look) -> RequestNews | None:
    """For who was at work on it when it was taken back: nothing but which one it is."""
    known = _news(connection, request_id, look, states=frozenset({RequestState.WITHDRAWN}))
    if known is None or look.reader.person_id not in known[0].members(frozenset({ClaimState.CANCELLED})):
        return None
    return known[1]


def returned(connection: Connection, request_id: int, look: Look) -> RequestNews | None:
    """For staff: the resident sent it back, and why."""
    known = _news(connection, request_id, look, states=frozenset(RequestState) - FINAL)
    if known is None or not known[0].may(look.reader, Permission.TRIAGE_REQUEST):
        return None
    return replace(known[1], reason=last_words(said_on(connection, request_id), Purpose.UNSOLVED_REASON).text)


def letter(connection: Connection, request_id: int, look: Look) -> LetterFacts | None:
    """Whether the reader is still one of the two who write to each other. What was written travels with the notice."""
    found = seen(connection, request_id, look)
    if found is None:
        return None
    reader = look.reader.person_id
    helps = any(claim.member_id == reader and claim.state in HOLDING for claim in found.claims)
    return LetterFacts(found.row.id, found.row.category) if helps or reader in found.followers else None


LIVE = frozenset(RequestState) - FINAL
FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "request.accepted": _to_followers(*(LIVE - {RequestState.SUBMITTED})),
    "request.declined": declined,
    "request.claimed": _to_followers(RequestState.IN_PROGRESS),
    "request.started": _to_followers(RequestState.IN_PROGRESS),
    "request.released": _to_followers(RequestState.OPEN, RequestState.IN_PROGRESS),
    "request.expired": _to_followers(RequestState.OPEN, RequestState.IN_PROGRESS),
    "request.added": added,
    "request.withdrawn_helper": withdrawn_helper,
    "request.confirmed_other": _to_followers(RequestState.CLOSED_CONFIRMED),
    "letter.arrived": letter,
    "desk.returned": returned,
}
