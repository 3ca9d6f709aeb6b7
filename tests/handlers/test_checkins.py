"""The check-in's form and buttons against what people press, write and forge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.base import Actor
from domain.checkins.shapes import AskCheckIn, CheckinState, KeepConfirmation
from domain.checkins.shown import CheckinFacts, PlacesToServe, SeeOwnCheckin
from domain.queries import Place, UnitLevel, UnitRow
from domain.spare_time import SETS
from tests.handlers.stage import NOW, RESIDENT, Stage

PLACE = Place("1号楼", "Building 1")
LEVEL = UnitLevel((UnitRow(5, "building", PLACE), UnitRow(4, "grid", Place("第一网格", "Grid 1"))))
RETURNED = CheckinFacts(
    1, 2, 1, CheckinState.RETURNED, "李桂兰", PLACE, PLACE, "三支部", NOW, unit_id=5, skills=("medical", "gone"),
    free=("sat_morning",), question="哪个支部？",
)  # fmt: skip


def stage_with(facts: CheckinFacts | None = None, *, actor: Actor = RESIDENT) -> Stage:
    stage = Stage(actor)
    stage.store.answers[SeeOwnCheckin] = lambda query: facts
    stage.store.answers[PlacesToServe] = lambda query: LEVEL
    return stage


async def at_step(stage: Stage, step: str) -> Stage:
    """The form, open at a step."""
    await stage.says("/checkin")
    if step != "unit":
        await stage.chooses("checkin.unit", "5")
    if step in ("skills", "free"):
        await stage.says("三支部")
    if step == "free":
        await stage.presses("checkin.enough")
    assert stage.step == step
    return stage


async def test_what_was_chosen_becomes_the_action_and_a_second_press_does_nothing() -> None:
    stage = await at_step(stage_with(), "skills")
    for code in ("arts", "medical", "arts"):
        await stage.chooses("checkin.skill", code)
    await stage.presses("checkin.enough")
    await stage.chooses("checkin.free", "saturday")
    await stage.chooses("checkin.free", "days")
    await stage.chooses("checkin.free", "sat_evening")
    await stage.chooses("checkin.free", "sets")
    await stage.presses("checkin.enough")
    submit = next(data for data in stage.buttons(stage.speaker.log[-1][1]) if data.startswith("form.submit"))
    await stage.forges(submit, message_id=stage.speaker.log[-1][1])
    await stage.forges(submit, message_id=stage.speaker.log[-1][1])
    assert stage.action == AskCheckIn(5, "三支部", ("medical",), SETS["saturday"][:2])
    assert stage.speaker.toasts[-1][0] == stage.text("form.too_late")


@pytest.mark.parametrize(
    ("step", "verb", "argument"),
    [
        ("unit", "checkin.unit", "1"),
        ("unit", "checkin.unit", "x"),
        ("branch", "checkin.branch", "keep"),
        ("branch", "checkin.branch", "elsewhere"),
        ("skills", "checkin.skill", "magic"),
        ("free", "checkin.free", "sat_night"),
    ],
)
async def test_a_forged_choice_is_not_found_and_changes_nothing(step: str, verb: str, argument: str) -> None:
    stage = await at_step(stage_with(), step)
    before = stage.draft
    assert before is not None
    await stage.forges(f"{verb}:{before.version}:{argument}", message_id=before.message_id or 0)
    assert stage.draft == before
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)


@pytest.mark.parametrize("step", ["unit", "skills", "free"])
async def test_words_where_buttons_are_asked_for_are_explained(step: str) -> None:
    stage = await at_step(stage_with(), step)
    await stage.says("随便")
    assert stage.text("form.choose_button") in stage.last.text
    assert stage.step == step


@pytest.mark.parametrize("words", ["", "\u200b", "一" * 65])
async def test_a_branch_without_a_name_or_with_too_long_a_one_is_asked_again(words: str) -> None:
    stage = await at_step(stage_with(), "branch")
    await stage.says(words or " ")
    assert stage.text("checkin.branch_wrong", most=64) in stage.last.text
    await stage.sends_photo("p")
    assert stage.text("form.words_needed") in stage.last.text
    assert stage.step == "branch"


async def test_asked_back_one_finds_the_question_and_the_former_answers_but_no_skill_that_is_gone() -> None:
    stage = stage_with(RETURNED)
    await stage.says("/checkin")
    said = [message.text for message in stage.speaker.shown.values()]
    assert any("哪个支部？" in text for text in said)
    assert stage.answers["skills"] == ["medical"]
    await stage.chooses("checkin.unit", "5")
    await stage.chooses("checkin.branch", "keep")
    await stage.presses("checkin.enough")
    await stage.presses("checkin.enough")
    await stage.presses("form.submit")
    assert stage.action == AskCheckIn(5, "三支部", ("medical",), ("sat_morning",))


async def test_where_nobody_can_serve_the_form_does_not_open() -> None:
    stage = stage_with()
    stage.store.answers[PlacesToServe] = lambda query: UnitLevel(())
    await stage.says("/checkin")
    assert stage.last.text == stage.text("checkin.no_place")
    assert stage.draft is None


async def test_an_album_of_papers_is_handed_in_whole() -> None:
    stage = stage_with(replace(RETURNED, state=CheckinState.APPROVED, serving=True))
    await stage.forges("checkin.confirm:1")
    for number in range(3):
        await stage.sends_photo(f"p{number}", album="x")
    await stage.presses("form.done")
    action = stage.action
    assert isinstance(action, KeepConfirmation)
    assert [content.file_id for content in action.contents] == ["p0", "p1", "p2"]


@pytest.mark.parametrize(
    "data",
    [
        "checkin.change:2:skills",
        "checkin.change:1:name",
        "checkin.renew:2",
        "checkin.leave:2",
        "checkin.leaveyes:2",
        "checkin.stay:2",
        "checkin.withdraw:2",
        "checkin.letter:2",
        "checkin.confirm:2",
        "checkin.approve:1",
        "checkin.approve:1:x",
        "checkin.see:1",
        "checkin.sendback:1:2",
        "checkin.papers:1",
    ],
)
async def test_a_press_on_what_is_not_one_s_own_is_not_found(data: str) -> None:
    stage = stage_with(replace(RETURNED, state=CheckinState.APPROVED, serving=True))
    await stage.forges(data)
    assert stage.store.performed == []
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)


async def test_who_is_suspended_is_told_so_and_asked_nothing() -> None:
    stage = stage_with(actor=replace(RESIDENT, suspended=True))
    await stage.says("/checkin")
    assert stage.last.text == stage.text("refused.suspended")
    assert stage.draft is None
