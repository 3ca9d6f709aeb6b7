"""A village in which something of everything is under way, and every change the store knows ready to be made in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from domain.addressees import Addressees
from domain.agreed import AgreeHours
from domain.alarms import AcknowledgeAlarm, RaiseAlarm
from domain.appointments import EndAppointment, GrantRole, RemindOfEnd, Revoke, TurnAppointment
from domain.backup import ReportTrouble, Trouble
from domain.base import Action, Actor, Content, Role
from domain.blocks import BlockAccount, BlockPerson, UnblockAccount, UnblockPerson
from domain.calendars import WEEKENDS
from domain.checkins.shapes import (
    ApproveCheckIn,
    AskCheckIn,
    ChangeCheckIn,
    GreetMember,
    KeepConfirmation,
    LapseCheckIn,
    LeaveCheckIn,
    RemindCheckIn,
    RenewCheckIn,
    ReturnCheckIn,
    TellJoined,
    WithdrawCheckIn,
)
from domain.clock import Daily, Every, Missed
from domain.deadlines import LookAtRequest
from domain.deputies import NameDeputy, RecallDeputy
from domain.digests import ChooseDigest, Digest, Rhythm
from domain.groups import BindGroup, LoseGroup, UnbindGroup
from domain.imports import BeginImport, CancelImport, ConfirmImport
from domain.jobs import NoteFailure, NoteRun, RunJob
from domain.lessons.branches import NudgeBranch
from domain.lessons.series import (
    BeginSeries,
    FillSeries,
    PutInSeries,
    ResumeSeries,
    StartPlanned,
    StopSeries,
    TakeFromSeries,
)
from domain.lessons.shapes import (
    AddressLesson,
    AnswerQuestion,
    AssignLesson,
    BeginLesson,
    FinishReading,
    NudgeLesson,
    OpenLesson,
    PutLessonText,
    PutQuestion,
    PutQuestions,
    SetDue,
    SetPassing,
    SetPoints,
    TryAgain,
    WithdrawLesson,
)
from domain.lessons.templates import (
    DeleteLessonTemplate,
    KeepLesson,
    RenameLessonTemplate,
    UseLessonTemplate,
)
from domain.meetings.shapes import (
    AddFollowup,
    AmendList,
    AnswerMeeting,
    CancelMeeting,
    CheckInMeeting,
    CloseMeeting,
    CorrectMeeting,
    FinishFollowup,
    KeepMinutes,
    LookAtDuty,
    LookAtFollowup,
    LookAtMeeting,
    MeetingKind,
    MoveMeeting,
    PinPlace,
    PlanMeeting,
    SettleFollowup,
    TickGuest,
)
from domain.merging import MergePeople, ShareOwnPhone
from domain.notices.correcting import AskAgain
from domain.notices.shapes import (
    Address,
    BeginNotice,
    ConfirmNotice,
    CopyNotice,
    GoOnNotice,
    HoldNotice,
    PutMedia,
    PutText,
    ReadNotice,
    RemindNotice,
    SetTime,
    StartNotice,
    StopNotice,
    Switch,
    TickOffCall,
    WithdrawNotice,
)
from domain.notices.shown import SeeCalls
from domain.notices.terms import MuteKind, SetKind, SetValid
from domain.pairings import ConfirmVisit, OpenVisit, PairUp
from domain.people import Appoint, ChooseHome, ChooseLanguage, GiveConsent
from domain.privacy import CorrectOwnData, ForgetMe, ForgetPerson, NoteExport
from domain.queries import SeeCard
from domain.requests import (
    AcceptRequest,
    AddToRequest,
    AskResident,
    ConfirmRequest,
    CorrectRequest,
    DeclineRequest,
    RaiseForOther,
    RaiseRequest,
    ReturnRequest,
    VerifyRequest,
    WithdrawRequest,
    WriteLetter,
)
from domain.reshaping import CloseUnit, MergeUnit, MoveUnit
from domain.roster import CorrectPerson, EnterPerson, RestorePerson, SuspendPerson
from domain.sheet_columns import ImportKind
from domain.tags import TagPerson
from domain.tasks import ClaimTask, ReleaseClaim, ReportClaim, StartClaim
from domain.templates import DeleteTemplate, RenameTemplate, SaveTemplate, UseTemplate
from domain.threads import AnswerNotice, CloseThread, ReplyInThread
from domain.units import AddUnit, RemoveAlias, RenameUnit, SetAlias, SetCalendar, SetZone
from domain.unstarted import LookAtTask
from storage.drafts import Draft
from storage.inbox import Arrived
from storage.jobs import Plan
from storage.outbox import Leased, Reply
from storage.unit import LeasedBatch, Store, Who
from storage.units import UnitRow
from tests.support.delivery import LEASE, SPAN, deliver, fence, lease, sent
from tests.support.lessons import QUESTION, assigned, draft_lesson, from_above, lesson_version
from tests.support.meetings import HOUR, comes_due, planned, put_back, shown_code
from tests.support.notices import carried_out, composed, frozen, say_yes, seen, walked
from tests.support.notices import confirmed as confirmed_notice
from tests.support.village import (
    CLI,
    WORDS,
    Soul,
    Village,
    appointed,
    arrived,
    asked,
    claimed,
    do,
    offered,
    reported,
    village,
    visit_due,
)

GROUP = -1001
THE_DAY = date(2026, 3, 9)
NEW_UNITS = (
    UnitRow(2, "b3", "building", "3号楼", "Building 3", "grid"),
    UnitRow(3, "b1", "building", "一号楼", "Building One", "grid"),
)
JOBS = (
    Plan("settlement", Every(timedelta(minutes=1)), timedelta(hours=7), Missed.LATEST),
    Plan("retention", Daily(time(3, 30)), timedelta(hours=7), Missed.LATEST),
)
EMPTY_BATCH = LeasedBatch((), {}, {}, {})
UPDATE = 500
"""An update that has arrived and waits to be finished by the change under test."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Numbers of what is under way. ``leased`` are rows that delivery holds under ``fence``, ``waiting`` others.

    ``admin`` manages the whole street; ``empty_unit`` is a building without anybody.
    """

    village: Village
    submitted: int
    sensitive: int
    offered: int
    claimed: tuple[int, int]
    reported: tuple[int, int]
    silent: int
    visit_task: int
    done_visit: int
    fresh_pairing: int
    alarm: int
    importer: Soul
    newcomer: Soul
    checked_import: int
    fence: int
    leased: tuple[Leased, ...]
    waiting: tuple[int, ...]
    now: datetime
    appointed: tuple[int, ...]
    deputy: int
    coming: int
    suspended: int
    offline: int
    admin: Soul
    empty_unit: int
    asked_checkin: int
    ending_checkin: int
    over_checkin: int
    notices: Mapping[str, int]
    """One in each state in which something may follow."""
    draft_version: int
    walk: int
    called: int
    thread: int
    """What the neighbour answered to the notice that was sent; it waits."""
    template: int
    lessons: Mapping[str, int]
    lesson_version: int
    meetings: Mapping[str, int]
    """One in each state in which something may follow, and what was decided at one."""
    code: str


async def busy(store: Store, *, now: datetime) -> Scene:
    """Something of everything, with cards in the chats, unposted earnings and messages half-way out."""
    place = await village(store, now=now, members=4)
    newcomer = await arrived(store, 24, name="何新", home=place.building, now=now)
    first, second, third, fourth = place.members
    admin = await appointed(store, 51, name="孙立", role=Role.ADMIN, unit_id=place.units["street"], now=now)
    empty = await do(store, AddUnit(place.units["grid"], "building", "空楼"), admin.who, now=now)
    await do(store, Appoint(51, Role.LEADER, int(empty["unit_id"] or 0)), CLI, now=now)
    await do(store, SetAlias(place.building, "西楼"), admin.who, now=now)
    await do(store, BindGroup(GROUP, place.building), place.secretary.who, now=now)
    importer = await appointed(
        store, 61, name="周立新", role=Role.ADMIN, unit_id=place.units["street"], now=now
    )
    begun = await do(store, BeginImport("file", "people.xlsx"), importer.who, now=now)
    checked_import = int(begun["batch_id"] or 0)
    await store.imports.staging(checked_import, ImportKind.PEOPLE, now=now)
    await store.imports.checked(checked_import, rows=2, added=1, changed=1, problems=0, now=now)
    held = await fence(store, now=now)
    confirmed, _ = await reported(store, place, now=now, by=[fourth])
    await do(store, ConfirmRequest(confirmed, 5), place.resident.who, now=now)
    submitted = await asked(store, place.resident, now=now)
    sensitive = await asked(store, place.resident, now=now, category="sensitive")
    _, open_task = await offered(store, place, now=now, places=2)
    in_hand = await claimed(store, place, now=now, by=[second])
    done = await reported(store, place, now=now, by=[third])
    _, _, visit_task = await visit_due(store, place, now=now, flat="502")
    _, done_visit, done_task = await visit_due(store, place, now=now, flat="503")
    await do(store, ReportClaim(done_task, 30, WORDS, wellbeing=3), first.who, now=now)
    pair = PairUp(first.id, "illness", 7, now.date(), unit_id=place.building, name="孙爷爷", flat="504")
    fresh = await do(store, pair, place.leader.who, now=now)
    alarm = await do(store, RaiseAlarm("着火了"), place.resident.who, now=now)
    await deliver(store, held=held, now=now)
    told = await confirmed_notice(store, place.leader, place.building, now=now, on=("answerable",))
    await carried_out(store, held=held, now=now)
    said = await do(store, AnswerNotice(told, WORDS), place.neighbour.who, now=now)
    kept = await do(store, SaveTemplate(told, "通知停水"), place.leader.who, now=now)
    await carried_out(store, held=held, now=now)
    lessons = await _lessons(store, place, now=now)
    meetings = await _meetings(store, place, now=now)
    await deliver(store, held=held, now=now)
    notices = await _notices(store, place, told, now=now)
    await asked(store, place.neighbour, now=now)
    leased = (await lease(store, held=held, now=now)).rows
    await asked(store, place.stranger, now=now)
    await do(store, BlockPerson(place.stranger.id), place.secretary.who, now=now)
    await store.seal_trail(now=now + timedelta(minutes=2))
    waiting = tuple(row.id for row in await store.candidates(now=now))
    silent, _ = await reported(store, place, now=now, by=[second])
    for days in (1, 3, 7):
        await do(store, LookAtRequest(silent), Actor.system("deadlines"), now=now + timedelta(days=days))
    roles = await _roles(store, place, now=now)
    checkins = await _checkins(store, place, now=now)
    await store.jobs.know(JOBS, now=now)
    await store.receive([Arrived(UPDATE, place.resident.chat, "{}")], now=now)
    return Scene(
        village=place,
        submitted=submitted,
        sensitive=sensitive,
        offered=open_task,
        claimed=in_hand,
        reported=done,
        silent=silent,
        visit_task=visit_task,
        done_visit=done_visit,
        fresh_pairing=int(fresh["pairing_id"] or 0),
        alarm=int(alarm["alarm_id"] or 0),
        importer=importer,
        newcomer=newcomer,
        checked_import=checked_import,
        fence=held,
        leased=leased,
        waiting=waiting,
        now=now,
        **roles,
        **checkins,
        admin=admin,
        empty_unit=int(empty["unit_id"] or 0),
        notices=notices,
        draft_version=(await seen(store, notices["draft"])).version,
        walk=(await store.mailings.walking())[-1].id,
        called=(await store.read(SeeCalls(notices["sent"]), place.leader.who, now=now))
        .rows.rows[0]
        .person_id,
        thread=int(said["thread_id"] or 0),
        template=int(kept["template_id"] or 0),
        lessons=lessons,
        lesson_version=await lesson_version(store, lessons["draft"]),
        meetings=meetings,
        code=await shown_code(store, meetings["runs"], now),
    )


async def _lessons(store: Store, place: Village, *, now: datetime) -> dict[str, int]:
    """A draft, one that is read and one with a question at which somebody is, and somebody else has failed."""
    first, _, third, _ = place.members
    read = await assigned(store, place.secretary, place.building, now=now)
    asks = await assigned(store, place.secretary, place.building, now=now, questions=(QUESTION,))
    for soul in (first, third):
        for number in (read, asks):
            await do(store, OpenLesson(number), soul.who, now=now - timedelta(hours=1))
        await do(store, FinishReading(asks), soul.who, now=now)
    await do(store, AnswerQuestion(asks, 1, 0), third.who, now=now)
    draft = await draft_lesson(store, place.secretary, place.building, now=now)
    above, nudged = [await from_above(store, place, now=now) for _ in range(2)]
    await do(store, NudgeBranch(nudged), place.secretary.who, now=now)
    kept = await do(store, KeepLesson(read, "学习模板"), place.secretary.who, now=now)
    begin = BeginSeries(place.building, "每周一课", 4, now.date() + timedelta(days=1))
    series, stopped = [
        int((await do(store, begin, place.secretary.who, now=now))["series_id"] or 0) for _ in range(2)
    ]
    week = await draft_lesson(store, place.secretary, place.building, now=now)
    later = await draft_lesson(store, place.secretary, place.building, now=now)
    for number, lesson in ((series, week), (stopped, later)):
        await do(store, PutInSeries(number, lesson), place.secretary.who, now=now)
    await do(store, StopSeries(stopped), place.secretary.who, now=now)
    template = int(kept["template_id"] or 0)
    return {
        "draft": draft,
        "read": read,
        "asks": asks,
        "above": above,
        "nudged": nudged,
        "week": week,
        "series": series,
        "stopped": stopped,
        "template": template,
    }


async def _meetings(store: Store, place: Village, *, now: datetime) -> dict[str, int]:
    """Of the group, in the name of its leader: one was held, one runs, of one it is time to remind people, one decided
    what is due."""
    held = await planned(store, place.leader, place.building, now=now)
    await put_back(store, held, starts_at=now - 2 * HOUR, next_at=now + HOUR)
    await do(store, CloseMeeting(held), place.leader.who, now=now)
    made = {
        state: await planned(store, place.leader, place.building, now=now)
        for state in ("ahead", "runs", "soon")
    } | {"held": held}
    await put_back(store, made["runs"], starts_at=now - timedelta(minutes=5), next_at=now + HOUR)
    await put_back(store, made["soon"], starts_at=now + HOUR, next_at=now)
    decided = AddFollowup(made["runs"], "联系物业修路灯", place.members[0].id, now.date())
    made["followup"] = int((await do(store, decided, place.leader.who, now=now))["followup_id"] or 0)
    await comes_due(store, made["followup"], now=now)
    made["untold"] = await planned(store, place.leader, place.building, now=now, told=False)
    return made


async def _notices(store: Store, place: Village, told: int, *, now: datetime) -> dict[str, int]:
    """Beside one to the leader's building, which has been ``told``, those on their way to where there are few."""
    made = {"sent": told}
    beside = place.units["b2"]
    for state in ("paused", "sending", "freezing"):
        made[state] = await confirmed_notice(store, place.secretary, beside, now=now)
        if state != "freezing":
            await frozen(store, made[state], now=now)
    await walked(store, now=now)
    await do(store, HoldNotice(made["paused"]), place.secretary.who, now=now)
    made["frozen"] = await confirmed_notice(store, place.secretary, beside, now=now)
    await frozen(store, made["frozen"], now=now)
    for state in ("draft", "planned"):
        made[state] = await composed(store, place.secretary, beside, now=now)
    await do(store, SetTime(made["planned"], now + timedelta(hours=1)), place.secretary.who, now=now)
    await say_yes(store, place.secretary, made["planned"], now=now)
    return made


OFFLINE_PHONE = "13800000001"
CHECK_IN = ("市供电公司", ("electric",), ("mon_evening",))


async def _checkins(store: Store, place: Village, *, now: datetime) -> dict[str, int]:
    """A check-in that waits for the secretary, one that ends in weeks, and one that is over."""

    async def approved(soul: Soul, unit_id: int, *, days_ago: int) -> int:
        then = now - timedelta(days=days_ago)
        asked = await do(store, AskCheckIn(unit_id, *CHECK_IN), soul.who, now=then)
        number = int(asked["checkin_id"] or 0)
        await do(store, ApproveCheckIn(number, 1), Actor.system("long-ago"), now=then)
        return number

    waiting = await do(store, AskCheckIn(place.building, *CHECK_IN), place.resident.who, now=now)
    ending = await approved(place.neighbour, place.building, days_ago=340)
    await do(store, TellJoined(date(2008, now.month, now.day)), place.neighbour.who, now=now)
    return {
        "asked_checkin": int(waiting["checkin_id"] or 0),
        "ending_checkin": ending,
        "over_checkin": await approved(place.stranger, place.units["b2"], days_ago=400),
    }


async def _roles(store: Store, place: Village, *, now: datetime) -> dict[str, Any]:
    """A deputy of the secretary's, a role to come, a suspended neighbour and somebody without an account."""
    cards = {
        soul.id: (await store.read(SeeCard("person.card", soul.id), place.secretary.who, now=now)).facts
        for soul in (place.leader, place.members[1], place.secretary)
    }
    own = [
        cards[soul.id].held[0].appointment_id for soul in (place.leader, place.members[1], place.secretary)
    ]
    entered = EnterPerson(place.building, "吴秀英", "602", OFFLINE_PHONE)
    named = NameDeputy(own[2], place.leader.id, now, now + timedelta(days=7))
    granted = GrantRole(
        place.neighbour.id,
        Role.LEADER,
        place.building,
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=20),
    )
    suspended = place.members[3]
    for soul in (place.leader, place.members[2]):
        await do(store, GiveConsent(soul.chat, soul.who.name, "zh"), soul.who, now=now)
    offline = await do(store, entered, place.leader.who, now=now)
    deputy = await do(store, named, place.secretary.who, now=now)
    coming = await do(store, granted, place.secretary.who, now=now)
    await do(store, SuspendPerson(suspended.id, "出国"), place.secretary.who, now=now)
    return {
        "appointed": tuple(own),
        "deputy": int(deputy["appointment_id"] or 0),
        "coming": int(coming["appointment_id"] or 0),
        "suspended": suspended.id,
        "offline": int(offline["person_id"] or 0),
    }


Step = Callable[[Store], Awaitable[Any]]
"""One change, ready to be made."""


def actions(scene: Scene) -> Mapping[str, tuple[Action, Soul | Actor]]:
    """Every action there is, some in more than one situation, each with who may do it now."""
    place = scene.village
    first, second, third, _ = place.members
    return {
        "GiveConsent": (GiveConsent(900, "新人", "zh"), Soul(Who(900, "新人"), 0)),
        "ChooseHome": (ChooseHome(place.units["b2"]), place.neighbour),
        "ChooseLanguage": (ChooseLanguage("en"), place.neighbour),
        "ChooseDigest": (ChooseDigest(Digest.HOME, Rhythm.DAILY), place.neighbour),
        "Appoint": (Appoint(901, Role.MEMBER, place.building, name="新党员"), CLI),
        "Appoint somebody known": (Appoint(21, Role.MEMBER, place.building), CLI),
        "RaiseRequest": (
            RaiseRequest("lift", "timely", False, False, WORDS, name="李桂兰", flat="301", phone="138"),
            place.resident,
        ),
        "RaiseForOther": (
            RaiseForOther(
                "lift", "timely", False, False, WORDS, name="奶奶", flat="1", unit_id=place.building
            ),
            first,
        ),
        "CorrectRequest": (CorrectRequest(scene.submitted, category="repair"), place.leader),
        "AcceptRequest": (AcceptRequest(scene.submitted, places=2), place.leader),
        "AcceptRequest about staff": (AcceptRequest(scene.sensitive), place.secretary),
        "AgreeHours": (AgreeHours(scene.claimed[0], 4), place.leader),
        "AskResident": (AskResident(scene.claimed[0], "几点方便？"), place.leader),
        "VerifyRequest": (VerifyRequest(scene.silent), place.leader),
        "LookAtRequest": (LookAtRequest(scene.submitted), Actor.system("deadlines")),
        "LookAtTask": (LookAtTask(scene.offered), Actor.system("tasks")),
        "DeclineRequest": (DeclineRequest(scene.submitted, "不归我们管"), place.secretary),
        "AddToRequest": (AddToRequest(scene.submitted, WORDS), place.resident),
        "WithdrawRequest": (WithdrawRequest(scene.claimed[0]), place.resident),
        "ConfirmRequest": (ConfirmRequest(scene.reported[0], 5), place.resident),
        "ReturnRequest": (ReturnRequest(scene.reported[0], "还是坏的"), place.resident),
        "WriteLetter": (WriteLetter(scene.claimed[0], WORDS[0]), place.resident),
        "ClaimTask": (ClaimTask(scene.offered), third),
        "StartClaim": (StartClaim(scene.claimed[1]), second),
        "ReleaseClaim": (ReleaseClaim(scene.claimed[1], "临时有事"), second),
        "ReportClaim": (ReportClaim(scene.claimed[1], 45, (*WORDS, Content("photo", file_id="f"))), second),
        "ReportClaim of a visit": (ReportClaim(scene.visit_task, 45, WORDS, wellbeing=2), first),
        "PairUp": (
            PairUp(
                first.id, "other", 14, THE_DAY, "腿脚不便", unit_id=place.building, name="钱奶奶", flat="9"
            ),
            place.leader,
        ),
        "OpenVisit": (OpenVisit(scene.fresh_pairing), Actor.system("visits")),
        "ConfirmVisit": (ConfirmVisit(scene.done_visit, 4), place.leader),
        "ReportTrouble": (ReportTrouble(Trouble.DISK, True, 12), Actor.system("backup")),
        "RaiseAlarm": (RaiseAlarm("煤气味"), place.neighbour),
        "AcknowledgeAlarm": (AcknowledgeAlarm(scene.alarm), place.leader),
        "GrantRole": (GrantRole(place.neighbour.id, Role.LEADER, place.units["b2"]), place.secretary),
        "EndAppointment": (EndAppointment(scene.appointed[1]), place.secretary),
        "Revoke": (Revoke(second.chat, Role.MEMBER, place.building), CLI),
        "NameDeputy": (
            NameDeputy(scene.appointed[0], third.id, scene.now, scene.now + timedelta(days=7)),
            place.leader,
        ),
        "RecallDeputy": (RecallDeputy(scene.deputy), place.secretary),
        "TurnAppointment": (TurnAppointment(scene.coming), Actor.system("appointments")),
        "RemindOfEnd": (RemindOfEnd(scene.coming, 7), Actor.system("appointment_reminders")),
        "EnterPerson": (
            EnterPerson(place.building, "周奶奶", "601", "13800000002", place.neighbour.id),
            place.leader,
        ),
        "CorrectPerson": (CorrectPerson(place.neighbour.id, flat="3-302"), place.leader),
        "SuspendPerson": (SuspendPerson(second.id, "长期失联"), place.secretary),
        "RestorePerson": (RestorePerson(scene.suspended), place.secretary),
        "MergePeople": (MergePeople(place.neighbour.id, scene.offline), place.secretary),
        "ShareOwnPhone": (ShareOwnPhone(OFFLINE_PHONE), place.neighbour),
        "BindGroup": (BindGroup(-2002, place.building), place.secretary),
        "AskCheckIn": (AskCheckIn(place.building, *CHECK_IN), scene.newcomer),
        "ApproveCheckIn": (ApproveCheckIn(scene.asked_checkin, 1), place.secretary),
        "ReturnCheckIn": (ReturnCheckIn(scene.asked_checkin, 1, "哪个支部？"), place.secretary),
        "WithdrawCheckIn": (WithdrawCheckIn(), place.resident),
        "ChangeCheckIn": (ChangeCheckIn(branch="", skills=("medical", "driving")), place.neighbour),
        "RenewCheckIn": (RenewCheckIn("市供电公司"), place.neighbour),
        "LeaveCheckIn": (LeaveCheckIn(), place.neighbour),
        "KeepConfirmation": (KeepConfirmation((Content("photo", file_id="p"),)), place.neighbour),
        "RemindCheckIn": (RemindCheckIn(scene.ending_checkin), Actor.system("checkins")),
        "TellJoined": (TellJoined(None), place.neighbour),
        "GreetMember": (GreetMember(scene.ending_checkin), Actor.system("greetings")),
        "LapseCheckIn": (LapseCheckIn(scene.over_checkin), Actor.system("checkins")),
        "BlockPerson": (BlockPerson(place.neighbour.id), place.secretary),
        "UnblockPerson": (UnblockPerson(place.stranger.id), place.secretary),
        "BlockAccount": (BlockAccount(place.neighbour.chat), CLI),
        "UnblockAccount": (UnblockAccount(place.stranger.chat), CLI),
        "NoteExport": (NoteExport(), place.resident),
        "CorrectOwnData": (CorrectOwnData(name="李奶奶", phone="13900002222", flat="302"), place.resident),
        "ForgetMe": (ForgetMe(), place.resident),
        "ForgetMe with a claim": (ForgetMe(), second),
        "ForgetPerson": (ForgetPerson(place.neighbour.id), CLI),
        "UnbindGroup": (UnbindGroup(GROUP), place.secretary),
        "LoseGroup": (LoseGroup(GROUP), Actor.system("telegram")),
        "AddUnit": (AddUnit(place.units["grid"], "building", "3号楼", "Building 3", "b3"), scene.admin),
        "RenameUnit": (RenameUnit(place.building, name="一号楼"), scene.admin),
        "SetAlias": (SetAlias(place.building, "东楼"), scene.admin),
        "RemoveAlias": (RemoveAlias(place.building, 1), scene.admin),
        "SetZone": (SetZone(place.building, "Asia/Urumqi"), scene.admin),
        "SetCalendar": (SetCalendar(place.building, WEEKENDS), scene.admin),
        "MoveUnit": (MoveUnit(place.units["grid"], place.units["street"], 1), scene.admin),
        "MergeUnit": (MergeUnit(place.building, place.units["b2"], 2), scene.admin),
        "CloseUnit": (CloseUnit(scene.empty_unit, 1), scene.admin),
        "BeginNotice": (BeginNotice(place.building, "zh", "明天停水", 4), place.leader),
        "PutText": (PutText(scene.notices["draft"], "en", "No water tomorrow", 17), place.secretary),
        "PutText after it was sent": (PutText(scene.notices["sent"], "zh", "后天停水", 4), place.leader),
        "PutMedia": (PutMedia(scene.notices["draft"], (("photo", "f"),)), place.secretary),
        "Switch": (Switch(scene.notices["draft"], "urgent"), place.secretary),
        "Address": (
            Address(
                scene.notices["draft"],
                Addressees(
                    units=(place.units["grid"],),
                    skills=("medical",),
                    tags=("mobility",),
                    without_units=(place.building,),
                    without_roles=("leader",),
                ),
            ),
            place.secretary,
        ),
        "CopyNotice": (CopyNotice(scene.notices["sent"]), place.secretary),
        "SetTime": (SetTime(scene.notices["draft"], scene.now + timedelta(days=1)), place.secretary),
        "SetKind": (SetKind(scene.notices["draft"], "safety"), place.secretary),
        "SetValid": (SetValid(scene.notices["draft"], days=7), place.secretary),
        "ConfirmNotice": (ConfirmNotice(scene.notices["draft"], scene.draft_version), place.secretary),
        "RunJob": (RunJob(1), scene.admin),
        "NoteFailure": (NoteFailure("settlement", "ValueError"), Actor.system("clock")),
        "NoteRun": (NoteRun("settlement", 3), Actor.system("clock")),
        "StartNotice": (StartNotice(scene.notices["planned"]), Actor.system("notices")),
        "HoldNotice": (HoldNotice(scene.notices["sending"]), place.secretary),
        "GoOnNotice": (GoOnNotice(scene.notices["paused"]), place.secretary),
        "StopNotice": (StopNotice(scene.notices["sending"]), place.secretary),
        "StopNotice before it is sent": (StopNotice(scene.notices["planned"]), place.secretary),
        "WithdrawNotice": (WithdrawNotice(scene.notices["sent"]), place.leader),
        "RemindNotice": (RemindNotice(scene.notices["sent"]), place.leader),
        "AskAgain": (AskAgain(scene.notices["sent"]), place.leader),
        "ReadNotice": (ReadNotice(scene.notices["sent"]), place.resident),
        "AnswerNotice": (AnswerNotice(scene.notices["sent"], WORDS), place.resident),
        "AnswerNotice again": (AnswerNotice(scene.notices["sent"], WORDS), place.neighbour),
        "ReplyInThread": (ReplyInThread(scene.thread, 1, "下午两点来水。"), place.leader),
        "CloseThread": (CloseThread(scene.thread, 1), place.leader),
        "SaveTemplate": (SaveTemplate(scene.notices["sent"], "停水"), place.leader),
        "UseTemplate": (UseTemplate(scene.template), place.leader),
        "RenameTemplate": (RenameTemplate(scene.template, "停电"), place.leader),
        "DeleteTemplate": (DeleteTemplate(scene.template), place.leader),
        "MuteKind": (MuteKind("culture", muted=True), place.resident),
        "TagPerson": (TagPerson(place.resident.id, "living_alone", on=True), place.leader),
        "TickOffCall": (TickOffCall(scene.notices["sent"], scene.called), place.leader),
        "BeginLesson": (
            BeginLesson(place.building, "zh", "党章", "第一章", 3, (), 20, THE_DAY),
            place.secretary,
        ),
        "PutLessonText": (
            PutLessonText(scene.lessons["read"], "en", "The Constitution", "Chapter 1", 9),
            place.secretary,
        ),
        "SetDue": (SetDue(scene.lessons["read"], THE_DAY + timedelta(days=7)), place.secretary),
        "SetPoints": (SetPoints(scene.lessons["draft"], 300), place.secretary),
        "PutQuestion": (PutQuestion(scene.lessons["asks"], 2, 0, QUESTION), place.secretary),
        "PutQuestions": (PutQuestions(scene.lessons["draft"], (QUESTION,)), place.secretary),
        "AddressLesson": (
            AddressLesson(scene.lessons["draft"], Addressees(units=(place.units["grid"],))),
            place.secretary,
        ),
        "AssignLesson": (AssignLesson(scene.lessons["draft"], scene.lesson_version), place.secretary),
        "SetPassing": (SetPassing(scene.lessons["draft"], 80, 2), place.secretary),
        "KeepLesson": (KeepLesson(scene.lessons["read"], "党章学习"), place.secretary),
        "UseLessonTemplate": (UseLessonTemplate(scene.lessons["template"]), place.secretary),
        "RenameLessonTemplate": (RenameLessonTemplate(scene.lessons["template"], "党课"), place.secretary),
        "DeleteLessonTemplate": (DeleteLessonTemplate(scene.lessons["template"]), place.secretary),
        "BeginSeries": (
            BeginSeries(place.building, "党章三讲", 3, THE_DAY + timedelta(days=7)),
            place.secretary,
        ),
        "PutInSeries": (PutInSeries(scene.lessons["series"], scene.lessons["draft"]), place.secretary),
        "FillSeries": (
            FillSeries(scene.lessons["series"], scene.lessons["template"]),
            place.secretary,
        ),
        "TakeFromSeries": (TakeFromSeries(scene.lessons["week"]), place.secretary),
        "ResumeSeries": (ResumeSeries(scene.lessons["stopped"]), place.secretary),
        "StopSeries": (StopSeries(scene.lessons["series"]), place.secretary),
        "StartPlanned": (StartPlanned(scene.lessons["week"]), Actor.system("lessons")),
        "NudgeBranch": (NudgeBranch(scene.lessons["above"]), place.secretary),
        "WithdrawLesson": (WithdrawLesson(scene.lessons["read"]), place.secretary),
        "NudgeLesson": (NudgeLesson(scene.lessons["read"]), place.secretary),
        "OpenLesson": (OpenLesson(scene.lessons["read"]), second),
        "FinishReading": (FinishReading(scene.lessons["read"]), place.members[0]),
        "AnswerQuestion": (AnswerQuestion(scene.lessons["asks"], 1, 1), place.members[0]),
        "TryAgain": (TryAgain(scene.lessons["asks"], 2), place.members[2]),
        "PlanMeeting": (
            PlanMeeting(place.building, MeetingKind.GROUP, "学习", "二楼", scene.now + HOUR),
            place.leader,
        ),
        "MoveMeeting": (MoveMeeting(scene.meetings["ahead"], scene.now + 5 * HOUR), place.leader),
        "CorrectMeeting": (CorrectMeeting(scene.meetings["ahead"], place="三楼"), place.leader),
        "AmendList": (
            AmendList(scene.meetings["held"], place.members[1].id, here=True, reason="忘了签到"),
            place.leader,
        ),
        "CancelMeeting": (CancelMeeting(scene.meetings["ahead"]), place.leader),
        "PinPlace": (PinPlace(scene.meetings["ahead"], 31.2, 121.4), place.leader),
        "TickGuest": (TickGuest(scene.meetings["runs"], place.members[1].id, here=True), place.leader),
        "CloseMeeting": (CloseMeeting(scene.meetings["runs"]), place.leader),
        "KeepMinutes": (KeepMinutes(scene.meetings["runs"], WORDS), place.leader),
        "AddFollowup": (
            AddFollowup(scene.meetings["runs"], "补种树", place.members[1].id, scene.now.date()),
            place.leader,
        ),
        "SettleFollowup": (SettleFollowup(scene.meetings["followup"]), place.leader),
        "AnswerMeeting": (AnswerMeeting(scene.meetings["ahead"], 1, coming=True), place.members[0]),
        "CheckInMeeting": (
            CheckInMeeting(scene.meetings["runs"], scene.code, scene.now),
            place.members[0],
        ),
        "FinishFollowup": (FinishFollowup(scene.meetings["followup"]), place.members[0]),
        "LookAtMeeting": (LookAtMeeting(scene.meetings["soon"], joined=True), Actor.system("meetings")),
        "LookAtFollowup": (LookAtFollowup(scene.meetings["followup"]), Actor.system("meetings")),
        "LookAtDuty": (LookAtDuty(place.building), Actor.system("meeting_duties")),
        "BeginImport": (BeginImport("other file", "people.csv"), scene.importer),
        "ConfirmImport": (ConfirmImport(scene.checked_import), scene.importer),
        "CancelImport": (CancelImport(scene.checked_import), scene.importer),
    }


def performing(scene: Scene, name: str, *, now: datetime) -> Step:
    """An action of the table, with everything that may come with one: an update, a form, a reply."""
    action, who = actions(scene)[name]
    if isinstance(who, Actor):
        return lambda store: store.perform(action, who, now=now, update_id=UPDATE)
    return lambda store: store.perform(
        action,
        who.who,
        now=now,
        update_id=UPDATE,
        draft=Draft("request", "words", {"category": "lift"}),
        replies=(Reply("refused", who.chat, params={"key": "any"}),),
    )


def other_steps(scene: Scene, *, now: datetime) -> Mapping[str, Step]:
    """Every other change the store makes: what comes in, what goes out, the clock's and the operator's."""
    place = scene.village
    later = now + timedelta(hours=1)
    return {
        "receive": lambda s: s.receive([Arrived(n, 21, "{}") for n in (600, 601)], now=now),
        "finish": lambda s: s.finish(
            UPDATE,
            now=now,
            who=place.resident.who,
            draft=Draft("request", "words"),
            replies=(Reply("refused", place.resident.chat),),
        ),
        "failed": lambda s: s.failed(
            UPDATE, reason="bug", quarantine=True, now=now, replies=(Reply("refused", 21),)
        ),
        "lease_rows": lambda s: s.lease_rows(
            scene.waiting, lease=LEASE, fence=scene.fence, now=now, needs_facts=lambda kind: False
        ),
        "record_sent": lambda s: s.record_sent(sent(EMPTY_BATCH, scene.leased), fence=scene.fence, now=now),
        "settle_orphans": lambda s: s.settle_orphans(
            fence=scene.fence + 1, resends=lambda kind: True, now=now
        ),
        "refresh_stale": lambda s: s.refresh_stale(before=later, now=later),
        "acquire_lease": lambda s: s.acquire_lease(
            LEASE, holder="two", now=now, span=SPAN, is_dead=lambda holder: True
        ),
        "renew_lease": lambda s: s.renew_lease(LEASE, fence=scene.fence, now=later, span=SPAN),
        "settle_points": lambda s: s.settle_points(now=now),
        "person_left": lambda s: s.person_left(UPDATE, telegram_id=place.stranger.chat, now=now),
        "group_migrated": lambda s: s.group_migrated(UPDATE, chat_id=GROUP, to_chat_id=-100999, now=now),
        "group_left": lambda s: s.group_left(UPDATE, chat_id=GROUP, now=now),
        "seal_trail": lambda s: s.seal_trail(now=later),
        "drop_sealed": lambda s: s.drop_sealed(before=later, now=later),
        "forget params": lambda s: s.forget("params", now=now + timedelta(days=8)),
        "erase_further": lambda s: s.erase_further(),
        "imports.drop": lambda s: s.imports.drop(
            scene.checked_import, now=now, replies=(Reply("refused", scene.importer.chat),)
        ),
        "imports.show_progress": lambda s: s.imports.show_progress(scene.checked_import, now=now),
        "mailings.freeze": lambda s: s.mailings.freeze(scene.notices["freezing"], now=now),
        "mailings.walk": lambda s: s.mailings.walk(scene.walk, now=now),
        "mailings.progress": lambda s: s.mailings.progress(scene.notices["sending"], now=now),
        "study.freeze": lambda s: s.study.freeze(scene.lessons["read"], now=now),
        "study.hand_out": lambda s: s.study.hand_out(scene.lessons["read"], now=now),
        "study.nudge": lambda s: s.study.nudge(
            scene.lessons["nudged"], scene.village.units["community"], now=now
        ),
        "meetings.freeze": lambda s: s.meetings.step(scene.meetings["untold"], now=now),
        "jobs.know": lambda s: s.jobs.know(JOBS[1:], now=now),
        "jobs.open": lambda s: s.jobs.open(JOBS[1], now=now + timedelta(days=9)),
        "jobs.looked": lambda s: s.jobs.looked({"settlement": (now, 1)}),
        "import_units": lambda s: s.import_units(NEW_UNITS, dry_run=False),
    }
