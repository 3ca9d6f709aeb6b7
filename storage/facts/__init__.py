"""What is true now, in a reader's eyes: the facts behind each kind of message, and the answers to queries.

Plain functions over a connection, run inside a unit of the store. Each asks the permission table with the subject
the rules themselves use, and fills in no more than its reader may see: views hide nothing. ``None`` means "not true
any more, or not yours", and the message is dropped; a query raises ``Refused(NOT_FOUND)`` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from domain.base import CONSENT_AGAIN, NOT_FOUND, Actor, Query, Refused, Scalar
from domain.permissions import WITHOUT_CONSENT, allowed, asked_again
from domain.rulebook import Rulebook
from storage.facts import (
    alarms,
    appointments,
    calls,
    cards,
    checkins,
    desk,
    digests,
    imports,
    jobs,
    lesson_series,
    lesson_templates,
    lesson_years,
    lessons,
    meeting_guests,
    meeting_records,
    meetings,
    news,
    notice_readers,
    notice_reports,
    notices,
    pairings,
    people,
    points,
    posters,
    privacy,
    requests,
    roster,
    tasks,
    templates,
    threads,
    trail,
    units,
)
from storage.facts.rows import Look

FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    **requests.FACTS,
    **news.FACTS,
    **tasks.FACTS,
    **pairings.FACTS,
    **alarms.FACTS,
    **people.FACTS,
    **units.FACTS,
    **imports.FACTS,
    **checkins.FACTS,
    **appointments.FACTS,
    **roster.FACTS,
    **notices.FACTS,
    **notice_readers.FACTS,
    **notice_reports.FACTS,
    **threads.FACTS,
    **templates.FACTS,
    **calls.FACTS,
    **privacy.FACTS,
    **trail.FACTS,
    **digests.FACTS,
    **lessons.FACTS,
    **lesson_series.FACTS,
    **lesson_templates.FACTS,
    **meetings.FACTS,
    **meeting_guests.FACTS,
    **meeting_records.FACTS,
}
QUERIES: Mapping[type[Query], Callable[[Connection, Any, Look], Any]] = {
    **requests.QUERIES,
    **cards.QUERIES,
    **desk.QUERIES,
    **tasks.QUERIES,
    **pairings.QUERIES,
    **points.QUERIES,
    **posters.QUERIES,
    **people.QUERIES,
    **units.QUERIES,
    **imports.QUERIES,
    **checkins.QUERIES,
    **appointments.QUERIES,
    **roster.QUERIES,
    **notices.QUERIES,
    **notice_readers.QUERIES,
    **notice_reports.QUERIES,
    **threads.QUERIES,
    **templates.QUERIES,
    **calls.QUERIES,
    **privacy.QUERIES,
    **trail.QUERIES,
    **digests.QUERIES,
    **lessons.QUERIES,
    **lesson_series.QUERIES,
    **lesson_templates.QUERIES,
    **lesson_years.QUERIES,
    **meetings.QUERIES,
    **meeting_guests.QUERIES,
    **meeting_records.QUERIES,
    **jobs.QUERIES,
}


def load(
    connection: Connection,
    kind: str,
    subject_id: int,
    reader: Actor,
    *,
    now: datetime,
    rules: Rulebook,
    params: Mapping[str, Scalar] | None = None,
) -> Any | None:
    """The facts (``domain.queries``) of one kind of message; None: drop it. Raises KeyError for a kind without facts."""
    found = FACTS[kind](connection, subject_id, Look(reader, now, rules, params or {}))
    if asked_again(reader, rules) and not privacy.goes_on(kind, found):
        return None
    return found


def answer(connection: Connection, query: Query, reader: Actor, *, now: datetime, rules: Rulebook) -> Any:
    """The answer to a query, scoped to the reader. Raises ``Refused(NOT_FOUND)`` for what they may not see.

    Who has not agreed to the terms in force is asked for that first, except for what is always theirs.
    """
    if not allowed(reader, query.permission, None):
        raise Refused(NOT_FOUND)
    if query.permission not in WITHOUT_CONSENT and asked_again(reader, rules):
        raise Refused(CONSENT_AGAIN)
    return QUERIES[type(query)](connection, query, Look(reader, now, rules))
