"""What a handler answers is carried out in the right order: a kill may repeat a message, never lose one."""

from __future__ import annotations

import pytest

from domain.base import Refused
from domain.queries import ListMine, Page, SeePoints
from domain.requests import ReturnRequest
from domain.tasks import ClaimTask
from storage.drafts import Draft
from tests.handlers.stage import RESIDENT, Stage


@pytest.fixture
def stage() -> Stage:
    stage = Stage(RESIDENT)
    stage.store.answers[ListMine] = lambda query: Page((), page=query.page)
    return stage


async def test_a_press_that_only_looks_is_answered_before_anything_is_shown(stage: Stage) -> None:
    await stage.forges("mine.page:2")
    assert stage.speaker.order == ["answer", "edit"]


async def test_a_press_that_acts_is_answered_after_the_commit_with_its_word(stage: Stage) -> None:
    await stage.forges("task.claim:9:1")
    assert stage.store.performed == [ClaimTask(9)]
    assert stage.speaker.toasts == [(stage.text("toast.claimed"), False)]


async def test_a_press_that_repeats_an_update_is_answered_without_words(stage: Stage) -> None:
    for _ in range(2):
        query = {
            "id": "1",
            "from": stage.user(),
            "chat_instance": "1",
            "data": "task.claim:9:1",
            "message": stage.message(text="…"),
        }
        await stage.update({"callback_query": query}, update_id=77)
    assert stage.store.performed == [ClaimTask(9)]
    assert stage.speaker.toasts[-1] == ("", False)


async def test_an_update_whose_answer_could_not_be_sent_is_not_done(stage: Stage) -> None:
    stage.speaker.fails = TimeoutError("Telegram")
    with pytest.raises(TimeoutError):
        await stage.says("/request")
    assert stage.store.done == set()
    assert stage.draft is None
    stage.speaker.fails = None
    await stage.says("/request")
    assert stage.form == "request"


async def test_a_question_that_could_not_be_delivered_at_all_is_done_all_the_same(stage: Stage) -> None:
    async def blocked(chat_id: int, message: object) -> None:
        return None

    stage.speaker.send = blocked  # type: ignore[method-assign, assignment]
    await stage.says("/request")
    assert stage.draft is not None
    assert stage.draft.message_id is None


async def test_a_look_up_that_is_refused_is_said_in_words_to_who_wrote(stage: Stage) -> None:
    def refuse(query: SeePoints) -> None:
        raise Refused("refused.not_found")

    stage.store.answers[SeePoints] = refuse
    await stage.says("/points")
    assert stage.last.text == stage.text("refused.not_found")
    assert len(stage.store.done) == 1


async def test_words_that_the_rules_refuse_are_answered_with_the_reason(stage: Stage) -> None:
    stage.store.drafts[RESIDENT.telegram_id] = Draft("unsolved", "reason", {"request_id": 17}, 3, 1000)
    stage.store.refuses[ReturnRequest] = Refused("request.not_now", state="open")
    await stage.says("还是坏的")
    [reply] = stage.store.replies
    assert (reply.kind, reply.params["key"]) == ("refused", "request.not_now")
    assert stage.step == "reason", "what was written may still be of use"


async def test_a_bug_reaches_who_runs_the_handlers(stage: Stage) -> None:
    def bug(query: SeePoints) -> None:
        raise ZeroDivisionError

    stage.store.answers[SeePoints] = bug
    with pytest.raises(ZeroDivisionError):
        await stage.says("/points")
    assert stage.store.done == set()


async def test_a_long_refusal_fits_the_window_over_the_chat(stage: Stage) -> None:
    stage.store.refuses[ClaimTask] = Refused("consent.ask", version=1)
    await stage.forges("task.claim:9:1")
    text, _ = stage.speaker.toasts[-1]
    assert len(text) <= 200
    assert "<b>" not in text
