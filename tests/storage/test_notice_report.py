"""A notice's report as the store gives it: what is counted by building, told by recipient, and left to be called."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from domain.notices.shapes import ReadNotice
from domain.notices.shown import CallList, ExportReadings, Fares, ReadingPage, Report, SeeCalls, SeeReport
from storage.unit import Store
from tests.support.delivery import deliver, fence
from tests.support.notices import Phones, confirmed
from tests.support.village import Village, do, village
from views.notice_shares import whole

HOUSE = 6
"""The leader, three members and two residents of building 1."""


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def sent_off(store: Store, place: Village, *, now: datetime) -> int:
    """A notice to building 1, which the resident's chat does not take and the neighbour reads an hour later."""
    held = await fence(store, now=now)
    await deliver(store, held=held, now=now)
    phones = Phones(store, held=held)
    phones.gone.add(place.resident.chat)
    number = await confirmed(store, place.leader, place.building, now=now)
    await phones.settle(now=now)
    await do(store, ReadNotice(number), place.neighbour.who, now=now + timedelta(hours=1))
    return number


async def test_a_building_and_its_recipients_are_told_alike(
    store: Store, place: Village, now: datetime
) -> None:
    number = await sent_off(store, place, now=now)
    later = now + timedelta(hours=2)
    report: Report = await store.read(SeeReport(number), place.leader.who, now=later)
    by_unit = {one.unit_id: (one.place.en, one.fares) for one in report.by_unit}
    # Who serves there without living anywhere yet comes under no building.
    assert by_unit == {
        place.building: ("Building 1", Fares(total=2, sent=1, read=1, unreachable=1)),
        0: ("", Fares(total=HOUSE - 2, sent=HOUSE - 2)),
    }
    assert whole(report) == report.card.fares
    assert report.reads == ((place.building, now + timedelta(hours=1)),)
    rows = []
    after: int | None = 0
    while after is not None:
        page: ReadingPage = await store.read(
            ExportReadings(number, after, most=4), place.leader.who, now=later
        )
        rows += page.rows
        after = page.next_after
    assert Counter((row.place, row.place_en, row.state) for row in rows) == {
        ("1号楼", "Building 1", "sent"): 1,
        ("1号楼", "Building 1", "unreachable"): 1,
        ("", "", "sent"): HOUSE - 2,
    }
    assert [row.read_at for row in rows if row.read_at] == [now + timedelta(hours=1)]
    assert [(row.sent_at, bool(row.reason)) for row in rows if row.state == "unreachable"] == [(None, True)]


async def test_who_has_read_it_in_their_list_is_not_called(
    store: Store, place: Village, now: datetime
) -> None:
    number = await sent_off(store, place, now=now)

    async def called() -> list[int]:
        found: CallList = await store.read(SeeCalls(number), place.leader.who, now=now)
        return [row.person_id for row in found.rows.rows]

    assert await called() == [place.resident.id]
    await do(store, ReadNotice(number), place.resident.who, now=now)
    assert await called() == []
