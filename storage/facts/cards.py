"""Opening a thing by its number: which card the reader's part in it allows, with its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from domain.base import NOT_FOUND, Refused
from domain.permissions import Permission
from domain.queries import Card, SeeCard, SeeRequest
from domain.tasks import HOLDING
from storage.facts import (
    alarms,
    checkins,
    lessons,
    meetings,
    notices,
    pairings,
    persons,
    requests,
    tasks,
    threads,
)
from storage.facts.rows import Look

CARDS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "request.card": requests.request_card,
    "desk.card": requests.desk_card,
    "task.card": tasks.task_card,
    "visit.confirm": pairings.visit_confirm,
    "alarm.card": alarms.alarm_card,
    "checkin.card": checkins.to_approve,
    "checkin.mine": checkins.mine,
    "person.card": persons.person_card,
    "person.work": persons.person_work,
    "notice.card": notices.notice_card,
    "notice.copy": notices.notice_copy,
    "lesson.card": lessons.lesson_card,
    "lesson.page": lessons.for_member,
    "meeting.card": meetings.meeting_card,
    "meeting.mine": meetings.mine,
    "thread.card": threads.thread_card,
    "thread.mine": threads.thread_mine,
}


def see_card(connection: Connection, query: SeeCard, look: Look) -> Card:
    """The card, or the one refusal for "there is none" and "it is not yours"."""
    load = CARDS.get(query.kind)
    facts = None if load is None else load(connection, query.subject_id, look)
    if facts is None:
        raise Refused(NOT_FOUND)
    return Card(query.kind, query.subject_id, facts, {})


def see_request(connection: Connection, query: SeeRequest, look: Look) -> Card:
    """A request: for who asked, who works on it, who decides on it, in this order."""
    found = requests.seen(connection, query.request_id, look)
    if found is None:
        raise Refused(NOT_FOUND)
    reader = look.reader.person_id
    if reader in found.followers:
        kind, subject_id = "request.card", query.request_id
    elif reader in found.members(HOLDING):
        kind, subject_id = "task.card", found.row.task_id
    elif found.may(look.reader, Permission.TRIAGE_REQUEST):
        kind, subject_id = "desk.card", query.request_id
    else:
        raise Refused(NOT_FOUND)
    return see_card(connection, SeeCard(kind, subject_id), look)


QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeCard: see_card,
    SeeRequest: see_request,
}
