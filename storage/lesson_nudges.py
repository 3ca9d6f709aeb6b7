"""Reminders that a branch sends to its own people in a lesson that was assigned from above: asked for, then walked through.

Each step looks at a stretch of people's ids and keeps how far it has come in the same commit, so that a kill anywhere
repeats nothing and leaves nobody out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, literal_column, select

from domain.addressees import meets
from domain.base import NOT_FOUND, Actor, Refused, Role
from domain.clocks import after_quiet
from domain.lanes import Lane
from domain.lessons.branches import BeginNudge, BranchCase, NudgeBranch
from domain.lessons.shapes import NUDGE, OUT, Lesson
from domain.rulebook import Rulebook
from storage import outbox
from storage.addressees import paths_of
from storage.dialect import upserting
from storage.entities import load
from storage.people import below, unit_path
from storage.prepared import Prepared
from storage.receipts import last_person
from storage.schema import person, unit
from storage.schema_lessons import lesson_due, lesson_nudge
from storage.tree import office_of
from storage.walks import MOST_WAITING, REACHABLE, Step, is_full

STRETCH = 1_000
"""Ids of people that are looked at in one step, whoever of them is meant."""

_LAST = select(lesson_nudge.c.unit_id, lesson_nudge.c.at).where(
    lesson_nudge.c.lesson_id == bindparam("lesson")
)
_GOING = (
    select(lesson_nudge.c.lesson_id, lesson_nudge.c.unit_id)
    # In the words of ``ix_lesson_nudge_going``.
    .where(literal_column("NOT lesson_nudge.over"))
    .order_by(lesson_nudge.c.lesson_id, lesson_nudge.c.unit_id)
    .limit(50)
)
_ONE = (
    lesson_nudge.c.lesson_id == bindparam("_lesson"),
    lesson_nudge.c.unit_id == bindparam("_unit"),
)
_WALK = select(lesson_nudge.c.reached, lesson_nudge.c.over).where(*_ONE).with_for_update()
_ON = (
    lesson_nudge.update()
    .where(*_ONE)
    .values(
        reached=bindparam("reached", type_=lesson_nudge.c.reached.type),
        over=bindparam("over", type_=lesson_nudge.c.over.type),
    )
)
_THEIRS = Prepared(
    select(lesson_due.c.person_id, person.c.telegram_id)
    .select_from(
        lesson_due.join(person, person.c.id == lesson_due.c.person_id).join(
            unit, unit.c.id == lesson_due.c.unit_id
        )
    )
    .where(
        lesson_due.c.lesson_id == bindparam("lesson"),
        lesson_due.c.person_id > bindparam("after", type_=lesson_due.c.person_id.type),
        lesson_due.c.person_id <= bindparam("to", type_=lesson_due.c.person_id.type),
        lesson_due.c.done_at.is_(None),
        unit.c.path >= bindparam("low", type_=unit.c.path.type),
        unit.c.path < bindparam("high", type_=unit.c.path.type),
        *REACHABLE,
    )
    .order_by(lesson_due.c.person_id)
)


def load_for_nudge(connection: Connection, action: NudgeBranch, actor: Actor, rules: Rulebook) -> BranchCase:
    """The lesson, the branches below it where the actor is secretary, and when each of them was last reminded."""
    found = load(connection, Lesson, action.lesson_id)
    if found is None:
        raise Refused(NOT_FOUND)
    above = unit_path(connection, found.unit_id)
    wanted = paths_of(connection, found.whom.units).values()
    own = {
        held.unit_id: held.path
        for held in actor.held
        if held.role is Role.SECRETARY
        and above
        and held.path.startswith(above)
        and held.path != above
        and meets(held.path, wanted)
    }
    widest = {
        unit_id: path
        for unit_id, path in own.items()
        if not any(path != other and path.startswith(other) for other in own.values())
    }
    last = {row.unit_id: row.at for row in connection.execute(_LAST, {"lesson": found.id})}
    return BranchCase(found, widest, {one: last[one] for one in widest if one in last})


def begin(connection: Connection, sweep: BeginNudge) -> None:
    """From the first person on, also where the last reminder is long over."""
    for unit_id in sweep.unit_ids:
        wanted = upserting(connection, lesson_nudge).values(
            lesson_id=sweep.lesson_id, unit_id=unit_id, at=sweep.at, reached=0, over=False
        )
        connection.execute(
            wanted.on_conflict_do_update(
                index_elements=["lesson_id", "unit_id"],
                set_={"at": sweep.at, "reached": 0, "over": False},
            )
        )


def going(connection: Connection) -> list[tuple[int, int]]:
    """(lesson, branch) of the reminders that are on their way."""
    return [(row.lesson_id, row.unit_id) for row in connection.execute(_GOING)]


def go_on(connection: Connection, lesson_id: int, unit_id: int, *, now: datetime, rules: Rulebook) -> Step:
    """Hand the next stretch of a branch's people to delivery, unless enough wait already."""
    key = {"_lesson": lesson_id, "_unit": unit_id}
    walk = connection.execute(_WALK, key).first()
    found = load(connection, Lesson, lesson_id, lock=False)
    if walk is None or walk.over or found is None or is_full(connection, NUDGE, most=MOST_WAITING):
        return Step(0, more=False)
    last = last_person(connection)
    to = min(walk.reached + STRETCH, last)
    path = unit_path(connection, unit_id)
    low, high = below(path)
    span = {"lesson": lesson_id, "after": walk.reached, "to": to, "low": low, "high": high}
    rows = _THEIRS.all(connection, span) if path and found.state in OUT else []
    zone = ZoneInfo((office_of(connection, path).zone if path else "") or rules.time_zone)
    quiet = rules.notices
    outbox.put_copies(
        connection,
        [(row.telegram_id, row.person_id, None) for row in rows],
        kind=NUDGE,
        subject_id=lesson_id,
        lane=Lane.REMINDER,
        now=now,
        not_before=after_quiet(now, zone=zone, quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to),
    )
    over = to >= last or found.state not in OUT
    connection.execute(_ON, {**key, "reached": to, "over": over})
    return Step(len(rows), more=not over)


LOADERS: dict[type[Any], Any] = {NudgeBranch: load_for_nudge}
SWEEPS: Mapping[type[Any], Any] = {BeginNudge: begin}
