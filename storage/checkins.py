"""Check-ins: the rows behind a decision about one, which are due by the calendar, and what a person can do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Date, and_, bindparam, func, literal_column, or_, select

from domain.base import NOT_FOUND, Actor, Purpose, Refused, Role, Skills
from domain.checkins.joined import joined_days
from domain.checkins.shapes import (
    REMINDERS,
    SERVED_KINDS,
    UNDER_WAY,
    ApproveCheckIn,
    AskCheckIn,
    ChangeCheckIn,
    Checkin,
    CheckinCase,
    GreetMember,
    KeepConfirmation,
    LapseCheckIn,
    LeaveCheckIn,
    RemindCheckIn,
    RenewCheckIn,
    ReturnCheckIn,
    TellJoined,
    WithdrawCheckIn,
)
from domain.people import Appointment, Person
from domain.rulebook import Rulebook
from storage.entities import every, load, next_id, only, selection
from storage.imports import there
from storage.people import ancestors, unit_path
from storage.schema import (
    appointment,
    checkin,
    pairing,
    person_skill,
    remark,
    unit,
)
from storage.tasks import at_work, held_works

_UNDER_WAY = (
    selection(Checkin)
    .where(
        checkin.c.person_id == bindparam("person_id"),
        checkin.c.state.in_([state.value for state in sorted(UNDER_WAY)]),
    )
    .with_for_update()
)
_MEMBERSHIPS = (
    selection(Appointment)
    .where(
        appointment.c.person_id == bindparam("person_id"),
        appointment.c.role == Role.MEMBER,
        appointment.c.deputy_for_id.is_(None),
        there(appointment),
    )
    .order_by(appointment.c.id)
)
SERVED = (
    select(unit.c.id)
    .where(
        unit.c.path.in_(bindparam("paths", expanding=True)),
        unit.c.kind.in_(SERVED_KINDS),
        unit.c.closed_at.is_(None),
        there(unit),
    )
    .order_by(func.length(unit.c.path).desc())
)
"""The units among ``paths`` at which one may check in, the nearest first."""
_PAIRINGS = select(func.count()).where(
    pairing.c.member_id == bindparam("person_id"), pairing.c.ended_at.is_(None)
)
_PAPERS = select(func.count()).where(
    remark.c.subject_kind == "checkin",
    remark.c.subject_id == bindparam("checkin_id"),
    remark.c.purpose == Purpose.CONFIRMATION,
)
_FIRST, _LAST = REMINDERS
# Each day of the last reminder's span is compared with a day of its own: the databases count days differently.
_SPAN = range(_LAST.days + 1)
_DUE = (
    select(checkin.c.valid_until, checkin.c.id)
    .where(
        # Said as the index says it: with a parameter in its place the databases would not see that it serves.
        checkin.c.state == literal_column("'approved'"),
        checkin.c.valid_until <= bindparam("ahead", type_=Date()),
        or_(
            checkin.c.valid_until > bindparam("after_day", type_=Date()),
            and_(
                checkin.c.valid_until == bindparam("after_day", type_=Date()),
                checkin.c.id > bindparam("after_id"),
            ),
        ),
        or_(
            checkin.c.valid_until < bindparam("today", type_=Date()),
            checkin.c.reminded_on.is_(None),
            *(
                and_(
                    checkin.c.valid_until == bindparam(f"last_{days}", type_=Date()),
                    checkin.c.reminded_on < bindparam(f"since_{days}", type_=Date()),
                )
                for days in _SPAN
            ),
        ),
    )
    .order_by(checkin.c.valid_until, checkin.c.id)
    .limit(bindparam("most"))
)
_JOINED = (
    select(checkin.c.id)
    .where(
        checkin.c.joined_on.in_(bindparam("days", expanding=True)),
        checkin.c.state == "approved",
        checkin.c.id > bindparam("after_id"),
    )
    .order_by(checkin.c.id)
    .limit(bindparam("most"))
)
_UNLEARN = person_skill.delete().where(person_skill.c.person_id == bindparam("whose"))


class Due(NamedTuple):
    """A check-in it is time for, by its last day and its id."""

    valid_until: date
    id: int


NONE_YET = Due(date.min, 0)


def due_checkins(connection: Connection, today: date, *, after: Due, most: int) -> tuple[Due, ...]:
    """Check-ins after another that are owed a reminder or whose last day is over, the longest due first."""
    days = {f"last_{count}": today + timedelta(days=count) for count in _SPAN} | {
        f"since_{count}": today + timedelta(days=count) - _LAST for count in _SPAN
    }
    bound = {"today": today, "ahead": today + _FIRST, "most": most, **days}
    rows = connection.execute(_DUE, {"after_day": after.valid_until, "after_id": after.id, **bound})
    return tuple(Due(*row) for row in rows)


def joined(connection: Connection, today: date, *, after: int, most: int) -> tuple[int, ...]:
    """Check-ins in force, above a number, of those who joined the Party on this day of another year."""
    values = {"days": joined_days(today), "after_id": after, "most": most}
    return tuple(connection.execute(_JOINED, values).scalars())


def learn(connection: Connection, skills: Iterable[Skills]) -> None:
    """Each person can do these things, and no others."""
    for known in skills:
        connection.execute(_UNLEARN, {"whose": known.person_id})
        if known.codes:
            rows = [{"person_id": known.person_id, "skill": code} for code in known.codes]
            connection.execute(person_skill.insert(), rows)


# --- loading for decisions ------------------------------------------------------------------------------------------


def _person(connection: Connection, person_id: int, *, lock: bool = False) -> Person:
    found = load(connection, Person, person_id, lock=lock)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def _case(connection: Connection, whose: Person, found: Checkin | None, **more: Any) -> CheckinCase:
    return CheckinCase(
        whose,
        found,
        path=unit_path(connection, found.unit_id) if found else "",
        home_path=unit_path(connection, whose.home_unit_id) if whose.home_unit_id else "",
        appointments=every(connection, Appointment, _MEMBERSHIPS, person_id=whose.id),
        **more,
    )


def load_for_asking(connection: Connection, action: AskCheckIn, actor: Actor, rules: Rulebook) -> CheckinCase:
    """The actor, locked: two askings at once are one after the other. With where they may serve."""
    whose = _person(connection, actor.person_id, lock=True)
    home = unit_path(connection, whose.home_unit_id) if whose.home_unit_id else ""
    units = connection.execute(SERVED, {"paths": ancestors(home)}).scalars().all() if home else ()
    return _case(
        connection,
        whose,
        only(connection, Checkin, _UNDER_WAY, person_id=whose.id),
        units=frozenset(units),
        new_id=next_id(connection, Checkin),
    )


def load_own(
    connection: Connection,
    action: WithdrawCheckIn | ChangeCheckIn | RenewCheckIn | LeaveCheckIn | KeepConfirmation,
    actor: Actor,
    rules: Rulebook,
) -> CheckinCase:
    """The actor's own check-in under way; for leaving with the work in their hands."""
    whose = _person(connection, actor.person_id)
    found = only(connection, Checkin, _UNDER_WAY, person_id=whose.id)
    papers = 0
    if found is not None and isinstance(action, KeepConfirmation):
        papers = connection.execute(_PAPERS, {"checkin_id": found.id}).scalar_one()
    if not isinstance(action, LeaveCheckIn):
        return _case(connection, whose, found, papers=papers)
    return _case(
        connection,
        whose,
        found,
        works=held_works(connection, whose.id),
        pairings=connection.execute(_PAIRINGS, {"person_id": whose.id}).scalar_one(),
    )


def load_by_id(
    connection: Connection,
    action: ApproveCheckIn | ReturnCheckIn | RemindCheckIn | LapseCheckIn,
    actor: Actor,
    rules: Rulebook,
) -> CheckinCase:
    """Somebody's check-in, locked, as it is decided on or as its time runs out."""
    found = load(connection, Checkin, action.checkin_id)
    if found is None:
        raise Refused(NOT_FOUND)
    whose = _person(connection, found.person_id)
    if isinstance(action, ApproveCheckIn):
        return _case(connection, whose, found, new_appointment_id=next_id(connection, Appointment))
    if isinstance(action, LapseCheckIn):
        return _case(
            connection,
            whose,
            found,
            at_work=at_work(connection, whose.id),
            pairings=connection.execute(_PAIRINGS, {"person_id": whose.id}).scalar_one(),
        )
    return _case(connection, whose, found)


LOADERS: dict[type[Any], Any] = {
    AskCheckIn: load_for_asking,
    WithdrawCheckIn: load_own,
    ChangeCheckIn: load_own,
    RenewCheckIn: load_own,
    LeaveCheckIn: load_own,
    KeepConfirmation: load_own,
    TellJoined: load_own,
    GreetMember: load_by_id,
    ApproveCheckIn: load_by_id,
    ReturnCheckIn: load_by_id,
    RemindCheckIn: load_by_id,
    LapseCheckIn: load_by_id,
}
