"""The audit trail as each may see it: whose units it happened in, what is about staff, and page by page to the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from domain.base import NOT_FOUND, Refused, Role
from domain.requests import AcceptRequest, RaiseRequest
from domain.trail import FindTrailPeople, SearchTrail, TrailFilter, TrailPage
from storage.engine import Engine
from storage.facts import trail
from storage.schema import audit
from storage.unit import Store
from storage.units import UnitRow
from tests.support.village import WORDS, Soul, Village, appointed, arrived, asked, do, reported, village

OTHERS = (
    UnitRow(2, "c2", "community", "友谊社区", "Friendship", "street"),
    UnitRow(3, "b9", "building", "9号楼", "Building 9", "c2"),
)


class Eyes:
    """A village with another community beside it, and a way to look into the trail as anybody."""

    def __init__(self, store: Store, engine: Engine, place: Village, now: datetime) -> None:
        self.store, self.engine, self.place, self.now = store, engine, place, now
        self.units = dict(place.units)

    async def sees(self, soul: Soul, before: int = 0, most: int = 50, **wanted: Any) -> TrailPage:
        query = SearchTrail(TrailFilter(**wanted), before, most)
        found: TrailPage = await self.store.read(query, soul.who, now=self.now)
        return found

    async def events(self, soul: Soul, **wanted: Any) -> list[str]:
        return [row.event for row in (await self.sees(soul, **wanted)).rows]

    async def everything(self, soul: Soul, *, most: int, **wanted: Any) -> list[int]:
        """The numbers of all rows, page by page."""
        found: list[int] = []
        before = 0
        for _ in range(500):
            page = await self.sees(soul, before, most, **wanted)
            assert all(row.id < (before or 10**9) for row in page.rows)
            found += [row.id for row in page.rows]
            before = page.older
            if not before:
                return found
        raise AssertionError("the trail has no end")


@pytest.fixture
async def eyes(store: Store, engine: Engine, now: datetime) -> Eyes:
    place = await village(store, now=now)
    await store.import_units(OTHERS, dry_run=False)
    found = Eyes(store, engine, place, now)
    for row in OTHERS:
        found.units[row.key] = await store.unit_by_code(row.key) or 0
    return found


async def test_staff_heads_see_what_happened_in_their_units_and_nothing_of_others(
    eyes: Eyes, now: datetime
) -> None:
    store, place = eyes.store, eyes.place
    request_id, task_id = await reported(store, place, now=now)
    far = await arrived(store, 51, name="远亲", home=eyes.units["b9"], now=now)
    elsewhere = await asked(store, far, now=now)
    far_head = await appointed(
        store, 52, name="友谊书记", role=Role.SECRETARY, unit_id=eyes.units["c2"], now=now
    )
    here = await eyes.sees(place.secretary)
    assert {"request.raised", "task.claimed", "task.reported", "request.accepted"} <= {
        row.event for row in here.rows
    }
    assert {row.request_id for row in here.rows} == {None, request_id}
    claimed = next(row for row in here.rows if row.event == "task.claimed")
    assert (claimed.actor, claimed.subject_id, claimed.place.zh) == ("党员0", task_id, "1号楼")
    there = await eyes.sees(far_head)
    assert {row.request_id for row in there.rows} == {None, elsewhere}
    assert "党员" not in repr(there)
    assert await eyes.events(far_head, request_id=request_id) == []
    assert await eyes.events(far_head, person_id=place.members[0].id) == []
    assert await eyes.events(place.secretary, request_id=elsewhere) == []
    for soul in (place.leader, place.members[0], place.resident):
        with pytest.raises(Refused, match=NOT_FOUND):
            await eyes.sees(soul)
    with pytest.raises(Refused, match=NOT_FOUND):
        await eyes.sees(place.secretary, unit_id=eyes.units["b9"])
    with pytest.raises(Refused, match=NOT_FOUND):
        await eyes.sees(place.secretary, unit_id=10**9)


async def test_what_belongs_to_no_unit_is_for_who_sets_up_the_whole_tree(eyes: Eyes, now: datetime) -> None:
    store = eyes.store
    top = await appointed(store, 61, name="总管", role=Role.ADMIN, unit_id=eyes.units["street"], now=now)
    lower = await appointed(store, 62, name="分管", role=Role.ADMIN, unit_id=eyes.units["community"], now=now)
    assert "person.consented" in await eyes.events(top)
    assert "person.consented" not in await eyes.events(lower)
    assert "person.consented" not in await eyes.events(eyes.place.secretary)
    about = await eyes.sees(top, person_id=eyes.place.resident.id)
    assert "person.consented" in [row.event for row in about.rows]


async def test_what_is_about_staff_goes_past_them_here_too(eyes: Eyes, now: datetime) -> None:
    store, place = eyes.store, eyes.place
    grid = await appointed(
        store, 71, name="网格书记", role=Role.SECRETARY, unit_id=place.units["grid"], now=now
    )
    admin = await appointed(store, 72, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    raised = RaiseRequest("sensitive", "ordinary", False, False, WORDS, about="secretary")
    about_staff = int((await do(store, raised, place.resident.who, now=now))["request_id"] or 0)
    plain = await asked(store, place.resident, now=now)
    assert await eyes.events(place.secretary, request_id=about_staff) == ["request.raised"]
    assert await eyes.events(grid, request_id=about_staff) == []
    assert await eyes.events(admin, request_id=about_staff) == []
    assert about_staff not in [row.request_id for row in (await eyes.sees(grid)).rows]
    assert await eyes.events(grid, request_id=plain) == ["request.raised"]
    await do(store, AcceptRequest(about_staff), place.secretary.who, now=now)
    assert await eyes.events(grid, person_id=place.resident.id) == ["request.raised", "person.moved"]


async def test_the_questions_go_together(eyes: Eyes, now: datetime) -> None:
    store, place = eyes.store, eyes.place
    member = place.members[0]
    request_id, _ = await reported(store, place, now=now, by=[member])
    eyes.now = now + timedelta(days=1)
    other = await asked(store, place.neighbour, now=eyes.now)
    reader, today = place.secretary, date(2026, 3, 2)
    assert await eyes.events(reader, person_id=member.id, event="task.") == ["task.reported", "task.claimed"]
    assert await eyes.events(reader, person_id=member.id, event="task.claimed") == ["task.claimed"]
    assert await eyes.events(reader, person_id=member.id, request_id=other) == []
    tomorrow = today + timedelta(days=1)
    assert await eyes.events(reader, since=tomorrow) == ["request.raised"]
    assert other not in [row.request_id for row in (await eyes.sees(reader, until=today)).rows]
    assert await eyes.events(reader, since=tomorrow, until=tomorrow, event="request.") == ["request.raised"]
    assert await eyes.events(reader, since=tomorrow + timedelta(days=1)) == []
    assert await eyes.events(reader, until=today - timedelta(days=1)) == []
    assert await eyes.events(reader, until=date.max, since=date.min, request_id=other) == ["request.raised"]
    assert await eyes.events(reader, unit_id=place.units["b2"]) == ["person.moved"]
    assert request_id in [
        row.request_id for row in (await eyes.sees(reader, unit_id=place.units["grid"])).rows
    ]


async def test_who_was_appointed_is_found_by_their_number_too(eyes: Eyes, now: datetime) -> None:
    leader, reader = eyes.place.leader, eyes.place.secretary
    [row] = (await eyes.sees(reader, person_id=leader.id)).rows
    assert (row.event, row.actor_id, row.job) == ("person.appointed", None, "cli")


async def test_page_by_page_every_row_is_met_once(
    eyes: Eyes, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "STRETCH", 7)
    # Each look would be a row of its own.
    monkeypatch.setattr(SearchTrail, "bulk", False)
    store, place = eyes.store, eyes.place
    for _ in range(4):
        await reported(store, place, now=now)
    for wanted in ({}, {"event": "task."}, {"person_id": place.members[0].id}, {"unit_id": place.building}):
        monkeypatch.setattr(trail, "STRETCH", 10_000)
        at_once = [row.id for row in (await eyes.sees(place.secretary, most=1000, **wanted)).rows]
        assert at_once == sorted(at_once, reverse=True)
        monkeypatch.setattr(trail, "STRETCH", 7)
        assert await eyes.everything(place.secretary, most=3, **wanted) == at_once
    last = await eyes.sees(place.secretary, event="no.such")
    assert (last.rows, last.reached is not None) == ((), True)


async def test_rows_of_a_person_and_about_them_are_one_list(
    eyes: Eyes, engine: Engine, now: datetime
) -> None:
    soul, building = eyes.place.resident, eyes.place.building
    usual = {"at": now, "subject_kind": "person", "unit_id": building, "data": {}}
    made: list[dict[str, Any]] = [
        {**usual, "actor_id": actor, "subject_id": subject, "event": f"person.test{number}"}
        for number, (actor, subject) in enumerate(
            [(soul.id, 999), (1, soul.id), (soul.id, soul.id), (None, soul.id), (1, 999)]
        )
    ]

    def unit(connection: Connection) -> None:
        connection.execute(audit.insert(), made)

    await engine.write(unit)
    found = await eyes.events(eyes.place.secretary, person_id=soul.id, event="person.test")
    assert found == []
    events = await eyes.events(eyes.place.secretary, person_id=soul.id)
    assert events[:4] == ["person.test3", "person.test2", "person.test1", "person.test0"]


async def test_the_operator_sees_everything(eyes: Eyes, now: datetime) -> None:
    page = await eyes.store.trail(SearchTrail(TrailFilter(event="person.consented")), now=now)
    assert len(page.rows) == 3


# --- people -------------------------------------------------------------------------------------------------------------


async def test_people_are_found_by_the_beginning_of_their_name_in_ones_own_units(eyes: Eyes) -> None:
    async def found(text: str, soul: Soul) -> list[str]:
        page = await eyes.store.read(FindTrailPeople(text), soul.who, now=eyes.now)
        return [row.name for row in page.rows]

    reader = eyes.place.secretary
    far = await arrived(eyes.store, 51, name="李远亲", home=eyes.units["b9"], now=eyes.now)
    assert await found("李", reader) == ["李桂兰"]
    assert await found("李桂兰", reader) == ["李桂兰"]
    assert await found("桂兰", reader) == []
    for text in ("", "  ", "%", "_", "李_"):
        assert await found(text, reader) == [], text
    with pytest.raises(Refused, match=NOT_FOUND):
        await found("李", far)


def test_a_look_reads_a_stretch_and_no_more() -> None:
    assert replace(SearchTrail(), most=10**9).most > trail.MOST_ROWS
