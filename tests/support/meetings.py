"""Meetings as they live: planned and told of, in one call."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from domain.meetings.codes import code_at
from domain.meetings.shapes import Guest, Meeting, MeetingKind, PlanMeeting
from jobs.meetings import go_on
from storage.entities import load
from storage.meetings import guest_of
from storage.schema import appointment
from storage.schema_meetings import followup, meeting
from storage.unit import Store
from tests.support.village import Soul, do

HOUR = timedelta(hours=1)


async def planned(
    store: Store,
    soul: Soul,
    unit_id: int,
    *,
    now: datetime,
    kind: MeetingKind = MeetingKind.GROUP,
    ahead: timedelta = 30 * HOUR,
    told: bool = True,
) -> int:
    """A meeting of a unit, its people invited; its number."""
    action = PlanMeeting(unit_id, kind, "学习讨论", "二楼会议室", now + ahead, "一、学习\n二、讨论")
    number = int((await do(store, action, soul.who, now=now))["meeting_id"] or 0)
    if told:
        await go_on(store, now)
    return number


async def seen_meeting(store: Store, meeting_id: int) -> Meeting:
    """A meeting as it stands."""
    found = await store._engine.read(lambda c: load(c, Meeting, meeting_id, lock=False))
    assert found is not None
    return found


async def seen_guest(store: Store, meeting_id: int, soul: Soul) -> Guest:
    """Somebody's part in it."""
    found = await store._engine.read(lambda c: guest_of(c, meeting_id, soul.id))
    assert found is not None
    return found


async def shown_code(store: Store, meeting_id: int, now: datetime) -> str:
    """What is shown on the spot."""
    return code_at((await seen_meeting(store, meeting_id)).secret, now)


async def put_back(store: Store, meeting_id: int, *, starts_at: datetime, next_at: datetime) -> None:
    """As if it had been planned long ago."""
    change = meeting.update().where(meeting.c.id == meeting_id)
    await store._engine.write(lambda c: c.execute(change.values(starts_at=starts_at, next_at=next_at)))


async def comes_due(store: Store, followup_id: int, *, now: datetime) -> None:
    """The clock has to look at it now."""
    change = followup.update().where(followup.c.id == followup_id)
    await store._engine.write(lambda c: c.execute(change.values(next_at=now)))


async def long_since(store: Store, *, days: int = 400) -> None:
    """As if everybody had been appointed long ago, so that their units have been there."""

    def earlier(connection: Connection) -> None:
        for row in connection.execute(select(appointment.c.id, appointment.c.starts_at)).all():
            then = row.starts_at - timedelta(days=days)
            connection.execute(appointment.update().where(appointment.c.id == row.id).values(starts_at=then))

    await store._engine.write(earlier)
