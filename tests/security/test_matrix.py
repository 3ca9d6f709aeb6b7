"""Who may do what, cell by cell, through the gate itself: a real store, real appointments, a real thing in each place.

The table is the one written by hand in ``tests/domain/test_permissions.py``. For each permission one action or query
stands here; one that is added somewhere without a line here fails. Every attempt is undone, so that one scene serves
them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from domain.alarms import AcknowledgeAlarm, Alarm, RaiseAlarm
from domain.appointments import GrantRole
from domain.base import NOT_FOUND, Action, Content, Entity, Query, Refused, Role
from domain.blocks import BlockPerson
from domain.checkins.shapes import ApproveCheckIn, AskCheckIn, Checkin, CheckinState
from domain.deputies import NameDeputy
from domain.groups import BindGroup
from domain.imports import ExportRows, MayImport
from domain.jobs import SeeJobs
from domain.lessons.shapes import BeginLesson
from domain.lessons.shown import ListMyLessons
from domain.meetings.shown import ListMyMeetings, SeeDuties
from domain.merging import MergePeople
from domain.notices.shapes import BeginNotice, NoticeState, PublicNotice, ReadNotice
from domain.notices.shown import ListReceived
from domain.pairings import ConfirmVisit, OpenVisit, Pairing, PairUp, Visit, VisitState
from domain.people import Appointment, ChooseLanguage, Person
from domain.people_seen import SearchPeople
from domain.permissions import Permission
from domain.privacy import NoteExport
from domain.queries import ListDesk, ListPairs, ListTasks, SeePoints, SeeRequest, UnitChildren
from domain.requests import (
    AddToRequest,
    ConfirmRequest,
    CorrectRequest,
    DeclineRequest,
    RaiseForOther,
    RaiseRequest,
    Request,
    RequestState,
    VerifyRequest,
    WriteLetter,
)
from domain.roster import EnterPerson
from domain.rulebook import Rulebook
from domain.sheet_columns import ImportKind
from domain.tags import TagPerson
from domain.tasks import Claim, ClaimState, ClaimTask, StartClaim, Task, TaskState
from domain.trail import SearchTrail, TrailFilter
from domain.unit_pages import SeeUnit
from domain.units import RenameUnit
from storage import unit as unit_of_work
from storage.actions import DECIDE
from storage.engine import Engine
from storage.entities import save
from storage.facts import QUERIES
from storage.schema import audit
from storage.schema_notices import receipt
from storage.unit import Store, Who
from storage.units import UnitRow
from tests.domain.test_permissions import EXPECTED, LETTERS, ROLES, TIES, expected
from tests.support.databases import on_sqlite

P = Permission
T = TypeVar("T")
WORDS = (Content("text", "灯坏了"),)
TREE = (
    UnitRow(2, "street", "street", "街道", "", ""),
    UnitRow(3, "above", "community", "社区", "", "street"),
    UnitRow(4, "own", "grid", "一网格", "", "above"),
    UnitRow(5, "below", "building", "1号楼", "", "own"),
    UnitRow(6, "beside", "grid", "二网格", "", "above"),
    UnitRow(7, "elsewhere", "community", "别的社区", "", "street"),
)
PLACES = ("own", "below", "beside", "above", "elsewhere")
NOWHERE = "none"
NOTHING = 10**9
TOMORROW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
"""A number that nothing has."""


class _Undone(Exception):
    """What was tried is over."""


class Rehearsal(Store):
    """A store that takes back every change it has made."""

    async def _commit(self, unit: Callable[[Connection], T]) -> T:
        made: list[T] = []

        def rehearsed(connection: Connection) -> None:
            made.append(unit(connection))
            raise _Undone

        try:
            await self._engine.write(rehearsed)
        except _Undone:
            return made[-1]
        raise AssertionError("it was kept")


@dataclass(frozen=True)
class Thing:
    """The numbers of what is in one place, belongs to one person and was worked on by another."""

    submitted: int = NOTHING
    done: int = NOTHING
    in_hand: int = NOTHING
    offered_task: int = NOTHING
    held_task: int = NOTHING
    visit: int = NOTHING
    pairing: int = NOTHING
    alarm: int = NOTHING
    owner: int = NOTHING
    unit: int = NOTHING
    checkin: int = NOTHING
    appointment: int = NOTHING
    twin: int = NOTHING
    notice: int = NOTHING
    silent: int = NOTHING


@dataclass
class Scene:
    """``people``: for each role, one who lives in each place; all of them hold the role at "own". ``things`` by place,
    owner and worker."""

    now: datetime
    units: dict[str, int] = field(default_factory=dict)
    people: dict[tuple[Role | None, str], int] = field(default_factory=dict)
    things: dict[tuple[str, int, int], Thing] = field(default_factory=dict)
    rows: list[Entity] = field(default_factory=list)
    ids: int = 1000
    nobody: dict[str, int] = field(default_factory=dict)
    helper: int = 0
    checkins: dict[int, int] = field(default_factory=dict)
    notices: dict[int, int] = field(default_factory=dict)
    served: dict[str, tuple[int, int]] = field(default_factory=dict)

    def id(self) -> int:
        self.ids += 1
        return self.ids

    def person(self, home: str) -> int:
        number = self.id()
        home_id = self.units[home]
        self.rows.append(Person(number, 0, number, f"某{number}", "zh", home_id, consent_version=1))
        return number

    def thing(self, place: str, owner: int, worker: int) -> None:
        """One of everything."""
        unit, then = self.units[place], self.now

        def request(state: RequestState) -> int:
            number = self.id()
            self.rows.append(
                Request(number, 0, unit, unit, owner, "lift", "timely", False, False, state, then, then)
            )
            return number

        def task(request_id: int | None, state: ClaimState | None, *, pairing: int | None = None) -> int:
            number, kind = self.id(), "request" if pairing is None else "visit"
            work = TaskState.OFFERED
            self.rows.append(
                Task(
                    number, 0, kind, unit, unit, "lift", "timely", work, 2, int(state is not None), then,
                    request_id, pairing, owner if pairing else None,
                )
            )  # fmt: skip
            if state is not None:
                self.rows.append(Claim(self.id(), 0, number, worker, 1, state, then))
            return number

        submitted, done, in_hand = map(
            request, (RequestState.SUBMITTED, RequestState.DONE, RequestState.IN_PROGRESS)
        )
        task(done, ClaimState.REPORTED)
        held = task(in_hand, ClaimState.CLAIMED)
        silent = request(RequestState.CLOSED_SILENT)
        task(silent, ClaimState.REPORTED)
        offered = task(request(RequestState.OPEN), None)
        pairing, visit, alarm = self.id(), self.id(), self.id()
        later = then.date() + timedelta(days=7)
        self.rows.append(Pairing(pairing, 0, unit, owner, worker, "illness", 7, later, then))
        visited = task(None, ClaimState.REPORTED, pairing=pairing)
        self.rows.append(Visit(visit, 0, pairing, visited, then.date(), VisitState.DONE, then))
        self.rows.append(Alarm(alarm, 0, unit, owner, then))
        if owner not in self.checkins:
            checkin = self.checkins[owner] = self.id()
            self.rows.append(
                Checkin(checkin, 0, owner, unit, CheckinState.ASKED, "", (), (), then, None, None, None)
            )
        if owner not in self.notices:
            notice = self.notices[owner] = self.id()
            texts = {"zh": "明天停水"}
            self.rows.append(
                PublicNotice(notice, 0, self.helper, unit, NoticeState.SENT, then, texts, begun_at=then)
            )
        if place not in self.served:
            # Somebody who serves there, and a second record of a neighbour: neither is whoever tries.
            serving, twin, appointment = self.person(place), self.person(place), self.id()
            start = then - timedelta(days=1)
            self.rows.append(Appointment(appointment, 0, serving, Role.LEADER, unit, start))
            self.served[place] = appointment, twin
        appointment, twin = self.served[place]
        self.things[place, owner, worker] = Thing(
            submitted, done, in_hand, offered, held, visit, pairing, alarm, owner, unit,
            self.checkins[owner], appointment, twin, self.notices[owner], silent,
        )  # fmt: skip

    def tied(self, role: Role | None, place: str, tie: str) -> tuple[int, Thing]:
        """Who I am, and what I am tied to so."""
        if place == NOWHERE:
            return self.people[role, "own"], Thing()
        me, other = self.people[role, place], self.nobody[place]
        owner, worker = (
            (me, self.helper) if tie == "owner" else (other, me) if tie == "worker" else (other, self.helper)
        )
        return me, self.things[place, owner, worker]


@dataclass(frozen=True)
class Try:
    """What stands for a permission. ``of``: the action or query; ``finds``: with a query, whether what came back shows
    the thing; without it, not being refused is enough. ``ties``: those that mean something for it.

    ``anywhere``: it is asked without a place, so the right must only be held somewhere.
    """

    of: Callable[[Thing], Action | Query]
    finds: Callable[[Any, Thing], bool] | None = None
    ties: tuple[str, ...] = TIES
    anywhere: bool = False


def listed(*numbers: str) -> Callable[[Any, Thing], bool]:
    """Whether a page holds the thing's number."""
    return lambda page, thing: any(
        getattr(thing, number) in (getattr(row, "subject_id", 0), row.id if hasattr(row, "id") else 0)
        for row in page.rows
        for number in numbers
    )


TRIES: Mapping[Permission, Try] = {
    P.ARRIVE: Try(lambda thing: UnitChildren(), ties=("other",)),
    P.KEEP_OWN_SETTINGS: Try(lambda thing: ChooseLanguage("en"), ties=("other",)),
    P.RAISE_REQUEST: Try(
        lambda thing: RaiseRequest("lift", "timely", False, False, WORDS, flat="1", phone="138"),
        ties=("owner",),
    ),
    P.RAISE_FOR_OTHER: Try(
        lambda thing: RaiseForOther("lift", "timely", False, False, WORDS, name="奶奶", unit_id=thing.unit),
        ties=("other",),
    ),
    P.SEE_REQUEST: Try(lambda thing: SeeRequest(thing.in_hand)),
    P.FOLLOW_OWN_REQUEST: Try(lambda thing: AddToRequest(thing.in_hand, WORDS)),
    P.CONFIRM_REQUEST: Try(lambda thing: ConfirmRequest(thing.done, 5)),
    P.RAISE_ALARM: Try(lambda thing: RaiseAlarm("着火了"), ties=("owner",)),
    P.ACKNOWLEDGE_ALARM: Try(lambda thing: AcknowledgeAlarm(thing.alarm)),
    # Who sees which of what waits there is asked of each read, for people of elsewhere: ``test_every_read.py``.
    P.SEE_DESK: Try(lambda thing: ListDesk(), ties=("other",), anywhere=True),
    P.TRIAGE_REQUEST: Try(lambda thing: CorrectRequest(thing.submitted, category="repair")),
    P.DECLINE_REQUEST: Try(lambda thing: DeclineRequest(thing.submitted, "不归我们管")),
    P.VERIFY_REQUEST: Try(lambda thing: VerifyRequest(thing.silent)),
    # Nobody is offered what is their own.
    P.SEE_TASKS: Try(lambda thing: ListTasks(), listed("offered_task"), ties=("worker", "other")),
    P.CLAIM_TASK: Try(lambda thing: ClaimTask(thing.offered_task)),
    P.WORK_CLAIM: Try(lambda thing: StartClaim(thing.held_task)),
    P.WRITE_LETTER: Try(lambda thing: WriteLetter(thing.in_hand, WORDS[0])),
    P.PAIR: Try(
        lambda thing: PairUp(1, "illness", 7, datetime(2026, 3, 9).date(), resident_id=thing.owner)  # noqa: DTZ001 - a day only
    ),
    P.SEE_PAIRINGS: Try(lambda thing: ListPairs(), ties=("other",), anywhere=True),
    P.CONFIRM_VISIT: Try(lambda thing: ConfirmVisit(thing.visit, 5)),
    P.SEE_OWN_POINTS: Try(lambda thing: SeePoints(), ties=("owner",)),
    P.BIND_GROUP: Try(lambda thing: BindGroup(-77, thing.unit), ties=("other",)),
    P.CHECK_IN: Try(lambda thing: AskCheckIn(thing.unit, ""), ties=("owner",)),
    P.APPROVE_CHECK_IN: Try(lambda thing: ApproveCheckIn(thing.checkin, 1), ties=("owner", "other")),
    P.SEE_PEOPLE: Try(lambda thing: SearchPeople(thing.unit), ties=("other",)),
    P.ENTER_PERSON: Try(lambda thing: EnterPerson(thing.unit, "周奶奶", "601"), ties=("other",)),
    P.TAG_PERSON: Try(lambda thing: TagPerson(thing.owner, "mobility", True)),
    P.APPOINT: Try(lambda thing: GrantRole(thing.owner, Role.MEMBER, thing.unit), ties=("owner", "other")),
    P.NAME_DEPUTY: Try(
        lambda thing: NameDeputy(thing.appointment, thing.twin, TOMORROW, TOMORROW + timedelta(days=7)),
        ties=("other",),
    ),
    P.MERGE_PEOPLE: Try(lambda thing: MergePeople(thing.owner, thing.twin), ties=("other",)),
    P.SEE_UNITS: Try(lambda thing: SeeUnit(thing.unit), ties=("other",)),
    P.MANAGE_UNITS: Try(lambda thing: RenameUnit(thing.unit, "新名字"), ties=("other",)),
    P.IMPORT_ROWS: Try(lambda thing: MayImport(), ties=("other",), anywhere=True),
    P.EXPORT_ROWS: Try(lambda thing: ExportRows(ImportKind.PEOPLE, thing.unit), ties=("other",)),
    P.MANAGE_JOBS: Try(lambda thing: SeeJobs(), ties=("other",), anywhere=True),
    P.KEEP_OWN_DATA: Try(lambda thing: NoteExport(), ties=("owner",)),
    P.SEND_NOTICE: Try(lambda thing: BeginNotice(thing.unit, "zh", "明天停水", 4), ties=("other",)),
    # Each notice of the scene has reached one person alone.
    P.READ_NOTICE: Try(lambda thing: ReadNotice(thing.notice)),
    P.SEE_NOTICES: Try(lambda thing: ListReceived(), ties=("owner",)),
    P.STUDY: Try(lambda thing: ListMyLessons(), ties=("other",), anywhere=True),
    P.ASSIGN_LESSON: Try(
        lambda thing: BeginLesson(
            thing.unit, "zh", "党章", "第一章", 3, (), 15, TOMORROW.date() + timedelta(days=7)
        ),
        ties=("other",),
    ),
    P.ATTEND_MEETING: Try(lambda thing: ListMyMeetings(), ties=("other",), anywhere=True),
    P.PLAN_MEETING: Try(lambda thing: SeeDuties(thing.unit), ties=("other",)),
    P.SUSPEND_PERSON: Try(lambda thing: BlockPerson(thing.owner)),
    P.SEE_AUDIT: Try(
        lambda thing: SearchTrail(TrailFilter(request_id=thing.submitted)),
        lambda page, thing: any(row.request_id == thing.submitted for row in page.rows),
    ),
    P.RUN_CLOCK: Try(lambda thing: OpenVisit(thing.pairing)),
}


def behind() -> set[Permission]:
    """Every permission that some action or query names."""
    return {Permission(named.permission) for named in (*DECIDE, *QUERIES)}


def test_every_permission_that_something_asks_for_is_tried() -> None:
    assert behind() - set(TRIES) == set(), "add what stands for it to TRIES"
    assert set(TRIES) - behind() == {P.SEE_REQUEST}, "asked within a query under another name"


@pytest.fixture
async def scene(store: Store, engine: Engine, now: datetime) -> Scene:
    """Everything there is, in every place, everybody's."""
    await store.import_units(TREE, dry_run=False)
    made = Scene(now)
    for row in TREE:
        made.units[row.key] = await store.unit_by_code(row.key) or 0
    made.helper = made.person("own")
    made.nobody = {place: made.person(place) for place in PLACES}
    for role in ROLES:
        for place in PLACES:
            me = made.people[role, place] = made.person(place)
            if role is not None:
                start = now - timedelta(days=1)
                made.rows.append(Appointment(made.id(), 0, me, role, made.units["own"], start))
    for place in PLACES:
        made.thing(place, made.nobody[place], made.helper)
        for role in ROLES:
            made.thing(place, made.people[role, place], made.helper)
            made.thing(place, made.nobody[place], made.people[role, place])

    def unit(connection: Connection) -> None:
        save(connection, made.rows)
        connection.execute(
            receipt.insert(),
            [
                {"notice_id": notice, "person_id": owner, "state": "sent"}
                for owner, notice in made.notices.items()
            ],
        )
        connection.execute(
            audit.insert(),
            [
                {
                    "at": now,
                    "event": "request.raised",
                    "subject_kind": "request",
                    "subject_id": row.id,
                    "request_id": row.id,
                    "unit_id": row.unit_id,
                    "data": {},
                }
                for row in made.rows
                if isinstance(row, Request)
            ],
        )

    await engine.write(unit)
    return made


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Grows when a rule is asked: the gate has let an action through, whatever the rule says of it."""
    found: list[bool] = []

    def noting(rule: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **named: Any) -> Any:
            found.append(True)
            return rule(*args, **named)

        return noted

    monkeypatch.setattr(unit_of_work, "DECIDE", {action: noting(rule) for action, rule in DECIDE.items()})
    return found


async def lets_through(
    store: Store, attempt: Try, me: int, thing: Thing, *, now: datetime, reached: list[bool]
) -> bool:
    """Whether the gate lets this person do it, or shows it to them."""
    what, who = attempt.of(thing), Who(me, "某人", "zh")
    if isinstance(what, Action):
        reached.clear()
        await store.perform(what, who, now=now)
        return bool(reached)
    try:
        found = await _everything(lambda page: store.read(_turned(what, page), who, now=now))
    except Refused as refused:
        if refused.key != NOT_FOUND:
            raise
        return False
    return attempt.finds is None or any(attempt.finds(page, thing) for page in found)


def _turned(query: Query, page: int) -> Query:
    return type(query)(page) if hasattr(query, "page") else query  # type: ignore[call-arg]


async def _everything(read: Callable[[int], Awaitable[Any]]) -> list[Any]:
    """All pages of a list, or the one answer."""
    found = [await read(1)]
    for page in range(2, getattr(found[0], "pages", 1) + 1):
        found.append(await read(page))
    return found


def cell(permission: Permission, attempt: Try, role: Role | None, place: str, tie: str) -> bool:
    """What the table written by hand says."""
    row = EXPECTED[permission]
    if attempt.anywhere:
        return row.everyone or role in {LETTERS[letter] for letter in row.roles}
    if place == NOWHERE:
        return row.everyone
    return expected(role, permission, place, tie)


async def test_every_cell_through_the_gate(
    scene: Scene, engine: Engine, rules: Rulebook, now: datetime, reached: list[bool]
) -> None:
    # The gate is the same code on both: where each statement is a round trip, a place within and one outside are enough.
    places = (*PLACES, NOWHERE) if engine.dialect == "sqlite" else ("below", "beside")
    wrong = await differing(scene, Rehearsal(engine, rules=rules), places, now=now, reached=reached)
    assert not wrong, "\n".join(wrong)


async def differing(
    scene: Scene, store: Store, places: tuple[str, ...], *, now: datetime, reached: list[bool]
) -> list[str]:
    """The cells in which the gate says something else than the table."""
    wrong = []
    for permission, attempt in TRIES.items():
        for role, place, tie in product(ROLES, places, attempt.ties):
            me, thing = scene.tied(role, place, tie)
            answer = await lets_through(store, attempt, me, thing, now=now, reached=reached)
            if answer is not cell(permission, attempt, role, place, tie):
                wrong.append(f"{permission}: {role or 'resident'}, {place}, {tie}: {answer}")
    return wrong


@on_sqlite
async def test_a_gate_that_stands_open_is_found_out(
    scene: Scene,
    engine: Engine,
    rules: Rulebook,
    now: datetime,
    reached: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unit_of_work, "allowed", lambda *who: True)
    wrong = await differing(scene, Rehearsal(engine, rules=rules), ("beside",), now=now, reached=reached)
    found = {line.partition(":")[0] for line in wrong}
    actions = {p for p, attempt in TRIES.items() if isinstance(attempt.of(Thing()), Action)}
    assert found == {p for p in actions if not EXPECTED[p].everyone}


async def test_a_stranger_reaches_nothing_but_the_way_in(
    scene: Scene, engine: Engine, rules: Rulebook, now: datetime, reached: list[bool]
) -> None:
    store = Rehearsal(engine, rules=rules)
    _, thing = scene.tied(None, "own", "other")
    for permission, attempt in TRIES.items():
        answer = await lets_through(store, attempt, 555, thing, now=now, reached=reached)
        assert answer is (permission is P.ARRIVE), permission
