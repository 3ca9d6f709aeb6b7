"""Feeds attacks into the running program and judges what came of them.

Outsiders have no right to anything in the scene, so whatever they send must leave every row of it as it was. Insiders
have some rights, so each action of theirs that took effect is held against a table of its own, written from the
rules (docs/rules.md §2) and not from the program's.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any

from bot.settings_model import LimitsSettings
from domain import (
    agreed,
    alarms,
    appointments,
    blocks,
    deputies,
    digests,
    groups,
    merging,
    notices,
    pairings,
    people,
    privacy,
    requests,
    roster,
    tags,
    tasks,
    templates,
    threads,
)
from domain.base import Action, Actor
from domain.checkins import shapes as checkins
from domain.lessons import branches
from domain.lessons import series as lesson_series
from domain.lessons import shapes as lessons
from domain.lessons import templates as lesson_templates
from domain.meetings import shapes as meetings
from handlers import REGISTRATIONS, Pressed
from storage.database import Location
from storage.schema import metadata
from storage.unit import Done, Outcome, Store, Who
from tests.fuzz.forging import Forger, Json
from tests.fuzz.recorder import Recorder
from tests.fuzz.scene import Scene, played
from tests.fuzz.shapes import is_telegrams
from tests.fuzz.silence import unlogged
from tests.support.dump import Dump, differences, dump, rows
from tests.support.player import Player
from tests.support.program import Program, running

BATCH = 200
PATIENCE = 60
FIRST_NUMBER = 10**9
MESSAGES = frozenset({"inbox", "outbox", "draft", "card", "counter", "lease", "job", "job_run"})
"""What stands in these is about messages on their way, and about the process."""
STATE = tuple(table.name for table in metadata.sorted_tables if table.name not in MESSAGES)
FAREWELL = "privacy.forgetyes"
"""Ends whoever presses it, and only them: after it a campaign would play with nobody. It has tests of its own."""
REGISTERED = tuple(one.name for one in REGISTRATIONS if isinstance(one, Pressed) and one.name != FAREWELL)
ANYBODYS = (
    people.GiveConsent,
    people.ChooseHome,
    people.ChooseLanguage,
    digests.ChooseDigest,
    requests.RaiseRequest,
    alarms.RaiseAlarm,
    checkins.AskCheckIn,
    checkins.WithdrawCheckIn,
    checkins.ChangeCheckIn,
    checkins.RenewCheckIn,
    checkins.LeaveCheckIn,
    checkins.KeepConfirmation,
    checkins.TellJoined,
    merging.ShareOwnPhone,
    privacy.NoteExport,
    privacy.CorrectOwnData,
    notices.MuteKind,
    notices.ReadNotice,
    threads.AnswerNotice,
    lessons.OpenLesson,
    lessons.FinishReading,
    lessons.AnswerQuestion,
    lessons.TryAgain,
    meetings.AnswerMeeting,
    meetings.CheckInMeeting,
    meetings.FinishFollowup,
)
"""What concerns nobody but who does it."""


class Watched(Store):
    """A store that notes which actions of people took effect."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.done: list[tuple[int, Action]] = []

    async def perform(self, action: Action, who: Who | Actor, **named: Any) -> Outcome:
        """The same, noted."""
        outcome = await super().perform(action, who, **named)
        if isinstance(outcome, Done) and isinstance(who, Who):
            self.done.append((who.telegram_id, action))
        return outcome


@dataclass(slots=True)
class Report:
    """``found`` is everything that went wrong; empty when the house held."""

    seed: int
    found: list[str] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    buttons: int = 0

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed}: {sum(self.sent.values())} updates ({_told(self.sent)})",
            f"{self.buttons} different buttons were shown; handled: {_told(self.states)}",
            f"set aside, all of them no updates of Telegram's: {_told(self.quarantined)}",
            f"actions that took effect: {_told(self.actions)}",
            f"calls to Telegram: {_told(self.calls)}",
            *(f"FOUND {problem}" for problem in self.found[:50]),
            f"{len(self.found)} problems",
        ]
        return "\n".join(lines)


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common()) or "none"


async def _at_once(seconds: float) -> None:
    await asyncio.sleep(0)


async def campaign(location: Location, *, count: int, seed: int, foreign: int | None = None) -> Report:
    """Play ``count`` attacks drawn from ``seed`` against a fresh database, and say what came of them.

    ``foreign`` of them (a quarter unless told) are presses of any registered name on things that are others'.
    """
    report = Report(seed)
    unlimited = {"limits": LimitsSettings(enabled=False)}
    async with running(location, sections=unlimited, checked=False, store=Watched) as program:
        with unlogged():
            scene = await played(program)
            report.buttons = len(scene.shown)
            await Attack(scene, report, seed=seed).run(
                count, foreign=count // 4 if foreign is None else foreign
            )
            await _still_works(program, report)
    return report


class Attack:
    """One campaign against one scene."""

    def __init__(self, scene: Scene, report: Report, *, seed: int) -> None:
        self.scene = scene
        self.program = scene.program
        self.report = report
        self.random = Random(seed)
        self.recorder = Recorder(scene.stolen)
        self._request_of: dict[int, int] = {}
        self.forger = Forger(
            self.random,
            known=sorted(scene.shown),
            registered=REGISTERED,
            numbers=scene.numbers,
            group_id=scene.group_id,
            first=FIRST_NUMBER,
        )

    async def run(self, count: int, *, foreign: int) -> None:
        """Outsiders first, then insiders; everything put down in the report."""
        inside = (count - foreign) // 5
        async with self._overheard():
            self._watched.done.clear()
            before = await self._scene_rows()
            await self._feed(self._foreign(foreign))
            await self._compare_strictly(before, await self._scene_rows())
            await self._feed(self._outside(count - foreign - inside))
            self._compare(before, await self._scene_rows())
            self.report.actions.update(type(action).__name__ for _, action in self._watched.done)
            self._watched.done.clear()
            await self._feed(self._inside(inside))
        await self._judge_inbox()
        await self._judge_leaks()
        await self._judge_outbox()
        self.report.found += self.recorder.found
        self.report.calls += self.recorder.calls
        await self._judge_actions()

    @property
    def _watched(self) -> Watched:
        assert isinstance(self.program.store, Watched)
        return self.program.store

    @asynccontextmanager
    async def _overheard(self) -> AsyncIterator[None]:
        dispatcher = self.program.app.dispatcher
        # What failed is tried again at once: the clock of the scene stands still.
        sleep, dispatcher._sleep = dispatcher._sleep, _at_once
        give_back = self.recorder.takes_over(self.program.app)
        try:
            yield
        finally:
            give_back()
            dispatcher._sleep = sleep

    # --- what is sent --------------------------------------------------------------------------------------------------

    def _foreign(self, count: int) -> Iterator[tuple[str, Json]]:
        """Names that anything answers to, with the numbers of things that are others'."""
        for data in self.forger.foreign(count):
            yield "foreign thing", self.forger.pressed(self.random.choice(self.scene.outsiders), data)

    def _outside(self, count: int) -> Iterator[tuple[str, Json]]:
        """Each button ever shown pressed by each outsider (as far as ``count`` goes), and everything else drawn."""
        foreign = [(player, data) for player in self.scene.outsiders for data in sorted(self.scene.shown)]
        self.random.shuffle(foreign)
        for player, data in islice(foreign, count // 2):
            yield "foreign", self.forger.pressed(player, data)
        rest = count - min(len(foreign), count // 2)
        for _ in range(rest):
            yield self._drawn(self.random.choice(self.scene.outsiders))

    def _drawn(self, player: Player) -> tuple[str, Json]:
        kind = self.random.choices(("noise", "likely", "stale", "mutated", "deep"), (15, 30, 25, 29, 1))[0]
        match kind:
            case "noise":
                return kind, self.forger.pressed(player, self.forger.noise())
            case "likely":
                return kind, self.forger.pressed(player, self.forger.likely())
            case "stale":
                return kind, self.forger.pressed(player, self.forger.stale())
            case "deep":
                return kind, self.forger.deep()
            case _:
                return kind, self.forger.mutated(player)

    def _inside(self, count: int) -> Iterator[tuple[str, Json]]:
        """Each button pressed by each of the villagers to whom it was never shown; then versions and numbers drawn."""
        foreign = [
            (player, data)
            for data, readers in sorted(self.scene.shown.items())
            for player in self.scene.insiders
            if player.user_id not in readers
        ]
        self.random.shuffle(foreign)
        for player, data in islice(foreign, count):
            yield "inside", self.forger.pressed(player, data)
        for _ in range(count - min(len(foreign), count)):
            player = self.random.choice(self.scene.insiders)
            yield "inside", self.forger.pressed(player, self.forger.stale())

    async def _feed(self, attacks: Iterable[tuple[str, Json]]) -> None:
        """As intake gets them, a page at a time; the next when the last one has been worked off."""
        drawn = iter(attacks)
        while batch := list(islice(drawn, BATCH)):
            self.report.sent.update(kind for kind, _ in batch)
            await self.program.app.intake.accept([update for _, update in batch])
            await self._worked_off()

    async def _worked_off(self) -> None:
        app = self.program.app
        async with asyncio.timeout(PATIENCE):
            while True:
                await asyncio.sleep(0.005)
                if app.dispatcher.idle and not (await app.store.depths())[0][0]:
                    return

    # --- judging ----------------------------------------------------------------------------------------------------------

    async def _scene_rows(self) -> Dump:
        return await dump(self.program.store._engine)

    def _compare(self, before: Dump, after: Dump) -> None:
        """Nothing that was there may have changed, but for what the outsiders are themselves."""
        own = {str(player.user_id) for player in self.scene.outsiders}
        for table in STATE:
            kept = set(after[table])
            for row in before[table]:
                if row in kept or (table == "person" and any(number in row for number in own)):
                    continue
                self.report.found.append(f"an outsider changed {table}: {row}")
        for table in (
            "appointment",
            "chat_group",
            "pairing",
            "claim",
            "visit",
            "earning",
            "posting",
            "entry",
            "unit",
            "notice",
            "mailing",
            "receipt",
            "thread",
            "notice_template",
            "lesson_template",
            "lesson_series",
        ):
            for row in set(after[table]) - set(before[table]):
                self.report.found.append(f"an outsider made a row of {table}: {row}")

    async def _compare_strictly(self, before: Dump, after: Dump) -> None:
        """No row has come, gone or changed, but for who the pressers are themselves."""
        chats = {player.user_id for player in self.scene.outsiders}
        columns = "id", "telegram_id"
        own = {
            number
            for number, chat in await rows(self.program.store._engine, "person", *columns)
            if chat in chats
        }
        for table, (gone, come) in differences(before, after).items():
            if table in MESSAGES or table in ("person", "audit"):
                continue
            self.report.found += [f"a foreign press changed {table}: {row}" for row in (*gone, *come)]
        persons = differences(before, after).get("person", ([], []))
        self.report.found += [
            f"a foreign press changed person: {row}"
            for row in (*persons[0], *persons[1])
            if not any(str(chat) in row for chat in chats)
        ]
        told = "id", "actor_id", "subject_kind", "subject_id", "event"
        known = len(before["audit"])
        for number, actor, kind, subject, event in (await rows(self.program.store._engine, "audit", *told))[
            known:
        ]:
            # Looking at one's own part of the world is written down as well; a job belongs to no place, and any admin
            # may ask for it.
            if event in ("bulk.read", "job.asked"):
                continue
            if kind != "person" or subject not in own or actor not in (subject, None):
                self.report.found.append(
                    f"a foreign press did {event}: {kind} {subject} by {actor} ({number})"
                )

    async def _judge_inbox(self) -> None:
        found = await rows(self.program.store._engine, "inbox", "update_id", "state", "payload", "error")
        for number, state, payload, error in found:
            if number < FIRST_NUMBER:
                continue
            self.report.states[state] += 1
            if state == "quarantined" and is_telegrams(json.loads(payload)):
                self.report.found.append(f"set aside though Telegram could send it: {error}: {payload[:600]}")
            elif state == "quarantined":
                self.report.quarantined[str(error).partition(":")[0]] += 1
            elif state != "done":
                self.report.found.append(f"update {number} is {state}")
        missing = sum(self.report.sent.values()) - sum(self.report.states.values())
        if missing:
            self.report.found.append(f"{missing} updates were never kept")

    async def _judge_outbox(self) -> None:
        """Every message that was made of it could be rendered and was taken."""
        stuck = "state IN ('failed', 'unknown')"
        for row in await rows(self.program.store._engine, "outbox", "id", "kind", "error", where=stuck):
            self.report.found.append(f"a message is stuck: {row}")

    async def _judge_leaks(self) -> None:
        """Who took a request on, as some insiders may, reads whose it is."""
        columns = "person.telegram_id", "task.request_id"
        joined = "claim JOIN task ON task.id = claim.task_id JOIN person ON person.id = claim.member_id"
        helpers = set(await rows(self.program.store._engine, joined, *columns))
        for chat_id, marker, text in self.recorder.leaked:
            told = (request for request, markers in self.scene.told_helpers.items() if marker in markers)
            if not any((chat_id, request) in helpers for request in told):
                self.report.found.append(f"{chat_id} read the secret {marker}: {text!r}")

    async def _judge_actions(self) -> None:
        self._request_of = dict(await rows(self.program.store._engine, "task", "id", "request_id"))
        for who, action in self._watched.done:
            self.report.actions[type(action).__name__] += 1
            if not self._may(who, action):
                self.report.found.append(f"{who} did {action}")

    def _may(self, who: int, action: Action) -> bool:
        """The house's own table of who may do what, for the things of the scene."""
        program, scene = self.program, self.scene
        leader, secretary = program.chen.user_id, program.zhao.user_id
        staff, members = {leader, secretary}, {program.wang.user_id, program.qiang.user_id}
        match action:
            case _ if isinstance(action, ANYBODYS):
                return True
            case requests.AcceptRequest(request_id=number) | requests.CorrectRequest(request_id=number):
                if number in scene.sensitive:
                    # What is about staff goes into the hands of whoever takes it in.
                    scene.helped_by.setdefault(number, set()).add(who)
                    return who == secretary
                return who in staff
            case requests.AskResident() | agreed.AgreeHours():
                return who in staff
            case requests.VerifyRequest(request_id=number):
                involved = scene.owners.get(number, set()) | scene.helped_by.get(number, set())
                return who in staff - involved
            case requests.DeclineRequest() | groups.BindGroup() | groups.UnbindGroup():
                return who == secretary
            case (
                lessons.BeginLesson()
                | lessons.PutLessonText()
                | lessons.SetDue()
                | lessons.SetPoints()
                | lessons.SetPassing()
                | lessons.PutQuestions()
                | lessons.PutQuestion()
                | lessons.AddressLesson()
                | lessons.AssignLesson()
                | lessons.WithdrawLesson()
                | lessons.NudgeLesson()
                | lesson_templates.KeepLesson()
                | lesson_templates.UseLessonTemplate()
                | lesson_templates.RenameLessonTemplate()
                | lesson_templates.DeleteLessonTemplate()
                | lesson_series.BeginSeries()
                | lesson_series.PutInSeries()
                | lesson_series.FillSeries()
                | lesson_series.TakeFromSeries()
                | lesson_series.StopSeries()
                | lesson_series.ResumeSeries()
                | branches.NudgeBranch()
            ):
                return who == secretary
            case meetings.PlanMeeting(kind=kind):
                return who in staff if kind is meetings.MeetingKind.GROUP else who == secretary
            case (
                meetings.MoveMeeting()
                | meetings.CorrectMeeting()
                | meetings.AmendList()
                | meetings.CancelMeeting()
                | meetings.PinPlace()
                | meetings.TickGuest()
                | meetings.CloseMeeting()
                | meetings.KeepMinutes()
                | meetings.AddFollowup()
                | meetings.SettleFollowup()
            ):
                return who in staff
            case checkins.ApproveCheckIn() | checkins.ReturnCheckIn():
                return who == secretary
            case appointments.GrantRole() | appointments.EndAppointment() | merging.MergePeople():
                return who == secretary
            case (
                roster.SuspendPerson()
                | roster.RestorePerson()
                | blocks.BlockPerson()
                | blocks.UnblockPerson()
            ):
                return who == secretary
            case roster.EnterPerson() | roster.CorrectPerson() | tags.TagPerson():
                return who in staff
            case deputies.NameDeputy() | deputies.RecallDeputy():
                return who in staff
            case (
                notices.BeginNotice()
                | notices.PutText()
                | notices.PutMedia()
                | notices.Switch()
                | notices.Address()
                | notices.SetKind()
                | notices.SetTime()
                | notices.CopyNotice()
                | notices.SetValid()
                | notices.ConfirmNotice()
                | notices.HoldNotice()
                | notices.GoOnNotice()
                | notices.StopNotice()
                | notices.WithdrawNotice()
                | notices.RemindNotice()
                | notices.AskAgain()
                | notices.TickOffCall()
                | threads.ReplyInThread()
                | threads.CloseThread()
                | templates.SaveTemplate()
                | templates.UseTemplate()
                | templates.RenameTemplate()
                | templates.DeleteTemplate()
            ):
                return who in staff
            case requests.ConfirmRequest(request_id=number) | requests.ReturnRequest(request_id=number):
                return who in scene.owners.get(number, {who}) - scene.helped_by.get(number, set())
            case requests.AddToRequest(request_id=number) | requests.WithdrawRequest(request_id=number):
                return who in scene.owners.get(number, {who})
            case requests.WriteLetter(request_id=number):
                return who in scene.owners.get(number, {who}) | scene.helped_by.get(number, set())
            case requests.RaiseForOther():
                return who in staff | members
            case tasks.ClaimTask(task_id=number):
                scene.holders.setdefault(number, set()).add(who)
                return who in staff | members
            case tasks.StartClaim() | tasks.ReleaseClaim() | tasks.ReportClaim():
                helping = scene.helped_by.get(self._request_of.get(action.task_id, 0), set())
                return who in scene.holders.get(action.task_id, set()) | helping
            case pairings.PairUp() | alarms.AcknowledgeAlarm():
                return who in staff
            case pairings.ConfirmVisit():
                return who in staff
        return False


async def _still_works(program: Program, report: Report) -> None:
    """After all that a resident's words are still passed on and answered."""
    newcomer: Sequence[str] = ("language.pick:0:zh", "consent.yes", "unit.here")
    neighbour = program.person("新邻居", user_id=3001)
    try:
        await neighbour.does(neighbour.start("u-b1"))
        await neighbour.presses(*newcomer)
        await neighbour.says("还在吗")
        neighbour.reads("ask.pass_on")
    except Exception as error:
        report.found.append(f"the bot does not work afterwards: {error}")
