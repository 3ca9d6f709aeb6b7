"""What is above a cap is cut off, in the order of confirmation, once, and said; what two records earned twice stays once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from domain.agreed import AgreeHours
from domain.base import NOT_FOUND, Actor, Earning
from domain.lessons.shapes import FinishReading, OpenLesson
from domain.lessons.shown import ListMyLessons, MyStudy
from domain.merging import MergePeople
from domain.points import REFERRAL, Cap
from domain.queries import PointsFacts, SeePoints
from domain.requests import ConfirmRequest
from domain.tasks import ReportClaim
from storage import audit, points
from storage.engine import Engine
from storage.schema import earning, outbox
from storage.unit import Refusal, Store
from tests.support.dump import rows
from tests.support.lessons import assigned
from tests.support.village import WORDS, Soul, Village, claimed, do, reported, village

DAY = timedelta(days=1)


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def earn(
    engine: Engine,
    soul: Soul,
    source: int,
    *,
    hours: int,
    now: datetime,
    kind: str = "errand",
    request: int | None = None,
) -> None:
    """Confirmed work of so many hours, for nobody's household."""
    item = Earning(soul.id, "claim", source, kind, 60 * hours, 1000, 100, 1000 * hours, 1, request_id=request)
    await engine.write(lambda c: audit.earn(c, (item,), now=now))


async def cuts(engine: Engine) -> list[tuple[int, int, str | None]]:
    """Counted minutes, hundredths cut off and the cap of every earning, in order."""
    columns = earning.c.counted, earning.c.cut, earning.c.cap
    found = await engine.read(lambda c: c.execute(select(*columns).order_by(earning.c.id)).all())
    return [(row[0], row[1], row[2]) for row in found]


async def told(engine: Engine) -> list[tuple[int, str, int]]:
    """Who is told of a cap on service: person, cap, minutes above it."""

    def unit(connection: Connection) -> list[tuple[int, str, int]]:
        found = connection.execute(
            select(outbox.c.person_id, outbox.c.params)
            .where(outbox.c.kind == "points.capped")
            .order_by(outbox.c.id)
        )
        return [(row.person_id, row.params["cap"], row.params["over"]) for row in found]

    return await engine.read(unit)


async def test_a_day_counts_eight_hours_in_the_order_of_confirmation(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first, second, _ = place.members
    await earn(engine, first, 901, hours=5, now=now)
    await earn(engine, second, 902, hours=5, now=now)
    await earn(engine, first, 903, hours=5, now=now)
    await earn(engine, first, 904, hours=1, now=now)
    # 23:30 of the same day, and half an hour into the next, by the clock of the community.
    await earn(engine, first, 905, hours=1, now=now.replace(hour=15, minute=30))
    await earn(engine, first, 906, hours=1, now=now.replace(hour=16, minute=30))
    while await store.settle_points(now=now + DAY, most=2):
        pass
    assert await cuts(engine) == [
        (300, 0, None),
        (300, 0, None),
        (180, 2000, Cap.DAY),
        (0, 1000, Cap.DAY),
        (0, 1000, Cap.DAY),
        (60, 0, None),
    ]
    assert await told(engine) == [(first.id, "day", 120), (first.id, "day", 60), (first.id, "day", 60)]
    assert await store.ledger_differences() == []
    facts: PointsFacts = await store.read(SeePoints(), first.who, now=now + DAY)
    assert facts.honour == 9000
    assert {row.cap for row in facts.entries} == {"", "day"}


async def test_a_week_counts_four_hours_for_the_same_household(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first, second, _ = place.members

    async def work(helper: Soul, minutes: int, then: datetime) -> None:
        request, _ = await reported(store, place, now=then, by=[helper], minutes=minutes)
        await do(store, ConfirmRequest(request, 4), place.resident.who, now=then)

    await work(first, 120, now)
    await work(second, 120, now)
    await work(first, 90, now + DAY)
    await work(first, 90, now + 2 * DAY)
    await work(first, 60, now + 7 * DAY)
    await store.settle_points(now=now + 7 * DAY)
    assert await store.settle_points(now=now + 7 * DAY) == 0
    assert await cuts(engine) == [
        (120, 0, None),
        (120, 0, None),
        (90, 0, None),
        (30, 1200, Cap.HOME),
        (60, 0, None),
    ]
    assert await told(engine) == [(first.id, "home", 60)]


async def test_a_task_counts_two_hours_unless_more_was_agreed_on_before(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first, second, _ = place.members
    request, _ = await reported(store, place, now=now, by=[first], minutes=180)
    late = await store.perform(AgreeHours(request, 3), place.leader.who, now=now)
    assert isinstance(late, Refusal)
    assert late.key == "hours.not_now"
    await do(store, ConfirmRequest(request, 4), place.resident.who, now=now)
    both, task = await claimed(store, place, now=now, by=[first, second])
    await do(store, ReportClaim(task, 30, WORDS), first.who, now=now)
    late = await store.perform(AgreeHours(both, 3), place.leader.who, now=now)
    assert isinstance(late, Refusal)
    assert late.key == "hours.reported_already"
    request, task = await claimed(store, place, now=now, by=[second])
    for soul, hours, key in (
        (second, 3, NOT_FOUND),
        (place.resident, 3, NOT_FOUND),
        (place.leader, 1, "hours.wrong"),
        (place.leader, 9, "hours.wrong"),
    ):
        refused = await store.perform(AgreeHours(request, hours), soul.who, now=now)
        assert isinstance(refused, Refusal)
        assert refused.key == key
    await do(store, AgreeHours(request, 3), place.leader.who, now=now)
    await do(store, ReportClaim(task, 200, WORDS), second.who, now=now)
    await do(store, ConfirmRequest(request, 4), place.resident.who, now=now)
    await store.settle_points(now=now)
    # 200 minutes count as 195: a quarter of an hour was not agreed on.
    assert await cuts(engine) == [(120, 1200, Cap.TASK), (180, 300, Cap.TASK)]
    assert await told(engine) == [(first.id, "task", 60), (second.id, "task", 15)]


async def test_what_earns_nothing_takes_no_room_and_a_referral_counts_once(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first, second, _ = place.members
    nothing = Earning(first.id, "claim", 910, "errand", 480, 1000, 0, 0, 1)
    await engine.write(lambda c: audit.earn(c, (nothing,), now=now))
    for number, soul, request in ((911, first, 5), (912, first, 5), (913, second, 5), (914, first, 6)):
        await earn(engine, soul, number, hours=1, now=now, kind=REFERRAL, request=request)
    await store.settle_points(now=now)
    assert await cuts(engine) == [
        (0, 0, None),
        (60, 0, None),
        (0, 1000, Cap.REFERRAL),
        (60, 0, None),
        (60, 0, None),
    ]


async def test_one_lesson_that_two_records_of_one_human_did_stays_posted_once(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first, second, _ = place.members
    number = await assigned(store, place.secretary, place.building, now=now)
    other = await assigned(store, place.secretary, place.building, now=now)
    for soul, lesson in ((first, number), (second, number), (first, other)):
        await do(store, OpenLesson(lesson), soul.who, now=now)
        await do(store, FinishReading(lesson), soul.who, now=now + timedelta(hours=1))
    later = now + timedelta(hours=2)
    await store.settle_points(now=later)
    each = 100
    outcome = await do(store, MergePeople(first.id, second.id), place.secretary.who, now=later)
    kept = first if outcome["person_id"] == first.id else second
    facts: PointsFacts = await store.read(SeePoints(), kept.who, now=later)
    assert (facts.honour, facts.spendable) == (2 * each, 2 * each)
    assert "correction" in {row.kind for row in facts.entries}
    mine: MyStudy = await store.read(ListMyLessons(done=True), kept.who, now=later)
    assert (mine.count, mine.points) == (2, 2 * each)
    assert await store.ledger_differences() == []
    assert await rows(engine, "audit", "subject_id", where="event = 'person.points_corrected'") == [
        (kept.id,)
    ]


async def test_of_two_earnings_of_one_lesson_the_one_that_waits_is_dropped(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first, second, third = place.members

    def study(soul: Soul) -> Earning:
        return Earning(soul.id, "lesson", 7, "study", 30, 400, 100, 200, 1)

    await engine.write(lambda c: audit.earn(c, (study(first), study(third)), now=now))
    await store.settle_points(now=now)
    await engine.write(lambda c: audit.earn(c, (study(second),), now=now))

    def one(connection: Connection, gone: Soul, kept: Soul) -> None:
        points.transfer(connection, gone.id, kept.id, now=now, rulebook=1)
        points.unite(connection, gone.id, kept.id, actor=Actor.system("test"), now=now, rulebook=1)

    await engine.write(lambda c: one(c, first, second))
    await store.settle_points(now=now)
    facts: PointsFacts = await store.read(SeePoints(), second.who, now=now)
    assert facts.honour == 200
    assert await store.ledger_differences() == []
