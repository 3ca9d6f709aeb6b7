"""Digests on their way: a walk through those who get one in each period, a few handed to delivery at a time.

Whom a portion is for is looked up on a reading connection; the commit that hands them over first makes sure that the
walk still stands where it was read, so that whoever else walks, or was killed on the way, sends nothing twice. A person's
own row says which period was their last, wherever they have moved to since.

A digest that has left, or had nothing to say, goes from the outbox with the record of it (``outbox.py``): what is on its
way stays small however many read one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Connection, and_, bindparam, func, or_, select

from domain.base import Actor, Sweep
from domain.digests import (
    SPANS,
    STAFF_ROLES,
    WALKS,
    ChooseDigest,
    Digest,
    DigestCase,
    PutRhythm,
    Rhythm,
    begun,
    due,
    kind_of,
)
from domain.lanes import Lane
from domain.rulebook import Rulebook
from storage import outbox
from storage.dialect import insert_for, upserting
from storage.imports import there
from storage.people import in_force
from storage.prepared import Prepared
from storage.schema import appointment, person, unit
from storage.schema_digests import digest, digest_walk
from storage.tree import Office, office_of
from storage.walks import MOST_WAITING, Steps, is_full

PORTION = 200
"""People handed over in one commit."""
LANES = {Digest.HOME: Lane.BROADCAST, Digest.DESK: Lane.REMINDER}

# --- choosing -----------------------------------------------------------------------------------------------------------

_ROW = Prepared(
    select(digest.c.rhythm, digest.c.since, digest.c.taken_at).where(
        digest.c.kind == bindparam("kind", type_=digest.c.kind.type),
        digest.c.person_id == bindparam("person"),
    )
)


class Chosen(NamedTuple):
    """What somebody has chosen, and from when to when their last digest tells."""

    rhythm: Rhythm
    since: datetime | None = None
    taken_at: datetime | None = None


_UNCHOSEN = {Digest.HOME: Chosen(Rhythm.NEVER), Digest.DESK: Chosen(Rhythm.DAILY)}


def chosen(connection: Connection, which: Digest, person_id: int) -> Chosen:
    """As they said; else nothing of the building, and daily what waits."""
    row = _ROW.first(connection, {"kind": which, "person": person_id})
    return _UNCHOSEN[which] if row is None else Chosen(*row)


def place_of_work(actor: Actor) -> str:
    """The path of the highest unit that ``actor`` leads; "" where there is none."""
    paths = [held.path for held in actor.held if held.role in STAFF_ROLES]
    return min(paths, key=lambda path: (len(path), path), default="")


def load_choice(connection: Connection, action: ChooseDigest, actor: Actor, rules: Rulebook) -> DigestCase:
    """Who chooses, and what they had."""
    work = place_of_work(actor)
    path = work if action.digest is Digest.DESK else actor.home_path
    return DigestCase(
        actor.person_id,
        chosen(connection, action.digest, actor.person_id).rhythm,
        has_home=actor.home_unit_id is not None,
        serves=bool(work),
        zone=office_of(connection, path).zone if path else "",
    )


def put_rhythm(connection: Connection, sweep: PutRhythm) -> None:
    """From now on so. The next digest looks back over its own span only."""
    values = {"rhythm": sweep.rhythm, "last_on": sweep.last_on, "since": None, "taken_at": None}
    connection.execute(
        upserting(connection, digest)
        .values(kind=sweep.digest, person_id=sweep.person_id, **values)
        .on_conflict_do_update(index_elements=["kind", "person_id"], set_=values)
    )


LOADERS: dict[type[Any], Any] = {ChooseDigest: load_choice}
SWEEPS: Mapping[type[Sweep], Callable[[Connection, Any], None]] = {PutRhythm: put_rhythm}

_OF_PERSON = digest.c.person_id == bindparam("person")
_FORGET = digest.delete().where(digest.c.kind.in_(tuple(Digest)), _OF_PERSON)
_THEIRS = select(digest.c.kind).where(digest.c.kind.in_(tuple(Digest)), _OF_PERSON)
_GO_OVER = (
    digest.update()
    .where(digest.c.kind == bindparam("_kind", type_=digest.c.kind.type), digest.c.person_id == bindparam("_from"))
    .values(person_id=bindparam("_to"))
)  # fmt: skip


def forget(connection: Connection, person_id: int) -> None:
    """They get none any more."""
    connection.execute(_FORGET, {"person": person_id})


def move(connection: Connection, from_id: int, to_id: int) -> None:
    """Two records have become one: what the one that stays has chosen counts, else what the other had."""
    known = set(connection.execute(_THEIRS, {"person": to_id}).scalars())
    for kind in connection.execute(_THEIRS, {"person": from_id}).scalars().all():
        if kind not in known:
            connection.execute(_GO_OVER, {"_kind": kind, "_from": from_id, "_to": to_id})
    forget(connection, from_id)


# --- whom a period is for -------------------------------------------------------------------------------------------------


class Reader(NamedTuple):
    """Somebody a walk comes by. ``path``: where they live, or the highest unit they lead."""

    person_id: int
    chat_id: int
    path: str
    last_on: date | None
    taken_at: datetime | None


_SOMEBODY = (
    person.c.telegram_id.is_not(None),
    person.c.unreachable_since.is_(None),
    ~person.c.suspended,
    person.c.merged_into_id.is_(None),
    person.c.erased_at.is_(None),
    there(person),
)
_MOST: BindParameter[int] = bindparam("most")
_AFTER: BindParameter[int] = bindparam("after")
_RESIDENTS = (
    select(digest.c.person_id, person.c.telegram_id, unit.c.path, digest.c.last_on, digest.c.taken_at)
    .select_from(
        digest.join(person, person.c.id == digest.c.person_id).join(unit, unit.c.id == person.c.home_unit_id)
    )
    .where(
        digest.c.kind == Digest.HOME,
        digest.c.rhythm == bindparam("rhythm", type_=digest.c.rhythm.type),
        digest.c.person_id > _AFTER,
        *_SOMEBODY,
    )
    .order_by(digest.c.person_id)
    .limit(_MOST)
)
_STAFF = (
    select(appointment.c.person_id, person.c.telegram_id, unit.c.path, digest.c.last_on, digest.c.taken_at)
    .select_from(
        appointment.join(unit, unit.c.id == appointment.c.unit_id)
        .join(person, person.c.id == appointment.c.person_id)
        .outerjoin(digest, and_(digest.c.kind == Digest.DESK, digest.c.person_id == appointment.c.person_id))
    )
    .where(
        appointment.c.role.in_(STAFF_ROLES),
        appointment.c.person_id > _AFTER,
        in_force(appointment),
        there(appointment),
        or_(digest.c.rhythm.is_(None), digest.c.rhythm != Rhythm.NEVER),
        *_SOMEBODY,
    )
    # Of somebody's several places the highest comes first, so that a page may end among the others.
    .order_by(appointment.c.person_id, func.length(unit.c.path), unit.c.path)
    .limit(_MOST)
)


def _next_ones(connection: Connection, walk: Walk, now: datetime) -> tuple[list[Reader], bool]:
    """The next whom the walk comes by, each once, and whether there may be more."""
    values = {"after": walk.reached, "most": PORTION}
    if walk.digest is Digest.DESK:
        rows = connection.execute(_STAFF, {**values, "now": now}).all()
    else:
        rows = connection.execute(_RESIDENTS, {**values, "rhythm": walk.rhythm}).all()
    found: dict[int, Reader] = {}
    for row in rows:
        found.setdefault(row[0], Reader(*row))
    return list(found.values()), len(rows) == PORTION


_OWN_HOURS = select(unit.c.path, unit.c.zone, unit.c.calendar).where(
    or_(unit.c.zone.is_not(None), unit.c.calendar.is_not(None)), there(unit)
)


class Hours:
    """Which zone and calendar count where: those of the nearest unit at or above that has its own. A few units do."""

    def __init__(self, connection: Connection, rules: Rulebook) -> None:
        self._rules = rules
        self._own = {row.path: row for row in connection.execute(_OWN_HOURS)}

    @property
    def zones(self) -> tuple[str, ...]:
        """Every zone that counts anywhere."""
        return tuple(sorted({self._rules.time_zone} | {row.zone for row in self._own.values() if row.zone}))

    def at(self, path: str) -> Office:
        """The office hours of the unit at ``path``."""
        zone = calendar = ""
        # Nothing to look for is the usual case.
        while path and self._own:
            own = self._own.get(path)
            zone = zone or (own.zone if own else None) or ""
            calendar = calendar or (own.calendar if own else None) or ""
            path = path[: path.rfind(".", 0, -1) + 1]
        return Office(zone or self._rules.time_zone, calendar)


# --- walking ----------------------------------------------------------------------------------------------------------------

_WALKS = select(digest_walk)
_WALK = Prepared(
    select(digest_walk.c.day, digest_walk.c.reached, digest_walk.c.over)
    .where(
        digest_walk.c.kind == bindparam("kind", type_=digest_walk.c.kind.type),
        digest_walk.c.rhythm == bindparam("rhythm", type_=digest_walk.c.rhythm.type),
        digest_walk.c.zone == bindparam("zone"),
    )
    .with_for_update()
)
_GO_ON = Prepared(
    digest_walk.update()
    .where(
        digest_walk.c.kind == bindparam("_kind", type_=digest_walk.c.kind.type),
        digest_walk.c.rhythm == bindparam("_rhythm", type_=digest_walk.c.rhythm.type),
        digest_walk.c.zone == bindparam("_zone"),
    )
    .values(day=bindparam("day"), reached=bindparam("reached"), over=bindparam("over"))
)


@dataclass(frozen=True, slots=True)
class Walk:
    """A period that is due in a zone. ``stored``: day, place and end of the walk as it was read."""

    digest: Digest
    rhythm: Rhythm
    zone: str
    day: date
    reached: int
    stored: tuple[date, int, bool]


class Digests(Steps):
    """The steps of digests."""

    async def due(self, *, now: datetime) -> tuple[Walk, ...]:
        """The periods that are due and not over.

        A zone that is seen for the first time begins with its next period: nobody expects the one before.
        """

        def unit(connection: Connection) -> tuple[list[Walk], list[dict[str, Any]]]:
            known = {(row.kind, row.rhythm, row.zone): row for row in connection.execute(_WALKS)}
            walks, new = [], []
            for name in Hours(connection, self._rules).zones:
                zone = ZoneInfo(name)
                for which, rhythm in WALKS:
                    row = known.get((which, rhythm, name))
                    day = due(rhythm, now=now, zone=zone, rules=self._rules)
                    if row is None:
                        last = begun(rhythm, now=now, zone=zone, rules=self._rules)
                        new.append({"kind": which, "rhythm": rhythm, "zone": name, "day": last})
                    elif day is not None and (day > row.day or (day == row.day and not row.over)):
                        reached = row.reached if day == row.day else 0
                        stored = (row.day, row.reached, row.over)
                        walks.append(Walk(which, rhythm, name, day, reached, stored))
            return walks, new

        walks, new = await self._read(unit)
        if new:
            await self._commit(lambda connection: _begin(connection, new))
        return tuple(walks)

    async def step(self, walk: Walk, *, now: datetime) -> tuple[int, Walk | None]:
        """Hand the next few to delivery. Returns how many, and the walk to go on with now, if there is more to do.

        None too where enough of them wait to leave, and where somebody else has gone on with it meanwhile.
        """

        def look(connection: Connection) -> tuple[list[Reader], int, bool] | None:
            if is_full(connection, kind_of(walk.digest), most=MOST_WAITING):
                return None
            people, more = _next_ones(connection, walk, now)
            hours = Hours(connection, self._rules)
            meant = [one for one in people if self._is_meant(one, walk, hours)]
            return meant, people[-1].person_id if people else walk.reached, more

        seen = await self._read(look)
        if seen is None:
            return 0, None
        meant, reached, more = seen
        stored = (walk.day, reached, not more)

        def unit(connection: Connection) -> bool:
            row = _WALK.first(connection, {"kind": walk.digest, "rhythm": walk.rhythm, "zone": walk.zone})
            if row is None or tuple(row) != walk.stored:
                return False
            moved = {"_kind": walk.digest, "_rhythm": walk.rhythm, "_zone": walk.zone}
            _GO_ON.run(connection, {**moved, "day": walk.day, "reached": reached, "over": not more})
            _hand_over(connection, walk, meant, now=now)
            self._reached("digest.walked")
            return True

        if not await self._commit(unit):
            return 0, None
        self._reached("digest.walked.committed")
        if meant:
            self._grew()
        return len(meant), replace(walk, reached=reached, stored=stored) if more else None

    def _is_meant(self, one: Reader, walk: Walk, hours: Hours) -> bool:
        """Whether this period, in this zone, is theirs; what waits for staff is told on working days."""
        office = hours.at(one.path)
        if office.zone != walk.zone or (one.last_on is not None and one.last_on >= walk.day):
            return False
        if walk.digest is Digest.HOME:
            return True
        calendar = self._rules.working_calendar(office.calendar)
        return calendar.works(walk.day, weekdays=self._rules.working_hours.weekdays)


def _begin(connection: Connection, new: Sequence[dict[str, Any]]) -> None:
    for values in new:
        connection.execute(
            upserting(connection, digest_walk).values(**values, reached=0, over=True).on_conflict_do_nothing()
        )


def _hand_over(connection: Connection, walk: Walk, people: Sequence[Reader], *, now: datetime) -> None:
    if not people:
        return
    written = insert_for(connection.dialect.name, digest)
    last = {name: written.excluded[name] for name in ("last_on", "since", "taken_at")}
    span: timedelta = SPANS[walk.rhythm]
    connection.execute(
        # What somebody has chosen meanwhile stays: the row says only what they got.
        written.on_conflict_do_update(index_elements=["kind", "person_id"], set_=last),
        [
            {
                "kind": walk.digest,
                "person_id": one.person_id,
                "rhythm": walk.rhythm,
                "last_on": walk.day,
                "since": one.taken_at or now - span,
                "taken_at": now,
            }
            for one in people
        ],
    )
    outbox.put_copies(
        connection,
        [(one.chat_id, one.person_id, None) for one in people],
        kind=kind_of(walk.digest),
        subject_id=0,
        lane=LANES[walk.digest],
        now=now,
        not_before=now,
    )
