"""Notices and their walks: the rows that the rules of ``domain/notices.py`` need."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, false, func, or_, select

from domain.base import NOT_FOUND, Actor, Refused, Subject
from domain.notices.correcting import AskAgain
from domain.notices.shapes import (
    Address,
    BeginCase,
    BeginNotice,
    CallCase,
    ConfirmNotice,
    CopyCase,
    CopyNotice,
    GoOnNotice,
    HoldNotice,
    Mailing,
    NoticeCase,
    PublicNotice,
    PutMedia,
    PutText,
    ReadNotice,
    RemindNotice,
    SetTime,
    StartNotice,
    StopNotice,
    Switch,
    TickOffCall,
    WithdrawNotice,
)
from domain.notices.terms import SetKind, SetValid
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook
from storage.addressees import counted, paths_of
from storage.entities import every, load, next_id, selection
from storage.people import below, load_actors, unit_path
from storage.prepared import Prepared
from storage.schema import chat_group, unit
from storage.schema_notices import mailing, notice, receipt
from storage.tree import office_of

_OPEN = selection(Mailing).where(mailing.c.notice_id == bindparam("id"), mailing.c.finished_at.is_(None))
COPY = Prepared(
    select(receipt.c.read_at).where(
        receipt.c.notice_id == bindparam("notice"), receipt.c.person_id == bindparam("person")
    )
)


def groups_below(paths: list[str]) -> ColumnElement[bool]:
    """The groups bound at or below units, as a condition on ``chat_group`` joined to ``unit``."""
    return or_(false(), *(and_(unit.c.path >= low, unit.c.path < high) for low, high in map(below, paths)))


def load_for_begin(connection: Connection, action: BeginNotice, actor: Actor, rules: Rulebook) -> BeginCase:
    """The unit in whose name it will be."""
    path = paths_of(connection, [action.unit_id]).get(action.unit_id, "")
    return BeginCase(next_id(connection, PublicNotice), path)


def _load(connection: Connection, notice_id: int) -> tuple[PublicNotice, str]:
    found = load(connection, PublicNotice, notice_id)
    if found is None:
        raise Refused(NOT_FOUND)
    # Also of a unit that was closed meanwhile: who leads the place can still take back what was said in its name.
    return found, unit_path(connection, found.unit_id)


def load_notice(
    connection: Connection,
    action: PutText
    | CopyNotice
    | PutMedia
    | Switch
    | SetTime
    | SetKind
    | SetValid
    | HoldNotice
    | GoOnNotice
    | StopNotice
    | WithdrawNotice
    | RemindNotice
    | AskAgain,
    actor: Actor,
    rules: Rulebook,
) -> NoticeCase:
    """The notice and the walks through its recipients that are not finished."""
    found, path = _load(connection, action.notice_id)
    return NoticeCase(
        found,
        path,
        new_notice=next_id(connection, PublicNotice) if isinstance(action, CopyNotice) else 0,
        zone=office_of(connection, path).zone,
        mailings=every(connection, Mailing, _OPEN, id=found.id),
        new_mailing=next_id(connection, Mailing),
    )


def load_for_address(connection: Connection, action: Address, actor: Actor, rules: Rulebook) -> NoticeCase:
    """The notice and the units that it shall be for."""
    found, path = _load(connection, action.notice_id)
    wanted = action.addressees
    return NoticeCase(found, path, paths=paths_of(connection, [*wanted.units, *wanted.without_units]))


def load_for_sending(
    connection: Connection,
    action: ConfirmNotice | StartNotice,
    actor: Actor,
    rules: Rulebook,
    now: datetime,
) -> NoticeCase:
    """The notice, whom it would reach, and whether who wrote it may still send it."""
    found, path = _load(connection, action.notice_id)
    wanted = found.whom
    paths = paths_of(connection, [*wanted.units, *wanted.without_units])
    answerable = {found.author_id, *filter(None, (found.confirmed_by,))}
    known = load_actors(connection, now, answerable)
    may = all(
        allowed(known.get(person_id, Actor()), Permission.SEND_NOTICE, Subject(path=paths.get(unit_id, "")))
        for person_id in answerable
        for unit_id in wanted.units
    )
    tops = [path for unit_id, path in paths.items() if unit_id in wanted.units and path.count(".") == 1]
    return NoticeCase(
        found,
        path,
        paths=paths,
        count=counted(connection, wanted, paths, now=now, most=rules.notices.second_above + 1),
        groups=groups_of(connection, [paths[unit_id] for unit_id in wanted.units if unit_id in paths]),
        top=bool(tops),
        new_notice=next_id(connection, PublicNotice) if found.repeat else 0,
        zone=office_of(connection, path).zone,
        author_may=may,
    )


def groups_at(connection: Connection, paths: list[str]) -> list[int]:
    """The chats of the groups bound at or below these units."""
    return list(
        connection.execute(
            select(chat_group.c.chat_id)
            .select_from(chat_group.join(unit, unit.c.id == chat_group.c.unit_id))
            .where(chat_group.c.left_at.is_(None), groups_below(paths))
            .order_by(chat_group.c.id)
        ).scalars()
    )


def groups_of(connection: Connection, paths: list[str]) -> int:
    """How many groups are bound at or below these units."""
    found: int = connection.execute(
        select(func.count())
        .select_from(chat_group.join(unit, unit.c.id == chat_group.c.unit_id))
        .where(chat_group.c.left_at.is_(None), groups_below(paths))
    ).scalar_one()
    return found


def load_copy(connection: Connection, action: ReadNotice, actor: Actor, rules: Rulebook) -> CopyCase:
    """The actor's own copy."""
    found = load(connection, PublicNotice, action.notice_id, lock=False)
    if found is None:
        raise Refused(NOT_FOUND)
    row = COPY.first(connection, {"notice": found.id, "person": actor.person_id})
    return CopyCase(found, actor.person_id if row else 0, row.read_at if row else None)


_UNREACHED = Prepared(
    select(unit.c.path, receipt.c.called_at, notice.c.author_id)
    .select_from(
        receipt.join(unit, unit.c.id == receipt.c.unit_id).join(notice, notice.c.id == receipt.c.notice_id)
    )
    .where(
        receipt.c.notice_id == bindparam("notice"),
        receipt.c.person_id == bindparam("person"),
        or_(receipt.c.state == "unreachable", receipt.c.state == "failed"),
    )
)


def load_call(connection: Connection, action: TickOffCall, actor: Actor, rules: Rulebook) -> CallCase:
    """Somebody whom the notice did not reach."""
    row = _UNREACHED.first(connection, {"notice": action.notice_id, "person": action.person_id})
    if row is None:
        raise Refused(NOT_FOUND)
    return CallCase(
        action.notice_id, action.person_id, row.path, row.author_id, called=row.called_at is not None
    )


LOADERS: dict[type[Any], Any] = {
    BeginNotice: load_for_begin,
    **dict.fromkeys(
        (
            PutText,
            CopyNotice,
            PutMedia,
            Switch,
            SetTime,
            SetKind,
            SetValid,
            HoldNotice,
            GoOnNotice,
            StopNotice,
            WithdrawNotice,
            RemindNotice,
            AskAgain,
        ),
        load_notice,
    ),
    Address: load_for_address,
    ReadNotice: load_copy,
    TickOffCall: load_call,
}
LOADERS_AT: dict[type[Any], Any] = {ConfirmNotice: load_for_sending, StartNotice: load_for_sending}
"""Those that need to know what the time is: who may do what depends on it."""
