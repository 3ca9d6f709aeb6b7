"""Lessons on their way: their people written down in stretches, then handed to delivery, and reminded day by day.

Each step is a unit of work of its own that holds the writer for less than 100 ms and keeps how far it has come in the
same commit, so that a kill anywhere repeats nothing and leaves nobody out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    literal,
    literal_column,
    or_,
    select,
)

from domain.base import Actor, Event, Refresh
from domain.clocks import after_quiet, is_quiet
from domain.lanes import Lane
from domain.lessons.shapes import CARD, COPY, NUDGE, REMINDER, Lesson, LessonState
from storage import audit, lesson_nudges, outbox
from storage.addressees import chosen, home, paths_of
from storage.dialect import insert_for, upserting
from storage.entities import load, save
from storage.imports import there
from storage.lesson_series import due_to_start
from storage.people import below, unit_path
from storage.prepared import Prepared
from storage.receipts import last_person
from storage.schema import outbox as outbox_table
from storage.schema import person, unit
from storage.schema_lessons import lesson, lesson_due, lesson_walk
from storage.tree import office_of
from storage.walks import MOST_WAITING, REACHABLE, Step, Steps, is_full

STRETCH = 4_000
"""Ids of people that are looked at in one step, whoever of them is meant."""
PORTION = 200
"""People handed to delivery in one commit."""
REMINDED_AT_ONCE = 1_500
"""People reminded in one commit, by one statement."""
DAYS_BEFORE = (0, 1, 3)
"""Reminders come so many days before the last one. Source: docs/rules.md §8."""

_MOVING = (
    select(lesson.c.id, lesson.c.state)
    .where(literal_column("state IN ('freezing', 'sending')"))
    .order_by(lesson.c.id)
    .limit(50)
)
_MOST: BindParameter[int] = bindparam("most")
_AFTER: BindParameter[int] = bindparam("after")
_NEXT = Prepared(
    select(
        lesson_due.c.person_id,
        case((and_(*REACHABLE, lesson_due.c.done_at.is_(None)), person.c.telegram_id)).label("chat_id"),
    )
    .join(person, person.c.id == lesson_due.c.person_id)
    .where(lesson_due.c.lesson_id == bindparam("lesson"), lesson_due.c.person_id > _AFTER)
    .order_by(lesson_due.c.person_id)
    .limit(_MOST)
)


@dataclass(frozen=True, slots=True)
class Walk:
    """A day's reminders in a zone. ``stored``: day, place and end of the walk as it was read."""

    zone: str
    day: date
    reached: int
    stored: tuple[date, int, bool]


class Study(Steps):
    """The steps of lessons."""

    async def moving(self) -> tuple[tuple[int, LessonState], ...]:
        """Lessons whose people are being written down or get it now."""
        rows = await self._read(lambda c: c.execute(_MOVING).all())
        return tuple((row.id, row.state) for row in rows)

    async def to_start(self, *, now: datetime) -> list[int]:
        """Lessons of series whose first day has come."""
        found: list[int] = await self._read(lambda c: due_to_start(c, now, self._rules))
        return found

    # --- writing down and handing out ------------------------------------------------------------------------------

    async def freeze(self, lesson_id: int, *, now: datetime) -> Step:
        """Write down the next stretch of a lesson's people; after the last one it begins to leave."""

        def unit_of_work(connection: Connection) -> Step:
            found = load(connection, Lesson, lesson_id)
            if found is None or found.state is not LessonState.FREEZING:
                return Step(0, more=False)
            last = last_person(connection)
            to = min(found.frozen_to + STRETCH, last)
            new = _write_down(connection, found, to=to, now=now) if to > found.frozen_to else 0
            over = to >= last
            state = LessonState.SENDING if over else LessonState.FREEZING
            save(connection, (replace(found, frozen_to=to, state=state),))
            if over:
                _tell(connection, "lesson.frozen", found, now)
            self._reached("lesson.frozen")
            return Step(new, more=not over)

        step: Step = await self._commit(unit_of_work)
        self._grew()
        return step

    async def hand_out(self, lesson_id: int, *, now: datetime) -> Step:
        """Hand the next few of a lesson's people to delivery, unless enough wait already."""

        def unit_of_work(connection: Connection) -> Step:
            found = load(connection, Lesson, lesson_id)
            if found is None or found.state is not LessonState.SENDING:
                return Step(0, more=False)
            kind = COPY if found.nudged_at is None else NUDGE
            if is_full(connection, kind, most=MOST_WAITING):
                return Step(0, more=False)
            rows = _NEXT.all(connection, {"lesson": found.id, "after": found.sent_to, "most": PORTION})
            copies = [(row.chat_id, row.person_id, None) for row in rows if row.chat_id is not None]
            outbox.put_copies(
                connection,
                copies,
                kind=kind,
                subject_id=found.id,
                lane=Lane.REMINDER,
                now=now,
                not_before=self._when(connection, found, now),
            )
            over = len(rows) < PORTION
            sent_to = rows[-1].person_id if rows else found.sent_to
            state = LessonState.OPEN if over else LessonState.SENDING
            save(connection, (replace(found, sent_to=sent_to, state=state),))
            if over:
                _tell(connection, "lesson.handed_out", found, now)
            self._reached("lesson.handed_out")
            return Step(len(copies), more=not over)

        step: Step = await self._commit(unit_of_work)
        self._grew()
        return step

    async def nudges(self) -> tuple[tuple[int, int], ...]:
        """(lesson, branch) of the branches' own reminders that are on their way."""
        return tuple(await self._read(lesson_nudges.going))

    async def nudge(self, lesson_id: int, unit_id: int, *, now: datetime) -> Step:
        """Hand the next few of a branch's people to delivery, unless enough wait already."""

        def unit_of_work(connection: Connection) -> Step:
            found = lesson_nudges.go_on(connection, lesson_id, unit_id, now=now, rules=self._rules)
            self._reached("lesson.nudged")
            return found

        step: Step = await self._commit(unit_of_work)
        self._grew()
        return step

    def _when(self, connection: Connection, found: Lesson, now: datetime) -> datetime:
        zone = office_of(connection, unit_path(connection, found.unit_id)).zone or self._rules.time_zone
        quiet = self._rules.notices
        return after_quiet(now, zone=ZoneInfo(zone), quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to)

    # --- reminders ----------------------------------------------------------------------------------------------------

    async def reminders_due(self, *, now: datetime) -> tuple[Walk, ...]:
        """The zones in which it is time to remind people, and this day is not over with."""

        def look(connection: Connection) -> list[Walk]:
            known = {row.zone: row for row in connection.execute(select(lesson_walk))}
            walks = []
            for name in sorted(set(own_zones(connection).values()) | {self._rules.time_zone}):
                day = self._day(now, ZoneInfo(name))
                row = known.get(name)
                if day is None or (row is not None and (row.day, row.over) >= (day, True)):
                    continue
                if row is None:
                    walks.append(Walk(name, day, 0, (date.min, 0, True)))
                else:
                    reached = row.reached if row.day == day else 0
                    walks.append(Walk(name, day, reached, (row.day, row.reached, row.over)))
            return walks

        return tuple(await self._read(look))

    def _day(self, now: datetime, zone: ZoneInfo) -> date | None:
        """The day to remind for at ``now``: from the hour on, and not at night."""
        local, quiet = now.astimezone(zone), self._rules.notices
        if local.time() < self._rules.study.remind_at:
            return None
        if is_quiet(local.time(), quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to):
            return None
        return local.date()

    async def remind(self, walk: Walk, *, now: datetime) -> tuple[int, Walk | None]:
        """Remind the next few. Returns how many, and the walk to go on with while there is more.

        None too where somebody else has gone on with it meanwhile.
        """

        def unit_of_work(connection: Connection) -> tuple[int, Walk | None]:
            if not _still(connection, walk):
                return 0, None
            days = [walk.day + timedelta(days=before) for before in DAYS_BEFORE]
            lessons = list(connection.execute(_DUE_LESSONS, {"days": days}).scalars())
            to = _reach(connection, lessons, after=walk.reached)
            count = 0
            if lessons:
                zones = _zone_of_home(own_zones(connection), self._rules.time_zone)
                count = _queue(connection, lessons, zones == walk.zone, after=walk.reached, to=to, now=now)
            reached, over = walk.reached if to is None else to, to is None
            _go_on(connection, walk, reached=reached, over=over)
            self._reached("lesson.reminded")
            if over:
                return count, None
            return count, replace(walk, reached=reached, stored=(walk.day, reached, False))

        found: tuple[int, Walk | None] = await self._commit(unit_of_work)
        if found[0]:
            self._grew()
        return found


def _write_down(connection: Connection, found: Lesson, *, to: int, now: datetime) -> int:
    wanted = found.whom
    paths = paths_of(connection, [*wanted.units, *wanted.without_units])
    rows = (
        chosen(
            wanted,
            paths,
            bindparam("lesson", found.id, type_=lesson_due.c.lesson_id.type),
            person.c.id,
            home.c.id,
        )
        .where(person.c.id > found.frozen_to, person.c.id <= to)
        .order_by(person.c.id)
    )
    written = insert_for(connection.dialect.name, lesson_due).from_select(
        ["lesson_id", "person_id", "unit_id"], rows, include_defaults=False
    )
    return int(connection.execute(written.on_conflict_do_nothing(), {"now": now}).rowcount)


def _tell(connection: Connection, name: str, found: Lesson, now: datetime) -> None:
    event = Event(name, "lesson", found.id, {}, unit_id=found.unit_id)
    audit.record(connection, (event,), actor=Actor.system("lessons"), now=now, update_id=None)
    outbox.put(connection, now=now, update_id=None, refreshes=(Refresh(CARD, found.id),))


# --- reminders: which zone is whose, and one statement for many ---------------------------------------------------------------

_DUE_LESSONS = (
    select(lesson.c.id)
    .where(
        lesson.c.due_on.in_(bindparam("days", expanding=True)),
        lesson.c.state.in_([LessonState.SENDING.value, LessonState.OPEN.value]),
    )
    .order_by(lesson.c.id)
)
_TO = (
    select(lesson_due.c.person_id)
    .where(
        lesson_due.c.lesson_id == bindparam("lesson"),
        lesson_due.c.person_id > _AFTER,
        lesson_due.c.done_at.is_(None),
    )
    .order_by(lesson_due.c.person_id)
    .limit(1)
    .offset(REMINDED_AT_ONCE - 1)
)
_OWN_ZONES = select(unit.c.path, unit.c.zone).where(
    or_(unit.c.zone.is_not(None), unit.c.calendar.is_not(None)), unit.c.zone.is_not(None), there(unit)
)
_WALK = select(lesson_walk.c.day, lesson_walk.c.reached, lesson_walk.c.over).where(
    lesson_walk.c.zone == bindparam("zone")
)


def own_zones(connection: Connection) -> dict[str, str]:
    """The zones of the few units that have their own, by path."""
    return {row.path: row.zone for row in connection.execute(_OWN_ZONES)}


def _zone_of_home(own: dict[str, str], usual: str) -> ColumnElement[str]:
    """Which zone counts where somebody lives: that of the nearest unit above with its own."""
    deepest_first = sorted(own, key=lambda path: -path.count("."))
    whens = [
        (and_(unit.c.path >= low, unit.c.path < high), literal(own[path]))
        for path in deepest_first
        for low, high in (below(path),)
    ]
    return case(*whens, else_=literal(usual)) if whens else literal(usual)


def _reach(connection: Connection, lessons: list[int], *, after: int) -> int | None:
    """Up to which person the next step goes, so that it is about so many of each lesson; None: to the end."""
    ends = [
        end
        for one in lessons
        if (end := connection.execute(_TO, {"lesson": one, "after": after}).scalar()) is not None
    ]
    return min(ends, default=None)


def _queue(
    connection: Connection,
    lessons: list[int],
    theirs: ColumnElement[bool],
    *,
    after: int,
    to: int | None,
    now: datetime,
) -> int:
    """One message for each who has something to do, however many lessons that is."""
    meant = (
        select(lesson_due.c.person_id)
        .distinct()
        .where(
            lesson_due.c.lesson_id.in_(lessons),
            lesson_due.c.person_id > after,
            lesson_due.c.done_at.is_(None),
        )
    )
    if to is not None:
        meant = meant.where(lesson_due.c.person_id <= to)
    who = meant.subquery()
    fixed: dict[str, Any] = {
        "kind": REMINDER,
        "subject_id": 0,
        "params": {},
        "card": False,
        "lane": int(Lane.REMINDER),
        "state": "waiting",
        "not_before": now,
        "created_at": now,
    }
    rows = (
        select(
            person.c.telegram_id,
            person.c.id,
            *(literal(value, type_=outbox_table.c[name].type) for name, value in fixed.items()),
        )
        .select_from(
            who.join(person, person.c.id == who.c.person_id).outerjoin(
                unit, unit.c.id == person.c.home_unit_id
            )
        )
        .where(*REACHABLE, theirs)
    )
    written = outbox_table.insert().from_select(
        ["chat_id", "person_id", *fixed], rows, include_defaults=False
    )
    return int(connection.execute(written).rowcount)


def _still(connection: Connection, walk: Walk) -> bool:
    """Whether the walk stands where it was read."""
    row = connection.execute(_WALK.with_for_update(), {"zone": walk.zone}).first()
    if row is not None:
        return tuple(row) == walk.stored
    begun = (
        upserting(connection, lesson_walk)
        .values(zone=walk.zone, day=date.min, reached=0, over=True)
        .on_conflict_do_nothing()
    )
    return bool(connection.execute(begun).rowcount) and walk.stored == (date.min, 0, True)


def _go_on(connection: Connection, walk: Walk, *, reached: int, over: bool) -> None:
    connection.execute(
        lesson_walk.update()
        .where(lesson_walk.c.zone == walk.zone)
        .values(day=walk.day, reached=reached, over=over)
    )
