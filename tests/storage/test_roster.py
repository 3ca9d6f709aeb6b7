"""Searching, merging and appointing on both databases: what is found, by whom, how, and what two at once come to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from domain import appointments as rules_of_appointments
from domain.appointments import EndAppointment, GrantRole, TurnAppointment
from domain.backup import ReportTrouble, Trouble
from domain.base import NOT_FOUND, Actor, Content, Entity, Refused, Role
from domain.merging import MergePeople, ShareOwnPhone
from domain.pairings import PairUp
from domain.people import Appoint, GiveConsent
from domain.people_seen import Found, LikeThem, ListSkills, SearchPeople, TwinsOf
from domain.queries import SeeCard, SeePoints
from domain.requests import AcceptRequest, ConfirmRequest, RaiseRequest
from domain.roster import CorrectPerson, EnterPerson, SuspendPerson
from domain.rulebook import Rulebook
from domain.tasks import ClaimTask, StartClaim
from storage.appointments import load_for_end
from storage.engine import Engine
from storage.entities import StaleVersionError, save
from storage.facts import roster as searching
from storage.people import load_actors
from storage.unit import Refusal, Store, Who
from tests.storage.test_races import save_blindly, together
from tests.support.databases import on_sqlite
from tests.support.dump import count, rows, say
from tests.support.village import CLI, WORDS, Soul, Village, appointed, arrived, do, reported, village

PHONE = "13800001234"


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now, members=2)


async def refused(store: Store, action: Any, who: Who | Actor, *, now: datetime) -> str:
    outcome = await store.perform(action, who, now=now)
    assert isinstance(outcome, Refusal), outcome
    return outcome.key


async def look(store: Store, soul: Soul, unit_id: int, *, now: datetime, **wanted: Any) -> Found:
    found: Found = await store.read(SearchPeople(unit_id, **wanted), soul.who, now=now)
    return found


def names(found: Found) -> list[str]:
    return [row.name for row in found.rows]


async def entered(
    store: Store, place: Village, name: str, flat: str, *, now: datetime, phone: str = ""
) -> int:
    action = EnterPerson(place.building, name, flat, phone or None)
    return int((await do(store, action, place.leader.who, now=now))["person_id"] or 0)


# --- who is found -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["area", "near", "wide"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether people are searched as a community's, by all homes, or along the order of names as in a big place."""
    if request.param != "area":
        monkeypatch.setattr(searching, "COMMUNITY", "")
    if request.param == "wide":
        monkeypatch.setattr(searching, "NEAR_UNITS", 0)
    return str(request.param)


async def test_a_reader_finds_those_who_live_or_serve_below_and_nobody_else(
    store: Store, place: Village, now: datetime, size: str
) -> None:
    below = await look(store, place.secretary, place.units["community"], now=now)
    assert names(below) == sorted(["党员0", "党员1", "周书记", "李桂兰", "王建国", "赵敏", "陈楼长"])[:6]
    assert (below.goes_on is not None, below.count, below.wide) == (True, 7, size == "wide")
    assert "赵敏" not in names(await look(store, place.leader, place.building, now=now))
    for soul in (place.leader, place.members[0], place.resident):
        with pytest.raises(Refused, match=NOT_FOUND):
            await look(store, soul, place.units["community"], now=now)


async def test_pages_follow_one_another_without_repeating_anybody(
    store: Store, place: Village, now: datetime, size: str
) -> None:
    for number in range(9):
        await entered(store, place, "同名", f"9-{number}", now=now)
    seen: list[int] = []
    after = None
    for _ in range(5):
        found = await look(store, place.leader, place.building, now=now, after=after)
        seen += [row.id for row in found.rows]
        after = found.goes_on
        if after is None:
            break
    assert len(seen) == len(set(seen)) == found.count == 14


async def test_names_are_found_by_any_part_in_a_small_place_and_by_their_beginning_in_a_big_one(
    store: Store, place: Village, now: datetime, size: str
) -> None:
    await entered(store, place, "Emily_100%", "7", now=now)
    leader, home = place.leader, place.building
    assert names(await look(store, leader, home, now=now, words="李桂")) == ["李桂兰"]
    assert names(await look(store, leader, home, now=now, words="桂兰")) == (
        ["李桂兰"] if size != "wide" else []
    )
    assert names(await look(store, leader, home, now=now, words="emily")) == ["Emily_100%"]
    for words in ("%", "_", "李%", "李_兰", "\\"):
        assert names(await look(store, leader, home, now=now, words=words)) == (
            ["Emily_100%"] if words in "%_" and size != "wide" else []
        )


async def test_numbers_and_flats_are_found_by_staff(
    store: Store, place: Village, now: datetime, size: str
) -> None:
    await entered(store, place, "吴秀英", "3-502", now=now, phone=PHONE)
    leader, home = place.leader, place.building
    assert names(await look(store, leader, home, now=now, words=PHONE)) == ["吴秀英"]
    near = ["吴秀英"] if size != "wide" else []
    assert names(await look(store, leader, home, now=now, words="1234")) == near
    assert names(await look(store, leader, home, now=now, words="502")) == near
    assert names(await look(store, leader, home, now=now, words="138")) == []


async def test_an_admin_sees_no_phone_and_learns_none_by_looking_for_it(
    store: Store, place: Village, now: datetime, size: str
) -> None:
    number = await entered(store, place, "吴秀英", "3-502", now=now, phone=PHONE)
    admin = await appointed(store, 50, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    assert names(await look(store, admin, place.units["street"], now=now, words=PHONE)) == []
    card = (await store.read(SeeCard("person.card", number), admin.who, now=now)).facts
    assert (card.name, card.flat, card.phone) == ("吴秀英", "3-502", "")
    card = (await store.read(SeeCard("person.card", number), place.leader.who, now=now)).facts
    assert card.phone == PHONE


async def test_roles_skills_and_residents_narrow_a_search(
    store: Store, engine: Engine, place: Village, now: datetime, size: str
) -> None:
    for soul, skill in ((place.members[0], "电工"), (place.resident, "first-aid")):
        await say(engine, f"INSERT INTO person_skill VALUES ({soul.id}, '{skill}')")  # noqa: S608
    who, home = place.secretary, place.units["community"]
    assert names(await look(store, who, home, now=now, role="leader")) == ["陈楼长"]
    assert names(await look(store, who, home, now=now, role="resident")) == ["李桂兰", "王建国", "赵敏"]
    assert names(await look(store, who, home, now=now, skill="电工")) == ["党员0"]
    assert names(await look(store, who, home, now=now, skill="电工", role="leader")) == []
    await say(engine, f"INSERT INTO person_tag VALUES ({place.members[1].id}, 'volunteer')")  # noqa: S608
    assert names(await look(store, who, home, now=now, tag="volunteer", role="member")) == ["党员1"]
    assert names(await look(store, who, home, now=now, tag="volunteer", role="leader")) == []
    assert await store.read(ListSkills(), who.who, now=now) == ("first-aid", "电工")
    found = await look(store, who, home, now=now, role="member")
    assert [[role.role for role in row.roles] for row in found.rows] == [[Role.MEMBER], [Role.MEMBER]]


@pytest.mark.parametrize("many", [False, True])
async def test_holders_of_a_role_are_listed_by_place_each_once_and_pages_follow_one_another(
    store: Store, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    if many:
        monkeypatch.setattr(searching, "MOST_COUNTED", 1)
    b1, b2 = place.units["b1"], place.units["b2"]
    for number in range(8):
        at = b2 if number % 2 else b1
        await appointed(store, 60 + number, name=f"楼长{9 - number}", role=Role.LEADER, unit_id=at, now=now)
    again = GrantRole(place.leader.id, Role.LEADER, b2)
    await do(store, again, place.secretary.who, now=now)
    seen: list[str] = []
    after = None
    for _ in range(3):
        found = await look(
            store, place.secretary, place.units["community"], now=now, role="leader", after=after
        )
        seen += names(found)
        after = found.goes_on
        if after is None:
            break
    assert seen == [
        "陈楼长", "楼长9", "楼长7", "楼长5", "楼长3", "楼长8", "楼长6", "楼长4", "楼长2",
    ]  # fmt: skip
    assert found.count == (10 if many else 9)


async def test_tombstones_and_rows_of_an_import_under_way_are_nobody(
    store: Store, engine: Engine, place: Village, now: datetime, size: str
) -> None:
    number = await entered(store, place, "吴秀英", "3-502", now=now)
    await say(
        engine,
        "INSERT INTO import_batch (id, version, file, kind, state, created_at) VALUES (1, 1, '{}', 'people', 'applying', 0)",
    )
    await say(engine, f"UPDATE person SET batch_id = 1 WHERE id = {number}")  # noqa: S608
    await say(engine, f"UPDATE person SET erased_at = 1 WHERE id = {place.neighbour.id}")  # noqa: S608
    found = names(await look(store, place.leader, place.building, now=now))
    assert "吴秀英" not in found
    assert "王建国" not in found
    for gone in (number, place.neighbour.id):
        with pytest.raises(Refused, match=NOT_FOUND):
            await store.read(SeeCard("person.card", gone), place.leader.who, now=now)
    assert (
        await refused(store, SuspendPerson(place.neighbour.id, "x"), place.secretary.who, now=now)
        == NOT_FOUND
    )
    grant = GrantRole(place.neighbour.id, Role.LEADER, place.building)
    assert await refused(store, grant, place.secretary.who, now=now) == NOT_FOUND


@on_sqlite
async def test_a_name_in_a_big_place_is_looked_up_in_the_index_of_names(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "COMMUNITY", "")
    monkeypatch.setattr(searching, "NEAR_UNITS", 0)

    def plan(connection: Connection) -> str:
        scope = searching.Scope(
            "1.", "1/", near=False, area=False, alone=False, staff=True, place=found.place
        )
        statement = searching._page(searching.Shape.of(SearchPeople(1, words="王"), "王", scope)).statement
        values = {"low": "1.", "high": "1/", "now": now, "begins": "王", "before": "玌"}
        return "\n".join(
            str(row)
            for row in connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement.params(values).compile(connection, compile_kwargs={'literal_binds': True})}"
            )
        )

    found = await look(store, place.secretary, place.units["community"], now=now)
    told = await engine.read(plan)
    assert "person USING INDEX ix_person_name (name>? AND name<?)" in told
    assert "USE TEMP B-TREE FOR ORDER BY" not in told


# --- two records of one human ---------------------------------------------------------------------------------------------


async def two_records(store: Store, place: Village, now: datetime) -> tuple[Soul, int]:
    """A resident who has asked for something, and the record that the leader entered before."""
    await do(
        store, RaiseRequest("lift", "timely", False, False, WORDS, flat="3-201"), place.resident.who, now=now
    )
    return place.resident, await entered(store, place, "李大娘", "3-201", now=now, phone=PHONE)


async def test_everything_goes_to_the_record_that_stays_and_the_ledger_adds_up(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first, second = place.members
    for soul in (first, second):
        await do(store, GiveConsent(soul.chat, soul.who.name, "zh"), soul.who, now=now)
        now += timedelta(minutes=1)
    request_id, _ = await reported(store, place, now=now, by=[first])
    await do(store, ConfirmRequest(request_id, 5), place.resident.who, now=now)
    merge = MergePeople(first.id, second.id)
    assert await refused(store, merge, place.secretary.who, now=now) == "merge.points_waiting"
    while await store.settle_points(now=now):
        pass
    proof = Actor.system("ledger_proof")
    await do(store, ReportTrouble(Trouble.LEDGER, True, 1), proof, now=now)
    assert await refused(store, merge, place.secretary.who, now=now) == "points.not_now"
    await do(store, ReportTrouble(Trouble.LEDGER, False), proof, now=now)
    pair = PairUp(first.id, "other", 7, now.date(), resident_id=place.stranger.id)
    await do(store, pair, place.secretary.who, now=now)
    assert (await do(store, merge, place.secretary.who, now=now)) == {"person_id": second.id}
    assert await rows(engine, "claim", "member_id") == [(second.id,)]
    assert await rows(engine, "pairing", "member_id") == [(second.id,)]
    assert await rows(engine, "person", "telegram_id", "merged_into_id", where=f"id = {first.id}") == [
        (None, second.id)
    ]
    points = await store.read(SeePoints(), second.who, now=now)
    assert points.honour == points.spendable == 1440
    assert await store.ledger_differences() == []
    assert {row[0] for row in await rows(engine, "outbox", "kind")} >= {"person.merged", "person.merged_away"}
    found = names(await look(store, place.leader, place.building, now=now))
    assert ("党员0" in found, "党员1" in found) == (False, True)
    held = await rows(engine, "appointment", "count(*)", where=f"person_id = {second.id} AND ends_at IS NULL")
    assert held == [(1,)], "the same role at the same unit is held once"


async def test_requests_and_numbers_move_to_the_record_with_the_account(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    resident, offline = await two_records(store, place, now)
    assert [row.id for row in await store.read(TwinsOf(resident.id, "李"), place.secretary.who, now=now)] == [
        offline
    ]
    await do(store, MergePeople(offline, resident.id), place.secretary.who, now=now)
    assert await rows(engine, "person", "phone", where=f"id = {resident.id}") == [(PHONE,)]
    assert await rows(engine, "request", "requester_id") == [(resident.id,)]
    again = MergePeople(offline, resident.id)
    assert await refused(store, again, place.secretary.who, now=now) == NOT_FOUND


async def test_nobody_merges_themselves_nor_those_above_them_nor_people_elsewhere(
    store: Store, place: Village, now: datetime
) -> None:
    resident, offline = await two_records(store, place, now)
    other = await appointed(
        store, 60, name="别处书记", role=Role.SECRETARY, unit_id=place.units["b2"], now=now
    )
    for who in (other, place.leader, place.resident, place.members[0]):
        assert await refused(store, MergePeople(resident.id, offline), who.who, now=now) == NOT_FOUND
    grid = await appointed(
        store, 61, name="网格书记", role=Role.SECRETARY, unit_id=place.units["grid"], now=now
    )
    await do(store, Appoint(resident.chat, Role.SECRETARY, place.units["grid"]), CLI, now=now)
    assert await refused(store, MergePeople(resident.id, offline), grid.who, now=now) == "roster.above_you"
    assert await refused(store, MergePeople(grid.id, offline), grid.who, now=now) in (
        NOT_FOUND,
        "merge.not_oneself",
    )
    assert (
        await refused(store, MergePeople(offline, offline), place.secretary.who, now=now)
        == "merge.not_oneself"
    )


async def test_who_is_at_work_on_the_same_thing_is_not_merged(
    store: Store, place: Village, now: datetime
) -> None:
    request = await do(
        store, RaiseRequest("lift", "timely", False, False, WORDS), place.resident.who, now=now
    )
    accepted = AcceptRequest(int(request["request_id"] or 0), places=2)
    task = await do(store, accepted, place.leader.who, now=now)
    for member in place.members:
        await do(store, ClaimTask(int(task["task_id"] or 0)), member.who, now=now)
    merge = MergePeople(place.members[0].id, place.members[1].id)
    assert await refused(store, merge, place.secretary.who, now=now) == "merge.clash"


async def test_a_shared_number_joins_one_record_and_never_one_of_several(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    first = await entered(store, place, "吴秀英", "5-101", now=now, phone=PHONE)
    sure = EnterPerson(place.building, "吴老伴", "5-101", PHONE, sure=True)
    assert (
        await refused(store, replace(sure, sure=False), place.leader.who, now=now) == "roster.known_already"
    )
    like = LikeThem(place.building, "吴老伴", "5-101", PHONE)
    assert [row.id for row in await store.read(like, place.leader.who, now=now)] == [first]
    await do(store, sure, place.leader.who, now=now)
    new = await arrived(store, 70, name="小吴", home=place.building, now=now)
    assert (await do(store, ShareOwnPhone(PHONE), new.who, now=now))["person_id"] == new.id
    assert await count(engine, "outbox", "kind = 'person.maybe_same'") == 1
    await do(store, CorrectPerson(first, phone="13900000000"), place.leader.who, now=now)
    newer = await arrived(store, 71, name="吴", home=place.building, now=now)
    assert (await do(store, ShareOwnPhone("13900000000"), newer.who, now=now))["person_id"] == first
    member = place.members[0]
    await entered(store, place, "党员他妈", "9", now=now, phone="13900000001")
    shared = await do(store, ShareOwnPhone("13900000001"), member.who, now=now)
    assert shared["person_id"] == member.id, "somebody who serves here already is not new"


async def test_a_leader_changes_no_number_that_opens_an_office(
    store: Store, place: Village, now: datetime
) -> None:
    number = await entered(store, place, "未上线书记", "9-1", now=now)
    admin = await appointed(store, 50, name="管理员", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    await do(store, GrantRole(number, Role.SECRETARY, place.units["grid"]), admin.who, now=now)
    change = CorrectPerson(number, phone=PHONE)
    assert await refused(store, change, place.leader.who, now=now) == "roster.above_you"
    await do(store, change, place.secretary.who, now=now)


# --- appointments ---------------------------------------------------------------------------------------------------------


async def standing(engine: Engine, soul: Soul) -> int:
    found = await rows(engine, "appointment", "id", where=f"person_id = {soul.id} AND phase <> 'ended'")
    return int(found[0][0])


async def test_two_secretaries_who_end_the_same_appointment_at_once_end_it_once(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    second = await appointed(
        store, 80, name="副书记", role=Role.SECRETARY, unit_id=place.units["grid"], now=now
    )
    end = EndAppointment(await standing(engine, place.leader))
    heard = await together(*(store.perform(end, who.who, now=now) for who in (place.secretary, second) * 3))
    assert heard == ["Done"] + ["appoint.over"] * 5
    assert await count(engine, "audit", "event = 'appointment.ended'") == 1


@pytest.mark.parametrize("saving", [save, save_blindly], ids=["by version", "blindly"])
async def test_the_control_without_versions_ends_it_twice(
    store: Store,
    engine: Engine,
    place: Village,
    rules: Rulebook,
    now: datetime,
    saving: Callable[[Connection, tuple[Entity, ...]], None],
) -> None:
    appointment_id = await standing(engine, place.leader)
    action, barrier = EndAppointment(appointment_id), asyncio.Barrier(2)

    async def in_two_steps() -> bool:
        def read(connection: Connection) -> tuple[Any, Actor]:
            actor = load_actors(connection, now, [place.secretary.id])[place.secretary.id]
            return load_for_end(connection, action, actor, rules), actor

        case, actor = await engine.write(read)
        decision = rules_of_appointments.end(case, action, actor=actor, now=now, rules=rules)
        await barrier.wait()
        try:
            await engine.write(lambda connection: saving(connection, decision.saves))
        except StaleVersionError:
            return False
        return True

    won = await asyncio.gather(in_two_steps(), in_two_steps())
    assert sum(won) == (1 if saving is save else 2)


async def test_somebody_appointed_twice_at_once_holds_the_role_once(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    grant = GrantRole(place.neighbour.id, Role.LEADER, place.building)
    heard = await together(*(store.perform(grant, place.secretary.who, now=now) for _ in range(4)))
    assert heard == ["Done"] + ["appoint.already"] * 3
    assert await count(engine, "appointment", f"person_id = {place.neighbour.id}") == 1


async def test_a_handler_who_also_works_on_it_leaves_it_whole(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    request = await do(
        store, RaiseRequest("lift", "timely", False, False, WORDS), place.resident.who, now=now
    )
    task = await do(store, AcceptRequest(int(request["request_id"] or 0)), place.leader.who, now=now)
    await do(store, ClaimTask(int(task["task_id"] or 0)), place.leader.who, now=now)
    await do(store, EndAppointment(await standing(engine, place.leader)), place.secretary.who, now=now)
    assert await rows(engine, "request", "state", "handler_id") == [("open", None)]
    assert await rows(engine, "task", "taken", "state") == [(0, "offered")]


async def test_what_is_begun_stays_and_another_role_that_carries_it_keeps_it_all(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    member = place.members[0]
    request = await do(
        store, RaiseRequest("lift", "timely", False, False, WORDS), place.resident.who, now=now
    )
    task = int(
        (await do(store, AcceptRequest(int(request["request_id"] or 0)), place.leader.who, now=now))[
            "task_id"
        ]
        or 0
    )
    await do(store, ClaimTask(task), member.who, now=now)
    await do(store, Appoint(member.chat, Role.LEADER, place.building), CLI, now=now)
    await do(store, EndAppointment(await standing(engine, member)), place.secretary.who, now=now)
    assert await rows(engine, "claim", "state") == [("claimed",)], "a leader may do what a member may"
    await do(store, StartClaim(task), member.who, now=now)
    await do(store, EndAppointment(await standing(engine, member)), place.secretary.who, now=now)
    assert await rows(engine, "claim", "state") == [("started",)]
    assert await count(engine, "outbox", "kind = 'person.work'") == 1


async def test_the_clock_turns_each_appointment_once_and_none_too_early(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    grant = GrantRole(
        place.neighbour.id,
        Role.LEADER,
        place.building,
        starts_at=now + timedelta(hours=1),
        ends_at=now + timedelta(hours=2),
    )
    number = int((await do(store, grant, place.secretary.who, now=now))["appointment_id"] or 0)
    clock = Actor.system("appointments")
    await do(store, TurnAppointment(number), clock, now=now)
    assert await rows(engine, "appointment", "phase", where=f"id = {number}") == [("coming",)]
    assert await store.due_appointments(now=now) == ()
    for hours, phase in ((1, "running"), (1.5, "running"), (2, "ended"), (3, "ended")):
        at = now + timedelta(hours=hours)
        await together(*(store.perform(TurnAppointment(number), clock, now=at) for _ in range(3)))
        assert await rows(engine, "appointment", "phase", where=f"id = {number}") == [(phase,)]
    for event in ("begun", "ended"):
        assert await count(engine, "audit", f"event = 'appointment.{event}'") == 1


async def test_the_reason_of_a_suspension_is_kept_beside_the_audit_trail_and_not_in_it(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    await do(store, SuspendPerson(place.neighbour.id, "多次辱骂他人"), place.secretary.who, now=now)
    assert await rows(engine, "remark", "text", where="purpose = 'suspend_reason'") == [("多次辱骂他人",)]
    said = await engine.read(lambda c: str(c.execute(text("SELECT data FROM audit")).all()))
    assert "辱骂" not in said
    lift = RaiseRequest("lift", "timely", False, False, (Content("text", "x"),))
    assert await refused(store, lift, place.neighbour.who, now=now) == "refused.suspended"
