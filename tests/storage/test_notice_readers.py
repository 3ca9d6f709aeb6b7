"""Notices over a real store, as those find them whom they concern: muted kinds, late finders, and tags with their people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.addressees import Addressees
from domain.base import Refused, Role
from domain.merging import MergePeople
from domain.notices.shapes import (
    COPY,
    Address,
    Switch,
    WithdrawNotice,
)
from domain.notices.shown import Fares, ListReceived, SeeCalls
from domain.notices.terms import MuteKind, SetKind, SetValid
from domain.people_seen import SearchPeople
from domain.privacy import ForgetMe, SeeOwnData
from domain.queries import SeeCard
from domain.tags import TagPerson
from storage.engine import Engine
from storage.schema import person_tag
from storage.schema_notices import notice_mute
from storage.unit import Refusal, Store
from tests.support.delivery import deliver, fence
from tests.support.notices import carried_out, composed, say_yes, states, sums
from tests.support.village import Soul, Village, appointed, arrived, do, village


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


@pytest.fixture
async def held(store: Store, place: Village, now: datetime) -> int:
    number = await fence(store, now=now)
    await deliver(store, held=number, now=now)
    return number


async def listed(store: Store, soul: Soul, *, now: datetime, old: bool = False) -> list[int]:
    """Which notices somebody finds in their list; each of them opens, and no other."""
    found = await store.read(ListReceived(old=old), soul.who, now=now)
    numbers = [row.id for row in found.rows.rows]
    for number in numbers:
        assert (await store.read(SeeCard(COPY, number), soul.who, now=now)).facts.notice.id == number
    return numbers


async def opens(store: Store, soul: Soul, number: int, *, now: datetime) -> bool:
    """Whether the link to a notice leads anywhere for somebody."""
    try:
        await store.read(SeeCard(COPY, number), soul.who, now=now)
    except Refused:
        return False
    return True


async def codes(engine: Engine, table: Any, person_id: int) -> set[str]:
    """What is kept of somebody in a table of codes."""
    return set(
        await engine.read(
            lambda c: (
                c.execute(
                    select(table.c["tag" if table is person_tag else "kind"]).where(
                        table.c.person_id == person_id
                    )
                )
                .scalars()
                .all()
            )
        )
    )


async def test_who_muted_a_kind_is_a_recipient_without_a_message_and_is_not_called(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    leader, quiet, other = place.leader, place.resident, place.neighbour
    await do(store, MuteKind("party", muted=True), quiet.who, now=now)
    number = await composed(store, leader, place.building, now=now)
    await do(store, SetKind(number, "party"), leader.who, now=now)
    await say_yes(store, leader, number, now=now)
    await carried_out(store, held=held, now=now)
    found = await states(engine, number)
    assert (found[quiet.id], found[other.id]) == ("muted", "sent")
    assert await sums(engine, number) == Fares(total=6, sent=5, muted=1)
    assert (await store.read(SeeCalls(number), leader.who, now=now)).rows.total == 0
    assert await listed(store, quiet, now=now) == [number]

    # Another kind, and this kind in an emergency, arrive.
    for urgent in (False, True):
        number = await composed(store, leader, place.building, now=now)
        if urgent:
            await do(store, SetKind(number, "party"), leader.who, now=now)
            await do(store, Switch(number, "urgent"), leader.who, now=now)
        await say_yes(store, leader, number, now=now)
        await carried_out(store, held=held, now=now)
        assert (await states(engine, number))[quiet.id] == "sent"


async def test_who_arrives_finds_what_stands_and_would_be_for_them_today(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    leader, secretary, units = place.leader, place.secretary, place.units

    async def sent(soul: Soul, wanted: Addressees, *, days: int = 30) -> int:
        number = await composed(store, soul, wanted.units[0], now=now)
        await do(store, Address(number, wanted), soul.who, now=now)
        await do(store, SetValid(number, days=days), soul.who, now=now)
        await say_yes(store, soul, number, now=now)
        await carried_out(store, held=held, now=now)
        return number

    here = await sent(leader, Addressees((units["b1"],)), days=2)
    for_ever = await sent(secretary, Addressees((units["grid"], units["b1"])), days=0)
    not_here = await sent(secretary, Addressees((units["grid"],), without_units=(units["b1"],)))
    of_members = await sent(secretary, Addressees((units["grid"],), roles=("member",)))
    for_quiet = await composed(store, leader, units["b1"], now=now)
    before = await sums(engine, here)

    late = await arrived(store, 301, name="新邻居", home=units["b1"], now=now)
    assert await listed(store, late, now=now) == [for_ever, here]
    assert not await opens(store, late, not_here, now=now)
    assert not await opens(store, late, for_quiet, now=now)
    member = await appointed(store, 302, name="新党员", role=Role.MEMBER, unit_id=units["b1"], now=now)
    assert set(await listed(store, member, now=now)) == {here, for_ever, not_here, of_members}
    assert await listed(store, place.stranger, now=now) == [not_here, for_ever]
    assert await sums(engine, here) == before

    # What is taken back or over is found by nobody who came later.
    later = now + timedelta(days=3)
    assert await listed(store, late, now=later) == [for_ever]
    assert await listed(store, late, now=later, old=True) == []
    assert await listed(store, place.resident, now=later, old=True) == [here]
    await do(store, WithdrawNotice(for_ever), secretary.who, now=later)
    assert await listed(store, late, now=later) == []
    assert not await opens(store, late, for_ever, now=later)


async def test_tags_decide_who_finds_a_notice_and_only_staff_find_people_by_them(
    store: Store, engine: Engine, place: Village, held: int, now: datetime
) -> None:
    leader, grid = place.leader, place.units["grid"]
    await do(store, TagPerson(place.resident.id, "tenant", on=True), leader.who, now=now)
    number = await composed(store, place.secretary, grid, now=now)
    await do(store, Address(number, Addressees((grid,), tags=("tenant",))), place.secretary.who, now=now)
    await say_yes(store, place.secretary, number, now=now)
    await carried_out(store, held=held, now=now)
    assert set(await states(engine, number)) == {place.resident.id}
    assert not await opens(store, place.neighbour, number, now=now)
    await do(store, TagPerson(place.neighbour.id, "tenant", on=True), leader.who, now=now)
    assert await listed(store, place.neighbour, now=now) == [number]

    async def tenants(soul: Soul, unit_id: int) -> list[str]:
        found = await store.read(SearchPeople(unit_id, tag="tenant"), soul.who, now=now)
        assert found.count == len(found.rows)
        return [row.name for row in found.rows]

    admin = await appointed(store, 90, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    assert await tenants(leader, place.building) == ["李桂兰", "王建国"]
    assert await tenants(place.secretary, place.units["community"]) == ["李桂兰", "王建国"]
    assert await tenants(admin, place.units["street"]) == []
    card = (await store.read(SeeCard("person.card", place.resident.id), admin.who, now=now)).facts
    assert (card.tags, "tag" in card.may) == ((), False)
    for soul, whom in ((place.members[0], place.resident), (leader, place.stranger), (leader, leader)):
        refused = await store.perform(TagPerson(whom.id, "tenant", on=True), soul.who, now=now)
        assert isinstance(refused, Refusal), soul
    assert (await store.read(SeeOwnData(), place.resident.who, now=now)).tags == ("tenant",)


async def test_tags_and_muted_kinds_follow_a_merge_and_go_with_who_is_forgotten(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    kept, gone = place.resident, place.neighbour
    for soul, tag, kind in (
        (kept, "tenant", "party"),
        (gone, "mobility", "culture"),
        (gone, "tenant", "party"),
    ):
        await do(store, TagPerson(soul.id, tag, on=True), place.leader.who, now=now)
        await do(store, MuteKind(kind, muted=True), soul.who, now=now)
    outcome = await do(store, MergePeople(kept.id, gone.id), place.secretary.who, now=now)
    stays = int(outcome["person_id"] or 0)
    left = {kept.id, gone.id} - {stays}
    assert await codes(engine, person_tag, stays) == {"tenant", "mobility"}
    assert await codes(engine, notice_mute, stays) == {"party", "culture"}
    assert not await codes(engine, person_tag, *left)
    assert not await codes(engine, notice_mute, *left)
    who = kept if stays == kept.id else gone
    await do(store, ForgetMe(), who.who, now=now)
    assert not await codes(engine, person_tag, stays)
    assert not await codes(engine, notice_mute, stays)
