"""Lessons in the database: whom they reach, once each, whatever is interrupted; what a day earns; who is reminded."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from domain.base import NOT_FOUND, Role
from domain.lessons.shapes import (
    COPY,
    NUDGE,
    REMINDER,
    AnswerQuestion,
    AssignLesson,
    FinishReading,
    LessonState,
    NudgeLesson,
    OpenLesson,
    SetDue,
    SetPoints,
    WithdrawLesson,
)
from domain.lessons.shown import ListAssigned, ListMyLessons, MyStudy, SeeLearners
from domain.people import ChooseHome
from domain.privacy import ForgetMe, ReadOwnRecord
from domain.queries import SeeCard
from jobs.lessons import hand_out, remind
from storage import lessons, study
from storage.engine import Engine
from storage.schema import earning, outbox, unit
from storage.schema_lessons import lesson_due
from storage.unit import Refusal, Store
from tests.support.lessons import QUESTION, assigned, draft_lesson, lesson_version, seen_lesson
from tests.support.village import Soul, Village, appointed, do, village

HOUR = timedelta(hours=1)


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def got(engine: Engine, kind: str) -> list[int]:
    """To whom messages of a kind are on their way."""
    rows = await engine.read(
        lambda c: c.execute(
            select(outbox.c.person_id).where(outbox.c.kind == kind).order_by(outbox.c.person_id)
        ).scalars()
    )
    return list(rows)


async def finished(store: Store, soul: Soul, number: int, *, now: datetime) -> None:
    """Read long enough, and said so."""
    await do(store, OpenLesson(number), soul.who, now=now - HOUR)
    await do(store, FinishReading(number), soul.who, now=now)


async def test_a_lesson_reaches_its_members_once_however_small_the_steps(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "STRETCH", 2)
    monkeypatch.setattr(study, "PORTION", 1)
    number = await draft_lesson(store, place.secretary, place.building, now=now)
    await do(store, AssignLesson(number, await lesson_version(store, number)), place.secretary.who, now=now)
    # A step at a time, each of which may be the last of a process.
    while (await store.study.freeze(number, now=now)).more:
        assert (await seen_lesson(store, number)).state is LessonState.FREEZING
    # Who comes after it was written down has no part in it.
    await appointed(store, 190, name="新党员", role=Role.MEMBER, unit_id=place.building, now=now)
    while (await store.study.hand_out(number, now=now)).more:
        assert (await seen_lesson(store, number)).state is LessonState.SENDING
    assert await hand_out(store, now) == 0
    assert (await seen_lesson(store, number)).state is LessonState.OPEN
    assert await got(engine, COPY) == sorted(soul.id for soul in place.members)


async def test_nobody_has_a_part_in_it_but_whom_it_was_for_and_who_moves_keeps_it(
    store: Store, place: Village, now: datetime
) -> None:
    number = await assigned(store, place.secretary, place.building, now=now)
    outcome = await store.perform(OpenLesson(number), place.resident.who, now=now)
    assert isinstance(outcome, Refusal)
    assert outcome.key == NOT_FOUND
    first = place.members[0]
    await do(store, OpenLesson(number), first.who, now=now)
    await do(store, ChooseHome(place.units["b2"]), first.who, now=now)
    await do(store, FinishReading(number), first.who, now=now + HOUR)
    mine: MyStudy = await store.read(ListMyLessons(done=True), first.who, now=now + HOUR)
    assert (mine.count, mine.minutes) == (1, 20)


async def test_a_lesson_earns_once_and_a_day_no_more_than_its_cap(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first = place.members[0]
    for points in (600, 600, 300):
        number = await draft_lesson(store, place.secretary, place.building, now=now)
        await do(store, SetPoints(number, points), place.secretary.who, now=now)
        version = await lesson_version(store, number)
        await do(store, AssignLesson(number, version), place.secretary.who, now=now)
        await hand_out(store, now)
        await finished(store, first, number, now=now)
        again = await store.perform(FinishReading(number), first.who, now=now)
        assert isinstance(again, Refusal)
    while await store.settle_points(now=now, most=1):
        pass
    rows = await engine.read(lambda c: c.execute(select(earning.c.amount, earning.c.cut)).all())
    assert sorted(tuple(row) for row in rows) == [(300, 300), (600, 0), (600, 200)]
    assert await store.ledger_differences() == []
    assert await got(engine, "lesson.capped") == [first.id] * 2
    tomorrow = now + timedelta(days=1)
    number = await assigned(store, place.secretary, place.building, now=tomorrow)
    await finished(store, first, number, now=tomorrow)
    await store.settle_points(now=tomorrow)
    mine: MyStudy = await store.read(ListMyLessons(done=True), first.who, now=tomorrow)
    assert mine.points == 1000 + (await seen_lesson(store, number)).points


async def test_reminders_come_on_their_days_once_for_all_that_is_due_and_not_after_it_is_done(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "REMINDED_AT_ONCE", 1)
    # 09:30 in the community.
    now = (now + timedelta(days=1)).replace(hour=1, minute=30)
    for _ in range(2):
        await assigned(store, place.secretary, place.building, now=now, days=3)
    first, second, third = place.members
    for number in (1, 2):
        await finished(store, first, number, now=now)
    await finished(store, second, 1, now=now)
    told: list[int] = []
    for day, expected in ((0, 2), (1, 0), (2, 2), (3, 2), (4, 0)):
        then = now + timedelta(days=day)
        assert await remind(store, then - HOUR) == 0, "not before nine"
        assert await remind(store, then) == expected, day
        assert await remind(store, then + HOUR) == 0, "once a day"
        told.append(expected)
    assert await got(engine, REMINDER) == sorted([second.id, third.id] * 3)


async def test_it_is_nine_by_the_clock_of_where_somebody_lives(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    now = (now + timedelta(days=1)).replace(hour=1, minute=30)
    await assigned(store, place.secretary, place.units["grid"], now=now, days=1)
    first, second, _ = place.members
    await do(store, ChooseHome(place.units["b2"]), first.who, now=now)
    await do(store, ChooseHome(place.units["b1"]), second.who, now=now)

    def west(connection: Connection) -> None:
        connection.execute(update(unit).where(unit.c.id == place.units["b2"]).values(zone="Asia/Urumqi"))

    await engine.write(west)
    assert await remind(store, now) == 2
    assert first.id not in await got(engine, REMINDER)
    assert await remind(store, now + 2 * HOUR) == 1
    assert first.id in await got(engine, REMINDER)


async def test_the_branch_sees_who_has_not_and_nudges_them_alone(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await assigned(store, place.secretary, place.units["grid"], now=now)
    first, *others = place.members
    await do(store, ChooseHome(place.units["b2"]), others[0].who, now=now)
    await finished(store, first, number, now=now)
    page = await store.read(SeeLearners(number), place.secretary.who, now=now)
    assert [row.person_id for row in page.rows] == [soul.id for soul in others]
    await do(store, NudgeLesson(number), place.secretary.who, now=now)
    await hand_out(store, now)
    assert await got(engine, NUDGE) == [soul.id for soul in others]
    # The branch below sees its own people, and may change nothing.
    own = await appointed(store, 77, name="支书", role=Role.SECRETARY, unit_id=place.units["b2"], now=now)
    listed = await store.read(ListAssigned(), own.who, now=now)
    assert [row.id for row in listed.rows] == [number]
    below = await store.read(SeeLearners(number, everybody=True), own.who, now=now)
    assert all(row.place.zh == "2号楼" for row in below.rows)
    card = (await store.read(SeeCard("lesson.card", number), own.who, now=now)).facts
    assert not card.whole
    for action in (WithdrawLesson(number), NudgeLesson(number), SetDue(number, now.date())):
        outcome = await store.perform(action, own.who, now=now)
        assert isinstance(outcome, Refusal)
        assert outcome.key == NOT_FOUND
    refused = await store.perform(WithdrawLesson(number), place.leader.who, now=now)
    assert isinstance(refused, Refusal)


async def test_answers_are_kept_from_press_to_press(store: Store, place: Village, now: datetime) -> None:
    number = await assigned(store, place.secretary, place.building, now=now, questions=(QUESTION,) * 2)
    first = place.members[0]
    await finished(store, first, number, now=now)
    await do(store, AnswerQuestion(number, 1, 1), first.who, now=now)
    twice = await store.perform(AnswerQuestion(number, 1, 0), first.who, now=now)
    assert isinstance(twice, Refusal)
    await do(store, AnswerQuestion(number, 2, 1), first.who, now=now)
    mine: MyStudy = await store.read(ListMyLessons(done=True), first.who, now=now)
    assert mine.count == 1


async def test_two_records_of_one_human_keep_what_either_has_done(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await assigned(store, place.secretary, place.building, now=now)
    other = await assigned(store, place.secretary, place.building, now=now)
    first, second, _ = place.members
    await finished(store, first, number, now=now)
    await finished(store, second, other, now=now)
    await engine.write(lambda c: lessons.move(c, first.id, second.id))
    done = select(lesson_due.c.person_id, func.count(lesson_due.c.done_at)).group_by(lesson_due.c.person_id)
    rows = {row[0]: row[1] for row in await engine.read(lambda c: c.execute(done).all())}
    assert first.id not in rows
    assert rows[second.id] == 2


async def test_one_s_own_file_says_which_lessons_one_has(store: Store, place: Village, now: datetime) -> None:
    number = await assigned(store, place.secretary, place.building, now=now)
    first, second, _ = place.members
    await finished(store, first, number, now=now)
    (record,) = (await store.read(ReadOwnRecord(), first.who, now=now)).lessons
    assert (record.titles, record.opened_at, record.done_at) == ({"zh": "党章第一章"}, now - HOUR, now)
    (record,) = (await store.read(ReadOwnRecord(), second.who, now=now)).lessons
    assert (record.opened_at, record.done_at, record.score) == (None, None, None)
    assert (await store.read(ReadOwnRecord(), place.resident.who, now=now)).lessons == ()


async def test_nothing_is_left_of_who_is_forgotten(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await assigned(store, place.secretary, place.building, now=now)
    first = place.members[0]
    await finished(store, first, number, now=now)
    await do(store, ForgetMe(), first.who, now=now)
    left = select(lesson_due.c.person_id).where(lesson_due.c.person_id == first.id)
    assert await engine.read(lambda c: c.execute(left).all()) == []
