"""Lessons as they live: composed and assigned, in one call each."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from domain.lessons.shapes import AssignLesson, BeginLesson, Lesson, PutQuestions, Question
from jobs.lessons import hand_out
from storage.entities import load
from storage.schema_lessons import lesson
from storage.unit import Store
from tests.support.village import Soul, Village, do

QUESTION = Question("入党须年满几岁？", ("16 岁", "18 岁", "20 岁"), (1,), "见党章第一条")


async def draft_lesson(
    store: Store,
    soul: Soul,
    unit_id: int,
    *,
    now: datetime,
    days: int = 7,
    minutes: int = 20,
    questions: tuple[Question, ...] = (),
) -> int:
    """A draft for the members at and below a unit; its number."""
    due_on = (now + timedelta(days=days)).date()
    action = BeginLesson(unit_id, "zh", "党章第一章", "请读第一章。", 6, (), minutes, due_on)
    number = int((await do(store, action, soul.who, now=now))["lesson_id"] or 0)
    if questions:
        await do(store, PutQuestions(number, questions), soul.who, now=now)
    return number


async def seen_lesson(store: Store, lesson_id: int) -> Lesson:
    """A lesson as it stands."""
    found = await store._engine.read(lambda c: load(c, Lesson, lesson_id, lock=False))
    assert found is not None
    return found


async def lesson_version(store: Store, lesson_id: int) -> int:
    """Of the lesson as it stands."""
    return (await seen_lesson(store, lesson_id)).version


async def assigned(
    store: Store,
    soul: Soul,
    unit_id: int,
    *,
    now: datetime,
    days: int = 7,
    minutes: int = 20,
    questions: tuple[Question, ...] = (),
) -> int:
    """The same, assigned, and handed to delivery for everybody it is for."""
    number = await draft_lesson(
        store, soul, unit_id, now=now, days=days, minutes=minutes, questions=questions
    )
    await do(store, AssignLesson(number, await lesson_version(store, number)), soul.who, now=now)
    await hand_out(store, now)
    return number


async def from_above(store: Store, place: Village, *, now: datetime) -> int:
    """A lesson of the street's for the members of the building."""
    number = await assigned(store, place.secretary, place.building, now=now)
    street = update(lesson).where(lesson.c.id == number).values(unit_id=place.units["street"])
    await store._engine.write(lambda c: c.execute(street).rowcount)
    return number
