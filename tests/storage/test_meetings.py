"""Meetings in the database: who is invited, told once each whatever is interrupted, who may see and change what."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from domain.appointments import EndAppointment
from domain.backup import ReportTrouble, Trouble
from domain.base import NOT_FOUND, Action, Actor, Role
from domain.jobs import Run
from domain.meetings.shapes import (
    CANCELLED,
    COPY,
    CORRECTED,
    MINE,
    MOVED,
    REMINDER,
    AddFollowup,
    AmendList,
    Answer,
    AnswerMeeting,
    CancelMeeting,
    CheckInMeeting,
    CloseMeeting,
    CorrectMeeting,
    FinishFollowup,
    KeepMinutes,
    LookAtDuty,
    LookAtMeeting,
    MeetingKind,
    MoveMeeting,
    PlanMeeting,
    Presence,
    SettleFollowup,
    TickGuest,
    Walking,
)
from domain.meetings.shown import (
    AttendancePage,
    ListMeetings,
    ListMyMeetings,
    MeetingCard,
    MinutesFacts,
    MyMeetings,
    SeeAttendance,
    SeeCheckIn,
    SeeCode,
    SeeDuties,
    SeeGuests,
    SeeMinutes,
    YearDuties,
)
from domain.merging import MergePeople
from domain.people import ChooseHome
from domain.privacy import ForgetMe, OwnRecord, ReadOwnRecord
from domain.queries import Card, Page, PointsFacts, SeeCard, SeePoints
from domain.roster import RestorePerson, SuspendPerson
from jobs.meetings import DUTIES, go_on
from storage import invitations, meetings
from storage.engine import Engine
from storage.schema import appointment, card, earning, outbox, person, remark
from storage.schema_meetings import meeting_duty, meeting_guest
from storage.unit import Done, Refusal, Store
from tests.support.meetings import HOUR, long_since, planned, seen_guest, seen_meeting, shown_code
from tests.support.village import WORDS, Soul, Village, appointed, do, village


@pytest.fixture
async def place(store: Store, now: datetime) -> Village:
    return await village(store, now=now)


async def got(engine: Engine, kind: str) -> list[int]:
    """To whom messages of a kind are on their way."""
    rows = await engine.read(
        lambda c: c.execute(
            select(outbox.c.person_id).where(outbox.c.kind == kind).order_by(outbox.c.person_id, outbox.c.id)
        ).scalars()
    )
    return list(rows)


async def id_of(engine: Engine, telegram_id: int) -> int:
    """Whose account it is."""
    return await engine.read(
        lambda c: c.execute(select(person.c.id).where(person.c.telegram_id == telegram_id)).scalar_one()
    )


async def refused(store: Store, action: Action, soul: Soul, *, now: datetime) -> str:
    """With which key."""
    outcome = await store.perform(action, soul.who, now=now)
    assert isinstance(outcome, Refusal), outcome
    return outcome.key


async def test_everybody_who_belongs_there_is_invited_once_however_small_the_steps(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "STRETCH", 1)
    monkeypatch.setattr(invitations, "PORTION", 2)
    second = await appointed(
        store, 190, name="外楼党员", role=Role.MEMBER, unit_id=place.units["b2"], now=now
    )
    # Twice a member of the same branch: invited once.
    await appointed(store, 190, name="外楼党员", role=Role.MEMBER, unit_id=place.units["grid"], now=now)
    number = await planned(
        store, place.secretary, place.units["grid"], now=now, kind=MeetingKind.BRANCH, told=False
    )
    # A step at a time, each of which may be the last of a process.
    while (await store.meetings.step(number, now=now)).more:
        assert (await seen_meeting(store, number)).walking is not Walking.RESTING
    everybody = sorted([place.leader.id, second.id, *(soul.id for soul in place.members)])
    assert await got(engine, COPY) == everybody
    assert await go_on(store, now) == 0
    assert await got(engine, COPY) == everybody
    # A committee is those who lead the unit itself, and nobody below it.
    outcome = await store.perform(
        PlanMeeting(place.units["grid"], MeetingKind.COMMITTEE, "议事", "二楼", now + HOUR),
        place.secretary.who,
        now=now,
    )
    assert isinstance(outcome, Refusal)
    assert outcome.key == "meeting.nobody"
    committee = await planned(
        store, place.secretary, place.units["community"], now=now, kind=MeetingKind.COMMITTEE
    )
    rows = await engine.read(
        lambda c: c.execute(
            select(meeting_guest.c.person_id).where(meeting_guest.c.meeting_id == committee)
        ).scalars()
    )
    assert list(rows) == [place.secretary.id]


async def test_who_was_told_of_it_hears_what_changes_and_who_was_not_is_left_in_peace(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, told=False)
    await do(store, CancelMeeting(number), place.leader.who, now=now)
    await go_on(store, now)
    assert await got(engine, COPY) == await got(engine, CANCELLED) == []
    number = await planned(store, place.leader, place.building, now=now)
    told = await got(engine, COPY)
    # Somebody is new there by the time it is moved.
    late = await appointed(store, 191, name="新党员", role=Role.MEMBER, unit_id=place.building, now=now)
    await do(store, MoveMeeting(number, now + 50 * HOUR), place.leader.who, now=now)
    await go_on(store, now)
    assert await got(engine, MOVED) == told
    assert await got(engine, COPY) == sorted([*told, late.id])
    await do(store, CancelMeeting(number), place.leader.who, now=now)
    await go_on(store, now)
    assert await got(engine, CANCELLED) == sorted([*told, late.id])


async def test_who_joins_before_it_begins_is_invited_once_and_who_has_left_is_not_reminded(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "STRETCH", 2)
    monkeypatch.setattr(invitations, "PORTION", 2)
    first, second, third = place.members
    await do(store, SuspendPerson(second.id, "核实"), place.secretary.who, now=now)
    number = await planned(store, place.leader, place.building, now=now, ahead=5 * 24 * HOUR)
    invited = await got(engine, COPY)
    assert invited == sorted([place.leader.id, first.id, third.id])
    # One is appointed, one is back; of these the clock knows at nine of the next day.
    new = await appointed(store, 195, name="新党员", role=Role.MEMBER, unit_id=place.building, now=now)
    await do(store, RestorePerson(second.id), place.secretary.who, now=now)
    await go_on(store, now + HOUR)
    assert await got(engine, COPY) == invited
    morning = now.replace(hour=1, minute=0) + timedelta(days=1)
    clock = Actor.system("meetings")
    await do(
        store,
        LookAtMeeting(number, joined=await store.meetings.joined(number, now=morning)),
        clock,
        now=morning,
    )
    # A step at a time, each of which may be the last of a process.
    while (await store.meetings.step(number, now=morning)).more:
        pass
    invited = sorted([*invited, new.id, second.id])
    assert await got(engine, COPY) == invited
    assert not await store.meetings.joined(number, now=morning)
    for days in range(1, 3):
        await go_on(store, morning + timedelta(days=days))
    # The day before one more is there, whose appointment has begun meanwhile, and one is not any more.
    await appointed(store, 196, name="更新的党员", role=Role.MEMBER, unit_id=place.building, now=morning)
    (appointment_id,) = await engine.read(
        lambda c: list(
            c.execute(select(appointment.c.id).where(appointment.c.person_id == first.id)).scalars()
        )
    )
    await do(store, EndAppointment(appointment_id), place.secretary.who, now=morning)
    starts_at = (await seen_meeting(store, number)).starts_at
    for at in (starts_at - 25 * HOUR, starts_at - 25 * HOUR, starts_at - 2 * HOUR):
        await go_on(store, at)
    newest = await id_of(engine, 196)
    assert await got(engine, COPY) == sorted([*invited, newest])
    both = [place.leader.id, second.id, third.id, new.id]
    assert await got(engine, REMINDER) == sorted([*both, *both, newest])
    # Who comes when the doors open is on the list as well; once it has begun nobody is.
    last = await appointed(
        store, 197, name="最后的党员", role=Role.MEMBER, unit_id=place.building, now=morning
    )
    await go_on(store, starts_at - timedelta(minutes=15))
    await appointed(store, 198, name="太晚的党员", role=Role.MEMBER, unit_id=place.building, now=morning)
    await go_on(store, starts_at + HOUR)
    assert await got(engine, COPY) == sorted([*invited, newest, last.id])


async def holds_card(engine: Engine, number: int, soul: Soul, *, now: datetime) -> None:
    """The meeting as it is for them hangs in their chat."""
    await engine.write(
        lambda c: c.execute(
            card.insert().values(
                chat_id=soul.chat, topic=f"{MINE}:{number}", kind=MINE, subject_id=number, person_id=soul.id,
                message_id=77, wanted=1, shown=1, open=True, shown_at=now,
            )
        )
    )  # fmt: skip


async def test_who_is_ticked_off_or_struck_finds_it_on_their_card_and_nobody_else_is_bothered(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    first, second, third = place.members
    for one in (first, second):
        await holds_card(engine, number, one, now=now)
    before = await engine.read(lambda c: c.execute(select(func.count()).select_from(outbox)).scalar_one())
    for person_id in (first.id, third.id):
        await do(store, TickGuest(number, person_id, here=True), place.leader.who, now=now + HOUR)
    assert await got(engine, MINE) == [first.id]
    # The card of who planned it is no news either: nothing new was sent to anybody.
    later = await engine.read(
        lambda c: (
            c.execute(select(outbox.c.edit_message_id).order_by(outbox.c.id).offset(before)).scalars().all()
        )
    )
    assert None not in later


async def test_a_correction_is_told_once_to_who_knows_of_it_with_their_cards_and_answers_stand(
    store: Store, engine: Engine, place: Village, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "PORTION", 2)
    number = await planned(store, place.leader, place.building, now=now)
    everybody = await got(engine, COPY)
    first, second, third = place.members
    await do(store, AnswerMeeting(number, 1, coming=True), first.who, now=now)
    await do(store, AnswerMeeting(number, 1, coming=False, reason="出差"), second.who, now=now)
    await holds_card(engine, number, first, now=now)
    await do(store, CorrectMeeting(number, place="三楼"), place.leader.who, now=now)
    assert (await store.meetings.step(number, now=now)).more
    # Corrected once more while the first correction is on its way, and moved in between for nobody.
    await do(store, CorrectMeeting(number, topic="专题学习"), place.leader.who, now=now)
    while (await store.meetings.step(number, now=now)).more:
        pass
    for _ in range(2):
        await go_on(store, now)
    assert await got(engine, CORRECTED) == everybody
    assert await got(engine, MOVED) == []
    assert await got(engine, MINE) == [first.id]
    facts: Card = await store.read(SeeCard("meeting.card", number), place.leader.who, now=now)
    assert isinstance(facts.facts, MeetingCard)
    assert (facts.facts.counts.coming, facts.facts.counts.leave) == (1, 1)
    # The button of the first invitation still answers.
    await do(store, AnswerMeeting(number, 1, coming=True), third.who, now=now)
    await do(store, MoveMeeting(number, now + 50 * HOUR), place.leader.who, now=now)
    assert await refused(store, AnswerMeeting(number, 1, coming=True), third, now=now) == "meeting.was_moved"
    await go_on(store, now)
    assert await got(engine, MOVED) == everybody


async def test_points_follow_a_closed_list_there_and_back_and_the_ledger_adds_up(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    first, second, third = place.members
    at = now + HOUR
    await do(store, TickGuest(number, first.id, here=True), place.leader.who, now=at)
    await do(store, CloseMeeting(number), place.leader.who, now=at)

    async def settled() -> dict[int, int]:
        await go_on(store, at)
        while await store.settle_points(now=at):
            pass
        assert await store.ledger_differences() == []
        found = {}
        for soul in (first, second):
            facts: PointsFacts = await store.read(SeePoints(), soul.who, now=at)
            assert facts.honour == facts.spendable
            found[soul.id] = facts.honour
        return found

    def change(soul: Soul, *, here: bool) -> AmendList:
        return AmendList(number, soul.id, here=here, reason="核对有误")

    # Before anybody was credited, and while what was earned waits: nothing of it is left.
    await do(store, change(second, here=True), place.leader.who, now=at)
    await go_on(store, at)
    await do(store, change(second, here=False), place.leader.who, now=at)
    assert await settled() == {first.id: 100, second.id: 0}
    for here, points in ((False, 0), (True, 100), (False, 0)):
        for _ in range(2):
            await do(store, change(first, here=here), place.leader.who, now=at)
        assert await settled() == {first.id: points, second.id: 0}
        assert (await seen_guest(store, number, first)).presence is (
            Presence.HAND if here else Presence.STRUCK
        )
    await do(store, change(second, here=True), place.leader.who, now=at)
    assert await settled() == {first.id: 0, second.id: 100}
    # Two presses at once are one.
    outcomes = await asyncio.gather(
        *(store.perform(change(second, here=False), place.leader.who, now=at) for _ in range(2))
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert await settled() == {first.id: 0, second.id: 0}
    # Also where the record to which it was posted has become another's.
    await do(store, change(second, here=True), place.leader.who, now=at)
    outcome = await do(store, MergePeople(second.id, third.id), place.secretary.who, now=at)
    kept = second if outcome["person_id"] == second.id else third
    await do(store, change(kept, here=False), place.leader.who, now=at)
    assert await store.ledger_differences() == []
    facts: PointsFacts = await store.read(SeePoints(), kept.who, now=at)
    assert (facts.honour, facts.spendable, facts.entries[0].kind) == (0, 0, "amended")
    said = await engine.read(
        lambda c: c.execute(
            select(remark.c.text).where(remark.c.subject_kind == "attendance").distinct()
        ).scalars()
    )
    assert list(said) == ["核对有误"]
    minutes: MinutesFacts = await store.read(SeeMinutes(number), kept.who, now=at)
    assert minutes.parts == ()


async def test_a_closed_list_that_would_change_points_waits_while_the_ledger_is_looked_into(
    store: Store, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    first, second = place.members[:2]
    at = now + HOUR
    await do(store, TickGuest(number, first.id, here=True), place.leader.who, now=at)
    await do(store, CloseMeeting(number), place.leader.who, now=at)
    await go_on(store, at)
    while await store.settle_points(now=at):
        pass
    proof = Actor.system("ledger_proof")
    await do(store, ReportTrouble(Trouble.LEDGER, True, 1), proof, now=at)
    strike = AmendList(number, first.id, here=False, reason="核对有误")
    assert await refused(store, strike, place.leader, now=at) == "points.not_now"
    # What is only earned, and what waits, is posted later or never.
    for here in (True, False):
        change = AmendList(number, second.id, here=here, reason="核对有误")
        await do(store, change, place.leader.who, now=at)
    assert (await store.read(SeePoints(), first.who, now=at)).honour == 100
    await do(store, ReportTrouble(Trouble.LEDGER, False), proof, now=at)
    await do(store, strike, place.leader.who, now=at)
    assert (await store.read(SeePoints(), first.who, now=at)).honour == 0


async def test_at_night_people_are_left_in_peace_unless_it_begins_before_the_morning(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    night, morning = now + 13 * HOUR, now + 21.5 * HOUR
    number = await planned(store, place.leader, place.building, now=night, ahead=20 * HOUR)
    soon = await planned(store, place.leader, place.building, now=night, ahead=HOUR)
    rows = await engine.read(
        lambda c: c.execute(
            select(outbox.c.subject_id, outbox.c.not_before).where(outbox.c.kind == COPY).distinct()
        ).all()
    )
    assert {tuple(row) for row in rows} == {(number, morning), (soon, night)}


async def test_reminders_come_once_and_not_to_who_has_taken_leave(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now)
    first, second, _ = place.members
    await do(store, AnswerMeeting(number, 1, coming=False, reason="出差"), first.who, now=now)
    await do(store, AnswerMeeting(number, 1, coming=True), second.who, now=now)
    shortly = now + 28 * HOUR
    for _ in range(2):
        await go_on(store, shortly)
    reminded = await got(engine, REMINDER)
    assert first.id not in reminded
    assert reminded == sorted({place.leader.id, *(soul.id for soul in place.members)} - {first.id})
    # A clock that is put back reminds nobody again.
    await go_on(store, now)
    assert await got(engine, REMINDER) == reminded


async def test_of_two_answers_at_once_one_stands_and_of_two_check_ins_one_is_written_down(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    who = place.members[0]
    leave = AnswerMeeting(number, 1, coming=False, reason="出差")
    outcomes = await asyncio.gather(
        store.perform(AnswerMeeting(number, 1, coming=True), who.who, now=now),
        store.perform(leave, who.who, now=now),
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    guest = await seen_guest(store, number, who)
    assert (guest.answer, guest.reason) in {(Answer.COMING, ""), (Answer.LEAVE, "出差")}
    at = now + HOUR
    code = await shown_code(store, number, at)
    outcomes = await asyncio.gather(
        *(store.perform(CheckInMeeting(number, code, at), who.who, now=at) for _ in range(2))
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Done", "Refusal"]
    assert (await seen_guest(store, number, who)).presence is Presence.CODE


async def test_nobody_else_answers_sees_or_changes_anything_of_it(
    store: Store, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    at = now + HOUR
    code = await shown_code(store, number, at)
    outsider = await appointed(store, 192, name="外人", role=Role.MEMBER, unit_id=place.units["b2"], now=now)
    other = await appointed(store, 193, name="外楼长", role=Role.LEADER, unit_id=place.units["b2"], now=now)
    for soul in (outsider, other, place.resident):
        for action in (
            AnswerMeeting(number, 1, coming=True),
            CheckInMeeting(number, code, at),
            MoveMeeting(number, now + 9 * HOUR),
            CancelMeeting(number),
            TickGuest(number, soul.id, here=True),
            CloseMeeting(number),
            CorrectMeeting(number, topic="别的"),
            AmendList(number, soul.id, here=True, reason="在场"),
            KeepMinutes(number, WORDS),
            AddFollowup(number, "修路灯", place.members[0].id, now.date()),
        ):
            assert await refused(store, action, soul, now=at) == NOT_FOUND
        for query in (
            SeeGuests(number),
            SeeCode(number),
            SeeMinutes(number),
            SeeCard("meeting.card", number),
        ):
            with pytest.raises(Exception, match=NOT_FOUND):
                await store.read(query, soul.who, now=at)
    with pytest.raises(Exception, match=r"meeting\.not_invited"):
        await store.read(SeeCheckIn(number, code), outsider.who, now=at)
    # A leader plans the group's meetings alone, and ticks off only those who are invited.
    lecture = PlanMeeting(place.building, MeetingKind.THEME_DAY, "主题党日", "二楼", now + HOUR)
    assert await refused(store, lecture, place.leader, now=now) == NOT_FOUND
    stranger = TickGuest(number, outsider.id, here=True)
    assert await refused(store, stranger, place.leader, now=at) == NOT_FOUND
    theirs: Page[object] = await store.read(ListMeetings(), other.who, now=at)
    assert theirs.rows == ()
    own: Page[object] = await store.read(ListMeetings(), place.leader.who, now=at)
    assert len(own.rows) == 1


async def test_who_was_there_earns_once_and_stands_on_the_year_s_sheet(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    grid = place.units["grid"]
    number = await planned(store, place.secretary, grid, now=now, kind=MeetingKind.BRANCH, ahead=HOUR)
    group = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    first, second, third = place.members
    at = now + HOUR
    await do(store, AnswerMeeting(number, 1, coming=False, reason="出差"), second.who, now=now)
    for one in (number, group):
        code = await shown_code(store, one, at)
        await do(store, CheckInMeeting(one, code, at), first.who, now=at)
    # Who took leave and came is there, and not on leave.
    await do(store, AnswerMeeting(number, 1, coming=False, reason="有事"), third.who, now=now)
    await do(store, TickGuest(number, third.id, here=True), place.secretary.who, now=at)
    facts: Card = await store.read(SeeCard("meeting.card", number), place.secretary.who, now=at)
    counts = facts.facts.counts
    assert (counts.coming, counts.leave, counts.here) == (2, 1, 2)
    for one, who in ((number, place.secretary), (group, place.leader)):
        await do(store, CloseMeeting(one), who.who, now=at)
        assert await refused(store, CloseMeeting(one), who, now=at) == "meeting.over"
    for _ in range(2):
        await go_on(store, at)
    while await store.settle_points(now=at):
        pass
    rows = await engine.read(
        lambda c: c.execute(select(earning.c.person_id, earning.c.amount).order_by(earning.c.id)).all()
    )
    assert sorted(tuple(row) for row in rows) == sorted([(first.id, 100), (first.id, 100), (third.id, 100)])
    assert await store.ledger_differences() == []
    page: AttendancePage = await store.read(SeeAttendance(grid), place.secretary.who, now=at)
    assert [one.id for one in page.meetings] == [number]
    marks = {one.person_id: (one.marks, one.group_here, one.group_of) for one in page.rows}
    assert marks[first.id] == (((number, True),), 1, 1)
    assert marks[second.id] == (((number, None),), 0, 1)
    assert marks[place.leader.id] == (((number, False),), 0, 1)
    before: AttendancePage = await store.read(SeeAttendance(grid, now.year - 1), place.secretary.who, now=at)
    assert (before.meetings, before.rows) == ((), ())
    with pytest.raises(Exception, match=NOT_FOUND):
        await store.read(SeeAttendance(grid), place.leader.who, now=at)
    mine: MyMeetings = await store.read(ListMyMeetings(past=True), first.who, now=at)
    assert (mine.held, mine.here, mine.leave) == (2, 2, 0)


async def test_what_was_decided_is_done_by_its_owner_or_by_who_keeps_the_list(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    at = now + HOUR
    first, second, _ = place.members
    add = AddFollowup(number, "修路灯", first.id, at.date())
    one, other = [int((await do(store, add, place.leader.who, now=at))["followup_id"] or 0) for _ in range(2)]
    assert await refused(store, FinishFollowup(one), second, now=at) == NOT_FOUND
    assert await refused(store, SettleFollowup(one), first, now=at) == NOT_FOUND
    await do(store, FinishFollowup(one), first.who, now=at)
    await do(store, SettleFollowup(other), place.leader.who, now=at)
    await go_on(store, at + timedelta(days=3))
    assert await got(engine, "followup.late") == []


async def test_who_leads_a_unit_hears_once_what_it_owes(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    # Monday, 2 March: February is over, and nothing was held in it.
    secretary = await appointed(
        store, 194, name="支书", role=Role.SECRETARY, unit_id=place.units["grid"], now=now
    )
    owing = await store.meetings.owing(now=now, after=0)
    assert owing == tuple(sorted([place.units["grid"], place.building]))
    clock = Actor.system("meeting_duties")
    # Of a month before anybody served there nothing is owed.
    seen: YearDuties = await store.read(SeeDuties(place.building), place.leader.who, now=now)
    assert min(one.period.number for one in seen.facts.owed) == now.month
    await long_since(store)
    seen = await store.read(SeeDuties(place.building), place.leader.who, now=now)
    assert min(one.period.number for one in seen.facts.owed) == 1
    for unit_id in owing:
        await do(store, LookAtDuty(unit_id), clock, now=now)
        await do(store, LookAtDuty(unit_id), clock, now=now)
    assert await got(engine, "meeting.duty") == sorted([secretary.id, place.leader.id])
    assert await store.meetings.owing(now=now, after=0) == ()
    assert await store.meetings.owing(now=now + timedelta(days=14), after=0) == ()
    # At the end of March the group has its meeting, the branch has not.
    await planned(store, place.leader, place.building, now=now)
    later = now + timedelta(days=25)
    assert await store.meetings.owing(now=later, after=0) == owing
    for unit_id in owing:
        await do(store, LookAtDuty(unit_id), clock, now=later)
    assert len(await got(engine, "meeting.duty")) == 3
    run = Run("meeting_duties", "2026-03-27", later)
    assert tuple(await DUTIES.find(store, run, 0)) == ()
    assert tuple(await DUTIES.find(store, replace(run, due=later + timedelta(days=6)), owing[0])) == owing[1:]
    assert (
        await engine.read(lambda c: c.execute(select(func.count()).select_from(meeting_duty)).scalar()) == 2
    )


async def test_who_is_forgotten_leaves_no_reason_and_minutes_stay(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    first = place.members[0]
    leave = AnswerMeeting(number, 1, coming=False, reason="家里有事")
    await do(store, leave, first.who, now=now)
    record: OwnRecord = await store.read(ReadOwnRecord(), first.who, now=now)
    assert [one.reason for one in record.meetings] == ["家里有事"]
    await do(store, ChooseHome(place.building), place.leader.who, now=now)
    await do(store, KeepMinutes(number, WORDS), place.leader.who, now=now + HOUR)
    for soul in (first, place.leader):
        await do(store, ForgetMe(), soul.who, now=now + HOUR)
    while await store.erase_further() is not None:
        pass
    assert (await seen_guest(store, number, first)).reason == ""
    second = place.members[1]
    other = await planned(store, place.secretary, place.building, now=now + HOUR)
    await do(store, AnswerMeeting(other, 1, coming=False, reason="出差"), second.who, now=now + HOUR)
    long_after = now + timedelta(days=store.rules.retention.leave_reasons)
    await store.forget("leave_reasons", now=long_after)
    assert (await seen_guest(store, other, second)).reason == "出差"
    await store.forget("leave_reasons", now=long_after + timedelta(days=3))
    away = await seen_guest(store, other, second)
    assert (away.reason, away.answer) == ("", Answer.LEAVE)
    said = await engine.read(
        lambda c: c.execute(select(remark.c.text).where(remark.c.subject_kind == "meeting")).scalars()
    )
    assert list(said) == [WORDS[0].text]


async def test_of_two_records_that_become_one_the_part_of_who_was_there_stays(
    store: Store, engine: Engine, place: Village, now: datetime
) -> None:
    number = await planned(store, place.leader, place.building, now=now, ahead=HOUR)
    first, second, third = place.members
    at = now + HOUR
    await do(store, AnswerMeeting(number, 1, coming=True), second.who, now=now)
    await do(store, TickGuest(number, first.id, here=True), place.leader.who, now=at)
    await engine.write(lambda c: meetings.move(c, first.id, second.id))
    await engine.write(lambda c: meetings.move(c, third.id, second.id))
    assert (await seen_guest(store, number, second)).presence is Presence.HAND
    rows = await engine.read(lambda c: c.execute(select(meeting_guest.c.person_id)).scalars())
    assert sorted(rows) == sorted([place.leader.id, second.id])
