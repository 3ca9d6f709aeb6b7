"""People who say they are somebody else, links that lead where they must not, and buttons that no message has."""

from __future__ import annotations

import pytest

from domain.base import Role
from storage.units import UnitRow
from tests.support.databases import on_sqlite
from tests.support.dump import count, differences, dump, rows
from tests.support.paths import FLAT, accepted, claimed, raised
from tests.support.program import Program

pytestmark = on_sqlite

ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
QUIETLY = {"inbox", "outbox", "draft", "lease", "job", "job_run", "card"}


async def state(program: Program) -> dict[str, list[str]]:
    """Every row of everything that is not about messages on their way."""
    found = await dump(program.store._engine)
    return {table: rows for table, rows in found.items() if table not in QUIETLY}


async def nothing_failed(program: Program) -> None:
    """No update was set aside or tried twice."""
    failed = await rows(program.store._engine, "inbox", "update_id", "error", where="error IS NOT NULL")
    assert not failed


async def emitted(program: Program, **update: object) -> None:
    """An update as Telegram would send it, to its last consequence."""
    program.sandbox.emit(update)
    await program.quiet()


async def test_an_anonymous_administrator_may_not_bind_a_group(program: Program) -> None:
    group = program.group("1号楼", program.zhao, program.lan)
    chat = {"id": group.chat_id, "type": "group", "title": "1号楼"}
    entities = [{"type": "bot_command", "offset": 0, "length": 5}]
    said = {"message_id": 900, "date": 1_772_416_800, "chat": chat, "text": "/bind", "entities": entities}
    await emitted(program, message={**said, "from": ANONYMOUS, "sender_chat": chat})
    assert "unit.pick" not in str(group.messages)
    assert not any(data.startswith("group.bind") for message in group.messages for _, data in message.buttons)
    assert await count(program.store._engine, "chat_group", "unit_id IS NOT NULL") == 0
    await program.zhao.does(program.zhao.sends("/bind", chat=group))
    assert any(data.startswith("group.bind") for message in group.messages for _, data in message.buttons)
    await nothing_failed(program)


async def test_whoever_else_presses_the_secretarys_binding_is_refused(program: Program) -> None:
    group = program.group("1号楼", program.zhao, program.lan)
    await program.zhao.does(program.zhao.sends("/bind", chat=group))
    await program.lan.does(program.lan.press("group.bind", chat=group))
    assert await count(program.store._engine, "chat_group", "unit_id IS NOT NULL") == 0
    await program.zhao.does(program.zhao.press("group.bind", chat=group))
    assert await count(program.store._engine, "chat_group", "unit_id IS NOT NULL") == 1


async def test_a_secretary_from_elsewhere_does_not_take_a_group_from_the_unit_it_serves(
    program: Program,
) -> None:
    await program.store.import_units([UnitRow(2, "c2", "community", "和平社区", "", "street")], dry_run=False)
    program.units["c2"] = await program.store.unit_by_code("c2") or 0
    other = program.person("和平书记", user_id=3001, started=True)
    await program.settles(other, role=Role.SECRETARY, at="c2")
    group = program.group("1号楼", program.zhao, other)
    await program.zhao.does(program.zhao.sends("/bind", chat=group))
    await program.zhao.does(program.zhao.press("group.bind", chat=group))
    before = await state(program)
    await other.does(other.sends("/bind", chat=group))
    await other.does(other.press(f"group.bind:{program.units['c2']}", chat=group))
    assert other.saw("refused.not_found")
    assert not differences(before, await state(program))


async def test_a_binding_pressed_on_no_message_binds_nothing(program: Program) -> None:
    user = {"id": program.zhao.user_id, "is_bot": False, "first_name": program.zhao.name}
    query = {"id": "77", "from": user, "chat_instance": "1", "inline_message_id": "AAAA"}
    await emitted(program, callback_query={**query, "data": f"group.bind:{program.units['b1']}"})
    assert await count(program.store._engine, "chat_group") == 0
    await nothing_failed(program)


@pytest.mark.parametrize("whose", [1001, None])
async def test_somebody_elses_contact_is_not_taken_for_ones_own(program: Program, whose: int | None) -> None:
    lan = program.lan
    await lan.says("/request", "楼道灯坏了")
    await lan.presses("request.category", "request.urgency", "request.private", "request.hide")
    await lan.says(FLAT, lan.name)
    await lan.does(lan.shares_contact(own=False, phone_number="+8613911112222", contact_user_id=whose))
    lan.reads("form.contact_not_own")
    assert not lan.offers("request.submit")
    assert await count(program.store._engine, "person", "phone IS NOT NULL") == 0
    await nothing_failed(program)


PAYLOADS = (
    "u-b1'; DROP TABLE person; --",
    "u-" + "x" * 200,
    "u-../../etc/passwd",
    "u-%00",
    "u-一",
    "r-１",
    "r-1 r-1",
    "r-999999999999999999999999999999",
    "r--1",
    "r-1",
    "t-1",
    "t-9223372036854775808",
    "R-1",
    "n-1",
    "menu",
    "<b>",
    "{name}",
    "\u202er-1",
    "-",
)


async def test_no_link_opens_what_its_reader_may_not_see(program: Program) -> None:
    request_id = await raised(program.lan, words="只给组长看的话")
    assert request_id == 1
    await program.chen.presses(f"request.accept:{request_id}")
    stranger = program.person("陌生人", user_id=3001)
    for player in (program.emily, stranger):
        before = await state(program)
        for payload in PAYLOADS:
            await player.says(f"/start {payload}")
            assert not any("只给组长看的话" in text or FLAT in text for text in player.news), payload
        assert not differences(before, await state(program))
        assert player.last is not None
    await nothing_failed(program)


async def test_a_press_on_a_message_that_telegram_forgot_still_counts(program: Program) -> None:
    await accepted(program)
    wang = program.wang
    data = next(d for _, d in wang.shown("task.claim").buttons if d.startswith("task.claim"))
    query = {
        "id": "77",
        "from": {"id": wang.user_id, "is_bot": False, "first_name": wang.name},
        "chat_instance": "1",
        "message": {"message_id": 54321, "date": 0, "chat": {"id": wang.user_id, "type": "private"}},
        "data": data,
    }
    await emitted(program, callback_query=query)
    assert await count(program.store._engine, "claim", "state = 'claimed'") == 1
    wang.reads("state.claim.claimed")
    await nothing_failed(program)


@pytest.mark.parametrize(
    "data",
    ["form.submit:1", "request.submit:1", "form.done:0", "request.pass:1", "form.back:3", "task.minutes:1:30",
     "request.category:1:lift", "pairing.cadence:1:7", "form.cancel:1", "request.calm:1"],
)  # fmt: skip
async def test_a_form_that_nobody_opened_is_not_submitted(program: Program, data: str) -> None:
    lan = program.lan
    stranger = program.person("陌生人", user_id=3001, started=True)
    before = await state(program)
    for player in (lan, stranger):
        await player.forged(data)
    assert lan.saw("form.too_late")
    assert stranger.saw("toast.start_first")
    assert not differences(before, await state(program))
    await nothing_failed(program)


async def test_another_persons_form_is_not_moved_by_its_buttons(program: Program) -> None:
    lan, emily = program.lan, program.emily
    await lan.says("/request", "楼道灯坏了")
    await emily.says("/request")
    for _, data in lan.shown("request.category").buttons:
        await emily.forged(data)
    assert not emily.offers("request.submit")
    await lan.presses("request.category")
    lan.reads("ask.urgency")


@pytest.mark.parametrize(
    "data",
    ["task.claim:99999999999999999999:1", "task.claim:1", "task.claim:0:1", "task.claim:١:1", "task.claim:1:1:1", "TASK.CLAIM:1:1",
     "request.rate:1:9", "request.rate:1:0", "request.rate:1:-5", "request.rate:1:99999999999999999999999999999999999",
     "request.places:1:0", "request.places:1:1000000", "request.setcat:1:nonsense", "request.seturg:1:nonsense",
     "visit.rate:1:7", "desk.page:999999999999999999", "mine.page:0", "unit.pick:999999999999999999", "menu.open:0:audit",
     "language.pick:0:xx", "consent.yes:7", ":", "\n", "a" * 64],
)  # fmt: skip
async def test_data_that_no_button_of_ours_has_does_nothing(program: Program, data: str) -> None:
    await claimed(program, by=program.lan)
    before = await state(program)
    for player in (program.lan, program.qiang, program.emily):
        await player.forged(data, message_id=12345)
        assert player.answers, "the waiting sign must go off the button"
    assert not differences(before, await state(program))
    await nothing_failed(program)
