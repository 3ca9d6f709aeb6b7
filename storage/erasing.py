"""Forgetting somebody: the first commit takes the person away, a job then empties their words portion by portion.

``begin`` runs in the commit of the action and touches only what an index finds. What has to be looked for by reading
on is ``go_on``'s, with ``traces.py``; the row of ``erasure`` says where it stands, so a restart goes on there. Audit,
ledger and earnings keep ids and numbers and are not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, exists, select

from domain.base import Purpose
from storage import digests, lessons, meetings, threads, traces
from storage.schema import (
    card,
    checkin,
    claim,
    draft,
    erasure,
    household,
    outbox,
    pairing,
    person,
    person_skill,
    person_tag,
    remark,
    request,
    task,
)
from storage.schema_notices import notice_mute, thread
from storage.traces import Erasure, NotYet
from storage.types import EPOCH, Instant

# --- the first commit -------------------------------------------------------------------------------------------------

_WHO = select(person.c.telegram_id, person.c.name, person.c.phone, person.c.household_id).where(
    person.c.id == bindparam("person_id")
)
_LEAVE_HOME = person.update().where(person.c.id == bindparam("_id")).values(household_id=None)
_EMPTY_HOME = household.delete().where(
    household.c.id == bindparam("household_id"), ~exists().where(person.c.household_id == household.c.id)
)
_PROXIES = person.update().where(person.c.proxy_id == bindparam("_id")).values(proxy_id=None)
_SKILLS = person_skill.delete().where(person_skill.c.person_id == bindparam("person_id"))
_TAGS = person_tag.delete().where(person_tag.c.person_id == bindparam("person_id"))
_MUTES = notice_mute.delete().where(notice_mute.c.person_id == bindparam("person_id"))
_CHECK_INS = (
    checkin.update()
    .where(checkin.c.person_id == bindparam("_id"))
    .values(
        branch="",
        joined_on=None,
        skills=bindparam("nothing", type_=checkin.c.skills.type),
        free=bindparam("nothing_free", type_=checkin.c.free.type),
        state=case(
            (checkin.c.state.in_(["asked", "returned"]), "withdrawn"),
            (checkin.c.state == "approved", "left"),
            else_=checkin.c.state,
        ),
        version=checkin.c.version + 1,
    )
)
_DRAFT = draft.delete().where(draft.c.telegram_id == bindparam("telegram_id"))
_CARDS = card.delete().where(card.c.chat_id == bindparam("telegram_id"))
_ON_THE_WAY = (
    outbox.update()
    .where(outbox.c.chat_id == bindparam("chat"), outbox.c.state == "waiting")
    .values(
        state="dropped",
        error="erased",
        params=bindparam("no_params", type_=outbox.c.params.type),
        finished_at=bindparam("now", type_=Instant()),
    )
)
_NAMED = select(erasure.c.person_id).where(erasure.c.person_id == bindparam("person_id"))


def begin(connection: Connection, person_id: int, *, now: datetime) -> None:
    """Take away what leads to the person, and note what is still to be looked for.

    The record itself is saved by the caller, after this has read from it.
    """
    row = connection.execute(_WHO, {"person_id": person_id}).one()
    connection.execute(_LEAVE_HOME, {"_id": person_id})
    if row.household_id is not None:
        connection.execute(_EMPTY_HOME, {"household_id": row.household_id})
    connection.execute(_PROXIES, {"_id": person_id})
    for statement in (_SKILLS, _TAGS, _MUTES):
        connection.execute(statement, {"person_id": person_id})
    threads.let_go(connection, person_id)
    digests.forget(connection, person_id)
    lessons.forget(connection, person_id)
    meetings.forget(connection, person_id)
    connection.execute(_CHECK_INS, {"_id": person_id, "nothing": [], "nothing_free": []})
    if row.telegram_id is not None:
        connection.execute(_DRAFT, {"telegram_id": row.telegram_id})
        connection.execute(_CARDS, {"telegram_id": row.telegram_id})
        connection.execute(_ON_THE_WAY, {"chat": row.telegram_id, "no_params": {}, "now": now})
    if connection.execute(_NAMED, {"person_id": person_id}).first() is None:
        connection.execute(
            erasure.insert().values(
                person_id=person_id,
                telegram_id=row.telegram_id,
                name=row.name,
                phone=row.phone or "",
                begun_at=now,
                stage=0,
                after=0,
            )
        )


# --- what was said by them, and about them ---------------------------------------------------------------------------------

_NOTHING: dict[str, Any] = {
    "kind": "text",
    "text": "",
    "file_id": "",
    "album": "",
    "latitude": None,
    "longitude": None,
}
_EMPTY_REMARKS = remark.update().where(remark.c.id.in_(bindparam("ids", expanding=True))).values(**_NOTHING)
_WRITTEN = (
    select(remark.c.id)
    .where(
        remark.c.author_id == bindparam("person_id"),
        # What a meeting said and decided is its branch's; who wrote it down has no name there any more.
        remark.c.purpose != Purpose.MINUTES,
        remark.c.id > bindparam("after"),
    )
    .order_by(remark.c.id)
    .limit(bindparam("most"))
)
_REQUESTS = (
    select(request.c.id)
    .where(request.c.requester_id == bindparam("person_id"), request.c.id > bindparam("after"))
    .order_by(request.c.id)
    .limit(bindparam("most"))
)
_PAIRINGS = (
    select(pairing.c.id)
    .where(pairing.c.resident_id == bindparam("person_id"), pairing.c.id > bindparam("after"))
    .order_by(pairing.c.id)
    .limit(bindparam("most"))
)
_THREADS = (
    select(thread.c.id)
    .where(thread.c.person_id == bindparam("person_id"), thread.c.id > bindparam("after"))
    .order_by(thread.c.id)
    .limit(bindparam("most"))
)
_ABOUT = remark.c.subject_id.in_(bindparam("subjects", expanding=True))
_EMPTY_ABOUT = (
    remark.update().where(remark.c.subject_kind == bindparam("_subject_kind"), _ABOUT).values(**_NOTHING)
)
_CLAIMS_FOR = {
    "request": select(claim.c.id)
    .join(task, task.c.id == claim.c.task_id)
    .where(task.c.request_id.in_(bindparam("subjects", expanding=True))),
    "pairing": select(claim.c.id)
    .join(task, task.c.id == claim.c.task_id)
    .where(task.c.pairing_id.in_(bindparam("subjects", expanding=True))),
}
THINGS_AT_ONCE = 20
"""Requests, pairings or threads whose words one unit of work empties: each has at most a few dozen."""


def empty_about(connection: Connection, kind: str, subjects: list[int]) -> int:
    """Empty all words, pictures and places of these requests, pairings or threads, and of the work on them."""
    work = _CLAIMS_FOR.get(kind)
    claims = [] if work is None else list(connection.execute(work, {"subjects": subjects}).scalars())
    count = connection.execute(_EMPTY_ABOUT, {"_subject_kind": kind, "subjects": subjects}).rowcount
    if claims:
        count += connection.execute(_EMPTY_ABOUT, {"_subject_kind": "claim", "subjects": claims}).rowcount
    return count


def _written(connection: Connection, item: Erasure) -> int | None:
    ids = list(
        connection.execute(
            _WRITTEN, {"person_id": item.person_id, "after": item.after, "most": traces.AT_ONCE}
        ).scalars()
    )
    if ids:
        connection.execute(_EMPTY_REMARKS, {"ids": ids})
    return ids[-1] if len(ids) == traces.AT_ONCE else None


def _things(connection: Connection, item: Erasure, kind: str, statement: Any) -> int | None:
    ids = list(
        connection.execute(
            statement, {"person_id": item.person_id, "after": item.after, "most": THINGS_AT_ONCE}
        ).scalars()
    )
    if ids:
        empty_about(connection, kind, ids)
    return ids[-1] if len(ids) == THINGS_AT_ONCE else None


def _requests(connection: Connection, item: Erasure) -> int | None:
    return _things(connection, item, "request", _REQUESTS)


def _pairings(connection: Connection, item: Erasure) -> int | None:
    return _things(connection, item, "pairing", _PAIRINGS)


def _threads(connection: Connection, item: Erasure) -> int | None:
    return _things(connection, item, threads.KIND, _THREADS)


# --- portion by portion --------------------------------------------------------------------------------------------------

_STAGES: tuple[Callable[[Connection, Erasure], int | None], ...] = (
    _written,
    _requests,
    _pairings,
    traces.messages,
    traces.updates,
    traces.forms,
    traces.lines,
    _threads,
)
"""In this order: messages are known by the updates that caused them, so those keep their senders until then. What is new
comes last, for an erasure that is under way knows its stage by number."""

_OPEN = (
    select(*erasure.c)
    .where(erasure.c.person_id > bindparam("after"))
    .order_by(erasure.c.person_id)
    .limit(1)
    .with_for_update()
)
_MOVE = (
    erasure.update()
    .where(erasure.c.person_id == bindparam("_id"))
    .values(stage=bindparam("new_stage"), after=bindparam("new_after"))
)
_END = erasure.delete().where(erasure.c.person_id == bindparam("person_id"))


@dataclass(frozen=True, slots=True)
class Progress:
    """After a portion: whose words they were, and whether all are empty now, or must wait for something on its way."""

    person_id: int
    finished: bool = False
    waits: bool = False


def go_on(connection: Connection, *, after: int = 0) -> Progress | None:
    """Empty the next portion of the first person after ``after`` whose erasure is under way; None when there is none."""
    row = connection.execute(_OPEN, {"after": after}).first()
    if row is None:
        return None
    item = Erasure(*row)
    try:
        reached = _STAGES[item.stage](connection, item)
    except NotYet as waiting:
        connection.execute(
            _MOVE, {"_id": item.person_id, "new_stage": item.stage, "new_after": waiting.after}
        )
        return Progress(item.person_id, waits=True)
    if reached is not None:
        connection.execute(_MOVE, {"_id": item.person_id, "new_stage": item.stage, "new_after": reached})
        return Progress(item.person_id)
    if item.stage + 1 < len(_STAGES):
        connection.execute(_MOVE, {"_id": item.person_id, "new_stage": item.stage + 1, "new_after": 0})
        return Progress(item.person_id)
    connection.execute(_END, {"person_id": item.person_id})
    return Progress(item.person_id, finished=True)


_ERASED = (
    select(person.c.id, person.c.erased_at)
    .where(person.c.erased_at.is_not(None), person.c.erased_at >= bindparam("since", type_=Instant()))
    .order_by(person.c.erased_at, person.c.id)
)


def erased(connection: Connection, *, since: datetime = EPOCH) -> list[tuple[int, datetime]]:
    """Everybody who was forgotten, and when: what is done again after an older copy was brought back."""
    return [(row[0], row[1]) for row in connection.execute(_ERASED, {"since": since})]
