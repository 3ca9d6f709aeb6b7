"""Whoever comes is welcomed, asked for consent and home, and loses nothing of what they said before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.base import Refused
from domain.people import ChooseHome, ChooseLanguage, GiveConsent
from domain.queries import Card, Place, SeeRequest, UnitByCode, UnitChildren, UnitLevel, UnitRow
from domain.tasks import ClaimTask
from tests.handlers.stage import RESIDENT, RULES, SECRETARY, STRANGER, Stage

BUILDING = UnitRow(5, "building", Place("1号楼", "Building 1"))
GRID = UnitRow(4, "grid", Place("第一网格"), has_children=True, has_homes=False)
YES = f"consent.yes:{RULES.consent_version}"


@pytest.fixture
def stage() -> Stage:
    """A stranger before a tree of one grid and one building."""
    stage = Stage()
    levels = {
        None: UnitLevel((GRID,)),
        4: UnitLevel((BUILDING,), above=GRID),
        5: UnitLevel((), above=BUILDING, parent_id=4),
    }
    stage.store.answers[UnitChildren] = lambda query: levels[query.unit_id]
    return stage


def known(stage: Stage, *, home: int | None) -> None:
    """Their consent has been stored meanwhile."""
    stage.store.people[STRANGER.telegram_id] = replace(STRANGER, person_id=9, home_unit_id=home)


async def test_a_newcomer_chooses_a_language_says_yes_and_chooses_a_home(stage: Stage) -> None:
    await stage.says("/start")
    await stage.chooses("language.pick", "en")
    assert stage.last.text.startswith("<b>Please read this")
    await stage.presses("consent.yes")
    assert stage.action == GiveConsent(STRANGER.telegram_id, STRANGER.name, "en")
    [picker] = stage.store.replies
    assert (picker.kind, picker.subject_id) == ("home.picker", 0)
    known(stage, home=None)
    await stage.forges("unit.pick:4")
    assert stage.buttons(7) == ["unit.pick:5", "unit.pick:0"]
    await stage.presses("unit.pick:5", message_id=7)
    assert stage.store.performed[1:] == [ChooseHome(5)]
    told, waiting = stage.store.replies[-2:]
    assert (told.params["note"], waiting.kind) == ("home.set", "notice.waiting")
    assert stage.draft is None


async def test_words_sent_before_the_arrival_are_offered_after_it(stage: Stage) -> None:
    await stage.says("电梯坏了")
    await stage.chooses("language.pick", "zh")
    await stage.says("已经两天了")
    await stage.forges(YES)
    known(stage, home=None)
    await stage.forges("unit.here:5")
    assert (stage.form, stage.step) == ("request", "offer")
    assert [part["text"] for part in stage.answers["contents"]] == ["电梯坏了", "已经两天了"]
    offer = stage.rendered(stage.store.replies[-1])
    known(stage, home=5)
    assert offer is not None
    await stage.forges(offer.keyboard[0][0].data, message_id=55)
    assert stage.step == "category"


async def test_a_printed_code_leads_straight_to_the_building_after_consent(stage: Stage) -> None:
    stage.store.answers[UnitByCode] = lambda query: BUILDING
    await stage.says("/start u-b1")
    await stage.chooses("language.pick", "zh")
    await stage.forges(YES)
    assert stage.store.replies[-1].subject_id == BUILDING.id


async def test_a_code_that_is_no_more_leads_to_the_top_and_says_so(stage: Stage) -> None:
    await stage.says("/start u-old")
    await stage.chooses("language.pick", "zh")
    await stage.forges(YES)
    reply = stage.store.replies[-1]
    assert (reply.subject_id, reply.params["note"]) == (0, "home.unknown_code")


async def test_who_says_no_is_forgotten_with_all_words(stage: Stage) -> None:
    await stage.says("电梯坏了")
    await stage.chooses("language.pick", "zh")
    await stage.presses("consent.no")
    assert stage.draft is None
    assert stage.store.performed == []


async def test_consent_to_an_older_text_shows_the_new_one_instead(stage: Stage) -> None:
    await stage.forges(f"consent.yes:{RULES.consent_version + 1}")
    assert stage.store.performed == []
    assert stage.buttons(7)[0] == YES


async def test_a_strangers_words_of_danger_are_answered_with_the_numbers_to_call(stage: Stage) -> None:
    await stage.says("着火了")
    texts = [message.text for message in stage.speaker.shown.values()]
    assert any("119" in text for text in texts)
    assert stage.answers["contents"]


@pytest.mark.parametrize("data", ["task.claim:1:1", "request.rate:1:5", "unit.here:5", "menu.open:0:desk"])
async def test_a_strangers_press_is_answered_with_please_start(stage: Stage, data: str) -> None:
    await stage.forges(data)
    assert stage.store.performed == []
    text, _ = stage.speaker.toasts[-1]
    assert text in (stage.text("toast.start_first"), stage.text("refused.not_found"))
    assert text == stage.text("toast.start_first")


async def test_a_strangers_album_is_kept_whole_and_answered_once(stage: Stage) -> None:
    for number in range(3):
        await stage.sends_photo(f"p{number}", album="a")
    assert [part["file_id"] for part in stage.answers["contents"]] == ["p0", "p1", "p2"]
    assert len(stage.speaker.log) == 2


async def test_somebody_with_a_role_is_asked_for_consent_all_the_same(stage: Stage) -> None:
    secretary = replace(SECRETARY, home_unit_id=None)
    stage.store.people[secretary.telegram_id] = secretary
    stage.store.without_consent.add(secretary.person_id)
    stage.actor = secretary
    await stage.says("/start")
    await stage.chooses("language.pick", "en")
    await stage.presses("consent.yes")
    assert isinstance(stage.action, GiveConsent)


async def test_who_is_known_is_welcomed_back_with_the_menu() -> None:
    stage = Stage(RESIDENT)
    await stage.says("/start")
    assert stage.text("start.known", name=RESIDENT.name) in stage.last.text
    assert "menu.open:0:request" in stage.buttons(stage.speaker.log[-1][1])


async def test_a_link_to_a_request_opens_its_card() -> None:
    stage = Stage(RESIDENT)
    stage.store.answers[SeeRequest] = lambda query: Card("request.card", query.request_id, None, {})
    await stage.says("/start r-17")
    [reply] = stage.store.replies
    assert (reply.kind, reply.subject_id, reply.card) == ("request.card", 17, True)


async def test_a_link_to_what_one_may_not_see_reads_as_not_found() -> None:
    stage = Stage(RESIDENT)
    await stage.says("/start t-17")
    assert stage.last.text == stage.text("refused.not_found")


async def test_the_menu_opens_what_the_command_opens() -> None:
    stage = Stage(RESIDENT)
    await stage.says("/menu")
    await stage.presses("menu.open:0:request")
    assert stage.form == "request"
    await stage.forges("menu.open:0:nonsense")
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)


async def test_a_language_is_chosen_for_everything_later() -> None:
    stage = Stage(RESIDENT)
    await stage.says("/language")
    await stage.chooses("language.pick", "en")
    assert stage.action == ChooseLanguage("en")
    await stage.forges("language.pick:0:fr")
    assert len(stage.store.performed) == 1


async def test_a_refusal_is_said_in_the_readers_own_language() -> None:
    reader = replace(RESIDENT, language="en")
    stage = Stage(reader)
    stage.store.refuses[ClaimTask] = Refused("task.taken")
    await stage.forges("task.claim:9:1")
    assert stage.speaker.toasts == [(stage.text("task.taken"), True)]
    assert stage.store.replies[-1].params["note"] == "task.taken"
