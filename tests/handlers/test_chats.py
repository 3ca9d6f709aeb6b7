"""Groups hear nothing of any person, and what Telegram tells of chats is kept."""

from __future__ import annotations

from typing import Any

import pytest

from domain.groups import BindGroup, UnbindGroup
from domain.queries import Page, Place, UnitChildren, UnitLevel, UnitRow
from domain.tasks import ClaimTask
from domain.unit_pages import BrowseUnits, UnitLine, UnitList
from tests.handlers.stage import BOT_ID, MEMBER, RESIDENT, SECRETARY, Stage

GROUP = -1001
COMMUNITY = UnitLine(3, "community", Place("幸福社区"), has_children=True)
LEAF = UnitLine(5, "building", Place("1号楼"))
BUILDING = UnitRow(5, "building", Place("1号楼", "Building 1"))


def membership(stage: Stage, status: str, *, group: int | None = None) -> dict[str, Any]:
    bot = {"id": BOT_ID, "is_bot": True, "first_name": "Linli"}
    old: dict[str, Any] = {"user": bot, "status": "member"}
    new: dict[str, Any] = {"user": bot, "status": status, **({"until_date": 0} if status == "kicked" else {})}
    return {
        "my_chat_member": {
            "chat": stage.chat(group), "from": stage.user(), "date": 1, "old_chat_member": old, "new_chat_member": new,
        }
    }  # fmt: skip


@pytest.mark.parametrize("command", ["/start", "/mine", "/points", "/request"])
async def test_a_personal_command_in_a_group_leads_to_the_private_chat(command: str) -> None:
    stage = Stage(RESIDENT)
    await stage.says(command, group=GROUP)
    [[button]] = stage.last.keyboard
    assert button.url.startswith("https://t.me/linli_bot?start=")
    assert stage.draft is None


async def test_talk_in_a_group_is_none_of_our_business() -> None:
    stage = Stage(RESIDENT)
    await stage.says("楼道灯坏了", group=GROUP)
    await stage.says("/start@other_bot", group=GROUP)
    await stage.says("/weather", group=GROUP)
    assert stage.speaker.log == []
    assert len(stage.store.done) == 3


async def test_a_secretary_binds_a_group_to_a_unit_below_their_own() -> None:
    stage = Stage(SECRETARY)
    levels = {
        0: UnitList(Page((COMMUNITY,), total=1)),
        3: UnitList(Page((LEAF,), total=1), above=COMMUNITY),
    }
    stage.store.answers[BrowseUnits] = lambda query: levels[query.unit_id]
    stage.store.answers[UnitChildren] = lambda query: UnitLevel((), above=BUILDING)
    await stage.says("/bind", group=GROUP)
    assert {"group.bind:3", "group.bind:5", "group.at:0:1"} == set(stage.buttons(1000))
    await stage.presses("group.at:0", group=GROUP)
    await stage.presses("group.at:3", group=GROUP)
    await stage.presses("group.bind:5", group=GROUP)
    assert stage.action == BindGroup(GROUP, 5)
    assert [how for how, _ in stage.speaker.log] == ["send", "edit", "edit"]
    [reply] = stage.store.replies
    assert reply.chat_id == GROUP
    assert stage.rendered(reply)


async def test_the_picker_answers_nobody_else_and_nowhere_else() -> None:
    stage = Stage(MEMBER)
    await stage.forges("group.at:3:1", group=GROUP)
    assert stage.speaker.log == []
    assert stage.speaker.toasts == [(stage.text("refused.not_found"), True)]
    stage = Stage(SECRETARY)
    await stage.forges("group.at:3:1")
    await stage.says("/unbind")
    assert stage.store.performed == []


async def test_a_secretary_unbinds_a_group_and_an_anonymous_one_does_not() -> None:
    stage = Stage(SECRETARY)
    await stage.says("/unbind", group=GROUP, sender_chat={"id": GROUP, "type": "supergroup", "title": "x"})
    assert stage.store.performed == []
    await stage.says("/unbind", group=GROUP)
    assert stage.action == UnbindGroup(GROUP)
    [reply] = stage.store.replies
    assert reply.chat_id == GROUP


async def test_an_anonymous_administrator_binds_nothing() -> None:
    stage = Stage(SECRETARY)
    await stage.says("/bind", group=GROUP, sender_chat={"id": GROUP, "type": "supergroup", "title": "x"})
    assert stage.last.keyboard == ()


async def test_a_place_taken_in_a_group_is_worked_in_private() -> None:
    stage = Stage(MEMBER)
    await stage.forges("task.claim:9:1", group=GROUP)
    assert stage.action == ClaimTask(9)
    kinds = {(reply.kind, reply.chat_id, reply.edit_message_id) for reply in stage.store.replies}
    assert kinds == {("task.card", MEMBER.telegram_id, None), ("task.group", GROUP, 7)}


async def test_who_blocks_and_who_comes_back_is_kept() -> None:
    stage = Stage(RESIDENT)
    await stage.update(membership(stage, "kicked"))
    await stage.update(membership(stage, "member"))
    assert stage.store.heard == [
        ("person_left", RESIDENT.telegram_id, 0),
        ("person_returned", RESIDENT.telegram_id, 0),
    ]


async def test_a_group_that_removes_the_bot_is_left() -> None:
    stage = Stage(RESIDENT)
    await stage.update(membership(stage, "kicked", group=GROUP))
    await stage.update(membership(stage, "left", group=GROUP))
    await stage.update(membership(stage, "member", group=GROUP))
    assert stage.store.heard == [("group_left", GROUP, 0)] * 2


async def test_a_group_that_moves_is_followed_whichever_side_says_so_first() -> None:
    stage = Stage(RESIDENT)
    await stage.update({"message": stage.message(GROUP, migrate_to_chat_id=-1009)})
    await stage.update({"message": stage.message(-1009, migrate_from_chat_id=GROUP)})
    assert stage.store.heard == [("group_migrated", GROUP, -1009)] * 2


async def test_an_edited_message_gets_a_hint_and_changes_nothing() -> None:
    stage = Stage(RESIDENT)
    await stage.says("电梯坏了")
    before = stage.draft
    edited = {**stage.message(text="灯坏了"), "edit_date": 1_790_000_001}
    await stage.update({"edited_message": edited})
    assert stage.last.text == stage.text("stray.edited")
    assert stage.draft == before


async def test_an_edited_command_is_not_carried_out_again() -> None:
    stage = Stage(RESIDENT)
    entities = [{"type": "bot_command", "offset": 0, "length": 8}]
    await stage.update(
        {"edited_message": {**stage.message(text="/request", entities=entities), "edit_date": 9}}
    )
    assert stage.draft is None


async def test_a_command_there_is_none_of_is_named_in_the_answer() -> None:
    stage = Stage(RESIDENT)
    await stage.says("/weather tomorrow")
    assert stage.last.text == stage.text("unknown.command", command="/weather")


async def test_channel_posts_and_service_messages_are_passed_over() -> None:
    stage = Stage(RESIDENT)
    channel = {"id": -1002, "type": "channel", "title": "c"}
    await stage.update({"channel_post": {"message_id": 1, "date": 1, "chat": channel, "text": "x"}})
    await stage.update({"message": stage.message(GROUP, new_chat_title="new")})
    await stage.update({"message": stage.message(delete_chat_photo=True)})
    assert stage.speaker.log == []
    assert len(stage.store.done) == 3


async def test_a_forwarded_message_is_words_like_any_other() -> None:
    stage = Stage(RESIDENT)
    origin = {"type": "hidden_user", "sender_user_name": "张三", "date": 1}
    await stage.says("三单元漏水", forward_origin=origin)
    assert stage.step == "offer"


@pytest.mark.parametrize("data", ["mine.page:1", "menu.open:0:points", "request.see:17", "form.submit:1"])
async def test_a_personal_button_forged_into_a_group_shows_nothing_there(data: str) -> None:
    stage = Stage(RESIDENT)
    await stage.forges(data, group=GROUP)
    assert stage.speaker.log == []
    assert stage.store.replies == []
    assert stage.speaker.toasts == [(stage.text("unknown.press"), True)]
