"""Each press and form of the desk, of helpers, of pairings and of requesters becomes the action it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from domain.alarms import AcknowledgeAlarm
from domain.base import Action, Content
from domain.desk import CountDesk, DeskCounts
from domain.pairings import ConfirmVisit, PairUp
from domain.queries import (
    Card,
    Contact,
    Contents,
    DeskFacts,
    ListDesk,
    ListMembers,
    ListPairs,
    ListResidents,
    ListTasks,
    Page,
    Part,
    PersonRow,
    Place,
    PointsFacts,
    RequestContents,
    RequestFacts,
    SeeCard,
    SeePoints,
    SeeRequest,
    TaskFacts,
    UnitChildren,
    UnitLevel,
    UnitRow,
    UnitsInCharge,
)
from domain.requests import (
    AcceptRequest,
    AddToRequest,
    ConfirmRequest,
    CorrectRequest,
    DeclineRequest,
    RequestState,
    ReturnRequest,
    WithdrawRequest,
    WriteLetter,
)
from domain.tasks import ClaimState, ClaimTask, ReleaseClaim, ReportClaim, StartClaim, TaskState
from tests.handlers.stage import MEMBER, NOW, RESIDENT, SECRETARY, Stage

PLACE = Place("1号楼", "Building 1")


@dataclass
class World:
    """What the cards of request 17 and task 9 say."""

    state: RequestState = RequestState.DONE
    may_confirm: bool = True
    may_decline: bool = True
    mine: ClaimState | None = ClaimState.STARTED
    kind: str = "request"

    def card(self, query: SeeCard) -> Card:
        facts: Any = None
        match query.kind:
            case "request.card":
                facts = RequestFacts(
                    17,
                    3,
                    "lift",
                    "timely",
                    self.state,
                    False,
                    False,
                    NOW,
                    NOW,
                    PLACE,
                    may_confirm=self.may_confirm,
                )
            case "desk.card":
                facts = DeskFacts(
                    17, 3, "lift", "timely", RequestState.SUBMITTED, False, False, NOW, NOW, PLACE, Contact(),
                    may_decline=self.may_decline,
                )  # fmt: skip
            case "task.card":
                facts = TaskFacts(
                    9,
                    1,
                    self.kind,
                    "lift",
                    "timely",
                    TaskState.OFFERED,
                    1,
                    1,
                    PLACE,
                    False,
                    NOW,
                    mine=self.mine,
                )
        return Card(query.kind, query.subject_id, facts, {})


def stage_with(actor: Any, **world: Any) -> Stage:
    stage = Stage(actor)
    known = World(**world)
    stage.store.answers[SeeCard] = known.card
    stage.store.answers[SeeRequest] = lambda query: Card("request.card", query.request_id, None, {})
    return stage


# --- presses that act at once ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "action", "card"),
    [
        ("task.claim:9:1", ClaimTask(9), "task.card"),
        ("task.start:9", StartClaim(9), "task.card"),
        ("request.accept:17:3", AcceptRequest(17), "desk.card"),
        ("request.places:17:3", AcceptRequest(17, places=3), "desk.card"),
        ("request.setcat:17:noise", CorrectRequest(17, category="noise"), "desk.card"),
        ("request.seturg:17:urgent", CorrectRequest(17, urgency="urgent"), "desk.card"),
        ("request.withdrawyes:17", WithdrawRequest(17), "request.card"),
        ("request.rate:17:5", ConfirmRequest(17, 5), "request.card"),
        ("request.surely:17:2", ConfirmRequest(17, 2, sure=True), "request.card"),
        ("visit.rate:4:4", ConfirmVisit(4, 4), "visit.confirm"),
        ("alarm.seen:6", AcknowledgeAlarm(6), "alarm.card"),
    ],
)
async def test_a_press_becomes_its_action_and_its_card_shows_what_came_of_it(
    data: str, action: Action, card: str
) -> None:
    stage = stage_with(SECRETARY)
    await stage.forges(data)
    assert stage.action == action
    reply = stage.store.replies[0]
    assert (reply.kind, reply.edit_message_id, reply.card) == (card, 7, True)


async def test_one_or_two_stars_are_asked_about_once_more_and_never_taken_at_once() -> None:
    stage = stage_with(RESIDENT)
    await stage.forges("request.rate:17:2")
    assert stage.store.performed == []
    await stage.presses("request.surely:17:2")
    assert stage.action == ConfirmRequest(17, 2, sure=True)


# --- looking ----------------------------------------------------------------------------------------------------------


async def test_lists_turn_their_pages_in_place() -> None:
    stage = stage_with(SECRETARY)
    asked: list[int] = []
    stage.store.answers[CountDesk] = lambda q: DeskCounts(99, 100)
    for query in (ListDesk, ListTasks, ListPairs):
        stage.store.answers[query] = lambda q: asked.append(q.page) or Page((), page=q.page)  # type: ignore[func-returns-value]
    for command, verb in (("/desk", "desk.page"), ("/tasks", "tasks.page"), ("/pairs", "pairs.page")):
        await stage.says(command)
        await stage.forges(f"{verb}:2")
    assert asked == [1, 2, 1, 2, 1, 2]
    assert [how for how, _ in stage.speaker.log] == ["send", "edit"] * 3


@pytest.mark.parametrize(
    ("data", "kind", "subject"),
    [
        ("desk.open:17", "desk.card", 17),
        ("task.see:9", "task.card", 9),
        ("visit.see:4", "visit.confirm", 4),
        ("alarm.see:6", "alarm.card", 6),
        ("request.see:17", "request.card", 17),
    ],
)
async def test_a_line_of_a_list_opens_its_card_below(data: str, kind: str, subject: int) -> None:
    stage = stage_with(SECRETARY)
    await stage.forges(data)
    [reply] = stage.store.replies
    assert (reply.kind, reply.subject_id, reply.edit_message_id, reply.card) == (kind, subject, None, True)


async def test_points_and_contents_are_shown() -> None:
    stage = stage_with(RESIDENT)
    stage.store.answers[SeePoints] = lambda query: PointsFacts(1200, 1200)
    stage.store.answers[RequestContents] = lambda query: Contents(
        17, (Part("photo", file_id="p"), Part("text", "坏"))
    )
    await stage.says("/points")
    await stage.forges("request.photos:17")
    assert stage.last.media[0].file_id == "p"


async def test_the_desk_corrects_in_place_and_goes_back_in_place() -> None:
    stage = stage_with(SECRETARY)
    await stage.forges("request.correct:17:3")
    for argument in ("u", "p"):
        await stage.presses(f"request.correct:17:{argument}")
    query = {
        "id": "1",
        "from": stage.user(),
        "chat_instance": "1",
        "data": "desk.open:17",
        "message": {
            **stage.message(text="…"),
            "message_id": 7,
            "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "request.correct:17:3"}]]},
        },
    }
    await stage.update({"callback_query": query})
    assert stage.store.replies[-1].edit_message_id == 7


# --- forms ------------------------------------------------------------------------------------------------------------


async def test_a_reason_declines_and_goes_out_word_for_word() -> None:
    stage = stage_with(SECRETARY)
    await stage.forges("request.decline:17:3")
    await stage.says("这不归社区管，请打12345")
    assert stage.action == DeclineRequest(17, "这不归社区管，请打12345")
    assert stage.draft is None


async def test_who_may_not_decline_is_not_asked_why() -> None:
    stage = stage_with(SECRETARY, may_decline=False)
    await stage.forges("request.decline:17:3")
    assert stage.draft is None
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)


async def test_not_solved_asks_why_and_gives_it_back() -> None:
    stage = stage_with(RESIDENT)
    await stage.forges("request.unsolved:17")
    await stage.says("还是不动")
    assert stage.action == ReturnRequest(17, "还是不动")


async def test_solved_asks_for_stars_while_it_may_be_confirmed_and_else_shows_the_card() -> None:
    stage = stage_with(RESIDENT)
    await stage.forges("request.solved:17")
    assert "request.rate:17:5" in stage.buttons(7)
    late = stage_with(RESIDENT, may_confirm=False)
    await late.forges("request.solved:17")
    assert late.store.replies[-1].kind == "request.card"


async def test_more_is_added_by_words_alone_or_by_pictures_and_done() -> None:
    stage = stage_with(RESIDENT)
    await stage.forges("request.add:17")
    await stage.says("还有味道")
    assert stage.action == AddToRequest(17, (Content("text", "还有味道"),))
    stage.store.performed.clear()
    await stage.forges("request.add:17")
    await stage.sends_photo("a", album="x")
    await stage.sends_photo("b", album="x")
    await stage.presses("form.done")
    action = stage.action
    assert isinstance(action, AddToRequest)
    assert [content.file_id for content in action.contents] == ["a", "b"]


async def test_nothing_is_added_to_what_is_over() -> None:
    stage = stage_with(RESIDENT, state=RequestState.WITHDRAWN)
    await stage.forges("request.add:17")
    assert stage.draft is None
    assert stage.speaker.toasts[-1] == (stage.text("request.over"), True)


async def test_taking_back_is_asked_once_more() -> None:
    stage = stage_with(RESIDENT)
    await stage.forges("request.withdraw:17")
    assert stage.store.performed == []
    await stage.presses("request.keep")
    assert stage.store.replies[-1].kind == "request.card"


async def test_a_letter_is_one_message_and_what_follows_is_not() -> None:
    stage = stage_with(RESIDENT)
    await stage.forges("request.write:17")
    await stage.says("几点来？")
    assert stage.action == WriteLetter(17, Content("text", "几点来？"))
    await stage.says("楼道灯坏了")
    assert (stage.form, stage.step) == ("request", "offer")


async def test_an_album_in_a_letter_goes_out_whole_and_nothing_after_it() -> None:
    stage = stage_with(RESIDENT)
    await stage.forges("request.write:17")
    for number in range(3):
        await stage.sends_photo(f"p{number}", album="x")
    assert [action.content.file_id for action in stage.store.performed] == ["p0", "p1", "p2"]  # type: ignore[attr-defined]
    assert len([reply for reply in stage.store.replies if reply.kind == "said"]) == 1
    await stage.says("楼道灯坏了")
    assert (stage.form, stage.step) == ("request", "offer")


async def test_a_report_takes_minutes_by_button_or_word_then_a_note_and_a_photo() -> None:
    stage = stage_with(MEMBER)
    await stage.forges("task.done:9")
    await stage.says("很久")
    assert stage.text("form.minutes_wrong", most=1440) in stage.last.text
    await stage.says("一个半小时")
    await stage.says("换了灯泡")
    await stage.sends_photo("lamp")
    await stage.presses("form.done")
    assert stage.action == ReportClaim(9, 90, (Content("text", "换了灯泡"), Content("photo", file_id="lamp")))


async def test_a_report_of_a_visit_asks_how_the_person_was() -> None:
    stage = stage_with(MEMBER, kind="visit")
    await stage.forges("task.done:9")
    await stage.chooses("task.minutes", "45")
    await stage.chooses("task.wellbeing", "3")
    await stage.presses("form.skip")
    assert stage.action == ReportClaim(9, 45, (), wellbeing=3)


async def test_a_task_is_given_back_with_a_reason() -> None:
    stage = stage_with(MEMBER)
    await stage.forges("task.release:9")
    await stage.says("临时有事")
    assert stage.action == ReleaseClaim(9, "临时有事")


@pytest.mark.parametrize(
    ("mine", "key"), [(None, "task.not_yours"), (ClaimState.REPORTED, "task.reported_already")]
)
async def test_who_is_not_at_work_on_it_can_neither_report_nor_give_back(
    mine: ClaimState | None, key: str
) -> None:
    stage = stage_with(MEMBER, mine=mine)
    for data in ("task.done:9", "task.release:9"):
        await stage.forges(data)
        assert stage.speaker.toasts[-1] == (stage.text(key), True)
    assert stage.draft is None


# --- pairings ---------------------------------------------------------------------------------------------------------

BUILDING = UnitRow(5, "building", PLACE)
GRANNY = PersonRow(31, "张奶奶", PLACE, "502")
HELPER = PersonRow(2, "王党员", PLACE)


def pairing_stage(*, known: bool) -> Stage:
    stage = stage_with(SECRETARY)
    stage.store.answers[ListResidents] = lambda query: Page((GRANNY,) if known else ())
    stage.store.answers[ListMembers] = lambda query: Page((HELPER,), page=query.page, pages=2)
    stage.store.answers[UnitsInCharge] = lambda query: UnitLevel((BUILDING,))
    stage.store.answers[UnitChildren] = lambda query: UnitLevel((), above=BUILDING)
    return stage


async def finish_pairing(stage: Stage) -> None:
    await stage.presses("pairing.members")
    await stage.chooses("pairing.member", "2")
    await stage.chooses("pairing.need", "living_alone")
    await stage.says("十四天")
    await stage.says("明天")
    await stage.presses("form.skip")
    await stage.presses("form.submit")


async def test_staff_pair_a_known_resident_with_a_member() -> None:
    stage = pairing_stage(known=True)
    await stage.forges("pairing.new:0")
    await stage.says("张")
    assert stage.step == "resident"
    await stage.chooses("pairing.resident", "31")
    await finish_pairing(stage)
    assert stage.action == PairUp(2, "living_alone", 14, date(2026, 11, 22), resident_id=31)


async def test_staff_pair_somebody_new_by_name_unit_and_flat() -> None:
    stage = pairing_stage(known=False)
    await stage.forges("pairing.new:0")
    await stage.says("钱奶奶")
    assert stage.text("nobody_found", text="钱奶奶") in stage.last.text
    await stage.presses("pairing.unit")
    await stage.says("601")
    await finish_pairing(stage)
    assert stage.action == PairUp(
        2, "living_alone", 14, date(2026, 11, 22), unit_id=5, name="钱奶奶", flat="601"
    )


async def test_the_same_name_once_more_is_somebody_new() -> None:
    stage = pairing_stage(known=True)
    await stage.forges("pairing.new:0")
    await stage.says("张奶奶")
    await stage.says("张奶奶")
    assert stage.step == "unit"


async def test_a_person_who_was_not_offered_cannot_be_chosen() -> None:
    stage = pairing_stage(known=True)
    await stage.forges("pairing.new:0")
    await stage.says("张")
    assert stage.draft
    await stage.forges(f"pairing.resident:{stage.draft.version}:99", message_id=stage.draft.message_id or 0)
    assert stage.step == "resident"
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)


async def test_a_resident_cannot_begin_a_pairing() -> None:
    stage = Stage(RESIDENT)
    await stage.forges("pairing.new:0")
    assert stage.draft is None
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)
