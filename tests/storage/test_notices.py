"""Notices on their way over a real store: everybody once, whatever happens meanwhile, and sums that are true.

On PostgreSQL where statements or races are what is tried; what follows from the rules alone runs on SQLite.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select, update

from domain.appointments import Revoke
from domain.base import Actor, Content, Role
from domain.merging import MergePeople
from domain.notices.correcting import AskAgain
from domain.notices.shapes import (
    ConfirmNotice,
    GoOnNotice,
    HoldNotice,
    NoticeState,
    PutText,
    ReadNotice,
    RemindNotice,
    SetTime,
    StartNotice,
    StopNotice,
    TickOffCall,
    WithdrawNotice,
)
from domain.people import Appoint
from domain.privacy import ForgetMe
from domain.reshaping import MergeUnit
from domain.roster import SuspendPerson
from domain.rulebook import Rulebook
from domain.threads import AnswerNotice
from storage import mailings, receipts
from storage.engine import Engine
from storage.schema import outbox
from storage.schema_notices import receipt
from storage.unit import Done, Refusal, Store
from tests.support.databases import on_sqlite
from tests.support.delivery import deliver, fence
from tests.support.notices import (
    Phones,
    composed,
    confirmed,
    frozen,
    say_yes,
    seen,
    states,
    sums,
    walked,
)
from tests.support.village import CLI, Soul, Village, appointed, arrived, do, village

T = TypeVar("T")
HOUSE = 6
"""The leader, three members and two residents of building 1."""
NIGHT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""23:00 in Shanghai."""
MORNING = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
"""07:30 the next day, when the quiet hours end."""


@dataclass
class Scene:
    """The village with delivery's lease taken and phones in everybody's hands."""

    place: Village
    phones: Phones
    held: int


@pytest.fixture
async def scene(store: Store, now: datetime) -> Scene:
    place = await village(store, now=now)
    held = await fence(store, now=now)
    await deliver(store, held=held, now=now)
    return Scene(place, Phones(store, held=held), held)


def ids(place: Village) -> set[int]:
    """Whom a notice to building 1 is for."""
    return {soul.id for soul in (place.leader, *place.members, place.resident, place.neighbour)}


async def sending(store: Store, scene: Scene, *, now: datetime, on: tuple[str, ...] = ()) -> int:
    """A notice to building 1 whose recipients are with delivery."""
    number = await confirmed(store, scene.place.leader, scene.place.building, now=now, on=on)
    await frozen(store, number, now=now)
    await walked(store, now=now)
    return number


async def sent_off(store: Store, scene: Scene, *, now: datetime, on: tuple[str, ...] = ()) -> int:
    """The same, in everybody's hands."""
    number = await sending(store, scene, now=now, on=on)
    await scene.phones.settle(now=now)
    assert (await seen(store, number)).state is NoticeState.SENT
    return number


async def refused(store: Store, action: Any, soul: Soul | Actor, *, now: datetime) -> str:
    """The key of the refusal."""
    outcome = await store.perform(action, soul.who if isinstance(soul, Soul) else soul, now=now)
    assert isinstance(outcome, Refusal), outcome
    return outcome.key


# --- written down, and leaving ------------------------------------------------------------------------------------------


async def test_everybody_it_is_for_gets_it_once_and_nothing_is_left_in_the_outbox(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sent_off(store, scene, now=now)
    assert await states(engine, number) == dict.fromkeys(ids(scene.place), "sent")
    assert len(scene.phones.got) == HOUSE
    fares = await sums(engine, number)
    assert (fares.total, fares.sent, fares.queued) == (HOUSE, HOUSE, 0)
    copies = select(outbox.c.id).where(outbox.c.kind == "notice.copy")
    assert not await engine.read(lambda c: c.execute(copies).all())


@on_sqlite
async def test_who_belongs_there_in_two_ways_gets_it_once(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    place = scene.place
    await do(store, Appoint(21, Role.MEMBER, place.building), CLI, now=now)
    await do(store, Appoint(21, Role.LEADER, place.units["b2"]), CLI, now=now)
    number = await confirmed(store, place.secretary, place.units["grid"], now=now)
    await scene.phones.settle(now=now)
    assert set(await states(engine, number)) == ids(place) | {place.stranger.id}
    assert scene.phones.got.count((number, place.resident.chat)) == 1


class _KilledError(Exception):
    """The process ends here."""


class Killed(Store):
    """A store whose process dies in its ``at``-th unit from here, before the commit or right after it."""

    at = 0
    before = True

    async def _commit(self, unit: Callable[[Connection], T]) -> T:
        self.at -= 1
        if self.at:
            return await super()._commit(unit)

        def dying(connection: Connection) -> T:
            unit(connection)
            raise _KilledError

        if self.before:
            return await self._engine.write(dying)
        await super()._commit(unit)
        raise _KilledError


@pytest.mark.parametrize("before", [True, False], ids=["before the commit", "after it"])
async def test_a_kill_anywhere_while_recipients_are_written_down_misses_nobody_and_repeats_nobody(
    store: Store,
    engine: Engine,
    scene: Scene,
    rules: Rulebook,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    before: bool,
) -> None:
    monkeypatch.setattr(mailings, "STRETCH", 3)
    for at in (1, 2, 3):
        number = await confirmed(store, scene.place.leader, scene.place.building, now=now)
        killed = Killed(engine, rules=rules)
        killed.at, killed.before = at, before
        with pytest.raises(_KilledError):
            await frozen(killed, number, now=now)
        await frozen(store, number, now=now)
        assert (await seen(store, number)).state is NoticeState.SENDING
        assert set(await states(engine, number)) == ids(scene.place)
        assert (await sums(engine, number)).total == HOUSE


@on_sqlite
@pytest.mark.parametrize("before", [True, False], ids=["before the commit", "after it"])
async def test_a_kill_anywhere_in_a_walk_misses_nobody_and_repeats_nobody(
    store: Store,
    engine: Engine,
    scene: Scene,
    rules: Rulebook,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    before: bool,
) -> None:
    monkeypatch.setattr(mailings, "HANDFUL", 4)
    number = await confirmed(store, scene.place.leader, scene.place.building, now=now)
    await frozen(store, number, now=now)
    for _ in range(3):
        killed = Killed(engine, rules=rules)
        killed.at, killed.before = 1, before
        with pytest.raises(_KilledError):
            await walked(killed, now=now)
        await sums(engine, number)
        await scene.phones.take(now=now)
        await scene.phones.arrive(now=now)
    await scene.phones.settle(now=now)
    assert await states(engine, number) == dict.fromkeys(ids(scene.place), "sent")
    assert len(scene.phones.got) == HOUSE


@on_sqlite
async def test_what_may_have_left_when_the_process_died_is_not_sent_again_and_somebody_calls(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sending(store, scene, now=now)
    await scene.phones.take(now=now, most=2)
    again = await fence(store, now=now + timedelta(minutes=5), holder="two")
    await store.settle_orphans(fence=again, resends=lambda kind: False, now=now)
    scene.phones = Phones(store, held=again)
    await scene.phones.settle(now=now)
    assert (await seen(store, number)).state is NoticeState.SENT
    fares = await sums(engine, number)
    assert (fares.failed, fares.sent, fares.ahead) == (2, HOUSE - 2, 0)


@on_sqlite
async def test_a_walk_hands_over_only_as_much_as_is_needed_next(
    store: Store, engine: Engine, scene: Scene, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "HANDFUL", 4)
    number = await sending(store, scene, now=now)
    assert (await sums(engine, number)).queued == 4
    await scene.phones.take(now=now, most=3)
    await scene.phones.arrive(now=now)
    await walked(store, now=now)
    fares = await sums(engine, number)
    assert (fares.sent, fares.queued) == (3, 3)


@on_sqlite
async def test_who_joins_later_is_no_recipient(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sending(store, scene, now=now)
    late = await arrived(store, 77, name="新邻居", home=scene.place.building, now=now)
    await scene.phones.settle(now=now)
    assert late.id not in await states(engine, number)


# --- who cannot be reached ------------------------------------------------------------------------------------------------


async def test_who_cannot_be_reached_is_known_and_called_once(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    place = scene.place
    await store.person_left(None, telegram_id=place.neighbour.chat, now=now)
    number = await sending(store, scene, now=now)
    assert (await states(engine, number))[place.neighbour.id] == "unreachable"
    scene.phones.gone.add(place.resident.chat)
    await scene.phones.settle(now=now)
    assert (await seen(store, number)).state is NoticeState.SENT
    fares = await sums(engine, number)
    assert (fares.unreachable, fares.sent) == (2, HOUSE - 2)
    call = TickOffCall(number, place.resident.id)
    await do(store, call, place.leader.who, now=now)
    await do(store, call, place.secretary.who, now=now + timedelta(hours=1))
    called = select(receipt.c.called_by, receipt.c.called_at).where(receipt.c.person_id == place.resident.id)
    row = (await engine.read(lambda c: c.execute(called).all()))[0]
    assert (await sums(engine, number)).called == 1
    assert tuple(row) == (place.leader.id, now)
    assert await refused(store, TickOffCall(number, place.members[0].id), place.leader, now=now)


@on_sqlite
async def test_who_blocks_the_bot_while_it_waits_is_unreachable(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sending(store, scene, now=now)
    await store.person_left(None, telegram_id=scene.place.resident.chat, now=now)
    assert (await states(engine, number))[scene.place.resident.id] == "unreachable"
    assert (await sums(engine, number)).queued == HOUSE - 1


@on_sqlite
@pytest.mark.parametrize("queued", [False, True], ids=["before it is handed over", "after"])
@pytest.mark.parametrize("how", ["erased", "merged", "suspended"])
async def test_who_is_no_longer_there_gets_nothing(
    store: Store, engine: Engine, scene: Scene, now: datetime, how: str, queued: bool
) -> None:
    place = scene.place
    number = await confirmed(store, place.leader, place.building, now=now)
    await frozen(store, number, now=now)
    if queued:
        await walked(store, now=now)
    gone, other = place.neighbour, place.resident
    if how == "erased":
        await do(store, ForgetMe(), gone.who, now=now)
    elif how == "merged":
        await do(store, MergePeople(other.id, gone.id), place.secretary.who, now=now)
    else:
        await do(store, SuspendPerson(gone.id, "长期失联"), place.secretary.who, now=now)
    await scene.phones.settle(now=now)
    assert (number, gone.chat) not in scene.phones.got
    assert (await states(engine, number))[gone.id] == "left"
    fares = await sums(engine, number)
    assert (fares.left, fares.sent, fares.ahead) == (1, HOUSE - 1, 0)
    assert (await seen(store, number)).state is NoticeState.SENT


# --- held, stopped, taken back ----------------------------------------------------------------------------------------------


async def test_held_half_way_nothing_leaves_and_it_goes_on_with_exactly_the_rest(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sending(store, scene, now=now)
    await scene.phones.take(now=now, most=2)
    await do(store, HoldNotice(number), scene.place.leader.who, now=now)
    await scene.phones.settle(now=now)
    fares = await sums(engine, number)
    assert (fares.sent, fares.queued, fares.ahead) == (2, 0, HOUSE - 2)
    await do(store, GoOnNotice(number), scene.place.leader.who, now=now)
    await scene.phones.settle(now=now)
    assert await states(engine, number) == dict.fromkeys(ids(scene.place), "sent")
    assert len(scene.phones.got) == HOUSE


async def test_held_and_gone_on_with_while_it_walks_and_leaves_everybody_gets_it_once(
    store: Store, engine: Engine, scene: Scene, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "HANDFUL", 4)
    number = await sending(store, scene, now=now)
    phones, leader = scene.phones, scene.place.leader
    for action in (HoldNotice(number), GoOnNotice(number)) * 3:
        taken = await phones.take(now=now, most=2)
        walk = await store.mailings.walking()
        await asyncio.gather(
            phones.arrive(now=now, fates={row.chat_id: "waiting" for row in taken[:1]}),
            *(store.mailings.walk(one.id, now=now) for one in walk),
            do(store, action, leader.who, now=now),
        )
        await sums(engine, number)
    await phones.settle(now=now)
    assert await states(engine, number) == dict.fromkeys(ids(scene.place), "sent")
    assert len(phones.got) == HOUSE


@on_sqlite
async def test_what_comes_back_from_the_wire_while_it_is_held_waits_with_the_rest(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sending(store, scene, now=now)
    taken = await scene.phones.take(now=now)
    await do(store, HoldNotice(number), scene.place.leader.who, now=now)
    await scene.phones.arrive(now=now, fates={row.chat_id: "waiting" for row in taken})
    assert not await scene.phones.take(now=now)
    assert (await sums(engine, number)).queued == 0
    await do(store, GoOnNotice(number), scene.place.leader.who, now=now)
    await scene.phones.settle(now=now)
    assert (await sums(engine, number)).sent == HOUSE


@on_sqlite
async def test_stopped_half_way_it_reaches_nobody_further_and_who_has_it_keeps_it(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sending(store, scene, now=now)
    taken = await scene.phones.take(now=now, most=3)
    await do(store, StopNotice(number), scene.place.leader.who, now=now)
    await scene.phones.arrive(now=now, fates={taken[0].chat_id: "waiting"})
    await scene.phones.settle(now=now)
    fares = await sums(engine, number)
    assert (fares.sent, fares.stopped) == (2, HOUSE - 2)
    assert len(scene.phones.shows) == 2
    assert await refused(store, GoOnNotice(number), scene.place.leader, now=now) == "notice.not_now"


@on_sqlite
async def test_stopped_while_recipients_are_written_down_nothing_leaves(
    store: Store, scene: Scene, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "STRETCH", 4)
    number = await confirmed(store, scene.place.leader, scene.place.building, now=now)
    assert (await store.mailings.freeze(number, now=now)).more
    await do(store, StopNotice(number), scene.place.leader.who, now=now)
    await scene.phones.settle(now=now)
    assert not scene.phones.got
    assert (await seen(store, number)).state is NoticeState.CANCELLED


async def test_withdrawn_every_copy_goes_and_what_is_on_the_wire_follows(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sending(store, scene, now=now)
    await scene.phones.take(now=now, most=2)
    await scene.phones.arrive(now=now)
    await scene.phones.take(now=now, most=2)
    await do(store, WithdrawNotice(number), scene.place.leader.who, now=now)
    await walked(store, now=now)
    assert len(scene.phones.shows) == 2
    await scene.phones.settle(now=now)
    assert not scene.phones.shows
    fares = await sums(engine, number)
    assert (fares.sent, fares.stopped) == (4, HOUSE - 4)
    assert await refused(store, ReadNotice(number), scene.place.resident, now=now) == "notice.withdrawn"
    assert not await store.mailings.walking()


async def test_reminders_follow_what_they_quote_also_those_on_the_wire(
    store: Store, scene: Scene, now: datetime
) -> None:
    place, number = scene.place, await sent_off(store, scene, now=now)
    later = now + timedelta(days=2)
    await do(store, RemindNotice(number), place.leader.who, now=later)
    await walked(store, now=later)
    await scene.phones.take(now=later, most=2)
    await scene.phones.arrive(now=later)
    await scene.phones.take(now=later, most=2)
    await do(store, PutText(number, "zh", "改到后天", 4), place.leader.who, now=later)
    await walked(store, now=later)
    await scene.phones.settle(now=later)
    assert list(scene.phones.quotes.values()) == ["改到后天"] * HOUSE
    await do(store, AskAgain(number), place.leader.who, now=later)
    await walked(store, now=later)
    await scene.phones.take(now=later, most=2)
    await do(store, WithdrawNotice(number), place.leader.who, now=later)
    await walked(store, now=later)
    await scene.phones.settle(now=later)
    assert not scene.phones.quotes


@on_sqlite
async def test_what_was_said_in_the_name_of_a_unit_that_is_no_more_can_still_be_withdrawn(
    store: Store, scene: Scene, now: datetime
) -> None:
    place, number = scene.place, await sent_off(store, scene, now=now)
    admin = await appointed(store, 51, name="孙立", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    await do(store, MergeUnit(place.building, place.units["b2"], 1), admin.who, now=now)
    await do(store, WithdrawNotice(number), place.secretary.who, now=now)
    await scene.phones.settle(now=now)
    assert not scene.phones.shows


async def test_corrected_everybody_has_the_new_words_also_who_was_just_getting_the_old(
    store: Store, scene: Scene, now: datetime
) -> None:
    number = await sending(store, scene, now=now)
    await scene.phones.take(now=now, most=2)
    await scene.phones.arrive(now=now)
    await scene.phones.take(now=now, most=2)
    await do(store, PutText(number, "zh", "改到后天", 4), scene.place.leader.who, now=now)
    await walked(store, now=now)
    await scene.phones.settle(now=now)
    assert list(scene.phones.shows.values()) == ["改到后天"] * HOUSE
    assert len(scene.phones.got) == HOUSE
    assert (await seen(store, number)).state is NoticeState.SENT


# --- read, answered, reminded -------------------------------------------------------------------------------------------------


async def test_two_presses_at_once_are_read_once_and_the_first_moment_stays(
    store: Store, engine: Engine, scene: Scene, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, who = await sent_off(store, scene, now=now), scene.place.resident
    await asyncio.gather(*(do(store, ReadNotice(number), who.who, now=now) for _ in range(2)))
    await do(store, ReadNotice(number), who.who, now=now + timedelta(hours=1))
    read_at = select(receipt.c.read_at).where(receipt.c.person_id == who.id)
    assert await engine.read(lambda c: c.execute(read_at).scalar_one()) == now
    assert (await sums(engine, number)).read == 1


@on_sqlite
async def test_without_the_condition_two_presses_would_count_twice(
    store: Store, engine: Engine, scene: Scene, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(connection: Connection, sweep: Any) -> None:
        mine = (receipt.c.notice_id == sweep.notice_id) & (receipt.c.person_id == sweep.person_id)
        connection.execute(update(receipt).where(mine).values(read_at=sweep.at))
        receipts.count(connection, sweep.notice_id, read=1)

    number, who = await sent_off(store, scene, now=now), scene.place.resident
    await do(store, ReadNotice(number), who.who, now=now)
    await engine.write(lambda c: careless(c, receipts.MarkRead(number, who.id, now)))
    with pytest.raises(AssertionError):
        await sums(engine, number)


async def test_only_who_has_not_read_it_is_reminded_and_not_too_often(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    place, number = scene.place, await sent_off(store, scene, now=now)
    await do(store, ReadNotice(number), place.resident.who, now=now)
    await do(store, RemindNotice(number), place.leader.who, now=now)
    await walked(store, now=now)
    await do(store, ReadNotice(number), place.neighbour.who, now=now)
    await scene.phones.settle(now=now)
    reminded = {soul.chat for soul in (place.leader, *place.members)}
    assert sorted(scene.phones.reminders) == sorted(reminded)
    assert await refused(store, RemindNotice(number), place.secretary, now=now) == "notice.reminded"
    later = now + timedelta(days=1)
    await do(store, RemindNotice(number), place.secretary.who, now=later)
    await scene.phones.settle(now=later)
    assert sorted(scene.phones.reminders) == sorted([*reminded, *reminded])
    assert (await sums(engine, number)).reminded == HOUSE - 1


async def test_after_a_correction_everybody_who_has_it_is_asked_to_look_again_once(
    store: Store, engine: Engine, scene: Scene, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "HANDFUL", 4)
    place, number = scene.place, await sent_off(store, scene, now=now)
    await do(store, ReadNotice(number), place.resident.who, now=now)
    await do(store, PutText(number, "zh", "改到后天", 4), place.leader.who, now=now)
    await do(store, AskAgain(number), place.leader.who, now=now)
    await scene.phones.settle(now=now)
    assert sorted(scene.phones.asked_again) == sorted(
        (soul.chat, "改到后天") for soul in (place.leader, *place.members, place.resident, place.neighbour)
    )
    again = await refused(store, AskAgain(number), place.secretary, now=now)
    assert again == "notice.asked_again_before"
    assert await refused(store, AskAgain(number), place.stranger, now=now) == "refused.not_found"
    assert (await sums(engine, number)).read == 1


async def test_by_hand_first_the_one_by_itself_still_comes_once(
    store: Store, scene: Scene, now: datetime
) -> None:
    number = await sent_off(store, scene, now=now, on=("remind",))
    by_hand, hour = now + timedelta(hours=20), timedelta(hours=1)
    await do(store, RemindNotice(number), scene.place.leader.who, now=by_hand)
    assert await store.mailings.to_remind(now=by_hand + 23 * hour) == ()
    assert await store.mailings.to_remind(now=by_hand + 24 * hour) == (number,)
    await do(store, RemindNotice(number), Actor.system("notices"), now=by_hand + 24 * hour)
    assert await store.mailings.to_remind(now=by_hand + 99 * hour) == ()


@on_sqlite
async def test_who_answers_has_read_it_and_counts_once(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    number = await sent_off(store, scene, now=now, on=("answerable",))
    for _ in range(2):
        await do(store, AnswerNotice(number, (Content("text", "几点？"),)), scene.place.resident.who, now=now)
    await do(store, ReadNotice(number), scene.place.resident.who, now=now)
    assert (await sums(engine, number)).read == 1


@on_sqlite
async def test_an_answer_is_kept_and_nobody_answers_what_they_never_got(
    store: Store, scene: Scene, now: datetime
) -> None:
    number = await sent_off(store, scene, now=now, on=("answerable",))
    answer = AnswerNotice(number, (Content("text", "<b>几点来水？</b>"),))
    await do(store, answer, scene.place.resident.who, now=now)
    assert await refused(store, answer, scene.place.stranger, now=now) == "refused.not_found"
    assert (await refused(store, ReadNotice(number), scene.place.stranger, now=now)) == "refused.not_found"


# --- when it leaves ---------------------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("urgent", [False, True])
async def test_in_quiet_hours_only_what_is_urgent_leaves(store: Store, scene: Scene, urgent: bool) -> None:
    number = await sending(store, scene, now=NIGHT, on=("urgent",) if urgent else ())
    await scene.phones.settle(now=NIGHT)
    assert len(scene.phones.got) == (HOUSE if urgent else 0)
    await scene.phones.settle(now=MORNING - timedelta(seconds=1))
    assert len(scene.phones.got) == (HOUSE if urgent else 0)
    await scene.phones.settle(now=MORNING)
    assert len(scene.phones.got) == HOUSE
    assert (await seen(store, number)).state is NoticeState.SENT


async def test_a_planned_one_begins_at_its_time_unless_its_author_serves_no_more(
    store: Store, scene: Scene, now: datetime
) -> None:
    place, later = scene.place, now + timedelta(hours=2)
    numbers = []
    for soul, unit in ((place.leader, place.building), (place.secretary, place.building)):
        number = await composed(store, soul, unit, now=now)
        await do(store, SetTime(number, later), soul.who, now=now)
        await say_yes(store, soul, number, now=now)
        numbers.append(number)
    assert await store.mailings.due(now=later - timedelta(seconds=1)) == ()
    assert set(await store.mailings.due(now=later)) == set(numbers)
    await dismissed(store, place.leader, now=later)
    for number in numbers:
        await do(store, StartNotice(number), Actor.system("notices"), now=later)
    assert [(await seen(store, number)).state for number in numbers] == [
        NoticeState.DROPPED,
        NoticeState.FREEZING,
    ]
    assert await store.mailings.due(now=later) == ()


async def dismissed(store: Store, soul: Soul, *, now: datetime) -> None:
    """Their appointment ends."""
    unit = await store.unit_by_code("b1") or 0
    await do(store, Revoke(soul.chat, Role.LEADER, unit), CLI, now=now)


# --- two people's yes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def rules() -> Rulebook:
    """The community needs a second yes; the grid, with both its buildings, does not."""
    return replace(Rulebook(), notices=replace(Rulebook().notices, second_above=HOUSE + 1))


async def test_two_secretaries_who_confirm_at_once_are_one_first_and_one_second_or_one_alone(
    store: Store, engine: Engine, scene: Scene, now: datetime
) -> None:
    place = scene.place
    other = await appointed(
        store, 13, name="吴书记", role=Role.SECRETARY, unit_id=place.units["community"], now=now
    )
    number = await composed(store, place.secretary, place.units["community"], now=now)
    version = (await seen(store, number)).version
    yes = [
        store.perform(ConfirmNotice(number, version), soul.who, now=now) for soul in (place.secretary, other)
    ]
    outcomes = await asyncio.gather(*yes)
    assert sorted(isinstance(outcome, Done) for outcome in outcomes) == [False, True]
    asked = await seen(store, number)
    assert asked.state is NoticeState.ASKED
    first = place.secretary if asked.confirmed_by == place.secretary.id else other
    second = other if first is place.secretary else place.secretary
    again = ConfirmNotice(number, asked.version)
    assert await refused(store, again, first, now=now) == "notice.not_twice"
    outcomes = await asyncio.gather(*(store.perform(again, second.who, now=now) for _ in range(2)))
    assert sorted(isinstance(outcome, Done) for outcome in outcomes) == [False, True]
    await scene.phones.settle(now=now)
    assert len(scene.phones.got) == HOUSE + 3
    assert (await seen(store, number)).seconded_by == second.id


@on_sqlite
async def test_one_building_goes_out_at_one_persons_word(store: Store, scene: Scene, now: datetime) -> None:
    number = await confirmed(store, scene.place.leader, scene.place.building, now=now)
    assert (await seen(store, number)).state is NoticeState.FREEZING
