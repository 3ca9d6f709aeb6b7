"""Requests in the eyes of a reader: the card of who asked, the card of staff, the list of one's own.

The short words on the way are in ``news.py``, made of the same rows.

Who may see what is asked of the permission table with the subject the rules themselves use: where the request is
handled, whose it is, who works on it. Name, flat and phone go to staff who may triage it, and to nobody else here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, or_, select

from domain.base import NOT_FOUND, Actor, Purpose, Refused, Role, Subject
from domain.deadlines import closes_at
from domain.people import Phase
from domain.permissions import Permission, allowed
from domain.queries import (
    TOLD_STEPS,
    Contact,
    Contents,
    DeskFacts,
    Helper,
    ListMine,
    Page,
    Part,
    RequestContents,
    RequestFacts,
    RequestRow,
    Step,
)
from domain.requests import FINAL, RequestState
from domain.tasks import AT_WORK, HOLDING, ClaimState
from storage.facts.rows import SAID, Look, Said, last_words, page_of, paged, place, words_of
from storage.schema import (
    appointment,
    audit,
    claim,
    household,
    person,
    remark,
    request,
    task,
    unit,
)

_home = unit.alias("home_unit")
_handling = unit.alias("handling_unit")
_requester = person.alias("requester")
_proxy = person.alias("proxy")
_handler = person.alias("handler")

_REQUEST = (
    select(
        request,
        _home.c.name.label("place"),
        _home.c.name_en.label("place_en"),
        _handling.c.path.label("path"),
        _requester.c.name.label("name"),
        _requester.c.phone.label("phone"),
        household.c.flat.label("flat"),
        _proxy.c.name.label("proxy"),
        _handler.c.name.label("handler"),
        task.c.id.label("task_id"),
        task.c.agreed_minutes,
    )
    .select_from(
        request.join(_home, _home.c.id == request.c.unit_id)
        .join(_handling, _handling.c.id == request.c.handling_unit_id)
        .join(_requester, _requester.c.id == request.c.requester_id)
        .outerjoin(household, household.c.id == _requester.c.household_id)
        .outerjoin(_proxy, _proxy.c.id == request.c.proxy_id)
        .outerjoin(_handler, _handler.c.id == request.c.handler_id)
        .outerjoin(task, task.c.request_id == request.c.id)
    )
    .where(request.c.id == bindparam("id"))
)
_CLAIMS = (
    select(
        claim.c.id,
        claim.c.member_id,
        claim.c.state,
        claim.c.claimed_at,
        person.c.name,
        or_(
            person.c.home_unit_id == task.c.unit_id,
            exists().where(
                appointment.c.person_id == person.c.id,
                appointment.c.unit_id == task.c.unit_id,
                appointment.c.phase == Phase.RUNNING,
            ),
        ).label("neighbour"),
    )
    .select_from(
        claim.join(task, task.c.id == claim.c.task_id).join(person, person.c.id == claim.c.member_id)
    )
    .where(task.c.request_id == bindparam("id"))
    .order_by(claim.c.id)
)
_SAID = (
    select(*SAID)
    .where(
        or_(
            and_(remark.c.subject_kind == "request", remark.c.subject_id == bindparam("id")),
            and_(
                remark.c.subject_kind == "claim",
                remark.c.purpose == Purpose.REPORT,
                remark.c.subject_id.in_(
                    select(claim.c.id)
                    .join(task, task.c.id == claim.c.task_id)
                    .where(task.c.request_id == bindparam("id"))
                ),
            ),
        )
    )
    .order_by(remark.c.id)
)
_STEPS = (
    select(audit.c.at, audit.c.event, audit.c.data, person.c.name)
    .select_from(audit.outerjoin(person, person.c.id == audit.c.actor_id))
    .where(audit.c.request_id == bindparam("id"), audit.c.event.in_(TOLD_STEPS))
    .order_by(audit.c.id)
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as stored, with the claims on it. ``row`` has the columns of the request and the names beside it."""

    row: Any
    claims: tuple[Any, ...]
    sensitive: bool

    @property
    def followers(self) -> frozenset[int]:
        """Who asked, and who asked for them."""
        return frozenset({self.row.requester_id} | ({self.row.proxy_id} if self.row.proxy_id else set()))

    def members(self, states: frozenset[ClaimState]) -> frozenset[int]:
        """Those whose claim is in one of ``states``."""
        return frozenset(found.member_id for found in self.claims if found.state in states)

    @property
    def helpers(self) -> tuple[Helper, ...]:
        """Those who hold a place now."""
        return tuple(
            Helper(found.name, found.state, bool(found.neighbour))
            for found in self.claims
            if found.state in HOLDING
        )

    def may(self, reader: Actor, permission: Permission) -> bool:
        """The permission table's answer, with the same subject as when the request is changed."""
        subject = Subject(
            path=self.row.path,
            circle="",
            owners=self.followers,
            workers=self.members(HOLDING),
            only=frozenset({Role.SECRETARY}) if self.sensitive else None,
        )
        return allowed(reader, permission, subject)


def seen(connection: Connection, request_id: int, look: Look) -> Seen | None:
    """The request with its claims, or None. Nobody has been asked yet whether the reader may see it."""
    row = connection.execute(_REQUEST, {"id": request_id}).first()
    if row is None:
        return None
    claims = () if row.task_id is None else tuple(connection.execute(_CLAIMS, {"id": request_id}))
    return Seen(row, claims, look.is_sensitive(row.category))


def said_on(connection: Connection, request_id: int) -> tuple[Said, ...]:
    """Everything said about a request, and what the helpers reported, oldest first."""
    return tuple(Said._make(row) for row in connection.execute(_SAID, {"id": request_id}))


# --- cards ----------------------------------------------------------------------------------------------------------


def request_card(connection: Connection, request_id: int, look: Look) -> RequestFacts | None:
    """For who asked, and who asked for them."""
    found = seen(connection, request_id, look)
    if found is None or look.reader.person_id not in found.followers:
        return None
    row, said = found.row, said_on(connection, request_id)
    return RequestFacts(
        id=row.id,
        version=row.version,
        category=row.category,
        urgency=row.urgency,
        state=row.state,
        private=row.private,
        name_hidden=row.name_hidden,
        raised_at=row.raised_at,
        answer_due_at=row.answer_due_at,
        place=place(row.place, row.place_en),
        words=words_of(said, Purpose.DESCRIPTION),
        added=words_of(said, Purpose.ADDITION),
        for_name=row.name if look.reader.person_id == row.proxy_id else "",
        closed_at=row.closed_at,
        stars=row.stars,
        redo=row.redo,
        reason=last_words(said, Purpose.DECLINE_REASON).text,
        report=last_words(said, Purpose.REPORT),
        helpers=found.helpers,
        steps=tuple(
            Step(at, event, name or "", data.get("stars"))
            for at, event, data, name in connection.execute(_STEPS, {"id": request_id})
        ),
        may_confirm=found.may(look.reader, Permission.CONFIRM_REQUEST),
        solve_due_at=row.solve_due_at,
        closes_at=_closes_at(row, look),
        question=last_words(said, Purpose.QUESTION).text,
    )


def _closes_at(row: Any, look: Look) -> datetime | None:
    since = {RequestState.DONE: row.done_at, RequestState.WAITING: row.stopped_at}.get(row.state)
    return closes_at(since, reminded_at=row.reminded_at, rules=look.rules.deadlines)


def desk_card(connection: Connection, request_id: int, look: Look) -> DeskFacts | None:
    """For staff who may triage it; what is about staff for secretaries alone."""
    found = seen(connection, request_id, look)
    if found is None or not found.may(look.reader, Permission.TRIAGE_REQUEST):
        return None
    row, said = found.row, said_on(connection, request_id)
    over = row.state in FINAL
    return DeskFacts(
        id=row.id,
        version=row.version,
        category=row.category,
        urgency=row.urgency,
        state=row.state,
        private=row.private,
        sensitive=found.sensitive,
        raised_at=row.raised_at,
        answer_due_at=row.answer_due_at,
        place=place(row.place, row.place_en),
        # Once it is over nobody needs to ring there any more, and a card stays in a chat for years.
        contact=Contact(row.name, row.flat or "", "" if over else row.phone or ""),
        words=words_of(said, Purpose.DESCRIPTION),
        added=words_of(said, Purpose.ADDITION),
        proxy=row.proxy or "",
        handler=row.handler or "",
        helpers=found.helpers,
        stars=row.stars,
        redo=row.redo,
        reason=last_words(said, Purpose.DECLINE_REASON).text,
        may_decline=found.may(look.reader, Permission.DECLINE_REQUEST),
        task_id=row.task_id,
        solve_due_at=row.solve_due_at,
        question=last_words(said, Purpose.QUESTION).text,
        may_verify=row.state is RequestState.CLOSED_SILENT
        and row.verified_at is None
        and found.may(look.reader, Permission.VERIFY_REQUEST),
        agreed_minutes=row.agreed_minutes,
    )


def part_of(said: Said, reader: int) -> Part:
    """A remark as something to be shown to ``reader``."""
    return Part(
        said.kind,
        said.text,
        said.file_id,
        said.album,
        said.latitude,
        said.longitude,
        said.purpose,
        said.at,
        mine=said.author_id == reader,
    )


# --- screens --------------------------------------------------------------------------------------------------------

_MINE = paged(
    select(
        request.c.id,
        request.c.category,
        request.c.state,
        request.c.raised_at,
        select(remark.c.text)
        .where(
            remark.c.subject_kind == "request",
            remark.c.subject_id == request.c.id,
            remark.c.purpose == Purpose.DESCRIPTION,
            remark.c.text != "",
        )
        .order_by(remark.c.id)
        .limit(1)
        .correlate(request)
        .scalar_subquery()
        .label("text"),
        request.c.proxy_id,
        person.c.name,
    )
    .select_from(request.join(person, person.c.id == request.c.requester_id))
    .where(or_(request.c.requester_id == bindparam("reader"), request.c.proxy_id == bindparam("reader")))
    .order_by(request.c.id.desc())
)


def list_mine(connection: Connection, query: ListMine, look: Look) -> Page[RequestRow]:
    """Own requests and those asked for others, newest first."""
    reader = look.reader.person_id
    rows, page = page_of(connection, _MINE, {"reader": reader}, page=query.page)
    return replace(
        page,
        rows=tuple(
            RequestRow(
                row.id,
                row.category,
                row.state,
                row.raised_at,
                row.text or "",
                row.name if row.proxy_id == reader else "",
            )
            for row in rows
        ),
    )


_SHOWN = (
    Purpose.DESCRIPTION,
    Purpose.ADDITION,
    Purpose.QUESTION,
    Purpose.UNSOLVED_REASON,
    Purpose.REPORT,
)


def request_contents(connection: Connection, query: RequestContents, look: Look) -> Contents:
    """Words, pictures and voices, for who asked, who is at work on it and who decides on it. Letters stay letters."""
    found = seen(connection, query.request_id, look)
    reader = look.reader.person_id
    if found is None or not (
        reader in found.followers
        or reader in found.members(AT_WORK)
        or found.may(look.reader, Permission.TRIAGE_REQUEST)
    ):
        raise Refused(NOT_FOUND)
    said = said_on(connection, query.request_id)
    return Contents(query.request_id, tuple(part_of(item, reader) for item in said if item.purpose in _SHOWN))


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {
    "request.card": request_card,
    "desk.card": desk_card,
}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    ListMine: list_mine,
    RequestContents: request_contents,
}
