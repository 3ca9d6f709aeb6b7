"""What is held about the reader, in numbers and in full, and what they still hear of before they agree to new terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, literal, or_, select

from domain.base import NOT_FOUND, Purpose, Refused
from domain.lanes import Lane
from domain.points import Currency
from domain.privacy import (
    AppointmentRecord,
    CheckInRecord,
    ClaimRecord,
    ConsentRecord,
    FollowupRecord,
    LessonRecord,
    MeetingRecord,
    OwnData,
    OwnRecord,
    PairingRecord,
    PointRecord,
    ReadOwnRecord,
    RequestRecord,
    SeeOwnData,
    ThreadRecord,
)
from domain.queries import Appointed, Part, TaskFacts
from domain.requests import FINAL
from domain.tasks import HOLDING
from storage.facts import digests
from storage.facts.requests import part_of
from storage.facts.rows import SAID, Look, Said, place
from storage.people import in_force
from storage.schema import (
    appointment,
    audit,
    balance,
    checkin,
    claim,
    entry,
    household,
    outbox,
    pairing,
    person,
    person_skill,
    person_tag,
    posting,
    remark,
    request,
    task,
    unit,
)
from storage.schema_lessons import lesson, lesson_due
from storage.schema_meetings import followup, meeting, meeting_guest
from storage.schema_notices import notice_mute, thread
from storage.threads import KIND as THREAD

RUNNING = ("request.", "letter.", "alarm.")
"""Kinds of messages that belong to what somebody asked for, or to somebody's danger."""


def goes_on(kind: str, facts: Any) -> bool:
    """Whether a message goes on to somebody who has not agreed to the new terms: their requests, and work they hold."""
    return kind.startswith(RUNNING) or (isinstance(facts, TaskFacts) and facts.mine in HOLDING)


# --- in numbers -----------------------------------------------------------------------------------------------------------

_READER = bindparam("reader", type_=person.c.id.type)
_proxy = person.alias("proxy_person")
_WHO = (
    select(
        person.c.name,
        person.c.telegram_id,
        person.c.language,
        person.c.phone,
        person.c.number,
        person.c.consent_version,
        person.c.consent_at,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        household.c.flat,
        _proxy.c.name.label("proxy"),
    )
    .select_from(
        person.outerjoin(unit, unit.c.id == person.c.home_unit_id)
        .outerjoin(household, household.c.id == person.c.household_id)
        .outerjoin(_proxy, _proxy.c.id == person.c.proxy_id)
    )
    .where(person.c.id == _READER)
)
_HELD = (
    select(appointment.c.role, unit.c.name, unit.c.name_en)
    .join(unit, unit.c.id == appointment.c.unit_id)
    .where(appointment.c.person_id == _READER, in_force(appointment))
    .order_by(unit.c.path, appointment.c.role)
)
_SKILLS = (
    select(person_skill.c.skill).where(person_skill.c.person_id == _READER).order_by(person_skill.c.skill)
)
_TAGS = select(person_tag.c.tag).where(person_tag.c.person_id == _READER).order_by(person_tag.c.tag)
_MUTED = select(notice_mute.c.kind).where(notice_mute.c.person_id == _READER).order_by(notice_mute.c.kind)
_LAST_CHECK_IN = (
    select(checkin.c.branch).where(checkin.c.person_id == _READER).order_by(checkin.c.id.desc()).limit(1)
)
_REQUESTS = select(
    func.count(),
    func.coalesce(func.sum(case((request.c.state.not_in([state.value for state in FINAL]), 1), else_=0)), 0),
).where(request.c.requester_id == _READER)
_TASKS = select(func.count()).where(claim.c.member_id == _READER)
_PAIRED = or_(pairing.c.resident_id == _READER, pairing.c.member_id == _READER)
_PAIRINGS = select(func.count()).where(_PAIRED, pairing.c.ended_at.is_(None))
_WORDS = select(
    func.coalesce(func.sum(case((remark.c.text != "", 1), else_=0)), 0),
    func.coalesce(func.sum(case((remark.c.kind != "text", 1), else_=0)), 0),
).where(remark.c.author_id == _READER)
_BALANCES = select(balance.c.currency, balance.c.amount).where(balance.c.account == bindparam("account"))
# What goes to everybody at once may be a million rows, and is nothing of theirs.
_WAITING = select(func.count()).where(
    outbox.c.state == "waiting", outbox.c.lane < Lane.BROADCAST, outbox.c.chat_id == bindparam("chat")
)
_STEPS = select(func.count()).where(audit.c.actor_id == _READER)


def see_own_data(connection: Connection, query: SeeOwnData, look: Look) -> OwnData:
    """The reader's own record in numbers; a stranger has none."""
    reader = look.reader.person_id
    key = {"reader": reader}
    who = connection.execute(_WHO, key).first()
    if who is None:
        raise Refused(NOT_FOUND)
    requests, open_requests = connection.execute(_REQUESTS, key).one()
    words, files = connection.execute(_WORDS, key).one()
    sums: dict[str, int] = {
        row[0]: row[1] for row in connection.execute(_BALANCES, {"account": f"person:{reader}"})
    }
    return OwnData(
        name=who.name,
        telegram_id=who.telegram_id or 0,
        language=who.language,
        phone=who.phone or "",
        place=place(who.place, who.place_en),
        flat=who.flat or "",
        number=who.number or "",
        proxy=who.proxy or "",
        consent_version=who.consent_version,
        consent_at=who.consent_at,
        held=tuple(
            Appointed(row.role, place(row.name, row.name_en))
            for row in connection.execute(_HELD, {**key, "now": look.now})
        ),
        skills=tuple(connection.execute(_SKILLS, key).scalars()),
        tags=tuple(connection.execute(_TAGS, key).scalars()),
        muted=tuple(connection.execute(_MUTED, key).scalars()),
        branch=connection.execute(_LAST_CHECK_IN, key).scalar() or "",
        requests=requests,
        open_requests=int(open_requests),
        tasks=connection.execute(_TASKS, key).scalar_one(),
        pairings=connection.execute(_PAIRINGS, key).scalar_one(),
        words=int(words),
        files=int(files),
        honour=sums.get(Currency.HONOUR.value, 0),
        spendable=sums.get(Currency.SPENDABLE.value, 0),
        waiting=connection.execute(_WAITING, {"chat": who.telegram_id or 0}).scalar_one(),
        steps=connection.execute(_STEPS, key).scalar_one(),
    )


# --- in full --------------------------------------------------------------------------------------------------------------

_ALL_REQUESTS = (
    select(request, unit.c.name.label("place"), unit.c.name_en.label("place_en"))
    .join(unit, unit.c.id == request.c.unit_id)
    .where(request.c.requester_id == _READER)
    .order_by(request.c.id)
)
_ALL_CLAIMS = (
    select(
        claim.c.id,
        claim.c.task_id,
        claim.c.state,
        claim.c.claimed_at,
        claim.c.ended_at,
        claim.c.minutes,
        task.c.category,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
    )
    .select_from(claim.join(task, task.c.id == claim.c.task_id).join(unit, unit.c.id == task.c.unit_id))
    .where(claim.c.member_id == _READER)
    .order_by(claim.c.id)
)
_ON_OWN_REQUESTS = (
    select(*SAID)
    .join(request, and_(remark.c.subject_kind == "request", remark.c.subject_id == request.c.id))
    .where(request.c.requester_id == _READER)
    .order_by(remark.c.id)
)
_REPORTED = (
    select(request.c.id.label("request_id"), *SAID)
    .select_from(
        request.join(task, task.c.request_id == request.c.id)
        .join(claim, claim.c.task_id == task.c.id)
        .join(remark, and_(remark.c.subject_kind == "claim", remark.c.subject_id == claim.c.id))
    )
    .where(request.c.requester_id == _READER, remark.c.purpose == Purpose.REPORT)
    .order_by(remark.c.id)
)
_ALL_THREADS = (
    select(
        thread.c.id,
        thread.c.notice_id,
        thread.c.opened_at,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
    )
    .join(unit, unit.c.id == thread.c.unit_id)
    .where(thread.c.person_id == _READER)
    .order_by(thread.c.id)
)
_IN_THREADS = (
    select(*SAID)
    .join(thread, and_(remark.c.subject_kind == THREAD, remark.c.subject_id == thread.c.id))
    .where(thread.c.person_id == _READER)
    .order_by(remark.c.id)
)
_ALL_LESSONS = (
    select(lesson.c.titles, lesson_due.c.opened_at, lesson_due.c.done_at, lesson_due.c.score)
    .join(lesson, lesson.c.id == lesson_due.c.lesson_id)
    .where(lesson_due.c.person_id == _READER)
    .order_by(lesson_due.c.lesson_id)
)
_ALL_MEETINGS = (
    select(
        meeting.c.kind,
        meeting.c.topic,
        meeting.c.starts_at,
        unit.c.name.label("place"),
        unit.c.name_en.label("place_en"),
        meeting_guest.c.answer,
        meeting_guest.c.reason,
        meeting_guest.c.checked_in_at,
    )
    .select_from(
        meeting_guest.join(meeting, meeting.c.id == meeting_guest.c.meeting_id).join(
            unit, unit.c.id == meeting.c.unit_id
        )
    )
    .where(meeting_guest.c.person_id == _READER)
    .order_by(meeting_guest.c.meeting_id)
)
_ALL_FOLLOWUPS = (
    select(followup.c.what, followup.c.due_on, followup.c.done_at)
    .where(followup.c.owner_id == _READER)
    .order_by(followup.c.id)
)
_WRITTEN = select(*SAID).where(remark.c.author_id == _READER).order_by(remark.c.id)
_ALL_PAIRINGS = select(pairing).where(_PAIRED).order_by(pairing.c.id)
_NOTES = (
    select(pairing.c.id, remark.c.text)
    .join(remark, and_(remark.c.subject_kind == "pairing", remark.c.subject_id == pairing.c.id))
    .where(pairing.c.resident_id == _READER)
    .order_by(remark.c.id)
)
_ALL_APPOINTMENTS = (
    select(appointment.c.role, appointment.c.starts_at, appointment.c.ends_at, unit.c.name, unit.c.name_en)
    .join(unit, unit.c.id == appointment.c.unit_id)
    .where(appointment.c.person_id == _READER)
    .order_by(appointment.c.id)
)
_ALL_CHECK_INS = (
    select(checkin, unit.c.name.label("place"), unit.c.name_en.label("place_en"))
    .join(unit, unit.c.id == checkin.c.unit_id)
    .where(checkin.c.person_id == _READER)
    .order_by(checkin.c.id)
)
_ALL_ENTRIES = (
    select(posting.c.at, entry.c.currency, entry.c.amount, posting.c.source_kind, posting.c.source_id)
    .select_from(entry.join(posting, posting.c.id == entry.c.posting_id))
    .where(entry.c.account == bindparam("account"))
    .order_by(entry.c.id)
)
_CONSENTS = (
    select(audit.c.at, audit.c.data)
    .where(
        audit.c.subject_kind == literal("person"),
        audit.c.subject_id == _READER,
        audit.c.event == "person.consented",
    )
    .order_by(audit.c.id)
)


def read_own_record(connection: Connection, query: ReadOwnRecord, look: Look) -> OwnRecord:
    """Everything that is held about the reader. Of pictures and voices only that they were sent: they are not here."""
    reader = look.reader.person_id
    key = {"reader": reader}
    data = see_own_data(connection, SeeOwnData(), look)
    said = _by(_said(connection, _ON_OWN_REQUESTS, key), reader)
    reported = [(row.request_id, Said._make(row[1:])) for row in connection.execute(_REPORTED, key)]
    written = _said(connection, _WRITTEN, key)
    requests = tuple(
        RequestRecord(
            row.id,
            row.category,
            row.urgency,
            row.state,
            place(row.place, row.place_en),
            row.raised_at,
            row.closed_at,
            row.stars,
            said.get(row.id, ())
            + tuple(part_of(item, reader) for about, item in reported if about == row.id),
        )
        for row in connection.execute(_ALL_REQUESTS, key)
    )
    in_threads = _by(_said(connection, _IN_THREADS, key), reader)
    on_claims = _by((item for item in written if item.subject_kind == "claim"), reader)
    shown = {one.id for one in requests}
    notes = connection.execute(_NOTES, key).all()
    return OwnRecord(
        data=data,
        digests=digests.settings(connection, look),
        requests=requests,
        claims=tuple(
            ClaimRecord(
                row.task_id,
                row.category,
                row.state,
                place(row.place, row.place_en),
                row.claimed_at,
                row.ended_at,
                row.minutes,
                on_claims.get(row.id, ()),
            )
            for row in connection.execute(_ALL_CLAIMS, key)
        ),
        other=tuple(
            part_of(item, reader)
            for item in written
            if item.subject_kind != "claim"
            and not (item.subject_kind == "request" and item.subject_id in shown)
            and not (item.subject_kind == THREAD and item.subject_id in in_threads)
        ),
        threads=tuple(
            ThreadRecord(
                row.notice_id, place(row.place, row.place_en), row.opened_at, in_threads.get(row.id, ())
            )
            for row in connection.execute(_ALL_THREADS, key)
        ),
        lessons=tuple(
            LessonRecord(row.titles, row.opened_at, row.done_at, row.score)
            for row in connection.execute(_ALL_LESSONS, key)
        ),
        meetings=tuple(
            MeetingRecord(
                row.kind,
                row.topic,
                place(row.place, row.place_en),
                row.starts_at,
                row.answer,
                row.reason,
                row.checked_in_at,
            )
            for row in connection.execute(_ALL_MEETINGS, key)
        ),
        followups=tuple(
            FollowupRecord(row.what, row.due_on, row.done_at)
            for row in connection.execute(_ALL_FOLLOWUPS, key)
        ),
        pairings=tuple(
            PairingRecord(
                row.id,
                row.need,
                row.cadence_days,
                row.started_at,
                row.ended_at,
                row.member_id == reader,
                "\n".join(text for about, text in notes if about == row.id),
            )
            for row in connection.execute(_ALL_PAIRINGS, key)
        ),
        appointments=tuple(
            AppointmentRecord(Appointed(row.role, place(row.name, row.name_en)), row.starts_at, row.ends_at)
            for row in connection.execute(_ALL_APPOINTMENTS, key)
        ),
        checkins=tuple(
            CheckInRecord(
                place(row.place, row.place_en),
                row.state,
                row.branch,
                row.asked_at,
                row.decided_at,
                row.joined_on,
            )
            for row in connection.execute(_ALL_CHECK_INS, key)
        ),
        entries=tuple(
            PointRecord(row.at, row.currency, row.amount, row.source_kind, row.source_id)
            for row in connection.execute(_ALL_ENTRIES, {"account": f"person:{reader}"})
        ),
        consents=tuple(
            ConsentRecord(int(row.data.get("version") or 0), row.at)
            for row in connection.execute(_CONSENTS, key)
        ),
    )


def _said(connection: Connection, statement: Any, key: Mapping[str, int]) -> list[Said]:
    return [Said._make(row) for row in connection.execute(statement, key)]


def _by(said: Iterable[Said], reader: int) -> dict[int, tuple[Part, ...]]:
    """What was said, by the thing it was said about."""
    found: dict[int, tuple[Part, ...]] = {}
    for item in said:
        found[item.subject_id] = (*found.get(item.subject_id, ()), part_of(item, reader))
    return found


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    SeeOwnData: see_own_data,
    ReadOwnRecord: read_own_record,
}
