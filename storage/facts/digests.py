"""What a digest tells its reader as it leaves: of the building they live in, or of what waits for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, exists, func, literal_column, or_, select

from domain.desk import CountDesk
from domain.digests import (
    ANSWERS,
    CALLS,
    MOST_NOTICES,
    OPEN_DAYS,
    SECOND,
    CategoryNews,
    DeskDigest,
    Digest,
    DigestSettings,
    HomeDigest,
    Rhythm,
    SeeDigests,
    Waiting,
)
from domain.notices.shapes import OUT
from domain.notices.shown import NoticeLine
from domain.permissions import Permission, allowed
from domain.queries import words_in
from domain.requests import RequestState
from storage.digests import chosen, place_of_work
from storage.facts.calls import count_desk
from storage.facts.desk import waiting_by_kind
from storage.facts.rows import STAFF_ROLES, Look, below, place
from storage.people import in_force
from storage.schema import appointment, request, unit
from storage.schema_notices import notice, receipt
from storage.types import Instant

MOST_LOOKED_AT = 500
"""The newest notices of everybody that are looked at for those of one reader: of each it is one step."""

_SINCE = bindparam("since", type_=Instant())
_UNTIL = bindparam("until", type_=Instant())
_raised = and_(request.c.raised_at >= _SINCE, request.c.raised_at < _UNTIL)
_solved = and_(
    request.c.state == RequestState.CLOSED_CONFIRMED,
    request.c.closed_at >= _SINCE,
    request.c.closed_at < _UNTIL,
)
_taken_on = and_(request.c.answered_at >= _SINCE, request.c.answered_at < _UNTIL)
_in_work = request.c.state.in_(
    (RequestState.OPEN, RequestState.IN_PROGRESS, RequestState.WAITING, RequestState.DONE)
)


def _number(condition: Any) -> Any:
    return func.count(case((condition, 1)))


# Whatever was raised, taken on or solved since then is open still or was closed since then.
_NEWS = (
    select(
        request.c.category,
        _number(_raised).label("raised"),
        _number(_in_work).label("in_work"),
        _number(_solved).label("solved"),
        _number(and_(_in_work, _taken_on)).label("taken_on"),
    )
    .where(
        request.c.unit_id == bindparam("unit"),
        or_(request.c.closed_at.is_(None), request.c.closed_at >= _SINCE),
        ~request.c.private,
        request.c.category.in_(bindparam("open_ones", expanding=True)),
        request.c.state != RequestState.WITHDRAWN,
    )
    .group_by(request.c.category)
)
_PLACE = select(unit.c.name, unit.c.name_en).where(unit.c.id == bindparam("unit"))


def _news(connection: Connection, look: Look, since: datetime, until: datetime) -> tuple[CategoryNews, ...]:
    """Category by category in the rulebook's order; nothing where nothing has happened since.

    Private requests and those about staff stay out, and so does a category that is always private.
    """
    open_ones = [one.code for one in look.rules.categories if not (one.sensitive or one.always_private)]
    values = {"unit": look.reader.home_unit_id, "since": since, "until": until, "open_ones": open_ones}
    rows = {row.category: row for row in connection.execute(_NEWS, values)}
    if not any(row.raised or row.solved or row.taken_on for row in rows.values()):
        return ()
    return tuple(
        CategoryNews(code, row.raised, row.in_work, row.solved)
        for code in open_ones
        if (row := rows.get(code)) is not None and (row.raised or row.in_work or row.solved)
    )


_newest = (
    select(notice.c.id)
    .where(notice.c.begun_at >= _SINCE, notice.c.state.in_(OUT), notice.c.wants_read)
    .order_by(notice.c.begun_at.desc(), notice.c.id.desc())
    .limit(MOST_LOOKED_AT)
    .subquery("newest")
)
_UNREAD = (
    select(
        notice.c.id,
        notice.c.state,
        notice.c.texts,
        notice.c.begun_at,
        notice.c.urgent,
        unit.c.name,
        unit.c.name_en,
    )
    .select_from(
        _newest.join(receipt, receipt.c.notice_id == _newest.c.id)
        .join(notice, notice.c.id == _newest.c.id)
        .join(unit, unit.c.id == notice.c.unit_id)
    )
    .where(
        receipt.c.person_id == bindparam("reader"),
        # Whoever wants no messages of a kind finds them here.
        receipt.c.state.in_(("sent", "muted")),
        receipt.c.read_at.is_(None),
        or_(notice.c.valid_until.is_(None), notice.c.valid_until > bindparam("now", type_=Instant())),
    )
    .order_by(notice.c.begun_at.desc(), notice.c.id.desc())
    .limit(MOST_NOTICES)
)


def _unread(connection: Connection, look: Look) -> tuple[NoticeLine, ...]:
    values = {"reader": look.reader.person_id, "since": look.now - timedelta(days=OPEN_DAYS), "now": look.now}
    return tuple(
        NoticeLine(
            row.id,
            row.state,
            words_in(row.texts, look.reader.language),
            place(row.name, row.name_en),
            row.begun_at,
            urgent=row.urgent,
        )
        for row in connection.execute(_UNREAD, values)
    )


def home_digest(connection: Connection, subject_id: int, look: Look) -> HomeDigest | None:
    """Of the reader's own building; None where there is nothing to say, or they no longer want it."""
    reader = look.reader
    mine = chosen(connection, Digest.HOME, reader.person_id)
    if mine.rhythm is Rhythm.NEVER or mine.since is None or mine.taken_at is None:
        return None
    if reader.home_unit_id is None or reader.suspended or not reader.telegram_id:
        return None
    news = _news(connection, look, mine.since, mine.taken_at)
    notices = _unread(connection, look)
    if not news and not notices:
        return None
    row = connection.execute(_PLACE, {"unit": reader.home_unit_id}).one()
    return HomeDigest(place(row.name, row.name_en), mine.since, news, notices)


_own = appointment.alias("own_appointment")
_held = unit.alias("held_unit")
# A handful wherever anybody serves: found by themselves, then held against what the reader covers.
_SECOND = (
    select(func.count())
    .select_from(notice.join(unit, unit.c.id == notice.c.unit_id))
    .where(
        notice.c.state == literal_column("'asked'"),
        notice.c.confirmed_by != bindparam("reader"),
        exists()
        .where(
            _own.c.person_id == bindparam("reader"),
            _own.c.role.in_(STAFF_ROLES),
            in_force(_own),
            _held.c.id == _own.c.unit_id,
            below(unit.c.path, _held.c.path),
        )
        .correlate(unit),
    )
)


def desk_digest(connection: Connection, subject_id: int, look: Look) -> DeskDigest | None:
    """What is on the reader's desk, and notices that need a second yes; None where nothing waits or they turned it off."""
    reader = look.reader
    if not allowed(reader, Permission.SEE_DESK, None) or not place_of_work(reader) or not reader.telegram_id:
        return None
    if chosen(connection, Digest.DESK, reader.person_id).rhythm is Rhythm.NEVER:
        return None
    waiting = waiting_by_kind(connection, look)
    asked = connection.execute(_SECOND, {"reader": reader.person_id, "now": look.now}).scalar_one()
    beside = count_desk(connection, CountDesk(), look)
    others = ((ANSWERS, beside.answers), (CALLS, beside.calls), (SECOND, asked))
    waiting = (*waiting, *(Waiting(kind, count) for kind, count in others if count))
    return DeskDigest(waiting) if waiting else None


def settings(connection: Connection, look: Look) -> DigestSettings:
    """What the reader has chosen."""
    person_id = look.reader.person_id
    return DigestSettings(
        chosen(connection, Digest.HOME, person_id).rhythm,
        chosen(connection, Digest.DESK, person_id).rhythm if place_of_work(look.reader) else None,
    )


def settings_card(connection: Connection, person_id: int, look: Look) -> DigestSettings | None:
    """The same as a stored message, for that person themselves."""
    return settings(connection, look) if person_id == look.reader.person_id else None


def see_digests(connection: Connection, query: SeeDigests, look: Look) -> DigestSettings:
    """The same as a screen."""
    return settings(connection, look)


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "digest.home": home_digest,
    "digest.desk": desk_digest,
    "digest.settings": settings_card,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {SeeDigests: see_digests}
