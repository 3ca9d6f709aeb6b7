"""The year's sheet of study in the database: whose lessons stand on it, what is counted of them, and who may read it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select, update

from domain.base import NOT_FOUND, Refused, Role
from domain.lessons.learning import FOLLOWS
from domain.lessons.shapes import CARD, FinishReading, OpenLesson, WithdrawLesson
from domain.lessons.years import SeeStudyYear, StudyYear, StudyYearPage
from domain.people import ChooseHome
from storage.engine import Engine
from storage.facts import lesson_years
from storage.schema import audit, card, outbox, unit
from storage.unit import Store
from tests.support.lessons import assigned, from_above
from tests.support.village import Soul, Village, appointed, do, village

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def finished(store: Store, soul: Soul, number: int, *, now: datetime) -> None:
    """Read long enough, and said so."""
    await do(store, OpenLesson(number), soul.who, now=now - HOUR)
    await do(store, FinishReading(number), soul.who, now=now)


async def year_of(store: Store, who: Soul, unit_id: int, year: int = 0, *, now: datetime) -> list[StudyYear]:
    """All pages of it."""
    rows: list[StudyYear] = []
    after: int | None = 0
    while after is not None:
        found: StudyYearPage = await store.read(SeeStudyYear(unit_id, year, after), who.who, now=now)
        rows += found.rows
        after = found.next_after
    return rows


@pytest.mark.parametrize("few", [0, 20_000])
async def test_each_of_its_people_stands_on_it_once_with_what_they_have_done(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    # Both ways to find them, and people on several pages.
    monkeypatch.setattr(lesson_years, "FEW", few)
    monkeypatch.setattr(lesson_years, "SHEET_ROWS", 2)
    first, second, third = place.members
    # Where the first one lives is not known: what comes from above is on the sheet of above alone.
    await do(store, ChooseHome(place.building), second.who, now=now)
    one = await assigned(store, place.secretary, place.units["grid"], now=now, days=1)
    other = await assigned(store, place.secretary, place.building, now=now, days=2)
    above = await from_above(store, place, now=now)
    await finished(store, first, one, now=now)
    await finished(store, first, other, now=now + 3 * DAY)
    await finished(store, second, above, now=now + HOUR)
    # Taken back: done it stays, to be done it is no more.
    await do(store, WithdrawLesson(other), place.secretary.who, now=now + 4 * DAY)
    # By the clock of where they live: the last day is over in the community, and not yet further west.
    gone = await assigned(store, place.secretary, place.building, now=now, days=0)
    midnight = now.replace(hour=16, minute=30)
    await do(store, ChooseHome(place.units["b2"]), third.who, now=now)

    def west(connection: Connection) -> None:
        connection.execute(update(unit).where(unit.c.id == place.units["b2"]).values(zone="Asia/Urumqi"))

    await engine.write(west)
    for soul in (second, third):
        await finished(store, soul, gone, now=midnight)
    at = now + 5 * DAY
    rows = await year_of(store, place.secretary, place.units["community"], now=at)
    assert [row.person_id for row in rows] == [soul.id for soul in place.members]
    assert [(row.due, row.done, row.late) for row in rows] == [(3, 2, 1), (3, 2, 1), (3, 1, 0)]
    assert (rows[0].minutes, rows[0].points, rows[0].last_done_at) == (40, 200, now + 3 * DAY)
    assert (rows[2].name, rows[2].place.zh) == ("党员2", "2号楼")
    # Of the building beside, the one who lives there now: what comes from grid and street, and nothing of elsewhere.
    (row,) = await year_of(store, place.secretary, place.units["b2"], now=at)
    assert (row.person_id, row.due) == (third.id, 2)
    for year in (at.year - 1, at.year + 1):
        assert await year_of(store, place.secretary, place.units["community"], year, now=at) == []


async def test_only_a_secretary_at_or_above_it_reads_it_and_that_is_on_record(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    await assigned(store, place.secretary, place.building, now=now)
    own = await appointed(store, 77, name="支书", role=Role.SECRETARY, unit_id=place.units["b2"], now=now)
    above = place.units["community"]
    for who, unit_id, year in (
        (own, above, 0),
        (own, place.building, 0),
        (place.leader, place.building, 0),
        (place.members[0], place.building, 0),
        (place.secretary, 999, 0),
        (place.secretary, above, 1999),
        (place.secretary, above, 9999),
    ):
        with pytest.raises(Refused, match=NOT_FOUND):
            await year_of(store, who, unit_id, year, now=now)
    assert await year_of(store, own, place.units["b2"], now=now) == []
    assert len(await year_of(store, place.secretary, place.building, now=now)) == 3
    read = select(audit.c.unit_id, audit.c.data).where(audit.c.event == "bulk.read")
    found = [tuple(row) for row in await engine.read(lambda c: c.execute(read).all())]
    assert found == [(place.units["b2"], {"rows": 0}), (place.building, {"rows": 3})]


async def test_the_card_follows_who_studies_with_one_edit_for_many(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await assigned(store, place.secretary, place.building, now=now)

    def hangs(connection: Connection) -> None:
        connection.execute(outbox.delete())
        connection.execute(update(card).where(card.c.kind == CARD).values(message_id=5, shown=card.c.wanted))

    await engine.write(hangs)
    for soul in place.members:
        await finished(store, soul, number, now=now)
    edits = select(outbox.c.subject_id, outbox.c.not_before).where(outbox.c.kind == CARD)
    rows = [tuple(row) for row in await engine.read(lambda c: c.execute(edits).all())]
    # The first look at it asked for the edit, and there is no second one while that waits.
    assert rows == [(number, now - HOUR + FOLLOWS)]
