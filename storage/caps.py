"""How much of an earning counts: what the caps of the rulebook leave of it, seen from what is posted already.

Days and weeks (from Monday) are the community's, and an earning belongs to those of its confirmation. The household is
that of whom the work was for; somebody without one is a household of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from domain.lessons.learning import EARNS
from domain.meetings.shapes import EARNS as AT_MEETINGS
from domain.points import REFERRAL, Cap, Counted, Had, counted, within
from domain.rulebook import Rulebook
from storage.prepared import Prepared
from storage.schema import claim, earning, person, task
from storage.types import Instant

CLAIM = "claim"
"""The source of what work earns, as the rules name it."""
STUDYING = (EARNS, AT_MEETINGS)
"""The kinds that a day's cap on points is on, together; every other kind is service, whose hours are capped."""
helped = person.alias("helped")
WORK = (
    earning.outerjoin(claim, and_(earning.c.source_kind == CLAIM, claim.c.id == earning.c.source_id))
    .outerjoin(task, task.c.id == claim.c.task_id)
    .outerjoin(helped, helped.c.id == task.c.for_person_id)
)
"""Earnings with whom the work was for."""

_ONE_AT_A_TIME = (
    select(person.c.id)
    .where(person.c.id.in_(bindparam("people", expanding=True)))
    .order_by(person.c.id)
    .with_for_update()
)
_STUDY = or_(*(earning.c.kind == kind for kind in STUDYING))
_THEIRS = (
    earning.c.person_id == bindparam("person"),
    earning.c.posted_at.is_not(None),
    earning.c.confirmed_at >= bindparam("begins", type_=Instant()),
    earning.c.confirmed_at < bindparam("ends", type_=Instant()),
)
_STUDIED = Prepared(
    select(func.coalesce(func.sum(earning.c.amount - earning.c.cut), 0)).where(*_THEIRS, _STUDY)
)
# What was posted before minutes were counted counts with all of them.
_SERVED = func.coalesce(func.sum(func.coalesce(earning.c.counted, earning.c.minutes)), 0)
_SERVICE = (*_THEIRS, ~_STUDY, earning.c.amount > 0)
_ON_THE_DAY = Prepared(select(_SERVED).where(*_SERVICE))
_FOR_HOUSEHOLD = Prepared(
    select(_SERVED).select_from(WORK).where(*_SERVICE, helped.c.household_id == bindparam("household"))
)
_FOR_PERSON = Prepared(
    select(_SERVED).select_from(WORK).where(*_SERVICE, task.c.for_person_id == bindparam("helped"))
)
_REFERRED = select(earning.c.id).where(
    earning.c.person_id == bindparam("person"),
    earning.c.posted_at.is_not(None),
    earning.c.kind == REFERRAL,
    earning.c.request_id == bindparam("request"),
    earning.c.amount > earning.c.cut,
)


def one_at_a_time(connection: Connection, people: Collection[int]) -> None:
    """Nobody else counts these people's earnings until the commit, so that two settlements at once do not both find room.

    In one order everywhere, so that they never wait for each other in a circle.
    """
    connection.execute(_ONE_AT_A_TIME, {"people": sorted(people)}).all()


def counting(connection: Connection, row: Any, rules: Rulebook) -> Counted:
    """How much of an earning that waits is posted. ``row``: the earning with its task's ``task_id``,
    ``agreed_minutes``, ``for_person_id`` and ``household_id``."""
    amount = int(row.amount)
    if row.kind in STUDYING:
        had = _sum(connection, _STUDIED, row, rules)
        left = within(amount, had=had, most=rules.study.daily_cap)
        return Counted(row.minutes, left, Cap.STUDY if left < amount else None)
    return counted(
        amount,
        minutes=row.minutes,
        weight=row.weight,
        factor=row.factor,
        had=Had(
            task=None if row.task_id is None else row.agreed_minutes or rules.points.task_hours * 60,
            day=_sum(connection, _ON_THE_DAY, row, rules),
            home=_at_home(connection, row, rules),
            referred=_referred(connection, row),
        ),
        rules=rules.points,
    )


def _at_home(connection: Connection, row: Any, rules: Rulebook) -> int | None:
    if row.for_person_id is None:
        return None
    if row.household_id is None:
        return _sum(connection, _FOR_PERSON, row, rules, weekly=True, helped=row.for_person_id)
    return _sum(connection, _FOR_HOUSEHOLD, row, rules, weekly=True, household=row.household_id)


def _referred(connection: Connection, row: Any) -> bool:
    if row.kind != REFERRAL or row.request_id is None:
        return False
    same = {"person": row.person_id, "request": row.request_id}
    return connection.execute(_REFERRED, same).first() is not None


def _sum(
    connection: Connection,
    statement: Prepared,
    row: Any,
    rules: Rulebook,
    *,
    weekly: bool = False,
    **further: int,
) -> int:
    zone = ZoneInfo(rules.time_zone)
    day = row.confirmed_at.astimezone(zone).date()
    first = day - timedelta(days=day.weekday()) if weekly else day
    begins, ends = (
        datetime.combine(one, time(), zone).astimezone(UTC)
        for one in (first, first + timedelta(days=7 if weekly else 1))
    )
    span = {"person": row.person_id, "begins": begins, "ends": ends}
    return int(statement.all(connection, {**span, **further})[0][0])
