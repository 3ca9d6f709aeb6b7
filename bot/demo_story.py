"""What happened in the made-up town during the last fortnight, told in order: one of everything there is to see.

Each step is an action of one of its people at an earlier moment, decided by the same rules as everyone's. Who they are
is `bot/demo_town.py`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.demo_town import CHEN, DEMO_PEOPLE, EMILY, GAO, HE, LI, LIU, MA, SUN, WANG, XU, ZHANG, ZHAO, ZHENG
from domain.base import Action, Actor, Content, Scalar
from domain.pairings import ConfirmVisit, OpenVisit, PairUp
from domain.requests import (
    AcceptRequest,
    AskResident,
    ConfirmRequest,
    DeclineRequest,
    RaiseForOther,
    RaiseRequest,
    ReturnRequest,
    WithdrawRequest,
    WriteLetter,
)
from domain.tasks import ClaimTask, ReportClaim, StartClaim
from storage.unit import Done, Reply, Store, Who

CLOCK = Actor.system("demo")
"""Who makes appointments and opens visits here, where in life the command line and the clock do."""

PEOPLE = {person.telegram_id: person for person in DEMO_PEOPLE}


class DemoError(Exception):
    """The rules refused a step of the story: the story no longer fits them. The text names the step and the reason."""


def words(text: str) -> tuple[Content, ...]:
    """Something said."""
    return (Content("text", text),)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is played: ``units`` by code and ``persons`` by Telegram id give the store's own ids."""

    store: Store
    now: datetime
    units: Mapping[str, int]
    persons: Mapping[int, int]

    async def play(
        self, who: int | Actor, action: Action, *, ago: timedelta, replies: tuple[Reply, ...] = ()
    ) -> Mapping[str, Scalar]:
        """Let ``who`` (a Telegram id, or the clock) do one thing, ``ago`` before now. Raises DemoError."""
        outcome = await self.store.perform(
            action, who if isinstance(who, Actor) else Who(who), now=self.now - ago, replies=replies
        )
        if not isinstance(outcome, Done):
            raise DemoError(f"{type(action).__name__} by {who}: {outcome}")
        return outcome.result

    async def raised(
        self, who: int, category: str, urgency: str, text: str, *, ago: timedelta, about: str | None = None
    ) -> int:
        """A request, with the address that only the first one asks for; its number."""
        person = PEOPLE[who]
        action = RaiseRequest(
            category, urgency, private=False, name_hidden=False, contents=words(text),
            about=about, flat=person.flat, phone=person.phone.removeprefix("+86"),
        )  # fmt: skip
        return number((await self.play(who, action, ago=ago))["request_id"])

    async def accepted(self, who: int, request_id: int, *, ago: timedelta, places: int = 1) -> int:
        """A request accepted; its task."""
        result = await self.play(who, AcceptRequest(request_id, places=places), ago=ago)
        return number(result["task_id"])

    async def opened(self, pairing_id: int, *, ago: timedelta) -> tuple[int, int]:
        """A visit come due; its number and its task."""
        result = await self.play(CLOCK, OpenVisit(pairing_id), ago=ago)
        return number(result["visit_id"]), number(result["task_id"])

    def day(self, *, ago: timedelta) -> date:
        """The day it was in the town."""
        return (self.now - ago).astimezone(ZoneInfo(self.store.rules.time_zone)).date()


def number(value: Scalar) -> int:
    """An id that an action handed back."""
    return int(str(value))


def days(count: float) -> timedelta:
    """That many days."""
    return timedelta(days=count)


def hours(count: float) -> timedelta:
    """That many hours."""
    return timedelta(hours=count)


async def tell(stage: Stage) -> None:
    """Play the whole story, the oldest first."""
    grandmother = await _a_grandmother_is_looked_after(stage)
    await _what_is_over(stage)
    await _first_visit(stage, grandmother)
    await _cleaned_up(stage)
    neighbour = await _another_pairing(stage)
    await _sent_back(stage)
    await _visit_to_confirm(stage, neighbour)
    await _what_is_under_way(stage, grandmother)
    await _what_is_new(stage)


async def _a_grandmother_is_looked_after(stage: Stage) -> int:
    sofa = await stage.raised(LI, "micro_wish", "ordinary", "旧沙发想扔掉，一个人搬不动。", ago=days(12))
    await stage.play(LI, WithdrawRequest(sofa), ago=days(11.8))
    pairing = PairUp(
        stage.persons[WANG], "living_alone", 7, stage.day(ago=days(7)),
        notes="耳朵不太好，敲门要重一点。降压药放在电视柜左边抽屉。", resident_id=stage.persons[LI],
    )  # fmt: skip
    return number((await stage.play(CHEN, pairing, ago=days(11)))["pairing_id"])


async def _what_is_over(stage: Stage) -> None:
    text = "The lift in Building 3 stops between the 4th and 5th floor and the doors stay shut for a minute."
    lift = await stage.raised(EMILY, "lift", "timely", text, ago=days(10))
    task = await stage.accepted(CHEN, lift, ago=days(9.95))
    await stage.play(WANG, ClaimTask(task), ago=days(9.9))
    await stage.play(WANG, StartClaim(task), ago=days(9.8))
    report = ReportClaim(
        task,
        60,
        words("换了门锁触点，试跑二十趟没再停。The door contact is new; twenty rides without a stop."),
    )
    await stage.play(WANG, report, ago=days(9.5))
    await stage.play(EMILY, ConfirmRequest(lift, 5), ago=days(9.2))
    lawn = await stage.raised(
        HE, "parking", "ordinary", "8号楼前的草坪能不能铺平，给我划一个固定车位？", ago=days(8)
    )
    reason = "草坪属于全体业主共有，不能改成个人车位。地下车库还有空位，可以到物业登记。"
    await stage.play(ZHAO, DeclineRequest(lawn, reason), ago=days(7.8))


async def _first_visit(stage: Stage, pairing: int) -> None:
    visit, task = await stage.opened(pairing, ago=days(7))
    await stage.play(WANG, StartClaim(task), ago=days(6.9))
    report = ReportClaim(task, 45, words("精神不错，陪着量了血压，换了厨房的灯泡。"), wellbeing=3)
    await stage.play(WANG, report, ago=days(6.8))
    await stage.play(LI, ConfirmVisit(visit, 5), ago=days(6.7))


async def _cleaned_up(stage: Stage) -> None:
    stairs = await stage.raised(
        ZHANG, "hygiene", "ordinary", "5号楼12层楼道堆了好多纸箱，走路都要侧身。", ago=days(6.5)
    )
    task = await stage.accepted(SUN, stairs, ago=days(6.3))
    await stage.play(LIU, ClaimTask(task), ago=days(6.2))
    report = ReportClaim(task, 50, words("和两户邻居商量好，纸箱当天都搬走了，楼道扫了一遍。"))
    await stage.play(LIU, report, ago=days(5.6))
    await stage.play(ZHANG, ConfirmRequest(stairs, 4), ago=days(5.5))


async def _another_pairing(stage: Stage) -> int:
    """Somebody without a phone of her own: she is spoken for, and a secretary confirms the visits."""
    pairing = PairUp(
        stage.persons[LIU], "disability", 14, stage.day(ago=days(1)), notes="坐轮椅，门口的坡道窄，慢一点推。",
        unit_id=stage.units["lanting-1"], name="钱淑珍", flat="104", phone="13800001081",
    )  # fmt: skip
    return number((await stage.play(ZHAO, pairing, ago=days(5)))["pairing_id"])


async def _sent_back(stage: Stage) -> None:
    lamp = await stage.raised(ZHENG, "repair", "ordinary", "2层楼道的灯不亮，晚上看不见台阶。", ago=days(4))
    task = await stage.accepted(XU, lamp, ago=days(3.9))
    await stage.play(MA, ClaimTask(task), ago=days(3.8))
    await stage.play(MA, ReportClaim(task, 30, words("换了新灯泡。")), ago=days(2.9))
    await stage.play(ZHENG, ReturnRequest(lamp, "昨晚又不亮了，好像是开关的毛病。"), ago=days(2))


async def _visit_to_confirm(stage: Stage, pairing: int) -> None:
    _, task = await stage.opened(pairing, ago=hours(28))
    report = ReportClaim(task, 60, words("推她下楼晒了太阳，帮着缴了电费。"), wellbeing=3)
    await stage.play(LIU, report, ago=hours(24))


async def _what_is_under_way(stage: Stage, grandmother: int) -> None:
    text = "The hot water in our flat has only been lukewarm since the weekend."
    water = await stage.raised(EMILY, "utilities", "timely", text, ago=hours(22))
    water_task = await stage.accepted(CHEN, water, ago=hours(21))
    await stage.play(LIU, ClaimTask(water_task), ago=hours(20))
    await stage.play(LIU, StartClaim(water_task), ago=hours(19))

    railing = await stage.raised(HE, "repair", "ordinary", "楼道的扶手松了，老人扶着不踏实。", ago=hours(18))
    await stage.accepted(ZHAO, railing, ago=hours(17))
    await stage.play(ZHAO, AskResident(railing, "是几单元、几层的扶手？"), ago=hours(16))

    medicine = await stage.raised(
        LI, "elder_help", "timely", "腿疼下不了楼，想请人帮我去药店取降压药。", ago=hours(14)
    )
    medicine_task = await stage.accepted(CHEN, medicine, ago=hours(13))
    await stage.play(WANG, ClaimTask(medicine_task), ago=hours(12))
    letter = WriteLetter(medicine, Content("text", "李阿姨，我下班路过药店，您把医保卡准备好。"))
    await stage.play(WANG, letter, ago=hours(11))

    tube = RaiseForOther(
        "repair", "ordinary", private=False, name_hidden=False,
        contents=words("吴奶奶家门口的声控灯坏了，她没有手机，我替她报。"),
        name="吴秀英", flat="102", phone="13800001082", unit_id=stage.units["lanting-3"],
    )  # fmt: skip
    tube_id = number((await stage.play(CHEN, tube, ago=hours(8)))["request_id"])
    await stage.accepted(ZHAO, tube_id, ago=hours(7))

    shed = await stage.raised(
        ZHANG, "hygiene", "ordinary", "想把5号楼车棚里的旧自行车清一清，要两个人。", ago=hours(6)
    )
    shed_task = await stage.accepted(SUN, shed, ago=hours(5), places=2)
    await stage.play(LIU, ClaimTask(shed_task), ago=hours(4))

    report = ReportClaim(
        water_task,
        75,
        words("混水阀堵了，洗好了，出水45℃。The mixing valve was clogged; it gives 45 °C now."),
    )
    await stage.play(LIU, report, ago=hours(3))
    await stage.opened(grandmother, ago=hours(2))
    await stage.play(WANG, StartClaim(medicine_task), ago=hours(1.5))


async def _what_is_new(stage: Stage) -> None:
    await stage.raised(HE, "other", "ordinary", "8号楼这边能不能装几个电动车充电桩？", ago=hours(1.2))
    text = "网格员上门登记时说话很不客气，希望社区了解一下。"
    await stage.raised(ZHANG, "sensitive", "ordinary", text, ago=hours(1), about="leader")
    await stage.raised(GAO, "parking", "ordinary", "消防通道又停了两辆车，救护车进不来。", ago=hours(0.8))
    await stage.raised(ZHENG, "lift", "timely", "电梯按钮三楼那个按不亮。", ago=hours(0.7))
    await stage.raised(
        LIU, "noise", "ordinary", "楼下健身角的音箱早上六点就响，能不能晚一点？", ago=hours(0.6)
    )
    text = "The flat above us has been drilling until 10 pm three evenings in a row."
    await stage.raised(EMILY, "noise", "ordinary", text, ago=hours(0.5))
