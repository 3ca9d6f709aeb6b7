"""What the attacks are played against: a village in the middle of everything, full of things worth stealing.

Each secret is a word that stands nowhere else, so that finding it in a text says who read what. Also knows who is
outside of it all, and every button that was ever shown to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import update

from domain.alarms import RaiseAlarm
from domain.base import Action, Actor, Content, Role
from domain.groups import BindGroup
from domain.pairings import OpenVisit, PairUp
from domain.requests import AcceptRequest, ConfirmRequest, RaiseForOther, RaiseRequest, WriteLetter
from domain.tasks import ClaimTask, ReportClaim, StartClaim
from sandbox.people import Message
from storage.schema import counter, person
from storage.unit import Who
from storage.units import UnitRow
from tests.support.dump import rows
from tests.support.player import Player
from tests.support.program import Program

ELSEWHERE = (
    UnitRow(2, "c2", "community", "和平社区", "Peace Community", "street"),
    UnitRow(3, "b9", "building", "9号楼", "Building 9", "c2"),
)
FIRST_OUTSIDE = 500
"""The outsiders and their units are numbered from here."""
GROUP_TITLE = "1号楼居民群"
FORMS = ("/start", "/menu", "/help", "/mine", "/desk", "/tasks", "/mytasks", "/pairs", "/points", "/language")
QUESTIONS = (
    "request.add",
    "request.write",
    "request.unsolved",
    "request.decline",
    "request.correct",
    "request.withdraw",
    "request.solved",
    "task.done",
    "task.release",
    "pairing.new",
    "proxy.new",
)


@dataclass(slots=True)
class Scene:
    """``secrets``: each marker with the Telegram ids of those who may read it. ``shown``: callback data with those to
    whom it was ever shown. ``told_helpers``: the markers of a request that whoever takes it on may read. ``owners``,
    ``helped_by``: Telegram ids by request; ``holders``: by task. ``next_door``: who leads building 2. ``numbers``: of all there is in the village.
    """

    program: Program
    outsiders: tuple[Player, ...]
    insiders: tuple[Player, ...]
    group_id: int
    secrets: dict[str, set[int]] = field(default_factory=dict)
    shown: dict[str, set[int]] = field(default_factory=dict)
    owners: dict[int, set[int]] = field(default_factory=dict)
    holders: dict[int, set[int]] = field(default_factory=dict)
    helped_by: dict[int, set[int]] = field(default_factory=dict)
    sensitive: set[int] = field(default_factory=set)
    told_helpers: dict[int, tuple[str, ...]] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    next_door: frozenset[int] = frozenset()

    def hides(self, *markers: str, readers: Iterable[Player]) -> None:
        """These words are for these people only."""
        for marker in markers:
            self.secrets[marker] = {reader.user_id for reader in readers}

    def stolen(self, chat_id: int, text: str) -> list[str]:
        """The secrets in a text that this chat may not read; to outsiders, what anybody in the village is called."""
        found = [
            marker for marker, readers in self.secrets.items() if chat_id not in readers and marker in text
        ]
        if any(chat_id == player.user_id for player in self.outsiders):
            found += [
                player.name
                for player in self.insiders
                if player.name in text
                # The secretary lives in building 2, so whoever leads there may know them as a neighbour.
                and not (player is self.program.zhao and chat_id in self.next_door)
            ]
        return found


async def played(program: Program) -> Scene:
    """The scene, with every card delivered and the buttons collected. The clock's own jobs are switched off."""
    program.app.ticker.stop()
    scene = await _with_outsiders(program)
    await _busy(scene)
    await program.quiet()
    await _looks_around(scene)
    scene.shown = _every_button(program)
    scene.numbers = await _numbers(scene)
    return scene


async def _numbers(scene: Scene) -> tuple[int, ...]:
    """Requests, tasks, units and the like, the people (those without a phone came after the outsiders), the chats."""
    outside = {player.user_id for player in scene.outsiders}
    people = await rows(scene.program.store._engine, "person", "id", "telegram_id")
    numbers = {number for number, chat in people if chat not in outside}
    chats = {player.user_id for player in scene.insiders} | {-scene.group_id}
    return tuple(sorted({*range(41), *numbers, *chats}))


async def _with_outsiders(program: Program) -> Scene:
    # Their numbers are none of the village's, so that a number drawn there is somebody else's for sure.
    for name in ("unit", "person", "appointment"):
        statement = counter.update().where(counter.c.name == name).values(value=FIRST_OUTSIDE)
        await program.store._engine.write(
            lambda connection, statement=statement: connection.execute(statement)
        )
    imported = await program.store.import_units(ELSEWHERE, dry_run=False)
    assert not imported.problems
    for row in ELSEWHERE:
        program.units[row.key] = await program.store.unit_by_code(row.key) or 0
    stranger = program.person("陌生人", user_id=2001)
    suspended = program.person("停用者", user_id=2002, started=True)
    leader = program.person("邻楼组长", user_id=2003, started=True)
    member = program.person("邻楼党员", user_id=2004, started=True)
    resident = program.person("邻楼居民", user_id=2005, started=True)
    secretary = program.person("和平书记", user_id=2006, started=True)
    elsewhere = {
        role: program.person(f"和平{role}", user_id=number, started=True)
        for number, role in enumerate((Role.LEADER, Role.MEMBER, Role.ADMIN), start=2007)
    }
    await program.settles(suspended, role=Role.MEMBER)
    await program.settles(leader, home="b2", role=Role.LEADER, at="b2")
    await program.settles(member, home="b2", role=Role.MEMBER, at="b2")
    await program.settles(resident, home="b9")
    await program.settles(secretary, home="b9", role=Role.SECRETARY, at="c2")
    for role, player in elsewhere.items():
        await program.settles(player, home="b9", role=role, at="c2")
    # There is no action for it yet; what it must keep people from is there.
    statement = update(person).where(person.c.telegram_id == suspended.user_id).values(suspended=True)
    await program.store._engine.write(lambda connection: connection.execute(statement))
    insiders = (program.chen, program.zhao, program.wang, program.qiang, program.lan, program.emily)
    group = program.group(GROUP_TITLE, program.zhao, program.wang, program.lan)
    outsiders = (stranger, suspended, leader, member, resident, secretary, *elsewhere.values())
    return Scene(program, outsiders, insiders, group.chat_id, next_door=frozenset({leader.user_id}))


async def _busy(scene: Scene) -> None:
    """Something of everything, and in each of it a secret."""
    program = scene.program
    chen, zhao, wang, qiang = program.chen, program.zhao, program.wang, program.qiang
    lan, emily = program.lan, program.emily
    staff, pool = (chen, zhao), (wang, qiang)

    async def does(action: Action, who: Player | Actor) -> Mapping[str, Any]:
        asker = who if isinstance(who, Actor) else Who(who.user_id, who.name, who.language or "")
        return (await program.performs(action, asker)).result

    async def raised(who: Player, words: str, *, category: str = "lift", private: bool = False) -> int:
        contact = {lan: ("K7301", "F7301"), emily: ("K7302", "F7302")}[who]
        phone = {lan: "13900007301", emily: "13900007302"}[who]
        urgency = "timely" if category == "lift" else "ordinary"
        action = RaiseRequest(
            category,
            urgency,
            private,
            False,
            (Content("text", words),),
            about="leader" if category == "sensitive" else None,
            name=f"{who.name} {contact[0]}",
            flat=contact[1],
            phone=phone,
        )
        found = int((await does(action, who))["request_id"])
        scene.owners[found] = {who.user_id}
        scene.told_helpers[found] = (*contact, phone, words[-5:])
        return found

    async def accepted(request_id: int, *, by: Player = chen) -> int:
        return int((await does(AcceptRequest(request_id), by))["task_id"])

    async def held(task_id: int, request_id: int, *, by: Player) -> None:
        await does(ClaimTask(task_id), by)
        scene.holders[task_id] = {by.user_id}
        scene.helped_by[request_id] = {by.user_id}

    await does(BindGroup(scene.group_id, program.units["b1"]), zhao)
    working = await raised(lan, "灯坏了W7401")
    await held(await accepted(working), working, by=wang)
    await does(StartClaim(1), wang)
    await does(WriteLetter(working, Content("text", "马上到L7501")), wang)
    await does(WriteLetter(working, Content("text", "门没锁L7502")), lan)
    await raised(lan, "只说给组长W7402", private=True)
    open_to_all = await raised(emily, "门铃哑了W7403")
    await accepted(open_to_all)
    waiting = await raised(emily, "窗户卡住W7404")
    task_id = await accepted(waiting)
    await held(task_id, waiting, by=qiang)
    await does(ReportClaim(task_id, 30, (Content("text", "修好了N7601"),)), qiang)
    about_leader = await raised(lan, "组长的事W7405", category="sensitive")
    scene.sensitive.add(about_leader)
    closed = await raised(lan, "早就好了W7406")
    task_id = await accepted(closed)
    await held(task_id, closed, by=qiang)
    await does(ReportClaim(task_id, 30, (Content("text", "换了N7602"),)), qiang)
    await does(ConfirmRequest(closed, 5), lan)
    for_other = RaiseForOther(
        "lift",
        "timely",
        False,
        False,
        (Content("text", "奶奶的W7407"),),
        name="奶奶K7303",
        flat="F7303",
        unit_id=program.units["b1"],
    )
    asked_for = int((await does(for_other, wang))["request_id"])
    scene.owners[asked_for] = {wang.user_id}
    scene.told_helpers[asked_for] = ("K7303", "F7303")
    await does(RaiseAlarm("着火了A7701"), lan)
    wang_id, today = await _person_id(program, wang), date(2026, 3, 2)
    for flat, notes, name in (("F7304", "钥匙在P7801", "孙K7304"), ("F7305", "耳背P7802", "钱K7305")):
        pair = PairUp(
            wang_id, "living_alone", 7, today, notes, unit_id=program.units["b1"], name=name, flat=flat
        )
        pairing_id = int((await does(pair, chen))["pairing_id"])
        visit_task = int((await does(OpenVisit(pairing_id), Actor.system("visits")))["task_id"])
        scene.holders[visit_task] = {wang.user_id}
    await does(ReportClaim(visit_task, 40, (Content("text", "都好N7603"),), wellbeing=3), wang)

    scene.hides("W7401", readers=(lan, *staff, *pool))
    scene.hides("K7301", "F7301", "13900007301", readers=(lan, *staff, wang, qiang))
    scene.hides("L7501", "L7502", readers=(lan, wang, *staff))
    scene.hides("W7402", "A7701", readers=(lan, *staff))
    scene.hides("W7403", readers=(emily, *staff, *pool))
    scene.hides("K7302", "F7302", "13900007302", "N7601", readers=(emily, *staff, qiang))
    scene.hides("W7404", readers=(emily, *staff, *pool))
    scene.hides("W7405", readers=(lan, zhao))
    scene.hides("W7406", "N7602", readers=(lan, *staff, *pool))
    scene.hides("W7407", readers=(*staff, *pool))
    scene.hides("K7303", "F7303", readers=(wang, *staff))
    scene.hides("P7801", "P7802", readers=(wang,))
    scene.hides("K7304", "K7305", "F7304", "F7305", "N7603", readers=(wang, *staff))


async def _person_id(program: Program, player: Player) -> int:
    opening = await program.store.opening(Who(player.user_id), now=program.clock.now())
    return opening.actor.person_id


async def _looks_around(scene: Scene) -> None:
    """Everyone opens every list and every question, so that every kind of button was shown once."""
    program = scene.program
    for player in scene.insiders:
        await player.says(*FORMS)
        for verb in QUESTIONS:
            if player.offers(verb):
                await player.presses(verb)
                await player.says("/cancel")
    resident = program.lan
    await resident.says("水管又漏了V7900")
    for button in ("request.pass", "request.category", "request.urgency", "request.private", "request.hide"):
        await resident.presses(button)
    scene.hides("V7900", readers=(resident,))
    await program.zhao.does(program.zhao.sends("/bind", chat=scene.group_id))


def _every_button(program: Program) -> dict[str, set[int]]:
    shown: dict[str, set[int]] = {}
    for chat_id, sights in program.sandbox.world.sights.items():
        for sight in sights:
            for _, data in Message(sight.message or {}).buttons:
                if not data.startswith("http"):
                    shown.setdefault(data, set()).add(chat_id)
    return shown
