"""One's own data in the chat: seen, exported, put right, forgotten; and the terms, asked again when they change."""

from __future__ import annotations

import re

import pytest

from bot.settings_model import CommunitySettings
from domain.base import Actor, Role
from domain.people import Appoint
from storage.unit import Who
from tests.support.databases import on_sqlite
from tests.support.dump import dump
from tests.support.paths import FLAT, accepted, claimed, raised, reported, words_of
from tests.support.player import Player
from tests.support.program import Program, settings_for

pytestmark = on_sqlite

EVIL = "<script>alert(1)</script>=1+1&{x}"


def phone_of(player: Player) -> str:
    """The number that the sandbox gave this person."""
    return f"138{player.user_id:08d}"


async def file_of(program: Program, player: Player) -> str:
    """The text of the newest document in this chat."""
    sent = [message for message in player.messages if "document" in message]
    assert sent, "a document"
    file_id = sent[-1]["document"]["file_id"]
    return (await program.app.fetch(file_id)).decode("utf-8")


async def raise_terms(program: Program) -> None:
    """The operator changes the terms and starts again."""
    await program.stops()
    program.settings = settings_for(program.location, community=CommunitySettings(consent_version=2))
    await program.starts()
    await program.quiet()


# --- seen, exported, put right ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_resident_reads_what_is_kept_and_for_how_long(program: Program, language: str) -> None:
    player = program.lan if language == "zh" else program.emily
    await raised(player)
    await player.says("/privacy")
    shown = player.reads("privacy.title", player.name, FLAT, phone_of(player), str(player.user_id), "1095")
    for key in ("privacy.requests", "privacy.words", "privacy.steps", "privacy.consented"):
        player.reads(key)
    assert [data for _, data in shown.buttons] == [
        "privacy.export:0",
        "privacy.correct:0",
        "privacy.forget:0",
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_export_holds_everything_and_is_on_record(program: Program, language: str) -> None:
    player = program.lan if language == "zh" else program.emily
    request_id = await reported(program, by=player, words=EVIL)
    await player.says("/privacy")
    await player.presses("privacy.export")
    player.reads("privacy.exported")
    page = await file_of(program, player)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;=1+1&amp;{x}" in page
    assert "<script" not in page
    assert f"#{request_id}" in page
    for part in (player.name, FLAT, phone_of(player), str(player.user_id), "换了保险丝"):
        assert part in page, part
    assert ("我的诉求" in page) == (language == "zh")
    assert not re.search(r"(?:src|href)=", page)
    events = await program.store._engine.read(lambda c: c.exec_driver_sql("SELECT event FROM audit").all())
    assert ("privacy.exported",) in {tuple(row) for row in events}


async def test_a_member_finds_work_and_points_in_the_export(program: Program) -> None:
    request_id = await reported(program)
    await program.lan.presses(f"request.solved:{request_id}", f"request.rate:{request_id}:5")
    await program.ticks("settlement")
    await program.wang.says("/privacy")
    program.wang.reads("privacy.title", "党员")
    await program.wang.presses("privacy.export")
    page = await file_of(program, program.wang)
    assert "换了保险丝" in page
    assert "荣誉积分" in page
    assert words_of(program.lan) not in page, "what the resident wrote is the resident's"


async def test_name_phone_and_flat_are_put_right_on_the_spot(program: Program) -> None:
    lan = program.lan
    await lan.says("/privacy")
    await lan.presses("privacy.correct")
    lan.reads("privacy.correct")
    for what, wrong, right in (
        ("name", "123", "李奶奶"),
        ("phone", "xyz", "13900002222"),
        ("flat", "x" * 99, "8-808"),
    ):
        await lan.presses(f"privacy.put:0:{what}")
        lan.reads(f"ask.own_{what}")
        await lan.says(wrong)
        lan.reads(f"form.{what}_wrong")
        await lan.says(right)
        lan.reads("privacy.corrected")
    await lan.says("/privacy")
    lan.reads("privacy.title", "李奶奶", "13900002222", "8-808")


async def test_a_stranger_has_nothing_to_see_and_nothing_to_forge(program: Program) -> None:
    hua = program.person("小华", started=True)
    hua.expects(None)
    await hua.says("/privacy")
    hua.reads("toast.start_first")
    for data in ("see", "export", "correct", "forget", "surely", "forgetyes"):
        await hua.forged(f"privacy.{data}:1001")
        assert not hua.saw("privacy.title")
    await hua.forged("privacy.put:0:name")
    await hua.forged("privacy.put:0:nothing")
    await hua.forged("consent.goon:0")


async def test_a_forged_number_shows_and_forgets_nobody_else(program: Program) -> None:
    await program.wang.forged(f"privacy.see:{program.lan.user_id}")
    program.wang.reads("privacy.title", "王建国")
    assert "李桂兰" not in "".join(program.wang.news)
    await program.wang.forged("privacy.forgetyes:5")
    program.wang.reads("privacy.farewell")
    await program.lan.says("/privacy")
    program.lan.reads("privacy.title", "李桂兰")


# --- forgotten --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_who_asks_twice_is_forgotten_and_may_begin_anew(program: Program, language: str) -> None:
    player = program.lan if language == "zh" else program.emily
    await claimed(program, by=player)
    await player.says("/privacy")
    await player.presses("privacy.forget")
    player.reads("privacy.forget")
    await player.presses("privacy.see")
    player.reads("privacy.title")
    await player.presses("privacy.forget", "privacy.surely")
    player.reads("privacy.forget_surely")
    player.reads("privacy.forget_running")
    await player.presses("privacy.forgetyes")
    player.reads("privacy.farewell")
    program.wang.reads("request.withdrawn_helper")
    assert await program.ticks("erasures") == 1
    dumped = await everything(program)
    for part in (phone_of(player), FLAT, words_of(player)):
        assert part not in dumped, part
    assert (await program.store.opening(Who(player.user_id), now=program.clock.now())).person is None
    player.expects(None)
    await player.says("/privacy")
    player.reads("toast.start_first")
    await player.does(player.start())
    player.reads("start.hello")


async def everything(program: Program) -> str:
    return repr(await dump(program.store._engine))


async def test_a_member_with_work_in_hand_finishes_it_first(program: Program) -> None:
    await claimed(program)
    wang = program.wang
    await wang.presses("task.start")
    await wang.says("/privacy")
    await wang.presses("privacy.forget", "privacy.surely", "privacy.forgetyes")
    wang.reads("privacy.work_first")
    await wang.presses("task.release")
    await wang.says("去不了")
    await wang.says("/privacy")
    await wang.presses("privacy.forget", "privacy.surely", "privacy.forgetyes")
    wang.reads("privacy.farewell")


async def test_a_helper_who_leaves_before_setting_out_is_replaced(program: Program) -> None:
    await claimed(program)
    wang, lan, qiang = program.wang, program.lan, program.qiang
    await wang.says("/privacy")
    await wang.presses("privacy.forget", "privacy.surely", "privacy.forgetyes")
    wang.reads("privacy.farewell")
    told = lan.reads("request.released").text
    assert "王建国" not in told
    qiang.reads("task.title")
    await qiang.presses("task.claim")


# --- terms ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_changed_terms_are_asked_with_the_next_words_which_go_on_after_the_yes(
    program: Program, language: str
) -> None:
    player = program.lan if language == "zh" else program.emily
    await raise_terms(program)
    await player.says(words_of(player))
    player.reads("consent.kept")
    player.reads("consent.changed", "2")
    await player.presses("consent.yes:2")
    player.reads("consent.thanks")
    player.reads("ask.pass_on_kept")
    await player.presses("request.pass")
    player.reads("ask.category")


async def test_a_form_half_filled_waits_for_the_yes_and_takes_what_was_said(program: Program) -> None:
    lan = program.lan
    await lan.says("/request", "电梯坏了")
    await raise_terms(program)
    await lan.presses("request.category")
    lan.reads("consent.changed")
    await lan.says("是三单元的")
    lan.reads("consent.kept")
    await lan.presses("consent.yes:2")
    lan.reads("consent.go_on")
    await lan.presses("consent.goon")
    lan.reads("ask.category")
    found = (await program.store.opening(Who(lan.user_id), now=program.clock.now())).draft
    assert found is not None
    assert [part["text"] for part in found.answers["contents"]] == ["电梯坏了", "是三单元的"]


async def test_a_press_on_an_old_card_asks_first_and_changes_nothing(program: Program) -> None:
    request_id = await reported(program)
    await raise_terms(program)
    lan = program.lan
    await lan.presses(f"request.solved:{request_id}", f"request.rate:{request_id}:5")
    lan.reads("consent.again")
    lan.reads("consent.changed")
    await lan.presses("consent.yes:2")
    await lan.presses(f"request.rate:{request_id}:5")
    lan.reads("request.rated")


async def test_no_means_that_nothing_new_goes_on_and_everything_can_be_erased(program: Program) -> None:
    await raise_terms(program)
    lan = program.lan
    await lan.says("/mine")
    lan.reads("consent.changed")
    await lan.presses("consent.no:2")
    lan.reads("consent.declined")
    await lan.says("/request")
    lan.reads("consent.changed")
    await lan.says("/privacy")
    lan.reads("privacy.title")
    await lan.presses("privacy.forget", "privacy.surely", "privacy.forgetyes")
    lan.reads("privacy.farewell")


async def test_danger_does_not_wait_for_the_yes(program: Program) -> None:
    await raise_terms(program)
    await program.lan.says("厨房着火了")
    program.lan.reads("alarm.danger")
    program.chen.reads("alarm.title")


async def test_staff_who_only_wait_for_messages_are_asked_when_one_is_held_back(program: Program) -> None:
    await raise_terms(program)
    for player in (program.lan, program.chen):
        await player.says("/menu")
    await program.lan.presses("consent.yes:2")
    await program.chen.presses("consent.yes:2")
    request_id = await accepted(program)
    assert not program.wang.saw("task.title")
    program.wang.reads("consent.changed")
    await program.wang.presses("consent.yes:2")
    program.wang.reads("task.title")
    await program.wang.presses("task.claim")
    program.lan.reads("request.claimed")
    assert request_id


async def test_an_old_yes_is_not_taken_for_the_new_terms(program: Program) -> None:
    await raise_terms(program)
    lan = program.lan
    await lan.says("/mine")
    await lan.forged("consent.yes:1", message_id=lan.messages[-1].id)
    assert not lan.saw("consent.thanks")
    await lan.says("/mine")
    lan.reads("consent.changed")


async def test_an_admin_alone_is_told_whom_to_ask(program: Program) -> None:
    zhao = program.zhao
    appoint = Appoint(telegram_id=zhao.user_id, role=Role.ADMIN, unit_id=program.units["street"])
    await program.performs(appoint, Actor.system("command-line"))
    await zhao.says("/privacy")
    await zhao.presses("privacy.forget", "privacy.surely", "privacy.forgetyes")
    zhao.reads("privacy.only_admin")
