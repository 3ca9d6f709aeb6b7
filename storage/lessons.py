"""Lessons and people's parts in them: the rows that the rules of ``domain/lessons`` need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.base import NOT_FOUND, Actor, Refused, Sweep
from domain.lessons.shapes import (
    AddressLesson,
    AnswerQuestion,
    AssignLesson,
    BeginLesson,
    Due,
    DueCase,
    FinishReading,
    Lesson,
    LessonCase,
    NewLessonCase,
    NudgeLesson,
    OpenLesson,
    PutDue,
    PutLessonText,
    PutQuestion,
    PutQuestions,
    SetDue,
    SetPassing,
    SetPoints,
    TryAgain,
    WithdrawLesson,
)
from domain.rulebook import Rulebook
from storage.addressees import counted, paths_of
from storage.entities import load, next_id
from storage.people import unit_path
from storage.prepared import Prepared
from storage.schema_lessons import lesson_due
from storage.tree import office_of

_COLUMNS = tuple(lesson_due.c[name] for name in Due.__dataclass_fields__)
_DUE = select(*_COLUMNS).where(
    lesson_due.c.lesson_id == bindparam("lesson"), lesson_due.c.person_id == bindparam("person")
)
_READ = Prepared(_DUE)
_LOCK = Prepared(_DUE.with_for_update())
_KEYS = ("lesson_id", "person_id")
_PUT = Prepared(
    lesson_due.update()
    .where(lesson_due.c.lesson_id == bindparam("_lesson_id"), lesson_due.c.person_id == bindparam("_person_id"))
    .values({name: bindparam(name) for name in Due.__dataclass_fields__ if name not in _KEYS})
)  # fmt: skip


def due_of(connection: Connection, lesson_id: int, person_id: int, *, lock: bool = False) -> Due | None:
    """Somebody's part in a lesson; None where they have none."""
    row = (_LOCK if lock else _READ).first(connection, {"lesson": lesson_id, "person": person_id})
    if row is None:
        return None
    values: dict[str, Any] = dict(zip(Due.__dataclass_fields__, row, strict=True))
    return Due(**{**values, "answers": tuple(tuple(one) for one in values["answers"])})


def put_due(connection: Connection, sweep: PutDue) -> None:
    """As it is from now on; the row was locked when it was loaded."""
    values = {name: getattr(sweep.due, name) for name in Due.__dataclass_fields__ if name not in _KEYS}
    values["answers"] = [list(one) for one in sweep.due.answers]
    _PUT.run(connection, {**values, "_lesson_id": sweep.due.lesson_id, "_person_id": sweep.due.person_id})


def load_for_begin(
    connection: Connection, action: BeginLesson, actor: Actor, rules: Rulebook
) -> NewLessonCase:
    """The unit in whose name it will be."""
    path = paths_of(connection, [action.unit_id]).get(action.unit_id, "")
    return NewLessonCase(next_id(connection, Lesson), path)


def _load(connection: Connection, lesson_id: int) -> tuple[Lesson, str]:
    found = load(connection, Lesson, lesson_id)
    if found is None:
        raise Refused(NOT_FOUND)
    return found, unit_path(connection, found.unit_id)


def load_lesson(
    connection: Connection,
    action: PutLessonText
    | SetDue
    | SetPoints
    | SetPassing
    | PutQuestions
    | PutQuestion
    | WithdrawLesson
    | NudgeLesson,
    actor: Actor,
    rules: Rulebook,
) -> LessonCase:
    """The lesson, and the time zone of its unit."""
    found, path = _load(connection, action.lesson_id)
    return LessonCase(found, path, zone=office_of(connection, path).zone)


def load_for_address(
    connection: Connection, action: AddressLesson, actor: Actor, rules: Rulebook
) -> LessonCase:
    """The lesson and the units that it shall be for."""
    found, path = _load(connection, action.lesson_id)
    wanted = action.addressees
    return LessonCase(found, path, paths=paths_of(connection, [*wanted.units, *wanted.without_units]))


def load_for_assigning(
    connection: Connection, action: AssignLesson, actor: Actor, rules: Rulebook, now: datetime
) -> LessonCase:
    """The lesson, the units that it is for, and whether there is anybody there."""
    found, path = _load(connection, action.lesson_id)
    wanted = found.whom
    paths = paths_of(connection, [*wanted.units, *wanted.without_units])
    return LessonCase(
        found,
        path,
        paths=paths,
        zone=office_of(connection, path).zone,
        somebody=counted(connection, wanted, paths, now=now, most=1) > 0,
    )


def load_due(
    connection: Connection,
    action: OpenLesson | FinishReading | AnswerQuestion | TryAgain,
    actor: Actor,
    rules: Rulebook,
) -> DueCase:
    """The actor's own part."""
    found = load(connection, Lesson, action.lesson_id, lock=False)
    due = due_of(connection, action.lesson_id, actor.person_id, lock=True)
    if found is None or due is None:
        raise Refused(NOT_FOUND)
    zone = office_of(connection, actor.home_path).zone if actor.home_path else ""
    return DueCase(found, due, zone)


LOADERS: dict[type[Any], Any] = {
    BeginLesson: load_for_begin,
    **dict.fromkeys(
        (
            PutLessonText,
            SetDue,
            SetPoints,
            SetPassing,
            PutQuestions,
            PutQuestion,
            WithdrawLesson,
            NudgeLesson,
        ),
        load_lesson,
    ),
    AddressLesson: load_for_address,
    **dict.fromkeys((OpenLesson, FinishReading, AnswerQuestion, TryAgain), load_due),
}
LOADERS_AT: dict[type[Any], Any] = {AssignLesson: load_for_assigning}
SWEEPS: Mapping[type[Sweep], Callable[[Connection, Any], None]] = {PutDue: put_due}

# --- when people are forgotten, or two records become one -----------------------------------------------------------------

_FORGET = lesson_due.delete().where(lesson_due.c.person_id == bindparam("person"))
_THEIRS = select(lesson_due.c.lesson_id, lesson_due.c.done_at).where(
    lesson_due.c.person_id == bindparam("person")
)
_OF_LESSON = (lesson_due.c.lesson_id == bindparam("_lesson"), lesson_due.c.person_id == bindparam("_person"))
_DROP = lesson_due.delete().where(*_OF_LESSON)
_GO_OVER = lesson_due.update().where(*_OF_LESSON).values(person_id=bindparam("to"))


def forget(connection: Connection, person_id: int) -> None:
    """Nothing is left of what they have studied but what the ledger holds."""
    connection.execute(_FORGET, {"person": person_id})


def move(connection: Connection, from_id: int, to_id: int) -> None:
    """Two records have become one: of a lesson that both had, the part that is done stays."""
    known = {row.lesson_id: row.done_at for row in connection.execute(_THEIRS, {"person": to_id})}
    for row in connection.execute(_THEIRS, {"person": from_id}).all():
        if row.lesson_id in known:
            if row.done_at is None or known[row.lesson_id] is not None:
                continue
            connection.execute(_DROP, {"_lesson": row.lesson_id, "_person": to_id})
        connection.execute(_GO_OVER, {"_lesson": row.lesson_id, "_person": from_id, "to": to_id})
    forget(connection, from_id)
