"""Series, templates and branches' reminders in the database: who sees them, what begins when, who is reminded, once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from domain.base import NOT_FOUND, Action, Refused, Role
from domain.lessons.branches import NudgeBranch
from domain.lessons.series import (
    BeginSeries,
    FillSeries,
    ListDraftsForSeries,
    ListSeries,
    PutInSeries,
    ResumeSeries,
    SeeSeries,
    StopSeries,
    TakeFromSeries,
)
from domain.lessons.shapes import NUDGE, FinishReading, LessonState, NudgeLesson, OpenLesson, WithdrawLesson
from domain.lessons.shown import ListAssigned
from domain.lessons.templates import (
    DeleteLessonTemplate,
    KeepLesson,
    ListLessonTemplates,
    RenameLessonTemplate,
    SeeLessonTemplate,
    UseLessonTemplate,
)
from domain.people import ChooseHome
from domain.queries import SeeCard
from jobs.lessons import hand_out
from storage import lesson_nudges
from storage.engine import Engine
from storage.schema import outbox, unit
from storage.unit import Refusal, Store
from tests.support.lessons import assigned, draft_lesson, from_above, seen_lesson
from tests.support.village import Soul, Village, appointed, do, village

DAY = timedelta(days=1)


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def refusal(store: Store, action: Action, soul: Soul, *, now: datetime) -> str:
    """Why it was not done."""
    outcome = await store.perform(action, soul.who, now=now)
    assert isinstance(outcome, Refusal), outcome
    return outcome.key


async def nudged(engine: Engine) -> list[int]:
    """Whom a reminder of a branch's is on its way to."""

    def unit_of_work(connection: Connection) -> list[int]:
        wanted = select(outbox.c.person_id).where(outbox.c.kind == NUDGE).order_by(outbox.c.person_id)
        return list(connection.execute(wanted).scalars())

    return await engine.read(unit_of_work)


async def test_each_week_begins_where_it_is_nine_and_nothing_after_the_series_is_stopped(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    zhou = place.secretary
    # 08:30 in the community.
    now = (now + DAY).replace(hour=0, minute=30)
    draft = await draft_lesson(store, zhou, place.building, now=now)
    template = int((await do(store, KeepLesson(draft, "模板"), zhou.who, now=now))["template_id"] or 0)
    begun = await do(store, BeginSeries(place.building, "三讲", 3, now.date() + 6 * DAY), zhou.who, now=now)
    series = int(begun["series_id"] or 0)
    await do(store, PutInSeries(series, draft), zhou.who, now=now)
    made = await do(store, FillSeries(series, template), zhou.who, now=now)
    assert made["lessons"] == 2
    assert await refusal(store, PutInSeries(series, draft), zhou, now=now) == "lesson.not_now"
    assert await refusal(store, FillSeries(series, template), zhou, now=now) == "series.full"
    assert await hand_out(store, now) == 0, "not before nine"
    hour = timedelta(hours=1)

    def west(connection: Connection) -> None:
        connection.execute(update(unit).where(unit.c.id == place.building).values(zone="Asia/Urumqi"))

    await engine.write(west)
    assert await hand_out(store, now + hour) == 0, "it is half past seven there"
    assert await hand_out(store, now + 3 * hour) == len(place.members)
    assert await hand_out(store, now + 3 * hour) == 0
    facts = await store.read(SeeSeries(series), zhou.who, now=now)
    assert [(one.week, one.state) for one in facts.weeks] == [
        (1, LessonState.OPEN),
        (2, LessonState.DRAFT),
        (3, LessonState.DRAFT),
    ]
    # A week that is given up is free again; one that is taken out is an ordinary draft.
    second, third = (one.lesson_id for one in facts.weeks[1:])
    await do(store, WithdrawLesson(second), zhou.who, now=now)
    await do(store, TakeFromSeries(third), zhou.who, now=now)
    assert (await store.read(SeeSeries(series), zhou.who, now=now)).free == (2, 3)
    drafts = await store.read(ListDraftsForSeries(series), zhou.who, now=now)
    assert [row.id for row in drafts.rows] == [third]
    await do(store, PutInSeries(series, third), zhou.who, now=now)
    await do(store, StopSeries(series), zhou.who, now=now)
    assert (await seen_lesson(store, third)).starts_on is None
    assert await hand_out(store, now + 30 * DAY) == 0
    (line,) = (await store.read(ListSeries(), zhou.who, now=now)).rows
    assert (line.filled, line.stopped) == (2, True)
    # Taken up again a month later the lesson that was left goes out in its next week, and the first never again.
    later = now + 30 * DAY
    await do(store, ResumeSeries(series), zhou.who, now=later)
    assert await refusal(store, ResumeSeries(series), zhou, now=later) == "series.goes_on_already"
    begins = (await seen_lesson(store, third)).starts_on
    assert begins is not None
    assert 0 <= (begins - later.date()).days < 7
    for _ in range(2):
        await hand_out(store, later + 7 * DAY)
    facts = await store.read(SeeSeries(series), zhou.who, now=later)
    assert [(one.week, one.state) for one in facts.weeks] == [(1, LessonState.OPEN), (2, LessonState.OPEN)]
    told = await engine.read(
        lambda c: c.execute(
            select(outbox.c.subject_id, func.count())
            .where(outbox.c.kind == "lesson.copy")
            .group_by(outbox.c.subject_id)
        ).all()
    )
    assert {tuple(row) for row in told} == {(draft, len(place.members)), (third, len(place.members))}


async def test_series_and_templates_are_nobody_s_but_their_secretary_s(
    store: Store, place: Village, now: datetime
) -> None:
    zhou = place.secretary
    draft = await draft_lesson(store, zhou, place.building, now=now)
    await do(store, KeepLesson(draft, "模板"), zhou.who, now=now)
    begun = await do(store, BeginSeries(place.building, "三讲", 3, now.date() + 7 * DAY), zhou.who, now=now)
    series = int(begun["series_id"] or 0)
    beside = await appointed(
        store, 78, name="旁支书", role=Role.SECRETARY, unit_id=place.units["b2"], now=now
    )
    for soul in (beside, place.leader, place.members[0], place.resident):
        for action in (
            BeginSeries(place.building, "三讲", 3, now.date() + 7 * DAY),
            PutInSeries(series, draft),
            FillSeries(series, 1),
            StopSeries(series),
            ResumeSeries(series),
            TakeFromSeries(draft),
            KeepLesson(draft, "我的"),
            UseLessonTemplate(1),
            RenameLessonTemplate(1, "我的"),
            DeleteLessonTemplate(1),
            NudgeBranch(draft),
        ):
            assert await refusal(store, action, soul, now=now) == NOT_FOUND, action
    for query in (ListSeries(), ListLessonTemplates()):
        assert (await store.read(query, beside.who, now=now)).rows == ()
        assert len((await store.read(query, zhou.who, now=now)).rows) == 1
    assert (await store.read(SeeLessonTemplate(1), zhou.who, now=now)).minutes == 20
    assert await refusal(store, KeepLesson(draft, " 模板 "), zhou, now=now) == "template.taken"


async def test_a_branch_reminds_its_own_people_of_a_lesson_from_above_once_a_day(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson_nudges, "STRETCH", 2)
    for soul in place.members:
        await do(store, ChooseHome(place.building), soul.who, now=now)
    number = await from_above(store, place, now=now)
    own = await appointed(store, 77, name="支书", role=Role.SECRETARY, unit_id=place.building, now=now)
    first, *others = place.members
    await do(store, OpenLesson(number), first.who, now=now)
    await do(store, FinishReading(number), first.who, now=now + timedelta(hours=1))
    now += timedelta(hours=1)
    assert await refusal(store, NudgeLesson(number), own, now=now) == NOT_FOUND
    await do(store, NudgeBranch(number), own.who, now=now)
    # A step at a time, each of which may be the last of a process.
    while (await store.study.nudge(number, place.building, now=now)).more:
        pass
    assert await hand_out(store, now) == 0
    # Where they lived when it was assigned is whose people they are.
    assert await nudged(engine) == sorted(soul.id for soul in others)
    assert await refusal(store, NudgeBranch(number), own, now=now) == "lesson.nudged"
    await do(store, NudgeBranch(number), own.who, now=now + DAY)
    assert await hand_out(store, now + DAY) == len(others)
    # Below whom it was assigned by, and nobody else.
    mine = await assigned(store, place.secretary, place.building, now=now)
    assert await refusal(store, NudgeBranch(mine), place.secretary, now=now) == NOT_FOUND
    beside = await appointed(
        store, 78, name="旁支书", role=Role.SECRETARY, unit_id=place.units["b2"], now=now
    )
    for action in (NudgeBranch(number), NudgeBranch(mine)):
        assert await refusal(store, action, beside, now=now + 3 * DAY) == NOT_FOUND
    # What is for none of theirs is not in their list either, though it is from above.
    assert [row.id for row in (await store.read(ListAssigned(), own.who, now=now)).rows] == [mine, number]
    assert (await store.read(ListAssigned(), beside.who, now=now)).rows == ()
    with pytest.raises(Refused, match=NOT_FOUND):
        await store.read(SeeCard("lesson.card", number), beside.who, now=now)
