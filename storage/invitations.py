"""A meeting's people on their way: written down, told what is new, reminded, and credited for having been there.

Each step is a unit of work of its own that holds the writer for less than 100 ms and keeps how far it has come in the
same commit, so that a kill anywhere repeats nothing and leaves nobody out. Who belongs to a meeting is looked up beside
the writer; a meeting that was changed meanwhile is begun anew, and tells each what they have not been told. Who joins
later is written down when the clock looks again, and with the reminders.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Connection, bindparam, case, exists, literal_column, select

from domain.base import Actor, Event, Refresh
from domain.clocks import after_quiet
from domain.lanes import Lane
from domain.meetings.amending import earning_of
from domain.meetings.shapes import (
    CANCELLED,
    CARD,
    COPY,
    CORRECTED,
    MINE,
    MOVED,
    REMINDER,
    Answer,
    Meeting,
    MeetingState,
    Walking,
)
from storage import audit, meetings, outbox
from storage.dialect import insert_for
from storage.entities import load, save
from storage.people import unit_path
from storage.prepared import Prepared
from storage.schema import person
from storage.schema_meetings import meeting, meeting_guest
from storage.tree import office_of
from storage.walks import MOST_WAITING, Step, Steps, is_full

STRETCH = 1_000
"""People written down in one commit."""
PORTION = 200
"""People told, reminded or credited in one commit."""

# In the words of its index: a bound value would not use it.
_MOVING = select(meeting.c.id).where(literal_column("walking <> 'resting'")).order_by(meeting.c.id).limit(50)
_MOST: BindParameter[int] = bindparam("most")
_AFTER: BindParameter[int] = bindparam("after")
_REACHABLE = (
    person.c.telegram_id.is_not(None)
    & person.c.unreachable_since.is_(None)
    & ~person.c.suspended
    & person.c.merged_into_id.is_(None)
    & person.c.erased_at.is_(None)
)
_NEXT = Prepared(
    select(
        meeting_guest.c.person_id,
        meeting_guest.c.told,
        meeting_guest.c.answer,
        meeting_guest.c.edition,
        meeting_guest.c.checked_in_at,
        person.c.suspended,
        case((_REACHABLE, person.c.telegram_id)).label("chat_id"),
    )
    .join(person, person.c.id == meeting_guest.c.person_id)
    .where(meeting_guest.c.meeting_id == bindparam("meeting"), meeting_guest.c.person_id > _AFTER)
    .order_by(meeting_guest.c.person_id)
    .limit(_MOST)
)
_TOLD = Prepared(
    meeting_guest.update()
    .where(
        meeting_guest.c.meeting_id == bindparam("_meeting"), meeting_guest.c.person_id == bindparam("_person")
    )
    .values(told=bindparam("told"))
)


def _news(found: Meeting, row: Any, now: datetime) -> str | None:
    """What is new to one of its people: who does not know of it is invited, or left in peace if it was called off or has
    begun. Who is suspended hears it when they are back."""
    if row.told >= found.edition or row.suspended:
        return None
    if found.state is MeetingState.CANCELLED:
        return CANCELLED if row.told else None
    if not row.told:
        return COPY if now < found.starts_at else None
    return MOVED if row.told < found.asked else CORRECTED


class Invitations(Steps):
    """The steps of meetings."""

    async def moving(self) -> tuple[int, ...]:
        """Meetings with whose people something is being done."""
        return tuple(await self._read(lambda c: c.execute(_MOVING).scalars().all()))

    async def due(self, *, now: datetime, most: int = 100) -> tuple[int, ...]:
        """Meetings it is time to look at."""
        return tuple(await self._read(lambda c: meetings.due(c, now, most=most)))

    async def joined(self, meeting_id: int, *, now: datetime) -> bool:
        """Whether somebody belongs to a meeting to come who does not know of it, or not as it is by now."""

        def look(connection: Connection) -> bool:
            found = load(connection, Meeting, meeting_id, lock=False)
            if found is None or found.state is not MeetingState.PLANNED or found.starts_at <= now:
                return False
            ids = meetings.belonging(found.kind, unit_path(connection, found.unit_id))
            knows = exists(meeting_guest.c.person_id).where(
                meeting_guest.c.meeting_id == found.id,
                meeting_guest.c.person_id == ids.selected_columns.person_id,
                meeting_guest.c.told >= found.edition,
            )
            return connection.execute(ids.where(~knows).limit(1), {"now": now}).first() is not None

        there: bool = await self._read(look)
        return there

    async def due_followups(self, *, now: datetime, most: int = 100) -> tuple[int, ...]:
        """What was decided, and is due."""
        return tuple(await self._read(lambda c: meetings.due_followups(c, now, most=most)))

    async def owing(self, *, now: datetime, after: int, most: int = 100) -> tuple[int, ...]:
        """Units above a number to be told which of their meetings is missing."""
        return tuple(
            await self._read(lambda c: meetings.owing(c, now, after=after, rules=self._rules, most=most))
        )

    async def step(self, meeting_id: int, *, now: datetime) -> Step:
        """Go on with what is being done with a meeting's people."""

        def look(connection: Connection) -> tuple[Meeting | None, list[int]]:
            found = load(connection, Meeting, meeting_id, lock=False)
            if found is None or found.walking not in (Walking.FREEZING, Walking.REMINDING):
                return found, []
            ids = meetings.belonging(found.kind, unit_path(connection, found.unit_id))
            after = {"now": now, "after": found.reached}
            column = ids.selected_columns.person_id
            most = STRETCH if found.walking is Walking.FREEZING else PORTION
            rows = ids.where(column > bindparam("after")).order_by(column).limit(most)
            return found, list(connection.execute(rows, after).scalars())

        found, ids = await self._read(look)
        if found is None or found.walking is Walking.RESTING:
            return Step(0, more=False)

        def unit_of_work(connection: Connection) -> Step:
            current = load(connection, Meeting, meeting_id)
            if current is None or (current.version, current.walking) != (found.version, found.walking):
                # Changed since it was looked at: it is begun with anew.
                return Step(0, more=True)
            match current.walking:
                case Walking.FREEZING:
                    return self._freeze(connection, current, ids, now)
                case Walking.TELLING:
                    return self._tell(connection, current, now)
                case Walking.REMINDING:
                    return self._remind(connection, current, ids, now)
                case _:
                    return self._credit(connection, current, now)

        step: Step = await self._commit(unit_of_work)
        self._grew()
        return step

    def _freeze(self, connection: Connection, found: Meeting, ids: list[int], now: datetime) -> Step:
        self._write_down(connection, found, ids)
        over = len(ids) < STRETCH
        walking = Walking.TELLING if over else Walking.FREEZING
        save(connection, (replace(found, walking=walking, reached=0 if over else ids[-1]),))
        if over:
            self._note(connection, "meeting.frozen", found, now)
        self._reached("meeting.frozen")
        return Step(0, more=True)

    @staticmethod
    def _write_down(connection: Connection, found: Meeting, ids: list[int]) -> None:
        if ids:
            connection.execute(
                insert_for(connection.dialect.name, meeting_guest).on_conflict_do_nothing(),
                [{"meeting_id": found.id, "person_id": one} for one in ids],
            )

    def _tell(self, connection: Connection, found: Meeting, now: datetime) -> Step:
        """Who knows of it hears what is new; who does not is invited, or left in peace if it was called off
        or is over."""
        off = found.state is MeetingState.CANCELLED
        if is_full(connection, CANCELLED if off else COPY, most=MOST_WAITING):
            return Step(0, more=False)
        rows = self._next(connection, found)
        return self._on(connection, found, rows, self._say_news(connection, found, rows, now), now)

    def _say_news(self, connection: Connection, found: Meeting, rows: list[Any], now: datetime) -> int:
        """Each hears the one thing that is new to them, if there is any. Returns how many did."""
        meant: dict[str, list[Any]] = {}
        for row in rows:
            if (kind := _news(found, row, now)) is not None:
                meant.setdefault(kind, []).append(row)
        for kind, whom in meant.items():
            self._copies(connection, found, kind, whom, now)
            _TOLD.run_all(
                connection,
                [{"_meeting": found.id, "_person": row.person_id, "told": found.edition} for row in whom],
            )
        if corrected := [row.chat_id for row in meant.get(CORRECTED, ()) if row.chat_id is not None]:
            outbox.refresh_in(connection, Refresh(MINE, found.id), corrected, now=now)
        return sum(map(len, meant.values()))

    def _remind(self, connection: Connection, found: Meeting, ids: list[int], now: datetime) -> Step:
        """All who belong there but those who have taken leave, and those who are there already. Who has joined since they
        were written down is invited instead.

        ``ids`` of those who belong there begin where the portion does and are as many, so that they reach as far.
        """
        if any(is_full(connection, kind, most=MOST_WAITING) for kind in (COPY, REMINDER)):
            return Step(0, more=False)
        self._write_down(connection, found, ids)
        belong = set(ids)
        rows = self._next(connection, found)
        theirs = [row for row in rows if row.person_id in belong]
        meant = [
            row
            for row in theirs
            if _news(found, row, now) is None
            and row.told
            and row.checked_in_at is None
            and not (row.answer is Answer.LEAVE and row.edition == found.asked)
        ]
        self._copies(connection, found, REMINDER, meant, now)
        new = self._say_news(connection, found, theirs, now)
        if new:
            outbox.put(connection, now=now, update_id=None, refreshes=(Refresh(CARD, found.id),))
        return self._on(connection, found, rows, len(meant) + new, now)

    def _credit(self, connection: Connection, found: Meeting, now: datetime) -> Step:
        rows = self._next(connection, found)
        there = [row for row in rows if row.checked_in_at is not None]
        audit.earn(connection, (earning_of(found, row.person_id, self._rules) for row in there), now=now)
        return self._on(connection, found, rows, len(there), now)

    def _next(self, connection: Connection, found: Meeting) -> list[Any]:
        values = {"meeting": found.id, "after": found.reached, "most": PORTION}
        return list(_NEXT.all(connection, values))

    def _copies(
        self, connection: Connection, found: Meeting, kind: str, rows: list[Any], now: datetime
    ) -> None:
        zone = office_of(connection, unit_path(connection, found.unit_id)).zone or self._rules.time_zone
        quiet = self._rules.notices
        awake = after_quiet(now, zone=ZoneInfo(zone), quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to)
        # What has changed about a meeting that begins before the morning, or should have, cannot wait for it.
        hurries = kind != REMINDER and min(found.starts_at, found.was_at or found.starts_at) <= awake
        outbox.put_copies(
            connection,
            [(row.chat_id, row.person_id, None) for row in rows if row.chat_id is not None],
            kind=kind,
            subject_id=found.id,
            lane=Lane.REMINDER,
            now=now,
            not_before=now if hurries else awake,
        )

    def _on(self, connection: Connection, found: Meeting, rows: list[Any], count: int, now: datetime) -> Step:
        over = len(rows) < PORTION
        walking = Walking.RESTING if over else found.walking
        save(
            connection,
            (replace(found, walking=walking, reached=0 if over else rows[-1].person_id),),
        )
        if over and found.walking is Walking.TELLING:
            outbox.put(connection, now=now, update_id=None, refreshes=(Refresh(CARD, found.id),))
        self._reached(f"meeting.{found.walking}")
        return Step(count, more=not over)

    def _note(self, connection: Connection, name: str, found: Meeting, now: datetime) -> None:
        event = Event(name, "meeting", found.id, {}, unit_id=found.unit_id)
        audit.record(connection, (event,), actor=Actor.system("meetings"), now=now, update_id=None)
        outbox.put(connection, now=now, update_id=None, refreshes=(Refresh(CARD, found.id),))
