"""A request is raised by writing and pressing, and no word of it is lost on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.alarms import RaiseAlarm
from domain.base import Actor, Content, Refused
from domain.queries import Place, UnitChildren, UnitLevel, UnitRow, UnitsInCharge
from domain.requests import MAX_CONTENTS, RaiseForOther, RaiseRequest
from storage.drafts import Draft
from tests.handlers.stage import MEMBER, RESIDENT, Stage

NEWCOMER = replace(RESIDENT, has_flat=False, has_phone=False)


@pytest.fixture
def stage() -> Stage:
    return Stage(RESIDENT)


async def to_check(stage: Stage) -> None:
    """Everything answered, up to the summary."""
    await stage.says("/request")
    await stage.says("电梯坏了")
    await stage.chooses("request.category", "lift")
    await stage.chooses("request.urgency", "timely")
    await stage.chooses("request.private", "no")
    await stage.chooses("request.hide", "no")


async def test_a_request_is_raised_with_five_presses_and_one_sentence(stage: Stage) -> None:
    await to_check(stage)
    await stage.presses("request.submit")
    assert stage.action == RaiseRequest("lift", "timely", False, False, (Content("text", "电梯坏了"),))
    assert stage.draft is None


async def test_the_first_request_asks_for_flat_name_and_phone(stage: Stage) -> None:
    stage = Stage(NEWCOMER)
    await to_check(stage)
    await stage.says("3-201")
    await stage.says("李桂兰")
    assert stage.last.contact_button
    contact = {"phone_number": "8613800138000", "first_name": "L", "user_id": NEWCOMER.telegram_id}
    await stage.sends(contact=contact)
    await stage.presses("request.submit")
    action = stage.action
    assert isinstance(action, RaiseRequest)
    assert (action.flat, action.name, action.phone) == ("3-201", "李桂兰", "13800138000")


async def test_somebody_elses_contact_is_not_taken(stage: Stage) -> None:
    stage = Stage(NEWCOMER)
    await to_check(stage)
    await stage.says("3-201")
    await stage.says("李桂兰")
    await stage.sends(contact={"phone_number": "8613900139000", "first_name": "X", "user_id": 4711})
    assert stage.text("form.contact_not_own") in stage.last.text
    assert stage.step == "phone"


async def test_the_phone_may_be_skipped_in_words_because_its_keyboard_has_no_buttons_to_press(
    stage: Stage,
) -> None:
    stage = Stage(NEWCOMER)
    await to_check(stage)
    await stage.says("3-201")
    await stage.says("李桂兰")
    await stage.says(stage.text("button.skip"))
    assert stage.step == "check"
    removed = [message for message in stage.speaker.shown.values() if message.remove_keyboard]
    assert len(removed) == 1


async def test_wrong_input_is_explained_and_the_same_step_asked_again(stage: Stage) -> None:
    stage = Stage(NEWCOMER)
    await to_check(stage)
    await stage.says("门" * 41)
    assert stage.text("form.flat_wrong", most=40) in stage.last.text
    assert stage.step == "flat"
    await stage.sends_photo("door")
    assert stage.text("form.words_needed") in stage.last.text


async def test_back_leads_to_the_step_before_and_the_first_step_has_none(stage: Stage) -> None:
    await stage.says("/request")
    assert not any(data.startswith("form.back") for data in stage.buttons(stage.speaker.log[-1][1]))
    await stage.says("电梯坏了")
    await stage.chooses("request.category", "lift")
    assert stage.step == "urgency"
    await stage.presses("form.back")
    assert stage.step == "category"
    await stage.chooses("request.category", "noise")
    assert stage.step == "private", "one urgency alone is not asked for"
    await stage.presses("form.back")
    assert stage.step == "category"


async def test_cancel_drops_everything_and_says_so(stage: Stage) -> None:
    await stage.says("/request")
    await stage.says("电梯坏了")
    await stage.presses("form.cancel")
    assert stage.draft is None
    assert stage.last.text == stage.text("cancel.done")
    assert stage.store.performed == []


async def test_the_command_cancel_leaves_the_form_and_says_when_there_is_none(stage: Stage) -> None:
    await stage.says("/request")
    await stage.says("/cancel")
    assert stage.draft is None
    await stage.says("/cancel")
    assert stage.last.text == stage.text("cancel.nothing")


@pytest.mark.parametrize("command", ["/help", "/menu", "/language", "/request"])
async def test_a_command_in_the_middle_does_not_lose_what_was_written(stage: Stage, command: str) -> None:
    await stage.says("/request")
    await stage.says("电梯坏了")
    before = stage.draft
    await stage.says(command)
    assert before
    assert (stage.step, stage.answers) == (before.step, before.answers)


async def test_a_button_of_an_earlier_question_shows_the_present_one(stage: Stage) -> None:
    await stage.says("/request")
    await stage.says("电梯坏了")
    old = stage.buttons(stage.speaker.log[-1][1])[0]
    await stage.chooses("request.category", "lift")
    before = stage.draft
    await stage.forges(old, message_id=stage.speaker.log[-1][1])
    assert before
    assert stage.step == before.step == "urgency"
    assert stage.answers["category"] == "lift"
    assert stage.speaker.toasts[-1][0] == stage.text("toast.stale")
    await stage.chooses("request.urgency", "timely")
    assert stage.step == "private", "the buttons shown again work"


async def test_a_button_of_an_earlier_form_does_nothing_to_the_present_one(stage: Stage) -> None:
    await stage.says("/request")
    first = stage.speaker.log[-1][1]
    await stage.says("/cancel")
    await stage.says("/request")
    assert stage.draft
    await stage.forges(f"form.cancel:{stage.draft.version}", message_id=first)
    assert stage.draft, "the same version, but of another message"


async def test_a_button_of_a_form_that_is_over_says_so(stage: Stage) -> None:
    await stage.forges("form.submit:3")
    assert stage.speaker.toasts == [(stage.text("form.too_late"), True)]


async def test_a_forged_choice_is_not_found_and_changes_nothing(stage: Stage) -> None:
    await stage.says("/request")
    await stage.says("电梯坏了")
    before = stage.draft
    assert before
    await stage.forges(f"request.category:{before.version}:gold", message_id=before.message_id or 0)
    assert stage.draft == before
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)


async def test_an_album_is_one_part_after_another_and_one_answer(stage: Stage) -> None:
    await stage.says("/request")
    for number in range(3):
        await stage.sends_photo(f"p{number}", album="a")
    assert [how for how, _ in stage.speaker.log] == ["send", "send", "edit", "edit"]
    assert [part["file_id"] for part in stage.answers["contents"]] == ["p0", "p1", "p2"]
    await stage.presses("form.done")
    assert stage.step == "category"


async def test_an_album_where_words_are_asked_for_is_explained_once(stage: Stage) -> None:
    stage = Stage(NEWCOMER)
    await to_check(stage)
    said = len(stage.speaker.log)
    for number in range(3):
        await stage.sends_photo(f"p{number}", album="a")
    assert len(stage.speaker.log) == said + 1


async def test_words_sent_while_buttons_are_asked_for_are_added(stage: Stage) -> None:
    await stage.says("/request")
    await stage.says("电梯坏了")
    await stage.says("已经两天了")
    await stage.sends_photo("lift")
    assert stage.step == "category"
    assert len(stage.answers["contents"]) == 3


async def test_too_many_parts_are_refused_and_those_before_are_kept(stage: Stage) -> None:
    await stage.says("/request")
    for number in range(MAX_CONTENTS + 1):
        await stage.sends_photo(f"p{number}")
    assert stage.text("request.too_many_parts", most=MAX_CONTENTS) in stage.last.text
    assert len(stage.answers["contents"]) == MAX_CONTENTS


async def test_while_the_rules_refuse_the_words_stay(stage: Stage) -> None:
    await to_check(stage)
    stage.store.refuses[RaiseRequest] = Refused("unit.unknown")
    await stage.presses("request.submit")
    assert stage.step == "check"
    assert stage.speaker.toasts[-1] == (stage.text("unit.unknown"), True)


async def test_a_category_about_staff_asks_about_whom_and_is_always_private(stage: Stage) -> None:
    await stage.says("/request")
    await stage.says("有人收了钱")
    await stage.chooses("request.category", "sensitive")
    assert stage.step == "about"
    await stage.chooses("request.about", "secretary")
    assert stage.step == "hide"
    await stage.chooses("request.hide", "yes")
    await stage.presses("request.submit")
    action = stage.action
    assert isinstance(action, RaiseRequest)
    assert (action.about, action.private, action.name_hidden) == ("secretary", True, True)


async def test_a_form_goes_on_after_a_restart_where_it_stood(stage: Stage) -> None:
    await stage.says("/request")
    await stage.says("电梯坏了")
    later = Stage(RESIDENT)
    later.store.drafts = stage.store.drafts
    later.speaker.shown = stage.speaker.shown
    await later.chooses("request.category", "lift")
    assert later.step == "urgency"


async def test_a_form_of_an_older_program_is_left_behind(stage: Stage) -> None:
    stage.store.drafts[RESIDENT.telegram_id] = Draft("poll", "first", {}, 4)
    await stage.says("电梯坏了")
    assert (stage.form, stage.step) == ("request", "offer")


async def test_a_repeated_update_raises_nothing_twice(stage: Stage) -> None:
    await to_check(stage)
    draft = stage.draft
    assert draft
    for _ in range(2):
        query = {
            "id": "1",
            "from": stage.user(),
            "chat_instance": "1",
            "data": f"request.submit:{draft.version}",
            "message": {**stage.message(text="…"), "message_id": draft.message_id},
        }
        await stage.update({"callback_query": query}, update_id=5000)
        stage.store.drafts[RESIDENT.telegram_id] = draft  # as if the first had not come to an end
    assert len(stage.store.performed) == 1


# --- out of the blue ------------------------------------------------------------------------------------------------


async def test_words_out_of_the_blue_are_offered_to_be_passed_on(stage: Stage) -> None:
    await stage.says("楼道灯坏了")
    assert "楼道灯坏了" in stage.last.text
    await stage.presses("request.pass")
    assert stage.step == "category"
    assert stage.answers["contents"] == [{"kind": "text", "text": "楼道灯坏了"}]


@pytest.mark.parametrize(
    "fields",
    [
        {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3}},
        {"video": {"file_id": "v", "file_unique_id": "v", "duration": 3, "width": 1, "height": 1}},
        {"document": {"file_id": "v", "file_unique_id": "v"}},
        {"location": {"latitude": 39.9, "longitude": 116.4}},
    ],
)
async def test_a_voice_a_video_a_file_or_a_place_begins_a_request_too(
    stage: Stage, fields: dict[str, object]
) -> None:
    await stage.sends(**fields)
    assert stage.step == "offer"


async def test_an_album_out_of_the_blue_is_offered_once(stage: Stage) -> None:
    for number in range(3):
        await stage.sends_photo(f"p{number}", album="a", caption="看" if not number else "")
    assert [how for how, _ in stage.speaker.log] == ["send", "edit", "edit"]
    assert len(stage.answers["contents"]) == 3


async def test_a_sticker_gets_a_kind_word_and_begins_nothing(stage: Stage) -> None:
    sticker = {
        "file_id": "s", "file_unique_id": "s", "type": "regular", "width": 1, "height": 1, "is_animated": False,
        "is_video": False,
    }  # fmt: skip
    await stage.sends(sticker=sticker)
    assert stage.last.text == stage.text("stray.sticker")
    assert stage.draft is None


# --- danger ---------------------------------------------------------------------------------------------------------


async def test_words_of_danger_ring_at_once_and_may_go_on_as_a_request(stage: Stage) -> None:
    await stage.says("楼下着火了")
    assert stage.action == RaiseAlarm("楼下着火了")
    [reply] = stage.store.replies
    assert reply.kind == "danger"
    assert stage.draft
    assert reply.params["version"] == stage.draft.version
    await stage.forges(f"request.calm:{stage.draft.version}", message_id=99)
    assert stage.step == "category"
    await stage.says("没有人救命")
    assert len(stage.store.performed) == 1, "who has said that it is no emergency is believed"


async def test_danger_in_the_middle_of_a_form_rings_too(stage: Stage) -> None:
    await stage.says("/request")
    await stage.says("邻居吵")
    await stage.says("有人持刀")
    assert stage.action == RaiseAlarm("有人持刀")
    assert len(stage.answers["contents"]) == 2


async def test_danger_in_a_caption_counts(stage: Stage) -> None:
    await stage.sends_photo("smoke", caption="厨房冒烟")
    assert isinstance(stage.action, RaiseAlarm)


# --- for somebody else ----------------------------------------------------------------------------------------------


BUILDING = UnitRow(5, "building", Place("1号楼", "Building 1"), has_homes=True)
GRID = UnitRow(4, "grid", Place("第一网格"), has_children=True, has_homes=False)


def with_units(actor: Actor) -> Stage:
    stage = Stage(actor)
    levels = {4: UnitLevel((BUILDING,), above=GRID), 5: UnitLevel((), above=BUILDING, parent_id=4)}
    stage.store.answers[UnitsInCharge] = lambda query: UnitLevel((GRID,))
    stage.store.answers[UnitChildren] = lambda query: levels[query.unit_id]
    return stage


async def test_a_member_asks_for_a_neighbour_without_a_phone() -> None:
    stage = with_units(MEMBER)
    await stage.says("/request")
    await stage.presses("proxy.new")
    await stage.says("张奶奶")
    await stage.presses("proxy.unit")
    assert stage.answers["unit_level"] == [4, 0]
    await stage.presses("proxy.unit")
    await stage.says("502")
    await stage.presses("form.skip")
    await stage.says("暖气不热")
    await stage.chooses("request.category", "utilities")
    await stage.chooses("request.urgency", "timely")
    await stage.chooses("request.private", "no")
    await stage.chooses("request.hide", "no")
    await stage.presses("request.submit")
    action = stage.action
    assert isinstance(action, RaiseForOther)
    assert (action.name, action.unit_id, action.flat, action.phone) == ("张奶奶", 5, "502", None)


async def test_a_resident_is_neither_offered_nor_allowed_to_ask_for_others(stage: Stage) -> None:
    await stage.says("/request")
    assert not any("proxy" in data for data in stage.buttons(stage.speaker.log[-1][1]))
    await stage.forges("proxy.new:0")
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)


async def test_another_form_does_not_push_written_words_aside() -> None:
    stage = with_units(MEMBER)
    await stage.says("/request")
    first = stage.speaker.log[-1][1]
    await stage.sends_photo("lift")
    await stage.presses("proxy.new", message_id=first)
    assert (stage.form, stage.step) == ("request", "words")
    assert stage.text("form.going_on") in stage.last.text
