"""Whatever else people send or forge: answered in words, without harm, and never stopping anyone else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.databases import on_sqlite
from tests.support.paths import FLAT, claimed, latest, raised, reported, words_of
from tests.support.program import Program

pytestmark = on_sqlite

NASTY = "<b>粗</b> & <i> {name} {0} %s request.card </b><script>"
TURNED = "\u202e反的\u202c\u200b\u2066字\u2069\u0000\ufeff"


async def nothing_is_stuck(program: Program) -> None:
    """Every update was worked off and every message left."""
    assert await program.store.stuck() == ([], [])


async def test_an_unknown_command_is_answered_with_the_way_to_the_menu(program: Program) -> None:
    await program.lan.says("/frobnicate now")
    program.lan.reads("unknown.command", "/frobnicate")


async def test_a_sticker_is_thanked_for(program: Program) -> None:
    await program.lan.does(program.lan.sends_sticker())
    program.lan.reads("stray.sticker")


async def test_an_edited_message_is_explained(program: Program) -> None:
    lan = program.lan
    message = await lan.sends("楼道灯坏了")
    await program.quiet()
    await lan.does(lan.edits(message.id, "楼道灯好了"))
    lan.reads("stray.edited")
    await lan.presses("request.pass")
    lan.reads("ask.category")


@pytest.mark.parametrize(
    "update",
    [
        {"channel_post": {"text": "通知", "chat": {"id": -1005, "type": "channel", "title": "频道"}}},
        {"message": {"text": "通知", "forward_origin": {"type": "channel", "date": 1, "message_id": 3,
         "chat": {"id": -1005, "type": "channel", "title": "频道"}}}},
        {"message": {"poll": {"id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False,
         "is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "allows_revoting": True,
         "members_only": False}}},
        {"message": {"dice": {"emoji": "🎲", "value": 3}}},
        {"message": {"text": "", "photo": []}},
        {"message": {"pinned_message": {"message_id": 1, "date": 0, "chat": {"id": 1005, "type": "private"}}}},
        {"something_of_tomorrow": {"id": 5}},
    ],
    ids=["channel post", "forwarded", "poll", "dice", "empty photo", "service message", "unknown kind"],
)  # fmt: skip
async def test_updates_of_every_kind_are_worked_off(program: Program, update: dict[str, Any]) -> None:
    lan = program.lan
    user = program.sandbox.world.user(lan.user_id)
    common = {"message_id": 9000, "date": 1, "chat": program.sandbox.world.chat(lan.user_id), "from": user}
    program.sandbox.emit({kind: {**common, **body} for kind, body in update.items()})
    await program.quiet()
    await nothing_is_stuck(program)
    await lan.says("/menu")
    lan.reads("menu.title")


async def test_the_longest_message_is_explained_and_what_fits_goes_through_uncut(program: Program) -> None:
    lan, chen = program.lan, program.chen
    await lan.says("/request", "灯" * 4096)
    lan.reads("request.too_long", "4000")
    await lan.says("灯" * 4000)
    lan.reads("ask.category")
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact())
    await lan.presses("request.submit")
    request_id = latest(lan)
    chen.reads("desk.due")
    await lan.does(lan.start(f"r-{request_id}"))
    await chen.presses(f"request.accept:{request_id}")
    program.wang.reads("task.free")
    await nothing_is_stuck(program)


async def test_a_hundred_photos_are_taken_as_far_as_they_go_and_the_rest_is_explained(
    program: Program,
) -> None:
    lan = program.lan
    await lan.says("/request")
    await program.at_once(*(lan.sends_photo(media_group_id=f"a{n // 10}") for n in range(100)))
    lan.reads("request.too_many_parts", "20")
    await lan.presses("form.done", "request.category")
    await lan.presses("request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact())
    await lan.presses("request.submit")
    await program.chen.presses("request.photos")
    assert len([m for m in program.chen.messages if "photo" in m]) == 20
    await nothing_is_stuck(program)


async def test_a_photo_without_a_caption_is_enough(program: Program) -> None:
    lan = program.lan
    await lan.does(lan.sends_photo(caption=""))
    lan.reads("ask.pass_on")
    await lan.presses("request.pass")
    lan.reads("ask.category")


@pytest.mark.parametrize("words", [NASTY, TURNED + "灯坏了"], ids=["markup", "invisible"])
async def test_markup_and_invisible_tricks_arrive_as_plain_words_everywhere(
    program: Program, words: str
) -> None:
    lan, chen, wang = program.lan, program.chen, program.wang
    for player in program.players.values():
        player.expects(None)
    await lan.says("/request", words)
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(f"{words[:20]}3", f"李{words[:20]}")
    await lan.does(lan.shares_contact())
    await lan.presses("request.submit")
    await chen.presses("request.accept")
    await wang.presses("task.claim", "request.write")
    await wang.says(words)
    await wang.presses("task.done", "task.minutes")
    await wang.says(words)
    await wang.presses("form.done")
    await lan.presses("request.unsolved")
    await lan.says(words)
    shown = words.replace("\x00", "")
    for character in "\u202e\u202c\u200b\u2066\u2069\ufeff":
        shown = shown.replace(character, "")
    wang.reads("state.claim.rework", shown)
    read = "".join(m.text for p in (lan, chen, wang) for m in p.messages if m.from_bot)
    assert not set(read) & set("\u202e\u202c\u2066\u2069\ufeff\x00")
    await nothing_is_stuck(program)


FOREIGN = (
    "request.see:{id}", "request.add:{id}", "request.withdraw:{id}", "request.withdrawyes:{id}", "request.keep:{id}",
    "request.solved:{id}", "request.rate:{id}:5", "request.surely:{id}:1", "request.unsolved:{id}",
    "request.photos:{id}", "request.write:{id}", "desk.open:{id}", "request.accept:{id}:1", "request.correct:{id}:1",
    "request.setcat:{id}:noise", "request.seturg:{id}:urgent", "request.places:{id}:3", "request.decline:{id}:1",
    "task.see:{id}", "task.claim:{id}:1", "task.start:{id}", "task.done:{id}", "task.release:{id}", "visit.see:1",
    "visit.rate:1:5", "alarm.seen:1", "alarm.see:1", "pairing.new:0", "proxy.new:0", "group.bind:1",
)  # fmt: skip


async def test_a_forged_press_on_another_persons_thing_changes_and_reveals_nothing(program: Program) -> None:
    request_id = await claimed(program)
    emily, lan, wang = program.emily, program.lan, program.wang
    before = [*lan.messages, *wang.messages]
    await emily.says("/menu")
    for data in FOREIGN:
        await emily.forged(data.format(id=request_id), message_id=emily.messages[-1].id)
        read = "".join(emily.news)
        assert read or data == "group.bind:1", data
        for secret in (FLAT, words_of(lan), "李桂兰", "王建国"):
            assert secret not in read, data
        assert [*lan.messages, *wang.messages] == before, data
    await nothing_is_stuck(program)


SENSELESS = (
    "request.see:999999", "task.claim:999999:1", "desk.open:0", "unit.pick:999999", "unit.here:999999",
    "request.accept:999999999999999999:1", "mine.page:0", "mine.page:99999", "request.rate:1:9", "request.rate:1",
    "menu.open:0:nothing", "language.pick:0:tlh", "consent.yes:99", "nonsense", "", ":", "request.see:-1",
    "request.see:1e9", "a" * 64, "request.submit:999", "form.back:0",
)  # fmt: skip


async def test_a_press_that_makes_no_sense_is_answered_and_changes_nothing(program: Program) -> None:
    chen = program.chen
    request_id = await raised(program.lan)
    for data in SENSELESS:
        await chen.says("/menu")
        await chen.forged(data, message_id=chen.messages[-1].id)
        assert chen.news, data
    await nothing_is_stuck(program)
    assert chen.offers(f"request.accept:{request_id}")


async def test_a_button_of_an_older_version_of_a_card_shows_it_as_it_is_now(program: Program) -> None:
    chen = program.chen
    request_id = await raised(program.lan)
    card = chen.shown(f"request.accept:{request_id}")
    await chen.presses(f"request.correct:{request_id}", f"request.setcat:{request_id}:noise")
    await chen.does(chen.forges(card.buttons[0][1], card.id))
    await nothing_is_stuck(program)
    chen.reads("desk.accepted_by")


async def test_who_blocks_the_bot_half_way_finds_everything_when_coming_back(program: Program) -> None:
    lan, wang = program.lan, program.wang
    request_id = await raised(lan)
    await lan.does(lan.blocks())
    await program.chen.presses(f"request.accept:{request_id}")
    await wang.presses("task.claim", "task.start")
    assert lan.news == []
    await lan.does(lan.unblocks())
    await lan.says("/mine")
    lan.reads("state.request.in_progress")
    await lan.presses(f"request.see:{request_id}")
    lan.reads("step.task.started", "王建国")
    await wang.presses("task.done", "task.minutes")
    await wang.presses("form.skip")
    lan.reads("request.done")
    await nothing_is_stuck(program)


async def test_an_account_that_is_gone_stops_nobody(program: Program) -> None:
    lan, wang = program.lan, program.wang
    await claimed(program)
    await lan.does(lan.deletes_account())
    await wang.presses("task.start", "task.done", "task.minutes", "form.skip")
    wang.reads("report.sent")
    await nothing_is_stuck(program)


async def test_offers_follow_a_group_that_became_a_supergroup(program: Program) -> None:
    zhao, wang, chen = program.zhao, program.wang, program.chen
    group = program.group("一号楼党员群", zhao, wang)
    await zhao.does(zhao.sends("/bind", chat=group))
    await zhao.presses("group.bind", chat=group)
    first = await raised(program.lan)
    await chen.presses(f"request.accept:{first}")
    moved = group.migrate()
    await program.quiet()
    await wang.presses("task.claim")
    second = await raised(program.lan)
    await chen.presses(f"request.accept:{second}")
    assert any("电梯故障" in message.text for message in moved.messages)
    await wang.presses("task.claim", chat=moved)
    wang.reads("toast.claimed")
    await nothing_is_stuck(program)


async def test_a_group_that_moved_unseen_is_followed_when_the_next_offer_is_sent(program: Program) -> None:
    zhao, chen = program.zhao, program.chen
    group = program.group("一号楼党员群", zhao)
    await zhao.does(zhao.sends("/bind", chat=group))
    await zhao.presses("group.bind", chat=group)
    moved = group.migrate()
    for update in program.sandbox.pending_updates:
        program.sandbox.world.forget_update(update["update_id"])
    request_id = await raised(program.lan)
    await chen.presses(f"request.accept:{request_id}")
    assert any("电梯故障" in message.text for message in moved.messages)


async def test_a_group_that_removed_the_bot_is_left_in_peace(program: Program) -> None:
    zhao = program.zhao
    group = program.group("一号楼党员群", zhao)
    await zhao.does(zhao.sends("/bind", chat=group))
    await zhao.presses("group.bind", chat=group)
    group.removes_bot()
    await program.quiet()
    calls = len(program.sandbox.record)
    await reported(program)
    assert not any(call.chat_id == group.chat_id for call in program.sandbox.record[calls:])
    await nothing_is_stuck(program)


async def test_a_channel_or_an_anonymous_administrator_has_no_rights_in_a_group(program: Program) -> None:
    zhao = program.zhao
    group = program.group("一号楼党员群", zhao)
    chat = program.sandbox.world.chat(group.chat_id)
    program.sandbox.emit(
        {
            "message": {
                "message_id": 9001,
                "date": 1,
                "chat": chat,
                "from": {
                    "id": 1087968824,
                    "is_bot": True,
                    "first_name": "Group",
                    "username": "GroupAnonymousBot",
                },
                "sender_chat": chat,
                "text": "/bind",
                "entities": [{"type": "bot_command", "offset": 0, "length": 5}],
            }
        }
    )
    await program.quiet()
    zhao.reads("group.no_unit", chat=group)
    await nothing_is_stuck(program)
