"""The audit trail: who did what to which thing, when, and from which update. Ids, keys and numbers only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from domain.base import Actor, Earning, Event, Remark
from storage.prepared import Prepared
from storage.schema import audit, earning, remark

_AUDIT = Prepared(audit.insert())
_REMARK = Prepared(remark.insert())
_EARNING = Prepared(earning.insert())


def record(
    connection: Connection, events: Iterable[Event], *, actor: Actor, now: datetime, update_id: int | None
) -> None:
    """One row for each fact."""
    rows: list[dict[str, Any]] = [
        {
            "at": now,
            "actor_id": actor.person_id or None,
            "job": actor.job,
            "update_id": update_id,
            "event": event.name,
            "subject_kind": event.subject_kind,
            "subject_id": event.subject_id,
            "request_id": event.request_id,
            "unit_id": event.unit_id,
            "data": dict(event.data),
        }
        for event in events
    ]
    if rows:
        _AUDIT.insert(connection, rows)


def keep(connection: Connection, remarks: Iterable[Remark], *, now: datetime) -> None:
    """The words, pictures and places that belong to what happened, apart from it so that they can be erased."""
    rows: list[dict[str, Any]] = [
        {
            "subject_kind": item.subject_kind,
            "subject_id": item.subject_id,
            "purpose": item.purpose,
            "author_id": item.author_id,
            "at": now,
            "kind": item.content.kind,
            "text": item.content.text,
            "file_id": item.content.file_id,
            "album": item.content.album,
            "latitude": item.content.latitude,
            "longitude": item.content.longitude,
        }
        for item in remarks
    ]
    if rows:
        _REMARK.insert(connection, rows)


def earn(connection: Connection, earnings: Iterable[Earning], *, now: datetime) -> None:
    """What confirmed work earned, to be posted by the settlement."""
    rows: list[dict[str, Any]] = [
        {
            "person_id": item.person_id,
            "source_kind": item.source_kind,
            "source_id": item.source_id,
            "kind": item.kind,
            "minutes": item.minutes,
            "weight": item.weight,
            "factor": item.factor,
            "amount": item.amount,
            "rulebook": item.rulebook,
            "request_id": item.request_id,
            "confirmed_at": now,
        }
        for item in earnings
    ]
    if rows:
        _EARNING.insert(connection, rows)
