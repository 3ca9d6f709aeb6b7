"""What the rules of check-ins share: terms and reminders, who is told, which cards show it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from domain.base import Event, Notice, Refresh, Role, Scalar, ToResponsible
from domain.checkins.shapes import REMINDERS, Checkin, CheckinState
from domain.clocks import end_of_day
from domain.lanes import Lane
from domain.people import Appointment, Phase
from domain.rulebook import Rulebook


def reminder_due(checkin: Checkin, *, today: date) -> bool:
    """Whether a reminder is owed that was not sent yet. After a silence there is one for all that were missed."""
    if checkin.state is not CheckinState.APPROVED or checkin.valid_until is None:
        return False
    passed = [checkin.valid_until - span for span in REMINDERS if checkin.valid_until - span <= today]
    if not passed or today > checkin.valid_until:
        return False
    return checkin.reminded_on is None or checkin.reminded_on < passed[-1]


def valid(checkin: Checkin, *, until: date, today: date) -> Checkin:
    """Valid to a new last day. With terms shorter than the first reminder, being approved counts as reminded."""
    near = today >= until - REMINDERS[0]
    return replace(
        checkin, state=CheckinState.APPROVED, valid_until=until, reminded_on=today if near else None
    )


def unlimited(serving: Appointment, checkin: Checkin, rules: Rulebook) -> tuple[Appointment, ...]:
    """The appointment without the end that a renewal under way gave it; one that has another end keeps it."""
    ends = None if checkin.valid_until is None else end_of_day(checkin.valid_until, rules)
    return (replace(serving, ends_at=None),) if ends is not None and serving.ends_at == ends else ()


def ended(appointment: Appointment, now: datetime) -> Appointment:
    """Over from this moment; its holder hears of it by what ended it."""
    return replace(appointment, ends_at=now, phase=Phase.ENDED)


def event_of(name: str, checkin: Checkin, **data: Scalar) -> Event:
    """A fact about a check-in, with whose it is."""
    return Event(
        name, "checkin", checkin.id, {"person_id": checkin.person_id, **data}, unit_id=checkin.unit_id
    )


def to_secretary(
    checkin: Checkin, kind: str, *, card: bool = False, lane: Lane = Lane.CLAIM, **params: Scalar
) -> Notice:
    """Past the person themself; to the admins where there is no secretary."""
    responsible = ToResponsible(
        checkin.unit_id, (Role.SECRETARY,), frozenset({checkin.person_id}), otherwise=(Role.ADMIN,)
    )
    return Notice(responsible, kind, checkin.id, params, lane=lane, card=card)


def cards(checkin: Checkin) -> tuple[Refresh, ...]:
    """The secretary's and the member's own."""
    return (Refresh("checkin.card", checkin.id), Refresh("checkin.mine", checkin.id))
