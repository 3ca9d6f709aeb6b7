"""What people are shown: each reader what is theirs to see now, and nothing more, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from domain.alarms import AcknowledgeAlarm, RaiseAlarm
from domain.base import NOT_FOUND, Actor, Content, Query, Refused, Role
from domain.pairings import ConfirmVisit
from domain.people import Appoint
from domain.permissions import Permission
from domain.queries import (
    Contact,
    ListDesk,
    ListMembers,
    ListMine,
    ListMyTasks,
    ListPairs,
    ListResidents,
    ListTasks,
    RequestContents,
    RightsFacts,
    SeeCard,
    SeePoints,
    SeeRequest,
    SeeRights,
    UnitByCode,
    UnitChildren,
    UnitsInCharge,
)
from domain.requests import (
    AcceptRequest,
    AddToRequest,
    ConfirmRequest,
    DeclineRequest,
    RaiseForOther,
    RaiseRequest,
    ReturnRequest,
    WithdrawRequest,
    WriteLetter,
)
from domain.rulebook import Rulebook
from domain.tasks import ClaimState, ClaimTask, ReleaseClaim, ReportClaim, StartClaim
from storage import facts
from storage.engine import Engine
from storage.people import load_actors
from storage.prepared import RAW
from storage.unit import Store, Who
from tests.support.dump import rows
from tests.support.faults import Waylaid
from tests.support.village import (
    CLI,
    Soul,
    Village,
    appointed,
    asked,
    do,
    offered,
    reported,
    village,
    visit_due,
)

NAME, FLAT, PHONE, SECRET = "李桂兰", "3-201", "13800001234", "药在床头"
WORDS = (Content("text", SECRET), Content("photo", file_id="photo-1"))


class Eyes:
    """A village, and a way to look at it as anybody."""

    def __init__(self, store: Store, engine: Engine, place: Village, now: datetime) -> None:
        self.store, self.engine, self.place, self.now = store, engine, place, now

    async def load(self, kind: str, subject_id: int, soul: Soul | None) -> Any:
        def unit(connection: Connection) -> Any:
            reader = load_actors(connection, self.now, [soul.id]).get(soul.id) if soul else None
            return facts.load(
                connection, kind, subject_id, reader or Actor(), now=self.now, rules=self.store.rules
            )

        return await self.engine.read(unit)

    async def read(self, query: Query, soul: Soul) -> Any:
        return await self.store.read(query, soul.who, now=self.now)

    async def refuses(self, query: Query, soul: Soul) -> bool:
        with pytest.raises(Refused) as refused:
            await self.read(query, soul)
        return refused.value.key == NOT_FOUND

    async def asks(self, *, category: str = "lift", private: bool = False, name_hidden: bool = False) -> int:
        urgency = "ordinary" if category == "sensitive" else "timely"
        action = RaiseRequest(
            category, urgency, private, name_hidden, WORDS, name=NAME, flat=FLAT, phone=PHONE
        )
        return int((await do(self.store, action, self.place.resident.who, now=self.now))["request_id"] or 0)

    async def accepts(self, request_id: int, *, places: int = 1, by: Soul | None = None) -> int:
        who = (by or self.place.leader).who
        result = await do(self.store, AcceptRequest(request_id, places=places), who, now=self.now)
        return int(result["task_id"] or 0)

    async def does(self, action: Any, soul: Soul) -> Mapping[str, Any]:
        return await do(self.store, action, soul.who, now=self.now)


@pytest.fixture
async def eyes(store: Store, engine: Engine, now: datetime) -> Eyes:
    return Eyes(store, engine, await village(store, now=now), now)


def tells(shown: object) -> set[str]:
    """Which personal things appear anywhere in what is shown."""
    return {secret for secret in (NAME, FLAT, PHONE, SECRET) if secret in repr(shown)}


# --- the helper's card ------------------------------------------------------------------------------------------------


async def test_name_and_phone_are_shown_only_while_the_claim_is_at_work(eyes: Eyes) -> None:
    task_id = await eyes.accepts(await eyes.asks())
    helper, other = eyes.place.members[:2]
    assert tells(await eyes.load("task.card", task_id, helper)) == {SECRET}
    await eyes.does(ClaimTask(task_id), helper)
    assert tells(await eyes.load("task.card", task_id, helper)) == {NAME, FLAT, PHONE, SECRET}
    assert tells(await eyes.load("task.card", task_id, other)) == {SECRET}
    await eyes.does(StartClaim(task_id), helper)
    assert (await eyes.load("task.card", task_id, helper)).contact == Contact(NAME, FLAT, PHONE)
    await eyes.does(ReportClaim(task_id, 30), helper)
    after = await eyes.load("task.card", task_id, helper)
    assert after.mine is ClaimState.REPORTED
    assert tells(after) == set()


async def test_a_released_claim_takes_name_and_phone_away(eyes: Eyes) -> None:
    task_id = await eyes.accepts(await eyes.asks(private=True))
    helper = eyes.place.members[0]
    await eyes.does(ClaimTask(task_id), helper)
    await eyes.does(ReleaseClaim(task_id, "临时有事"), helper)
    after = await eyes.load("task.card", task_id, helper)
    assert tells(after) == set()
    assert after.may_claim


async def test_work_sent_back_shows_the_contact_and_the_reason_again(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    task_id = await eyes.accepts(request_id)
    helper = eyes.place.members[0]
    await eyes.does(ClaimTask(task_id), helper)
    await eyes.does(ReportClaim(task_id, 30), helper)
    await eyes.does(ReturnRequest(request_id, "灯还是不亮"), eyes.place.resident)
    again = await eyes.load("task.card", task_id, helper)
    assert again.reason == "灯还是不亮"
    assert PHONE in tells(again)
    assert (await eyes.load("desk.returned", request_id, eyes.place.leader)).reason == "灯还是不亮"


async def test_a_hidden_name_is_hidden_from_the_helper_and_not_from_staff(eyes: Eyes) -> None:
    request_id = await eyes.asks(name_hidden=True)
    task_id = await eyes.accepts(request_id)
    await eyes.does(ClaimTask(task_id), eyes.place.members[0])
    assert tells(await eyes.load("task.card", task_id, eyes.place.members[0])) == {FLAT, PHONE, SECRET}
    assert NAME in tells(await eyes.load("desk.card", request_id, eyes.place.leader))


async def test_a_private_request_shows_the_pool_kind_and_place_only(eyes: Eyes) -> None:
    request_id = await eyes.asks(private=True)
    task_id = await eyes.accepts(request_id)
    pool = await eyes.load("task.card", task_id, eyes.place.members[0])
    assert (pool.category, pool.place.zh, pool.private) == ("lift", "1号楼", True)
    assert tells(pool) == set()
    assert tells(await eyes.read(ListTasks(), eyes.place.members[0])) == set()
    assert await eyes.refuses(RequestContents(request_id), eyes.place.members[0])


async def test_a_group_sees_nothing_of_any_person(eyes: Eyes) -> None:
    task_id = await eyes.accepts(await eyes.asks())
    shown = await eyes.load("task.group", task_id, None)
    assert (shown.category, shown.place.zh) == ("lift", "1号楼")
    assert tells(shown) == set()


async def test_a_group_never_sees_what_is_private_or_a_visit(eyes: Eyes) -> None:
    private = await eyes.accepts(await eyes.asks(private=True))
    _, _, visit_task = await visit_due(eyes.store, eyes.place, now=eyes.now)
    assert await eyes.load("task.group", private, None) is None
    assert await eyes.load("task.group", visit_task, None) is None


async def test_members_of_another_building_see_no_task(eyes: Eyes) -> None:
    task_id = await eyes.accepts(await eyes.asks())
    far = await appointed(
        eyes.store, 300, name="外楼党员", role=Role.MEMBER, unit_id=eyes.place.units["b2"], now=eyes.now
    )
    assert await eyes.load("task.card", task_id, far) is None
    assert (await eyes.read(ListTasks(), far)).rows == ()
    assert await eyes.load("task.card", task_id, eyes.place.neighbour) is None


# --- staff ------------------------------------------------------------------------------------------------------------


async def test_staff_of_another_unit_are_told_that_there_is_nothing(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    far = await appointed(
        eyes.store, 301, name="外楼楼长", role=Role.LEADER, unit_id=eyes.place.units["b2"], now=eyes.now
    )
    assert await eyes.load("desk.card", request_id, far) is None
    for number in (request_id, 999):
        assert await eyes.refuses(SeeRequest(number), far)
        assert await eyes.refuses(SeeCard("desk.card", number), far)
        assert await eyes.refuses(RequestContents(number), far)
    assert (await eyes.read(ListDesk(), far)).rows == ()


async def test_what_is_about_staff_is_for_secretaries_alone(eyes: Eyes) -> None:
    request_id = await eyes.asks(category="sensitive")
    secretary = eyes.place.secretary
    higher = await appointed(
        eyes.store, 302, name="片长", role=Role.LEADER, unit_id=eyes.place.units["community"], now=eyes.now
    )
    for leader in (eyes.place.leader, higher):
        assert await eyes.load("desk.card", request_id, leader) is None
        assert (await eyes.read(ListDesk(), leader)).rows == ()
    assert (await eyes.load("desk.card", request_id, secretary)).sensitive
    assert [row.subject_id for row in (await eyes.read(ListDesk(), secretary)).rows] == [request_id]
    task_id = await eyes.accepts(request_id, by=secretary)
    assert await eyes.load("task.card", task_id, eyes.place.members[0]) is None
    assert await eyes.load("task.group", task_id, None) is None
    assert (await eyes.load("request.accepted", request_id, eyes.place.resident)).sensitive


async def test_the_phone_leaves_the_desk_when_the_request_is_over(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    assert PHONE in tells(await eyes.load("desk.card", request_id, eyes.place.leader))
    await eyes.does(DeclineRequest(request_id, "请找物业"), eyes.place.secretary)
    over = await eyes.load("desk.card", request_id, eyes.place.leader)
    assert PHONE not in tells(over)
    assert (over.reason, over.handler) == ("请找物业", "周书记")


async def test_only_a_secretary_is_offered_to_decline(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    assert not (await eyes.load("desk.card", request_id, eyes.place.leader)).may_decline
    assert (await eyes.load("desk.card", request_id, eyes.place.secretary)).may_decline


async def test_the_desk_lists_alarms_first_then_the_oldest(eyes: Eyes) -> None:
    requests = [await asked(eyes.store, eyes.place.neighbour, now=eyes.now) for _ in range(7)]
    alarm = await eyes.does(RaiseAlarm("着火了"), eyes.place.neighbour)
    _, visit_id, visit_task = await visit_due(eyes.store, eyes.place, now=eyes.now)
    await eyes.does(ReportClaim(visit_task, 30, wellbeing=3), eyes.place.members[0])
    first = await eyes.read(ListDesk(), eyes.place.leader)
    last = await eyes.read(ListDesk(page=99), eyes.place.leader)
    assert (first.total, first.pages, last.page) == (9, 2, 2)
    listed = [(row.kind, row.subject_id) for row in (*first.rows, *last.rows)]
    assert listed == [
        ("alarm", alarm["alarm_id"]),
        *(("request", number) for number in requests),
        ("visit", visit_id),
    ]


async def test_nobody_is_asked_to_confirm_their_own_visit(eyes: Eyes) -> None:
    helper = eyes.place.members[0]
    await appointed(
        eyes.store, helper.chat, name="党员0", role=Role.LEADER, unit_id=eyes.place.building, now=eyes.now
    )
    _, visit_id, visit_task = await visit_due(eyes.store, eyes.place, now=eyes.now)
    assert await eyes.load("visit.confirm", visit_id, eyes.place.leader) is None
    await eyes.does(ReportClaim(visit_task, 30, wellbeing=3), helper)
    assert await eyes.load("visit.confirm", visit_id, helper) is None
    assert (await eyes.read(ListDesk(), helper)).rows == ()
    asked_leader = await eyes.load("visit.confirm", visit_id, eyes.place.leader)
    assert (asked_leader.helper, asked_leader.resident, asked_leader.wellbeing) == ("党员0", "王奶奶", 3)
    assert asked_leader.may_rate


async def test_an_alarm_is_seen_by_staff_of_the_place(eyes: Eyes) -> None:
    await eyes.asks()
    raised = await eyes.does(RaiseAlarm("着火了"), eyes.place.resident)
    number = raised["alarm_id"]
    card = await eyes.load("alarm.card", number, eyes.place.leader)
    assert (card.words, card.contact) == ("着火了", Contact(NAME, FLAT, PHONE))
    assert await eyes.load("alarm.card", number, eyes.place.members[0]) is None
    await eyes.does(AcknowledgeAlarm(number), eyes.place.secretary)
    assert (await eyes.load("alarm.card", number, eyes.place.leader)).acknowledged_by == "周书记"


# --- who asked ----------------------------------------------------------------------------------------------------------


async def test_the_requester_reads_every_step_and_who_is_on_it(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    task_id = await eyes.accepts(request_id)
    await eyes.does(ClaimTask(task_id), eyes.place.members[0])
    await eyes.does(AddToRequest(request_id, (Content("text", "在三楼"),)), eyes.place.resident)
    card = await eyes.load("request.card", request_id, eyes.place.resident)
    assert [(step.event, step.who) for step in card.steps[1:]] == [
        ("request.accepted", "陈楼长"),
        ("task.claimed", "党员0"),
        ("request.added", NAME),
    ]
    assert [(helper.name, helper.neighbour) for helper in card.helpers] == [("党员0", True)]
    assert (card.words.text, card.words.parts, card.added.text) == (SECRET, 1, "在三楼")
    assert await eyes.load("request.card", request_id, eyes.place.neighbour) is None


async def test_the_helper_is_never_offered_to_confirm(eyes: Eyes) -> None:
    helper = eyes.place.members[0]
    action = RaiseForOther(
        "lift", "timely", False, False, WORDS, name="张奶奶", flat="1-101", unit_id=eyes.place.building
    )
    request_id = int((await eyes.does(action, helper))["request_id"])
    card = await eyes.load("request.card", request_id, helper)
    assert (card.for_name, card.may_confirm) == ("张奶奶", True)
    assert (await eyes.read(ListMine(), helper)).rows[0].for_name == "张奶奶"


async def test_words_that_are_no_longer_true_are_not_said(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    task_id = await eyes.accepts(request_id)
    await eyes.does(ClaimTask(task_id), eyes.place.members[0])
    kinds = ("request.claimed", "request.started", "request.accepted")
    for kind in kinds:
        assert await eyes.load(kind, request_id, eyes.place.resident) is not None
        assert await eyes.load(kind, request_id, eyes.place.neighbour) is None
    await eyes.does(WithdrawRequest(request_id), eyes.place.resident)
    for kind in kinds:
        assert await eyes.load(kind, request_id, eyes.place.resident) is None
    assert (await eyes.load("request.withdrawn_helper", request_id, eyes.place.members[0])).id == request_id
    assert await eyes.load("request.withdrawn_helper", request_id, eyes.place.members[1]) is None


async def test_what_was_added_last_goes_to_who_works_on_it(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    for text in ("先来的", "后来的"):
        eyes.now += timedelta(minutes=1)
        await eyes.does(AddToRequest(request_id, (Content("text", text),)), eyes.place.resident)
    assert (await eyes.load("request.added", request_id, eyes.place.leader)).added.text == "后来的"
    assert await eyes.load("request.added", request_id, eyes.place.members[0]) is None


async def test_letters_are_for_the_two_who_write_to_each_other(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    task_id = await eyes.accepts(request_id, places=2)
    helper, other = eyes.place.members[:2]
    await eyes.does(ClaimTask(task_id), helper)
    await eyes.does(WriteLetter(request_id, Content("text", "几点来？")), eyes.place.resident)
    arrived = await eyes.load("letter.arrived", request_id, helper)
    assert arrived.request_id == request_id
    assert tells(arrived) == set()
    assert await eyes.load("letter.arrived", request_id, other) is None
    assert await eyes.load("letter.arrived", request_id, eyes.place.leader) is None
    assert await eyes.load("letter.arrived", request_id, eyes.place.resident) is not None


async def test_a_later_helper_does_not_read_letters_to_the_first(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    task_id = await eyes.accepts(request_id)
    first, second = eyes.place.members[:2]
    await eyes.does(ClaimTask(task_id), first)
    await eyes.does(WriteLetter(request_id, Content("text", "只给第一位")), eyes.place.resident)
    await eyes.does(ReleaseClaim(task_id, "有事"), first)
    eyes.now += timedelta(minutes=1)
    await eyes.does(ClaimTask(task_id), second)
    letters = await rows(eyes.engine, "outbox", "chat_id", where="kind = 'letter.arrived'")
    assert letters == [(first.who.telegram_id,)]


async def test_contents_are_for_who_asked_who_decides_and_who_is_at_work(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    task_id = await eyes.accepts(request_id)
    helper = eyes.place.members[0]
    assert await eyes.refuses(RequestContents(request_id), helper)
    await eyes.does(ClaimTask(task_id), helper)
    for soul in (eyes.place.resident, eyes.place.leader, helper):
        found = await eyes.read(RequestContents(request_id), soul)
        assert [part.kind for part in found.parts] == ["text", "photo"]
    await eyes.does(ReportClaim(task_id, 30, (Content("text", "修好了"),)), helper)
    assert await eyes.refuses(RequestContents(request_id), helper)
    found = await eyes.read(RequestContents(request_id), eyes.place.resident)
    assert found.parts[-1].text == "修好了"
    assert (await eyes.load("request.card", request_id, eyes.place.resident)).report.text == "修好了"


async def test_a_request_opens_as_ones_part_in_it_allows(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    task_id = await eyes.accepts(request_id)
    helper = eyes.place.members[0]
    assert await eyes.refuses(SeeRequest(request_id), helper)
    await eyes.does(ClaimTask(task_id), helper)
    opened = [
        (await eyes.read(SeeRequest(request_id), soul)).kind
        for soul in (eyes.place.resident, helper, eyes.place.leader)
    ]
    assert opened == ["request.card", "task.card", "desk.card"]


# --- lists ---------------------------------------------------------------------------------------------------------------


async def test_the_pool_leaves_out_what_is_full_or_held_or_ones_own(eyes: Eyes) -> None:
    _, task_id = await offered(eyes.store, eyes.place, now=eyes.now, places=2)
    first, second, third = eyes.place.members
    await eyes.does(ClaimTask(task_id), first)
    assert [row.id for row in (await eyes.read(ListTasks(), second)).rows] == [task_id]
    assert (await eyes.read(ListTasks(), first)).rows == ()
    assert [row.mine for row in (await eyes.read(ListMyTasks(), first)).rows] == [ClaimState.CLAIMED]
    await eyes.does(ClaimTask(task_id), second)
    assert (await eyes.read(ListTasks(), third)).rows == ()
    mine = await asked(eyes.store, eyes.place.resident, now=eyes.now)
    await appointed(eyes.store, 21, name=NAME, role=Role.MEMBER, unit_id=eyes.place.building, now=eyes.now)
    await eyes.accepts(mine)
    assert (await eyes.read(ListTasks(), eyes.place.resident)).rows == ()


async def test_the_same_household_is_not_offered_its_own_work(eyes: Eyes) -> None:
    await eyes.accepts(await eyes.asks())
    action = RaiseRequest("lift", "timely", False, False, WORDS, name="王建国", flat=FLAT, phone=PHONE)
    await eyes.does(action, eyes.place.neighbour)
    await appointed(
        eyes.store, 22, name="王建国", role=Role.MEMBER, unit_id=eyes.place.building, now=eyes.now
    )
    assert (await eyes.read(ListTasks(), eyes.place.neighbour)).rows == ()
    assert len((await eyes.read(ListTasks(), eyes.place.members[0])).rows) == 1


async def test_members_reach_tasks_offered_above_and_below_their_unit(eyes: Eyes) -> None:
    _, task_id = await offered(eyes.store, eyes.place, now=eyes.now)
    for unit, chat in (("grid", 310), ("community", 311)):
        around = await appointed(
            eyes.store, chat, name=unit, role=Role.MEMBER, unit_id=eyes.place.units[unit], now=eyes.now
        )
        assert [row.id for row in (await eyes.read(ListTasks(), around)).rows] == [task_id]
        assert (await eyes.load("task.card", task_id, around)).may_claim


async def test_own_requests_are_paged_the_newest_first(eyes: Eyes) -> None:
    numbers = [await asked(eyes.store, eyes.place.resident, now=eyes.now) for _ in range(8)]
    page = await eyes.read(ListMine(page=2), eyes.place.resident)
    assert ([row.id for row in page.rows], page.page, page.pages, page.total) == (numbers[1::-1], 2, 2, 8)
    assert (await eyes.read(ListMine(), eyes.place.neighbour)).rows == ()


async def test_a_pairing_is_read_by_its_member_and_the_leaders(eyes: Eyes) -> None:
    pairing_id, visit_id, task_id = await visit_due(eyes.store, eyes.place, now=eyes.now)
    helper, other = eyes.place.members[:2]
    mine = (await eyes.read(ListPairs(), helper)).rows[0]
    assert (mine.resident, mine.mine, mine.task_id, mine.next_due_on) == (
        "王奶奶",
        True,
        task_id,
        eyes.now.date(),
    )
    led = (await eyes.read(ListPairs(), eyes.place.leader)).rows[0]
    assert (led.id, led.mine, led.task_id) == (pairing_id, False, None)
    assert (await eyes.read(ListPairs(), other)).rows == ()
    card = await eyes.load("task.card", task_id, helper)
    assert (card.contact.name, card.contact.flat, card.need) == ("王奶奶", "502", "living_alone")
    await eyes.does(ReportClaim(task_id, 30, wellbeing=2), helper)
    assert (await eyes.read(ListPairs(), helper)).rows[0].last_wellbeing == 2
    assert (await eyes.load("pairing.made_member", pairing_id, helper)).resident == "王奶奶"
    assert await eyes.load("pairing.made_member", pairing_id, other) is None
    assert await eyes.load("pairing.made_resident", pairing_id, helper) is None
    await eyes.does(ConfirmVisit(visit_id, 5), eyes.place.leader)
    assert (await eyes.load("visit.confirm", visit_id, eyes.place.leader)).stars == 5


async def test_ones_rights_name_each_appointment_and_its_place(eyes: Eyes) -> None:
    place = eyes.place
    assert await eyes.read(SeeRights(), place.resident) == RightsFacts()
    leader = await eyes.read(SeeRights(), place.leader)
    assert [(one.role, one.place.zh) for one in leader.held] == [(Role.LEADER, "1号楼")]
    also = Appoint(
        telegram_id=place.leader.who.telegram_id, role=Role.SECRETARY, unit_id=place.units["community"]
    )
    await do(eyes.store, also, CLI, now=eyes.now)
    both = await eyes.read(SeeRights(), place.leader)
    assert [one.role for one in both.held] == [Role.SECRETARY, Role.LEADER]


async def test_points_wait_until_they_are_posted(eyes: Eyes) -> None:
    request_id, _ = await reported(eyes.store, eyes.place, now=eyes.now)
    helper = eyes.place.members[0]
    await eyes.does(ConfirmRequest(request_id, 5), eyes.place.resident)
    before = await eyes.read(SeePoints(), helper)
    assert (before.honour, len(before.waiting), before.entries) == (0, 1, ())
    await eyes.store.settle_points(now=eyes.now)
    after = await eyes.read(SeePoints(), helper)
    assert (after.honour, after.spendable, after.waiting) == (1440, 1440, ())
    assert (after.entries[0].request_id, after.entries[0].minutes, after.entries[0].factor) == (
        request_id,
        60,
        120,
    )


# --- units and people -------------------------------------------------------------------------------------------------------


async def test_units_are_walked_from_the_top_to_homes(eyes: Eyes) -> None:
    units, resident = eyes.place.units, eyes.place.resident
    top = await eyes.read(UnitChildren(), resident)
    assert [(row.id, row.has_children, row.has_homes) for row in top.rows] == [(units["street"], True, False)]
    grid = await eyes.read(UnitChildren(units["grid"]), resident)
    assert [row.place.en for row in grid.rows] == ["Building 1", "Building 2"]
    assert grid.parent_id == units["community"]
    assert (await eyes.read(UnitByCode("b2"), resident)).id == units["b2"]
    assert await eyes.refuses(UnitByCode("nowhere"), resident)
    assert await eyes.refuses(UnitChildren(999), resident)


async def test_units_in_charge_follow_the_role(eyes: Eyes) -> None:
    bind = UnitsInCharge(to=Permission.BIND_GROUP)
    assert [row.id for row in (await eyes.read(bind, eyes.place.secretary)).rows] == [
        eyes.place.units["community"]
    ]
    assert (await eyes.read(bind, eyes.place.leader)).rows == ()


async def test_people_are_listed_to_the_staff_of_their_units_only(eyes: Eyes) -> None:
    found = await eyes.read(ListResidents("建国"), eyes.place.leader)
    assert [row.name for row in found.rows] == ["王建国"]
    assert (await eyes.read(ListResidents("赵敏"), eyes.place.leader)).rows == ()
    assert (await eyes.read(ListResidents("赵敏"), eyes.place.secretary)).total == 1
    for text in ("%", "_", "", "\\"):
        assert (await eyes.read(ListResidents(text), eyes.place.leader)).rows == ()
    members = await eyes.read(ListMembers(), eyes.place.leader)
    assert {row.name for row in members.rows} == {"陈楼长", "党员0", "党员1", "党员2"}
    assert await eyes.refuses(ListMembers(), eyes.place.members[0])


async def test_an_appointment_is_told_while_it_lasts(eyes: Eyes) -> None:
    told = await eyes.load("person.appointed", eyes.place.building, eyes.place.leader)
    assert told.place.zh == "1号楼"
    assert await eyes.load("person.appointed", eyes.place.building, eyes.place.resident) is None


# --- all of them --------------------------------------------------------------------------------------------------------------

QUERIES: tuple[Query, ...] = (
    ListMine(),
    SeeRequest(1),
    SeeCard("request.card", 1),
    SeeCard("desk.card", 1),
    SeeCard("task.card", 1),
    SeeCard("no such card", 1),
    RequestContents(1),
    ListDesk(),
    ListTasks(),
    ListMyTasks(),
    ListPairs(),
    SeePoints(),
    ListMembers(),
    ListResidents("李"),
)


async def test_a_stranger_finds_nothing(eyes: Eyes) -> None:
    await eyes.accepts(await eyes.asks())
    for query in QUERIES:
        assert await eyes.refuses(query, Soul(Who(999, "谁"), 0)), query


async def test_a_suspended_helper_is_shown_no_pool(eyes: Eyes, rules: Rulebook) -> None:
    task_id = await eyes.accepts(await eyes.asks())

    def unit(connection: Connection) -> Any:
        reader = load_actors(connection, eyes.now, [eyes.place.members[0].id]).get(eyes.place.members[0].id)
        assert reader is not None
        paused = replace(reader, suspended=True)
        return facts.load(connection, "task.card", task_id, paused, now=eyes.now, rules=rules)

    assert await eyes.engine.read(unit) is None


async def test_what_does_not_exist_is_not_shown(eyes: Eyes) -> None:
    # Of these the number is a page, or nothing: they are the reader's own, whatever it says.
    for kind in facts.FACTS.keys() - {"desk.calls", "notice.mutes", "digest.settings"}:
        assert await eyes.load(kind, 999, eyes.place.secretary) is None, kind


async def test_no_message_costs_more_than_four_statements(eyes: Eyes) -> None:
    request_id = await eyes.asks()
    task_id = await eyes.accepts(request_id)
    helper = eyes.place.members[0]
    await eyes.does(ClaimTask(task_id), helper)
    readers = {"task.card": (task_id, helper), "desk.card": (request_id, eyes.place.leader)}

    def unit(connection: Connection) -> dict[str, int]:
        counted: list[str] = []

        def count(_: Any, __: Any, statement: str, *rest: Any) -> None:
            counted.append(statement)

        def also(text: str, values: Any, many: bool) -> tuple[str, Any]:
            counted.append(text)
            return text, values

        raw = connection.info[RAW]
        connection.info[RAW] = Waylaid(raw, also)
        event.listen(connection, "before_cursor_execute", count)
        found: dict[str, int] = {}
        for kind in facts.FACTS:
            number, soul = readers.get(kind, (request_id, eyes.place.resident))
            reader = load_actors(connection, eyes.now, [soul.id]).get(soul.id) or Actor()
            counted.clear()
            facts.load(connection, kind, number, reader, now=eyes.now, rules=eyes.store.rules)
            found[kind] = len(counted)
        event.remove(connection, "before_cursor_execute", count)
        connection.info[RAW] = raw
        return found

    costs = await eyes.engine.read(unit)
    assert costs["request.card"] == 4
    assert max(costs.values()) <= 4
